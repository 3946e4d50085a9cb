//! What a user's fields have to be, what they are when nothing is said, and how much of a user is shown. Pure.

use plugin_proto::pb::User;
use sha2::{Digest as _, Sha256};

use crate::memory::config::Config;
use crate::memory::names::{self, fits, invalid};
use crate::memory::{Refusal, fresh};

/// Longest password, in bytes.
pub(super) const LONGEST_PASSWORD: usize = 72;
/// The languages of the server.
const LOCALES: &[&str] = &[
    "bg", "de", "en", "en-AU", "es", "fa", "fr", "hu", "it", "ja", "ko", "nl", "pl", "pt-BR", "ro",
    "ru", "sv", "tr", "uk", "vi", "zh-CN", "zh-TW",
];
const DEFAULT_LOCALE: &str = "en";

/// A new user of what was given: what only the server sets is not taken over.
pub(super) fn fresh(given: User, id: String, now: i64) -> User {
    let mut user = normalized(given);
    user.id = id;
    if user.create_at == 0 {
        user.create_at = now;
    }
    user.update_at = user.create_at;
    user.last_password_update = user.create_at;
    user.mfa_active = false;
    user.mfa_secret.clear();
    user.failed_attempts = 0;
    if !LOCALES.contains(&user.locale.as_str()) {
        DEFAULT_LOCALE.clone_into(&mut user.locale);
    }
    set_defaults(&mut user);
    user
}

/// What is the same however a user is written.
pub(super) fn normalized(mut user: User) -> User {
    user.username = names::visible(&user.username).to_lowercase();
    user.email = user.email.to_lowercase();
    for text in [
        &mut user.nickname,
        &mut user.first_name,
        &mut user.last_name,
        &mut user.position,
    ] {
        *text = names::visible(text);
    }
    user
}

/// What is set when nothing is said.
pub(super) fn set_defaults(user: &mut User) {
    if user.notify_props.is_empty() {
        let defaults = [
            ("email", "true"),
            ("push", "mention"),
            ("desktop", "mention"),
            ("desktop_sound", "true"),
            ("mention_keys", ""),
            ("channel", "true"),
            ("push_status", "away"),
            ("comments", "never"),
            ("first_name", "false"),
            ("desktop_threads", "all"),
            ("email_threads", "all"),
            ("push_threads", "all"),
        ];
        user.notify_props = map(&defaults);
    }
    if user.timezone.is_empty() {
        user.timezone = map(&[
            ("useAutomaticTimezone", "true"),
            ("automaticTimezone", ""),
            ("manualTimezone", ""),
        ]);
    }
}

fn map(pairs: &[(&str, &str)]) -> std::collections::HashMap<String, String> {
    let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    pairs.iter().map(owned).collect()
}

/// The first rule that a user breaks.
pub(super) fn check(user: &User) -> Result<(), Refusal> {
    const AT: &str = "User.IsValid";
    let remote = user.remote_id.as_deref().is_some_and(|id| !id.is_empty());
    let refuse = |id| Err(invalid(id, AT, format!("user_id={}", user.id)));
    if !fresh::is_id(&user.id) {
        return refuse("model.user.is_valid.id.app_error");
    }
    if user.create_at == 0 {
        return refuse("model.user.is_valid.create_at.app_error");
    }
    if user.update_at == 0 {
        return refuse("model.user.is_valid.update_at.app_error");
    }
    if !names::is_username(&user.username, remote) {
        return refuse("model.user.is_valid.username.app_error");
    }
    if !names::is_email(&user.email) {
        return refuse("model.user.is_valid.email.app_error");
    }
    if !fits(&user.nickname, 64) {
        return refuse("model.user.is_valid.nickname.app_error");
    }
    if !fits(&user.position, 128) {
        return refuse("model.user.is_valid.position.app_error");
    }
    if !fits(&user.first_name, 64) {
        return refuse("model.user.is_valid.first_name.app_error");
    }
    if !fits(&user.last_name, 64) {
        return refuse("model.user.is_valid.last_name.app_error");
    }
    let auth_data = user.auth_data.as_deref().unwrap_or_default();
    if auth_data.len() > 128 {
        return refuse("model.user.is_valid.auth_data.app_error");
    }
    if !auth_data.is_empty() && user.auth_service.is_empty() {
        return refuse("model.user.is_valid.auth_data_type.app_error");
    }
    if !user.password.is_empty() && !auth_data.is_empty() {
        return refuse("model.user.is_valid.auth_data_pwd.app_error");
    }
    if !names::is_locale(&user.locale) {
        return refuse("model.user.is_valid.locale.app_error");
    }
    if !fits(
        &serde_json::to_string(&user.timezone).unwrap_or_default(),
        256,
    ) {
        return refuse("model.user.is_valid.timezone_limit.app_error");
    }
    if user.roles.len() > 256 {
        return refuse("model.user.is_valid.roles_limit.app_error");
    }
    Ok(())
}

/// The rules of the configuration for a password; the id of the error names all that are broken.
pub(super) fn check_password(config: &Config, password: &str) -> Result<(), Refusal> {
    const SECTION: &str = "PasswordSettings";
    type Kind = fn(&u8) -> bool;
    let has = |of: Kind| password.as_bytes().iter().any(of);
    let shortest = usize::try_from(config.number(SECTION, "MinimumLength")).unwrap_or(0);
    let mut broken = String::new();
    if password.len() < shortest {
        broken.push_str("_min_length");
    }
    if password.len() > LONGEST_PASSWORD {
        broken.push_str("_max_length");
    }
    let wanted: [(&str, &str, Kind); 4] = [
        ("Lowercase", "_lowercase", u8::is_ascii_lowercase),
        ("Uppercase", "_uppercase", u8::is_ascii_uppercase),
        ("Number", "_number", u8::is_ascii_digit),
        ("Symbol", "_symbol", u8::is_ascii_punctuation),
    ];
    for (setting, word, of) in wanted {
        if config.yes(SECTION, setting) && !has(of) {
            broken.push_str(word);
        }
    }
    if broken.is_empty() {
        return Ok(());
    }
    let id = format!("model.user.is_valid.pwd{broken}.app_error");
    Err(Refusal::new(id, 400).at("User.IsValid"))
}

/// A password as it is kept: salted, and not to be read.
pub(super) fn hash(salt: &str, password: &str) -> String {
    let digest = Sha256::digest(format!("{salt}{password}").as_bytes());
    format!("$sha256${salt}${}", names::hex(&digest))
}

/// A user without secrets.
pub(in crate::memory) fn cleaned(mut user: User) -> User {
    user.password.clear();
    if let Some(data) = &mut user.auth_data {
        data.clear();
    }
    user.mfa_secret.clear();
    user.last_login = 0;
    user
}

/// A user as others see one.
pub(in crate::memory) fn profile(user: User) -> User {
    User {
        notify_props: std::collections::HashMap::new(),
        last_password_update: 0,
        failed_attempts: 0,
        ..cleaned(user)
    }
}
