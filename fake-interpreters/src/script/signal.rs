//! Names of signals in scripts and journals.

use serde::{Deserialize, Serialize};

/// The signals that a script can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the names are the manual's")]
pub enum SignalName {
    Hup,
    Int,
    Quit,
    Abrt,
    Kill,
    Usr1,
    Segv,
    Usr2,
    Pipe,
    Term,
    Stop,
}

impl SignalName {
    /// The name without `SIG`, as in scripts and journals.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hup => "HUP",
            Self::Int => "INT",
            Self::Quit => "QUIT",
            Self::Abrt => "ABRT",
            Self::Kill => "KILL",
            Self::Usr1 => "USR1",
            Self::Segv => "SEGV",
            Self::Usr2 => "USR2",
            Self::Pipe => "PIPE",
            Self::Term => "TERM",
            Self::Stop => "STOP",
        }
    }

    /// False for the signals that no process can take.
    pub fn can_be_taken(self) -> bool {
        !matches!(self, Self::Kill | Self::Stop | Self::Segv)
    }
}
