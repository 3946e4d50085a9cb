//! Streams of text to entries, by table.

use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::output::lines::Lines;

fn entries(text: &str) -> Vec<Entry> {
    let mut lines = Lines::default();
    let mut classifier = Classifier::new(true);
    let mut found = Vec::new();
    lines.push(text.as_bytes(), |line| {
        classifier.push(&line, |entry| found.push(entry))
    });
    if let Some(line) = lines.end() {
        classifier.push(&line, |entry| found.push(entry));
    }
    classifier.flush(|entry| found.push(entry));
    found
}

fn check(text: &str, expect: &[(Level, &str)]) {
    let found = entries(text);
    let found: Vec<(Level, &str)> = found
        .iter()
        .map(|entry| (entry.level, entry.message.as_str()))
        .collect();
    assert_eq!(found, expect);
}

const TRACEBACK: &str = "Traceback (most recent call last):\n  File \"plugin.py\", line 3, in <module>\n    boom()\nValueError: no";

const CHAINED: &str = "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\nKeyError: 'x'\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File \"a.py\", line 3, in <module>\nValueError: y";

const SYNTAX: &str =
    "  File \"plugin.py\", line 3\n    def (\n        ^\nSyntaxError: invalid syntax";

const GROUP: &str = "  + Exception Group Traceback (most recent call last):\n  |   File \"a.py\", line 1, in <module>\n  | ExceptionGroup: eg (1 sub-exception)\n  +-+---------------- 1 ----------------\n    | ValueError: 1\n    +------------------------------------";

#[rstest]
#[case::traceback(TRACEBACK)]
#[case::chained(CHAINED)]
#[case::syntax_error(SYNTAX)]
#[case::group(GROUP)]
fn tracebacks_are_kept_together(#[case] traceback: &str) {
    check(
        &format!("before\n{traceback}\nafter\n"),
        &[
            (Level::Debug, "before"),
            (Level::Error, traceback),
            (Level::Debug, "after"),
        ],
    );
}

#[test]
fn traceback_at_the_end_is_not_lost() {
    check(TRACEBACK, &[(Level::Error, TRACEBACK)]);
    check(
        "Traceback (most recent call last):\n  File \"x.py\"",
        &[(
            Level::Error,
            "Traceback (most recent call last):\n  File \"x.py\"",
        )],
    );
}

#[test]
fn two_tracebacks_in_a_row_are_one_block_only_if_chained() {
    check(
        "Traceback (most recent call last):\nA: 1\nplain\nTraceback (most recent call last):\nB: 2\n",
        &[
            (Level::Error, "Traceback (most recent call last):\nA: 1"),
            (Level::Debug, "plain"),
            (Level::Error, "Traceback (most recent call last):\nB: 2"),
        ],
    );
}

#[test]
fn other_threads_lines_do_not_end_a_traceback() {
    check(
        "Traceback (most recent call last):\n  File \"x.py\", line 1\n{\"a\":1}\n[INFO] meanwhile\nValueError: no\n",
        &[
            (Level::Debug, "{\"a\":1}"),
            (Level::Info, "[INFO] meanwhile"),
            (
                Level::Error,
                "Traceback (most recent call last):\n  File \"x.py\", line 1\nValueError: no",
            ),
        ],
    );
}

#[test]
fn panic_makes_untagged_lines_errors() {
    check(
        "x\npanic: oh\ngoroutine 1\n[INFO] tagged\n{\"@level\":\"debug\",\"@message\":\"json\"}\n\nend\n",
        &[
            (Level::Debug, "x"),
            (Level::Error, "panic: oh"),
            (Level::Error, "goroutine 1"),
            (Level::Info, "[INFO] tagged"),
            (Level::Debug, "json"),
            (Level::Error, ""),
            (Level::Error, "end"),
        ],
    );
}

#[test]
fn carriage_return_and_missing_newline() {
    check(
        "[WARN] a\r\nb",
        &[(Level::Warn, "[WARN] a"), (Level::Debug, "b")],
    );
}

#[test]
fn long_lines_are_not_parsed() {
    let long = format!("[ERROR] {}\n", "x".repeat(70_000));
    let found = entries(&long);
    assert_eq!(found.len(), 2);
    assert!(
        found
            .iter()
            .all(|entry| entry.level == Level::Debug && entry.form == Form::Piece)
    );
}

#[test]
fn a_traceback_without_end_is_given_up() {
    let frames = "  File \"x.py\", line 1, in f\n".repeat(2_500);
    let found = entries(&format!("Traceback (most recent call last):\n{frames}"));
    assert!(
        found
            .iter()
            .all(|entry| entry.message.lines().count() <= 1_000)
    );
    assert_eq!(
        found
            .iter()
            .map(|entry| entry.raw.lines().count())
            .sum::<usize>(),
        2_501
    );
    let wide = format!("  {}\n", "x".repeat(60_000)).repeat(9);
    let found = entries(&format!("Traceback (most recent call last):\n{wide}"));
    assert!(
        found
            .iter()
            .all(|entry| entry.raw.len() <= 256 * 1024 + 100)
    );
}

#[test]
fn waits_only_for_more_of_a_traceback() {
    let mut classifier = Classifier::new(true);
    let line = |text: &str| Line {
        bytes: text.as_bytes().to_vec(),
        is_piece: false,
        is_ended: true,
    };
    let mut found = Vec::new();
    classifier.push(&line("Traceback (most recent call last):"), |entry| {
        found.push(entry)
    });
    assert!(!classifier.is_waiting(), "the exception is still to come");
    classifier.push(&line("ValueError: no"), |entry| found.push(entry));
    assert!(classifier.is_waiting() && found.is_empty());
    classifier.flush(|entry| found.push(entry));
    assert!(!classifier.is_waiting());
    assert_eq!(found.len(), 1);
}

#[test]
fn the_reference_logs_tracebacks_line_by_line_at_debug() {
    let mut classifier = Classifier::new(false);
    let mut levels = Vec::new();
    let mut lines = Lines::default();
    lines.push(format!("{TRACEBACK}\n").as_bytes(), |line| {
        classifier.push(&line, |entry| levels.push(entry.level));
    });
    assert_eq!(levels, [Level::Debug; 4]);
}

proptest! {
    #[test]
    fn every_line_comes_out_once_and_in_one_piece(text in "(([a-z ]{0,8}|  File \"x|Traceback \\(most recent call last\\):|panic: x|\\{\\}|\\[INFO\\] x)\n){0,12}") {
        let found = entries(&text);
        let mut written: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
        let mut logged: Vec<&str> = found.iter().flat_map(|entry| entry.raw.lines()).filter(|line| !line.is_empty()).collect();
        written.sort_unstable();
        logged.sort_unstable();
        prop_assert_eq!(written, logged);
    }

    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut lines = Lines::default();
        let mut classifier = Classifier::new(true);
        lines.push(&bytes, |line| classifier.push(&line, drop));
        classifier.flush(drop);
    }
}

/// What becomes of bytes that come in these pieces, and the most that was kept at any time.
fn in_pieces(pieces: &[&[u8]]) -> Vec<Entry> {
    let mut lines = Lines::default();
    let mut classifier = Classifier::new(true);
    let mut found = Vec::new();
    for piece in pieces {
        lines.push(piece, |line| {
            classifier.push(&line, |entry| found.push(entry));
        });
    }
    if let Some(line) = lines.end() {
        classifier.push(&line, |entry| found.push(entry));
    }
    classifier.flush(|entry| found.push(entry));
    found
}

/// Bytes that look like what plugins write, and bytes that look like nothing.
fn output() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"Traceback (most recent call last):\n".to_vec()),
        Just(b"  File \"x\", line 1\n    y()\n".to_vec()),
        Just(b"ValueError: z\n".to_vec()),
        Just(b"  + Exception Group Traceback (most recent call last):\n".to_vec()),
        Just(b"panic: runtime error\n".to_vec()),
        Just(
            br#"{"@level":"info","@message":"hi","@timestamp":"2026-01-02T03:04:05.000006Z"}"#
                .to_vec()
        ),
        Just(br#"{"@level":7,"@message":[]}"#.to_vec()),
        Just(b"[ERROR] x\r\n".to_vec()),
        Just(b"\n".to_vec()),
        Just(vec![b'x'; 70_000]),
        Just(vec![b'{'; 3_000]),
        proptest::collection::vec(any::<u8>(), 0..30),
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn however_reads_cut_the_bytes_the_entries_are_the_same(bytes in output(), cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..12)) {
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
        let whole = in_pieces(&[&bytes]);
        prop_assert_eq!(in_pieces(&pieces), whole.clone());
        // Replacing a wrong byte makes three of it, and nothing else makes more of anything.
        let kept: usize = whole.iter().map(|entry| entry.raw.len()).sum();
        prop_assert!(kept <= bytes.len() * 3, "{} bytes of {}", kept, bytes.len());
    }
}

#[test]
fn a_traceback_without_an_end_is_given_up_in_time() {
    let mut lines = Lines::default();
    let mut classifier = Classifier::new(true);
    let (mut entries, mut largest) = (0_usize, 0);
    let mut count = |entry: Entry| {
        entries += 1;
        largest = largest.max(entry.raw.len());
    };
    let mut push = |bytes: &[u8]| {
        lines.push(bytes, |line| classifier.push(&line, &mut count));
    };
    push(b"Traceback (most recent call last):\n");
    for _ in 0..200_000 {
        push(b"    an indented line that could belong to it\n");
    }
    assert!(entries > 100_000, "{entries}");
    assert!(largest < 300 * 1024, "{largest}");
}
