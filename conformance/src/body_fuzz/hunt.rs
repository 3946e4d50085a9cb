//! Plays plans until one breaks a law; that one is played again by itself, then with others beside it, and made small.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use plugin_host::body::laws::{Breach, Law};
use plugin_host::body::shrink::Shrinking;
use plugin_host::body::split::Split;

use super::Bench;
use crate::body_plan::BodyPlan;
use crate::body_plan::stored::StoredBodyPlan;
use crate::fault_plan::stored::{FILE, folder_word};
use crate::scenario::Interruption;

/// How many plans are handed over at once.
const BATCH: usize = 64;
/// How many others a plan is tried with, if it does not fail by itself.
const BESIDE: [usize; 3] = [1, 3, 7];
/// How many smaller plans are tried, and for how long.
const TRIES: usize = 600;
const SHRINKING: Duration = Duration::from_secs(40);

/// What was played so far.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Plans that were played.
    pub cases: usize,
    /// The splits of them.
    pub splits: HashSet<Split>,
    /// How long that took.
    pub took: Duration,
}

/// A law that was broken.
#[derive(Clone, Debug)]
pub struct Found {
    /// The smallest plan that breaks it.
    pub plan: BodyPlan,
    /// What came of that one when it was last played.
    pub breach: Breach,
    /// The plan that broke a law first.
    pub first: BodyPlan,
    /// How many plans had been played by then, itself among them.
    pub after: usize,
    /// Whether it broke it again by itself or with others beside it.
    pub again: bool,
}

impl Found {
    /// The law.
    pub fn law(&self) -> Law {
        self.breach.law
    }
}

/// Plays the plans in their order, `at_once` of them at the same time, up to the first that breaks a law. `tell` hears of each batch.
///
/// # Errors
/// When the plugin cannot be started.
pub async fn hunt(
    bench: &mut Bench<'_>,
    plans: impl Iterator<Item = BodyPlan>,
    at_once: usize,
    tally: &mut Tally,
    tell: &mut impl FnMut(&Tally),
) -> Result<Option<Found>, Interruption> {
    let mut plans = plans.peekable();
    while plans.peek().is_some() {
        let batch: Vec<BodyPlan> = plans.by_ref().take(BATCH).collect();
        let begun = Instant::now();
        let broken = bench.play_all(&batch, at_once).await?;
        tally.took += begun.elapsed();
        let done = broken.as_ref().map_or(batch.len(), |(place, _)| place + 1);
        tally.cases += done;
        let splits = batch[..done].iter().map(|plan| plan.split.clone());
        tally.splits.extend(splits);
        tell(tally);
        if let Some((place, breach)) = broken {
            let found = confirm(bench, (&batch, place, at_once), breach).await?;
            return Ok(Some(Found {
                after: tally.cases,
                ..found
            }));
        }
    }
    Ok(None)
}

/// Plays a plan that failed again by itself, then those that were open beside it, since one of them may be to blame, and at last the plan with
/// others like it beside it. What fails again is made small.
async fn confirm(
    bench: &mut Bench<'_>,
    (batch, place, at_once): (&[BodyPlan], usize, usize),
    breach: Breach,
) -> Result<Found, Interruption> {
    let first = &batch[place];
    let open = place.saturating_sub(at_once)..(place + at_once).min(batch.len());
    let suspects = open.filter(|other| *other != place);
    let alone = std::iter::once(place).chain(suspects);
    let alone = alone.map(|number| batch[number].clone());
    let beside = BESIDE.into_iter().map(|beside| first.beside(beside));
    for plan in alone.chain(beside) {
        if let Some(breach) = bench.play(&plan).await? {
            return shrink(bench, first, plan, breach).await;
        }
    }
    Ok(Found {
        plan: first.clone(),
        breach,
        first: first.clone(),
        after: 0,
        again: false,
    })
}

async fn shrink(
    bench: &mut Bench<'_>,
    first: &BodyPlan,
    plan: BodyPlan,
    breach: Breach,
) -> Result<Found, Interruption> {
    let law = breach.law;
    let until = Instant::now() + SHRINKING;
    let mut shrinking = Shrinking::new(plan, TRIES);
    let mut shown = breach;
    while Instant::now() < until
        && let Some(candidate) = shrinking.candidate()
    {
        let seen = bench.play(&candidate).await?;
        let same = seen.filter(|breach| breach.law == law);
        shrinking.tell(same.is_some());
        shown = same.unwrap_or(shown);
    }
    Ok(Found {
        plan: shrinking.into_smallest(),
        breach: shown,
        first: first.clone(),
        after: 0,
        again: true,
    })
}

/// Keeps the plan of a breach in a folder of its own, and says where.
///
/// # Errors
/// When it cannot be written.
pub fn keep(folder: &Path, subject: &str, seed: u64, found: &Found) -> io::Result<PathBuf> {
    let subject_word = folder_word(subject);
    let (direction, law) = (found.plan.direction.name(), found.law());
    let folder = folder.join(format!("{subject_word}-body-{direction}-{law}-{seed:016x}"));
    fs::create_dir_all(&folder)?;
    let file = folder.join(FILE);
    let stored = StoredBodyPlan {
        suite_version: env!("CARGO_PKG_VERSION").to_owned(),
        subject: subject.to_owned(),
        law,
        plan: found.plan.clone(),
    };
    fs::write(&file, stored.to_json())?;
    Ok(file)
}
