//! How starts are answered, and faults of manner: what is looked at before, what is done after, and what is left out of a refusal.

use std::fs;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use plugin_host::environment::{ActivateError, Activation, Environment};
use plugin_host::ids::PluginId;
use plugin_host::process::Diagnosis;
use plugin_proto::Rpc as _;
use plugin_proto::hook::OnActivate;
use serde_json::Value;

use super::{Answer, Host, activated, refusal, told};
use crate::driver::fault::{Fault, late};
use crate::driver::protocol::{Called, Detail, Refusal};

impl Host {
    /// What a start leads to.
    pub(super) async fn activated(
        &self,
        environment: &Environment,
        started: Result<Activation, ActivateError>,
    ) -> Answer {
        match started {
            Ok(activation) => {
                if self.has(Fault::HealthDecidesStart) {
                    self.insist_on_health(&activation.id).await?;
                }
                if self.has(Fault::ActivatesAgain)
                    && !activation.activated
                    && let Ok(hooks) = environment.hooks(&activation.id)
                {
                    // Whatever comes of it.
                    let _ = hooks.call_raw(OnActivate::METHOD, Bytes::new()).await;
                }
                let mut answer = activated(environment, &activation);
                answer.started |= self.has(Fault::SaysStartedAgain);
                told(&answer)
            }
            Err(error) => {
                if self.first_time_late() {
                    tokio::time::sleep(late(Duration::from_secs(5))).await;
                }
                Err(self.refused(&error))
            }
        }
    }

    async fn insist_on_health(&self, id: &PluginId) -> Result<(), Refusal> {
        let health = self.environment.check_health(id).await;
        if health.is_ok_and(|health| health.is_healthy(&self.options.policy)) {
            return Ok(());
        }
        self.environment.deactivate(id).await;
        Err(refusal("health", "the plugin is not healthy"))
    }

    /// A refusal in the protocol's words, less what the fault hides.
    fn refused(&self, error: &ActivateError) -> Refusal {
        let mut refusal = Refusal {
            kind: error.kind().to_owned(),
            message: error.to_string(),
            go: error.go_wording(),
            detail: Box::new(error.diagnosis().map(detail).unwrap_or_default()),
        };
        match self.fault {
            Some(Fault::VagueRefusals) => refusal.kind = "start.failed".to_owned(),
            Some(Fault::ShortMessages) => refusal.message = "the plugin did not start".to_owned(),
            Some(Fault::HidesExitStatus) => {
                (refusal.detail.exit_code, refusal.detail.signal) = (None, None)
            }
            Some(Fault::HidesStderr) => refusal.detail.stderr_tail.clear(),
            Some(Fault::HidesFirstLine) => refusal.detail.first_line = None,
            Some(Fault::HidesStdoutBytes) => refusal.detail.stdout_bytes = None,
            Some(Fault::HidesTime) => {
                (refusal.detail.elapsed_ms, refusal.detail.budget_ms) = (None, None)
            }
            Some(Fault::HidesGoWording) => refusal.go = None,
            _ => {}
        }
        refusal
    }

    /// What faults do with a folder before its activation.
    pub(super) fn manner_before(&self, dir: &Path) -> Option<Refusal> {
        let file = dir.join("plugin.json");
        match self.fault? {
            Fault::RefusesTwoDots => {
                let executable = server(&file)?["executable"].as_str()?.to_owned();
                executable
                    .starts_with("..")
                    .then(|| refusal("script.traversal", "it begins with two dots"))
            }
            Fault::AnyCaseRuntime => {
                let mut manifest: Value = serde_json::from_slice(&fs::read(&file).ok()?).ok()?;
                let runtime = manifest["server"]["runtime"].as_str()?.to_ascii_lowercase();
                manifest["server"]["runtime"] = runtime.into();
                // The folder is the suite's own; a manifest that cannot be written stays as it was.
                let _ = fs::write(&file, manifest.to_string());
                None
            }
            _ => None,
        }
    }

    /// Puts a shell where no interpreter was found; whether it did.
    pub(super) fn put_fixed_interpreter(
        &self,
        dir: &Path,
        started: &Result<Activation, ActivateError>,
    ) -> bool {
        let missing = started
            .as_ref()
            .is_err_and(|error| error.kind() == "interpreter.not_found");
        if !missing || !self.has(Fault::FixedInterpreter) {
            return false;
        }
        let bin = dir.join("venv/bin");
        fs::create_dir_all(&bin)
            .and_then(|()| std::os::unix::fs::symlink("/bin/sh", bin.join("python")))
            .is_ok()
    }

    /// What faults do after a hook has ended.
    pub(super) async fn manner_after_hook(&self, id: &PluginId, called: &Called) {
        let Called::Failed { kind, .. } = called else {
            return;
        };
        match self.fault {
            Some(Fault::StopsOnBadAnswer) if kind == "violation" => {
                self.environment.deactivate(id).await;
            }
            Some(Fault::StopsOnLateHook) if kind == "deadline" => {
                self.environment.deactivate(id).await;
            }
            Some(Fault::WaitsForDeadHook) if kind == "unavailable" => {
                tokio::time::sleep(late(Duration::from_secs(6))).await
            }
            _ => {}
        }
    }
}

fn server(file: &Path) -> Option<Value> {
    let manifest: Value = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
    Some(manifest["server"].clone())
}

fn detail(diagnosis: &Diagnosis) -> Detail {
    Detail {
        exit_code: diagnosis.exit.and_then(|exit| exit.code()),
        signal: diagnosis.exit.and_then(|exit| exit.signal()),
        stderr_tail: diagnosis.stderr_tail.clone(),
        stdout_bytes: Some(diagnosis.stdout_bytes),
        first_line: diagnosis.first_line.clone(),
        elapsed_ms: Some(diagnosis.elapsed.as_secs_f64() * 1000.0),
        budget_ms: Some(diagnosis.budget.as_secs_f64() * 1000.0),
    }
}
