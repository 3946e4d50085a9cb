//! What a client may take.

use std::time::Duration;

use fake_interpreters::script::{HttpMessage, HttpStep};
use plugin_host::front::{AccessEnd, Limits};
use rstest::rstest;
use tokio::time::timeout;

use super::{Behind, head, last};

/// A time that is waited for on purpose.
const SOON: Duration = Duration::from_millis(200);

async fn limited(steps: Vec<HttpStep>, limits: Limits) -> Behind {
    Behind::with(steps, |_| {}, |options| options.limits = limits).await
}

#[tokio::test]
async fn a_head_has_its_limit() {
    let limits = Limits {
        header_bytes: 10_000,
        ..Limits::default()
    };
    let behind = limited(vec![head(), last()], limits).await;
    for (size, status) in [(8_000, "200"), (12_000, "431"), (1_000_000, "431")] {
        let mut wire = behind.dial().await;
        let (path, value) = (behind.path("/"), "v".repeat(size));
        let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\nX-Long: {value}\r\n\r\n");
        // It may be refused before it is sent whole.
        let _ = tokio::io::AsyncWriteExt::write_all(&mut wire.stream, request.as_bytes()).await;
        let text = wire.until("\r\n\r\n").await;
        assert!(
            text.starts_with(&format!("HTTP/1.1 {status} ")),
            "{size}: {text}"
        );
    }
}

#[tokio::test]
async fn headers_are_counted() {
    let limits = Limits {
        headers: 10,
        ..Limits::default()
    };
    let behind = limited(vec![head(), last()], limits).await;
    for (number, status) in [(9, "200"), (10, "431")] {
        let mut wire = behind.dial().await;
        let (path, more) = (behind.path("/"), "X: 1\r\n".repeat(number));
        wire.send(format!("GET {path} HTTP/1.1\r\nHost: a\r\n{more}\r\n"))
            .await;
        let text = wire.until("\r\n\r\n").await;
        assert!(
            text.starts_with(&format!("HTTP/1.1 {status} ")),
            "{number}: {text}"
        );
    }
}

#[rstest]
#[case::just("Content-Length: 8\r\n\r\n12345678", "200", Some(true))]
#[case::announced("Content-Length: 9\r\n\r\n", "413", Some(false))]
#[case::chunked(
    "Transfer-Encoding: chunked\r\n\r\n8\r\n12345678\r\n1\r\n9\r\n",
    "413",
    None
)]
#[tokio::test]
async fn a_body_has_its_limit(
    #[case] rest: &str,
    #[case] status: &str,
    #[case] is_asked: Option<bool>,
) {
    let limits = Limits {
        body_bytes: Some(8),
        ..Limits::default()
    };
    let behind = limited(vec![HttpStep::Read {}, head(), last()], limits).await;
    let mut wire = behind.dial().await;
    let path = behind.path("/");
    wire.send(format!("POST {path} HTTP/1.1\r\nHost: a\r\n{rest}"))
        .await;
    let text = wire.until("\r\n\r\n").await;
    assert!(text.starts_with(&format!("HTTP/1.1 {status} ")), "{text}");
    // What is found out on the way may be found out before the call has left.
    let asked = behind.world.rpcs().contains(&"ServeHTTP".to_owned());
    assert_eq!(asked, is_asked.unwrap_or(asked));
}

#[rstest]
#[case::silence("")]
#[case::half_a_head("GET / HTTP/1.1\r\nHo")]
#[case::half_a_preface("PRI * HTTP/2.0\r\n")]
#[case::after_a_request("GET / HTTP/1.1\r\nHost: a\r\n\r\n")]
#[case::second_version("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u{4}\0\0\0\0\0")]
#[tokio::test]
async fn who_sends_no_whole_request_is_not_waited_for(#[case] sent: &str) {
    let limits = Limits {
        header_read: SOON,
        ..Limits::default()
    };
    let behind = limited(vec![], limits).await;
    let mut wire = behind.dial().await;
    wire.send(sent).await;
    let _ended = wire.rest().await;
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_given_up() {
    let limits = Limits {
        write_stall: SOON,
        ..Limits::default()
    };
    let large = HttpMessage::piece("x", 1 << 20).step();
    let mut steps = vec![head()];
    steps.extend(std::iter::repeat_n(large, 64));
    let mut behind = limited(steps, limits).await;
    let mut wire = behind.dial().await;
    wire.send(behind.get("/")).await;
    let access = behind.access().await;
    assert_eq!(access.end, AccessEnd::Left);
    // What the sockets hold has left; the rest was never fetched.
    assert!(access.sent < 32 << 20, "{}", access.sent);
    behind.abandoned().await;
}

#[tokio::test]
async fn connections_wait_for_a_place() {
    let limits = Limits {
        connections: 1,
        ..Limits::default()
    };
    let behind = limited(vec![], limits).await;
    let mut first = behind.dial().await;
    let request = "GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n";
    first.send(request).await;
    first.until("Nothing is here.\n").await;
    let mut second = behind.dial().await;
    second.send(request).await;
    let answered = timeout(SOON, second.stream.readable()).await;
    assert!(answered.is_err(), "there is no place for a second one");
    drop(first);
    second.until("Nothing is here.\n").await;
}
