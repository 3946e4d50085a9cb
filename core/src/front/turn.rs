//! Whose turn it is on a stream of HTTP/2, and its end when it is the client's for too long: such a stream is reset, and the others of its
//! connection go on. On HTTP/1.1 an answer has its connection for itself, and the socket sees to it.
//!
//! hyper asks an answer for its next piece when the client has room for the one before. So from a piece until the next question it is the
//! client's turn.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, ready};
use std::time::Duration;

use hyper::rt::Executor;
use plugin_proto::ending::Tasks;
use tokio::time::{Instant, Sleep, sleep_until};

tokio::task_local! {
    /// That of the stream which a task serves.
    static TURN: Turn;
}

/// Whose turn it is.
#[derive(Debug, Clone, Default)]
pub(super) struct Turn {
    /// Since when it is the client's, if it is.
    clients: Arc<Mutex<Option<Instant>>>,
}

impl Turn {
    /// That of the stream which this task serves; there is none on HTTP/1.1.
    pub(super) fn current() -> Option<Self> {
        TURN.try_with(Self::clone).ok()
    }

    /// Something is given to the client.
    pub(super) fn is_clients(&self) {
        *self.lock() = Some(Instant::now());
    }

    /// The client has taken it.
    pub(super) fn is_ours(&self) {
        *self.lock() = None;
    }

    /// Waits until it has been the client's for so long. Looks at each wake of its task, so whatever gives the turn away has to be a part
    /// of the same task.
    async fn stalled(&self, within: Duration) {
        let mut waiting: Option<Pin<Box<Sleep>>> = None;
        poll_fn(|context| {
            loop {
                let since = *self.lock();
                let Some(since) = since else {
                    return Poll::Pending;
                };
                let due = since + within;
                let waiting = waiting.get_or_insert_with(|| Box::pin(sleep_until(due)));
                ready!(waiting.as_mut().poll(context));
                if Instant::now() >= due {
                    return Poll::Ready(());
                }
                // Of an earlier turn: set anew only here, not for every piece.
                waiting.as_mut().reset(due);
            }
        })
        .await;
    }

    fn lock(&self) -> MutexGuard<'_, Option<Instant>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs the streams of a connection, each until its client takes nothing for too long.
#[derive(Debug, Clone)]
pub(super) struct Streams {
    tasks: Tasks,
    stall: Duration,
}

impl Streams {
    pub(super) fn new(tasks: Tasks, stall: Duration) -> Self {
        Self { tasks, stall }
    }
}

impl<F> Executor<F> for Streams
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        let (turn, stall) = (Turn::default(), self.stall);
        let watched = turn.clone();
        let watched = async move {
            tokio::select! {
                biased;
                () = stream => {}
                // Dropped, its stream is reset.
                () = watched.stalled(stall) => {}
            }
        };
        self.tasks.execute(TURN.scope(turn, watched));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::sleep;

    const SECOND: Duration = Duration::from_secs(1);

    /// After how many seconds a stream is given up on which this happens and then nothing more.
    async fn given_up(happens: impl AsyncFnOnce(&Turn)) -> Option<u64> {
        let (turn, began) = (Turn::default(), Instant::now());
        let story = async {
            happens(&turn).await;
            std::future::pending::<()>().await;
        };
        let ends = async {
            tokio::select! {
                biased;
                () = story => {}
                () = turn.stalled(SECOND * 10) => {}
            }
        };
        let ended = tokio::time::timeout(SECOND * 1000, ends).await;
        ended.ok().map(|()| began.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn only_a_client_whose_turn_it_is_can_be_late() {
        assert_eq!(given_up(async |_| {}).await, None);
        assert_eq!(given_up(async |turn| turn.is_clients()).await, Some(10));
        let takes = async |turn: &Turn| {
            for _ in 0..5 {
                turn.is_clients();
                sleep(SECOND * 9).await;
                turn.is_ours();
            }
        };
        assert_eq!(given_up(takes).await, None);
        let takes_and_stops = async |turn: &Turn| {
            turn.is_clients();
            sleep(SECOND * 9).await;
            turn.is_clients();
        };
        assert_eq!(given_up(takes_and_stops).await, Some(19));
    }
}
