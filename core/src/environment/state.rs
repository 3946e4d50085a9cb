//! The states of a plugin and what each command means in each of them. Pure.
//!
//! ```text
//!                      ┌───────────── start failed ──────────> FailedToStart (3)
//!                      │                                            │ activate
//!  NotRunning (0) ──activate──> Starting (1) ──started──> Running (2) <── …
//!       ^  ^                        │                      │       │
//!       │  └─── start called off ───┘             deactivate       process ended by itself
//!       │                                                  v       v
//!       └───────────── stopped ─────────────── Stopping (5)        Cleaning (4) ──stopped──> FailedToStayRunning (4)
//! ```
//!
//! The numbers are those of Mattermost's `model/plugin_status.go`. Unlike there, a plugin counts as running only once
//! `OnActivate` was answered.
//!
//! Invariant: at most one process per plugin: a start begins only where no process is.

use std::fmt;

/// State of one plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum State {
    /// There is no process, and none is wanted.
    #[default]
    NotRunning,
    /// A process is being brought up; it has not answered `OnActivate`.
    Starting,
    /// `OnActivate` was answered.
    Running,
    /// It is being stopped on demand.
    Stopping,
    /// The last start failed; nothing is left of it.
    FailedToStart,
    /// The process ended by itself; what it left behind is being cleaned up.
    Cleaning,
    /// The process ended by itself; nothing is left of it.
    FailedToStayRunning,
}

/// What can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Command {
    /// It shall run.
    Activate,
    /// It shall not run.
    Deactivate,
    /// It shall run, in a process younger than this command.
    Restart,
}

/// What can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Happening {
    /// The start succeeded.
    Started,
    /// The start failed, and is cleaned up.
    StartFailed,
    /// The start was called off, and is cleaned up.
    StartCalledOff,
    /// The process ended by itself.
    Exited,
    /// Nothing of the process is left.
    Stopped,
}

/// What a command leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reaction {
    /// Begin a start.
    Start,
    /// Answer with the outcome of the start or stop that is under way.
    Join,
    /// It runs already.
    AlreadyRunning,
    /// Begin a stop, and answer with its outcome.
    Stop,
    /// Begin a stop, and ask again after it.
    StopAndWait,
    /// Call the start off, and ask again after it.
    CallOffAndWait,
    /// Ask again after what is under way.
    Wait,
    /// There is nothing to stop.
    NothingToStop,
}

impl State {
    /// The number in the status that the server shows.
    pub const fn number(self) -> i32 {
        match self {
            Self::NotRunning => 0,
            Self::Starting => 1,
            Self::Running => 2,
            Self::FailedToStart => 3,
            Self::Cleaning | Self::FailedToStayRunning => 4,
            Self::Stopping => 5,
        }
    }

    /// Stable word for the number.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotRunning => "not_running",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::FailedToStart => "failed_to_start",
            Self::Cleaning | Self::FailedToStayRunning => "failed_to_stay_running",
            Self::Stopping => "stopping",
        }
    }

    /// Whether something is under way that ends by itself.
    pub const fn is_passing(self) -> bool {
        matches!(self, Self::Starting | Self::Stopping | Self::Cleaning)
    }

    /// Whether a process may exist.
    pub const fn has_process(self) -> bool {
        self.is_passing() || matches!(self, Self::Running)
    }

    /// What a command leads to in this state.
    pub const fn react(self, command: Command) -> Reaction {
        match (self, command) {
            (
                Self::NotRunning | Self::FailedToStart | Self::FailedToStayRunning,
                Command::Activate | Command::Restart,
            ) => Reaction::Start,
            (Self::Starting, Command::Activate | Command::Restart) => Reaction::Join,
            (Self::Running, Command::Activate) => Reaction::AlreadyRunning,
            (Self::Running, Command::Restart) => Reaction::StopAndWait,
            (Self::Stopping | Self::Cleaning, Command::Activate | Command::Restart) => {
                Reaction::Wait
            }
            (
                Self::NotRunning | Self::FailedToStart | Self::FailedToStayRunning,
                Command::Deactivate,
            ) => Reaction::NothingToStop,
            (Self::Starting, Command::Deactivate) => Reaction::CallOffAndWait,
            (Self::Running, Command::Deactivate) => Reaction::Stop,
            (Self::Stopping | Self::Cleaning, Command::Deactivate) => Reaction::Join,
        }
    }

    /// The state after something happened; the same where it cannot happen, or says nothing new.
    pub const fn after(self, happening: Happening) -> Self {
        match (self, happening) {
            (Self::Starting, Happening::Started) => Self::Running,
            (Self::Starting, Happening::StartFailed) => Self::FailedToStart,
            (Self::Starting, Happening::StartCalledOff) => Self::NotRunning,
            (Self::Running, Happening::Exited) => Self::Cleaning,
            (Self::Stopping, Happening::Stopped) => Self::NotRunning,
            (Self::Cleaning, Happening::Stopped) => Self::FailedToStayRunning,
            (state, _) => state,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    const STATES: [State; 7] = [
        State::NotRunning,
        State::Starting,
        State::Running,
        State::Stopping,
        State::FailedToStart,
        State::Cleaning,
        State::FailedToStayRunning,
    ];

    #[test]
    fn numbers_are_those_of_the_server() {
        let numbers = STATES.map(State::number);
        assert_eq!(numbers, [0, 1, 2, 5, 3, 4, 4]);
    }

    #[rstest]
    #[case(State::NotRunning, [Reaction::Start, Reaction::Start, Reaction::NothingToStop])]
    #[case(State::FailedToStart, [Reaction::Start, Reaction::Start, Reaction::NothingToStop])]
    #[case(State::FailedToStayRunning, [Reaction::Start, Reaction::Start, Reaction::NothingToStop])]
    #[case(State::Starting, [Reaction::Join, Reaction::Join, Reaction::CallOffAndWait])]
    #[case(State::Running, [Reaction::AlreadyRunning, Reaction::StopAndWait, Reaction::Stop])]
    #[case(State::Stopping, [Reaction::Wait, Reaction::Wait, Reaction::Join])]
    #[case(State::Cleaning, [Reaction::Wait, Reaction::Wait, Reaction::Join])]
    fn what_commands_lead_to(#[case] state: State, #[case] reactions: [Reaction; 3]) {
        let commands = [Command::Activate, Command::Restart, Command::Deactivate];
        assert_eq!(commands.map(|command| state.react(command)), reactions);
    }

    #[rstest]
    #[case(State::Starting, Happening::Started, State::Running)]
    #[case(State::Starting, Happening::StartFailed, State::FailedToStart)]
    #[case(State::Starting, Happening::StartCalledOff, State::NotRunning)]
    #[case(State::Starting, Happening::Exited, State::Starting)]
    #[case(State::Running, Happening::Exited, State::Cleaning)]
    #[case(State::Running, Happening::Stopped, State::Running)]
    #[case(State::Stopping, Happening::Stopped, State::NotRunning)]
    #[case(State::Stopping, Happening::Exited, State::Stopping)]
    #[case(State::Cleaning, Happening::Stopped, State::FailedToStayRunning)]
    #[case(State::Cleaning, Happening::Exited, State::Cleaning)]
    fn transitions(#[case] state: State, #[case] happening: Happening, #[case] after: State) {
        assert_eq!(state.after(happening), after);
    }

    #[test]
    fn a_start_begins_only_where_no_process_is() {
        for state in STATES {
            for command in [Command::Activate, Command::Deactivate, Command::Restart] {
                let starts = state.react(command) == Reaction::Start;
                assert!(!starts || !state.has_process(), "{state:?} {command:?}");
            }
        }
    }

    #[test]
    fn commands_wait_only_for_what_ends_by_itself() {
        use Reaction::{CallOffAndWait, Join, Wait};
        for state in STATES {
            for command in [Command::Activate, Command::Deactivate, Command::Restart] {
                let waits = matches!(state.react(command), Wait | Join | CallOffAndWait);
                assert_eq!(waits, state.is_passing(), "{state:?} {command:?}");
            }
        }
    }

    fn happening() -> impl Strategy<Value = Happening> {
        prop::sample::select(vec![
            Happening::Started,
            Happening::StartFailed,
            Happening::StartCalledOff,
            Happening::Exited,
            Happening::Stopped,
        ])
    }

    proptest! {
        #[test]
        fn what_happens_late_changes_nothing_that_is_settled(happenings in prop::collection::vec(happening(), 0..20)) {
            for settled in STATES.into_iter().filter(|state| !state.has_process()) {
                let end = happenings.iter().fold(settled, |state, happening| state.after(*happening));
                prop_assert_eq!(end, settled);
            }
        }
    }
}
