//! `doctor DIR`: runs a plugin folder by our own host's parts and explains in plain words what is wrong and how to mend it.
//!
//! The contract alone: no orders, no evidence, so any plugin can be brought. It goes step by step and stops where going on would show
//! nothing new. [`wording`] turns errors into explanations and is pure; [`show`] writes them down.

pub mod wording;

mod services;
mod start;

pub mod show;

use std::path::{Path, PathBuf};
use std::time::Duration;

use plugin_host::guard::GuardHandle;
use plugin_host::ids::fresh_run_mark;
use plugin_host::manifest::{Manifest, Runtime};
use plugin_host::process::Launch;
use serde::Serialize;

use crate::case::timeline::Timeline;
use crate::plugin_run::launch::{PrepareError, Prepared};
use crate::plugin_run::raw::Ground;

/// How bad something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Grade {
    /// As it should be.
    Fine,
    /// It works, and costs something or will one day not work.
    Warning,
    /// Hosts cannot work with it.
    Fault,
}

/// One thing that was found out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at: `manifest`, `command`, `start`, `handshake`, `connection`, `health`, `hooks`, `activation`, `end`, `cookie`, `log`.
    pub step: &'static str,
    /// How bad it is.
    pub grade: Grade,
    /// What is so, or what is wrong and why that matters.
    pub says: String,
    /// How to mend it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mend: Option<String>,
    /// What it shows in: lines of output, escaped.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shows: Vec<String>,
}

impl Finding {
    fn new(step: &'static str, grade: Grade, says: impl Into<String>) -> Finding {
        Finding {
            step,
            grade,
            says: says.into(),
            mend: None,
            shows: Vec::new(),
        }
    }

    /// Something as it should be.
    pub fn fine(step: &'static str, says: impl Into<String>) -> Finding {
        Finding::new(step, Grade::Fine, says)
    }

    /// Something to look after.
    pub fn warning(step: &'static str, says: impl Into<String>) -> Finding {
        Finding::new(step, Grade::Warning, says)
    }

    /// Something broken.
    pub fn fault(step: &'static str, says: impl Into<String>) -> Finding {
        Finding::new(step, Grade::Fault, says)
    }

    /// The mend.
    #[must_use]
    pub fn mend(mut self, mend: impl Into<String>) -> Finding {
        self.mend = Some(mend.into());
        self
    }

    /// What it shows in.
    #[must_use]
    pub fn shows(mut self, lines: impl IntoIterator<Item = String>) -> Finding {
        self.shows.extend(lines);
        self
    }
}

/// How a folder is examined.
#[derive(Clone, Debug)]
pub struct Options {
    /// The time that the plugin has for its handshake.
    pub start: Duration,
    /// Who cleans up if this process dies.
    pub guard: Option<GuardHandle>,
    /// The mark of everything that is started.
    pub mark: String,
}

impl Options {
    /// With this time for the handshake, and nobody to clean up.
    pub fn new(start: Duration) -> Options {
        Options {
            start,
            guard: None,
            mark: fresh_run_mark(),
        }
    }
}

/// What came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Examination {
    /// The folder.
    pub folder: PathBuf,
    /// The findings, in the order of the steps.
    pub findings: Vec<Finding>,
}

impl Examination {
    /// Whether a host can work with the plugin.
    pub fn is_sound(&self) -> bool {
        !self.has(Grade::Fault)
    }

    /// Whether something is of that grade.
    pub fn has(&self, grade: Grade) -> bool {
        self.findings.iter().any(|finding| finding.grade == grade)
    }
}

/// One examination in motion.
struct Visit<'a> {
    folder: &'a Path,
    options: &'a Options,
    ground: Ground,
    findings: Vec<Finding>,
}

impl Visit<'_> {
    fn note(&mut self, finding: Finding) {
        self.findings.push(finding);
    }
}

/// Examines the plugin in a folder.
pub async fn examine(folder: &Path, options: &Options) -> Examination {
    let ground = Ground {
        timeline: Timeline::start(),
        mark: options.mark.clone(),
        scale: 1.0,
        guard: options.guard.clone(),
    };
    let mut visit = Visit {
        folder,
        options,
        ground,
        findings: Vec::new(),
    };
    if let Some(launch) = look(&mut visit)
        && let Some((raw, services)) = start::start(&mut visit, &launch).await
    {
        services::speak(&mut visit, raw, services).await;
        start::without_cookie(&mut visit).await;
    }
    Examination {
        folder: folder.to_owned(),
        findings: visit.findings,
    }
}

/// The manifest and the command: what can be seen without starting anything.
fn look(visit: &mut Visit<'_>) -> Option<Launch> {
    let manifest = match Manifest::find(visit.folder) {
        Ok(manifest) => manifest,
        Err(error) => {
            visit.note(wording::of_manifest(&error));
            return None;
        }
    };
    visit.note(Finding::fine(
        "manifest",
        format!("{} {}", manifest.id, manifest.version),
    ));
    match Prepared::new(visit.folder, &visit.options.mark, "127.0.0.1:9") {
        Ok(prepared) => {
            visit.note(of_launch(&prepared.launch, manifest.runtime()));
            Some(prepared.launch)
        }
        Err(PrepareError::Manifest(error)) => {
            visit.note(wording::of_manifest(&error));
            None
        }
        Err(PrepareError::Command(error)) => {
            visit.note(wording::of_command(&error, &manifest));
            None
        }
    }
}

/// The command; a Python that is not the plugin's own works here and perhaps nowhere else.
fn of_launch(launch: &Launch, runtime: Runtime) -> Finding {
    let command = words_of(launch);
    if runtime == Runtime::Native || launch.program.starts_with(&launch.directory) {
        return Finding::fine("command", command);
    }
    let says = format!(
        "{command}: there is no virtual environment in the folder, so this machine's own Python runs the plugin"
    );
    Finding::warning("command", says).mend(wording::NEW_VENV)
}

/// The command as one would type it in the plugin's folder.
fn words_of(launch: &Launch) -> String {
    let program = launch
        .program
        .strip_prefix(&launch.directory)
        .unwrap_or(&launch.program);
    let arguments = launch
        .arguments
        .iter()
        .map(|argument| argument.to_string_lossy());
    std::iter::once(program.to_string_lossy())
        .chain(arguments)
        .collect::<Vec<_>>()
        .join(" ")
}
