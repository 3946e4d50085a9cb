//! Crowds, races and circles: many hooks, many plugins, and a host that calls a hook from the middle of an API call.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use fake_interpreters::script::{Answer, ApiOrder, Serve};
use fake_interpreters::{Preset, Script};
use futures_util::future::join_all;
use plugin_host::api::Backend;
use plugin_host::environment::Environment;
use plugin_host::hooks::Outcome;
use plugin_host::ids::PluginId;
use plugin_proto::hook::{ExecuteCommand, MessageHasBeenPosted, MessageWillBePosted};
use plugin_proto::pb::{KvGetResponse, MessageWillBePostedRequest, Post};
use plugin_proto::{Method, Methods, Rpc as _, api};
use tokio::time::timeout;

use crate::world::{LONG, Setting, World, patient};

/// KVGet calls a hook of its plugin before it answers, KVSet stops the plugin, KVDelete starts it again.
#[derive(Default)]
struct Circle {
    environment: OnceLock<Environment>,
    nested: AtomicUsize,
}

/// The circle as a backend.
struct Circling(Arc<Circle>);

impl Backend for Circling {
    fn register(&self, plugin: &PluginId, methods: &mut Methods) {
        let (circle, id) = (self.0.clone(), plugin.clone());
        methods.typed::<api::KVGet, _, _>(move |request| {
            let (circle, id) = (circle.clone(), id.clone());
            async move {
                let environment = circle.environment.get().unwrap();
                let answered = match environment.hooks(&id) {
                    Ok(hooks) => {
                        let hook = hook_named(&request.key);
                        hooks.call_raw(hook, Bytes::new()).await.word()
                    }
                    Err(_) => "not running",
                };
                circle.nested.fetch_add(1, Ordering::Relaxed);
                Ok(KvGetResponse {
                    value: answered.into(),
                    ..KvGetResponse::default()
                })
            }
        });
        for method in [api::KVSet::METHOD, api::KVDelete::METHOD] {
            let (circle, id) = (self.0.clone(), plugin.clone());
            methods.unary(method.path, move |_| {
                let (circle, id) = (circle.clone(), id.clone());
                async move {
                    let environment = circle.environment.get().unwrap();
                    if method == api::KVSet::METHOD {
                        environment.deactivate(&id).await;
                    } else {
                        // Whether it comes up again is for the test to see.
                        let _ = environment.restart(&id).await;
                    }
                    Ok(Bytes::new())
                }
            });
        }
    }
}

fn hook_named(name: &str) -> &'static Method {
    plugin_proto::find_hook(name).unwrap()
}

fn world(serve: Serve) -> (World, Arc<Circle>) {
    let circle = Arc::new(Circle::default());
    let setting = Setting {
        backend: Some(Arc::new(Circling(circle.clone()))),
        ..Setting::default()
    };
    let world = World::new(&Script::serving(serve), setting);
    circle.environment.set(world.environment.clone()).unwrap();
    (world, circle)
}

/// Calls the API in the hook, and answers afterwards.
fn calls(method: &str, key: &str) -> Answer {
    let order = ApiOrder::new(method, serde_json::json!({ "key": key }));
    Answer::Api(order, Box::new(Answer::empty()))
}

#[tokio::test]
async fn a_hook_may_call_the_api_that_calls_a_hook_that_calls_the_api_that_calls_a_hook() {
    let serve = Serve::good()
        .hook("MessageWillBePosted", calls("KVGet", "ExecuteCommand"))
        .hook("ExecuteCommand", calls("KVGet", "MessageHasBeenPosted"));
    let (world, circle) = world(serve);
    world.activate().await.unwrap();
    let hooks = world.environment.hooks(&world.id).unwrap();
    let crowd = (0..16).map(|_| hooks.call_raw(MessageWillBePosted::METHOD, Bytes::new()));
    let outcomes = timeout(LONG, join_all(crowd)).await.unwrap();
    for outcome in outcomes {
        assert_eq!(outcome.word(), "answered", "{outcome}");
    }
    assert_eq!(circle.nested.load(Ordering::Relaxed), 32);
    let told = |method: &Method| {
        let rpcs = world.rpcs();
        rpcs.iter().filter(|rpc| *rpc == method.name).count()
    };
    assert_eq!(told(ExecuteCommand::METHOD), 16);
    assert_eq!(told(MessageHasBeenPosted::METHOD), 16);
}

#[tokio::test]
async fn an_activation_may_call_the_api_that_asks_for_its_hooks() {
    let serve = Serve::good().hook("OnActivate", calls("KVGet", "MessageHasBeenPosted"));
    let (world, circle) = world(serve);
    timeout(LONG, world.activate()).await.unwrap().unwrap();
    assert_eq!(circle.nested.load(Ordering::Relaxed), 1);
    assert!(!world.rpcs().contains(&"MessageHasBeenPosted".to_owned()));
}

#[tokio::test]
async fn a_plugin_may_have_itself_stopped_from_the_middle_of_a_hook() {
    let serve = Serve::good().hook("MessageWillBePosted", calls("KVSet", "k"));
    let (mut world, _) = world(serve);
    world.activate().await.unwrap();
    let hooks = world.environment.hooks(&world.id).unwrap();
    let hook = hooks.call_raw(MessageWillBePosted::METHOD, Bytes::new());
    let outcome = timeout(LONG, hook).await.unwrap();
    // The stop waits for the API call that waits for the stop; its bound, or the plugin's end, lets both go.
    assert_ne!(outcome.word(), "deadline", "{outcome}");
    let down = async {
        while world.state() != "not_running" {
            tokio::task::yield_now().await;
        }
    };
    timeout(LONG, down).await.unwrap();
    world.expect_nothing_left().await;
}

#[tokio::test]
async fn a_plugin_may_have_itself_restarted_from_the_middle_of_a_hook() {
    let serve = Serve::good().hook("MessageWillBePosted", calls("KVDelete", "k"));
    let (world, _) = world(serve);
    world.activate().await.unwrap();
    let hooks = world.environment.hooks(&world.id).unwrap();
    let hook = hooks.call_raw(MessageWillBePosted::METHOD, Bytes::new());
    let outcome = timeout(LONG, hook).await.unwrap();
    assert_ne!(outcome.word(), "deadline", "{outcome}");
    let up_again = async {
        loop {
            let hooks = world.environment.hooks(&world.id);
            if world.starts() == 2
                && let Ok(hooks) = hooks
            {
                let next = hooks.call_raw(MessageHasBeenPosted::METHOD, Bytes::new());
                if next.await.word() == "answered" {
                    return;
                }
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(LONG, up_again).await.unwrap();
}

#[tokio::test]
async fn sixty_four_hooks_at_once_each_get_their_own_answer() {
    let world = World::preset(Preset::Testee);
    world.activate().await.unwrap();
    let hooks = world.environment.hooks(&world.id).unwrap();
    let crowd = (0..64).map(|number| {
        let post = Post {
            message: format!("conformance n{number} reject {number}"),
            ..Post::default()
        };
        hooks.call::<MessageWillBePosted>(MessageWillBePostedRequest {
            post: Some(post),
            ..MessageWillBePostedRequest::default()
        })
    });
    for (number, outcome) in join_all(crowd).await.into_iter().enumerate() {
        match outcome {
            Outcome::Answered(answer) => assert_eq!(answer.rejection_reason, number.to_string()),
            outcome => panic!("{outcome}"),
        }
    }
}

#[tokio::test]
async fn hooks_during_a_restart_end_and_those_after_it_are_answered() {
    let serve = Serve::good()
        .hook("OnDeactivate", Answer::empty().after(150))
        .hook("MessageWillBePosted", Answer::empty().after(5));
    let world = World::script(&Script::serving(serve));
    world.activate().await.unwrap();
    for _ in 0..3 {
        let restart = world.environment.restart(&world.id);
        let hooks = async {
            for _ in 0..40 {
                if let Ok(hooks) = world.environment.hooks(&world.id) {
                    let crowd =
                        (0..4).map(|_| hooks.call_raw(MessageWillBePosted::METHOD, Bytes::new()));
                    for outcome in timeout(LONG, join_all(crowd)).await.unwrap() {
                        let word = outcome.word();
                        assert!(["answered", "unavailable"].contains(&word), "{outcome}");
                    }
                }
                tokio::task::yield_now().await;
            }
        };
        let (restarted, ()) = tokio::join!(restart, hooks);
        restarted.unwrap();
        let hooks = world.environment.hooks(&world.id).unwrap();
        let next = hooks.call_raw(MessageWillBePosted::METHOD, Bytes::new());
        assert_eq!(next.await.word(), "answered");
    }
    assert_eq!(world.starts(), 4);
}

#[tokio::test]
async fn activations_and_deactivations_that_race_leave_one_process_or_none() {
    let mut timing = patient();
    timing.exit_after_shutdown = Duration::from_secs(5);
    let setting = Setting {
        timing: Some(timing),
        ..Setting::default()
    };
    let mut world = World::new(&Preset::Good.script(), setting);
    for round in 0..4 {
        let starts = join_all((0..6).map(|_| world.activate()));
        let stops = join_all((0..6).map(|_| world.environment.deactivate(&world.id)));
        let raced = timeout(LONG, async { tokio::join!(starts, stops) }).await;
        raced.unwrap();
        if round % 2 == 0 {
            world.environment.deactivate(&world.id).await;
            assert_eq!(world.state(), "not_running");
            assert!(world.environment.hooks(&world.id).is_err());
            world.expect_nothing_left().await;
        } else {
            world.activate().await.unwrap();
            let hooks = world.environment.hooks(&world.id).unwrap();
            let hook = hooks.call_raw(MessageHasBeenPosted::METHOD, Bytes::new());
            assert_eq!(hook.await.word(), "answered");
        }
    }
}
