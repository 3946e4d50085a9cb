//! Where the API server of one plugin listens: a loopback port, or a socket in a folder of its own that nobody else can enter.
//!
//! Both are there before the plugin starts. The folder goes with the door, and if the host is killed, by the guard.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use plugin_proto::serve::Listener;
use tempfile::TempDir;
use tokio::net::{TcpListener, UnixListener};

use crate::guard::GuardHandle;
use crate::options::ApiTransport;

/// The longest path of a socket, in bytes: the system's 108, and one is for the end.
const LONGEST_PATH: usize = 107;

/// Where sockets lie if the temporary folder has too long a name.
const SHORT: &str = "/tmp";
const SOCKET: &str = "api.sock";

/// An open door.
#[derive(Debug)]
pub(super) struct Door {
    pub(super) listener: Listener,
    /// As the plugin is told.
    pub(super) address: String,
    pub(super) folder: Option<SocketFolder>,
}

/// The folder of a socket; dropped, it is deleted.
#[derive(Debug)]
pub(super) struct SocketFolder {
    folder: TempDir,
    guard: Option<GuardHandle>,
}

impl Drop for SocketFolder {
    fn drop(&mut self) {
        // The folder itself is deleted by its own drop, after this; the guard does not mind one that is gone.
        if let Some(guard) = &self.guard {
            guard.remove_folder(self.folder.path());
        }
    }
}

impl Door {
    /// Opens it.
    pub(super) async fn open(
        transport: ApiTransport,
        guard: Option<&GuardHandle>,
    ) -> io::Result<Self> {
        match transport {
            ApiTransport::Tcp => {
                let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
                Ok(Self {
                    address: listener.local_addr()?.to_string(),
                    listener: Listener::Tcp(listener),
                    folder: None,
                })
            }
            ApiTransport::Unix => Self::in_folder(folder_within(&std::env::temp_dir())?, guard),
        }
    }

    fn in_folder(folder: TempDir, guard: Option<&GuardHandle>) -> io::Result<Self> {
        if let Some(guard) = guard {
            guard.add_folder(folder.path());
        }
        let socket = folder.path().join(SOCKET);
        let folder = SocketFolder {
            folder,
            guard: guard.cloned(),
        };
        Ok(Self {
            listener: Listener::Unix(UnixListener::bind(&socket)?),
            address: format!("unix://{}", socket.display()),
            folder: Some(folder),
        })
    }
}

/// A new folder for a socket, for this user alone: within `temporary`, or where names are short.
fn folder_within(temporary: &Path) -> io::Result<TempDir> {
    let temporary = std::path::absolute(temporary)?;
    let made = |within: &Path| {
        tempfile::Builder::new()
            .prefix("plugin-api-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(within)
    };
    let folder = made(&temporary)?;
    if fits(folder.path()) {
        return Ok(folder);
    }
    let short = made(Path::new(SHORT))?;
    match fits(short.path()) {
        true => Ok(short),
        false => Err(too_long(&short.path().join(SOCKET))),
    }
}

fn fits(folder: &Path) -> bool {
    folder.join(SOCKET).as_os_str().len() <= LONGEST_PATH
        // The plugin is told the path as text.
        && folder.to_str().is_some()
}

fn too_long(socket: &Path) -> io::Error {
    let text = format!(
        "the socket {} of the plugin API would have a path of more than {LONGEST_PATH} bytes",
        socket.display()
    );
    io::Error::new(io::ErrorKind::InvalidFilename, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    #[tokio::test]
    async fn a_socket_is_in_a_folder_of_its_own_and_goes_with_it() {
        let door = Door::open(ApiTransport::Unix, None).await.unwrap();
        let socket = PathBuf::from(door.address.strip_prefix("unix://").unwrap());
        assert!(socket.is_absolute() && socket.exists());
        let folder = socket.parent().unwrap().to_owned();
        let mode = folder.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        assert_eq!(folder.read_dir().unwrap().count(), 1);
        drop(door);
        assert!(!folder.exists());
    }

    #[test]
    fn where_names_are_long_it_is_elsewhere() {
        let temporary = tempfile::tempdir().unwrap();
        let long = temporary.path().join("x".repeat(LONGEST_PATH));
        std::fs::create_dir(&long).unwrap();
        let folder = folder_within(&long).unwrap();
        assert_eq!(folder.path().parent(), Some(Path::new(SHORT)));
        assert!(fits(folder.path()));
        assert_eq!(long.read_dir().unwrap().count(), 0);
        let here = folder_within(temporary.path()).unwrap();
        assert_eq!(here.path().parent(), Some(temporary.path()));
    }
}
