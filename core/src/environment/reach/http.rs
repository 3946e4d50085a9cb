//! A whole HTTP request to one plugin, and its whole answer: what one plugin asks of another, which has no place for a part.
//!
//! Dropping the wait ends the plugin's stream.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use plugin_proto::Rpc as _;
use plugin_proto::codec::MAX_MESSAGE;
use plugin_proto::hook::ServeHTTP;
use plugin_proto::pb::{ServeHttpRequestInit, ServeHttpResponseInit};
use tokio::time::timeout;

use crate::api::plugins::HttpReply;
use crate::hooks::outcome::Failure;
use crate::hooks::{Hooks, HttpAnswer, HttpBody, Outcome};
use crate::http_rules::BodyPlan;
use crate::http_rules::fields::LARGEST_FIELDS;

/// From the request to the end of the answer. A stream that is alive has no such limit, but here somebody waits for its end.
const WHOLE: Duration = Duration::from_secs(120);

/// The largest body that fits into one message beside its headers.
const LARGEST: usize = MAX_MESSAGE - 2 * LARGEST_FIELDS;

/// Asks, and gathers what comes.
pub(super) async fn exchange(
    hooks: &Hooks,
    head: ServeHttpRequestInit,
    body: Bytes,
    nested: bool,
) -> HttpReply {
    let exchange = async {
        let body = futures_util::stream::iter((!body.is_empty()).then_some(Ok(body)));
        match hooks.serve_http_in(head, body, nested).await {
            Outcome::Answered(answer) => gather(answer).await,
            // `ServeHTTP` has no error in band.
            Outcome::NotImplemented | Outcome::Refused(_) => HttpReply::NotImplemented,
            Outcome::Failed(failure) => failed(&failure),
        }
    };
    timeout(WHOLE, exchange).await.unwrap_or_else(|_| {
        let name = ServeHTTP::METHOD.name;
        failed(&Failure::deadline(name, WHOLE))
    })
}

async fn gather(answer: HttpAnswer) -> HttpReply {
    let HttpAnswer { head, plan, body } = answer;
    match (plan.body, body.all_at_once()) {
        (BodyPlan::Discard, _) => {
            body.discard();
            HttpReply::Answered {
                head,
                body: Bytes::new(),
            }
        }
        (BodyPlan::Forward, Some(all)) => HttpReply::Answered { head, body: all },
        (BodyPlan::Forward, None) => gather_pieces(head, body).await,
    }
}

async fn gather_pieces(head: ServeHttpResponseInit, mut body: HttpBody) -> HttpReply {
    let mut whole = BytesMut::new();
    loop {
        match body.next().await {
            Ok(Some(piece)) if whole.len() + piece.bytes.len() > LARGEST => {
                return HttpReply::Failed {
                    status: StatusCode::BAD_GATEWAY.as_u16(),
                    reason: format!("the answer has more than {LARGEST} bytes"),
                };
            }
            Ok(Some(piece)) => whole.extend_from_slice(&piece.bytes),
            Ok(None) => {
                return HttpReply::Answered {
                    head,
                    body: whole.freeze(),
                };
            }
            Err(failure) => return failed(&failure),
        }
        if body.is_whole() {
            // What could still be found after a whole answer takes nothing from it.
            return HttpReply::Answered {
                head,
                body: whole.freeze(),
            };
        }
    }
}

fn failed(failure: &Failure) -> HttpReply {
    HttpReply::Failed {
        status: failure.http_status().as_u16(),
        reason: failure.to_string(),
    }
}
