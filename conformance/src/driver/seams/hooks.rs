//! What an administrator decides about hooks, and faults that decide otherwise.

use std::time::Duration;

use plugin_host::hooks::table::{Failing, TABLE};
use plugin_host::policy::{CallLimit, Consumed, HookPolicy, HttpPieceLimit, OnFailure};
use plugin_host::timing::{HookClass, Timing};
use plugin_proto::find_hook;

use crate::driver::fault::Fault;
use crate::driver::protocol::hooks::HookSettings;
use crate::driver::protocol::{Configuration, Refusal};

/// What comes before the name of a hook, or of a class of hooks, in the name of its bound.
const PREFIX: &str = "hook.";

/// The policy for a configuration, with one fault at most.
pub(super) fn policy(fault: Option<Fault>, settings: &HookSettings) -> Result<HookPolicy, Refusal> {
    let mut policy = HookPolicy::default();
    for (hook, word) in &settings.failure {
        let on_failure = OnFailure::parse(word).ok_or_else(|| bad("failure", word))?;
        policy.on_failure.insert(hook.clone(), on_failure);
    }
    if let Some(word) = &settings.consumed {
        policy.consumed = Consumed::parse(word).ok_or_else(|| bad("consumed", word))?;
    }
    policy.calls = settings.calls.map(|calls| CallLimit {
        concurrent: calls.concurrent,
        queued: calls.queued,
    });
    misdecide(fault, &mut policy);
    Ok(policy)
}

fn misdecide(fault: Option<Fault>, policy: &mut HookPolicy) {
    match fault {
        Some(Fault::ClosedByDefault) => {
            for row in TABLE {
                if matches!(row.failing, Failing::Decides(_)) {
                    let name = row.hook.name.to_owned();
                    policy.on_failure.entry(name).or_insert(OnFailure::Stop);
                }
            }
        }
        Some(Fault::NeverOpens) => policy
            .on_failure
            .retain(|_, decided| *decided == OnFailure::Stop),
        Some(Fault::AcceptsUnknownHooks) => policy
            .on_failure
            .retain(|hook, _| find_hook(hook).is_some()),
        Some(Fault::AnswerIsAll) => policy.consumed = Consumed::AnswerIsAll,
        Some(Fault::KeepsEveryPost) => policy.consumed = Consumed::ReplaceById,
        Some(Fault::SendsLargePieces) => policy.http_piece = HttpPieceLimit(1024 * 1024),
        Some(Fault::QueuesWithoutEnd) => {
            policy.calls = policy.calls.map(|calls| CallLimit {
                queued: usize::MAX,
                ..calls
            });
        }
        Some(Fault::NeverQueues) => {
            policy.calls = policy.calls.map(|calls| CallLimit { queued: 0, ..calls });
        }
        _ => {}
    }
}

/// Sets the bounds of single hooks, `hook.NAME`, and of classes of hooks, `hook.waiting`.
pub(super) fn bounds(configuration: &Configuration, timing: &mut Timing) {
    for (name, ms) in &configuration.timing_ms {
        let Some(name) = name.strip_prefix(PREFIX) else {
            continue;
        };
        let bound = Duration::from_millis(*ms);
        match HookClass::ALL.iter().find(|class| class.word() == name) {
            Some(class) => timing.hook_classes.insert(*class, bound),
            None => timing.hooks.insert(name.to_owned(), bound),
        };
    }
}

fn bad(setting: &str, word: &str) -> Refusal {
    Refusal {
        kind: "configuration".to_owned(),
        message: format!("{word:?} is no value of {setting}"),
        ..Refusal::default()
    }
}
