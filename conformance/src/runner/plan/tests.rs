//! Plans are the same for the same choice, and begin with readiness.

use super::*;
use crate::case::Case;
use crate::scenario::{Profile, Running};
use crate::subject::{Capabilities, HostCommand, PluginInPlace, SubjectKind};

fn nothing(_: &mut Case) -> Running<'_> {
    Box::pin(async { Ok(()) })
}

fn scenarios() -> Vec<Scenario> {
    let row = |name, side, id| Scenario::new(name, "A test.", (side, Profile::Hooks), id, nothing);
    vec![
        row("host/one", Side::Host, &["HS-001"]),
        row("plugin/one", Side::Plugin, &["HK-054"]),
        row("plugin/slow", Side::Plugin, &["HK-055"]).waits(),
        row("plugin/ready", Side::Plugin, &["LC-051"]).readiness(),
    ]
}

fn subject(name: &str, kind: SubjectKind) -> Arc<Subject> {
    Arc::new(Subject {
        name: name.to_owned(),
        kind,
        capabilities: Capabilities::all(),
    })
}

fn plugin(name: &str) -> Arc<Subject> {
    subject(
        name,
        SubjectKind::Plugin(Arc::new(PluginInPlace("plugin".into()))),
    )
}

fn host() -> Arc<Subject> {
    subject(
        "host",
        SubjectKind::Host(HostCommand {
            program: "true".into(),
            args: Vec::new(),
        }),
    )
}

fn plan(
    pattern: &[&str],
    subjects: &[Arc<Subject>],
    repeat: usize,
) -> Result<Vec<String>, RunError> {
    let catalogue = Catalogue::embedded().unwrap();
    let patterns: Vec<String> = pattern
        .iter()
        .map(|pattern| (*pattern).to_owned())
        .collect();
    let selected = super::super::select::scenarios(&scenarios(), &patterns)?;
    let plan = Plan::make(catalogue, &scenarios(), &selected, subjects, 1, repeat)?;
    let name = |case: &PlannedCase| format!("{} {}", case.subject.name, case.scenario().name);
    Ok(plan.cases.iter().map(name).collect())
}

#[test]
fn each_subject_gets_the_scenarios_of_its_side_readiness_and_waiting_first() {
    let expect = [
        "p plugin/ready",
        "p plugin/slow",
        "host host/one",
        "p plugin/one",
    ];
    assert_eq!(plan(&[], &[host(), plugin("p")], 1).unwrap(), expect);
}

#[test]
fn readiness_is_planned_for_a_plugin_even_if_it_was_not_asked_for() {
    assert_eq!(
        plan(&["HK-054"], &[plugin("p")], 1).unwrap(),
        ["p plugin/ready", "p plugin/one"]
    );
    assert_eq!(plan(&["host/*"], &[host()], 1).unwrap(), ["host host/one"]);
}

#[test]
fn a_choice_without_a_case_is_an_error() {
    let error = plan(&["host/*"], &[plugin("p")], 1).unwrap_err();
    assert!(
        matches!(error, RunError::Select(SelectError::Nothing(_))),
        "{error}"
    );
}

#[test]
fn every_repetition_has_everything() {
    assert_eq!(plan(&["plugin/one"], &[plugin("p")], 3).unwrap().len(), 6);
}

#[test]
fn a_case_replays_alone_with_the_same_seed() {
    let catalogue = Catalogue::embedded().unwrap();
    let seeds = |selected: &[Selected], repeat| -> Vec<(String, u64, String)> {
        let plan = Plan::make(catalogue, &scenarios(), selected, &[host()], 5, repeat).unwrap();
        plan.cases
            .iter()
            .map(|case| (case.scenario().name.to_owned(), case.seed, case.reproduce()))
            .collect()
    };
    let all: Vec<Selected> = scenarios().into_iter().map(Selected::whole).collect();
    let twice = seeds(&all, 2);
    assert_eq!(seeds(&all[..1], 1), twice[..1]);
    assert_ne!(twice[0].1, twice[1].1);
    assert_eq!(
        twice[1].2,
        "plugin-conformance run host/one --subject host --seed 6"
    );
}

#[test]
fn a_plugin_folder_is_named_for_the_shell() {
    let subject = plugin("plugin:/tmp/it's mine");
    let case = planned(
        Catalogue::embedded().unwrap(),
        &Selected::whole(scenarios()[1]),
        &subject,
        (1, 0),
    )
    .unwrap();
    let expect = r"plugin-conformance run plugin/one --plugin '/tmp/it'\''s mine' --seed 1";
    assert_eq!(case.reproduce(), expect);
}

#[test]
fn a_scenario_with_an_unknown_requirement_is_an_error() {
    let row = Scenario::new(
        "host/x",
        "A test.",
        (Side::Host, Profile::Hooks),
        &["HS-999"],
        nothing,
    );
    let error = planned(
        Catalogue::embedded().unwrap(),
        &Selected::whole(row),
        &host(),
        (1, 0),
    )
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the scenario host/x judges HS-999, which is not in the register"
    );
}
