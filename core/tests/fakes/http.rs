//! HTTP requests to a running plugin: both bodies whole, every other end named.

use std::time::{Duration, Instant};

use bytes::Bytes;
use fake_interpreters::Script;
use fake_interpreters::journal::Event;
use fake_interpreters::script::{HttpMessage, HttpStep, Serve, SignalName};
use futures_util::stream;
use plugin_host::hooks::{FailureKind, HttpAnswer, Outcome};
use plugin_proto::duplex::BoxError;
use plugin_proto::pb::ServeHttpRequestInit;
use rstest::rstest;
use tokio::sync::mpsc;

use crate::exchange::{answered, counted, failed, head, last, piece, whole};
use crate::world::{LONG, World};

/// The deadline of the streams that stand still.
const STILL: Duration = Duration::from_millis(300);

async fn world(steps: impl IntoIterator<Item = HttpStep>, within: Duration) -> World {
    let script = Script::serving(Serve::good().http(steps));
    let world = World::timed(&script, |timing| {
        timing.hooks.insert("ServeHTTP".to_owned(), within);
    });
    world.activate().await.unwrap();
    world
}

type Pieces = Vec<Result<Bytes, BoxError>>;

async fn ask(world: &World, pieces: Pieces) -> Outcome<HttpAnswer> {
    let hooks = world.environment.hooks(&world.id).unwrap();
    let head = ServeHttpRequestInit {
        method: "POST".to_owned(),
        url: "/hello?x=1".to_owned(),
        ..ServeHttpRequestInit::default()
    };
    hooks.serve_http(head, stream::iter(pieces)).await
}

#[tokio::test]
async fn an_upload_comes_back_as_it_went() {
    let world = world([HttpStep::Echo {}], LONG).await;
    let sent: Vec<u8> = (0..1_000_003_u32).map(|at| (at % 251) as u8).collect();
    let pieces = sent
        .chunks(99_991)
        .map(|piece| Ok(Bytes::copy_from_slice(piece)));
    let mut answer = answered(ask(&world, pieces.collect()).await);
    assert_eq!(answer.head.status_code, 200);
    assert!(
        whole(&mut answer).await.unwrap() == sent,
        "the body differs"
    );
    let request = world
        .journal()
        .into_iter()
        .find_map(|entry| match entry.event {
            Event::HttpRequest {
                bytes,
                largest,
                inits,
                complete,
                ..
            } => Some((bytes, largest, inits, complete)),
            _ => None,
        });
    assert_eq!(request, Some((sent.len(), 64 * 1024, 1, true)));
    assert_eq!(counted(&world), (1, 0));
}

#[tokio::test]
async fn an_answer_may_come_while_the_request_is_still_on_its_way() {
    let world = world([head(), piece(), HttpStep::Read {}, last()], LONG).await;
    let hooks = world.environment.hooks(&world.id).unwrap();
    let (sender, receiver) = mpsc::channel::<Result<Bytes, BoxError>>(1);
    let body = stream::unfold(receiver, |mut receiver| async {
        Some((receiver.recv().await?, receiver))
    });
    let mut answer = answered(
        hooks
            .serve_http(ServeHttpRequestInit::default(), body)
            .await,
    );
    let first = answer.body.next().await.unwrap().unwrap();
    assert_eq!(first.bytes, "x");
    sender.send(Ok("late".into())).await.unwrap();
    drop(sender);
    assert_eq!(whole(&mut answer).await.unwrap(), b"y");
}

#[rstest]
#[case::nothing(vec![], 502, "before its first message")]
#[case::no_init(vec![piece(), last()], 502, "no init")]
#[case::odd_status(vec![HttpMessage::head(42).step(), last()], 500, "status 42")]
#[case::interim(vec![HttpMessage::head(103).step(), last()], 500, "103 is an interim one")]
#[case::bad_name(vec![HttpMessage::head(200).header("Bad Name", "x").step(), last()], 502, "\"Bad Name\"")]
#[case::bad_value(vec![HttpMessage::head(200).header("X-Bad", "a\r\nSet-Cookie: b").step(), last()], 502, "X-Bad")]
#[case::large(vec![HttpMessage::head(200).header("X-Large", &"v".repeat(300_000)).step(), last()], 502, "at most")]
#[case::bad_length(vec![HttpMessage::head(200).header("Content-Length", "two").step(), last()], 502, "two")]
#[case::longer_at_once(vec![HttpMessage::head(200).header("Content-Length", "2").with("xyz").complete().step()], 502, "at least 3")]
#[case::shorter_at_once(vec![HttpMessage::head(200).header("Content-Length", "4").with("xyz").complete().step()], 502, "complete after 3")]
#[tokio::test]
async fn an_answer_without_a_head_that_can_be_passed_on_is_none(
    #[case] steps: Vec<HttpStep>,
    #[case] status: u16,
    #[case] text: &str,
) {
    let world = world(steps, LONG).await;
    let failure = failed(ask(&world, Pieces::new()).await);
    assert_eq!(failure.http_status().as_u16(), status, "{failure}");
    assert!(failure.text.contains(text), "{failure}");
    assert_eq!(counted(&world), (0, 1));
}

#[rstest]
#[case::half_closed(vec![head(), piece()], "violation", "without body_complete")]
#[case::second_init(vec![head(), piece(), head(), last()], "violation", "init again")]
#[case::data_after(vec![head(), piece(), last(), piece()], "violation", "follows the one with body_complete")]
#[case::twice(vec![head(), piece(), last(), last()], "violation", "second time")]
#[case::large(vec![head(), piece(), HttpMessage::piece("z", 5 << 20).step()], "violation", "at most")]
#[case::status(vec![head(), piece(), HttpStep::Status(fake_interpreters::script::Refused { code: "DATA_LOSS".to_owned(), message: "gone".to_owned() })], "status", "gone")]
#[case::exit(vec![head(), piece(), HttpStep::Exit { code: 3 }], "unavailable", "")]
#[case::killed(vec![head(), piece(), HttpStep::Raise { signal: SignalName::Kill }], "unavailable", "")]
#[case::cut(vec![head(), piece(), HttpStep::Close {}], "unavailable", "")]
#[case::hang(vec![head(), piece(), HttpStep::Hang {}], "deadline", "no answer within")]
#[tokio::test]
async fn an_answer_that_is_not_whole_is_named(
    #[case] steps: Vec<HttpStep>,
    #[case] word: &str,
    #[case] text: &str,
) {
    let within = if word == "deadline" { STILL } else { LONG };
    let world = world(steps, within).await;
    let began = Instant::now();
    let mut answer = answered(ask(&world, Pieces::new()).await);
    let (body, failure) = whole(&mut answer).await.unwrap_err();
    assert_eq!(failure.kind.word(), word, "{failure}");
    assert!(failure.text.contains(text), "{failure}");
    assert!(body.starts_with(b"x"), "{body:?}");
    assert!(began.elapsed() < LONG, "it took as long as the deadline");
    assert_eq!(counted(&world), (0, 1));
    assert_eq!(answer.body.next().await, Ok(None), "it is said once");
}

#[tokio::test]
async fn a_plugin_that_never_answers_is_late() {
    let world = world([HttpStep::Hang {}], STILL).await;
    let failure = failed(ask(&world, Pieces::new()).await);
    assert_eq!(failure.kind, FailureKind::Deadline, "{failure}");
}

#[tokio::test]
async fn a_request_that_breaks_off_is_never_taken_for_the_whole() {
    let world = world([HttpStep::Read {}, head(), last()], LONG).await;
    let pieces: Pieces = vec![Ok("half".into()), Err("the client went away".into())];
    let failure = failed(ask(&world, pieces).await);
    assert_eq!(failure.kind, FailureKind::RequestBroken, "{failure}");
    assert!(failure.text.contains("the client went away"), "{failure}");
    let read = |entry: &fake_interpreters::journal::Entry| {
        matches!(entry.event, Event::HttpRequest { .. })
    };
    assert!(!world.journal().iter().any(read));
}

#[tokio::test]
async fn a_dropped_answer_cancels_the_call() {
    let world = world(
        [head(), piece(), HttpStep::Read {}, HttpStep::Hang {}],
        LONG,
    )
    .await;
    let hooks = world.environment.hooks(&world.id).unwrap();
    let body = stream::pending::<Result<Bytes, BoxError>>();
    let answer = answered(
        hooks
            .serve_http(ServeHttpRequestInit::default(), body)
            .await,
    );
    drop(answer);
    let until = Instant::now() + LONG;
    let ended = |entry: &fake_interpreters::journal::Entry| match &entry.event {
        Event::Abandoned { path } | Event::Answered { path, .. } => path.ends_with("/ServeHTTP"),
        _ => false,
    };
    while !world.journal().iter().any(ended) {
        assert!(Instant::now() < until, "the plugin never learns of it");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(counted(&world), (0, 1));
}

#[tokio::test]
async fn a_plugin_without_the_hook_gets_no_request() {
    let world = World::script(&Script::serving(Serve::good()));
    world.activate().await.unwrap();
    let outcome = ask(&world, Pieces::new()).await;
    assert!(matches!(outcome, Outcome::NotImplemented));
    assert!(!world.rpcs().contains(&"ServeHTTP".to_owned()));
}
