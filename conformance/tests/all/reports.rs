//! Recorded events to every reporter, by snapshot.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use plugin_conformance::case::timeline::{Entry, Source};
use plugin_conformance::report::Reporter;
use plugin_conformance::report::board::Board;
use plugin_conformance::report::file::DocumentFiles;
use plugin_conformance::report::format::Format;
use plugin_conformance::report::human::{Human, Surface};
use plugin_conformance::report::json::Json;
use plugin_conformance::report::matrix::matrix;
use plugin_conformance::report::paint::Paint;
use plugin_conformance::report::record::Record;
use plugin_conformance::report::schema::published;
use plugin_conformance::report::varying::stable;
use plugin_conformance::requirement::{Level, Side};
use plugin_conformance::runner::event::{
    CaseName, CaseReport, Event, FORMAT, Judgement, NotPassed, RunStarted, RunSummary, Selection,
    SubjectLine, SubjectSummary,
};
use plugin_conformance::runner::kill_matrix::beside::{Beside, Reach};
use plugin_conformance::runner::kill_matrix::figures::{self, KillMatrix};
use plugin_conformance::runner::kill_matrix::{Fate, MutantReport};
use plugin_conformance::runner::tier::Tier;
use plugin_conformance::scenario::Profile;
use plugin_conformance::subject::Skipped;
use plugin_conformance::verdict::ruling::Ruling;
use plugin_conformance::verdict::settle::End;
use plugin_conformance::verdict::tally::{Counts, RunVerdict};
use plugin_conformance::verdict::{Failure, Outcome};

fn text(text: &str) -> String {
    text.to_owned()
}

fn judgement(id: &str, outcome: Outcome) -> Judgement {
    let sentence = format!(
        "The sentence of {id} says what has to be seen, at such a length that it has to be folded once when it is shown."
    );
    Judgement {
        id: text(id),
        level: Level::Must,
        sentence,
        outcome,
        ruling: None,
    }
}

fn passed() -> Outcome {
    Outcome::Passed {
        seen: vec![text("first line: 1|1|tcp|127.0.0.1:1|grpc")],
    }
}

fn failed() -> Outcome {
    Outcome::Failed(Failure {
        reason: "udp-accepted".into(),
        expected: text("an error of kind \"handshake.network\""),
        seen: text("a running plugin at udp <1.2.3.4> & more"),
        go_host: Some(text("says: unknown address type")),
        replay: None,
        entry: Some(1),
    })
}

fn case(subject: &str, scenario: &str, side: Side, judgements: Vec<Judgement>) -> CaseReport {
    let entry = |at_ms, source, line: &str| Entry {
        at_ms,
        source,
        text: text(line),
    };
    CaseReport {
        name: CaseName {
            subject: text(subject),
            scenario: text(scenario),
            repeat: 0,
        },
        side,
        profile: Profile::Handshake,
        seed: 99,
        duration_ms: 1234,
        end: End::Completed,
        ready: None,
        judgements,
        methods: Vec::new(),
        timeline: vec![
            entry(3, Source::Stdout, "1|1|udp|1.2.3.4:5|grpc\\n"),
            entry(4, Source::Host, "activated"),
            entry(9, Source::Process, "process 7 ended by signal 15"),
        ],
        reproduce: format!("plugin-conformance run {scenario} --subject {subject} --seed 7"),
    }
}

fn not_run(reason: &str, report: CaseReport) -> CaseReport {
    CaseReport {
        end: End::NotRun {
            reason: text(reason),
        },
        duration_ms: 0,
        timeline: Vec::new(),
        ..report
    }
}

/// A run with everything that can happen to a case.
fn events() -> Vec<Event> {
    let subjects = vec![
        SubjectLine {
            name: text("host"),
            side: Side::Host,
        },
        SubjectLine {
            name: text("p"),
            side: Side::Plugin,
        },
    ];
    let skipped = vec![Skipped {
        subject: text("python-sdk"),
        reason: text("no venv"),
        enable: text("scripts/python"),
    }];
    let host = |scenario: &str, judgements| case("host", scenario, Side::Host, judgements);
    let plugin = |scenario: &str, judgements| case("p", scenario, Side::Plugin, judgements);
    let inconclusive = || Outcome::inconclusive("not reached");
    let cut = CaseReport {
        end: End::Deadline { after_ms: 20000 },
        ..host("handshake/cut", vec![judgement("HS-004", inconclusive())])
    };
    let reports = vec![
        host(
            "handshake/good",
            vec![judgement("HS-001", passed()), judgement("HS-002", passed())],
        ),
        host(
            "handshake/networks",
            vec![judgement("HS-008", failed()), judgement("HS-003", passed())],
        ),
        cut,
        not_run(
            "never ready",
            plugin(
                "hooks/allow",
                vec![judgement("HK-054", Outcome::inconclusive("never ready"))],
            ),
        ),
        not_run(
            "not claimed",
            plugin(
                "api/kv",
                vec![judgement(
                    "AP-054",
                    Outcome::NotApplicable {
                        capability: text("api"),
                    },
                )],
            ),
        ),
    ];
    let mut events = vec![Event::RunStarted(RunStarted {
        format: FORMAT,
        suite_version: text("0.1.0"),
        seed: 7,
        jobs: 2,
        timeout_scale: 1.0,
        repeat: 1,
        cases: reports.len(),
        subjects: subjects.clone(),
        skipped: skipped.clone(),
        ledger: None,
        selection: Selection::default(),
        calibration: None,
    })];
    for report in reports {
        events.push(Event::CaseStarted(report.name.clone()));
        events.push(Event::CaseEnded(report));
    }
    let not_passed = |id: &str, outcome| NotPassed {
        id: text(id),
        level: Level::Must,
        outcome,
        excused: false,
    };
    let levels =
        |counts| BTreeMap::from([(Level::Must, counts), (Level::Should, Counts::default())]);
    events.push(Event::RunEnded(RunSummary {
        verdict: RunVerdict::Failed,
        interrupted: false,
        duration_ms: 2500,
        suite_faults: 0,
        subjects: vec![
            SubjectSummary {
                subject: subjects[0].clone(),
                ready: None,
                levels: levels(Counts {
                    passed: 3,
                    failed: 1,
                    inconclusive: 1,
                    not_applicable: 0,
                }),
                must_passed_per_mille: 600,
                methods: None,
                not_scored: None,
                not_passed: vec![
                    not_passed("HS-008", failed()),
                    not_passed("HS-004", inconclusive()),
                ],
            },
            SubjectSummary {
                subject: subjects[1].clone(),
                ready: Some(false),
                levels: levels(Counts {
                    passed: 0,
                    failed: 0,
                    inconclusive: 1,
                    not_applicable: 1,
                }),
                must_passed_per_mille: 0,
                methods: None,
                not_scored: None,
                not_passed: vec![not_passed("HK-054", Outcome::inconclusive("never ready"))],
            },
        ],
        skipped,
        ledger: None,
        effort: None,
        unlisted: Vec::new(),
    }));
    events
}

fn human(surface: Surface) -> String {
    written_by(|out| Box::new(Human::new(out, surface)))
}

fn json() -> String {
    written_by(|out| Box::new(Json::new(out)))
}

/// What a reporter writes about the whole run.
fn written_by(reporter: impl for<'a> FnOnce(&'a mut Vec<u8>) -> Box<dyn Reporter + 'a>) -> String {
    let mut out = Vec::new();
    {
        let mut reporter = reporter(&mut out);
        for event in events() {
            reporter.event(&event).unwrap();
        }
    }
    String::from_utf8(out).unwrap()
}

#[test]
fn human_in_a_file() {
    insta::assert_snapshot!(human(Surface::Plain));
}

#[test]
fn human_on_a_terminal_with_colours() {
    insta::assert_snapshot!(
        human(Surface::Terminal(Paint::Coloured))
            .replace('\u{1b}', "ESC")
            .replace('\r', "CR")
    );
}

#[test]
fn a_terminal_without_colours_has_no_colour_codes() {
    let text = human(Surface::Terminal(Paint::Plain)).replace("\r\u{1b}[2K", "");
    assert!(!text.contains('\u{1b}'), "{text}");
}

#[test]
fn json_has_one_object_per_event() {
    insta::assert_snapshot!(json());
    for line in json().lines() {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(value["event"].is_string(), "{line}");
    }
    let record = Record::parse(Path::new("log"), json().as_bytes()).unwrap();
    assert_eq!(record.note(), None);
    let again = record.events().iter();
    let again: String = again
        .map(|event| serde_json::to_string(event).unwrap() + "\n")
        .collect();
    assert_eq!(again, json(), "what is read back is what was written");
}

/// The run of [`events`], played three times: at the second time what failed passes.
fn repeated() -> Vec<Event> {
    let mut events = events();
    let ended = events.pop().unwrap();
    let cases: Vec<CaseReport> = events
        .iter()
        .filter_map(|event| match event {
            Event::CaseEnded(report) => Some(report.clone()),
            _ => None,
        })
        .collect();
    for repeat in [1, 2] {
        for mut report in cases.clone() {
            report.name.repeat = repeat;
            for judgement in &mut report.judgements {
                if judgement.id == "HS-008" && repeat == 1 {
                    judgement.outcome = passed();
                }
            }
            events.push(Event::CaseEnded(report));
        }
    }
    events.push(ended);
    events
}

fn document(format: Format, events: &[Event]) -> String {
    format.render(&Board::of(events)).unwrap()
}

#[test]
fn junit_has_a_test_for_each_requirement_of_each_case() {
    insta::assert_snapshot!(document(Format::Junit, &events()));
}

#[test]
fn junit_has_a_test_of_the_same_name_for_each_repetition() {
    let text = document(Format::Junit, &repeated());
    assert_eq!(
        text.matches("name=\"HS-008 handshake/networks\"").count(),
        3
    );
    assert_eq!(text.matches("type=\"udp-accepted\"").count(), 2);
}

#[test]
fn junit_with_reruns_has_one_test_for_each_check() {
    let text = document(Format::JunitReruns, &repeated());
    assert_eq!(
        text.matches("name=\"HS-008 handshake/networks\"").count(),
        1
    );
    insta::assert_snapshot!(text);
}

#[test]
fn a_broken_may_is_told_and_fails_no_test() {
    let may = Judgement {
        level: Level::May,
        ..judgement("HS-008", failed())
    };
    let mut events = events();
    events.truncate(1);
    let report = case("host", "handshake/networks", Side::Host, vec![may]);
    events.push(Event::CaseEnded(report));
    for format in [Format::Junit, Format::JunitReruns] {
        let text = document(format, &events);
        assert!(text.contains("failures=\"0\""), "{text}");
        assert!(
            text.contains("a MAY that is broken: udp-accepted"),
            "{text}"
        );
    }
    assert!(
        document(Format::Tap, &events)
            .contains("not ok 1 - host HS-008 handshake/networks # TODO ")
    );
}

#[test]
fn what_a_ledger_excuses_is_told_and_fails_nothing() {
    let tracker = text("https://tracker.example/7");
    let known = Judgement {
        ruling: Some(Ruling::Expected {
            tracker,
            text: text("known"),
        }),
        ..judgement("HS-008", failed())
    };
    let mut events = events();
    events.truncate(1);
    let report = case("host", "handshake/networks", Side::Host, vec![known]);
    events.push(Event::CaseEnded(report));
    for (format, words) in [
        (
            Format::Junit,
            "<skipped message=\"expected failure, https://tracker.example/7\"",
        ),
        (
            Format::JunitReruns,
            "<skipped message=\"expected failure, https://tracker.example/7\"",
        ),
        (
            Format::Tap,
            "not ok 1 - host HS-008 handshake/networks # TODO expected failure",
        ),
        (
            Format::Markdown,
            "1 checks are excused and count as passed.",
        ),
        (
            Format::Html,
            "excused: expected failure, https://tracker.example/7",
        ),
    ] {
        let text = document(format, &events);
        assert!(text.contains(words), "{format}: {text}");
        assert!(
            !text.contains("| ❌ |") && !text.contains("<failure"),
            "{format}: {text}"
        );
    }
    assert!(document(Format::Html, &events).contains("failed, excused"));
}

#[test]
fn tap() {
    insta::assert_snapshot!(document(Format::Tap, &repeated()));
}

#[test]
fn markdown() {
    insta::assert_snapshot!(document(Format::Markdown, &repeated()));
}

#[test]
fn badges() {
    let whole = events();
    let badge = |events: &[Event]| {
        let badge: serde_json::Value =
            serde_json::from_str(&document(Format::Badge, events)).unwrap();
        assert_eq!(badge["schemaVersion"], 1);
        format!(
            "{} {}",
            badge["color"].as_str().unwrap(),
            badge["message"].as_str().unwrap()
        )
    };
    assert_eq!(badge(&whole), "red 3 of 6 MUST kept");
    assert_eq!(badge(&whole[..whole.len() - 1]), "lightgrey not finished");
    assert_eq!(badge(&[]), "lightgrey not finished");
    let with = |verdict| {
        let mut events = events();
        if let Some(Event::RunEnded(summary)) = events.last_mut() {
            summary.verdict = verdict;
        }
        badge(&events)
    };
    assert_eq!(with(RunVerdict::Passed), "brightgreen 3 of 6 MUST kept");
    assert_eq!(
        with(RunVerdict::Inconclusive),
        "yellow inconclusive, 3 of 6 MUST kept"
    );
    assert_eq!(with(RunVerdict::SuiteFailed), "lightgrey the suite failed");
}

#[test]
fn the_order_in_which_cases_end_changes_no_document_but_the_log() {
    let events = repeated();
    let mut turned = events.clone();
    let last = turned.len() - 1;
    turned[1..last].reverse();
    for format in Format::ALL {
        let same = document(format, &events) == document(format, &turned);
        assert_eq!(same, format != Format::Json, "{format}");
    }
}

#[test]
fn a_stable_document_has_nothing_that_differs_between_equal_runs() {
    let events = repeated();
    let mut later = events.clone();
    for event in &mut later {
        match event {
            Event::CaseEnded(report) => {
                report.duration_ms += 17;
                report.timeline.reverse();
                for judgement in &mut report.judgements {
                    if let Outcome::Failed(failure) = &mut judgement.outcome {
                        failure.seen.push_str(" at another port");
                        failure.entry = Some(0);
                    }
                }
            }
            Event::RunEnded(summary) => summary.duration_ms += 99,
            Event::RunStarted(_) | Event::CaseStarted(_) => {}
        }
    }
    let stable = |events: &[Event]| stable(&Board::of(events)).unwrap();
    for format in Format::ALL {
        let (first, second) = (stable(&events), stable(&later));
        let text = format.render(&first).unwrap();
        assert_eq!(text, format.render(&second).unwrap(), "{format}");
        assert_ne!(text, document(format, &[]), "{format}");
    }
    // All that is not listed is still there.
    let whole = document(Format::Json, stable(&events).events());
    for word in [
        "udp-accepted",
        "an error of kind",
        "\"seed\":99",
        "says: unknown address type",
        "never ready",
    ] {
        assert!(whole.contains(word), "{word}");
    }
    for gone in ["another port", "1234", "process 7", "\"entry\""] {
        assert!(!whole.contains(gone), "{gone}");
    }
}

#[test]
fn files_are_whole_from_the_beginning_and_nothing_is_left_beside_them() {
    let folder = tempfile::tempdir().unwrap();
    let files: Vec<_> = Format::ALL
        .into_iter()
        .map(|format| (format, folder.path().join(format.as_str())))
        .collect();
    let mut reporter = DocumentFiles::begin(files.clone()).unwrap();
    let check = |events: &[Event]| {
        for (format, path) in &files {
            let text = std::fs::read_to_string(path).unwrap();
            assert_eq!(text, document(*format, events), "{format}");
        }
    };
    check(&[]);
    let events = events();
    for event in &events {
        reporter.event(event).unwrap();
    }
    check(&events);
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        files.len()
    );

    // What was kept back for the interval is written when there are no more events.
    let mut reporter = DocumentFiles::begin(files.clone()).unwrap();
    for event in &events[..3] {
        reporter.event(event).unwrap();
    }
    reporter.finish().unwrap();
    check(&events[..3]);
}

#[test]
fn a_file_that_cannot_be_written_is_named_before_the_run() {
    let path = Path::new("/no/such/folder/report.xml").to_owned();
    let (named, _) = DocumentFiles::begin(vec![(Format::Junit, path.clone())]).unwrap_err();
    assert_eq!(named, path);
}

#[test]
fn the_published_schemas_are_those_of_the_types() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema");
    for published in published() {
        let path = folder.join(published.file);
        let text = published.text().unwrap();
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, &text).unwrap();
        }
        let there = std::fs::read_to_string(&path).unwrap_or_default();
        // The whole of two schemas would help nobody.
        let first = text.lines().zip(there.lines()).find(|(is, was)| is != was);
        assert!(
            there == text,
            "{} is not what the types say (first difference: {first:?}); UPDATE_SCHEMA=1 writes it",
            path.display()
        );
    }
}

#[test]
fn a_kill_matrix() {
    let row = |name: &str, fate| MutantReport {
        name: text(name),
        side: Side::Host,
        breaks: text("HS-008"),
        reason: text("udp-accepted"),
        fate,
        methods: BTreeSet::new(),
        beside: Beside::default(),
        cases: Vec::new(),
    };
    let other = case(
        "host/other",
        "handshake/networks",
        Side::Host,
        vec![judgement("HS-008", failed())],
    );
    let mut rows = vec![
        row(
            "host/accepts-udp",
            Fate::Caught {
                by: vec![text("handshake/networks")],
            },
        ),
        row(
            "host/other",
            Fate::OtherReason {
                seen: vec![text("handshake/networks: failed by other")],
            },
        ),
        row(
            "host/survives",
            Fate::Survived {
                seen: vec![text("handshake/networks: passed")],
            },
        ),
        row(
            "host/void",
            Fate::Void {
                reason: text("no scenario judges HS-008"),
            },
        ),
    ];
    rows[1].cases.push(other);
    rows[2].beside.judged = 4;
    rows[2].beside.broken.insert(text("HS-009"), text("x"));
    let rows = KillMatrix {
        format: figures::FORMAT,
        suite_version: text("0.1.0"),
        seed: 7,
        reach: Reach::Side,
        profile: Tier::Full,
        checks: BTreeMap::from([(Side::Host, 5)]),
        rows,
        open: 0,
    };
    let mut out = Vec::new();
    matrix(&mut out, &rows, Paint::Plain).unwrap();
    insta::assert_snapshot!(String::from_utf8(out).unwrap());
}
