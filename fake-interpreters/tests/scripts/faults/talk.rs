//! A conversation with a testee that is up: asks, notes the answers, and breaks off at the first answer that a good testee
//! would not have given.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fake_interpreters::journal::Event;
use fake_interpreters::{Script, cookie};
use plugin_proto::call::{call, call_message, call_raw, call_stream, server_stream};
use plugin_proto::dial::{Target, dial};
use plugin_proto::goplugin::{SHUTDOWN, STREAM_STDIO};
use plugin_proto::health::{CHECK, HealthCheckRequest, HealthCheckResponse};
use plugin_proto::lane::Lane;
use plugin_proto::method::Form;
use plugin_proto::pb::{MessageHasBeenPostedRequest, Post};
use plugin_proto::{hook, reflect};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tonic::transport::Channel;
use tonic::{Request, Status};

use crate::run::{Fake, Running};
use crate::testee::{command, login, post, some_api};

/// What was seen, in order.
pub(super) type Seen = Vec<String>;

/// A good testee answers in milliseconds; what takes longer than this does not come.
pub(super) const PATIENCE: Duration = Duration::from_millis(1500);

/// The same where no fault keeps an answer back, and the messages are large.
pub(super) const LONG: Duration = Duration::from_secs(20);

/// Texts beyond this many bytes take their time.
const LARGE: usize = 1 << 20;

/// The cookie, as variable and value.
pub(super) const GOOD: (&str, &str) = (cookie::KEY, cookie::VALUE);

/// A conversation with a testee that is up.
pub(super) struct Talk<'a> {
    pub(super) running: Running,
    target: Target,
    pub(super) channel: Channel,
    /// For streams, opened with the first one.
    pub(super) lane: Arc<Lane>,
    seen: Seen,
    good: Option<&'a Seen>,
}

/// Starts a testee with an API and talks with it; `None` out of `about` breaks off.
pub(super) fn talk(
    script: &Script,
    variables: &[(&str, &str)],
    good: Option<&Seen>,
    about: impl AsyncFnOnce(&mut Talk) -> Option<()>,
) -> Seen {
    let fake = Fake::new(script);
    waited_for(async {
        let (_api, api) = some_api().await;
        let host = [GOOD, ("MATTERMOST_PLUGIN_API_TARGET", api.as_str())];
        let variables: Vec<_> = host.into_iter().chain(variables.iter().copied()).collect();
        converse(&fake, &variables, good, about).await
    })
}

/// The same with a testee that is told of no API, and is kept for another start.
pub(super) fn talk_without_api(
    fake: &Fake,
    about: impl AsyncFnOnce(&mut Talk) -> Option<()>,
) -> Seen {
    waited_for(converse(fake, &[GOOD], None, about))
}

pub(super) fn waited_for(conversation: impl Future<Output = Seen>) -> Seen {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(conversation)
}

async fn converse(
    fake: &Fake,
    variables: &[(&str, &str)],
    good: Option<&Seen>,
    about: impl AsyncFnOnce(&mut Talk) -> Option<()>,
) -> Seen {
    let running = fake.start_with(variables);
    let Some(address) = running.stdout_within(PATIENCE).as_deref().and_then(target) else {
        return vec!["no handshake".to_owned()];
    };
    let Ok(channel) = dial(&address, PATIENCE).await else {
        return vec!["no connection".to_owned()];
    };
    let mut talk = Talk {
        running,
        lane: Arc::new(Lane::new(address.clone(), PATIENCE)),
        target: address,
        channel,
        seen: Vec::new(),
        good,
    };
    if about(&mut talk).await.is_some() {
        talk.end(fake).await;
    }
    talk.seen
}

impl Talk<'_> {
    /// Notes what was seen; `None` when a good testee would have shown something else.
    pub(super) fn note(&mut self, what: &str, value: impl Debug) -> Option<()> {
        let line = format!("{what}: {value:?}");
        let known = self
            .good
            .is_none_or(|good| good.get(self.seen.len()) == Some(&line));
        self.seen.push(line);
        known.then_some(())
    }

    async fn ask<A: Debug>(
        &mut self,
        what: &str,
        answer: impl Future<Output = Result<A, Status>>,
    ) -> Option<()> {
        self.ask_within(PATIENCE, what, answer).await
    }

    async fn ask_within<A: Debug>(
        &mut self,
        time: Duration,
        what: &str,
        answer: impl Future<Output = Result<A, Status>>,
    ) -> Option<()> {
        let answer = tokio::time::timeout(time, answer).await;
        self.note(what, answer.map(|answer| answer.map_err(words)))
    }

    /// Calls a method with an empty message.
    pub(super) async fn raw(&mut self, path: &str) -> Option<()> {
        let channel = self.channel.clone();
        self.ask(path, call_raw(&channel, path, Request::new(Bytes::new())))
            .await
    }

    /// Calls a method with these bytes as its message.
    pub(super) async fn message(&mut self, path: &str, message: &[u8]) -> Option<()> {
        let channel = self.channel.clone();
        let request = Request::new(Bytes::copy_from_slice(message));
        self.ask(path, call_raw(&channel, path, request)).await
    }

    /// Calls a method with these bytes as its whole stream.
    pub(super) async fn stream(&mut self, path: &str, stream: &[u8]) -> Option<()> {
        let channel = self.channel.clone();
        let stream = Bytes::copy_from_slice(stream);
        self.ask(path, call_stream(&channel, path, stream)).await
    }

    /// Goes away in the middle of a call.
    pub(super) async fn cancel(&mut self) -> Option<()> {
        let channel = self.channel.clone();
        let call =
            tokio::spawn(async move { post(&channel, "conformance gone sleep 100000").await });
        let arrived = self.running.until_within(PATIENCE, |event| match event {
            Event::Rpc { message, .. } => message
                .bytes()
                .is_some_and(|bytes| bytes.windows(4).any(|window| window == b"gone")),
            _ => false,
        });
        self.note("arrived", arrived.is_some())?;
        call.abort();
        let abandoned = self
            .running
            .until_within(PATIENCE, |event| matches!(event, Event::Abandoned { .. }));
        self.note("abandoned", abandoned.is_some())
    }

    /// Says something on a connection of its own, and waits until it is closed.
    pub(super) async fn knock(&mut self, bytes: &[u8]) -> Option<()> {
        let Target::Tcp(address) = &self.target else {
            return self.note("knocks", "at no port");
        };
        let knocked = async {
            let mut stream = tokio::net::TcpStream::connect(address).await?;
            stream.write_all(bytes).await?;
            // How a server ends such a connection is its affair.
            let _ = stream.read_to_end(&mut Vec::new()).await;
            std::io::Result::Ok(())
        };
        let knocked = tokio::time::timeout(PATIENCE, knocked).await;
        self.note("knocked", matches!(knocked, Ok(Ok(()))))
    }

    pub(super) async fn hook(&mut self, name: &str) -> Option<()> {
        self.raw(plugin_proto::find_hook(name).unwrap().path).await
    }

    /// Calls a hook with a message in JSON; the answer is noted in JSON.
    pub(super) async fn ask_hook(&mut self, name: &str, message: &Value) -> Option<()> {
        let hook = plugin_proto::find_hook(name).unwrap();
        let wire = reflect::from_json(hook, Form::Request, message).unwrap();
        let channel = self.channel.clone();
        let answer = async {
            let answer = call_raw(&channel, hook.path, Request::new(wire)).await?;
            Ok(reflect::to_json(hook, Form::Response, &answer).unwrap())
        };
        self.ask_within(LONG, name, answer).await
    }

    /// Calls a hook with these bytes.
    pub(super) async fn bytes(&mut self, name: &str, message: &'static [u8]) -> Option<()> {
        let channel = self.channel.clone();
        let path = plugin_proto::find_hook(name).unwrap().path;
        let message = Request::new(Bytes::from_static(message));
        self.ask(name, call_raw(&channel, path, message)).await
    }

    /// More calls are given up than run at the same time; whether a later one is answered.
    pub(super) async fn give_up(&mut self) -> Option<()> {
        let mut calls = Vec::new();
        for number in 0..33 {
            let channel = self.channel.clone();
            let nonce = format!("g{number} ");
            let order = format!("conformance {nonce}sleep 100000");
            calls.push(tokio::spawn(async move { post(&channel, &order).await }));
            let arrived = self
                .running
                .until_within(PATIENCE, |event| holds(event, &nonce));
            self.note("arrived", arrived.is_some())?;
        }
        let number = calls.len();
        for call in calls {
            call.abort();
        }
        let abandoned = |event: &Event| matches!(event, Event::Abandoned { .. });
        let abandoned = self.running.until_many(LONG, number, abandoned);
        self.note("abandoned", abandoned)?;
        self.post("conformance n allow").await?;
        self.health("plugin").await
    }

    pub(super) async fn stdio(&mut self) -> Option<()> {
        let channel = self.channel.clone();
        let opened = async {
            let stream = server_stream(&channel, STREAM_STDIO, Request::new(Bytes::new())).await;
            stream.map(|_| ())
        };
        self.ask("stdio", opened).await
    }

    pub(super) async fn health(&mut self, service: &str) -> Option<()> {
        let channel = self.channel.clone();
        self.ask("health", health(&channel, service)).await
    }

    pub(super) async fn post(&mut self, message: &str) -> Option<()> {
        let channel = self.channel.clone();
        let time = if message.len() > LARGE {
            LONG
        } else {
            PATIENCE
        };
        self.ask_within(time, "post", post(&channel, message)).await
    }

    pub(super) async fn command(&mut self, text: &str) -> Option<()> {
        let channel = self.channel.clone();
        self.ask("command", command(&channel, text)).await
    }

    pub(super) async fn login(&mut self, username: &str) -> Option<()> {
        let channel = self.channel.clone();
        self.ask("login", login(&channel, username)).await
    }

    pub(super) async fn notify(&mut self, message: &str) -> Option<()> {
        let channel = self.channel.clone();
        let post = Post {
            message: message.to_owned(),
            ..Post::default()
        };
        let request = MessageHasBeenPostedRequest {
            post: Some(post),
            ..Default::default()
        };
        self.ask(
            "notify",
            call::<hook::MessageHasBeenPosted>(&channel, Request::new(request)),
        )
        .await
    }

    /// A call that overlaps with a sleeping one, and health beside it.
    pub(super) async fn together(&mut self) -> Option<()> {
        let channel = self.channel.clone();
        let sleeper =
            tokio::spawn(async move { post(&channel, "conformance sleeper sleep 100000").await });
        let arrived = self
            .running
            .until_within(PATIENCE, |event| holds(event, "sleeper"));
        self.note("arrived", arrived.is_some())?;
        self.health("plugin").await?;
        self.post("conformance quick reject q").await?;
        self.note("slept on", !sleeper.is_finished())?;
        self.ask("sleeper", async { sleeper.await.unwrap() }).await
    }

    /// Two calls of the API at the same time.
    pub(super) async fn api_together(&mut self, first: &str, second: &str) -> Option<()> {
        let (one, two) = (self.channel.clone(), self.channel.clone());
        let [first, second] = [first, second].map(|call| format!("conformance n api {call}"));
        let both = async { tokio::try_join!(post(&one, &first), post(&two, &second)) };
        self.ask("both", both).await
    }

    /// A call that is still running when the plugin is asked to end.
    pub(super) async fn leave_running(&mut self) -> Option<()> {
        let channel = self.channel.clone();
        tokio::spawn(async move { post(&channel, "conformance n sleep 100000").await });
        let arrived = self.running.until_within(PATIENCE, is_post);
        self.note("arrived", arrived.is_some())
    }

    /// How the process has ended.
    pub(super) fn ended(&mut self) -> Option<()> {
        let ended = self.running.ended_within(PATIENCE);
        self.note("ended", ended)
    }

    /// Asks it to end and looks at what remains.
    async fn end(&mut self, fake: &Fake) -> Option<()> {
        self.raw(SHUTDOWN).await?;
        self.ended()?;
        for entry in fake.entries() {
            if let Event::Grandchild { .. } = entry.event {
                self.note("left behind", end(entry.pid))?;
            }
        }
        loop {
            let (stdout, stderr) = (
                self.running.stdout_within(PATIENCE),
                self.running.stderr_within(PATIENCE),
            );
            if stdout.as_deref() == Some("") && stderr.as_deref() == Some("") {
                return Some(());
            }
            self.note("output", (stdout, stderr))?;
        }
    }
}

/// A call whose message holds this text.
fn holds(event: &Event, text: &str) -> bool {
    let Event::Rpc { message, .. } = event else {
        return false;
    };
    message.bytes().is_some_and(|bytes| {
        bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    })
}

fn is_post(event: &Event) -> bool {
    matches!(event, Event::Rpc { path, .. } if path.ends_with("MessageWillBePosted"))
}

async fn health(channel: &Channel, service: &str) -> Result<i32, Status> {
    let request = HealthCheckRequest {
        service: service.to_owned(),
    };
    let answer: HealthCheckResponse = call_message(channel, CHECK, Request::new(request)).await?;
    Ok(answer.status)
}

/// Ends a process that was left behind; whether there was one.
pub(super) fn end(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).unwrap();
    kill_process(pid, Signal::KILL).is_ok()
}

/// A status without what differs from run to run.
fn words(status: Status) -> String {
    format!("{:?}", status.code())
}

/// The address in a handshake line.
pub(super) fn target(line: &str) -> Option<Target> {
    match line.trim_end().split('|').collect::<Vec<_>>()[..] {
        ["1", "1", "tcp", address, "grpc"] => Some(Target::Tcp(address.to_owned())),
        ["1", "1", "unix", path, "grpc"] => Some(Target::Unix(path.into())),
        _ => None,
    }
}
