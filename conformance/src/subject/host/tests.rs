//! Drivers that are no good: each is noticed, and none is waited for longer than it was given.

use std::time::Instant;

use super::*;
use crate::driver::protocol::{Called, Health};

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
async fn a_line_that_is_no_message_is_shown_to_whoever_waits() {
    let driver = driver("read a; echo '{\"event\":\"log\"}'; echo 'loading model …'; sleep 60");
    let began = Instant::now();
    for _ in 0..2 {
        let error = driver.ask(health(), LONG).await.unwrap_err();
        let DriverError::Garbage { line, .. } = &error else {
            panic!("{error}")
        };
        assert_eq!(line.number, 2);
        let text = error.to_string();
        assert!(text.contains(r#""loading model \xe2"#), "{text}");
        assert!(text.contains("conformance/HOST.md"), "{text}");
    }
    assert!(began.elapsed() < LONG);
}

/// The least that a driver claims, less this order.
fn claims_without(order: &str) -> Arc<Hello> {
    let mut hello = Hello::all("a host");
    hello.orders.remove(order);
    Arc::new(hello)
}

#[tokio::test]
async fn what_is_not_claimed_is_not_sent() {
    let echo = r#"read a; case "$a" in *metrics*) echo '{"id":2,"ok":1}';; *) echo '{"id":2,"ok":{"healthy":true}}';; esac; read b"#;
    let driver = driver(echo).claiming(Some(claims_without("metrics")));
    let error = driver.ask(Order::Metrics {}, LONG).await.unwrap_err();
    assert!(
        matches!(error, DriverError::NotClaimed { order: "metrics" }),
        "{error}"
    );
    let health = driver.ask_for::<Health>(health(), LONG).await.unwrap();
    assert!(health.unwrap().healthy, "the first line that it reads");
}

#[tokio::test]
async fn what_is_claimed_and_not_known_is_dead() {
    let script =
        r#"read a; echo '{"id":1,"error":{"kind":"unsupported","message":"what?"}}'; read b"#;
    let driver = driver(script).claiming(Some(claims_without("metrics")));
    let error = driver.ask(health(), LONG).await.unwrap_err();
    assert!(
        matches!(error, DriverError::Dead { order: "health" }),
        "{error}"
    );
}

#[tokio::test]
async fn a_driver_that_does_not_read_messages_is_given_bytes() {
    let mut hello = Hello::all("a host");
    hello.features.remove(&Feature::Messages);
    let script = r#"read a; case "$a" in *'"request":"'*) echo '{"id":1,"ok":{"outcome":"answered","response":"EgJubw=="}}';; esac; read b"#;
    let driver = driver(script).claiming(Some(Arc::new(hello)));
    let order = Order::Hook {
        plugin: "a.b".to_owned(),
        hook: "MessageWillBePosted".to_owned(),
        request: serde_json::json!({"post": {"message": "hi"}}),
    };
    let called = driver.ask_for::<Called>(order, LONG).await.unwrap();
    let Called::Answered { response } = called.unwrap() else {
        panic!("no answer")
    };
    assert_eq!(response["rejection_reason"], "no");
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
