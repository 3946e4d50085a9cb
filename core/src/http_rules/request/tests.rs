//! Tables and laws of the heads of requests.

use super::*;
use http::{HeaderName, HeaderValue, Request};
use proptest::prelude::*;
use rstest::rstest;

fn parts(version: Version, uri: &str, headers: &[(&str, &str)]) -> Parts {
    let mut request = Request::builder().method("PATCH").version(version).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

#[test]
fn every_field_of_a_request_is_told() {
    let parts = parts(
        Version::HTTP_11,
        "/plugins/com.example.x/a%2Fb/?q=1&q=2&e=",
        &[
            ("host", "chat.example:8065"),
            ("accept", "a/b"),
            ("x-odd", "1"),
            ("ACCEPT", "c/d"),
            ("connection", "keep-alive, x-odd"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "websocket"),
            ("content-length", "7"),
        ],
    );
    let context = PluginContext {
        request_id: "request".to_owned(),
        ..PluginContext::default()
    };
    let whence = Whence {
        url: "/a%2Fb/?q=1&q=2&e=".to_owned(),
        remote_addr: "192.0.2.7:4711".to_owned(),
        context: Some(context.clone()),
        length: Some(7),
    };
    let header = |key: &str, values: &[&str]| HttpHeader {
        key: key.to_owned(),
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    };
    let expected = ServeHttpRequestInit {
        plugin_context: Some(context),
        method: "PATCH".to_owned(),
        url: "/a%2Fb/?q=1&q=2&e=".to_owned(),
        proto: "HTTP/1.1".to_owned(),
        proto_major: 1,
        proto_minor: 1,
        headers: vec![
            header("Accept", &["a/b", "c/d"]),
            header("Content-Length", &["7"]),
        ],
        host: "chat.example:8065".to_owned(),
        remote_addr: "192.0.2.7:4711".to_owned(),
        request_uri: "/plugins/com.example.x/a%2Fb/?q=1&q=2&e=".to_owned(),
        content_length: 7,
    };
    assert_eq!(init(&parts, whence).unwrap(), expected);
}

#[rstest]
#[case::none(None, -1)]
#[case::empty(Some(0), 0)]
#[case::the_longest(Some(i64::MAX.unsigned_abs()), i64::MAX)]
#[case::no_number_of_the_wire(Some(i64::MAX.unsigned_abs() + 1), -1)]
fn a_length_that_cannot_be_told_is_unknown(#[case] length: Option<u64>, #[case] told: i64) {
    let whence = Whence {
        length,
        ..Whence::default()
    };
    let head = init(&parts(Version::HTTP_11, "/", &[]), whence).unwrap();
    assert_eq!(head.content_length, told);
}

#[rstest]
#[case(Version::HTTP_09, "HTTP/0.9", 0, 9)]
#[case(Version::HTTP_10, "HTTP/1.0", 1, 0)]
#[case(Version::HTTP_11, "HTTP/1.1", 1, 1)]
#[case(Version::HTTP_2, "HTTP/2.0", 2, 0)]
#[case(Version::HTTP_3, "HTTP/3.0", 3, 0)]
fn versions(#[case] version: Version, #[case] text: &str, #[case] major: i32, #[case] minor: i32) {
    let head = init(&parts(version, "/", &[]), Whence::default()).unwrap();
    let got = (head.proto.as_str(), head.proto_major, head.proto_minor);
    assert_eq!(got, (text, major, minor));
    assert_eq!(head.content_length, -1);
}

#[rstest]
#[case(Version::HTTP_11, "/p?q", "header.example", "header.example", "/p?q")]
#[case(
    Version::HTTP_11,
    "http://line.example/p?q",
    "header.example",
    "line.example",
    "http://line.example/p?q"
)]
#[case(Version::HTTP_2, "http://line.example/p?q", "", "line.example", "/p?q")]
#[case(Version::HTTP_11, "*", "header.example", "header.example", "*")]
fn the_host_and_the_uri_are_those_of_the_request_line(
    #[case] version: Version,
    #[case] uri: &str,
    #[case] header: &str,
    #[case] host: &str,
    #[case] request_uri: &str,
) {
    let headers: &[(&str, &str)] = match header {
        "" => &[],
        header => &[("host", header)],
    };
    let head = init(&parts(version, uri, headers), Whence::default()).unwrap();
    assert_eq!(
        (head.host.as_str(), head.request_uri.as_str()),
        (host, request_uri)
    );
    assert!(head.headers.is_empty(), "{:?}", head.headers);
}

#[test]
fn a_cut_cookie_is_one_cookie() {
    let parts = parts(
        Version::HTTP_2,
        "http://h/",
        &[("cookie", "a=1"), ("x", "y"), ("cookie", "b=2; c=3")],
    );
    let head = init(&parts, Whence::default()).unwrap();
    assert_eq!(head.headers[0].key, "Cookie");
    assert_eq!(head.headers[0].values, ["a=1; b=2; c=3"]);
}

#[test]
fn what_a_library_made_up_is_refused_by_name() {
    let mut head = ServeHttpRequestInit {
        headers: vec![HttpHeader {
            key: "X-Name".to_owned(),
            values: vec!["a\r\nX-Admin: true".to_owned()],
        }],
        ..ServeHttpRequestInit::default()
    };
    let error = check(&mut head).unwrap_err();
    assert_eq!(error, FieldError::Value("X-Name".to_owned()));
}

proptest! {
    /// All that came end to end is told, under names that differ from each other, with values in their order.
    #[test]
    fn headers_are_told_once_and_whole(
        list in proptest::collection::vec(("[a-z]{1,3}(-[a-z]{1,2})?", proptest::collection::vec(any::<u8>(), 0..5)), 0..8),
    ) {
        let mut map = HeaderMap::new();
        for (name, value) in &list {
            if let Ok(value) = HeaderValue::from_bytes(value) {
                map.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value);
            }
        }
        let told = headers(&map);
        for (at, entry) in told.iter().enumerate() {
            prop_assert!(told[at + 1..].iter().all(|other| !other.key.eq_ignore_ascii_case(&entry.key)));
            let values: Vec<String> = map.get_all(&entry.key).iter().map(text).collect();
            prop_assert_eq!(&entry.values, &values);
        }
        prop_assert_eq!(told.iter().map(|entry| entry.values.len()).sum::<usize>(), map.len());
        prop_assert!(fields::checked(&told).is_ok());
    }
}
