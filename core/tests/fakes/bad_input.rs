//! Bad input at every seam: what a plugin answers, announces and asks for, against the rules. Each costs one call and nothing more.

use bytes::Bytes;
use fake_interpreters::Script;
use fake_interpreters::journal::Event;
use fake_interpreters::script::{Answer, Repeated, Serve, Wire};
use futures_util::future::join_all;
use plugin_host::environment::ActivateError;
use plugin_host::event::What;
use plugin_host::hooks::Outcome;
use plugin_proto::Rpc as _;
use plugin_proto::codec::MAX_MESSAGE;
use plugin_proto::hook::{
    ExecuteCommand, MessageHasBeenPosted, MessageWillBePosted, OnActivate, OnPluginClusterEvent,
};
use plugin_proto::pb::{
    ExecuteCommandRequest, MessageHasBeenPostedRequest, MessageWillBePostedRequest,
    MessageWillBePostedResponse, Post,
};
use prost::Message as _;
use rstest::rstest;
use tokio::time::timeout;

use crate::world::{LONG, SHORT, World};

const MIB: usize = 1024 * 1024;

/// The outcome of one hook, after which the same process answers the next one.
async fn survived(world: &World) -> Outcome<Bytes> {
    let hooks = world.environment.hooks(&world.id).unwrap();
    let outcome = hooks
        .call_raw(MessageWillBePosted::METHOD, Bytes::new())
        .await;
    // Each of a few calls at once: what broke one connection may break what shares it, and only that.
    for _ in 0..2 {
        let next = hooks.call_raw(MessageHasBeenPosted::METHOD, Bytes::new());
        let next = timeout(LONG, next).await.unwrap();
        assert_eq!(next.word(), "answered", "after {outcome}: {next}");
    }
    assert_eq!((world.state(), world.starts()), ("running", 1), "{outcome}");
    outcome
}

async fn answered(answer: Answer) -> Outcome<Bytes> {
    let script = Script::serving(Serve::good().hook("MessageWillBePosted", answer));
    let world = World::script(&script);
    world.activate().await.unwrap();
    survived(&world).await
}

#[rstest]
#[case::compressed(Wire::Compressed, "violation", "compressed")]
#[case::odd_flag(Wire::OddFlag, "violation", "byte 7")]
#[case::short(Wire::Short, "violation", "2 bytes of a message of 100")]
#[case::huge(Wire::Huge, "violation", "4294967295")]
#[case::trailing(Wire::Trailing, "violation", "follow")]
#[case::no_message(Wire::NoMessage, "violation", "no message")]
#[case::odd_status(Wire::OddStatus, "violation", "banana")]
#[case::page(Wire::Page, "violation", "text/html")]
#[case::http_503(Wire::Http503, "unavailable", "503")]
#[case::big_headers(Wire::BigHeaders, "unavailable", "protocol error")]
#[case::reset(Wire::Reset, "unavailable", "")]
#[case::go_away(Wire::GoAway, "unavailable", "")]
#[case::garbage(Wire::Garbage, "unavailable", "")]
#[tokio::test]
async fn an_answer_against_the_rules_fails_alone(
    #[case] wire: Wire,
    #[case] word: &str,
    #[case] says: &str,
) {
    let outcome = answered(Answer::Wire(wire)).await;
    assert_eq!(outcome.word(), word, "{outcome}");
    assert!(outcome.to_string().contains(says), "{outcome}");
}

#[rstest]
#[case::go_away(Wire::GoAway)]
#[case::garbage(Wire::Garbage)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_call_after_a_broken_one_is_begun_on_a_connection_that_lives(#[case] wire: Wire) {
    let script = Script::serving(Serve::good().hook("MessageWillBePosted", Answer::Wire(wire)));
    let world = World::script(&script);
    world.activate().await.unwrap();
    for _ in 0..30 {
        assert_eq!(survived(&world).await.word(), "unavailable");
    }
}

#[tokio::test]
async fn calls_that_share_a_broken_connection_all_end() {
    let serve = Serve::good()
        .hook("ExecuteCommand", Answer::Hang)
        .hook("MessageWillBePosted", Answer::Wire(Wire::Garbage));
    let world = World::script(&Script::serving(serve));
    world.activate().await.unwrap();
    let hooks = world.environment.hooks(&world.id).unwrap();
    let hanging: Vec<_> = (0..8)
        .map(|_| {
            let hooks = hooks.clone();
            tokio::spawn(async move {
                hooks
                    .call::<ExecuteCommand>(ExecuteCommandRequest::default())
                    .await
            })
        })
        .collect();
    let arrived = async {
        while world
            .rpcs()
            .iter()
            .filter(|rpc| *rpc == "ExecuteCommand")
            .count()
            < 8
        {
            tokio::task::yield_now().await;
        }
    };
    timeout(LONG, arrived).await.unwrap();
    assert_eq!(survived(&world).await.word(), "unavailable");
    for outcome in join_all(hanging).await {
        let outcome = outcome.unwrap();
        assert_eq!(outcome.word(), "unavailable", "{outcome}");
    }
}

#[tokio::test]
async fn sixty_four_mebibytes_go_both_ways() {
    // The rejection reason is text, field 2.
    let script = Script::serving(
        Serve::good().hook("MessageWillBePosted", Answer::long_field(2, b'x', 64 * MIB)),
    );
    let world = World::script(&script);
    world.activate().await.unwrap();
    match survived(&world).await {
        Outcome::Answered(answer) => {
            let answer = MessageWillBePostedResponse::decode(answer).unwrap();
            assert_eq!(answer.rejection_reason.len(), 64 * MIB);
        }
        outcome => panic!("{outcome}"),
    }
    let post = Post {
        message: "y".repeat(64 * MIB),
        ..Post::default()
    };
    let request = MessageHasBeenPostedRequest {
        post: Some(post),
        ..MessageHasBeenPostedRequest::default()
    };
    let hooks = world.environment.hooks(&world.id).unwrap();
    let outcome = hooks.call::<MessageHasBeenPosted>(request).await;
    assert_eq!(outcome.word(), "answered", "{outcome}");
    let arrived = |entry: &fake_interpreters::journal::Entry| matches!(&entry.event, Event::Rpc { message, .. } if message.len > 64 * MIB);
    assert!(world.journal().iter().any(arrived));
}

#[tokio::test]
async fn what_is_larger_than_the_limit_is_refused_by_both_numbers() {
    let outcome = answered(Answer::Wire(Wire::Huge)).await;
    let says = outcome.to_string();
    assert_eq!(outcome.word(), "violation", "{says}");
    assert!(says.contains(&MAX_MESSAGE.to_string()), "{says}");
    assert!(says.contains(&u32::MAX.to_string()), "{says}");

    let world = World::script(&Script::serving(Serve::good()));
    world.activate().await.unwrap();
    let hooks = world.environment.hooks(&world.id).unwrap();
    // A message all the same: what does not decode might hide a secret, and would not be sent for that.
    let mut request = vec![0x7a];
    prost::encoding::encode_varint((MAX_MESSAGE - 4) as u64, &mut request);
    request.resize(MAX_MESSAGE + 1, 0);
    let outcome = hooks
        .call_raw(MessageWillBePosted::METHOD, request.into())
        .await;
    let says = outcome.to_string();
    assert_eq!(outcome.word(), "status", "{says}");
    assert!(says.contains(&MAX_MESSAGE.to_string()), "{says}");
    assert!(says.contains(&(MAX_MESSAGE + 1).to_string()), "{says}");
    assert!(!world.rpcs().contains(&"MessageWillBePosted".to_owned()));
    let _ = survived(&world).await;
}

#[rstest]
#[case::garbage(b"\xff\xff\xff".to_vec())]
#[case::cut(vec![0x12, 5, b'x'])]
#[case::text_that_is_none(vec![0x12, 2, 0xc3, 0x28])]
#[case::trailing(vec![0x12, 1, b'x', 0xff])]
#[case::wrong_type(vec![0x10, 1])]
#[case::group(vec![0x13])]
#[tokio::test]
async fn an_answer_that_does_not_decode_is_a_violation(#[case] bytes: Vec<u8>) {
    let script = Script::serving(Serve::good().hook("MessageWillBePosted", Answer::Raw(bytes)));
    let world = World::script(&script);
    world.activate().await.unwrap();
    let _ = survived(&world).await;
    let hooks = world.environment.hooks(&world.id).unwrap();
    let request = MessageWillBePostedRequest::default();
    let outcome = hooks.call::<MessageWillBePosted>(request).await;
    assert_eq!(outcome.word(), "violation", "{outcome}");
}

async fn refused(serve: Serve) -> (ActivateError, World) {
    let mut world = World::script(&Script::serving(serve));
    let error = timeout(LONG, world.activate()).await.unwrap().unwrap_err();
    world.expect_nothing_left().await;
    (error, world)
}

#[rstest]
#[case::garbage(Answer::Raw(vec![0xff]), "violation")]
#[case::name_that_is_no_text(Answer::Raw(vec![0x12, 2, 0xc3, 0x28]), "violation")]
#[case::frame(Answer::Wire(Wire::Compressed), "compress")]
#[case::page(Answer::Wire(Wire::Page), "text/html")]
#[case::go_away(Answer::Wire(Wire::GoAway), "unavailable")]
#[case::too_large(Answer::Wire(Wire::Huge), "105906176")]
#[tokio::test]
async fn a_list_of_hooks_that_is_none_ends_the_start(#[case] answer: Answer, #[case] says: &str) {
    let (error, _) = refused(Serve::good().implemented_answer(answer)).await;
    assert_eq!(error.kind(), "hook.implemented", "{error}");
    assert!(error.to_string().contains(says), "{error}");
}

#[rstest]
#[case::garbage(Answer::Raw(vec![0xff]), "activate.violation")]
#[case::error_that_is_no_text(Answer::Raw(vec![0x0a, 4, 0x0a, 2, 0xc3, 0x28]), "activate.violation")]
#[case::frame(Answer::Wire(Wire::Short), "activate.violation")]
#[case::reset(Answer::Wire(Wire::Reset), "activate.unavailable")]
#[tokio::test]
async fn an_activation_that_is_answered_with_nonsense_ends_the_start(
    #[case] answer: Answer,
    #[case] kind: &str,
) {
    let (error, _) = refused(Serve::good().hook(OnActivate::METHOD.name, answer)).await;
    assert_eq!(error.kind(), kind, "{error}");
}

#[tokio::test]
async fn a_million_names_are_as_good_as_ten() {
    let mut head_hex = Vec::new();
    for name in ["OnActivate", "MessageWillBePosted", "MessageHasBeenPosted"] {
        head_hex.extend([0x12, u8::try_from(name.len()).unwrap()]);
        head_hex.extend(name.bytes());
    }
    let names = Answer::Repeated(Repeated {
        head_hex,
        unit_hex: b"\x12\x0aOnActivate\x12\x06no-one\x12\x00".to_vec(),
        times: 333_333,
    });
    let mut world = World::script(&Script::serving(Serve::good().implemented_answer(names)));
    world.activate().await.unwrap();
    let _ = survived(&world).await;
    let told = world
        .event(|what| matches!(what, What::Implemented { .. }))
        .await;
    match told {
        What::Implemented {
            names,
            unknown,
            repeated,
            ..
        } => {
            assert_eq!(names.len(), 3);
            assert_eq!(unknown, ["no-one", ""]);
            assert_eq!(repeated, ["OnActivate", "no-one", ""]);
        }
        _ => unreachable!("it was asked for"),
    }
}

#[tokio::test]
async fn an_answer_after_the_deadline_is_dropped() {
    let late = Answer::Value(serde_json::json!({"rejection_reason": "late"})).after(200);
    let serve = Serve::good()
        .hook("MessageWillBePosted", late)
        .hook("ExecuteCommand", Answer::error("own", "answer"));
    let world = World::timed(&Script::serving(serve), |timing| {
        timing.hooks.insert("MessageWillBePosted".to_owned(), SHORT);
    });
    world.activate().await.unwrap();
    let hooks = world.environment.hooks(&world.id).unwrap();
    for _ in 0..5 {
        let (first, second) = tokio::join!(
            hooks.call::<MessageWillBePosted>(MessageWillBePostedRequest::default()),
            hooks.call::<ExecuteCommand>(ExecuteCommandRequest::default()),
        );
        assert_eq!(first.word(), "deadline", "{first}");
        assert_eq!(second.word(), "refused", "{second}");
    }
    let ended = |entry: &fake_interpreters::journal::Entry| matches!(&entry.event, Event::Answered { path, .. } | Event::Abandoned { path } if path == MessageWillBePosted::METHOD.path);
    let all = async {
        while world.journal().iter().filter(|entry| ended(entry)).count() < 5 {
            tokio::task::yield_now().await;
        }
    };
    timeout(LONG, all).await.unwrap();
    let outcome = hooks
        .call::<ExecuteCommand>(ExecuteCommandRequest::default())
        .await;
    assert_eq!(outcome.word(), "refused", "{outcome}");
}

#[tokio::test]
async fn a_hook_that_was_not_announced_is_not_called_whatever_is_sent() {
    let world = World::script(&Script::serving(Serve::good()));
    world.activate().await.unwrap();
    let hooks = world.environment.hooks(&world.id).unwrap();
    for name in [
        "",
        "onactivate",
        "Implemented",
        "OnActivate\0",
        "NoSuchHook",
    ] {
        assert!(!hooks.implements(name), "{name:?}");
    }
    let outcome = hooks
        .call_raw(OnPluginClusterEvent::METHOD, Bytes::from_static(b"\xff"))
        .await;
    assert_eq!(outcome, Outcome::NotImplemented);
}

#[tokio::test]
async fn health_that_is_nonsense_is_unhealthy_and_nothing_more() {
    for answer in [
        Answer::Raw(vec![0xff]),
        Answer::Raw(vec![0x08, 99]),
        Answer::Wire(Wire::Short),
        Answer::Wire(Wire::Page),
    ] {
        let serve = Serve::good().hook(plugin_proto::health::CHECK, answer.clone());
        let world = World::script(&Script::serving(serve));
        world.activate().await.unwrap();
        let health = world.environment.check_health(&world.id).await.unwrap();
        assert_ne!(health.word(), "SERVING", "{answer:?}");
        assert_eq!(survived(&world).await.word(), "answered", "{answer:?}");
    }
}
