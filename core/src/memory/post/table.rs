//! The rows of posts, and the orders in which they are looked at: the cost of a page grows with the page, not with its channel.

use std::collections::{BTreeSet, HashMap, VecDeque};

use plugin_proto::pb::Post;
use serde_json::Value;

use crate::memory::Refusal;
use crate::memory::journal::area;
use crate::memory::post::orders::{Orders, Place};
use crate::memory::post::rules;
use crate::memory::rows::form::{self, Fault};
use crate::memory::rows::{Row, Rows};

/// How many posts are remembered by what their senders called them while they were pending.
const PENDING: usize = 1000;

/// All posts, deleted ones and old versions of edited ones too.
#[derive(Debug, Default)]
pub(in crate::memory) struct Posts {
    /// In the order in which they were saved: by the second part of places.
    rows: Rows<Saved>,
    numbers: HashMap<String, u64>,
    orders: Orders,
    pending: HashMap<String, Option<Post>>,
    /// What in `pending` is over, oldest first.
    pending_order: VecDeque<String>,
}

area!(Posts: rows; index);

/// A post, and which of those saved it is.
#[derive(Clone, PartialEq, prost::Message)]
struct Saved {
    #[prost(uint64, tag = "1")]
    number: u64,
    #[prost(message, required, tag = "2")]
    post: Post,
}

impl Row for Saved {
    type Key = u64;
    const TABLE: &'static str = "posts";

    fn key(&self) -> u64 {
        self.number
    }

    fn to_json(&self) -> Result<Value, Fault> {
        form::model::write(&self.post)
    }

    /// A fixture holds posts in the order in which they were saved.
    fn from_json(json: &Value, place: usize) -> Result<Self, Fault> {
        Ok(Self {
            number: place as u64,
            post: form::model::read(json)?,
        })
    }
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
        self.get(id).filter(|post| post.delete_at == 0)
    }

    fn get(&self, id: &str) -> Option<&Post> {
        self.rows.get(self.numbers.get(id)?).map(|row| &row.post)
    }

    /// Saves a new post.
    pub(super) fn insert(&mut self, post: Post) {
        let last = self.rows.last_key_value();
        let number = last.map_or(0, |(last, _)| last + 1);
        self.numbers.insert(post.id.clone(), number);
        self.orders.enter(&post, number);
        self.rows.put(Saved { post, number });
    }

    /// Changes a post; its channel, root and time of creation stay.
    pub(in crate::memory) fn update(&mut self, id: &str, change: impl FnOnce(&mut Post)) {
        let number = self.numbers.get(id);
        let row = number.and_then(|number| self.rows.get_mut(number));
        let Some(Saved { post, number }) = row else {
            return;
        };
        self.orders.leave(post, *number);
        change(post);
        self.orders.enter(post, *number);
    }

    fn index(&mut self) {
        self.orders = Orders::default();
        self.numbers.clear();
        for Saved { post, number } in self.rows.values() {
            self.numbers.insert(post.id.clone(), *number);
            self.orders.enter(post, *number);
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
        let replies = self.orders.replies.get(root).map_or(0, BTreeSet::len);
        shown.reply_count = i64::try_from(replies).unwrap_or(i64::MAX);
        shown
    }

    /// The live replies to a root, oldest first.
    pub(super) fn replies(&self, root: &str) -> impl DoubleEndedIterator<Item = &Post> {
        let places = self.orders.replies.get(root).into_iter().flatten();
        places.filter_map(|place| self.at(*place))
    }

    /// The live posts of a channel made between these places, oldest first.
    pub(super) fn between(
        &self,
        channel: &str,
        range: impl std::ops::RangeBounds<Place> + Clone,
    ) -> impl DoubleEndedIterator<Item = &Post> {
        let places = self.orders.live.get(channel).into_iter();
        let places = places.flat_map(move |live| live.range(range.clone()));
        places.filter_map(|place| self.at(*place))
    }

    /// All posts of a channel that changed later than that, the latest last; deleted ones and old versions too.
    pub(in crate::memory) fn changed_after(
        &self,
        channel: &str,
        time: i64,
    ) -> impl DoubleEndedIterator<Item = &Post> {
        let places = self.orders.changed.get(channel).into_iter();
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
                .orders
                .words
                .get(word)
                .into_iter()
                .flat_map(|places| places.iter().rev());
            return Box::new(places.copied());
        }
        Box::new(self.orders.beginning(word))
    }

    /// The places of the live posts of a channel, oldest first.
    pub(super) fn places(&self, channel: &str) -> impl DoubleEndedIterator<Item = Place> {
        let live = self.orders.live.get(channel).into_iter();
        live.flat_map(|live| live.iter().copied())
    }

    /// Whether more than so many words begin so.
    pub(super) fn are_more_words(&self, start: &str, count: usize) -> bool {
        self.orders.words_beginning(start).nth(count).is_some()
    }

    /// How many live posts a channel has.
    pub(super) fn how_many_in(&self, channel: &str) -> usize {
        self.orders.live.get(channel).map_or(0, BTreeSet::len)
    }

    /// How many live posts have a word.
    pub(super) fn how_many(&self, word: &str) -> usize {
        self.orders.words.get(word).map_or(0, BTreeSet::len)
    }

    /// The post at a place.
    pub(super) fn at(&self, (_, number): Place) -> Option<&Post> {
        self.rows.get(&number).map(|row| &row.post)
    }

    /// The time at which a post was made, deleted or not.
    pub(super) fn made_at(&self, id: &str) -> Option<i64> {
        self.get(id).map(|post| post.create_at)
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
