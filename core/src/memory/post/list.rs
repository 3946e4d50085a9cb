//! Looking at posts: one, a thread, and pages of a channel.

use std::sync::Arc;

use plugin_proto::Methods;
use plugin_proto::pb::{
    GetPostRequest, GetPostResponse, GetPostThreadRequest, GetPostThreadResponse,
    GetPostsAfterRequest, GetPostsAfterResponse, GetPostsBeforeRequest, GetPostsBeforeResponse,
    GetPostsForChannelRequest, GetPostsForChannelResponse, GetPostsSinceRequest,
    GetPostsSinceResponse, Post, PostList,
};

use crate::ids::PluginId;
use crate::memory::page::Page;
use crate::memory::post::missing;
use crate::memory::post::table::Posts;
use crate::memory::{Refusal, Store, Tables, handlers};

/// How many posts are answered at once at most.
const AT_ONCE: usize = 1000;

pub(super) fn register(methods: &mut Methods, store: &Arc<Store>, caller: &PluginId) {
    handlers!(methods, store, caller;
        GetPost => get,
        GetPostThread => thread,
        GetPostsSince => since,
        GetPostsAfter => after,
        GetPostsBefore => before,
        GetPostsForChannel => of_channel,
    );
}

fn get(t: &mut Tables, _: &PluginId, r: GetPostRequest) -> Result<GetPostResponse, Refusal> {
    let post = t
        .posts
        .live(&r.post_id)
        .ok_or_else(|| missing(&r.post_id, 404))?;
    Ok(GetPostResponse {
        post: Some(t.posts.shown(post)),
        error: None,
    })
}

/// The post that was asked for comes first.
fn thread(
    t: &mut Tables,
    _: &PluginId,
    r: GetPostThreadRequest,
) -> Result<GetPostThreadResponse, Refusal> {
    let status_code = if r.post_id.is_empty() { 400 } else { 404 };
    let asked = t
        .posts
        .live(&r.post_id)
        .ok_or_else(|| missing(&r.post_id, status_code))?;
    let mut list = PostList::default();
    put(&t.posts, &mut list, asked, true);
    let root_id = root_of(asked);
    let root = t.posts.live(root_id).into_iter();
    for post in root.chain(t.posts.replies(root_id)) {
        if post.id != asked.id {
            put(&t.posts, &mut list, post, true);
        }
    }
    Ok(GetPostThreadResponse {
        post_list: Some(list),
        error: None,
    })
}

fn root_of(post: &Post) -> &str {
    match post.root_id.as_str() {
        "" => &post.id,
        root => root,
    }
}

fn put(posts: &Posts, list: &mut PostList, post: &Post, in_order: bool) {
    if in_order {
        list.order.push(post.id.clone());
    }
    if !list.posts.contains_key(&post.id) {
        list.posts.insert(post.id.clone(), posts.shown(post));
    }
}

/// A page in its order, and the whole threads of what is on it.
fn page_of<'a>(t: &Tables, posts: impl Iterator<Item = &'a Post>) -> Option<PostList> {
    let mut list = PostList::default();
    let mut roots = Vec::new();
    for post in posts {
        put(&t.posts, &mut list, post, true);
        roots.push(root_of(post));
    }
    roots.sort_unstable();
    roots.dedup();
    for root in roots {
        for post in t.posts.live(root).into_iter().chain(t.posts.replies(root)) {
            put(&t.posts, &mut list, post, false);
        }
    }
    Some(list)
}

/// Deleted posts and old versions, too; of more than a thousand the latest.
fn since(
    t: &mut Tables,
    _: &PluginId,
    r: GetPostsSinceRequest,
) -> Result<GetPostsSinceResponse, Refusal> {
    let changed = t.posts.changed_after(&r.channel_id, r.time).rev();
    let mut changed: Vec<_> = changed.take(AT_ONCE).collect();
    changed.sort_by_key(|post| std::cmp::Reverse(post.create_at));
    let mut list = PostList::default();
    for post in &changed {
        put(&t.posts, &mut list, post, true);
    }
    for post in changed.iter().filter(|post| !post.root_id.is_empty()) {
        if let Some(root) = t.posts.live(&post.root_id) {
            put(&t.posts, &mut list, root, false);
        }
    }
    Ok(GetPostsSinceResponse {
        post_list: Some(list),
        error: None,
    })
}

fn around(page: i32, per_page: i32) -> Result<Page, Refusal> {
    if page < 0 || per_page < 0 {
        let id = "app.post.get_posts_around.get.app_error";
        return Err(Refusal::new(id, 400).about(format!("page={page} per_page={per_page}")));
    }
    Ok(Page::of(page, per_page))
}

fn after(
    t: &mut Tables,
    _: &PluginId,
    r: GetPostsAfterRequest,
) -> Result<GetPostsAfterResponse, Refusal> {
    let page = around(r.page, r.per_page)?;
    let made_at = t.posts.made_at(&r.post_id).unwrap_or(i64::MAX);
    let later = t
        .posts
        .between(&r.channel_id, (made_at.saturating_add(1), 0)..);
    let mut nearest: Vec<_> = page.cut(later).collect();
    nearest.reverse();
    Ok(GetPostsAfterResponse {
        post_list: page_of(t, nearest.into_iter()),
        error: None,
    })
}

fn before(
    t: &mut Tables,
    _: &PluginId,
    r: GetPostsBeforeRequest,
) -> Result<GetPostsBeforeResponse, Refusal> {
    let page = around(r.page, r.per_page)?;
    let made_at = t.posts.made_at(&r.post_id).unwrap_or(i64::MIN);
    let earlier = t.posts.between(&r.channel_id, ..(made_at, 0)).rev();
    Ok(GetPostsBeforeResponse {
        post_list: page_of(t, page.cut(earlier)),
        error: None,
    })
}

fn of_channel(
    t: &mut Tables,
    _: &PluginId,
    r: GetPostsForChannelRequest,
) -> Result<GetPostsForChannelResponse, Refusal> {
    if usize::try_from(r.per_page).is_ok_and(|per_page| per_page > AT_ONCE) {
        return Err(Refusal::new("app.post.get_posts.app_error", 400)
            .about(format!("limit={}", r.per_page)));
    }
    let newest = t.posts.between(&r.channel_id, ..).rev();
    Ok(GetPostsForChannelResponse {
        post_list: page_of(t, Page::of(r.page, r.per_page).cut(newest)),
        error: None,
    })
}
