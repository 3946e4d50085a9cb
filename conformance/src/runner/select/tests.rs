//! Patterns, by table.

use rstest::rstest;

use super::*;
use crate::case::Case;
use crate::scenario::{Profile, Running};

fn nothing(_: &mut Case) -> Running<'_> {
    Box::pin(async { Ok(()) })
}

fn all() -> Vec<Scenario> {
    let row =
        |name, side, ids| Scenario::new(name, "A test.", (side, Profile::Handshake), ids, nothing);
    vec![
        row("handshake/good", Side::Host, &["HS-001", "HS-002"]),
        row("handshake/bad", Side::Host, &["HS-003"]),
        row("hooks/allow", Side::Plugin, &["HK-054"]),
    ]
}

fn patterns(words: &str) -> Vec<String> {
    words.split_whitespace().map(str::to_owned).collect()
}

/// The chosen names, each with the ids that were asked for.
fn chosen(words: &str) -> Result<Vec<String>, SelectError> {
    let only = |selected: &Selected| match &selected.only {
        None => selected.scenario.name.to_owned(),
        Some(ids) => format!(
            "{}:{}",
            selected.scenario.name,
            ids.iter().copied().collect::<Vec<_>>().join("+")
        ),
    };
    Ok(scenarios(&all(), &patterns(words))?
        .iter()
        .map(only)
        .collect())
}

#[rstest]
#[case("", &["handshake/good", "handshake/bad", "hooks/allow"])]
#[case("handshake/*", &["handshake/good", "handshake/bad"])]
#[case("HS-002", &["handshake/good:HS-002"])]
#[case("HS-*", &["handshake/good:HS-001+HS-002", "handshake/bad:HS-003"])]
#[case("HS-002 handshake/good", &["handshake/good"])]
#[case("*allow HS-003", &["handshake/bad:HS-003", "hooks/allow"])]
#[case("PR-016", &["handshake/good:PR-016", "handshake/bad:PR-016"])]
fn patterns_choose_scenarios_and_requirements(#[case] words: &str, #[case] expect: &[&str]) {
    assert_eq!(chosen(words).unwrap(), expect);
}

#[rstest]
#[case("nonsense")]
#[case("handshake")]
#[case("HS-999")]
#[case("handshake/* nonsense")]
fn a_pattern_that_matches_nothing_is_an_error(#[case] words: &str) {
    assert!(matches!(chosen(words), Err(SelectError::Pattern(_))));
}

#[rstest]
#[case("", false, &["host", "python-sdk"])]
#[case("", true, &[])]
#[case("null/*", false, &["null/exit", "null/silent"])]
#[case("host null/exit", true, &["host", "null/exit"])]
#[case("* host", false, &["host", "null/exit", "null/silent", "python-sdk"])]
fn subjects_are_chosen_by_name(
    #[case] words: &str,
    #[case] plugins: bool,
    #[case] expect: &[&str],
) {
    let known = [
        ("host", true),
        ("python-sdk", true),
        ("null/exit", false),
        ("null/silent", false),
    ];
    let chosen = subjects(&known, &patterns(words), plugins).unwrap();
    assert_eq!(chosen.into_iter().collect::<Vec<_>>(), expect);
}

#[test]
fn an_unknown_subject_is_an_error_that_lists_the_known_ones() {
    let error = subjects(&[("host", true)], &patterns("hots"), false).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no subject is called \"hots\"; there are: host"
    );
}

#[rstest]
#[case("", "", true)]
#[case("*", "", true)]
#[case("a*c", "abbc", true)]
#[case("a*c", "abbd", false)]
#[case("a?c", "abc", true)]
#[case("a?c", "ac", false)]
#[case("*é*", "café!", true)]
#[case("abc", "abcd", false)]
#[case("**", "x", true)]
fn globs_match_whole_texts(#[case] pattern: &str, #[case] text: &str, #[case] expect: bool) {
    assert_eq!(glob(pattern, text), expect);
}
