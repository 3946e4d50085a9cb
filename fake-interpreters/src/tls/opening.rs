//! How a connection begins: the first bytes of its client, which are read and then put back.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};

/// As many bytes as the latest version of TLS needs that a client names at its very beginning: the head of a record, that of a message,
/// and the version.
const LENGTH: usize = 11;

/// Where that version stands.
const VERSION: std::ops::Range<usize> = 9..11;

/// The type of records that carry the messages of a TLS handshake.
const HANDSHAKE: u8 = 22;

/// How TLS 1.2 is written, and 1.3 too, which names itself further behind.
const TLS12: [u8; 2] = [3, 3];

/// A ServerHello of TLS 1.1: a record with one message, in it the version, 32 bytes that are to be random, no session, a suite and no
/// compression.
pub(super) const SERVER_HELLO: [u8; 47] = {
    let mut hello = [0x5a; 47];
    let head = [22, 3, 2, 0, 42, 2, 0, 0, 38, 3, 2];
    let tail = [0, 0xc0, 0x0a, 0];
    let mut at = 0;
    while at < head.len() {
        hello[at] = head[at];
        at += 1;
    }
    at = 0;
    while at < tail.len() {
        hello[hello.len() - tail.len() + at] = tail[at];
        at += 1;
    }
    hello
};

/// The first bytes of a connection.
pub(super) struct Opening([u8; LENGTH]);

impl Opening {
    pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Self> {
        let mut first = [0; LENGTH];
        stream.read_exact(&mut first).await?;
        Ok(Self(first))
    }

    pub(super) fn is_tls(&self) -> bool {
        self.0[0] == HANDSHAKE
    }

    /// Whether it is a client that speaks nothing later than TLS 1.1.
    pub(super) fn is_of_old_version(&self) -> bool {
        self.is_tls() && self.0[VERSION] < TLS12[..]
    }

    /// The connection as if nothing had been read.
    pub(super) fn before<S: AsyncRead + AsyncWrite + Unpin>(
        self,
        stream: S,
    ) -> impl AsyncRead + AsyncWrite + Unpin {
        let (reading, writing) = tokio::io::split(stream);
        let first = io::Cursor::new(self.0);
        tokio::io::join(first.chain(reading), writing)
    }
}
