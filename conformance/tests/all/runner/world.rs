//! In-process scenarios, subjects that are only names, and a run over them.

use std::sync::Arc;

use plugin_conformance::case::Case;
use plugin_conformance::mutant::{Mutant, Workshop};
use plugin_conformance::requirement::Side;
use plugin_conformance::requirement::catalogue::Catalogue;
use plugin_conformance::runner::event::{CaseReport, Event, RunSummary};
use plugin_conformance::runner::rules::Rules;
use plugin_conformance::runner::{RunError, RunOptions, run};
use plugin_conformance::scenario::{Profile, Running, Scenario};
use plugin_conformance::subject::{
    Capabilities, HostCommand, PluginInPlace, Skipped, Subject, SubjectFactory, SubjectKind,
};
use plugin_conformance::suite::Suite;

/// A subject that is only a name: in-process scenarios start nothing.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) name: &'static str,
    pub(crate) side: Side,
    pub(crate) profiles: Vec<Profile>,
    pub(crate) missing: bool,
}

pub(crate) fn host() -> Named {
    Named {
        name: "host",
        side: Side::Host,
        profiles: Profile::ALL.to_vec(),
        missing: false,
    }
}

pub(crate) fn plugin(name: &'static str) -> Named {
    Named {
        name,
        side: Side::Plugin,
        ..host()
    }
}

impl Named {
    pub(crate) fn subject(&self) -> Subject {
        let kind = match self.side {
            Side::Host => SubjectKind::Host(HostCommand {
                program: "true".into(),
                args: Vec::new(),
            }),
            Side::Plugin => SubjectKind::Plugin(Arc::new(PluginInPlace("plugin".into()))),
        };
        let profiles = self.profiles.iter().copied().collect();
        Subject {
            name: self.name.to_owned(),
            kind,
            capabilities: Capabilities {
                profiles,
                api: None,
                hooks: None,
                driver: None,
            },
        }
    }
}

impl SubjectFactory for Named {
    fn name(&self) -> &str {
        self.name
    }

    fn side(&self) -> Side {
        self.side
    }

    fn make(&self) -> Result<Subject, Skipped> {
        if self.missing {
            let text = |text: &str| text.to_owned();
            return Err(Skipped {
                subject: text(self.name),
                reason: text("no python"),
                enable: text("make python"),
            });
        }
        Ok(self.subject())
    }
}

/// Mutants are subjects whose name is their fault.
#[derive(Debug)]
pub(crate) struct Faults;

impl Workshop for Faults {
    fn baseline(&self, _side: Side) -> Result<Subject, Skipped> {
        Ok(host().subject())
    }

    fn mutant(&self, mutant: &Mutant) -> Result<Subject, Skipped> {
        Ok(Subject {
            name: mutant.name.to_owned(),
            ..host().subject()
        })
    }
}

pub(crate) fn row(name: &'static str, run: for<'a> fn(&'a mut Case) -> Running<'a>) -> Scenario {
    Scenario::new(
        name,
        "A test.",
        (Side::Host, Profile::Handshake),
        &["HS-001", "HS-002"],
        run,
    )
}

pub(crate) fn suite(scenarios: Vec<Scenario>, subjects: Vec<Named>) -> Suite<'static> {
    let boxed = |subject| -> Box<dyn SubjectFactory> { Box::new(subject) };
    Suite {
        catalogue: Catalogue::embedded().unwrap(),
        scenarios,
        subjects: subjects.into_iter().map(boxed).collect(),
        mutants: Vec::new(),
        workshop: Box::new(Faults),
        keeper: None,
    }
}

pub(crate) fn options() -> RunOptions {
    RunOptions {
        patterns: Vec::new(),
        subjects: Vec::new(),
        plugins: Vec::new(),
        jobs: 4,
        seed: 1,
        timeout_scale: 1.0,
        repeat: 1,
        fail_fast: false,
        planning: plugin_conformance::case::planning::Planning::default(),
        rules: Rules::default(),
        tier: plugin_conformance::runner::tier::Tier::Full,
        shard: None,
        calibration: None,
    }
}

pub(crate) async fn play(
    suite: &Suite<'_>,
    options: &RunOptions,
) -> Result<(Vec<CaseReport>, RunSummary), RunError> {
    let mut reports = Vec::new();
    let summary = run(suite, options, &mut |event| {
        if let Event::CaseEnded(report) = event {
            reports.push(report.clone());
        }
    })
    .await?;
    Ok((reports, summary))
}

pub(crate) fn keep(case: &Case, id: &'static str) {
    case.require(id)
        .seen("a line", "good")
        .same("n", 1, 1, "wrong");
}

pub(crate) fn passing(case: &mut Case) -> Running<'_> {
    Box::pin(async {
        keep(case, "HS-001");
        keep(case, "HS-002");
        Ok(())
    })
}
