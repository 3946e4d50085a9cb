//! A changed configuration, told to every running plugin that wants to know.

use plugin_proto::Rpc as _;
use plugin_proto::hook::OnConfigurationChange;
use plugin_proto::pb::OnConfigurationChangeRequest;

use crate::environment::{Environment, FanOutError};
use crate::hooks::{FannedOut, Ruling};

impl Environment {
    /// Calls `OnConfigurationChange` of all running plugins that have it; what each of them answered. Errors are logged, and have
    /// no other consequence.
    ///
    /// # Errors
    /// Those of a fan-out, of which this hook has none.
    pub async fn configuration_changed(&self) -> Result<FannedOut, FanOutError> {
        let request = OnConfigurationChangeRequest::default();
        let told = self.fan_out_as::<OnConfigurationChange>(request).await?;
        for part in &told.parts {
            // A call that failed was logged where it did.
            if let Ruling::Refused(error) = &part.ruling {
                let (plugin, name) = (&part.plugin, OnConfigurationChange::METHOD.name);
                tracing::error!(%plugin, "{name}: {}", crate::in_band::describe(error));
            }
        }
        Ok(told)
    }
}
