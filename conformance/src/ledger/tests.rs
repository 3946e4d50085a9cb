//! Checks and days as text, fingerprints that do not change from run to run, and which failures are excused.

use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::verdict::{Failure, Outcome};

/// An entry that is live, about the check, by this reason.
pub(crate) fn entry(kind: Kind, check: &str, reason: &str) -> Entry {
    Entry {
        kind,
        check: Check::parse(check).unwrap(),
        subject: None,
        reason: Fingerprint::parse(reason).unwrap(),
        tracker: "https://example.com/issues/1".to_owned(),
        text: "It is known.".to_owned(),
        expires: Day::new(2030, 1, 31).unwrap(),
        suite: "0.1.0".to_owned(),
        expired: false,
        known: true,
    }
}

pub(crate) fn failed(reason: &str) -> Outcome {
    Outcome::Failed(Failure {
        reason: reason.to_owned().into(),
        expected: "one".to_owned(),
        seen: "two".to_owned(),
        go_host: None,
        replay: None,
        entry: None,
    })
}

#[rstest]
#[case("HK-057", Some(("", "HK-057")))]
#[case("plugin/hooks/filters", Some(("plugin/hooks/filters", "")))]
#[case("plugin/hooks/filters HK-057", Some(("plugin/hooks/filters", "HK-057")))]
#[case("HK-057 plugin/hooks/filters", None)]
#[case("HK-57", None)]
#[case("HK-*", None)]
#[case("", None)]
#[case("plugin/a plugin/b HK-057", None)]
fn checks(#[case] text: &str, #[case] expect: Option<(&str, &str)>) {
    let got = Check::parse(text);
    let parts = got.as_ref().map(|check| {
        (
            check.scenario.as_deref().unwrap_or_default(),
            check.requirement.as_deref().unwrap_or_default(),
        )
    });
    assert_eq!(parts, expect);
    if let Some(check) = got {
        assert_eq!(check.to_string(), text);
    }
}

#[rstest]
#[case("2027-01-31", true)]
#[case("2028-02-29", true)]
#[case("2027-02-29", false)]
#[case("2027-13-01", false)]
#[case("2027-01-31-1", false)]
#[case("soon", false)]
fn days(#[case] text: &str, #[case] good: bool) {
    let day = Day::parse(text);
    assert_eq!(
        day.map(|day| day.to_string()),
        good.then(|| text.to_owned())
    );
}

#[test]
fn days_are_added_by_the_calendar() {
    let day = Day::new(2026, 11, 26).unwrap();
    assert_eq!(day.after(90).to_string(), "2027-02-24");
    assert!(day < day.after(1));
}

#[rstest]
#[case(failed("dismissal-changed"), Some("dismissal-changed"))]
#[case(
    Outcome::inconclusive("not reached: cut at the deadline of 20000 ms"),
    Some("inconclusive: not reached: cut at the deadline of * ms")
)]
#[case(
    Outcome::inconclusive("cannot read /tmp/a/case-7 7 times"),
    Some("inconclusive: cannot read * times")
)]
#[case(Outcome::Passed { seen: vec!["x".to_owned()] }, None)]
#[case(Outcome::NotApplicable { capability: "http".to_owned() }, None)]
fn fingerprints(#[case] outcome: Outcome, #[case] expect: Option<&str>) {
    let got = Fingerprint::of(&outcome);
    assert_eq!(got.as_ref().map(Fingerprint::as_str), expect);
}

#[rstest]
#[case::same("a/b", "HK-057", failed("wrong"), true)]
#[case::other_scenario("a/c", "HK-057", failed("wrong"), true)]
#[case::other_reason("a/b", "HK-057", failed("worse"), false)]
#[case::other_requirement("a/b", "HK-058", failed("wrong"), false)]
#[case::inconclusive("a/b", "HK-057", Outcome::inconclusive("wrong"), false)]
fn a_failure_is_excused_by_its_own_entry_alone(
    #[case] scenario: &str,
    #[case] id: &str,
    #[case] outcome: Outcome,
    #[case] expect: bool,
) {
    for kind in [Kind::Expected, Kind::Flaky] {
        let ledger = Ledger {
            file: "known.toml".to_owned(),
            entries: vec![entry(kind, "HK-057", "wrong")],
        };
        let excuse = ledger.excuse("p", scenario, id, &outcome);
        assert_eq!(excuse.is_some(), expect, "{kind:?}");
        let is_flaky = matches!(excuse, Some(Ruling::Flaky { .. }));
        assert_eq!(is_flaky, expect && kind == Kind::Flaky);
    }
}

#[test]
fn an_entry_whose_day_is_over_and_one_for_another_subject_excuse_nothing() {
    let whose = |subject: Option<&str>, expired| Ledger {
        file: "known.toml".to_owned(),
        entries: vec![Entry {
            subject: subject.map(str::to_owned),
            expired,
            ..entry(Kind::Expected, "HK-057", "wrong")
        }],
    };
    let excused = |ledger: Ledger| {
        let outcome = failed("wrong");
        ledger
            .excuse("plugin:/a/b", "a/b", "HK-057", &outcome)
            .is_some()
    };
    assert!(excused(whose(Some("plugin:*"), false)));
    assert!(excused(whose(None, false)));
    assert!(!excused(whose(Some("plugin:*"), true)));
    assert!(!excused(whose(Some("host"), false)));
}

proptest! {
    #[test]
    fn numbers_and_paths_do_not_change_a_fingerprint(
        words in proptest::collection::vec("[a-z]{1,8}", 1..10),
        first in any::<u64>(),
        second in any::<u64>(),
        place in any::<prop::sample::Index>(),
    ) {
        let with = |number: u64| {
            let mut words = words.clone();
            words.insert(place.index(words.len()), format!("/tmp/{number}:{number}"));
            Fingerprint::of(&Outcome::inconclusive(words.join(" "))).unwrap()
        };
        prop_assert_eq!(with(first), with(second));
    }

    #[test]
    fn a_fingerprint_that_was_written_down_is_read_as_the_same(reason in ".{0,200}") {
        if let Some(fingerprint) = Fingerprint::parse(&format!("inconclusive: {reason}")) {
            prop_assert_eq!(Fingerprint::parse(fingerprint.as_str()), Some(fingerprint));
        }
    }
}

#[rstest]
#[case("HK-057")]
#[case("plugin/hooks/filters HK-057")]
fn a_check_is_written_in_logs_as_in_ledgers(#[case] text: &str) {
    let check = Check::parse(text).unwrap();
    let json = serde_json::to_string(&check).unwrap();
    assert_eq!(json, format!("{text:?}"));
    assert_eq!(serde_json::from_str::<Check>(&json).unwrap(), check);
    let refused = serde_json::from_str::<Check>(r#""HK-57""#).unwrap_err();
    assert!(
        refused.to_string().contains("neither a requirement"),
        "{refused}"
    );
}

#[test]
fn a_day_is_written_in_logs_as_in_ledgers() {
    let day = Day::new(2027, 1, 31).unwrap();
    assert_eq!(day.numbers(), (2027, 1, 31));
    let json = serde_json::to_string(&day).unwrap();
    assert_eq!(json, r#""2027-01-31""#);
    assert_eq!(serde_json::from_str::<Day>(&json).unwrap(), day);
    let refused = serde_json::from_str::<Day>(r#""soon""#).unwrap_err();
    assert!(refused.to_string().contains("no day"), "{refused}");
    let date = time::Date::from_calendar_date(2027, time::Month::January, 31).unwrap();
    assert_eq!(Day::of(date), day);
    assert_eq!(format!("{day:>11}|"), " 2027-01-31|");
}

#[rstest]
#[case("dismissal-changed", false)]
#[case("inconclusive: not reached", true)]
fn a_fingerprint_is_written_in_logs_as_in_ledgers(#[case] text: &str, #[case] open: bool) {
    let fingerprint = Fingerprint::parse(text).unwrap();
    assert_eq!(fingerprint.is_inconclusive(), open);
    assert_eq!(fingerprint.to_string(), text);
    let json = serde_json::to_string(&fingerprint).unwrap();
    assert_eq!(json, format!("{text:?}"));
    assert_eq!(
        serde_json::from_str::<Fingerprint>(&json).unwrap(),
        fingerprint
    );
    let refused = serde_json::from_str::<Fingerprint>(r#""It is wrong""#).unwrap_err();
    assert!(refused.to_string().contains("no reason"), "{refused}");
}

#[rstest]
#[case::number("ab1 c", "* c")]
#[case::path("a/b c", "* c")]
#[case::path_of_windows(r"a\b c", "* c")]
#[case::several_in_a_row("c 1 2/3 c 4", "c * c *")]
#[case::one_word_twice("no no", "no no")]
#[case::case("Not Reached", "not reached")]
#[case::long(
    "a b c d e f g h i j k l m n o p q r",
    "a b c d e f g h i j k l m n o p"
)]
fn the_words_of_what_could_not_be_judged(#[case] reason: &str, #[case] words: &str) {
    let fingerprint = Fingerprint::of(&Outcome::inconclusive(reason)).unwrap();
    assert_eq!(fingerprint.as_str(), format!("inconclusive: {words}"));
}

#[test]
fn a_fingerprint_without_words_is_none() {
    assert_eq!(Fingerprint::parse("inconclusive:  "), None);
}

#[test]
fn the_lists_are_called_as_in_the_file() {
    let names = [Kind::Expected, Kind::Flaky].map(Kind::as_str);
    assert_eq!(names, ["expected", "flaky"]);
}
