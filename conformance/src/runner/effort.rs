//! What a run cost: its slowest cases, and how much of the processors was left over. Reads this process's own account and nothing else.

use std::fs;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::event::{CaseName, CaseReport};

/// How many cases are named.
const SLOWEST: usize = 10;

/// What a run cost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Effort {
    /// The cases that took longest, the slowest first.
    pub slowest: Vec<Slow>,
    /// What this process, and those that it has waited for, left of the processors, in per mille of the run's time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_per_mille: Option<u64>,
    /// How many processors there are.
    pub processors: u64,
}

/// A case and how long it took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Slow {
    /// Its name.
    #[serde(flatten)]
    pub name: CaseName,
    /// How long it took.
    pub duration_ms: u64,
}

impl Effort {
    /// Takes a case.
    pub fn add(&mut self, report: &CaseReport) {
        self.slowest.push(Slow {
            name: report.name.clone(),
            duration_ms: report.duration_ms,
        });
        // Equal times are in the order of names, so that the list does not depend on who was first.
        self.slowest
            .sort_by(|a, b| (b.duration_ms, &a.name).cmp(&(a.duration_ms, &b.name)));
        self.slowest.truncate(SLOWEST);
    }

    /// The same with what was left over of so much time on so many processors, of which so much was used.
    #[must_use]
    pub fn of(self, wall: Duration, processors: u64, used: Option<Duration>) -> Effort {
        let there = wall.as_millis().saturating_mul(u128::from(processors));
        let left = |used: Duration| {
            let idle = there.saturating_sub(used.as_millis()) * 1000;
            idle.checked_div(there)
                .and_then(|idle| u64::try_from(idle).ok())
        };
        Effort {
            idle_per_mille: used.and_then(left),
            processors,
            ..self
        }
    }
}

/// The processor time of this process and of all that it has waited for; `None` where the system does not say.
pub fn processor_time() -> Option<Duration> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let ticks = ticks(&stat)?;
    let per_second = rustix::param::clock_ticks_per_second().max(1);
    Some(Duration::from_millis(
        ticks.saturating_mul(1000) / per_second,
    ))
}

/// User and system time of the process and of its children, in ticks. The second field is a name and may hold anything.
fn ticks(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let own = fields.get(11..15)?;
    own.iter().map(|field| field.parse::<u64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_read_behind_any_name() {
        let stat = "7 (a) b ( c) S 1 1 1 0 -1 4194304 100 0 0 0 11 12 13 14 20 0 9 0 5";
        assert_eq!(ticks(stat), Some(11 + 12 + 13 + 14));
        assert_eq!(ticks("7 (a) S 1"), None);
        assert!(processor_time().is_some());
    }

    #[test]
    fn what_is_left_over() {
        let seconds = Duration::from_secs;
        let left = |used| Effort::default().of(seconds(10), 2, used).idle_per_mille;
        assert_eq!(left(Some(seconds(5))), Some(750));
        assert_eq!(left(Some(seconds(30))), Some(0));
        assert_eq!(left(None), None);
        let nothing = Effort::default().of(Duration::ZERO, 2, Some(seconds(1)));
        assert_eq!(nothing.idle_per_mille, None);
    }
}
