//! A host that is killed takes everything with it.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use plugin_host::guard::GuardHandle;
use plugin_host::ids;
use plugin_host::options::GuardProgram;
use plugin_host::process::Asked;

use crate::shell::{Running, Shell, is_running};

const ROLE: &str = "TEST_HOST_FOLDER";

fn guard_program() -> GuardProgram {
    GuardProgram {
        program: PathBuf::from(env!("CARGO_BIN_EXE_plugin-guard")),
        args: Vec::new(),
    }
}

/// Run again by the test below as a process of its own, this is a host with a plugin that has descendants everywhere.
#[test]
fn host_process() {
    let Ok(folder) = std::env::var(ROLE) else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mark = ids::fresh_run_mark();
        let guard = GuardHandle::start(&guard_program(), &mark).unwrap();
        guard.add_folder(Path::new(&folder));
        let script = "sleep 1000 & echo $! >&2; \
                      setsid sh -c 'setsid sleep 1000 >/dev/null 2>&1 & echo $! >&2; exit' & wait $!; \
                      trap '' TERM; echo $$ >&2; exec sleep 1000";
        let mut shell = Shell::marked(script, &mark);
        shell.guard = Some(guard.clone());
        let mut running = shell.start();
        let mut pids = Vec::new();
        while pids.len() < 3 {
            pids.push(running.message().await);
        }
        pids.push(guard.pid().unwrap().to_string());
        println!("\npids {}", pids.join(" "));
        std::io::stdout().flush().unwrap();
        std::future::pending::<()>().await;
    });
}

#[test]
fn a_killed_host_leaves_nothing_within_two_seconds() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("of the host");
    std::fs::create_dir_all(folder.join("inner")).unwrap();
    let mut host = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "guard::host_process", "--nocapture"])
        .env(ROLE, &folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(host.stdout.take().unwrap()).lines();
    let pids: Vec<u32> = lines
        .find_map(|line| Some(line.unwrap().strip_prefix("pids ")?.to_owned()))
        .expect("the host starts")
        .split(' ')
        .map(|pid| pid.parse().unwrap())
        .collect();
    assert!(pids.iter().all(|pid| is_running(*pid)), "{pids:?}");

    host.kill().unwrap();
    let killed = Instant::now();
    host.wait().unwrap();
    while killed.elapsed() < Duration::from_secs(2)
        && (pids.iter().any(|pid| is_running(*pid)) || folder.exists())
    {
        std::thread::yield_now();
    }
    let left: Vec<&u32> = pids.iter().filter(|pid| is_running(**pid)).collect();
    assert!(
        left.is_empty() && !folder.exists(),
        "left {left:?} of {pids:?}, folder {}",
        folder.exists()
    );
}

#[tokio::test]
async fn an_orderly_host_ends_its_guard() {
    let guard = GuardHandle::start(&guard_program(), &ids::fresh_run_mark()).unwrap();
    let pid = guard.pid().unwrap();
    assert!(is_running(pid));
    assert!(guard.close(Duration::from_secs(5)).await);
    assert!(!is_running(pid));
    guard.add_group(1);
}

#[tokio::test]
async fn a_guard_is_spared_by_the_signals_of_a_terminal_and_replaced_when_it_is_killed() {
    let mark = ids::fresh_run_mark();
    let guard = GuardHandle::start(&guard_program(), &mark).unwrap();
    let mut shell = Shell::marked("echo up >&2; exec sleep 1000", &mark);
    shell.guard = Some(guard.clone());
    let Running {
        child,
        events: _events,
    } = shell.start();
    let first = guard.pid().unwrap();
    let pid = rustix::process::Pid::from_raw(i32::try_from(first).unwrap()).unwrap();
    wait_until_ignored(first).await;
    for signal in [
        rustix::process::Signal::TERM,
        rustix::process::Signal::INT,
        rustix::process::Signal::HUP,
    ] {
        rustix::process::kill_process(pid, signal).unwrap();
    }
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    while is_running(first) {
        tokio::task::yield_now().await;
    }
    guard.add_folder(Path::new("/nowhere/at/all"));
    let second = guard.pid().unwrap();
    assert_ne!(first, second);
    assert!(child.exit().is_none());
    assert!(guard.close(Duration::from_secs(5)).await);
    assert_eq!(
        child.wait_exit().await.signal(),
        Some(9),
        "the second guard knows what the first one knew"
    );
    child.stop(Asked::NotAsked).await;
}

/// Yields until the guard has its handlers; before, it would die of a SIGTERM as any process does.
async fn wait_until_ignored(pid: u32) {
    loop {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let caught = status
            .lines()
            .find_map(|line| line.strip_prefix("SigCgt:"))
            .unwrap()
            .trim()
            .to_owned();
        // SIGTERM is the 15th bit.
        if u64::from_str_radix(&caught, 16).unwrap() & 1 << 14 != 0 {
            return;
        }
        tokio::task::yield_now().await;
    }
}
