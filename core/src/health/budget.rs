//! How many failures a plugin is allowed, and what the next one leads to. Pure: times come in, rulings go out.
//!
//! The rule is that of Mattermost's `plugin/health_check.go`, with two mends: a restart that fails is a failure like any other,
//! so it uses the allowance up and does not end it; and there is a pause before each restart.

use std::collections::VecDeque;
use std::time::Duration;

use crate::timing::Recovery;

/// The latest failures of one plugin, as times since some beginning, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Budget {
    failures: VecDeque<Duration>,
}

/// What a failure leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruling {
    /// It is started again after a pause.
    Restart {
        /// The pause.
        after: Duration,
    },
    /// There were too many failures; what was remembered of them is forgotten.
    GiveUp,
}

impl Budget {
    /// Takes a failure into account. Times do not go back.
    pub fn fail(&mut self, at: Duration, recovery: &Recovery) -> Ruling {
        let allowed = recovery.failures.max(1);
        self.failures.push_back(at);
        self.failures
            .retain(|failure| at.saturating_sub(*failure) <= recovery.window);
        let recent = self.failures.len();
        if recent >= allowed {
            self.failures.clear();
            return Ruling::GiveUp;
        }
        Ruling::Restart {
            after: recovery.backoff.after(recent),
        }
    }

    /// How many failures are remembered.
    pub fn remembered(&self) -> usize {
        self.failures.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    const MINUTE: Duration = Duration::from_secs(60);

    fn rulings(recovery: &Recovery, minutes: &[u64]) -> Vec<Option<u64>> {
        let mut budget = Budget::default();
        let rule = |at: &u64| match budget.fail(MINUTE * u32::try_from(*at).unwrap(), recovery) {
            Ruling::Restart { after } => Some(after.as_secs()),
            Ruling::GiveUp => None,
        };
        minutes.iter().map(rule).collect()
    }

    #[rstest]
    #[case::one(&[0], &[Some(1)])]
    #[case::two(&[0, 1], &[Some(1), Some(2)])]
    #[case::three_at_once(&[0, 0, 0], &[Some(1), Some(2), None])]
    #[case::three_in_exactly_one_window(&[0, 30, 60], &[Some(1), Some(2), None])]
    #[case::three_in_a_little_more(&[0, 30, 61], &[Some(1), Some(2), Some(2)])]
    #[case::the_oldest_is_forgotten(&[0, 50, 100, 110], &[Some(1), Some(2), Some(2), None])]
    #[case::far_apart_for_ever(&[0, 61, 122, 183, 244], &[Some(1), Some(1), Some(1), Some(1), Some(1)])]
    #[case::given_up_begins_anew(&[0, 1, 2, 3, 4, 5], &[Some(1), Some(2), None, Some(1), Some(2), None])]
    fn third_failure_within_an_hour(#[case] minutes: &[u64], #[case] expected: &[Option<u64>]) {
        assert_eq!(rulings(&Recovery::default(), minutes), expected);
    }

    #[rstest]
    #[case(0)]
    #[case(1)]
    fn without_allowance_the_first_failure_is_the_last(#[case] failures: usize) {
        let recovery = Recovery {
            failures,
            ..Recovery::default()
        };
        assert_eq!(rulings(&recovery, &[0, 500]), [None, None]);
    }

    proptest! {
        /// The rule said another way: given up exactly if so many failures since the last giving up lie within one window.
        #[test]
        fn given_up_exactly_at_the_nth_failure_within_the_window(
            failures in 1usize..6, window in 0u64..50, steps in prop::collection::vec(0u64..30, 1..60),
        ) {
            let recovery = Recovery { failures, window: Duration::from_secs(window), ..Recovery::default() };
            let mut budget = Budget::default();
            let (mut now, mut since) = (0, Vec::new());
            for step in steps {
                now += step;
                since.push(now);
                let gives_up = since.iter().filter(|at| now - **at <= window).count() >= failures;
                let ruling = budget.fail(Duration::from_secs(now), &recovery);
                prop_assert_eq!(ruling == Ruling::GiveUp, gives_up);
                let within = since.iter().filter(|at| now - **at <= window).count();
                prop_assert_eq!(budget.remembered(), if gives_up { 0 } else { within });
                if gives_up {
                    since.clear();
                }
            }
        }
    }
}
