//! The one task that knows all plugins: it alone changes their states, and everybody else sends it messages.
//!
//! Starts and stops run in tasks of their own and report back, so plugins never wait for each other. Commands for one
//! plugin are taken in the order in which they came; a command that must wait keeps its place.
//!
//! Invariant: every command is answered, and its effect is shown before: who has the answer sees the state that it speaks of.

use std::collections::BTreeMap;
use std::path::PathBuf;

use tokio::sync::{mpsc, oneshot, watch};

use crate::environment::activate::ActivateError;
use crate::environment::entry::{Activate, Entry, Waiting, answer};
use crate::environment::state::{Happening, Reaction, State};
use crate::environment::status::Views;
use crate::ids::PluginId;
use crate::manifest::Manifest;
use crate::process::Exit;
use crate::supervisor::{self, Session, StartError, StartOrder, StopReport};

pub(super) type StopReports = BTreeMap<PluginId, StopReport>;

/// What the task is told.
#[derive(Debug)]
pub(super) enum Message {
    Activate(Activate),
    Deactivate {
        id: PluginId,
        reply: oneshot::Sender<Option<StopReport>>,
    },
    Shutdown {
        reply: oneshot::Sender<StopReports>,
    },
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
    Stopped {
        id: PluginId,
        report: StopReport,
    },
}

/// Makes the order for a start.
pub(super) type MakeOrder =
    Box<dyn Fn(PathBuf, Manifest, watch::Receiver<bool>) -> StartOrder + Send>;

pub(super) struct Registry {
    make_order: MakeOrder,
    /// Weak, so that the task ends when the last handle of the environment does.
    sender: mpsc::WeakUnboundedSender<Message>,
    entries: BTreeMap<PluginId, Entry>,
    views: watch::Sender<Views>,
    shutdown: Option<Shutdown>,
}

#[derive(Default)]
struct Shutdown {
    replies: Vec<oneshot::Sender<StopReports>>,
    reports: StopReports,
}

impl Registry {
    pub(super) fn new(
        make_order: MakeOrder,
        sender: mpsc::WeakUnboundedSender<Message>,
        views: watch::Sender<Views>,
    ) -> Self {
        Self {
            make_order,
            sender,
            entries: BTreeMap::new(),
            views,
            shutdown: None,
        }
    }

    /// Works until the last handle of the environment is dropped; what still runs is then killed.
    pub(super) async fn run(mut self, mut messages: mpsc::UnboundedReceiver<Message>) {
        while let Some(message) = messages.recv().await {
            self.take(message);
            self.finish_shutdown();
        }
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Activate(activation) => self.activate(activation),
            Message::Deactivate { id, reply } => match self.entries.get_mut(&id) {
                Some(entry) => {
                    entry.waiting.push_back(Waiting::Deactivate(reply));
                    self.proceed(&id);
                }
                None => answer(reply, None),
            },
            Message::Shutdown { reply } => self.begin_shutdown(reply),
            Message::Started { id, result } => self.started(&id, *result),
            Message::Exited { id, start, exit } => self.exited(&id, start, exit),
            Message::Stopped { id, report } => self.stopped(&id, report),
        }
    }

    fn activate(&mut self, activation: Activate) {
        if self.shutdown.is_some() {
            return answer(activation.reply, Err(ActivateError::ShutDown));
        }
        let id = activation.manifest.id.clone();
        let entry = self
            .entries
            .entry(id.clone())
            .or_insert_with(|| Entry::new(id.clone(), activation.folder.clone()));
        entry.waiting.push_back(Waiting::Activate(activation));
        self.proceed(&id);
    }

    /// Takes waiting commands of one plugin, as far as its state allows.
    fn proceed(&mut self, id: &PluginId) {
        while let Some(entry) = self.entries.get_mut(id)
            && let Some(next) = entry.waiting.pop_front()
        {
            let reaction = entry.status.state.react(next.command());
            match (reaction, next) {
                (Reaction::Wait | Reaction::StopAndWait | Reaction::CallOffAndWait, next) => {
                    entry.waiting.push_front(next);
                    match reaction {
                        Reaction::CallOffAndWait => entry.call_off(),
                        Reaction::StopAndWait => self.begin_stop(id, State::Stopping),
                        _ => {}
                    }
                    break;
                }
                (_, Waiting::Deactivate(reply)) => self.take_deactivation(id, reaction, reply),
                (_, Waiting::Activate(activation)) => {
                    self.take_activation(id, reaction, activation);
                }
            }
        }
        self.publish(id);
    }

    fn take_deactivation(
        &mut self,
        id: &PluginId,
        reaction: Reaction,
        reply: oneshot::Sender<Option<StopReport>>,
    ) {
        let Some(entry) = self.entries.get_mut(id) else {
            return;
        };
        if reaction == Reaction::NothingToStop {
            entry.status.state = State::NotRunning;
            self.publish(id);
            return answer(reply, None);
        }
        entry.deactivations.push(reply);
        if reaction == Reaction::Stop {
            self.begin_stop(id, State::Stopping);
        }
    }

    fn take_activation(&mut self, id: &PluginId, reaction: Reaction, activation: Activate) {
        let Some(entry) = self.entries.get_mut(id) else {
            return;
        };
        let Activate {
            folder,
            manifest,
            reply,
            ..
        } = activation;
        if entry.status.state.has_process() && entry.status.folder != folder {
            return answer(reply, Err(entry.other_folder(folder)));
        }
        if reaction == Reaction::AlreadyRunning {
            return answer(reply, entry.already_running());
        }
        entry.activations.push(reply);
        if reaction == Reaction::Start {
            self.begin_start(id, folder, *manifest);
        }
    }

    fn begin_start(&mut self, id: &PluginId, folder: PathBuf, manifest: Manifest) {
        let (Some(entry), Some(sender)) = (self.entries.get_mut(id), self.sender.upgrade()) else {
            return;
        };
        let (call_off, called_off) = watch::channel(false);
        let order = (self.make_order)(folder.clone(), manifest, called_off);
        entry.begin_start(folder, call_off, order.events.clone());
        let id = id.clone();
        tokio::spawn(async move {
            let result = Box::new(supervisor::start(order).await);
            // When nobody listens any more, the session goes with the message and its process is killed.
            let _ = sender.send(Message::Started { id, result });
        });
    }

    fn begin_stop(&mut self, id: &PluginId, state: State) {
        let (Some(entry), Some(sender)) = (self.entries.get_mut(id), self.sender.upgrade()) else {
            return;
        };
        let Some(session) = entry.begin_stop(state) else {
            return;
        };
        let id = id.clone();
        tokio::spawn(async move {
            let report = session.stop().await;
            drop(session);
            let _ = sender.send(Message::Stopped { id, report });
        });
    }

    fn started(&mut self, id: &PluginId, result: Result<Session, StartError>) {
        let Some(entry) = self.entries.get_mut(id) else {
            return;
        };
        match result {
            Ok(session) => {
                let exit = session.exit_watch();
                let start = entry.has_started(session);
                self.watch_exit(id.clone(), start, exit);
                self.publish(id);
                self.answer(id, Entry::answer_started);
            }
            Err(error) => {
                entry.has_failed(&error);
                self.publish(id);
                self.answer(id, |entry| entry.answer_failed(error));
            }
        }
        self.proceed(id);
    }

    /// Answers those who waited; after `publish`.
    fn answer(&mut self, id: &PluginId, say: impl FnOnce(&mut Entry)) {
        if let Some(entry) = self.entries.get_mut(id) {
            say(entry);
        }
    }

    /// Lets the task know when the process ends. The watcher keeps nothing of the environment alive.
    fn watch_exit(&self, id: PluginId, start: u64, mut exit: watch::Receiver<Option<Exit>>) {
        let sender = self.sender.clone();
        tokio::spawn(async move {
            let exit = match exit.wait_for(Option::is_some).await {
                Ok(exit) => exit.unwrap_or(Exit::Unknown),
                Err(_) => return,
            };
            if let Some(sender) = sender.upgrade() {
                let _ = sender.send(Message::Exited { id, start, exit });
            }
        });
    }

    fn exited(&mut self, id: &PluginId, start: u64, exit: Exit) {
        let Some(entry) = self.entries.get_mut(id) else {
            return;
        };
        if entry.status.starts != start {
            return;
        }
        entry.status.exit = Some(exit);
        let state = entry.status.state.after(Happening::Exited);
        if state == State::Cleaning && entry.status.state != State::Cleaning {
            entry.status.error = Some(format!("the plugin ended by itself: {exit}"));
            tracing::error!(plugin = %id, %exit, "the plugin ended by itself");
            self.begin_stop(id, state);
        }
        self.publish(id);
    }

    fn stopped(&mut self, id: &PluginId, report: StopReport) {
        let Some(entry) = self.entries.get_mut(id) else {
            return;
        };
        entry.has_stopped(&report);
        self.publish(id);
        self.answer(id, |entry| entry.answer_stopped(&report));
        if let Some(shutdown) = &mut self.shutdown {
            shutdown.reports.insert(id.clone(), report);
        }
        self.proceed(id);
    }

    /// Everything at once: what starts is called off, what runs is stopped, what waits is refused.
    fn begin_shutdown(&mut self, reply: oneshot::Sender<StopReports>) {
        let shutdown = self.shutdown.get_or_insert_default();
        shutdown.replies.push(reply);
        for entry in self.entries.values_mut() {
            entry.refuse_activations();
            // Nobody waits for this one by itself.
            let (reply, _) = oneshot::channel();
            entry.waiting.push_back(Waiting::Deactivate(reply));
        }
        let ids: Vec<_> = self.entries.keys().cloned().collect();
        for id in ids {
            self.proceed(&id);
        }
    }

    fn finish_shutdown(&mut self) {
        let Some(shutdown) = &mut self.shutdown else {
            return;
        };
        if self
            .entries
            .values()
            .any(|entry| entry.status.state.has_process())
        {
            return;
        }
        for reply in shutdown.replies.drain(..) {
            answer(reply, shutdown.reports.clone());
        }
    }

    /// Shows everybody the state of one plugin, if it is news.
    fn publish(&mut self, id: &PluginId) {
        if let Some(entry) = self.entries.get_mut(id) {
            entry.announce();
            let view = entry.view();
            self.views.send_if_modified(|views| {
                let known = views
                    .get(id)
                    .is_some_and(|known| known.status == view.status);
                if !known {
                    views.insert(id.clone(), view);
                }
                !known
            });
        }
    }
}
