//! The figures of small matrices.

use super::*;
use crate::runner::kill_matrix::beside::Beside;
use crate::verdict::{Failure, Outcome};

fn row(name: &str, fate: Fate, broken: usize) -> MutantReport {
    let broken = (0..broken).map(|number| (format!("HS-{number:03}"), "x".to_owned()));
    MutantReport {
        name: name.to_owned(),
        side: Side::Host,
        breaks: "HS-900".to_owned(),
        reason: "x".to_owned(),
        fate,
        methods: BTreeSet::new(),
        beside: Beside {
            judged: 30,
            broken: broken.collect(),
        },
        cases: Vec::new(),
    }
}

fn matrix(rows: Vec<MutantReport>) -> KillMatrix {
    KillMatrix {
        format: FORMAT,
        suite_version: "0".to_owned(),
        seed: 1,
        reach: Reach::Side,
        profile: Tier::Full,
        checks: BTreeMap::from([(Side::Host, 31)]),
        rows,
        open: 0,
    }
}

fn caught() -> Fate {
    Fate::Caught { by: vec![] }
}

#[test]
fn a_mutant_is_heavy_above_a_fifth_of_the_other_checks() {
    let matrix = matrix(vec![
        row("none", caught(), 0),
        row("a-fifth", caught(), 6),
        row("more", caught(), 7),
        row("most", caught(), 30),
    ]);
    let names: Vec<&str> = matrix.heavy().iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["most", "more"]);
    assert_eq!(matrix.heaviest().unwrap().name, "most");
    assert_eq!(matrix.beside_per_mille(&matrix.rows[1]), 200);
    assert_eq!(matrix.caught(), 4);
    // Where not all were played, the others may well have been kept.
    let few = KillMatrix {
        reach: Reach::Scenarios,
        checks: BTreeMap::from([(Side::Host, 61)]),
        ..matrix
    };
    assert_eq!(few.beside_per_mille(&few.rows[1]), 100);
}

#[test]
fn nothing_broken_beside_is_nothing_heavy() {
    let matrix = matrix(vec![row("none", caught(), 0)]);
    assert!(matrix.heaviest().is_none());
    assert!(matrix.heavy().is_empty());
}

#[test]
fn what_lived_is_named_before_what_is_void() {
    let void = Fate::Void {
        reason: String::new(),
    };
    let lives = Fate::Survived { seen: vec![] };
    let matrix = matrix(vec![
        row("void", void, 0),
        row("caught", caught(), 0),
        row("lives", lives, 0),
    ]);
    let names: Vec<&str> = matrix
        .not_caught()
        .iter()
        .map(|row| row.name.as_str())
        .collect();
    assert_eq!(names, ["lives", "void"]);
}

#[test]
fn a_matrix_is_read_back_as_it_was_written() {
    let matrix = matrix(vec![row("a", caught(), 2)]);
    let text = serde_json::to_string(&matrix).unwrap();
    let again: KillMatrix = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_string(&again).unwrap(), text);
}

#[test]
fn beside_counts_what_the_sound_subject_keeps_and_the_mutant_was_asked() {
    let passed = || Outcome::Passed {
        seen: vec!["x".to_owned()],
    };
    let failed = || {
        Outcome::Failed(Failure {
            reason: "other".into(),
            expected: String::new(),
            seen: String::new(),
            go_host: None,
            replay: None,
            entry: None,
        })
    };
    let said = |outcome| vec![("s".to_owned(), outcome)];
    let sound: BTreeMap<&str, Vec<(String, Outcome)>> = BTreeMap::from([
        ("HS-001", said(passed())),
        ("HS-002", said(passed())),
        ("HS-003", said(failed())),
        ("HS-004", said(passed())),
    ]);
    let mutated = BTreeMap::from([
        ("HS-001", said(failed())),
        ("HS-002", said(failed())),
        ("HS-003", said(failed())),
        ("HS-004", said(Outcome::inconclusive("x"))),
        ("HS-005", said(failed())),
    ]);
    let beside = Beside::of(
        "HS-001",
        |id| sound.get(id).map_or(&[], Vec::as_slice),
        mutated.iter().map(|(id, said)| (*id, said.as_slice())),
    );
    let broken = BTreeMap::from([("HS-002".to_owned(), "other".to_owned())]);
    assert_eq!(beside, Beside { judged: 2, broken });
}

#[test]
fn rows_that_become_known_are_no_longer_open() {
    let mut matrix = KillMatrix {
        open: 3,
        ..matrix(Vec::new())
    };
    let text = serde_json::to_value(&matrix).unwrap();
    assert_eq!(text["open"], 3);
    matrix.fill(vec![row("a", caught(), 0)]);
    assert_eq!((matrix.rows.len(), matrix.open), (1, 2));
    let rows = ["a", "b", "c"].map(|name| row(name, caught(), 0));
    matrix.fill(rows.to_vec());
    assert_eq!((matrix.rows.len(), matrix.open), (3, 0));
    let text = serde_json::to_value(&matrix).unwrap();
    assert!(text.get("open").is_none(), "{text}");
}
