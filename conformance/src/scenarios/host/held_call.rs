//! A call to an API server whose request never ends, so that its handler cannot either.
//!
//! Written as raw HTTP/2 frames: a client library would end its requests.

use std::io;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// The connection; the call ends when it is dropped, or when the server cuts it.
#[derive(Debug)]
pub(super) struct HeldCall {
    _stream: TcpStream,
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
const PATH: &[u8] = b"/mattermost.pluginapi.v1.PluginAPI/KVSet";

impl HeldCall {
    /// Opens a connection and begins a call on it.
    pub(super) async fn open(address: &str) -> io::Result<HeldCall> {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(PREFACE).await?;
        stream.write_all(SETTINGS).await?;
        stream.write_all(&headers()).await?;
        Ok(HeldCall { _stream: stream })
    }
}

/// A HEADERS frame for stream 1 that ends the headers and not the stream.
fn headers() -> Vec<u8> {
    // POST and http stand in the static table.
    let mut block = vec![0x83, 0x86];
    literal(&mut block, &[0x04], PATH);
    literal(&mut block, &[0x01], b"unused");
    literal(&mut block, &[0x0f, 0x10], b"application/grpc");
    block.push(0);
    text(&mut block, b"te");
    text(&mut block, b"trailers");
    let length = u8::try_from(block.len()).unwrap_or(u8::MAX);
    let mut frame = vec![0, 0, length, 1, 4, 0, 0, 0, 1];
    frame.extend(block);
    frame
}

/// A field whose name stands in the static table.
fn literal(block: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    block.extend(name);
    text(block, value);
}

fn text(block: &mut Vec<u8>, text: &[u8]) {
    block.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
    block.extend(text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use plugin_proto::methods::Methods;
    use plugin_proto::serve::{Listener, start};
    use std::time::Duration;

    #[tokio::test]
    async fn it_keeps_a_server_from_ending_in_peace() {
        for held in [true, false] {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap().to_string();
            let mut methods = Methods::new();
            methods.unary("/mattermost.pluginapi.v1.PluginAPI/KVSet", |_| async {
                Ok(bytes())
            });
            let serving = start(Listener::Tcp(listener), methods.into_service());
            let call = if held {
                Some(HeldCall::open(&address).await.unwrap())
            } else {
                None
            };
            // The server has taken the call when it answers one behind it on the same connection's port.
            let target = plugin_proto::dial::Target::Tcp(address);
            let channel = plugin_proto::dial::dial(&target, Duration::from_secs(5))
                .await
                .unwrap();
            let path = "/mattermost.pluginapi.v1.PluginAPI/KVSet";
            plugin_proto::call::call_raw(&channel, path, tonic::Request::new(bytes()))
                .await
                .unwrap();
            drop(channel);
            assert_eq!(serving.stop(Duration::from_millis(300)).await, !held);
            drop(call);
        }
    }

    fn bytes() -> bytes::Bytes {
        bytes::Bytes::new()
    }
}
