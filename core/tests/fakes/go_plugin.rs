//! AutoMTLS with the real go-plugin on the other side, over its unix socket and over tcp. Skipped, saying so, where there is no Go.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, OnceLock};

use plugin_host::environment::Environment;
use plugin_host::handshake::{Address, line};
use plugin_host::ids::PluginId;
use plugin_host::memory::Memory;
use plugin_host::options::{HostOptions, ReadHandshake};
use plugin_host::tls::AutoMtls;
use plugin_proto::hook::MessageHasBeenPosted;
use plugin_proto::pb::MessageHasBeenPostedRequest;
use rstest::rstest;
use tempfile::TempDir;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, UnixStream};

use crate::world::patient;

const ID: &str = "com.example.go";

/// The plugin's program, built once; `None` where it cannot be built for want of Go or of its modules.
fn program() -> Option<&'static Path> {
    static PROGRAM: OnceLock<Option<(TempDir, PathBuf)>> = OnceLock::new();
    let built = PROGRAM.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fakes/go");
        let go = |arguments: &[&str]| -> Option<Output> {
            let mut go = Command::new("go");
            go.args(arguments).current_dir(&source).output().ok()
        };
        if !go(&["mod", "download"]).is_some_and(|output| output.status.success()) {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("plugin");
        let output = go(&["build", "-o", program.to_str().unwrap(), "."]).unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        Some((folder, program))
    });
    built.as_ref().map(|(_, program)| program.as_path())
}

/// Reads the line, and lets the host connect to a port from which everything goes to the plugin's socket.
fn over_tcp() -> ReadHandshake {
    Arc::new(|bytes| {
        let mut handshake = line::parse_secured(bytes)?;
        let socket = handshake.address.socket_path().unwrap().to_owned();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let listener = TcpListener::from_std(listener).unwrap();
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let socket = socket.clone();
                tokio::spawn(async move {
                    let mut far = UnixStream::connect(socket).await.unwrap();
                    // Either side may break the connection off.
                    let _ = copy_bidirectional(&mut near, &mut far).await;
                });
            }
        });
        let host = "127.0.0.1".to_owned();
        handshake.address = Address::Tcp { host, port };
        Ok(handshake)
    })
}

#[rstest]
#[case::unix(Some(AutoMtls::default()), None)]
#[case::tcp(Some(AutoMtls::default()), Some(over_tcp()))]
#[case::plain(None, None)]
#[tokio::test]
async fn a_go_plugin_runs(
    #[case] auto_mtls: Option<AutoMtls>,
    #[case] read_handshake: Option<ReadHandshake>,
) {
    let Some(program) = program() else {
        eprintln!("skipped: there is no Go here, or no way to its modules");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let manifest = format!(r#"{{"id": "{ID}", "server": {{"executable": "plugin"}}}}"#);
    std::fs::write(folder.path().join("plugin.json"), manifest).unwrap();
    std::fs::copy(program, folder.path().join("plugin")).unwrap();
    let options = HostOptions {
        timing: patient(),
        auto_mtls,
        read_handshake,
        ..HostOptions::default()
    };
    let environment = Environment::new(options, Arc::new(Memory::default())).unwrap();
    environment.activate(folder.path()).await.unwrap();
    let id = PluginId::parse(ID).unwrap();
    let hooks = environment.hooks(&id).unwrap();
    let request = MessageHasBeenPostedRequest::default();
    let outcome = hooks.call::<MessageHasBeenPosted>(request).await;
    assert_eq!(outcome.word(), "answered", "{outcome}");
    let health = environment.check_health(&id).await.unwrap();
    assert_eq!(health.word(), "SERVING");
    let stopped = environment.deactivate(&id).await.unwrap();
    assert!(stopped.graceful, "{stopped}");
}
