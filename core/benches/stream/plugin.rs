//! The plugin of the benches of streams, which is the bench itself, started as the interpreter of a plugin folder; and what those benches
//! have in common.

use std::error::Error;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use bytes::Bytes;
use futures_util::{TryStreamExt as _, stream};
use plugin_proto::hook::{Implemented, OnActivate, RunDataRetention, ServeHTTP};
use plugin_proto::methods::ByteStream;
use plugin_proto::pb::{
    ImplementedResponse, ServeHttpRequest, ServeHttpResponse, ServeHttpResponseInit,
};
use plugin_proto::serve::{self, Listener};
use plugin_proto::{Methods, Rpc as _};
use prost::Message as _;
use tonic::{Status, Streaming};

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

pub(crate) const ID: &str = "org.example.stream";
pub(crate) const SCRIPT: &str = "plugin.py";
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

#[expect(clippy::print_stdout, reason = "a host reads the handshake there")]
pub(crate) async fn be_the_plugin() -> Result<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let mut methods = Methods::new();
    methods.unary(Implemented::METHOD.path, |_| async {
        let hooks = [
            OnActivate::METHOD,
            RunDataRetention::METHOD,
            ServeHTTP::METHOD,
        ];
        let answer = ImplementedResponse {
            error: None,
            hooks: hooks.map(|hook| hook.name.to_owned()).to_vec(),
        };
        Ok(answer.encode_to_vec().into())
    });
    for path in [OnActivate::METHOD.path, RunDataRetention::METHOD.path] {
        methods.unary(path, |_| async { Ok(Bytes::new()) });
    }
    methods.streaming(ServeHTTP::METHOD.path, |request| async move {
        Ok(answer(request.into_inner()))
    });
    let serving = serve::start(Listener::Tcp(listener), methods.into_service());
    println!("1|1|tcp|{address}|grpc");
    // The host ends it by a signal.
    std::future::pending::<()>().await;
    drop(serving);
    Ok(())
}

/// A plugin that is as fast as one can be: frames that go down are made once.
fn answer(mut requests: Streaming<Bytes>) -> ByteStream {
    let head = ServeHttpResponse {
        init: Some(ServeHttpResponseInit::default()),
        ..ServeHttpResponse::default()
    };
    let last = ServeHttpResponse {
        body_complete: true,
        ..ServeHttpResponse::default()
    };
    let small = ServeHttpResponse {
        body_chunk: Bytes::from_static(SMALL),
        body_complete: true,
        ..head.clone()
    };
    let (head, last, small) = (wire(&head), wire(&last), wire(&small));
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
        if is_small {
            return Ok::<_, Status>(stream::iter(vec![Ok(small)]));
        }
        let piece = ServeHttpResponse {
            body_chunk: vec![7; FRAME].into(),
            ..ServeHttpResponse::default()
        };
        let pieces = std::iter::repeat_n(wire(&piece), if is_down { FRAMES } else { 0 });
        let all = std::iter::once(head).chain(pieces).chain([last]);
        Ok(stream::iter(all.map(Ok).collect::<Vec<_>>()))
    };
    Box::pin(stream::once(frames).try_flatten())
}

fn wire(message: &ServeHttpResponse) -> Bytes {
    message.encode_to_vec().into()
}

pub(crate) fn rounds() -> Result<usize> {
    let given = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with("--"));
    Ok(given.map_or(Ok(11), |rounds| rounds.parse())?)
}

pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A plugin folder whose interpreter is this program.
pub(crate) fn place(folder: &Path) -> Result<()> {
    let manifest =
        format!(r#"{{"id": "{ID}", "server": {{"executable": "{SCRIPT}", "runtime": "python"}}}}"#);
    fs::write(folder.join("plugin.json"), manifest)?;
    fs::write(folder.join(SCRIPT), "")?;
    fs::create_dir_all(folder.join("venv/bin"))?;
    symlink(std::env::current_exe()?, folder.join("venv/bin/python"))?;
    Ok(())
}
