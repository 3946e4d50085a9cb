//! Where secrets stand in a text: behind the name of a variable or of a header field, as JSON, as Rust shows lists and pairs, as a header
//! field or as an assignment. Pure.

use std::ops::Range;

use super::SHOWN;

/// Header fields whose values let somebody in, in lower case.
const FIELDS: [&str; 4] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
];

/// A secret in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Secret {
    /// The variable or field it is a value of.
    pub name: String,
    /// Where it is.
    pub range: Range<usize>,
}

/// What a name is one of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Variable,
    Authorization,
    Cookie,
}

/// The secrets of a text, in their order.
pub(super) fn secrets(text: &str) -> Vec<Secret> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(word) = next_word(text, at) {
        at = word.end;
        let name = &text[word.clone()];
        let Some(kind) = kind_of(name) else { continue };
        for range in values(text, word, kind) {
            at = at.max(range.end);
            let name = name.to_owned();
            found.push(Secret { name, range });
        }
    }
    found
}

fn kind_of(name: &str) -> Option<Kind> {
    let upper = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    if name.len() > 3 && name.bytes().all(upper) {
        return (!SHOWN.contains(&name)).then_some(Kind::Variable);
    }
    let lower = name.to_ascii_lowercase();
    match FIELDS.contains(&lower.as_str()) {
        false => None,
        true if lower.ends_with("authorization") => Some(Kind::Authorization),
        true => Some(Kind::Cookie),
    }
}

/// The next run of letters, digits, dashes and underscores.
fn next_word(text: &str, from: usize) -> Option<Range<usize>> {
    let part = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
    let bytes = text.as_bytes();
    let start = (from..bytes.len()).find(|at| part(&bytes[*at]))?;
    let length = bytes[start..].iter().take_while(|byte| part(byte)).count();
    Some(start..start + length)
}

/// Reads on in a text.
#[derive(Clone)]
struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn take(&mut self, part: &str) -> bool {
        let there = self.rest().starts_with(part);
        self.at += if there { part.len() } else { 0 };
        there
    }

    fn blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches(' ').len();
    }

    /// A quotation mark, perhaps one inside of a quoted text.
    fn quote(&mut self) -> Option<&'static str> {
        let marks = ["\\\\\\\"", "\\\"", "\"", "'", "`"];
        marks.into_iter().find(|mark| self.take(mark))
    }

    /// A quoted text, without its marks.
    fn quoted(&mut self) -> Option<Range<usize>> {
        let mut ahead = self.clone();
        let mark = ahead.quote()?;
        let start = ahead.at;
        let mut end = start;
        loop {
            let length = self.text[end..].find(mark)?;
            end += length;
            let escaped = mark == "\"" && self.text[start..end].ends_with('\\');
            if !escaped {
                break;
            }
            end += mark.len();
        }
        self.at = end + mark.len();
        Some(start..end)
    }
}

/// What stands behind a name as its value or values.
fn values(text: &str, word: Range<usize>, kind: Kind) -> Vec<Range<usize>> {
    let before = text[..word.start].trim_end_matches(['\\', '"', '\'']);
    let name = &text[word.clone()];
    let mut cursor = Cursor { text, at: word.end };
    let closed = cursor.quote().is_some();
    cursor.blanks();
    let separator = ["=>", ":", "=", ","]
        .into_iter()
        .find(|mark| cursor.take(mark));
    cursor.blanks();
    match separator {
        None if cursor.rest().starts_with("[\"") => {
            cursor.take("[");
            return listed(cursor);
        }
        None => return Vec::new(),
        // A list or a pair, or an object with a name and a value.
        Some(",") => {
            if !closed {
                return Vec::new();
            }
            let mut ahead = cursor.clone();
            let named = ahead.quoted().map(|range| &text[range]);
            if matches!(named, Some("value" | "values")) && ahead.take(":") {
                cursor = ahead;
                cursor.blanks();
            } else {
                let opened = match kind {
                    Kind::Variable => before.ends_with('('),
                    _ => before.ends_with(['(', '[']),
                };
                let value = cursor.quoted().filter(|_| opened);
                let value = value.filter(|range| tells(&text[range.clone()], kind));
                return value.into_iter().collect();
            }
        }
        // A word in capitals before a colon is a variable only where it is a key, or has the form of one.
        Some(":") if kind == Kind::Variable && !closed && !name.contains('_') => {
            return Vec::new();
        }
        Some(_) => {}
    }
    if cursor.take("[") {
        return listed(cursor);
    }
    if cursor.take("Some(") {
        cursor.blanks();
    }
    let quoted = cursor.clone().quoted();
    let value = match (quoted, kind) {
        (Some(range), _) => Some(range),
        (None, Kind::Variable) if separator == Some("=") => bare(&cursor, " ,;\"'`)]}\n"),
        (None, Kind::Variable) => None,
        (None, Kind::Authorization) => {
            let value = bare(&cursor, ",;\"'`)]}\n");
            value.filter(|range| tells(&text[range.clone()], kind))
        }
        (None, Kind::Cookie) => {
            let value = bare(&cursor, ",\"'`)]}\n");
            value.filter(|range| tells(&text[range.clone()], kind))
        }
    };
    value
        .filter(|range| !range.is_empty())
        .into_iter()
        .collect()
}

/// Whether a text by itself looks like a value of this kind, and not like another name.
fn tells(text: &str, kind: Kind) -> bool {
    match kind {
        Kind::Variable => !text.is_empty(),
        Kind::Authorization => text
            .split_once(' ')
            .is_some_and(|(_, credentials)| credentials.len() >= 4 && !credentials.contains(' ')),
        Kind::Cookie => text.contains('='),
    }
}

fn listed(mut cursor: Cursor<'_>) -> Vec<Range<usize>> {
    let mut all = Vec::new();
    loop {
        cursor.blanks();
        let Some(range) = cursor.quoted() else { break };
        if !range.is_empty() {
            all.push(range);
        }
        cursor.blanks();
        if !cursor.take(",") {
            break;
        }
    }
    all
}

fn bare(cursor: &Cursor<'_>, ends: &str) -> Option<Range<usize>> {
    let rest = cursor.rest();
    let length = rest
        .find(|letter| ends.contains(letter))
        .unwrap_or(rest.len());
    (length > 0).then_some(cursor.at..cursor.at + length)
}
