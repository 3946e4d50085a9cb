//! What somebody searches for, read from a line of text. Pure.

use time::{Date, Month, PrimitiveDateTime, Time};

/// The words of a text, in small letters, each once.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words: Vec<_> = tokens(text).collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// The words of a text in their order, in small letters.
fn tokens(text: &str) -> impl Iterator<Item = String> {
    let parts = text.split(|c: char| !c.is_alphanumeric() && c != '_');
    parts.filter(|part| !part.is_empty()).map(str::to_lowercase)
}

/// One thing that a text has or has not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Term {
    /// A word.
    Word(String),
    /// A word that begins so.
    Beginning(String),
    /// Words in this order.
    Phrase(Vec<String>),
    /// A hashtag, without its sign.
    Hashtag(String),
}

/// A search.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Query {
    pub(super) terms: Vec<Term>,
    pub(super) excluded: Vec<Term>,
    /// One of the terms is enough.
    pub(super) any: bool,
    pub(super) from: Vec<String>,
    pub(super) not_from: Vec<String>,
    pub(super) within: Vec<String>,
    pub(super) not_within: Vec<String>,
    /// Times in milliseconds, the first included and the last not, within which a post was made.
    pub(super) times: Vec<(i64, i64)>,
    /// Times in which it was not made.
    pub(super) other_times: Vec<(i64, i64)>,
}

impl Term {
    fn of(text: &str) -> Option<Self> {
        if let Some(tag) = text.strip_prefix('#') {
            return (!tag.is_empty()).then(|| Self::Hashtag(tag.to_lowercase()));
        }
        let beginning = text.ends_with('*');
        let mut words: Vec<_> = tokens(text).collect();
        match (words.len(), beginning) {
            (0, _) => None,
            (1, true) => words.pop().map(Self::Beginning),
            (1, false) => words.pop().map(Self::Word),
            (_, _) => Some(Self::Phrase(words)),
        }
    }

    /// Words that a post has in its text or its tags if the term is in it; none if it may have any.
    pub(super) fn words(&self) -> Vec<String> {
        match self {
            Self::Word(word) => vec![word.clone()],
            Self::Beginning(_) => Vec::new(),
            Self::Phrase(words) => words.clone(),
            Self::Hashtag(tag) => words(tag),
        }
    }

    /// Whether a post has it; its words come in their order.
    pub(super) fn is_in(&self, words: &[String], hashtags: &str) -> bool {
        match self {
            Self::Word(word) => words.contains(word),
            Self::Beginning(start) => words.iter().any(|word| word.starts_with(start)),
            Self::Phrase(phrase) => words.windows(phrase.len()).any(|part| part == phrase),
            Self::Hashtag(tag) => {
                let mut tags = hashtags.split(' ').filter_map(|tag| tag.strip_prefix('#'));
                tags.any(|other| other.to_lowercase() == *tag)
            }
        }
    }
}

impl Query {
    /// Whether it asks for nothing at all.
    pub(super) fn is_empty(&self) -> bool {
        *self
            == Self {
                any: self.any,
                ..Self::default()
            }
    }

    /// Takes up a line: words, `"phrases"`, `#tags`, `-` before what is not wanted, and the modifiers `from:`, `in:`, `before:`, `after:`,
    /// `on:`. Days are those of a zone so many seconds ahead.
    pub(super) fn read(&mut self, line: &str, offset: i64) {
        for part in split(line) {
            let (excluded, text) = match part.strip_prefix('-') {
                Some(text) => (true, text),
                None => (false, part),
            };
            if text == "*" {
                continue;
            }
            let modifier = text.split_once(':').filter(|(_, value)| !value.is_empty());
            let modified =
                modifier.is_some_and(|(name, value)| self.modify(name, value, excluded, offset));
            if modified {
                continue;
            }
            if let Some(term) = Term::of(text) {
                match excluded {
                    true => self.excluded.push(term),
                    false => self.terms.push(term),
                }
            }
        }
    }

    fn modify(&mut self, name: &str, value: &str, excluded: bool, offset: i64) -> bool {
        let list = match (name.to_lowercase().as_str(), excluded) {
            ("from", false) => &mut self.from,
            ("from", true) => &mut self.not_from,
            ("in" | "channel", false) => &mut self.within,
            ("in" | "channel", true) => &mut self.not_within,
            (when @ ("before" | "after" | "on"), excluded) => {
                let times = match excluded {
                    true => &mut self.other_times,
                    false => &mut self.times,
                };
                times.extend(day(value, offset).map(|(first, last)| match when {
                    "before" => (i64::MIN, first),
                    "after" => (last, i64::MAX),
                    _ => (first, last),
                }));
                return true;
            }
            _ => return false,
        };
        list.push(value.trim_start_matches('@').to_lowercase());
        if name.eq_ignore_ascii_case("in") && value.starts_with('@') {
            // Who is meant, not which channel: kept as it was written.
            if let Some(last) = list.last_mut() {
                last.insert(0, '@');
            }
        }
        true
    }

    /// Days in which posts are not wanted, as the contract's messages name them.
    pub(super) fn exclude_days(&mut self, kind: Excluded, days: &[String], offset: i64) {
        let times = days.iter().filter_map(|text| day(text, offset));
        self.other_times
            .extend(times.map(|(first, last)| match kind {
                Excluded::Before => (i64::MIN, first),
                Excluded::After => (last, i64::MAX),
                Excluded::On => (first, last),
            }));
    }

    /// Whether a post made at that time is wanted.
    pub(super) fn allows_time(&self, at: i64) -> bool {
        let within = |(first, last): &(i64, i64)| (*first..*last).contains(&at);
        self.times.iter().all(within) && !self.other_times.iter().any(within)
    }

    /// Whether a text is wanted.
    pub(super) fn allows_text(&self, text: &str, hashtags: &str) -> bool {
        let words: Vec<_> = tokens(text).collect();
        let has = |term: &Term| term.is_in(&words, hashtags);
        let wanted = match self.any {
            true => self.terms.is_empty() || self.terms.iter().any(has),
            false => self.terms.iter().all(has),
        };
        wanted && !self.excluded.iter().any(has)
    }
}

/// How days are excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Excluded {
    /// What was before them.
    Before,
    /// What was after them.
    After,
    /// The days themselves.
    On,
}

/// A line in its parts: at blanks, unless they are between quotes.
fn split(line: &str) -> Vec<&str> {
    let mut quoted = false;
    let parts = line.split(move |c: char| {
        quoted ^= c == '"';
        c.is_whitespace() && !quoted
    });
    parts.filter(|part| !part.is_empty()).collect()
}

/// When a day, `2024-02-29`, begins and ends.
fn day(text: &str, offset: i64) -> Option<(i64, i64)> {
    let mut parts = text.split('-');
    let mut number = || parts.next()?.parse::<u16>().ok();
    let (year, month, day) = (number()?, number()?, number()?);
    let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
    let date = Date::from_calendar_date(i32::from(year), month, u8::try_from(day).ok()?).ok()?;
    let midnight = PrimitiveDateTime::new(date, Time::MIDNIGHT).assume_utc();
    let first = (midnight.unix_timestamp() - offset) * 1000;
    Some((first, first + 86_400_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(line: &str) -> Query {
        let mut query = Query::default();
        query.read(line, 0);
        query
    }

    fn finds(line: &str, text: &str) -> bool {
        query(line).allows_text(text, &super::super::rules::hashtags(text))
    }

    #[test]
    fn texts_are_found_by_words_phrases_beginnings_and_tags() {
        assert!(finds("World hello", "Hello, wide world!") && !finds("world moon", "hello world"));
        assert!(
            finds("\"wide world\"", "Hello, wide world!")
                && !finds("\"hello world\"", "Hello, wide world!")
        );
        assert!(
            finds("wor*", "hello world")
                && !finds("wor", "hello world")
                && !finds("orl*", "hello world")
        );
        assert!(finds("#Tag", "a #tag here") && !finds("#tag", "a tag here"));
        assert!(!finds("hello -world", "hello world") && finds("hello -moon", "hello world"));
        assert!(finds("*", "anything"));
        let any = Query {
            any: true,
            ..query("moon world")
        };
        assert!(any.allows_text("hello world", "") && !any.allows_text("hello", ""));
    }

    #[test]
    fn modifiers_are_no_words() {
        let read = query(
            "From:@Bob -from:carl in:town-square in:@eve -in:off-topic 10:30 x: before:2024-01-02 -on:2024-01-01",
        );
        assert_eq!(
            (read.from, read.not_from),
            (vec!["bob".to_owned()], vec!["carl".to_owned()])
        );
        assert_eq!(read.within, ["town-square", "@eve"]);
        assert_eq!(read.not_within, ["off-topic"]);
        assert_eq!(read.times, [(i64::MIN, 1_704_153_600_000)]);
        assert_eq!(read.other_times, [(1_704_067_200_000, 1_704_153_600_000)]);
        assert_eq!(
            read.terms,
            [
                Term::Phrase(vec!["10".to_owned(), "30".to_owned()]),
                Term::Word("x".to_owned())
            ]
        );
        assert!(query("on:tomorrow *").is_empty() && query("").is_empty());
    }

    #[test]
    fn days_are_those_of_their_zone() {
        assert_eq!(
            day("2024-02-29", 3600),
            Some((1_709_161_200_000, 1_709_247_600_000))
        );
        for text in ["", "2023-02-29", "2024-13-01", "x-y-z", "2024"] {
            assert_eq!(day(text, 0), None, "{text}");
        }
    }
}
