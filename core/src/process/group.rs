//! Signals to a process or to its whole group. A target that is gone is no error.

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// Whom a signal is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// The process alone.
    Process(u32),
    /// The process and everything in the group that it leads.
    Group(u32),
}

impl Target {
    /// Sends a signal. Only the owner of the child may do that, and only before it reaps it: afterwards the id may be
    /// another process's.
    pub(super) fn signal(self, signal: Signal) -> Result<(), Errno> {
        let sent = match self {
            Self::Process(pid) => with_pid(pid, |pid| kill_process(pid, signal)),
            Self::Group(pid) => with_pid(pid, |pid| kill_process_group(pid, signal)),
        };
        match sent {
            Err(Errno::SRCH) => Ok(()),
            other => other,
        }
    }
}

fn with_pid(pid: u32, send: impl FnOnce(Pid) -> Result<(), Errno>) -> Result<(), Errno> {
    match i32::try_from(pid).ok().and_then(Pid::from_raw) {
        // 1 is never a child, and as a group it would mean every process there is.
        Some(pid) if pid != Pid::INIT => send(pid),
        _ => Err(Errno::INVAL),
    }
}
