//! What a plugin writes: nothing of it is lost or made up, however it arrives, and no line takes down its reader.

use plugin_host::event::Level;
use plugin_host::output::classify::{Classifier, Entry, Form};
use plugin_host::output::hclog::{self, Reading};
use plugin_host::output::lines::{BUFFER, Lines};
use plugin_host::output::tail::Tail;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value};

use crate::any_json;

fn entries(reads: &[&[u8]]) -> Vec<Entry> {
    let mut lines = Lines::default();
    let mut classifier = Classifier::new(true);
    let mut found = Vec::new();
    for read in reads {
        lines.push(read, |line| {
            classifier.push(&line, |entry| found.push(entry))
        });
    }
    if let Some(line) = lines.end() {
        classifier.push(&line, |entry| found.push(entry));
    }
    classifier.flush(|entry| found.push(entry));
    found
}

const LEVELS: [(&str, Level); 5] = [
    ("trace", Level::Trace),
    ("debug", Level::Debug),
    ("info", Level::Info),
    ("warn", Level::Warn),
    ("error", Level::Error),
];

/// A line of the kinds that mean something, or nearly.
fn line() -> BoxedStrategy<Vec<u8>> {
    let near = select(vec![
        "Traceback (most recent call last):",
        "  File \"a.py\", line 1, in f",
        "ValueError: no",
        "",
        "During handling of the above exception, another exception occurred:",
        "  + Exception Group Traceback (most recent call last):",
        "    | ValueError: 1",
        "Exception ignored in: <x>",
        "panic: x",
        "[INFO] x",
        "[ERROR]",
        "null",
        "{}",
        "{\"@level\":\"info\",\"@message\":\"x\"}",
        "{\"@level\":3}",
        "{\"@level\":\"info\"} x",
        "{",
        "\r",
    ]);
    let object = btree_map(
        prop_oneof![
            select(vec!["@level", "@message", "@timestamp", "@module"]).prop_map(str::to_owned),
            "[a-z@]{1,6}",
        ],
        any_json(),
        0..5,
    );
    prop_oneof![
        4 => near.prop_map(|text| text.as_bytes().to_vec()),
        1 => object.prop_map(|map| Value::Object(map.into_iter().collect()).to_string().into_bytes()),
        1 => vec(any::<u8>().prop_filter("one line", |byte| *byte != b'\n'), 0..40),
    ]
    .boxed()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_record_is_read_as_it_was_written(
        (word, level) in select(&LEVELS[..]),
        message in "\\PC{0,40}|[\\x00-\\x7f]{0,10}",
        stamp in proptest::option::of("20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\\.[0-9]{6}(Z|[+-][0-9]{2}:[0-9]{2})"),
        more in btree_map("[a-z]{1,6}|@module", any_json(), 0..4),
    ) {
        let fields: Map<String, Value> = more.into_iter().collect();
        let mut object = fields.clone();
        object.insert("@level".to_owned(), word.into());
        object.insert("@message".to_owned(), message.clone().into());
        object.extend(stamp.clone().map(|stamp| ("@timestamp".to_owned(), stamp.into())));
        let line = Value::Object(object).to_string();

        let Reading::Record(record) = hclog::read(&line) else {
            return Err(TestCaseError::fail(line));
        };
        prop_assert_eq!(record.level, level);
        prop_assert_eq!(&record.message, &message);
        prop_assert_eq!(record.timestamp, stamp);
        // Through text, for a double may be a digit off.
        prop_assert_eq!(record.fields.keys().collect::<Vec<_>>(), fields.keys().collect::<Vec<_>>());

        let found = entries(&[line.as_bytes(), b"\n"]);
        prop_assert_eq!(found.len(), 1);
        prop_assert_eq!((found[0].level, found[0].form), (level, Form::Hclog));
        prop_assert_eq!(&found[0].message, &message);
        prop_assert_eq!(&found[0].raw, &line);
    }

    #[test]
    fn a_record_that_lacks_a_piece_is_text_and_whole(
        message in "[a-z ]{1,20}",
        cut in any::<proptest::sample::Index>(),
    ) {
        let line = serde_json::json!({"@level": "error", "@message": message}).to_string();
        let cut = cut.index(line.len() - 1) + 1;
        let found = entries(&[&line.as_bytes()[..cut]]);
        prop_assert_eq!(found.len(), 1);
        prop_assert_eq!((found[0].level, found[0].form), (Level::Debug, Form::Plain));
        prop_assert_eq!(&found[0].message, &line[..cut]);
    }

    #[test]
    fn how_a_stream_is_cut_into_reads_does_not_matter(
        written in vec(line(), 0..12),
        is_ended in any::<bool>(),
        size in 1_usize..50,
    ) {
        let mut stream = written.join(&b'\n');
        if is_ended {
            stream.push(b'\n');
        }
        let reads: Vec<_> = stream.chunks(size).collect();
        prop_assert_eq!(entries(&reads), entries(&[&stream]));
    }

    #[test]
    fn every_line_comes_out_once(written in vec(line(), 0..12)) {
        let stream: Vec<u8> = written.iter().flat_map(|line| [line, &b"\n"[..]].concat()).collect();
        let found = entries(&[&stream]);
        let in_parts = |text: &str| -> Vec<String> {
            text.split('\n').map(str::to_owned).filter(|line| !line.is_empty()).collect()
        };
        let mut expected: Vec<String> = written
            .iter()
            .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
            .flat_map(|line| in_parts(&String::from_utf8_lossy(line)))
            .collect();
        let mut logged: Vec<String> = found.iter().flat_map(|entry| in_parts(&entry.raw)).collect();
        expected.sort_unstable();
        logged.sort_unstable();
        prop_assert_eq!(logged, expected);
        // What is not part of a traceback comes in its order.
        let records: Vec<_> = found.iter().filter(|entry| entry.form == Form::Hclog).map(|entry| &entry.raw).collect();
        let lines: Vec<String> = written.iter().map(|line| {
            String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned()
        }).collect();
        let mut rest = lines.iter();
        for record in records {
            prop_assert!(rest.any(|line| line == record), "{} is out of order", record);
        }
    }

    #[test]
    fn the_tail_has_a_bound(written in vec((any::<u8>(), 0_usize..3_000), 0..80)) {
        let mut tail = Tail::default();
        for (byte, length) in &written {
            tail.push(&vec![*byte; *length]);
        }
        let lines = tail.lines();
        prop_assert_eq!(lines.len(), written.len().min(60));
        // Each byte that is no UTF-8 becomes a sign of three.
        prop_assert!(lines.iter().all(|line| line.len() <= 3 * 1_000 + 30));
    }
}

#[test]
fn a_line_that_is_meant_to_hurt_is_a_line() {
    let room = BUFFER - 100;
    for line in [
        "{\"@level\":\"info\",\"a\":".to_owned() + &"[".repeat(room),
        "{\"a\":".repeat(room / 5),
        format!(
            "{{\"@level\":\"info\",\"@message\":\"x\",\"a\":{}{}}}",
            "[".repeat(room / 3),
            "]".repeat(room / 3)
        ),
        format!(
            "{{\"@level\":\"info\",\"@timestamp\":\"{}\"}}",
            "2".repeat(room)
        ),
        " ".repeat(room),
        "\0".repeat(room),
        format!("{{\"@level\":\"info\",\"a\":{}}}", "9".repeat(room)),
    ] {
        let found = entries(&[line.as_bytes(), b"\n[WARN] after\n"]);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].raw, line);
        assert_eq!(found[1].level, Level::Warn);
    }
}
