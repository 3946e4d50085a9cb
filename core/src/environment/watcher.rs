//! Tasks that tell the registry what has happened: that a process has ended, that a plugin is unhealthy, that a pause is over.
//!
//! They change nothing and keep nothing of the environment alive.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::environment::registry::Message;
use crate::health::Health;
use crate::health::checker::until_unhealthy;
use crate::ids::PluginId;
use crate::policy::Policy;
use crate::process::Exit;
use crate::supervisor::Session;
use crate::timing::Recovery;

/// A task that ends with its handle.
#[derive(Debug)]
pub(super) struct Watcher(JoinHandle<()>);

impl Drop for Watcher {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Watcher {
    pub(super) fn new(task: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(tokio::spawn(task))
    }
}

/// Whom to tell about which start of which plugin.
pub(super) struct Teller {
    pub(super) id: PluginId,
    pub(super) start: u64,
    pub(super) sender: mpsc::WeakUnboundedSender<Message>,
}

impl Teller {
    fn tell(self, message: impl FnOnce(PluginId, u64) -> Message) {
        if let Some(sender) = self.sender.upgrade() {
            // Where the registry has ended there is nothing left to be told about.
            let _ = sender.send(message(self.id, self.start));
        }
    }

    /// Tells when the process has ended.
    pub(super) fn exit(self, mut exit: watch::Receiver<Option<Exit>>) {
        tokio::spawn(async move {
            let exit = match exit.wait_for(Option::is_some).await {
                Ok(exit) => exit.unwrap_or(Exit::Unknown),
                Err(_) => return,
            };
            self.tell(|id, start| Message::Exited { id, start, exit });
        });
    }

    /// Tells when the plugin is unhealthy, once.
    pub(super) fn health(
        self,
        session: &Arc<Session>,
        recovery: Recovery,
        policy: Policy,
    ) -> Watcher {
        let session = Arc::downgrade(session);
        Watcher::new(async move {
            let ping = || ask(session.clone());
            let health = until_unhealthy(&recovery, &policy, ping).await;
            self.tell(|id, start| Message::Unhealthy { id, start, health });
        })
    }

    /// Tells when this time is over.
    pub(super) fn pause(self, time: Duration) -> Watcher {
        Watcher::new(async move {
            tokio::time::sleep(time).await;
            self.tell(|id, start| Message::Due { id, start });
        })
    }
}

/// Asks a session that may be gone by now.
async fn ask(session: Weak<Session>) -> Health {
    match session.upgrade() {
        Some(session) => session.check_health().await,
        None => Health::Unavailable,
    }
}
