//! The ways from a requirement to an outcome: none leads to a pass without something seen.

use super::judge::Evidence;
use super::*;
use crate::subject::Capabilities;
use crate::verdict::OutcomeKind;

fn case() -> Case {
    let command = HostCommand {
        program: "true".into(),
        args: Vec::new(),
    };
    let subject = Subject {
        name: "host".to_owned(),
        kind: SubjectKind::Host(command),
        capabilities: Capabilities::all(),
    };
    Case::new(Setting {
        listed: &["HS-001", "HS-002"],
        subject: Arc::new(subject),
        seed: 7,
        drawn: Vec::new(),
        folder: PathBuf::new(),
        mark: "mark".to_owned(),
        deadline: Instant::now() + Duration::from_secs(5),
        timeout_scale: 2.0,
        planning: Planning::default(),
    })
}

fn outcome(case: &Case, id: &str) -> Outcome {
    case.book().judged()[id].clone()
}

#[test]
fn something_seen_and_equal_passes_with_its_evidence() {
    let case = case();
    let kept = case
        .require("HS-001")
        .seen("first line", "1|1")
        .and("exit code", 0)
        .same("n", 1, 1, "wrong");
    assert!(kept);
    let seen = vec!["first line: 1|1".to_owned(), "exit code: 0".to_owned()];
    assert_eq!(outcome(&case, "HS-001"), Outcome::Passed { seen });
}

#[test]
fn nothing_seen_is_inconclusive_whatever_is_compared() {
    for kept in [true, false] {
        let case = case();
        case.require("HS-001")
            .seen("first line", None::<String>)
            .holds(kept, "a", "b", "wrong");
        assert_eq!(
            outcome(&case, "HS-001"),
            Outcome::inconclusive("never saw first line")
        );
    }
}

#[test]
fn empty_text_and_empty_lists_are_no_evidence() {
    let nothing: [Option<String>; 4] = [
        "".describe(),
        Vec::<String>::new().describe(),
        vec![""].describe(),
        serde_json::Value::Null.describe(),
    ];
    assert_eq!(nothing, [None, None, None, None]);
}

#[test]
fn a_failure_points_at_the_entry_that_contradicts() {
    let case = case();
    let contradiction = case.note(Source::Host, "started twice");
    case.note(Source::Host, "stopped");
    case.require("HS-001")
        .at(contradiction)
        .go_host("starts once")
        .seen("start", 1)
        .same("starts", 1, 2, "two-starts");
    case.require("HS-002")
        .seen("start", 1)
        .same("starts", 1, 2, "two-starts");
    let Outcome::Failed(first) = outcome(&case, "HS-001") else {
        panic!()
    };
    let Outcome::Failed(second) = outcome(&case, "HS-002") else {
        panic!()
    };
    assert_eq!(
        (first.entry, first.go_host.as_deref()),
        (Some(0), Some("starts once"))
    );
    assert_eq!(
        (second.entry, second.expected.as_str(), second.seen.as_str()),
        (Some(1), "starts: 1", "starts: 2")
    );
}

#[test]
fn the_worst_statement_about_a_requirement_counts() {
    let case = case();
    case.require("HS-001").seen("a", 1).same("n", 1, 1, "wrong");
    case.require("HS-001").seen("b", 1).same("n", 1, 2, "wrong");
    case.require("HS-001").seen("c", 1).same("n", 1, 1, "wrong");
    assert_eq!(outcome(&case, "HS-001").kind(), OutcomeKind::Failed);
}

#[test]
fn an_id_that_the_row_does_not_list_is_kept_apart() {
    let case = case();
    case.require("HS-003").seen("a", 1).same("n", 1, 1, "wrong");
    assert_eq!(case.book().strangers(), ["HS-003"]);
    assert!(case.book().judged().is_empty());
}

#[test]
fn numbers_of_a_case_depend_on_its_seed_alone() {
    assert_eq!(case().nonce(), case().nonce());
    assert_eq!(
        case().scaled(Duration::from_secs(3)),
        Duration::from_secs(6)
    );
}

#[test]
fn a_note_is_one_line_of_bounded_length() {
    let case = case();
    case.note(Source::Stderr, "a\nb\u{1b}[0m\n");
    case.note(Source::Stderr, "x".repeat(5000));
    let entries = case.timeline().entries();
    assert_eq!(entries[0].text, "a\\nb\\u{1b}[0m");
    assert!(entries[1].text.ends_with("… (3000 bytes more)"));
}
