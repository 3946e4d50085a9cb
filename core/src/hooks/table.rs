//! One row per hook, saying what the descriptor cannot: who is asked, how long is too long, when it may be called, and what it
//! means that nothing came back. Pure.
//!
//! Types, path, shape and fields come from the descriptor. The meanings of failure are the reference's: it lets pass what its
//! filters could not be asked about.
//!
//! Invariant: each hook has exactly one row; `Implemented` has none, because the host itself asks it, once per start.

use bytes::Bytes;
use plugin_proto::{Method, Rpc, find_hook, hook};
use prost::{DecodeError, Message as _};

use crate::policy::{HookPolicy, OnFailure};
use crate::timing::{HookClass, Timing};

/// Who is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FanOut {
    /// The plugin that it is about.
    One,
    /// Every plugin that has the hook, one after another, whatever the others did.
    AllInOrder,
    /// The same, each given what the one before made of it, until one says no.
    ChainUntilRejected,
}

/// When a hook may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Gate {
    /// By the host itself also before the plugin is active, or after.
    BeforeActive,
    /// Only while the plugin is active.
    Active,
}

/// What it means that the call failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Failing {
    /// Nothing: it is logged.
    Logged,
    /// An error for the caller, who asked for a result.
    Reported,
    /// The hook decides about something; this is what happens to it unless an administrator says otherwise.
    Decides(OnFailure),
}

/// What an answer does, besides what the descriptor shows: a field `modified_x` replaces the request's field of its type whose
/// name ends in `x`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Nothing more.
    Plain,
    /// New content gives the file a new size.
    File,
    /// New texts are written into the notification's JSON.
    Email,
    /// A new configuration has to be JSON.
    Configuration,
    /// The answer is posts; the policy says what becomes of the others.
    Posts,
}

/// What is known about one hook.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The hook.
    pub hook: &'static Method,
    /// Who is asked.
    pub fan_out: FanOut,
    /// How long is too long.
    pub class: HookClass,
    /// When it may be called.
    pub gate: Gate,
    /// What it means that the call failed.
    pub failing: Failing,
    /// What its answer does.
    pub effect: Effect,
    answer: fn(&Bytes) -> Result<(), DecodeError>,
}

impl Row {
    /// Whether these bytes are an answer of this hook, down to the last field.
    pub(super) fn check_answer(&self, answer: &Bytes) -> Result<(), DecodeError> {
        (self.answer)(answer)
    }
}

macro_rules! hook_table {
    ($($hook:ident: $fan_out:ident, $class:ident, $gate:ident, $failing:ident $(, $effect:ident)?;)+) => {
        /// Every hook, in the order of the service.
        pub const TABLE: [Row; COUNT] = [$(Row {
            hook: hook::$hook::METHOD,
            fan_out: FanOut::$fan_out,
            class: HookClass::$class,
            gate: hook_table!(@gate $gate),
            failing: hook_table!(@failing $failing),
            effect: hook_table!(@effect $($effect)?),
            answer: decodes::<hook::$hook>,
        }),+];
    };
    (@gate before_active) => { Gate::BeforeActive };
    (@gate active) => { Gate::Active };
    (@failing logged) => { Failing::Logged };
    (@failing reported) => { Failing::Reported };
    (@failing passes) => { Failing::Decides(OnFailure::Pass) };
    (@failing stops) => { Failing::Decides(OnFailure::Stop) };
    (@effect) => { Effect::Plain };
    (@effect $effect:ident) => { Effect::$effect };
}

hook_table! {
    OnActivate:                          One,                Lifecycle,  before_active, reported;
    OnDeactivate:                        One,                Lifecycle,  before_active, reported;
    OnConfigurationChange:               AllInOrder,         Lifecycle,  before_active, reported;
    OnInstall:                           One,                Lifecycle,  active,        reported;
    OnSendDailyTelemetry:                AllInOrder,         Background, active,        logged;
    RunDataRetention:                    AllInOrder,         Background, active,        reported;
    OnCloudLimitsUpdated:                AllInOrder,         Background, active,        logged;
    ConfigurationWillBeSaved:            ChainUntilRejected, Waiting,    active,        stops,   Configuration;
    MessageWillBePosted:                 ChainUntilRejected, Waiting,    active,        passes;
    MessageWillBeUpdated:                ChainUntilRejected, Waiting,    active,        passes;
    MessageHasBeenPosted:                AllInOrder,         Background, active,        logged;
    MessageHasBeenUpdated:               AllInOrder,         Background, active,        logged;
    MessagesWillBeConsumed:              ChainUntilRejected, Waiting,    active,        passes,  Posts;
    MessageHasBeenDeleted:               AllInOrder,         Background, active,        logged;
    FileWillBeUploaded:                  ChainUntilRejected, Waiting,    active,        passes,  File;
    ReactionHasBeenAdded:                AllInOrder,         Background, active,        logged;
    ReactionHasBeenRemoved:              AllInOrder,         Background, active,        logged;
    NotificationWillBePushed:            ChainUntilRejected, Waiting,    active,        passes;
    EmailNotificationWillBeSent:         ChainUntilRejected, Waiting,    active,        passes,  Email;
    PreferencesHaveChanged:              AllInOrder,         Background, active,        logged;
    UserHasBeenCreated:                  AllInOrder,         Background, active,        logged;
    UserWillLogIn:                       ChainUntilRejected, Waiting,    active,        passes;
    UserHasLoggedIn:                     AllInOrder,         Background, active,        logged;
    UserHasBeenDeactivated:              AllInOrder,         Background, active,        logged;
    OnSAMLLogin:                         ChainUntilRejected, Waiting,    active,        stops;
    ChannelHasBeenCreated:               AllInOrder,         Background, active,        logged;
    UserHasJoinedChannel:                AllInOrder,         Background, active,        logged;
    UserHasLeftChannel:                  AllInOrder,         Background, active,        logged;
    UserHasJoinedTeam:                   AllInOrder,         Background, active,        logged;
    UserHasLeftTeam:                     AllInOrder,         Background, active,        logged;
    ExecuteCommand:                      One,                Waiting,    active,        reported;
    OnWebSocketConnect:                  AllInOrder,         Background, active,        logged;
    OnWebSocketDisconnect:               AllInOrder,         Background, active,        logged;
    WebSocketMessageHasBeenPosted:       AllInOrder,         Background, active,        logged;
    OnPluginClusterEvent:                One,                Background, active,        logged;
    OnSharedChannelsSyncMsg:             One,                Waiting,    active,        reported;
    OnSharedChannelsPing:                One,                Waiting,    active,        reported;
    OnSharedChannelsAttachmentSyncMsg:   One,                Waiting,    active,        reported;
    OnSharedChannelsProfileImageSyncMsg: One,                Waiting,    active,        reported;
    GenerateSupportData:                 AllInOrder,         Waiting,    active,        reported;
    ServeHTTP:                           One,                Waiting,    active,        reported;
}

/// Every hook but `Implemented`.
const COUNT: usize = hook::METHODS.len() - 1;

// The rows stand in the order of the service, so none is missing and none is there twice.
const _: () = {
    let mut position = 0;
    while position < COUNT {
        assert!(TABLE[position].hook.index == position + 1);
        position += 1;
    }
};

/// The row of a hook; `None` for `Implemented` and for methods of the API.
pub fn row(hook: &Method) -> Option<&'static Row> {
    static ROWS: [Row; COUNT] = TABLE;
    let row = &ROWS[hook.index.checked_sub(1).filter(|at| *at < COUNT)?];
    (row.hook.path == hook.path).then_some(row)
}

fn decodes<R: Rpc>(answer: &Bytes) -> Result<(), DecodeError> {
    R::Response::decode(answer.clone()).map(drop)
}

/// A setting that names what there is not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// No hook has that name.
    #[error("no hook is called {name:?}, so it can have no {setting}")]
    NoHook {
        /// The name.
        name: String,
        /// What was set for it.
        setting: &'static str,
    },
    /// A limit that lets no call through.
    #[error("a limit of no concurrent calls lets no hook through")]
    NoCalls,
    /// Nothing depends on the hook's answer.
    #[error("{hook} decides about nothing, so its failure cannot mean anything")]
    DecidesNothing {
        /// The hook.
        hook: &'static str,
    },
}

/// Refuses settings for hooks that there are not: misspelt, they would be an open door. And a limit that would let nothing through.
///
/// # Errors
/// The first of them.
pub fn check_settings(timing: &Timing, policy: &HookPolicy) -> Result<(), SettingError> {
    let row_of = |name: &String, setting| {
        find_hook(name).and_then(row).ok_or(SettingError::NoHook {
            name: name.clone(),
            setting,
        })
    };
    if policy.calls.is_some_and(|limit| limit.concurrent == 0) {
        return Err(SettingError::NoCalls);
    }
    for name in timing.hooks.keys() {
        row_of(name, "deadline")?;
    }
    for name in policy.on_failure.keys() {
        let row = row_of(name, "failure policy")?;
        if !matches!(row.failing, Failing::Decides(_)) {
            return Err(SettingError::DecidesNothing {
                hook: row.hook.name,
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use plugin_proto::{API, HOOKS, Shape};
    use std::time::Duration;

    #[test]
    fn each_hook_has_exactly_one_row_and_nothing_else_has_one() {
        for hook in &HOOKS[1..] {
            assert_eq!(row(hook).unwrap().hook, hook);
        }
        assert!(row(&HOOKS[0]).is_none());
        assert!(API.iter().all(|method| row(method).is_none()));
    }

    #[test]
    fn rows_fit_the_shapes() {
        for row in TABLE {
            let (hook, shape) = (row.hook.name, row.hook.shape);
            let decides = matches!(row.failing, Failing::Decides(_));
            assert_eq!(
                shape == Shape::Notify,
                row.failing == Failing::Logged,
                "{hook}"
            );
            assert_eq!(row.fan_out == FanOut::ChainUntilRejected, decides, "{hook}");
            assert!(
                decides || !matches!(shape, Shape::Filter | Shape::Transform),
                "{hook}"
            );
            if decides {
                assert_eq!(row.class, HookClass::Waiting, "{hook}");
            }
        }
    }

    #[test]
    fn only_three_hooks_come_before_the_activation() {
        let early = TABLE.iter().filter(|row| row.gate == Gate::BeforeActive);
        let names: Vec<_> = early.map(|row| row.hook.name).collect();
        assert_eq!(
            names,
            ["OnActivate", "OnDeactivate", "OnConfigurationChange"]
        );
    }

    #[test]
    fn a_limit_that_lets_no_call_through_is_refused() {
        let check = |concurrent| {
            let calls = Some(crate::policy::CallLimit {
                concurrent,
                queued: 9,
            });
            let policy = HookPolicy {
                calls,
                ..HookPolicy::default()
            };
            check_settings(&Timing::default(), &policy)
        };
        assert_eq!(check(0), Err(SettingError::NoCalls));
        assert_eq!(check(1), Ok(()));
    }

    #[test]
    fn a_setting_for_a_hook_that_is_none_is_refused() {
        let check = |deadline: Option<&str>, failing: Option<&str>| {
            let mut timing = Timing::default();
            let mut policy = HookPolicy::default();
            let one = Duration::from_secs(1);
            timing
                .hooks
                .extend(deadline.map(|name| (name.to_owned(), one)));
            let closed = failing.map(|name| (name.to_owned(), OnFailure::Stop));
            policy.on_failure.extend(closed);
            check_settings(&timing, &policy).map_err(|error| error.to_string())
        };
        assert_eq!(check(None, None), Ok(()));
        assert_eq!(check(Some("OnActivate"), Some("UserWillLogIn")), Ok(()));
        for (deadline, failing, named) in [
            (Some("OnActivated"), None, "OnActivated"),
            (Some("Implemented"), None, "Implemented"),
            (None, Some("userWillLogIn"), "userWillLogIn"),
            (None, Some("UserHasLoggedIn"), "UserHasLoggedIn"),
            (None, Some("RunDataRetention"), "RunDataRetention"),
        ] {
            let error = check(deadline, failing).unwrap_err();
            assert!(error.contains(named), "{error}");
        }
    }
}
