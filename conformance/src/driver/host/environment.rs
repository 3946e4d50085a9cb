//! Orders about all plugins: scan, list, remove, tell of a changed configuration, look after; and the faults of that.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use plugin_host::environment::{Folder, PluginStatus, RemoveError, ScanError, State};
use plugin_host::hooks::{Outcome, Ruling};
use plugin_host::ids::PluginId;
use plugin_host::process::Exit;
use plugin_proto::Rpc as _;
use plugin_proto::hook::OnConfigurationChange;

use super::{Answer, Host, plugin_id, refusal, told};
use crate::driver::fault::Fault;
use crate::driver::protocol::Ended;
use crate::driver::protocol::environment::{
    Broken, Configured, Listed, Place, Plugins, Removed, Scanned,
};

impl Host {
    pub(super) async fn scan(&self, dir: &Path) -> Answer {
        let scan = self.environment.scan(dir).await;
        let scan = scan.map_err(|error: ScanError| refusal("scan", &error.to_string()))?;
        let found = scan.found.into_iter().map(|(id, found)| Place {
            plugin: id.to_string(),
            dir: found.folder,
        });
        let broken = scan.broken.into_iter().map(|broken| Broken {
            dir: broken.folder,
            kind: broken.error.kind().to_owned(),
            message: broken.error.to_string(),
        });
        let twins = scan.twins.into_iter();
        let mut scanned = Scanned {
            found: found.collect(),
            broken: broken.collect(),
            twins: twins
                .map(|(id, folders)| (id.to_string(), folders))
                .collect(),
        };
        match self.fault {
            Some(Fault::ScanLooksDeeper) => scanned.found.extend(deeper(dir)),
            Some(Fault::ScanHidesReasons) => {
                for broken in &mut scanned.broken {
                    broken.message.clear();
                }
            }
            Some(Fault::ScanDropsBroken) => scanned.broken.clear(),
            Some(Fault::ScanFindsHidden) => scanned.found.extend(hidden(dir)),
            Some(Fault::ScanDropsTwins) => scanned.twins.clear(),
            _ => {}
        }
        told(&scanned)
    }

    pub(super) async fn activate_id(&self, plugin: &str) -> Answer {
        let id = plugin_id(plugin)?;
        let mut started = self.environment.activate_by_id(&id).await;
        if let Err(plugin_host::environment::ActivateError::Twins { folders, .. }) = &started
            && self.has(Fault::TakesFirstTwin)
            && let Some(first) = folders.first()
        {
            started = self.environment.activate(first).await;
        }
        self.activated(&self.environment, started).await
    }

    pub(super) fn plugins(&self) -> Answer {
        let statuses = self.environment.statuses();
        let shown = |status: &PluginStatus| {
            !self.has(Fault::ListsRunningOnly) || status.state == State::Running
        };
        let plugins = statuses.into_iter().filter(shown);
        let plugins = plugins.map(|status| self.listed(status)).collect();
        told(&Plugins { plugins })
    }

    fn listed(&self, status: PluginStatus) -> Listed {
        let uptime = status.uptime().filter(|_| !self.has(Fault::HidesUptime));
        let last = status.last_exit;
        let told = last.as_ref().filter(|_| !self.has(Fault::HidesLastExit));
        let ended = told.map(|last| Ended {
            exited: last.exit.is_some(),
            exit_code: last.exit.and_then(Exit::code),
            signal: last.exit.and_then(Exit::signal),
        });
        Listed {
            plugin: status.id.to_string(),
            state: status.state.word().to_owned(),
            error: status.error.filter(|_| !self.has(Fault::HidesErrorTexts)),
            dir: status.folder,
            pid: status.pid.filter(|_| !self.has(Fault::HidesPids)),
            uptime_ms: uptime.map(|uptime| uptime.as_secs_f64() * 1000.0),
            restarts: if self.has(Fault::HidesRestarts) {
                0
            } else {
                status.restarts
            },
            last_exit: ended,
            stderr_tail: last
                .filter(|_| !self.has(Fault::HidesStderr))
                .map(|last| last.stderr_tail.to_vec())
                .unwrap_or_default(),
        }
    }

    pub(super) async fn remove(&self, plugin: &str, delete: bool) -> Answer {
        let id = plugin_id(plugin)?;
        if self.has(Fault::RemovalForgetsNothing) {
            let stopped = self.environment.deactivate(&id).await.is_some();
            return told(&Removed { stopped });
        }
        let delete = match self.fault {
            Some(Fault::RemovalAlwaysDeletes) => true,
            Some(Fault::RemovalKeepsFolder) => false,
            _ => delete,
        };
        let folder = if delete { Folder::Delete } else { Folder::Keep };
        match self.environment.remove(&id, folder).await {
            Ok(removal) => told(&Removed {
                stopped: removal.stop.is_some(),
            }),
            Err(RemoveError::NotFound { .. }) if self.has(Fault::RemovesAnything) => {
                told(&Removed::default())
            }
            Err(error) => Err(refusal(error.kind(), &error.to_string())),
        }
    }

    pub(super) async fn configuration_changed(&self) -> Answer {
        let told_all = self.environment.configuration_changed().await;
        let told_all = told_all.map_err(|error| refusal("fan_out", &error.to_string()))?;
        let answers = told_all.parts.into_iter().map(|part| {
            let outcome = match part.ruling {
                Ruling::Refused(_) if self.has(Fault::HidesConfigurationErrors) => {
                    Outcome::Answered(Bytes::new())
                }
                Ruling::Refused(error) => Outcome::Refused(error),
                Ruling::Failed { .. } if self.has(Fault::HidesConfigurationFailures) => {
                    Outcome::Answered(Bytes::new())
                }
                Ruling::Failed { failure, .. } => Outcome::Failed(failure),
                Ruling::NotImplemented => Outcome::NotImplemented,
                _ => Outcome::Answered(Bytes::new()),
            };
            let id = part.plugin;
            let called = self.called(OnConfigurationChange::METHOD, outcome);
            (id.to_string(), called)
        });
        told(&Configured {
            answers: answers.collect(),
        })
    }

    pub(super) async fn supervise(&self, on: bool) -> Answer {
        if on || !self.has(Fault::ChecksWhenOff) {
            self.environment.look_after(on).await;
        }
        told(&serde_json::json!({}))
    }

    /// What faults do after a plugin was stopped on demand.
    pub(super) fn manner_after_stop(&self, id: &PluginId) {
        if self.has(Fault::BringsBackDeactivated) {
            let (environment, id) = (self.environment.clone(), id.clone());
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(200)).await;
                // It fails only if the driver is ending.
                drop(environment.restart(&id).await);
            });
        }
    }

    /// Whether a fault refuses to start what was given up.
    pub(super) fn refuses_given_up(&self, dir: &Path) -> bool {
        let given_up = |status: &PluginStatus| {
            status.state == State::FailedToStayRunning && status.folder == dir
        };
        self.has(Fault::RefusesGivenUp) && self.environment.statuses().iter().any(given_up)
    }
}

/// The folders that a scan must not look at.
fn hidden(dir: &Path) -> Vec<Place> {
    let mut places = places(dir);
    places.retain(|place| place.plugin.starts_with('.'));
    places
}

/// The folders with a manifest within the folders of a folder.
fn deeper(dir: &Path) -> Vec<Place> {
    let inner = places(dir).into_iter().flat_map(|place| places(&place.dir));
    inner
        .filter(|place| place.dir.join("plugin.json").is_file())
        .collect()
}

/// What is in a folder, by its name.
fn places(dir: &Path) -> Vec<Place> {
    let entries = dir.read_dir().into_iter().flatten().flatten();
    let places = entries.filter_map(|entry| {
        Some(Place {
            plugin: entry.file_name().into_string().ok()?,
            dir: entry.path(),
        })
    });
    places.collect()
}
