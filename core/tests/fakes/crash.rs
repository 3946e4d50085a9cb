//! Plugins that end by themselves.

use fake_interpreters::script::{Answer, ApiOrder, Serve, SignalName, Step};
use fake_interpreters::{Preset, Script};
use plugin_host::event::What;
use plugin_host::hooks::{FailureKind, Outcome};
use plugin_host::process::Exit;
use plugin_proto::hook::MessageWillBePosted;
use plugin_proto::pb::MessageWillBePostedRequest;
use rstest::rstest;
use serde_json::json;

use crate::world::World;

async fn expect_crash(world: &mut World, exit: Exit) {
    assert_eq!(world.environment.wait_exit(&world.id).await, Some(exit));
    assert_eq!(world.state(), "failed_to_stay_running");
    let status = world.environment.status(&world.id).unwrap();
    let error = status.error.unwrap();
    assert!(error.contains(&exit.to_string()), "{error}");
    assert_eq!((status.pid, status.exit), (None, Some(exit)));
    assert!(world.environment.hooks(&world.id).is_err());
    let failed = |what: &What| matches!(what, What::StateChanged { state } if state == "failed_to_stay_running");
    world.event(failed).await;
    assert!(
        world
            .environment
            .deactivate(&world.id)
            .await
            .is_none_or(|report| report.already_exited)
    );
    world.expect_nothing_left().await;
}

#[tokio::test]
async fn a_crash_between_hooks_is_noticed_at_once() {
    let mut world = World::preset(Preset::CrashBetweenHooks);
    world.activate().await.unwrap();
    expect_crash(&mut world, Exit::Code(3)).await;
}

#[rstest]
#[case::code(Answer::Exit(0), Exit::Code(0))]
#[case::signal(Answer::Raise(SignalName::Kill), Exit::Signal(9))]
#[tokio::test]
async fn a_crash_in_a_hook_fails_the_call(#[case] answer: Answer, #[case] exit: Exit) {
    let script = Script::serving(Serve::good().hook("MessageWillBePosted", answer));
    let mut world = World::script(&script);
    world.activate().await.unwrap();
    let hooks = world.environment.hooks(&world.id).unwrap();
    for _ in 0..2 {
        let request = MessageWillBePostedRequest::default();
        match hooks.call::<MessageWillBePosted>(request).await {
            Outcome::Failed(failure) => {
                assert_eq!(failure.kind, FailureKind::Unavailable, "{failure}")
            }
            outcome => panic!("{outcome}"),
        }
    }
    expect_crash(&mut world, exit).await;
}

#[tokio::test]
async fn state_in_the_backend_survives_a_crash() {
    let api = |method: &str, request| {
        Step::Api(ApiOrder {
            method: method.to_owned(),
            request,
            label: None,
            target: None,
        })
    };
    let write = api("KVSet", json!({"key": "k", "value": "dg=="}));
    let read = api("KVGet", json!({"key": "k"}));
    let script = Script::serving(Serve::good())
        .wait_for("answered:OnActivate")
        .step(write)
        .exit(1)
        .next_start()
        .check_cookie()
        .listen()
        .serve(Serve::good())
        .step(read)
        .handshake();
    let mut world = World::script(&script);
    let first = world.activate().await.unwrap();
    expect_crash(&mut world, Exit::Code(1)).await;
    let second = world.activate().await.unwrap();
    assert_ne!(first.pid, second.pid);
    assert_eq!(world.state(), "running");
    assert_eq!(world.environment.status(&world.id).unwrap().error, None);
    let entries = world.journal();
    let answer = entries.iter().find_map(|entry| match &entry.event {
        fake_interpreters::journal::Event::Api {
            method, response, ..
        } if method == "KVGet" => response.clone(),
        _ => None,
    });
    assert_eq!(answer.unwrap()["value"], "dg==");
}
