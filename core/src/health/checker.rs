//! Looks after one plugin: asks for its health at intervals, and returns when it is unhealthy.
//!
//! Every plugin has a checker of its own, so none waits for another. It changes nothing: what follows is for others to decide.

use tokio::time::sleep;

use crate::health::Health;
use crate::policy::Policy;
use crate::timing::Recovery;

/// Checks at intervals until a check fails; then gives the last answer.
pub async fn until_unhealthy<F: Future<Output = Health>>(
    recovery: &Recovery,
    policy: &Policy,
    mut ping: impl FnMut() -> F,
) -> Health {
    loop {
        sleep(recovery.interval).await;
        if let Some(health) = check(recovery.pings, policy, &mut ping).await {
            return health;
        }
    }
}

/// One check: asks back to back up to so many times, and the first good answer ends it. `None` if the plugin is healthy, else
/// the last answer.
async fn check<F: Future<Output = Health>>(
    pings: u32,
    policy: &Policy,
    ping: &mut impl FnMut() -> F,
) -> Option<Health> {
    let mut last = ping().await;
    for _ in 1..pings.max(1) {
        if last.is_healthy(policy) {
            return None;
        }
        last = ping().await;
    }
    (!last.is_healthy(policy)).then_some(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use plugin_proto::health::ServingStatus;
    use rstest::rstest;
    use std::time::Duration;
    use tokio::time::Instant;

    const WELL: Health = Health::Status(ServingStatus::Serving);
    const ILL: Health = Health::Deadline;

    /// At which second each ping was, and the answer at the end.
    async fn pinged(answers: &[Health], pings: u32) -> (Vec<u64>, Health) {
        let recovery = Recovery {
            pings,
            ..Recovery::default()
        };
        let began = Instant::now();
        let mut at = Vec::new();
        let mut answers = answers.iter();
        let ping = || {
            at.push(began.elapsed().as_secs());
            let answer = *answers.next().expect("not pinged any more");
            async move {
                if answer == ILL {
                    sleep(Duration::from_secs(5)).await;
                }
                answer
            }
        };
        let end = until_unhealthy(&recovery, &Policy::default(), ping).await;
        (at, end)
    }

    #[rstest]
    #[case::three_in_a_row(&[ILL, ILL, ILL], 3, &[30, 35, 40])]
    #[case::first_good_answer_ends_it(&[ILL, WELL, ILL, ILL, WELL, ILL, ILL, ILL], 3, &[30, 35, 65, 70, 75, 105, 110, 115])]
    #[case::at_intervals(&[WELL, WELL, ILL, ILL, ILL], 3, &[30, 60, 90, 95, 100])]
    #[case::one_ping(&[WELL, ILL], 1, &[30, 60])]
    #[case::none_means_one(&[WELL, ILL], 0, &[30, 60])]
    #[tokio::test(start_paused = true)]
    async fn when_it_asks(
        #[case] answers: &[Health],
        #[case] pings: u32,
        #[case] expected: &[u64],
    ) {
        assert_eq!(pinged(answers, pings).await, (expected.to_vec(), ILL));
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_answer_is_told() {
        let answers = [ILL, Health::NoService, Health::Unavailable];
        assert_eq!(pinged(&answers, 3).await.1, Health::Unavailable);
    }
}
