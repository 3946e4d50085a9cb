//! ServeHTTP of a plugin under test: an order in a header of the request, a list of steps as its answer.
//!
//! Every message of the stream is read and written here, by the contract's own types and nobody else's rules. What a handler reads is
//! in `body`, what it writes in `writer`, and what faults do to the pieces of either in `spoiler`.

mod body;
mod spoiler;
mod writer;

use std::sync::atomic::Ordering;

use plugin_proto::pb::ServeHttpRequestInit;
use plugin_proto::{Rpc as _, hook, reflect};
use prost::Message as _;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use tonic::{Code, Status};

pub(crate) use body::Incoming;
pub(crate) use writer::{Open, Sender};

use super::input::Input;
use super::order::{Order, Word};
use super::reply::Outcome;
use super::{Handling, Running, Testee, evidence};
use crate::fault::Fault;
use crate::hex;
use crate::play::put_all;
use crate::script::Stream;
use crate::serve::Over;
use body::Body;
use writer::{LONG_VALUE, Writer};

/// The header of a request that holds its order.
pub const ORDER: &str = "X-Conformance";

/// The hook.
const NAME: &str = hook::ServeHTTP::METHOD.name;
/// Its message with the head.
const HEAD: &str = "mattermost.pluginapi.v1.ServeHTTPRequestInit";

/// Why a handler does not come to its end.
enum Ended {
    Over(Over),
    /// The request broke off, or broke the rules.
    Request(Status),
    /// It raised an error with this text.
    Raised(String),
}

impl From<Over> for Ended {
    fn from(over: Over) -> Self {
        Self::Over(over)
    }
}

impl Testee {
    /// One request, from its first message to the last one of its answer.
    pub(crate) async fn serve_http(&self, incoming: Incoming, sender: &Sender) -> Result<(), Over> {
        if self.without.contains(NAME) {
            return Err(Over::Status(Status::unimplemented(format!(
                "unknown method {}",
                hook::ServeHTTP::METHOD.path
            ))));
        }
        let mut running = Running::new(self);
        let _turn = match self.fault {
            Some(Fault::HttpSerialised | Fault::HttpBlocksHooks) => Some(self.turn.lock().await),
            _ => None,
        };
        if self.has(Fault::HttpCancelledKeepSlots) {
            // The permit comes back only if the request is answered.
            let permit = self.slots.acquire().await;
            permit.map_err(|_| Over::Gone)?.forget();
        }
        let mut body = Body::new(incoming, self.fault);
        let mut writer = Writer::new(sender, self.fault, &self.open);
        let answered = match self.exchange(&mut body, &mut writer).await {
            Ok(()) => match writer.finish().await {
                Ok(()) if self.has(Fault::HttpEndsWithStatus) => {
                    Err(Over::Status(Status::internal("the handler was closed")))
                }
                finished => finished,
            },
            Err(Ended::Over(over)) => Err(over),
            Err(Ended::Request(status)) => {
                if self.has(Fault::HttpViolationKills) && status.code() == Code::InvalidArgument {
                    self.stage.exit(1, "fault");
                }
                Err(Over::Status(status))
            }
            Err(Ended::Raised(why)) => self.failed(&why, &mut writer).await,
        };
        if self.has(Fault::HttpCancelledKeepSlots) && answered.is_ok() {
            self.slots.add_permits(1);
        }
        running.answered = true;
        answered
    }

    /// What a client gets of a handler that raised an error.
    async fn failed(&self, why: &str, writer: &mut Writer<'_>) -> Result<(), Over> {
        self.failed.store(true, Ordering::Relaxed);
        if self.has(Fault::HttpErrorKills) {
            self.stage.exit(1, "fault");
        }
        let cut = writer.has_begun() && !self.has(Fault::HttpErrorCompletes);
        if cut || self.has(Fault::HttpErrorAsStatus) {
            return Err(Over::Status(Status::aborted(
                "the handler failed after its answer had begun",
            )));
        }
        if !writer.has_begun() {
            writer.forget();
            let status = match self.has(Fault::HttpErrorAnsweredOk) {
                true => 200,
                false => 500,
            };
            let head = writer
                .status(status)
                .and_then(|()| writer.header("Content-Type", "text/plain; charset=utf-8"));
            head.map_err(|refused| Over::Status(Status::internal(refused.0)))?;
            let text = if self.has(Fault::HttpErrorTextLeaked) {
                format!("Internal Server Error: {why}\n")
            } else {
                "Internal Server Error\n".to_owned()
            };
            writer.write(text.into()).await?;
        }
        writer.finish().await
    }

    /// The handler.
    async fn exchange(&self, body: &mut Body, writer: &mut Writer<'_>) -> Result<(), Ended> {
        let head = body.head().await.map_err(Ended::Request)?;
        if self.has(Fault::HttpHeadNotRun) && head.method == "HEAD" {
            return Ok(());
        }
        let input = self.seen(self.read_head(&head)?).await;
        let nonce = Order::find(&input.text, self.order_of(NAME)).nonce;
        let steps = match self.handle(&input).await {
            Outcome::Answered(steps) => steps,
            Outcome::Failed(why) => return Err(Ended::Raised(why)),
            _ => json!([]),
        };
        let mut exchange = Exchange {
            testee: self,
            nonce: &nonce,
            body,
            writer,
            digest: Sha256::new(),
            length: 0,
        };
        for step in steps.as_array().into_iter().flatten() {
            let step = exchange.step(step.as_str().unwrap_or_default());
            // Whatever goes on has all of its time again.
            match tokio::time::timeout(self.timeout, step).await {
                Ok(done) => done?,
                Err(_) => return Err(Ended::Raised(format!("{NAME} timed out"))),
            }
        }
        if self.has(Fault::HttpEarlyAnswerWaits) {
            while exchange
                .body
                .piece()
                .await
                .map_err(Ended::Request)?
                .is_some()
            {}
        }
        Ok(())
    }

    /// The head as a handler sees it: the headers are values by name.
    fn read_head(&self, head: &ServeHttpRequestInit) -> Result<Input, Ended> {
        let wire = head.encode_to_vec();
        let mut fields = reflect::message_to_json(HEAD, &wire)
            .map_err(|error| Ended::Request(Status::internal(error.to_string())))?;
        let mut headers = Map::new();
        let mut text = String::new();
        for header in &head.headers {
            let values = header.values.iter().map(|value| self.value(value));
            let known = headers
                .iter_mut()
                .find(|(name, _)| name.eq_ignore_ascii_case(&header.key));
            let slot = match known {
                Some((_, known)) if !self.has(Fault::HttpRepeatedNameLost) => known,
                _ => headers.entry(&header.key).or_insert(json!([])),
            };
            if self.has(Fault::HttpRepeatedNameLost) {
                *slot = json!([]);
            }
            if let Some(slot) = slot.as_array_mut() {
                slot.extend(values);
                if self.has(Fault::HttpValuesLost) {
                    slot.truncate(1);
                }
            }
            if header.key.eq_ignore_ascii_case(ORDER) {
                text = header.values.first().cloned().unwrap_or_default();
            }
        }
        if !headers.is_empty() {
            fields["headers"] = headers.into();
        }
        Ok(Input {
            method: hook::ServeHTTP::METHOD,
            text,
            fields,
            request_id: String::new(),
        })
    }

    fn value(&self, value: &str) -> Value {
        if self.has(Fault::HttpLongValueCut) {
            return value.chars().take(LONG_VALUE).collect::<String>().into();
        }
        value.into()
    }
}

/// A handler at work.
struct Exchange<'a, 'w> {
    testee: &'a Testee,
    nonce: &'a str,
    body: &'a mut Body,
    writer: &'a mut Writer<'w>,
    digest: Sha256,
    length: usize,
}

impl Exchange<'_, '_> {
    async fn step(&mut self, step: &str) -> Result<(), Ended> {
        let (word, rest) = step.split_once(' ').unwrap_or((step, ""));
        let raised = || Ended::Raised(format!("step not understood: {step}"));
        let number = |text: &str| text.parse::<usize>().map_err(|_| raised());
        let refused = |refused: writer::Refused| Ended::Raised(refused.0);
        match word {
            "status" => {
                let status = rest.parse().map_err(|_| raised())?;
                self.writer.status(status).map_err(refused)
            }
            "header" => {
                let (name, value) = rest.split_once(' ').ok_or_else(raised)?;
                self.writer.header(name, value).map_err(refused)
            }
            "write" => {
                let (times, text) = rest.split_once(' ').ok_or_else(raised)?;
                let bytes = text.repeat(number(times)?);
                Ok(self.writer.write(bytes.into()).await?)
            }
            "flush" => Ok(self.writer.flush().await?),
            "read" if rest.is_empty() => self.read(usize::MAX, false).await,
            "read" => self.read(number(rest)?, false).await,
            "echo" => self.read(usize::MAX, true).await,
            _ => {
                let word = Word::parse(step);
                // The request of this hook has no context, and so no id.
                let handling = Handling {
                    hook: NAME,
                    nonce: self.nonce,
                    request_id: "",
                };
                match self.testee.carry_out(handling, word).await {
                    Outcome::Failed(why) => Err(Ended::Raised(why)),
                    _ => Ok(()),
                }
            }
        }
    }

    /// Reads until so much more is there, or to the end, which is shown.
    async fn read(&mut self, wanted: usize, echo: bool) -> Result<(), Ended> {
        let mut read = 0;
        while read < wanted {
            let Some(piece) = self.body.piece().await.map_err(Ended::Request)? else {
                self.show();
                return Ok(());
            };
            read += piece.len();
            self.length += piece.len();
            self.digest.update(&piece);
            if echo {
                self.writer.write(piece).await?;
            }
            if self.testee.has(Fault::HttpReadsFirstPiece) {
                break;
            }
        }
        Ok(())
    }

    fn show(&self) {
        let sha256 = hex::encode(self.digest.clone().finalize().as_slice());
        let line = evidence::body(NAME, self.nonce, self.length, &sha256);
        // Evidence that nobody reads is no reason to do otherwise.
        let _ = put_all(Stream::Stderr, line.as_bytes());
    }
}
