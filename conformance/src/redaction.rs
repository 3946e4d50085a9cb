//! What no report may hold: the value of the magic cookie, tokens, the values of header fields that let somebody in, and values of
//! environment variables other than those in [`SHOWN`]. Pure.
//!
//! ```text
//! texts of a report ─ learn ─▶ secrets by value, each with a label ─ text ─▶ the same texts with [LABEL] in their place
//! ```
//! A secret is found by its place - behind the name of a variable or of a header field - and then by its value in all other places. Two
//! values of one name have two labels, so that a reader still sees whether they are the same. What is no text of a report, such as what a
//! fake wrote down for itself, is not looked at here.

mod place;

use std::collections::BTreeMap;

use fake_interpreters::cookie;

/// The variables whose values reports may show: what a plugin is told about its run, and where things lie.
pub const SHOWN: &[&str] = &[
    "HOME",
    "LANG",
    "LC_ALL",
    "MATTERMOST_PLUGIN_API_TARGET",
    "MATTERMOST_PLUGIN_HOOK_TIMEOUT",
    "MATTERMOST_PLUGIN_ID",
    "MATTERMOST_PLUGIN_LOG_LEVEL",
    "MATTERMOST_PLUGIN_PATH",
    "PATH",
    "PLUGIN_HOST_RUN",
    "PLUGIN_HOST_SESSION",
    "PLUGIN_MAX_PORT",
    "PLUGIN_MIN_PORT",
    "PLUGIN_PROTOCOL_VERSIONS",
    "PYTHONUNBUFFERED",
    "TMPDIR",
    "VIRTUAL_ENV",
];

/// A value that is shorter is taken away in its place only: elsewhere it would be a part of other words.
const SHORTEST: usize = 8;

/// Secrets by value, with their labels.
#[derive(Clone, Debug)]
pub struct Redaction {
    labels: BTreeMap<String, String>,
    counts: BTreeMap<String, usize>,
}

impl Default for Redaction {
    fn default() -> Redaction {
        Redaction::new()
    }
}

impl Redaction {
    /// One that knows the magic cookie.
    pub fn new() -> Redaction {
        let mut redaction = Redaction {
            labels: BTreeMap::new(),
            counts: BTreeMap::new(),
        };
        redaction.add(cookie::KEY, cookie::VALUE);
        redaction
    }

    /// Takes note of an environment.
    pub fn environment<'a>(&mut self, variables: impl IntoIterator<Item = (&'a str, &'a str)>) {
        for (name, value) in variables {
            if !SHOWN.contains(&name) {
                self.add(name, value);
            }
        }
    }

    /// Takes note of a path that is another one in each play; it is no secret, and shown by this word.
    pub fn path(&mut self, path: &str, word: &str) {
        if path.len() >= SHORTEST {
            self.labels.insert(path.to_owned(), word.to_owned());
        }
    }

    /// Takes note of the secrets that stand in their places in a text.
    pub fn learn(&mut self, text: &str) {
        for secret in place::secrets(text) {
            self.add(&secret.name, &text[secret.range]);
        }
    }

    /// Takes over what another one knows.
    pub fn join(&mut self, other: &Redaction) {
        for (value, label) in &other.labels {
            let name = label.trim_matches(['[', ']']);
            let name = name.split(' ').next().unwrap_or(name);
            self.add(name, value);
        }
    }

    /// The text without them. Places in it are understood whether or not the text was learnt.
    pub fn text(&self, text: &str) -> String {
        let mut shown = String::with_capacity(text.len());
        let mut rest = 0;
        for secret in place::secrets(text) {
            shown.push_str(&self.by_value(&text[rest..secret.range.start]));
            shown.push_str(&self.label(&secret.name, &text[secret.range.clone()]));
            rest = secret.range.end;
        }
        shown.push_str(&self.by_value(&text[rest..]));
        shown
    }

    fn by_value(&self, text: &str) -> String {
        let mut longest: Vec<(&String, &String)> = self
            .labels
            .iter()
            .filter(|(value, _)| value.len() >= SHORTEST && text.contains(value.as_str()))
            .collect();
        longest.sort_by_key(|(value, _)| std::cmp::Reverse(value.len()));
        let mut text = text.to_owned();
        for (value, label) in longest {
            text = text.replace(value.as_str(), label);
        }
        text
    }

    fn label(&self, name: &str, value: &str) -> String {
        let known = self.labels.get(bare(value));
        known.cloned().unwrap_or_else(|| format!("[{name}]"))
    }

    fn add(&mut self, name: &str, value: &str) {
        let value = bare(value);
        if value.is_empty() || self.labels.contains_key(value) {
            return;
        }
        let count = self.counts.entry(name.to_owned()).or_default();
        *count += 1;
        let label = match *count {
            1 => format!("[{name}]"),
            number => format!("[{name} {number}]"),
        };
        // As it stands inside of a text that is quoted.
        let quoted = value.escape_default().to_string();
        self.labels.entry(quoted).or_insert_with(|| label.clone());
        self.labels.insert(value.to_owned(), label);
    }
}

/// Without the word for the kind of credentials: a token is the same with and without it.
fn bare(value: &str) -> &str {
    let kinds = ["Bearer ", "bearer ", "BEARER ", "Token ", "token "];
    let kind = kinds.iter().find_map(|kind| value.strip_prefix(kind));
    kind.unwrap_or(value).trim()
}

#[cfg(test)]
mod tests;
