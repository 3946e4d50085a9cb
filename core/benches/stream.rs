//! What a stream of `ServeHTTP` costs through the host, as a ratio to a bare tonic stream of the same frames to the same plugin, up and
//! down; and what a hook costs beside a running stream, as a ratio to its cost without one.
//!
//! The ways are interleaved within each round, and the median of per-round ratios counts. `scripts/bench`, with a number for more or fewer
//! rounds than 11.
//!
//! The plugin is this very program, started as the interpreter of a plugin folder. It fails when something cannot be measured, and when a
//! ratio is not what it should be.

#[path = "stage/play.rs"]
mod play;

#[path = "stage/rounds.rs"]
mod rounds;

#[path = "stage/streams.rs"]
mod streams;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::uri::PathAndQuery;
use plugin_host::event::What;
use plugin_host::hooks::{Hooks, Outcome};
use plugin_host::ids::PluginId;
use plugin_proto::dial::{Target, dial};
use plugin_proto::hook::{RunDataRetention, ServeHTTP};
use plugin_proto::pb::{
    RunDataRetentionRequest, ServeHttpRequest, ServeHttpRequestInit, ServeHttpResponse,
};
use plugin_proto::{Rpc as _, call};
use tonic::Request;
use tonic::client::Grpc;
use tonic::transport::Channel;
use tonic_prost::ProstCodec;

use play::{ID, Result};
use rounds::{Rounds, Table};
use streams::{FRAME, FRAMES, Way};

/// The speed through the host, in that of a bare stream: at least.
const SPEED: f64 = 0.90;
/// A hook beside a stream, in one without: at most.
const BESIDE: f64 = 1.3;
/// Hooks in one measurement.
const CALLS: usize = 1_000;

fn main() -> Result<()> {
    // Two threads each: a hook must not wait for a stream only because both have one thread.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    if play::is_plugin() {
        let (hooks, methods) = streams::plugin();
        return runtime.block_on(play::be_the_plugin(&hooks, methods));
    }
    runtime.block_on(measure())
}

#[expect(clippy::print_stdout, reason = "a bench speaks to whoever started it")]
async fn measure() -> Result<()> {
    let rounds = Rounds::given_or(11);
    let folder = tempfile::tempdir()?;
    let (environment, address) = play::start(folder.path(), |what| match what {
        What::Handshake { address, .. } => Some(address),
        _ => None,
    })
    .await?;
    let hooks = environment.hooks(&PluginId::parse(ID)?)?;
    let bare = dial(&Target::Tcp(address), Duration::from_secs(5)).await?;
    println!("{rounds} rounds; medians\n");
    let mut table = Table::default();
    Table::head("64 MiB in frames of 64 KiB, speed", "bare MB/s", "MB/s");
    for way in [Way::Up, Way::Down] {
        let taken = rounds.take_turns(
            async || bare_stream(&bare, way).await,
            async || host_stream(&hooks, way).await,
        );
        let taken = taken.await?;
        let speed = 1.0 / taken.ratio();
        table.row(&format!("{way:?}"), taken.each(Way::speed), speed, SPEED..);
    }
    println!();
    Table::head("a hook beside a stream, p50", "idle us", "us");
    let us = |time: Duration| time.as_secs_f64() * 1e6;
    for way in [Way::Up, Way::Down] {
        let hook = || async {
            let request = RunDataRetentionRequest::default();
            match hooks.call::<RunDataRetention>(request).await {
                Outcome::Answered(_) => Ok(()),
                outcome => Err(outcome.to_string().into()),
            }
        };
        let streaming = Arc::clone(&hooks);
        let stream = move || {
            let hooks = Arc::clone(&streaming);
            async move { host_stream(&hooks, way).await }
        };
        let taken = rounds.take_turns(
            async || p50(&hook).await,
            async || beside(&hook, stream.clone()).await,
        );
        let taken = taken.await?;
        let name = format!("own connection, {way:?}");
        table.row(&name, taken.each(us), taken.ratio(), ..=BESIDE);
    }
    for way in [Way::Up, Way::Down] {
        let hook = || async {
            let request = Request::new(RunDataRetentionRequest::default());
            call::call::<RunDataRetention>(&bare, request).await?;
            Ok(())
        };
        let streaming = bare.clone();
        let stream = move || {
            let channel = streaming.clone();
            async move { bare_stream(&channel, way).await }
        };
        let taken = rounds.take_turns(
            async || p50(&hook).await,
            async || beside(&hook, stream.clone()).await,
        );
        let taken = taken.await?;
        let name = format!("shared, bare, {way:?}");
        table.row(&name, taken.each(us), taken.ratio(), ..);
    }
    environment.shutdown().await;
    table.verdict()
}

fn head(way: Way) -> ServeHttpRequestInit {
    let url = match way {
        Way::Up => "/up",
        Way::Down => "/down",
    };
    ServeHttpRequestInit {
        method: "POST".to_owned(),
        url: url.to_owned(),
        ..ServeHttpRequestInit::default()
    }
}

/// Pieces of the request's body; none of them is copied by whoever gives them.
fn pieces(way: Way) -> impl Iterator<Item = Bytes> + Send + 'static {
    let frames = match way {
        Way::Up => FRAMES,
        Way::Down => 0,
    };
    std::iter::repeat_n(Bytes::from(vec![7; FRAME]), frames)
}

fn expected(way: Way) -> usize {
    match way {
        Way::Up => 0,
        Way::Down => FRAME * FRAMES,
    }
}

async fn host_stream(hooks: &Arc<Hooks>, way: Way) -> Result<Duration> {
    let began = Instant::now();
    let body = stream::iter(pieces(way).map(Ok));
    let mut answer = match hooks.serve_http(head(way), body).await {
        Outcome::Answered(answer) => answer,
        outcome => return Err(outcome.to_string().into()),
    };
    let mut length = 0;
    while let Some(piece) = answer.body.next().await? {
        length += piece.bytes.len();
    }
    match length == expected(way) {
        true => Ok(began.elapsed()),
        false => Err(format!("{length} bytes came").into()),
    }
}

async fn bare_stream(channel: &Channel, way: Way) -> Result<Duration> {
    let began = Instant::now();
    let first = ServeHttpRequest {
        init: Some(head(way)),
        ..ServeHttpRequest::default()
    };
    let frames = pieces(way).map(|body_chunk| ServeHttpRequest {
        body_chunk,
        ..ServeHttpRequest::default()
    });
    let last = ServeHttpRequest {
        body_complete: true,
        ..ServeHttpRequest::default()
    };
    let requests = stream::iter([first])
        .chain(stream::iter(frames))
        .chain(stream::iter([last]));
    let mut grpc = Grpc::new(channel.clone());
    grpc.ready().await?;
    let path = PathAndQuery::from_static(ServeHTTP::METHOD.path);
    let codec = ProstCodec::<ServeHttpRequest, ServeHttpResponse>::default();
    let answer = grpc.streaming(Request::new(requests), path, codec).await?;
    let mut answer = answer.into_inner();
    let mut length = 0;
    while let Some(message) = answer.message().await? {
        length += message.body_chunk.len();
    }
    match length == expected(way) {
        true => Ok(began.elapsed()),
        false => Err(format!("{length} bytes came").into()),
    }
}

/// The p50 of a hook.
async fn p50<H: Future<Output = Result<()>>>(hook: impl Fn() -> H) -> Result<Duration> {
    let mut taken = Vec::with_capacity(CALLS);
    for _ in 0..CALLS {
        let began = Instant::now();
        hook().await?;
        taken.push(began.elapsed());
    }
    taken.sort_unstable();
    Ok(taken[CALLS / 2])
}

/// The same while streams run, one after the other.
async fn beside<H, S>(
    hook: impl Fn() -> H,
    stream: impl Fn() -> S + Send + 'static,
) -> Result<Duration>
where
    H: Future<Output = Result<()>>,
    S: Future<Output = Result<Duration>> + Send,
{
    let over = Arc::new(AtomicBool::new(false));
    let until = Arc::clone(&over);
    let streaming = tokio::spawn(async move {
        while !until.load(Ordering::Relaxed) {
            stream().await?;
        }
        Result::Ok(())
    });
    let busy = p50(hook).await?;
    over.store(true, Ordering::Relaxed);
    streaming.await??;
    Ok(busy)
}
