//! What comes of an activation.

use std::path::PathBuf;
use std::sync::Arc;

use crate::ids::PluginId;
use crate::manifest::ManifestError;
use crate::process::Diagnosis;
use crate::supervisor::StartError;

/// A plugin runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activation {
    /// Which plugin.
    pub id: PluginId,
    /// Whether it was started now; false if it ran already.
    pub activated: bool,
    /// Its process id.
    pub pid: u32,
}

/// Why a plugin does not run. Cheap to clone: all who waited for one start get the same error.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ActivateError {
    /// Its manifest cannot be used.
    #[error(transparent)]
    Manifest(Arc<ManifestError>),
    /// It was started, and did not come up.
    #[error(transparent)]
    Start(Arc<StartError>),
    /// No plugin of this id was ever activated, so its folder is not known.
    #[error("plugin not found: {id}")]
    NotFound {
        /// The id.
        id: PluginId,
    },
    /// A plugin of the same id lives in another folder.
    #[error("multiple plugins found: {id}: {} and {}", live.display(), asked.display())]
    OtherFolder {
        /// The id of both.
        id: PluginId,
        /// The folder of the one that lives.
        live: PathBuf,
        /// The folder that was to be activated.
        asked: PathBuf,
    },
    /// Several folders of the scanned folder have this id, so none of them is it.
    #[error("multiple plugins found: {id}: {}", all(folders))]
    Twins {
        /// The id.
        id: PluginId,
        /// All of its folders.
        folders: Vec<PathBuf>,
    },
    /// The environment was shut down.
    #[error("the plugin environment was shut down")]
    ShutDown,
}

/// The outcome of an activation.
pub(super) type Activated = Result<Activation, ActivateError>;

impl ActivateError {
    /// Stable word for the error.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Manifest(error) => error.kind(),
            Self::Start(error) => error.kind(),
            Self::NotFound { .. } => "environment.not_found",
            Self::OtherFolder { .. } => "environment.other_folder",
            Self::Twins { .. } => "environment.twins",
            Self::ShutDown => "environment.shut_down",
        }
    }

    /// What a Go host says, where it says something of its own.
    pub fn go_wording(&self) -> Option<String> {
        match self {
            Self::Start(error) => error.go_wording(),
            Self::NotFound { id } => Some(format!("plugin not found: {id}")),
            Self::OtherFolder { id, .. } | Self::Twins { id, .. } => {
                Some(format!("multiple plugins found: {id}"))
            }
            Self::Manifest(_) | Self::ShutDown => None,
        }
    }

    /// The facts about the process, if there was one.
    pub fn diagnosis(&self) -> Option<&Diagnosis> {
        self.start_error()?.diagnosis.as_deref()
    }

    /// The start that failed.
    pub fn start_error(&self) -> Option<&StartError> {
        match self {
            Self::Start(error) => Some(error),
            _ => None,
        }
    }
}

fn all(folders: &[PathBuf]) -> String {
    let folders: Vec<_> = folders
        .iter()
        .map(|folder| folder.display().to_string())
        .collect();
    folders.join(" and ")
}

impl From<ManifestError> for ActivateError {
    fn from(error: ManifestError) -> Self {
        Self::Manifest(Arc::new(error))
    }
}

/// A plugin that does not run was asked for something that only a running one has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("plugin not found: {id}")]
pub struct NotRunning {
    /// Which plugin.
    pub id: PluginId,
}
