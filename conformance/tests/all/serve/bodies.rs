//! Large bodies through `serve`: they arrive byte by byte as they were sent, and cost no memory. `benches/big_bodies.rs` does the same
//! with curl and bodies of a GiB.

use std::io::{Read, Write};
use std::path::Path;
use std::thread;

use fake_interpreters::Script;
use fake_interpreters::script::{HttpStep, Serve};

use super::served::{Served, memory, python_plugin};
use crate::built;

/// Bytes that differ from piece to piece, whatever the pieces are.
pub(crate) fn byte(at: u64) -> u8 {
    (at % 251) as u8
}

/// Echoes everything, as it comes.
pub(crate) fn echo() -> Script {
    Script::serving(Serve::good().http([HttpStep::Echo {}]))
}

pub(crate) const ECHO_ID: &str = "com.example.echo";

/// The same in Python.
pub(crate) const ECHO: &str = r#"
from mattermost_plugin import HookName, Plugin, hook, run_plugin


class Echo(Plugin):
    @hook(HookName.ServeHTTP, stream=True)
    def serve_http(self, context, writer, request):
        for piece in request.stream():
            writer.write(piece)


run_plugin(Echo)
"#;

/// How much more memory than before a body the host and its plugin have ever had, in KiB.
pub(crate) fn growth(served: &Served, between: impl FnOnce()) -> (u64, u64) {
    let (host, plugin) = (served.pid(), served.plugin_pid());
    let idle = [host, plugin].map(|pid| memory(pid, "VmRSS:"));
    between();
    let peak = [host, plugin].map(|pid| memory(pid, "VmHWM:"));
    (
        peak[0].saturating_sub(idle[0]),
        peak[1].saturating_sub(idle[1]),
    )
}

/// Sends a body and takes it back at the same time.
fn echoed(served: &Served, bytes: u64) {
    let mut up = served.dial();
    let mut down = up.try_clone().unwrap();
    write!(
        up,
        "POST /plugins/{ECHO_ID}/ HTTP/1.0\r\nContent-Length: {bytes}\r\n\r\n"
    )
    .unwrap();
    let sending = thread::spawn(move || {
        let mut at = 0;
        while at < bytes {
            let size = (bytes - at).min(100_003);
            let piece: Vec<u8> = (at..at + size).map(byte).collect();
            up.write_all(&piece).unwrap();
            at += size;
        }
        // Closed only after the answer: a client that closes has left.
        up
    });
    let mut answer = Vec::new();
    let mut block = vec![0; 64 * 1024];
    let mut at = None;
    loop {
        let read = down.read(&mut block).unwrap();
        if read == 0 {
            break;
        }
        let mut piece = &block[..read];
        if at.is_none() {
            answer.extend_from_slice(piece);
            let Some(end) = answer.windows(4).position(|part| part == b"\r\n\r\n") else {
                continue;
            };
            assert!(
                answer.starts_with(b"HTTP/1.0 200"),
                "{}",
                String::from_utf8_lossy(&answer)
            );
            piece = &answer[end + 4..];
        }
        let from = at.unwrap_or(0);
        let wrong = piece
            .iter()
            .zip(from..)
            .find(|(got, at)| **got != byte(*at));
        assert_eq!(wrong, None);
        at = Some(from + piece.len() as u64);
    }
    drop(sending.join().unwrap());
    assert_eq!(at, Some(bytes));
}

/// Larger than all that the host and its connections may hold.
const BODY: u64 = 48 << 20;

fn costs_no_memory(folder: &Path, host_limit: u64, plugin_limit: u64) {
    let served = Served::start(built::program(), &[], &[folder]);
    echoed(&served, 1_000_003);
    let (host, plugin) = growth(&served, || echoed(&served, BODY));
    assert!(host < host_limit, "the host has grown by {host} KiB");
    assert!(
        plugin < plugin_limit,
        "the plugin has grown by {plugin} KiB"
    );
}

#[test]
fn a_large_body_goes_both_ways_through_a_rust_plugin() {
    let folder = tempfile::tempdir().unwrap();
    fake_interpreters::place(folder.path(), built::fake(), ECHO_ID, &echo()).unwrap();
    costs_no_memory(folder.path(), 24 << 10, 24 << 10);
}

#[test]
fn a_large_body_goes_both_ways_through_a_python_plugin() {
    let folder = tempfile::tempdir().unwrap();
    if let Some(folder) = python_plugin(folder.path(), ECHO_ID, ECHO) {
        costs_no_memory(&folder, 24 << 10, 96 << 10);
    }
}
