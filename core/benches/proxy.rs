//! What an HTTP request through the front to a plugin costs, as a ratio to the same through a plain reverse proxy to a plain server: bodies
//! of 64 MiB down and up, and small requests.
//!
//! Client, proxy, server, host and plugin are processes, each with one thread, so that neither way has more of them than it needs. The two
//! ways are interleaved within each round, and the median of per-round ratios counts. Small requests are measured with all processes on one
//! processor (`taskset`): spread over two, a wake-up costs more than what is measured.
//!
//! `scripts/bench`, with a number for more or fewer rounds than 11. It fails when something cannot be measured, and when a ratio is not what
//! it should be.

#[path = "stage/play.rs"]
mod play;

#[path = "stage/rounds.rs"]
mod rounds;

#[path = "stage/streams.rs"]
mod streams;

use std::convert::Infallible;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::stream;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use plugin_host::front::{Front, FrontOptions};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;

use play::{ID, Result};
use rounds::{Rounds, Table};
use streams::{FRAME, FRAMES, SMALL, Way};

/// The speed of a body through the front, in that through the proxy: at least.
const DOWN: f64 = 0.75;
const UP: f64 = 0.65;
/// A small request through the front, in one through the proxy: at most.
const LATENCY: f64 = 2.0;
/// Small requests in one measurement.
const REQUESTS: usize = 2_000;

/// The argument that says what a process is.
const ROLE: &str = "--role";

type Body = BoxBody<Bytes, hyper::Error>;

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let arguments: Vec<String> = std::env::args().collect();
    if play::is_plugin() {
        let (hooks, methods) = streams::plugin();
        return runtime.block_on(play::be_the_plugin(&hooks, methods));
    }
    let role = arguments.iter().position(|argument| argument == ROLE);
    let role = role.map(|at| &arguments[at + 1..]);
    match role {
        Some([role, rest @ ..]) => match (role.as_str(), rest) {
            ("origin", []) => runtime.block_on(origin()),
            ("proxy", [to]) => runtime.block_on(proxy(to.parse()?)),
            ("front", []) => runtime.block_on(front()),
            ("small", []) => runtime.block_on(small()),
            _ => Err("no such role".into()),
        },
        Some([]) => Err("a role without a name".into()),
        None => {
            let large = runtime.block_on(large());
            large.and(pinned())
        }
    }
}

/// A process with a role; it ends when its stdin does.
struct Player {
    child: Child,
    address: SocketAddr,
}

impl Player {
    fn start(role: &[&str]) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg(ROLE)
            .args(role)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().ok_or("no stdout")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let address = line.trim().parse()?;
        Ok(Self { child, address })
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // It ends by itself; what it says of that says nothing here.
        let _ = self.child.wait();
    }
}

/// Tells where it listens, and waits until nobody wants it any more.
#[expect(
    clippy::print_stdout,
    reason = "whoever started it reads the address there"
)]
async fn play(address: SocketAddr) -> Result<()> {
    println!("{address}");
    let (sender, over) = tokio::sync::oneshot::channel::<()>();
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        drop(sender);
    });
    // An error is how the end of stdin shows.
    let _ = over.await;
    Ok(())
}

async fn serve<S, F>(service: S) -> Result<()>
where
    S: Fn(Request<Incoming>) -> F + Clone + Send + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = stream.set_nodelay(true);
            let service = service.clone();
            let service = service_fn(move |request| {
                let answer = service(request);
                async { Ok::<_, Infallible>(answer.await) }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    play(address).await
}

/// A plain server that does what the plugin does.
async fn origin() -> Result<()> {
    let piece = Bytes::from(vec![7; FRAME]);
    serve(move |request| {
        let piece = piece.clone();
        async move {
            let is_down = request.uri().path().ends_with("/down");
            let is_small = request.uri().path().ends_with("/small");
            let mut body = request.into_body();
            while let Some(Ok(_)) = body.frame().await {}
            let answer = match (is_down, is_small) {
                (true, _) => {
                    let frames = std::iter::repeat_n(piece, FRAMES);
                    StreamBody::new(stream::iter(frames.map(|piece| Ok(Frame::data(piece)))))
                        .boxed()
                }
                (_, true) => Full::new(Bytes::from_static(SMALL))
                    .map_err(|never| match never {})
                    .boxed(),
                _ => Empty::new().map_err(|never| match never {}).boxed(),
            };
            Response::new(answer)
        }
    })
    .await
}

/// A plain reverse proxy with one connection to the server.
async fn proxy(to: SocketAddr) -> Result<()> {
    let upstream = Arc::new(Mutex::new(dial::<Incoming>(to).await?));
    serve(move |request| {
        let upstream = Arc::clone(&upstream);
        async move {
            let sending = {
                let mut upstream = upstream.lock().await;
                match upstream.ready().await {
                    Ok(()) => Ok(upstream.send_request(request)),
                    Err(error) => Err(error),
                }
            };
            let answer = match sending {
                Ok(sending) => sending.await,
                Err(error) => Err(error),
            };
            match answer {
                Ok(answer) => answer.map(BodyExt::boxed),
                Err(_) => {
                    let mut answer =
                        Response::new(Empty::new().map_err(|never| match never {}).boxed());
                    *answer.status_mut() = http::StatusCode::BAD_GATEWAY;
                    answer
                }
            }
        }
    })
    .await
}

/// The front with a plugin behind it.
async fn front() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (environment, ()) = play::start(folder.path(), |_| Some(())).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let front = Front::start(listener, environment.clone(), FrontOptions::default())?;
    play(front.address()).await?;
    front.stop(Duration::ZERO).await;
    environment.shutdown().await;
    Ok(())
}

async fn dial<B>(address: SocketAddr) -> Result<SendRequest<B>>
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

/// Sends a request and takes the whole answer; how many bytes it has.
async fn ask(client: &mut SendRequest<Body>, path: &str, body: Body) -> Result<usize> {
    client.ready().await?;
    let request = Request::post(format!("/plugins/{ID}{path}")).header("host", "bench");
    let answer = client.send_request(request.body(body)?).await?;
    if !answer.status().is_success() {
        return Err(format!("{path}: {}", answer.status()).into());
    }
    let (mut body, mut length) = (answer.into_body(), 0);
    while let Some(frame) = body.frame().await {
        length += frame?.data_ref().map_or(0, Bytes::len);
    }
    Ok(length)
}

async fn body(client: &mut SendRequest<Body>, way: Way) -> Result<Duration> {
    let (path, frames, expected) = match way {
        Way::Up => ("/up", FRAMES, 0),
        Way::Down => ("/down", 0, FRAME * FRAMES),
    };
    let pieces = std::iter::repeat_n(Bytes::from(vec![7; FRAME]), frames);
    let sent = StreamBody::new(stream::iter(pieces.map(|piece| Ok(Frame::data(piece))))).boxed();
    let began = Instant::now();
    let length = ask(client, path, sent).await?;
    match length == expected {
        true => Ok(began.elapsed()),
        false => Err(format!("{length} bytes came").into()),
    }
}

/// The two ways, each with its processes.
struct Ways {
    through_proxy: SendRequest<Body>,
    through_front: SendRequest<Body>,
    _players: [Player; 3],
}

impl Ways {
    async fn start() -> Result<Self> {
        let origin = Player::start(&["origin"])?;
        let proxy = Player::start(&["proxy", &origin.address.to_string()])?;
        let front = Player::start(&["front"])?;
        Ok(Self {
            through_proxy: dial(proxy.address).await?,
            through_front: dial(front.address).await?,
            _players: [proxy, origin, front],
        })
    }
}

#[expect(clippy::print_stdout, reason = "a bench speaks to whoever started it")]
async fn large() -> Result<()> {
    let rounds = Rounds::given_or(11);
    let Ways {
        through_proxy,
        through_front,
        _players,
    } = &mut Ways::start().await?;
    println!("{rounds} rounds; medians\n");
    Table::head("64 MiB by HTTP/1.1, speed", "proxy MB/s", "front MB/s");
    let mut table = Table::default();
    for (way, limit) in [(Way::Down, DOWN), (Way::Up, UP)] {
        let taken = rounds.take_turns(
            async || body(through_proxy, way).await,
            async || body(through_front, way).await,
        );
        let taken = taken.await?;
        let speed = 1.0 / taken.ratio();
        table.row(&format!("{way:?}"), taken.each(Way::speed), speed, limit..);
    }
    table.verdict()
}

/// Small requests with everything on one processor.
#[expect(clippy::print_stdout, reason = "a bench speaks to whoever started it")]
fn pinned() -> Result<()> {
    let status = Command::new("taskset")
        .args(["-c", "0"])
        .arg(std::env::current_exe()?)
        .args(std::env::args().skip(1))
        .args([ROLE, "small"])
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("small requests: {status}").into()),
        Err(error) => {
            println!("skipped: small requests need taskset: {error}");
            Ok(())
        }
    }
}

async fn small() -> Result<()> {
    let Ways {
        through_proxy,
        through_front,
        _players,
    } = &mut Ways::start().await?;
    Table::head("a small request, pinned, p50", "proxy us", "front us");
    let taken = Rounds::given_or(11).take_turns(
        async || p50(through_proxy).await,
        async || p50(through_front).await,
    );
    let taken = taken.await?;
    let us = |time: Duration| time.as_secs_f64() * 1e6;
    let mut table = Table::default();
    table.row("request", taken.each(us), taken.ratio(), ..=LATENCY);
    table.verdict()
}

async fn p50(client: &mut SendRequest<Body>) -> Result<Duration> {
    let mut taken = Vec::with_capacity(REQUESTS);
    for _ in 0..REQUESTS {
        let nothing = Empty::new().map_err(|never| match never {}).boxed();
        let began = Instant::now();
        let length = ask(client, "/small", nothing).await?;
        taken.push(began.elapsed());
        if length != SMALL.len() {
            return Err(format!("{length} bytes came").into());
        }
    }
    taken.sort_unstable();
    Ok(taken[REQUESTS / 2])
}
