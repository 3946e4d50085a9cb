//! Drivers that are no good: each is noticed, and none is waited for longer than it was given.

use std::time::Instant;

use super::*;
use crate::driver::protocol::Health;

/// A driver that is a line of shell.
fn driver(script: &str) -> HostProcess {
    let command = HostCommand {
        program: "/bin/sh".into(),
        args: vec!["-c".into(), script.into()],
    };
    let environment = [("PATH".into(), "/usr/bin:/bin".into())].into();
    HostProcess::start(&command, Path::new("/"), &environment, Arc::new(|_| {})).unwrap()
}

fn health() -> Order {
    Order::Health {
        plugin: "a.b".to_owned(),
    }
}

const LONG: Duration = Duration::from_secs(30);

#[tokio::test]
async fn answers_find_their_orders_whatever_their_order() {
    let late_first = r#"read a; read b
        echo 'no message'
        echo '{"event":"log","plugin":"a.b","level":"info"}'
        echo '{"id":2,"error":{"kind":"k","message":"m"}}'
        echo '{"id":1,"ok":{"healthy":true,"status":"SERVING"}}'"#;
    let driver = driver(late_first);
    let (first, second) = tokio::join!(
        driver.ask_for::<Health>(health(), LONG),
        driver.ask_for::<Health>(health(), LONG)
    );
    assert!(first.unwrap().unwrap().healthy);
    assert_eq!(second.unwrap().unwrap_err().kind, "k");
    let event = driver
        .event(LONG, |event| event.event == "log")
        .await
        .unwrap();
    assert_eq!(
        (event.plugin.as_str(), event.text("level")),
        ("a.b", "info")
    );
    assert_eq!(
        driver.event(LONG, |event| event.event == "never").await,
        None
    );
    assert!(driver.close(LONG).await);
}

#[tokio::test]
async fn a_driver_that_ends_is_not_waited_for() {
    let driver = driver("read a; echo last words >&2; exit 3");
    let began = Instant::now();
    let error = driver.ask(health(), LONG).await.unwrap_err();
    assert!(
        matches!(
            error,
            DriverError::Gone {
                order: "health",
                ..
            }
        ),
        "{error}"
    );
    assert!(matches!(
        driver.ask(health(), LONG).await,
        Err(DriverError::Gone { .. })
    ));
    assert!(began.elapsed() < LONG);
}

#[tokio::test]
async fn a_driver_that_is_silent_is_given_its_time_and_no_more() {
    let driver = driver("exec sleep 60");
    let within = Duration::from_millis(20);
    let error = driver.ask(health(), within).await.unwrap_err();
    assert!(
        matches!(
            error,
            DriverError::Silent {
                order: "health",
                ..
            }
        ),
        "{error}"
    );
    assert!(!driver.close(within).await);
    driver.kill().await.unwrap();
}

#[tokio::test]
async fn an_answer_of_another_form_is_an_error() {
    let driver = driver(r#"read a; echo '{"id":1,"ok":{"healthy":"yes"}}'; read b"#);
    let error = driver.ask_for::<Health>(health(), LONG).await.unwrap_err();
    assert!(
        matches!(
            error,
            DriverError::Answer {
                order: "health",
                ..
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn only_the_end_of_stderr_is_kept() {
    let driver =
        driver("read a; i=0; while [ $i -lt 3000 ]; do echo line $i >&2; i=$((i+1)); done; exit 1");
    let error = driver.ask(health(), LONG).await.unwrap_err();
    let DriverError::Gone { stderr, .. } = error else {
        panic!("{error}")
    };
    assert!(stderr.len() <= STDERR_KEPT, "{}", stderr.len());
}

#[test]
fn a_program_that_is_not_there_is_an_error() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let _inside = runtime.enter();
    let command = HostCommand {
        program: "/nonexistent/host".into(),
        args: Vec::new(),
    };
    let started = HostProcess::start(&command, Path::new("/"), &BTreeMap::new(), Arc::new(|_| {}));
    assert!(matches!(started, Err(DriverError::Start { .. })));
}
