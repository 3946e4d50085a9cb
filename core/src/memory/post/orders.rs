//! The orders in which posts are looked at, each kept sorted: a page costs what is on it, and a word what has it. Pure.

use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap};

use plugin_proto::pb::Post;

use crate::memory::post::terms::words;

/// When a post was made, or changed, and which of those saved it is: their order.
pub(super) type Place = (i64, u64);

/// All orders.
#[derive(Debug, Default)]
pub(super) struct Orders {
    /// By channel: the live posts.
    pub(super) live: HashMap<String, BTreeSet<Place>>,
    /// By channel: all posts, by when they last changed.
    pub(super) changed: HashMap<String, BTreeSet<Place>>,
    /// By root: the live replies.
    pub(super) replies: HashMap<String, BTreeSet<Place>>,
    /// By word: the live posts that have it, in their text or their tags.
    pub(super) words: BTreeMap<String, BTreeSet<Place>>,
}

impl Orders {
    /// A post takes its places.
    pub(super) fn enter(&mut self, post: &Post, number: u64) {
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
        for word in words_of(post) {
            self.words.entry(word).or_default().insert(place);
        }
    }

    /// A post gives its places up, as it was when it took them.
    pub(super) fn leave(&mut self, post: &Post, number: u64) {
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
        for word in words_of(post) {
            if let Some(places) = self.words.get_mut(&word) {
                places.remove(&place);
                if places.is_empty() {
                    self.words.remove(&word);
                }
            }
        }
    }

    /// The places of the live posts that have a word that begins so, newest first, each once: the places of all such words, merged as
    /// they are asked for.
    pub(super) fn beginning<'a>(&'a self, start: &str) -> impl Iterator<Item = Place> + use<'a> {
        let each = self.words_beginning(start);
        let mut each: Vec<_> = each.map(|places| places.iter().rev()).collect();
        let first = each.iter_mut().enumerate();
        let mut next: BinaryHeap<_> = first
            .filter_map(|(word, places)| Some((*places.next()?, word)))
            .collect();
        let merged = std::iter::from_fn(move || {
            let (place, word) = next.pop()?;
            next.extend(each[word].next().map(|place| (*place, word)));
            Some(place)
        });
        let mut last = None;
        merged.filter(move |place| last.replace(*place) != Some(*place))
    }

    /// The places of the live posts of each word that begins so.
    pub(super) fn words_beginning(&self, start: &str) -> impl Iterator<Item = &BTreeSet<Place>> {
        let words = self.words.range(start.to_owned()..);
        let words = words.take_while(move |(word, _)| word.starts_with(start));
        words.map(|(_, places)| places)
    }
}

/// The words by which a post is found.
fn words_of(post: &Post) -> BTreeSet<String> {
    let (text, tags) = (words(&post.message), words(&post.hashtags));
    text.into_iter().chain(tags).collect()
}
