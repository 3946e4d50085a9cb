//! Where in a JSON document something stands. Costs nothing until it is written down.

use std::fmt;

/// Longest key that is written out; what is in a document may be of any length, an error text may not.
const LONGEST_KEY: usize = 64;

/// The way from the document's root, as a list that lives on the stack.
#[derive(Debug, Clone, Copy)]
pub(super) enum Path<'a> {
    Root,
    Key(&'a Path<'a>, &'a str),
    Index(&'a Path<'a>, usize),
}

impl<'a> Path<'a> {
    pub(super) fn key(&'a self, key: &'a str) -> Self {
        Self::Key(self, key)
    }

    pub(super) fn index(&'a self, index: usize) -> Self {
        Self::Index(self, index)
    }

    /// Steps from the root.
    pub(super) fn depth(&self) -> usize {
        let mut depth = 0;
        let mut here = self;
        while let Self::Key(above, _) | Self::Index(above, _) = here {
            depth += 1;
            here = above;
        }
        depth
    }
}

/// `props.attachments[0].id`; keys that are no plain words are quoted, `props["a.b"]`.
impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Index(above, index) => write!(f, "{above}[{index}]"),
            Self::Key(above, key) if !is_word(key) => {
                let kept: String = key.chars().take(LONGEST_KEY).collect();
                let cut = if kept.len() < key.len() { "…" } else { "" };
                write!(f, "{above}[{kept:?}{cut}]")
            }
            Self::Key(Self::Root, key) => f.write_str(key),
            Self::Key(above, key) => write!(f, "{above}.{key}"),
        }
    }
}

fn is_word(key: &str) -> bool {
    let is_part = |byte: u8| byte == b'_' || byte.is_ascii_alphanumeric();
    (1..=LONGEST_KEY).contains(&key.len()) && key.bytes().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_written_as_a_reader_would_point() {
        let root = Path::Root;
        let (props, list) = (root.key("props"), root.index(3));
        let attachments = props.key("attachments");
        let first = attachments.index(0);
        assert_eq!(root.to_string(), "");
        assert_eq!(first.key("id").to_string(), "props.attachments[0].id");
        assert_eq!(list.key("name").to_string(), "[3].name");
        assert_eq!(props.key("a.b").to_string(), r#"props["a.b"]"#);
        assert_eq!(props.key("").to_string(), r#"props[""]"#);
        assert_eq!(root.key("\"\n").to_string(), r#"["\"\n"]"#);
        assert_eq!(first.key("id").depth(), 4);
    }

    #[test]
    fn a_long_key_is_cut() {
        let key = "ä".repeat(70);
        let written = Path::Root.key(&key).to_string();
        assert_eq!(written, format!("[\"{}\"…]", "ä".repeat(64)));
        assert!(Path::Root.key(&"k".repeat(65)).to_string().contains('…'));
    }
}
