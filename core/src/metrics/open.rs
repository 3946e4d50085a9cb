//! Something that is to be counted when it has ended, whichever way it ends.

use std::time::{Duration, Instant};

/// Counts once. Dropped without an end, its caller has left, and that is no success.
#[derive(Debug)]
pub(crate) struct Open<F: FnOnce(bool, Duration)> {
    count: Option<F>,
    began: Instant,
}

impl<F: FnOnce(bool, Duration)> Open<F> {
    pub(crate) fn begin(count: F) -> Self {
        Self {
            count: Some(count),
            began: Instant::now(),
        }
    }

    /// How long it has taken so far.
    pub(crate) fn took(&self) -> Duration {
        self.began.elapsed()
    }

    pub(crate) fn end(mut self, success: bool) {
        self.close(success);
    }

    /// It was nothing that is counted.
    pub(crate) fn discard(mut self) {
        self.count = None;
    }

    fn close(&mut self, success: bool) {
        if let Some(count) = self.count.take() {
            count(success, self.began.elapsed());
        }
    }
}

impl<F: FnOnce(bool, Duration)> Drop for Open<F> {
    fn drop(&mut self) {
        self.close(false);
    }
}
