//! Who carries a mark in its environment, and the end of all of them.
//!
//! A mark survives what a process group does not: `setsid`, double forks, the death of parents. It is found in
//! `/proc/PID/environ`, so only on Linux; elsewhere nobody is found.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// A variable with its value, as it stands in an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    entry: Vec<u8>,
}

/// What became of the carriers of a mark.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Killed {
    /// Those that were killed.
    pub gone: BTreeSet<u32>,
    /// Those that were still there when the time was up.
    pub remaining: BTreeSet<u32>,
}

impl Mark {
    /// The mark `variable=value`.
    pub fn new(variable: &str, value: &str) -> Self {
        Self {
            entry: format!("{variable}={value}").into_bytes(),
        }
    }

    /// Whether an environment block, entries separated by NUL, has exactly this entry.
    pub fn is_in(&self, environ: &[u8]) -> bool {
        environ.split(|b| *b == 0).any(|entry| entry == self.entry)
    }
}

/// Which processes a census looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Among {
    /// All of them.
    Everybody,
    /// Those that can have been started after a given one: much cheaper where many run.
    StartedAfter {
        /// The process id of that one.
        pid: u32,
        /// How long ago it was started.
        age: Duration,
    },
}

/// More forks per second than a machine manages.
const FORKS_PER_SECOND: f64 = 50_000.0;

/// Process ids below this are not given again after the numbers have wrapped.
const RESERVED: u64 = 300;

impl Among {
    /// Process ids are given in ascending order and begin anew after `pid_max`: what was started after a process is ahead
    /// of it by no more than the forks that its age allows.
    fn includes(self, candidate: u32, pid_max: u64) -> bool {
        let Self::StartedAfter { pid, age } = self else {
            return true;
        };
        let (candidate, pid) = (u64::from(candidate), u64::from(pid));
        let ahead = if candidate > pid {
            candidate - pid
        } else {
            (candidate + pid_max).saturating_sub(pid)
        };
        // The slack is for a clock that started when the process had been there for a moment.
        let forks = (age.as_secs_f64() + 0.1) * FORKS_PER_SECOND;
        ahead as f64 <= forks + RESERVED as f64
    }
}

/// With more suspects than this, a look at each of them takes too long to wait for.
const QUICK: usize = 64;

/// Whether a quick look shows that nobody carries the mark. `false` if somebody does, or if there are too many to look at.
pub fn is_surely_nobody(mark: &Mark, among: Among) -> bool {
    matches!(proc::look(mark, among, QUICK), Look::Nobody)
}

/// Kills every carrier of the mark, and those that they start meanwhile, until none is left or the time is up. The calling
/// process is spared. Blocks.
pub fn kill_carriers(mark: &Mark, among: Among, limit: Duration) -> Killed {
    let deadline = Instant::now() + limit;
    let mut killed = Killed::default();
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match proc::look(mark, among, usize::MAX) {
            Look::Nobody => {
                killed.gone.append(&mut killed.remaining);
                return killed;
            }
            Look::Carriers(carriers) => {
                let now: BTreeSet<u32> = carriers.iter().map(proc::Carrier::pid).collect();
                killed.gone.append(&mut killed.remaining);
                killed.gone.retain(|pid| !now.contains(pid));
                killed.remaining = now;
                proc::kill_and_wait(&carriers, left);
            }
            Look::Unsettled => std::thread::yield_now(),
        }
        if left.is_zero() {
            return killed;
        }
    }
}

/// Reads it off `/proc/PID/stat`: state, flags, and where the environment begins and ends, which is nowhere during `execve`.
#[cfg(target_os = "linux")]
fn stat_has_no_environment(stat: &str) -> bool {
    const EXITING: u64 = 0x4;
    const KERNEL_THREAD: u64 = 0x0020_0000;
    // The name is in parentheses and may hold anything; the state follows it as the third field.
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let field = |number: usize| fields.get(number - 3).copied().unwrap_or_default();
    let number = |index: usize| field(index).parse::<u64>().unwrap_or(0);
    let (begin, end) = (number(50), number(51));
    matches!(field(3), "Z" | "X")
        || number(9) & (EXITING | KERNEL_THREAD) != 0
        || (end != 0 && begin == end)
}

/// What a look around has shown.
#[derive(Debug)]
enum Look {
    /// Nobody carries the mark.
    Nobody,
    /// Some who carry it.
    Carriers(Vec<proc::Carrier>),
    /// There were too many to look at, or ever new ones.
    Unsettled,
}

#[cfg(target_os = "linux")]
mod proc {
    use std::collections::BTreeSet;
    use std::fs;
    use std::io::{self, Read as _};
    use std::os::fd::OwnedFd;
    use std::sync::OnceLock;
    use std::time::Duration;

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

    use super::{Among, Look, Mark};

    /// Where processes are started without end, somebody new is in every list.
    const LOOKS: usize = 50;

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

    /// A process may fork and end between being listed and being looked at. Its child is in the next list then, so nobody
    /// is left only when a list holds nobody new.
    pub(super) fn look(mark: &Mark, among: Among, at_most: usize) -> Look {
        let mut looked_at = BTreeSet::new();
        for _ in 0..LOOKS {
            let mut new = suspects(among);
            new.retain(|pid| !looked_at.contains(pid));
            if new.is_empty() {
                return Look::Nobody;
            }
            if looked_at.len() + new.len() > at_most {
                return Look::Unsettled;
            }
            let mut carriers = Vec::new();
            for pid in new {
                match see(pid, mark) {
                    Seen::Carrying => carriers.extend(open(pid, mark)),
                    Seen::Other => drop(looked_at.insert(pid)),
                    Seen::Unclear => {}
                }
            }
            if !carriers.is_empty() {
                return Look::Carriers(carriers);
            }
        }
        Look::Unsettled
    }

    fn suspects(among: Among) -> Vec<u32> {
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

    /// What one process shows.
    enum Seen {
        Carrying,
        Other,
        Unclear,
    }

    fn see(pid: u32, mark: &Mark) -> Seen {
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

    fn open(pid: u32, mark: &Mark) -> Option<Carrier> {
        let handle = pidfd_open(
            Pid::from_raw(i32::try_from(pid).ok()?)?,
            PidfdFlags::empty(),
        )
        .ok()?;
        // Looked at again, now that the id cannot change hands unnoticed.
        matches!(see(pid, mark), Seen::Carrying).then_some(Carrier { pid, handle })
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
}

#[cfg(not(target_os = "linux"))]
mod proc {
    use std::time::Duration;

    use super::{Among, Look, Mark};

    #[derive(Debug)]
    pub(super) enum Carrier {}

    impl Carrier {
        pub(super) fn pid(&self) -> u32 {
            match *self {}
        }
    }

    pub(super) fn look(_: &Mark, _: Among, _: usize) -> Look {
        Look::Nobody
    }

    pub(super) fn kill_and_wait(_: &[Carrier], _: Duration) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(b"A=1\0RUN=x\0B=2\0", true)]
    #[case(b"RUN=x", true)]
    #[case(b"RUN=xy\0", false)]
    #[case(b"OTHER_RUN=x\0", false)]
    #[case(b"A=RUN=x\0", false)]
    #[case(b"", false)]
    fn a_mark_is_a_whole_entry(#[case] environ: &[u8], #[case] expect: bool) {
        assert_eq!(Mark::new("RUN", "x").is_in(environ), expect);
    }

    #[rstest]
    #[case::next(1001, 0, true)]
    #[case::before(999, 0, false)]
    #[case::far_before(2, 0, false)]
    #[case::as_far_as_the_slack_allows(6_000, 0, true)]
    #[case::farther(7_000, 0, false)]
    #[case::farther_but_older(51_000, 1, true)]
    #[case::before_after_a_long_time(999, 3600, true)]
    fn started_after(#[case] candidate: u32, #[case] seconds: u64, #[case] expect: bool) {
        let among = Among::StartedAfter {
            pid: 1000,
            age: Duration::from_secs(seconds),
        };
        assert_eq!(among.includes(candidate, 4_194_304), expect);
    }

    #[test]
    fn numbers_that_wrapped_are_included() {
        let among = Among::StartedAfter {
            pid: 32_760,
            age: Duration::ZERO,
        };
        assert!(among.includes(301, 32_768));
    }

    #[test]
    fn nobody_carries_a_fresh_mark() {
        let mark = Mark::new("NOBODY_HAS_THIS", &crate::ids::fresh_run_mark());
        assert_eq!(
            kill_carriers(&mark, Among::Everybody, Duration::from_secs(1)),
            Killed::default()
        );
    }

    #[rstest]
    #[case::zombie("7 (a) Z 1 7 7 0 -1 4194316", true)]
    #[case::exiting("7 (a) R 1 7 7 0 -1 4194308", true)]
    #[case::kernel_thread("7 (a) S 1 7 7 0 -1 69238880", true)]
    #[case::none_given(&full("50 50"), true)]
    #[case::has_one(&full("50 90"), false)]
    #[case::in_execve(&full("0 0"), false)]
    #[cfg(target_os = "linux")]
    fn no_environment(#[case] stat: &str, #[case] expect: bool) {
        assert_eq!(stat_has_no_environment(stat), expect, "{stat}");
    }

    /// A line of a living process whose name is hard to read.
    #[cfg(target_os = "linux")]
    fn full(environment: &str) -> String {
        let fields = vec!["0"; 49 - 9].join(" ");
        format!("7 (a) Z b) S 1 7 7 0 -1 4194304 {fields} {environment} 0")
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_look_at_too_many_is_not_taken() {
        let mark = Mark::new("NOBODY_HAS_THIS", "x");
        assert!(matches!(
            proc::look(&mark, Among::Everybody, 0),
            Look::Unsettled
        ));
        assert!(matches!(
            proc::look(&mark, Among::Everybody, usize::MAX),
            Look::Nobody
        ));
    }
}
