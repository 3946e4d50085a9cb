//! What a stream of `ServeHTTP` costs through the host, as a ratio to a bare tonic stream of the same frames to the same plugin, up and
//! down; and what a hook costs beside a running stream, as a ratio to its cost without one.
//!
//! The ways are interleaved within each round, and the median of per-round ratios counts. `scripts/bench`, with a number for more or fewer
//! rounds than 11.
//!
//! The plugin is this very program, started as the interpreter of a plugin folder. It fails when something cannot be measured, and when a
//! ratio is not what it should be.

#[path = "stream/plugin.rs"]
mod plugin;

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::uri::PathAndQuery;
use plugin_host::environment::Environment;
use plugin_host::event::What;
use plugin_host::hooks::{Hooks, Outcome};
use plugin_host::ids::PluginId;
use plugin_host::memory::Memory;
use plugin_host::options::HostOptions;
use plugin_proto::dial::{Target, dial};
use plugin_proto::hook::{RunDataRetention, ServeHTTP};
use plugin_proto::pb::{
    RunDataRetentionRequest, ServeHttpRequest, ServeHttpRequestInit, ServeHttpResponse,
};
use plugin_proto::{Rpc as _, call};
use tokio::sync::mpsc;
use tonic::Request;
use tonic::client::Grpc;
use tonic::transport::Channel;
use tonic_prost::ProstCodec;

use plugin::{FRAME, FRAMES, ID, Result, SCRIPT, Way, be_the_plugin, median, place, rounds};

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
    if std::env::args().any(|argument| argument.ends_with(SCRIPT)) {
        return runtime.block_on(be_the_plugin());
    }
    runtime.block_on(measure())
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
    let mut wrong = Vec::new();
    println!("{rounds} rounds; medians\n");
    println!(
        "{:<34} {:>9} {:>9} {:>7} {:>7}",
        "64 MiB in frames of 64 KiB", "bare MB/s", "MB/s", "ratio", "limit"
    );
    for way in [Way::Up, Way::Down] {
        let mut taken = Vec::new();
        for round in 0..=rounds {
            let both = if round % 2 == 0 {
                let floor = bare_stream(&bare, way).await?;
                (floor, host_stream(&hooks, way).await?)
            } else {
                let cost = host_stream(&hooks, way).await?;
                (bare_stream(&bare, way).await?, cost)
            };
            // The first round warms up.
            if round > 0 {
                taken.push(both);
            }
        }
        let ratio = median(
            taken
                .iter()
                .map(|(floor, cost)| floor.div_duration_f64(*cost)),
        );
        let speed = |time: Duration| (FRAME * FRAMES) as f64 / 1e6 / time.as_secs_f64();
        println!(
            "{:<34} {:>9.0} {:>9.0} {ratio:>7.3} {SPEED:>7.2}",
            format!("{way:?}"),
            median(taken.iter().map(|(floor, _)| speed(*floor))),
            median(taken.iter().map(|(_, cost)| speed(*cost))),
        );
        if ratio < SPEED {
            wrong.push(format!("{way:?} at {ratio:.3} of a bare stream"));
        }
    }
    println!(
        "\n{:<34} {:>9} {:>9} {:>7} {:>7}",
        "a hook beside a stream, p50", "idle us", "us", "ratio", "limit"
    );
    let limits = [(Some(BESIDE), "own connection"), (None, "shared, bare")];
    for (limit, name) in limits {
        for way in [Way::Up, Way::Down] {
            let mut taken = Vec::new();
            for round in 0..=rounds {
                let both = match limit {
                    Some(_) => beside_in_host(&hooks, way).await?,
                    None => beside_on_one(&bare, way).await?,
                };
                if round > 0 {
                    taken.push(both);
                }
            }
            let ratio = median(
                taken
                    .iter()
                    .map(|(idle, busy)| busy.div_duration_f64(*idle)),
            );
            let each = |time: Duration| time.as_secs_f64() * 1e6;
            println!(
                "{:<34} {:>9.1} {:>9.1} {ratio:>7.3} {:>7}",
                format!("{name}, {way:?}"),
                median(taken.iter().map(|(idle, _)| each(*idle))),
                median(taken.iter().map(|(_, busy)| each(*busy))),
                limit.map_or_else(|| "-".to_owned(), |limit| format!("{limit:.2}")),
            );
            if limit.is_some_and(|limit| ratio > limit) {
                wrong.push(format!(
                    "a hook beside a stream {way:?}: {ratio:.3} of one without"
                ));
            }
        }
    }
    environment.shutdown().await;
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(wrong.join("; ").into()),
    }
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

/// The p50 of hooks without and beside a stream through the host.
async fn beside_in_host(hooks: &Arc<Hooks>, way: Way) -> Result<(Duration, Duration)> {
    let hook = || async {
        let request = RunDataRetentionRequest::default();
        match hooks.call::<RunDataRetention>(request).await {
            Outcome::Answered(_) => Ok(()),
            outcome => Err(outcome.to_string().into()),
        }
    };
    let streaming = Arc::clone(hooks);
    beside(hook, move || {
        let hooks = Arc::clone(&streaming);
        async move { host_stream(&hooks, way).await }
    })
    .await
}

/// The same where both have one connection.
async fn beside_on_one(channel: &Channel, way: Way) -> Result<(Duration, Duration)> {
    let hook = || async {
        let request = Request::new(RunDataRetentionRequest::default());
        call::call::<RunDataRetention>(channel, request).await?;
        Ok(())
    };
    let streaming = channel.clone();
    beside(hook, move || {
        let channel = streaming.clone();
        async move { bare_stream(&channel, way).await }
    })
    .await
}

async fn beside<H, S>(
    hook: impl Fn() -> H,
    stream: impl Fn() -> S + Send + 'static,
) -> Result<(Duration, Duration)>
where
    H: Future<Output = Result<()>>,
    S: Future<Output = Result<Duration>> + Send,
{
    let p50 = || async {
        let mut taken = Vec::with_capacity(CALLS);
        for _ in 0..CALLS {
            let began = Instant::now();
            hook().await?;
            taken.push(began.elapsed());
        }
        taken.sort_unstable();
        Ok::<_, Box<dyn Error + Send + Sync>>(taken[CALLS / 2])
    };
    let idle = p50().await?;
    let over = Arc::new(AtomicBool::new(false));
    let until = Arc::clone(&over);
    let streaming = tokio::spawn(async move {
        while !until.load(Ordering::Relaxed) {
            stream().await?;
        }
        Ok::<_, Box<dyn Error + Send + Sync>>(())
    });
    let busy = p50().await?;
    over.store(true, Ordering::Relaxed);
    streaming.await??;
    Ok((idle, busy))
}
