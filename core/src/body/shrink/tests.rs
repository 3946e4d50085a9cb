//! Shrinking ends, and what it ends with cannot be made smaller.

use super::*;
use crate::body::split::Split;

fn shrunk(first: Split, fails: impl Fn(&Split) -> bool) -> (Split, usize) {
    let mut shrinking = Shrinking::new(first, 10_000);
    let mut tries = 0;
    while let Some(candidate) = shrinking.candidate() {
        tries += 1;
        shrinking.tell(fails(&candidate));
    }
    let smallest = shrinking.into_smallest();
    let smaller = smallest.smaller();
    assert!(
        smaller.iter().all(|candidate| !fails(candidate)),
        "{smallest:?} can be made smaller"
    );
    (smallest, tries)
}

#[test]
fn what_is_left_is_the_smallest_that_fails() {
    let long = || Split::of([3, 0, 65_536, 17, 0, 1, 70_000, 5, 5, 5, 2_000_000, 0]);
    type Row = (fn(&Split) -> bool, Split);
    let table: [Row; 6] = [
        (|_| true, Split::of([0])),
        (|split| split.length() > 65_536, Split::of([65_537])),
        (|split| split.pieces().len() > 2, Split::of([0, 0, 0])),
        (
            |split| split.sizes().any(|size| size > 64 * 1024),
            Split::of([65_537]),
        ),
        (
            |split| split.sizes().filter(|size| *size > 0).count() > 1,
            Split::of([1, 1]),
        ),
        (
            |split| split.sizes().nth(1).is_some_and(|size| size >= 2),
            Split::of([0, 2]),
        ),
    ];
    for (fails, expected) in table {
        let (smallest, tries) = shrunk(long(), fails);
        assert_eq!(smallest, expected);
        assert!(tries < 300, "{tries} tries to {smallest:?}");
    }
}

#[test]
fn a_flush_that_matters_stays_and_the_others_go() {
    let first = Split::of([3, 4, 5, 6]).flushed(0).flushed(2).flushed(3);
    let (smallest, _) = shrunk(first, |split| {
        split.pieces().iter().any(|piece| piece.flush)
    });
    assert_eq!(smallest, Split::of([0]).flushed(0));
}

#[test]
fn tries_are_bounded_and_the_smallest_is_always_one_that_failed() {
    let mut shrinking = Shrinking::new(Split::of([1_000; 40]), 7);
    let mut tries = 0;
    while let Some(candidate) = shrinking.candidate() {
        tries += 1;
        shrinking.tell(candidate.length() >= 10_000);
        assert!(shrinking.smallest().length() >= 10_000);
    }
    assert_eq!(tries, 7);
}

#[test]
fn a_number_becomes_zero_first_and_then_ever_nearer() {
    assert_eq!(smaller_numbers(10).collect::<Vec<_>>(), [0, 5, 8, 9]);
    assert_eq!(smaller_numbers(0).count(), 0);
}
