//! What a fake saw and did: one JSON object per line, written at once, so that it survives a SIGKILL.
//!
//! Messages are kept as bytes: decoding costs more than a start may. The reader turns them into JSON when it is asked to.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use plugin_proto::method::Form;
use plugin_proto::{find_path, reflect};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::hex;

/// Default file name of a journal.
pub const FILE: &str = "fake-journal.jsonl";

/// Messages up to this size are kept whole.
const KEPT: usize = 64 * 1024;

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Milliseconds since 1970-01-01, UTC, with a fraction.
    pub t_ms: f64,
    /// The process that wrote the line.
    pub pid: u32,
    /// The how-manieth start of this folder's fake it is, from 1.
    pub start: u32,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// What can happen to a fake.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The process runs; always the first entry of a start.
    Started {
        /// The command line.
        argv: Vec<String>,
        /// The working directory.
        cwd: String,
        /// The whole environment.
        env: BTreeMap<String, String>,
        /// The process group.
        pgid: i32,
        /// The session.
        sid: i32,
        /// The parent.
        ppid: i32,
        /// What standard input is: `/dev/null`, `pipe:[…]`, `closed` and so on.
        stdin: String,
    },
    /// Bytes went to a standard stream.
    Wrote {
        /// `stdout` or `stderr`.
        to: String,
        /// How many.
        bytes: usize,
        /// The text, where it is short.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    },
    /// A port or socket accepts connections.
    Listening {
        /// `tcp` or `unix`.
        network: String,
        /// `ip:port` or path.
        address: String,
    },
    /// A connection was accepted.
    Connected {},
    /// A connection was encrypted, and the host let in.
    Secured {
        /// `TLSv1_3` or `TLSv1_2`.
        version: Option<String>,
        /// The name that the host asked for.
        server_name: Option<String>,
        /// The protocol that was agreed upon.
        alpn: Option<String>,
        /// Whether the host showed a certificate.
        client_certificate: bool,
    },
    /// A connection could not be encrypted.
    NotSecured {
        /// Why.
        message: String,
    },
    /// A call arrived.
    Rpc {
        /// gRPC path.
        path: String,
        /// The request.
        message: Payload,
        /// Headers with text values.
        metadata: BTreeMap<String, String>,
        /// What the caller takes this server for.
        authority: String,
    },
    /// The request on a stream of `ServeHTTP` was read to its end.
    HttpRequest {
        /// How many messages it had.
        messages: usize,
        /// How many of them had a head.
        inits: usize,
        /// Bytes of the body.
        bytes: usize,
        /// Bytes of its largest piece.
        largest: usize,
        /// Digest of the body.
        sha256: String,
        /// Whether the last message said that the body is complete.
        complete: bool,
    },
    /// A call was answered.
    Answered {
        /// gRPC path.
        path: String,
        /// Name of the status code, `OK` and so on.
        code: String,
        /// Message of the status.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        message: String,
        /// Bytes of the answer.
        bytes: usize,
    },
    /// The caller went away before the answer, or a connection was cut.
    Abandoned {
        /// gRPC path.
        path: String,
    },
    /// A signal was taken.
    Signal {
        /// Name without `SIG`.
        signal: String,
    },
    /// A call of the API has ended.
    Api {
        /// Name of the method.
        method: String,
        /// The label of the order.
        #[serde(default, rename = "as", skip_serializing_if = "Option::is_none")]
        label: Option<String>,
        /// The answer as JSON; absent when the call failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        response: Option<Value>,
        /// The status, `CODE: message`; absent when the call was answered.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<String>,
    },
    /// A process was left behind; written by that process.
    Grandchild {
        /// Its parent, after it came to rest.
        ppid: i32,
        /// Its process group.
        pgid: i32,
        /// Its session.
        sid: i32,
    },
    /// The parent has died.
    ParentDied {},
    /// The script could not be played on.
    Trouble {
        /// Why.
        message: String,
    },
    /// The process ends by its own will.
    Exiting {
        /// With this code.
        code: i32,
        /// Because of this: `step`, `shutdown`, `signal:TERM`, `cookie`, `answer`, `parent`, `lifetime` and so on.
        why: String,
    },
}

/// A message in a journal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payload {
    /// Its length in bytes.
    pub len: usize,
    /// Its bytes in hexadecimal digits, up to 64 KiB of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hex: Option<String>,
    /// Digest of a longer one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

impl Payload {
    /// How these bytes stand in a journal.
    pub fn of(bytes: &[u8]) -> Self {
        if bytes.len() <= KEPT {
            Self {
                len: bytes.len(),
                hex: Some(hex::encode(bytes)),
                sha256: None,
            }
        } else {
            Self {
                len: bytes.len(),
                hex: None,
                sha256: Some(hex::encode(Sha256::digest(bytes).as_slice())),
            }
        }
    }

    /// The bytes, unless there were too many.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        hex::decode(self.hex.as_deref()?)
    }
}

impl Entry {
    /// The request of an `Rpc` entry as JSON in proto field names. `None` for other entries, for methods outside of the
    /// contract and for bytes that are no such message.
    pub fn request(&self) -> Option<Value> {
        let Event::Rpc { path, message, .. } = &self.event else {
            return None;
        };
        reflect::to_json(find_path(path)?, Form::Request, &message.bytes()?).ok()
    }

    /// The name of the hook or method of an `Rpc` or `Answered` entry: the last part of its path.
    pub fn method(&self) -> Option<&str> {
        match &self.event {
            Event::Rpc { path, .. } | Event::Answered { path, .. } => path.rsplit('/').next(),
            _ => None,
        }
    }

    /// The environment, for a `Started` entry.
    pub fn environment(&self) -> Option<&BTreeMap<String, String>> {
        match &self.event {
            Event::Started { env, .. } => Some(env),
            _ => None,
        }
    }
}

/// Reads a journal. A file that is not there is an empty journal; a last line that is still being written is left out.
///
/// # Errors
/// When the file cannot be read or holds a line that is no entry.
pub fn read(path: &Path) -> io::Result<Vec<Entry>> {
    let text = match std::fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        read => read?,
    };
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole
        .lines()
        .map(|line| serde_json::from_str(line).map_err(io::Error::from))
        .collect()
}

/// Writes one process's entries.
#[derive(Debug)]
pub(crate) struct Journal {
    file: File,
    path: PathBuf,
    start: u32,
}

impl Journal {
    /// Opens the journal for appending.
    pub(crate) fn open(path: &Path, start: u32) -> io::Result<Self> {
        Ok(Self {
            file: OpenOptions::new().append(true).create(true).open(path)?,
            path: path.to_owned(),
            start,
        })
    }

    /// Where it is written.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The how-manieth start this is.
    pub(crate) fn start(&self) -> u32 {
        self.start
    }

    /// One line in one write. A journal that cannot be written must not change what the fake does.
    pub(crate) fn note(&self, event: Event) {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let entry = Entry {
            t_ms: now.as_secs_f64() * 1000.0,
            pid: std::process::id(),
            start: self.start,
            event,
        };
        if let Ok(mut line) = serde_json::to_vec(&entry) {
            line.push(b'\n');
            let _ = (&self.file).write_all(&line);
        }
    }
}
