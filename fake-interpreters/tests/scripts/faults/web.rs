//! HTTP requests to a testee, as lines of text: each message of its answers, and what its handlers showed of what they saw.

use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use fake_interpreters::Script;
use fake_interpreters::testee::http::ORDER;
use futures_util::stream;
use plugin_proto::duplex::{BoxError, DuplexError, Message, duplex};
use plugin_proto::pb::{HttpHeader, ServeHttpRequest, ServeHttpRequestInit, ServeHttpResponse};
use plugin_proto::{Rpc as _, hook};
use prost::Message as _;
use serde_json::json;
use tokio::sync::mpsc;
use tonic::Status;

use super::talk::{LONG, PATIENCE, Seen, Talk, talk};

/// What one message of an answer may have.
const LIMIT: usize = 16 << 20;
const PIECE: usize = 64 * 1024;

/// A testee with requests that are sent at once and answered whole.
pub(super) fn requesting(script: &Script, good: Option<&Seen>) -> Seen {
    talk(script, &[], good, async |talk| {
        let long = "v".repeat(9000);
        let steps = [
            "status 201",
            "header Set-Cookie a",
            "header Set-Cookie b",
            &format!("header X-Long {long}"),
            "echo",
        ];
        let mut head = head("POST", &steps);
        head.content_length = -1;
        head.headers.extend([
            header("X-Two", &["a", "b"]),
            header("X-Two", &["c"]),
            header("X-Long", &[&long]),
        ]);
        let pieces: [&[u8]; 6] = [b"ab", b"", b"\xc3", b"\xb6", b"cd", b"ef"];
        talk.ask_http("all", request(head, &pieces)).await?;
        talk.ask_http("head", request(self::head("HEAD", &["write 1 x"]), &[]))
            .await?;
        let large = [&vec![b'x'; PIECE][..], &vec![b'y'; PIECE + 5]];
        talk.ask_http(
            "large",
            request(self::head("PUT", &["echo", "write 3000000 z"]), &large),
        )
        .await?;
        let message = request(
            self::head("PUT", &["read", "write 5000000 z"]),
            &[&vec![b'x'; 4 << 20]],
        );
        talk.ask_http("4 MiB", message).await?;
        talk.ask_http("nothing", request(self::head("GET", &[]), &[]))
            .await?;
        for (name, steps) in [
            ("status", vec!["status 1000"]),
            ("line feed", vec!["header X-A a\r\nX-B: b"]),
            ("fails", vec!["fail secret"]),
            ("fails late", vec!["write 1 begun", "fail secret"]),
        ] {
            talk.ask_http(name, request(self::head("GET", &steps), &[]))
                .await?;
        }
        let read = || {
            request(
                self::head("POST", &["read", "write 1 read"]),
                &[b"ab", b"cd", b"ef"],
            )
        };
        let mut cut = read();
        cut.truncate(2);
        talk.ask_http("cut", cut).await?;
        let mut headless = read();
        headless[0].init = None;
        talk.ask_http("headless", headless).await?;
        let mut twice = read();
        twice[1].init = twice[0].init.clone();
        talk.ask_http("twice", twice).await?;
        let mut late = read();
        late.extend(read().into_iter().skip(1));
        talk.ask_http("late", late).await?;
        talk.health("plugin").await
    })
}

/// A testee with requests that are open for a while.
pub(super) fn streaming(script: &Script, good: Option<&Seen>) -> Seen {
    talk(script, &[], good, async |talk| {
        // A flush, while the handler sleeps.
        let mut flushed = talk.open(&["write 1 a", "flush", "sleep 100000"]);
        flushed.send(complete()).await;
        talk.take("flushed", &mut flushed, 2).await?;
        // Handlers side by side, and a hook beside them; each gets what is its own.
        let (mut one, mut two) = (talk.open(&["echo"]), talk.open(&["echo"]));
        for (number, open) in [&mut one, &mut two].into_iter().enumerate() {
            open.send(piece(format!("{number}").into())).await;
        }
        talk.take("one", &mut one, 1).await?;
        talk.take("two", &mut two, 1).await?;
        talk.post("conformance n allow").await?;
        one.send(complete()).await;
        two.send(complete()).await;
        talk.take("one", &mut one, 2).await?;
        talk.take("two", &mut two, 2).await?;
        // An answer before the end of the upload.
        let mut early = talk.open(&["write 1 no"]);
        talk.take("early", &mut early, 3).await?;
        // More are given up than run at the same time.
        for number in 0..33 {
            let mut open = talk.open(&["write 1 a", "read"]);
            talk.take(&format!("open {number}"), &mut open, 1).await?;
        }
        talk.ask_http("later", request(head("GET", &["write 1 x"]), &[]))
            .await?;
        talk.health("plugin").await?;
        // Nobody reads what is sent, and nobody takes what is written.
        let mut unread = talk.open(&["sleep 100000"]);
        let sending = async {
            for _ in 0..256 {
                unread.send(piece(vec![b'x'; PIECE].into())).await;
            }
        };
        let sent = tokio::time::timeout(PATIENCE, sending).await;
        talk.note("sent", sent.is_ok())?;
        let steps: Vec<&str> = (0..16)
            .map(|_| "write 1048576 x")
            .chain(["exit 7"])
            .collect();
        let mut untaken = talk.open(&steps);
        untaken.send(complete()).await;
        talk.ended()
    })
}

fn head(method: &str, steps: &[&str]) -> ServeHttpRequestInit {
    let order = format!("conformance n answer {}", json!(steps));
    ServeHttpRequestInit {
        method: method.to_owned(),
        host: "host".to_owned(),
        request_uri: "/a?b=c".to_owned(),
        headers: vec![header(ORDER, &[&order])],
        ..ServeHttpRequestInit::default()
    }
}

fn header(key: &str, values: &[&str]) -> HttpHeader {
    HttpHeader {
        key: key.to_owned(),
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    }
}

fn piece(body_chunk: Bytes) -> ServeHttpRequest {
    ServeHttpRequest {
        body_chunk,
        ..ServeHttpRequest::default()
    }
}

fn complete() -> ServeHttpRequest {
    ServeHttpRequest {
        body_complete: true,
        ..ServeHttpRequest::default()
    }
}

/// The first piece comes with the head, the last one with the completion.
fn request(head: ServeHttpRequestInit, pieces: &[&[u8]]) -> Vec<ServeHttpRequest> {
    let pieces = pieces
        .iter()
        .map(|bytes| piece(Bytes::copy_from_slice(bytes)));
    let mut messages: Vec<_> = pieces.collect();
    if messages.is_empty() {
        messages.push(complete());
    }
    messages[0].init = Some(head);
    messages.last_mut().unwrap().body_complete = true;
    messages
}

/// One message of an answer in words.
fn words(message: &ServeHttpResponse) -> String {
    let mut text = String::new();
    if let Some(head) = &message.init {
        write!(text, "status {}", head.status_code).unwrap();
        for header in &head.headers {
            let lengths: Vec<String> = header
                .values
                .iter()
                .map(|value| short(value.as_bytes()))
                .collect();
            write!(text, " {}={lengths:?}", header.key).unwrap();
        }
    }
    let body = short(&message.body_chunk);
    write!(
        text,
        " <{body}> complete={} flush={}",
        message.body_complete, message.flush
    )
    .unwrap();
    text
}

/// Few bytes as they are, many by their number.
fn short(bytes: &[u8]) -> String {
    match bytes.len() {
        0..200 => bytes.escape_ascii().to_string(),
        many => format!("{many} bytes"),
    }
}

/// A message of a request as it leaves.
fn framed(message: &ServeHttpRequest) -> Message {
    Message {
        before: message.encode_to_vec().into(),
        ..Message::default()
    }
}

fn status_of(error: DuplexError) -> Status {
    match error {
        DuplexError::NotSent(status) | DuplexError::Ended(status) => status,
    }
}

/// A request that is open.
struct Open {
    requests: mpsc::Sender<Result<Message, BoxError>>,
    answers: mpsc::Receiver<Result<Option<String>, Status>>,
    reader: tokio::task::JoinHandle<()>,
}

impl Open {
    async fn send(&mut self, message: ServeHttpRequest) {
        // Who has answered takes no more.
        let _ = self.requests.send(Ok(framed(&message))).await;
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

impl Talk<'_> {
    /// A request that is sent at once, and all messages of its answer.
    async fn ask_http(&mut self, what: &str, request: Vec<ServeHttpRequest>) -> Option<()> {
        let messages: Vec<Result<Message, BoxError>> = request
            .into_iter()
            .map(|message| Ok(framed(&message)))
            .collect();
        let lane = Arc::clone(&self.lane);
        let mut seen = Vec::new();
        let answered = async {
            let path = hook::ServeHTTP::METHOD.path;
            let answer = duplex(&lane, path, stream::iter(messages), LIMIT).await;
            let mut answer = answer.map_err(status_of)?;
            while let Some(message) = answer.next().await? {
                seen.push(words(&ServeHttpResponse::decode(message).unwrap()));
            }
            Ok::<(), Status>(())
        };
        let end = tokio::time::timeout(LONG, answered).await;
        let end = end.map(|end| end.map_err(|status| status.code()));
        self.note(what, (seen, end))
    }

    /// Opens a request and sends its head. One message of its answer is taken ahead, and no more.
    fn open(&mut self, steps: &[&str]) -> Open {
        let (requests, receiver) = mpsc::channel(1);
        let (sender, answers) = mpsc::channel(1);
        let lane = Arc::clone(&self.lane);
        let first = ServeHttpRequest {
            init: Some(head("POST", steps)),
            ..ServeHttpRequest::default()
        };
        requests.try_send(Ok(framed(&first))).unwrap();
        let reader = tokio::spawn(async move {
            let requests = stream::unfold(receiver, |mut receiver: mpsc::Receiver<_>| async {
                Some((receiver.recv().await?, receiver))
            });
            let path = hook::ServeHTTP::METHOD.path;
            let mut answer = match duplex(&lane, path, requests, LIMIT).await {
                Ok(answer) => answer,
                Err(error) => return drop(sender.send(Err(status_of(error))).await),
            };
            loop {
                let next = answer.next().await;
                let next = next
                    .map(|next| next.map(|next| words(&ServeHttpResponse::decode(next).unwrap())));
                let over = !matches!(&next, Ok(Some(_)));
                if sender.send(next).await.is_err() || over {
                    return;
                }
            }
        });
        Open {
            requests,
            answers,
            reader,
        }
    }

    /// So many messages of an answer, its end counted as one.
    async fn take(&mut self, what: &str, open: &mut Open, count: usize) -> Option<()> {
        for _ in 0..count {
            let next = tokio::time::timeout(PATIENCE, open.answers.recv()).await;
            let next = next.map(|next| next.map(|next| next.map_err(|status| status.code())));
            self.note(what, next)?;
        }
        Some(())
    }
}
