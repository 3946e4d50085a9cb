//! How requests end: whole, broken off so that the client can tell, or because the client has left; and how a front ends.

use std::io;
use std::time::{Duration, Instant};

use fake_interpreters::script::{HttpMessage, HttpStep};
use plugin_host::front::AccessEnd;
use rstest::rstest;

use super::{Behind, head, last, piece};
use crate::world::LONG;

#[tokio::test]
async fn a_chunked_answer_that_breaks_off_has_no_last_chunk() {
    let mut behind = Behind::steps([head(), piece(), HttpStep::Close {}]).await;
    let mut wire = behind.dial().await;
    wire.send(behind.get("/")).await;
    let (text, end) = wire.rest().await;
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("Transfer-Encoding: chunked"), "{head}");
    assert_eq!(body, "1\r\nx\r\n");
    assert!(end.is_ok(), "{end:?}");
    let access = behind.access().await;
    assert_eq!(access.end, AccessEnd::Truncated);
    assert_eq!(
        (access.failure, access.status),
        (Some("unavailable"), Some(200))
    );
}

#[rstest]
#[case::half_closed(vec![])]
#[case::too_few(vec![HttpMessage::default().complete().step()])]
#[case::status(vec![HttpStep::Status(fake_interpreters::script::Refused { code: "INTERNAL".to_owned(), message: "secret".to_owned() })])]
#[tokio::test]
async fn an_answer_with_a_length_that_breaks_off_is_short(#[case] then: Vec<HttpStep>) {
    let begin = [
        HttpMessage::head(200).header("Content-Length", "3").step(),
        piece(),
    ];
    let mut behind = Behind::steps(begin.into_iter().chain(then)).await;
    let mut wire = behind.dial().await;
    wire.send(behind.get("/")).await;
    let (text, end) = wire.rest().await;
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("Content-Length: 3"), "{head}");
    assert_eq!(body, "x");
    assert!(end.is_ok(), "{end:?}");
    assert_eq!(behind.access().await.end, AccessEnd::Truncated);
}

#[tokio::test]
async fn an_answer_on_the_oldest_version_that_breaks_off_is_reset() {
    let behind = Behind::steps([
        head(),
        piece(),
        HttpStep::Sleep { ms: 50 },
        HttpStep::Close {},
    ])
    .await;
    let mut wire = behind.dial().await;
    let path = behind.path("/");
    wire.send(format!("GET {path} HTTP/1.0\r\n\r\n")).await;
    wire.until("\r\n\r\nx").await;
    let (_, end) = wire.rest().await;
    assert_eq!(end.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn an_answer_on_the_oldest_version_that_is_whole_just_ends() {
    let behind = Behind::steps([head(), piece(), HttpStep::Sleep { ms: 50 }, last()]).await;
    let mut wire = behind.dial().await;
    let path = behind.path("/");
    wire.send(format!("GET {path} HTTP/1.0\r\n\r\n")).await;
    let (text, end) = wire.rest().await;
    assert!(text.ends_with("\r\n\r\nxy"), "{text}");
    assert!(end.is_ok(), "{end:?}");
}

#[tokio::test]
async fn what_is_flushed_is_on_the_wire_while_the_plugin_goes_on() {
    let flushed = HttpMessage {
        flush: true,
        ..HttpMessage::piece("event", 1)
    };
    let mut behind = Behind::steps([head(), flushed.step(), HttpStep::Hang {}]).await;
    let mut wire = behind.dial().await;
    wire.send(behind.get("/")).await;
    wire.until("5\r\nevent\r\n").await;
    drop(wire);
    behind.abandoned().await;
    let access = behind.access().await;
    assert_eq!((access.end, access.sent), (AccessEnd::Left, 5));
}

#[rstest]
#[case::before_the_head(vec![HttpStep::Hang {}], "")]
#[case::within_the_body(vec![head(), piece(), HttpStep::Hang {}], "1\r\nx\r\n")]
#[tokio::test]
async fn a_client_that_leaves_takes_the_stream_with_it(
    #[case] steps: Vec<HttpStep>,
    #[case] until: &str,
) {
    let mut behind = Behind::steps(steps).await;
    let mut wire = behind.dial().await;
    wire.send(behind.get("/")).await;
    behind
        .journal(|entry| entry.method() == Some("ServeHTTP"))
        .await;
    wire.until(until).await;
    drop(wire);
    behind.abandoned().await;
    assert_eq!(behind.access().await.end, AccessEnd::Left);
}

#[tokio::test]
async fn an_upload_that_breaks_off_is_never_whole() {
    let behind = Behind::steps([HttpStep::Read {}, head(), last()]).await;
    let mut wire = behind.dial().await;
    let path = behind.path("/");
    wire.send(format!(
        "POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf"
    ))
    .await;
    behind
        .journal(|entry| entry.method() == Some("ServeHTTP"))
        .await;
    drop(wire);
    behind.abandoned().await;
    // A cancelled stream may read as one that ended: what counts is that nothing called it complete.
    let whole = |entry: &fake_interpreters::journal::Entry| {
        matches!(
            entry.event,
            fake_interpreters::journal::Event::HttpRequest { complete: true, .. }
        )
    };
    assert!(!behind.world.journal().iter().any(whole));
}

#[rstest]
#[case::stalled("Content-Length: 10000000\r\n\r\nbegin")]
#[case::chunked("Transfer-Encoding: chunked\r\n\r\n5\r\nbegin\r\n")]
#[tokio::test]
async fn an_early_answer_arrives_although_the_upload_stands_still(#[case] rest: &str) {
    let mut behind = Behind::steps([head(), piece(), last()]).await;
    let mut wire = behind.dial().await;
    let path = behind.path("/");
    wire.send(format!("POST {path} HTTP/1.1\r\nHost: a\r\n{rest}"))
        .await;
    let (text, end) = wire.rest().await;
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");
    assert!(text.ends_with("\r\n0\r\n\r\n"), "{text}");
    assert!(end.is_ok(), "{end:?}");
    assert_eq!(behind.access().await.end, AccessEnd::Complete);
}

#[tokio::test]
async fn an_early_answer_is_not_lost_to_what_is_still_sent() {
    let behind = Behind::steps([HttpMessage::head(403).with("no").complete().step()]).await;
    let wire = behind.dial().await;
    let path = behind.path("/");
    let (mut read, mut write) = wire.stream.into_split();
    let head = format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n");
    let sending = tokio::spawn(async move {
        use tokio::io::AsyncWriteExt as _;
        write.write_all(head.as_bytes()).await.unwrap();
        let block = vec![b'x'; 64 * 1024];
        // Ends when nobody takes it any more.
        while write.write_all(&block).await.is_ok() {}
    });
    let mut got = Vec::new();
    let read_all = async {
        use tokio::io::AsyncReadExt as _;
        // The end may be a reset; the answer has come by then.
        let _ = read.read_to_end(&mut got).await;
    };
    tokio::time::timeout(LONG, read_all)
        .await
        .expect("it does not end");
    sending.abort();
    let text = String::from_utf8(got).unwrap();
    assert!(
        text.starts_with("HTTP/1.1 403 Forbidden\r\n") && text.ends_with("\r\n\r\nno"),
        "{text}"
    );
}

#[tokio::test]
async fn a_front_that_ends_lets_what_runs_end_and_takes_nothing_new() {
    let mut behind = Behind::steps([head(), piece(), HttpStep::Read {}, last()]).await;
    let (mut idle, mut busy) = (behind.dial().await, behind.dial().await);
    idle.send("GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n").await;
    idle.until("Nothing is here.\n").await;
    assert_eq!(behind.access().await.status, Some(404));
    let path = behind.path("/");
    busy.send(format!(
        "POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n"
    ))
    .await;
    busy.until("1\r\nx\r\n").await;
    let address = behind.front.address();
    let stopping = tokio::spawn(behind.front.stop(LONG));
    // The idle connection ends first, and by then the port is free.
    let (_, end) = idle.rest().await;
    assert!(end.is_ok(), "{end:?}");
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
    busy.send("rest").await;
    let (text, _) = busy.rest().await;
    assert!(text.ends_with("\r\n0\r\n\r\n"), "{text}");
    assert!(stopping.await.unwrap(), "everything ended by itself");
}

#[tokio::test]
async fn a_front_ends_within_its_time_whatever_runs() {
    let behind = Behind::steps([head(), piece(), HttpStep::Hang {}]).await;
    let mut wire = behind.dial().await;
    wire.send(behind.get("/")).await;
    wire.until("1\r\nx\r\n").await;
    let began = Instant::now();
    let Behind { front, world, .. } = behind;
    assert!(!front.stop(Duration::from_millis(100)).await);
    assert!(began.elapsed() < LONG);
    let (text, _) = wire.rest().await;
    assert!(!text.contains("0\r\n\r\n"), "{text}");
    drop(world);
}
