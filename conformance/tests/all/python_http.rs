//! `ServeHTTP` from our host to a real Python plugin and back: every field of the head and every byte of both bodies.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use plugin_conformance::subject::{Skipped, python};
use plugin_host::environment::Environment;
use plugin_host::hooks::Outcome;
use plugin_host::ids::PluginId;
use plugin_host::memory::Memory;
use plugin_host::options::HostOptions;
use plugin_proto::duplex::BoxError;
use plugin_proto::pb::{HttpHeader, PluginContext, ServeHttpRequestInit};
use serde_json::{Value, json};

const ID: &str = "com.example.mirror";
const PLUGIN: &str = r#"
import json
from mattermost_plugin import HookName, Plugin, hook, run_plugin

HEAD = ["method", "url", "proto", "proto_major", "proto_minor", "headers", "host", "remote_addr", "request_uri", "content_length"]


class Mirror(Plugin):
    @hook(HookName.ServeHTTP)
    def serve_http(self, context, writer, request):
        saw = {name: getattr(request, name) for name in HEAD}
        saw["user_agent"] = context.user_agent
        writer.set_header("X-Saw", json.dumps(saw, sort_keys=True))
        writer.add_header("Set-Cookie", "a=1")
        writer.add_header("Set-Cookie", "b=2")
        writer.write_header(207)
        writer.write(request.body)
        writer.write(b"end")


run_plugin(Mirror)
"#;

fn header(key: &str, values: &[&str]) -> HttpHeader {
    HttpHeader {
        key: key.to_owned(),
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    }
}

fn head() -> ServeHttpRequestInit {
    ServeHttpRequestInit {
        plugin_context: Some(PluginContext {
            user_agent: "mirror/1".to_owned(),
            ..PluginContext::default()
        }),
        method: "PATCH".to_owned(),
        url: "/a%2Fb?x=1&x=2".to_owned(),
        proto: "HTTP/1.1".to_owned(),
        proto_major: 1,
        proto_minor: 1,
        headers: vec![header("Accept", &["a/b", "c/d"])],
        host: "chat.example".to_owned(),
        remote_addr: "192.0.2.7:4711".to_owned(),
        request_uri: "/plugins/com.example.mirror/a%2Fb?x=1&x=2".to_owned(),
        content_length: -1,
    }
}

#[tokio::test]
async fn a_request_comes_back_whole_from_python() {
    // Where there is no Python environment `scripts/test` has said so and stopped; a bare `cargo test` goes on without.
    let venv = match python::environment() {
        Ok((_, venv)) => venv,
        Err(Skipped { reason, enable, .. }) => {
            // Not by a macro: what those print is not shown of a test that passes.
            let note = format!(
                "a_request_comes_back_whole_from_python is skipped: {reason}; {enable} makes one\n"
            );
            std::io::stderr().write_all(note.as_bytes()).unwrap();
            return;
        }
    };
    let folder = tempfile::tempdir().unwrap();
    let manifest =
        json!({"id": ID, "server": {"runtime": "python", "executable": "plugin.py"}}).to_string();
    fs::write(folder.path().join("plugin.json"), manifest).unwrap();
    fs::write(folder.path().join("plugin.py"), PLUGIN).unwrap();
    symlink(venv, folder.path().join("venv")).unwrap();
    let options = HostOptions::default();
    let environment = Environment::new(options, Arc::new(Memory::default())).unwrap();
    environment.activate(folder.path()).await.unwrap();
    let hooks = environment.hooks(&PluginId::parse(ID).unwrap()).unwrap();

    let sent: Vec<u8> = (0..200_003_u32).map(|at| (at % 251) as u8).collect();
    let pieces: Vec<Result<Bytes, BoxError>> = sent
        .chunks(70_001)
        .map(|piece| Ok(Bytes::copy_from_slice(piece)))
        .collect();
    let exchange = hooks.serve_http(head(), stream::iter(pieces));
    let outcome = tokio::time::timeout(Duration::from_secs(30), exchange).await;
    let Outcome::Answered(mut answer) = outcome.unwrap() else {
        panic!("the plugin did not answer")
    };
    let mut body = Vec::new();
    while let Some(piece) = answer.body.next().await.unwrap() {
        body.extend_from_slice(&piece.bytes);
    }
    environment.shutdown().await;

    let values = |key: &str| -> Vec<String> {
        let headers = answer.head.headers.iter();
        let of = headers.filter(|header| header.key.eq_ignore_ascii_case(key));
        of.flat_map(|header| header.values.clone()).collect()
    };
    assert_eq!(answer.head.status_code, 207);
    assert_eq!(values("Set-Cookie"), ["a=1", "b=2"]);
    let saw: Value = serde_json::from_str(&values("X-Saw")[0]).unwrap();
    let expected = json!({
        "method": "PATCH", "url": "/a%2Fb?x=1&x=2", "proto": "HTTP/1.1", "proto_major": 1, "proto_minor": 1,
        "headers": {"Accept": ["a/b", "c/d"]}, "host": "chat.example", "remote_addr": "192.0.2.7:4711",
        "request_uri": "/plugins/com.example.mirror/a%2Fb?x=1&x=2", "content_length": -1, "user_agent": "mirror/1",
    });
    assert_eq!(saw, expected);
    assert!(
        body.strip_suffix(b"end") == Some(&sent[..]),
        "{} bytes came back of {}",
        body.len(),
        sent.len()
    );
}
