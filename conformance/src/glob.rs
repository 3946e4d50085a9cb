//! The patterns by which scenarios, requirements, subjects and mutants are named. Pure.

/// Whether the whole text matches: `*` stands for any number of characters, `?` for one.
pub fn glob(pattern: &str, text: &str) -> bool {
    let mut pattern_rest = pattern.chars();
    match pattern_rest.next() {
        None => text.is_empty(),
        Some('*') => {
            let rest = pattern_rest.as_str();
            let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            ends.into_iter().any(|at| glob(rest, &text[at..]))
        }
        Some(wanted) => {
            let mut text_rest = text.chars();
            let fits = text_rest
                .next()
                .is_some_and(|got| wanted == '?' || wanted == got);
            fits && glob(pattern_rest.as_str(), text_rest.as_str())
        }
    }
}
