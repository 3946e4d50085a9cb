//! The splits are as many as they say, and bodies tell what happened to them.

use std::collections::HashSet;

use super::draw::{Drawing, draw};
use super::fill::{Fill, Kind};
use super::*;

/// Numbers that are spread well enough, the same in every run.
fn numbers() -> impl FnMut(usize) -> usize {
    let mut state = 7_u64;
    move |bound| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % bound
    }
}

#[test]
fn all_splits_of_up_to_12_bytes_are_4095_different_ones() {
    let splits: HashSet<Split> = all(EXHAUSTIVE).collect();
    assert_eq!(splits.len(), 4_095);
    for length in 1..=EXHAUSTIVE {
        let of_length = splits.iter().filter(|split| split.length() == length);
        assert_eq!(of_length.count(), 1 << (length - 1));
    }
    assert!(
        splits
            .iter()
            .all(|split| split.sizes().all(|size| size > 0))
    );
}

#[test]
fn empty_pieces_stand_at_every_border() {
    let split = Split::of([2, 3]).flushed(0);
    assert_eq!(
        split.with_empty_pieces(),
        Split::of([0, 2, 0, 3, 0]).flushed(1)
    );
    let one: Vec<_> = split.with_one_empty_piece().collect();
    let expected = [
        Split::of([0, 2, 3]).flushed(1),
        Split::of([2, 0, 3]).flushed(0),
        Split::of([2, 3, 0]).flushed(0),
    ];
    assert_eq!(one, expected);
}

#[test]
fn three_way_splits_touch_the_border_from_both_sides() {
    let splits = three_ways(PIECE);
    let distinct: HashSet<&Split> = splits.iter().collect();
    assert_eq!(distinct.len(), splits.len());
    assert!(splits.iter().all(|split| split.pieces().len() == 3));
    for wanted in [
        [65_535, 0, 0],
        [0, 65_536, 0],
        [0, 0, 65_537],
        [65_535, 1, 1],
        [65_536, 65_536, 1],
        [65_537, 65_536, 0],
        [1, 65_535, 65_536],
    ] {
        assert!(distinct.contains(&Split::of(wanted)), "{wanted:?}");
    }
}

#[test]
fn sparse_splits_are_few_and_of_the_lengths_around() {
    let splits = sparse(MESSAGE);
    assert_eq!(splits.len(), 9);
    let lengths: HashSet<usize> = splits.iter().map(Split::length).collect();
    assert_eq!(lengths, [MESSAGE - 1, MESSAGE, MESSAGE + 1].into());
}

#[test]
fn a_capped_split_is_of_the_same_body_and_flushes_at_the_same_places() {
    let split = Split::of([5, 0, 12]).flushed(0).flushed(2);
    let capped = split.capped(5);
    assert_eq!(capped, Split::of([5, 0, 5, 5, 2]).flushed(0).flushed(4));
    assert_eq!(capped.flushes(), split.flushes());
}

#[test]
fn a_body_is_cut_into_its_pieces() {
    let split = Split::of([1, 0, 3]).flushed(0).flushed(2);
    let pieces = split.cut(&Bytes::from_static(b"abcd"));
    assert_eq!(pieces, ["a", "", "bcd"]);
    assert_eq!(split.flushes(), [1, 4]);
    assert_eq!(split.to_string(), "4 bytes as 1! + 0 + 3!");
}

#[test]
fn neighbours_differ_salts_differ_and_borders_do_not_repeat() {
    for kind in [Kind::Binary, Kind::Text] {
        let fill = Fill { kind, salt: 0 };
        let short = fill.bytes(EXHAUSTIVE);
        if kind == Kind::Binary {
            assert_eq!(short.iter().collect::<HashSet<_>>().len(), EXHAUSTIVE);
        }
        let long = fill.bytes(3 * PIECE);
        assert_eq!(long.len(), 3 * PIECE);
        for border in [1, 256, 1024, 16 * 1024, PIECE] {
            assert_ne!(long[..100], long[border..border + 100], "{kind:?} {border}");
        }
        let salted = Fill { kind, salt: 1 }.bytes(3 * PIECE);
        let equal = salted.iter().zip(&long).filter(|(a, b)| a == b).count();
        // Text has few first bytes of each width.
        assert!(equal < 2 * PIECE, "{kind:?}: {equal} equal bytes");
    }
}

#[test]
fn text_is_text_of_any_length_and_can_be_cut_within_characters() {
    for length in 0..200 {
        let text = Fill::text(3).bytes(length);
        assert_eq!(text.len(), length);
        assert!(std::str::from_utf8(&text).is_ok(), "{length}");
    }
    let text = Fill::text(0).bytes(EXHAUSTIVE);
    let whole = (1..EXHAUSTIVE).filter(|at| std::str::from_utf8(&text[..*at]).is_ok());
    assert!(whole.count() < EXHAUSTIVE / 2);
}

#[test]
fn drawn_splits_keep_their_bounds_and_come_near_every_mark() {
    let mut below = numbers();
    let drawing = Drawing {
        longest: 300_000,
        largest: 66_000,
        flushes: true,
    };
    let splits: Vec<Split> = (0..2_000).map(|_| draw(drawing, &mut below)).collect();
    for split in &splits {
        assert!(split.length() <= drawing.longest);
        assert!(split.sizes().all(|size| size <= drawing.largest));
    }
    let has = |wanted: usize| {
        splits
            .iter()
            .filter(|split| split.sizes().any(|size| size == wanted))
            .count()
    };
    for wanted in [0, 1, 65_535, 65_536, 65_537] {
        assert!(has(wanted) > 20, "{wanted}: {}", has(wanted));
    }
    assert!(splits.iter().any(|split| !split.flushes().is_empty()));
    let distinct: HashSet<&Split> = splits.iter().collect();
    assert!(distinct.len() > 1_600, "{}", distinct.len());
}
