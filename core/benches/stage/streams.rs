//! The bodies of the benches of streams, and the plugin that takes and gives them.

use bytes::Bytes;
use futures_util::{TryStreamExt as _, stream};
use plugin_proto::hook::{RunDataRetention, ServeHTTP};
use plugin_proto::methods::ByteStream;
use plugin_proto::pb::{ServeHttpRequest, ServeHttpResponse, ServeHttpResponseInit};
use plugin_proto::{Method, Methods, Rpc as _};
use prost::Message as _;
use tonic::{Status, Streaming};

/// Bytes of one frame, and how many frames a body has: 64 MiB.
pub(crate) const FRAME: usize = 64 * 1024;
pub(crate) const FRAMES: usize = 1024;

/// The body of a small answer.
pub(crate) const SMALL: &[u8] = b"a small answer";

/// Which way a body goes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Way {
    Up,
    Down,
}

impl Way {
    /// The speed of a body that took so long, in MB/s.
    pub(crate) fn speed(time: std::time::Duration) -> f64 {
        (FRAME * FRAMES) as f64 / 1e6 / time.as_secs_f64()
    }
}

/// The hooks of the plugin, and its answers.
pub(crate) fn plugin() -> (Vec<&'static Method>, Methods) {
    let mut methods = Methods::new();
    methods.unary(RunDataRetention::METHOD.path, |_| async {
        Ok(Bytes::new())
    });
    methods.streaming(ServeHTTP::METHOD.path, |request| async move {
        Ok(answer(request.into_inner()))
    });
    (vec![RunDataRetention::METHOD, ServeHTTP::METHOD], methods)
}

/// A plugin that is as fast as one can be: frames that go down are made once.
fn answer(mut requests: Streaming<Bytes>) -> ByteStream {
    let frames = async move {
        let (mut is_down, mut is_small) = (false, false);
        while let Some(message) = requests.message().await? {
            let request = ServeHttpRequest::decode(message)
                .map_err(|error| Status::invalid_argument(error.to_string()))?;
            if let Some(init) = request.init {
                (is_down, is_small) = (init.url == "/down", init.url == "/small");
            }
            if request.body_complete {
                break;
            }
        }
        let head = ServeHttpResponse {
            init: Some(ServeHttpResponseInit::default()),
            ..ServeHttpResponse::default()
        };
        if is_small {
            let small = ServeHttpResponse {
                body_chunk: Bytes::from_static(SMALL),
                body_complete: true,
                ..head
            };
            return Ok::<_, Status>(stream::iter(vec![Ok(wire(&small))]));
        }
        let last = ServeHttpResponse {
            body_complete: true,
            ..ServeHttpResponse::default()
        };
        let piece = ServeHttpResponse {
            body_chunk: vec![7; FRAME].into(),
            ..ServeHttpResponse::default()
        };
        let pieces = std::iter::repeat_n(wire(&piece), if is_down { FRAMES } else { 0 });
        let all = std::iter::once(wire(&head))
            .chain(pieces)
            .chain([wire(&last)]);
        Ok(stream::iter(all.map(Ok).collect::<Vec<_>>()))
    };
    Box::pin(stream::once(frames).try_flatten())
}

fn wire(message: &ServeHttpResponse) -> Bytes {
    message.encode_to_vec().into()
}
