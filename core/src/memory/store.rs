//! The tables behind their lock, and what goes on around them.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use plugin_proto::Method;
use plugin_proto::pb::AppError;
use tokio::sync::watch;

use crate::api::Plugins;
use crate::api::chain::Chains;
use crate::memory::keeper::Keeper;
use crate::memory::{Refusal, Tables};

#[derive(Debug)]
pub(crate) struct Store {
    pub(super) tables: Mutex<Tables>,
    /// Who keeps what changes in a file, if anybody does.
    pub(super) keeper: Option<Keeper>,
    pub(super) plugins: OnceLock<Arc<dyn Plugins>>,
    pub(super) chains: Arc<Chains>,
    /// How many actions go on in the background.
    pub(super) background: watch::Sender<usize>,
}

impl Store {
    /// A handler that panicked has at worst left its own write undone; the next one goes on.
    pub(super) fn lock(&self) -> Locked<'_> {
        Locked {
            tables: self.tables.lock().unwrap_or_else(PoisonError::into_inner),
            keeper: self.keeper.as_ref(),
        }
    }

    /// Waits until whatever the tables say now is kept.
    pub(super) async fn kept(&self, method: &'static Method) -> Result<(), Box<AppError>> {
        let Some(keeper) = &self.keeper else {
            return Ok(());
        };
        keeper.kept().await.map_err(|error| {
            let refusal = Refusal::new("store.write.app_error", 500).said(error.to_string());
            Box::new(refusal.into_error(method.name))
        })
    }
}

/// The tables, for one step. Whatever it changed is handed to the keeper before anybody else has them.
pub(super) struct Locked<'a> {
    tables: MutexGuard<'a, Tables>,
    keeper: Option<&'a Keeper>,
}

impl Deref for Locked<'_> {
    type Target = Tables;

    fn deref(&self) -> &Tables {
        &self.tables
    }
}

impl DerefMut for Locked<'_> {
    fn deref_mut(&mut self) -> &mut Tables {
        &mut self.tables
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        if let Some(keeper) = self.keeper {
            let changes = self.tables.take_changes();
            if !changes.is_empty() {
                keeper.hand_over(changes);
            }
        }
    }
}
