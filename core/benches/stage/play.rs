//! What the benches play with: a plugin that is the bench itself, started as the interpreter of a plugin folder, and a host with it.

use std::error::Error;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use plugin_host::environment::Environment;
use plugin_host::event::What;
use plugin_host::memory::Memory;
use plugin_host::options::HostOptions;
use plugin_proto::health::{self, HealthCheckResponse, ServingStatus};
use plugin_proto::hook::{Implemented, OnActivate};
use plugin_proto::pb::ImplementedResponse;
use plugin_proto::serve::{self, Listener};
use plugin_proto::{Method, Methods, Rpc as _};
use prost::Message as _;
use tokio::sync::mpsc;

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

pub(crate) const ID: &str = "org.example.bench";
const SCRIPT: &str = "plugin.py";

/// Whether this process is the plugin.
pub(crate) fn is_plugin() -> bool {
    std::env::args().any(|argument| argument.ends_with(SCRIPT))
}

/// A plugin with these hooks beside `OnActivate`; `methods` answers them.
#[expect(clippy::print_stdout, reason = "a host reads the handshake there")]
pub(crate) async fn be_the_plugin(hooks: &[&Method], mut methods: Methods) -> Result<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let all = [OnActivate::METHOD]
        .into_iter()
        .chain(hooks.iter().copied());
    let answer = ImplementedResponse {
        error: None,
        hooks: all.map(|hook| hook.name.to_owned()).collect(),
    };
    let answer = Bytes::from(answer.encode_to_vec());
    methods.unary(Implemented::METHOD.path, move |_| {
        let answer = answer.clone();
        async { Ok(answer) }
    });
    methods.unary(OnActivate::METHOD.path, |_| async { Ok(Bytes::new()) });
    // A host ends a plugin after three checks without this answer, in the middle of whatever is measured.
    let serving = HealthCheckResponse {
        status: ServingStatus::Serving.into(),
    };
    let serving = Bytes::from(serving.encode_to_vec());
    methods.unary(health::CHECK, move |_| {
        let serving = serving.clone();
        async { Ok(serving) }
    });
    let serving = serve::start(Listener::Tcp(listener), methods.into_service());
    println!("1|1|tcp|{address}|grpc");
    // The host ends it by a signal.
    std::future::pending::<()>().await;
    drop(serving);
    Ok(())
}

/// A host with that plugin in this folder, and what `told` takes from what happens at its start.
pub(crate) async fn start<T>(
    folder: &Path,
    told: impl Fn(What) -> Option<T>,
) -> Result<(Environment, T)> {
    place(folder)?;
    let (sender, mut events) = mpsc::unbounded_channel();
    let mut options = HostOptions {
        events: Some(sender),
        ..HostOptions::default()
    };
    // As in a server, where the timer of a health check is always pending.
    options.recovery.enabled = true;
    let environment = Environment::new(options, Arc::new(Memory::default()))?;
    environment.activate(folder).await?;
    loop {
        let event = events.recv().await.ok_or("nothing of the kind was told")?;
        if let Some(told) = told(event.what) {
            // From here on nobody listens, as in a host that shows no events.
            return Ok((environment, told));
        }
    }
}

/// A plugin folder whose interpreter is this program.
fn place(folder: &Path) -> Result<()> {
    let manifest =
        format!(r#"{{"id": "{ID}", "server": {{"executable": "{SCRIPT}", "runtime": "python"}}}}"#);
    fs::write(folder.join("plugin.json"), manifest)?;
    fs::write(folder.join(SCRIPT), "")?;
    fs::create_dir_all(folder.join("venv/bin"))?;
    symlink(std::env::current_exe()?, folder.join("venv/bin/python"))?;
    Ok(())
}
