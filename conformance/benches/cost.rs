//! What a plugin's start and end cost, what encrypting costs, and what a scenario costs: each as a ratio to a floor taken in the same rounds.
//!
//! Absolute times of a shared machine mean nothing from one hour to the next; the median of per-round ratios does. Measures and floors
//! are interleaved within each round. `scripts/bench`, with a number for more or fewer rounds than 15.
//!
//! This is no test: it prints, and fails only when something cannot be measured. Python is left out, saying so, without `.venv`.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use fake_interpreters::script::{HttpMessage, Script, Serve, Tls};
use fake_interpreters::{Preset, place};
use plugin_host::environment::Environment;
use plugin_host::event::What;
use plugin_host::hooks::Outcome;
use plugin_host::memory::Memory;
use plugin_host::options::HostOptions;
use plugin_host::tls::AutoMtls;
use plugin_proto::call::call;
use plugin_proto::dial::{Target, dial};
use plugin_proto::hook::{MessageWillBePosted, OnActivate};
use plugin_proto::pb::{MessageWillBePostedRequest, OnActivateRequest, Post, ServeHttpRequestInit};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::AsyncBufReadExt as _;
use tokio::sync::mpsc;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Repetitions within a round, of which the median counts.
const REPEATS: usize = 5;

/// Hooks that are called one after the other, where what encrypting costs is measured.
const HOOKS: u32 = 500;

/// Pieces of an answer, and the bytes of each.
const PIECES: usize = 512;
const PIECE: usize = 64 * 1024;

/// What the SDK imports before a plugin's own code runs.
const IMPORTS: &str =
    "import mattermost_plugin, mattermost_plugin.server, mattermost_plugin.client; ";
const IMPORTS_ONLY: &str = "print('imported', flush=True); input()";
const IDLE_SERVER: &str = "
import asyncio, signal, grpc.aio
async def main():
    server = grpc.aio.server()
    server.add_insecure_port('127.0.0.1:0')
    await server.start()
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    print('serving', flush=True)
    await ended.wait()
    await server.stop(0)
asyncio.run(main())
";

/// One line of the table: the ratios of all rounds, and the most that their median may be.
struct Measure {
    name: &'static str,
    limit: f64,
    rounds: Vec<(Duration, Duration)>,
}

impl Measure {
    fn new(name: &'static str, limit: f64) -> Self {
        Self {
            name,
            limit,
            rounds: Vec::new(),
        }
    }

    fn add(&mut self, floor: Duration, cost: Duration) {
        self.rounds.push((floor, cost));
    }

    fn line(&self) -> String {
        let median = |of: &dyn Fn(&(Duration, Duration)) -> f64| {
            let mut values: Vec<f64> = self.rounds.iter().map(of).collect();
            values.sort_by(f64::total_cmp);
            values[values.len() / 2]
        };
        let milliseconds = |duration: Duration| duration.as_secs_f64() * 1e3;
        format!(
            "{:<44} {:>9.2} {:>9.2} {:>7.2} {:>7.2}",
            self.name,
            median(&|(floor, _)| milliseconds(*floor)),
            median(&|(_, cost)| milliseconds(*cost)),
            median(&|(floor, cost)| cost.as_secs_f64() / floor.as_secs_f64()),
            self.limit,
        )
    }
}

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(measure())
}

#[expect(clippy::print_stdout, reason = "a bench speaks to whoever started it")]
async fn measure() -> Result<()> {
    let rounds = rounds()?;
    let suite = PathBuf::from(env!("CARGO_BIN_EXE_plugin-conformance"));
    let fake = sibling(&suite)?;
    let folder = tempfile::tempdir()?;
    let placed = |name: &str, preset: Preset| {
        place(
            &folder.path().join(name),
            &fake,
            &format!("org.example.{name}"),
            &preset.script(),
        )
    };
    let rust = placed("good", Preset::Good)?.directory;
    let testee = placed("testee", Preset::Testee)?.directory;
    let python = python()?;
    let talkative = |name: &str, script: &Script| {
        let id = format!("org.example.{name}");
        place(&folder.path().join(name), &fake, &id, script)
    };
    let open = talkative("open", &Script::serving(conversation()))?.directory;
    let secured = Script::serving_secured(conversation(), Tls::default());
    let secured = talkative("secured", &secured)?.directory;

    let mut activate = Measure::new("Rust: activate / spawn of true, reaped", 4.5);
    let mut deactivate = Measure::new("Rust: deactivate / SIGKILL, reaped", 3.0);
    let mut python_activate = Measure::new("Python: activate / its imports alone", 1.15);
    let mut python_deactivate = Measure::new("Python: deactivate / SIGTERM of an idle server", 1.2);
    let mut encrypted = [
        Measure::new("AutoMTLS: connection / in clear text", 20.0),
        Measure::new("AutoMTLS: a hook / in clear text", 2.5),
        Measure::new("AutoMTLS: 32 MiB of an answer / in clear text", 2.0),
    ];
    let mut scenario = Measure::new("suite, Rust: a scenario / spawn, ready, kill", 3.0);
    let mut both = Measure::new("suite, Rust and Python: likewise", 3.0);

    for round in 0..rounds {
        let floor = repeated(|| spawn_and_reap(Command::new("true")))?;
        let (started, stopped) = live(&rust).await?;
        activate.add(floor, started);
        deactivate.add(kill_fake(&rust).await?, stopped);
        let floors = talk(&open, None).await?;
        let costs = talk(&secured, Some(AutoMtls::default())).await?;
        for ((measure, floor), cost) in encrypted.iter_mut().zip(floors).zip(costs) {
            measure.add(floor, cost);
        }
        if let Some((interpreter, plugin)) = &python {
            let floor = imports(interpreter)?;
            let (started, stopped) = live(plugin.path()).await?;
            python_activate.add(floor, started);
            python_deactivate.add(idle_server(interpreter)?, stopped);
        }
        if round % 5 == 0 {
            let floor = pairs(&testee, 20)?;
            scenario.add(floor, per_scenario(&suite, &fake, &["rust-fake"])?);
            if let Some((_, plugin)) = &python {
                let mean = (floor + pairs(plugin.path(), 3)?) / 2;
                both.add(
                    mean,
                    per_scenario(&suite, &fake, &["rust-fake", "python-sdk"])?,
                );
            }
        }
    }

    println!("{rounds} rounds; medians\n");
    println!(
        "{:<44} {:>9} {:>9} {:>7} {:>7}",
        "", "floor ms", "cost ms", "ratio", "limit"
    );
    for measure in [activate, deactivate]
        .iter()
        .chain(&encrypted)
        .chain([&scenario])
    {
        println!("{}", measure.line());
    }
    if python.is_some() {
        for measure in [python_activate, python_deactivate, both] {
            println!("{}", measure.line());
        }
    } else {
        println!("Python: skipped, there is no .venv; scripts/python makes it");
    }
    Ok(())
}

fn rounds() -> Result<usize> {
    // cargo passes `--bench` to every bench.
    match std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'))
    {
        Some(number) => Ok(number.parse()?),
        None => Ok(15),
    }
}

/// The fake lies beside the suite; `scripts/bench` builds both.
fn sibling(suite: &Path) -> Result<PathBuf> {
    let fake = suite.with_file_name("fake-interpreter");
    if fake.exists() {
        Ok(fake)
    } else {
        Err(format!("{} is not built; scripts/bench builds it", fake.display()).into())
    }
}

fn repeated(mut once: impl FnMut() -> Result<Duration>) -> Result<Duration> {
    let times: Result<Vec<Duration>> = (0..REPEATS).map(|_| once()).collect();
    Ok(median(times?))
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// Activates and deactivates a plugin; the median of some for each.
async fn live(folder: &Path) -> Result<(Duration, Duration)> {
    let environment = Environment::new(HostOptions::default(), Arc::new(Memory::default()))?;
    let (mut started, mut stopped) = (Vec::new(), Vec::new());
    for _ in 0..REPEATS {
        let began = Instant::now();
        let id = environment.activate(folder).await?.id;
        started.push(began.elapsed());
        let began = Instant::now();
        environment
            .deactivate(&id)
            .await
            .ok_or("the plugin did not run")?;
        stopped.push(began.elapsed());
    }
    environment.shutdown().await;
    Ok((median(started), median(stopped)))
}

/// A plugin with which there is something to talk about: hooks, and an answer of many pieces.
fn conversation() -> Serve {
    let piece = || HttpMessage::piece("x", PIECE);
    let mut steps = vec![HttpMessage::head(200).step()];
    steps.extend((1..PIECES).map(|_| piece().step()));
    steps.push(piece().complete().step());
    Serve::good().http(steps)
}

/// How long it takes to connect, a hook, and an answer of many pieces, with or without encryption. A connection is what lies between the
/// plugin's line and its first answer: what the plugin does before, making a certificate, is not the host's.
async fn talk(folder: &Path, auto_mtls: Option<AutoMtls>) -> Result<[Duration; 3]> {
    let (sender, mut events) = mpsc::unbounded_channel();
    let options = HostOptions {
        auto_mtls,
        events: Some(sender),
        ..HostOptions::default()
    };
    let environment = Environment::new(options, Arc::new(Memory::default()))?;
    for _ in 0..REPEATS {
        let id = environment.activate(folder).await?.id;
        environment.deactivate(&id).await;
    }
    let (mut line, mut connections) = (None, Vec::new());
    while let Ok(event) = events.try_recv() {
        match (event.what, line) {
            (What::Handshake { .. }, _) => line = Some(event.at),
            (What::Connected, Some(line)) => connections.push(event.at.saturating_sub(line)),
            _ => {}
        }
    }
    if connections.len() != REPEATS {
        return Err(format!("{} of {REPEATS} starts connected", connections.len()).into());
    }
    let id = environment.activate(folder).await?.id;
    let hooks = environment.hooks(&id)?;
    let began = Instant::now();
    for _ in 0..HOOKS {
        let request = MessageWillBePostedRequest::default();
        let Outcome::Answered(_) = hooks.call::<MessageWillBePosted>(request).await else {
            return Err("a hook was not answered".into());
        };
    }
    let hook = began.elapsed() / HOOKS;
    let began = Instant::now();
    let nothing = futures_util::stream::empty();
    let asked = hooks.serve_http(ServeHttpRequestInit::default(), nothing);
    let Outcome::Answered(mut answer) = asked.await else {
        return Err("a request was not answered".into());
    };
    let mut length = 0;
    while let Some(piece) = answer
        .body
        .next()
        .await
        .map_err(|error| error.to_string())?
    {
        length += piece.bytes.len();
    }
    let body = began.elapsed();
    if length != PIECES * PIECE {
        return Err(format!("{length} bytes of an answer came").into());
    }
    environment.shutdown().await;
    Ok([median(connections), hook, body])
}

fn spawn_and_reap(mut command: Command) -> Result<Duration> {
    let began = Instant::now();
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()?
        .wait()?;
    Ok(began.elapsed())
}

/// Starts a command and waits for its first line.
fn first_line(command: &mut Command) -> Result<(Child, String)> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut line = String::new();
    let stdout = child.stdout.take().ok_or("the child has no stdout")?;
    if BufReader::new(stdout).read_line(&mut line)? == 0 {
        return Err("the child ended before its first line".into());
    }
    Ok((child, line))
}

fn end(mut child: Child, signal: Signal) -> Result<Duration> {
    let pid = Pid::from_child(&child);
    let began = Instant::now();
    kill_process(pid, signal)?;
    child.wait()?;
    Ok(began.elapsed())
}

fn fake_command(folder: &Path) -> Command {
    let mut command = Command::new(folder.join("venv/bin/python"));
    command.arg("plugin.py").current_dir(folder).env(
        "MATTERMOST_PLUGIN",
        plugin_host::process::environment::COOKIE_VALUE,
    );
    command
}

/// SIGKILL to reaped, of a plugin that a host has activated, by the runtime that hosts use as well.
async fn kill_fake(folder: &Path) -> Result<Duration> {
    let mut times = Vec::new();
    for _ in 0..REPEATS {
        let mut child = tokio::process::Command::from(fake_command(folder))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let stdout = child.stdout.take().ok_or("the child has no stdout")?;
        let line = tokio::io::BufReader::new(stdout)
            .lines()
            .next_line()
            .await?;
        let line = line.ok_or("the fake ended before its handshake")?;
        let address = line
            .split('|')
            .nth(3)
            .ok_or("no address in the handshake")?;
        let channel = dial(&Target::Tcp(address.to_owned()), Duration::from_secs(5)).await?;
        call::<OnActivate>(&channel, tonic::Request::new(OnActivateRequest::default())).await?;
        let began = Instant::now();
        child.start_kill()?;
        child.wait().await?;
        times.push(began.elapsed());
    }
    Ok(median(times))
}

/// Spawn, ready, kill, two at a time in threads of their own, as the suite plays its cases; the time of one. Ready is what the suite
/// means by it: activated, and an order answered.
fn pairs(folder: &Path, each: u32) -> Result<Duration> {
    let many = || -> Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async {
            let environment =
                Environment::new(HostOptions::default(), Arc::new(Memory::default()))?;
            for _ in 0..each {
                ready_and_killed(&environment, folder).await?;
            }
            Ok(())
        })
    };
    let began = Instant::now();
    std::thread::scope(|scope| {
        let second = scope.spawn(|| many().map_err(|error| error.to_string()));
        let first = scope.spawn(|| many().map_err(|error| error.to_string()));
        [first, second]
            .into_iter()
            .try_for_each(|thread| thread.join().map_err(|_| "a thread panicked".to_owned())?)
    })?;
    Ok(began.elapsed() / (2 * each))
}

async fn ready_and_killed(environment: &Environment, folder: &Path) -> Result<()> {
    let active = environment.activate(folder).await?;
    let order = Post {
        message: "conformance 1 allow".to_owned(),
        ..Post::default()
    };
    let request = MessageWillBePostedRequest {
        post: Some(order),
        ..MessageWillBePostedRequest::default()
    };
    let hooks = environment.hooks(&active.id)?;
    let Outcome::Answered(_) = hooks.call::<MessageWillBePosted>(request).await else {
        return Err("the testee did not answer".into());
    };
    let pid = i32::try_from(active.pid)?;
    kill_process(Pid::from_raw(pid).ok_or("no pid")?, Signal::KILL)?;
    environment.wait_exit(&active.id).await;
    Ok(())
}

/// What the middle one of a subject's cases takes when two are played at a time, for each of the two: of several subjects, their mean. The
/// middle one, since some scenarios wait for seconds until they may say that nothing came.
fn per_scenario(suite: &Path, fake: &Path, subjects: &[&str]) -> Result<Duration> {
    let report = tempfile::NamedTempFile::new()?;
    let status = Command::new(suite)
        .args(["run", "--jobs", "2", "--json"])
        .arg(report.path())
        .args(subjects.iter().flat_map(|subject| ["--subject", subject]))
        .env("PLUGIN_CONFORMANCE_FAKE", fake)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    if !status.success() {
        return Err(format!("the suite ended with {status}").into());
    }
    let mut cases: BTreeMap<String, Vec<Duration>> = BTreeMap::new();
    for line in std::fs::read_to_string(report.path())?.lines() {
        let event: serde_json::Value = serde_json::from_str(line)?;
        if let (Some(subject), Some(took)) =
            (event["subject"].as_str(), event["duration_ms"].as_u64())
            && event["event"] == "case_ended"
        {
            let cases = cases.entry(subject.to_owned()).or_default();
            cases.push(Duration::from_millis(took));
        }
    }
    if cases.len() != subjects.len() {
        return Err(format!("the log has cases of {:?}", cases.keys()).into());
    }
    let all: Duration = cases.into_values().map(median).sum();
    Ok(all / 2 / u32::try_from(subjects.len())?)
}

fn imports(interpreter: &Path) -> Result<Duration> {
    repeated(|| {
        let code = format!("{IMPORTS}{IMPORTS_ONLY}");
        let began = Instant::now();
        let (child, _) = first_line(Command::new(interpreter).arg("-c").arg(code))?;
        let took = began.elapsed();
        end(child, Signal::KILL)?;
        Ok(took)
    })
}

fn idle_server(interpreter: &Path) -> Result<Duration> {
    repeated(|| {
        let code = format!("{IMPORTS}{IDLE_SERVER}");
        let (child, _) = first_line(Command::new(interpreter).arg("-c").arg(code))?;
        end(child, Signal::TERM)
    })
}

/// The interpreter of this checkout's environment and a folder with the SDK's conformance plugin.
fn python() -> Result<Option<(PathBuf, tempfile::TempDir)>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()?;
    let venv = root.join(".venv");
    if !venv.join("bin/python").exists() {
        return Ok(None);
    }
    let folder = tempfile::tempdir()?;
    for entry in std::fs::read_dir(root.join("python-sdk/conformance_plugin"))? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            std::fs::copy(entry.path(), folder.path().join(entry.file_name()))?;
        }
    }
    std::os::unix::fs::symlink(&venv, folder.path().join("venv"))?;
    Ok(Some((venv.join("bin/python"), folder)))
}
