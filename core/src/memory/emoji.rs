//! The server's own emoji. Plugins cannot make any: an application does, or a fixture.

use std::sync::Arc;

use bytes::Bytes;
use plugin_proto::Methods;
use plugin_proto::pb::{
    Emoji, GetEmojiByNameRequest, GetEmojiByNameResponse, GetEmojiImageRequest,
    GetEmojiImageResponse, GetEmojiListRequest, GetEmojiListResponse, GetEmojiRequest,
    GetEmojiResponse,
};

use crate::ids::PluginId;
use crate::memory::journal::area;
use crate::memory::page::Page;
use crate::memory::rows::{Rows, form, row};
use crate::memory::{Refusal, Store, Tables, handlers, picture};

/// Endings by which the built-in emoji of people say what skin they have.
const TONES: &[&str] = &[
    "_medium_light_skin_tone",
    "_medium_dark_skin_tone",
    "_light_skin_tone",
    "_medium_skin_tone",
    "_dark_skin_tone",
];

/// By id; deleted ones, too.
#[derive(Debug, Default)]
pub(super) struct Emojis {
    rows: Rows<Emoji>,
    images: Rows<Image>,
}
area!(Emojis: rows, images);
row!(Emoji, "emojis", wire("Emoji"), String: |emoji| emoji.id.clone());

/// What an emoji looks like.
#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Image {
    #[prost(string, tag = "1")]
    emoji_id: String,
    #[prost(bytes = "bytes", tag = "2")]
    #[serde(with = "form::base64")]
    image: Bytes,
}
row!(Image, "emoji_images", own, String: |image| image.emoji_id.clone());

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
    fn live(&self) -> impl Iterator<Item = &Emoji> {
        self.rows.values().filter(|emoji| emoji.delete_at == 0)
    }

    fn named(&self, name: &str) -> Option<&Emoji> {
        self.live().find(|emoji| emoji.name == name)
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
    t.emojis.rows.put(emoji.clone());
    t.emojis.images.put(Image {
        emoji_id: emoji.id.clone(),
        image,
    });
    Ok(emoji)
}

/// Deletes an emoji: it stays, and is not found any more.
pub(super) fn remove(t: &mut Tables, id: &str) {
    let now = t.now();
    if let Some(emoji) = t.emojis.rows.get_mut(id) {
        emoji.delete_at = now;
    }
}

fn list(
    t: &mut Tables,
    _: &PluginId,
    r: GetEmojiListRequest,
) -> Result<GetEmojiListResponse, Refusal> {
    let mut emojis: Vec<_> = t.emojis.live().collect();
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

fn by_id<'a>(t: &'a Tables, id: &str) -> Result<&'a Emoji, Refusal> {
    let found = t.emojis.rows.get(id).filter(|emoji| emoji.delete_at == 0);
    found.ok_or_else(|| Refusal::new("app.emoji.get.no_result", 404).about(format!("id={id}")))
}

fn get(t: &mut Tables, _: &PluginId, r: GetEmojiRequest) -> Result<GetEmojiResponse, Refusal> {
    check_enabled(t)?;
    Ok(GetEmojiResponse {
        emoji: Some(by_id(t, &r.emoji_id)?.clone()),
        error: None,
    })
}

/// Not asked here: whether the server's own emoji are switched off.
fn image(
    t: &mut Tables,
    _: &PluginId,
    r: GetEmojiImageRequest,
) -> Result<GetEmojiImageResponse, Refusal> {
    by_id(t, &r.emoji_id)?;
    let image = t.emojis.images.get(&r.emoji_id);
    let image = image
        .map(|image| &image.image)
        .filter(|image| !image.is_empty());
    let image = image.ok_or_else(|| Refusal::new("api.emoji.get_image.read.app_error", 404))?;
    let no_image = || Refusal::new("api.emoji.get_image.decode.app_error", 500);
    let facts = picture::facts(image).ok_or_else(no_image)?;
    Ok(GetEmojiImageResponse {
        image: image.clone(),
        content_type: facts.format.to_owned(),
        error: None,
    })
}
