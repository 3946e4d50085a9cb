//! The census: which processes carry a case's mark in their environment, and the end of those that should be gone.
//!
//! Reads `/proc`, so it sees processes that left their group, their session and their parent. Where there is no `/proc` it sees nothing,
//! and so nobody is blamed. It judges nothing.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::time::Instant;

use crate::case::MARK_VARIABLE;

/// A process that is still there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leftover {
    /// Its id.
    pub pid: i32,
    /// Its command line.
    pub command: String,
}

impl fmt::Display for Leftover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {} ({})", self.pid, self.command)
    }
}

/// Which marks are looked for.
#[derive(Clone, Copy)]
enum Wanted<'a> {
    /// The mark of one case.
    Case(&'a str),
    /// Every mark of a run.
    Run(&'a str),
}

impl Wanted<'_> {
    fn matches(self, environ: &[u8]) -> bool {
        environ
            .split(|byte| *byte == 0)
            .any(|entry| self.is_mark(entry))
    }

    fn is_mark(self, entry: &[u8]) -> bool {
        let mark = || {
            entry
                .strip_prefix(MARK_VARIABLE.as_bytes())?
                .strip_prefix(b"=")
        };
        match self {
            Wanted::Case(wanted) => mark() == Some(wanted.as_bytes()),
            Wanted::Run(wanted) => mark()
                .and_then(|mark| mark.strip_prefix(wanted.as_bytes()))
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(b".")),
        }
    }
}

/// Whether every process of a case is gone within a bound; looked at often, and over as soon as it is so.
pub(super) async fn gone_within(mark: &str, bound: Duration) -> bool {
    let end = Instant::now() + bound;
    let mut pause = Duration::from_millis(2);
    loop {
        if nobody_carries(Wanted::Case(mark)) {
            return true;
        }
        if Instant::now() >= end {
            return false;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

/// Ends every process with this mark, or with a mark of this run, and says which there were.
pub(super) fn sweep(mark: &str) -> Vec<Leftover> {
    let mut ended = Vec::new();
    // A process may start another while it is being ended; each round finds those.
    for _ in 0..8 {
        let found = find(Wanted::Run(mark));
        if found.is_empty() {
            break;
        }
        for leftover in found {
            if let Some(pid) = Pid::from_raw(leftover.pid) {
                // It may have ended by itself meanwhile.
                let _ = kill_process(pid, Signal::KILL);
            }
            if !ended.contains(&leftover) {
                ended.push(leftover);
            }
        }
    }
    ended
}

fn find(wanted: Wanted<'_>) -> Vec<Leftover> {
    let own = i32::try_from(std::process::id()).unwrap_or(0);
    processes()
        .filter(|pid| *pid != own)
        .filter(|pid| carries(*pid, wanted))
        .map(|pid| Leftover {
            pid,
            command: command_line(pid),
        })
        .collect()
}

fn processes() -> impl Iterator<Item = i32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// Processes of other users, and such as have just ended, cannot be read and are not ours.
fn carries(pid: i32, wanted: Wanted<'_>) -> bool {
    read(pid, "environ").is_some_and(|environ| wanted.matches(&environ))
}

/// What one process shows.
enum Seen {
    Carrying,
    Other,
    /// Neither a command nor an environment: it is between two programs, and nobody can say whose it is.
    Unclear,
}

/// Where processes are started without end, somebody new is in every list.
const LOOKS: usize = 50;

/// Whether surely nobody carries the mark. A process may fork and end between being listed and being looked at; its child is in
/// the next list then, so the answer is known when a list holds nobody who has not been looked at.
fn nobody_carries(wanted: Wanted<'_>) -> bool {
    let own = i32::try_from(std::process::id()).unwrap_or(0);
    let mut others = BTreeSet::from([own]);
    for _ in 0..LOOKS {
        let new: Vec<i32> = processes().filter(|pid| !others.contains(pid)).collect();
        if new.is_empty() {
            return true;
        }
        for pid in new {
            match see(pid, wanted) {
                Seen::Carrying => return false,
                Seen::Other => drop(others.insert(pid)),
                Seen::Unclear => {}
            }
        }
    }
    false
}

fn see(pid: i32, wanted: Wanted<'_>) -> Seen {
    let Some(environ) = read(pid, "environ") else {
        return Seen::Other;
    };
    if wanted.matches(&environ) {
        return Seen::Carrying;
    }
    let is_gone = || read(pid, "stat").is_none_or(|stat| is_zombie_or_kernel(&stat));
    match read(pid, "cmdline") {
        _ if !environ.is_empty() => Seen::Other,
        Some(line) if line.is_empty() && !is_gone() => Seen::Unclear,
        // It has a command by now, and so the environment that it was started with.
        Some(line) if !line.is_empty() && carries(pid, wanted) => Seen::Carrying,
        _ => Seen::Other,
    }
}

/// From the fields after the name: the state, and the parent, which is 2 for the kernel's own threads.
fn is_zombie_or_kernel(stat: &[u8]) -> bool {
    let text = String::from_utf8_lossy(stat);
    let mut fields = text
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace();
    let (state, parent) = (fields.next(), fields.next());
    matches!(state, Some("Z" | "X")) || parent == Some("2")
}

fn read(pid: i32, file: &str) -> Option<Vec<u8>> {
    std::fs::read(Path::new("/proc").join(pid.to_string()).join(file)).ok()
}

fn command_line(pid: i32) -> String {
    let bytes = read(pid, "cmdline").unwrap_or_default();
    let words: Vec<_> = bytes
        .split(|byte| *byte == 0)
        .map(String::from_utf8_lossy)
        .collect();
    words.join(" ").trim_end().chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::exact(Wanted::Case("run.1"), "A=b\0PLUGIN_HOST_RUN=run.1\0C=d\0", true)]
    #[case::longer_is_another(Wanted::Case("run.1"), "PLUGIN_HOST_RUN=run.12\0", false)]
    #[case::other_name(Wanted::Case("run.1"), "XPLUGIN_HOST_RUN=run.1\0", false)]
    #[case::in_a_value(Wanted::Case("run.1"), "A=PLUGIN_HOST_RUN=run.1\0", false)]
    #[case::of_the_run(Wanted::Run("run"), "PLUGIN_HOST_RUN=run.12\0", true)]
    #[case::case_itself(Wanted::Run("run.1"), "PLUGIN_HOST_RUN=run.1\0", true)]
    #[case::other_run(Wanted::Run("run"), "PLUGIN_HOST_RUN=runner.1\0", false)]
    #[case::none(Wanted::Run("run"), "", false)]
    fn a_mark_is_matched_whole(
        #[case] wanted: Wanted<'_>,
        #[case] environ: &str,
        #[case] expect: bool,
    ) {
        assert_eq!(wanted.matches(environ.as_bytes()), expect);
    }

    #[rstest]
    #[case("7 (a) b) Z 1 7 7", true)]
    #[case("7 (kworker/0:1) I 2 0 0", true)]
    #[case("7 (sleep) S 1 7 7", false)]
    fn zombies_and_the_kernel_are_told_by_their_state_and_parent(
        #[case] stat: &str,
        #[case] expect: bool,
    ) {
        assert_eq!(is_zombie_or_kernel(stat.as_bytes()), expect);
    }
}
