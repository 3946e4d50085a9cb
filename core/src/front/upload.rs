//! The body of a request on its way to the plugin: fetched piece by piece when the plugin has room, counted, and within its limit.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::Stream;
use http_body::Body as _;
use hyper::body::Incoming;
use plugin_proto::duplex::BoxError;

use crate::front::socket::Link;

/// The body is larger than it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the body is larger than {0} bytes")]
struct TooLarge(u64);

/// The body of a request.
pub(super) struct Upload {
    body: Incoming,
    limit: Option<u64>,
    received: Arc<AtomicU64>,
    too_large: Arc<AtomicBool>,
    link: Arc<Link>,
}

impl Upload {
    /// Counts in `received`; says in `too_large` when it broke off for its limit.
    pub(super) fn new(
        body: Incoming,
        limit: Option<u64>,
        received: Arc<AtomicU64>,
        too_large: Arc<AtomicBool>,
        link: Arc<Link>,
    ) -> Self {
        Self {
            body,
            limit,
            received,
            too_large,
            link,
        }
    }
}

impl Stream for Upload {
    type Item = Result<Bytes, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let frame = match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => frame,
                Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
                None => return Poll::Ready(None),
            };
            // Trailers have no place in the contract.
            let Ok(bytes) = frame.into_data() else {
                continue;
            };
            let more = bytes.len() as u64;
            let received = self.received.fetch_add(more, Ordering::Relaxed) + more;
            if let Some(limit) = self.limit.filter(|limit| received > *limit) {
                self.too_large.store(true, Ordering::Relaxed);
                return Poll::Ready(Some(Err(TooLarge(limit).into())));
            }
            return Poll::Ready(Some(Ok(bytes)));
        }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if !self.body.is_end_stream() {
            self.link.has_unread();
        }
    }
}
