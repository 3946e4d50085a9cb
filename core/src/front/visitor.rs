//! What a plugin is told of who asks: what only the host may say is taken off a request, and said by the host. Pure.
//!
//! As in Mattermost's `app/plugin_requests.go`: a client can neither claim to be a user or a plugin nor leak its login.

use std::borrow::Cow;

use http::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderName, HeaderValue, REFERER};

use crate::front::options::Session;

/// The user whose session it is.
const USER_ID: HeaderName = HeaderName::from_static("mattermost-user-id");

/// The plugin that asks another plugin.
const PLUGIN_ID: HeaderName = HeaderName::from_static("mattermost-plugin-id");

/// The cookie that is a login.
const LOGIN_COOKIE: &str = "MMAUTHTOKEN";

/// The key of a query that is a login.
const LOGIN_KEY: &[u8] = b"access_token";

/// Takes off what only the host may say, and what is nobody's but the host's to know.
pub(super) fn cleanse(headers: &mut HeaderMap) {
    for name in [USER_ID, PLUGIN_ID, REFERER] {
        headers.remove(name);
    }
    let is_login = |cookie: &[u8]| {
        let name = cookie.split(|byte| *byte == b'=').next();
        name.is_some_and(|name| name.trim_ascii() == LOGIN_COOKIE.as_bytes())
    };
    let crumbs = |value: &HeaderValue| -> Vec<Vec<u8>> {
        let all = value.as_bytes().split(|byte| *byte == b';');
        all.map(|cookie| cookie.trim_ascii().to_vec()).collect()
    };
    let with_login = headers.get_all(COOKIE).iter();
    if !with_login.flat_map(crumbs).any(|cookie| is_login(&cookie)) {
        return;
    }
    let kept: Vec<HeaderValue> = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| {
            let mut cookies = crumbs(value);
            cookies.retain(|cookie| !is_login(cookie));
            let joined = cookies.join(&b"; "[..]);
            // Parts of a legal value are legal.
            HeaderValue::from_bytes(&joined)
                .ok()
                .filter(|value| !value.is_empty())
        })
        .collect();
    headers.remove(COOKIE);
    for value in kept {
        headers.append(COOKIE, value);
    }
}

/// Says whose session it is. The login itself stays with the host.
pub(super) fn introduce(headers: &mut HeaderMap, session: &Session) {
    headers.remove(AUTHORIZATION);
    if let Ok(user) = HeaderValue::from_str(&session.user_id) {
        headers.insert(USER_ID, user);
    }
}

/// Path and query without the login in the query; what else is there stays as it was written.
pub(super) fn without_login(path_and_query: &str) -> Cow<'_, str> {
    let Some((path, query)) = path_and_query.split_once('?') else {
        return Cow::Borrowed(path_and_query);
    };
    let is_login = |pair: &&str| {
        let key = pair.split('=').next().unwrap_or_default();
        unescaped(key) == LOGIN_KEY
    };
    if !query.split('&').any(|pair| is_login(&pair)) {
        return Cow::Borrowed(path_and_query);
    }
    let kept: Vec<&str> = query.split('&').filter(|pair| !is_login(pair)).collect();
    match kept.is_empty() {
        true => Cow::Borrowed(path),
        false => Cow::Owned(format!("{path}?{}", kept.join("&"))),
    }
}

/// The bytes that a key stands for; an escape that is none stands for itself.
fn unescaped(key: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(key.len());
    let mut rest = key.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digit = |at: usize| {
            let byte = after.get(at)?;
            char::from(*byte).to_digit(16)
        };
        match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.extend(u8::try_from(high * 16 + low));
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn nobody_says_who_they_are_but_the_host() {
        let mut given = headers(&[
            ("mattermost-user-id", "admin"),
            ("mattermost-user-id", "again"),
            ("mattermost-plugin-id", "com.example.a"),
            ("referer", "http://chat.example/private"),
            ("authorization", "Bearer x"),
            ("accept", "a"),
            ("accept", "b"),
        ]);
        cleanse(&mut given);
        let left = headers(&[
            ("authorization", "Bearer x"),
            ("accept", "a"),
            ("accept", "b"),
        ]);
        assert_eq!(given, left);
        let session = Session {
            user_id: "u1".to_owned(),
            session_id: "s1".to_owned(),
        };
        introduce(&mut given, &session);
        let known = headers(&[
            ("accept", "a"),
            ("accept", "b"),
            ("mattermost-user-id", "u1"),
        ]);
        assert_eq!(given, known);
    }

    #[rstest]
    #[case::alone(&["MMAUTHTOKEN=secret"], &[])]
    #[case::between(&["a=1; MMAUTHTOKEN=secret; b=2"], &["a=1; b=2"])]
    #[case::odd_blanks(&["a=1;MMAUTHTOKEN = secret;b=2"], &["a=1; b=2"])]
    #[case::several(&["a=1", "MMAUTHTOKEN=x", "c=3; d=4"], &["a=1", "c=3; d=4"])]
    #[case::without(&["a=1;b=2;  c"], &["a=1;b=2;  c"])]
    #[case::only_alike(&["XMMAUTHTOKEN=1; MMAUTHTOKEN2=2; a=MMAUTHTOKEN=3"], &["XMMAUTHTOKEN=1; MMAUTHTOKEN2=2; a=MMAUTHTOKEN=3"])]
    fn the_login_cookie_stays_here(#[case] given: &[&str], #[case] left: &[&str]) {
        let cookies = |values: &[&str]| {
            let pairs: Vec<_> = values.iter().map(|value| ("cookie", *value)).collect();
            headers(&pairs)
        };
        let mut given = cookies(given);
        cleanse(&mut given);
        assert_eq!(given, cookies(left));
    }

    #[rstest]
    #[case("/a?b=1&b=2&%61=", "/a?b=1&b=2&%61=")]
    #[case("/a", "/a")]
    #[case("?", "?")]
    #[case("/a?access_token=x", "/a")]
    #[case("/a?b=1&access_token=x&c=%2F+&", "/a?b=1&c=%2F+&")]
    #[case("/a?access%5Ftoken=x&%61ccess_token", "/a")]
    #[case(
        "/a?my_access_token=x&access_token%=y",
        "/a?my_access_token=x&access_token%=y"
    )]
    fn the_login_in_a_query_stays_here(#[case] given: &str, #[case] left: &str) {
        assert_eq!(without_login(given), left);
    }
}
