//! The first line of real processes, and what is said about those that have none.

use std::sync::Arc;
use std::time::{Duration, Instant};

use plugin_host::handshake::line;
use plugin_host::options::ReadHandshake;
use plugin_host::process::{Diagnosis, Exit};
use rstest::rstest;

use crate::shell::Shell;

const BUDGET: Duration = Duration::from_secs(10);

async fn kind_of(script: &str, budget: Duration) -> (&'static str, Diagnosis) {
    let read: ReadHandshake = Arc::new(line::parse);
    let running = Shell::script(script).start();
    let kind = match running.child.handshake(&read, budget).await {
        Ok(_) => "ok",
        Err(error) => error.kind(),
    };
    let (diagnosis, stop) = running.child.abandon(budget).await;
    assert!(stop.exit.is_some());
    (kind, diagnosis)
}

#[rstest]
#[case::good("echo '1|1|tcp|127.0.0.1:1234|grpc'; exec sleep 100", "ok")]
#[case::in_pieces(
    "printf '1|1|tcp|127.0.'; printf '0.1:1234|grpc'; echo; exec sleep 100",
    "ok"
)]
#[case::carriage_return("printf '1|1|tcp|127.0.0.1:1234|grpc\\r\\n'; exec sleep 100", "ok")]
#[case::no_newline_then_exit("printf '1|1|tcp|127.0.0.1:1234|grpc'", "ok")]
#[case::later_lines("echo '1|1|tcp|127.0.0.1:1234|grpc'; echo more; exec sleep 100", "ok")]
#[case::log_line_first(
    "echo starting; echo '1|1|tcp|127.0.0.1:1234|grpc'; exec sleep 100",
    "handshake.malformed"
)]
#[case::blank_first(
    "echo; echo '1|1|tcp|127.0.0.1:1234|grpc'; exec sleep 100",
    "handshake.blank"
)]
#[case::netrpc(
    "echo '1|1|tcp|127.0.0.1:1234|netrpc'; exec sleep 100",
    "handshake.netrpc"
)]
#[case::exits("exit 0", "handshake.stdout_closed")]
#[case::closes_stdout("exec sleep 100 >&-", "handshake.stdout_closed")]
#[case::overlong("head -c 70000 /dev/zero; exec sleep 100", "handshake.overlong")]
#[tokio::test]
async fn first_line_leads_to(#[case] script: &str, #[case] kind: &str) {
    assert_eq!(kind_of(script, BUDGET).await.0, kind);
}

#[rstest]
#[case::silent("exec sleep 100")]
#[case::no_newline("printf '1|1|tcp|127.0.0.1:1234|grpc'; exec sleep 100")]
#[case::lone_carriage_return("printf '1|1|tcp|127.0.0.1:1234|grpc\\r'; exec sleep 100")]
#[tokio::test]
async fn no_complete_line_is_a_timeout(#[case] script: &str) {
    let budget = Duration::from_millis(150);
    let began = Instant::now();
    let (kind, diagnosis) = kind_of(script, budget).await;
    assert_eq!(kind, "handshake.timeout");
    assert!(began.elapsed() >= budget && diagnosis.elapsed >= budget);
    assert_eq!(diagnosis.exit, None);
}

#[tokio::test]
async fn the_diagnosis_names_exit_stderr_and_stdout() {
    let (kind, diagnosis) = kind_of("echo 'no such module' >&2; exit 3", BUDGET).await;
    assert_eq!(kind, "handshake.stdout_closed");
    assert_eq!(diagnosis.exit, Some(Exit::Code(3)));
    assert_eq!(diagnosis.stderr_tail, ["no such module"]);
    assert_eq!((diagnosis.stdout_bytes, diagnosis.first_line), (0, None));
}

#[tokio::test]
async fn the_diagnosis_names_the_signal() {
    let (_, diagnosis) = kind_of("kill -KILL $$", BUDGET).await;
    assert_eq!(diagnosis.exit, Some(Exit::Signal(9)));
}

#[tokio::test]
async fn the_diagnosis_shows_an_incomplete_line() {
    let (_, diagnosis) = kind_of(
        "printf '1|1|\\t'; exec sleep 100",
        Duration::from_millis(150),
    )
    .await;
    assert_eq!(diagnosis.first_line.as_deref(), Some("1|1|\\t"));
    assert!(!diagnosis.first_line_complete);
    assert_eq!(diagnosis.stdout_bytes, 5);
    assert!(
        diagnosis
            .to_string()
            .contains("no end of line after \"1|1|\\t\""),
        "{diagnosis}"
    );
}

#[tokio::test]
async fn a_process_whose_stdout_is_held_by_a_stranger_still_gets_an_answer() {
    let read: ReadHandshake = Arc::new(line::parse);
    let script = "env -i setsid sleep 1000 & echo $! >&2; until grep -q sleep /proc/$!/comm; do :; done; exit 1";
    let running = Shell::script(script)
        .timing(|timing| timing.drain = Duration::from_millis(100))
        .start();
    let error = running.child.handshake(&read, BUDGET).await.unwrap_err();
    assert_eq!(error.kind(), "handshake.stdout_closed");
    let stranger: i32 = running.child.stderr_tail()[0].parse().unwrap();
    let pid = rustix::process::Pid::from_raw(stranger).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}
