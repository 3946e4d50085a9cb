//! Plays fault plans until they have shown what they can: many side by side, each as a small case of its own; of a requirement that broke the
//! first plan that broke it is made small, kept as a file, and told with what was seen in its last play.
//!
//! Which plans there are and what a play judges is not known here.

pub(super) mod checks;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream;

use crate::case::Case;
use crate::case::planning::Planning;
use crate::case::timeline::{Entry, Source};
use crate::case_plan::lasting;
use crate::fault_plan::FaultPlan;
use crate::fault_plan::generate::plans;
use crate::fault_plan::shrink::Shrinking;
use crate::fault_plan::stored::{FILE, StoredPlan, folder_word};
use crate::requirement::Side;
use crate::scenario::{Interruption, Running, ScenarioResult};
use crate::verdict::{Failure, Outcome};

/// Plays one plan with the subject of a case and judges it there.
pub(super) type Play = for<'a> fn(&'a mut Case, &'a FaultPlan) -> Running<'a>;

/// How many plans are played at a time: they mostly wait.
const AT_ONCE: usize = 12;

/// How many smaller plans are tried, and for how long.
const TRIES: usize = 48;
const SHRINKING: Duration = Duration::from_secs(40);

/// What is left for the end of the case.
const RESERVE: Duration = Duration::from_secs(5);

/// What one play said.
struct Played {
    plan: FaultPlan,
    outcomes: BTreeMap<String, Outcome>,
    /// Why it came to no end, if it did not.
    broken_off: Option<String>,
    entries: Vec<Entry>,
}

impl Played {
    fn failure(&self, id: &str) -> Option<&Failure> {
        match self.outcomes.get(id) {
            Some(Outcome::Failed(failure)) => Some(failure),
            _ => None,
        }
    }

    fn fails(&self) -> bool {
        let failed = |outcome: &Outcome| matches!(outcome, Outcome::Failed(_));
        self.outcomes.values().any(failed)
    }
}

/// A plan that was made smaller.
struct Shrunk {
    plan: FaultPlan,
    /// Its play, if it is another plan than the first one.
    last: Option<Played>,
    /// Why it may not be the smallest, in words that follow what was seen.
    cut: Option<String>,
}

/// Judges the requirements of a case by the plans of its run.
pub(super) async fn hunt(
    case: &mut Case,
    (side, usual): (Side, usize),
    requirements: &'static [&'static str],
    play: Play,
) -> ScenarioResult {
    let planning = case.planning().clone();
    let plans = match &planning.given {
        Some(given) if given.plan.side == side => vec![FaultPlan::clone(&given.plan)],
        Some(_) => {
            return Err(Interruption::broken_off(format!(
                "the plan is not one for a {side}"
            )));
        }
        None => plans(case.seed(), side, planning.count.unwrap_or(usual)),
    };
    let hunting = Hunt { case, play };
    let mut played = hunting.play_all(plans).await?;
    for id in requirements {
        match played.iter().find(|played| played.failure(id).is_some()) {
            Some(first) => hunting.tell_failure(id, first, &planning).await?,
            None => hunting.tell_others(id, &played),
        }
    }
    played.clear();
    Ok(())
}

struct Hunt<'a> {
    case: &'a Case,
    play: Play,
}

impl Hunt<'_> {
    async fn play_all(&self, plans: Vec<FaultPlan>) -> Result<Vec<Played>, Interruption> {
        let playing = plans
            .into_iter()
            .enumerate()
            .map(|(number, plan)| self.play_one(format!("plan-{number}"), plan));
        let mut played = Vec::new();
        let mut results = stream::iter(playing).buffered(AT_ONCE);
        while let Some(one) = results.next().await {
            played.push(one?);
        }
        Ok(played)
    }

    /// Plays one plan in a case of its own, whose folder is gone afterwards.
    async fn play_one(&self, name: String, plan: FaultPlan) -> Result<Played, Interruption> {
        let mut part = self.case.part(&name)?;
        part.note(Source::Suite, format!("{name}: {plan}"));
        let end = (self.play)(&mut part, &plan).await;
        let (mut outcomes, spawned) = part.said();
        for pid in spawned {
            self.case.spawned(pid);
        }
        let failed = |outcome: &Outcome| matches!(outcome, Outcome::Failed(_));
        let places = part.read_journals(end.is_err() || outcomes.values().any(failed))?;
        let entries = part.timeline().entries();
        part.pointed(&places, &mut outcomes, &entries);
        self.case.keep_secrets_of(&part);
        // A folder that cannot be removed is removed with that of the case.
        let _ = std::fs::remove_dir_all(part.folder());
        let broken_off = match end {
            Ok(()) => None,
            Err(Interruption::BrokenOff(reason)) => Some(reason),
            Err(error) => return Err(error),
        };
        Ok(Played {
            plan,
            outcomes,
            broken_off,
            entries,
        })
    }

    /// A requirement that broke: the plan is made small and kept, if the run wants that.
    async fn tell_failure(
        &self,
        id: &'static str,
        first: &Played,
        planning: &Planning,
    ) -> ScenarioResult {
        let Some(failure) = first.failure(id) else {
            return Ok(());
        };
        let (mut failure, mut shown) = (failure.clone(), first.entries.clone());
        match (&planning.given, &planning.folder) {
            (Some(given), _) => failure.replay = Some(given.file.display().to_string()),
            (None, None) => {}
            (None, Some(folder)) => {
                let Shrunk { plan, last, cut } = self.shrink(id, first).await?;
                if let Some(last) = last {
                    if let Some(smaller) = last.failure(id) {
                        failure = smaller.clone();
                    }
                    shown = last.entries;
                }
                if let Some(cut) = cut {
                    failure.seen.push_str(&cut);
                }
                let event = failure.entry.and_then(|entry| shown.get(entry));
                let event = event.map(|entry| lasting(&entry.text));
                let file = self.keep(folder, id, (&failure, event), plan)?;
                failure.replay = Some(file.display().to_string());
            }
        }
        let base = self.case.timeline().adopt(shown);
        failure.entry = failure.entry.map(|entry| base + entry);
        self.case.judge(id, Outcome::Failed(failure));
        Ok(())
    }

    /// The smallest plan that fails in the same way, and its last play if it is another than the first one.
    async fn shrink(&self, id: &str, first: &Played) -> Result<Shrunk, Interruption> {
        let Some(failure) = first.failure(id) else {
            return Ok(Shrunk {
                plan: first.plan.clone(),
                last: None,
                cut: None,
            });
        };
        let until = Instant::now() + SHRINKING.min(self.case.remaining().saturating_sub(RESERVE));
        let mut shrinking = Shrinking::new(first.plan.clone(), TRIES);
        let (mut last, mut tried) = (None, 0);
        while Instant::now() < until
            && let Some(candidate) = shrinking.candidate()
        {
            let left = until.saturating_duration_since(Instant::now());
            let playing = self.play_one("smaller".to_owned(), candidate);
            let Ok(played) = tokio::time::timeout(left, playing).await else {
                break;
            };
            let played = played?;
            tried += 1;
            let same = played
                .failure(id)
                .is_some_and(|other| other.reason == failure.reason);
            shrinking.tell(same);
            if same {
                last = Some(played);
            }
        }
        let over = if Instant::now() < until {
            "the tries"
        } else {
            "the time"
        };
        let cut = (!shrinking.is_over()).then(|| {
            format!(
                " (a smaller plan may show the same: {over} for making it smaller ran out after {tried} smaller ones)"
            )
        });
        Ok(Shrunk {
            plan: shrinking.smallest().clone(),
            last,
            cut,
        })
    }

    fn keep(
        &self,
        folder: &Path,
        id: &str,
        (failure, event): (&Failure, Option<String>),
        plan: FaultPlan,
    ) -> io::Result<PathBuf> {
        let subject = &self.case.subject().name;
        let name = format!(
            "{}-{id}-{}-{:016x}",
            folder_word(subject),
            failure.reason,
            plan.seed
        );
        let folder = folder.join(name);
        std::fs::create_dir_all(&folder)?;
        let file = folder.join(FILE);
        let stored = StoredPlan {
            suite_version: env!("CARGO_PKG_VERSION").to_owned(),
            subject: subject.clone(),
            requirement: id.to_owned(),
            reason: failure.reason.to_string(),
            event: event.map(|event| self.case.secrets().text(&event)),
            plan,
        };
        std::fs::write(&file, stored.to_json())?;
        Ok(file)
    }

    /// A requirement that no plan broke: passed if every plan came to its end, or failed by something else.
    fn tell_others(&self, id: &'static str, played: &[Played]) {
        let open = played
            .iter()
            .find(|played| played.broken_off.is_some() && !played.fails());
        if let Some(Played {
            plan,
            broken_off: Some(reason),
            entries,
            ..
        }) = open
        {
            self.case.timeline().adopt(entries.clone());
            let reason = format!("broken off: {reason}; the plan: {plan}");
            self.case.require(id).inconclusive(reason);
            return;
        }
        let kept = played
            .iter()
            .filter_map(|played| match played.outcomes.get(id) {
                Some(Outcome::Passed { seen }) => Some(seen.join(", ")),
                _ => None,
            });
        let kept: Vec<String> = kept.collect();
        let evidence =
            (!kept.is_empty()).then(|| format!("{} plans: {}", kept.len(), kept.join("; ")));
        self.case
            .require(id)
            .seen("what plans showed", evidence)
            .holds(true, "", "", "kept");
    }
}

#[cfg(test)]
mod tests;
