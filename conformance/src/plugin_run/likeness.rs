//! How a body that is not the one that was sent may have come about, as far as its digest tells: the same pieces with one of the faults that
//! are made with pieces. Pure.

use bytes::Bytes;

use super::evidence::Digest;

/// How many pieces are looked at from either end; a fault that is made later is made there, too.
const LOOKED_AT: usize = 8;

/// The byte that is lost where somebody counts to 64 KiB from 1.
const BORDER: usize = 65_536;

/// The longest body that is looked at: each fault costs a digest of it.
const LONGEST: usize = 256 * 1024;

/// The words for the fault by which these pieces would have become that body, if it is one of them.
pub fn likeness(pieces: &[Bytes], saw: &Digest) -> Option<String> {
    if saw.len > LONGEST {
        return None;
    }
    let numbered = (1..).zip(pieces.iter().cloned());
    let filled: Vec<(usize, Bytes)> = numbered.filter(|(_, piece)| !piece.is_empty()).collect();
    let last = filled.len();
    let near_an_end = |place: usize| place < LOOKED_AT || place + LOOKED_AT >= last;
    let mut told: Vec<(String, Vec<Bytes>)> = Vec::new();
    let bodies = |pieces: &[(usize, Bytes)]| -> Vec<Bytes> {
        pieces.iter().map(|(_, piece)| piece.clone()).collect()
    };
    for place in (0..last).filter(|place| near_an_end(*place)) {
        let (number, piece) = filled[place].clone();
        let ordinal = match place + 1 {
            1 => "the first piece".to_owned(),
            2 => "the second piece".to_owned(),
            end if end == last => "the last piece".to_owned(),
            _ => format!("piece {number}"),
        };
        let with = |other: Vec<Bytes>| {
            let mut pieces = bodies(&filled);
            pieces.splice(place..=place, other);
            pieces
        };
        told.push((format!("{ordinal} lost, dropped"), with(Vec::new())));
        told.push((
            format!("{ordinal} there twice, duplicated"),
            with(vec![piece.clone(), piece.clone()]),
        ));
        told.push((
            format!("{ordinal} without its last byte, truncated"),
            with(vec![piece.slice(..piece.len() - 1)]),
        ));
        told.push((
            format!("{ordinal} without its first byte"),
            with(vec![piece.slice(1..)]),
        ));
        if piece.len() >= BORDER {
            let around = [&piece[..BORDER - 1], &piece[BORDER..]];
            told.push((
                format!("{ordinal} without its byte 65,536"),
                with(vec![around.concat().into()]),
            ));
        }
        if place + 1 < last {
            let mut swapped = bodies(&filled);
            swapped.swap(place, place + 1);
            let first = if place == 0 {
                "the first two pieces in the other order"
            } else {
                "two pieces in the other order"
            };
            told.push((format!("{first}, swapped"), swapped));
        }
    }
    if let Some(empty) = pieces.iter().position(Bytes::is_empty) {
        told.push((
            "an end at the first empty piece".to_owned(),
            pieces[..empty].to_vec(),
        ));
    }
    let as_text = |piece: &Bytes| Bytes::from(String::from_utf8_lossy(piece).into_owned());
    told.push((
        "each piece read as text by itself".to_owned(),
        pieces.iter().map(as_text).collect(),
    ));
    let mut fitting = told.into_iter().filter(|(_, pieces)| {
        let length: usize = pieces.iter().map(Bytes::len).sum();
        length == saw.len && Digest::of(&pieces.concat()) == *saw
    });
    fitting
        .next()
        .map(|(words, _)| format!("the same pieces with {words}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(pieces: &[&'static str], saw: &str) -> String {
        let pieces: Vec<Bytes> = pieces.iter().map(|piece| Bytes::from(*piece)).collect();
        let like = likeness(&pieces, &Digest::of(saw.as_bytes()));
        like.unwrap_or_default()
            .replace("the same pieces with ", "")
    }

    #[test]
    fn each_fault_of_pieces_is_told_by_its_digest() {
        let pieces = ["ab", "", "cd", "ef"];
        for (saw, words) in [
            ("cdef", "the first piece lost, dropped"),
            ("abef", "the second piece lost, dropped"),
            ("abcd", "the last piece lost, dropped"),
            ("abcdcdef", "the second piece there twice, duplicated"),
            ("cdabef", "the first two pieces in the other order, swapped"),
            ("abcef", "the second piece without its last byte, truncated"),
            ("bcdef", "the first piece without its first byte"),
            ("ab", "an end at the first empty piece"),
            ("something else", ""),
        ] {
            assert_eq!(told(&pieces, saw), words, "{saw}");
        }
        assert_eq!(told(&["a"], ""), "the first piece lost, dropped");
        let cut = [
            "\u{e9}".as_bytes()[..1].to_vec(),
            "\u{e9}".as_bytes()[1..].to_vec(),
        ];
        let cut: Vec<Bytes> = cut.map(Bytes::from).to_vec();
        let like = likeness(&cut, &Digest::of("\u{fffd}\u{fffd}".as_bytes()));
        assert!(like.unwrap().ends_with("read as text by itself"));
    }
}
