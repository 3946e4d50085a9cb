//! The socket file of a plugin that listens on a unix socket. A plugin that is killed leaves it behind.
//!
//! What a plugin announces is not taken at its word: only a socket at which the plugin itself listens, and that is still the
//! same one at the end, is removed. Where nobody listens any more, the socket has to be younger than the plugin. A plugin
//! that names somebody else's socket does no harm by it.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};
use tokio::net::UnixStream;

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
    /// The file behind an address, if the plugin of that process made it.
    pub(super) fn of(address: &Address, pid: u32, started: SystemTime) -> Option<Self> {
        let Address::Unix { path } = address else {
            return None;
        };
        // Relative to the host's working directory, which may be another one at the end.
        let path = std::path::absolute(Path::new(path)).ok()?;
        let metadata = fs::symlink_metadata(&path).ok()?;
        let is_own = || match listener(&path) {
            Some(listener) => is_of(listener, pid),
            None => metadata.modified().is_ok_and(|made| made + TICK >= started),
        };
        (metadata.file_type().is_socket() && is_own()).then(|| Self {
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

/// Who listens at a socket; the connection that finds it out is closed at once. A listener outside of the PID namespace is
/// 0, which no plugin is.
fn listener(path: &Path) -> Option<i32> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None).ok()?;
    connect(&socket, &SocketAddrUnix::new(path).ok()?).ok()?;
    let stream = UnixStream::from_std(std::os::unix::net::UnixStream::from(socket)).ok()?;
    Some(stream.peer_cred().ok()?.pid().unwrap_or(0))
}

/// Whether a process is the plugin's, or one of the group that the plugin leads.
fn is_of(process: i32, plugin: u32) -> bool {
    let plugin = i32::try_from(plugin).ok().filter(|plugin| *plugin > 0);
    plugin.is_some() && (plugin == Some(process) || group_of(process) == plugin)
}

/// The number of a process's group. Read, not asked of the system by a call, which has no way to say "outside of the PID
/// namespace". The name before the fields stands in parentheses and may hold anything.
fn group_of(process: i32) -> Option<i32> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_whitespace().nth(2)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    fn me() -> u32 {
        std::process::id()
    }

    fn unix(path: &Path) -> Address {
        Address::Unix {
            path: path.as_os_str().to_owned(),
        }
    }

    #[tokio::test]
    async fn only_a_new_socket_is_the_plugins_own() {
        let folder = tempfile::tempdir().unwrap();
        let started = SystemTime::now();
        let path = folder.path().join("s");
        let listener = UnixListener::bind(&path).unwrap();
        let of = |path: &Path, pid, started| SocketFile::of(&unix(path), pid, started);
        assert!(of(&path, me(), started).is_some());
        assert_eq!(of(&path, 1, started), None, "somebody else listens");
        drop(listener);
        assert!(of(&path, 1, started).is_some(), "nobody listens any more");
        let later = started + Duration::from_secs(60);
        assert_eq!(of(&path, 1, later), None, "older than the plugin");
        let file = folder.path().join("f");
        fs::write(&file, "").unwrap();
        assert_eq!(of(&file, me(), started), None, "no socket");
        assert_eq!(of(Path::new("@name"), me(), started), None);
        assert_eq!(of(Path::new(""), me(), started), None);
    }

    #[tokio::test]
    async fn another_file_of_that_name_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let listener = UnixListener::bind(&path).unwrap();
        let socket = SocketFile::of(&unix(&path), me(), SystemTime::UNIX_EPOCH).unwrap();
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
