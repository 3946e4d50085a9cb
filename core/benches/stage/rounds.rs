//! Two ways take turns, round after round, and the median of per-round ratios counts: only that carries over to another day or machine.

use std::fmt;
use std::ops::{Bound, RangeBounds};
use std::time::Duration;

use crate::play::Result;

/// How many rounds there are: what the command line says, or so many. One more, before them, warms up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rounds(usize);

impl Rounds {
    pub(crate) fn given_or(usual: usize) -> Self {
        let given = std::env::args().find_map(|argument| argument.parse().ok());
        Self(given.unwrap_or(usual))
    }

    /// Measures the two ways, each of them first in every other round.
    pub(crate) async fn take_turns(
        self,
        mut floor: impl AsyncFnMut() -> Result<Duration>,
        mut cost: impl AsyncFnMut() -> Result<Duration>,
    ) -> Result<Taken> {
        let mut taken = Vec::new();
        for round in 0..=self.0 {
            let pair = if round % 2 == 0 {
                let floor = floor().await?;
                (floor, cost().await?)
            } else {
                let cost = cost().await?;
                (floor().await?, cost)
            };
            if round > 0 {
                taken.push(pair);
            }
        }
        Ok(Taken(taken))
    }
}

impl fmt::Display for Rounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What the floor and the measured way took in each round.
#[derive(Debug)]
pub(crate) struct Taken(Vec<(Duration, Duration)>);

impl Taken {
    /// How many times the floor's time it takes.
    pub(crate) fn ratio(&self) -> f64 {
        median(
            self.0
                .iter()
                .map(|(floor, cost)| cost.div_duration_f64(*floor)),
        )
    }

    /// The floor and the measured way, each in whatever `unit` makes of a time.
    pub(crate) fn each(&self, unit: impl Fn(Duration) -> f64) -> [f64; 2] {
        let floor = median(self.0.iter().map(|(floor, _)| unit(*floor)));
        [floor, median(self.0.iter().map(|(_, cost)| unit(*cost)))]
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// What is printed, and what of it is beyond its limit.
#[derive(Debug, Default)]
pub(crate) struct Table {
    wrong: Vec<String>,
}

#[expect(clippy::print_stdout, reason = "a bench speaks to whoever started it")]
impl Table {
    pub(crate) fn head(what: &str, floor: &str, cost: &str) {
        println!(
            "{what:<36} {floor:>10} {cost:>10} {:>7} {:>7}",
            "ratio", "limit"
        );
    }

    /// A row; `limit` without bounds is none.
    pub(crate) fn row(
        &mut self,
        name: &str,
        [floor, cost]: [f64; 2],
        ratio: f64,
        limit: impl RangeBounds<f64>,
    ) {
        let bound = match (limit.start_bound(), limit.end_bound()) {
            (Bound::Included(bound), _) | (_, Bound::Included(bound)) => format!("{bound:.2}"),
            _ => "-".to_owned(),
        };
        println!("{name:<36} {floor:>10.1} {cost:>10.1} {ratio:>7.3} {bound:>7}");
        if !limit.contains(&ratio) {
            self.wrong
                .push(format!("{name}: {ratio:.3}, and the limit is {bound}"));
        }
    }

    /// An error if anything is beyond its limit.
    pub(crate) fn verdict(self) -> Result<()> {
        match self.wrong.is_empty() {
            true => Ok(()),
            false => Err(self.wrong.join("; ").into()),
        }
    }
}
