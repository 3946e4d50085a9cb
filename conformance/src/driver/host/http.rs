//! HTTP requests: an order becomes a stream, and a stream an answer.

use bytes::Bytes;
use fake_interpreters::hex;
use futures_util::{StreamExt as _, stream};
use plugin_host::hooks::{Failure, HttpAnswer, Outcome};
use plugin_proto::duplex::BoxError;
use plugin_proto::pb::{ServeHttpRequestInit, ServeHttpResponseInit};
use plugin_proto::reflect;
use prost::Message as _;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{Answer, Host, NOT_RUNNING, plugin_id, refusal, told};
use crate::driver::fault::Fault;
use crate::driver::protocol::Called;
use crate::driver::protocol::http::{Http, HttpAnswered, HttpOrder};

/// Bodies up to this size are told whole.
const SHORT: usize = 4096;

/// In pieces of this size the body is handed over: neither the size of a message nor a part of it.
const HANDED: usize = 100_003;

impl Host {
    pub(super) async fn http(&self, order: HttpOrder) -> Answer {
        let id = plugin_id(&order.plugin)?;
        let head = match order.head.is_null() {
            true => &json!({}),
            false => &order.head,
        };
        let head = reflect::message_from_json("mattermost.pluginapi.v1.ServeHTTPRequestInit", head)
            .map_err(|error| refusal("http.head", &error.to_string()))?;
        let mut head = ServeHttpRequestInit::decode(head)
            .map_err(|error| refusal("http.head", &error.to_string()))?;
        let stalls = order.body.stalls;
        let mut body = order.body.bytes();
        match self.fault {
            Some(Fault::DropsHttpHost) => head.host.clear(),
            Some(Fault::CutsHttpRequests) => body.truncate(body.len().saturating_sub(1)),
            _ => {}
        }
        let hooks = self
            .environment
            .hooks(&id)
            .map_err(|error| refusal(NOT_RUNNING, &error.to_string()))?;
        let http = match hooks.serve_http(head, pieces(body, stalls)).await {
            Outcome::Answered(answer) => self.whole(answer).await,
            Outcome::NotImplemented if self.has(Fault::AnswersForPlugins) => {
                Http::Answered(HttpAnswered::default())
            }
            Outcome::NotImplemented => Http::NotImplemented {},
            Outcome::Refused(error) => self.failed(&error.message, "refused", None),
            Outcome::Failed(failure) => self.broken(&failure, None),
        };
        if let Http::Failed { kind, message, .. } = &http {
            let (kind, message) = (kind.clone(), message.clone());
            let called = Called::Failed { kind, message };
            self.manner_after_hook(&id, &called).await;
        }
        told(&http)
    }

    async fn whole(&self, mut answer: HttpAnswer) -> Http {
        let mut body = Vec::new();
        let failure = loop {
            match answer.body.next().await {
                Ok(Some(piece)) => body.extend_from_slice(&piece.bytes),
                Ok(None) => break None,
                Err(failure) => break Some(failure),
            }
        };
        if self.has(Fault::CutsHttpAnswers) {
            body.pop();
        }
        if self.has(Fault::DropsHttpHeaders) {
            answer.head.headers.clear();
        }
        let answered = answered(answer.head, body);
        match failure {
            None => Http::Answered(answered),
            Some(failure) => self.broken(&failure, Some(answered)),
        }
    }

    fn broken(&self, failure: &Failure, before: Option<HttpAnswered>) -> Http {
        self.failed(&failure.to_string(), failure.kind.word(), before)
    }

    fn failed(&self, message: &str, kind: &str, before: Option<HttpAnswered>) -> Http {
        let forgiven = match self.fault {
            Some(Fault::TruncatesQuietly) => before.is_some(),
            Some(Fault::TakesLawlessAnswers) => matches!(kind, "violation" | "bad_status"),
            _ => false,
        };
        if forgiven {
            return Http::Answered(before.unwrap_or_default());
        }
        Http::Failed {
            kind: kind.to_owned(),
            message: message.to_owned(),
            before,
        }
    }
}

fn pieces(
    body: Vec<u8>,
    stalls: bool,
) -> impl futures_util::Stream<Item = Result<Bytes, BoxError>> + Send + 'static {
    let mut body = Bytes::from(body);
    let pieces = std::iter::from_fn(move || {
        let piece = body.split_to(HANDED.min(body.len()));
        (!piece.is_empty()).then_some(Ok(piece))
    });
    let end = stream::once(async move {
        if stalls {
            std::future::pending::<()>().await;
        }
    });
    stream::iter(pieces).chain(end.filter_map(|()| async { None }))
}

fn answered(head: ServeHttpResponseInit, body: Vec<u8>) -> HttpAnswered {
    let headers = head.headers.into_iter();
    HttpAnswered {
        status: head.status_code,
        headers: headers.map(|header| (header.key, header.values)).collect(),
        bytes: body.len(),
        sha256: hex::encode(Sha256::digest(&body).as_slice()),
        text: Some(body)
            .filter(|body| body.len() <= SHORT)
            .and_then(|body| String::from_utf8(body).ok()),
    }
}
