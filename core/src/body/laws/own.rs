//! Somebody's own chunker or reassembler, as functions, judged by the laws.

use std::fmt::{Debug, Display};

use bytes::Bytes;

use super::{Breach, Damage, Judge, Law, bytes, head};
use crate::body::Frame;
use crate::body::split::Split;
use crate::body::split::fill::Fill;

/// Bytes as they are handed to a chunker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// The bytes; may be none.
    pub bytes: Bytes,
    /// Whether a flush is asked for after them. A chunker without flushes leaves it aside, and is tried with splits that have none.
    pub flush: bool,
}

/// What a reassembler made of the frames of one stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joined<H> {
    /// The head.
    pub head: H,
    /// The body.
    pub body: Bytes,
    /// After how many bytes a flush came. A reassembler that does not tell is tried with splits that have none.
    pub flushes: Vec<usize>,
}

/// Judges a chunker: a function from a head and what is written, one after another, to all frames of the stream.
///
/// # Errors
/// The law that it breaks with this split.
pub fn chunker<H: Clone + PartialEq + Debug>(
    split: &Split,
    fill: Fill,
    of: H,
    cut: impl FnOnce(H, Vec<Write>) -> Vec<Frame<H>>,
) -> Result<(), Breach> {
    let body = fill.bytes(split.length());
    let pieces = split.cut(&body).into_iter().zip(split.pieces());
    let writes = pieces.map(|(bytes, piece)| Write {
        bytes,
        flush: piece.flush,
    });
    let frames = cut(of.clone(), writes.collect());
    let mut judge = Judge::new(body).flushing(split.flushes());
    for frame in &frames {
        judge.frame(frame)?;
        if let Some(seen) = &frame.init {
            head(&of, seen)?;
        }
    }
    judge.end()
}

/// Judges a reassembler: a function from all frames of a stream, the stream having ended well after them, to what came of them. Each piece of
/// the split is a frame.
///
/// # Errors
/// The law that it breaks with this split.
pub fn reassembler<H: Clone + PartialEq + Debug, E: Display>(
    split: &Split,
    fill: Fill,
    of: H,
    mut join: impl FnMut(Vec<Frame<H>>) -> Result<Joined<H>, E>,
) -> Result<(), Breach> {
    let body = fill.bytes(split.length());
    let joined = match join(frames(split, &body, &of)) {
        Ok(joined) => joined,
        Err(error) => {
            let whole = join(frames(&Split::whole(body.len()), &body, &of));
            let (law, expected) = match whole {
                Ok(_) => (Law::Borders, "what came of it in one piece"),
                Err(_) => (Law::Completion, "a head and a body"),
            };
            return Err(Breach::new(law, expected, format!("refused: {error}")));
        }
    };
    head(&of, &joined.head)?;
    bytes(&body, &joined.body)?;
    if joined.flushes == split.flushes() {
        return Ok(());
    }
    let (expected, seen) = (split.flushes(), joined.flushes);
    Err(Breach::new(
        Law::Flush,
        format!("flushes after {expected:?} bytes"),
        format!("after {seen:?}"),
    ))
}

/// Judges what a reassembler makes of frames that are no whole stream: it has to refuse them.
///
/// # Errors
/// The law whose breach it overlooks.
pub fn refuses<H: Clone + PartialEq + Debug, E>(
    split: &Split,
    fill: Fill,
    of: H,
    damage: Damage,
    join: impl FnOnce(Vec<Frame<H>>) -> Result<Joined<H>, E>,
) -> Result<(), Breach> {
    let body = fill.bytes(split.length());
    // Damage between frames needs two of them.
    let split = match split.pieces() {
        [_] => Split::of([0, body.len()]),
        _ => split.clone(),
    };
    match join(damage.apply(frames(&split, &body, &of))) {
        Err(_) => Ok(()),
        Ok(joined) => Err(Breach::new(
            damage.law(),
            format!("a refusal of the damage {damage:?}"),
            format!("a body of {} bytes", joined.body.len()),
        )),
    }
}

/// A frame for each piece.
fn frames<H: Clone>(split: &Split, body: &Bytes, of: &H) -> Vec<Frame<H>> {
    let last = split.pieces().len() - 1;
    let pieces = split.cut(body).into_iter().zip(split.pieces());
    let frame = |(at, (piece, cut)): (usize, (Bytes, &crate::body::split::Piece))| Frame {
        init: (at == 0).then(|| of.clone()),
        piece,
        complete: at == last,
        flush: cut.flush,
    };
    pieces.enumerate().map(frame).collect()
}
