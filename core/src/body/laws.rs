//! What holds for every body on a `ServeHTTP` stream, however it is cut: the laws, and judges that say which one was broken. Pure.
//!
//! Whoever has a chunker or a reassembler of their own judges it by [`chunker`], [`reassembler`] and [`refuses`]; whoever sees frames come in one
//! by one, by [`Judge`]. The splits to try them with are in [`split`](super::split); with the feature `strategies` there are proptest strategies.
//!
//! ```
//! use bytes::Bytes;
//! use plugin_host::body::split::{self, fill::Fill};
//! use plugin_host::body::{Frame, laws};
//!
//! // A chunker that makes a frame of each write, and marks the last one.
//! let cut = |head: u8, writes: Vec<laws::Write>| {
//!     let last = writes.len() - 1;
//!     let frame = |(at, write): (usize, laws::Write)| Frame {
//!         init: (at == 0).then_some(head),
//!         piece: write.bytes,
//!         complete: at == last,
//!         flush: write.flush,
//!     };
//!     writes.into_iter().enumerate().map(frame).collect()
//! };
//! for split in split::all(8) {
//!     laws::chunker(&split, Fill::default(), 7, cut)?;
//! }
//! # Ok::<(), laws::Breach>(())
//! ```
//!
//! What this does not do: cut, join or send anything.

pub mod damage;

mod judge;

mod own;

use std::fmt;

use bytes::Bytes;

pub use damage::Damage;
pub use judge::Judge;
pub use own::{Joined, Write, chunker, reassembler, refuses};

macro_rules! laws {
    ($($(#[doc = $doc:literal])+ $law:ident = $name:literal,)*) => {
        /// A law of bodies.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Law { $($(#[doc = $doc])+ $law,)* }

        impl Law {
            /// All of them, in reading order.
            pub const ALL: &'static [Self] = &[$(Self::$law,)*];

            /// Its name in reports and files.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$law => $name,)* }
            }

            /// The law in a sentence.
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$law => concat!($($doc),+).trim_ascii_start(),)* }
            }
        }
    };
}

laws! {
    /// The bytes that come out are the bytes that went in, in order, once.
    Bytes = "bytes",
    /// The head is on the first frame and on no other.
    Init = "init",
    /// The head comes out as it went in, each value of each header by itself.
    Head = "head",
    /// A body is said to be complete exactly once, and is not taken for complete otherwise.
    Completion = "completion",
    /// Nothing follows the frame that completes the body.
    Silence = "silence",
    /// Borders between pieces carry no meaning: what is answered to a body in one piece is answered to it in any pieces.
    Borders = "borders",
    /// A flush changes when bytes leave and nothing else: it leaves right behind what was written before it.
    Flush = "flush",
    /// An answer that is complete ends the exchange, though the request's body is not.
    Early = "early",
    /// A stream that was given up frees both sides: whatever comes next is served as if it had not been there.
    Cancel = "cancel",
    /// What is on its way is bounded by pieces, not by the length of the body.
    Memory = "memory",
    /// What is answered on a stream is the answer to the request of that stream.
    Stream = "stream",
}

impl Law {
    /// The law of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|law| law.name() == name)
    }
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A law that was broken, and by what.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the law of {law} is broken: expected {expected}, seen {seen}")]
pub struct Breach {
    /// The law.
    pub law: Law,
    /// What should have been, in words.
    pub expected: String,
    /// What was, in words.
    pub seen: String,
    /// Where in the body it shows first, if it does there.
    pub offset: Option<usize>,
}

impl Breach {
    /// A law that was broken.
    pub fn new(law: Law, expected: impl Into<String>, seen: impl Into<String>) -> Self {
        Self {
            law,
            expected: expected.into(),
            seen: seen.into(),
            offset: None,
        }
    }

    fn at(self, offset: usize) -> Self {
        Self {
            offset: Some(offset),
            ..self
        }
    }
}

/// Whether a head came out as it went in.
///
/// # Errors
/// When it did not.
pub fn head<H: PartialEq + fmt::Debug>(asked: &H, seen: &H) -> Result<(), Breach> {
    if asked == seen {
        return Ok(());
    }
    Err(Breach::new(
        Law::Head,
        format!("{asked:?}"),
        format!("{seen:?}"),
    ))
}

/// Whether a body came out as it went in.
///
/// # Errors
/// When it did not; the breach names the first byte that differs.
pub fn bytes(asked: &[u8], seen: &[u8]) -> Result<(), Breach> {
    if asked == seen {
        return Ok(());
    }
    Err(difference(asked, seen))
}

/// How what was seen differs from what was asked.
fn difference(asked: &[u8], seen: &[u8]) -> Breach {
    let same = asked.iter().zip(seen).take_while(|(a, b)| a == b).count();
    let words = |bytes: &[u8]| {
        let shown = bytes.iter().skip(same).take(8);
        let digits: Vec<String> = shown.map(|byte| format!("{byte:02x}")).collect();
        match digits.is_empty() {
            true => format!("{} bytes", bytes.len()),
            false => format!("{} bytes, {} at {same}", bytes.len(), digits.join(" ")),
        }
    };
    Breach::new(Law::Bytes, words(asked), words(seen)).at(same)
}

/// Whether what is held is as little as it has to be.
///
/// # Errors
/// When it is more.
pub fn memory(held: usize, bound: usize) -> Result<(), Breach> {
    if held <= bound {
        return Ok(());
    }
    Err(Breach::new(
        Law::Memory,
        format!("at most {bound} bytes on their way"),
        format!("{held} bytes"),
    ))
}

/// Whether bytes that came are a part of another's body and not of their own.
pub fn is_of_another<'a>(
    seen: &[u8],
    own: &[u8],
    others: impl IntoIterator<Item = &'a Bytes>,
) -> bool {
    if seen.is_empty() {
        return false;
    }
    let has = |body: &[u8]| body.windows(seen.len()).any(|part| part == seen);
    !has(own) && others.into_iter().any(|other| has(other))
}

#[cfg(test)]
mod tests;
