//! Chunkers and reassemblers with one fault each, and the law that it breaks.

use super::*;

/// Mutants that do nothing wrong to short bodies.
pub(super) const NEEDS_A_LONG_BODY: [&str; 2] = ["off by one at 64 KiB", "largest piece refused"];

/// A chunker whose frames are spoiled.
fn spoiled(spoil: fn(&mut Vec<Frame<Head>>)) -> Finds {
    Box::new(move |split, fill| {
        let spoiled = |head, writes| {
            let mut frames = cut(PIECE)(head, writes);
            spoil(&mut frames);
            frames
        };
        chunker(split, fill, a_head(), spoiled).err()
    })
}

/// What a reassembler says.
type Joining = Result<Joined<Head>, Violation>;

/// A reassembler with a fault.
fn faulty(join: fn(Vec<Frame<Head>>) -> Joining) -> Finds {
    Box::new(move |split, fill| {
        let judged = reassembler(split, fill, a_head(), join);
        if split.length() > 1_000 {
            return judged.err();
        }
        let mut damages = Damage::ALL.into_iter();
        let mut overlooked =
            || damages.try_for_each(|damage| refuses(split, fill, a_head(), damage, join));
        judged.and_then(|()| overlooked()).err()
    })
}

/// Joins what is left of frames after something was done to them.
fn joined_after(
    mut frames: Vec<Frame<Head>>,
    change: impl FnOnce(&mut Vec<Frame<Head>>),
) -> Joining {
    change(&mut frames);
    join(frames)
}

pub(super) fn mutants() -> Vec<(&'static str, Law, Finds)> {
    let mut all = chunkers();
    all.extend(reassemblers());
    all
}

fn chunkers() -> Vec<(&'static str, Law, Finds)> {
    vec![
        (
            "dropped",
            Law::Bytes,
            spoiled(|frames| {
                if frames.len() > 1 && !frames[1].complete {
                    frames.remove(1);
                }
            }),
        ),
        (
            "duplicated",
            Law::Bytes,
            spoiled(|frames| {
                if frames.len() > 1 && !frames[1].complete {
                    frames.insert(1, frames[1].clone());
                }
            }),
        ),
        (
            "swapped",
            Law::Bytes,
            spoiled(|frames| {
                if let [first, second, ..] = frames.as_mut_slice()
                    && !first.piece.is_empty()
                    && !second.piece.is_empty()
                {
                    std::mem::swap(&mut first.piece, &mut second.piece);
                }
            }),
        ),
        (
            "truncated",
            Law::Bytes,
            spoiled(|frames| {
                if let Some(last) = frames.last_mut() {
                    last.piece.truncate(last.piece.len().saturating_sub(1));
                }
            }),
        ),
        (
            "off by one at 64 KiB",
            Law::Bytes,
            spoiled(|frames| {
                for frame in frames {
                    frame.piece.truncate(PIECE - 1);
                }
            }),
        ),
        (
            "completion lost",
            Law::Completion,
            spoiled(|frames| {
                if let Some(last) = frames.last_mut() {
                    last.complete = false;
                }
            }),
        ),
        (
            "completion early",
            Law::Completion,
            spoiled(|frames| {
                if let [.., early, _] = frames.as_mut_slice() {
                    early.complete = true;
                }
            }),
        ),
        (
            "frame after the last",
            Law::Silence,
            spoiled(|frames| {
                frames.push(Frame {
                    init: None,
                    piece: Bytes::new(),
                    complete: false,
                    flush: true,
                });
            }),
        ),
        (
            "no init",
            Law::Init,
            spoiled(|frames| frames[0].init = None),
        ),
        (
            "init twice",
            Law::Init,
            spoiled(|frames| {
                if let [first, .., last] = frames.as_mut_slice() {
                    last.init = first.init.clone();
                }
            }),
        ),
        (
            "header merged",
            Law::Head,
            spoiled(|frames| {
                if let Some(head) = &mut frames[0].init {
                    head[0].1 = vec!["a=1, b=2"];
                }
            }),
        ),
        (
            "flush swallowed",
            Law::Flush,
            spoiled(|frames| {
                for frame in frames {
                    frame.flush = false;
                }
            }),
        ),
        (
            "flush late",
            Law::Flush,
            spoiled(|frames| {
                if let [first, second, ..] = frames.as_mut_slice()
                    && first.flush
                    && !second.piece.is_empty()
                {
                    (first.flush, second.flush) = (false, true);
                }
            }),
        ),
    ]
}

fn reassemblers() -> Vec<(&'static str, Law, Finds)> {
    vec![
        (
            "bytes after an empty piece lost",
            Law::Bytes,
            faulty(|frames| {
                joined_after(frames, |frames| {
                    let empty = frames.iter().position(|frame| frame.piece.is_empty());
                    for frame in frames.iter_mut().skip(empty.unwrap_or(usize::MAX)) {
                        frame.piece.clear();
                    }
                })
            }),
        ),
        (
            "empty piece refused",
            Law::Borders,
            faulty(|frames| {
                if frames.len() > 1 && frames[0].piece.is_empty() {
                    return Err(Violation::NoInit);
                }
                join(frames)
            }),
        ),
        (
            "read as text piece by piece",
            Law::Bytes,
            faulty(|frames| {
                joined_after(frames, |frames| {
                    for frame in frames {
                        let text = String::from_utf8_lossy(&frame.piece).into_owned();
                        frame.piece = text.into();
                    }
                })
            }),
        ),
        (
            "joined last to first",
            Law::Bytes,
            faulty(|frames| {
                joined_after(frames, |frames| {
                    let pieces: Vec<Bytes> = frames
                        .iter()
                        .rev()
                        .map(|frame| frame.piece.clone())
                        .collect();
                    for (frame, piece) in frames.iter_mut().zip(pieces) {
                        frame.piece = piece;
                    }
                })
            }),
        ),
        (
            "largest piece refused",
            Law::Completion,
            faulty(
                |frames| match frames.iter().map(|frame| frame.piece.len()).max() {
                    Some(size) if size > PIECE => Err(Violation::TooLarge { size, limit: PIECE }),
                    _ => join(frames),
                },
            ),
        ),
        (
            "half-closed taken for complete",
            Law::Completion,
            faulty(|frames| {
                joined_after(frames, |frames| {
                    if let Some(last) = frames.last_mut() {
                        last.complete = true;
                    }
                })
            }),
        ),
        (
            "second init taken",
            Law::Init,
            faulty(|frames| {
                joined_after(frames, |frames| {
                    for later in frames.iter_mut().skip(1) {
                        later.init = None;
                    }
                })
            }),
        ),
        (
            "frames after the last not seen",
            Law::Silence,
            faulty(|frames| {
                joined_after(frames, |frames| {
                    let last = frames.iter().position(|frame| frame.complete);
                    if let Some(last) = last
                        && frames.get(last + 1).is_some_and(|after| !after.complete)
                    {
                        frames.truncate(last + 1);
                    }
                })
            }),
        ),
        (
            "flush not told",
            Law::Flush,
            faulty(|frames| {
                let joined = join(frames)?;
                Ok(Joined {
                    flushes: Vec::new(),
                    ..joined
                })
            }),
        ),
    ]
}
