//! What may happen where: one row per action. Pure.
//!
//! The kinds of points and actions by name, without their values. Whoever adds an action adds a row here, its values in `generate`, and what it
//! means in `life` and `script`; the compiler asks for each.

use super::{Action, Point};
use crate::requirement::Side;

/// The three parts of a life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Until `OnActivate` was answered.
    Starting,
    /// Until it is told to end.
    Active,
    /// From then on.
    Stopping,
}

macro_rules! places {
    ($($place:ident $word:literal $phase:ident;)+) => {
        /// A kind of point.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[expect(missing_docs, reason = "they are those of `Point`")]
        pub enum Place { $($place,)+ }

        use Place::{$($place),+};

        impl Place {
            /// All of them, in the order of a life.
            pub const ALL: &[Place] = &[$($place),+];

            /// The word in files.
            pub fn name(self) -> &'static str {
                match self { $($place => $word,)+ }
            }

            /// The part of a life it belongs to.
            pub fn phase(self) -> Phase {
                match self { $($place => Phase::$phase,)+ }
            }
        }
    };
}

places! {
    BeforeHandshake "before_handshake" Starting;
    AfterHandshake "after_handshake" Starting;
    InImplemented "in_implemented" Starting;
    InConfiguration "in_configuration" Starting;
    InActivate "in_activate" Starting;
    Idle "idle" Active;
    InHook "in_hook" Active;
    InApi "in_api" Active;
    InDeactivate "in_deactivate" Stopping;
    InShutdown "in_shutdown" Stopping;
}

/// The calls of hooks during which something can happen.
const CALLS: &[Place] = &[
    InImplemented,
    InConfiguration,
    InActivate,
    InHook,
    InApi,
    InDeactivate,
];
const ALL_BUT_AFTER_HANDSHAKE: &[Place] = &[
    BeforeHandshake,
    InImplemented,
    InConfiguration,
    InActivate,
    Idle,
    InHook,
    InApi,
    InDeactivate,
    InShutdown,
];
const ALL_BUT_IDLE: &[Place] = &[
    BeforeHandshake,
    AfterHandshake,
    InImplemented,
    InConfiguration,
    InActivate,
    InHook,
    InApi,
    InDeactivate,
    InShutdown,
];

/// Writes the kinds of actions: `Kind = "name": host PLACES, plugin PLACES;`.
macro_rules! kinds {
    ($($kind:ident = $name:literal: host $host:expr, plugin $plugin:expr;)+) => {
        /// A kind of action.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[expect(missing_docs, reason = "they are those of `Action`")]
        pub enum Kind { $($kind,)+ }

        impl Kind {
            /// All of them.
            pub const ALL: &'static [Kind] = &[$(Kind::$kind,)+];

            /// The word in files.
            pub fn name(self) -> &'static str {
                match self { $(Kind::$kind => $name,)+ }
            }

            /// Where it can happen in plans of a side.
            pub fn places(self, side: Side) -> &'static [Place] {
                match (self, side) { $(
                    (Kind::$kind, Side::Host) => $host,
                    (Kind::$kind, Side::Plugin) => $plugin,
                )+ }
            }
        }

        impl Action {
            /// What it is, without its values.
            pub fn kind(&self) -> Kind {
                match self { $(Action::$kind { .. } => Kind::$kind,)+ }
            }
        }
    };
}

kinds! {
    Exit = "exit": host Place::ALL, plugin &[InHook];
    Raise = "raise": host Place::ALL, plugin &[];
    Hang = "hang": host ALL_BUT_IDLE, plugin &[];
    Late = "late": host &[BeforeHandshake, InImplemented, InConfiguration, InActivate, InHook, InApi, InDeactivate, InShutdown], plugin &[InHook];
    Garbage = "garbage": host &[BeforeHandshake, InImplemented, InConfiguration, InActivate, InHook, InApi, InDeactivate], plugin &[];
    Status = "status": host CALLS, plugin &[];
    Error = "error": host CALLS, plugin &[InHook];
    CloseConnections = "close_connections": host CALLS, plugin &[];
    CloseListener = "close_listener": host &[AfterHandshake, Idle], plugin &[];
    CloseStream = "close_stream": host &[Idle], plugin &[];
    Flood = "flood": host &[BeforeHandshake, Idle], plugin &[InHook];
    Noise = "noise": host &[BeforeHandshake, Idle], plugin &[];
    Grandchild = "grandchild": host &[BeforeHandshake], plugin &[];
    IgnoreTerm = "ignore_term": host &[BeforeHandshake], plugin &[];
    Kill = "kill": host Place::ALL, plugin &[Idle, InHook];
    Stop = "stop": host ALL_BUT_AFTER_HANDSHAKE, plugin &[Idle, InHook];
    Activate = "activate": host &[Idle, InHook], plugin &[Idle];
    Deactivate = "deactivate": host &[BeforeHandshake, InActivate, Idle, InHook], plugin &[Idle, InHook];
    Restart = "restart": host &[Idle, InHook], plugin &[Idle, InHook];
    Health = "health": host &[Idle, InHook], plugin &[Idle, InHook];
    Hooks = "hooks": host &[Idle, InHook], plugin &[Idle, InHook];
    Big = "big": host &[], plugin &[Idle];
    Cancel = "cancel": host &[], plugin &[InHook];
}

impl Kind {
    /// Whether it can happen there in plans of a side.
    pub fn may_happen_at(self, place: Place, side: Side) -> bool {
        self.places(side).contains(&place)
    }
}

/// Every point with everything that can happen there, in plans of a side.
pub fn pairs(side: Side) -> Vec<(Place, Kind)> {
    let of = |kind: &Kind| {
        let kind = *kind;
        kind.places(side).iter().map(move |place| (*place, kind))
    };
    Kind::ALL.iter().flat_map(of).collect()
}

impl Point {
    /// What it is, without its values.
    pub fn place(&self) -> Place {
        match self {
            Point::BeforeHandshake => BeforeHandshake,
            Point::AfterHandshake => AfterHandshake,
            Point::InImplemented => InImplemented,
            Point::InConfiguration => InConfiguration,
            Point::InActivate => InActivate,
            Point::Idle => Idle,
            Point::InHook { .. } => InHook,
            Point::InApi { .. } => InApi,
            Point::InDeactivate => InDeactivate,
            Point::InShutdown => InShutdown,
        }
    }
}
