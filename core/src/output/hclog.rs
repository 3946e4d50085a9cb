//! Log lines in hclog's JSON form. Pure.
//!
//! A line counts only if all of it is one JSON object with a known `@level`, and a time stamp, if any, in hclog's own
//! layout. A Go host dies of a `@message`, `@level` or `@timestamp` that is not a string; here such a line is only text.

use serde_json::{Map, Value};

use crate::event::Level;

/// A line in hclog's form.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// `@level`.
    pub level: Level,
    /// `@message`, empty if absent.
    pub message: String,
    /// `@timestamp` as written.
    pub timestamp: Option<String>,
    /// Every other key.
    pub fields: Map<String, Value>,
}

/// What a line is in the eyes of this form.
#[derive(Debug, Clone, PartialEq)]
pub enum Reading {
    /// A log record.
    Record(Record),
    /// JSON of somebody else: an object without a level that hclog knows. To be logged verbatim at debug.
    Foreign,
    /// Not of this form; the rules for text decide.
    Text,
}

/// Reads one line.
pub fn read(line: &str) -> Reading {
    // Text is the common case, and an object can begin with nothing else.
    if !line.trim_start().starts_with(['{', 'n']) {
        return Reading::Text;
    }
    let Ok(Some(mut fields)) = serde_json::from_str::<Option<Map<String, Value>>>(line) else {
        return if line.trim() == "null" {
            Reading::Foreign
        } else {
            Reading::Text
        };
    };
    let (Ok(message), Ok(level), Ok(timestamp)) = (
        take_text(&mut fields, "@message"),
        take_text(&mut fields, "@level"),
        take_text(&mut fields, "@timestamp"),
    ) else {
        return Reading::Text;
    };
    if timestamp
        .as_deref()
        .is_some_and(|stamp| !is_timestamp(stamp))
    {
        return Reading::Text;
    }
    match level.as_deref().and_then(level_of) {
        Some(level) => Reading::Record(Record {
            level,
            message: message.unwrap_or_default(),
            timestamp,
            fields,
        }),
        None => Reading::Foreign,
    }
}

/// A value that must be a text if it is there.
fn take_text(fields: &mut Map<String, Value>, key: &str) -> Result<Option<String>, ()> {
    match fields.shift_remove(key) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(()),
    }
}

/// hclog's `LevelFromString`, without the levels that mean no level.
fn level_of(word: &str) -> Option<Level> {
    match word.trim().to_ascii_lowercase().as_str() {
        "trace" => Some(Level::Trace),
        "debug" => Some(Level::Debug),
        "info" => Some(Level::Info),
        "warn" => Some(Level::Warn),
        "error" => Some(Level::Error),
        _ => None,
    }
}

/// `2006-01-02T15:04:05.000000Z07:00`: six digits of a second, neither more nor fewer.
fn is_timestamp(stamp: &str) -> bool {
    let Some((main, zone)) = stamp.split_at_checked(26) else {
        return false;
    };
    let shape = "dddd-dd-ddTdd:dd:dd.dddddd";
    let fits = main.len() == shape.len()
        && main
            .bytes()
            .zip(shape.bytes())
            .all(|(found, expected)| fits(found, expected));
    fits && is_zone(zone) && is_calendar_time(main)
}

fn is_zone(zone: &str) -> bool {
    let offset = "sdd:dd";
    zone == "Z"
        || (zone.len() == offset.len()
            && zone
                .bytes()
                .zip(offset.bytes())
                .all(|(found, expected)| fits(found, expected)))
}

fn fits(found: u8, expected: u8) -> bool {
    match expected {
        b'd' => found.is_ascii_digit(),
        b's' => matches!(found, b'+' | b'-'),
        other => found == other,
    }
}

/// Months of 1 to 12, days that the month has, hours of 0 to 23, minutes and seconds of 0 to 59.
fn is_calendar_time(main: &str) -> bool {
    let number = |range: std::ops::Range<usize>| main[range].parse::<u32>().unwrap_or(u32::MAX);
    let (year, month, day) = (number(0..4), number(5..7), number(8..10));
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day) && number(11..13) < 24 && number(14..16) < 60 && number(17..19) < 60
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case::plain(
        r#"{"@level":"info","@message":"hi","@timestamp":"2026-01-02T03:04:05.000006Z"}"#,
        Level::Info,
        "hi"
    )]
    #[case::offset(
        r#"{"@level":"error","@message":"hi","@timestamp":"2026-01-02T03:04:05.000006+02:00"}"#,
        Level::Error,
        "hi"
    )]
    #[case::leap(
        r#"{"@level":"info","@message":"hi","@timestamp":"2024-02-29T23:59:59.999999-11:30"}"#,
        Level::Info,
        "hi"
    )]
    #[case::leap_century(
        r#"{"@level":"info","@message":"hi","@timestamp":"2000-02-29T00:00:00.000000Z"}"#,
        Level::Info,
        "hi"
    )]
    #[case::last_days(
        r#"{"@level":"info","@message":"hi","@timestamp":"2026-12-31T00:00:00.000000Z"}"#,
        Level::Info,
        "hi"
    )]
    #[case::short_month(
        r#"{"@level":"info","@message":"hi","@timestamp":"2026-11-30T00:00:00.000000Z"}"#,
        Level::Info,
        "hi"
    )]
    #[case::no_timestamp(r#"{"@level":"warn","@message":"hi"}"#, Level::Warn, "hi")]
    #[case::no_message(r#"{"@level":"trace"}"#, Level::Trace, "")]
    #[case::case_and_blanks(r#" {"@level":" DEBUG ","@message":"hi"} "#, Level::Debug, "hi")]
    fn records(#[case] line: &str, #[case] level: Level, #[case] message: &str) {
        match read(line) {
            Reading::Record(record) => {
                assert_eq!((record.level, record.message.as_str()), (level, message))
            }
            other => panic!("{line}: {other:?}"),
        }
    }

    #[rstest]
    #[case::no_level(r#"{"@message":"hi"}"#)]
    #[case::other_keys(r#"{"level":"info","msg":"hi"}"#)]
    #[case::empty("{}")]
    #[case::null("null")]
    #[case::unknown_level(r#"{"@level":"warning","@message":"hi"}"#)]
    #[case::off(r#"{"@level":"off","@message":"hi"}"#)]
    fn foreign(#[case] line: &str) {
        assert_eq!(read(line), Reading::Foreign, "{line}");
    }

    #[rstest]
    #[case::array("[1]")]
    #[case::number("7")]
    #[case::text("\"x\"")]
    #[case::garbage_after(r#"{"@level":"info"} x"#)]
    #[case::level_number(r#"{"@level":3,"@message":"hi"}"#)]
    #[case::message_object(r#"{"@level":"info","@message":{}}"#)]
    #[case::timestamp_number(r#"{"@level":"info","@timestamp":5}"#)]
    #[case::null_level(r#"{"@level":null,"@message":"hi"}"#)]
    #[case::no_fraction(r#"{"@level":"error","@timestamp":"2026-01-02T03:04:05Z"}"#)]
    #[case::three_digits(r#"{"@level":"error","@timestamp":"2026-01-02T03:04:05.123Z"}"#)]
    #[case::no_such_month(r#"{"@level":"error","@timestamp":"2026-13-02T03:04:05.000006Z"}"#)]
    #[case::not_leap(r#"{"@level":"error","@timestamp":"2025-02-29T03:04:05.000006Z"}"#)]
    #[case::no_such_day(r#"{"@level":"error","@timestamp":"2026-04-31T03:04:05.000006Z"}"#)]
    #[case::day_zero(r#"{"@level":"error","@timestamp":"2026-04-00T03:04:05.000006Z"}"#)]
    #[case::century_not_leap(r#"{"@level":"error","@timestamp":"1900-02-29T03:04:05.000006Z"}"#)]
    #[case::hour_24(r#"{"@level":"error","@timestamp":"2026-01-02T24:04:05.000006Z"}"#)]
    #[case::minute_60(r#"{"@level":"error","@timestamp":"2026-01-02T03:60:05.000006Z"}"#)]
    #[case::second_60(r#"{"@level":"error","@timestamp":"2026-01-02T03:04:60.000006Z"}"#)]
    #[case::zone_without_colon(
        r#"{"@level":"error","@timestamp":"2026-01-02T03:04:05.000006+0200"}"#
    )]
    #[case::zone_lower(r#"{"@level":"error","@timestamp":"2026-01-02T03:04:05.000006z"}"#)]
    #[case::no_zone(r#"{"@level":"error","@timestamp":"2026-01-02T03:04:05.000006"}"#)]
    #[case::wide_characters(
        "{\"@level\":\"error\",\"@timestamp\":\"2026-01-02T03:04:05.00000\u{e9}Z\"}"
    )]
    fn text(#[case] line: &str) {
        assert_eq!(read(line), Reading::Text, "{line}");
    }

    #[test]
    fn other_keys_are_fields() {
        let Reading::Record(record) = read(r#"{"@level":"info","@module":"m","count":2}"#) else {
            panic!("no record");
        };
        assert_eq!(
            record.fields.keys().collect::<Vec<_>>(),
            ["@module", "count"]
        );
    }

    proptest! {
        #[test]
        fn never_panics(line in "\\PC{0,60}|[{}\":@a-z0-9,]{0,40}") {
            read(&line);
        }

        #[test]
        fn time_stamps_never_panic(stamp in "\\PC{20,40}") {
            is_timestamp(&stamp);
        }
    }
}
