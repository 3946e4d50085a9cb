//! A run with a ledger: what counts, what the exit code and the reports say of it, and what is written anew.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser;
use plugin_conformance::case::Case;
use plugin_conformance::cli::command::{CommandError, run};
use plugin_conformance::cli::{Arguments, Command};
use plugin_conformance::exit::Exit;
use plugin_conformance::report::human::Surface;
use plugin_conformance::scenario::{Running, Scenario};
use rstest::rstest;

use super::world::{host, keep, passing, row, suite};

/// Fails HS-002 for the reason `wrong`.
fn failing(case: &mut Case) -> Running<'_> {
    Box::pin(async {
        keep(case, "HS-001");
        case.require("HS-002")
            .seen("a line", "bad")
            .same("n", 1, 2, "wrong");
        Ok(())
    })
}

/// A folder with a ledger, and runs beside it.
struct Gate {
    folder: tempfile::TempDir,
}

impl Gate {
    fn with(ledger: &str) -> Gate {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("known.toml"), ledger).unwrap();
        Gate { folder }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn ledger(&self) -> String {
        fs::read_to_string(self.file("known.toml")).unwrap()
    }

    /// `run` with these words: its end and what it wrote.
    async fn run(
        &self,
        scenarios: Vec<Scenario>,
        more: &str,
    ) -> (Result<Exit, CommandError>, String) {
        let words = format!(
            "plugin-conformance run --ledger {} --json {} --junit {} {more}",
            self.file("known.toml").display(),
            self.file("events.json").display(),
            self.file("junit.xml").display()
        );
        let arguments = Arguments::parse_from(words.split_whitespace());
        let Command::Run(arguments) = arguments.command else {
            panic!("{words}");
        };
        let mut out = Vec::new();
        let suite = suite(scenarios, vec![host()]);
        let end = run(&suite, &arguments, Vec::new(), &mut out, Surface::Plain).await;
        (end, String::from_utf8(out).unwrap())
    }

    /// The same where it comes to an end.
    async fn code(&self, scenarios: Vec<Scenario>, more: &str) -> (u8, String) {
        let (end, said) = self.run(scenarios, more).await;
        (end.unwrap().code(), said)
    }
}

fn entry(list: &str, check: &str, reason: &str, expires: &str) -> String {
    format!(
        "# Why we bear it.\n[[{list}]]\ncheck = \"{check}\"\nreason = \"{reason}\"\n\
         tracker = \"https://example.com/issues/1\"\ntext = \"It is known.\"\nexpires = {expires}\nsuite = \"0.0.9\"\n"
    )
}

const LATER: &str = "2999-12-31";

#[rstest]
#[case::listed("expected", "HS-002", "wrong", LATER, 0, "1 fail as listed")]
#[case::flaky("flaky", "HS-002", "wrong", LATER, 0, "1 flaky, borne")]
#[case::by_scenario("expected", "a/fails HS-002", "wrong", LATER, 0, "1 fail as listed")]
#[case::other_reason(
    "expected",
    "HS-002",
    "worse",
    LATER,
    1,
    "fails for another reason: wrong"
)]
#[case::passes("expected", "HS-001", "wrong", LATER, 1, "HS-001, wrong: passes")]
#[case::matches_nothing(
    "expected",
    "HS-003",
    "wrong",
    LATER,
    1,
    "HS-003, wrong: matches nothing"
)]
#[case::unknown("expected", "HS-999", "wrong", LATER, 1, "is no check of this suite")]
#[case::unknown_scenario("expected", "a/passed", "wrong", LATER, 1, "is no check of this suite")]
#[case::expired(
    "expected",
    "HS-002",
    "wrong",
    "2020-01-31",
    1,
    "expired on 2020-01-31"
)]
#[case::flaky_expired("flaky", "HS-002", "wrong", "2020-01-31", 1, "expired on 2020-01-31")]
#[tokio::test]
async fn a_ledger_rules_on_the_run(
    #[case] list: &str,
    #[case] check: &str,
    #[case] reason: &str,
    #[case] expires: &str,
    #[case] code: u8,
    #[case] said: &str,
) {
    let gate = Gate::with(&entry(list, check, reason, expires));
    let scenarios = vec![
        row("a/fails", |case| failing(case)),
        row("a/passes", |case| passing(case)),
    ];
    let (got, text) = gate.code(scenarios, "").await;
    assert_eq!(got, code, "{text}");
    assert!(text.contains(said), "{text}");
}

#[tokio::test]
async fn every_report_says_what_was_excused_and_what_is_stale() {
    let listed = entry("expected", "HS-002", "wrong", LATER);
    let stale = entry("expected", "HS-001", "wrong", LATER);
    let gate = Gate::with(&format!("{listed}\n{stale}"));
    let (code, text) = gate
        .code(vec![row("a/fails", |case| failing(case))], "")
        .await;
    assert_eq!(code, 1, "{text}");
    assert!(
        text.contains("2 expected, 0 flaky, the next expires on 2999-12-31"),
        "{text}"
    );
    assert!(
        text.contains("1 excused") && !text.contains("FAILED"),
        "{text}"
    );
    assert!(text.contains("stale HS-001"), "{text}");
    let events = fs::read_to_string(gate.file("events.json")).unwrap();
    let events: Vec<serde_json::Value> = events
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let case = events
        .iter()
        .find(|event| event["event"] == "case_ended")
        .unwrap();
    let ruling = &case["judgements"][1]["ruling"];
    assert_eq!(
        (ruling["as"].as_str(), ruling["tracker"].as_str()),
        (Some("expected"), Some("https://example.com/issues/1"))
    );
    let end = events.last().unwrap();
    let standings: Vec<&str> = end["ledger"]["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["standing"].as_str().unwrap())
        .collect();
    assert_eq!(
        (standings, &end["verdict"]),
        (vec!["confirmed", "passes"], &"failed".into())
    );
    let junit = fs::read_to_string(gate.file("junit.xml")).unwrap();
    assert!(
        junit.contains("<skipped message=\"expected failure, https://example.com/issues/1\">"),
        "{junit}"
    );
    assert!(junit.contains("HS-001, wrong: passes"), "{junit}");
    assert_eq!(junit.matches("<failure").count(), 1, "{junit}");
}

#[tokio::test]
async fn what_is_not_asked_for_is_not_missing_and_a_first_failure_that_is_listed_ends_nothing() {
    let gate = Gate::with(&entry("expected", "HS-002", "wrong", LATER));
    let both = || {
        vec![
            row("a/fails", |case| failing(case)),
            row("a/passes", |case| passing(case)),
        ]
    };
    let (code, text) = gate.code(both(), "a/passes HS-001").await;
    assert_eq!(
        code, 1,
        "it passes in the scenario that was asked for: {text}"
    );
    let (code, text) = gate.code(both(), "HS-001").await;
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("1 not asked for in this run"), "{text}");
    let (code, text) = gate.code(both(), "--fail-fast --jobs 1").await;
    assert_eq!(code, 0, "{text}");
}

#[tokio::test]
async fn a_ledger_is_written_anew_as_the_run_has_shown_it() {
    let gate = Gate::with(&format!(
        "# Ours.\n\n{}",
        entry("expected", "HS-001", "wrong", LATER)
    ));
    let fails = || vec![row("a/fails", |case| failing(case))];
    let (end, _) = gate.run(fails(), "--accept").await;
    let error = end.unwrap_err();
    assert!(error.to_string().contains("--tracker URL"), "{error}");
    assert_eq!(error.exit().code(), 2);
    let accept = "--accept --tracker https://example.com/issues/7";
    let (code, text) = gate.code(fails(), accept).await;
    assert_eq!(code, 1, "the run itself was as it was: {text}");
    assert!(
        text.contains("known.toml: 1 added, 0 renewed, 1 removed"),
        "{text}"
    );
    let ledger = gate.ledger();
    assert!(
        ledger.starts_with("# Ours.\n") && ledger.contains("check = \"HS-002\""),
        "{ledger}"
    );
    let (code, text) = gate.code(fails(), "").await;
    assert_eq!(code, 0, "{text}");
    let (_, _) = gate
        .code(vec![row("a/fails", |case| passing(case))], "--accept")
        .await;
    assert!(!gate.ledger().contains("[[expected]]"), "{}", gate.ledger());
}

#[rstest]
#[case::patterns("--accept HS-001")]
#[case::fail_fast("--accept --fail-fast")]
fn a_ledger_is_accepted_only_from_a_whole_run(#[case] words: &str) {
    let words = format!("plugin-conformance run --ledger known.toml {words}");
    let refused = Arguments::try_parse_from(words.split_whitespace()).unwrap_err();
    assert!(
        refused.to_string().contains("cannot be used with"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_ledger_that_cannot_be_used_is_a_usage_error() {
    let gate = Gate::with("[[expected]]\ncheck = 7\n");
    let (end, _) = gate
        .run(vec![row("a/passes", |case| passing(case))], "")
        .await;
    assert_eq!(end.unwrap_err().exit(), Exit::Usage);
    fs::remove_file(gate.file("known.toml")).unwrap();
    let (end, _) = gate
        .run(vec![row("a/passes", |case| passing(case))], "")
        .await;
    let error = end.unwrap_err();
    assert!(
        error.to_string().contains("cannot read the ledger"),
        "{error}"
    );
    assert!(!Path::new(&gate.file("known.toml")).exists());
    let (end, text) = gate
        .run(vec![row("a/passes", |case| passing(case))], "--accept")
        .await;
    assert_eq!(
        (end.unwrap(), gate.ledger().as_str()),
        (Exit::Passed, ""),
        "{text}"
    );
}

#[rstest]
#[case::smaller(
    "--profile smoke",
    "the profile smoke has none of the chosen scenarios"
)]
#[case::no_set("--set 9.9", "there is no set \"9.9\"; there are: 0.1")]
#[tokio::test]
async fn what_leaves_nothing_or_is_not_there_is_a_usage_error(
    #[case] words: &str,
    #[case] expect: &str,
) {
    let gate = Gate::with("");
    let (end, _) = gate
        .run(vec![row("a/passes", |case| passing(case))], words)
        .await;
    let error = end.unwrap_err();
    assert_eq!(error.exit(), Exit::Usage);
    assert!(error.to_string().contains(expect), "{error}");
}

#[tokio::test]
async fn a_run_says_how_it_was_asked_how_slow_the_machine_is_and_what_it_cost() {
    let gate = Gate::with("");
    let (code, text) = gate
        .code(
            vec![row("host/hooks/fields", |case| passing(case))],
            "--profile smoke --timeout-scale auto --set 0.1",
        )
        .await;
    assert_eq!(code, 0, "{text}");
    for words in [
        "profile smoke, judged by set 0.1",
        "this machine: ",
        "slowest: host host/hooks/fields",
        "idle: ",
    ] {
        assert!(text.contains(words), "{words} in {text}");
    }
}

#[test]
fn shards_have_to_share_a_seed() {
    let words = "plugin-conformance run --shard 1/2";
    let refused = Arguments::try_parse_from(words.split_whitespace()).unwrap_err();
    assert!(refused.to_string().contains("--seed"), "{refused}");
}

#[tokio::test]
async fn what_is_newer_than_the_set_is_played_and_not_scored() {
    use plugin_conformance::requirement::catalogue::Catalogue;
    use plugin_conformance::requirement::set::Pin;
    use plugin_conformance::runner::RunOptions;
    use plugin_conformance::runner::rules::Rules;
    use plugin_conformance::verdict::tally::RunVerdict;

    use super::world::{options, play};

    // A register in which HS-002 came later than HS-001.
    let entry = |id: &str, since: &str| {
        format!(
            "[[requirement]]\nid = \"{id}\"\nlevel = \"MUST\"\nside = \"host\"\nsentence = \"It is.\"\nwhy = \"So.\"\nsource = \"x\"\nsince = \"{since}\"\n"
        )
    };
    let text = entry("HS-001", "0.1") + &entry("HS-002", "0.2") + &entry("HS-003", "0.2");
    let catalogue = Catalogue::load(&[("handshake.toml", "HS", &text)]).unwrap();
    let judged = |pin: &str| RunOptions {
        rules: Rules::new(None, Some(Pin::to(pin, &catalogue).unwrap()), &catalogue),
        ..options()
    };
    let suite = plugin_conformance::suite::Suite {
        catalogue: &catalogue,
        ..suite(vec![row("a/fails", |case| failing(case))], vec![host()])
    };
    let (reports, old) = play(&suite, &judged("0.1")).await.unwrap();
    assert_eq!(old.verdict, RunVerdict::Passed);
    assert_eq!(
        old.subjects[0]
            .levels
            .values()
            .map(|counts| counts.failed)
            .sum::<usize>(),
        0
    );
    let newer = old.subjects[0].not_scored.as_ref().unwrap();
    assert_eq!(
        (newer.counts.failed, newer.not_passed[0].id.as_str()),
        (1, "HS-002")
    );
    assert!(reports[0].judgements[0].ruling.is_none() && reports[0].judgements[1].is_excused());
    let (_, new) = play(&suite, &judged("0.2")).await.unwrap();
    assert_eq!(new.verdict, RunVerdict::Failed);
    assert!(new.subjects[0].not_scored.is_none());
}
