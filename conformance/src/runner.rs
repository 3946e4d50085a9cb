//! A run: what is chosen becomes a plan, the plan is played, and everything that happens is an event.
//!
//! ```text
//! options ─ select ─▶ scenarios ─ plan ─▶ cases ─ dispatch ─▶ execute (one case) ─▶ leftovers (census)
//!                                                    └──────────▶ events ─▶ reporters      └─▶ summary
//! ```
//! `select`, `plan` and `summary` are pure. Nothing here prints.

pub mod calibration;
pub mod dispatch;
pub mod effort;
pub mod event;
pub mod execute;
pub mod keeper;
mod kept;
pub mod kill_matrix;
pub mod leftovers;
pub mod method_table;
pub mod plan;
pub mod rules;
pub mod select;
pub mod shard;
pub mod summary;
pub mod tier;

use std::sync::Arc;
use std::time::Instant;

use crate::case::planning::Planning;
use crate::mutant::Mutant;
use crate::requirement::Side;
use crate::subject::{Skipped, Subject};
use crate::suite::Suite;

use calibration::Calibration;
use dispatch::{Pace, Sink, dispatch};
use effort::{Effort, processor_time};
use event::{Event, RunStarted, RunSummary, Selection, SubjectLine};
use execute::Ground;
use plan::Plan;
use rules::Rules;
use select::{SelectError, Selected};
use shard::Shard;
use summary::Summing;
use tier::{Tier, Tiers};

/// What a run is asked to do; the command line makes one of these.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Globs over scenario names and requirement ids; none means everything.
    pub patterns: Vec<String>,
    /// Globs over subject names, or whole names of mutants; none means every default subject, or none if plugins are given.
    pub subjects: Vec<String>,
    /// Subjects that have no name in the suite: plugin folders that are tested where they lie.
    pub plugins: Vec<Subject>,
    /// How many cases are played at a time.
    pub jobs: usize,
    /// The seed that every case's own is drawn from.
    pub seed: u64,
    /// The factor for every time that a subject is allowed.
    pub timeout_scale: f64,
    /// How often everything is played.
    pub repeat: usize,
    /// Whether the first failure ends the run.
    pub fail_fast: bool,
    /// What scenarios of fault plans are told.
    pub planning: Planning,
    /// By what it is judged besides the register.
    pub rules: Rules,
    /// How much of the suite is played.
    pub tier: Tier,
    /// Which part of it this machine plays.
    pub shard: Option<Shard>,
    /// How slow this machine is, if that was found out.
    pub calibration: Option<Calibration>,
}

impl RunOptions {
    /// What it asks for, as its log says it.
    fn selection(&self) -> Selection {
        Selection {
            profile: self.tier,
            patterns: self.patterns.clone(),
            some_subjects: !self.subjects.is_empty(),
            shard: self.shard,
            set: self.rules.set.as_ref().map(|pin| pin.name().to_owned()),
        }
    }

    fn of_tier(&self, selected: Vec<Selected>) -> Result<Vec<Selected>, RunError> {
        if self.tier == Tier::Full {
            return Ok(selected);
        }
        let kept = Tiers::embedded()?.keep(self.tier, selected);
        if kept.is_empty() {
            return Err(SelectError::NotInProfile(self.tier.to_string()).into());
        }
        Ok(kept)
    }

    fn of_shard(&self, plan: Plan) -> Result<Plan, RunError> {
        let Some(shard) = self.shard else {
            return Ok(plan);
        };
        let own = shard.of_plan(plan);
        if own.cases.is_empty() {
            return Err(SelectError::EmptyShard(shard.to_string()).into());
        }
        Ok(own)
    }
}

/// Why a run could not begin.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The selection is wrong.
    #[error(transparent)]
    Select(#[from] SelectError),
    /// Every chosen subject was skipped.
    #[error("no subject can be tested on this machine: {}", list_skipped(.0))]
    NoSubject(Vec<Skipped>),
    /// A scenario names a requirement that the register does not have.
    #[error("the scenario {scenario} judges {id}, which is not in the register")]
    UnknownRequirement {
        /// The scenario.
        scenario: String,
        /// The id.
        id: String,
    },
    /// The list of what each profile has is broken.
    #[error("the profiles of this binary are broken: {0}")]
    Tiers(String),
    /// The operating system does not let the run listen for signals.
    #[error("cannot listen for signals")]
    Signals(#[source] std::io::Error),
    /// A subject that is needed cannot be made.
    #[error("{} cannot be tested on this machine: {} (try {})", .0.subject, .0.reason, .0.enable)]
    Missing(Skipped),
    /// The folder of the run cannot be made, or its keeper cannot be started.
    #[error("cannot make a folder for the run")]
    Folder(#[source] std::io::Error),
}

fn list_skipped(skipped: &[Skipped]) -> String {
    let line = |skipped: &Skipped| {
        format!(
            "{} ({}; try {})",
            skipped.subject, skipped.reason, skipped.enable
        )
    };
    skipped.iter().map(line).collect::<Vec<_>>().join(", ")
}

/// Plays what the options choose and tells the sink what happens.
pub async fn run(
    suite: &Suite<'_>,
    options: &RunOptions,
    sink: &mut Sink<'_>,
) -> Result<RunSummary, RunError> {
    let selected = select::scenarios(&suite.scenarios, &options.patterns)?;
    let selected = options.of_tier(selected)?;
    let (subjects, skipped) = subjects(suite, options)?;
    if subjects.is_empty() {
        return Err(RunError::NoSubject(skipped));
    }
    let plan = Plan::make(
        suite.catalogue,
        &suite.scenarios,
        &selected,
        &subjects,
        options.seed,
        options.repeat,
    )?;
    let plan = options.of_shard(plan)?;
    let ground = Arc::new(
        Ground::prepare(options.timeout_scale, suite.keeper.as_ref())
            .map_err(RunError::Folder)?
            .planning(options.planning.clone())
            .judged_by(options.rules.clone()),
    );
    let started = RunStarted {
        format: event::FORMAT,
        suite_version: env!("CARGO_PKG_VERSION").to_owned(),
        seed: options.seed,
        jobs: options.jobs,
        timeout_scale: options.timeout_scale,
        repeat: options.repeat,
        cases: plan.cases.len(),
        subjects: subjects
            .iter()
            .map(|subject| SubjectLine::of(subject))
            .collect(),
        skipped: skipped.clone(),
        ledger: options.rules.ledger.clone(),
        selection: options.selection(),
        calibration: options.calibration,
    };
    let scope = started.scope();
    let (begun, used) = (Instant::now(), processor_time());
    let mut effort = Effort::default();
    sink(&Event::RunStarted(started));
    let mut summing = Summing::new(
        subjects.iter().map(|subject| SubjectLine::of(subject)),
        skipped,
    )
    .with_ledger(options.rules.ledger.clone(), scope);
    let pace = Pace {
        jobs: options.jobs.max(1),
        fail_fast: options.fail_fast,
        gate: true,
    };
    let interrupted = dispatch(plan, &ground, pace, &mut |event| {
        if let Event::CaseEnded(report) = event {
            summing.add(report);
            effort.add(report);
        }
        sink(event);
    })
    .await
    .map_err(RunError::Signals)?;
    let mut summary = summing.end(interrupted);
    let used = processor_time().zip(used);
    let used = used.map(|(now, before)| now.saturating_sub(before));
    let processors = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    summary.effort = Some(effort.of(begun.elapsed(), processors, used));
    sink(&Event::RunEnded(summary.clone()));
    Ok(summary)
}

/// The subjects that the options choose, and those of them that this machine cannot run.
///
/// # Errors
/// When a pattern chooses none.
pub fn subjects(
    suite: &Suite<'_>,
    options: &RunOptions,
) -> Result<(Vec<Arc<Subject>>, Vec<Skipped>), SelectError> {
    let known: Vec<(&str, bool)> = suite
        .subjects
        .iter()
        .map(|factory| (factory.name(), factory.by_default()))
        .collect();
    // Nobody gets a mutant who has not named it.
    let named = |mutant: &&Mutant| options.subjects.iter().any(|name| name == mutant.name);
    let mutants: Vec<&Mutant> = suite.mutants.iter().filter(named).collect();
    let globs = options.subjects.iter();
    let globs: Vec<String> = globs
        .filter(|glob| !mutants.iter().any(|mutant| mutant.name == **glob))
        .cloned()
        .collect();
    let others = !options.plugins.is_empty() || !mutants.is_empty();
    let chosen = select::subjects(&known, &globs, others)?;
    let made = suite
        .subjects
        .iter()
        .filter(|factory| chosen.contains(factory.name()))
        .map(|factory| factory.make());
    let made = made.chain(mutants.iter().map(|mutant| {
        let subject = suite.workshop.mutant(mutant)?;
        Ok(Subject {
            name: mutant.name.to_owned(),
            ..subject
        })
    }));
    let (mut subjects, mut skipped) = (Vec::new(), Vec::new());
    for subject in made {
        match subject {
            Ok(subject) => subjects.push(Arc::new(subject)),
            Err(missing) => skipped.push(missing),
        }
    }
    subjects.extend(options.plugins.iter().cloned().map(Arc::new));
    Ok((subjects, skipped))
}

/// The requirement that the census after each case judges.
pub fn census_requirement(side: Side) -> &'static str {
    match side {
        Side::Host => "PR-016",
        Side::Plugin => "PR-051",
    }
}
