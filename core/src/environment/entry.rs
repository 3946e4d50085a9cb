//! What the registry knows about one plugin, and what changes when something happens to it.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{oneshot, watch};

use crate::environment::activate::{ActivateError, Activated, Activation};
use crate::environment::state::{Command, Happening, State};
use crate::environment::status::{PluginStatus, View};
use crate::event::{PluginEvents, What};
use crate::ids::PluginId;
use crate::manifest::Manifest;
use crate::supervisor::{Session, StartCause, StartError, StopReport};

/// One plugin.
pub(super) struct Entry {
    pub(super) status: PluginStatus,
    /// Commands that were not taken yet, in their order.
    pub(super) waiting: VecDeque<Waiting>,
    /// Who waits for the start that is under way.
    pub(super) activations: Vec<oneshot::Sender<Activated>>,
    /// Who waits for the stop that is under way.
    pub(super) deactivations: Vec<oneshot::Sender<Option<StopReport>>>,
    session: Option<Arc<Session>>,
    call_off: Option<watch::Sender<bool>>,
    events: Option<PluginEvents>,
    announced: State,
}

/// The command that a plugin shall run.
#[derive(Debug)]
pub(super) struct Activate {
    pub(super) folder: PathBuf,
    pub(super) manifest: Box<Manifest>,
    /// Whether a running process must be replaced.
    pub(super) anew: bool,
    pub(super) reply: oneshot::Sender<Activated>,
}

/// A command that was not taken yet.
pub(super) enum Waiting {
    Activate(Activate),
    Deactivate(oneshot::Sender<Option<StopReport>>),
}

impl Waiting {
    pub(super) fn command(&self) -> Command {
        match self {
            Self::Activate(Activate { anew: false, .. }) => Command::Activate,
            Self::Activate(Activate { anew: true, .. }) => Command::Restart,
            Self::Deactivate(_) => Command::Deactivate,
        }
    }
}

impl Entry {
    pub(super) fn new(id: PluginId, folder: PathBuf) -> Self {
        Self {
            status: PluginStatus::new(id, folder),
            waiting: VecDeque::new(),
            activations: Vec::new(),
            deactivations: Vec::new(),
            session: None,
            call_off: None,
            events: None,
            announced: State::default(),
        }
    }

    pub(super) fn begin_start(
        &mut self,
        folder: PathBuf,
        call_off: watch::Sender<bool>,
        events: PluginEvents,
    ) {
        self.call_off = Some(call_off);
        self.events = Some(events);
        self.status.folder = folder;
        self.status.state = State::Starting;
        self.status.starts += 1;
        self.status.exit = None;
    }

    /// Calls off the start that is under way; it ends soon, one way or the other.
    pub(super) fn call_off(&self) {
        if let Some(call_off) = &self.call_off {
            call_off.send_replace(true);
        }
    }

    /// Takes the session over; gives the number of its start.
    pub(super) fn has_started(&mut self, session: Session) -> u64 {
        self.status.state = self.status.state.after(Happening::Started);
        self.status.error = None;
        self.status.pid = Some(session.pid());
        self.session = Some(Arc::new(session));
        self.call_off = None;
        self.status.starts
    }

    pub(super) fn has_failed(&mut self, error: &StartError) {
        let happening = match error.cause {
            StartCause::CalledOff => Happening::StartCalledOff,
            _ => Happening::StartFailed,
        };
        self.status.state = self.status.state.after(happening);
        self.status.error = (happening == Happening::StartFailed).then(|| error.cause.to_string());
        self.status.exit = error.stop.as_ref().and_then(|stop| stop.exit);
        self.call_off = None;
    }

    /// Tells everybody who waited for the start that the plugin runs.
    pub(super) fn answer_started(&mut self) {
        let activation = Activation {
            id: self.status.id.clone(),
            activated: true,
            pid: self.status.pid.unwrap_or_default(),
        };
        self.answer_activations(&Ok(activation));
    }

    /// Tells everybody who waited for the start why it failed.
    pub(super) fn answer_failed(&mut self, error: StartError) {
        self.answer_activations(&Err(ActivateError::Start(Arc::new(error))));
    }

    /// Hands the session out to be stopped.
    pub(super) fn begin_stop(&mut self, state: State) -> Option<Arc<Session>> {
        let session = self.session.take()?;
        self.status.state = state;
        self.status.pid = None;
        Some(session)
    }

    pub(super) fn has_stopped(&mut self, report: &StopReport) {
        self.status.state = self.status.state.after(Happening::Stopped);
        self.status.exit = report.exit.or(self.status.exit);
    }

    /// Tells everybody who waited for the stop how it went.
    pub(super) fn answer_stopped(&mut self, report: &StopReport) {
        for reply in self.deactivations.drain(..) {
            answer(reply, Some(report.clone()));
        }
    }

    /// The answer to an activation of a running plugin, which clears the text of earlier errors.
    pub(super) fn already_running(&mut self) -> Activated {
        self.status.error = None;
        Ok(Activation {
            id: self.status.id.clone(),
            activated: false,
            pid: self.status.pid.unwrap_or_default(),
        })
    }

    pub(super) fn other_folder(&self, asked: PathBuf) -> ActivateError {
        ActivateError::OtherFolder {
            id: self.status.id.clone(),
            live: self.status.folder.clone(),
            asked,
        }
    }

    pub(super) fn view(&self) -> View {
        View {
            status: self.status.clone(),
            session: self.session.clone(),
        }
    }

    /// Reports the state, if it has changed since the last time.
    pub(super) fn announce(&mut self) {
        let state = self.status.state;
        if self.announced.word() != state.word()
            && let Some(events) = &self.events
        {
            events.emit(What::StateChanged {
                state: state.word().to_owned(),
            });
        }
        self.announced = state;
    }

    /// Answers the activations that were not taken yet: there will be none any more.
    pub(super) fn refuse_activations(&mut self) {
        for waiting in std::mem::take(&mut self.waiting) {
            match waiting {
                Waiting::Activate(Activate { reply, .. }) => {
                    answer(reply, Err(ActivateError::ShutDown));
                }
                deactivate @ Waiting::Deactivate(_) => self.waiting.push_back(deactivate),
            }
        }
    }

    fn answer_activations(&mut self, activated: &Activated) {
        for reply in self.activations.drain(..) {
            answer(reply, activated.clone());
        }
    }
}

/// Whoever asked and went away does not want to know.
pub(super) fn answer<T>(reply: oneshot::Sender<T>, value: T) {
    drop(reply.send(value));
}
