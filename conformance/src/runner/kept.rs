//! Keeps what failed: a case becomes a `plan.json` in a folder of its own, and every failure of it that has no plan yet points there.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use serde_json::Value;

use super::execute::Finished;
use crate::case::Setting;
use crate::case_plan::{CaseKind, Format, Shown, StoredCase};
use crate::fault_plan::stored::{FILE, folder_word};
use crate::verdict::Outcome;

/// What a play of a case was made of.
#[derive(Clone, Debug)]
pub(super) struct Made {
    /// The scenario.
    pub scenario: &'static str,
    /// The values that it drew.
    pub drawn: Vec<u64>,
    /// What its fakes were told.
    pub fakes: BTreeMap<String, Value>,
}

/// Keeps a case that failed, if the run wants that.
///
/// # Errors
/// When the file cannot be written.
pub(super) fn keep(finished: &mut Finished, setting: &Setting, made: Made) -> io::Result<()> {
    let Some(folder) = &setting.planning.folder else {
        return Ok(());
    };
    let texts: Vec<String> = finished
        .timeline
        .iter()
        .map(|entry| entry.text.clone())
        .collect();
    let shows = finished
        .outcomes
        .iter()
        .filter(
            |(_, outcome)| matches!(outcome, Outcome::Failed(failure) if failure.replay.is_none()),
        )
        .filter_map(|(id, outcome)| Shown::of_outcome(id, outcome, &texts));
    let shows: Vec<Shown> = shows.collect();
    if shows.is_empty() {
        return Ok(());
    }
    let stored = StoredCase {
        format: Format,
        kind: CaseKind::Case,
        suite_version: env!("CARGO_PKG_VERSION").to_owned(),
        subject: setting.subject.name.clone(),
        scenario: made.scenario.to_owned(),
        seed: setting.seed,
        timeout_scale: setting.timeout_scale,
        drawn: made.drawn,
        fakes: made.fakes,
        shows,
    };
    let file = write(folder, &stored)?;
    for (_, outcome) in &mut finished.outcomes {
        if let Outcome::Failed(failure) = outcome {
            failure.replay.get_or_insert_with(|| file.clone());
        }
    }
    Ok(())
}

fn write(folder: &Path, stored: &StoredCase) -> io::Result<String> {
    let name = format!(
        "{}-{}-{:016x}",
        folder_word(&stored.subject),
        folder_word(&stored.scenario),
        stored.seed
    );
    let folder = folder.join(name);
    fs::create_dir_all(&folder)?;
    let file = folder.join(FILE);
    fs::write(&file, stored.to_json())?;
    Ok(file.display().to_string())
}
