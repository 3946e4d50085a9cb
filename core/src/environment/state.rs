//! The states of a plugin and what each command means in each of them. Pure.
//!
//! ```text
//!                      ┌───────────── start failed ──────────> FailedToStart (3)
//!                      │                                            │ activate
//!  NotRunning (0) ──activate──> Starting (1) ──started──> Running (2) <── …
//!       ^  ^                     ^     │                   │   │   │
//!       │  └── start called off ─│─────┤          deactivate   │   process ended by itself, or is unhealthy;
//!       │                        │     │                   v   │   it is not to be brought back
//!       ├───────── stopped ──────│─────│──────── Stopping (5)  │   v
//!       │                        │     │              ^        │  Cleaning (4) ──stopped──> FailedToStayRunning (4)
//!       │                    due │     │ failed again │        v                                      ^
//!       └── deactivate ── Recovering (1) <─stopped── Mending (1)       given up ──────────────────────┘
//! ```
//!
//! Who deactivates a plugin that is being cleaned up joins that, and has it `NotRunning` in the end.
//!
//! The numbers are those of Mattermost's `model/plugin_status.go`. Unlike there, a plugin counts as running only once
//! `OnActivate` was answered, and a plugin that will be brought back is one that is starting.
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
    /// The process ended by itself or was unhealthy; it is being cleaned up, and will be brought back.
    Mending,
    /// Nothing is left of the process; the next one is due after a pause.
    Recovering,
    /// The process ended by itself, or was unhealthy once too often; what is left of it is being cleaned up.
    Cleaning,
    /// Nothing is left of the process, and none will come by itself.
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
    /// It shall not run and not be known any more.
    Remove,
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
    /// The process ended by itself or is unhealthy, or its restart failed; it will be brought back.
    WillReturn,
    /// The same, and it will not be brought back.
    GivenUp,
    /// The pause is over.
    Due,
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
    /// Answer with the outcome of the stop that is under way, after which it shall not be brought back.
    JoinForGood,
    /// Begin a stop, and ask again after it.
    StopAndWait,
    /// Call the start off, and ask again after it.
    CallOffAndWait,
    /// Ask again after what is under way.
    Wait,
    /// There is nothing to stop.
    NothingToStop,
    /// Forget it.
    Forget,
}

impl State {
    /// The number in the status that the server shows.
    pub const fn number(self) -> i32 {
        match self {
            Self::NotRunning => 0,
            Self::Starting | Self::Mending | Self::Recovering => 1,
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
            Self::Mending | Self::Recovering => "recovering",
            Self::Cleaning | Self::FailedToStayRunning => "failed_to_stay_running",
            Self::Stopping => "stopping",
        }
    }

    /// Whether something is under way that ends by itself.
    pub const fn is_passing(self) -> bool {
        matches!(
            self,
            Self::Starting | Self::Stopping | Self::Mending | Self::Cleaning
        )
    }

    /// Whether a process may exist.
    pub const fn has_process(self) -> bool {
        self.is_passing() || matches!(self, Self::Running)
    }

    /// What a command leads to in this state.
    pub const fn react(self, command: Command) -> Reaction {
        match (self, command) {
            (
                Self::NotRunning
                | Self::FailedToStart
                | Self::FailedToStayRunning
                | Self::Recovering,
                command,
            ) => match command {
                Command::Activate | Command::Restart => Reaction::Start,
                Command::Deactivate => Reaction::NothingToStop,
                Command::Remove => Reaction::Forget,
            },
            (Self::Starting, Command::Activate) => Reaction::Join,
            // The process that comes of this start is older than the command.
            (Self::Starting, Command::Restart) => Reaction::Wait,
            (Self::Starting, Command::Deactivate | Command::Remove) => Reaction::CallOffAndWait,
            (Self::Running, Command::Activate) => Reaction::AlreadyRunning,
            (Self::Running, Command::Deactivate) => Reaction::Stop,
            (Self::Running, Command::Restart | Command::Remove) => Reaction::StopAndWait,
            (Self::Stopping, Command::Deactivate) => Reaction::Join,
            // Somebody wants it not to run: that it had failed before is no longer its state then, as where nothing is left of it.
            (Self::Mending | Self::Cleaning, Command::Deactivate) => Reaction::JoinForGood,
            (Self::Stopping | Self::Cleaning | Self::Mending, _) => Reaction::Wait,
        }
    }

    /// The state after something happened; the same where it cannot happen, or says nothing new.
    pub const fn after(self, happening: Happening) -> Self {
        match (self, happening) {
            (Self::Starting, Happening::Started) => Self::Running,
            (Self::Starting, Happening::StartFailed) => Self::FailedToStart,
            (Self::Starting, Happening::StartCalledOff) => Self::NotRunning,
            (Self::Starting, Happening::WillReturn) => Self::Recovering,
            (Self::Starting | Self::Recovering, Happening::GivenUp) => Self::FailedToStayRunning,
            (Self::Running, Happening::WillReturn) => Self::Mending,
            (Self::Running | Self::Mending, Happening::GivenUp) => Self::Cleaning,
            (Self::Recovering, Happening::Due) => Self::Starting,
            (Self::Stopping, Happening::Stopped) => Self::NotRunning,
            (Self::Mending, Happening::Stopped) => Self::Recovering,
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

    const STATES: [State; 9] = [
        State::NotRunning,
        State::Starting,
        State::Running,
        State::Stopping,
        State::FailedToStart,
        State::Mending,
        State::Recovering,
        State::Cleaning,
        State::FailedToStayRunning,
    ];

    const COMMANDS: [Command; 4] = [
        Command::Activate,
        Command::Restart,
        Command::Deactivate,
        Command::Remove,
    ];

    #[test]
    fn numbers_are_those_of_the_server() {
        let numbers = STATES.map(State::number);
        assert_eq!(numbers, [0, 1, 2, 5, 3, 1, 1, 4, 4]);
    }

    #[test]
    fn words_say_what_is_seen_from_outside() {
        let words = STATES.map(|state| state.to_string());
        assert_eq!(
            words,
            [
                "not_running",
                "starting",
                "running",
                "stopping",
                "failed_to_start",
                "recovering",
                "recovering",
                "failed_to_stay_running",
                "failed_to_stay_running",
            ]
        );
    }

    const AT_REST: [Reaction; 4] = [
        Reaction::Start,
        Reaction::Start,
        Reaction::NothingToStop,
        Reaction::Forget,
    ];

    #[rstest]
    #[case(State::NotRunning, AT_REST)]
    #[case(State::FailedToStart, AT_REST)]
    #[case(State::FailedToStayRunning, AT_REST)]
    #[case(State::Recovering, AT_REST)]
    #[case(State::Starting, [Reaction::Join, Reaction::Wait, Reaction::CallOffAndWait, Reaction::CallOffAndWait])]
    #[case(State::Running, [Reaction::AlreadyRunning, Reaction::StopAndWait, Reaction::Stop, Reaction::StopAndWait])]
    #[case(State::Stopping, [Reaction::Wait, Reaction::Wait, Reaction::Join, Reaction::Wait])]
    #[case(State::Mending, [Reaction::Wait, Reaction::Wait, Reaction::JoinForGood, Reaction::Wait])]
    #[case(State::Cleaning, [Reaction::Wait, Reaction::Wait, Reaction::JoinForGood, Reaction::Wait])]
    fn what_commands_lead_to(#[case] state: State, #[case] reactions: [Reaction; 4]) {
        assert_eq!(COMMANDS.map(|command| state.react(command)), reactions);
    }

    #[rstest]
    #[case(State::Starting, Happening::Started, State::Running)]
    #[case(State::Starting, Happening::StartFailed, State::FailedToStart)]
    #[case(State::Starting, Happening::StartCalledOff, State::NotRunning)]
    #[case(State::Starting, Happening::WillReturn, State::Recovering)]
    #[case(State::Starting, Happening::GivenUp, State::FailedToStayRunning)]
    #[case(State::Running, Happening::WillReturn, State::Mending)]
    #[case(State::Running, Happening::GivenUp, State::Cleaning)]
    #[case(State::Running, Happening::Stopped, State::Running)]
    #[case(State::Running, Happening::Due, State::Running)]
    #[case(State::Stopping, Happening::Stopped, State::NotRunning)]
    #[case(State::Stopping, Happening::WillReturn, State::Stopping)]
    #[case(State::Stopping, Happening::GivenUp, State::Stopping)]
    #[case(State::Mending, Happening::Stopped, State::Recovering)]
    #[case(State::Mending, Happening::GivenUp, State::Cleaning)]
    #[case(State::Mending, Happening::Due, State::Mending)]
    #[case(State::Recovering, Happening::Due, State::Starting)]
    #[case(State::Recovering, Happening::GivenUp, State::FailedToStayRunning)]
    #[case(State::Cleaning, Happening::Stopped, State::FailedToStayRunning)]
    #[case(State::Cleaning, Happening::WillReturn, State::Cleaning)]
    fn transitions(#[case] state: State, #[case] happening: Happening, #[case] after: State) {
        assert_eq!(state.after(happening), after);
    }

    #[test]
    fn a_start_begins_only_where_no_process_is() {
        for state in STATES {
            for command in COMMANDS {
                let starts = state.react(command) == Reaction::Start;
                assert!(!starts || !state.has_process(), "{state:?} {command:?}");
            }
            let due = state.after(Happening::Due) == State::Starting && state != State::Starting;
            assert!(!due || !state.has_process(), "{state:?}");
        }
    }

    #[test]
    fn commands_wait_only_for_what_ends_by_itself() {
        use Reaction::{CallOffAndWait, Join, JoinForGood, Wait};
        for state in STATES {
            for command in COMMANDS {
                let reaction = state.react(command);
                let waits = matches!(reaction, Wait | Join | JoinForGood | CallOffAndWait);
                assert_eq!(waits, state.is_passing(), "{state:?} {command:?}");
            }
        }
    }

    fn happening() -> impl Strategy<Value = Happening> {
        prop::sample::select(vec![
            Happening::Started,
            Happening::StartFailed,
            Happening::StartCalledOff,
            Happening::WillReturn,
            Happening::GivenUp,
            Happening::Due,
            Happening::Stopped,
        ])
    }

    proptest! {
        #[test]
        fn what_happens_late_changes_nothing_that_is_settled(happenings in prop::collection::vec(happening(), 0..20)) {
            let is_settled = |state: &State| !state.has_process() && *state != State::Recovering;
            for settled in STATES.into_iter().filter(is_settled) {
                let end = happenings.iter().fold(settled, |state, happening| state.after(*happening));
                prop_assert_eq!(end, settled);
            }
        }
    }
}
