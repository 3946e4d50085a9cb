//! What the calls of a plugin go by: options, looked up once per start and not once per call. Pure.

use std::time::Duration;

use plugin_proto::{HOOKS, Method};

use crate::hooks::redact::Redaction;
use crate::hooks::table;
use crate::policy::{CallLimit, HookPolicy, HttpFaults, Policy};
use crate::timing::{HttpTiming, Timing};

/// Deadlines, redaction, limit and policy of the calls to one plugin.
#[derive(Debug)]
pub struct Rules {
    deadlines: Box<[Duration]>,
    pub(super) redaction: &'static Redaction,
    pub(super) policy: HookPolicy,
    pub(super) limit: Option<CallLimit>,
    pub(super) faults: Faults,
    pub(super) http: HttpFaults,
    pub(super) http_timing: HttpTiming,
}

/// Where calls are as bad as the reference's.
#[derive(Debug, Clone, Copy)]
pub(super) struct Faults {
    pub(super) swallow_error_text: bool,
    pub(super) outlive_callers: bool,
    pub(super) count_failures_as_successes: bool,
}

impl Rules {
    /// The rules that follow from a host's options.
    pub fn new(timing: &Timing, policy: &Policy, hooks: &HookPolicy) -> Self {
        let deadline = |hook: &Method| match table::row(hook) {
            Some(row) if !policy.one_hook_deadline => timing.of_hook(hook.name, row.class),
            _ => timing.hook,
        };
        let mut own = hooks.clone();
        if policy.always_fail_open {
            own.on_failure.clear();
            let rows = table::TABLE.iter();
            let deciding = rows.filter(|row| matches!(row.failing, table::Failing::Decides(_)));
            let open = crate::policy::OnFailure::Pass;
            own.on_failure
                .extend(deciding.map(|row| (row.hook.name.to_owned(), open)));
        }
        Self {
            deadlines: HOOKS.iter().map(deadline).collect(),
            redaction: Redaction::of(policy),
            policy: own,
            limit: hooks.calls.filter(|_| !policy.unlimited_calls),
            faults: Faults {
                swallow_error_text: policy.swallow_hook_error_text,
                outlive_callers: policy.outlive_callers,
                count_failures_as_successes: policy.count_failures_as_successes,
            },
            http: policy.http,
            http_timing: timing.http.clone(),
        }
    }

    /// How long a hook may take.
    pub fn deadline(&self, hook: &Method) -> Duration {
        self.deadlines[hook.index]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timing::HookClass;
    use plugin_proto::find_hook;

    #[test]
    fn a_single_hook_beats_its_class_and_a_class_beats_the_rest() {
        let second = Duration::from_secs;
        let mut timing = Timing {
            hook: second(9),
            ..Timing::default()
        };
        timing.hook_classes.insert(HookClass::Waiting, second(2));
        timing.hooks.insert("UserWillLogIn".to_owned(), second(1));
        let deadlines = |policy: &Policy| {
            let rules = Rules::new(&timing, policy, &HookPolicy::default());
            [
                "UserWillLogIn",
                "MessageWillBePosted",
                "MessageHasBeenPosted",
            ]
            .map(|name| rules.deadline(find_hook(name).unwrap()))
        };
        let mut policy = Policy::default();
        assert_eq!(deadlines(&policy), [second(1), second(2), second(9)]);
        policy.one_hook_deadline = true;
        assert_eq!(deadlines(&policy), [second(9); 3]);
    }
}
