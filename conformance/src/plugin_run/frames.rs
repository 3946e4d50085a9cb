//! The frames of an HTTP body in words, with the place of each in the body. Pure.

use plugin_proto::pb::{ServeHttpRequest, ServeHttpResponse};

/// The most frames that are told one by one.
const MOST: usize = 12;

/// What is told of a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    bytes: usize,
    head: bool,
    complete: bool,
    flush: bool,
}

impl From<&ServeHttpRequest> for Told {
    fn from(message: &ServeHttpRequest) -> Told {
        Told {
            bytes: message.body_chunk.len(),
            head: message.init.is_some(),
            complete: message.body_complete,
            flush: false,
        }
    }
}

impl From<&ServeHttpResponse> for Told {
    fn from(message: &ServeHttpResponse) -> Told {
        Told {
            bytes: message.body_chunk.len(),
            head: message.init.is_some(),
            complete: message.body_complete,
            flush: message.flush,
        }
    }
}

/// `3 frames: 0..1 (head), 1..5, 5..5 (complete)`.
pub fn words(frames: impl IntoIterator<Item = Told>) -> String {
    let (mut at, mut count, mut told) = (0, 0, Vec::new());
    for frame in frames {
        let end = at + frame.bytes;
        let marks = [
            (frame.head, "head"),
            (frame.flush, "flush"),
            (frame.complete, "complete"),
        ];
        let marks: Vec<&str> = marks
            .into_iter()
            .filter(|(is, _)| *is)
            .map(|(_, word)| word)
            .collect();
        let marks = match marks.as_slice() {
            [] => String::new(),
            marks => format!(" ({})", marks.join(", ")),
        };
        if count < MOST {
            told.push(format!("{at}..{end}{marks}"));
        }
        (at, count) = (end, count + 1);
    }
    let more = match count {
        0..=MOST => String::new(),
        _ => format!(", … up to {at}"),
    };
    let s = if count == 1 { "" } else { "s" };
    let colon = if told.is_empty() { "" } else { ": " };
    format!("{count} frame{s}{colon}{}{more}", told.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_frame_has_its_place() {
        let frame = |bytes| Told {
            bytes,
            ..Told::default()
        };
        let last = Told {
            complete: true,
            flush: true,
            ..Told::default()
        };
        let first = Told {
            head: true,
            ..frame(1)
        };
        let told = words([first, frame(4), last]);
        assert_eq!(told, "3 frames: 0..1 (head), 1..5, 5..5 (flush, complete)");
        assert_eq!(words([]), "0 frames");
        assert!(words(vec![frame(2); 100]).ends_with(", 22..24, … up to 200"));
    }
}
