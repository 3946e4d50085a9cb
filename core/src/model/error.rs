//! Why JSON and message did not meet, and where.

use std::fmt;

use super::path::Path;

/// What did not make the way, of which model, and where in the JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {fault}", Place(.model, .path))]
pub struct ModelError {
    /// The model or blob that was read or written, for instance `Post`.
    pub model: String,
    /// The way to it from the document's root, `props.attachments[0].id`; empty for the whole document.
    pub path: String,
    /// What is wrong there.
    pub fault: Fault,
}

impl ModelError {
    pub(super) fn new(model: &str, at: &Path<'_>, fault: Fault) -> Self {
        Self {
            model: model.to_owned(),
            path: at.to_string(),
            fault,
        }
    }
}

/// Something that [`Strictness::Lenient`](super::Strictness::Lenient) left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// Where it stood.
    pub path: String,
    /// Why there was no place for it.
    pub fault: Fault,
}

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} left out: {}", self.path, self.fault)
    }
}

struct Place<'a>(&'a str, &'a str);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dot = match self.1 {
            path if path.is_empty() || path.starts_with('[') => "",
            _ => ".",
        };
        write!(f, "{}{dot}{}", self.0, self.1)
    }
}

/// What is wrong with one value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Nothing is known about how Mattermost writes such a message.
    #[error("there is no JSON model of that name")]
    NoModel,
    /// The text is not UTF-8.
    #[error("not UTF-8 from byte {offset} on")]
    NotUtf8 {
        /// Bytes that are.
        offset: usize,
    },
    /// The text is not JSON.
    #[error("not JSON: {reason}")]
    NotJson {
        /// What the parser met, and at which line and column.
        reason: String,
    },
    /// A key stands twice in its object; the last one would win.
    #[error("the key stands more than once in its object")]
    DuplicateKey,
    /// Too many objects and lists inside each other.
    #[error("nested more than {limit} levels deep")]
    TooDeep {
        /// How many are allowed.
        limit: usize,
    },
    /// Mattermost's JSON of this message has no such key.
    #[error("Mattermost's {message} has no such key")]
    UnknownKey {
        /// The message, without its package.
        message: String,
    },
    /// Mattermost's JSON may hold this, the message on the wire cannot.
    #[error("the wire's {message} has no place for this")]
    NotCarried {
        /// The message, without its package.
        message: String,
    },
    /// The wrong kind of JSON value.
    #[error("expected {expected}, found {found}")]
    Type {
        /// What belongs there.
        expected: &'static str,
        /// What is there.
        found: &'static str,
    },
    /// The field on the wire is too narrow.
    #[error("the number {number} does not fit {holds}")]
    Range {
        /// The number.
        number: String,
        /// The field's type.
        holds: &'static str,
    },
    /// The number would arrive as another one: the wire holds free-form numbers as doubles.
    #[error("the wire cannot hold the number {number} exactly")]
    Inexact {
        /// The number.
        number: String,
    },
    /// Mattermost's JSON has a letter that the contract's enum does not know.
    #[error("{enumeration} has no value for {letter:?}")]
    Letter {
        /// The enum.
        enumeration: &'static str,
        /// The letter, or the start of whatever stands there.
        letter: String,
    },
    /// The enum on the wire has a number that Mattermost's JSON has no letter for.
    #[error("{enumeration} has no letter for {number}")]
    EnumNumber {
        /// The enum.
        enumeration: &'static str,
        /// The number.
        number: i32,
    },
    /// A list, where the other side has room for one value.
    #[error("there is room for one value, not for {count}")]
    OneOnly {
        /// How many there are.
        count: usize,
    },
    /// Bytes that are not standard base64 with padding.
    #[error("not base64: {reason}")]
    Base64 {
        /// What is wrong.
        reason: String,
    },
    /// The wire holds this number as text, and the text is not one as Mattermost writes it.
    #[error("the text {text:?} is no decimal number")]
    Decimal {
        /// The text, or its start.
        text: String,
    },
    /// JSON has no way to write this number.
    #[error("JSON has no number {number}")]
    NotFinite {
        /// NaN or an infinity.
        number: String,
    },
    /// A free-form value on the wire that holds nothing at all, not even null.
    #[error("a google.protobuf.Value that holds nothing")]
    NoValue,
    /// The bytes are not such a message.
    #[error("these bytes are no such message: {reason}")]
    Wire {
        /// What did not decode.
        reason: String,
    },
}

/// The start of a text, for errors: a document's texts may be of any length.
pub(super) fn start_of(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_point_to_the_place() {
        let root = Path::Root;
        let (props, list) = (root.key("props"), root.index(1));
        let text = |at: &Path<'_>| ModelError::new("Post", at, Fault::DuplicateKey).to_string();
        let what = "the key stands more than once in its object";
        assert_eq!(text(&root), format!("Post: {what}"));
        assert_eq!(text(&props.key("a")), format!("Post.props.a: {what}"));
        assert_eq!(text(&list.key("a")), format!("Post[1].a: {what}"));
    }
}
