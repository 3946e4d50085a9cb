//! Which names, addresses and texts the server takes, and which of them it takes for which error. Pure.

use std::fmt::Write as _;

use crate::memory::Refusal;

/// Names that no user has, for they mean several, or the server.
const RESERVED_USERS: &[&str] = &["all", "channel", "matterbot", "system"];
/// What no team's name begins with: the rest of the site lies there.
const RESERVED_TEAMS: &[&str] = &[
    "admin",
    "api",
    "channel",
    "claim",
    "error",
    "files",
    "help",
    "landing",
    "login",
    "mfa",
    "oauth",
    "plug",
    "plugins",
    "post",
    "signup",
    "boards",
    "playbooks",
];

/// A rule of a model that is broken; the server says where, by the model's name.
pub(super) fn invalid(id: &'static str, at: &'static str, what: impl Into<String>) -> Refusal {
    Refusal::new(id, 400).at(at).about(what)
}

/// A text without the characters that cannot be seen and change what can.
pub(super) fn visible(text: &str) -> String {
    let hidden = |c: &char| {
        matches!(c,
            '\u{0340}' | '\u{0341}' | '\u{17a3}' | '\u{17d3}' | '\u{2028}' | '\u{2029}' | '\u{feff}'
            | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{206a}'..='\u{206f}'
            | '\u{fff9}'..='\u{fffc}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e007f}')
    };
    text.chars().filter(|c| !hidden(c)).collect()
}

/// Whether a text has at most so many characters.
pub(super) fn fits(text: &str, characters: usize) -> bool {
    text.len() <= characters || text.chars().count() <= characters
}

/// Whether a user may have that name. Users of other servers may have a colon in it.
pub(super) fn is_username(name: &str, remote: bool) -> bool {
    let allowed = |byte: u8| {
        byte.is_ascii_lowercase()
            || byte.is_ascii_digit()
            || matches!(byte, b'.' | b'-' | b'_')
            || (remote && byte == b':')
    };
    (1..=64).contains(&name.len()) && name.bytes().all(allowed) && !RESERVED_USERS.contains(&name)
}

/// Whether a text is an address of mail, and nothing besides.
pub(super) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let atom = |c: char| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    let dotted = |part: &str| !part.is_empty() && part.split('.').all(|atom| !atom.is_empty());
    text.len() <= 128
        && dotted(local)
        && local.chars().all(atom)
        && dotted(domain)
        && domain
            .chars()
            .all(|c| c.is_alphanumeric() || c == '-' || c == '.')
}

/// Whether an address is in one of the domains, which are separated by commas or blanks; no domains are all.
pub(super) fn in_domains(email: &str, domains: &str) -> bool {
    let mut wanted = domains
        .split([',', ' ', '@'])
        .filter(|domain| !domain.is_empty())
        .map(str::to_lowercase)
        .peekable();
    if wanted.peek().is_none() {
        return true;
    }
    let email = email.to_lowercase();
    wanted.any(|domain| email.ends_with(&format!("@{domain}")))
}

/// Whether a text can stand for a language: empty, or a short tag.
pub(super) fn is_locale(text: &str) -> bool {
    let mut parts = text.split(['-', '_']);
    let language = parts.next().unwrap_or_default();
    let word = |part: &str, length: std::ops::RangeInclusive<usize>| {
        length.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    text.is_empty()
        || (text.len() <= 5
            && language.bytes().all(|byte| byte.is_ascii_alphabetic())
            && word(language, 2..=3)
            && parts.all(|part| word(part, 2..=8)))
}

/// What is wrong with a team's name.
pub(super) fn check_team_name(name: &str) -> Result<(), Refusal> {
    const AT: &str = "Team.IsValid";
    if name.len() > 64 {
        return Err(invalid("model.team.is_valid.url.app_error", AT, name));
    }
    if RESERVED_TEAMS.iter().any(|word| name.starts_with(word)) {
        return Err(invalid("model.team.is_valid.reserved.app_error", AT, name));
    }
    if name.len() < 2 || !is_dashed(name, "-", true) {
        return Err(invalid(
            "model.team.is_valid.characters.app_error",
            AT,
            name,
        ));
    }
    Ok(())
}

/// Whether a channel may have that name as to its characters.
pub(super) fn is_channel_name(name: &str) -> bool {
    is_dashed(name, "-_", false)
}

/// Small letters and digits, others within; or two such words with two underscores between them.
fn is_dashed(name: &str, within: &str, ends_so: bool) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let word = |text: &str| text.bytes().all(plain);
    if let Some((first, second)) = name.split_once("__")
        && !first.is_empty()
        && word(first)
        && word(second)
        && (!second.is_empty() || !ends_so)
    {
        return true;
    }
    let first_is_plain = name.bytes().next().is_some_and(plain);
    let last_is_plain = name.bytes().last().is_some_and(plain);
    let others = |byte: u8| plain(byte) || within.as_bytes().contains(&byte);
    first_is_plain && name.bytes().all(others) && (!ends_so || last_is_plain)
}

/// Two ids in their order, joined: the name of the channel between two users.
pub(super) fn direct_name(one: &str, other: &str) -> String {
    let (first, second) = if one <= other {
        (one, other)
    } else {
        (other, one)
    };
    format!("{first}__{second}")
}

/// Whether a name is one of those that only direct and group channels have.
pub(super) fn is_internal_channel_name(name: &str) -> bool {
    let direct = name
        .split_once("__")
        .is_some_and(|(one, other)| super::fresh::is_id(one) && super::fresh::is_id(other));
    direct || (name.len() == 40 && name.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Bytes in hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        write!(text, "{byte:02x}").expect("a String takes everything");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[test]
    fn users() {
        for name in ["a", "a.b-c_9", "9", &"x".repeat(64)] {
            assert!(is_username(name, false), "{name}");
        }
        for name in ["", "A", "a b", "all", "system", "a:b", "ä", &"x".repeat(65)] {
            assert!(!is_username(name, false), "{name}");
        }
        assert!(is_username("a:b", true));
    }

    #[test]
    fn addresses() {
        for email in ["a@b", "a.b+c@example.com"] {
            assert!(is_email(email), "{email}");
        }
        for email in [
            "",
            "a",
            "@b",
            "a@",
            "A <a@b>",
            "a b@c",
            "a@b c",
            "a..b@c",
            &format!("{}@b", "a".repeat(127)),
        ] {
            assert!(!is_email(email), "{email}");
        }
        assert!(in_domains("a@X.org", " x.org,y.org") && in_domains("a@z", ""));
        assert!(!in_domains("a@xx.org", "x.org") && !in_domains("a@z", "@y"));
    }

    #[rstest]
    #[case("a-b", true)]
    #[case("a__b", true)]
    #[case("a-", false)]
    #[case("-a", false)]
    #[case("a_b", false)]
    #[case("A", false)]
    #[case("a", false)]
    #[case("plugx", false)]
    #[case(&"a".repeat(65), false)]
    fn teams(#[case] name: &str, #[case] valid: bool) {
        assert_eq!(check_team_name(name).is_ok(), valid, "{name}");
    }

    #[rstest]
    #[case("a", true)]
    #[case("a-b_c", true)]
    #[case("a__b", true)]
    #[case("a-", true)]
    #[case("-a", false)]
    #[case("a b", false)]
    #[case("Ä", false)]
    #[case("", false)]
    fn channels(#[case] name: &str, #[case] valid: bool) {
        assert_eq!(is_channel_name(name), valid, "{name}");
    }

    #[test]
    fn languages() {
        for locale in ["", "en", "de-DE", "pt-BR"] {
            assert!(is_locale(locale), "{locale}");
        }
        for locale in ["e", "english", "12", "en-Latn", "e!"] {
            assert!(!is_locale(locale), "{locale}");
        }
    }

    #[test]
    fn what_cannot_be_seen_is_left_out() {
        assert_eq!(visible("a\u{202e}b\u{feff}c"), "abc");
        assert_eq!(visible("größe"), "größe");
    }
}
