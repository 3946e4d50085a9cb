//! What callers send against the rules: the plugin fails that call, and goes on.

use std::time::Duration;

use bytes::Bytes;
use plugin_host::handshake::Handshake;
use plugin_proto::dial::Target;
use plugin_proto::hook::{
    ExecuteCommand, MessageHasBeenPosted, MessageWillBePosted, OnActivate, UserWillLogIn,
};
use plugin_proto::pb::{MessageWillBePostedResponse, OnActivateRequest};
use plugin_proto::{Method, Rpc as _};
use prost::Message as _;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tonic::{Code, Status};

use super::place;
use crate::case::Case;
use crate::case::judge::some;
use crate::case::words::Words as _;
use crate::plugin_run::message::{Orderable as _, answered};
use crate::plugin_run::order::{MODIFIED, Order, Word};
use crate::plugin_run::raw::{Raw, Services, target_of};
use crate::plugin_run::running::fresh;
use crate::plugin_run::seen::EVIDENCE;
use crate::scenario::{Interruption, ScenarioResult, scenarios};

scenarios! {
    Plugin, Hooks;
    /// Requests that are no message.
    "plugin/bad-input/requests" => requests: ["BI-051"];
    /// Text in a request that is no UTF-8.
    "plugin/bad-input/text" => text: ["BI-052"];
    /// A post of 64 MiB, there and back.
    "plugin/bad-input/large-both-ways" => large_both_ways: ["BI-059", "BI-060"], deadline(60);
    /// Streams that are no message of gRPC.
    "plugin/bad-input/streams" => streams: ["BI-054"];
    /// Connections that speak no HTTP/2.
    "plugin/bad-input/connections" => connections: ["BI-055"];
}

/// The hooks of TESTEE.md whose request has an object.
const HOOKS: [&Method; 4] = [
    MessageWillBePosted::METHOD,
    MessageHasBeenPosted::METHOD,
    ExecuteCommand::METHOD,
    UserWillLogIn::METHOD,
];

/// A plugin that was activated, and a way to it.
struct Up {
    raw: Raw,
    handshake: Handshake,
    services: Services,
}

impl Up {
    async fn start(case: &Case) -> Result<Up, Interruption> {
        let folder = place(case)?;
        let raw = Raw::start(case, &folder, |_| {}).await?;
        let (handshake, services) = raw.up().await?;
        let activated = services
            .hook::<OnActivate>(OnActivateRequest::default())
            .await;
        activated.map_err(|error| Interruption::broken_off(error.to_string()))?;
        Ok(Up {
            raw,
            handshake,
            services,
        })
    }

    /// Whether the handler of this order ran.
    async fn showed(&self, case: &Case, order: &Order) -> bool {
        let within = case.scaled(EVIDENCE);
        self.raw
            .seen
            .evidence_for(&order.nonce, within)
            .await
            .is_some()
    }

    /// What is wrong with the plugin, if something is: asked on a connection of its own, for the one before may be gone.
    async fn trouble(&self, case: &mut Case) -> Option<(&'static str, String)> {
        let services = match self.raw.connect(&self.handshake).await {
            Ok(services) => services,
            Err(error) => return Some((self.gone().await, error.to_string())),
        };
        let order = fresh(case, Word::Allow);
        let request = MessageWillBePosted::ordering(order.to_string());
        let answer = services.hook::<MessageWillBePosted>(request).await;
        if answer.is_err() || !self.showed(case, &order).await {
            return Some((self.gone().await, answered::<MessageWillBePosted>(&answer)));
        }
        match services.health("plugin").await {
            Ok(status) if status == "SERVING" => None,
            other => Some((self.gone().await, format!("health: {}", other.words()))),
        }
    }

    /// How it is gone: a process that ends closes its connections a moment before.
    async fn gone(&self) -> &'static str {
        match self.raw.exit_within(Duration::from_secs(1)).await {
            Some(_) => "process-ended",
            None => "not-answering",
        }
    }

    /// Judges a call that has to fail, and that the plugin goes on after it.
    async fn judge(
        &self,
        case: &mut Case,
        id: &'static str,
        what: &str,
        answer: &Result<Bytes, Status>,
    ) -> bool {
        let trouble = self.trouble(case).await;
        let seen = || case.require(id).seen(what, answer.words());
        let failed = answer
            .as_ref()
            .is_err_and(|status| status.code() != Code::DeadlineExceeded);
        let reason = if answer.is_ok() { "taken" } else { "no-answer" };
        let failed = seen().holds(
            failed || trouble.is_some(),
            format!("{what} ends with a status"),
            answer.words(),
            reason,
        );
        failed && self.goes_on(case, id, Some(&what.to_owned()), trouble)
    }

    fn goes_on(
        &self,
        case: &Case,
        id: &'static str,
        what: Option<&String>,
        trouble: Option<(&'static str, String)>,
    ) -> bool {
        let (reason, seen) = trouble.clone().unwrap_or(("process-ended", String::new()));
        let after = what.map_or("", String::as_str);
        case.require(id).seen("sent", what).holds(
            trouble.is_none(),
            format!("after {after} a hook is answered with evidence, and health is SERVING"),
            seen,
            reason,
        )
    }

    async fn end(self) -> ScenarioResult {
        self.raw.end().await;
        Ok(())
    }
}

async fn requests(case: &mut Case) -> ScenarioResult {
    let up = Up::start(case).await?;
    let messages: [(&str, &'static [u8]); 3] = [
        ("bytes without a meaning", b"\xff\xff\xff"),
        ("a field that is cut", &[0x1a, 0x7f, 1]),
        ("a field of another type", &[0x1d, 1, 2, 3]),
    ];
    for hook in HOOKS {
        for (what, bytes) in messages {
            let answer = up
                .services
                .message(hook.path, Bytes::from_static(bytes))
                .await;
            let what = format!("{} with {what}", hook.name);
            if !up.judge(case, "BI-051", &what, &answer).await {
                return up.end().await;
            }
        }
    }
    up.end().await
}

async fn text(case: &mut Case) -> ScenarioResult {
    let up = Up::start(case).await?;
    let order = fresh(case, Word::Allow);
    let request = MessageWillBePosted::ordering(format!("{order} ZZ"));
    let mut bytes = request.encode_to_vec();
    // The first byte of a character of two, and not the second.
    if let Some(at) = bytes.windows(2).position(|pair| pair == b"ZZ") {
        bytes[at..at + 2].copy_from_slice(&[0xc3, 0x28]);
    }
    let answer = up
        .services
        .message(MessageWillBePosted::METHOD.path, bytes.into())
        .await;
    up.judge(case, "BI-052", "a post whose text is no UTF-8", &answer)
        .await;
    up.end().await
}

/// Far more than libraries of gRPC take unless they are told, and within the 100 MiB of SDK clients.
const LARGE: usize = 64 << 20;
/// What so much may take on a machine that is busy.
const AT_LEISURE: Duration = Duration::from_secs(30);

async fn large_both_ways(case: &mut Case) -> ScenarioResult {
    let up = Up::start(case).await?;
    let order = fresh(case, Word::Modify);
    let text = format!("{order} {}", "x".repeat(LARGE));
    let request = MessageWillBePosted::ordering(text.clone()).encode_to_vec();
    let services = up.services.clone().within(case.scaled(AT_LEISURE));
    let answer = services
        .call(MessageWillBePosted::METHOD, request.into())
        .await;
    let shown = up.showed(case, &order).await;
    let control = up.trouble(case).await.is_none();
    let said = answer.words();
    let judge = |id| {
        let judge = case.require(id);
        judge.seen("control: a small request", control.then_some("answered"))
    };
    judge("BI-059").holds(
        shown,
        "a post of 64 MiB reaches its handler",
        said,
        "large-request-refused",
    );
    let expected = text + MODIFIED;
    let back = match answer.map(MessageWillBePostedResponse::decode) {
        Ok(Ok(answer)) => answer
            .modified_post
            .map(|post| post.message)
            .ok_or_else(|| "an answer without a post".to_owned()),
        Ok(Err(error)) => Err(format!("an answer that is none: {error}")),
        Err(status) => Err(status.words()),
    };
    judge("BI-060").holds(
        back.as_ref() == Ok(&expected),
        format!("a text of {} bytes comes back", expected.len()),
        back.map_or_else(
            |problem| problem,
            |back| format!("a text of {} bytes", back.len()),
        ),
        "large-answer-lost",
    );
    up.end().await
}

async fn streams(case: &mut Case) -> ScenarioResult {
    let up = Up::start(case).await?;
    let streams: [(&str, &'static [u8]); 2] = [
        ("a message marked as compressed", &[1, 0, 0, 0, 2, 8, 0]),
        ("a message of 4 GiB", &[0, 0xff, 0xff, 0xff, 0xff]),
    ];
    for (what, bytes) in streams {
        let answer = up
            .services
            .stream(MessageWillBePosted::METHOD.path, Bytes::from_static(bytes))
            .await;
        if !up.judge(case, "BI-054", what, &answer).await {
            break;
        }
    }
    up.end().await
}

async fn connections(case: &mut Case) -> ScenarioResult {
    let up = Up::start(case).await?;
    let openings: [(&str, &[u8]); 3] = [
        (
            "a request of HTTP/1.1",
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        ),
        ("bytes without a meaning", &[0xff; 4096]),
        (
            "a preface and bytes without a meaning",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        ),
    ];
    for (what, bytes) in openings {
        let written = say(&target_of(&up.handshake.address), bytes).await;
        let trouble = up.trouble(case).await;
        let what = written.map(|written| format!("{what}, {written} bytes of it"));
        if !up.goes_on(case, "BI-055", what.as_ref(), trouble) {
            break;
        }
    }
    up.end().await
}

/// Sends bytes on a connection of its own and takes what comes for a moment: how many were written, if somebody listened.
async fn say(target: &Target, bytes: &[u8]) -> Option<usize> {
    match target {
        Target::Tcp(address) => talk(TcpStream::connect(address).await.ok()?, bytes).await,
        Target::Unix(path) => talk(UnixStream::connect(path).await.ok()?, bytes).await,
    }
}

/// The same on a connection that stands. These few bytes are written in one piece.
async fn talk(mut stream: impl AsyncRead + AsyncWrite + Unpin, bytes: &[u8]) -> Option<usize> {
    let written = stream.write(bytes).await.ok()?;
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    // What a server says to this, and whether it hangs up, is its own affair.
    let _ = tokio::time::timeout(Duration::from_millis(200), read).await;
    some(written)
}
