//! The rows of posts, and the orders in which they are looked at: the cost of a page grows with the page, not with its channel.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use plugin_proto::pb::Post;

use crate::memory::Refusal;
use crate::memory::post::rules;
use crate::memory::post::terms::words;

/// When a post was made, and which of those it is that were made then: their order.
pub(super) type Place = (i64, u64);

/// How many posts are remembered by what their senders called them while they were pending.
const PENDING: usize = 1000;

/// All posts, deleted ones and old versions of edited ones too.
#[derive(Debug, Default)]
pub(in crate::memory) struct Posts {
    rows: HashMap<String, Row>,
    /// Ids in the order in which posts were saved: by the second part of places.
    ids: Vec<String>,
    /// By channel: the live posts.
    live: HashMap<String, BTreeSet<Place>>,
    /// By channel: all posts, by when they last changed.
    changed: HashMap<String, BTreeSet<Place>>,
    /// By root: the live replies.
    replies: HashMap<String, BTreeSet<Place>>,
    /// By word: the live posts that have it.
    words: BTreeMap<String, BTreeSet<Place>>,
    pending: HashMap<String, Option<Post>>,
    /// What in `pending` is over, oldest first.
    pending_order: VecDeque<String>,
}

#[derive(Debug)]
struct Row {
    post: Post,
    number: u64,
}

/// What is known of a post that its sender has given a name of their own.
pub(super) enum Pending {
    /// It has none.
    No,
    /// It is new, and its name is held until it is over.
    Begun(String),
    /// It was posted before.
    Posted(Box<Post>),
}

impl Posts {
    /// A post that is there and not deleted.
    pub(in crate::memory) fn live(&self, id: &str) -> Option<&Post> {
        self.rows
            .get(id)
            .map(|row| &row.post)
            .filter(|post| post.delete_at == 0)
    }

    /// Saves a new post.
    pub(super) fn insert(&mut self, post: Post) {
        let number = self.ids.len() as u64;
        self.ids.push(post.id.clone());
        self.enter(&post, number);
        self.rows.insert(post.id.clone(), Row { post, number });
    }

    /// Changes a post; its channel, root and time of creation stay.
    pub(in crate::memory) fn update(&mut self, id: &str, change: impl FnOnce(&mut Post)) {
        let Some(Row { mut post, number }) = self.rows.remove(id) else {
            return;
        };
        self.leave(&post, number);
        change(&mut post);
        self.enter(&post, number);
        self.rows.insert(post.id.clone(), Row { post, number });
    }

    fn enter(&mut self, post: &Post, number: u64) {
        let changed = self.changed.entry(post.channel_id.clone()).or_default();
        changed.insert((post.update_at, number));
        if post.delete_at != 0 {
            return;
        }
        let place = (post.create_at, number);
        self.live
            .entry(post.channel_id.clone())
            .or_default()
            .insert(place);
        if !post.root_id.is_empty() {
            self.replies
                .entry(post.root_id.clone())
                .or_default()
                .insert(place);
        }
        for word in words(&post.message) {
            self.words.entry(word).or_default().insert(place);
        }
    }

    fn leave(&mut self, post: &Post, number: u64) {
        if let Some(changed) = self.changed.get_mut(&post.channel_id) {
            changed.remove(&(post.update_at, number));
        }
        if post.delete_at != 0 {
            return;
        }
        let place = (post.create_at, number);
        if let Some(live) = self.live.get_mut(&post.channel_id) {
            live.remove(&place);
        }
        if let Some(replies) = self.replies.get_mut(&post.root_id) {
            replies.remove(&place);
        }
        for word in words(&post.message) {
            if let Some(places) = self.words.get_mut(&word) {
                places.remove(&place);
                if places.is_empty() {
                    self.words.remove(&word);
                }
            }
        }
    }

    /// A post as it is shown: with the number of replies of its thread.
    pub(in crate::memory) fn shown(&self, post: &Post) -> Post {
        let mut shown = rules::without_metadata(post.clone());
        let root = if post.root_id.is_empty() {
            &post.id
        } else {
            &post.root_id
        };
        let replies = self.replies.get(root).map_or(0, BTreeSet::len);
        shown.reply_count = i64::try_from(replies).unwrap_or(i64::MAX);
        shown
    }

    /// The live replies to a root, oldest first.
    pub(super) fn replies(&self, root: &str) -> impl DoubleEndedIterator<Item = &Post> {
        let places = self.replies.get(root).into_iter().flatten();
        places.filter_map(|place| self.at(*place))
    }

    /// The live posts of a channel made between these places, oldest first.
    pub(super) fn between(
        &self,
        channel: &str,
        range: impl std::ops::RangeBounds<Place> + Clone,
    ) -> impl DoubleEndedIterator<Item = &Post> {
        let places = self.live.get(channel).into_iter();
        let places = places.flat_map(move |live| live.range(range.clone()));
        places.filter_map(|place| self.at(*place))
    }

    /// All posts of a channel that changed later than that, the latest last; deleted ones and old versions too.
    pub(in crate::memory) fn changed_after(
        &self,
        channel: &str,
        time: i64,
    ) -> impl DoubleEndedIterator<Item = &Post> {
        let places = self.changed.get(channel).into_iter();
        let places = places.flat_map(move |changed| match time.checked_add(1) {
            Some(first) => changed.range((first, 0)..),
            None => changed.range((i64::MAX, u64::MAX)..),
        });
        places.filter_map(|place| self.at(*place))
    }

    /// The live posts that have a word, or words that begin so, newest first.
    pub(super) fn with_word(
        &self,
        word: &str,
        beginning: bool,
    ) -> Box<dyn Iterator<Item = Place> + '_> {
        if !beginning {
            let places = self
                .words
                .get(word)
                .into_iter()
                .flat_map(|places| places.iter().rev());
            return Box::new(places.copied());
        }
        let range = self.words.range(word.to_owned()..);
        let matching = range.take_while(|(known, _)| known.starts_with(word));
        let places: BTreeSet<_> = matching
            .flat_map(|(_, places)| places.iter().copied())
            .collect();
        Box::new(places.into_iter().rev())
    }

    /// The places of the live posts of a channel, oldest first.
    pub(super) fn places(&self, channel: &str) -> impl DoubleEndedIterator<Item = Place> {
        let live = self.live.get(channel).into_iter();
        live.flat_map(|live| live.iter().copied())
    }

    /// How many live posts have a word.
    pub(super) fn how_many(&self, word: &str) -> usize {
        self.words.get(word).map_or(0, BTreeSet::len)
    }

    /// The post at a place.
    pub(super) fn at(&self, (_, number): Place) -> Option<&Post> {
        let id = usize::try_from(number)
            .ok()
            .and_then(|number| self.ids.get(number))?;
        self.rows.get(id).map(|row| &row.post)
    }

    /// The time at which a post was made, deleted or not.
    pub(super) fn made_at(&self, id: &str) -> Option<i64> {
        self.rows.get(id).map(|row| row.post.create_at)
    }

    /// Looks up what a sender calls a post, and holds the name.
    pub(super) fn begin_pending(&mut self, post: &Post) -> Result<Pending, Refusal> {
        if post.pending_post_id.is_empty() {
            return Ok(Pending::No);
        }
        let key = format!("{} {}", post.user_id, post.pending_post_id);
        match self.pending.get(&key) {
            Some(None) => Err(Refusal::new(
                "api.post.deduplicate_create_post.pending",
                500,
            )),
            Some(Some(post)) => Ok(Pending::Posted(Box::new(post.clone()))),
            None => {
                self.pending.insert(key.clone(), None);
                Ok(Pending::Begun(key))
            }
        }
    }

    /// It is over: posted, or free to be tried again.
    pub(super) fn end_pending(&mut self, key: String, post: Option<&Post>) {
        let Some(post) = post else {
            self.pending.remove(&key);
            return;
        };
        if self.pending_order.len() == PENDING
            && let Some(oldest) = self.pending_order.pop_front()
        {
            self.pending.remove(&oldest);
        }
        self.pending.insert(key.clone(), Some(post.clone()));
        self.pending_order.push_back(key);
    }
}
