//! A scenario: one story played with one subject, and the requirements that it judges.
//!
//! The rows only; the stories are in `scenarios/`, and `list` joins their tables. A scenario judges each of its requirements through
//! [`Case::require`](crate::case::Case::require); what it does not judge is inconclusive.
//!
//! ```
//! use plugin_conformance::case::Case;
//! use plugin_conformance::scenario::{ScenarioResult, scenarios};
//!
//! async fn accepts_good_line(case: &mut Case) -> ScenarioResult {
//!     let state = "running";
//!     case.require("HS-001").seen("first line", "1|1|tcp|127.0.0.1:1|grpc").equals("running", state, "good-line-refused");
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

pub mod list;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use crate::scenarios;

use crate::case::Case;
use crate::requirement::Side;

/// What a subject can claim to do, in `conformance.json`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// It starts and announces itself. Claimed by every plugin; judged even if the plugin never became ready.
    Handshake,
    /// It is activated, checked and stopped.
    Lifecycle,
    /// It answers hooks by the orders of TESTEE.md.
    Hooks,
    /// It calls the API by those orders.
    Api,
    /// It is killed and started again.
    Crash,
}

impl Profile {
    /// All of them.
    pub const ALL: [Profile; 5] = [
        Profile::Handshake,
        Profile::Lifecycle,
        Profile::Hooks,
        Profile::Api,
        Profile::Crash,
    ];

    /// The word in `conformance.json` and in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Profile::Handshake => "handshake",
            Profile::Lifecycle => "lifecycle",
            Profile::Hooks => "hooks",
            Profile::Api => "api",
            Profile::Crash => "crash",
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Why a scenario stops before its end.
#[derive(Debug)]
pub enum Interruption {
    /// The subject did not let it get far enough to judge; what was not judged is inconclusive.
    BrokenOff(String),
    /// Something failed that is not the subject's: a temporary folder, a file of ours. The suite fails.
    Suite(Box<dyn std::error::Error + Send + Sync>),
}

impl Interruption {
    /// The subject stands in the way: `return Err(Interruption::broken_off("the plugin did not start: …"))`.
    pub fn broken_off(reason: impl Into<String>) -> Interruption {
        Interruption::BrokenOff(reason.into())
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Interruption {
    fn from(error: E) -> Interruption {
        Interruption::Suite(Box::new(error))
    }
}

/// What a scenario returns; its verdicts are in the case, not here.
pub type ScenarioResult = Result<(), Interruption>;

/// A scenario in motion.
pub type Running<'a> = Pin<Box<dyn Future<Output = ScenarioResult> + Send + 'a>>;

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
    /// How long it may take before it is cut, before `--timeout-scale`.
    pub deadline: Duration,
    /// Whether it decides that a plugin is ready.
    pub readiness: bool,
    /// Whether it is played only with a plugin that is ready.
    pub needs_ready: bool,
    /// Whether it spends its time waiting for a bound of the contract, so that it is started first and takes no processor with it.
    pub waits: bool,
    /// The story.
    pub run: for<'a> fn(&'a mut Case) -> Running<'a>,
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
        run: for<'a> fn(&'a mut Case) -> Running<'a>,
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
            readiness: false,
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
/// `deadline(SECONDS)`, `readiness()`, `always()`, `waits()`.
#[macro_export]
macro_rules! scenarios {
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
