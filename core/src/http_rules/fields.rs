//! Headers: which names and values there are, how many are taken, and which of them end at this connection. Pure.

use http::{HeaderMap, HeaderName, HeaderValue};
use plugin_proto::pb::HttpHeader;

/// How large all headers of one head may be together. Browsers and servers take no more than a quarter of a megabyte or so.
pub const LARGEST_FIELDS: usize = 256 * 1024;

/// What each value counts besides its name and its bytes, as HTTP/2 counts (RFC 9113, `SETTINGS_MAX_HEADER_LIST_SIZE`).
const EACH: usize = 32;

/// Headers that say something about one connection, besides those that begin with `proxy-` and those that `Connection` names (RFC 9110,
/// 7.6.1).
const HOP_BY_HOP: [&str; 6] = [
    "connection",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Why headers cannot be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    /// The name is no token.
    #[error("the header name {0:?} is none: only letters, digits and !#$%&'*+-.^_`|~ are")]
    Name(String),
    /// The value would end its line, or has other characters that no value has.
    #[error("the value of the header {0} has a control character")]
    Value(String),
    /// They are too large together.
    #[error("the headers have {size} bytes and more; at most {LARGEST_FIELDS} are taken")]
    TooLarge {
        /// How large they are up to the first that is too much.
        size: usize,
    },
}

/// Takes away what ends at this connection.
///
/// Do this before adding headers of your own: a peer may name any header in `Connection`.
pub fn remove_hop_by_hop(headers: &mut Vec<HttpHeader>) {
    let named: Vec<String> = headers
        .iter()
        .filter(|header| header.key.eq_ignore_ascii_case("connection"))
        .flat_map(|header| header.values.iter())
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    headers.retain(|header| {
        let is_named = || {
            named
                .iter()
                .any(|name| header.key.eq_ignore_ascii_case(name))
        };
        !is_hop_by_hop(&header.key) && (named.is_empty() || !is_named())
    });
}

/// Whether a header of this name always ends at its connection.
pub fn is_hop_by_hop(name: &str) -> bool {
    const PROXY: &str = "proxy-";
    let begins = name.as_bytes().get(..PROXY.len());
    begins.is_some_and(|begins| begins.eq_ignore_ascii_case(PROXY.as_bytes()))
        || HOP_BY_HOP
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known))
}

/// Headers as a map in their order; each name and each value is one of HTTP.
///
/// # Errors
/// The first that is none, or that there are too many.
pub fn checked(headers: &[HttpHeader]) -> Result<HeaderMap, FieldError> {
    // Not with the capacity for all: a map that is asked for too much panics, and how many there are is the peer's choice.
    let mut map = HeaderMap::new();
    let mut size = 0;
    for HttpHeader { key, values } in headers {
        let bad_name = || FieldError::Name(shortened(key));
        let name = HeaderName::from_bytes(key.as_bytes()).map_err(|_| bad_name())?;
        for value in values {
            size += size_of(key, value);
            let value = HeaderValue::from_str_or_bytes(value)
                .ok_or_else(|| FieldError::Value(shortened(key)))?;
            let appended = map.try_append(name.clone(), value);
            if size > LARGEST_FIELDS || appended.is_err() {
                return Err(FieldError::TooLarge { size });
            }
        }
    }
    Ok(map)
}

/// Whether headers are not too large together; names and values are known to be ones of HTTP.
///
/// # Errors
/// That they are too large.
pub fn fit(headers: &[HttpHeader]) -> Result<(), FieldError> {
    let each = |header: &HttpHeader| -> usize {
        let sizes = header
            .values
            .iter()
            .map(|value| size_of(&header.key, value));
        sizes.sum()
    };
    let size = headers.iter().map(each).sum();
    match size > LARGEST_FIELDS {
        true => Err(FieldError::TooLarge { size }),
        false => Ok(()),
    }
}

fn size_of(name: &str, value: &str) -> usize {
    name.len() + value.len() + EACH
}

/// As many of them as a map takes, without a word about the others: what the reference makes of them.
pub fn unchecked(headers: &[HttpHeader]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for HttpHeader { key, values } in headers {
        let Ok(name) = HeaderName::from_bytes(key.as_bytes()) else {
            continue;
        };
        for value in values {
            if let Some(value) = HeaderValue::from_str_or_bytes(value) {
                // A map that is full takes no more.
                let _ = map.try_append(name.clone(), value);
            }
        }
    }
    map
}

trait OfText: Sized {
    /// The value with these bytes: text beyond ASCII goes as UTF-8.
    fn from_str_or_bytes(text: &str) -> Option<Self>;
}

impl OfText for HeaderValue {
    fn from_str_or_bytes(text: &str) -> Option<Self> {
        Self::from_bytes(text.as_bytes()).ok()
    }
}

/// A name as text that fits into a line of a log.
fn shortened(name: &str) -> String {
    const LONGEST: usize = 64;
    let mut short: String = name.chars().take(LONGEST).collect();
    if short.len() < name.len() {
        short.push('…');
    }
    short
}

/// A name as Go writes it, `Content-Type`: plugins compare names with this form.
pub fn canonical(name: &str) -> String {
    let mut written = name.to_ascii_lowercase();
    let mut begins = true;
    for (at, letter) in name.bytes().enumerate() {
        if begins && let Some(first) = written.get_mut(at..=at) {
            first.make_ascii_uppercase();
        }
        begins = letter == b'-';
    }
    written
}

/// A value as text. One that is no UTF-8 is Latin-1, which is what HTTP once meant by such bytes.
pub fn text(value: &HeaderValue) -> String {
    let bytes = value.as_bytes();
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn headers(list: &[(&str, &str)]) -> Vec<HttpHeader> {
        let header = |(key, value): &(&str, &str)| HttpHeader {
            key: (*key).to_owned(),
            values: vec![(*value).to_owned()],
        };
        list.iter().map(header).collect()
    }

    fn names(headers: &[HttpHeader]) -> Vec<&str> {
        headers.iter().map(|header| header.key.as_str()).collect()
    }

    #[test]
    fn what_ends_at_the_connection_goes_and_the_rest_stays_in_its_order() {
        let mut all = headers(&[
            ("Accept", "a/b"),
            ("connection", "close, X-Own"),
            ("CONNECTION", "x-second"),
            ("x-own", "1"),
            ("X-Second", "2"),
            ("X-Third", "3"),
            ("Keep-Alive", "timeout=5"),
            ("Proxy-Authenticate", "Basic"),
            ("proxy-connection", "keep-alive"),
            ("PROXY-anything", "x"),
            ("TE", "trailers"),
            ("Trailer", "Expires"),
            ("Transfer-Encoding", "chunked"),
            ("Upgrade", "websocket"),
            ("Proxied", "stays"),
            ("Te-A", "stays"),
        ]);
        remove_hop_by_hop(&mut all);
        assert_eq!(names(&all), ["Accept", "X-Third", "Proxied", "Te-A"]);
    }

    #[test]
    fn names_and_values_that_are_none_are_named() {
        for name in ["", "a b", "a:b", "a\r\nb", "é", "a\0"] {
            let error = checked(&headers(&[(name, "x")])).unwrap_err();
            assert_eq!(error, FieldError::Name(name.to_owned()));
        }
        for value in ["a\r\nSet-Cookie: b", "a\n", "a\r", "a\0", "\u{1}", "\u{7f}"] {
            let error = checked(&headers(&[("Good", "x"), ("Bad", value)])).unwrap_err();
            assert_eq!(error, FieldError::Value("Bad".to_owned()), "{value:?}");
        }
        let map = checked(&headers(&[("A", ""), ("b", "tab\there"), ("B", "é😀")])).unwrap();
        assert_eq!(map["b"], "tab\there");
        assert_eq!(map.get_all("b").iter().count(), 2);
        let long = "n".repeat(200);
        let error = checked(&headers(&[(&format!("{long} "), "")])).unwrap_err();
        assert!(error.to_string().len() < 200, "{error}");
    }

    #[test]
    fn only_a_long_name_is_cut_and_shows_it() {
        assert_eq!(shortened("X-Short"), "X-Short");
        assert_eq!(shortened(&"n".repeat(65)), "n".repeat(64) + "…");
    }

    #[test]
    fn the_size_has_an_end() {
        assert!(checked(&headers(&[("n", &"v".repeat(250_000))])).is_ok());
        let value = "v".repeat(LARGEST_FIELDS - EACH - 1);
        let largest = headers(&[("n", &value)]);
        assert!(checked(&largest).is_ok() && fit(&largest).is_ok());
        let larger = headers(&[("n", &value), ("m", "")]);
        let size = LARGEST_FIELDS + EACH + 1;
        for refused in [checked(&larger).map(drop), fit(&larger)] {
            assert_eq!(refused, Err(FieldError::TooLarge { size }));
        }
        let many = vec![
            HttpHeader {
                key: "k".to_owned(),
                values: vec![String::new()],
            };
            40_000
        ];
        let error = checked(&many).unwrap_err();
        assert!(matches!(error, FieldError::TooLarge { .. }), "{error}");
    }

    #[test]
    fn names_are_written_as_go_writes_them() {
        for (name, written) in [
            ("content-type", "Content-Type"),
            ("x-UPPER--y", "X-Upper--Y"),
            ("-a", "-A"),
            ("", ""),
        ] {
            assert_eq!(canonical(name), written);
        }
        assert_eq!(text(&HeaderValue::from_bytes(b"\xe9").unwrap()), "é");
        assert_eq!(text(&HeaderValue::from_bytes("é".as_bytes()).unwrap()), "é");
    }

    proptest! {
        /// Whatever is let through, no header ends another's line, and nothing of a connection is left.
        #[test]
        fn nothing_is_smuggled(list in proptest::collection::vec((any::<String>(), proptest::collection::vec(any::<String>(), 0..3)), 0..6)) {
            let mut headers: Vec<HttpHeader> = list
                .into_iter()
                .map(|(key, values)| HttpHeader { key, values })
                .collect();
            let before = headers.clone();
            remove_hop_by_hop(&mut headers);
            prop_assert!(headers.iter().all(|header| before.contains(header)));
            if let Ok(map) = checked(&headers) {
                let count: usize = headers.iter().map(|header| header.values.len()).sum();
                prop_assert_eq!(map.len(), count);
                for (name, value) in &map {
                    prop_assert!(!is_hop_by_hop(name.as_str()));
                    prop_assert!(!value.as_bytes().iter().any(|byte| b"\r\n\0".contains(byte)));
                }
            }
        }
    }
}
