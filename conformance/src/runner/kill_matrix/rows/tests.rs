//! What is known of mutants after each case.

use super::*;
use crate::case::timeline::{Entry, Source};
use crate::mutant::How;
use crate::profile::Profile;
use crate::requirement::{Level, Side};
use crate::runner::event::{CaseName, CaseReport, Judgement};
use crate::verdict::settle::End;
use crate::verdict::{Failure, Outcome};

const MUTANTS: [Mutant; 3] = [mutant("canary"), mutant("second"), mutant("third")];

const fn mutant(name: &'static str) -> Mutant {
    Mutant {
        name,
        side: Side::Host,
        breaks: "HS-001",
        reason: "two-starts",
        how: How::Driver("starts-twice"),
    }
}

fn case(subject: &str, outcome: Outcome) -> CaseReport {
    CaseReport {
        name: CaseName {
            subject: subject.to_owned(),
            scenario: "s".to_owned(),
            repeat: 0,
        },
        side: Side::Host,
        profile: Profile::Handshake,
        seed: 1,
        duration_ms: 1,
        end: End::Completed,
        ready: None,
        judgements: vec![Judgement {
            id: "HS-001".to_owned(),
            level: Level::Must,
            sentence: String::new(),
            outcome,
            ruling: None,
        }],
        methods: Vec::new(),
        timeline: vec![Entry {
            at_ms: 1,
            source: Source::Suite,
            text: subject.to_owned(),
        }],
        reproduce: String::new(),
    }
}

fn passed() -> Outcome {
    Outcome::Passed {
        seen: vec!["a line".to_owned()],
    }
}

fn failed(reason: &'static str) -> Outcome {
    Outcome::Failed(Failure {
        reason: reason.into(),
        expected: "a".to_owned(),
        seen: "b".to_owned(),
        go_host: None,
        replay: None,
        entry: None,
    })
}

/// What is known after each of these cases, and at the end: name and whether it was caught.
fn steps(cases: &[(&'static str, Outcome)], missing: &[&'static str]) -> Vec<Vec<(String, bool)>> {
    let mut unmutated = Played::default();
    unmutated.add(&case("host", passed()));
    let mut rows = Rows::of(&MUTANTS, 5, &Plan::default(), "host", &unmutated);
    for (name, _) in cases {
        if let Some((_, open)) = rows.open.get_mut(name) {
            *open += 1;
        }
    }
    let missing = missing.iter().map(|name| (*name, "no tool".to_owned()));
    rows.cannot_be_made(missing.collect());
    let (mut played, mut known, mut steps) = (Played::default(), BTreeMap::new(), Vec::new());
    let mut note = |known: &BTreeMap<usize, MutantReport>| {
        assert!(known.keys().all(|place| (5..8).contains(place)));
        let names = known
            .values()
            .map(|row| (row.name.clone(), row.is_caught()));
        steps.push(names.collect());
    };
    for (name, outcome) in cases {
        let report = case(name, outcome.clone());
        played.add(&report);
        rows.case_ended(name);
        let before = known.len();
        assert_eq!(rows.settle(&played, &mut known), known.len() > before);
        note(&known);
    }
    rows.all_ended();
    rows.settle(&played, &mut known);
    note(&known);
    steps
}

fn named(rows: &[(&str, bool)]) -> Vec<(String, bool)> {
    rows.iter()
        .map(|(name, caught)| ((*name).to_owned(), *caught))
        .collect()
}

#[test]
fn a_row_is_known_when_the_last_case_of_its_mutant_is_over() {
    let cases = [
        ("canary", failed("two-starts")),
        ("second", passed()),
        ("host", passed()),
        ("third", passed()),
        ("second", failed("two-starts")),
    ];
    let steps = steps(&cases, &[]);
    let first = named(&[("canary", true)]);
    let later = named(&[("canary", true), ("third", false)]);
    let all = named(&[("canary", true), ("second", true), ("third", false)]);
    assert_eq!(
        steps,
        [first.clone(), first.clone(), first, later, all.clone(), all]
    );
}

#[test]
fn nothing_is_known_before_the_canary() {
    let cases = [
        ("third", failed("two-starts")),
        ("canary", failed("two-starts")),
    ];
    let steps = steps(&cases, &[]);
    let two = named(&[("canary", true), ("third", true)]);
    let all = named(&[("canary", true), ("second", false), ("third", true)]);
    assert_eq!(steps, [vec![], two, all]);
}

#[test]
fn a_living_canary_makes_every_catch_void() {
    let cases = [
        ("second", failed("two-starts")),
        ("canary", passed()),
        ("third", failed("two-starts")),
    ];
    let steps = steps(&cases, &[]);
    let none = named(&[("canary", false), ("second", false), ("third", false)]);
    assert_eq!(steps.last().unwrap(), &none);
}

#[test]
fn a_canary_that_cannot_be_made_makes_every_catch_void() {
    let cases = [("second", failed("two-starts"))];
    let steps = steps(&cases, &["canary"]);
    let none = named(&[("canary", false), ("second", false), ("third", false)]);
    assert_eq!(steps, [vec![], none]);
}
