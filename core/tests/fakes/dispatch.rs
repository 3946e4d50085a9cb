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
use plugin_proto::hook::{MessageHasBeenPosted, MessageWillBePosted, UserWillLogIn};
use plugin_proto::pb::{
    MessageHasBeenPostedRequest, MessageWillBePostedRequest, PluginContext, RequestContext,
    UserWillLogInRequest,
};

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
            let whole = |line: &&&str| parts.iter().all(|part| line.contains(part));
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
