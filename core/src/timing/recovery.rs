//! When the host looks after its plugins, and how often it brings one back. Pure values.
//!
//! The numbers are those of Mattermost's `plugin/health_check.go` where it has one; it has no pause between restarts.

use std::time::Duration;

/// How running plugins are looked after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// Whether an environment looks after its plugins from the beginning; it can be switched later.
    pub enabled: bool,
    /// From one check of a plugin to its next, and from its start to the first. Reference: 30 s.
    pub interval: Duration,
    /// How often a plugin is asked, back to back, before it counts as unhealthy; the first good answer ends the check. Reference: 3.
    pub pings: u32,
    /// So many failures within the window, and the plugin is given up. Reference: 3. None at all means one.
    pub failures: usize,
    /// How far apart they may lie, this time included. Reference: 60 minutes.
    pub window: Duration,
    /// The pause before a restart.
    pub backoff: Backoff,
}

/// A pause that doubles with each failure, up to a cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The pause after the first failure.
    pub base: Duration,
    /// The longest pause.
    pub cap: Duration,
}

impl Default for Recovery {
    /// Switched off: an environment does what it is asked for, and it is the application that asks, as Mattermost's does by
    /// its setting `PluginSettings.EnableHealthCheck`.
    fn default() -> Self {
        Self {
            enabled: false,
            interval: Duration::from_secs(30),
            pings: 3,
            failures: 3,
            window: Duration::from_secs(60 * 60),
            backoff: Backoff {
                base: Duration::from_secs(1),
                cap: Duration::from_secs(60),
            },
        }
    }
}

impl Backoff {
    /// The pause after so many failures in a row; there is none without a failure.
    pub fn after(&self, failures: usize) -> Duration {
        let Some(doublings) = failures.checked_sub(1) else {
            return Duration::ZERO;
        };
        let factor = u32::try_from(doublings)
            .ok()
            .and_then(|doublings| 1u32.checked_shl(doublings));
        factor
            .and_then(|factor| self.base.checked_mul(factor))
            .map_or(self.cap, |pause| pause.min(self.cap))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    const BACKOFF: Backoff = Backoff {
        base: Duration::from_secs(1),
        cap: Duration::from_secs(60),
    };

    #[rstest]
    #[case(0, 0)]
    #[case(1, 1)]
    #[case(2, 2)]
    #[case(3, 4)]
    #[case(6, 32)]
    #[case(7, 60)]
    #[case(33, 60)]
    #[case(usize::MAX, 60)]
    fn a_pause_doubles_up_to_its_cap(#[case] failures: usize, #[case] seconds: u64) {
        assert_eq!(BACKOFF.after(failures), Duration::from_secs(seconds));
    }

    proptest! {
        #[test]
        fn a_pause_never_shrinks_and_never_passes_its_cap(base in 0u64..100_000, cap in 0u64..100_000, failures in 1usize..80) {
            let backoff = Backoff { base: Duration::from_millis(base), cap: Duration::from_millis(cap) };
            prop_assert!(backoff.after(failures) <= backoff.cap);
            prop_assert!(backoff.after(failures) <= backoff.after(failures + 1));
        }
    }
}
