//! What is written anew, and what people wrote that stays.

use std::collections::BTreeSet;

use super::super::fingerprint::Fingerprint;
use super::super::reading::read;
use super::super::{Check, Ledger};
use super::*;

const TEXT: &str = r#"# The ledger of our SDK. Ask before you add to it.

# Every silent dismissal is rewritten.
[[expected]]
check = "HK-057"
reason = "dismissal-changed" # since the last release
tracker = "https://example.com/issues/1"
text = "The reason is rewritten."
expires = 2027-01-31
suite = "0.0.9"

# Crashes are not told.
[[expected]]
check = "CR-051"
reason = "not-told"
tracker = "https://example.com/issues/2"
text = "Nobody is told."
expires = 2027-01-31
suite = "0.0.9"

[[flaky]]
check = "HE-051"
reason = "late"
tracker = "https://example.com/issues/3"
text = "Sometimes late."
expires = 2027-01-31
suite = "0.0.9"
# The end.
"#;

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

fn ledger(text: &str) -> Ledger {
    let known = |_: &Check| true;
    read("known.toml", text, day("2026-11-26"), &known).unwrap()
}

fn summary(text: &str, standings: &[Standing]) -> LedgerSummary {
    let rows = ledger(text).entries.into_iter().zip(standings);
    LedgerSummary {
        file: "known.toml".to_owned(),
        entries: rows
            .map(|(entry, standing)| EntryStanding {
                entry,
                standing: *standing,
                instead: Vec::new(),
            })
            .collect(),
    }
}

fn unlisted(id: &str, subject: &str, reason: &str) -> Unlisted {
    Unlisted {
        id: id.to_owned(),
        subject: subject.to_owned(),
        reason: Fingerprint::parse(reason).unwrap(),
        sentence: format!("{id} is kept."),
        scenarios: BTreeSet::from(["a/b".to_owned()]),
    }
}

fn terms(tracker: Option<&str>) -> Terms {
    Terms {
        tracker: tracker.map(str::to_owned),
        expires: day("2027-02-24"),
        suite: "0.1.0".to_owned(),
    }
}

fn accepted(standings: &[Standing], new: &[Unlisted]) -> (String, Changes) {
    let terms = terms(Some("https://example.com/issues/9"));
    accept(TEXT, &summary(TEXT, standings), new, &terms).unwrap()
}

const KEPT: [Standing; 3] = [Standing::Confirmed, Standing::NotJudged, Standing::Borne];

#[test]
fn a_ledger_that_is_right_stays_as_it_is_to_the_byte() {
    let (text, changes) = accepted(&KEPT, &[]);
    assert_eq!((text.as_str(), changes), (TEXT, Changes::default()));
    let (text, _) = accepted(&[Standing::NotAsked; 3], &[]);
    assert_eq!(text, TEXT);
}

#[test]
fn what_describes_nothing_goes_with_its_own_comment_and_no_other() {
    let (text, changes) = accepted(
        &[Standing::Passes, Standing::Confirmed, Standing::Borne],
        &[],
    );
    assert_eq!(changes.removed, 1);
    assert!(text.starts_with("# The ledger of our SDK. Ask before you add to it.\n\n# Crashes are not told.\n[[expected]]\ncheck = \"CR-051\""), "{text}");
    assert!(!text.contains("dismissal"), "{text}");
    assert!(text.ends_with("# The end.\n"), "{text}");
    assert_eq!(ledger(&text).entries.len(), 2);
}

#[test]
fn a_comment_on_all_that_follow_stays_where_it_was_when_the_first_of_them_goes() {
    let comment = "# What follows is about one machine.\n\n";
    let text = TEXT.replace("# Crashes are", &format!("{comment}# Crashes are"));
    let text = text.replace("[[flaky]]", "[[expected]]");
    let standings = [Standing::Confirmed, Standing::Passes, Standing::Confirmed];
    let terms = terms(Some("https://example.com/issues/9"));
    let (text, _) = accept(&text, &summary(&text, &standings), &[], &terms).unwrap();
    let around = format!("suite = \"0.0.9\"\n\n{comment}[[expected]]\n");
    assert!(text.contains(&around), "{text}");
}

#[test]
fn the_same_reason_of_another_subject_is_no_reason_for_this_entry() {
    let text = TEXT.replacen("text =", "subject = \"ours\"\ntext =", 1);
    let standings = [Standing::OtherReason, Standing::Confirmed, Standing::Borne];
    let theirs = [unlisted("HK-057", "theirs", "worse")];
    let terms = terms(Some("https://example.com/issues/9"));
    let (text, changes) = accept(&text, &summary(&text, &standings), &theirs, &terms).unwrap();
    assert_eq!((changes.removed, changes.added), (1, 1), "{text}");
}

#[test]
fn all_entries_may_go_and_the_file_still_says_what_it_is() {
    let all = [
        Standing::MatchesNothing,
        Standing::NotApplicable,
        Standing::Unknown,
    ];
    let (text, changes) = accepted(&all, &[]);
    assert_eq!(changes.removed, 3);
    assert!(text.starts_with("# The ledger of our SDK."), "{text}");
    assert!(text.contains("# The end."), "{text}");
    assert_eq!(ledger(&text).entries, []);
}

#[test]
fn what_has_expired_is_borne_for_longer() {
    let (text, changes) = accepted(
        &[Standing::Expired, Standing::Confirmed, Standing::Borne],
        &[],
    );
    assert_eq!(
        changes,
        Changes {
            renewed: 1,
            ..Changes::default()
        }
    );
    let entries = ledger(&text).entries;
    assert_eq!(
        (entries[0].expires, entries[0].suite.as_str()),
        (day("2027-02-24"), "0.1.0")
    );
    assert_eq!(
        (entries[1].expires, entries[1].suite.as_str()),
        (day("2027-01-31"), "0.0.9")
    );
    assert!(text.contains("# since the last release"), "{text}");
}

#[test]
fn another_reason_takes_the_place_of_the_listed_one() {
    let standings = [Standing::OtherReason, Standing::Confirmed, Standing::Borne];
    let (text, changes) = accepted(&standings, &[unlisted("HK-057", "p", "dismissal-lost")]);
    assert_eq!(
        changes,
        Changes {
            renewed: 1,
            ..Changes::default()
        }
    );
    assert!(
        text.contains("reason = \"dismissal-lost\" # since the last release"),
        "{text}"
    );
    assert!(text.contains("https://example.com/issues/1"), "{text}");
    assert_eq!(ledger(&text).entries.len(), 3);
}

#[test]
fn another_reason_that_another_entry_has_leaves_nothing_to_say() {
    let standings = [Standing::OtherReason, Standing::Confirmed, Standing::Borne];
    let (text, changes) = accepted(&standings, &[]);
    assert_eq!(changes.removed, 1);
    assert_eq!(ledger(&text).entries.len(), 2);
}

#[test]
fn new_failures_are_added_whole() {
    let new = [
        unlisted("HT-051", "plugin:/home/me/p", "cut"),
        unlisted("HT-052", "host", "cut"),
    ];
    let (text, changes) = accepted(&KEPT, &new);
    assert_eq!(
        changes,
        Changes {
            added: 2,
            ..Changes::default()
        }
    );
    let entries = ledger(&text).entries;
    assert_eq!(entries.len(), 5);
    let added: Vec<_> = entries
        .iter()
        .filter(|entry| entry.suite == "0.1.0")
        .collect();
    assert_eq!(added[0].check.to_string(), "HT-051");
    assert_eq!(added[0].subject.as_deref(), Some("plugin:*/p"));
    assert_eq!(added[1].subject.as_deref(), Some("host"));
    assert_eq!(added[0].tracker, "https://example.com/issues/9");
    assert_eq!(added[0].text, "HT-051 is kept.");
}

#[test]
fn a_ledger_can_begin_with_nothing() {
    let empty = summary("", &[]);
    let terms = terms(Some("https://example.com/issues/9"));
    let (text, changes) = accept("", &empty, &[unlisted("HT-051", "p", "cut")], &terms).unwrap();
    assert_eq!(changes.added, 1);
    assert!(text.starts_with("[[expected]]\n"), "{text}");
    assert_eq!(ledger(&text).entries[0].subject, None);
}

#[test]
fn what_would_not_be_whole_is_refused() {
    let no_tracker = accept(
        TEXT,
        &summary(TEXT, &KEPT),
        &[unlisted("HT-051", "p", "cut")],
        &terms(None),
    );
    assert!(
        matches!(no_tracker, Err(AcceptError::NoTracker { count: 1, .. })),
        "{no_tracker:?}"
    );
    let other = TEXT.replacen("[[flaky]]", "[[expected]]", 1);
    let changed = accept(&other, &summary(TEXT, &KEPT), &[], &terms(None));
    assert!(
        matches!(changed, Err(AcceptError::Changed(_))),
        "{changed:?}"
    );
}

#[test]
fn accepting_again_changes_nothing() {
    let (text, _) = accepted(&KEPT, &[unlisted("HT-051", "p", "cut")]);
    let again = [Standing::Confirmed; 4];
    let (twice, changes) = accept(&text, &summary(&text, &again), &[], &terms(None)).unwrap();
    assert_eq!((twice, changes), (text, Changes::default()));
}
