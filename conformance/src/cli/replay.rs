//! `replay`: one plan or case from a file, played exactly as it stands, and whether it shows again what it was kept for.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::command::CommandError;
use super::{Replay, fuzz};
use crate::body_plan::stored::StoredBodyPlan;
use crate::case::planning::{GivenPlan, Planning};
use crate::case_plan::{Shown, StoredCase};
use crate::exit::Exit;
use crate::fault_plan::stored::StoredPlan;
use crate::report::Reporters;
use crate::report::human::{Human, Surface};
use crate::runner::event::Event;
use crate::runner::{self, RunOptions};
use crate::subject::Subject;
use crate::subject::host::foreign::host_at;
use crate::subject::in_place::plugin_at;
use crate::suite::Suite;

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
    /// Of a whole case.
    Case(StoredCase),
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
    } else if StoredCase::is_one(&text) {
        StoredCase::parse(&text).map(Kept::Case)
    } else {
        StoredPlan::parse(&text).map(Kept::Faults)
    };
    kept.map_err(|source| ReplayError::Form {
        file: file.to_owned(),
        source,
    })
}

/// The subject of a replay: a folder or a host's driver, or a name that the suite knows.
enum Whom {
    Given(Subject),
    Name(String),
}

async fn whom(
    arguments: &Replay,
    subject: &str,
    out: &mut dyn Write,
) -> Result<Whom, CommandError> {
    let others = arguments.plugin.is_some() || arguments.subject.is_some();
    if let Some(command) = subject.strip_prefix("host:").filter(|_| !others) {
        return Ok(Whom::Given(host_at(command).await?));
    }
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
    Ok(Whom::Given(found.subject))
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
        Kept::Case(stored) => &stored.subject,
    };
    let scale_of_run = match &kept {
        Kept::Case(stored) => Some(stored.timeout_scale),
        _ => None,
    };
    let mut options = RunOptions {
        jobs: 1,
        repeat: arguments.repeat,
        timeout_scale: arguments.timeout_scale.or(scale_of_run).unwrap_or(1.0),
        ..options
    };
    match whom(arguments, subject, out).await? {
        Whom::Given(subject) => options.plugins.push(subject),
        Whom::Name(name) => options.subjects.push(name),
    }
    match kept {
        Kept::Faults(stored) => faults(suite, arguments, &stored, options, out, surface).await,
        Kept::Body(stored) => fuzz::replay(suite, &stored, options, out).await,
        Kept::Case(stored) => case(suite, stored, options, out, surface).await,
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
    let stored = Stored {
        shows: vec![Shown {
            requirement: stored.requirement.clone(),
            reason: stored.reason.clone(),
            event: stored.event.clone(),
        }],
        subject: &stored.subject,
        version: &stored.suite_version,
    };
    play(suite, stored, options, out, surface).await
}

/// A whole case, as a run of its own.
async fn case(
    suite: &Suite<'_>,
    stored: StoredCase,
    options: RunOptions,
    out: &mut dyn Write,
    surface: Surface,
) -> Result<Exit, CommandError> {
    let options = RunOptions {
        patterns: vec![stored.scenario.clone()],
        planning: Planning {
            again: Some(Arc::new(stored.clone())),
            ..Planning::default()
        },
        ..options
    };
    let stored = Stored {
        shows: stored.shows.clone(),
        subject: &stored.subject,
        version: &stored.suite_version,
    };
    play(suite, stored, options, out, surface).await
}

/// What a file says that its plan shows.
struct Stored<'a> {
    shows: Vec<Shown>,
    subject: &'a str,
    version: &'a str,
}

/// How often a play showed something that is stored.
#[derive(Clone, Copy, Default)]
struct Again {
    plays: usize,
    verdict: usize,
    event: usize,
}

/// Plays, and says whether what is stored was shown again.
async fn play(
    suite: &Suite<'_>,
    stored: Stored<'_>,
    options: RunOptions,
    out: &mut dyn Write,
    surface: Surface,
) -> Result<Exit, CommandError> {
    let mut again = vec![Again::default(); stored.shows.len()];
    let mut others: BTreeMap<String, usize> = BTreeMap::new();
    let summary = {
        let mut reporters = Reporters::default();
        reporters.add(Human::new(&mut *out, surface));
        let summary = runner::run(suite, &options, &mut |event| {
            if is_told(event) {
                reporters.tell(event);
            }
            for (shown, again) in stored.shows.iter().zip(&mut again) {
                let Some(now) = shows(event, &shown.requirement) else {
                    continue;
                };
                again.plays += 1;
                let Some(now) = now.filter(|now| now.reason == shown.reason) else {
                    continue;
                };
                again.verdict += 1;
                if shown.event.is_none() || shown.event == now.event {
                    again.event += 1;
                } else {
                    *others.entry(now.event.unwrap_or_default()).or_default() += 1;
                }
            }
        })
        .await?;
        reporters.finish()?;
        summary
    };
    for (shown, again) in stored.shows.iter().zip(again) {
        writeln!(out, "{}", compared(&stored, shown, again))?;
    }
    for (event, count) in others {
        writeln!(
            out,
            "  in {count} plays the first event that contradicts was: {event}"
        )?;
    }
    Ok(summary.verdict.into())
}

/// Of many plays the first is told; the others are counted.
fn is_told(event: &Event) -> bool {
    match event {
        Event::CaseStarted(name) => name.repeat == 0,
        Event::CaseEnded(report) => report.name.repeat == 0,
        _ => true,
    }
}

/// What a play showed of a requirement; `None` for every other event.
fn shows(event: &Event, requirement: &str) -> Option<Option<Shown>> {
    let Event::CaseEnded(report) = event else {
        return None;
    };
    let judged = report
        .judgements
        .iter()
        .find(|judgement| judgement.id == requirement)?;
    let texts: Vec<String> = report
        .timeline
        .iter()
        .map(|entry| entry.text.clone())
        .collect();
    Some(Shown::of_outcome(requirement, &judged.outcome, &texts))
}

/// What the plays say about something that is stored.
fn compared(stored: &Stored<'_>, shown: &Shown, again: Again) -> String {
    let Again {
        plays,
        verdict,
        event,
    } = again;
    let what = format!("{} failed by {}", shown.requirement, shown.reason);
    let head = match verdict {
        0 => format!("not the stored verdict: {what} in none of {plays} plays"),
        _ if verdict == plays => {
            format!("the stored verdict: {what} in {verdict} of {plays} plays")
        }
        _ => format!("the stored verdict not every time: {what} in {verdict} of {plays} plays"),
    };
    let at = match &shown.event {
        Some(first) if verdict > 0 => {
            format!(", in {event} of them first contradicted by: {first}")
        }
        _ => String::new(),
    };
    format!(
        "{head} (stored for {} by version {}){at}",
        stored.subject, stored.version
    )
}
