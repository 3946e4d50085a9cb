//! go-plugin's GRPCStdio: a stream of what the plugin wrote.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};
use plugin_proto::goplugin::STREAM_STDIO;
use plugin_proto::goplugin::StdioData;
use plugin_proto::goplugin::stdio_data::Channel;
use plugin_proto::methods::ByteStream;
use prost::Message as _;
use tonic::{Request, Status, Streaming};

use super::Server;
use crate::fault::Fault;
use crate::journal::{Event, Payload};
use crate::script::{Piece, Stdio, Stream};

impl Server {
    /// `/plugin.GRPCStdio/StreamStdio`. An open stream ends when the fake is asked to end.
    pub(super) fn stream_stdio(
        self: &Arc<Self>,
        _: &Request<Streaming<Bytes>>,
    ) -> Result<ByteStream, Status> {
        self.stage.journal.note(Event::Rpc {
            path: STREAM_STDIO.to_owned(),
            message: Payload::default(),
            metadata: std::collections::BTreeMap::new(),
            authority: String::new(),
        });
        self.stage.happened("stdio");
        if self.has(Fault::StdioCrashes) {
            self.stage.exit(1, "fault");
        }
        let (pieces, stays) = match &self.serve.stdio {
            Stdio::Unimplemented => {
                return Err(Status::unimplemented("unknown service plugin.GRPCStdio"));
            }
            Stdio::Quiet => (&[][..], true),
            Stdio::Stream(pieces) | Stdio::MustBeRead(pieces) => (&pieces[..], true),
            Stdio::End(pieces) => (&pieces[..], false),
        };
        let pieces: Vec<_> = pieces.iter().map(|piece| Ok(encode(piece))).collect();
        let server = Arc::clone(self);
        let rest = stream::once(async move {
            server.stdio_taken.send_replace(true);
            if stays {
                let mut draining = server.stage.draining.subscribe();
                let _ = draining.wait_for(|draining| *draining).await;
            }
            stream::empty()
        });
        Ok(Box::pin(stream::iter(pieces).chain(rest.flatten())))
    }
}

fn encode(piece: &Piece) -> Bytes {
    let channel = match piece.channel {
        Stream::Stdout => Channel::Stdout,
        Stream::Stderr => Channel::Stderr,
    };
    StdioData {
        channel: channel.into(),
        data: piece.text.clone().into(),
    }
    .encode_to_vec()
    .into()
}
