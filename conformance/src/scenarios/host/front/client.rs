//! A client of HTTP/1.1 that writes bytes and reads bytes: it can do what a polite client does not, and sees how an answer ended.
//!
//! What it does not do: keep a connection. Each request says `Connection: close`, so an answer is what comes until its end.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use crate::scenario::Interruption;

/// One connection, and what came on it.
pub(super) struct Client {
    stream: TcpStream,
    got: Vec<u8>,
    due: Instant,
}

/// An answer, as far as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) status: u16,
    /// Names in small letters.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// Whether its own framing says that it is complete, and nothing follows.
    pub(super) whole: bool,
}

impl Reply {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl std::fmt::Display for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let end = if self.whole { "whole" } else { "broken off" };
        write!(f, "{} with {} bytes, {end}", self.status, self.body.len())
    }
}

/// The answer in words, or that there was none.
pub(super) fn in_words(reply: Option<&Reply>) -> String {
    reply.map_or_else(|| "no answer in time".to_owned(), Reply::to_string)
}

impl Client {
    /// Connects; all that follows has to end within the time.
    pub(super) async fn connect(address: &str, within: Duration) -> Result<Self, Interruption> {
        let stream = TcpStream::connect(address).await;
        let stream = stream.map_err(|error| {
            Interruption::broken_off(format!("cannot connect to the front {address}: {error}"))
        })?;
        Ok(Self {
            stream,
            got: Vec::new(),
            due: Instant::now() + within,
        })
    }

    /// Sends the head of a request.
    pub(super) async fn head(&mut self, method: &str, target: &str, fields: &[&str]) {
        let mut head = format!("{method} {target} HTTP/1.1\r\nHost: front.test\r\n");
        for field in fields {
            head += field;
            head += "\r\n";
        }
        if !fields.iter().any(|field| field.starts_with("Connection:")) {
            head += "Connection: close\r\n";
        }
        self.send((head + "\r\n").as_bytes()).await;
    }

    /// Sends bytes. That the other side has gone shows in what comes, so it is no error here.
    pub(super) async fn send(&mut self, bytes: &[u8]) {
        let _ = timeout_at(self.due, self.stream.write_all(bytes)).await;
    }

    /// Reads until the bytes are there that somebody waits for; false at the end or when the time is over.
    pub(super) async fn until(&mut self, part: &str) -> bool {
        let part = part.as_bytes();
        while !self.got.windows(part.len()).any(|found| found == part) {
            if !self.more().await {
                return false;
            }
        }
        true
    }

    /// The answer to its end; nothing if it has not ended in time or is none.
    pub(super) async fn reply(&mut self, method: &str) -> Option<Reply> {
        while self.more().await {}
        if Instant::now() >= self.due {
            return None;
        }
        reply(&self.got, method)
    }

    /// Sends the rest of a request and reads its answer, both at once: neither side may wait for the other.
    pub(super) async fn exchange(self, bytes: &[u8]) -> Option<Reply> {
        let Self { stream, due, .. } = self;
        let (mut from, mut to) = stream.into_split();
        let mut got = Vec::new();
        let both = async { tokio::join!(to.write_all(bytes), from.read_to_end(&mut got)) };
        // How either ended shows in what came.
        let _ = timeout_at(due, both).await.ok()?;
        reply(&got, "POST")
    }

    /// Reads on; false at the end of the connection and when the time is over.
    async fn more(&mut self) -> bool {
        let mut piece = vec![0; 64 * 1024];
        match timeout_at(self.due, self.stream.read(&mut piece)).await {
            Ok(Ok(size)) if size > 0 => {
                self.got.extend_from_slice(&piece[..size]);
                true
            }
            _ => false,
        }
    }
}

/// Reads all bytes of a connection as an answer to a request with this method.
fn reply(bytes: &[u8], method: &str) -> Option<Reply> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let rest = &bytes[end + 4..];
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers: Vec<(String, String)> = headers
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    let mut reply = Reply {
        status,
        headers,
        ..Reply::default()
    };
    if method == "HEAD" || matches!(status, 204 | 304) {
        (reply.body, reply.whole) = (rest.to_vec(), rest.is_empty());
    } else if reply.header("transfer-encoding") == Some("chunked") {
        (reply.body, reply.whole) = chunks(rest);
    } else if let Some(length) = reply.header("content-length") {
        reply.whole = length.parse() == Ok(rest.len());
        reply.body = rest.to_vec();
    } else {
        // An end of the connection that was not announced is no end of an answer.
        reply.body = rest.to_vec();
    }
    Some(reply)
}

/// The body in chunks, and whether the last one was there with nothing behind it.
fn chunks(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    loop {
        let Some(end) = rest.windows(2).position(|two| two == b"\r\n") else {
            return (body, false);
        };
        let line = String::from_utf8_lossy(&rest[..end]);
        let Ok(size) = usize::from_str_radix(line.trim(), 16) else {
            return (body, false);
        };
        rest = &rest[end + 2..];
        if size == 0 {
            return (body, rest == b"\r\n");
        }
        if rest.len() < size + 2 {
            body.extend_from_slice(&rest[..size.min(rest.len())]);
            return (body, false);
        }
        body.extend_from_slice(&rest[..size]);
        rest = &rest[size + 2..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::chunks(
        "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "GET",
        "abc",
        true
    )]
    #[case::cut(
        "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        "GET",
        "abc",
        false
    )]
    #[case::cut_within(
        "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
        "GET",
        "abc",
        false
    )]
    #[case::more(
        "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nx",
        "GET",
        "",
        false
    )]
    #[case::length("200 OK\r\nContent-Length: 3\r\n\r\nabc", "GET", "abc", true)]
    #[case::short("200 OK\r\nContent-Length: 4\r\n\r\nabc", "GET", "abc", false)]
    #[case::unframed("200 OK\r\n\r\nabc", "GET", "abc", false)]
    #[case::head("200 OK\r\nContent-Length: 3\r\n\r\n", "HEAD", "", true)]
    #[case::head_with_body("200 OK\r\nContent-Length: 3\r\n\r\nabc", "HEAD", "abc", false)]
    #[case::none("204 No Content\r\n\r\n", "GET", "", true)]
    fn how_an_answer_ended_is_read_off_its_bytes(
        #[case] bytes: &str,
        #[case] method: &str,
        #[case] body: &str,
        #[case] whole: bool,
    ) {
        let reply = reply(format!("HTTP/1.1 {bytes}").as_bytes(), method);
        let read = reply.map(|reply| (reply.text(), reply.whole));
        assert_eq!(read, Some((body.to_owned(), whole)));
    }
}
