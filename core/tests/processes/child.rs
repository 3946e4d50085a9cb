//! How children live and end.

use std::time::{Duration, Instant};

use plugin_host::event::What;
use plugin_host::ids::SESSION_MARK_VARIABLE;
use plugin_host::policy::Policy;
use plugin_host::process::{Asked, Child, Exit, StopOutcome, StopStep};
use rstest::rstest;

use crate::shell::{LINE, Running, Shell, is_gone, is_running};

fn steps(stop: &plugin_host::process::ProcessStop) -> Vec<(StopStep, StopOutcome)> {
    stop.steps
        .iter()
        .map(|report| (report.step, report.outcome))
        .collect()
}

const CLEAN_END: [(StopStep, StopOutcome); 2] = [
    (StopStep::Sweep, StopOutcome::Clean),
    (StopStep::Drain, StopOutcome::Drained),
];

#[tokio::test]
async fn a_child_has_a_group_of_its_own_and_no_input() {
    let mut running =
        Shell::script("cut -d' ' -f5 /proc/$$/stat >&2; read x || echo end >&2").start();
    assert_eq!(running.message().await, running.child.pid().to_string());
    assert_eq!(running.message().await, "end");
    assert_eq!(running.child.wait_exit().await, Exit::Code(0));
}

#[tokio::test]
async fn a_child_has_the_environment_of_its_launch_and_nothing_else() {
    let shell = Shell::script("exec env >&2");
    let mut expected: Vec<String> = shell
        .launch
        .environment
        .iter()
        .map(|(name, value)| format!("{}={}", name.display(), value.display()))
        .collect();
    let running = shell.start();
    running.child.wait_exit().await;
    running.child.stop(Asked::NotAsked).await;
    let mut seen: Vec<String> = running.child.stderr_tail();
    seen.retain(|line| {
        !line.starts_with("PWD=") && !line.starts_with("_=") && !line.starts_with("SHLVL=")
    });
    seen.sort();
    expected.sort();
    assert_eq!(seen, expected);
}

#[rstest]
#[case::success("exit 0", Exit::Code(0))]
#[case::failure("exit 3", Exit::Code(3))]
#[case::signal("kill -SEGV $$", Exit::Signal(11))]
#[tokio::test]
async fn the_exit_is_published_once(#[case] script: &str, #[case] exit: Exit) {
    let mut running = Shell::script(script).start();
    let (first, second) = tokio::join!(running.child.wait_exit(), running.child.wait_exit());
    assert_eq!(
        (first, second, running.child.exit()),
        (exit, exit, Some(exit))
    );
    let (code, signal) = running
        .event(|what| match what {
            What::Exited { code, signal, .. } => Some((*code, *signal)),
            _ => None,
        })
        .await;
    assert_eq!((code, signal), (exit.code(), exit.signal()));
}

#[rstest]
#[case::asked_and_going(
    "trap 'exit 0' USR1; echo up >&2; kill -USR1 $$",
    Asked::Answered,
    StopStep::AwaitExit
)]
#[case::unimplemented(
    "echo up >&2; exec sleep 100",
    Asked::Unimplemented,
    StopStep::Terminate
)]
#[case::not_asked("echo up >&2; exec sleep 100", Asked::NotAsked, StopStep::Terminate)]
#[case::abandoned("echo up >&2; exec sleep 100", Asked::Abandoned, StopStep::Kill)]
#[tokio::test]
async fn one_step_is_enough(#[case] script: &str, #[case] asked: Asked, #[case] step: StopStep) {
    let mut running = Shell::script(script).start();
    assert_eq!(running.message().await, "up");
    let stop = running.child.stop(asked).await;
    let mut seen = steps(&stop);
    // The process that goes by itself may be gone before the wait begins.
    if step == StopStep::AwaitExit && seen.len() == CLEAN_END.len() {
        seen.insert(0, (step, StopOutcome::Exited));
    }
    assert_eq!(
        seen,
        [&[(step, StopOutcome::Exited)][..], &CLEAN_END].concat()
    );
    assert_eq!(stop.is_graceful(), step != StopStep::Kill);
    assert!(!is_running(running.child.pid()));
}

#[tokio::test]
async fn a_child_that_ignores_everything_is_killed_within_the_limits() {
    let shell = Shell::script("trap '' TERM; echo up >&2; exec sleep 100").timing(|timing| {
        timing.exit_after_shutdown = Duration::from_millis(50);
        timing.term_grace = Duration::from_millis(60);
    });
    let mut running = shell.start();
    assert_eq!(running.message().await, "up");
    let began = Instant::now();
    let stop = running.child.stop(Asked::Answered).await;
    assert!(began.elapsed() >= Duration::from_millis(110), "{stop:?}");
    let expected = [
        (StopStep::AwaitExit, StopOutcome::TimedOut),
        (StopStep::Terminate, StopOutcome::TimedOut),
        (StopStep::Kill, StopOutcome::Exited),
    ];
    assert_eq!(steps(&stop), [&expected[..], &CLEAN_END].concat());
    assert_eq!(stop.exit, Some(Exit::Signal(9)));
}

#[tokio::test]
async fn without_sigterm_the_child_is_only_killed() {
    let policy = Policy {
        never_terminate: true,
        ..Policy::default()
    };
    let mut running = Shell::script(
        "trap 'echo termed >&2; exit 0' TERM; echo up >&2; while :; do sleep 1; done",
    )
    .policy(policy)
    .start();
    assert_eq!(running.message().await, "up");
    let stop = running.child.stop(Asked::Unimplemented).await;
    assert!(
        stop.took_step(StopStep::Kill) && !stop.took_step(StopStep::Terminate),
        "{stop:?}"
    );
    assert_eq!(running.child.stderr_tail(), ["up"]);
}

#[tokio::test]
async fn a_process_that_has_ended_is_sent_no_signal_and_costs_no_wait() {
    let running = Shell::script("exit 0").start();
    running.child.wait_exit().await;
    let stop = running.child.stop(Asked::Answered).await;
    assert_eq!(steps(&stop), CLEAN_END);
    let again = running.child.stop(Asked::NotAsked).await;
    assert_eq!(again, stop, "a second stop sees the same end");
}

async fn pid_said_by(running: &mut Running) -> u32 {
    running
        .message()
        .await
        .trim()
        .parse()
        .expect("a process id")
}

#[tokio::test]
async fn a_grandchild_in_the_group_dies_with_its_parent() {
    let mut running = Shell::script("sleep 1000 & echo $! >&2; exit 7").start();
    let grandchild = pid_said_by(&mut running).await;
    assert_eq!(running.child.wait_exit().await, Exit::Code(7));
    let stop = running.child.stop(Asked::Answered).await;
    assert_eq!(
        stop.steps.last().map(|report| report.outcome),
        Some(StopOutcome::Drained)
    );
    assert!(is_gone(grandchild).await);
}

#[tokio::test]
async fn a_descendant_that_left_the_group_and_holds_the_pipes_dies_too() {
    let script =
        format!("setsid sh -c 'sleep 1000 & echo $! >&2' & wait; echo '{LINE}'; exec sleep 1000");
    let mut running = Shell::script(&script).start();
    let descendant = pid_said_by(&mut running).await;
    let stop = running.child.stop(Asked::NotAsked).await;
    assert_eq!(
        steps(&stop)[1..],
        [
            (StopStep::Sweep, StopOutcome::KilledSurvivors),
            (StopStep::Drain, StopOutcome::Drained)
        ]
    );
    assert!(is_gone(descendant).await);
}

#[tokio::test]
async fn a_descendant_that_always_starts_its_successor_dies_too() {
    use plugin_host::guard::census::{Among, Killed, Mark, kill_carriers};
    let script =
        "export P='setsid sh -c \"$P\" >/dev/null 2>&1 &'; sh -c \"$P\"; echo up >&2; wait";
    let shell = Shell::script(script);
    let mark = Mark::new(SESSION_MARK_VARIABLE, &shell.session_mark);
    let mut running = shell.start();
    assert_eq!(running.message().await, "up");
    let stop = running.child.stop(Asked::NotAsked).await;
    let left = kill_carriers(&mark, Among::Everybody, Duration::from_secs(2));
    assert_eq!(left, Killed::default(), "{stop:?}");
}

#[tokio::test]
async fn a_descendant_without_the_mark_is_cut_off() {
    let script = "env -i setsid sleep 1000 & echo $! >&2; wait";
    let mut running = Shell::script(script).start();
    let descendant = pid_said_by(&mut running).await;
    wait_until_session_leader(descendant).await;
    let stop = running.child.stop(Asked::Abandoned).await;
    assert_eq!(
        steps(&stop)[1..],
        [
            (StopStep::Sweep, StopOutcome::Clean),
            (StopStep::Drain, StopOutcome::CutOff)
        ]
    );
    let pid = rustix::process::Pid::from_raw(i32::try_from(descendant).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

/// Yields until the process has left its group and forgotten its environment.
async fn wait_until_session_leader(pid: u32) {
    loop {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        let session = stat
            .rsplit(')')
            .next()
            .unwrap()
            .split_whitespace()
            .nth(3)
            .unwrap()
            .to_owned();
        let command = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap();
        if session == pid.to_string() && command.trim() == "sleep" {
            return;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_killed_plugins_socket_file_is_removed() {
    use std::sync::Arc;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plugin.sock");
    let mut shell = Shell::script("read line < fifo; echo \"$line\"; exec sleep 1000");
    shell.launch.directory = folder.path().to_owned();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        folder.path().join("fifo"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RWXU,
        0,
    )
    .unwrap();
    let running = shell.start();
    // A shell cannot listen; what it leaves behind, a socket at which nobody listens, the test makes in its place.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let line = format!("1|1|unix|{}|grpc\n", path.display());
    let fifo = folder.path().join("fifo");
    tokio::task::spawn_blocking(move || std::fs::write(fifo, line))
        .await
        .unwrap()
        .unwrap();
    let read: plugin_host::options::ReadHandshake = Arc::new(plugin_host::handshake::line::parse);
    running
        .child
        .handshake(&read, Duration::from_secs(10))
        .await
        .unwrap();
    assert!(path.exists());
    running.child.stop(Asked::NotAsked).await;
    assert!(!path.exists());
}

#[tokio::test]
async fn nothing_of_a_child_outlives_its_last_handle() {
    let Running { child, mut events } = Shell::script("exec sleep 1000").start();
    let pid = child.pid();
    let clone: Child = child.clone();
    drop(child);
    assert!(is_running(pid));
    drop(clone);
    while let Some(event) = events.recv().await {
        if let What::Exited { signal, .. } = event.what {
            assert_eq!(signal, Some(9));
        }
    }
    assert!(!is_running(pid));
}

#[tokio::test]
async fn the_reference_leaves_grandchildren() {
    let policy = Policy {
        kill_only_child: true,
        ..Policy::default()
    };
    let mut running = Shell::script("sleep 1000 & echo $! >&2; wait")
        .policy(policy)
        .timing(|timing| timing.drain = Duration::from_millis(50))
        .start();
    let grandchild = pid_said_by(&mut running).await;
    let stop = running.child.stop(Asked::Abandoned).await;
    assert!(is_running(grandchild), "{stop:?}");
    assert_eq!(
        steps(&stop)[1..],
        [
            (StopStep::Sweep, StopOutcome::Clean),
            (StopStep::Drain, StopOutcome::CutOff)
        ]
    );
    let pid = rustix::process::Pid::from_raw(i32::try_from(grandchild).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

#[rstest]
#[case::missing(
    "/nowhere/at/all",
    "spawn.not_found",
    "fork/exec /nowhere/at/all: no such file or directory"
)]
#[case::not_executable(
    "/etc/passwd",
    "spawn.permission_denied",
    "fork/exec /etc/passwd: permission denied"
)]
#[tokio::test]
async fn a_program_that_cannot_be_started(
    #[case] program: &str,
    #[case] kind: &str,
    #[case] go: &str,
) {
    let mut shell = Shell::script("");
    shell.launch.program = program.into();
    let error = shell.try_start().unwrap_err();
    assert_eq!((error.kind(), error.go_wording().as_str()), (kind, go));
}

#[tokio::test]
async fn a_program_that_is_still_being_written() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plugin");
    std::fs::copy("/bin/true", &file).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    let writer = std::fs::File::options().append(true).open(&file).unwrap();
    let program = |shell: &mut Shell| shell.launch.program.clone_from(&file);
    let mut shell = Shell::script("");
    program(&mut shell);
    assert_eq!(shell.try_start().unwrap_err().kind(), "spawn.busy");
    drop(writer);
    let mut shell = Shell::script("");
    program(&mut shell);
    assert_eq!(shell.start().child.wait_exit().await, Exit::Code(0));
}

#[tokio::test]
async fn a_file_that_is_no_program() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plugin");
    std::fs::write(&file, b"\x00\x01\x02 no program").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut shell = Shell::script("");
    shell.launch.program = file;
    assert_eq!(shell.try_start().unwrap_err().kind(), "spawn.exec_format");
}
