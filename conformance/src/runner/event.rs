//! The vocabulary of a run: the only thing that reporters see.
//!
//! Values without references, so that they can be kept, written and read back: `run --json` writes one a line, `report::record` reads them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::calibration::Calibration;
use super::effort::Effort;
use super::shard::Shard;
use super::tier::Tier;
use crate::case::timeline::Entry;
use crate::ledger::Ledger;
use crate::ledger::watch::{LedgerSummary, Scope, Unlisted};
use crate::profile::Profile;
use crate::requirement::{Level, Side};
use crate::subject::{Skipped, Subject};
use crate::verdict::by_method::{MethodCounts, MethodOutcome};
use crate::verdict::ruling::Ruling;
use crate::verdict::settle::End;
use crate::verdict::tally::{Counts, RunVerdict};
use crate::verdict::{Outcome, OutcomeKind};

/// The version of the vocabulary. It grows when a reader of the former one would misunderstand a log; a field more is no such change.
pub const FORMAT: u32 = 1;

/// Something that happened in a run.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The first event.
    RunStarted(RunStarted),
    /// A case is being played.
    CaseStarted(CaseName),
    /// A case is over, or was not played at all.
    CaseEnded(CaseReport),
    /// The last event.
    RunEnded(RunSummary),
}

/// What is going to be run.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RunStarted {
    /// The version of this vocabulary, [`FORMAT`].
    pub format: u32,
    /// The version of the suite.
    pub suite_version: String,
    /// The seed, for a second run like this one.
    pub seed: u64,
    /// How many cases are played at a time.
    pub jobs: usize,
    /// The factor for every time that a subject is allowed.
    pub timeout_scale: f64,
    /// How often everything is played.
    pub repeat: usize,
    /// How many cases there are.
    pub cases: usize,
    /// What is under test.
    pub subjects: Vec<SubjectLine>,
    /// What cannot be tested on this machine.
    pub skipped: Vec<Skipped>,
    /// The failures that the project knows of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger: Option<Ledger>,
    /// What was asked for; absent if it was everything.
    #[serde(default, skip_serializing_if = "Selection::is_everything")]
    pub selection: Selection,
    /// How slow the machine is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Calibration>,
}

/// What a run was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Selection {
    /// How much of the suite.
    pub profile: Tier,
    /// The patterns over scenarios and requirements.
    pub patterns: Vec<String>,
    /// Whether subjects were chosen by name.
    pub some_subjects: bool,
    /// Which part, if it was spread over machines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// The set of requirements that is scored, if not all are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<String>,
}

impl Selection {
    /// Whether nothing was chosen and nothing left out.
    fn is_everything(&self) -> bool {
        *self == Selection::default()
    }
}

impl RunStarted {
    /// How much was asked for, to those who look for what is missing.
    pub fn scope(&self) -> Scope {
        let Selection {
            profile,
            patterns,
            some_subjects,
            shard,
            ..
        } = &self.selection;
        let subjects = self.subjects.iter().map(|subject| subject.name.clone());
        let skipped = self.skipped.iter().map(|skipped| skipped.subject.clone());
        Scope {
            some_checks: !patterns.is_empty() || *profile != Tier::Full || shard.is_some(),
            some_subjects: *some_subjects,
            subjects: subjects.collect(),
            skipped: skipped.collect(),
        }
    }
}

/// A subject by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SubjectLine {
    /// Its name.
    pub name: String,
    /// Its side.
    pub side: Side,
}

impl SubjectLine {
    /// The line of a subject.
    pub fn of(subject: &Subject) -> SubjectLine {
        SubjectLine {
            name: subject.name.clone(),
            side: subject.side(),
        }
    }
}

/// A case by name.
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub struct CaseName {
    /// The subject.
    pub subject: String,
    /// The scenario.
    pub scenario: String,
    /// Which repetition it is, from 0.
    pub repeat: usize,
}

/// A case that is over.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CaseReport {
    /// Its name.
    #[serde(flatten)]
    pub name: CaseName,
    /// The kind of subject.
    pub side: Side,
    /// The scenario's profile.
    pub profile: Profile,
    /// The case's seed.
    pub seed: u64,
    /// How long it took.
    pub duration_ms: u64,
    /// How it came to its end.
    #[serde(flatten)]
    pub end: End,
    /// Whether it showed a plugin to be ready; absent for every scenario that does not decide this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready: Option<bool>,
    /// One judgement for each requirement that was asked for.
    pub judgements: Vec<Judgement>,
    /// What was said of single methods of the API, where a requirement is judged for each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<MethodOutcome>,
    /// What was seen.
    pub timeline: Vec<Entry>,
    /// The command that plays it again.
    pub reproduce: String,
}

impl CaseReport {
    /// The worst outcome in it that counts.
    pub fn worst(&self) -> OutcomeKind {
        let kinds = self.judgements.iter().map(Judgement::counted);
        kinds.max().unwrap_or(OutcomeKind::NotApplicable)
    }
}

/// What a case says about one requirement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Judgement {
    /// The requirement.
    pub id: String,
    /// Its level.
    pub level: Level,
    /// Its sentence.
    pub sentence: String,
    /// The outcome.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// Why it does not count, if it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ruling: Option<Ruling>,
}

impl Judgement {
    /// The outcome as it counts: what does not count against the subject is as good as a pass.
    pub fn counted(&self) -> OutcomeKind {
        match (&self.ruling, self.outcome.kind()) {
            (Some(_), OutcomeKind::Failed | OutcomeKind::Inconclusive) => OutcomeKind::Passed,
            (_, kind) => kind,
        }
    }

    /// Whether it would have counted against the subject, and does not.
    pub fn is_excused(&self) -> bool {
        self.counted() != self.outcome.kind()
    }
}

/// What a run came to.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RunSummary {
    /// The verdict, which decides the exit code.
    pub verdict: RunVerdict,
    /// Whether a signal ended the run.
    pub interrupted: bool,
    /// How long it took.
    pub duration_ms: u64,
    /// How many cases ended by a fault of the suite.
    pub suite_faults: usize,
    /// Each subject's counts.
    pub subjects: Vec<SubjectSummary>,
    /// What could not be tested on this machine.
    pub skipped: Vec<Skipped>,
    /// What became of the entries of the ledger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger: Option<LedgerSummary>,
    /// What the run cost; absent where several were joined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effort: Option<Effort>,
    /// The failures that it does not list, for those who accept them.
    #[serde(skip)]
    pub unlisted: Vec<Unlisted>,
}

/// What a run says about one subject.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SubjectSummary {
    /// The subject.
    #[serde(flatten)]
    pub subject: SubjectLine,
    /// Whether a plugin became ready; absent for hosts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready: Option<bool>,
    /// How many requirements of each level ended in which way.
    pub levels: BTreeMap<Level, Counts>,
    /// How many MUST requirements passed, in per mille of those that count.
    pub must_passed_per_mille: usize,
    /// The methods of the API; absent where nothing was said of any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub methods: Option<MethodCounts>,
    /// The requirements that did not pass, worst first.
    pub not_passed: Vec<NotPassed>,
    /// The requirements that are newer than the set that the project is judged by; they are in no other count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_scored: Option<NotScored>,
}

/// What a run says about requirements that it does not score.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotScored {
    /// How many ended in which way.
    pub counts: Counts,
    /// Those that did not pass.
    pub not_passed: Vec<NotPassed>,
}

/// A requirement that a subject did not pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotPassed {
    /// The requirement.
    pub id: String,
    /// Its level.
    pub level: Level,
    /// The outcome.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// Whether none of it counts, since the ledger lists it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub excused: bool,
}
