//! What happens at one point: it is waited for, seen in the journal, and then something is done from outside, or the plugin does it by itself.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use fake_interpreters::journal::{Entry, Event as Seen};
use futures_util::future::{join, join_all, try_join};
use rustix::process::Signal;

use super::orders::{Orders, bound};
use crate::case::timeline::Source;
use crate::case::words::Words;
use crate::driver::protocol::{Activated, Health, Order, Refusal, Stopped};
use crate::fault_plan::life::{Status, dies, ends_of_call, is_from_outside};
use crate::fault_plan::place::Place;
use crate::fault_plan::script::{API, when_poked};
use crate::fault_plan::{Action, CONTROL, POKE, Step};
use crate::plugin_run::process;
use crate::scenario::Interruption;
use crate::scenarios::host::traces::calls;

/// The number of the error of a signal to a process that has ended.
const NO_SUCH_PROCESS: i32 = rustix::io::Errno::SRCH.raw_os_error();

/// What a start was answered with.
pub(super) type Start = Result<Activated, Refusal>;

/// How often the journal is looked at.
const LOOK: Duration = Duration::from_millis(3);

/// The end of a process that was ended by the play because a call of it was open still.
const KILLED: Status = (None, Some(9));

impl Orders<'_> {
    /// Waits until a point of a start was seen; false if the call that leads there was over before.
    async fn reached(
        &self,
        start: u32,
        step: &Step,
        over: &AtomicBool,
    ) -> Result<bool, Interruption> {
        loop {
            // In this order: what was written before the call was over is read after that was seen.
            let last = over.load(Ordering::Acquire);
            let entries: Vec<Entry> = self.hurt.entries()?;
            if entries
                .iter()
                .any(|entry| entry.start == start && is_at(entry, step))
            {
                return Ok(true);
            }
            if last {
                return Ok(false);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Does from outside what a step of a start or a stop says, at its point.
    pub(super) async fn strike(
        &self,
        start: u32,
        step: &Step,
        runs: bool,
        over: &AtomicBool,
    ) -> Result<(), Interruption> {
        if !is_from_outside(&step.action) {
            return Ok(());
        }
        if !self.reached(start, step, over).await? {
            self.one_process()?;
            let reason = format!("the point of {step} was never reached in start {start}");
            return Err(Interruption::broken_off(reason));
        }
        match &step.action {
            Action::Kill {} => self.signal(start, Signal::KILL),
            Action::Stop { resume } => self.pause(start, *resume).await,
            Action::Activate {} => self.activate_again(runs).await,
            Action::Deactivate {} => self.deactivate().await.map(drop),
            _ => Ok(()),
        }
    }

    /// Something that happens while nothing is being called.
    pub(super) async fn idle(
        &self,
        start: u32,
        step: &Step,
    ) -> Result<Option<Start>, Interruption> {
        self.stage.case().note(Source::Fault, step.to_string());
        if when_poked(&step.action).is_some() {
            let ended = self.hook(&self.hurt, POKE).await?;
            // It ends as soon as it has answered, and the answer may not have left.
            let ends: &[&str] = match dies(&step.action) {
                Some(_) => &["answered", "unavailable"],
                None => &["answered"],
            };
            self.ended(POKE, ends, &ended)?;
        }
        match &step.action {
            Action::Kill {} => self.signal(start, Signal::KILL)?,
            Action::Stop { resume: true } => {
                self.pause(start, true).await?;
                self.answers().await?;
            }
            Action::Stop { resume: false } => {
                self.pause(start, false).await?;
                let ended = self.hook(&self.hurt, CONTROL).await?;
                self.ended(CONTROL, &["deadline"], &ended)?;
            }
            Action::Restart {} => return self.restart().await.map(Some),
            Action::Deactivate {} => self.stop(start, &[]).await?,
            other => self.meanwhile(other).await?,
        }
        match dies(&step.action) {
            Some(status) => self.died(start, status).await?,
            None if matches!(
                step.action,
                Action::Deactivate {} | Action::Stop { resume: false }
            ) => {}
            None => self.answers().await?,
        }
        self.other_answers().await?;
        Ok(None)
    }

    /// Something that happens while a hook is being called.
    pub(super) async fn in_call(
        &self,
        start: u32,
        step: &Step,
    ) -> Result<Option<Start>, Interruption> {
        self.stage.case().note(Source::Fault, step.to_string());
        let hook = step.at.hook().ok_or_else(|| {
            Interruption::Suite(format!("{step} is no step within a hook").into())
        })?;
        let over = AtomicBool::new(false);
        let call = async {
            let ended = self.hook(&self.hurt, hook).await;
            over.store(true, Ordering::Release);
            ended
        };
        let beside = async {
            if !self.reached(start, step, &over).await? {
                let reason = format!("{hook} was over before it was seen in start {start}");
                return Err(Interruption::broken_off(reason));
            }
            self.beside(start, step, &over).await
        };
        let (ended, beside) = join(call, beside).await;
        // Who was contradicted first has said so; the other one broke off because of it.
        let (begun, ended) = (beside?, ended?);
        let bound = self.stage.case().scaled(bound("hook"));
        let bound_ms = u64::try_from(bound.as_millis()).unwrap_or(u64::MAX);
        self.ended(hook, ends_of_call(&step.action, bound_ms), &ended)?;
        if step.at.place() == Place::InApi {
            self.api_answered(start).await?;
        }
        if let Some(status) = dies(&step.action).or(killed_after(&step.action)) {
            self.died(start, status).await?;
        } else if goes_on(&step.action) {
            self.answers().await?;
        }
        self.other_answers().await?;
        Ok(begun)
    }

    /// What is done, and has to go on, while a hook of the plugin is open.
    async fn beside(
        &self,
        start: u32,
        step: &Step,
        over: &AtomicBool,
    ) -> Result<Option<Start>, Interruption> {
        let action = &step.action;
        if is_open(action) {
            self.other_answers().await?;
            let waited = over.load(Ordering::Acquire);
            if !waited || self.other_is_quick().await? {
                let texts = (
                    "the other plugin answers while a call of this one is open",
                    "it answered only after the call had ended",
                );
                self.check("FP-007", !waited, texts, "other-plugin-delayed")?;
            }
        }
        match action {
            Action::Kill {} => self.signal(start, Signal::KILL)?,
            Action::Stop { resume } => self.pause(start, *resume).await?,
            Action::Deactivate {} => self.stop(start, &[]).await?,
            Action::Restart {} => return self.restart().await.map(Some),
            other => self.meanwhile(other).await?,
        }
        if killed_after(action).is_some() {
            self.signal(start, Signal::KILL)?;
        }
        Ok(None)
    }

    /// Whether the other plugin, which nothing holds up now, answers in a part of the time that a call may be open. If it does not, this
    /// machine is too busy to show who waited for whom.
    async fn other_is_quick(&self) -> Result<bool, Interruption> {
        let began = Instant::now();
        self.other_answers().await?;
        let open = self.stage.case().scaled(bound("hook"));
        Ok(began.elapsed() < open / 4)
    }

    /// Orders that leave the plugin as it is.
    async fn meanwhile(&self, action: &Action) -> Result<(), Interruption> {
        match action {
            Action::Activate {} => self.activate_again(true).await,
            Action::Health {} => self.healthy().await,
            Action::Hooks { count } => {
                let all = (0..*count).map(|_| self.answers());
                join_all(all).await.into_iter().collect()
            }
            _ => Ok(()),
        }
    }

    async fn healthy(&self) -> Result<(), Interruption> {
        let order = Order::Health {
            plugin: self.hurt.id.clone(),
        };
        let health = self.order::<Health>(order).await?;
        let healthy = health.as_ref().is_ok_and(|health| health.healthy);
        self.check(
            "FP-008",
            healthy,
            ("healthy", health.words()),
            "wrong-health",
        )
    }

    /// It is activated once more; what comes of it is told only if it will run.
    pub(super) async fn activate_again(&self, runs: bool) -> Result<(), Interruption> {
        let dir = self.hurt.directory.clone();
        let again: Start = self.order(Order::Activate { dir }).await?;
        self.check(
            "FP-003",
            again.is_ok() || !runs,
            ("a plugin that runs", again.words()),
            "wrong-start",
        )
    }

    async fn restart(&self) -> Result<Start, Interruption> {
        let plugin = self.hurt.id.clone();
        self.order(Order::Restart { plugin }).await
    }

    pub(super) async fn deactivate(&self) -> Result<Result<Stopped, Refusal>, Interruption> {
        let plugin = self.hurt.id.clone();
        self.order(Order::Deactivate { plugin }).await
    }

    /// Tells the plugin to end, while something happens to it; it runs until then.
    pub(super) async fn stop(&self, start: u32, steps: &[&Step]) -> Result<(), Interruption> {
        let over = AtomicBool::new(false);
        let stopping = async {
            let stopped = self.deactivate().await;
            over.store(true, Ordering::Release);
            stopped
        };
        let (stopped, struck) = join(stopping, self.strike_all(start, steps, false, &over)).await;
        struck?;
        let stopped = stopped?;
        self.check(
            "FP-008",
            stopped.as_ref().is_ok_and(|stopped| stopped.stopped),
            ("a plugin that was stopped", stopped.words()),
            "wrong-state",
        )?;
        self.state(false).await?;
        self.gone(start).await
    }

    /// All that happens from outside during a start or a stop, one after the other.
    pub(super) async fn strike_all(
        &self,
        start: u32,
        steps: &[&Step],
        runs: bool,
        over: &AtomicBool,
    ) -> Result<(), Interruption> {
        for (step, later) in steps.iter().zip((1..).map(|from| &steps[from..])) {
            self.stage.case().note(Source::Fault, step.to_string());
            let strike = self.strike(start, step, runs, over);
            if step.action == (Action::Activate {}) {
                // It is answered when the start is over, and what is left happens before.
                let later = Box::pin(self.strike_all(start, later, runs, over));
                return try_join(strike, later).await.map(drop);
            }
            strike.await?;
        }
        Ok(())
    }

    /// The process of a start has ended by itself.
    async fn died(&self, start: u32, status: Status) -> Result<(), Interruption> {
        self.told_end(status).await?;
        self.state(false).await?;
        self.gone(start).await
    }

    /// The API call of a hook was answered.
    pub(super) async fn api_answered(&self, start: u32) -> Result<(), Interruption> {
        let of = |entry: &&Entry| {
            entry.start == start
                && matches!(&entry.event, Seen::Api { method, .. } if method == API)
        };
        let entries = self
            .stage
            .journal(&self.hurt, |entries| entries.iter().any(|entry| of(&entry)))
            .await?;
        let seen = entries.iter().rfind(of).map(|entry| &entry.event);
        let answered = matches!(
            seen,
            Some(Seen::Api {
                response: Some(_),
                ..
            })
        );
        self.check(
            "FP-009",
            answered,
            (format!("an answer of the API to {API}"), seen.words()),
            "api-call-failed",
        )
    }

    fn signal(&self, start: u32, signal: Signal) -> Result<(), Interruption> {
        let pid = self.pid_of(start)?;
        let text = format!("{} to {pid}", signal.words());
        self.stage.case().note(Source::Fault, text);
        match process::signal(pid, signal) {
            // Whoever ended it meanwhile is found out by what is told of its end.
            Err(error) if error.raw_os_error() == Some(NO_SUCH_PROCESS) => Ok(()),
            sent => Ok(sent?),
        }
    }

    /// SIGSTOP; the other plugin goes on; and SIGCONT, if it is to go on.
    async fn pause(&self, start: u32, resume: bool) -> Result<(), Interruption> {
        let pid = self.pid_of(start)?;
        self.signal(start, Signal::STOP)?;
        // Whoever ended it meanwhile is found out by what is told of its end.
        let at_rest = || process::is_stopped(pid) || !process::is_alive(pid);
        let stood = self.stage.until(Duration::from_secs(5), at_rest).await;
        let other = self.other_answers().await;
        if resume {
            self.signal(start, Signal::CONT)?;
        }
        if !stood {
            let reason = format!("SIGSTOP did not stop process {pid}");
            return Err(Interruption::broken_off(reason));
        }
        other
    }

    fn pid_of(&self, start: u32) -> Result<u32, Interruption> {
        let entries = self.hurt.entries()?;
        let started = entries
            .iter()
            .find(|entry| entry.start == start && matches!(entry.event, Seen::Started { .. }));
        started
            .map(|entry| entry.pid)
            .ok_or_else(|| Interruption::broken_off(format!("start {start} was never seen")))
    }
}

/// Whether an entry shows that a step's point was reached.
fn is_at(entry: &Entry, step: &Step) -> bool {
    let call = |name: &str| !calls(std::slice::from_ref(entry), name).is_empty();
    match step.at.place() {
        Place::BeforeHandshake => matches!(entry.event, Seen::Started { .. }),
        Place::AfterHandshake => matches!(&entry.event, Seen::Wrote { to, .. } if to == "stdout"),
        Place::InImplemented => call("Implemented"),
        Place::InConfiguration => call("OnConfigurationChange"),
        Place::InActivate => call("OnActivate"),
        Place::InHook => step.at.hook().is_some_and(call),
        Place::InApi => matches!(entry.event, Seen::Api { .. }),
        Place::InDeactivate => call("OnDeactivate"),
        Place::InShutdown => call("Shutdown"),
        Place::Idle => true,
    }
}

/// Whether the call stays open until the host or somebody else ends it.
fn is_open(action: &Action) -> bool {
    matches!(action, Action::Hang {} | Action::Kill {}) || killed_after(action).is_some()
}

/// The end of a plugin whose open call would only be waited for.
fn killed_after(action: &Action) -> Option<Status> {
    matches!(
        action,
        Action::Activate {} | Action::Health {} | Action::Hooks { .. }
    )
    .then_some(KILLED)
}

/// Whether the plugin is as it was after the call.
fn goes_on(action: &Action) -> bool {
    !matches!(
        action,
        Action::CloseConnections {}
            | Action::Stop { resume: false }
            | Action::Deactivate {}
            | Action::Restart {}
    )
}
