//! One plugin as a pure machine: commands and happenings go in, effects come out. The registry carries the effects out.
//!
//! Commands are taken in the order in which they came; one that must wait keeps its place. What is late, because it speaks
//! of an earlier start, is dropped.
//!
//! Invariant: every command is answered exactly once.
//! Invariant: between two effects `Start` lies the end of the first one's process.
//! Invariant: whoever wants the plugin not to run has the last word: it is not brought back then.
//! Invariant: what is forgotten is forgotten once, and only a start, or a folder that is found anew, makes it known again.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::environment::state::{Command, Happening, Reaction, State};
use crate::health::budget::{Budget, Ruling};
use crate::timing::Recovery;

/// The number of a command.
pub(super) type Ticket = u64;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wish {
    /// It shall run, from this folder; `anew` if a running process must be replaced.
    Activate { folder: PathBuf, anew: bool },
    /// It shall not run.
    Deactivate,
    /// It shall be forgotten.
    Remove,
}

impl Wish {
    fn command(&self) -> Command {
        match self {
            Self::Activate { anew: false, .. } => Command::Activate,
            Self::Activate { anew: true, .. } => Command::Restart,
            Self::Deactivate => Command::Deactivate,
            Self::Remove => Command::Remove,
        }
    }
}

/// What has to be done, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Effect {
    /// Begin a start: the command's, or one more of what ran last.
    Start { by: Option<Ticket> },
    /// Call the start off that is under way; it ends soon, one way or the other.
    CallOff,
    /// Begin to stop the process.
    Stop,
    /// Say that the pause is over, after this time.
    Retry { after: Duration },
    /// Begin to forget the plugin, as this command wants it.
    Forget(Ticket),
    /// Answer a command, after everything else.
    Answer(Ticket, Reply),
}

/// How a command is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reply {
    /// It runs already.
    AlreadyRunning,
    /// It lives in another folder.
    OtherFolder,
    /// With the outcome of the start that has just ended.
    Start,
    /// With the outcome of the stop that has just ended.
    Stop,
    /// There was nothing to stop.
    NothingToStop,
    /// With what came of the forgetting.
    Forgotten,
    /// It was forgotten before.
    NotKnown,
    /// Nothing is activated any more.
    ShutDown,
}

/// What one failure led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It speaks of what is over: nothing.
    Late,
    /// It is not looked after.
    Alone,
    /// What the budget said.
    Ruled(Ruling),
}

/// A command in the queue.
#[derive(Debug)]
struct Asked {
    /// Its number; a shutdown has none.
    ticket: Option<Ticket>,
    wish: Wish,
    /// The latest start when it was asked for.
    start: u64,
}

impl Asked {
    /// What it amounts to now: a process that is younger than the command does not have to be replaced.
    fn command(&self, start: u64) -> Command {
        match self.wish.command() {
            Command::Restart if start > self.start => Command::Activate,
            command => command,
        }
    }
}

/// One plugin.
#[derive(Debug)]
pub(super) struct Life {
    state: State,
    folder: PathBuf,
    /// How many starts were begun; also the number of the latest.
    start: u64,
    /// Whether the latest start was one that nobody asked for.
    is_return: bool,
    /// Commands that were not taken yet, in their order.
    queue: VecDeque<Asked>,
    waiting_for_start: Vec<Ticket>,
    waiting_for_stop: Vec<Ticket>,
    /// The command by which it is being forgotten; everything else waits for that.
    forgetting: Option<Ticket>,
    is_forgotten: bool,
    is_looked_after: bool,
    is_over: bool,
    budget: Budget,
    /// The pause that begins when the process is gone.
    pause: Duration,
}

impl Life {
    pub(super) fn new(folder: PathBuf, is_looked_after: bool) -> Self {
        Self {
            state: State::default(),
            folder,
            start: 0,
            is_return: false,
            queue: VecDeque::new(),
            waiting_for_start: Vec::new(),
            waiting_for_stop: Vec::new(),
            forgetting: None,
            is_forgotten: false,
            is_looked_after,
            is_over: false,
            budget: Budget::default(),
            pause: Duration::ZERO,
        }
    }

    pub(super) fn state(&self) -> State {
        self.state
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn start(&self) -> u64 {
        self.start
    }

    /// Whether the latest start was one that nobody asked for.
    pub(super) fn is_return(&self) -> bool {
        self.is_return
    }

    /// Whether it will never be activated any more.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Whether nobody is to see it.
    pub(super) fn is_forgotten(&self) -> bool {
        self.is_forgotten
    }

    /// It was forgotten, and its folder was found anew.
    pub(super) fn found(&mut self) {
        self.is_forgotten = false;
    }

    /// Whether it does not run although nobody wanted that.
    pub(super) fn is_missed(&self) -> bool {
        match self.state {
            State::Mending | State::Recovering | State::Cleaning | State::FailedToStayRunning => {
                true
            }
            State::Starting => self.is_return,
            State::NotRunning | State::Running | State::Stopping | State::FailedToStart => false,
        }
    }

    /// Whether somebody is to look after it now.
    pub(super) fn wants_watch(&self) -> bool {
        self.is_looked_after && self.state == State::Running
    }

    /// Takes a command.
    pub(super) fn ask(&mut self, ticket: Ticket, wish: Wish) -> Vec<Effect> {
        if self.is_over && matches!(wish, Wish::Activate { .. }) {
            return vec![Effect::Answer(ticket, Reply::ShutDown)];
        }
        self.queue.push_back(Asked {
            ticket: Some(ticket),
            wish,
            start: self.start,
        });
        self.proceed(Vec::new())
    }

    /// The forgetting has come to its end; where it failed, the plugin stays known.
    pub(super) fn forgotten(&mut self, is_gone: bool) -> Vec<Effect> {
        self.is_forgotten = is_gone;
        let answer = |ticket| Effect::Answer(ticket, Reply::Forgotten);
        let answers = self.forgetting.take().map(answer);
        self.proceed(answers.into_iter().collect())
    }

    /// The start succeeded.
    pub(super) fn started(&mut self) -> Vec<Effect> {
        self.state = self.state.after(Happening::Started);
        let answers = drain(&mut self.waiting_for_start, Reply::Start);
        self.proceed(answers)
    }

    /// The start failed, and nothing is left of it.
    pub(super) fn start_failed(
        &mut self,
        called_off: bool,
        at: Duration,
        recovery: &Recovery,
    ) -> (Verdict, Vec<Effect>) {
        let mut effects = Vec::new();
        let (happening, verdict) = match (called_off, self.is_return) {
            (true, _) => (Happening::StartCalledOff, Verdict::Late),
            (false, false) => (Happening::StartFailed, Verdict::Alone),
            (false, true) => self.rule(at, recovery),
        };
        self.state = self.state.after(happening);
        if self.state == State::Recovering {
            effects.push(Effect::Retry { after: self.pause });
        }
        effects.extend(drain(&mut self.waiting_for_start, Reply::Start));
        (verdict, self.proceed(effects))
    }

    /// The process of that start ended by itself.
    pub(super) fn exited(
        &mut self,
        start: u64,
        at: Duration,
        recovery: &Recovery,
    ) -> (Verdict, Vec<Effect>) {
        if start != self.start || self.state != State::Running {
            return (Verdict::Late, Vec::new());
        }
        let (happening, verdict) = self.rule(at, recovery);
        self.state = self.state.after(happening);
        (verdict, self.proceed(vec![Effect::Stop]))
    }

    /// The process of that start is unhealthy.
    pub(super) fn unhealthy(
        &mut self,
        start: u64,
        at: Duration,
        recovery: &Recovery,
    ) -> (Verdict, Vec<Effect>) {
        if !self.is_looked_after {
            return (Verdict::Late, Vec::new());
        }
        self.exited(start, at, recovery)
    }

    /// Nothing of the process is left.
    pub(super) fn stopped(&mut self) -> Vec<Effect> {
        self.state = self.state.after(Happening::Stopped);
        let mut effects = Vec::new();
        if self.state == State::Recovering {
            effects.push(Effect::Retry { after: self.pause });
        }
        effects.extend(drain(&mut self.waiting_for_stop, Reply::Stop));
        self.proceed(effects)
    }

    /// The pause after that start is over.
    pub(super) fn due(&mut self, start: u64) -> Vec<Effect> {
        if start != self.start || self.state != State::Recovering {
            return Vec::new();
        }
        self.state = self.state.after(Happening::Due);
        self.start += 1;
        self.is_return = true;
        vec![Effect::Start { by: None }]
    }

    /// From now on it is looked after, or no more. Whoever is not is not brought back either.
    pub(super) fn look_after(&mut self, yes: bool) {
        self.is_looked_after = yes;
        if !yes && matches!(self.state, State::Mending | State::Recovering) {
            self.state = self.state.after(Happening::GivenUp);
        }
    }

    /// It shall end, and never be activated again.
    pub(super) fn shut_down(&mut self) -> Vec<Effect> {
        self.is_over = true;
        self.look_after(false);
        let (refused, kept): (Vec<_>, Vec<_>) = self
            .queue
            .drain(..)
            .partition(|asked| matches!(asked.wish, Wish::Activate { .. }));
        self.queue = kept.into();
        self.queue.push_back(Asked {
            ticket: None,
            wish: Wish::Deactivate,
            start: self.start,
        });
        let refused = refused.into_iter().filter_map(|asked| asked.ticket);
        let answers = refused.map(|ticket| Effect::Answer(ticket, Reply::ShutDown));
        self.proceed(answers.collect())
    }

    fn rule(&mut self, at: Duration, recovery: &Recovery) -> (Happening, Verdict) {
        if !self.is_looked_after {
            return (Happening::GivenUp, Verdict::Alone);
        }
        match self.budget.fail(at, recovery) {
            ruling @ Ruling::Restart { after } => {
                self.pause = after;
                (Happening::WillReturn, Verdict::Ruled(ruling))
            }
            ruling @ Ruling::GiveUp => (Happening::GivenUp, Verdict::Ruled(ruling)),
        }
    }

    /// Takes commands from the queue, as far as the state allows.
    fn proceed(&mut self, mut effects: Vec<Effect>) -> Vec<Effect> {
        while self.forgetting.is_none()
            && let Some(asked) = self.queue.pop_front()
        {
            let reaction = self.state.react(asked.command(self.start));
            if let Some(effect) = waits(reaction) {
                if reaction == Reaction::StopAndWait {
                    self.state = State::Stopping;
                }
                self.queue.push_front(asked);
                effects.extend(effect);
                break;
            }
            let Asked { ticket, wish, .. } = asked;
            let answer = match wish {
                Wish::Activate { folder, .. } => {
                    ticket.and_then(|ticket| self.activate(ticket, reaction, folder, &mut effects))
                }
                Wish::Deactivate => self.deactivate(ticket, reaction, &mut effects),
                Wish::Remove if self.is_forgotten => Some(Reply::NotKnown),
                Wish::Remove => {
                    self.state = State::NotRunning;
                    self.forgetting = ticket;
                    effects.extend(ticket.map(Effect::Forget));
                    None
                }
            };
            if let (Some(ticket), Some(reply)) = (ticket, answer) {
                effects.push(Effect::Answer(ticket, reply));
            }
        }
        effects
    }

    fn activate(
        &mut self,
        ticket: Ticket,
        reaction: Reaction,
        folder: PathBuf,
        effects: &mut Vec<Effect>,
    ) -> Option<Reply> {
        if self.state.has_process() && self.folder != folder {
            return Some(Reply::OtherFolder);
        }
        if reaction == Reaction::AlreadyRunning {
            return Some(Reply::AlreadyRunning);
        }
        self.waiting_for_start.push(ticket);
        if reaction == Reaction::Start {
            self.state = State::Starting;
            self.folder = folder;
            self.start += 1;
            self.is_return = false;
            self.is_forgotten = false;
            // Who starts a plugin by hand gives it a whole allowance.
            self.budget = Budget::default();
            effects.push(Effect::Start { by: Some(ticket) });
        }
        None
    }

    fn deactivate(
        &mut self,
        ticket: Option<Ticket>,
        reaction: Reaction,
        effects: &mut Vec<Effect>,
    ) -> Option<Reply> {
        match reaction {
            Reaction::NothingToStop => {
                self.state = State::NotRunning;
                return Some(Reply::NothingToStop);
            }
            Reaction::Stop => {
                self.state = State::Stopping;
                effects.push(Effect::Stop);
            }
            Reaction::JoinForGood => self.state = State::Stopping,
            _ => {}
        }
        self.waiting_for_stop.extend(ticket);
        None
    }
}

/// Whether a command has to wait, and what it sets going meanwhile.
fn waits(reaction: Reaction) -> Option<Option<Effect>> {
    match reaction {
        Reaction::Wait => Some(None),
        Reaction::CallOffAndWait => Some(Some(Effect::CallOff)),
        Reaction::StopAndWait => Some(Some(Effect::Stop)),
        _ => None,
    }
}

fn drain(tickets: &mut Vec<Ticket>, reply: Reply) -> Vec<Effect> {
    let answers = tickets
        .drain(..)
        .map(|ticket| Effect::Answer(ticket, reply));
    answers.collect()
}

#[cfg(test)]
mod tests;
