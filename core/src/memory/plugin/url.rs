//! The URL by which one plugin asks another: `/{plugin id}/{rest}`. Pure.
//!
//! As the real server has it: the path is decoded once, cut, and what follows the id is read as a path again; the query is read and
//! written anew, in the order of its keys; scheme and host mean nothing.

use std::collections::BTreeMap;

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Whither {
    /// The id as it stands there.
    pub(super) plugin: String,
    /// Path and query as the plugin gets them.
    pub(super) url: String,
    /// The host that was named, if one was.
    pub(super) host: String,
}

/// Why a request goes nowhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Nowhere {
    /// It is no URL at all.
    #[error("the URL {0:?} is none")]
    NoUrl(String),
    /// There are fewer than two slashes.
    #[error("The path has to be /{{plugin id}}/ and what follows.")]
    TooShort,
    /// There is nothing between the slashes.
    #[error("The path names no plugin: it has to be /{{plugin id}}/ and what follows.")]
    NoPlugin,
    /// What follows the id is no path.
    #[error("What follows the id of the plugin is no path: {0:?}.")]
    Rest(String),
}

/// Reads a URL.
pub(super) fn read(url: &str) -> Result<Whither, Nowhere> {
    let no_url = || Nowhere::NoUrl(url.to_owned());
    if url.chars().any(|c| c.is_ascii_control()) {
        return Err(no_url());
    }
    let without_fragment = url.split('#').next().unwrap_or_default();
    let (before, query) = match without_fragment.split_once('?') {
        Some((before, query)) => (before, query),
        None => (without_fragment, ""),
    };
    let (host, path) = without_host(before);
    let path = decoded(path).ok_or_else(no_url)?;
    let mut parts = path.splitn(3, |byte| *byte == b'/');
    let (Some(_), Some(plugin), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(Nowhere::TooShort);
    };
    // Decoded, it may hold what begins a query or a fragment; neither counts.
    let end = rest.iter().position(|byte| matches!(byte, b'?' | b'#'));
    let rest = &rest[..end.unwrap_or(rest.len())];
    if plugin.is_empty() {
        return Err(Nowhere::NoPlugin);
    }
    let lossy = || Nowhere::Rest(String::from_utf8_lossy(rest).into_owned());
    let rest = rewritten(rest).ok_or_else(lossy)?;
    let query = sorted(query);
    let mark = if query.is_empty() { "" } else { "?" };
    Ok(Whither {
        plugin: String::from_utf8_lossy(plugin).into_owned(),
        url: format!("/{rest}{mark}{query}"),
        host: host.to_owned(),
    })
}

fn without_host(url: &str) -> (&str, &str) {
    let after_scheme = match url.split_once("://") {
        Some((scheme, rest)) if is_scheme(scheme) => Some(rest),
        _ => url.strip_prefix("//"),
    };
    match after_scheme {
        Some(rest) => rest.split_at(rest.find('/').unwrap_or(rest.len())),
        None => ("", url),
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

/// The bytes that a path with escapes means; nothing if an escape is none.
fn decoded(path: impl AsRef<[u8]>) -> Option<Vec<u8>> {
    let mut bytes = path.as_ref().iter();
    let mut decoded = Vec::new();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => hex(*bytes.next()?)? << 4 | hex(*bytes.next()?)?,
            byte => *byte,
        });
    }
    Some(decoded)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

/// A path that is written as it should be stays; any other is written anew.
fn rewritten(path: &[u8]) -> Option<String> {
    let meant = decoded(path)?;
    match std::str::from_utf8(path) {
        Ok(text)
            if path
                .iter()
                .all(|byte| *byte == b'%' || stands_in_path(*byte)) =>
        {
            Some(text.to_owned())
        }
        _ => Some(escaped(&meant, stands_in_path)),
    }
}

fn stands_in_path(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.~/$&+,:;=@!'()*[]".contains(&byte)
}

fn stands_in_query(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte)
}

fn escaped(bytes: &[u8], stands: fn(u8) -> bool) -> String {
    let mut text = String::new();
    for byte in bytes {
        match *byte {
            byte if stands(byte) => text.push(char::from(byte)),
            byte => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

/// The pairs of a query in the order of their keys, those of one key in their own. What is no pair is left out.
fn sorted(query: &str) -> String {
    let mut pairs: BTreeMap<Vec<u8>, Vec<Vec<u8>>> = BTreeMap::new();
    for pair in query
        .split('&')
        .filter(|pair| !pair.is_empty() && !pair.contains(';'))
    {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let plain = |text: &str| decoded(text.replace('+', " "));
        if let (Some(key), Some(value)) = (plain(key), plain(value)) {
            pairs.entry(key).or_default().push(value);
        }
    }
    let written = |bytes: &[u8]| {
        escaped(bytes, |byte| byte == b' ' || stands_in_query(byte)).replace(' ', "+")
    };
    let all = pairs.iter().flat_map(|(key, values)| {
        let key = written(key);
        values
            .iter()
            .map(move |value| format!("{key}={}", written(value)))
    });
    all.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case::plain("/com.example.b/a/b", "com.example.b", "/a/b")]
    #[case::root("/com.example.b/", "com.example.b", "/")]
    #[case::host("http://ignored:80/com.example.b/a", "com.example.b", "/a")]
    #[case::second_segment("x/com.example.b/a", "com.example.b", "/a")]
    #[case::slashes("/com.example.b//a//", "com.example.b", "//a//")]
    #[case::dots("/com.example.b/../a", "com.example.b", "/../a")]
    #[case::sorted("/com.example.b/a?b=2&a=1&b=1", "com.example.b", "/a?a=1&b=2&b=1")]
    #[case::escaped_query("/com.example.b/?q=a b%26&e&=x", "com.example.b", "/?=x&e=&q=a+b%26")]
    #[case::bad_pairs("/com.example.b/?a=%zz&b=1&c;d", "com.example.b", "/?b=1")]
    #[case::escaped_path("/com.example.b/a%20b", "com.example.b", "/a%20b")]
    #[case::decoded_twice("/com.example.b/a%2520b", "com.example.b", "/a%20b")]
    #[case::escaped_slash("/com.example.b%2Fa/b", "com.example.b", "/a/b")]
    #[case::escaped_query_mark("/com.example.b/a%3Fb=1", "com.example.b", "/a")]
    #[case::letters("/com.example.b/\u{e4}", "com.example.b", "/%C3%A4")]
    #[case::fragment("/com.example.b/a#b?c", "com.example.b", "/a")]
    fn goes(#[case] url: &str, #[case] plugin: &str, #[case] expected: &str) {
        let whither = read(url).unwrap();
        assert_eq!(
            (whither.plugin.as_str(), whither.url.as_str()),
            (plugin, expected)
        );
    }

    #[rstest]
    #[case::id_alone("/com.example.b", Nowhere::TooShort)]
    #[case::nothing("", Nowhere::TooShort)]
    #[case::host_alone("http://com.example.b/a", Nowhere::TooShort)]
    #[case::no_id("//", Nowhere::TooShort)]
    #[case::empty_id("http://h//a", Nowhere::NoPlugin)]
    #[case::rest("/com.example.b/100%25", Nowhere::Rest("100%".to_owned()))]
    #[case::escape("/com.example.b/%zz", Nowhere::NoUrl("/com.example.b/%zz".to_owned()))]
    #[case::line("/a/b\nc", Nowhere::NoUrl("/a/b\nc".to_owned()))]
    fn goes_nowhere(#[case] url: &str, #[case] expected: Nowhere) {
        assert_eq!(read(url), Err(expected));
    }

    proptest! {
        #[test]
        fn what_a_plugin_gets_can_be_read_again(url in "/[a-z]{3}/.{0,30}") {
            if let Ok(whither) = read(&url) {
                let again = read(&format!("/{}{}", whither.plugin, whither.url.replace('%', "%25"))).unwrap();
                let path = |url: &str| url.split('?').next().unwrap_or_default().to_owned();
                prop_assert_eq!(path(&again.url), path(&whither.url));
                prop_assert!(whither.url.is_ascii());
            }
        }
    }
}
