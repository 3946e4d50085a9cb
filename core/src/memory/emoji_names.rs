//! The names by which emoji are called: those that everybody has, and the server's own.

use crate::memory::{Refusal, Tables};

/// Endings by which the built-in emoji of people say what skin they have.
const TONES: &[&str] = &[
    "_light_skin_tone",
    "_medium_light_skin_tone",
    "_medium_skin_tone",
    "_medium_dark_skin_tone",
    "_dark_skin_tone",
];

/// Whether an emoji is built in.
pub(super) fn is_built_in(name: &str) -> bool {
    let plain = TONES.iter().find_map(|tone| name.strip_suffix(tone));
    emojis::get_by_shortcode(plain.unwrap_or(name)).is_some()
}

/// Whether there is an emoji of that name.
pub(super) fn is_known(_: &Tables, name: &str) -> bool {
    is_built_in(name)
}

/// What a name of an emoji has to be.
pub(super) fn check(name: &str) -> Result<(), Refusal> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'_');
    match (1..=64).contains(&name.len()) && name.bytes().all(allowed) {
        true => Ok(()),
        false => Err(Refusal::new("model.emoji.name.app_error", 400).at("Emoji.IsValid")),
    }
}
