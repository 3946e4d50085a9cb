//! What the registry holds for one plugin beside its machine: who waits, what runs, and what there is to see.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{oneshot, watch};

use crate::environment::activate::{ActivateError, Activated, Activation};
use crate::environment::failure::Failure;
use crate::environment::home::Home;
use crate::environment::life::{Life, Reply, Ticket, Verdict, Wish};
use crate::environment::remove::{Folder, Removal, RemoveError};
use crate::environment::state::State;
use crate::environment::status::{LastExit, PluginStatus, View};
use crate::environment::watcher::Watcher;
use crate::event::{PluginEvents, What};
use crate::health::budget::Ruling;
use crate::hooks::HookSet;
use crate::ids::PluginId;
use crate::manifest::Manifest;
use crate::process::Exit;
use crate::supervisor::{Session, StartError, StopReport};

/// One plugin.
pub(super) struct Entry {
    pub(super) life: Life,
    pub(super) status: PluginStatus,
    /// What the latest start was of; there is always one before a start that nobody asked for.
    pub(super) manifest: Option<Manifest>,
    pub(super) session: Option<Arc<Session>>,
    pub(super) call_off: Option<watch::Sender<bool>>,
    pub(super) events: Option<PluginEvents>,
    /// Looks after it while it runs.
    pub(super) checker: Option<Watcher>,
    /// The hooks that it had when it ran last.
    hooks: HookSet,
    /// Ends the pause before it is brought back.
    pub(super) pause: Option<Watcher>,
    /// Why it is being stopped, if nobody asked for that.
    pub(super) failure: Option<(Failure, Verdict)>,
    /// Where it lives, and what would go if it was deleted.
    home: Home,
    /// It was forgotten, and is to be removed once more because a scan found it.
    is_found_anew: bool,
    pending: BTreeMap<Ticket, Pending>,
    outcome: Option<Activated>,
    report: Option<StopReport>,
    announced: State,
}

/// A command, with what it needs and who waits for it.
#[derive(Debug)]
pub(super) enum Pending {
    Activate {
        home: Home,
        manifest: Box<Manifest>,
        anew: bool,
        reply: oneshot::Sender<Activated>,
    },
    Deactivate {
        reply: oneshot::Sender<Option<StopReport>>,
    },
    Remove {
        folder: Folder,
        reply: oneshot::Sender<Removed>,
        /// The stop and the hidden folder, once it is forgotten.
        outcome: Option<Removed>,
    },
}

/// What came of taking a plugin's folder away.
#[derive(Debug)]
pub(super) struct Forgetting {
    /// How it was stopped for that.
    pub(super) stop: Option<StopReport>,
    /// The new name of what is to be deleted.
    pub(super) hidden: io::Result<Option<PathBuf>>,
}

/// The outcome of a removal, whose content is still to be deleted.
pub(super) type Removed = Result<Removal, RemoveError>;

impl Pending {
    fn wish(&self) -> Wish {
        match self {
            Self::Activate { home, anew, .. } => Wish::Activate {
                folder: home.folder.clone(),
                anew: *anew,
            },
            Self::Deactivate { .. } => Wish::Deactivate,
            Self::Remove { .. } => Wish::Remove,
        }
    }

    /// Answers a command for a plugin that nobody knows.
    pub(super) fn not_found(self, id: &PluginId) {
        let id = id.clone();
        match self {
            Self::Activate { reply, .. } => answer(reply, Err(ActivateError::NotFound { id })),
            Self::Deactivate { reply } => answer(reply, None),
            Self::Remove { reply, .. } => answer(reply, Err(RemoveError::NotFound { id })),
        }
    }
}

impl Entry {
    pub(super) fn new(id: PluginId, home: Home, is_looked_after: bool) -> Self {
        Self {
            life: Life::new(home.folder.clone(), is_looked_after),
            status: PluginStatus::new(id, home.folder.clone()),
            manifest: None,
            session: None,
            call_off: None,
            events: None,
            checker: None,
            pause: None,
            hooks: HookSet::EMPTY,
            failure: None,
            home,
            is_found_anew: false,
            pending: BTreeMap::new(),
            outcome: None,
            report: None,
            announced: State::default(),
        }
    }

    /// Somebody says where the plugin lives; one that is known lives where it was started.
    pub(super) fn learn(&mut self, home: Home, pending: &Pending) {
        let is_forgotten = self.life.is_forgotten();
        if is_forgotten || home.folder == self.home.folder {
            self.home.learn(home);
        }
        if is_forgotten {
            self.status.folder = self.home.folder.clone();
            if matches!(pending, Pending::Remove { .. }) {
                self.is_found_anew = true;
                self.life.found();
            }
        }
    }

    /// Keeps a command until it is answered; gives what it wants.
    pub(super) fn keep(&mut self, ticket: Ticket, pending: Pending) -> Wish {
        let wish = pending.wish();
        if matches!(wish, Wish::Remove) && !self.life.state().has_process() {
            // What was stopped before is no part of this removal.
            self.report = None;
        }
        self.pending.insert(ticket, pending);
        wish
    }

    /// The start that is about to begin is that of this command, or one more of what ran last.
    pub(super) fn manifest_for(&mut self, by: Option<Ticket>) -> Option<Manifest> {
        if let Some(Pending::Activate { manifest, home, .. }) =
            by.and_then(|ticket| self.pending.get(&ticket))
        {
            self.manifest = Some(Manifest::clone(manifest));
            self.home.learn(home.clone());
        }
        self.manifest.clone()
    }

    pub(super) fn begin_start(&mut self, call_off: watch::Sender<bool>, events: PluginEvents) {
        self.call_off = Some(call_off);
        self.events = Some(events);
        self.status.folder = self.life.folder().to_owned();
        self.status.starts += 1;
        self.status.restarts += u64::from(self.life.is_return());
        self.status.exit = None;
    }

    /// Calls off the start that is under way; it ends soon, one way or the other.
    pub(super) fn call_off(&self) {
        if let Some(call_off) = &self.call_off {
            call_off.send_replace(true);
        }
    }

    /// Takes the session over.
    pub(super) fn has_started(&mut self, session: Session) {
        self.status.error = None;
        self.status.pid = Some(session.pid());
        self.status.running_since = Some(std::time::Instant::now());
        self.outcome = Some(Ok(Activation {
            id: self.status.id.clone(),
            activated: true,
            pid: session.pid(),
        }));
        self.hooks = session.hooks().implemented();
        self.session = Some(Arc::new(session));
        self.call_off = None;
    }

    pub(super) fn has_failed(&mut self, error: StartError, called_off: bool, verdict: Verdict) {
        let exit = error.stop.as_ref().and_then(|stop| stop.exit);
        let diagnosis = error.diagnosis.as_ref();
        let tail = diagnosis.map(|diagnosis| diagnosis.stderr_tail.clone());
        self.status.exit = exit;
        if let Some(tail) = &tail {
            self.remember_exit(exit, tail);
        }
        self.status.error = None;
        if self.life.is_return() && !called_off {
            let failure = Failure::Restart(error.cause.to_string());
            self.status.error = Some(failure.text(verdict));
            self.emit(failure.event(verdict, exit, tail.unwrap_or_default()));
        } else if !called_off {
            self.status.error = Some(error.cause.to_string());
        }
        self.call_off = None;
        self.outcome = Some(Err(ActivateError::Start(Arc::new(error))));
    }

    /// Hands the session out to be stopped.
    pub(super) fn begin_stop(&mut self) -> Option<Arc<Session>> {
        self.status.pid = None;
        self.status.running_since = None;
        self.checker = None;
        self.session.take()
    }

    /// Notes why it is about to be stopped, although nobody asked for it.
    pub(super) fn begin_failure(&mut self, failure: Failure, verdict: Verdict) {
        let text = failure.text(verdict);
        tracing::error!(plugin = %self.status.id, "{text}");
        self.status.error = Some(text);
        self.failure = Some((failure, verdict));
    }

    /// After the machine knows of it.
    pub(super) fn has_stopped(&mut self, report: StopReport, stderr_tail: Vec<String>) {
        self.status.exit = report.exit.or(self.status.exit);
        self.remember_exit(self.status.exit, &stderr_tail);
        if let Some((failure, verdict)) = self.failure.take() {
            let returns = matches!(self.life.state(), State::Recovering | State::Starting);
            let verdict = match verdict {
                // Somebody has stopped it for good meanwhile.
                Verdict::Ruled(Ruling::Restart { .. }) if !returns => Verdict::Alone,
                verdict => verdict,
            };
            self.emit(failure.event(verdict, self.status.exit, stderr_tail));
        }
        self.report = Some(report);
    }

    /// What is to be hidden for this removal, and how the plugin was stopped for it.
    pub(super) fn begin_forgetting(&self, ticket: Ticket) -> (Option<PathBuf>, Option<StopReport>) {
        let folder = match self.pending.get(&ticket) {
            Some(Pending::Remove { folder, .. }) => *folder,
            _ => Folder::Keep,
        };
        let hidden = (folder == Folder::Delete).then(|| self.home.named());
        (hidden, self.report.clone())
    }

    /// Whether the plugin is forgotten now: from then on nobody sees it. If its folder was to go, and cannot, it stays known.
    pub(super) fn has_forgotten(&mut self, ticket: Ticket, forgetting: Forgetting) -> bool {
        let id = self.status.id.clone();
        let was_gone = std::mem::take(&mut self.is_found_anew);
        let Forgetting { stop, hidden } = forgetting;
        let (is_gone, removed) = match hidden {
            Ok(deleted) => (true, Ok(Removal { id, stop, deleted })),
            // What the scan had found was the folder that the removal before this one has taken away.
            Err(error) if was_gone && error.kind() == io::ErrorKind::NotFound => {
                (true, Err(RemoveError::NotFound { id }))
            }
            Err(source) => {
                let (folder, source) = (self.home.named(), Arc::new(source));
                (false, Err(RemoveError::Folder { id, folder, source }))
            }
        };
        if is_gone {
            self.home.link = None;
            self.status = PluginStatus::new(self.status.id.clone(), self.home.folder.clone());
        }
        if let Some(Pending::Remove { outcome, .. }) = self.pending.get_mut(&ticket) {
            *outcome = Some(removed);
        }
        is_gone
    }

    /// Answers a command; after its effects can be seen.
    pub(super) fn answer(&mut self, ticket: Ticket, reply: Reply) {
        match self.pending.remove(&ticket) {
            Some(Pending::Activate {
                home, reply: to, ..
            }) => {
                let activated = self.activated(reply, home.folder);
                answer(to, activated);
            }
            Some(Pending::Deactivate { reply: to }) => {
                let report = self.report.clone().filter(|_| reply == Reply::Stop);
                answer(to, report);
            }
            Some(Pending::Remove {
                reply: to, outcome, ..
            }) => {
                let id = self.status.id.clone();
                answer(to, outcome.unwrap_or(Err(RemoveError::NotFound { id })));
            }
            None => {
                tracing::error!(plugin = %self.status.id, "a command is answered that is not there")
            }
        }
    }

    fn activated(&mut self, reply: Reply, asked: PathBuf) -> Activated {
        let id = self.status.id.clone();
        match (reply, &self.outcome) {
            (Reply::OtherFolder, _) => Err(ActivateError::OtherFolder {
                id,
                live: self.status.folder.clone(),
                asked,
            }),
            (Reply::AlreadyRunning, _) => {
                let (activated, pid) = (false, self.status.pid.unwrap_or_default());
                Ok(Activation { id, activated, pid })
            }
            (Reply::Start, Some(outcome)) => outcome.clone(),
            _ => Err(ActivateError::ShutDown),
        }
    }

    pub(super) fn view(&self) -> View {
        View {
            status: self.status.clone(),
            session: self.session.clone(),
            missed: match self.life.is_missed() {
                true => self.hooks,
                false => HookSet::EMPTY,
            },
        }
    }

    /// Reports the state if it has changed since the last time.
    pub(super) fn announce(&mut self) {
        let state = self.status.state;
        if self.announced.word() != state.word() {
            self.emit(What::StateChanged {
                state: state.word().to_owned(),
            });
        }
        self.announced = state;
    }

    fn remember_exit(&mut self, exit: Option<Exit>, stderr_tail: &[String]) {
        self.status.last_exit = Some(LastExit {
            exit,
            stderr_tail: stderr_tail.into(),
        });
    }

    fn emit(&self, what: What) {
        if let Some(events) = &self.events {
            events.emit(what);
        }
    }
}

/// Whoever asked and went away does not want to know.
pub(super) fn answer<T>(reply: oneshot::Sender<T>, value: T) {
    drop(reply.send(value));
}
