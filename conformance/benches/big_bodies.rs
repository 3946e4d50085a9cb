//! Bodies of a GiB with curl, through `serve`, to a Rust fake and to a Python plugin, up, down and both at once: every byte is compared, and
//! what the host and the plugin have ever held is told and limited. `scripts/big-bodies` builds what this needs.
//!
//! The sizes in MiB are the arguments.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench that cannot be set up has failed, and tells what it has measured"
)]

#[path = "../tests/all/serve/served.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod served;

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread;
use std::time::Instant;

use fake_interpreters::Script;
use fake_interpreters::script::{HttpStep, Serve};
use served::{Served, memory, python_plugin};

const ID: &str = "com.example.big";

/// How much the host may grow while bodies go through, whatever their size, in MiB.
const HOST: u64 = 32;

/// The same for a Python plugin; grpcio has buffers of its own.
const PYTHON: u64 = 96;

/// The same for the fake.
const FAKE: u64 = 32;

const PLUGIN: &str = r#"
from mattermost_plugin import HookName, Plugin, hook, run_plugin

BLOCK = bytes(at % 251 for at in range(251 * 251))


class Big(Plugin):
    @hook(HookName.ServeHTTP, stream=True)
    def serve_http(self, context, writer, request):
        if request.path == "/up":
            at = 0
            for piece in request.stream():
                begin = at % 251
                if bytes(piece) != (BLOCK * (len(piece) // len(BLOCK) + 2))[begin : begin + len(piece)]:
                    writer.write(f"wrong in the {len(piece)} bytes from {at}")
                    return
                at += len(piece)
            writer.write(f"{at} bytes, all right")
        elif request.path == "/down":
            left = int(request.get_query("bytes"))
            while left:
                piece = BLOCK[: min(left, len(BLOCK))]
                writer.write(piece)
                left -= len(piece)
        else:
            for piece in request.stream():
                writer.write(piece)


run_plugin(Big)
"#;

/// Whoever is asked.
struct Plugin {
    name: &'static str,
    folder: PathBuf,
    /// How much it may grow, in MiB.
    limit: u64,
    ways: &'static [&'static str],
}

fn main() -> ExitCode {
    let given = std::env::args()
        .skip(1)
        .filter_map(|argument| argument.parse().ok());
    let mut sizes: Vec<u64> = given.collect();
    if sizes.is_empty() {
        sizes = vec![256, 1024];
    }
    let program = Path::new(env!("CARGO_BIN_EXE_plugin-conformance"));
    let (rust, python) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    // Where cargo puts both.
    let fake = program.with_file_name("fake-interpreter");
    let echo = Script::serving(Serve::good().http([HttpStep::Echo {}]));
    fake_interpreters::place(rust.path(), &fake, ID, &echo).unwrap();
    let mut plugins = vec![Plugin {
        name: "Rust fake",
        folder: rust.path().to_owned(),
        limit: FAKE,
        ways: &["echo"],
    }];
    match python_plugin(python.path(), ID, PLUGIN) {
        Some(folder) => plugins.push(Plugin {
            name: "Python",
            folder,
            limit: PYTHON,
            ways: &["up", "down", "echo"],
        }),
        None => println!("skipped: there is no Python environment"),
    }
    let mut good = true;
    for plugin in &plugins {
        for size in &sizes {
            // A process of its own for each size: what one body took must not hide what the next does.
            let served = Served::start(program, &[], &[&plugin.folder]);
            good &= measured(&served, plugin, *size);
        }
    }
    match good {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

fn measured(served: &Served, plugin: &Plugin, size: u64) -> bool {
    for way in plugin.ways {
        exchange(served, way, 1 << 20).unwrap();
    }
    let pids = [served.pid(), served.plugin_pid()];
    let idle = pids.map(|pid| memory(pid, "VmRSS:"));
    let mut good = true;
    for way in plugin.ways {
        let began = Instant::now();
        let outcome = exchange(served, way, size << 20);
        let rate = size as f64 / began.elapsed().as_secs_f64();
        let peak = pids.map(|pid| memory(pid, "VmHWM:"));
        let [host, own] = [0, 1].map(|at| peak[at].saturating_sub(idle[at]) / 1024);
        let name = plugin.name;
        println!(
            "{name}, {way}, {size} MiB: {rate:.0} MiB/s; above idle: host {host} MiB, plugin {own} MiB"
        );
        if let Err(wrong) = outcome {
            println!("  WRONG: {wrong}");
            good = false;
        }
        if host >= HOST || own >= plugin.limit {
            println!(
                "  TOO MUCH: host below {HOST} MiB, plugin below {} MiB are wanted",
                plugin.limit
            );
            good = false;
        }
    }
    good
}

/// One body there, back, or both, with curl.
fn exchange(served: &Served, way: &str, bytes: u64) -> Result<(), String> {
    let url = format!("http://{}/plugins/{ID}/{way}?bytes={bytes}", served.address);
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--fail", "--max-time", "600"]);
    if way != "down" {
        // From stdin there is no length: the body goes in chunks.
        command.args(["--upload-file", "-", "--header", "Expect:"]);
    }
    let mut curl = command
        .arg(url)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let sent = match way {
        "down" => 0,
        _ => bytes,
    };
    let mut stdin = curl.stdin.take().unwrap();
    let sending = thread::spawn(move || send(&mut stdin, sent));
    let got = match way {
        "up" => said(&mut curl, bytes),
        _ => compared(&mut curl, bytes),
    };
    let status = curl.wait().unwrap();
    // A curl that has failed has said so, and takes nothing more.
    let _ = sending.join().unwrap();
    match status.success() {
        true => got,
        false => Err(format!("curl: {status}")),
    }
}

/// A block in which a read of 64 KiB can begin at any place of the body's pattern.
fn block() -> Vec<u8> {
    (0..251_u32 * 263).map(|at| (at % 251) as u8).collect()
}

fn send(stdin: &mut impl Write, bytes: u64) -> std::io::Result<()> {
    let (block, mut left) = (block(), bytes);
    while left > 0 {
        let size = left.min(251 * 250);
        stdin.write_all(&block[..usize::try_from(size).unwrap_or(0)])?;
        left -= size;
    }
    Ok(())
}

fn said(curl: &mut Child, bytes: u64) -> Result<(), String> {
    let mut text = String::new();
    curl.stdout
        .take()
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    match text == format!("{bytes} bytes, all right") {
        true => Ok(()),
        false => Err(text),
    }
}

fn compared(curl: &mut Child, bytes: u64) -> Result<(), String> {
    let block = block();
    let mut stdout = curl.stdout.take().unwrap();
    let mut piece = vec![0; 64 * 1024];
    let mut at = 0_u64;
    loop {
        let read = stdout.read(&mut piece).unwrap();
        let begin = usize::try_from(at % 251).unwrap_or(0);
        if piece[..read] != block[begin..begin + read] {
            return Err(format!("a byte of the {read} from {at} on"));
        }
        at += read as u64;
        if read == 0 {
            break;
        }
    }
    match at == bytes {
        true => Ok(()),
        false => Err(format!("{at} bytes of {bytes}")),
    }
}
