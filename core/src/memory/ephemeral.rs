//! Posts that one user sees and nobody keeps: only events, and nothing is looked up.

use std::sync::Arc;

use plugin_proto::Methods;
use plugin_proto::pb::{
    DeleteEphemeralPostRequest, DeleteEphemeralPostResponse, Post, SendEphemeralPostRequest,
    SendEphemeralPostResponse, UpdateEphemeralPostRequest, UpdateEphemeralPostResponse,
};
use prost_types::Struct;

use crate::ids::PluginId;
use crate::memory::websocket::{To, written};
use crate::memory::{Refusal, Store, Tables, handlers};

const KIND: &str = "system_ephemeral";

pub(super) fn register(methods: &mut Methods, store: &Arc<Store>, caller: &PluginId) {
    handlers!(methods, store, caller;
        SendEphemeralPost => send,
        UpdateEphemeralPost => update,
        DeleteEphemeralPost => delete,
    );
}

fn send(
    t: &mut Tables,
    _: &PluginId,
    r: SendEphemeralPostRequest,
) -> Result<SendEphemeralPostResponse, Refusal> {
    let post = to_user(t, &r.user_id, r.post.unwrap_or_default());
    Ok(SendEphemeralPostResponse {
        post: Some(post),
        error: None,
    })
}

/// Shows a post to one user.
pub(super) fn to_user(t: &mut Tables, user_id: &str, mut post: Post) -> Post {
    if post.id.is_empty() {
        post.id = t.new_id();
    }
    if post.create_at == 0 {
        post.create_at = t.now();
    }
    show(t, "ephemeral_message", user_id, post)
}

fn update(
    t: &mut Tables,
    _: &PluginId,
    r: UpdateEphemeralPostRequest,
) -> Result<UpdateEphemeralPostResponse, Refusal> {
    let mut post = r.post.unwrap_or_default();
    post.update_at = t.now();
    let post = show(t, "post_edited", &r.user_id, post);
    Ok(UpdateEphemeralPostResponse {
        post: Some(post),
        error: None,
    })
}

fn show(t: &mut Tables, event: &str, user_id: &str, mut post: Post) -> Post {
    KIND.clone_into(&mut post.r#type);
    post.props.get_or_insert_with(Struct::default);
    let data = [("post", written(&post).to_string().into())];
    t.event(event, To::User(user_id), data);
    post
}

fn delete(
    t: &mut Tables,
    _: &PluginId,
    r: DeleteEphemeralPostRequest,
) -> Result<DeleteEphemeralPostResponse, Refusal> {
    let now = t.now();
    let post = Post {
        id: r.post_id,
        user_id: r.user_id.clone(),
        delete_at: now,
        update_at: now,
        r#type: KIND.to_owned(),
        ..Post::default()
    };
    let data = [("post", written(&post).to_string().into())];
    t.event("post_deleted", To::User(&r.user_id), data);
    Ok(DeleteEphemeralPostResponse::default())
}
