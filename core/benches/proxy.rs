//! What an HTTP request through the front to a plugin costs, as a ratio to the same through a plain reverse proxy to a plain server: bodies
//! of 64 MiB down and up, and small requests.
//!
//! Client, proxy, server, host and plugin are processes, each with one thread, so that neither way has more of them than it needs. The two
//! ways are interleaved within each round, and the median of per-round ratios counts. Small requests are measured with all processes on one
//! processor (`taskset`): spread over two, a wake-up costs more than what is measured.
//!
//! `scripts/bench`, with a number for more or fewer rounds than 11. It fails when something cannot be measured, and when a ratio is not what
//! it should be.

#[path = "stream/plugin.rs"]
mod plugin;

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
use plugin_host::environment::Environment;
use plugin_host::front::{Front, FrontOptions};
use plugin_host::memory::Memory;
use plugin_host::options::HostOptions;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;

use plugin::{FRAME, FRAMES, ID, Result, SCRIPT, SMALL, Way, be_the_plugin, median, place, rounds};

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
    if arguments.iter().any(|argument| argument.ends_with(SCRIPT)) {
        return runtime.block_on(be_the_plugin());
    }
    let role = arguments.iter().position(|argument| argument == ROLE);
    let role = role.map(|at| &arguments[at + 1..]);
    match role {
        Some([role, rest @ ..]) => match (role.as_str(), rest) {
            ("origin", []) => runtime.block_on(origin()),
            ("proxy", [to]) => runtime.block_on(proxy(to.parse()?)),
            ("front", []) => runtime.block_on(front()),
            ("small", [rounds]) => runtime.block_on(small(rounds.parse()?)),
            _ => Err("no such role".into()),
        },
        Some([]) => Err("a role without a name".into()),
        None => {
            let rounds = rounds()?;
            let large = runtime.block_on(large(rounds));
            let small = pinned(rounds);
            large.and(small)
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
    place(folder.path())?;
    let environment = Environment::new(HostOptions::default(), Arc::new(Memory::default()))?;
    environment.activate(folder.path()).await?;
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
async fn large(rounds: usize) -> Result<()> {
    let mut ways = Ways::start().await?;
    let mut wrong = Vec::new();
    println!("{rounds} rounds; medians\n");
    println!(
        "{:<34} {:>9} {:>9} {:>7} {:>7}",
        "64 MiB by HTTP/1.1", "proxy", "front", "ratio", "limit"
    );
    for (way, limit) in [(Way::Down, DOWN), (Way::Up, UP)] {
        let mut taken = Vec::new();
        for round in 0..=rounds {
            let both = if round % 2 == 0 {
                let floor = body(&mut ways.through_proxy, way).await?;
                (floor, body(&mut ways.through_front, way).await?)
            } else {
                let cost = body(&mut ways.through_front, way).await?;
                (body(&mut ways.through_proxy, way).await?, cost)
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
        let speed = |time: &Duration| (FRAME * FRAMES) as f64 / 1e6 / time.as_secs_f64();
        println!(
            "{:<34} {:>9.0} {:>9.0} {ratio:>7.3} {limit:>7.2}",
            format!("{way:?}, MB/s"),
            median(taken.iter().map(|(floor, _)| speed(floor))),
            median(taken.iter().map(|(_, cost)| speed(cost))),
        );
        if ratio < limit {
            wrong.push(format!("{way:?} at {ratio:.3} of a proxy"));
        }
    }
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(wrong.join("; ").into()),
    }
}

/// Small requests with everything on one processor.
#[expect(clippy::print_stdout, reason = "a bench speaks to whoever started it")]
fn pinned(rounds: usize) -> Result<()> {
    let status = Command::new("taskset")
        .args(["-c", "0"])
        .arg(std::env::current_exe()?)
        .args([ROLE, "small", &rounds.to_string()])
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

#[expect(clippy::print_stdout, reason = "a bench speaks to whoever started it")]
async fn small(rounds: usize) -> Result<()> {
    let mut ways = Ways::start().await?;
    let mut taken = Vec::new();
    for round in 0..=rounds {
        let both = if round % 2 == 0 {
            let floor = p50(&mut ways.through_proxy).await?;
            (floor, p50(&mut ways.through_front).await?)
        } else {
            let cost = p50(&mut ways.through_front).await?;
            (p50(&mut ways.through_proxy).await?, cost)
        };
        if round > 0 {
            taken.push(both);
        }
    }
    let ratio = median(
        taken
            .iter()
            .map(|(floor, cost)| cost.div_duration_f64(*floor)),
    );
    let each = |time: &Duration| time.as_secs_f64() * 1e6;
    println!(
        "{:<34} {:>9.1} {:>9.1} {ratio:>7.3} {LATENCY:>7.2}",
        "a small request, pinned, p50 us",
        median(taken.iter().map(|(floor, _)| each(floor))),
        median(taken.iter().map(|(_, cost)| each(cost))),
    );
    match ratio <= LATENCY {
        true => Ok(()),
        false => Err(format!("a small request: {ratio:.3} of one through a proxy").into()),
    }
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
