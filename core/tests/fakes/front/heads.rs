//! Heads, both ways: what a plugin is told of a request, and what a client gets of an answer.

use fake_interpreters::script::{HttpMessage, HttpStep, Refused, SignalName};
use plugin_host::front::{AccessEnd, Session};
use rstest::rstest;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

use super::{Behind, head, last};
use crate::world::World;

/// The head of the request that the plugin got.
async fn init(behind: &Behind) -> Value {
    let entry = behind
        .journal(|entry| entry.method() == Some("ServeHTTP"))
        .await;
    entry.request().unwrap()["init"].clone()
}

#[tokio::test]
async fn a_plugin_gets_the_request_as_the_client_wrote_it() {
    let behind = Behind::steps([head(), last()]).await;
    let mut wire = behind.dial().await;
    let peer = wire.stream.local_addr().unwrap();
    let path = behind.path("/a%2Fb//../c%20d?x=%20y&access_token=secret&z=1&&x=%zz");
    let request = format!(
        "PATCH {path} HTTP/1.1\r\nHost: chat.example:8065\r\nX-Request-Id: my-id\r\naccept: a\r\nACCEPT: b\r\n\
         accept-language: de\r\nUser-Agent: wire/1\r\nMattermost-User-Id: admin\r\nMattermost-Plugin-ID: com.example.other\r\n\
         Referer: http://chat.example/private\r\nCookie: a=1; MMAUTHTOKEN=secret; b=2\r\nAuthorization: Bearer x\r\n\
         Connection: x-hop\r\nX-Hop: 1\r\nTE: trailers\r\nX-Latin: \u{e9}\r\n\r\n"
    );
    wire.send(request).await;
    let answer = wire.until("\r\n0\r\n\r\n").await;
    assert!(answer.contains("X-Request-Id: my-id\r\n"), "{answer}");
    let mut init = init(&behind).await;
    let headers = init["headers"].take();
    let expected = json!({
        "plugin_context": {"request_id": "my-id", "ip_address": "127.0.0.1", "accept_language": "de", "user_agent": "wire/1"},
        "method": "PATCH", "url": "/a%2Fb//../c%20d?x=%20y&z=1&&x=%zz", "proto": "HTTP/1.1", "proto_major": 1, "proto_minor": 1,
        "host": "chat.example:8065", "remote_addr": peer.to_string(), "request_uri": path, "headers": null,
    });
    let known = |value: &Value| -> Value {
        let fields = value.as_object().unwrap().iter();
        let known = fields.filter(|(name, _)| *name != "content_length" && *name != "session_id");
        known
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    };
    init["plugin_context"] = known(&init["plugin_context"]);
    assert_eq!(known(&init), expected);
    let mut pairs: Vec<(String, Vec<String>)> = headers
        .as_array()
        .unwrap()
        .iter()
        .map(|header| {
            let values = serde_json::from_value(header["values"].clone()).unwrap();
            (header["key"].as_str().unwrap().to_owned(), values)
        })
        .collect();
    pairs.sort();
    let expected = [
        ("Accept", vec!["a", "b"]),
        ("Accept-Language", vec!["de"]),
        ("Authorization", vec!["Bearer x"]),
        ("Cookie", vec!["a=1; b=2"]),
        ("User-Agent", vec!["wire/1"]),
        ("X-Latin", vec!["é"]),
        ("X-Request-Id", vec!["my-id"]),
    ]
    .map(|(name, values)| {
        let values: Vec<String> = values.into_iter().map(str::to_owned).collect();
        (name.to_owned(), values)
    });
    assert_eq!(pairs, expected);
}

#[tokio::test]
async fn a_user_is_who_the_application_says() {
    let identify = |parts: &http::request::Parts| {
        parts.headers.get("authorization").map(|_| Session {
            user_id: "u1".to_owned(),
            session_id: "s1".to_owned(),
        })
    };
    let behind = Behind::with(
        [head(), last()],
        |_| {},
        |options| {
            options.identify = Some(Arc::new(identify));
        },
    )
    .await;
    let mut wire = behind.dial().await;
    let path = behind.path("");
    wire.send(format!(
        "GET {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer x\r\nMattermost-User-Id: admin\r\n\r\n"
    ))
    .await;
    wire.until("\r\n0\r\n\r\n").await;
    let init = init(&behind).await;
    assert_eq!(init["plugin_context"]["session_id"], "s1");
    assert_eq!(
        init["headers"],
        json!([{"key": "Mattermost-User-Id", "values": ["u1"]}])
    );
    assert_eq!(
        init["url"],
        Value::Null,
        "exactly the plugin's own path has nothing below it"
    );
}

#[tokio::test]
async fn an_answer_reaches_the_client_byte_by_byte() {
    let answer = HttpMessage::head(207)
        .header("X-saw", "1")
        .header("set-cookie", "a=1")
        .header("Set-Cookie", "b=2")
        .header("Connection", "X-Hop")
        .header("X-Hop", "1")
        .header("content-type", "text/plain");
    let pieces = [
        answer.step(),
        HttpMessage::piece("ab", 2).step(),
        HttpMessage::default().step(),
        HttpMessage::piece("c", 1).complete().step(),
    ];
    let mut behind = Behind::steps(pieces).await;
    let mut wire = behind.dial().await;
    wire.send(behind.get("/")).await;
    let text = wire.until("\r\n0\r\n\r\n").await;
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<&str> = head.split("\r\n").collect();
    assert_eq!(lines.remove(0), "HTTP/1.1 207 Multi-Status");
    lines.sort_unstable();
    let expected = [
        "Content-Type: text/plain",
        "Set-Cookie: a=1",
        "Set-Cookie: b=2",
        "Transfer-Encoding: chunked",
        "X-Request-Id: r1",
        "X-Saw: 1",
    ];
    assert_eq!(lines, expected);
    // However hyper cuts it.
    let carried: String = body.split("\r\n").skip(1).step_by(2).collect();
    assert_eq!(carried, "ababc", "{body:?}");
    let access = behind.access().await;
    assert_eq!(
        (access.status, access.sent, access.received),
        (Some(207), 5, 0)
    );
    assert_eq!((access.end, access.failure), (AccessEnd::Complete, None));
    assert_eq!(access.plugin.as_ref(), Some(&behind.world.id));
    assert_eq!(access.target, behind.path("/"));
}

#[tokio::test]
async fn an_answer_that_comes_at_once_has_its_length() {
    let behind = Behind::steps([HttpMessage::head(200).with("all").complete().step()]).await;
    let mut wire = behind.dial().await;
    wire.send(behind.get("/")).await;
    let text = wire.until("\r\n\r\nall").await;
    assert!(text.contains("Content-Length: 3\r\n"), "{text}");
    assert!(!text.contains("Transfer-Encoding"), "{text}");
}

#[rstest]
#[case::head("HEAD", 200, true)]
#[case::no_content("GET", 204, false)]
#[case::not_modified("GET", 304, false)]
#[tokio::test]
async fn answers_without_a_body_have_none(
    #[case] method: &str,
    #[case] status: i32,
    #[case] keeps_length: bool,
    #[values(true, false)] hangs: bool,
) {
    let head = HttpMessage::head(status);
    let head = match keeps_length {
        true => head.header("Content-Length", "5"),
        false => head,
    };
    let after = match hangs {
        true => HttpStep::Hang {},
        false => HttpMessage::piece("body5", 1).complete().step(),
    };
    let mut behind = Behind::steps([head.step(), after]).await;
    let mut wire = behind.dial().await;
    let request = behind.get("/").replace("GET", method);
    // The next answer follows at once: there is no body between.
    wire.send(format!("{request}GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n"))
        .await;
    let text = wire.until("Nothing is here.\n").await;
    let (first, _) = text.split_once("HTTP/1.1 404").unwrap();
    assert!(first.starts_with(&format!("HTTP/1.1 {status} ")), "{first}");
    assert!(first.ends_with("\r\n\r\n"), "{first}");
    assert_eq!(first.contains("Content-Length: 5"), keeps_length, "{first}");
    let access = behind.access().await;
    assert_eq!((access.end, access.sent), (AccessEnd::Complete, 0));
}

#[rstest]
#[case::nothing(vec![], 502, "gave no answer")]
#[case::no_head(vec![last()], 502, "gave no answer")]
#[case::odd_status(vec![HttpMessage::head(42).with("plugin-text").complete().step()], 500, "status that is none")]
#[case::interim(vec![HttpMessage::head(103).with("plugin-text").complete().step()], 500, "status that is none")]
#[case::injection(vec![HttpMessage::head(200).header("X-A", "a\r\nX-B: plugin-text").complete().step()], 502, "gave no answer")]
#[case::error(vec![HttpStep::Status(Refused { code: "INTERNAL".to_owned(), message: "plugin-text".to_owned() })], 502, "gave no answer")]
#[case::crash(vec![HttpStep::Raise { signal: SignalName::Kill }], 502, "gave no answer")]
#[case::late(vec![HttpStep::Hang {}], 504, "in time")]
#[tokio::test]
async fn a_client_is_told_what_became_of_its_request(
    #[case] steps: Vec<HttpStep>,
    #[case] status: u16,
    #[case] says: &str,
) {
    let within = match status {
        504 => Duration::from_millis(300),
        _ => crate::world::LONG,
    };
    let timing = |timing: &mut plugin_host::timing::Timing| {
        timing.hooks.insert("ServeHTTP".to_owned(), within);
    };
    let mut behind = Behind::with(steps, timing, |_| {}).await;
    refused(&mut behind, status, says).await;
}

/// The plugin's root is answered with this status, in our own words.
async fn refused(behind: &mut Behind, status: u16, says: &str) {
    let mut wire = behind.dial().await;
    wire.send(behind.get("/")).await;
    let text = wire.until(".\n").await;
    assert!(text.starts_with(&format!("HTTP/1.1 {status} ")), "{text}");
    assert!(
        text.contains("Content-Type: text/plain; charset=utf-8\r\n"),
        "{text}"
    );
    assert!(
        text.contains("X-Content-Type-Options: nosniff\r\n"),
        "{text}"
    );
    assert!(text.contains("X-Request-Id: r1\r\n"), "{text}");
    assert!(
        text.contains(says) && !text.contains("plugin-text"),
        "{text}"
    );
    let access = behind.access().await;
    assert_eq!(access.status, Some(status));
}

#[tokio::test]
async fn a_plugin_that_cannot_be_asked_is_told_apart() {
    let script = fake_interpreters::Script::serving(fake_interpreters::script::Serve::good());
    let mut behind = Behind::before(World::script(&script), |_| {}).await;
    refused(&mut behind, 404, "no such plugin").await;
    behind.world.activate().await.unwrap();
    refused(&mut behind, 404, "serves no HTTP").await;
    behind.world.environment.deactivate(&behind.world.id).await;
    refused(&mut behind, 503, "not running").await;
}

#[rstest]
#[case::no_host("GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 ")]
#[case::two_hosts("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "HTTP/1.1 400 ")]
#[case::elsewhere("GET /api/v4/users HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 404 ")]
#[case::options("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 404 ")]
#[case::connect("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", "HTTP/1.1 404 ")]
#[case::pages_off("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 404 ")]
#[case::public(
    "GET /plugins/com.example.a/public/x HTTP/1.1\r\nHost: a\r\n\r\n",
    "HTTP/1.1 404 "
)]
#[case::no_line("nonsense\r\n\r\n", "HTTP/1.1 400 ")]
#[case::smuggled(
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "HTTP/1.1 400 "
)]
#[tokio::test]
async fn what_is_no_request_to_a_plugin_is_answered_here(
    #[case] request: &str,
    #[case] begins: &str,
) {
    let behind = Behind::steps([head(), last()]).await;
    let mut wire = behind.dial().await;
    wire.send(request).await;
    let text = wire.until("\r\n\r\n").await;
    assert!(text.starts_with(begins), "{text}");
    assert!(!behind.world.rpcs().contains(&"ServeHTTP".to_owned()));
}

#[tokio::test]
async fn requests_in_one_go_are_answered_in_their_order() {
    let behind = Behind::steps([HttpStep::Echo {}]).await;
    let mut wire = behind.dial().await;
    let post = |body: &str| {
        let (path, length) = (behind.path("/"), body.len());
        format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{body}")
    };
    wire.send([post("first"), post("second"), post("third")].concat())
        .await;
    let text = wire.until("third").await;
    let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("{text}"));
    assert!(
        at("first") < at("second") && at("second") < at("third"),
        "{text}"
    );
    assert_eq!(text.matches("HTTP/1.1 200 OK").count(), 3, "{text}");
}
