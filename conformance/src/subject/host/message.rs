//! The lines of a driver's stdout: each is one message, and a line that is none is said to be so, with what is wrong.

use serde_json::Value;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};

use super::error::NoMessage;
use crate::driver::protocol::Message;

/// Longest line, in bytes: the largest message of a hook as JSON, with room to spare.
const LONGEST: usize = 256 * 1024 * 1024;

/// Lines, as far as they are text and not too long.
pub(super) struct Lines<R> {
    input: R,
    number: usize,
    longest: usize,
}

impl<R: AsyncBufRead + Unpin> Lines<R> {
    pub(super) fn new(input: R) -> Lines<R> {
        Lines {
            input,
            number: 0,
            longest: LONGEST,
        }
    }

    /// The number of the latest line.
    pub(super) fn number(&self) -> usize {
        self.number
    }

    /// The next line without its end; `None` at the end of the stream.
    pub(super) async fn next(&mut self) -> Option<Result<String, NoMessage>> {
        let mut line = Vec::new();
        let most = u64::try_from(self.longest).unwrap_or(u64::MAX);
        // A stream that cannot be read any more has ended.
        let mut rest = (&mut self.input).take(most.saturating_add(1));
        let _ = rest.read_until(b'\n', &mut line).await;
        if line.is_empty() {
            return None;
        }
        if line.last() == Some(&b'\n') {
            line.pop();
        }
        self.number += 1;
        if line.len() > self.longest {
            let why = format!("it has more than {} bytes", self.longest);
            return Some(Err(NoMessage::new(self.number, &line, why)));
        }
        Some(
            String::from_utf8(line)
                .map_err(|error| NoMessage::new(self.number, error.as_bytes(), "it is no UTF-8")),
        )
    }
}

/// The message in a line.
pub(super) fn read(line: &str, number: usize) -> Result<Message, NoMessage> {
    let wrong = |why: String| NoMessage::new(number, line.as_bytes(), why);
    let value: Value =
        serde_json::from_str(line).map_err(|error| wrong(format!("it is no JSON: {error}")))?;
    let known = |name: &str| value.get(name).is_some();
    if !value.is_object() {
        return Err(wrong("it is no JSON object".to_owned()));
    }
    if !(known("id") && (known("ok") || known("error")) || known("event")) {
        let why = "it has neither id with ok or error, as an answer, nor event";
        return Err(wrong(why.to_owned()));
    }
    serde_json::from_value(value)
        .map_err(|_| wrong("id is no number, or error or event is not of its form".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn lines(bytes: &[u8], longest: usize) -> Vec<Result<String, String>> {
        let mut lines = Lines {
            longest,
            ..Lines::new(bytes)
        };
        let mut all = Vec::new();
        while let Some(line) = lines.next().await {
            all.push(line.map_err(|garbage| garbage.to_string()));
        }
        all
    }

    #[tokio::test]
    async fn lines_are_text_of_a_bounded_length() {
        let text = |text: &str| Ok(text.to_owned());
        assert_eq!(
            lines(b"ab\n\nc", 3).await,
            [text("ab"), text(""), text("c")]
        );
        let told = lines(b"ok\nab\xff\n", 9).await.remove(1).unwrap_err();
        assert_eq!(
            told,
            "line 2 of its stdout is no message: it is no UTF-8: \"ab\\xff\" (conformance/HOST.md, \"Lines\")"
        );
        let long = lines(b"abcdef", 3).await.remove(0).unwrap_err();
        assert!(long.contains("more than 3 bytes"), "{long}");
    }

    #[test]
    fn what_is_wrong_with_a_line_is_said() {
        for (line, why) in [
            ("starting up", "it is no JSON: expected value"),
            ("[]", "no JSON object"),
            (r#"{"id":1}"#, "neither id with ok or error"),
            (r#"{"ok":{}}"#, "neither id with ok or error"),
            (r#"{"id":"1","ok":{}}"#, "id is no number"),
            (r#"{"id":1,"error":"no"}"#, "error or event is not"),
        ] {
            let error = read(line, 7).unwrap_err().to_string();
            assert!(
                error.contains("line 7") && error.contains(why),
                "{line}: {error}"
            );
        }
        assert!(matches!(read(r#"{"event":"x"}"#, 1), Ok(Message::Event(_))));
        assert!(matches!(
            read(r#"{"id":1,"error":{"kind":"k"}}"#, 1),
            Ok(Message::Failed { .. })
        ));
    }
}
