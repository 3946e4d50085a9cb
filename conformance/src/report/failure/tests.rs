//! Invariant: the text of a failure is never longer than 40 lines, and the entry that contradicts is in it.

use proptest::prelude::*;

use super::*;
use crate::case::timeline::Source;
use crate::requirement::{Level, Side};
use crate::runner::event::CaseName;
use crate::scenario::Profile;
use crate::verdict::settle::End;

fn report(entries: usize) -> CaseReport {
    let entry = |number: usize| Entry {
        at_ms: number as u64,
        source: Source::Host,
        text: format!("entry {number} {}", "x".repeat(number * 7 % 300)),
    };
    CaseReport {
        name: CaseName {
            subject: "host".to_owned(),
            scenario: "t/failing".to_owned(),
            repeat: 0,
        },
        side: Side::Host,
        profile: Profile::Handshake,
        seed: 1,
        duration_ms: 5,
        end: End::Completed,
        ready: None,
        judgements: Vec::new(),
        methods: Vec::new(),
        timeline: (0..entries).map(entry).collect(),
        reproduce: "plugin-conformance run t/failing --subject host --seed 1".to_owned(),
    }
}

fn judgement(expected: &str, seen: &str, go_host: Option<&str>, entry: Option<usize>) -> Judgement {
    Judgement {
        id: "HS-001".to_owned(),
        level: Level::Must,
        sentence: "The host reads.".to_owned(),
        outcome: Outcome::Failed(Failure {
            reason: "does-not-read".into(),
            expected: expected.to_owned(),
            seen: seen.to_owned(),
            go_host: go_host.map(str::to_owned),
            replay: None,
            entry,
        }),
        ruling: None,
    }
}

proptest! {
    #[test]
    fn the_text_of_a_failure_is_never_longer_than_40_lines(
        expected in "(?s).{0,2000}",
        seen in "(?s).{0,2000}",
        go_host in proptest::option::of("[a-z ]{0,800}"),
        entries in 0usize..120,
        marked in proptest::option::of(0usize..120),
    ) {
        let marked = marked.filter(|entry| *entry < entries);
        let judgement = judgement(&expected, &seen, go_host.as_deref(), marked);
        let text = text(&report(entries), &judgement, Paint::Plain);
        prop_assert!(text.lines().count() <= MOST_LINES, "{text}");
        for field in ["\n  expected:", "\n  seen:", "\n  reproduce:   plugin-conformance run "] {
            prop_assert!(text.contains(field) || (expected.is_empty() || seen.is_empty()), "{field} in {text}");
        }
        prop_assert!(text.contains("--seed 1"), "{text}");
        if let Some(entry) = marked {
            let start = format!("  > {entry:>6} ms");
            prop_assert!(text.contains(&start), "{text}");
        }
    }
}

#[test]
fn an_early_contradiction_is_shown_with_what_followed() {
    let text = text(
        &report(60),
        &judgement("a", "b", None, Some(2)),
        Paint::Plain,
    );
    assert!(text.contains("  >      2 ms"), "{text}");
    assert!(text.contains("… 54 later entries"), "{text}");
}

#[test]
fn a_late_contradiction_is_shown_with_the_beginning() {
    let text = text(
        &report(90),
        &judgement("a", "b", None, Some(80)),
        Paint::Plain,
    );
    for part in [
        "         0 ms  ",
        " entries …",
        "  >     80 ms",
        "… 6 later entries",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(text.lines().count() > MOST_LINES - 4, "{text}");
}

#[test]
fn a_kept_plan_is_what_is_played_again() {
    let mut judgement = judgement("a", "b", None, None);
    let file = format!("plans of mine/{}/plan.json", "x".repeat(120));
    if let Outcome::Failed(failure) = &mut judgement.outcome {
        failure.replay = Some(file.clone());
    }
    let text = text(&report(1), &judgement, Paint::Plain);
    let expect = format!("  reproduce:   plugin-conformance replay '{file}'\n");
    assert!(text.ends_with(&expect), "{text}");
}
