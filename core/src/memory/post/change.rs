//! Changing posts and deleting them. Nothing is lost: an edited post leaves its old version behind, and a deleted one stays.

use std::sync::Arc;

use plugin_proto::pb::{
    DeletePostRequest, DeletePostResponse, MessageHasBeenDeletedRequest,
    MessageHasBeenUpdatedRequest, MessageWillBeUpdatedRequest, Post, UpdatePostRequest,
    UpdatePostResponse,
};
use plugin_proto::{Methods, hook};
use prost_types::Struct;

use crate::ids::PluginId;
use crate::memory::act::{Act, acts};
use crate::memory::post::{missing, refused, rules, text};
use crate::memory::websocket::{To, written};
use crate::memory::{Refusal, Store, Tables, file, handlers};

/// Properties that say who made a post, and stay whatever an update says.
const IDENTITY: &[&str] = &["from_bot", "from_plugin", "from_webhook", "from_oauth_app"];

pub(super) fn register(methods: &mut Methods, store: &Arc<Store>, caller: &PluginId) {
    acts!(methods, store, caller;
        UpdatePost => update,
    );
    handlers!(methods, store, caller;
        DeletePost => delete,
    );
}

async fn update(act: Act, r: UpdatePostRequest) -> Result<UpdatePostResponse, Refusal> {
    let given = r.post.unwrap_or_default();
    let (new, old) = act.with(|t| prepare(t, given))?;
    let asked = MessageWillBeUpdatedRequest {
        new_post: Some(rules::without_metadata(new.clone())),
        old_post: Some(rules::without_metadata(old.clone())),
        ..MessageWillBeUpdatedRequest::default()
    };
    let answer = act.filter::<hook::MessageWillBeUpdated>(asked).await;
    let answer = answer.map_err(refused)?.new_post.unwrap_or_default();
    let new = Post {
        metadata: new.metadata.clone(),
        ..with_changes(&new, answer)
    };
    let post = act.with(|t| save(t, new, old))?;
    Ok(UpdatePostResponse {
        post: Some(post),
        error: None,
    })
}

/// What an update may change, in a post of which the rest stays.
fn with_changes(post: &Post, from: Post) -> Post {
    Post {
        message: from.message,
        is_pinned: from.is_pinned,
        has_reactions: from.has_reactions,
        props: from.props,
        file_ids: from.file_ids,
        hashtags: from.hashtags,
        edit_at: from.edit_at,
        metadata: from.metadata,
        ..post.clone()
    }
}

fn prepare(t: &mut Tables, mut given: Post) -> Result<(Post, Post), Refusal> {
    if given.id.is_empty() {
        return Err(missing("", 400));
    }
    let old = t.posts.live(&given.id).cloned();
    let old = old.ok_or_else(|| missing(&given.id, 404))?;
    if old.r#type.starts_with("system_") {
        return Err(Refusal::new(
            "api.post.update_post.system_message.app_error",
            400,
        ));
    }
    if t.channels
        .get(&old.channel_id)
        .is_some_and(|channel| channel.delete_at != 0)
    {
        let id = "api.post.update_post.can_not_update_post_in_deleted.error";
        return Err(Refusal::new(id, 400));
    }
    if old.r#type == "burn_on_read" {
        return Err(Refusal::new(
            "api.post.update_post.burn_on_read.app_error",
            400,
        ));
    }
    let props = given.props.get_or_insert_with(Struct::default);
    for name in IDENTITY {
        let kept = old.props.as_ref().and_then(|props| props.fields.get(*name));
        if let Some(kept) = kept {
            props.fields.insert((*name).to_owned(), kept.clone());
        }
    }
    let attachments = |props: &Option<Struct>| {
        props
            .as_ref()
            .and_then(|props| props.fields.get("attachments").cloned())
    };
    given.edit_at = match given.message != old.message
        || given.file_ids != old.file_ids
        || attachments(&given.props) != attachments(&old.props)
    {
        true => t.now(),
        false => old.edit_at,
    };
    given.hashtags = rules::hashtags(&given.message);
    Ok((with_changes(&old, given), old))
}

fn save(t: &mut Tables, new: Post, old: Post) -> Result<Post, Refusal> {
    // Meanwhile it may have been deleted.
    t.posts.live(&new.id).ok_or_else(|| missing(&new.id, 404))?;
    let now = t.now();
    let new = Post {
        update_at: now,
        ..new
    };
    rules::check(&new)?;
    let version = Post {
        id: t.new_id(),
        original_id: old.id.clone(),
        update_at: now,
        delete_at: now,
        ..old
    };
    t.posts.insert(version.clone());
    t.posts.update(&new.id, |post| *post = new.clone());
    t.channels
        .change(&new.channel_id, |channel| channel.last_post_at = now);
    let shown = t.posts.shown(&new);
    t.tell::<hook::MessageHasBeenUpdated>(MessageHasBeenUpdatedRequest {
        new_post: Some(rules::without_metadata(shown.clone())),
        old_post: Some(rules::without_metadata(version)),
        ..MessageHasBeenUpdatedRequest::default()
    });
    let data = [("post", written(&shown).to_string().into())];
    t.event("post_edited", To::Channel(&new.channel_id), data);
    Ok(shown)
}

/// With a root go its replies; plugins hear of the one that was named.
fn delete(
    t: &mut Tables,
    caller: &PluginId,
    r: DeletePostRequest,
) -> Result<DeletePostResponse, Refusal> {
    let post = t
        .posts
        .live(&r.post_id)
        .ok_or_else(|| missing(&r.post_id, 400))?
        .clone();
    if t.channels
        .get(&post.channel_id)
        .is_some_and(|channel| channel.delete_at != 0)
    {
        let id = "api.post.delete_post.can_not_delete_post_in_deleted.error";
        return Err(Refusal::new(id, 400));
    }
    let now = t.now();
    let replies: Vec<_> = t.posts.replies(&post.id).cloned().collect();
    for deleted in std::iter::once(&post).chain(&replies) {
        t.posts.update(&deleted.id, |post| {
            post.delete_at = now;
            post.update_at = now;
            let props = post.props.get_or_insert_with(Struct::default);
            props
                .fields
                .insert("deleteBy".to_owned(), text(caller.as_str()));
        });
        file::delete_of(t, &deleted.id, now);
    }
    t.tell::<hook::MessageHasBeenDeleted>(MessageHasBeenDeletedRequest {
        post: Some(rules::without_metadata(post.clone())),
        ..MessageHasBeenDeletedRequest::default()
    });
    let data = [("post", written(&post).to_string().into())];
    t.event("post_deleted", To::Channel(&post.channel_id), data);
    Ok(DeletePostResponse::default())
}
