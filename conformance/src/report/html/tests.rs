//! Pages of hostile texts.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::case::timeline::{Entry, Source};
use crate::profile::Profile;
use crate::requirement::{Level, Side};
use crate::runner::effort::Effort;
use crate::runner::event::{
    CaseName, CaseReport, Event, FORMAT, Judgement, RunStarted, RunSummary, Selection, SubjectLine,
};
use crate::runner::kill_matrix::beside::Reach;
use crate::runner::kill_matrix::figures;
use crate::runner::shard::Shard;
use crate::runner::tier::Tier;
use crate::verdict::settle::End;
use crate::verdict::{Failure, Outcome};

/// A run whose subject, scenario and all that was seen is one text.
fn run(text: &str) -> Board {
    let judgement = |id: &str, outcome| Judgement {
        id: id.to_owned(),
        level: Level::Must,
        sentence: text.to_owned(),
        outcome,
        ruling: None,
    };
    let report = CaseReport {
        name: CaseName {
            subject: text.to_owned(),
            scenario: text.to_owned(),
            repeat: 0,
        },
        side: Side::Plugin,
        profile: Profile::Http,
        seed: 1,
        duration_ms: 2,
        end: End::Completed,
        ready: None,
        judgements: vec![
            judgement(
                "HS-001",
                Outcome::Failed(Failure {
                    reason: "x".into(),
                    expected: text.to_owned(),
                    seen: text.to_owned(),
                    go_host: Some(text.to_owned()),
                    replay: None,
                    entry: Some(0),
                }),
            ),
            judgement("HS-002", Outcome::inconclusive(text)),
        ],
        methods: Vec::new(),
        timeline: vec![Entry {
            at_ms: 1,
            source: Source::Stdout,
            text: text.to_owned(),
        }],
        reproduce: text.to_owned(),
    };
    let started = RunStarted {
        format: FORMAT,
        suite_version: text.to_owned(),
        seed: 1,
        jobs: 1,
        timeout_scale: 1.0,
        repeat: 1,
        cases: 1,
        subjects: vec![SubjectLine {
            name: text.to_owned(),
            side: Side::Plugin,
        }],
        skipped: Vec::new(),
        ledger: None,
        selection: Selection::default(),
        calibration: None,
    };
    Board::of(&[Event::RunStarted(started), Event::CaseEnded(report)])
}

/// The tags of a page, and what is between quotes in them taken out.
fn skeleton(page: &str) -> Vec<String> {
    let mut tags = Vec::new();
    for part in page.split('<').skip(1) {
        let (mut tag, mut quoted) = (String::new(), false);
        for character in part.chars() {
            match character {
                '"' => quoted = !quoted,
                '>' if !quoted => break,
                other if !quoted => tag.push(other),
                _ => {}
            }
        }
        tags.push(tag);
    }
    tags
}

fn body(page: &str) -> &str {
    page.split_once("<body>").map_or("", |(_, body)| body)
}

#[test]
fn a_page_asks_nobody_for_anything() {
    let page = document(Some(&run("x")), None);
    for word in [
        "http:", "https:", "//", "@import", "url(", "fetch(", "<iframe", "<img", "import(",
    ] {
        let lines = page.lines().filter(|line| line.contains(word));
        // Comments of the script begin with two slashes, and nothing else has them.
        let lines: Vec<&str> = lines
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect();
        assert_eq!(lines, Vec::<&str>::new(), "{word}");
    }
    assert!(page.contains("default-src &#39;none&#39;"), "{page}");
}

#[test]
fn elements_are_closed_in_the_order_in_which_they_were_opened() {
    let page = document(Some(&run("x < y & z")), None);
    let (before, rest) = page.split_once("<script>").unwrap();
    let page = before.to_owned() + rest.split_once("</script>").unwrap().1;
    let mut open = Vec::new();
    for tag in skeleton(&page) {
        let name = tag.split_whitespace().next().unwrap_or_default().to_owned();
        if let Some(name) = name.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "in {open:?}");
        } else if !["!DOCTYPE", "meta", "link", "input"].contains(&name.as_str()) {
            open.push(name);
        }
    }
    assert_eq!(open, Vec::<String>::new());
}

#[test]
fn everything_that_failed_can_be_reached_and_is_told_once() {
    let page = document(Some(&run("x")), None);
    let targets: Vec<&str> = page
        .split("href=\"#")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert_eq!(
        targets
            .iter()
            .filter(|target| **target == "failure-1")
            .count(),
        1
    );
    for target in targets {
        assert_eq!(page.matches(&format!("id=\"{target}\"")).count(), 1);
    }
}

#[test]
fn a_kill_matrix_that_was_cut_off_says_so() {
    let page = |open| {
        let matrix = KillMatrix {
            format: figures::FORMAT,
            suite_version: "0".to_owned(),
            seed: 1,
            reach: Reach::Scenarios,
            profile: Tier::Full,
            checks: BTreeMap::new(),
            rows: Vec::new(),
            open,
        };
        document(None, Some(&matrix))
    };
    let cut = "The run did not come to its end: 3 mutants are still to be played.";
    assert!(page(3).contains(cut));
    assert!(!page(0).contains("did not come to its end"));
}

/// What the head says, by name.
fn facts(board: &Board) -> BTreeMap<String, String> {
    let page = document(Some(board), None);
    let (_, list) = page.split_once("<dl class=\"facts\">").unwrap();
    let (list, _) = list.split_once("</dl>").unwrap();
    let text = |part: &str, tag: &str| {
        let (_, rest) = part.split_once(&format!("<{tag}>")).unwrap();
        let (text, _) = rest.split_once(&format!("</{tag}>")).unwrap();
        text.to_owned()
    };
    let facts = list.split("</div>").filter(|part| part.contains("<dt>"));
    facts
        .map(|part| (text(part, "dt"), text(part, "dd")))
        .collect()
}

#[test]
fn the_head_says_what_was_asked_for_and_what_was_left_over() {
    let of = |facts: &BTreeMap<String, String>| {
        ["profile", "set", "only", "shard", "idle", "time"]
            .map(|name| facts.get(name).cloned().unwrap_or_default())
    };
    let all = run("x");
    assert_eq!(
        of(&facts(&all)),
        ["full", "all requirements", "", "", "", ""]
    );

    let mut events = all.events().to_vec();
    let Event::RunStarted(started) = &mut events[0] else {
        panic!("{events:?}");
    };
    started.selection = Selection {
        profile: Tier::Core,
        patterns: vec!["HS-*".to_owned(), "plugin/http/*".to_owned()],
        some_subjects: false,
        shard: Shard::parse("2/4"),
        set: Some("0.1".to_owned()),
    };
    let summary = RunSummary {
        duration_ms: 1234,
        effort: Some(Effort {
            slowest: Vec::new(),
            idle_per_mille: Some(417),
            processors: 2,
        }),
        ..all.summary().into_owned()
    };
    events.push(Event::RunEnded(summary));
    assert_eq!(
        of(&facts(&Board::of(&events))),
        [
            "core",
            "0.1",
            "HS-* plugin/http/*",
            "2/4",
            "41.7 % of 2 processors",
            "1.23 s"
        ]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_of_a_subject_breaks_out_of_the_markup(text in any::<String>(), tail in "[<>\"'&/=! a-z-]{0,20}") {
        let hostile = format!("{text}{tail}</script><b onclick=\"x\">");
        let plain = document(Some(&run("x")), None);
        let page = document(Some(&run(&hostile)), None);
        prop_assert_eq!(skeleton(body(&page)), skeleton(body(&plain)));
    }
}
