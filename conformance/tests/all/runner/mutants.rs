//! The kill matrix over in-process mutants.

use std::collections::BTreeMap;

use super::world::*;

use plugin_conformance::case::Case;
use plugin_conformance::case::timeline::Source;
use plugin_conformance::mutant::Mutant;
use plugin_conformance::requirement::Side;
use plugin_conformance::runner::RunOptions;
use plugin_conformance::runner::event::CaseReport;
use plugin_conformance::runner::kill_matrix::beside::Reach;
use plugin_conformance::runner::kill_matrix::figures::KillMatrix;
use plugin_conformance::runner::kill_matrix::{Fate, MutantReport, Witness, prove};
use plugin_conformance::runner::tier::Tier;
use plugin_conformance::scenario::Running;

/// Who notes which rows were known after each step.
#[derive(Default)]
struct Heard {
    cases: usize,
    known: Vec<Vec<String>>,
}

impl Witness for Heard {
    fn case(&mut self, _: &CaseReport) {
        self.cases += 1;
    }

    fn fates(&mut self, known: &BTreeMap<usize, MutantReport>) {
        let names = known.values().map(|row| row.name.clone());
        self.known.push(names.collect());
    }
}

impl Heard {
    /// The canary's was the first row, each step has added some to those before, and the last one has all, in the order of the suite.
    fn has_grown_to(&self, rows: &[MutantReport]) {
        let all: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(self.known.last().unwrap(), &all);
        assert!(self.known.len() > 1, "{:?}", self.known);
        let mut before = Vec::new();
        for step in &self.known {
            assert_eq!(step[0], all[0], "{:?}", self.known);
            assert!(step.len() > before.len(), "{:?}", self.known);
            assert!(before.iter().all(|name| step.contains(name)));
            before.clone_from(step);
        }
        assert!(self.cases >= all.len() - 1, "{}", self.cases);
    }
}

#[tokio::test]
async fn mutants_are_caught_by_their_named_check_for_their_named_reason() {
    fn by_name(case: &mut Case) -> Running<'_> {
        Box::pin(async {
            let fault = case.subject().name.clone();
            case.note(Source::Suite, "looks at the subject's name");
            keep(case, "HS-002");
            case.require("HS-001").seen("subject", &fault).holds(
                fault == "host",
                "host",
                "a fault",
                "a-fault",
            );
            Ok(())
        })
    }
    let mutant = |name, breaks, reason| Mutant {
        name,
        side: Side::Host,
        breaks,
        reason,
        how: plugin_conformance::mutant::How::Driver("x"),
    };
    let mut suite = suite(vec![row("t/by-name", by_name)], vec![host()]);
    suite.mutants = vec![
        mutant("m/caught", "HS-001", "a-fault"),
        mutant("m/other", "HS-001", "another"),
        mutant("m/survives", "HS-002", "a-fault"),
        mutant("m/unjudged", "HS-003", "a-fault"),
    ];
    let mut heard = Heard::default();
    let rows = prove(&suite, &options(), Reach::Scenarios, &mut heard)
        .await
        .unwrap();
    heard.has_grown_to(&rows);
    assert!(rows[0].is_caught(), "{rows:?}");
    assert!(matches!(rows[1].fate, Fate::OtherReason { .. }), "{rows:?}");
    assert!(matches!(rows[2].fate, Fate::Survived { .. }), "{rows:?}");
    assert!(matches!(rows[3].fate, Fate::Void { .. }), "{rows:?}");

    // What has to be looked at is kept, and no more: the case that did not catch, with what it says of that requirement.
    assert!(rows[0].cases.is_empty(), "{rows:?}");
    for (place, id) in [(1, "HS-001"), (2, "HS-002")] {
        let [case] = rows[place].cases.as_slice() else {
            panic!("{rows:?}");
        };
        assert_eq!(case.name.subject, rows[place].name);
        let ids: Vec<&str> = case
            .judgements
            .iter()
            .map(|said| said.id.as_str())
            .collect();
        assert_eq!(ids, [id]);
        assert!(!case.timeline.is_empty(), "{case:?}");
    }
    // The mutant of HS-002 breaks HS-001 beside, since the scenario judges both; those of HS-001 leave HS-002 alone.
    assert_eq!((rows[0].beside.judged, rows[0].beside.broken.len()), (1, 0));
    assert_eq!(rows[2].beside.judged, 1);
    assert_eq!(rows[2].beside.broken["HS-001"], "a-fault");
}

#[tokio::test]
async fn a_profile_bounds_what_is_played_beside() {
    fn fails(case: &mut Case) -> Running<'_> {
        Box::pin(async {
            let sound = case.subject().name == "host";
            let judge = case
                .require("HS-001")
                .seen("subject", case.subject().name.clone());
            judge.holds(sound, "a host", "a fault", "a-fault");
            Ok(())
        })
    }
    fn passes(case: &mut Case) -> Running<'_> {
        Box::pin(async {
            keep(case, "HS-002");
            Ok(())
        })
    }
    fn too_long(case: &mut Case) -> Running<'_> {
        Box::pin(async {
            keep(case, "HS-003");
            Ok(())
        })
    }
    let rows = vec![
        row("t/named", fails),
        // In the profile by its name, which is one of those of `tiers.toml`.
        row("host/stop/asked", passes),
        row("t/outside", too_long),
    ];
    let mut suite = suite(rows, vec![host()]);
    for (scenario, id) in suite
        .scenarios
        .iter_mut()
        .zip([&["HS-001"], &["HS-002"], &["HS-003"]])
    {
        scenario.requirements = id;
    }
    suite.mutants = vec![Mutant {
        name: "m/caught",
        side: Side::Host,
        breaks: "HS-001",
        reason: "a-fault",
        how: plugin_conformance::mutant::How::Driver("x"),
    }];
    for (tier, judged) in [(Tier::Smoke, 1), (Tier::Full, 2)] {
        let options = RunOptions { tier, ..options() };
        let rows = prove(&suite, &options, Reach::Side, &mut Heard::default())
            .await
            .unwrap();
        assert!(rows[0].is_caught(), "{tier}: {rows:?}");
        assert_eq!(rows[0].beside.judged, judged, "{tier}: {rows:?}");
        let begun = KillMatrix::begun(&suite, &options, Reach::Side, 1).unwrap();
        // Smoke has one check; all have three.
        let checks = if tier == Tier::Smoke { 1 } else { 3 };
        assert_eq!((begun.profile, begun.checks[&Side::Host]), (tier, checks));
    }
}
