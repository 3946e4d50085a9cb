//! Any split of a body comes back whole; each violation has its name.

use super::*;
use proptest::prelude::*;

/// Where a frame is taken although more bytes may come.
#[derive(Debug, Clone)]
enum Move {
    Bytes(Vec<u8>),
    /// The body lets wait.
    Pause,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let bytes = proptest::collection::vec(any::<u8>(), 0..40).prop_map(Move::Bytes);
    proptest::collection::vec(prop_oneof![3 => bytes, 1 => Just(Move::Pause)], 0..12)
}

/// The frames of a body that comes in these moves, taken as a sender takes them.
fn frames(moves: &[Move], limit: usize) -> Vec<Frame<&'static str>> {
    let mut chunker = Chunker::new("head", limit);
    let mut frames = Vec::new();
    for step in moves {
        match step {
            Move::Bytes(bytes) => chunker.push(bytes.clone().into()),
            Move::Pause => {
                while let Some(frame) = chunker.frame() {
                    frames.push(frame);
                }
                frames.extend(chunker.open());
            }
        }
        if chunker.is_full() {
            frames.extend(chunker.frame());
        }
    }
    chunker.end();
    while let Some(frame) = chunker.frame() {
        frames.push(frame);
    }
    frames.extend(chunker.open());
    frames
}

fn frame(init: bool, size: usize, complete: bool) -> Frame<()> {
    Frame {
        init: init.then_some(()),
        piece: vec![0; size].into(),
        complete,
        flush: false,
    }
}

fn judge(frames: &[Frame<()>]) -> Result<(), Violation> {
    let mut reassembler = Reassembler::new(4);
    for frame in frames {
        reassembler.push(frame.clone())?;
    }
    reassembler.end()
}

#[test]
fn a_body_without_bytes_is_one_frame() {
    let pieces = [Move::Bytes(Vec::new())];
    for moves in [&[][..], &pieces[..]] {
        let frames = frames(moves, 4);
        assert_eq!(frames.len(), 1);
        assert_eq!((frames[0].init, frames[0].complete), (Some("head"), true));
    }
}

#[test]
fn the_last_frame_has_the_last_bytes_where_both_are_known_at_once() {
    let frames = frames(&[Move::Bytes(vec![7; 8])], 4);
    let sizes: Vec<_> = frames.iter().map(|frame| frame.piece.len()).collect();
    assert_eq!(sizes, [4, 4]);
    assert!(frames[1].complete);
}

#[test]
fn each_violation_has_its_name() {
    let (init, piece, last) = (
        frame(true, 1, false),
        frame(false, 3, false),
        frame(false, 1, true),
    );
    let whole = frame(true, 0, true);
    let large = frame(false, 5, false);
    type Row<'a> = (&'a [&'a Frame<()>], Result<(), Violation>);
    let table: [Row<'_>; 12] = [
        (&[&whole], Ok(())),
        (&[&init, &piece, &last], Ok(())),
        (&[], Err(Violation::Nothing)),
        (&[&piece], Err(Violation::NoInit)),
        (&[&last], Err(Violation::NoInit)),
        (&[&init, &init], Err(Violation::SecondInit)),
        (&[&init, &whole], Err(Violation::SecondInit)),
        (
            &[&whole, &piece],
            Err(Violation::AfterCompletion { size: 3 }),
        ),
        (&[&whole, &last], Err(Violation::CompletedTwice)),
        (&[&whole, &whole], Err(Violation::CompletedTwice)),
        (
            &[&init, &large],
            Err(Violation::TooLarge { size: 5, limit: 4 }),
        ),
        (&[&init, &piece], Err(Violation::Incomplete { received: 4 })),
    ];
    for (frames, expected) in table {
        let frames: Vec<_> = frames.iter().map(|frame| (*frame).clone()).collect();
        assert_eq!(judge(&frames), expected, "{frames:?}");
    }
}

#[test]
fn a_status_is_one_of_http() {
    for (number, expected) in [(0, 200), (100, 100), (200, 200), (999, 999)] {
        assert_eq!(status(number), Ok(expected));
    }
    for number in [-1, 1, 42, 99, 1000, 1001, 65535, 65736, i32::MIN, i32::MAX] {
        assert_eq!(status(number), Err(Violation::Status(number)));
    }
}

proptest! {
    #[test]
    fn any_split_comes_back_whole(moves in moves(), limit in 1_usize..50) {
        let frames = frames(&moves, limit);
        let mut reassembler = Reassembler::new(limit);
        let (mut heads, mut body, mut last) = (0, Vec::new(), 0);
        for frame in frames {
            let part = reassembler.push(frame).unwrap();
            heads += usize::from(part.head == Some("head"));
            last += usize::from(part.last);
            body.extend_from_slice(&part.piece);
        }
        let sent: Vec<u8> = moves
            .iter()
            .flat_map(|step| match step {
                Move::Bytes(bytes) => bytes.clone(),
                Move::Pause => Vec::new(),
            })
            .collect();
        prop_assert_eq!(reassembler.end(), Ok(()));
        prop_assert_eq!((heads, last), (1, 1));
        prop_assert_eq!(reassembler.received(), sent.len() as u64);
        prop_assert_eq!(body, sent);
    }

    #[test]
    fn a_body_that_lets_nobody_wait_has_no_frame_too_many(size in 0_usize..200, limit in 1_usize..50) {
        let frames = frames(&[Move::Bytes(vec![1; size])], limit);
        prop_assert_eq!(frames.len(), size.div_ceil(limit).max(1));
    }

    #[test]
    fn what_is_left_out_is_missed(moves in moves(), limit in 1_usize..50, at in any::<prop::sample::Index>()) {
        let mut frames = frames(&moves, limit);
        let index = at.index(frames.len());
        let lost = frames.remove(index);
        let mut reassembler = Reassembler::new(limit);
        let read: Result<Vec<_>, _> = frames.into_iter().map(|frame| reassembler.push(frame)).collect();
        let end = read.and_then(|_| reassembler.end());
        let lost_an_end = lost.init.is_some() || lost.complete;
        prop_assert_eq!(end.is_err(), lost_an_end);
    }
}

#[test]
fn a_chunker_says_whether_it_is_full_and_whether_its_body_has_ended() {
    let mut chunker = Chunker::new("head", 2);
    let head = chunker.open().unwrap();
    assert_eq!(
        (head.init, head.piece.len(), head.complete),
        (Some("head"), 0, false)
    );
    assert_eq!(chunker.open(), None);
    chunker.push(Bytes::from_static(b"ab"));
    assert!(!chunker.is_full() && !chunker.has_ended());
    chunker.push(Bytes::from_static(b"c"));
    assert!(chunker.is_full());
    assert_eq!(chunker.frame().unwrap().piece, "ab");
    assert_eq!(chunker.frame().unwrap().piece, "c");
    assert_eq!(chunker.frame(), None);
    chunker.end();
    assert!(chunker.has_ended() && !chunker.is_full());
    assert!(chunker.frame().unwrap().complete);
}
