//! What a hook costs through adapter, gate, redaction, policy, metrics and lifeline, as a ratio to a bare tonic call of the same
//! message to the same plugin, with one caller and with 64, on one processor.
//!
//! `scripts/bench`, with a number for more or fewer rounds than 15. It fails when something cannot be measured, and when a call costs
//! more than it may.

#[path = "stage/play.rs"]
mod play;

#[path = "stage/rounds.rs"]
mod rounds;

#[path = "stage/one_cpu.rs"]
mod one_cpu;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::uri::PathAndQuery;
use plugin_host::event::What;
use plugin_host::hooks::Hooks;
use plugin_host::ids::PluginId;
use plugin_proto::dial::{Target, dial};
use plugin_proto::hook::MessageWillBePosted;
use plugin_proto::pb::{MessageWillBePostedRequest, MessageWillBePostedResponse, Post};
use plugin_proto::{Methods, Rpc};
use tokio::task::JoinSet;
use tonic::client::Grpc;
use tonic::transport::Channel;
use tonic_prost::ProstCodec;

use play::{ID, Result};
use rounds::{Rounds, Table};

/// The most that a dispatched call may cost, in bare calls.
const LIMIT: f64 = 1.15;
/// Callers at a time, and the calls of all of them together in one measurement.
const LOADS: [(usize, usize); 2] = [(1, 3_000), (64, 12_800)];

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    if play::is_plugin() {
        let mut methods = Methods::new();
        let hook = MessageWillBePosted::METHOD;
        methods.unary(hook.path, |_| async { Ok(Bytes::new()) });
        return runtime.block_on(play::be_the_plugin(&[hook], methods));
    }
    one_cpu::pin()?;
    runtime.block_on(measure())
}

#[expect(clippy::print_stdout, reason = "a bench speaks to whoever started it")]
async fn measure() -> Result<()> {
    let rounds = Rounds::given_or(15);
    let folder = tempfile::tempdir()?;
    let (environment, address) = play::start(folder.path(), |what| match what {
        What::Handshake { address, .. } => Some(address),
        _ => None,
    })
    .await?;
    let hooks = environment.hooks(&PluginId::parse(ID)?)?;
    let bare = dial(&Target::Tcp(address), Duration::from_secs(5)).await?;
    println!("{rounds} rounds on one CPU; medians\n");
    Table::head("MessageWillBePosted, 64 B", "bare us", "hook us");
    let mut table = Table::default();
    for (callers, calls) in LOADS {
        let taken = rounds.take_turns(
            async || bare_calls(&bare, callers, calls).await,
            async || hook_calls(&hooks, callers, calls).await,
        );
        let taken = taken.await?;
        let each = taken.each(|time| time.as_secs_f64() * 1e6 / calls as f64);
        table.row(
            &format!("{callers} at a time"),
            each,
            taken.ratio(),
            ..=LIMIT,
        );
    }
    environment.shutdown().await;
    table.verdict()
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
            Result::Ok(())
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
