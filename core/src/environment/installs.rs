//! The folder that plugins are installed into, and what is done there.
//!
//! An application names it ([`HostOptions::plugins_folder`](crate::options::HostOptions::plugins_folder)), or it is a temporary one
//! that is made with the first need and gone with the environment. What lives in it belongs to the host and may be deleted; what
//! lives elsewhere is mostly somebody's sources, and stays when its plugin is removed.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tempfile::TempDir;

use crate::api::plugins::Installed;
use crate::bundle::{Bundle, BundleError};
use crate::environment::home::Home;
use crate::environment::remove::hide;
use crate::environment::scan::Scan;
use crate::environment::state::State;
use crate::environment::status::PluginStatus;
use crate::environment::{
    ActivateError, Activation, Environment, Folder, Removal, RemoveError, blocking,
};
use crate::guard::GuardHandle;
use crate::ids::PluginId;
use crate::manifest::Manifest;

/// The folder that plugins are installed into.
#[derive(Debug)]
pub(super) struct Installs {
    named: Option<PathBuf>,
    made: Mutex<Option<TempDir>>,
    guard: Option<GuardHandle>,
    /// Held while something is put into a place that must be free.
    turn: tokio::sync::Mutex<()>,
}

/// Why a plugin was not installed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum InstallError {
    /// There is no folder to install into.
    #[error("the folder of plugins cannot be used: {0}")]
    Folder(Arc<io::Error>),
    /// The plugin that was there cannot be removed.
    #[error(transparent)]
    Remove(#[from] RemoveError),
    /// The files cannot be moved to their place.
    #[error("moving plugin {id} to {}: {source}", folder.display())]
    Place {
        /// The plugin.
        id: PluginId,
        /// Where it was to live.
        folder: PathBuf,
        /// Why.
        source: Arc<io::Error>,
    },
}

/// A plugin was installed. It does not run yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// Which plugin.
    pub id: PluginId,
    /// Where it lives.
    pub folder: PathBuf,
    /// Whether the plugin that was there before was to run.
    pub was_wanted: bool,
}

impl Installs {
    pub(super) fn new(named: Option<PathBuf>, guard: Option<GuardHandle>) -> Self {
        Self {
            named,
            made: Mutex::default(),
            guard,
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// The folder, made if need be, without links on the way. Blocks.
    fn folder(&self) -> io::Result<PathBuf> {
        if let Some(named) = &self.named {
            fs::create_dir_all(named)?;
            return named.canonicalize();
        }
        let mut made = self.made();
        let made = match &mut *made {
            Some(made) => made,
            empty => {
                let folder = tempfile::Builder::new()
                    .prefix("plugins-")
                    .permissions(fs::Permissions::from_mode(0o700))
                    .tempdir()?;
                if let Some(guard) = &self.guard {
                    guard.add_folder(folder.path());
                }
                empty.insert(folder)
            }
        };
        made.path().canonicalize()
    }

    /// The folder, if it is there. Blocks.
    fn existing(&self) -> Option<PathBuf> {
        match &self.named {
            Some(named) => named.canonicalize().ok(),
            None => self.made().as_ref()?.path().canonicalize().ok(),
        }
    }

    /// Deletes the folder that was made; called when no plugin lives any more. Blocks.
    pub(super) fn close(&self) {
        let Some(made) = self.made().take() else {
            return;
        };
        let path = made.path().to_owned();
        match made.close() {
            Ok(()) => {
                if let Some(guard) = &self.guard {
                    guard.remove_folder(&path);
                }
            }
            Err(error) => {
                tracing::warn!(folder = %path.display(), %error, "the temporary folder of plugins is left");
            }
        }
    }

    fn made(&self) -> MutexGuard<'_, Option<TempDir>> {
        // Nothing panics while it holds this lock.
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Environment {
    /// Where a plugin lives; for one that there is not, where it would be installed.
    ///
    /// # Errors
    /// When there is no folder to install into.
    pub async fn folder_of(&self, id: &PluginId) -> io::Result<PathBuf> {
        match self.home_of(id).await {
            Some(home) => Ok(home.folder),
            None => {
                let (installs, id) = (Arc::clone(&self.installs), id.clone());
                blocking(move || Ok(installs.folder()?.join(id.as_str()))).await
            }
        }
    }

    /// Starts a plugin that is there, wherever that is known from; on a running one it does nothing.
    ///
    /// # Errors
    /// When there is no such plugin, or it does not run afterwards.
    pub async fn start(&self, id: &PluginId) -> Result<Activation, ActivateError> {
        if let Err(twins @ ActivateError::Twins { .. }) = self.scanned().home(id)
            && self.view(id).is_none()
        {
            return Err(twins);
        }
        let not_found = || ActivateError::NotFound { id: id.clone() };
        let home = self.home_of(id).await.ok_or_else(not_found)?;
        self.ask_to_run(home.named(), Some(id), false).await
    }

    /// All plugins that there are: those with a status, and those in the folder that plugins are installed into. One whose manifest
    /// cannot be read is left out.
    pub async fn installed(&self) -> Vec<Installed> {
        let (installs, mut statuses) = (Arc::clone(&self.installs), self.statuses());
        blocking(move || {
            for home in in_folder(&installs) {
                let (id, folder) = home;
                if statuses.iter().all(|status| status.id != id) {
                    statuses.push(PluginStatus::new(id, folder));
                }
            }
            statuses.sort_by(|a, b| a.id.cmp(&b.id));
            statuses.into_iter().filter_map(read).collect()
        })
        .await
    }

    /// Unpacks a bundle beside the plugins.
    ///
    /// # Errors
    /// When it is no plugin's, or cannot be written.
    pub async fn unpack(&self, bundle: Bytes) -> Result<Bundle, BundleError> {
        let installs = Arc::clone(&self.installs);
        blocking(move || {
            let folder = installs.folder().map_err(|source| BundleError::Write {
                path: installs.named.clone().unwrap_or_else(std::env::temp_dir),
                source,
            })?;
            Bundle::unpack(&bundle, &folder)
        })
        .await
    }

    /// Puts a bundle where plugins are installed. A plugin of its id is stopped and removed before, wherever it lives.
    ///
    /// # Errors
    /// When it is not installed. The plugin that was there may be gone all the same.
    pub async fn install(&self, bundle: Bundle) -> Result<Installation, InstallError> {
        let installs = Arc::clone(&self.installs);
        let _turn = self.installs.turn.lock().await;
        let id = bundle.manifest().id.clone();
        let folder = blocking(move || installs.folder()).await;
        let folder = folder.map_err(|error| InstallError::Folder(Arc::new(error)))?;
        let folder = folder.join(id.as_str());
        let was_wanted = self
            .view(&id)
            .is_some_and(|view| is_wanted(view.status.state));
        match self.uninstall(&id).await {
            Ok(_) | Err(RemoveError::NotFound { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        let place = folder.clone();
        let placed = blocking(move || {
            clear(&place)?;
            bundle.move_to(&place)
        });
        placed.await.map_err(|source| InstallError::Place {
            id: id.clone(),
            folder: folder.clone(),
            source: Arc::new(source),
        })?;
        Ok(Installation {
            id,
            folder,
            was_wanted,
        })
    }

    /// Stops a plugin and forgets it. Its folder, or the link to it, is deleted if it stands where plugins are installed.
    ///
    /// # Errors
    /// When there is no such plugin, or its folder cannot be deleted.
    pub async fn uninstall(&self, id: &PluginId) -> Result<Removal, RemoveError> {
        let home = self.home_of(id).await;
        let home = home.ok_or_else(|| RemoveError::NotFound { id: id.clone() })?;
        let (installs, named) = (Arc::clone(&self.installs), home.named());
        let is_ours = blocking(move || {
            let parent = named.parent()?.canonicalize().ok()?;
            Some(installs.existing()? == parent)
        });
        let folder = match is_ours.await {
            Some(true) => Folder::Delete,
            _ => Folder::Keep,
        };
        self.remove_from(id, folder, Some(home)).await
    }

    async fn home_of(&self, id: &PluginId) -> Option<Home> {
        let scanned = self.scanned().home(id).ok();
        if let Some(view) = self.view(id) {
            // The scan may know a link to the same folder.
            let same = scanned.filter(|home| home.folder == view.status.folder);
            return Some(same.unwrap_or_else(|| Home::unlinked(view.status.folder)));
        }
        if scanned.is_some() {
            return scanned;
        }
        let (installs, id) = (Arc::clone(&self.installs), id.clone());
        blocking(move || {
            let found = in_folder(&installs)
                .into_iter()
                .find(|(found, _)| *found == id);
            found.map(|(_, folder)| Home::of(&folder))
        })
        .await
    }
}

/// Whether a plugin in this state shall run.
fn is_wanted(state: State) -> bool {
    matches!(
        state,
        State::Starting | State::Running | State::Mending | State::Recovering
    )
}

/// What stands where plugins are installed, links by their own names. Blocks.
fn in_folder(installs: &Installs) -> Vec<(PluginId, PathBuf)> {
    let Some(folder) = installs.existing() else {
        return Vec::new();
    };
    match Scan::of(&folder) {
        Ok(scan) => {
            let found = scan.found.into_iter();
            found
                .map(|(id, found)| (id, found.link.unwrap_or(found.folder)))
                .collect()
        }
        Err(error) => {
            tracing::warn!("{error}");
            Vec::new()
        }
    }
}

fn read(status: PluginStatus) -> Option<Installed> {
    match Manifest::find(&status.folder) {
        Ok(manifest) => Some(Installed {
            manifest,
            folder: status.folder,
            state: status.state.number(),
            active: status.state == State::Running,
        }),
        Err(error) => {
            tracing::warn!(plugin = %status.id, "left out of a list of plugins: {error}");
            None
        }
    }
}

/// Makes a place free that may hold something that is no plugin.
fn clear(place: &Path) -> io::Result<()> {
    if place.symlink_metadata().is_err() {
        return Ok(());
    }
    let hidden = hide(place)?;
    if hidden.symlink_metadata()?.is_dir() {
        return fs::remove_dir_all(hidden);
    }
    fs::remove_file(hidden)
}
