//! The same over HTTP/2.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use fake_interpreters::journal::Entry;
use fake_interpreters::script::{HttpMessage, HttpStep};
use futures_util::stream;
use http::{Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Empty, Full, StreamBody};
use hyper::body::Incoming;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use plugin_host::front::{AccessEnd, Limits};
use tokio::time::timeout;

use super::{Behind, head, last, piece};
use crate::world::LONG;

type Body = BoxBody<Bytes, Infallible>;

async fn dial(behind: &Behind) -> SendRequest<Body> {
    let stream = behind.dial().await.stream;
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    sender
}

fn request(behind: &Behind, below: &str, body: Body) -> Request<Body> {
    let uri = format!("http://chat.example{}", behind.path(below));
    Request::post(uri)
        .header("x-request-id", "r2")
        .body(body)
        .unwrap()
}

async fn ask(sender: &mut SendRequest<Body>, request: Request<Body>) -> Response<Incoming> {
    timeout(LONG, sender.send_request(request))
        .await
        .expect("no answer")
        .unwrap()
}

#[tokio::test]
async fn bodies_go_both_ways_and_streams_side_by_side() {
    let behind = Behind::steps([HttpStep::Echo {}]).await;
    let sender = dial(&behind).await;
    let sent: Vec<u8> = (0..1_000_003_u32).map(|at| (at % 251) as u8).collect();
    let echoes = (0..4).map(|_| {
        let mut sender = sender.clone();
        let request = request(&behind, "/a%2Fb?x", Full::new(sent.clone().into()).boxed());
        async move {
            let answer = ask(&mut sender, request).await;
            assert_eq!(answer.status(), StatusCode::OK);
            assert_eq!(answer.headers()["x-request-id"], "r2");
            timeout(LONG, answer.into_body().collect())
                .await
                .unwrap()
                .unwrap()
                .to_bytes()
        }
    });
    for echoed in futures_util::future::join_all(echoes).await {
        assert!(echoed == sent, "{} bytes came back", echoed.len());
    }
    // The journal keeps the head of a request only if no large piece came with it.
    let mut sender = sender;
    let small = request(&behind, "/a%2Fb?x", Full::new("three"[..3].into()).boxed());
    assert_eq!(ask(&mut sender, small).await.status(), StatusCode::OK);
    let length = |entry: &Entry| Some(entry.request()?["init"]["content_length"].clone());
    let entry = behind
        .journal(|entry| length(entry) == Some(3.into()))
        .await;
    let init = entry.request().unwrap()["init"].clone();
    assert_eq!(
        (init["proto"].as_str(), init["host"].as_str()),
        (Some("HTTP/2.0"), Some("chat.example"))
    );
    assert_eq!(init["url"], "/a%2Fb?x");
    assert_eq!(init["request_uri"], behind.path("/a%2Fb?x"));
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_reset() {
    let mut behind = Behind::steps([
        head(),
        piece(),
        HttpStep::Sleep { ms: 50 },
        HttpStep::Close {},
    ])
    .await;
    let mut sender = dial(&behind).await;
    let request = request(&behind, "/", Empty::new().boxed());
    let answer = ask(&mut sender, request).await;
    let mut body = answer.into_body();
    let first = timeout(LONG, body.frame()).await.unwrap().unwrap().unwrap();
    assert_eq!(first.into_data().unwrap(), "x");
    let error = timeout(LONG, body.frame())
        .await
        .unwrap()
        .unwrap()
        .unwrap_err();
    assert!(error.to_string().contains("body"), "{error}");
    assert_eq!(behind.access().await.end, AccessEnd::Truncated);
}

#[tokio::test]
async fn a_stream_that_the_client_resets_is_cancelled() {
    let mut behind = Behind::steps([head(), piece(), HttpStep::Hang {}]).await;
    let mut sender = dial(&behind).await;
    let request = request(&behind, "/", Empty::new().boxed());
    let mut answer = ask(&mut sender, request).await;
    timeout(LONG, answer.body_mut().frame())
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    drop(answer);
    behind.abandoned().await;
    assert_eq!(behind.access().await.end, AccessEnd::Left);
}

#[tokio::test]
async fn an_early_answer_ends_the_upload() {
    let behind = Behind::steps([HttpMessage::head(403).with("no").complete().step()]).await;
    let mut sender = dial(&behind).await;
    let upload = StreamBody::new(stream::pending::<Result<Frame<Bytes>, Infallible>>());
    let request = request(&behind, "/", upload.boxed());
    let answer = ask(&mut sender, request).await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    let body = timeout(LONG, answer.into_body().collect())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(body.to_bytes(), "no");
}

#[tokio::test]
async fn a_front_that_ends_lets_streams_end() {
    let behind = Behind::steps([head(), piece(), HttpStep::Sleep { ms: 100 }, last()]).await;
    let mut sender = dial(&behind).await;
    let request = request(&behind, "/", Empty::new().boxed());
    let answer = ask(&mut sender, request).await;
    let Behind { front, world, .. } = behind;
    let stopping = tokio::spawn(front.stop(LONG));
    let body = timeout(LONG, answer.into_body().collect())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(body.to_bytes(), "xy");
    assert!(stopping.await.unwrap());
    drop(world);
}

#[tokio::test]
async fn who_takes_nothing_of_an_answer_loses_it_and_nothing_else() {
    const PIECES: usize = 16;
    let limits = Limits {
        write_stall: Duration::from_millis(200),
        ..Limits::default()
    };
    let large = HttpMessage::piece("x", 1 << 20).step();
    let mut steps = vec![head()];
    steps.extend(std::iter::repeat_n(large, PIECES));
    steps.push(last());
    let mut behind = Behind::with(steps, |_| {}, |options| options.limits = limits).await;
    let mut sender = dial(&behind).await;
    let answer = ask(&mut sender, request(&behind, "/", Empty::new().boxed())).await;
    behind.abandoned().await;
    let access = behind.access().await;
    assert_eq!(access.end, AccessEnd::Left);
    assert!(access.sent < 8 << 20, "{}", access.sent);
    // Its client sees that it is not whole.
    let taken = timeout(LONG, answer.into_body().collect()).await.unwrap();
    assert!(taken.is_err());
    // Of the same connection; an answer so small that it waits for nobody.
    let other = Request::post("http://chat.example/nothing");
    let answer = ask(&mut sender, other.body(Empty::new().boxed()).unwrap()).await;
    let taken = timeout(LONG, answer.into_body().collect()).await.unwrap();
    assert_eq!(taken.unwrap().to_bytes(), "Nothing is here.\n");
    assert_eq!(behind.access().await.end, AccessEnd::Complete);
}
