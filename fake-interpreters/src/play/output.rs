//! Steps that write to, or close, the standard streams. Bytes go straight to the descriptors: nothing is buffered.

use std::fs::File;
use std::io;
use std::time::Duration;

use rustix::io::Errno;

use super::Place;
use crate::journal::Event;
use crate::script::{Content, Flood, Stream, Write};
use crate::stage::Stage;

/// Up to this size a write cannot block on a pipe that somebody reads, and needs no thread of its own.
const SMALL: usize = 4096;

/// Writes in pieces. A reader that has gone away is not an error: a real plugin would learn it by SIGPIPE, later.
pub(super) async fn write(stage: &Stage, place: &Place, write: &Write) -> io::Result<()> {
    let bytes = match write.content().map_err(io::Error::other)? {
        Content::Text(text) => place.fill(&text).into_bytes(),
        Content::Bytes(bytes) => bytes,
    };
    let length = bytes.len().div_ceil(write.pieces.max(1)).max(1);
    for (index, piece) in bytes.chunks(length).enumerate() {
        if index > 0 {
            tokio::time::sleep(Duration::from_millis(write.pause_ms)).await;
        }
        put(write.to, piece.to_vec()).await?;
    }
    let text = (bytes.len() <= SMALL).then(|| String::from_utf8_lossy(&bytes).into_owned());
    stage.journal.note(Event::Wrote {
        to: name(write.to).to_owned(),
        bytes: bytes.len(),
        text,
    });
    Ok(())
}

/// Writes many lines.
pub(super) async fn flood(stage: &Stage, flood: &Flood) -> io::Result<()> {
    put(flood.to, flood.content()).await?;
    stage.journal.note(Event::Wrote {
        to: name(flood.to).to_owned(),
        bytes: flood.bytes,
        text: None,
    });
    stage.happened("flooded");
    Ok(())
}

/// Gives up the pipe behind a standard stream. The descriptor itself stays, so that nothing else takes its number.
pub(super) fn close(stream: Stream) -> io::Result<()> {
    let null = File::options().read(true).write(true).open("/dev/null")?;
    match stream {
        Stream::Stdout => rustix::stdio::dup2_stdout(null)?,
        Stream::Stderr => rustix::stdio::dup2_stderr(null)?,
    }
    Ok(())
}

async fn put(stream: Stream, bytes: Vec<u8>) -> io::Result<()> {
    if bytes.len() <= SMALL {
        return put_all(stream, &bytes);
    }
    tokio::task::spawn_blocking(move || put_all(stream, &bytes))
        .await
        .map_err(io::Error::other)?
}

/// All bytes, in as few writes as the system allows.
pub(crate) fn put_all(stream: Stream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let written = match stream {
            Stream::Stdout => rustix::io::write(rustix::stdio::stdout(), bytes),
            Stream::Stderr => rustix::io::write(rustix::stdio::stderr(), bytes),
        };
        match written {
            Ok(count) => bytes = &bytes[count..],
            Err(Errno::INTR) => {}
            Err(Errno::PIPE) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn name(stream: Stream) -> &'static str {
    match stream {
        Stream::Stdout => "stdout",
        Stream::Stderr => "stderr",
    }
}
