//! The one task that knows all plugins: it alone changes their states, and everybody else sends it messages.
//!
//! What a message leads to is said by the plugin's machine (`life`); here its effects are carried out. Starts and stops run in
//! tasks of their own and report back, so plugins never wait for each other.
//!
//! Invariant: every command is answered, and its effect is shown before: who has the answer sees the state that it speaks of.

use std::collections::BTreeMap;
use std::path::PathBuf;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, timeout};

use crate::environment::blocking;
use crate::environment::entry::{Entry, Forgetting, Pending, answer};
use crate::environment::failure::Failure;
use crate::environment::home::Home;
use crate::environment::life::{Effect, Ticket, Verdict};
use crate::environment::remove::hide;
use crate::environment::state::State;
use crate::environment::status::Views;
use crate::environment::watcher::{Teller, Watcher};
use crate::health::Health;
use crate::ids::PluginId;
use crate::manifest::Manifest;
use crate::options::HostOptions;
use crate::process::Exit;
use crate::supervisor::{
    self, Session, StartCause, StartError, StartOrder, StopManner, StopReport, reported,
};

pub(super) type StopReports = BTreeMap<PluginId, StopReport>;

/// What the task is told.
#[derive(Debug)]
pub(super) enum Message {
    /// A command, and where the plugin lives, as far as whoever asks knows it.
    Command {
        id: PluginId,
        home: Option<Home>,
        pending: Pending,
    },
    /// From now on plugins are looked after, or no more.
    LookAfter {
        yes: bool,
        reply: oneshot::Sender<()>,
    },
    Shutdown {
        reply: oneshot::Sender<StopReports>,
    },
    /// The time for the shutdown is over.
    Hurry,
    Started {
        id: PluginId,
        result: Box<Result<Session, StartError>>,
    },
    Exited {
        id: PluginId,
        /// Number of the start whose process it was.
        start: u64,
        exit: Exit,
    },
    Unhealthy {
        id: PluginId,
        start: u64,
        health: Health,
    },
    /// The pause after that start is over.
    Due {
        id: PluginId,
        start: u64,
    },
    Forgotten {
        id: PluginId,
        ticket: Ticket,
        forgetting: Forgetting,
    },
    Stopped {
        id: PluginId,
        report: StopReport,
        stderr_tail: Vec<String>,
    },
}

/// Makes the order for a start; by the one flag it is called off, by the other there is no time left.
pub(super) type MakeOrder = Box<
    dyn Fn(PathBuf, Manifest, watch::Receiver<bool>, watch::Receiver<bool>) -> StartOrder + Send,
>;

pub(super) struct Registry {
    make_order: MakeOrder,
    options: HostOptions,
    /// Weak, so that the task ends when the last handle of the environment does.
    sender: mpsc::WeakUnboundedSender<Message>,
    entries: BTreeMap<PluginId, Entry>,
    views: watch::Sender<Views>,
    began: Instant,
    tickets: Ticket,
    is_looking_after: bool,
    shutdown: Option<Shutdown>,
    /// Becomes true when stops that are under way must come to their end.
    hurry: watch::Sender<bool>,
}

#[derive(Default)]
struct Shutdown {
    replies: Vec<oneshot::Sender<StopReports>>,
    reports: StopReports,
    /// Ends it when its time is over.
    limit: Option<Watcher>,
}

impl Registry {
    pub(super) fn new(
        make_order: MakeOrder,
        options: HostOptions,
        sender: mpsc::WeakUnboundedSender<Message>,
        views: watch::Sender<Views>,
    ) -> Self {
        Self {
            make_order,
            is_looking_after: options.recovery.enabled,
            options,
            sender,
            entries: BTreeMap::new(),
            views,
            began: Instant::now(),
            tickets: 0,
            shutdown: None,
            hurry: watch::Sender::new(false),
        }
    }

    /// Works until the last handle of the environment is dropped; what still runs is then killed.
    pub(super) async fn run(mut self, mut messages: mpsc::UnboundedReceiver<Message>) {
        while let Some(message) = messages.recv().await {
            self.take(message);
            self.finish_shutdown();
        }
        // Who still looks, like a backend that outlives its hosts, must not keep what it sees alive.
        self.views.send_replace(Views::default());
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Command { id, home, pending } => self.command(&id, home, pending),
            Message::LookAfter { yes, reply } => {
                self.look_after(yes);
                answer(reply, ());
            }
            Message::Shutdown { reply } => self.begin_shutdown(reply),
            Message::Hurry => drop(self.hurry.send_replace(true)),
            Message::Started { id, result } => self.started(&id, *result),
            Message::Exited { id, start, exit } => {
                if let Some(entry) = self.entries.get_mut(&id)
                    && entry.life.start() == start
                {
                    entry.status.exit = Some(exit);
                }
                self.failed(&id, start, Failure::Exited(exit));
            }
            Message::Unhealthy { id, start, health } => {
                self.failed(&id, start, Failure::Unhealthy(health));
            }
            Message::Due { id, start } => {
                let effects = self.entry(&id, |entry| entry.life.due(start));
                self.carry_out(&id, effects);
            }
            Message::Forgotten {
                id,
                ticket,
                forgetting,
            } => {
                let effects = self.entry(&id, |entry| {
                    let is_gone = entry.has_forgotten(ticket, forgetting);
                    entry.life.forgotten(is_gone)
                });
                self.carry_out(&id, effects);
            }
            Message::Stopped {
                id,
                report,
                stderr_tail,
            } => self.stopped(&id, report, stderr_tail),
        }
    }

    /// What comes of the machine of a plugin, if it is known.
    fn entry(
        &mut self,
        id: &PluginId,
        happens: impl FnOnce(&mut Entry) -> Vec<Effect>,
    ) -> Vec<Effect> {
        self.entries.get_mut(id).map(happens).unwrap_or_default()
    }

    fn command(&mut self, id: &PluginId, home: Option<Home>, pending: Pending) {
        let entry = match (self.entries.get_mut(id), home) {
            (Some(entry), None) if !entry.life.is_forgotten() => entry,
            (Some(entry), Some(home)) => {
                entry.learn(home, &pending);
                entry
            }
            (None, Some(home)) => self
                .entries
                .entry(id.clone())
                .or_insert_with(|| Entry::new(id.clone(), home, self.is_looking_after)),
            (_, None) => return pending.not_found(id),
        };
        if self.shutdown.is_some() && !entry.life.is_over() {
            // Nothing of it lives, so that nothing comes of this but that it is never activated.
            entry.life.shut_down();
        }
        self.tickets += 1;
        let wish = entry.keep(self.tickets, pending);
        let effects = entry.life.ask(self.tickets, wish);
        self.carry_out(id, effects);
    }

    /// Carries effects out, shows what has become of the plugin, and then answers.
    fn carry_out(&mut self, id: &PluginId, effects: Vec<Effect>) {
        let mut answers = Vec::new();
        for effect in effects {
            match effect {
                Effect::Start { by } => self.begin_start(id, by),
                Effect::Stop => self.begin_stop(id),
                Effect::CallOff => self.with(id, |entry, _| entry.call_off()),
                Effect::Retry { after } => self.with(id, |entry, teller| {
                    entry.pause = Some(teller.pause(after));
                }),
                Effect::Forget(ticket) => self.begin_forgetting(id, ticket),
                Effect::Answer(ticket, reply) => answers.push((ticket, reply)),
            }
        }
        self.tend(id);
        self.publish(id);
        for (ticket, reply) in answers {
            self.with(id, |entry, _| entry.answer(ticket, reply));
        }
    }

    fn with(&mut self, id: &PluginId, act: impl FnOnce(&mut Entry, Teller)) {
        let Some(entry) = self.entries.get_mut(id) else {
            return;
        };
        let teller = Teller {
            id: id.clone(),
            start: entry.life.start(),
            sender: self.sender.clone(),
        };
        act(entry, teller);
    }

    /// Sees to it that exactly those are looked after that shall be, and that no pause outlives its reason.
    fn tend(&mut self, id: &PluginId) {
        let (recovery, policy) = (self.options.recovery.clone(), self.options.policy.clone());
        self.with(id, |entry, teller| {
            if entry.life.state() != State::Recovering {
                entry.pause = None;
            }
            match &entry.session {
                Some(session) if entry.life.wants_watch() => {
                    let watch = || teller.health(session, recovery, policy);
                    entry.checker.get_or_insert_with(watch);
                }
                _ => entry.checker = None,
            }
        });
    }

    fn begin_start(&mut self, id: &PluginId, by: Option<Ticket>) {
        let (Some(entry), Some(sender)) = (self.entries.get_mut(id), self.sender.upgrade()) else {
            return;
        };
        let Some(manifest) = entry.manifest_for(by) else {
            return tracing::error!(plugin = %id, "a start without a manifest");
        };
        let (call_off, called_off) = watch::channel(false);
        let folder = entry.life.folder().to_owned();
        let order = (self.make_order)(folder, manifest, called_off, self.hurry.subscribe());
        entry.begin_start(call_off, order.events.clone());
        let id = id.clone();
        tokio::spawn(async move {
            let result = Box::new(supervisor::start(order).await);
            // When nobody listens any more, the session goes with the message and its process is killed.
            let _ = sender.send(Message::Started { id, result });
        });
    }

    fn begin_forgetting(&mut self, id: &PluginId, ticket: Ticket) {
        let (Some(entry), Some(sender)) = (self.entries.get_mut(id), self.sender.upgrade()) else {
            return;
        };
        let (folder, stop) = entry.begin_forgetting(ticket);
        let id = id.clone();
        tokio::spawn(async move {
            let hidden = match folder {
                Some(folder) => blocking(move || hide(&folder)).await.map(Some),
                None => Ok(None),
            };
            let forgetting = Forgetting { stop, hidden };
            let _ = sender.send(Message::Forgotten {
                id,
                ticket,
                forgetting,
            });
        });
    }

    fn begin_stop(&mut self, id: &PluginId) {
        let (Some(entry), Some(sender)) = (self.entries.get_mut(id), self.sender.upgrade()) else {
            return;
        };
        let Some(session) = entry.begin_stop() else {
            return;
        };
        let timing = &self.options.timing;
        let patience = match &entry.failure {
            Some((failure, _)) => Some(failure.patience(timing.deactivate, timing.health)),
            None => self.shutdown.as_ref().map(|_| timing.deactivate),
        };
        let manner = StopManner {
            patience,
            hurry: self.hurry.subscribe(),
        };
        let (id, kill) = (id.clone(), timing.kill);
        tokio::spawn(async move {
            // Code of the application runs in here, too; whoever waits for the stop is not to wait for ever.
            let report = reported(session.stop(manner)).await;
            let stderr_tail = session.stderr_tail();
            let mut exit = session.exit_watch();
            drop(session);
            let report = match report {
                Some(report) => report,
                // What a panic tears down is killed by being dropped.
                None => {
                    let began = Instant::now();
                    let exit = timeout(kill, exit.wait_for(Option::is_some)).await;
                    let exit = exit.ok().and_then(Result::ok).and_then(|exit| *exit);
                    StopReport::panicked(exit, began.elapsed())
                }
            };
            let _ = sender.send(Message::Stopped {
                id,
                report,
                stderr_tail,
            });
        });
    }

    fn started(&mut self, id: &PluginId, result: Result<Session, StartError>) {
        let (now, recovery) = (self.began.elapsed(), &self.options.recovery);
        let Some(entry) = self.entries.get_mut(id) else {
            return;
        };
        let effects = match result {
            Ok(session) => {
                let exit = session.exit_watch();
                entry.has_started(session);
                self.with(id, |_, teller| teller.exit(exit));
                self.entry(id, |entry| entry.life.started())
            }
            Err(error) => {
                let called_off = matches!(error.cause, StartCause::CalledOff);
                let (verdict, effects) = entry.life.start_failed(called_off, now, recovery);
                entry.has_failed(error, called_off, verdict);
                effects
            }
        };
        self.carry_out(id, effects);
    }

    /// A process ended by itself, or is unhealthy.
    fn failed(&mut self, id: &PluginId, start: u64, failure: Failure) {
        let (now, recovery) = (self.began.elapsed(), &self.options.recovery);
        let Some(entry) = self.entries.get_mut(id) else {
            return;
        };
        let (verdict, effects) = match failure {
            Failure::Unhealthy(_) => entry.life.unhealthy(start, now, recovery),
            _ => entry.life.exited(start, now, recovery),
        };
        if verdict != Verdict::Late {
            entry.begin_failure(failure, verdict);
        }
        self.carry_out(id, effects);
    }

    fn stopped(&mut self, id: &PluginId, report: StopReport, stderr_tail: Vec<String>) {
        if let Some(shutdown) = &mut self.shutdown {
            shutdown.reports.insert(id.clone(), report.clone());
        }
        let effects = self.entry(id, |entry| {
            let effects = entry.life.stopped();
            entry.has_stopped(report, stderr_tail);
            effects
        });
        self.carry_out(id, effects);
    }

    fn look_after(&mut self, yes: bool) {
        if self.shutdown.is_some() {
            return;
        }
        self.is_looking_after = yes;
        let ids: Vec<_> = self.entries.keys().cloned().collect();
        for id in ids {
            let effects = self.entry(&id, |entry| {
                entry.life.look_after(yes);
                Vec::new()
            });
            self.carry_out(&id, effects);
        }
    }

    /// Everything at once: what starts is called off, what runs is stopped, what waits is refused.
    fn begin_shutdown(&mut self, reply: oneshot::Sender<StopReports>) {
        let is_first = self.shutdown.is_none();
        let shutdown = self.shutdown.get_or_insert_default();
        shutdown.replies.push(reply);
        if !is_first {
            return;
        }
        let ids: Vec<_> = self.entries.keys().cloned().collect();
        for id in ids {
            let effects = self.entry(&id, |entry| entry.life.shut_down());
            self.carry_out(&id, effects);
        }
        let (sender, limit) = (self.sender.clone(), self.options.timing.shutdown);
        let limit = Watcher::new(async move {
            tokio::time::sleep(limit).await;
            if let Some(sender) = sender.upgrade() {
                let _ = sender.send(Message::Hurry);
            }
        });
        if let Some(shutdown) = &mut self.shutdown {
            shutdown.limit = Some(limit);
        }
    }

    fn finish_shutdown(&mut self) {
        let Some(shutdown) = &mut self.shutdown else {
            return;
        };
        let lives = |entry: &Entry| entry.life.state().has_process();
        if self.entries.values().any(lives) {
            return;
        }
        shutdown.limit = None;
        for reply in shutdown.replies.drain(..) {
            answer(reply, shutdown.reports.clone());
        }
    }

    /// Shows everybody the state of one plugin, if it is news.
    fn publish(&mut self, id: &PluginId) {
        let Some(entry) = self.entries.get_mut(id) else {
            return;
        };
        entry.status.state = entry.life.state();
        let is_forgotten = entry.life.is_forgotten();
        let view = entry.view();
        self.views.send_if_modified(|views| {
            if is_forgotten {
                return views.remove(id).is_some();
            }
            let known = views.get(id);
            let known = known.is_some_and(|known| known.status == view.status);
            if !known {
                views.insert(id.clone(), view);
            }
            !known
        });
        // Whoever hears of a state can see it.
        entry.announce();
    }
}
