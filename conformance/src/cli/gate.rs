//! The options of `run` by which a project makes it a gate: its ledger of expected failures, the set of requirements that it is judged by, how
//! much is played, and on how many machines. Reads and writes the files of it.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use time::OffsetDateTime;

use crate::ledger::day::Day;
use crate::ledger::reading::{LedgerError, read};
use crate::ledger::rewriting::{AcceptError, Changes, Terms, accept};
use crate::ledger::{Check, Ledger};
use crate::requirement::set::{Pin, UnknownSet};
use crate::runner::census_requirement;
use crate::runner::event::RunSummary;
use crate::runner::rules::Rules;
use crate::runner::shard::Shard;
use crate::runner::tier::Tier;
use crate::suite::Suite;

/// How long failures are borne that were accepted, in days.
const BORNE: i64 = 90;

/// What makes a run a gate.
#[derive(Clone, Debug, Default, Args)]
pub struct GateArguments {
    /// The failures that the project knows of. A run fails by what is not in it, and by what is in it and is not so any more.
    #[arg(long, value_name = "FILE")]
    pub ledger: Option<PathBuf>,
    /// Write the ledger anew as this run has shown it to be right; comments stay. Only after a run of everything.
    #[arg(long, requires = "ledger", conflicts_with_all = ["patterns", "fail_fast", "profile", "shard"])]
    pub accept: bool,
    /// Where failures are tracked that --accept adds.
    #[arg(long, value_name = "URL", requires = "accept")]
    pub tracker: Option<String>,
    /// Score only the requirements of this set, `0.1`; what is newer is played and reported, and does not count. Without it all count.
    #[arg(long, value_name = "NAME")]
    pub set: Option<String>,
    /// How much is played: smoke (3 seconds), core (30 seconds) or full, which is the default.
    #[arg(long, value_name = "PROFILE", value_parser = tier)]
    pub profile: Option<Tier>,
    /// Play one of several parts of the run, `2/4`; `report merge` joins their logs. All parts need the same seed.
    #[arg(long, value_name = "K/N", value_parser = shard, requires = "seed")]
    pub shard: Option<Shard>,
}

pub(super) fn tier(word: &str) -> Result<Tier, String> {
    Tier::named(word).ok_or_else(|| "not smoke, core or full".to_owned())
}

fn shard(text: &str) -> Result<Shard, String> {
    Shard::parse(text).ok_or_else(|| "not a part of a whole, as 2/4 is".to_owned())
}

/// Why a run cannot be a gate.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// The ledger cannot be read.
    #[error("cannot read the ledger {}", .0.display())]
    Read(PathBuf, #[source] io::Error),
    /// The ledger cannot be written.
    #[error("cannot write the ledger {}", .0.display())]
    Write(PathBuf, #[source] io::Error),
    /// The ledger says nothing that can be true.
    #[error("the ledger cannot be used: {0}")]
    Ledger(#[from] LedgerError),
    /// There is no such set.
    #[error(transparent)]
    Set(#[from] UnknownSet),
    /// The ledger was not rewritten.
    #[error("the ledger stays as it was: {0}")]
    Accept(#[from] AcceptError),
    /// The run has not seen enough for a ledger.
    #[error("the ledger stays as it was: {0}")]
    NotWhole(&'static str),
}

impl GateArguments {
    /// By what the run is judged.
    pub fn rules(&self, suite: &Suite<'_>) -> Result<Rules, GateError> {
        let ledger = self.ledger.as_deref();
        let ledger = ledger.map(|path| self.read(path, suite)).transpose()?;
        let set = self.set.as_deref();
        let set = set.map(|name| Pin::to(name, suite.catalogue)).transpose()?;
        Ok(Rules::new(ledger, set, suite.catalogue))
    }

    fn read(&self, path: &Path, suite: &Suite<'_>) -> Result<Ledger, GateError> {
        let text = self.text(path)?;
        let name = path.display().to_string();
        let known = |check: &Check| is_known(suite, check);
        Ok(read(&name, &text, today(), &known)?)
    }

    /// The text of the ledger; a ledger that is going to be written need not be there yet.
    fn text(&self, path: &Path) -> Result<String, GateError> {
        match fs::read_to_string(path) {
            Err(error) if self.accept && error.kind() == io::ErrorKind::NotFound => {
                Ok(String::new())
            }
            read => read.map_err(|error| GateError::Read(path.to_owned(), error)),
        }
    }

    /// After a run: rewrites the ledger if that is wanted, and says what was changed.
    pub fn end(&self, summary: &RunSummary, out: &mut dyn Write) -> Result<(), GateError> {
        let (Some(path), Some(ledger)) = (&self.ledger, &summary.ledger) else {
            return Ok(());
        };
        if !self.accept {
            return Ok(());
        }
        if summary.interrupted {
            return Err(GateError::NotWhole("the run was interrupted"));
        }
        if summary.suite_faults > 0 {
            return Err(GateError::NotWhole("the suite itself failed"));
        }
        let terms = Terms {
            tracker: self.tracker.clone(),
            expires: today().after(BORNE),
            suite: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let (text, changes) = accept(&self.text(path)?, ledger, &summary.unlisted, &terms)?;
        let written = |error| GateError::Write(path.clone(), error);
        let beside = path.with_extension("toml.new");
        fs::write(&beside, text).map_err(written)?;
        fs::rename(&beside, path).map_err(written)?;
        let Changes {
            removed,
            renewed,
            added,
        } = changes;
        let path = path.display();
        writeln!(
            out,
            "\n{path}: {added} added, {renewed} renewed, {removed} removed"
        )
        .map_err(|error| GateError::Write(self.ledger.clone().unwrap_or_default(), error))
    }
}

/// Whether this suite could ever judge what an entry is about.
fn is_known(suite: &Suite<'_>, check: &Check) -> bool {
    let requirement = check.requirement.as_deref();
    match &check.scenario {
        None => requirement.is_some_and(|id| suite.catalogue.get(id).is_some()),
        Some(name) => suite.scenarios.iter().any(|row| {
            let judges = |id| row.judges(id) || id == census_requirement(row.side);
            row.name == name && requirement.is_none_or(judges)
        }),
    }
}

fn today() -> Day {
    Day::of(OffsetDateTime::now_utc().date())
}
