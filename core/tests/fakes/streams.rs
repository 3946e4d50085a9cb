//! HTTP requests to a running plugin: who may keep whom waiting, what goes on beside a stream, and what the reference makes of each fault.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use fake_interpreters::Script;
use fake_interpreters::journal::{Entry, Event};
use fake_interpreters::script::{HttpMessage, HttpStep, Serve, Step};
use futures_util::{Stream, StreamExt as _, future, stream};
use plugin_host::event::What;
use plugin_host::hooks::{FailureKind, Hooks, HttpAnswer, Outcome};
use plugin_host::http_rules::BodyPlan;
use plugin_host::policy::{HttpFaults, Policy};
use plugin_host::timing::{HttpTiming, Timing};
use plugin_proto::duplex::BoxError;
use plugin_proto::hook::RunDataRetention;
use plugin_proto::pb::{HttpHeader, PluginContext, RunDataRetentionRequest, ServeHttpRequestInit};
use rstest::rstest;
use tokio::time::timeout;

use crate::exchange::{answered, broken, counted, failed, head, last, piece, whole};
use crate::world::{LONG, Setting, World, patient};

/// The limit of what stands still.
const STILL: Duration = Duration::from_millis(300);

fn timed(http: HttpTiming) -> Setting {
    let timing = Timing { http, ..patient() };
    Setting {
        timing: Some(timing),
        ..Setting::default()
    }
}

/// Limits that are never reached: how a stream ends is waited for, too.
fn endless() -> HttpTiming {
    HttpTiming {
        upload_idle: LONG,
        end: LONG,
        ..HttpTiming::default()
    }
}

fn faulty(http: HttpFaults) -> Setting {
    Setting {
        policy: Policy {
            http,
            ..Policy::default()
        },
        ..timed(endless())
    }
}

async fn world(steps: impl IntoIterator<Item = HttpStep>, setting: Setting) -> World {
    let world = World::new(&Script::serving(Serve::good().http(steps)), setting);
    world.activate().await.unwrap();
    world
}

fn hooks(world: &World) -> Arc<Hooks> {
    world.environment.hooks(&world.id).unwrap()
}

async fn ask<B>(world: &World, body: B) -> Outcome<HttpAnswer>
where
    B: Stream<Item = Result<Bytes, BoxError>> + Send + 'static,
{
    let head = ServeHttpRequestInit::default();
    hooks(world).serve_http(head, body).await
}

fn nothing() -> impl Stream<Item = Result<Bytes, BoxError>> + Send + 'static {
    stream::empty()
}

/// A body that begins and never ends, and something that ends with it.
fn stalling() -> (
    impl Stream<Item = Result<Bytes, BoxError>> + Send + 'static,
    future::BoxFuture<'static, ()>,
) {
    let (held, dropped) = tokio::sync::oneshot::channel::<()>();
    let body = stream::iter([Ok(Bytes::from("begun"))]).chain(stream::once(async move {
        let _held = held;
        future::pending().await
    }));
    let dropped = Box::pin(async move { drop(dropped.await) });
    (body, dropped)
}

/// A body that never ends.
fn endless_body() -> impl Stream<Item = Result<Bytes, BoxError>> + Send + 'static {
    stream::repeat_with(|| Ok(Bytes::from_static(&[7; 60_000])))
}

fn with_length(length: &str) -> HttpStep {
    HttpMessage::head(200)
        .header("Content-Length", length)
        .step()
}

/// Waits for an entry in the fake's journal.
async fn journal(world: &World, wanted: impl Fn(&Event) -> bool) {
    let until = Instant::now() + LONG;
    while !world.journal().iter().any(|entry| wanted(&entry.event)) {
        assert!(Instant::now() < until, "{:#?}", world.journal());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn is_abandoned(event: &Event) -> bool {
    matches!(event, Event::Abandoned { path } if path.ends_with("/ServeHTTP"))
}

fn connections(world: &World) -> usize {
    let is_one = |entry: &&Entry| matches!(entry.event, Event::Connected {});
    world.journal().iter().filter(is_one).count()
}

#[tokio::test]
async fn a_whole_answer_ends_the_request_of_a_client_that_stalls() {
    let world = world([head(), last(), HttpStep::Read {}], timed(endless())).await;
    let (body, dropped) = stalling();
    let mut answer = answered(ask(&world, body).await);
    assert_eq!(whole(&mut answer).await.unwrap(), b"y");
    timeout(LONG, dropped).await.unwrap();
    let ended = |event: &Event| {
        matches!(
            event,
            Event::HttpRequest {
                bytes: 5,
                complete: false,
                ..
            }
        )
    };
    journal(&world, ended).await;
    assert_eq!(counted(&world), (1, 0));
}

#[tokio::test]
async fn a_whole_answer_ends_the_request_that_nobody_reads() {
    let steps = [head(), last()];
    let world = world(steps, timed(endless())).await;
    let (held, dropped) = tokio::sync::oneshot::channel::<()>();
    let body = endless_body().map(move |piece| {
        let _held = &held;
        piece
    });
    let mut answer = answered(ask(&world, body).await);
    assert_eq!(whole(&mut answer).await.unwrap(), b"y");
    timeout(LONG, dropped).await.unwrap().unwrap_err();
}

#[tokio::test]
async fn a_dropped_answer_resets_a_stream_that_the_plugin_does_not_read() {
    let world = world([head(), HttpStep::Hang {}], timed(endless())).await;
    let answer = answered(ask(&world, endless_body()).await);
    // It would go on for ever if nothing held it up.
    drop(answer);
    journal(&world, is_abandoned).await;
    assert_eq!(counted(&world), (0, 1));
}

#[tokio::test]
async fn a_client_that_leaves_before_the_head_resets_the_stream() {
    let world = world([HttpStep::Hang {}], timed(endless())).await;
    let called =
        |event: &Event| matches!(event, Event::Rpc { path, .. } if path.ends_with("/ServeHTTP"));
    tokio::select! {
        outcome = ask(&world, endless_body()) => panic!("{outcome:?}"),
        () = journal(&world, called) => {}
    }
    journal(&world, is_abandoned).await;
    assert_eq!(counted(&world), (0, 1));
}

#[tokio::test]
async fn an_upload_that_stalls_is_no_fault_of_the_plugin() {
    let http = HttpTiming {
        upload_idle: STILL,
        ..endless()
    };
    let world = world([HttpStep::Read {}, head(), last()], timed(http)).await;
    let (body, dropped) = stalling();
    let failure = failed(ask(&world, body).await);
    assert_eq!(failure.kind, FailureKind::RequestStalled, "{failure}");
    assert_eq!(failure.http_status(), 408);
    timeout(LONG, dropped).await.unwrap();
}

#[rstest]
#[case::first_byte(vec![HttpStep::Hang {}], HttpTiming { first_byte: Some(STILL), ..endless() })]
#[case::idle(vec![head(), piece(), HttpStep::Hang {}], HttpTiming { idle: Some(STILL), ..endless() })]
#[case::total(vec![head(), piece(), HttpStep::Hang {}], HttpTiming { total: Some(STILL), ..endless() })]
#[case::nothing_taken(vec![HttpStep::Hang {}], HttpTiming { first_byte: Some(STILL), ..endless() })]
#[tokio::test]
async fn each_limit_of_its_own_ends_a_stream(
    #[case] steps: Vec<HttpStep>,
    #[case] http: HttpTiming,
) {
    let has_head = steps.len() > 1;
    let world = world(steps, timed(http)).await;
    let began = Instant::now();
    let outcome = match has_head {
        true => ask(&world, nothing()).await,
        // The window is full at some time, and then it is the plugin's turn.
        false => ask(&world, endless_body()).await,
    };
    let failure = match outcome {
        Outcome::Answered(mut answer) => broken(&mut answer).await,
        other => failed(other),
    };
    assert_eq!(failure.kind, FailureKind::Deadline, "{failure}");
    assert_eq!(failure.http_status(), 504);
    assert!(began.elapsed() < LONG);
}

#[tokio::test]
async fn the_end_of_a_whole_answer_is_not_waited_for_long() {
    let http = HttpTiming {
        end: STILL,
        ..endless()
    };
    let world = world([head(), last(), HttpStep::Hang {}], timed(http)).await;
    let mut answer = answered(ask(&world, nothing()).await);
    assert_eq!(whole(&mut answer).await.unwrap(), b"y");
    drop(answer);
    journal(&world, is_abandoned).await;
    assert_eq!(counted(&world), (1, 0));
}

#[tokio::test]
async fn who_has_the_whole_answer_need_not_wait_for_its_end() {
    let steps = [
        HttpMessage::head(200).with("all").complete().step(),
        HttpStep::Hang {},
    ];
    let world = world(steps, timed(endless())).await;
    let mut answer = answered(ask(&world, nothing()).await);
    assert!(answer.body.is_whole());
    assert_eq!(answer.body.all_at_once().unwrap(), "all");
    assert_eq!(answer.body.next().await.unwrap().unwrap().bytes, "all");
    drop(answer);
    journal(&world, is_abandoned).await;
    assert_eq!(counted(&world), (1, 0));
}

#[tokio::test]
async fn a_body_that_no_answer_has_can_be_left_alone() {
    let steps = [head(), piece(), HttpStep::Hang {}];
    let world = world(steps, timed(endless())).await;
    let request = ServeHttpRequestInit {
        method: "HEAD".to_owned(),
        ..ServeHttpRequestInit::default()
    };
    let answer = answered(hooks(&world).serve_http(request, nothing()).await);
    assert_eq!(answer.plan.body, BodyPlan::Discard);
    assert!(answer.body.all_at_once().is_none());
    answer.body.discard();
    journal(&world, is_abandoned).await;
    assert_eq!(counted(&world), (1, 0));
}

#[tokio::test]
async fn a_wish_to_flush_comes_with_its_piece() {
    let flushed = |mut message: HttpMessage| {
        message.flush = true;
        message.step()
    };
    let steps = [
        flushed(HttpMessage::head(200)),
        piece(),
        flushed(HttpMessage::piece("f", 1)),
        flushed(HttpMessage::piece("", 0)),
        last(),
    ];
    let world = world(steps, timed(endless())).await;
    let mut answer = answered(ask(&world, nothing()).await);
    let mut seen = Vec::new();
    while let Some(piece) = answer.body.next().await.unwrap() {
        seen.push((
            String::from_utf8(piece.bytes.to_vec()).unwrap(),
            piece.flush,
        ));
    }
    let expected = [
        ("", true),
        ("x", false),
        ("f", true),
        ("", true),
        ("y", false),
    ];
    let expected = expected.map(|(text, flush)| (text.to_owned(), flush));
    assert_eq!(seen, expected);
}

#[rstest]
#[case::too_many(vec![with_length("1"), piece(), last()], "at least 2 bytes")]
#[case::too_few(vec![with_length("3"), piece(), last()], "complete after 2 bytes")]
#[tokio::test]
async fn a_body_of_another_length_is_a_violation(#[case] steps: Vec<HttpStep>, #[case] text: &str) {
    let world = world(steps, timed(endless())).await;
    let mut answer = answered(ask(&world, nothing()).await);
    let failure = broken(&mut answer).await;
    assert_eq!(failure.kind, FailureKind::Violation, "{failure}");
    assert!(failure.text.contains(text), "{failure}");
    assert_eq!(counted(&world), (0, 1));
}

#[tokio::test]
async fn what_belongs_to_a_connection_goes_no_further() {
    let answers = HttpMessage::head(200)
        .header("Connection", "close, X-Own")
        .header("X-Own", "1")
        .header("Transfer-Encoding", "chunked")
        .header("X-Mine", "2");
    let world = world([answers.complete().step()], timed(endless())).await;
    let header = |key: &str, value: &str| HttpHeader {
        key: key.to_owned(),
        values: vec![value.to_owned()],
    };
    let request = ServeHttpRequestInit {
        headers: vec![
            header("Connection", "X-Hop"),
            header("X-Hop", "1"),
            header("Upgrade", "websocket"),
            header("Accept", "a/b"),
        ],
        ..ServeHttpRequestInit::default()
    };
    let answer = answered(hooks(&world).serve_http(request, nothing()).await);
    assert_eq!(answer.head.headers, [header("X-Mine", "2")]);
    assert_eq!(answer.plan.headers.len(), 1);
    let entries = world.journal();
    let is_one = |entry: &&Entry| entry.method() == Some("ServeHTTP");
    let got = entries.iter().find(is_one).and_then(Entry::request);
    let got = got.unwrap();
    let names: Vec<_> = got["init"]["headers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|header| header["key"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["Accept"]);
}

#[tokio::test]
async fn a_header_that_would_end_its_line_is_not_sent() {
    let world = world([head(), last()], timed(endless())).await;
    let request = ServeHttpRequestInit {
        headers: vec![HttpHeader {
            key: "X-Odd".to_owned(),
            values: vec!["a\r\nX-Admin: 1".to_owned()],
        }],
        ..ServeHttpRequestInit::default()
    };
    let failure = failed(hooks(&world).serve_http(request, nothing()).await);
    assert_eq!(failure.kind, FailureKind::RequestBroken, "{failure}");
    assert!(failure.text.contains("X-Odd"), "{failure}");
    assert!(!world.rpcs().contains(&"ServeHTTP".to_owned()));
}

#[tokio::test]
async fn streams_have_a_connection_of_their_own_from_the_first_on() {
    let world = world([head(), last()], timed(endless())).await;
    assert_eq!(connections(&world), 1);
    for _ in 0..3 {
        let mut answer = answered(ask(&world, nothing()).await);
        whole(&mut answer).await.unwrap();
    }
    let request = RunDataRetentionRequest::default();
    let outcome = hooks(&world).call::<RunDataRetention>(request).await;
    assert!(outcome.answer().is_some());
    assert_eq!(connections(&world), 2);
}

#[tokio::test]
async fn a_lost_connection_is_opened_anew_for_the_next_stream() {
    let world = world([head(), piece(), HttpStep::Close {}], timed(endless())).await;
    for _ in 0..3 {
        let mut answer = answered(ask(&world, nothing()).await);
        let failure = broken(&mut answer).await;
        assert_eq!(failure.kind, FailureKind::Unavailable, "{failure}");
        assert_eq!(failure.http_status(), 502);
    }
}

#[tokio::test]
async fn a_plugin_that_takes_no_second_connection_is_named_at_once() {
    let script = Script::serving(Serve::good().http([head(), last()]))
        .step(Step::WaitFor {
            event: "connection".to_owned(),
            count: 1,
        })
        .step(Step::CloseListener {});
    let mut world = World::new(&script, timed(endless()));
    world.activate().await.unwrap();
    let what = world
        .event(|what| matches!(what, What::Handshake { .. }))
        .await;
    let What::Handshake { address, .. } = what else {
        panic!("{what:?}")
    };
    let until = Instant::now() + LONG;
    while tokio::net::TcpStream::connect(&address).await.is_ok() {
        assert!(Instant::now() < until, "it listens for ever");
    }
    let failure = failed(ask(&world, nothing()).await);
    assert_eq!(failure.kind, FailureKind::NotSent, "{failure}");
    assert_eq!(failure.http_status(), 503);
    assert!(failure.text.contains("cannot connect"), "{failure}");
}

#[tokio::test]
async fn answers_that_nobody_takes_stop_no_other() {
    // More than a connection of the usual size has room for, all together.
    let large = HttpMessage::piece("0123456789abcdef", 65_536).step();
    let mut steps = vec![head()];
    steps.extend(std::iter::repeat_n(large, 3));
    steps.push(last());
    let world = world(steps, timed(endless())).await;
    let mut answers = Vec::new();
    for _ in 0..6 {
        answers.push(answered(ask(&world, nothing()).await));
    }
    let mut another = answered(ask(&world, nothing()).await);
    let length = 3 * (1 << 20) + 1;
    assert_eq!(whole(&mut another).await.unwrap().len(), length);
    for answer in &mut answers {
        assert_eq!(whole(answer).await.unwrap().len(), length);
    }
    assert_eq!(counted(&world), (7, 0));
}

#[tokio::test]
async fn requests_that_the_plugin_does_not_read_stop_no_hook() {
    let world = world([head(), HttpStep::Hang {}], timed(endless())).await;
    let mut answers = Vec::new();
    for _ in 0..3 {
        answers.push(answered(ask(&world, endless_body()).await));
    }
    for _ in 0..20 {
        let request = RunDataRetentionRequest::default();
        let call = hooks(&world);
        let outcome = timeout(LONG, call.call::<RunDataRetention>(request)).await;
        assert!(outcome.unwrap().answer().is_some());
    }
}

#[tokio::test]
#[tracing_test::traced_test]
async fn what_is_logged_of_a_request_names_plugin_hook_and_request() {
    let world = world([head(), piece()], timed(endless())).await;
    let request = ServeHttpRequestInit {
        plugin_context: Some(PluginContext {
            request_id: "request-7".to_owned(),
            ..PluginContext::default()
        }),
        ..ServeHttpRequestInit::default()
    };
    let mut answer = answered(hooks(&world).serve_http(request, nothing()).await);
    broken(&mut answer).await;
    let plugin = format!("plugin={}", world.id);
    logs_assert(|lines: &[&str]| {
        let is_told = |line: &&&str| {
            line.contains("hook ServeHTTP failed: violation")
                && line.matches("request_id=\"request-7\"").count() == 2
                && line.contains(&plugin)
        };
        match lines.iter().filter(is_told).count() {
            1 => Ok(()),
            count => Err(format!("{count} lines:\n{}", lines.join("\n"))),
        }
    });
}

/// The same stream with a right host and with one that has the fault.
#[rstest]
#[case::half_close(vec![head(), piece()], |faults: &mut HttpFaults| faults.accept_half_close = true, "x")]
#[case::data_after(vec![head(), last(), piece()], |faults: &mut HttpFaults| faults.stop_at_completion = true, "y")]
#[case::no_head(vec![piece(), head(), last()], |faults: &mut HttpFaults| faults.accept_missing_head = true, "xy")]
#[case::broken(vec![head(), piece(), HttpStep::Close {}], |faults: &mut HttpFaults| faults.end_broken_answers = true, "x")]
#[case::interim(vec![HttpMessage::head(103).step(), last()], |faults: &mut HttpFaults| faults.pass_interim_statuses = true, "y")]
#[case::bad_header(vec![HttpMessage::head(200).header("A b", "c").step(), last()], |faults: &mut HttpFaults| faults.pass_all_headers = true, "y")]
#[case::longer(vec![with_length("1"), piece(), last()], |faults: &mut HttpFaults| faults.ignore_lengths = true, "xy")]
#[tokio::test]
async fn what_the_reference_takes_for_an_answer(
    #[case] steps: Vec<HttpStep>,
    #[case] fault: fn(&mut HttpFaults),
    #[case] taken: &str,
) {
    let right = world(steps.clone(), timed(endless())).await;
    if let Outcome::Answered(mut answer) = ask(&right, nothing()).await {
        broken(&mut answer).await;
    }
    assert_eq!(counted(&right), (0, 1));
    let mut faults = HttpFaults::default();
    fault(&mut faults);
    let wrong = world(steps, faulty(faults)).await;
    let mut answer = answered(ask(&wrong, nothing()).await);
    let body = whole(&mut answer).await.unwrap();
    assert_eq!(String::from_utf8(body).unwrap(), taken);
}

#[tokio::test]
async fn the_reference_waits_for_the_client_after_a_whole_answer() {
    let faults = HttpFaults {
        never_end_uploads: true,
        ..HttpFaults::default()
    };
    let http = HttpTiming {
        upload_idle: STILL,
        ..endless()
    };
    let setting = Setting {
        policy: faulty(faults).policy,
        ..timed(http)
    };
    let world = world([head(), last(), HttpStep::Read {}], setting).await;
    let (body, _dropped) = stalling();
    let mut answer = answered(ask(&world, body).await);
    let failure = broken(&mut answer).await;
    assert_eq!(failure.kind, FailureKind::RequestStalled, "{failure}");
}

#[tokio::test]
async fn the_reference_waits_for_ever() {
    let faults = HttpFaults {
        no_deadlines: true,
        ..HttpFaults::default()
    };
    let http = HttpTiming {
        first_byte: Some(Duration::ZERO),
        total: Some(Duration::ZERO),
        ..endless()
    };
    let setting = Setting {
        policy: faulty(faults).policy,
        ..timed(http)
    };
    let world = world([HttpStep::Sleep { ms: 50 }, head(), last()], setting).await;
    let mut answer = answered(ask(&world, nothing()).await);
    assert_eq!(whole(&mut answer).await.unwrap(), b"y");
}

/// Memory does not grow with the body: what was taken from the client and what the plugin took differ by what a connection holds.
#[tokio::test]
async fn no_more_of_a_body_is_taken_than_the_connection_holds() {
    let world = world([head(), HttpStep::Hang {}], timed(endless())).await;
    let taken = Arc::new(Mutex::new(0_usize));
    let counter = Arc::clone(&taken);
    let body = endless_body().inspect(move |piece| {
        let mut taken = counter.lock().unwrap();
        *taken += piece.as_ref().map_or(0, Bytes::len);
    });
    let answer = answered(ask(&world, body).await);
    // Until nothing moves any more.
    let mut before = 0;
    for _ in 0..1000 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let now = *taken.lock().unwrap();
        if now == before && now > 0 {
            break;
        }
        before = now;
    }
    let taken = *taken.lock().unwrap();
    assert!(
        taken < 4 << 20,
        "{taken} bytes of an endless body were taken"
    );
    drop(answer);
}
