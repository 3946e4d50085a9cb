//! `replay`: one plan from a file, played exactly as it stands, and whether it shows again what it was kept for.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::command::CommandError;
use super::{Replay, fuzz};
use crate::body_plan::stored::StoredBodyPlan;
use crate::case::planning::{GivenPlan, Planning};
use crate::exit::Exit;
use crate::fault_plan::stored::StoredPlan;
use crate::report::Reporters;
use crate::report::human::{Human, Surface};
use crate::runner::event::Event;
use crate::runner::{self, RunOptions};
use crate::subject::Subject;
use crate::subject::in_place::plugin_at;
use crate::suite::Suite;
use crate::verdict::Outcome;

/// Why a file cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// It cannot be read.
    #[error("cannot read the plan {}", .file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is no plan, or not one of this version.
    #[error("{} is no plan that can be played", .file.display())]
    Form {
        /// The file.
        file: PathBuf,
        /// Which field, and in which line.
        source: serde_json::Error,
    },
}

/// A plan that was kept.
#[derive(Clone, Debug)]
pub enum Kept {
    /// Of faults.
    Faults(StoredPlan),
    /// Of a body.
    Body(StoredBodyPlan),
}

/// Reads a plan that was kept.
///
/// # Errors
/// When there is none that can be played.
pub fn read(file: &Path) -> Result<Kept, ReplayError> {
    let text = fs::read_to_string(file).map_err(|source| ReplayError::Read {
        file: file.to_owned(),
        source,
    })?;
    let kept = if StoredBodyPlan::is_one(&text) {
        StoredBodyPlan::parse(&text).map(Kept::Body)
    } else {
        StoredPlan::parse(&text).map(Kept::Faults)
    };
    kept.map_err(|source| ReplayError::Form {
        file: file.to_owned(),
        source,
    })
}

/// The subject of a replay: a folder, or a name that the suite knows.
enum Whom {
    Folder(Subject),
    Name(String),
}

fn whom(arguments: &Replay, subject: &str, out: &mut dyn Write) -> Result<Whom, CommandError> {
    let kept = subject.strip_prefix("plugin:").map(PathBuf::from);
    let folder = match (&arguments.plugin, &arguments.subject) {
        (Some(folder), _) => Some(folder.clone()),
        (None, Some(_)) => None,
        (None, None) => kept,
    };
    let Some(folder) = folder else {
        let name = arguments.subject.as_deref().unwrap_or(subject);
        return Ok(Whom::Name(name.to_owned()));
    };
    let found = plugin_at(&folder)?;
    if let Some(note) = found.note {
        writeln!(out, "{note}")?;
    }
    Ok(Whom::Folder(found.subject))
}

/// `replay`.
pub async fn replay(
    suite: &Suite<'_>,
    arguments: &Replay,
    options: RunOptions,
    out: &mut dyn Write,
    surface: Surface,
) -> Result<Exit, CommandError> {
    let kept = read(&arguments.file)?;
    let subject = match &kept {
        Kept::Faults(stored) => &stored.subject,
        Kept::Body(stored) => &stored.subject,
    };
    let mut options = RunOptions {
        jobs: 1,
        repeat: arguments.repeat,
        timeout_scale: arguments.timeout_scale,
        ..options
    };
    match whom(arguments, subject, out)? {
        Whom::Folder(subject) => options.plugins.push(subject),
        Whom::Name(name) => options.subjects.push(name),
    }
    match kept {
        Kept::Faults(stored) => faults(suite, arguments, &stored, options, out, surface).await,
        Kept::Body(stored) => fuzz::replay(suite, &stored, options, out).await,
    }
}

/// A plan of faults, as a run of its own.
async fn faults(
    suite: &Suite<'_>,
    arguments: &Replay,
    stored: &StoredPlan,
    options: RunOptions,
    out: &mut dyn Write,
    surface: Surface,
) -> Result<Exit, CommandError> {
    let scenarios = format!("{}/plans/*", stored.plan.side);
    let steps = stored.plan.steps.len();
    writeln!(out, "{} steps: {}", steps, stored.plan)?;
    let options = RunOptions {
        patterns: vec![scenarios],
        seed: stored.plan.seed,
        planning: Planning {
            given: Some(GivenPlan {
                plan: Arc::new(stored.plan.clone()),
                file: arguments.file.clone(),
            }),
            ..Planning::default()
        },
        ..options
    };
    let (mut plays, mut same) = (0, 0);
    let summary = {
        let mut reporters = Reporters::default();
        reporters.add(Human::new(&mut *out, surface));
        let summary = runner::run(suite, &options, &mut |event| {
            reporters.tell(event);
            if let Some(shown) = shows(event, stored) {
                plays += 1;
                same += usize::from(shown);
            }
        })
        .await?;
        reporters.finish()?;
        summary
    };
    writeln!(out, "{}", compared(stored, same, plays))?;
    Ok(summary.verdict.into())
}

/// Whether a play of the plan showed what is stored; `None` for every other event.
fn shows(event: &Event, stored: &StoredPlan) -> Option<bool> {
    let Event::CaseEnded(report) = event else {
        return None;
    };
    let judged = report
        .judgements
        .iter()
        .find(|judgement| judgement.id == stored.requirement)?;
    Some(matches!(&judged.outcome, Outcome::Failed(failure) if failure.reason == *stored.reason))
}

/// What the plays say about the verdict that is stored.
fn compared(stored: &StoredPlan, same: usize, plays: usize) -> String {
    let StoredPlan {
        requirement,
        reason,
        subject,
        suite_version,
        ..
    } = stored;
    let what = format!("{requirement} failed by {reason}");
    let head = match same {
        0 => format!("not the stored verdict: {what} in none of {plays} plays"),
        _ if same == plays => format!("the stored verdict: {what} in {same} of {plays} plays"),
        _ => format!("the stored verdict not every time: {what} in {same} of {plays} plays"),
    };
    format!("{head} (stored for {subject} by version {suite_version})")
}
