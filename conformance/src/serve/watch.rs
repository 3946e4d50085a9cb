//! Plugins whose files are watched: started, and started anew when their files have changed.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use plugin_host::environment::Environment;
use plugin_host::ids::PluginId;
use plugin_host::manifest::Manifest;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::debounce::Debounce;
use super::lines::Lines;
use super::snapshot::Snapshot;

/// From one look at the files to the next: soon enough for somebody who changes to the browser after saving.
const LOOK: Duration = Duration::from_millis(250);

/// How long nothing may change before a plugin is restarted.
const QUIET: Duration = Duration::from_millis(300);

/// A plugin whose files never rest is restarted so often.
const LONGEST: Duration = Duration::from_secs(5);

/// A plugin that was started, or would not start.
pub(super) struct Watched {
    pub(super) id: Option<PluginId>,
    folder: PathBuf,
    /// What its files were when it was started.
    files: Snapshot,
}

/// Starts a plugin, and says what came of it.
pub(super) async fn start(environment: &Environment, folder: PathBuf, lines: &Lines) -> Watched {
    let files = look(&folder).await;
    let id = match environment.activate(&folder).await {
        Ok(activation) => Some(activation.id),
        Err(error) => {
            lines.note(&format!("{}: {error}", folder.display()));
            None
        }
    };
    Watched { id, folder, files }
}

/// Watches all of them for ever, if they are to be watched.
pub(super) async fn all(
    environment: &Environment,
    plugins: Vec<Watched>,
    is_wanted: bool,
    lines: &Lines,
) {
    let mut watching = JoinSet::new();
    for plugin in plugins.into_iter().filter(|_| is_wanted) {
        let (environment, lines) = (environment.clone(), lines.clone());
        watching.spawn(async move { plugin.watch(&environment, &lines).await });
    }
    // Nobody is done watching; a panic in one of them is no reason to stop the others.
    while watching.join_next().await.is_some() {}
    std::future::pending::<()>().await;
}

impl Watched {
    async fn watch(mut self, environment: &Environment, lines: &Lines) {
        let mut debounce = Debounce::new(QUIET, LONGEST);
        let mut seen = self.files.clone();
        loop {
            sleep(LOOK).await;
            let files = look(&self.folder).await;
            if files != seen {
                debounce.changed(Instant::now());
                seen = files;
            }
            if !debounce.is_due(Instant::now()) {
                continue;
            }
            // What was changed and changed back is no change.
            let Some(changed) = seen.difference(&self.files) else {
                continue;
            };
            let name = changed.strip_prefix(&self.folder).unwrap_or(changed);
            lines.note(&format!(
                "{} has changed: {} is started anew",
                name.display(),
                self.name()
            ));
            self.files = seen.clone();
            self.restart(environment, lines).await;
        }
    }

    /// Starts it anew. A manifest that is no good leaves what runs running, and one with another id is another plugin's.
    async fn restart(&mut self, environment: &Environment, lines: &Lines) {
        let folder = self.folder.clone();
        let manifest = blocking(move || Manifest::find(&folder)).await;
        let manifest = match manifest {
            Ok(manifest) => manifest,
            Err(error) => return lines.note(&error.to_string()),
        };
        let id = manifest.id.clone();
        if let Some(other) = self.id.take_if(|other| *other != id) {
            environment.deactivate(&other).await;
        }
        let started = match &self.id {
            Some(id) => environment.restart(id).await,
            None => environment.activate(&self.folder).await,
        };
        match started {
            Ok(activation) => self.id = Some(activation.id),
            Err(error) => lines.note(&error.to_string()),
        }
    }

    fn name(&self) -> String {
        match &self.id {
            Some(id) => id.to_string(),
            None => self.folder.display().to_string(),
        }
    }
}

async fn look(folder: &Path) -> Snapshot {
    let folder = folder.to_owned();
    blocking(move || Snapshot::of(&folder)).await
}

/// Work on files, away from the tasks.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
    }
}
