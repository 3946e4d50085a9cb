//! Calls to a running plugin.

use fake_interpreters::script::{Answer, Serve};
use fake_interpreters::{Preset, Script};
use futures_util::future::join_all;
use plugin_host::event::What;
use plugin_host::hooks::Outcome;
use plugin_proto::hook::{
    ExecuteCommand, MessageHasBeenPosted, MessageWillBePosted, UserHasLoggedIn,
};
use plugin_proto::pb::{
    ExecuteCommandRequest, MessageHasBeenPostedRequest, MessageWillBePostedRequest, PluginContext,
    Post, UserHasLoggedInRequest,
};
use plugin_proto::{HOOKS, Rpc as _};
use prost::Message as _;
use rstest::rstest;
use serde_json::json;

use crate::world::{LONG, SHORT, World};

async fn outcome(answer: Answer) -> Outcome<plugin_proto::pb::ExecuteCommandResponse> {
    let hangs = answer == Answer::Hang;
    let script = Script::serving(Serve::good().hook("ExecuteCommand", answer));
    let world = World::timed(&script, |timing| {
        let limit = if hangs { SHORT } else { LONG };
        timing.hooks.insert("ExecuteCommand".to_owned(), limit);
    });
    world.activate().await.unwrap();
    let hooks = world.environment.hooks(&world.id).unwrap();
    hooks
        .call::<ExecuteCommand>(ExecuteCommandRequest::default())
        .await
}

#[rstest]
#[case::answered(Answer::Value(json!({"response": {"text": "hi"}})), "answered")]
#[case::refused(Answer::error("a.b", "no"), "refused")]
#[case::status(Answer::status("PERMISSION_DENIED", "no"), "status")]
#[case::unimplemented(Answer::status("UNIMPLEMENTED", "no"), "unimplemented")]
#[case::unavailable(Answer::status("UNAVAILABLE", "no"), "unavailable")]
#[case::violation(Answer::Raw(vec![0xff]), "violation")]
#[case::deadline(Answer::Hang, "deadline")]
#[case::cut(Answer::Close, "unavailable")]
#[tokio::test]
async fn every_end_is_a_value(#[case] answer: Answer, #[case] word: &str) {
    let outcome = outcome(answer).await;
    assert_eq!(outcome.word(), word, "{outcome}");
}

#[tokio::test]
async fn the_error_of_a_refusal_is_whole() {
    match outcome(Answer::error("a.b", "no")).await {
        Outcome::Refused(error) => {
            assert_eq!(
                (error.id.as_str(), error.message.as_str(), error.status_code),
                ("a.b", "no", 500)
            );
        }
        outcome => panic!("{outcome}"),
    }
}

#[tokio::test]
async fn what_was_not_announced_is_not_called() {
    let script = Script::serving(Serve::default().hook("OnActivate", Answer::empty()));
    let mut world = World::script(&script);
    world.activate().await.unwrap();
    let hooks = world.environment.hooks(&world.id).unwrap();
    let before = world.rpcs();
    for hook in HOOKS.iter().filter(|hook| hook.name != "OnActivate") {
        let outcome = hooks.call_raw(hook, bytes::Bytes::new()).await;
        assert_eq!(outcome, Outcome::NotImplemented, "{}", hook.name);
        assert!(!hooks.implements(hook.name));
    }
    let outcome = hooks
        .call::<UserHasLoggedIn>(UserHasLoggedInRequest::default())
        .await;
    assert_eq!(outcome, Outcome::NotImplemented);
    // The health check of the start may come at any time.
    let without_health = |rpcs: Vec<String>| -> Vec<String> {
        rpcs.into_iter().filter(|rpc| rpc != "Check").collect()
    };
    assert_eq!(without_health(world.rpcs()), without_health(before));
    assert!(
        !world
            .events()
            .iter()
            .any(|what| matches!(what, What::HookStarted { hook, .. } if hook != "OnActivate"))
    );
}

#[tokio::test]
async fn request_and_context_arrive_as_they_were_sent() {
    let world = World::preset(Preset::Good);
    world.activate().await.unwrap();
    let hooks = world.environment.hooks(&world.id).unwrap();
    let request = MessageWillBePostedRequest {
        plugin_context: Some(PluginContext {
            session_id: "s1".to_owned(),
            request_id: "r1".to_owned(),
            ..PluginContext::default()
        }),
        post: Some(Post {
            message: "h\u{f6}i".to_owned(),
            ..Post::default()
        }),
        ..MessageWillBePostedRequest::default()
    };
    let raw = request.encode_to_vec();
    let outcome = hooks.call::<MessageWillBePosted>(request).await;
    assert!(matches!(outcome, Outcome::Answered(_)), "{outcome}");
    let outcome = hooks
        .call_raw(MessageWillBePosted::METHOD, raw.into())
        .await;
    assert!(matches!(outcome, Outcome::Answered(_)), "{outcome}");
    let entries = world.journal();
    let seen: Vec<_> = entries
        .iter()
        .filter(|entry| entry.method() == Some("MessageWillBePosted"))
        .filter_map(fake_interpreters::journal::Entry::request)
        .collect();
    assert_eq!(seen.len(), 2, "{entries:#?}");
    for request in seen {
        assert_eq!(request["post"]["message"], "h\u{f6}i");
        assert_eq!(request["plugin_context"]["session_id"], "s1");
    }
}

#[tokio::test]
async fn calls_do_not_wait_for_each_other() {
    let hang = Answer::Hang;
    let serve = Serve::good()
        .hook("ExecuteCommand", hang)
        .hook("MessageHasBeenPosted", Answer::empty());
    let mut world = World::script(&Script::serving(serve));
    world.activate().await.unwrap();
    let hooks = world.environment.hooks(&world.id).unwrap();
    let hanging = hooks.clone();
    let hanging = tokio::spawn(async move {
        hanging
            .call::<ExecuteCommand>(ExecuteCommandRequest::default())
            .await
    });
    world
        .event(|what| matches!(what, What::HookStarted { hook, .. } if hook == "ExecuteCommand"))
        .await;
    let outcomes = join_all(
        (0..10).map(|_| hooks.call::<MessageHasBeenPosted>(MessageHasBeenPostedRequest::default())),
    )
    .await;
    assert!(outcomes.iter().all(|outcome| outcome.word() == "answered"));
    assert!(!hanging.is_finished());
    hanging.abort();
}

#[tokio::test]
async fn a_connection_that_breaks_is_made_anew_while_the_plugin_lives() {
    let serve = Serve::good().hook("ExecuteCommand", Answer::Close);
    let world = World::script(&Script::serving(serve));
    world.activate().await.unwrap();
    let hooks = world.environment.hooks(&world.id).unwrap();
    let outcome = hooks
        .call::<ExecuteCommand>(ExecuteCommandRequest::default())
        .await;
    assert_eq!(outcome.word(), "unavailable", "{outcome}");
    let outcome = hooks
        .call::<MessageWillBePosted>(MessageWillBePostedRequest::default())
        .await;
    assert_eq!(outcome.word(), "answered", "{outcome}");
    assert_eq!(world.state(), "running");
}

#[tokio::test]
async fn no_hook_is_delivered_after_the_deactivation() {
    let world = World::preset(Preset::Good);
    world.activate().await.unwrap();
    let hooks = world.environment.hooks(&world.id).unwrap();
    world.environment.deactivate(&world.id).await.unwrap();
    // Whoever now has its port must not get its calls.
    world.activate().await.unwrap();
    let request = MessageWillBePostedRequest::default();
    match hooks.call::<MessageWillBePosted>(request).await {
        Outcome::Failed(failure) => {
            assert!(failure.to_string().contains("not active"), "{failure}")
        }
        outcome => panic!("{outcome}"),
    }
    assert!(!world.rpcs().contains(&"MessageWillBePosted".to_owned()));
}
