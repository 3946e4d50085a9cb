//! Finding posts by what is in them. Newest first, and at most a hundred: the words of all posts are known, so nothing is read through.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use plugin_proto::Methods;
use plugin_proto::pb::{
    Post, PostSearchResults, SearchParams, SearchPostsInTeamForUserRequest,
    SearchPostsInTeamForUserResponse, SearchPostsInTeamRequest, SearchPostsInTeamResponse,
};

use crate::ids::PluginId;
use crate::memory::channel;
use crate::memory::post::orders::Place;
use crate::memory::post::terms::{Excluded, Query, Term};
use crate::memory::{Refusal, Store, Tables, handlers};

/// How many posts one search finds at most.
const FOUND: usize = 100;
/// How many words that begin the same are merged at most.
const MERGED: usize = 1000;

pub(super) fn register(methods: &mut Methods, store: &Arc<Store>, caller: &PluginId) {
    handlers!(methods, store, caller;
        SearchPostsInTeam => in_team,
        SearchPostsInTeamForUser => for_user,
    );
}

fn check_enabled(t: &Tables) -> Result<(), Refusal> {
    match t.config.yes("ServiceSettings", "EnablePostSearch") {
        true => Ok(()),
        false => Err(Refusal::new("store.sql_post.search.disabled", 501)
            .said("Searching has been disabled on this server.")),
    }
}

/// Each of the searches by itself, over all channels of the team and all direct ones, whoever is in them.
fn in_team(
    t: &mut Tables,
    _: &PluginId,
    r: SearchPostsInTeamRequest,
) -> Result<SearchPostsInTeamResponse, Refusal> {
    check_enabled(t)?;
    let mut found = BTreeSet::new();
    for params in &r.params_list {
        let query = query_of(params);
        if params.page > 0 || query.is_empty() {
            continue;
        }
        let scope = Scope {
            team: &r.team_id,
            member: None,
            archived: params.include_deleted_channels,
        };
        found.extend(find(t, &query, &scope, FOUND));
    }
    let posts = found
        .into_iter()
        .rev()
        .filter_map(|place| t.posts.at(place));
    Ok(SearchPostsInTeamResponse {
        posts: posts.map(|post| t.posts.shown(post)).collect(),
        error: None,
    })
}

fn query_of(params: &SearchParams) -> Query {
    let small = |names: &[String]| names.iter().map(|name| name.to_lowercase()).collect();
    let offset = params.time_zone_offset;
    let mut query = Query {
        any: params.is_or_search,
        within: small(&params.in_channels),
        not_within: small(&params.excluded_channels),
        from: small(&params.from_users),
        not_from: small(&params.excluded_users),
        ..Query::default()
    };
    query.read(&params.terms, offset);
    query.exclude_days(Excluded::Before, &params.excluded_before_date, offset);
    query.exclude_days(Excluded::After, &params.excluded_after_date, offset);
    query.exclude_days(Excluded::On, &params.excluded_dates, offset);
    query
}

/// Only in channels that the user is in. A search in a direct channel that there is not yet makes it, as the real server does.
fn for_user(
    t: &mut Tables,
    _: &PluginId,
    r: SearchPostsInTeamForUserRequest,
) -> Result<SearchPostsInTeamForUserResponse, Refusal> {
    check_enabled(t)?;
    let params = r.search_params.unwrap_or_default();
    let mut query = Query {
        any: params.is_or_search,
        ..Query::default()
    };
    query.read(&params.terms, params.time_zone_offset);
    for name in query.within.iter_mut().chain(&mut query.not_within) {
        let Some(username) = name.strip_prefix('@') else {
            continue;
        };
        let other = t.users.named(username).map(|user| user.id.clone());
        if let Some(other) = other
            && let Ok(channel) = channel::direct(t, &r.user_id, &other)
        {
            *name = channel.id;
        }
    }
    let mut results = PostSearchResults::default();
    if params.page <= 0 && !query.is_empty() {
        let limit = usize::try_from(params.per_page)
            .ok()
            .filter(|limit| *limit > 0);
        let scope = Scope {
            team: &r.team_id,
            member: Some(&r.user_id),
            archived: params.include_deleted_channels,
        };
        for place in find(t, &query, &scope, limit.unwrap_or(FOUND).min(FOUND)) {
            if let Some(post) = t.posts.at(place) {
                results.order.push(post.id.clone());
                results.posts.insert(post.id.clone(), t.posts.shown(post));
            }
        }
    }
    Ok(SearchPostsInTeamForUserResponse {
        results: Some(results),
        error: None,
    })
}

/// Where a search looks.
struct Scope<'a> {
    team: &'a str,
    /// Who has to be in the channels.
    member: Option<&'a str>,
    archived: bool,
}

/// The places of the newest posts that are wanted, newest first.
fn find(t: &Tables, query: &Query, scope: &Scope<'_>, limit: usize) -> Vec<Place> {
    let sought = Sought::new(t, query, scope);
    let single = |term: &Term| match term {
        Term::Beginning(start) => Some(t.posts.with_word(start, true)),
        term => rarest(t, term).map(|word| t.posts.with_word(&word, false)),
    };
    let by_words = match query.any {
        true => {
            let each: Option<Vec<_>> = query.terms.iter().map(single).collect();
            each.filter(|each| !each.is_empty()).map(|each| {
                let best = each
                    .into_iter()
                    .flat_map(|places| places.filter(|place| sought.wants(*place)).take(limit));
                best.collect::<BTreeSet<_>>()
                    .into_iter()
                    .rev()
                    .take(limit)
                    .collect()
            })
        }
        // The fewest posts to be looked at are those of the channels that were named.
        false if sought.are_few_within(|| fewest(t, query)) => None,
        // So many words begin so that the newest posts have some of them: to look at those costs less than to merge the words.
        false if query.terms.iter().all(|term| is_common(t, term)) => None,
        false => {
            let rarest = query.terms.iter().min_by_key(|term| how_many(t, term));
            let places = rarest.and_then(single);
            places.map(|places| {
                places
                    .filter(|place| sought.wants(*place))
                    .take(limit)
                    .collect()
            })
        }
    };
    by_words.unwrap_or_else(|| sought.without_words(limit))
}

/// The word of a term that the fewest posts have.
fn rarest(t: &Tables, term: &Term) -> Option<String> {
    let words = term.words().into_iter();
    words.min_by_key(|word| t.posts.how_many(word))
}

/// How many posts a term leads to, or more; not known of all.
fn how_many(t: &Tables, term: &Term) -> usize {
    let word = rarest(t, term);
    word.map_or(usize::MAX, |word| t.posts.how_many(&word))
}

/// Whether a term stands for more words than are worth being merged.
fn is_common(t: &Tables, term: &Term) -> bool {
    match term {
        Term::Beginning(start) => t.posts.are_more_words(start, MERGED),
        Term::Hashtag(_) => term.words().is_empty(),
        Term::Word(_) | Term::Phrase(_) => false,
    }
}

/// How many posts the rarest term leads to.
fn fewest(t: &Tables, query: &Query) -> usize {
    let each = query.terms.iter().map(|term| how_many(t, term));
    each.min().unwrap_or(usize::MAX)
}

/// A search, with the names in it looked up.
struct Sought<'a> {
    t: &'a Tables,
    query: &'a Query,
    scope: &'a Scope<'a>,
    within: HashSet<&'a str>,
    not_within: HashSet<&'a str>,
    from: HashSet<&'a str>,
    not_from: HashSet<&'a str>,
}

impl<'a> Sought<'a> {
    fn new(t: &'a Tables, query: &'a Query, scope: &'a Scope<'a>) -> Self {
        let channel = |name: &'a String| {
            let named = t.channels.named(scope.team, name);
            named.map_or(name.as_str(), |channel| &channel.id)
        };
        let user = |name: &'a String| t.users.named(name).map_or(name.as_str(), |user| &user.id);
        Self {
            t,
            query,
            scope,
            within: query.within.iter().map(channel).collect(),
            not_within: query.not_within.iter().map(channel).collect(),
            from: query.from.iter().map(user).collect(),
            not_from: query.not_from.iter().map(user).collect(),
        }
    }

    /// Whether channels were named, and have fewer posts than that.
    fn are_few_within(&self, others: impl FnOnce() -> usize) -> bool {
        let named = self.within.iter().map(|id| self.t.posts.how_many_in(id));
        !self.within.is_empty() && named.sum::<usize>() < others()
    }

    fn wants(&self, place: Place) -> bool {
        self.t
            .posts
            .at(place)
            .is_some_and(|post| self.wants_post(post))
    }

    fn wants_post(&self, post: &Post) -> bool {
        let listed = |list: &HashSet<&str>, id: &str| list.is_empty() || list.contains(id);
        listed(&self.from, &post.user_id)
            && !self.not_from.contains(post.user_id.as_str())
            && self.query.allows_time(post.create_at)
            && !post.r#type.starts_with("system_")
            && self.wants_channel(&post.channel_id)
            && self.query.allows_text(&post.message, &post.hashtags)
    }

    fn wants_channel(&self, id: &str) -> bool {
        let listed = self.within.is_empty() || self.within.contains(id);
        let Some(channel) = self.t.channels.get(id) else {
            return false;
        };
        listed
            && !self.not_within.contains(id)
            && (channel.team_id == self.scope.team || channel.team_id.is_empty())
            && (self.scope.archived || channel.delete_at == 0)
            && self
                .scope
                .member
                .is_none_or(|user| self.t.channels.has_member(id, user))
    }

    /// Where no word says where to look: the newest posts of each channel that is wanted.
    fn without_words(&self, limit: usize) -> Vec<Place> {
        let wanted = self.t.channels.ids().filter(|id| self.wants_channel(id));
        let newest = wanted.flat_map(|id| {
            let places = self.t.posts.places(id).rev();
            places.filter(|place| self.wants(*place)).take(limit)
        });
        let newest: BTreeSet<_> = newest.collect();
        newest.into_iter().rev().take(limit).collect()
    }
}
