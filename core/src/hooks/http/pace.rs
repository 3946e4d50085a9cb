//! How long a stream may stand still, and why its request broke off if it did. Shared by both directions.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use tonic::Status;

use super::HOOK;
use crate::hooks::outcome::{Failure, FailureKind};

/// The pace of one stream.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    within: Duration,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug)]
struct Shared {
    moved: Instant,
    broke: Option<String>,
}

impl Pace {
    /// A stream that may stand still for so long at most.
    pub(super) fn new(within: Duration) -> Self {
        let shared = Shared {
            moved: Instant::now(),
            broke: None,
        };
        Self {
            within,
            shared: Arc::new(Mutex::new(shared)),
        }
    }

    /// Something came or went.
    pub(super) fn moved(&self) {
        self.shared().moved = Instant::now();
    }

    /// The body of the request broke off.
    pub(super) fn broke(&self, text: String) {
        self.shared().broke = Some(text);
    }

    /// Waits as long as the stream moves.
    ///
    /// # Errors
    /// For how long it stood still.
    pub(super) async fn hold<T>(&self, wait: impl Future<Output = T>) -> Result<T, Duration> {
        let mut wait = std::pin::pin!(wait);
        loop {
            let due = self.shared().moved + self.within;
            tokio::select! {
                biased;
                value = &mut wait => return Ok(value),
                () = sleep_until(due) => {}
            }
            if self.shared().moved + self.within <= Instant::now() {
                return Err(self.within);
            }
        }
    }

    /// What it means that the call ended with this status.
    pub(super) fn failure(&self, status: &Status) -> Failure {
        match self.shared().broke.clone() {
            None => Failure::from_status(HOOK.name, status),
            Some(text) => Failure {
                hook: HOOK.name,
                kind: FailureKind::RequestBroken,
                text,
            },
        }
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn what_moves_may_go_on_and_what_stands_still_is_late() {
        let pace = Pace::new(SECOND * 3);
        let began = Instant::now();
        let moving = async {
            for _ in 0..5 {
                tokio::time::sleep(SECOND * 2).await;
                pace.moved();
            }
            pending::<()>().await;
        };
        assert_eq!(pace.hold(moving).await, Err(SECOND * 3));
        assert_eq!(began.elapsed(), SECOND * 13);
        pace.moved();
        assert_eq!(pace.hold(async { 7 }).await, Ok(7));
    }

    #[test]
    fn a_request_that_broke_off_explains_the_status() {
        let pace = Pace::new(SECOND);
        let status = Status::internal("reset");
        assert_eq!(
            pace.failure(&status).kind,
            FailureKind::Status(tonic::Code::Internal)
        );
        pace.broke("the client went away".to_owned());
        let failure = pace.failure(&status);
        assert_eq!(failure.kind, FailureKind::RequestBroken);
        assert!(failure.to_string().contains("the client went away"));
    }
}
