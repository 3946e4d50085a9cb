//! How it begins, what it does when files change, and how it ends.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use fake_interpreters::Script;
use fake_interpreters::script::{HttpMessage, HttpStep, Serve, Tls};
use rustix::process::Signal;
use serde_json::Value;

use super::served::{LONG, Served, Watched, is_alive, python_plugin};
use crate::built;

const ID: &str = "com.example.page";

fn page(text: &str) -> Script {
    Script::serving(serving(text))
}

fn serving(text: &str) -> Serve {
    let answer = HttpMessage::head(200).header("Content-Type", "text/plain");
    Serve::good().http([answer.with(text).complete().step()])
}

fn place(folder: &Path, id: &str, script: &Script) {
    fake_interpreters::place(folder, built::fake(), id, script).unwrap();
}

#[test]
fn plugins_are_served_and_all_is_gone_after_a_signal() {
    let folder = tempfile::tempdir().unwrap();
    // A folder of plugins: two that start, one that is none.
    place(&folder.path().join("a"), "com.example.a", &page("I am a"));
    place(&folder.path().join("b"), "com.example.b", &page("I am b"));
    fs::create_dir(folder.path().join("empty")).unwrap();
    let mut served = Served::start(built::program(), &[], &[folder.path()]);
    assert!(
        served.said.iter().any(|line| line.contains("empty")),
        "{:#?}",
        served.said
    );
    assert_eq!(served.get("/plugins/com.example.a/"), "I am a");
    assert_eq!(served.get("/plugins/com.example.b/x"), "I am b");
    served.line("200 GET /plugins/com.example.b/x 0 bytes in, 6 bytes out");
    assert!(served.get("/").contains("com.example.b"));
    assert!(
        served
            .get("/metrics")
            .contains("plugin_host_plugin_up{plugin=\"com.example.a\"} 1")
    );
    let status: Value = serde_json::from_str(&served.get("/status.json")).unwrap();
    let pids: Vec<u32> = status["plugins"]
        .as_array()
        .unwrap()
        .iter()
        .map(|plugin| u32::try_from(plugin["pid"].as_u64().unwrap()).unwrap())
        .collect();
    assert_eq!(pids.len(), 2);
    assert!(pids.iter().all(|pid| is_alive(*pid)));
    let children = children(served.pid());
    assert!(
        children.len() >= 3,
        "two plugins and the guard: {children:?}"
    );

    served.signal(Signal::TERM);
    assert_eq!(served.end().code(), Some(0));
    served.line("com.example.b is stopped");
    assert!(std::net::TcpStream::connect(&served.address).is_err());
    assert_eq!(
        children
            .into_iter()
            .filter(|pid| is_alive(*pid))
            .collect::<Vec<_>>(),
        Vec::<u32>::new()
    );
}

fn children(pid: u32) -> Vec<u32> {
    let of = |pid: u32| {
        fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default()
    };
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let all = tasks.flatten().map(|task| {
        let children = task.path().join("children");
        fs::read_to_string(children).unwrap_or_default()
    });
    let all: String = all.chain([of(pid)]).collect::<Vec<_>>().join(" ");
    let mut pids: Vec<u32> = all
        .split_whitespace()
        .map(|pid| pid.parse().unwrap())
        .collect();
    pids.sort_unstable();
    pids.dedup();
    pids
}

#[test]
fn a_plugin_whose_files_change_is_started_anew() {
    let folder = tempfile::tempdir().unwrap();
    place(folder.path(), ID, &page("before"));
    let mut served = Served::start(built::program(), &["--watch"], &[folder.path()]);
    let path = format!("/plugins/{ID}/");
    assert_eq!(served.get(&path), "before");
    let first = served.plugin_pid();
    fs::create_dir(folder.path().join("__pycache__")).unwrap();
    fs::write(folder.path().join("__pycache__/plugin.pyc"), "x").unwrap();
    place(folder.path(), ID, &page("after"));
    served.line("has changed");
    served.line("is running");
    assert_eq!(served.get(&path), "after");
    assert!(!is_alive(first));
    assert_eq!(served.plugin()["starts"], 2);
    served.signal(Signal::INT);
    assert_eq!(served.end().code(), Some(0));
}

#[test]
fn a_plugin_that_does_not_start_is_waited_for_only_if_it_is_watched() {
    let folder = tempfile::tempdir().unwrap();
    place(folder.path(), ID, &page("mended"));
    let manifest = fs::read_to_string(folder.path().join("plugin.json")).unwrap();
    fs::write(folder.path().join("plugin.json"), "{").unwrap();
    let output = Command::cargo_bin("plugin-conformance")
        .unwrap()
        .args(["serve", "--listen", "127.0.0.1:0"])
        .arg(folder.path())
        .timeout(LONG)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("plugin.json"),
        "{output:?}"
    );

    let mut served = Served::start(built::program(), &["--watch"], &[folder.path()]);
    assert!(
        served
            .ask("GET", &format!("/plugins/{ID}/"), b"")
            .0
            .contains(" 404 ")
    );
    fs::write(folder.path().join("plugin.json"), manifest).unwrap();
    served.line("is running");
    assert_eq!(served.get(&format!("/plugins/{ID}/")), "mended");
}

#[test]
fn a_page_that_stays_open_holds_up_no_end_and_a_second_signal_is_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let steps = [
        HttpMessage::head(200).with("open").step(),
        HttpStep::Hang {},
    ];
    place(
        folder.path(),
        ID,
        &Script::serving(Serve::good().http(steps)),
    );
    let mut served = Served::start(built::program(), &[], &[folder.path()]);
    let plugin = Watched::of(served.plugin_pid());
    let mut open = served.dial();
    std::io::Write::write_all(
        &mut open,
        format!("GET /plugins/{ID}/ HTTP/1.0\r\n\r\n").as_bytes(),
    )
    .unwrap();
    served.signal(Signal::TERM);
    served.line("stopping");
    served.signal(Signal::INT);
    assert_eq!(served.end().code(), Some(1));
    assert!(
        plugin.is_over_within(LONG),
        "the guard leaves the plugin alive"
    );
}

#[test]
fn lines_can_be_json() {
    let folder = tempfile::tempdir().unwrap();
    place(folder.path(), ID, &page("x"));
    let mut served = Served::start(
        built::program(),
        &["--json", "--user", "u1"],
        &[folder.path()],
    );
    served.get(&format!("/plugins/{ID}/?access_token=secret&a=b"));
    let line = served.line("\"event\":\"request\"");
    let line: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["target"], format!("/plugins/{ID}/?a=b"));
    assert_eq!(
        (&line["status"], &line["sent"], &line["plugin"]),
        (&200.into(), &1.into(), &ID.into())
    );
    served.signal(Signal::TERM);
    assert_eq!(served.end().code(), Some(0));
    let on_stderr = served
        .said
        .iter()
        .filter(|line| !line.starts_with("serving on "));
    for line in on_stderr {
        assert!(serde_json::from_str::<Value>(line).is_ok(), "{line}");
    }
}

#[test]
fn connections_are_encrypted_where_that_is_asked_for_and_plugins_that_cannot_do_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let secured = Script::serving_secured(serving("secret"), Tls::default());
    place(&folder.path().join("a"), "com.example.secured", &secured);
    place(&folder.path().join("b"), "com.example.plain", &page("open"));
    let mut served = Served::start(built::program(), &["--auto-mtls"], &[folder.path()]);
    assert_eq!(served.get("/plugins/com.example.secured/"), "secret");
    let (head, _) = served.ask("GET", "/plugins/com.example.plain/", b"");
    assert!(head.starts_with("HTTP/1.0 503"), "{head}");
    let refused =
        |line: &String| line.contains("com.example.plain") && line.contains("certificate");
    assert!(served.said.iter().any(refused), "{:#?}", served.said);
    served.signal(Signal::TERM);
    assert_eq!(served.end().code(), Some(0));
}

#[test]
fn what_cannot_be_served_is_a_wrong_use() {
    let empty = tempfile::tempdir().unwrap();
    let plugin = tempfile::tempdir().unwrap();
    place(plugin.path(), ID, &page("x"));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let folder = |folder: &tempfile::TempDir| folder.path().to_str().unwrap().to_owned();
    for (listen, folder, says) in [
        ("127.0.0.1:0", folder(&empty), "there is no plugin in"),
        ("127.0.0.1:0", "/nonexistent".to_owned(), "/nonexistent"),
        (&taken, folder(&plugin), "cannot listen on"),
        ("nowhere", folder(&plugin), "cannot listen on"),
    ] {
        let output = Command::cargo_bin("plugin-conformance")
            .unwrap()
            .args(["serve", "--listen", listen, &folder])
            .timeout(LONG)
            .output()
            .unwrap();
        assert_eq!(
            output.status.code(),
            Some(2),
            "{listen} {folder}: {output:?}"
        );
        assert!(
            String::from_utf8_lossy(&output.stderr).contains(says),
            "{output:?}"
        );
    }
}

#[test]
fn a_python_plugin_is_served_and_its_log_can_be_read() {
    const PLUGIN: &str = r#"
from mattermost_plugin import HookName, Plugin, hook, run_plugin


class Hello(Plugin):
    @hook(HookName.ServeHTTP)
    def serve_http(self, context, writer, request):
        self.logger.info("asked by %s", request.get_header("Mattermost-User-Id"))
        writer.set_header("Content-Type", "text/html")
        writer.write(f"<p>{request.method} {request.path} {request.get_query('name')}</p>")


run_plugin(Hello)
"#;
    let folder = tempfile::tempdir().unwrap();
    let Some(folder) = python_plugin(folder.path(), ID, PLUGIN) else {
        return;
    };
    let mut served = Served::start(built::program(), &["--user", "user-1"], &[&folder]);
    let (head, body) = served.ask("GET", &format!("/plugins/{ID}/a?name=b"), b"");
    assert!(head.starts_with("HTTP/1.0 200 OK"), "{head}");
    assert_eq!(String::from_utf8(body).unwrap(), "<p>GET /a b</p>");
    let line = served.line("asked by user-1");
    assert!(line.contains("INFO") && line.contains(ID), "{line}");
    served.signal(Signal::TERM);
    assert_eq!(served.end().code(), Some(0));
}
