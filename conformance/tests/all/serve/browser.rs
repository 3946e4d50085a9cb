//! A page of a Python plugin in a real browser, through `serve`: a form, an upload with progress, events that arrive when they are flushed.
//!
//! Nothing is timed: the plugin goes on only when the page has told it what it has seen.

use std::env;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};

use super::served::{LONG, Served, python_plugin};
use crate::built;

const ID: &str = "com.example.browser";

const PLUGIN: &str = r#"
import hashlib
import os
import threading

from mattermost_plugin import HookName, Plugin, hook, run_plugin

WAIT = 40


class Trial(Plugin):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.told = {name: threading.Event() for name in ("first", "second", "progress")}
        self.reported = b""

    @hook(HookName.ServeHTTP, stream=True)
    def serve_http(self, context, writer, request):
        answer = getattr(self, request.path.strip("/") or "page")
        answer(writer, request)

    def page(self, writer, request):
        writer.set_header("Content-Type", "text/html; charset=utf-8")
        with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "page.html"), "rb") as page:
            writer.write(page.read())

    def form(self, writer, request):
        writer.set_header("Content-Type", "text/plain; charset=utf-8")
        writer.write(b"".join(request.stream()))

    def upload(self, writer, request):
        digest, size, waited = hashlib.sha256(), 0, True
        for piece in request.stream():
            if not size:
                waited = self.told["progress"].wait(WAIT)
            digest.update(piece)
            size += len(piece)
        writer.write(f"{size} {digest.hexdigest()} {waited}")

    def progress(self, writer, request):
        self.told["progress"].set()
        writer.write_header(204)

    def seen(self, writer, request):
        self.told[b"".join(request.stream()).decode()].set()
        writer.write_header(204)

    def report(self, writer, request):
        self.reported = b"".join(request.stream()) or self.reported
        writer.write(self.reported)

    def events(self, writer, request):
        writer.set_header("Content-Type", "text/event-stream")
        for name in ("first", "second"):
            writer.write(f"data: {name}\n\n")
            writer.flush()
            if not self.told[name].wait(WAIT):
                return
        writer.write("data: last\n\n")
        writer.flush()


run_plugin(Trial)
"#;

/// The first browser on the path.
fn browser() -> Option<PathBuf> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let path = env::var_os("PATH")?;
    let folders: Vec<PathBuf> = env::split_paths(&path).collect();
    let places = names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    places.into_iter().find(|program| program.is_file())
}

/// A browser with all its processes; it ends with the test.
struct Browser(Child);

impl Drop for Browser {
    fn drop(&mut self) {
        // It may have ended.
        let _ = kill_process_group(Pid::from_child(&self.0), Signal::KILL);
        let _ = self.0.wait();
    }
}

#[test]
fn a_browser_uses_a_plugin() {
    let Some(program) = browser() else {
        eprintln!("skipped: there is no chromium, chromium-browser or google-chrome on the path");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let profile = tempfile::tempdir().unwrap();
    let Some(folder) = python_plugin(folder.path(), ID, PLUGIN) else {
        eprintln!("skipped: there is no Python environment");
        return;
    };
    std::fs::write(folder.join("page.html"), include_str!("page.html")).unwrap();
    let mut served = Served::start(built::program(), &[], &[&folder]);
    let below = format!("/plugins/{ID}");
    let mut command = Command::new(program);
    command
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
        ])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
            "--remote-debugging-port=0",
        ])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("http://{}{below}/", served.address))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0);
    let _browser = Browser(command.spawn().unwrap());
    served.line_within(&format!("200 POST {below}/report"), 2 * LONG);
    let report = served.get(&format!("{below}/report"));
    let report: Value = serde_json::from_str(&report).unwrap();
    let size = 48_u64 << 20;
    let digest = digest((0..size).map(super::bodies::byte));
    let expected = json!({
        "form": "name=Zo%C3%AB+%26+C%C3%B8&text=a%2Bb%3Dc",
        "upload": format!("{size} {digest} True"),
        "events": ["first", "second", "last"],
    });
    assert_eq!(report, expected);
}

fn digest(bytes: impl Iterator<Item = u8>) -> String {
    use sha2::{Digest as _, Sha256};
    let bytes: Vec<u8> = bytes.collect();
    fake_interpreters::hex::encode(Sha256::digest(&bytes).as_slice())
}
