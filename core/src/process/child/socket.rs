//! The socket file of a plugin that listens on a unix socket. A plugin that is killed leaves it behind.
//!
//! What a plugin announces is not taken at its word: only a socket that was made after the plugin was started, and that is
//! still the same one at the end, is removed. A plugin that names somebody else's socket does no harm by it.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::handshake::Address;

/// The clock of a file system may lag behind the system's by a tick.
const TICK: Duration = Duration::from_millis(20);

/// A socket file that the plugin made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SocketFile {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl SocketFile {
    /// The file behind an address, if the plugin made it after it was started.
    pub(super) fn of(address: &Address, started: SystemTime) -> Option<Self> {
        let Address::Unix { path } = address else {
            return None;
        };
        // Relative to the host's working directory, which may be another one at the end.
        let path = std::path::absolute(Path::new(path)).ok()?;
        let metadata = fs::symlink_metadata(&path).ok()?;
        let is_new = metadata.modified().is_ok_and(|made| made + TICK >= started);
        (metadata.file_type().is_socket() && is_new).then(|| Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            path,
        })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Removes it, unless it is gone or another one by now.
    pub(super) fn remove(&self) {
        let is_same = fs::symlink_metadata(&self.path)
            .is_ok_and(|found| (found.dev(), found.ino()) == (self.device, self.inode));
        if is_same && let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(socket = %self.path.display(), %error, "a plugin's socket file is left");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    fn unix(path: &Path) -> Address {
        Address::Unix {
            path: path.as_os_str().to_owned(),
        }
    }

    #[test]
    fn only_a_new_socket_is_the_plugins_own() {
        let folder = tempfile::tempdir().unwrap();
        let started = SystemTime::now();
        let path = folder.path().join("s");
        let _listener = UnixListener::bind(&path).unwrap();
        assert!(SocketFile::of(&unix(&path), started).is_some());
        let later = started + Duration::from_secs(60);
        assert_eq!(SocketFile::of(&unix(&path), later), None);
        let file = folder.path().join("f");
        fs::write(&file, "").unwrap();
        assert_eq!(SocketFile::of(&unix(&file), started), None, "no socket");
        assert_eq!(SocketFile::of(&unix(Path::new("@name")), started), None);
        assert_eq!(SocketFile::of(&unix(Path::new("")), started), None);
    }

    #[test]
    fn another_file_of_that_name_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let listener = UnixListener::bind(&path).unwrap();
        let socket = SocketFile::of(&unix(&path), SystemTime::UNIX_EPOCH).unwrap();
        // Renamed, not removed: the number of a file that is gone may be given again at once.
        fs::rename(&path, folder.path().join("old")).unwrap();
        fs::write(&path, "mine").unwrap();
        socket.remove();
        assert!(path.exists());
        fs::rename(folder.path().join("old"), &path).unwrap();
        socket.remove();
        assert!(!path.exists());
        drop(listener);
    }
}
