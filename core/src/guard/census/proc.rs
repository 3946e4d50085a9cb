//! Processes as `/proc` shows them, and their end by descriptors.

use std::fs;
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::sync::OnceLock;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::{Among, Mark, Seen};

/// Bytes of an environment that are read at once.
const ROOM: usize = 128 * 1024;

/// A process that carries the mark. The descriptor keeps the kill from hitting another one with the same id.
#[derive(Debug)]
pub(super) struct Carrier {
    pid: u32,
    handle: OwnedFd,
}

impl Carrier {
    pub(super) fn pid(&self) -> u32 {
        self.pid
    }
}

pub(super) fn suspects(among: Among) -> Vec<u32> {
    let own = std::process::id();
    let pid_max = pid_max();
    let Ok(processes) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    processes
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter(|pid| *pid != own && *pid != 1 && among.includes(*pid, pid_max))
        .collect()
}

pub(super) fn see(pid: u32, mark: &Mark) -> Seen {
    match environment(pid) {
        Ok(environ) if mark.is_in(&environ) => Seen::Carrying,
        Ok(environ) if environ.is_empty() && !has_no_environment(pid) => Seen::Unclear,
        // One that may not be read belongs to somebody else, and could not be killed either.
        Ok(_) | Err(_) => Seen::Other,
    }
}

/// In one read, as far as there is room: what is read after an `execve` in between is the end of an environment that is gone, so
/// that a process would seem to have only the beginning of its own.
fn environment(pid: u32) -> io::Result<Vec<u8>> {
    let mut file = fs::File::open(format!("/proc/{pid}/environ"))?;
    let mut environ = vec![0; ROOM];
    let mut filled = 0;
    loop {
        match file.read(&mut environ[filled..])? {
            0 => break,
            more => filled += more,
        }
        if filled == environ.len() {
            environ.resize(2 * filled, 0);
        }
    }
    environ.truncate(filled);
    Ok(environ)
}

/// Those of the processes that still carry the mark, now that their ids cannot change hands unnoticed.
pub(super) fn open(pids: &[u32], mark: &Mark) -> Vec<Carrier> {
    let open = |pid: u32| {
        let handle = pidfd_open(
            Pid::from_raw(i32::try_from(pid).ok()?)?,
            PidfdFlags::empty(),
        )
        .ok()?;
        (see(pid, mark) == Seen::Carrying).then_some(Carrier { pid, handle })
    };
    pids.iter().filter_map(|pid| open(*pid)).collect()
}

/// Zombies, processes on their way out, kernel threads and those that were given none. A process in the middle of
/// `execve` shows an empty environment, too, but has one.
fn has_no_environment(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat"))
        .map_or(true, |stat| super::stat_has_no_environment(&stat))
}

/// Kills the carriers and waits for the first of them to end.
pub(super) fn kill_and_wait(carriers: &[Carrier], limit: Duration) {
    for carrier in carriers {
        if let Err(error) = pidfd_send_signal(&carrier.handle, Signal::KILL) {
            tracing::debug!(pid = carrier.pid, %error, "killing a carrier of the mark");
        }
    }
    // Those that were seen may have ended before they could be opened; to wait for nobody would take all the time there is.
    if carriers.is_empty() {
        return;
    }
    let mut waits: Vec<PollFd<'_>> = carriers
        .iter()
        .map(|carrier| PollFd::new(&carrier.handle, PollFlags::IN))
        .collect();
    let limit = Timespec {
        tv_sec: i64::try_from(limit.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(limit.subsec_nanos()),
    };
    if let Err(error) = poll(&mut waits, Some(&limit)) {
        tracing::debug!(%error, "waiting for carriers of the mark to end");
    }
}

/// Set when the machine starts, and hardly ever afterwards.
fn pid_max() -> u64 {
    const DEFAULT: u64 = 4_194_304;
    static PID_MAX: OnceLock<u64> = OnceLock::new();
    *PID_MAX.get_or_init(|| {
        let text = fs::read_to_string("/proc/sys/kernel/pid_max").unwrap_or_default();
        text.trim().parse().unwrap_or(DEFAULT)
    })
}
