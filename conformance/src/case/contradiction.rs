//! Which entry of a timeline contradicts a requirement first, where the scenario has not pointed at one: the first that shows most of what was
//! seen and not expected, else the answer of the method that it speaks of, else the last answer or act of the suite before it was judged.
//! Pure.
//!
//! What happens by itself - a line on a stream, an event of the host - may be noted a little earlier or later in another play, so the latest
//! entry of all would be another one each time.

use std::collections::BTreeSet;

use super::timeline::{Entry, Source};

/// Words that are in any sentence.
const COMMON: [&str; 30] = [
    "after", "all", "and", "any", "are", "but", "each", "for", "from", "had", "has", "have",
    "into", "its", "not", "none", "nothing", "of", "one", "only", "other", "over", "that", "the",
    "this", "was", "were", "which", "with", "without",
];

/// How much a word has to tell for one of them to be enough.
const ENOUGH: f64 = 1.6;

/// The place of that entry, at most `latest`.
pub fn first(entries: &[Entry], latest: usize, expected: &str, seen: &str) -> usize {
    let looked_at = &entries[..entries.len().min(latest + 1)];
    let expected = words(expected);
    let telling: BTreeSet<String> = words(seen).difference(&expected).cloned().collect();
    // What a fake is going to do has not happened yet.
    let shown = looked_at.iter().map(|entry| match entry.source {
        Source::Fault => BTreeSet::new(),
        _ => words(&entry.text),
    });
    let shown: Vec<BTreeSet<String>> = shown.collect();
    let weights: Vec<(&String, f64)> = telling
        .iter()
        .filter_map(|word| {
            let count = shown.iter().filter(|words| words.contains(word)).count();
            (count > 0).then(|| (word, (shown.len() as f64 / count as f64).ln()))
        })
        .collect();
    let otherwise = answer_of(looked_at, seen).or_else(|| last_in_turn(looked_at));
    let (mut best, mut place) = (ENOUGH, otherwise.unwrap_or(latest));
    for (number, words) in shown.iter().enumerate() {
        let known = weights.iter().filter(|(word, _)| words.contains(*word));
        let score: f64 = known.map(|(_, weight)| weight).sum();
        if score > best + 1e-9 {
            (best, place) = (score, number);
        }
    }
    place
}

/// The last answer of the method with whose name and a colon this begins.
fn answer_of(entries: &[Entry], seen: &str) -> Option<usize> {
    let (method, _) = seen.split_once(": ")?;
    let answer = format!("{method} answers: ");
    let is_it = |entry: &Entry| entry.source == Source::Rpc && entry.text.starts_with(&answer);
    entries.iter().rposition(is_it)
}

/// The last entry that comes in its turn: what the suite did, or what it was answered.
fn last_in_turn(entries: &[Entry]) -> Option<usize> {
    let in_turn = |entry: &Entry| match entry.source {
        Source::Suite => true,
        Source::Host => entry.text.starts_with("← ") || entry.text.starts_with("→ "),
        Source::Rpc => entry.text.contains(" answers: ") && !entry.text.contains("API "),
        _ => false,
    };
    entries.iter().rposition(in_turn)
}

/// The words that can tell one entry from another: short numbers cannot.
fn words(text: &str) -> BTreeSet<String> {
    let part = |letter: char| !(letter.is_alphanumeric() || letter == '_');
    text.split(part)
        .map(str::to_lowercase)
        .filter(|word| {
            let number = word.bytes().all(|byte| byte.is_ascii_digit());
            let least = if number { 4 } else { 3 };
            word.chars().count() >= least && !COMMON.contains(&word.as_str())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entries(texts: &[&str]) -> Vec<Entry> {
        let entry = |text: &&str| Entry {
            at_ms: 0,
            source: Source::Host,
            text: (*text).to_owned(),
        };
        texts.iter().map(entry).collect()
    }

    #[test]
    fn the_first_entry_that_shows_what_was_seen_contradicts() {
        let entries = entries(&[
            "started; environment: PATH=/bin AWS_SECRET",
            "state: running",
            "AWS_SECRET is asked for",
            "state: stopping",
            "hook",
            "health",
            "hook",
            "health",
            "hook",
            "state: not_running",
        ]);
        assert_eq!(first(&entries, 9, "no secret", "\"AWS_SECRET\""), 0);
        assert_eq!(first(&entries, 3, "1 process", "2 processes"), 3);
        let entries_in_turn = [entries.clone(), self::entries(&["← 3 done", "p: log"])].concat();
        assert_eq!(first(&entries_in_turn, 11, "1 process", "2 processes"), 10);
        assert_eq!(
            first(&entries, 9, "state: running", "state: not_running"),
            9
        );
    }

    #[test]
    fn what_speaks_of_a_method_is_contradicted_by_its_answer() {
        let mut entries = entries(&["OnInstall answers: {}", "OnLogin answers: {}", "→ 7 hook"]);
        entries[0].source = Source::Rpc;
        entries[1].source = Source::Rpc;
        let of = |seen: &str| first(&entries, 2, "OnInstall: an error", seen);
        assert_eq!((of("OnInstall: {}"), of("OnLogin: {}")), (0, 1));
        assert_eq!(of("{}"), 2);
    }

    proptest! {
        #[test]
        fn nothing_after_the_judgement_is_blamed(
            texts in proptest::collection::vec("[a-d ]{0,20}", 1..30),
            latest in 0usize..30,
            seen in "[a-d ]{0,20}",
        ) {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let latest = latest.min(texts.len() - 1);
            prop_assert!(first(&entries(&texts), latest, "", &seen) <= latest);
        }
    }
}
