//! The orders of a play, each with its bound, and what is checked of their answers.

use std::time::Duration;

use fake_interpreters::PluginFolder;
use fake_interpreters::journal::{Entry, Event as Seen};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::case::Case;
use crate::case::words::Words;
use crate::driver::protocol::{Called, Order, Refusal, Status};
use crate::fault_plan::life::Status as ExitStatus;
use crate::fault_plan::{CONTROL, POKE};
use crate::scenario::Interruption;
use crate::scenarios::host::concurrency::overlaps;
use crate::scenarios::host::stage::{Setting, Stage};
use crate::scenarios::host::traces::alive;
use crate::scenarios::hunt::checks::Checks;
use crate::subject::host::DriverError;

/// The bounds that a play sets, in milliseconds: short where plans wait for them, generous where nothing is waited for.
const BOUNDS: [(&str, u64); 13] = [
    ("start", 2000),
    ("connect", 1000),
    ("implemented", 1500),
    ("hook", 2500),
    (WELL, 10_000),
    ("health", 1500),
    ("deactivate", 1500),
    ("shutdown_rpc", 500),
    ("exit_after_shutdown", 500),
    ("term_grace", 300),
    ("kill", 2000),
    ("drain", 1000),
    ("api_close", 1000),
];

/// The bound of the hook by which the other plugin answers: its own slowness is not what plans are about.
const WELL: &str = "hook.UserHasLoggedIn";

/// What an order may take beyond the bounds of its steps.
const MARGIN: u64 = 4000;

/// How long something may take to be gone or noticed.
const SOON: Duration = Duration::from_secs(5);

/// One bound, before `--timeout-scale`.
pub(super) fn bound(name: &str) -> Duration {
    let found = BOUNDS.iter().find(|(other, _)| *other == name);
    Duration::from_millis(found.map_or(0, |(_, ms)| *ms))
}

/// What a play sets before its driver starts.
pub(super) fn setting(case: &Case) -> Setting {
    BOUNDS.iter().fold(Setting::new(), |setting, (name, _)| {
        setting.bound(name, case.scaled(bound(name)))
    })
}

/// How long an order may take: the bounds of the steps that it can have.
fn longest(order: &Order) -> Duration {
    let start = ["start", "connect", "implemented", "hook", "hook"];
    let stop = [
        "deactivate",
        "shutdown_rpc",
        "exit_after_shutdown",
        "term_grace",
        "kill",
        "drain",
        "api_close",
    ];
    let sum = |names: &[&str]| names.iter().map(|name| bound(name)).sum::<Duration>();
    let steps = match order {
        Order::Activate { .. } => sum(&start) + sum(&stop),
        // The start that failed is cleaned up, too.
        Order::Restart { .. } => sum(&stop) + sum(&start) + sum(&stop),
        Order::Deactivate { .. } | Order::Shutdown {} => sum(&stop),
        Order::Hook { hook, .. } if hook == POKE => bound(WELL),
        Order::Hook { .. } => bound("hook"),
        Order::Health { .. } => bound("health"),
        Order::WaitExit { within_ms, .. } => Duration::from_millis(*within_ms),
        // Answered at once, or not among the orders of a play.
        _ => Duration::ZERO,
    };
    steps + Duration::from_millis(MARGIN)
}

/// Two plugins in one host, and what was checked.
pub(super) struct Orders<'a> {
    pub(super) stage: Stage<'a>,
    /// The plugin that is hurt.
    pub(super) hurt: PluginFolder,
    /// The plugin that is well.
    pub(super) well: PluginFolder,
    pub(super) checks: Checks<'a>,
}

impl<'a> Orders<'a> {
    pub(super) fn new(stage: Stage<'a>, hurt: PluginFolder, well: PluginFolder) -> Orders<'a> {
        let checks = Checks::new(stage.case());
        Orders {
            stage,
            hurt,
            well,
            checks,
        }
    }

    /// One check of a requirement; one that fails is the end of the play.
    pub(super) fn check(
        &self,
        id: &'static str,
        kept: bool,
        texts: (impl Into<String>, impl Into<String>),
        reason: &'static str,
    ) -> Result<(), Interruption> {
        self.checks.check(id, kept, texts, reason)
    }

    /// Gives an order; its answer has to come in time.
    pub(super) async fn order<A: DeserializeOwned>(
        &self,
        order: Order,
    ) -> Result<Result<A, Refusal>, Interruption> {
        let word = order.word();
        let within = self.stage.case().scaled(longest(&order));
        let broken = |reason, error: DriverError| {
            let expected = format!("an answer to {word} within {} ms", within.as_millis());
            let broken = self.check("FP-001", false, (expected, error.to_string()), reason);
            Err(broken
                .err()
                .unwrap_or_else(|| Interruption::broken_off(reason)))
        };
        match self.stage.host().ask_for(order, within).await {
            Ok(answer) => {
                self.check("FP-001", true, ("", ""), "kept")?;
                self.one_process()?;
                Ok(answer)
            }
            Err(error @ DriverError::Silent { .. }) => broken("not-answered-in-time", error),
            Err(error @ DriverError::Gone { .. }) => broken("host-ended", error),
            Err(error) => Err(Interruption::of_driver(error)),
        }
    }

    /// Calls a hook; how it ended, in one word.
    pub(super) async fn hook(
        &self,
        folder: &PluginFolder,
        hook: &str,
    ) -> Result<String, Interruption> {
        let order = Order::Hook {
            plugin: folder.id.clone(),
            hook: hook.to_owned(),
            request: Value::Null,
        };
        Ok(match self.order::<Called>(order).await? {
            Ok(Called::Answered { .. }) => "answered".to_owned(),
            Ok(Called::Refused { .. }) => "refused".to_owned(),
            Ok(Called::NotImplemented {}) => "not_implemented".to_owned(),
            Ok(Called::Failed { kind, .. }) => kind,
            Err(refusal) => format!("no call: {}", refusal.kind),
        })
    }

    /// A hook has to end in one of these ways.
    pub(super) fn ended(&self, hook: &str, ends: &[&str], ended: &str) -> Result<(), Interruption> {
        self.check(
            "FP-002",
            ends.contains(&ended),
            (
                format!("{hook} ends with {}", ends.join(" or ")),
                ended.to_owned(),
            ),
            "wrong-outcome",
        )
    }

    /// The plugin that is hurt has to answer now.
    pub(super) async fn answers(&self) -> Result<(), Interruption> {
        let ended = self.hook(&self.hurt, CONTROL).await?;
        self.ended(CONTROL, &["answered"], &ended)
    }

    /// The plugin that is well has to answer, whatever happens beside it.
    pub(super) async fn other_answers(&self) -> Result<(), Interruption> {
        let ended = self.hook(&self.well, POKE).await?;
        self.check(
            "FP-007",
            ended == "answered",
            (format!("{} answers", self.well.id), ended),
            "other-plugin-touched",
        )
    }

    /// What is told of the plugin's state.
    pub(super) async fn state(&self, runs: bool) -> Result<(), Interruption> {
        let order = Order::Status {
            plugin: self.hurt.id.clone(),
        };
        let told = match self.order::<Status>(order).await? {
            Ok(status) => status.state,
            Err(refusal) => refusal.kind,
        };
        let expected = if runs {
            "the state running"
        } else {
            "another state than running"
        };
        self.check(
            "FP-008",
            (told == "running") == runs,
            (expected, told),
            "wrong-state",
        )
    }

    /// The process of a start has to be known to have ended, and how.
    pub(super) async fn told_end(&self, expected: ExitStatus) -> Result<(), Interruption> {
        let within = self.stage.case().scaled(SOON);
        let order = Order::WaitExit {
            plugin: self.hurt.id.clone(),
            within_ms: u64::try_from(within.as_millis()).unwrap_or(u64::MAX),
        };
        let ended: Result<crate::driver::protocol::Ended, Refusal> = self.order(order).await?;
        let told = ended.as_ref().ok().filter(|ended| ended.exited);
        self.check(
            "FP-008",
            told.is_some(),
            ("an end of the process that is known", ended.words()),
            "wrong-state",
        )?;
        let status = told.map(|ended| (ended.exit_code, ended.signal));
        self.check(
            "FP-008",
            status == Some(expected),
            (
                in_words(expected),
                status.map_or_else(String::new, in_words),
            ),
            "wrong-exit-status",
        )
    }

    /// No process of a start is left, nor what it left behind.
    pub(super) async fn gone(&self, start: u32) -> Result<(), Interruption> {
        let entries = self.hurt.entries()?;
        let processes = processes_of(&entries, start);
        let left = || {
            let running = processes.iter().copied().filter(|pid| self.runs(*pid));
            running.collect::<Vec<u32>>()
        };
        self.stage.until(SOON, || left().is_empty()).await;
        let left = left();
        self.check(
            "FP-005",
            left.is_empty(),
            (
                format!(
                    "nothing is left of start {start}, which was {}",
                    processes.words()
                ),
                left.words(),
            ),
            "process-left",
        )
    }

    /// At most one process of the plugin that is hurt: now, and, as far as the processes have written down, at any time before.
    pub(super) fn one_process(&self) -> Result<(), Interruption> {
        let entries = self.hurt.entries()?;
        let started = |entry: &Entry| matches!(entry.event, Seen::Started { .. });
        let running: Vec<u32> = entries
            .iter()
            .filter(|entry| started(entry))
            .map(|entry| entry.pid)
            .filter(|pid| self.runs(*pid))
            .collect();
        self.check(
            "FP-004",
            running.len() <= 1,
            ("at most one process of a plugin", running.words()),
            "two-processes",
        )?;
        let beside = overlaps(&entries);
        self.check(
            "FP-004",
            beside.is_empty(),
            (
                "no process that writes after a later one has started",
                beside.words(),
            ),
            "two-processes",
        )
    }

    /// Whether a process is there and one of this case: numbers of processes are used again.
    fn runs(&self, pid: u32) -> bool {
        let environ = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        let mark = self.stage.case().mark().as_bytes();
        alive(pid) && environ.windows(mark.len()).any(|part| part == mark)
    }
}

/// How a process ended.
fn in_words(status: ExitStatus) -> String {
    match status {
        (Some(code), _) => format!("an end with the exit code {code}"),
        (None, Some(signal)) => format!("an end by signal {signal}"),
        (None, None) => "an end of which nothing is told".to_owned(),
    }
}

/// The processes of one start: the plugin's own and those it left behind.
fn processes_of(entries: &[Entry], start: u32) -> Vec<u32> {
    let of = |entry: &&Entry| {
        entry.start == start
            && matches!(entry.event, Seen::Started { .. } | Seen::Grandchild { .. })
    };
    entries.iter().filter(of).map(|entry| entry.pid).collect()
}
