//! When a change is over: editors, formatters and copies change several files one after the other. Pure.

use std::time::{Duration, Instant};

/// Turns many changes into one.
#[derive(Clone, Debug)]
pub struct Debounce {
    quiet: Duration,
    longest: Duration,
    /// The first and the latest change that nothing has come of.
    open: Option<(Instant, Instant)>,
}

impl Debounce {
    /// A change is over when nothing has changed for `quiet`, or after `longest` whatever goes on.
    pub fn new(quiet: Duration, longest: Duration) -> Debounce {
        Debounce {
            quiet,
            longest,
            open: None,
        }
    }

    /// Something has changed.
    pub fn changed(&mut self, now: Instant) {
        let first = self.open.map_or(now, |(first, _)| first);
        self.open = Some((first, now));
    }

    /// Whether a change is over; says so once.
    pub fn is_due(&mut self, now: Instant) -> bool {
        let is_due = self.open.is_some_and(|(first, latest)| {
            now.duration_since(latest) >= self.quiet || now.duration_since(first) >= self.longest
        });
        if is_due {
            self.open = None;
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn times() -> (Debounce, impl Fn(u64) -> Instant) {
        let began = Instant::now();
        let millis = Duration::from_millis;
        (Debounce::new(millis(300), millis(2_000)), move |at| {
            began + millis(at)
        })
    }

    #[test]
    fn one_change_is_over_after_the_quiet_and_is_said_once() {
        let (mut debounce, at) = times();
        assert!(!debounce.is_due(at(0)));
        debounce.changed(at(100));
        assert!(!debounce.is_due(at(100)) && !debounce.is_due(at(399)));
        assert!(debounce.is_due(at(400)));
        assert!(!debounce.is_due(at(10_000)));
    }

    #[test]
    fn a_later_change_begins_the_quiet_anew_but_not_for_ever() {
        let (mut debounce, at) = times();
        for change in [0, 250, 500, 750] {
            debounce.changed(at(change));
            assert!(!debounce.is_due(at(change)));
        }
        assert!(!debounce.is_due(at(1_049)));
        assert!(debounce.is_due(at(1_050)));
        for change in (2_000..4_000).step_by(250) {
            debounce.changed(at(change));
            assert!(!debounce.is_due(at(change)));
        }
        debounce.changed(at(4_000));
        assert!(debounce.is_due(at(4_000)));
    }

    proptest! {
        /// Looked at often enough, every change leads to something, soon enough, and never without one.
        #[test]
        fn no_change_is_lost(changes in prop::collection::btree_set(0_u64..8_000, 0..40)) {
            let (mut debounce, at) = times();
            let mut open: Option<u64> = None;
            for now in 0..12_000 {
                if changes.contains(&now) {
                    debounce.changed(at(now));
                    open.get_or_insert(now);
                }
                if debounce.is_due(at(now)) {
                    let since = open.take();
                    prop_assert!(since.is_some_and(|since| now - since <= 2_000));
                }
            }
            prop_assert_eq!(open, None);
        }
    }
}
