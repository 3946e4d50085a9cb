//! Looking at processes from outside, and signals to them, as an operator or a crash would.

use std::fs;
use std::io;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// How often a process is looked at that is expected to end. Nobody tells us of the end of a process that is not our child.
const LOOK: Duration = Duration::from_millis(5);

/// Sends a signal to one process.
pub fn signal(pid: u32, signal: Signal) -> io::Result<()> {
    let pid = i32::try_from(pid)
        .ok()
        .and_then(Pid::from_raw)
        .ok_or(io::ErrorKind::InvalidInput)?;
    Ok(kill_process(pid, signal)?)
}

/// Whether a process is there and not only waiting to be reaped.
pub fn is_alive(pid: u32) -> bool {
    state_of(pid).is_some_and(|state| !matches!(state, 'Z' | 'X'))
}

fn state_of(pid: u32) -> Option<char> {
    // The state follows the name, which stands in parentheses and may itself hold some.
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let (_, rest) = stat.rsplit_once(") ")?;
    rest.chars().next()
}

/// Whether a process is stopped by a signal.
pub fn is_stopped(pid: u32) -> bool {
    state_of(pid) == Some('T')
}

/// Whether a process was stopped within the time.
pub async fn stopped_within(pid: u32, within: Duration) -> bool {
    let begun = Instant::now();
    while !is_stopped(pid) {
        if begun.elapsed() > within {
            return false;
        }
        tokio::time::sleep(LOOK).await;
    }
    true
}

/// How long it took until a process was gone; `None` if it outlived the time.
pub async fn gone_within(pid: u32, within: Duration) -> Option<Duration> {
    let begun = Instant::now();
    while is_alive(pid) {
        if begun.elapsed() > within {
            return None;
        }
        tokio::time::sleep(LOOK).await;
    }
    Some(begun.elapsed())
}
