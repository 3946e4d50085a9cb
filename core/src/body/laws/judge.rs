//! Judges the frames of one stream as they come.

use bytes::Bytes;

use super::{Breach, Law, bytes, difference};
use crate::body::Frame;

/// What is known of a stream so far.
#[derive(Clone, Debug)]
pub struct Judge {
    body: Bytes,
    /// After how many bytes a flush was asked for.
    flushes: Vec<usize>,
    /// After how many bytes one came.
    flushed: Vec<usize>,
    frames: usize,
    received: usize,
    completed: bool,
}

impl Judge {
    /// Expects this body.
    pub fn new(body: Bytes) -> Self {
        Self {
            body,
            flushes: Vec::new(),
            flushed: Vec::new(),
            frames: 0,
            received: 0,
            completed: false,
        }
    }

    /// Expects a flush after each of these numbers of bytes.
    #[must_use]
    pub fn flushing(mut self, flushes: Vec<usize>) -> Self {
        self.flushes = flushes;
        self
    }

    /// Bytes of the body so far.
    pub fn received(&self) -> usize {
        self.received
    }

    /// Whether the body was said to be complete.
    pub fn is_complete(&self) -> bool {
        self.completed
    }

    /// Takes the next frame.
    ///
    /// # Errors
    /// The law that it breaks.
    pub fn frame<H>(&mut self, frame: &Frame<H>) -> Result<(), Breach> {
        let size = frame.piece.len();
        if self.completed {
            let law = if frame.complete {
                Law::Completion
            } else {
                Law::Silence
            };
            let again = if frame.complete {
                ", complete again"
            } else {
                ""
            };
            let expected = "the end of the stream after the frame with body_complete";
            let seen = format!("a frame of {size} bytes{again}");
            return Err(Breach::new(law, expected, seen).at(self.received));
        }
        match (self.frames, frame.init.is_some()) {
            (0, false) => {
                return Err(Breach::new(Law::Init, "a head on the first frame", "none"));
            }
            (1.., true) => {
                let seen = format!("another one on frame {}", self.frames + 1);
                return Err(Breach::new(Law::Init, "one head, on the first frame", seen));
            }
            _ => {}
        }
        self.frames += 1;
        let end = self.received + size;
        let wanted = self.body.get(self.received..end).unwrap_or_default();
        if wanted != frame.piece {
            let before = &self.body[..self.received];
            return Err(difference(&self.body, &[before, &frame.piece[..]].concat()));
        }
        self.received = end;
        if frame.flush {
            self.flushed.push(end);
        }
        self.completed = frame.complete;
        Ok(())
    }

    /// The stream has ended well.
    ///
    /// # Errors
    /// The law that is broken by its ending now.
    pub fn end(&self) -> Result<(), Breach> {
        let received = self.received;
        if !self.completed {
            let seen = match self.frames {
                0 => "the end of the stream before any frame".to_owned(),
                _ => format!("the end of the stream after {received} bytes without it"),
            };
            return Err(Breach::new(
                Law::Completion,
                "a frame with body_complete",
                seen,
            ));
        }
        bytes(&self.body, &self.body[..received])?;
        let missing = self
            .flushes
            .iter()
            .find(|asked| !self.flushed.contains(asked));
        match missing {
            None => Ok(()),
            Some(asked) => Err(Breach::new(
                Law::Flush,
                format!("a flush after {asked} bytes"),
                match self.flushed.as_slice() {
                    [] => "no flush at all".to_owned(),
                    flushed => format!("flushes after {flushed:?} bytes"),
                },
            )
            .at(*asked)),
        }
    }
}
