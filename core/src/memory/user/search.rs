//! Search for users: words of names and addresses that begin so.

use std::sync::Arc;

use plugin_proto::Methods;
use plugin_proto::pb::{SearchUsersRequest, SearchUsersResponse, User};

use crate::ids::PluginId;
use crate::memory::user::rules::profile;
use crate::memory::{Refusal, Store, Tables, handlers};

/// How many are found when nothing is said.
const DEFAULT_LIMIT: usize = 100;

pub(super) fn register(methods: &mut Methods, store: &Arc<Store>, caller: &PluginId) {
    handlers!(methods, store, caller;
        SearchUsers => search,
    );
}

fn search(
    t: &mut Tables,
    _: &PluginId,
    r: SearchUsersRequest,
) -> Result<SearchUsersResponse, Refusal> {
    let term = r.term.trim().to_lowercase();
    let words: Vec<_> = term
        .split_whitespace()
        .map(|word| word.trim_start_matches('@'))
        .collect();
    let in_team = |id: &str| r.team_id.is_empty() || t.teams.has_member(&r.team_id, id);
    // The first of these that is said is the one that counts.
    let among = |id: &str| {
        if r.without_team {
            !t.teams.is_in_any(id)
        } else if !r.in_channel_id.is_empty() {
            t.channels.has_member(&r.in_channel_id, id)
        } else if !r.not_in_channel_id.is_empty() {
            in_team(id) && !t.channels.has_member(&r.not_in_channel_id, id)
        } else if !r.not_in_team_id.is_empty() {
            !t.teams.has_member(&r.not_in_team_id, id)
        } else {
            in_team(id)
        }
    };
    let limit = usize::try_from(r.limit).ok().filter(|limit| *limit > 0);
    let wanted = |user: &&User| {
        (r.allow_inactive || user.delete_at == 0)
            && words.iter().all(|word| matches(user, word))
            && among(&user.id)
    };
    let found = t
        .users
        .by_name()
        .filter(wanted)
        .take(limit.unwrap_or(DEFAULT_LIMIT));
    Ok(SearchUsersResponse {
        users: found.cloned().map(profile).collect(),
        error: None,
    })
}

fn matches(user: &User, word: &str) -> bool {
    let texts = [
        &user.username,
        &user.first_name,
        &user.last_name,
        &user.nickname,
        &user.email,
    ];
    let begins = |text: &&String| {
        let text = text.to_lowercase();
        text.starts_with(word) || text.split_whitespace().any(|part| part.starts_with(word))
    };
    texts.iter().any(begins)
}
