//! A limit on the calls that a plugin gets at a time, with a queue that has an end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::policy::CallLimit;

/// Gives calls their turns, in the order in which they came.
#[derive(Debug)]
pub(super) struct Turns {
    limit: CallLimit,
    free: Semaphore,
    waiting: AtomicUsize,
}

/// A turn; the next call has it when this is dropped.
pub(super) type Turn<'a> = SemaphorePermit<'a>;

/// The queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Full(pub(super) CallLimit);

impl Turns {
    pub(super) fn new(limit: CallLimit) -> Self {
        Self {
            limit,
            free: Semaphore::new(limit.concurrent.min(Semaphore::MAX_PERMITS)),
            waiting: AtomicUsize::new(0),
        }
    }

    /// Waits for a turn; who goes away meanwhile leaves the queue.
    pub(super) async fn take(&self) -> Result<Turn<'_>, Full> {
        if let Ok(turn) = self.free.try_acquire() {
            return Ok(turn);
        }
        let _place = Place::take(self)?;
        let turn = self.free.acquire().await;
        Ok(turn.expect("the semaphore is never closed"))
    }
}

/// The turn of a call that outlives the function that makes it.
#[derive(Debug)]
pub(super) struct OwnTurn(Arc<Turns>);

impl OwnTurn {
    pub(super) async fn take(turns: Arc<Turns>) -> Result<Self, Full> {
        turns.take().await?.forget();
        Ok(Self(turns))
    }
}

impl Drop for OwnTurn {
    fn drop(&mut self) {
        self.0.free.add_permits(1);
    }
}

/// A place in the queue.
struct Place<'a>(&'a Turns);

impl<'a> Place<'a> {
    fn take(turns: &'a Turns) -> Result<Self, Full> {
        let more = |waiting| (waiting < turns.limit.queued).then_some(waiting + 1);
        match turns
            .waiting
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, more)
        {
            Ok(_) => Ok(Self(turns)),
            Err(_) => Err(Full(turns.limit)),
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;
    use std::pin::{Pin, pin};

    /// What a future has come to, polled once.
    fn poll<F: Future>(future: &mut Pin<&mut F>) -> Option<F::Output> {
        future.as_mut().now_or_never()
    }

    fn turns(concurrent: usize, queued: usize) -> Turns {
        Turns::new(CallLimit { concurrent, queued })
    }

    #[tokio::test]
    async fn the_queue_is_served_in_order_and_has_an_end() {
        let turns = turns(1, 2);
        let running = turns.take().await.unwrap();
        let (mut first, mut second) = (pin!(turns.take()), pin!(turns.take()));
        assert!(poll(&mut first).is_none() && poll(&mut second).is_none());
        assert_eq!(turns.take().await.unwrap_err(), Full(turns.limit));
        drop(running);
        assert!(poll(&mut second).is_none());
        let Some(Ok(next)) = poll(&mut first) else {
            panic!("the first in the queue has no turn")
        };
        drop(next);
        assert!(poll(&mut second).is_some());
    }

    #[tokio::test]
    async fn who_leaves_the_queue_frees_the_place() {
        let turns = turns(1, 1);
        let _running = turns.take().await.unwrap();
        {
            let mut waiting = pin!(turns.take());
            assert!(poll(&mut waiting).is_none());
            assert!(turns.take().await.is_err());
        }
        let mut waiting = pin!(turns.take());
        assert!(poll(&mut waiting).is_none());
    }

    #[tokio::test]
    async fn a_turn_of_its_own_is_given_back() {
        let turns = Arc::new(turns(1, 0));
        let own = OwnTurn::take(Arc::clone(&turns)).await.unwrap();
        assert!(turns.take().await.is_err());
        drop(own);
        assert!(turns.take().await.is_ok());
    }

    #[tokio::test]
    async fn without_a_queue_the_next_call_fails_at_once() {
        let turns = turns(2, 0);
        let _both = (turns.take().await.unwrap(), turns.take().await.unwrap());
        assert!(turns.take().await.is_err());
    }
}
