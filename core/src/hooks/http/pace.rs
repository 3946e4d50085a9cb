//! How long a stream may stand still and on whose account, and why its request broke off if it did. Shared by both directions.
//!
//! ```text
//!  the client has more to send, and does not   ── upload_idle ──▶ the request is at fault
//!  everything else: the plugin takes nothing,  ── first_byte,
//!  or has all and says nothing                    then idle   ──▶ the plugin is late
//!  whatever it is                              ── total       ──▶ the plugin is late
//! ```

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use tonic::Status;

use super::HOOK;
use crate::hooks::outcome::{Failure, FailureKind};
use crate::policy::HttpFaults;
use crate::timing::HttpTiming;

/// The limits of one stream. Nothing means that there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Limits {
    first_byte: Option<Duration>,
    idle: Option<Duration>,
    upload_idle: Option<Duration>,
    total: Option<Duration>,
    end: Duration,
}

impl Limits {
    /// The limits that follow from the options and the hook's own deadline.
    pub(super) fn new(timing: &HttpTiming, deadline: Duration, faults: &HttpFaults) -> Self {
        let limited = !faults.no_deadlines;
        let limit = |limit: Option<Duration>| limit.filter(|_| limited);
        Self {
            first_byte: limit(Some(timing.first_byte.unwrap_or(deadline))),
            idle: limit(Some(timing.idle.unwrap_or(deadline))),
            upload_idle: limit(Some(timing.upload_idle)),
            total: limit(timing.total),
            end: timing.end,
        }
    }

    /// The shortest limit of those that count from the last movement.
    fn shortest(&self) -> Option<Duration> {
        let all = [self.first_byte, self.idle, self.upload_idle];
        all.into_iter().flatten().min()
    }
}

/// The pace of one stream.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    limits: Limits,
    began: Instant,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug)]
struct Shared {
    moved: Instant,
    /// The plugin has said something.
    answered: bool,
    /// The connection would take more of the body, and the client has sent none.
    clients_turn: bool,
    broke: Option<String>,
}

/// What stands still for too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Late {
    FirstByte,
    Idle,
    Upload,
    Total,
}

impl Pace {
    /// A stream that begins now.
    pub(super) fn new(limits: Limits) -> Self {
        let began = Instant::now();
        let shared = Shared {
            moved: began,
            answered: false,
            clients_turn: false,
            broke: None,
        };
        Self {
            limits,
            began,
            shared: Arc::new(Mutex::new(shared)),
        }
    }

    /// Something came or went.
    pub(super) fn moved(&self) {
        self.shared().moved = Instant::now();
    }

    /// A part of the request has left, or its end: what comes next is the plugin's.
    pub(super) fn sent(&self) {
        let mut shared = self.shared();
        shared.moved = Instant::now();
        shared.clients_turn = false;
    }

    /// All that the client has sent so far has left.
    pub(super) fn wants_more(&self) {
        let mut shared = self.shared();
        if !shared.clients_turn {
            shared.clients_turn = true;
            shared.moved = Instant::now();
        }
    }

    /// The plugin has said something.
    pub(super) fn answered(&self) {
        let mut shared = self.shared();
        shared.moved = Instant::now();
        shared.answered = true;
    }

    /// The body of the request broke off.
    pub(super) fn broke(&self, text: String) {
        self.shared().broke = Some(text);
    }

    /// How long the end of a whole answer's stream is waited for.
    pub(super) fn end(&self) -> Duration {
        self.limits.end
    }

    /// Waits as long as the stream moves.
    ///
    /// # Errors
    /// Who is late, and with what.
    pub(super) async fn hold<T>(&self, wait: impl Future<Output = T>) -> Result<T, Failure> {
        let mut wait = std::pin::pin!(wait);
        loop {
            let Some((due, _)) = self.due() else {
                return Ok(wait.await);
            };
            // The turn may change meanwhile, to one that has less time: no limit ends before the shortest, counted from now.
            let due = match self.limits.shortest() {
                Some(shortest) => due.min(Instant::now() + shortest),
                None => due,
            };
            tokio::select! {
                biased;
                value = &mut wait => return Ok(value),
                () = sleep_until(due) => {}
            }
            match self.due() {
                Some((due, late)) if due <= Instant::now() => return Err(self.late(late)),
                _ => {}
            }
        }
    }

    /// When the stream is late, and with what, if nothing happens until then.
    fn due(&self) -> Option<(Instant, Late)> {
        let shared = self.shared();
        let (limit, late) = match (shared.clients_turn, shared.answered) {
            (true, _) => (self.limits.upload_idle, Late::Upload),
            (false, false) => (self.limits.first_byte, Late::FirstByte),
            (false, true) => (self.limits.idle, Late::Idle),
        };
        let still = limit.map(|limit| (shared.moved + limit, late));
        let total = self
            .limits
            .total
            .map(|total| (self.began + total, Late::Total));
        match (still, total) {
            (Some(still), Some(total)) => Some(if still.0 <= total.0 { still } else { total }),
            (still, total) => still.or(total),
        }
    }

    fn late(&self, late: Late) -> Failure {
        let of = |limit: Option<Duration>| limit.unwrap_or_default();
        let limits = &self.limits;
        let (kind, text) = match late {
            Late::FirstByte => {
                let within = of(limits.first_byte);
                (
                    FailureKind::Deadline,
                    format!("no answer within {within:?}"),
                )
            }
            Late::Idle => {
                let within = of(limits.idle);
                let text = format!("no answer within {within:?} after the last part of it");
                (FailureKind::Deadline, text)
            }
            Late::Upload => {
                let within = of(limits.upload_idle);
                let text = format!("the body of the request stood still for {within:?}");
                (FailureKind::RequestStalled, text)
            }
            Late::Total => {
                let within = of(limits.total);
                let text = format!("request and answer were not over within {within:?}");
                (FailureKind::Deadline, text)
            }
        };
        Failure {
            hook: HOOK.name,
            kind,
            text,
        }
    }

    /// What it means that the call ended with this status.
    pub(super) fn failure(&self, status: &Status) -> Failure {
        match self.shared().broke.clone() {
            None => Failure::from_status(HOOK.name, status),
            Some(text) => Failure {
                hook: HOOK.name,
                kind: FailureKind::RequestBroken,
                text,
            },
        }
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
