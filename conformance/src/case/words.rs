//! The words in which a failure shows what was expected and what was seen: a reader has no source at hand.
//!
//! Debug forms are for who works on the suite. What is compared says what it is ([`Telling`]), or is given a name where it is compared.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use fake_interpreters::journal::{self, Entry};
use plugin_host::event::Level;
use plugin_host::process::Exit;
use plugin_proto::pb::AppError;
use rustix::process::Signal;
use serde::Serialize;
use serde_json::Value;
use tokio::time::error::Elapsed;

use super::interruption::Interruption;
use crate::driver::protocol::environment::{
    Broken, Configured, Listed, Place, Plugins, Removed, Scanned,
};
use crate::driver::protocol::hooks::{Cancelled, FannedOut, Part};
use crate::driver::protocol::http::{Http, HttpAnswered};
use crate::driver::protocol::{
    Activated, Called, Ended, Event, Health, Refusal, Status, StopStep, Stopped,
};
use crate::subject::host::DriverError;

/// Something that can be put before a reader.
pub trait Words {
    /// It in words.
    fn words(&self) -> String;
}

/// Something whose words need no name beside them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` in words does not say what it is",
    note = "compare it by `same`, which takes a name for it"
)]
pub trait Telling: Words {}

macro_rules! displayed {
    ($($shown:ty),+ $(,)?) => {$(
        impl Words for $shown {
            fn words(&self) -> String {
                self.to_string()
            }
        }
    )+};
}

displayed!(Exit, u8, u16, u32, u64, usize, i32, i64, f64);
displayed!(
    Activated, Called, Ended, Event, Health, Refusal, Status, StopStep, Stopped
);
displayed!(Broken, Configured, Listed, Place, Plugins, Removed, Scanned);
displayed!(
    Cancelled,
    FannedOut,
    Part,
    Http,
    HttpAnswered,
    DriverError,
    Value
);

macro_rules! telling {
    ($($shown:ty),+ $(,)?) => {$(
        impl Telling for $shown {}
    )+};
}

telling!(
    str,
    String,
    Value,
    Duration,
    Path,
    PathBuf,
    Called,
    Ended,
    Exit,
    Http,
    tonic::Code
);

impl Words for Level {
    fn words(&self) -> String {
        format!("{self:?}").to_lowercase()
    }
}

impl Words for bool {
    fn words(&self) -> String {
        if *self { "yes" } else { "no" }.to_owned()
    }
}

impl Words for str {
    fn words(&self) -> String {
        format!("{self:?}")
    }
}

impl Words for String {
    fn words(&self) -> String {
        self.as_str().words()
    }
}

impl Words for Path {
    fn words(&self) -> String {
        self.display().to_string()
    }
}

impl Words for PathBuf {
    fn words(&self) -> String {
        self.as_path().words()
    }
}

impl Words for Duration {
    fn words(&self) -> String {
        format!("{} ms", self.as_millis())
    }
}

/// By its name in gRPC, which people look up.
impl Words for tonic::Code {
    fn words(&self) -> String {
        let mut name = String::new();
        for letter in format!("{self:?}").chars() {
            if letter.is_ascii_uppercase() && !name.is_empty() {
                name.push('_');
            }
            name.push(letter.to_ascii_uppercase());
        }
        name
    }
}

impl Words for tonic::Status {
    fn words(&self) -> String {
        let code = self.code().words();
        match self.message() {
            "" => code,
            message => format!("{code}: {message}"),
        }
    }
}

impl Words for AppError {
    fn words(&self) -> String {
        format!(
            "an error in band with the message {}, the id {}, where {}, status code {}",
            self.message.words(),
            self.id.words(),
            self.r#where.words(),
            self.status_code
        )
    }
}

/// By the names that manuals have.
impl Words for Signal {
    fn words(&self) -> String {
        let name = match *self {
            Signal::KILL => "KILL",
            Signal::STOP => "STOP",
            Signal::CONT => "CONT",
            Signal::TERM => "TERM",
            Signal::USR1 => "USR1",
            other => return format!("signal {}", other.as_raw()),
        };
        format!("SIG{name}")
    }
}

/// Of an answer that says nothing but that it is one.
impl Words for () {
    fn words(&self) -> String {
        "answered".to_owned()
    }
}

/// As it stands in the journal.
impl Words for Entry {
    fn words(&self) -> String {
        written(self)
    }
}

/// As it stands in the journal.
impl Words for journal::Event {
    fn words(&self) -> String {
        written(self)
    }
}

fn written(entry: &impl Serialize) -> String {
    serde_json::to_string(entry).unwrap_or_else(|error| format!("what cannot be written: {error}"))
}

impl Words for Bytes {
    fn words(&self) -> String {
        format!("answered with {} bytes", self.len())
    }
}

impl Words for Elapsed {
    fn words(&self) -> String {
        "no answer in time".to_owned()
    }
}

impl Words for Interruption {
    fn words(&self) -> String {
        match self {
            Interruption::BrokenOff(reason) => reason.clone(),
            Interruption::NotClaimed(what) => format!("the driver does not claim: {what}"),
            Interruption::Dead(what) => format!("the driver claims and does not do: {what}"),
            Interruption::Suite(error) => format!("the suite failed: {error}"),
        }
    }
}

impl<T: Words + ?Sized> Words for &T {
    fn words(&self) -> String {
        (**self).words()
    }
}

impl<T: Telling + ?Sized> Telling for &T {}

impl<T: Words> Words for Option<T> {
    fn words(&self) -> String {
        self.as_ref()
            .map_or_else(|| "nothing".to_owned(), Words::words)
    }
}

impl<T: Telling> Telling for Option<T> {}

impl<T: Words, E: Words> Words for Result<T, E> {
    fn words(&self) -> String {
        match self {
            Ok(good) => good.words(),
            Err(bad) => bad.words(),
        }
    }
}

impl<T: Words> Words for [T] {
    fn words(&self) -> String {
        if self.is_empty() {
            return "none".to_owned();
        }
        let all: Vec<String> = self.iter().map(Words::words).collect();
        all.join(", ")
    }
}

impl<T: Telling> Telling for [T] {}

impl<T: Words, const N: usize> Words for [T; N] {
    fn words(&self) -> String {
        self.as_slice().words()
    }
}

impl<T: Telling, const N: usize> Telling for [T; N] {}

impl<T: Words> Words for Vec<T> {
    fn words(&self) -> String {
        self.as_slice().words()
    }
}

impl<T: Telling> Telling for Vec<T> {}

impl<K: AsRef<str>, V: Words> Words for BTreeMap<K, V> {
    fn words(&self) -> String {
        if self.is_empty() {
            return "none".to_owned();
        }
        let all: Vec<String> = self
            .iter()
            .map(|(name, value)| format!("{}: {}", name.as_ref(), value.words()))
            .collect();
        all.join(", ")
    }
}

impl<A: Words, B: Words> Words for (A, B) {
    fn words(&self) -> String {
        format!("{} and {}", self.0.words(), self.1.words())
    }
}

impl<A: Telling, B: Telling> Telling for (A, B) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_said_in_words() {
        assert_eq!(None::<&str>.words(), "nothing");
        assert_eq!(Vec::<String>::new().words(), "none");
        assert_eq!(["a", "b"].words(), "\"a\", \"b\"");
        assert_eq!((Some(3), true).words(), "3 and yes");
    }

    #[test]
    fn a_status_is_said_by_the_name_of_its_code() {
        let status = tonic::Status::deadline_exceeded("no answer within 5 ms");
        assert_eq!(status.words(), "DEADLINE_EXCEEDED: no answer within 5 ms");
        assert_eq!(tonic::Status::ok("").words(), "OK");
        let answer: Result<(), _> = Err(tonic::Status::not_found(""));
        assert_eq!(answer.words(), "NOT_FOUND");
    }

    #[test]
    fn a_refusal_and_an_answer_read_alike() {
        let refusal = Refusal {
            kind: "plugin.not_running".into(),
            message: "it is off".into(),
            ..Refusal::default()
        };
        let answers: [Result<Called, Refusal>; 2] = [Ok(Called::NotImplemented {}), Err(refusal)];
        let said =
            "not sent: the plugin has no such hook, refused as plugin.not_running: it is off";
        assert_eq!(answers.words(), said);
    }
}
