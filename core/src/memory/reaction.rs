//! Reactions to posts.

use std::collections::BTreeSet;
use std::sync::Arc;

use plugin_proto::pb::{
    AddReactionRequest, AddReactionResponse, GetReactionsRequest, GetReactionsResponse, Post,
    Reaction, ReactionHasBeenAddedRequest, ReactionHasBeenRemovedRequest, RemoveReactionRequest,
    RemoveReactionResponse,
};
use plugin_proto::{Methods, hook};

use crate::ids::PluginId;
use crate::memory::journal::area;
use crate::memory::rows::{Row as _, Rows, row};
use crate::memory::websocket::{To, written};
use crate::memory::{Refusal, Store, Tables, emoji, fresh, handlers, names, post};

/// The live reactions, by post.
#[derive(Debug, Default)]
pub(super) struct Reactions {
    rows: Rows<Reaction>,
}
area!(Reactions: rows);
row!(
    Reaction, "reactions", model,
    (String, String, String): |row| (row.post_id.clone(), row.user_id.clone(), row.emoji_name.clone())
);

impl Reactions {
    fn of_post(&self, post_id: &str) -> impl Iterator<Item = &Reaction> {
        let first = (post_id.to_owned(), String::new(), String::new());
        let rows = self.rows.range(first..).map(|(_, reaction)| reaction);
        rows.take_while(move |reaction| reaction.post_id == post_id)
    }
}

pub(super) fn register(methods: &mut Methods, store: &Arc<Store>, caller: &PluginId) {
    handlers!(methods, store, caller;
        AddReaction => add,
        RemoveReaction => remove,
        GetReactions => list,
    );
}

/// The user is not looked up. A reaction that is there already is there once, and told again.
fn add(
    t: &mut Tables,
    _: &PluginId,
    r: AddReactionRequest,
) -> Result<AddReactionResponse, Refusal> {
    let mut reaction = r.reaction.unwrap_or_default();
    let post = live(t, &reaction.post_id)?;
    emoji::check_usable(t, &reaction.emoji_name)?;
    check_limit(t, &reaction)?;
    if is_archived(t, &post) {
        return Err(Refusal::new(
            "api.reaction.save.archived_channel.app_error",
            403,
        ));
    }
    let invalid = |id| Err(names::invalid(id, "Reaction.IsValid", ""));
    if !fresh::is_id(&reaction.user_id) {
        return invalid("model.reaction.is_valid.user_id.app_error");
    }
    if emoji::check_name(&reaction.emoji_name).is_err() {
        return invalid("model.reaction.is_valid.emoji_name.app_error");
    }
    let now = t.now();
    if reaction.create_at == 0 {
        reaction.create_at = now;
    }
    reaction.update_at = now;
    reaction.delete_at = 0;
    reaction.channel_id = Some(post.channel_id.clone());
    match t.reactions.rows.get_mut(&reaction.key()) {
        Some(stored) => stored.update_at = now,
        None => drop(t.reactions.rows.put(reaction.clone())),
    }
    touch(t, &post);
    t.tell::<hook::ReactionHasBeenAdded>(ReactionHasBeenAddedRequest {
        reaction: Some(reaction.clone()),
        ..ReactionHasBeenAddedRequest::default()
    });
    show(t, "reaction_added", &post, &reaction);
    Ok(AddReactionResponse {
        reaction: Some(reaction),
        error: None,
    })
}

/// One that is not there is no error, and told all the same.
fn remove(
    t: &mut Tables,
    _: &PluginId,
    r: RemoveReactionRequest,
) -> Result<RemoveReactionResponse, Refusal> {
    let reaction = r.reaction.unwrap_or_default();
    let post = live(t, &reaction.post_id)?;
    if is_archived(t, &post) {
        return Err(Refusal::new(
            "api.reaction.delete.archived_channel.app_error",
            403,
        ));
    }
    t.reactions.rows.remove(&reaction.key());
    touch(t, &post);
    t.tell::<hook::ReactionHasBeenRemoved>(ReactionHasBeenRemovedRequest {
        reaction: Some(reaction.clone()),
        ..ReactionHasBeenRemovedRequest::default()
    });
    show(t, "reaction_removed", &post, &reaction);
    Ok(RemoveReactionResponse::default())
}

fn list(
    t: &mut Tables,
    _: &PluginId,
    r: GetReactionsRequest,
) -> Result<GetReactionsResponse, Refusal> {
    let mut reactions: Vec<_> = t.reactions.of_post(&r.post_id).cloned().collect();
    reactions.sort_by_key(|reaction| reaction.create_at);
    Ok(GetReactionsResponse {
        reactions,
        error: None,
    })
}

fn live(t: &Tables, post_id: &str) -> Result<Post, Refusal> {
    let post = t.posts.live(post_id);
    post.cloned().ok_or_else(|| post::missing(post_id, 404))
}

fn is_archived(t: &Tables, post: &Post) -> bool {
    let channel = t.channels.get(&post.channel_id);
    channel.is_some_and(|channel| channel.delete_at != 0)
}

/// How many different emoji a post may have.
fn check_limit(t: &Tables, reaction: &Reaction) -> Result<(), Refusal> {
    let limit = t
        .config
        .number("ServiceSettings", "UniqueEmojiReactionLimitPerPost");
    let of_post = t.reactions.of_post(&reaction.post_id);
    let different: BTreeSet<_> = of_post.map(|other| other.emoji_name.as_str()).collect();
    let is_new = !different.contains(reaction.emoji_name.as_str());
    if is_new && usize::try_from(limit).is_ok_and(|limit| different.len() >= limit) {
        return Err(Refusal::new(
            "app.reaction.save.save.too_many_reactions",
            400,
        ));
    }
    Ok(())
}

fn touch(t: &mut Tables, post: &Post) {
    let now = t.now();
    let has = t.reactions.of_post(&post.id).next().is_some();
    t.posts.update(&post.id, |post| {
        post.has_reactions = has;
        post.update_at = now;
    });
}

fn show(t: &mut Tables, event: &str, post: &Post, reaction: &Reaction) {
    let data = [("reaction", written(reaction).to_string().into())];
    t.event(event, To::Channel(&post.channel_id), data);
}
