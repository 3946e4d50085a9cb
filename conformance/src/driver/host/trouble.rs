//! Faults in how a host bears bad input and crowds: what they do before a hook, after it, and around starts.

use std::sync::atomic::{AtomicBool, Ordering};

use plugin_host::health::Health as Checked;
use plugin_proto::find_hook;
use serde_json::json;
use tokio::sync::{Mutex, MutexGuard};

use super::{Answer, Host, told};
use crate::driver::fault::Fault;
use crate::driver::protocol::Called;

/// What these faults remember.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    /// A connection was lost.
    lost: AtomicBool,
    /// An answer is on its way that came too late.
    late: AtomicBool,
    restarting: AtomicBool,
    /// Held by the running start.
    starting: Mutex<()>,
}

impl Host {
    /// The answer to a hook that is not called, if the fault has one.
    pub(super) async fn trouble_before_hook(&self, hook: &str) -> Option<Answer> {
        match self.fault? {
            Fault::AnswersUnknownHooks if find_hook(hook).is_none() => {
                Some(told(&Called::Answered {
                    response: json!({}),
                }))
            }
            Fault::NeverReconnects if self.trouble.lost.load(Ordering::Relaxed) => {
                Some(told(&Called::Failed {
                    kind: "unavailable".to_owned(),
                    message: "the connection is lost".to_owned(),
                }))
            }
            Fault::HooksHangInRestart if self.trouble.restarting.load(Ordering::Relaxed) => {
                std::future::pending().await
            }
            _ => None,
        }
    }

    /// What the fault makes of how a hook ended.
    pub(super) fn trouble_after_hook(&self, called: Called) -> Called {
        let empty = Called::Answered {
            response: json!({}),
        };
        match (self.fault, &called) {
            (Some(Fault::GarbageIsEmpty), Called::Failed { kind, .. }) if kind == "violation" => {
                empty
            }
            (Some(Fault::AnswersForTheAbsent), Called::NotImplemented {}) => empty,
            (Some(Fault::FailuresLookAlike), Called::Failed { message, .. }) => Called::Failed {
                kind: "status".to_owned(),
                message: message.clone(),
            },
            (Some(Fault::NeverReconnects), Called::Failed { kind, .. })
                if kind == "unavailable" =>
            {
                self.trouble.lost.store(true, Ordering::Relaxed);
                called
            }
            (Some(Fault::LateAnswerIsNext), Called::Failed { kind, .. }) if kind == "deadline" => {
                self.trouble.late.store(true, Ordering::Relaxed);
                called
            }
            (Some(Fault::LateAnswerIsNext), Called::Answered { .. })
                if self.trouble.late.swap(false, Ordering::Relaxed) =>
            {
                empty
            }
            _ => called,
        }
    }

    /// Whether a check that gave this counts as healthy for the fault.
    pub(super) fn trouble_in_health(&self, health: Checked) -> bool {
        self.has(Fault::GarbageIsHealthy) && !matches!(health, Checked::Status(_))
    }

    /// Waits for the start before, if the fault is that starts wait for each other.
    pub(super) async fn trouble_before_start(&self) -> Option<MutexGuard<'_, ()>> {
        if self.has(Fault::StartsOneAtATime) {
            return Some(self.trouble.starting.lock().await);
        }
        None
    }

    /// Says whether a restart is under way.
    pub(super) fn trouble_in_restart(&self, is: bool) {
        self.trouble.restarting.store(is, Ordering::Relaxed);
    }
}
