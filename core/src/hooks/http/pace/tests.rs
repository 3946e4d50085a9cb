//! Who is late, and when: in paused time.

use super::*;
use std::future::pending;
use tokio::time::sleep;

const SECOND: Duration = Duration::from_secs(1);

fn pace() -> Pace {
    of(&HttpTiming {
        first_byte: Some(SECOND * 3),
        idle: Some(SECOND * 5),
        upload_idle: SECOND * 20,
        ..HttpTiming::default()
    })
}

fn of(timing: &HttpTiming) -> Pace {
    Pace::new(Limits::new(timing, SECOND * 30, &HttpFaults::default()))
}

/// How a stream ends on which this happens and then nothing more, and after how many seconds.
async fn ends(pace: &Pace, happens: impl Future<Output = ()>) -> (FailureKind, u64) {
    let began = Instant::now();
    let story = async {
        happens.await;
        pending::<()>().await;
    };
    let failure = pace.hold(story).await.unwrap_err();
    (failure.kind, began.elapsed().as_secs())
}

#[tokio::test(start_paused = true)]
async fn what_moves_may_go_on_and_what_stands_still_is_late() {
    let pace = pace();
    assert_eq!(ends(&pace, async {}).await, (FailureKind::Deadline, 3));
    let moving = async {
        for _ in 0..5 {
            sleep(SECOND * 2).await;
            pace.sent();
        }
    };
    pace.moved();
    assert_eq!(ends(&pace, moving).await, (FailureKind::Deadline, 13));
    pace.answered();
    assert_eq!(ends(&pace, async {}).await, (FailureKind::Deadline, 5));
    pace.moved();
    assert_eq!(pace.hold(async { 7 }).await, Ok(7));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_sends_no_more_has_a_limit_of_its_own() {
    let pace = pace();
    let stalls = async {
        sleep(SECOND).await;
        pace.wants_more();
        sleep(SECOND).await;
        // Asked again, it has no more time.
        pace.wants_more();
    };
    assert_eq!(ends(&pace, stalls).await, (FailureKind::RequestStalled, 21));
}

#[tokio::test(start_paused = true)]
async fn a_plugin_has_its_own_time_from_the_moment_it_has_the_turn() {
    for after in [1, 2, 4, 11, 19] {
        let pace = pace();
        let sends_late = async {
            pace.wants_more();
            sleep(SECOND * after).await;
            pace.sent();
        };
        let after = u64::from(after);
        assert_eq!(
            ends(&pace, sends_late).await,
            (FailureKind::Deadline, after + 3)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_moves_excuses_the_client_and_the_client_the_answer() {
    let pace = pace();
    let talks = async {
        pace.wants_more();
        for _ in 0..3 {
            sleep(SECOND * 15).await;
            pace.answered();
        }
    };
    assert_eq!(ends(&pace, talks).await, (FailureKind::RequestStalled, 65));
}

#[tokio::test(start_paused = true)]
async fn the_whole_has_a_limit_whatever_moves() {
    let pace = of(&HttpTiming {
        total: Some(SECOND * 10),
        ..HttpTiming::default()
    });
    let moving = async {
        loop {
            sleep(SECOND).await;
            pace.answered();
        }
    };
    let (kind, after) = ends(&pace, moving).await;
    assert_eq!((kind, after), (FailureKind::Deadline, 10));
}

#[tokio::test(start_paused = true)]
async fn without_limits_of_its_own_a_stream_has_the_hooks() {
    let pace = of(&HttpTiming::default());
    assert_eq!(ends(&pace, async {}).await, (FailureKind::Deadline, 30));
    let faults = HttpFaults {
        no_deadlines: true,
        ..HttpFaults::default()
    };
    let endless = Pace::new(Limits::new(&HttpTiming::default(), SECOND, &faults));
    let waited = tokio::time::timeout(SECOND * 1000, endless.hold(pending::<()>())).await;
    assert!(waited.is_err());
}

#[test]
fn a_request_that_broke_off_explains_the_status() {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(async {
            let pace = pace();
            let status = Status::internal("reset");
            assert_eq!(
                pace.failure(&status).kind,
                FailureKind::Status(tonic::Code::Internal)
            );
            pace.broke("the client went away".to_owned());
            let failure = pace.failure(&status);
            assert_eq!(failure.kind, FailureKind::RequestBroken);
            assert!(failure.to_string().contains("the client went away"));
        });
}
