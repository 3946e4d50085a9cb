//! What surrounds a call: limits, cancellation, counting, spans, and what is refused before there is a host.

use std::sync::Arc;

use fake_interpreters::Script;
use fake_interpreters::script::{Answer, Serve};
use plugin_host::environment::Environment;
use plugin_host::event::What;
use plugin_host::hooks::{FailureKind, Outcome};
use plugin_host::memory::Memory;
use plugin_host::metrics::Kind;
use plugin_host::options::HostOptions;
use plugin_host::policy::{CallLimit, HookPolicy, OnFailure};
use plugin_proto::hook::{
    ConfigurationWillBeSaved, ExecuteCommand, MessageHasBeenPosted, MessageWillBePosted,
    UserWillLogIn,
};
use plugin_proto::pb::{
    ConfigurationWillBeSavedRequest, ExecuteCommandRequest, MessageHasBeenPostedRequest,
    MessageWillBePostedRequest, PluginContext, RequestContext, UserWillLogInRequest,
};
use serde_json::json;

use crate::world::{Setting, World};

fn hanging() -> Script {
    let serve = Serve::good()
        .hook("MessageWillBePosted", Answer::Hang)
        .hook("MessageHasBeenPosted", Answer::empty())
        .hook("UserWillLogIn", Answer::status("INTERNAL", "broken"));
    Script::serving(serve)
}

/// A plugin of which one hook hangs, and that call.
async fn with_a_call_under_way(world: &mut World) -> tokio::task::JoinHandle<&'static str> {
    world.activate().await.unwrap();
    let hooks = world.environment.hooks(&world.id).unwrap();
    let call = tokio::spawn(async move {
        let request = MessageWillBePostedRequest::default();
        hooks.call::<MessageWillBePosted>(request).await.word()
    });
    world
        .event(
            |what| matches!(what, What::HookStarted { hook, .. } if hook == "MessageWillBePosted"),
        )
        .await;
    call
}

#[tokio::test]
async fn a_plugin_that_has_its_hands_full_is_deactivated_all_the_same() {
    let setting = Setting {
        hooks: HookPolicy {
            calls: Some(CallLimit {
                concurrent: 1,
                queued: 0,
            }),
            ..HookPolicy::default()
        },
        ..Setting::default()
    };
    let mut world = World::new(&hanging(), setting);
    let call = with_a_call_under_way(&mut world).await;
    let hooks = world.environment.hooks(&world.id).unwrap();
    let request = MessageHasBeenPostedRequest::default();
    match hooks.call::<MessageHasBeenPosted>(request).await {
        Outcome::Failed(failure) => assert_eq!(failure.kind, FailureKind::Overloaded),
        outcome => panic!("{outcome}"),
    }
    world.environment.deactivate(&world.id).await.unwrap();
    assert!(world.rpcs().contains(&"OnDeactivate".to_owned()));
    assert_eq!(call.await.unwrap(), "unavailable");
}

#[tokio::test]
async fn a_cancelled_call_has_an_end_and_is_no_success() {
    let mut world = World::script(&hanging());
    let call = with_a_call_under_way(&mut world).await;
    call.abort();
    world
        .event(|what| {
            matches!(what, What::HookEnded { hook, outcome, .. } if hook == "MessageWillBePosted" && outcome == "cancelled")
        })
        .await;
    let snapshot = world.environment.metrics().snapshot();
    let counted: Vec<_> = snapshot
        .samples
        .iter()
        .filter(|sample| sample.kind == Kind::Hook && sample.name == "MessageWillBePosted")
        .map(|sample| (sample.success, sample.histogram.count))
        .collect();
    assert_eq!(counted, [(false, 1)]);
}

#[tokio::test]
#[tracing_test::traced_test]
async fn what_is_logged_within_a_call_names_plugin_hook_and_request() {
    let world = World::script(&hanging());
    world.activate().await.unwrap();
    let hooks = world.environment.hooks(&world.id).unwrap();
    let first = UserWillLogInRequest {
        context: Some(RequestContext {
            request_id: "outer-1".to_owned(),
            ..RequestContext::default()
        }),
        ..UserWillLogInRequest::default()
    };
    let second = UserWillLogInRequest {
        plugin_context: Some(PluginContext {
            request_id: "inner-2".to_owned(),
            ..PluginContext::default()
        }),
        ..UserWillLogInRequest::default()
    };
    for request in [first, second] {
        let outcome = hooks.call::<UserWillLogIn>(request).await;
        assert_eq!(outcome.word(), "status", "{outcome}");
    }
    for request_id in ["outer-1", "inner-2"] {
        logs_assert(|lines: &[&str]| {
            let parts = [
                format!("plugin={}", world.id),
                "hook=\"UserWillLogIn\"".to_owned(),
                format!("request_id=\"{request_id}\""),
                "hook UserWillLogIn failed".to_owned(),
            ];
            // Once as the span's and once as the event's own: at higher levels there is no span.
            let is_told_twice = |line: &str| line.matches(&parts[2]).count() == 2;
            let whole =
                |line: &&&str| parts.iter().all(|part| line.contains(part)) && is_told_twice(line);
            match lines.iter().filter(whole).count() {
                1 => Ok(()),
                count => Err(format!(
                    "{count} lines with {parts:?}:\n{}",
                    lines.join("\n")
                )),
            }
        });
    }
}

#[tokio::test]
async fn a_decision_about_a_hook_that_there_is_not_makes_no_host() {
    let mut hooks = HookPolicy::default();
    let misspelt = "UserWillLogin".to_owned();
    hooks.on_failure.insert(misspelt, OnFailure::Stop);
    let options = HostOptions {
        hooks,
        ..HostOptions::default()
    };
    let error = Environment::new(options, Arc::new(Memory::default())).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    assert!(error.to_string().contains("\"UserWillLogin\""), "{error}");
}

#[tokio::test]
async fn a_fan_out_whose_caller_leaves_is_no_success() {
    let mut world = World::script(&hanging());
    world.activate().await.unwrap();
    let environment = world.environment.clone();
    let fanning = tokio::spawn(async move {
        let request = MessageWillBePostedRequest::default();
        drop(environment.fan_out_as::<MessageWillBePosted>(request).await);
    });
    world
        .event(
            |what| matches!(what, What::HookStarted { hook, .. } if hook == "MessageWillBePosted"),
        )
        .await;
    fanning.abort();
    assert!(fanning.await.unwrap_err().is_cancelled());
    for kind in [Kind::Hook, Kind::Turn, Kind::FanOut] {
        let counted = counted(&world, kind, "MessageWillBePosted");
        assert_eq!(counted, [(false, 1)], "{kind:?}");
    }
}

#[tokio::test]
async fn an_answer_whose_json_is_none_is_counted_as_what_it_is_to_its_caller() {
    let answer = Answer::Value(json!({"modified_config": {"config_json": "WzFd"}}));
    let hook = ["ConfigurationWillBeSaved"];
    let serve = Serve::good().implemented(hook).hook(hook[0], answer);
    let world = World::script(&Script::serving(serve));
    world.activate().await.unwrap();
    let hooks = world.environment.hooks(&world.id).unwrap();
    let request = ConfigurationWillBeSavedRequest::default();
    let ruled = hooks.ask::<ConfigurationWillBeSaved>(request).await;
    assert_eq!(ruled.ruling.word(), "failed");
    let counted = counted(&world, Kind::Hook, "ConfigurationWillBeSaved");
    assert_eq!(counted, [(false, 1)]);
}

#[tokio::test]
async fn a_closed_hook_stays_closed_while_its_plugin_is_down_against_its_will() {
    let serve = Serve::good()
        .hook("UserWillLogIn", Answer::empty())
        .hook("ExecuteCommand", Answer::Exit(9));
    let down = |closed: bool| {
        let mut setting = Setting::default();
        if closed {
            let hook = "UserWillLogIn".to_owned();
            setting.hooks.on_failure.insert(hook, OnFailure::Stop);
        }
        World::new(&Script::serving(serve.clone()), setting)
    };
    for closed in [true, false] {
        let world = down(closed);
        let asked = || async {
            let request = UserWillLogInRequest::default();
            let fanned = world.environment.fan_out_as::<UserWillLogIn>(request).await;
            let fanned = fanned.unwrap();
            (fanned.stopped, fanned.parts.len())
        };
        world.activate().await.unwrap();
        assert_eq!(asked().await, (false, 1));
        let hooks = world.environment.hooks(&world.id).unwrap();
        let crash = hooks.call::<ExecuteCommand>(ExecuteCommandRequest::default());
        assert_eq!(crash.await.word(), "unavailable");
        world.environment.wait_exit(&world.id).await.unwrap();
        let expected = if closed { (true, 1) } else { (false, 0) };
        assert_eq!(asked().await, expected);
        let turns = counted(&world, Kind::Turn, "UserWillLogIn");
        let all: u64 = turns.iter().map(|(_, count)| count).sum();
        assert_eq!(all, if closed { 2 } else { 1 });
        // Stopped on purpose, it has no say.
        world.environment.deactivate(&world.id).await;
        assert_eq!(asked().await, (false, 0));
    }
}

/// What was counted for a hook, by success.
fn counted(world: &World, kind: Kind, hook: &str) -> Vec<(bool, u64)> {
    let snapshot = world.environment.metrics().snapshot();
    let samples = snapshot.samples.iter();
    samples
        .filter(|sample| sample.kind == kind && sample.name == hook)
        .map(|sample| (sample.success, sample.histogram.count))
        .collect()
}
