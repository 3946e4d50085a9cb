//! A changed configuration, told to every running plugin that wants to know.
//!
//! All are told at once: a plugin that does not answer costs itself its deadline and the others nothing.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use plugin_proto::Rpc as _;
use plugin_proto::hook::OnConfigurationChange;
use plugin_proto::pb::{OnConfigurationChangeRequest, OnConfigurationChangeResponse};

use crate::environment::Environment;
use crate::hooks::Outcome;
use crate::ids::PluginId;
use crate::supervisor::session::context;

impl Environment {
    /// Calls `OnConfigurationChange` of all running plugins that have it; what each of them answered. Errors are logged, and have
    /// no other consequence.
    pub async fn configuration_changed(
        &self,
    ) -> BTreeMap<PluginId, Outcome<OnConfigurationChangeResponse>> {
        const NAME: &str = OnConfigurationChange::METHOD.name;
        let sessions: Vec<_> = self
            .views
            .borrow()
            .values()
            .filter_map(|view| view.session.clone())
            .filter(|session| session.hooks().implements(NAME))
            .collect();
        let told = sessions.into_iter().map(|session| async move {
            let request = OnConfigurationChangeRequest {
                context: Some(context(session.manifest())),
            };
            let outcome = session.hooks().call::<OnConfigurationChange>(request).await;
            let plugin = session.manifest().id.clone();
            if matches!(outcome, Outcome::Refused(_) | Outcome::Failed(_)) {
                tracing::error!(%plugin, "{NAME}: {outcome}");
            }
            (plugin, outcome)
        });
        join_all(told).await.into_iter().collect()
    }
}
