//! Secrets of users in JSON that a request carries as bytes: their places are found, and everything else keeps its bytes. Pure.
//!
//! The JSON is that of a `SyncMsg`: `users` is an object of users by id. What cannot be read is left as it is, from there on.

use std::ops::Range;

use serde::de::IgnoredAny;

/// The key of the users. Keys are compared as Go compares them, without regard to case.
const USERS: &str = "users";

/// An empty text: what stands in the place of a secret.
const EMPTY: &[u8] = b"\"\"";

/// Whether users in it have one of these fields, with something in it.
pub(super) fn finds(json: &[u8], secrets: &[&str]) -> bool {
    !places(json, secrets).is_empty()
}

/// The same JSON with an empty text in the place of each secret.
pub(super) fn without(json: &[u8], secrets: &[&str]) -> Vec<u8> {
    let mut left = Vec::with_capacity(json.len());
    let mut copied = 0;
    for place in places(json, secrets) {
        left.extend_from_slice(&json[copied..place.start]);
        left.extend_from_slice(EMPTY);
        copied = place.end;
    }
    left.extend_from_slice(&json[copied..]);
    left
}

/// Where the secrets stand, in order.
fn places(json: &[u8], secrets: &[&str]) -> Vec<Range<usize>> {
    let is = |key: &str, wanted: &str| key.eq_ignore_ascii_case(wanted);
    let mut found = Vec::new();
    let whole = 0..json.len();
    let users = members(json, whole).filter(|(key, _)| is(key, USERS));
    for (_, user) in users.flat_map(|(_, users)| members(json, users)) {
        for (key, value) in members(json, user) {
            let is_secret = secrets.iter().any(|secret| is(&key, secret));
            if is_secret && !matches!(&json[value.clone()], EMPTY | b"null") {
                found.push(value);
            }
        }
    }
    found
}

/// The members of an object with the places of their values, as far as it can be read; none if it is no object.
fn members(json: &[u8], object: Range<usize>) -> impl Iterator<Item = (String, Range<usize>)> {
    let mut scan = Scan {
        json,
        at: object.start,
        end: object.end,
    };
    let mut opened = false;
    std::iter::from_fn(move || {
        scan.take(if opened { b',' } else { b'{' })?;
        opened = true;
        let key = scan.value()?;
        let key = serde_json::from_slice(&json[key]).ok()?;
        scan.take(b':')?;
        Some((key, scan.value()?))
    })
}

/// A place in a text that is JSON.
struct Scan<'a> {
    json: &'a [u8],
    at: usize,
    end: usize,
}

impl Scan<'_> {
    fn skip_blanks(&mut self) {
        let rest = &self.json[self.at..self.end];
        let blank = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        self.at += rest.iter().take_while(blank).count();
    }

    fn take(&mut self, wanted: u8) -> Option<()> {
        self.skip_blanks();
        let found = self.json[self.at..self.end].first() == Some(&wanted);
        found.then(|| self.at += 1)
    }

    /// The place of the value that begins here.
    fn value(&mut self) -> Option<Range<usize>> {
        self.skip_blanks();
        let rest = &self.json[self.at..self.end];
        let mut values = serde_json::Deserializer::from_slice(rest).into_iter::<IgnoredAny>();
        values.next()?.ok()?;
        let begin = self.at;
        self.at += values.byte_offset();
        Some(begin..self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRETS: &[&str] = &["password", "mfa_secret", "auth_data"];

    fn check(json: &str, expected: &str) {
        let left = without(json.as_bytes(), SECRETS);
        assert_eq!(String::from_utf8(left).unwrap(), expected);
        assert_eq!(finds(json.as_bytes(), SECRETS), json != expected, "{json}");
    }

    #[test]
    fn secrets_of_all_users_are_emptied_and_nothing_else() {
        check(
            r#" {"id": "x", "users" :{"u1":{"id":"u1", "password": "h\"},", "n": 1e3,"auth_data":null},
                "u2" : {"MFA_Secret":"t","email":"e"}}, "posts":[{"password":"kept"}],"n":18446744073709551615}"#,
            r#" {"id": "x", "users" :{"u1":{"id":"u1", "password": "", "n": 1e3,"auth_data":null},
                "u2" : {"MFA_Secret":"","email":"e"}}, "posts":[{"password":"kept"}],"n":18446744073709551615}"#,
        );
    }

    #[test]
    fn keys_may_be_escaped_and_stand_twice_and_values_be_anything() {
        check(
            r#"{"users":{"u":{"passw\u006frd":["a",{"b":"}"}]}},"Users":{"u":{"password":7,"password":"x"}}}"#,
            r#"{"users":{"u":{"passw\u006frd":""}},"Users":{"u":{"password":"","password":""}}}"#,
        );
    }

    #[test]
    fn what_has_no_secret_or_is_no_such_json_keeps_its_bytes() {
        for json in [
            "",
            "no json",
            "[]",
            "{}",
            r#"{"users":[{"password":"p"}]}"#,
            r#"{"users":null,"password":"p"}"#,
            r#"{"users":{"u":{"password":"","mfa_secret":null}}}"#,
            r#"{"posts":[{"message":"\"users\":{\"password\":\"p\"}"}]}"#,
        ] {
            check(json, json);
        }
    }

    #[test]
    fn secrets_before_a_place_that_cannot_be_read_are_emptied() {
        check(
            r#"{"a":1,"users":{"u":{"password":"p"}},"b":"#,
            r#"{"a":1,"users":{"u":{"password":""}},"b":"#,
        );
    }

    #[test]
    fn depth_hides_nothing() {
        let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
        let with = |secret: &str| {
            format!(r#"{{"deep":{deep},"users":{{"u":{{"password":"{secret}"}}}}}}"#)
        };
        check(&with("p"), &with(""));
    }
}
