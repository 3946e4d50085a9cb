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
    /// `Some` if the time was up before everybody had been looked at: those that had not shown yet whether they carry the
    /// mark, which are in the middle of `execve`, mostly.
    pub unsettled: Option<BTreeSet<u32>>,
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

/// How long to wait before looking again at a process that showed nothing yet.
const PAUSE: Duration = Duration::from_millis(1);

/// Kills every carrier of the mark, and those that they start meanwhile, until none is left or the time is up. The calling
/// process is spared. Blocks, and longer than the limit where the kernel makes a reader of `/proc` wait: see [`in_time`].
pub fn kill_carriers(mark: &Mark, among: Among, limit: Duration) -> Killed {
    let deadline = Instant::now() + limit;
    let mut killed = Killed::default();
    loop {
        let found = look(
            || proc::suspects(among),
            |pid| proc::see(pid, mark),
            || Instant::now() >= deadline,
            || std::thread::sleep(PAUSE),
        );
        match found {
            Look::Nobody => {
                killed.gone.append(&mut killed.remaining);
                return killed;
            }
            Look::OutOfTime(unclear) => {
                killed.unsettled = Some(unclear);
                return killed;
            }
            Look::Carriers(pids) => {
                let carriers = proc::open(&pids, mark);
                let now: BTreeSet<u32> = carriers.iter().map(proc::Carrier::pid).collect();
                killed.gone.append(&mut killed.remaining);
                killed.gone.retain(|pid| !now.contains(pid));
                killed.remaining = now;
                let left = deadline.saturating_duration_since(Instant::now());
                proc::kill_and_wait(&carriers, left);
                if left.is_zero() {
                    return killed;
                }
            }
        }
    }
}

/// What a thread of its own answers, `None` if it does not within the limit, or cannot be had. To read `/proc/PID/environ` may take seconds
/// where that process is short of memory or being replaced, and cannot be broken off: such a thread ends when the kernel
/// lets it go, and neither the caller nor the end of its runtime waits for that.
pub async fn in_time<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (answer, answered) = tokio::sync::oneshot::channel();
    let thread = std::thread::Builder::new().name("census".to_owned());
    // Nobody waits for an answer that is too late.
    thread.spawn(move || drop(answer.send(work()))).ok()?;
    tokio::time::timeout(limit, answered).await.ok()?.ok()
}

/// What a look around has shown.
#[derive(Debug, PartialEq, Eq)]
enum Look {
    /// Nobody carries the mark.
    Nobody,
    /// Some who carry it.
    Carriers(Vec<u32>),
    /// The time was up first. Those that had not shown yet whether they carry it, of those that were looked at.
    OutOfTime(BTreeSet<u32>),
}

/// What one process shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// The mark.
    Carrying,
    /// That it has not got it.
    Other,
    /// Nothing yet.
    Unclear,
}

/// Looks at everybody in the list once, and at those that were unclear again. A process may fork and end between being
/// listed and being looked at. Its child is in the next list then, so nobody is left only when a list holds nobody new.
fn look(
    list: impl Fn() -> Vec<u32>,
    see: impl Fn(u32) -> Seen,
    is_over: impl Fn() -> bool,
    pause: impl Fn(),
) -> Look {
    let mut others = BTreeSet::new();
    let mut unclear = BTreeSet::new();
    loop {
        let mut new = list();
        new.retain(|pid| !others.contains(pid));
        if new.is_empty() {
            return Look::Nobody;
        }
        let has_news = new.iter().any(|pid| !unclear.contains(pid));
        unclear.retain(|pid| new.contains(pid));
        let mut carriers = Vec::new();
        for pid in new {
            if is_over() {
                return Look::OutOfTime(unclear);
            }
            let seen = see(pid);
            if seen == Seen::Unclear {
                unclear.insert(pid);
                continue;
            }
            unclear.remove(&pid);
            match seen {
                Seen::Carrying => carriers.push(pid),
                Seen::Other | Seen::Unclear => drop(others.insert(pid)),
            }
        }
        if !carriers.is_empty() {
            return Look::Carriers(carriers);
        }
        if !has_news {
            pause();
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

#[cfg(target_os = "linux")]
mod proc;

#[cfg(not(target_os = "linux"))]
mod proc {
    use std::time::Duration;

    use super::{Among, Mark, Seen};

    #[derive(Debug)]
    pub(super) enum Carrier {}

    impl Carrier {
        pub(super) fn pid(&self) -> u32 {
            match *self {}
        }
    }

    pub(super) fn suspects(_: Among) -> Vec<u32> {
        Vec::new()
    }

    pub(super) fn see(_: u32, _: &Mark) -> Seen {
        Seen::Other
    }

    pub(super) fn open(_: &[u32], _: &Mark) -> Vec<Carrier> {
        Vec::new()
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

    /// Lists that are given one after another, such as `10 11, 11`; the last one stays.
    fn lists(lists: &str) -> impl Fn() -> Vec<u32> {
        let pids = |list: &str| {
            let pids = list.split_whitespace();
            pids.map(|pid| pid.parse().unwrap()).collect()
        };
        let mut left: Vec<Vec<u32>> = lists.split(',').map(pids).collect();
        left.reverse();
        let left = std::cell::RefCell::new(left);
        move || {
            let mut left = left.borrow_mut();
            if left.len() > 1 {
                left.pop().unwrap_or_default()
            } else {
                left[0].clone()
            }
        }
    }

    /// Time for so many looks at a process.
    fn time_for(looks: u32) -> (impl Fn() -> bool, std::rc::Rc<std::cell::Cell<u32>>) {
        let taken = std::rc::Rc::new(std::cell::Cell::new(0));
        let count = std::rc::Rc::clone(&taken);
        let is_over = move || {
            let over = taken.get() == looks;
            taken.set(taken.get() + u32::from(!over));
            over
        };
        (is_over, count)
    }

    #[rstest]
    #[case::an_empty_list("", Look::Nobody, 0)]
    #[case::each_is_looked_at_once("10 11", Look::Nobody, 2)]
    #[case::whoever_is_new_in_the_next_list("10, 10 11", Look::Nobody, 2)]
    #[case::one_that_carries_it("10 77 11", Look::Carriers(vec![77]), 3)]
    #[case::one_that_comes_later("10, 10 77", Look::Carriers(vec![77]), 2)]
    #[case::one_that_shows_nothing("10 50", Look::OutOfTime([50].into()), 20)]
    #[case::one_that_ends_showing_nothing("10 50, 10", Look::Nobody, 2)]
    #[case::a_carrier_beside_one_that_shows_nothing("50 77", Look::Carriers(vec![77]), 2)]
    fn a_look_around(#[case] each: &str, #[case] expect: Look, #[case] looks: u32) {
        let see = |pid| match pid {
            50 => Seen::Unclear,
            77 => Seen::Carrying,
            _ => Seen::Other,
        };
        let (is_over, taken) = time_for(20);
        assert_eq!(look(lists(each), see, is_over, || {}), expect);
        assert_eq!(taken.get(), looks);
    }

    #[test]
    fn ever_new_processes_do_not_hold_a_look_for_ever() {
        let next = std::cell::Cell::new(0);
        let list = || vec![next.replace(next.get() + 1)];
        let (is_over, _) = time_for(20);
        assert_eq!(
            look(list, |_| Seen::Other, is_over, || {}),
            Look::OutOfTime(BTreeSet::new())
        );
    }

    #[tokio::test]
    #[cfg(target_os = "linux")]
    async fn when_all_have_ended_meanwhile_nobody_is_waited_for() {
        let nobody = || proc::kill_and_wait(&[], Duration::from_secs(60));
        assert_eq!(in_time(Duration::from_secs(10), nobody).await, Some(()));
    }

    #[tokio::test]
    async fn a_thread_that_hangs_holds_nobody() {
        let (release, held) = std::sync::mpsc::channel::<()>();
        let hanging = in_time(Duration::from_millis(10), move || held.recv());
        assert_eq!(hanging.await, None);
        drop(release);
        assert_eq!(in_time(Duration::from_secs(10), || 7).await, Some(7));
    }
}
