//! The laws hold for this host's chunker and reassembler; whatever breaks one is found, by every split that is tried and by few drawn ones.

mod zoo;

use proptest::prelude::*;

use super::*;
use crate::body::shrink::{Shrinking, Smaller};
use crate::body::split::fill::Fill;
use crate::body::split::{EXHAUSTIVE, MESSAGE, PIECE, Split, all, sparse, three_ways};
use crate::body::strategy::{fills, splits};
use crate::body::{Chunker, Frame, Reassembler, Violation};

type Head = Vec<(&'static str, Vec<&'static str>)>;

/// A head with a header of several values.
fn a_head() -> Head {
    vec![("Set-Cookie", vec!["a=1", "b=2"]), ("X-One", vec!["1"])]
}

/// This host's chunker. Where a flush is asked for, all that was written leaves, and the last frame has the mark.
fn cut(limit: usize) -> impl FnMut(Head, Vec<Write>) -> Vec<Frame<Head>> {
    move |head, writes| {
        let mut chunker = Chunker::new(head, limit);
        let mut frames = Vec::new();
        for write in writes {
            chunker.push(write.bytes);
            while chunker.is_full() || write.flush {
                let Some(frame) = chunker.frame().or_else(|| chunker.open()) else {
                    break;
                };
                frames.push(frame);
            }
            if write.flush
                && let Some(last) = frames.last_mut()
            {
                last.flush = true;
            }
        }
        chunker.end();
        frames.extend(std::iter::from_fn(|| chunker.frame()));
        frames
    }
}

/// This host's reassembler.
fn join(frames: Vec<Frame<Head>>) -> Result<Joined<Head>, Violation> {
    let mut reassembler = Reassembler::new(MESSAGE + 1);
    let (mut head, mut body, mut flushes) = (Head::new(), Vec::new(), Vec::new());
    for frame in frames {
        let part = reassembler.push(frame)?;
        head = part.head.unwrap_or(head);
        body.extend_from_slice(&part.piece);
        flushes.extend(part.flush.then_some(body.len()));
    }
    reassembler.end()?;
    Ok(Joined {
        head,
        body: body.into(),
        flushes,
    })
}

/// All splits of short bodies, with and without empty pieces and flushes.
fn short() -> impl Iterator<Item = Split> {
    all(EXHAUSTIVE).flat_map(|split| {
        [
            split.with_empty_pieces(),
            split.with_flushes(),
            split.with_empty_pieces().with_flushes(),
            split,
        ]
    })
}

fn holds(split: &Split, fill: Fill) -> Result<(), Breach> {
    for limit in [1, 5, PIECE] {
        if split.length() / limit < 100 {
            chunker(split, fill, a_head(), cut(limit))?;
        }
    }
    reassembler(split, fill, a_head(), join)?;
    // Damage is the same whatever the length.
    let damages = Damage::ALL.into_iter().filter(|_| split.length() < 1_000);
    for damage in damages {
        refuses(split, fill, a_head(), damage, join)?;
    }
    Ok(())
}

#[test]
fn every_split_of_a_short_body_holds_in_both_directions() {
    let mut tried = 0;
    for split in short() {
        for fill in [Fill::binary(0), Fill::text(0)] {
            assert_eq!(holds(&split, fill), Ok(()), "{split}");
        }
        tried += 1;
    }
    assert_eq!(tried, 4 * 4_095);
}

#[test]
fn an_empty_piece_at_each_border_of_each_split_changes_nothing() {
    for split in all(EXHAUSTIVE) {
        for split in split.with_one_empty_piece() {
            assert_eq!(holds(&split, Fill::binary(0)), Ok(()), "{split}");
        }
    }
}

#[test]
fn splits_around_the_borders_hold() {
    for split in three_ways(PIECE) {
        assert_eq!(holds(&split, Fill::binary(1)), Ok(()), "{split}");
    }
    for split in sparse(MESSAGE) {
        assert_eq!(holds(&split, Fill::text(1)), Ok(()), "{split}");
    }
}

proptest! {
    #[test]
    fn drawn_splits_hold(split in splits(400_000).flushing(), fill in fills()) {
        prop_assert_eq!(holds(&split, fill), Ok(()));
    }

    #[test]
    fn a_chunker_that_is_fed_until_it_is_full_holds_no_more_than_a_frame_and_a_write(split in splits(400_000), limit in 1_usize..70_000) {
        let mut chunker = Chunker::new((), limit);
        let (mut held, mut peak) = (0, 0);
        for piece in split.cut(&Fill::binary(0).bytes(split.length())) {
            while chunker.is_full() {
                held -= chunker.frame().map_or(0, |frame| frame.piece.len());
            }
            held += piece.len();
            peak = peak.max(held);
            chunker.push(piece);
        }
        let largest = split.sizes().max().unwrap_or_default();
        prop_assert_eq!(memory(peak, limit + largest), Ok(()));
    }
}

/// Which law a mutant breaks with a split, if it does.
type Finds = Box<dyn FnMut(&Split, Fill) -> Option<Breach>>;

fn random(count: u32) -> Vec<(Split, Fill)> {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let strategy = (splits(200_000).flushing(), fills());
    let draw = |_| strategy.new_tree(&mut runner).unwrap().current();
    (0..count).map(draw).collect()
}

#[test]
fn each_mutant_is_found_by_all_splits_and_by_few_drawn_ones_by_the_law_it_breaks() {
    let borders = || three_ways(PIECE).into_iter().chain(sparse(MESSAGE));
    let drawn = random(200);
    let mut names = std::collections::BTreeSet::new();
    for (name, law, mut finds) in zoo::mutants() {
        assert!(names.insert(name), "{name} is there twice");
        let fills = [Fill::binary(0), Fill::text(0)];
        let tried = borders().chain(short());
        let found = tried
            .flat_map(|split| fills.map(|fill| (split.clone(), fill)))
            .find_map(|(split, fill)| finds(&split, fill));
        assert_eq!(found.map(|breach| breach.law), Some(law), "{name}, all");
        let found = drawn.iter().find_map(|(split, fill)| {
            finds(split, *fill).map(|breach| (split.clone(), *fill, breach))
        });
        let (split, fill, breach) = found.unwrap_or_else(|| panic!("{name} is not found"));
        assert_eq!(breach.law, law, "{name}, drawn: {split}");

        let mut shrinking = Shrinking::new(split, 10_000);
        let mut fails = |split: &Split| finds(split, fill).is_some_and(|breach| breach.law == law);
        while let Some(candidate) = shrinking.candidate() {
            let failed = fails(&candidate);
            shrinking.tell(failed);
        }
        let smallest = shrinking.into_smallest();
        assert!(!smallest.smaller().iter().any(fails), "{name}: {smallest}");
        let bytes = if zoo::NEEDS_A_LONG_BODY.contains(&name) {
            PIECE + 1
        } else {
            64
        };
        assert!(smallest.pieces().len() <= 3, "{name}: {smallest}");
        assert!(smallest.length() <= bytes, "{name}: {smallest}");
    }
}

#[test]
fn a_breach_names_the_first_byte_that_differs() {
    let breach = bytes(b"abcdef", b"abXdef").unwrap_err();
    assert_eq!((breach.law, breach.offset), (Law::Bytes, Some(2)));
    assert_eq!(breach.expected, "6 bytes, 63 64 65 66 at 2");
    assert_eq!(breach.seen, "6 bytes, 58 64 65 66 at 2");
    let short = bytes(b"abc", b"ab").unwrap_err();
    assert_eq!((short.offset, short.seen.as_str()), (Some(2), "2 bytes"));
}

#[test]
fn what_is_anothers_is_known_by_its_bytes() {
    let (own, other) = (Fill::binary(1).bytes(100), Fill::binary(2).bytes(100));
    let others = [other.clone()];
    assert!(is_of_another(&other[60..99], &own, &others));
    assert!(!is_of_another(&own[..50], &own, &others));
    assert!(!is_of_another(b"neither", &own, &others));
    assert!(!is_of_another(b"", &own, &others));
}

#[test]
fn laws_have_names_of_their_own_and_sentences() {
    for law in Law::ALL {
        assert_eq!(Law::named(law.name()), Some(*law));
        assert!(law.sentence().ends_with('.'), "{law}");
    }
    assert_eq!(Law::named("no law"), None);
}
