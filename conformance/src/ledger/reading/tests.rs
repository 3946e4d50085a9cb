//! A ledger that is whole, and everything that may be wrong with one.

use rstest::rstest;

use super::*;

const WHOLE: &str = r#"# What we know of.
most_flaky = 1

[[expected]]
check = "HK-057"
subject = "plugin:*"
reason = "dismissal-changed"
tracker = "https://example.com/issues/1"
text = "The reason is rewritten."
expires = 2027-01-31
suite = "0.1.0"

[[flaky]]
check = "plugin/crash/exits CR-051"
reason = "inconclusive: not reached: cut at the deadline of 20000 ms"
tracker = "https://example.com/issues/2"
text = "Sometimes slow."
expires = 2026-01-31
suite = "0.1.0"
"#;

fn read_on(text: &str, day: &str) -> Result<Ledger, LedgerError> {
    let known = |check: &Check| check.requirement.as_deref() != Some("HK-999");
    read("known.toml", text, Day::parse(day).unwrap(), &known)
}

#[test]
fn a_ledger_is_read_whole() {
    let ledger = read_on(WHOLE, "2026-11-26").unwrap();
    let [first, second] = &ledger.entries[..] else {
        panic!("{ledger:?}");
    };
    assert_eq!((first.kind, second.kind), (Kind::Expected, Kind::Flaky));
    assert_eq!((first.expired, second.expired), (false, true));
    assert_eq!(first.subject.as_deref(), Some("plugin:*"));
    assert_eq!(second.check.to_string(), "plugin/crash/exits CR-051");
    assert_eq!(
        second.reason.as_str(),
        "inconclusive: not reached: cut at the deadline of * ms"
    );
}

#[test]
fn an_entry_is_borne_on_its_last_day_and_not_on_the_next() {
    let expired = |day| read_on(WHOLE, day).unwrap().entries[0].expired;
    assert!(!expired("2027-01-31"));
    assert!(expired("2027-02-01"));
}

#[test]
fn what_the_suite_does_not_have_is_marked() {
    let ledger = read_on(&WHOLE.replace("HK-057", "HK-999"), "2026-01-01").unwrap();
    assert!(!ledger.entries[0].known && ledger.entries[1].known);
}

#[test]
fn an_empty_file_is_an_empty_ledger() {
    assert_eq!(
        read_on("# nothing yet\n", "2026-01-01").unwrap().entries,
        []
    );
}

#[rstest]
#[case::syntax("check =", "check", "known.toml: ")]
#[case::unknown_field("text =", "txt =", "unknown field `txt`")]
#[case::no_tracker(
    "tracker = \"https://example.com/issues/1\"\n",
    "",
    "missing field `tracker`"
)]
#[case::no_link_after_its_scheme(
    "https://example.com/issues/1",
    "https://",
    "tracker is not the URL"
)]
#[case::no_link(
    "https://example.com/issues/1",
    "see the wiki",
    "tracker is not the URL"
)]
#[case::empty_text("The reason is rewritten.", " ", "expected 1 (HK-057): text is empty")]
#[case::empty_suite("suite = \"0.1.0\"", "suite = \"\"", "suite is empty")]
#[case::check("HK-057", "HK-57", "check is neither")]
#[case::reason("dismissal-changed", "It is wrong", "reason is neither")]
#[case::expires("2027-01-31", "2027-01-31T10:00:00Z", "expires is not a day")]
#[case::expires_at_a_time("2027-01-31", "2027-01-31T10:00:00", "expires is not a day")]
#[case::expires_text("2027-01-31", "\"2027-01-31\"", "known.toml: ")]
#[case::too_flaky(
    "most_flaky = 1",
    "most_flaky = 0",
    "1 entries are flaky, and at most 0 may be"
)]
fn what_is_wrong_is_said(#[case] from: &str, #[case] to: &str, #[case] expect: &str) {
    let error = read_on(&WHOLE.replacen(from, to, 1), "2026-01-01").unwrap_err();
    assert!(error.to_string().contains(expect), "{error}");
}

#[test]
fn nothing_is_listed_twice_not_even_in_both_lists() {
    let entries = WHOLE.split("\n\n").collect::<Vec<_>>();
    let again = |list: &str| format!("{WHOLE}\n{}", entries[1].replace("expected", list));
    let error = read_on(&again("expected"), "2026-01-01").unwrap_err();
    assert!(matches!(error, LedgerError::Twice { .. }), "{error}");
    let flaky = again("flaky").replace("most_flaky = 1", "");
    let error = read_on(&flaky, "2026-01-01").unwrap_err();
    assert!(matches!(error, LedgerError::Twice { .. }), "{error}");
}

#[test]
fn three_entries_may_be_flaky_if_nothing_is_said() {
    let one = |number: usize| {
        format!(
            "[[flaky]]\ncheck = \"HK-00{number}\"\nreason = \"wrong\"\ntracker = \"https://x.test/1\"\ntext = \"x\"\nexpires = 2027-01-01\nsuite = \"0.1.0\"\n"
        )
    };
    let many = |count| (1..=count).map(one).collect::<String>();
    assert_eq!(read_on(&many(3), "2026-01-01").unwrap().entries.len(), 3);
    let error = read_on(&many(4), "2026-01-01").unwrap_err();
    assert!(matches!(
        error,
        LedgerError::TooFlaky {
            flaky: 4,
            most: 3,
            ..
        }
    ));
}
