//! The standard streams of a Go plugin after its handshake, which travel over gRPC instead of the pipes.
//!
//! The stream is opened right after the connection stands and read to its end: a plugin that serves it blocks once 64 KiB
//! wait unread. Most plugins do not serve it, and that is no fault. What arrives goes the way of the pipes' output.

use std::future::poll_fn;
use std::task::Poll;

use bytes::Bytes;
use plugin_proto::call;
use plugin_proto::goplugin::{STREAM_STDIO, StdioData, stdio_data};
use prost::Message as _;
use tokio::task::JoinHandle;
use tonic::transport::Channel;
use tonic::{Code, Request, Status, Streaming};

use crate::event::{PluginEvents, Stream, What};
use crate::hooks::outcome::describe_status;
use crate::output::classify::Classifier;
use crate::output::lines::Lines;
use crate::output::report;

/// Opens the stream, before any call that follows, and leaves a task behind that reads it.
pub async fn open(
    channel: &Channel,
    sees_tracebacks: bool,
    events: &PluginEvents,
) -> JoinHandle<()> {
    let mut work = Box::pin(work(channel.clone(), sees_tracebacks, events.clone()));
    // One poll sends the request on its way; its answer may never come as long as the plugin writes nothing.
    match poll_fn(|context| Poll::Ready(work.as_mut().poll(context))).await {
        Poll::Ready(()) => tokio::spawn(async {}),
        Poll::Pending => tokio::spawn(work),
    }
}

async fn work(channel: Channel, sees_tracebacks: bool, events: PluginEvents) {
    let opened = call::server_stream(&channel, STREAM_STDIO, Request::new(Bytes::new())).await;
    drop(channel);
    let ended = match opened {
        Ok(messages) => {
            side_service(&events, true);
            read(messages, sees_tracebacks, &events).await
        }
        Err(status) => Err(status),
    };
    match ended {
        Ok(()) => {}
        Err(status) if status.code() == Code::Unimplemented => side_service(&events, false),
        Err(status) => {
            let text = describe_status(&status);
            tracing::debug!(plugin = %events.plugin(), "the stdio stream ended: {text}");
        }
    }
}

fn side_service(events: &PluginEvents, served: bool) {
    events.emit(What::SideService {
        method: STREAM_STDIO.to_owned(),
        served,
    });
}

async fn read(
    mut messages: Streaming<Bytes>,
    sees_tracebacks: bool,
    events: &PluginEvents,
) -> Result<(), Status> {
    let mut stdout = Channeled::new(Stream::Stdout, sees_tracebacks);
    let mut stderr = Channeled::new(Stream::Stderr, sees_tracebacks);
    let ended = loop {
        let data = match messages.message().await {
            Ok(Some(message)) => StdioData::decode(message),
            Ok(None) => break Ok(()),
            Err(status) => break Err(status),
        };
        match data.map(|data| (data.channel(), data.data)) {
            Ok((stdio_data::Channel::Stdout, bytes)) => stdout.take(&bytes, events),
            Ok((stdio_data::Channel::Stderr, bytes)) => stderr.take(&bytes, events),
            Ok((stdio_data::Channel::Invalid, bytes)) => {
                tracing::warn!(plugin = %events.plugin(), bytes = bytes.len(), "stdio data of no known channel");
            }
            Err(error) => {
                tracing::warn!(plugin = %events.plugin(), "stdio data that does not decode: {error}");
            }
        }
    };
    stdout.end(events);
    stderr.end(events);
    ended
}

/// One of the two streams: chunks come without regard to lines.
struct Channeled {
    stream: Stream,
    lines: Lines,
    classifier: Classifier,
}

impl Channeled {
    fn new(stream: Stream, sees_tracebacks: bool) -> Self {
        Self {
            stream,
            lines: Lines::default(),
            classifier: Classifier::new(sees_tracebacks),
        }
    }

    fn take(&mut self, bytes: &[u8], events: &PluginEvents) {
        let Self {
            stream,
            lines,
            classifier,
        } = self;
        lines.push(bytes, |line| {
            classifier.push(&line, |entry| report::entry(events, *stream, &entry));
        });
        if classifier.is_waiting() {
            classifier.flush(|entry| report::entry(events, *stream, &entry));
        }
    }

    fn end(mut self, events: &PluginEvents) {
        if let Some(line) = self.lines.end() {
            self.classifier
                .push(&line, |entry| report::entry(events, self.stream, &entry));
        }
        self.classifier
            .flush(|entry| report::entry(events, self.stream, &entry));
    }
}
