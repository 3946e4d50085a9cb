//! What a hook costs through adapter, gate, redaction, policy, metrics and lifeline, as a ratio to a bare tonic call of the same
//! message to the same plugin, with one caller and with 64.
//!
//! Host and plugin are pinned to one CPU: across two, a call mostly measures how fast the machine wakes a processor. The two ways
//! are interleaved within each round, and the median of per-round ratios counts. `scripts/bench`, with a number for more or fewer
//! rounds than 15.
//!
//! The plugin is this very program, started as the interpreter of a plugin folder. It fails when something cannot be measured, and
//! when a call costs more than it may.

use std::error::Error;
use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::uri::PathAndQuery;
use plugin_host::environment::Environment;
use plugin_host::event::What;
use plugin_host::hooks::Hooks;
use plugin_host::ids::PluginId;
use plugin_host::memory::Memory;
use plugin_host::options::HostOptions;
use plugin_proto::dial::{Target, dial};
use plugin_proto::hook::{Implemented, MessageWillBePosted, OnActivate};
use plugin_proto::pb::{
    ImplementedResponse, MessageWillBePostedRequest, MessageWillBePostedResponse, Post,
};
use plugin_proto::serve::{self, Listener};
use plugin_proto::{Methods, Rpc};
use prost::Message as _;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tonic::client::Grpc;
use tonic::transport::Channel;
use tonic_prost::ProstCodec;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const ID: &str = "org.example.dispatch";
const SCRIPT: &str = "plugin.py";
/// The most that a dispatched call may cost, in bare calls.
const LIMIT: f64 = 1.15;
/// Callers at a time, and the calls of all of them together in one measurement.
const LOADS: [(usize, usize); 2] = [(1, 3_000), (64, 12_800)];

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    if std::env::args().any(|argument| argument.ends_with(SCRIPT)) {
        return runtime.block_on(be_the_plugin());
    }
    if !is_pinned()? {
        let program = std::env::current_exe()?;
        let mut pinned = Command::new("taskset");
        pinned.args(["-c", "0"]).arg(program);
        // Returns only if there is no such program.
        return Err(pinned.args(std::env::args_os().skip(1)).exec().into());
    }
    runtime.block_on(measure())
}

fn is_pinned() -> Result<bool> {
    let status = fs::read_to_string("/proc/self/status")?;
    let allowed = status
        .lines()
        .find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    Ok(allowed.is_some_and(|list| list.trim().bytes().all(|byte| byte.is_ascii_digit())))
}

#[expect(clippy::print_stdout, reason = "a host reads the handshake there")]
async fn be_the_plugin() -> Result<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let mut methods = Methods::new();
    methods.unary(Implemented::METHOD.path, |_| async {
        let names = [OnActivate::METHOD, MessageWillBePosted::METHOD];
        let answer = ImplementedResponse {
            error: None,
            hooks: names.map(|hook| hook.name.to_owned()).to_vec(),
        };
        Ok(answer.encode_to_vec().into())
    });
    for path in [OnActivate::METHOD.path, MessageWillBePosted::METHOD.path] {
        methods.unary(path, |_| async { Ok(Bytes::new()) });
    }
    let serving = serve::start(Listener::Tcp(listener), methods.into_service());
    println!("1|1|tcp|{address}|grpc");
    // The host ends it by a signal.
    std::future::pending::<()>().await;
    drop(serving);
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a bench speaks to whoever started it")]
async fn measure() -> Result<()> {
    let rounds = rounds()?;
    let folder = tempfile::tempdir()?;
    place(folder.path())?;
    let (sender, mut events) = mpsc::unbounded_channel();
    let options = HostOptions {
        events: Some(sender),
        ..HostOptions::default()
    };
    let environment = Environment::new(options, Arc::new(Memory::default()))?;
    environment.activate(folder.path()).await?;
    let address = loop {
        let event = events.recv().await.ok_or("the plugin never spoke")?;
        if let What::Handshake { address, .. } = event.what {
            break address;
        }
    };
    // From here on nobody listens, as in a host that shows no events.
    drop(events);
    let hooks = environment.hooks(&PluginId::parse(ID)?)?;
    let bare = dial(&Target::Tcp(address), Duration::from_secs(5)).await?;
    println!("{rounds} rounds on one CPU; medians\n");
    println!(
        "{:<28} {:>9} {:>9} {:>7} {:>7}",
        "MessageWillBePosted, 64 B", "bare us", "hook us", "ratio", "limit"
    );
    let mut too_slow = Vec::new();
    for (callers, calls) in LOADS {
        let mut taken = Vec::new();
        for round in 0..=rounds {
            let both = if round % 2 == 0 {
                let floor = bare_calls(&bare, callers, calls).await?;
                (floor, hook_calls(&hooks, callers, calls).await?)
            } else {
                let cost = hook_calls(&hooks, callers, calls).await?;
                (bare_calls(&bare, callers, calls).await?, cost)
            };
            // The first round warms up.
            if round > 0 {
                taken.push(both);
            }
        }
        let ratio = median(
            taken
                .iter()
                .map(|(floor, cost)| cost.as_secs_f64() / floor.as_secs_f64()),
        );
        if ratio > LIMIT {
            too_slow.push(format!("{callers} at a time: {ratio:.3}"));
        }
        let each = |time: Duration| time.as_secs_f64() * 1e6 / calls as f64;
        println!(
            "{:<28} {:>9.2} {:>9.2} {:>7.3} {:>7.2}",
            format!("{callers} at a time"),
            median(taken.iter().map(|(floor, _)| each(*floor))),
            median(taken.iter().map(|(_, cost)| each(*cost))),
            ratio,
            LIMIT,
        );
    }
    environment.shutdown().await;
    if too_slow.is_empty() {
        return Ok(());
    }
    Err(format!(
        "a hook costs more than {LIMIT} bare calls: {}",
        too_slow.join(", ")
    )
    .into())
}

fn rounds() -> Result<usize> {
    let given = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with("--"));
    Ok(given.map_or(Ok(15), |rounds| rounds.parse())?)
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
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

fn request() -> MessageWillBePostedRequest {
    MessageWillBePostedRequest {
        post: Some(Post {
            message: "m".repeat(64),
            ..Post::default()
        }),
        ..MessageWillBePostedRequest::default()
    }
}

async fn bare_calls(channel: &Channel, callers: usize, calls: usize) -> Result<Duration> {
    let path = PathAndQuery::from_static(MessageWillBePosted::METHOD.path);
    let began = Instant::now();
    let mut running = JoinSet::new();
    for _ in 0..callers {
        let (channel, path, request) = (channel.clone(), path.clone(), request());
        running.spawn(async move {
            let mut grpc = Grpc::new(channel);
            for _ in 0..calls / callers {
                grpc.ready().await?;
                let codec = ProstCodec::default();
                let sent = tonic::Request::new(request.clone());
                let answer = grpc.unary(sent, path.clone(), codec).await?;
                let _: MessageWillBePostedResponse = answer.into_inner();
            }
            Ok::<(), Box<dyn Error + Send + Sync>>(())
        });
    }
    while let Some(ended) = running.join_next().await {
        ended??;
    }
    Ok(began.elapsed())
}

async fn hook_calls(hooks: &Arc<Hooks>, callers: usize, calls: usize) -> Result<Duration> {
    let began = Instant::now();
    let mut running = JoinSet::new();
    for _ in 0..callers {
        let (hooks, request) = (Arc::clone(hooks), request());
        running.spawn(async move {
            for _ in 0..calls / callers {
                let ruled = hooks.ask::<MessageWillBePosted>(request.clone()).await;
                if ruled.ruling.answer().is_none() {
                    return Err(format!("a hook was not answered: {}", ruled.ruling.word()));
                }
            }
            Ok(())
        });
    }
    while let Some(ended) = running.join_next().await {
        ended??;
    }
    Ok(began.elapsed())
}
