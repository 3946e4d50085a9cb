//! What a plugin is told for a body plan, by the steps of TESTEE.md, and what has to come of it. Pure.

use bytes::{Bytes, BytesMut};
use plugin_host::body::laws::{Breach, Law};
use plugin_host::body::split::fill::{Fill, Kind};
use plugin_proto::pb::ServeHttpResponseInit;

use super::{BodyPlan, Direction, Manner};

/// The status of every answer: one that nobody chooses by mistake.
const STATUS: i32 = 207;
/// The header that says which request is answered.
const STREAM: &str = "X-Conformance-Stream";
/// A header with several values, and the values.
const COOKIE: &str = "Set-Cookie";
const COOKIES: [&str; 2] = ["a=1", "b=2"];
/// What is answered to a request that is not read.
const EARLY: &str = "early";
/// The longest text of a step whose text is the whole piece; in longer pieces one character is repeated.
const LITERAL: usize = 200;
/// Characters of four, three, two bytes and one.
const REPEATED: [char; 4] = ['😀', '€', 'é', 'x'];

/// One exchange of a plan: the plan's own, or one beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The body of the request, in frames.
    pub frames: Vec<Bytes>,
    /// The steps of the handler.
    pub steps: Vec<String>,
    /// The body that is cut, in its pieces: the request's, or the answer's.
    pub pieces: Vec<Bytes>,
    /// The body of the answer.
    pub answer: Bytes,
    /// After how many bytes of it there has to be a flush.
    pub flushes: Vec<usize>,
}

/// What the plugin is told in the exchange of this number; number 0 is the plan's own.
pub fn told(plan: &BodyPlan, number: usize, nonce: &str) -> Told {
    let salt = plan.fill.salt.wrapping_add((number as u8).wrapping_mul(37));
    let fill = Fill { salt, ..plan.fill };
    let mut steps = vec![
        format!("status {STATUS}"),
        format!("header {STREAM} {nonce}"),
    ];
    steps.extend(COOKIES.map(|cookie| format!("header {COOKIE} {cookie}")));
    match plan.direction {
        Direction::Up => {
            let body = fill.bytes(plan.split.length());
            let frames = plan.split.cut(&body);
            let answer = if plan.manner == Manner::Early {
                steps.push(format!("write 1 {EARLY}"));
                Bytes::from_static(EARLY.as_bytes())
            } else {
                steps.push("echo".to_owned());
                body
            };
            Told {
                pieces: frames.clone(),
                frames,
                steps,
                answer,
                flushes: Vec::new(),
            }
        }
        Direction::Down => {
            if plan.beside > 0 {
                // All have begun before the first one writes.
                steps.push("read".to_owned());
            }
            let mut answer = BytesMut::new();
            for (at, piece) in plan.split.pieces().iter().enumerate() {
                let (times, text) = written(fill, at, piece.size);
                answer.extend_from_slice(text.repeat(times).as_bytes());
                steps.push(format!("write {times} {text}"));
                if piece.flush {
                    steps.push("flush".to_owned());
                }
            }
            let answer = answer.freeze();
            Told {
                pieces: plan.split.cut(&answer),
                frames: vec![Bytes::new()],
                steps,
                answer,
                flushes: plan.split.flushes(),
            }
        }
    }
}

/// The text of one write with so many bytes, and how often it is repeated. Neighbours differ.
fn written(fill: Fill, at: usize, size: usize) -> (usize, String) {
    let salt = fill.salt.wrapping_add(at as u8);
    if size == 0 {
        return (0, "nothing".to_owned());
    }
    let text = match fill.kind {
        Kind::Text if size <= LITERAL => {
            String::from_utf8_lossy(&Fill::text(salt).bytes(size)).into_owned()
        }
        Kind::Text => {
            let fits = |character: &&char| size.is_multiple_of(character.len_utf8());
            let found = REPEATED.iter().find(fits).unwrap_or(&'x');
            return (size / found.len_utf8(), found.to_string());
        }
        Kind::Binary if size <= LITERAL => (0..size).map(|place| letter(salt, place)).collect(),
        Kind::Binary => return (size, letter(salt, 0).to_string()),
    };
    (1, text)
}

/// A letter or digit; the next 62 places have others.
fn letter(salt: u8, place: usize) -> char {
    const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    char::from(LETTERS[(usize::from(salt) * 17 + place * 7 + place / 62) % 62])
}

/// Whether the head of an answer is what it was told to be; `others` are the nonces of the exchanges beside it.
///
/// # Errors
/// The law that it breaks.
pub fn head(seen: &ServeHttpResponseInit, nonce: &str, others: &[&str]) -> Result<(), Breach> {
    let values = |name: &str| -> Vec<&str> {
        let headers = seen.headers.iter();
        let of = headers.filter(|header| header.key.eq_ignore_ascii_case(name));
        of.flat_map(|header| header.values.iter().map(String::as_str))
            .collect()
    };
    let stream = values(STREAM);
    if others.iter().any(|other| stream == [*other]) {
        return Err(Breach::new(
            Law::Stream,
            format!("the answer to the request {nonce}"),
            format!("the head of the answer to {}", stream.concat()),
        ));
    }
    let words = |status: i32, stream: &[&str], cookies: &[&str]| {
        format!("status {status}, {STREAM} {stream:?}, {COOKIE} {cookies:?}")
    };
    let expected = words(STATUS, &[nonce], &COOKIES);
    let seen = words(seen.status_code, &stream, &values(COOKIE));
    if expected == seen {
        Ok(())
    } else {
        Err(Breach::new(Law::Head, expected, seen))
    }
}
