//! What posts have to be, and what the server reads out of their text. Pure.

use plugin_proto::pb::{Post, PostMetadata};
use prost::Message as _;

use crate::memory::names::{fits, invalid};
use crate::memory::{Refusal, fresh};

/// Longest message, in characters.
const LONGEST_MESSAGE: usize = 16_383;
/// Longest JSON of properties, in characters.
const LONGEST_PROPS: usize = 800_000;
/// Types that a post may have, besides those that begin with `custom_`.
const TYPES: &[&str] = &[
    "",
    "slack_attachment",
    "me",
    "reminder",
    "card",
    "burn_on_read",
    "system_generic",
    "system_join_leave",
    "system_auto_responder",
    "system_add_remove",
    "system_join_channel",
    "system_guest_join_channel",
    "system_leave_channel",
    "system_join_team",
    "system_leave_team",
    "system_add_to_channel",
    "system_add_guest_to_chan",
    "system_remove_from_channel",
    "system_move_channel",
    "system_add_to_team",
    "system_remove_from_team",
    "system_header_change",
    "system_displayname_change",
    "system_convert_channel",
    "system_purpose_change",
    "system_channel_deleted",
    "system_channel_restored",
    "system_fake_parent_deleted",
    "system_change_chan_privacy",
    "system_wrangler",
    "system_gm_to_channel",
    "system_warn_metric_status",
    "system_post_reminder",
    "add_bot_teams_channels",
];

/// Whether a message says that somebody came or went; such ones are not counted as unread.
pub(super) fn is_about_membership(kind: &str) -> bool {
    matches!(
        kind,
        "system_join_leave"
            | "system_add_remove"
            | "system_join_channel"
            | "system_guest_join_channel"
            | "system_leave_channel"
            | "system_join_team"
            | "system_leave_team"
            | "system_add_to_channel"
            | "system_add_guest_to_chan"
            | "system_remove_from_channel"
            | "system_add_to_team"
            | "system_remove_from_team"
    )
}

/// The first rule that a post breaks.
pub(super) fn check(post: &Post) -> Result<(), Refusal> {
    const AT: &str = "Post.IsValid";
    let refuse = |id| Err(invalid(id, AT, format!("id={}", post.id)));
    if !fresh::is_id(&post.id) {
        return refuse("model.post.is_valid.id.app_error");
    }
    if post.create_at == 0 {
        return refuse("model.post.is_valid.create_at.app_error");
    }
    if post.update_at == 0 {
        return refuse("model.post.is_valid.update_at.app_error");
    }
    if !fresh::is_id(&post.user_id) {
        return refuse("model.post.is_valid.user_id.app_error");
    }
    if !fresh::is_id(&post.channel_id) {
        return refuse("model.post.is_valid.channel_id.app_error");
    }
    if !post.root_id.is_empty() && !fresh::is_id(&post.root_id) {
        return refuse("model.post.is_valid.root_id.app_error");
    }
    if !fits(&post.message, LONGEST_MESSAGE) {
        return refuse("model.post.is_valid.message_length.app_error");
    }
    if !fits(&post.hashtags, 1000) {
        return refuse("model.post.is_valid.hashtags.app_error");
    }
    if !TYPES.contains(&post.r#type.as_str()) && !post.r#type.starts_with("custom_") {
        return refuse("model.post.is_valid.type.app_error");
    }
    // As JSON: brackets, quotes and commas around the ids.
    let file_ids: usize = post.file_ids.iter().map(|id| id.chars().count() + 3).sum();
    if file_ids + 1 > 300 {
        return refuse("model.post.is_valid.file_ids.app_error");
    }
    if props_length(post) > LONGEST_PROPS {
        return refuse("model.post.is_valid.props.app_error");
    }
    Ok(())
}

/// How long the properties are as JSON; only those that may be too long are written to see.
fn props_length(post: &Post) -> usize {
    let Some(props) = &post.props else {
        return 0;
    };
    // A character of JSON takes at most six for a byte that is not to be seen.
    if props.encoded_len() * 6 <= LONGEST_PROPS {
        return 0;
    }
    let json = serde_json::Value::Object(crate::memory::log::json(props.clone()));
    json.to_string().chars().count()
}

/// A post as plugins see it: of what the server knows besides, only its priority.
pub(in crate::memory) fn without_metadata(mut post: Post) -> Post {
    let priority = post.metadata.take().and_then(|metadata| metadata.priority);
    post.metadata = priority.map(|priority| PostMetadata {
        priority: Some(priority),
        ..PostMetadata::default()
    });
    post
}

/// The words of a text that begin with this sign, without it: up to what cannot be in a name.
fn named<'a>(text: &'a str, sign: char, allowed: &'static str) -> impl Iterator<Item = &'a str> {
    let is_name = move |c: char| c.is_alphanumeric() || allowed.contains(c);
    let starts = text.char_indices().filter(move |(_, c)| *c == sign);
    starts.filter_map(move |(at, sign)| {
        let before = text[..at].chars().next_back();
        if before.is_some_and(is_name) {
            return None;
        }
        let rest = &text[at + sign.len_utf8()..];
        let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        (end > 0).then_some(&rest[..end])
    })
}

/// The channels that a message names.
pub(super) fn named_channels(message: &str) -> impl Iterator<Item = &str> {
    named(message, '~', "-_")
}

/// The users that a message names, in small letters; a name may be followed by a full stop.
pub(super) fn named_users(message: &str) -> impl Iterator<Item = String> {
    let mut names: Vec<_> = named(message, '@', "-_.")
        .map(|name| name.trim_end_matches(['.', '-', '_']).to_lowercase())
        .collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter()
}

/// Whether a message is for everybody in the channel.
pub(super) fn mentions_everybody(message: &str) -> bool {
    message.contains('@')
        && named_users(message).any(|name| matches!(name.as_str(), "all" | "channel" | "here"))
}

/// The hashtags of a message, separated by blanks: a letter first, then letters, digits and `-_.`, three characters at least.
pub(super) fn hashtags(message: &str) -> String {
    const LONGEST: usize = 1000;
    if !message.contains('#') {
        return String::new();
    }
    let mut tags = String::new();
    for tag in named(message, '#', "-_.") {
        let tag = tag.trim_end_matches(['.', '-', '_']);
        let valid = tag.chars().count() >= 2 && tag.chars().next().is_some_and(char::is_alphabetic);
        if valid && tags.chars().count() + tag.chars().count() + 2 <= LONGEST {
            if !tags.is_empty() {
                tags.push(' ');
            }
            tags.push('#');
            tags.push_str(tag);
        }
    }
    tags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_messages() {
        let channels = |text| named_channels(text).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(
            channels("see ~town-square, ~x_y. a~b"),
            ["town-square", "x_y"]
        );
        let users = |text| named_users(text).collect::<Vec<_>>();
        assert_eq!(users("@Alice. hi @bob-2, mail a@b.c @"), ["alice", "bob-2"]);
        assert!(mentions_everybody("hello @here!") && !mentions_everybody("hello here @hereby"));
    }

    #[test]
    fn hashtags_have_three_characters_and_begin_with_a_letter() {
        assert_eq!(
            hashtags("#ab #a #1st go #große-dinge. x#no #ok"),
            "#ab #große-dinge #ok"
        );
        assert!(hashtags(&"#hashtag ".repeat(500)).len() <= 1000);
        assert_eq!(hashtags("none"), "");
    }
}
