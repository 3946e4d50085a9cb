//! Any bytes as the answer of any hook: the host's reading path ends with an answer, a refusal or a violation, and nothing else.
//!
//! The plugin's process is a fake, but its address is exchanged for one in this process, so that thousands of answers are quick.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use fake_interpreters::{Preset, place};
use plugin_host::environment::Environment;
use plugin_host::handshake::{Address, line};
use plugin_host::hooks::Hooks;
use plugin_host::hooks::table::{Effect, row};
use plugin_host::ids::PluginId;
use plugin_host::memory::Memory;
use plugin_host::options::HostOptions;
use plugin_proto::pb::ImplementedResponse;
use plugin_proto::serve::{Listener, Serving, start};
use plugin_proto::{Form, HOOKS, Methods, Shape, reflect};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use prost::Message as _;
use tempfile::TempDir;

use crate::world::{fake, patient};

struct Answering {
    answer: Arc<Mutex<Bytes>>,
    environment: Environment,
    id: PluginId,
    _serving: Serving,
    _folder: TempDir,
}

impl Answering {
    /// A plugin that has every hook and answers each with the bytes of the moment.
    async fn start() -> Self {
        let answer: Arc<Mutex<Bytes>> = Arc::default();
        let mut methods = Methods::new();
        let current = answer.clone();
        methods.fallback(move |call| {
            let own = match call.path.rsplit('/').next() {
                Some("Implemented") => ImplementedResponse {
                    error: None,
                    hooks: HOOKS
                        .iter()
                        .skip(1)
                        .map(|hook| hook.name.to_owned())
                        .collect(),
                }
                .encode_to_vec()
                .into(),
                _ => current.lock().unwrap().clone(),
            };
            async move { Ok(own) }
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let serving = start(Listener::Tcp(listener), methods.into_service());
        let folder = tempfile::tempdir().unwrap();
        let script = Preset::Good.script();
        let plugin = place(
            &folder.path().join("plugin"),
            fake(),
            "com.example.bytes",
            &script,
        );
        let options = HostOptions {
            timing: patient(),
            read_handshake: Some(Arc::new(move |bytes| {
                let mut handshake = line::parse(bytes)?;
                let host = "127.0.0.1".to_owned();
                handshake.address = Address::Tcp { host, port };
                Ok(handshake)
            })),
            ..HostOptions::default()
        };
        let environment = Environment::new(options, Arc::new(Memory::default())).unwrap();
        environment
            .activate(&plugin.unwrap().directory)
            .await
            .unwrap();
        Self {
            answer,
            environment,
            id: PluginId::parse("com.example.bytes").unwrap(),
            _serving: serving,
            _folder: folder,
        }
    }

    /// Every hook is called once; what does not decode is no answer.
    async fn check(&self, hooks: &Hooks, bytes: &[u8]) -> Result<(), TestCaseError> {
        *self.answer.lock().unwrap() = Bytes::copy_from_slice(bytes);
        for hook in HOOKS
            .iter()
            .skip(1)
            .filter(|hook| hook.shape != Shape::Stream)
        {
            let outcome = hooks.call_raw(hook, Bytes::new()).await;
            let decodes = reflect::to_json(hook, Form::Response, bytes).is_ok();
            let word = outcome.word();
            let effect = row(hook).unwrap().effect;
            let holds_json = matches!(effect, Effect::Configuration | Effect::Email);
            let expected: &[&str] = match (decodes, holds_json, hook.has_error) {
                (false, _, _) => &["violation"],
                // Its JSON may be none, or there may be none in the request to write it into.
                (true, true, _) => &["answered", "refused", "violation"],
                (true, false, true) => &["answered", "refused"],
                (true, false, false) => &["answered"],
            };
            prop_assert!(
                expected.contains(&word),
                "{}: {outcome} for {bytes:?}",
                hook.name
            );
        }
        Ok(())
    }
}

/// Bytes at random, and pieces of messages, which get further.
fn answers() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..6),
        (1_u8..6, proptest::collection::vec(any::<u8>(), 0..12)).prop_map(|(field, bytes)| {
            let mut piece = vec![field << 3 | 2, u8::try_from(bytes.len()).unwrap()];
            piece.extend(bytes);
            piece
        }),
        (1_u8..6, 0_u8..8).prop_map(|(field, kind)| vec![field << 3 | kind]),
        Just(vec![0x0a, 0]),
    ];
    proptest::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn bytes_are_an_answer_a_refusal_or_a_violation() {
    let plugin = Answering::start().await;
    let hooks = plugin.environment.hooks(&plugin.id).unwrap();
    let mut runner = TestRunner::new(Config {
        cases: 40,
        failure_persistence: None,
        ..Config::default()
    });
    let handle = tokio::runtime::Handle::current();
    let tested = tokio::task::block_in_place(|| {
        runner.run(&answers(), |bytes| {
            handle.block_on(plugin.check(&hooks, &bytes))
        })
    });
    tested.unwrap();
    assert_eq!(
        plugin.environment.status(&plugin.id).unwrap().state.word(),
        "running"
    );
    plugin.environment.shutdown().await;
}
