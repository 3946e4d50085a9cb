//! A scenario: one story played with one subject, and the requirements that it judges.
//!
//! The rows only; the stories are in `scenarios`, which joins their tables. A scenario judges each of its requirements through
//! [`Case::require`](crate::case::Case::require); what it does not judge is inconclusive.
//!
//! ```
//! use plugin_conformance::case::Case;
//! use plugin_conformance::scenario::{ScenarioResult, scenarios};
//!
//! async fn accepts_good_line(case: &mut Case) -> ScenarioResult {
//!     let state = "running";
//!     case.require("HS-001").seen("first line", "1|1|tcp|127.0.0.1:1|grpc").same("the state", "running", state, "good-line-refused");
//!     Ok(())
//! }
//!
//! scenarios! {
//!     Host, Handshake;
//!     /// The host accepts the line that every SDK writes.
//!     "handshake/good-line" => accepts_good_line: ["HS-001"];
//! }
//! assert_eq!(SCENARIOS[0].name, "handshake/good-line");
//! ```

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

pub use crate::case::interruption::{Interruption, ScenarioResult};
pub use crate::profile::Profile;
pub use crate::scenario_table as scenarios;

use crate::case::Case;
use crate::case::planning::Planning;
use crate::requirement::Side;

/// A scenario in motion.
pub type Running<'a> = Pin<Box<dyn Future<Output = ScenarioResult> + Send + 'a>>;

/// The function that plays a scenario.
pub type Run = for<'a> fn(&'a mut Case) -> Running<'a>;

/// One row of a scenario table.
#[derive(Clone, Copy)]
pub struct Scenario {
    /// Its name, `area/what-happens`; stable, and what patterns select.
    pub name: &'static str,
    /// One sentence for `list`.
    pub about: &'static str,
    /// The kind of subject it is played with.
    pub side: Side,
    /// The capability it belongs to.
    pub profile: Profile,
    /// The requirements that it judges.
    pub requirements: &'static [&'static str],
    /// How long it may take before it is cut, before `--timeout-scale`; see [`Scenario::allowed`].
    pub deadline: Duration,
    /// For a scenario of fault plans, how many of them the deadline is for.
    pub usual_plans: Option<usize>,
    /// Whether it decides that a plugin is ready.
    pub readiness: bool,
    /// Whether it is played only with a plugin that is ready.
    pub needs_ready: bool,
    /// Whether its requirements are judged once for each method of the API.
    pub per_method: bool,
    /// Whether it spends its time waiting for a bound of the contract, so that it is started first and takes no processor with it.
    pub waits: bool,
    /// The story.
    pub run: Run,
}

impl Scenario {
    /// The deadline of a scenario that does not say otherwise.
    pub const DEADLINE: Duration = Duration::from_secs(20);

    /// A row with the usual settings: only the handshake profile is judged without readiness.
    pub const fn new(
        name: &'static str,
        about: &'static str,
        (side, profile): (Side, Profile),
        requirements: &'static [&'static str],
        run: Run,
    ) -> Scenario {
        let needs_ready = matches!(side, Side::Plugin) && !matches!(profile, Profile::Handshake);
        let deadline = Scenario::DEADLINE;
        Scenario {
            name,
            about,
            side,
            profile,
            requirements,
            deadline,
            usual_plans: None,
            readiness: false,
            per_method: false,
            needs_ready,
            waits: false,
            run,
        }
    }

    /// Another deadline, in seconds.
    #[must_use]
    pub const fn deadline(mut self, seconds: u64) -> Scenario {
        self.deadline = Duration::from_secs(seconds);
        self
    }

    /// It plays so many fault plans, unless the run says otherwise.
    #[must_use]
    pub const fn plans(mut self, usual: usize) -> Scenario {
        self.usual_plans = Some(usual);
        self
    }

    /// How long it may take in a run that says this of fault plans: as often its deadline as there are times its usual number of plans.
    pub fn allowed(&self, planning: &Planning) -> Duration {
        let times = match (self.usual_plans, planning.count, &planning.given) {
            (Some(usual), Some(count), None) => count.div_ceil(usual.max(1)).max(1),
            _ => 1,
        };
        let times = u32::try_from(times).unwrap_or(u32::MAX);
        self.deadline.saturating_mul(times)
    }

    /// This is the scenario that decides whether a plugin is ready.
    #[must_use]
    pub const fn readiness(mut self) -> Scenario {
        self.readiness = true;
        self.needs_ready = false;
        self
    }

    /// It is played even with a plugin that was never ready.
    #[must_use]
    pub const fn always(mut self) -> Scenario {
        self.needs_ready = false;
        self
    }

    /// It judges its requirements once for each method of the API.
    #[must_use]
    pub const fn per_method(mut self) -> Scenario {
        self.per_method = true;
        self
    }

    /// It waits for a bound of the contract most of the time.
    #[must_use]
    pub const fn waits(mut self) -> Scenario {
        self.waits = true;
        self
    }

    /// Whether it judges this requirement.
    pub fn judges(&self, id: &str) -> bool {
        self.requirements.contains(&id)
    }
}

impl fmt::Debug for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scenario")
            .field("name", &self.name)
            .field("requirements", &self.requirements)
            .finish_non_exhaustive()
    }
}

/// Writes a table `SCENARIOS` of one side and profile: a sentence, `"name" => function: ["IDS"]`, then any of the settings
/// `deadline(SECONDS)`, `plans(USUAL)`, `readiness()`, `always()`, `per_method()`, `waits()`.
#[macro_export]
macro_rules! scenario_table {
    ($side:ident, $profile:ident; $(
        $(#[doc = $about:literal])+
        $name:literal => $function:path : [$($id:literal),+ $(,)?] $(, $setting:ident($($argument:expr)?))*;
    )+) => {
        /// The scenarios of this file.
        pub const SCENARIOS: &[$crate::scenario::Scenario] = &[$(
            $crate::scenario::Scenario::new(
                $name,
                concat!($($about),+),
                ($crate::requirement::Side::$side, $crate::scenario::Profile::$profile),
                &[$($id),+],
                |case| ::std::boxed::Box::pin($function(case)),
            )$(.$setting($($argument)?))*,
        )+];
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_plans_than_usual_have_more_time() {
        let row = Scenario::new("a/b", "", (Side::Host, Profile::Crash), &[], |_| {
            Box::pin(async { Ok(()) })
        });
        let (alone, playing) = (row.deadline(10), row.deadline(10).plans(12));
        let of = |count| Planning {
            count,
            ..Planning::default()
        };
        let allowed = |row: Scenario, count| row.allowed(&of(count)).as_secs();
        assert_eq!(
            (allowed(playing, None), allowed(playing, Some(1))),
            (10, 10)
        );
        assert_eq!(
            (allowed(playing, Some(12)), allowed(playing, Some(13))),
            (10, 20)
        );
        assert_eq!(
            (allowed(playing, Some(500)), allowed(alone, Some(500))),
            (420, 10)
        );
    }
}
