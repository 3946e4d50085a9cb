//! The server's own emoji. Plugins cannot make any: an application does, or a fixture.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use plugin_proto::Methods;
use plugin_proto::pb::{
    Emoji, GetEmojiByNameRequest, GetEmojiByNameResponse, GetEmojiImageRequest,
    GetEmojiImageResponse, GetEmojiListRequest, GetEmojiListResponse, GetEmojiRequest,
    GetEmojiResponse,
};

use crate::ids::PluginId;
use crate::memory::page::Page;
use crate::memory::{Refusal, Store, Tables, handlers, picture};

/// Endings by which the built-in emoji of people say what skin they have.
const TONES: &[&str] = &[
    "_medium_light_skin_tone",
    "_medium_dark_skin_tone",
    "_light_skin_tone",
    "_medium_skin_tone",
    "_dark_skin_tone",
];

/// By id.
#[derive(Debug, Default)]
pub(super) struct Emojis(BTreeMap<String, (Emoji, Bytes)>);

pub(super) fn register(methods: &mut Methods, store: &Arc<Store>, caller: &PluginId) {
    handlers!(methods, store, caller;
        GetEmojiList => list,
        GetEmojiByName => by_name,
        GetEmoji => get,
        GetEmojiImage => image,
    );
}

/// Whether an emoji is built in.
fn is_built_in(name: &str) -> bool {
    let plain = TONES.iter().find_map(|tone| name.strip_suffix(tone));
    emojis::get_by_shortcode(plain.unwrap_or(name)).is_some()
}

/// What a name of an emoji has to be.
pub(super) fn check_name(name: &str) -> Result<(), Refusal> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'_');
    match (1..=64).contains(&name.len()) && name.bytes().all(allowed) {
        true => Ok(()),
        false => Err(Refusal::new("model.emoji.name.app_error", 400).at("Emoji.IsValid")),
    }
}

impl Emojis {
    fn live(&self) -> impl Iterator<Item = &(Emoji, Bytes)> {
        self.0.values().filter(|(emoji, _)| emoji.delete_at == 0)
    }

    fn named(&self, name: &str) -> Option<&Emoji> {
        self.live()
            .map(|(emoji, _)| emoji)
            .find(|emoji| emoji.name == name)
    }
}

/// Whether somebody can use an emoji of that name, or why not.
pub(super) fn check_usable(t: &Tables, name: &str) -> Result<(), Refusal> {
    match is_built_in(name) {
        true => Ok(()),
        false => find(t, name).map(|_| ()),
    }
}

fn check_enabled(t: &Tables) -> Result<(), Refusal> {
    if !t.config.yes("ServiceSettings", "EnableCustomEmoji") {
        return Err(Refusal::new("api.emoji.disabled.app_error", 403)
            .said("Custom emoji have been disabled by the system admin."));
    }
    if t.config.text("FileSettings", "DriverName").is_empty() {
        return Err(Refusal::new("api.emoji.storage.app_error", 403));
    }
    Ok(())
}

fn find<'a>(t: &'a Tables, name: &str) -> Result<&'a Emoji, Refusal> {
    check_enabled(t)?;
    let missing = || Refusal::new("app.emoji.get_by_name.no_result", 404).about(name);
    t.emojis.named(name).ok_or_else(missing)
}

/// Makes an emoji, as a user of the server would.
pub(super) fn add(
    t: &mut Tables,
    creator_id: &str,
    name: &str,
    image: Bytes,
) -> Result<Emoji, Refusal> {
    check_name(name)?;
    if is_built_in(name) {
        return Err(
            Refusal::new("model.emoji.system_emoji_name.app_error", 400).at("Emoji.IsValid")
        );
    }
    if t.emojis.named(name).is_some() {
        return Err(Refusal::new("api.emoji.create.duplicate.app_error", 400));
    }
    let now = t.now();
    let emoji = Emoji {
        id: t.new_id(),
        create_at: now,
        update_at: now,
        delete_at: 0,
        creator_id: creator_id.to_owned(),
        name: name.to_owned(),
    };
    t.emojis.0.insert(emoji.id.clone(), (emoji.clone(), image));
    Ok(emoji)
}

/// Deletes an emoji: it stays, and is not found any more.
pub(super) fn remove(t: &mut Tables, id: &str) {
    let now = t.now();
    if let Some((emoji, _)) = t.emojis.0.get_mut(id) {
        emoji.delete_at = now;
    }
}

fn list(
    t: &mut Tables,
    _: &PluginId,
    r: GetEmojiListRequest,
) -> Result<GetEmojiListResponse, Refusal> {
    let mut emojis: Vec<_> = t.emojis.live().map(|(emoji, _)| emoji).collect();
    if r.sort_by == "name" {
        emojis.sort_by(|one, other| one.name.cmp(&other.name));
    }
    let page = Page::of(r.page, r.per_page).cut(emojis.into_iter());
    Ok(GetEmojiListResponse {
        emojis: page.cloned().collect(),
        error: None,
    })
}

fn by_name(
    t: &mut Tables,
    _: &PluginId,
    r: GetEmojiByNameRequest,
) -> Result<GetEmojiByNameResponse, Refusal> {
    Ok(GetEmojiByNameResponse {
        emoji: Some(find(t, &r.name)?.clone()),
        error: None,
    })
}

fn by_id<'a>(t: &'a Tables, id: &str) -> Result<&'a (Emoji, Bytes), Refusal> {
    let found = t.emojis.0.get(id).filter(|(emoji, _)| emoji.delete_at == 0);
    found.ok_or_else(|| Refusal::new("app.emoji.get.no_result", 404).about(format!("id={id}")))
}

fn get(t: &mut Tables, _: &PluginId, r: GetEmojiRequest) -> Result<GetEmojiResponse, Refusal> {
    check_enabled(t)?;
    Ok(GetEmojiResponse {
        emoji: Some(by_id(t, &r.emoji_id)?.0.clone()),
        error: None,
    })
}

/// Not asked here: whether the server's own emoji are switched off.
fn image(
    t: &mut Tables,
    _: &PluginId,
    r: GetEmojiImageRequest,
) -> Result<GetEmojiImageResponse, Refusal> {
    let (_, image) = by_id(t, &r.emoji_id)?;
    if image.is_empty() {
        return Err(Refusal::new("api.emoji.get_image.read.app_error", 404));
    }
    let no_image = || Refusal::new("api.emoji.get_image.decode.app_error", 500);
    let facts = picture::facts(image).ok_or_else(no_image)?;
    Ok(GetEmojiImageResponse {
        image: image.clone(),
        content_type: facts.format.to_owned(),
        error: None,
    })
}
