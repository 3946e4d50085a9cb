//! What a run sees of entries, what it was not asked for, and that nothing is lost between judgements and entries.

use proptest::prelude::*;
use rstest::rstest;

use super::super::Kind;
use super::super::tests::{entry, failed};
use super::*;
use crate::ledger::Check;

fn passed() -> Outcome {
    Outcome::Passed {
        seen: vec!["it".to_owned()],
    }
}

fn not_applicable() -> Outcome {
    Outcome::NotApplicable {
        capability: "http".to_owned(),
    }
}

fn sight<'a>(subject: &'a str, scenario: &'a str, id: &'a str, outcome: &'a Outcome) -> Sight<'a> {
    Sight {
        subject,
        scenario,
        id,
        sentence: "It is so.",
        outcome,
        scored: true,
    }
}

fn scope(subjects: &[&str]) -> Scope {
    Scope {
        subjects: subjects.iter().map(|name| (*name).to_owned()).collect(),
        ..Scope::default()
    }
}

/// What becomes of one entry when its check has these outcomes, each in a scenario of its own.
fn becomes(outcomes: &[Outcome]) -> (Standing, usize) {
    let mut watch = Watch::new(Ledger {
        file: "known.toml".to_owned(),
        entries: vec![entry(Kind::Expected, "HK-057", "wrong")],
    });
    for (number, outcome) in outcomes.iter().enumerate() {
        watch.see(sight("p", &format!("a/{number}"), "HK-057", outcome));
    }
    let (summary, unlisted) = watch.end(&scope(&["p"]));
    (summary.entries[0].standing, unlisted.len())
}

#[rstest]
#[case::nothing(vec![], Standing::MatchesNothing, 0)]
#[case::passes(vec![passed()], Standing::Passes, 0)]
#[case::same(vec![failed("wrong")], Standing::Confirmed, 0)]
#[case::other(vec![failed("worse")], Standing::OtherReason, 1)]
#[case::not_claimed(vec![not_applicable()], Standing::NotApplicable, 0)]
#[case::not_judged(vec![Outcome::inconclusive("cut")], Standing::NotJudged, 0)]
#[case::fails_in_one_scenario(vec![passed(), failed("wrong"), passed()], Standing::Confirmed, 0)]
#[case::both_reasons(vec![failed("worse"), failed("wrong")], Standing::Confirmed, 1)]
#[case::passes_and_was_cut(vec![passed(), Outcome::inconclusive("cut")], Standing::NotJudged, 0)]
fn what_becomes_of_an_entry(
    #[case] outcomes: Vec<Outcome>,
    #[case] expect: Standing,
    #[case] unlisted: usize,
) {
    assert_eq!(becomes(&outcomes), (expect, unlisted));
}

#[test]
fn what_could_not_be_judged_is_no_reason_in_place_of_the_listed_one() {
    let mut watch = Watch::new(Ledger {
        file: "known.toml".to_owned(),
        entries: vec![entry(Kind::Expected, "HK-057", "wrong")],
    });
    watch.see(sight("p", "a/b", "HK-057", &Outcome::inconclusive("cut")));
    let (summary, _) = watch.end(&scope(&["p"]));
    assert_eq!(summary.entries[0].instead, []);
}

#[test]
fn the_reason_in_place_of_the_listed_one_is_told() {
    let mut watch = Watch::new(Ledger {
        file: "known.toml".to_owned(),
        entries: vec![entry(Kind::Flaky, "a/b", "wrong")],
    });
    watch.see(sight("p", "a/b", "HK-057", &failed("worse")));
    let (summary, unlisted) = watch.end(&scope(&["p"]));
    assert_eq!(summary.entries[0].instead[0].as_str(), "worse");
    assert_eq!(summary.red().count(), 1);
    assert_eq!(unlisted[0].scenarios, BTreeSet::from(["a/b".to_owned()]));
}

#[rstest]
#[case::whole(None, true, scope(&["p"]), Observed::Nothing)]
#[case::unknown(None, false, Scope { some_checks: true, ..scope(&["p"]) }, Observed::Unknown)]
#[case::some_checks(None, true, Scope { some_checks: true, ..scope(&["p"]) }, Observed::NotAsked)]
#[case::subject_of_nobody(Some("q"), true, scope(&["p"]), Observed::Nothing)]
#[case::other_subject_chosen(Some("q"), true, Scope { some_subjects: true, ..scope(&["p"]) }, Observed::NotAsked)]
#[case::this_subject_chosen(Some("p"), true, Scope { some_subjects: true, ..scope(&["p"]) }, Observed::Nothing)]
#[case::no_subject_named(None, true, Scope { some_subjects: true, ..scope(&["p"]) }, Observed::Nothing)]
#[case::skipped(Some("q"), true, Scope { skipped: vec!["q".to_owned()], ..scope(&["p"]) }, Observed::NotAsked)]
fn what_was_not_asked_for_is_not_missing(
    #[case] subject: Option<&str>,
    #[case] known: bool,
    #[case] scope: Scope,
    #[case] expect: Observed,
) {
    let entry = Entry {
        subject: subject.map(str::to_owned),
        known,
        ..entry(Kind::Expected, "HK-057", "wrong")
    };
    assert_eq!(scope.narrow(&entry, Observed::Nothing), expect);
    let seen = if known {
        Observed::Passed
    } else {
        Observed::Unknown
    };
    assert_eq!(scope.narrow(&entry, Observed::Passed), seen);
}

#[test]
fn the_next_expiry_is_that_of_entries_that_have_not_expired() {
    let until = |day: &str, expired| Entry {
        expires: Day::parse(day).unwrap(),
        expired,
        ..entry(Kind::Expected, &format!("a/{day}"), "wrong")
    };
    let watch = Watch::new(Ledger {
        file: "known.toml".to_owned(),
        entries: vec![
            until("2020-01-01", true),
            until("2031-01-01", false),
            until("2030-01-01", false),
        ],
    });
    let (summary, _) = watch.end(&scope(&["p"]));
    assert_eq!(summary.next_expiry(), Day::parse("2030-01-01"));
}

fn outcomes() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        Just(passed()),
        Just(not_applicable()),
        Just(Outcome::inconclusive("cut after 7 ms")),
        Just(failed("wrong")),
        Just(failed("worse")),
    ]
}

fn entries() -> impl Strategy<Value = Entry> {
    let checks = prop_oneof![
        Just("HK-001"),
        Just("HK-002"),
        Just("a/one"),
        Just("a/two"),
        Just("a/one HK-001")
    ];
    let reasons = prop_oneof![
        Just("wrong"),
        Just("worse"),
        Just("inconclusive: cut after 9 ms")
    ];
    let subjects = proptest::option::of(prop_oneof![Just("p"), Just("q"), Just("*")]);
    let flags = (any::<bool>(), any::<bool>());
    (checks, reasons, subjects, flags).prop_map(|(check, reason, subject, (flaky, expired))| {
        let kind = if flaky { Kind::Flaky } else { Kind::Expected };
        Entry {
            subject: subject.map(str::to_owned),
            expired,
            ..entry(kind, check, reason)
        }
    })
}

type Seen = (bool, bool, bool, Outcome);

fn judged() -> impl Strategy<Value = Seen> {
    (any::<bool>(), any::<bool>(), any::<bool>(), outcomes())
}

proptest! {
    /// Whatever is listed and whatever is seen: every entry has a standing, and every failure is excused, or described by an entry that
    /// is red, or told as not listed. Nothing is lost.
    #[test]
    fn nothing_is_lost(
        listed in proptest::collection::vec(entries(), 0..6),
        judged in proptest::collection::vec(judged(), 0..12),
    ) {
        let ledger = Ledger { file: "known.toml".to_owned(), entries: listed.clone() };
        let mut watch = Watch::new(ledger.clone());
        let pick = |flag: bool, one, two| if flag { one } else { two };
        let names = |(subject, scenario, id, _): &Seen| (
            pick(*subject, "p", "q"),
            pick(*scenario, "a/one", "a/two"),
            pick(*id, "HK-001", "HK-002"),
        );
        for seen in &judged {
            let (subject, scenario, id) = names(seen);
            watch.see(sight(subject, scenario, id, &seen.3));
        }
        let (summary, unlisted) = watch.end(&scope(&["p", "q"]));
        let kept: Vec<&Entry> = summary.entries.iter().map(|row| &row.entry).collect();
        prop_assert_eq!(kept, listed.iter().collect::<Vec<_>>());
        for seen in &judged {
            let (subject, scenario, id) = names(seen);
            if seen.3.kind() != OutcomeKind::Failed {
                continue;
            }
            let fingerprint = Fingerprint::of(&seen.3).unwrap();
            let excused = ledger.excuse(subject, scenario, id, &seen.3).is_some();
            let red = summary.red().any(|row| {
                row.entry.reason == fingerprint && row.entry.is_about(subject, scenario, id)
            });
            let told = unlisted.iter().any(|new| {
                new.reason == fingerprint && new.id == id && new.subject == subject && new.scenarios.contains(scenario)
            });
            prop_assert!(excused || red || told, "{seen:?}");
            prop_assert!(!(excused && told), "{seen:?}");
        }
        for row in &summary.entries {
            // An entry that is confirmed has excused something, and the other way round.
            let excuses = judged.iter().any(|seen| {
                let (subject, scenario, id) = names(seen);
                let own = Ledger { file: String::new(), entries: vec![row.entry.clone()] };
                own.excuse(subject, scenario, id, &seen.3).is_some()
            });
            let confirmed = row.standing == Standing::Confirmed
                || (row.standing == Standing::Borne && excuses);
            prop_assert_eq!(excuses, confirmed, "{:?}", row);
        }
    }
}

#[test]
fn a_check_is_what_it_covers() {
    let covers = |check: &str| Check::parse(check).unwrap().covers("a/one", "HK-001");
    assert!(covers("a/one") && covers("HK-001") && covers("a/one HK-001"));
    assert!(!covers("a/two") && !covers("HK-002") && !covers("a/two HK-001"));
}

#[test]
fn a_summary_counts_its_entries_and_says_which_are_red() {
    let row = |standing| EntryStanding {
        entry: entry(Kind::Expected, "HK-057", "wrong"),
        standing,
        instead: Vec::new(),
    };
    let standings = [Standing::Confirmed, Standing::Passes, Standing::Passes];
    let summary = LedgerSummary {
        file: "known.toml".to_owned(),
        entries: standings.map(row).to_vec(),
    };
    let red: Vec<Standing> = summary.red().map(|row| row.standing).collect();
    assert_eq!(red, [Standing::Passes; 2]);
    let counts = [Standing::Confirmed, Standing::Passes, Standing::Expired]
        .map(|standing| summary.count(standing));
    assert_eq!(counts, [1, 2, 0]);
}
