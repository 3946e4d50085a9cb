//! Posts: making them. Changing, listing and finding them is in the files beside.

mod change;

mod list;

mod rules;

mod terms;

mod orders;

mod search;

mod table;

use std::collections::BTreeMap;
use std::sync::Arc;

use plugin_proto::pb::{
    Channel, CreatePostRequest, CreatePostResponse, MessageHasBeenPostedRequest,
    MessageWillBePostedRequest, Post,
};
use plugin_proto::{Methods, hook};
use prost_types::value::Kind;
use prost_types::{Struct, Value};

use crate::ids::PluginId;
use crate::memory::act::{Act, acts, rejected};
use crate::memory::websocket::{To, written};
use crate::memory::{Refusal, Store, Tables, file, permission, status};

pub(super) use table::Posts;

/// What a plugin's no is called, before its reason.
const REJECTED: &str = "Post rejected by plugin. ";
/// The reason that stands for silence.
const DISMISS: &str = "plugin.message_will_be_posted.dismiss_post";

pub(super) fn register(methods: &mut Methods, store: &Arc<Store>, caller: &PluginId) {
    acts!(methods, store, caller;
        CreatePost => create,
    );
    change::register(methods, store, caller);
    list::register(methods, store, caller);
    search::register(methods, store, caller);
}

/// No post has that id, or it is deleted.
pub(super) fn missing(id: &str, status_code: i32) -> Refusal {
    Refusal::new("app.post.get.app_error", status_code)
        .said("Unable to get the post.")
        .about(format!("post_id={id}"))
}

/// A text as a value of properties.
pub(super) fn text(text: impl Into<String>) -> Value {
    Value {
        kind: Some(Kind::StringValue(text.into())),
    }
}

/// A message of the server itself.
pub(super) fn system(
    channel_id: &str,
    user_id: &str,
    kind: &str,
    message: String,
    props: &[(&str, &String)],
) -> Post {
    let props = props
        .iter()
        .map(|(key, value)| ((*key).to_owned(), text(*value)));
    Post {
        channel_id: channel_id.to_owned(),
        user_id: user_id.to_owned(),
        r#type: kind.to_owned(),
        message,
        props: Some(Struct {
            fields: props.collect(),
        }),
        ..Post::default()
    }
}

/// Posts a message of the server itself; one that fails is only logged.
pub(super) async fn say(act: &Act, post: Post) {
    let kind = post.r#type.clone();
    if let Err(refusal) = create_system(act, post).await {
        tracing::warn!("the server's own message {kind} was not posted: {refusal}");
    }
}

/// Posts a message of the server itself.
pub(super) async fn create_system(act: &Act, post: Post) -> Result<Post, Refusal> {
    add(act, post, false).await
}

async fn create(act: Act, r: CreatePostRequest) -> Result<CreatePostResponse, Refusal> {
    let post = add(&act, r.post.unwrap_or_default(), true).await?;
    Ok(CreatePostResponse {
        post: Some(post),
        error: None,
    })
}

/// Posts, and asks and tells the plugins; the post as it is shown.
pub(super) async fn add(act: &Act, given: Post, by_plugin: bool) -> Result<Post, Refusal> {
    let pending = act.with(|t| t.posts.begin_pending(&given))?;
    let pending = match pending {
        table::Pending::Posted(post) => return Ok(*post),
        table::Pending::No => None,
        table::Pending::Begun(key) => Some(key),
    };
    let added = add_once(act, given, by_plugin).await;
    if let Some(key) = pending {
        let post = added.as_ref().ok();
        act.with(|t| t.posts.end_pending(key, post));
    }
    added
}

async fn add_once(act: &Act, given: Post, by_plugin: bool) -> Result<Post, Refusal> {
    let post = act.with(|t| prepare(t, given, by_plugin))?;
    let metadata = post.metadata.clone();
    let asked = MessageWillBePostedRequest {
        post: Some(rules::without_metadata(post)),
        ..MessageWillBePostedRequest::default()
    };
    let answer = act.filter::<hook::MessageWillBePosted>(asked).await;
    let answer = answer.map_err(refused)?;
    let mut post = answer.post.unwrap_or_default();
    post.metadata = metadata;
    act.with(|t| save(t, post))
}

/// A plugin's no; one reason stands alone.
fn refused(stopped: crate::api::plugins::Stopped) -> Refusal {
    use crate::api::plugins::Stop;
    match &stopped.how {
        Stop::Rejected(reason) if reason == DISMISS => Refusal::new(DISMISS, 400),
        _ => rejected(stopped, REJECTED),
    }
}

/// What a post is before anybody is asked: checked as to where it belongs, and with the properties that the server adds.
fn prepare(t: &mut Tables, mut post: Post, by_plugin: bool) -> Result<Post, Refusal> {
    let channel = t.channels.find(&post.channel_id)?.clone();
    let author = t.users.find(&post.user_id)?.clone();
    if !post.root_id.is_empty() {
        let root = t
            .posts
            .live(&post.root_id)
            .filter(|root| root.root_id.is_empty());
        let no_root = || Refusal::new("api.post.create_post.root_id.app_error", 400);
        let root = root.ok_or_else(no_root)?;
        if root.channel_id != post.channel_id {
            // Sic: here a wrong request is trouble of the server.
            return Err(Refusal::new(
                "api.post.create_post.channel_root_id.app_error",
                500,
            ));
        }
    }
    let props = post.props.get_or_insert_with(Struct::default);
    props.fields.remove("add_channel_member");
    props.fields.remove("force_notification");
    if by_plugin {
        props.fields.insert("from_plugin".to_owned(), text("true"));
    }
    if author.is_bot {
        props.fields.insert("from_bot".to_owned(), text("true"));
    }
    let mentions = channel_mentions(t, &channel, &post.message);
    let props = post.props.get_or_insert_with(Struct::default);
    match mentions.fields.is_empty() {
        true => props.fields.remove("channel_mentions"),
        false => props.fields.insert(
            "channel_mentions".to_owned(),
            Value {
                kind: Some(Kind::StructValue(mentions)),
            },
        ),
    };
    if rules::mentions_everybody(&post.message)
        && !permission::in_channel(t, &author.id, &channel.id, "use_channel_mentions")
    {
        let yes = Value {
            kind: Some(Kind::BoolValue(true)),
        };
        props
            .fields
            .insert("mentionHighlightDisabled".to_owned(), yes);
    }
    post.hashtags = rules::hashtags(&post.message);
    post.original_id.clear();
    post.file_ids.sort_unstable();
    post.file_ids.dedup();
    Ok(post)
}

/// The open channels of the team that a message names by `~name`.
fn channel_mentions(t: &Tables, channel: &Channel, message: &str) -> Struct {
    let mut mentions = BTreeMap::new();
    let team = t.teams.get(&channel.team_id);
    for name in rules::named_channels(message) {
        let named = t.channels.named(&channel.team_id, name);
        let open = named.filter(|channel| super::channel::is_open(channel));
        if let (Some(named), Some(team)) = (open, team) {
            let fields = [
                ("display_name", &named.display_name),
                ("team_name", &team.name),
            ];
            let fields = fields.map(|(key, value)| (key.to_owned(), text(value)));
            let mention = Value {
                kind: Some(Kind::StructValue(Struct {
                    fields: fields.into(),
                })),
            };
            mentions.insert(name.to_owned(), mention);
        }
    }
    Struct { fields: mentions }
}

/// Checks and saves a new post, with all that follows from it.
fn save(t: &mut Tables, mut post: Post) -> Result<Post, Refusal> {
    if !post.id.is_empty() {
        return Err(
            Refusal::new("app.post.save.existing.app_error", 400).about(format!("id={}", post.id))
        );
    }
    post.id = t.new_id();
    if post.create_at == 0 {
        post.create_at = t.now();
    }
    post.update_at = post.create_at;
    (post.edit_at, post.delete_at) = (0, 0);
    (post.reply_count, post.last_reply_at, post.is_following) = (0, 0, None);
    post.participants.clear();
    rules::check(&post)?;
    file::claim(t, &mut post);
    t.posts.insert(post.clone());
    let root_id = post.root_id.clone();
    if !root_id.is_empty() {
        t.posts
            .update(&root_id, |root| root.update_at = post.create_at);
    }
    count(t, &post);
    status::seem_online(t, &post.user_id);
    let shown = t.posts.shown(&post);
    t.tell::<hook::MessageHasBeenPosted>(MessageHasBeenPostedRequest {
        post: Some(rules::without_metadata(shown.clone())),
        ..MessageHasBeenPostedRequest::default()
    });
    let data = [("post", written(&shown).to_string().into())];
    t.event("posted", To::Channel(&post.channel_id), data);
    Ok(shown)
}

/// The channel's counters, and those of the members who are mentioned.
fn count(t: &mut Tables, post: &Post) {
    let is_root = post.root_id.is_empty();
    let counts = !rules::is_about_membership(&post.r#type);
    t.channels.change(&post.channel_id, |channel| {
        channel.last_post_at = channel.last_post_at.max(post.create_at);
        if is_root {
            channel.last_root_post_at = channel.last_root_post_at.max(post.create_at);
        }
        if counts {
            channel.total_msg_count += 1;
            channel.total_msg_count_root += i64::from(is_root);
        }
    });
    if post.r#type.starts_with("system_") {
        return;
    }
    for user_id in mentioned(t, post) {
        if let Some(mut member) = t.channels.member(&post.channel_id, &user_id).cloned() {
            member.mention_count += 1;
            member.mention_count_root += i64::from(is_root);
            t.channels.put_member(member);
        }
    }
}

/// The members that a post is for: those named in it, everybody when everybody is, and whoever is there in a direct channel.
fn mentioned(t: &Tables, post: &Post) -> Vec<String> {
    let direct = t
        .channels
        .get(&post.channel_id)
        .is_some_and(super::channel::is_direct);
    let members = || {
        t.channels
            .user_ids(&post.channel_id)
            .filter(|id| *id != post.user_id)
    };
    if direct || rules::mentions_everybody(&post.message) {
        return members().map(str::to_owned).collect();
    }
    let named = rules::named_users(&post.message);
    let ids = named
        .filter_map(|name| t.users.named(&name))
        .map(|user| user.id.clone());
    ids.filter(|id| *id != post.user_id && t.channels.has_member(&post.channel_id, id))
        .collect()
}
