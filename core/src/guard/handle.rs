//! The host's end of the guard's pipe.

use std::io;
use std::path::Path;

use crate::options::GuardProgram;

/// The guard of one host; cheap to clone. When the last clone is dropped, the guard cleans up and ends.
#[derive(Debug, Clone)]
pub struct GuardHandle {}

impl GuardHandle {
    /// Starts the guard. Needs a tokio runtime.
    pub fn start(program: &GuardProgram, run_mark: &str) -> io::Result<Self> {
        let _ = (program, run_mark);
        Ok(Self {})
    }

    /// A process group that must not outlive the host. Does not block.
    pub fn add_group(&self, leader: u32) {
        let _ = leader;
    }

    /// The group is gone. Does not block.
    pub fn remove_group(&self, leader: u32) {
        let _ = leader;
    }

    /// A folder or socket file that must not outlive the host. Does not block.
    pub fn add_folder(&self, folder: &Path) {
        let _ = folder;
    }

    /// The folder is gone, or may stay. Does not block.
    pub fn remove_folder(&self, folder: &Path) {
        let _ = folder;
    }
}
