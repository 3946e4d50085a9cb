//! Laws: whatever is done with posts, channels and members, the server agrees with a model that is a list.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::channels::{channel, member};
use crate::teams::team;
use crate::world::World;

/// One thing that may happen to the posts of a channel; numbers choose among the posts so far.
#[derive(Debug, Clone)]
enum Step {
    Post { at: i64 },
    Reply { to: usize, at: i64 },
    Edit { which: usize },
    Delete { which: usize },
}

/// What the model remembers of a post.
#[derive(Debug, Clone)]
struct Known {
    id: String,
    root: Option<usize>,
    at: i64,
    message: String,
    live: bool,
}

fn step() -> impl Strategy<Value = Step> {
    // Few times, so that some are the same.
    let at = 1..20_i64;
    prop_oneof![
        3 => at.clone().prop_map(|at| Step::Post { at }),
        3 => (any::<prop::sample::Index>(), at).prop_map(|(to, at)| Step::Reply { to: to.index(1000), at }),
        1 => any::<prop::sample::Index>().prop_map(|which| Step::Edit { which: which.index(1000) }),
        2 => any::<prop::sample::Index>().prop_map(|which| Step::Delete { which: which.index(1000) }),
    ]
}

/// The posts of a channel, newest first; of those of one time the one that was made last.
fn newest_first(model: &[Known]) -> Vec<&Known> {
    let mut live: Vec<_> = model.iter().filter(|post| post.live).collect();
    live.sort_by_key(|post| post.at);
    // The sort is stable: equal times stay in the order in which they were made.
    live.reverse();
    live
}

fn order(list: &Value) -> Vec<&str> {
    let order = list["post_list"]["order"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    order.iter().map(|id| id.as_str().unwrap()).collect()
}

fn play(w: &World, user: &str, channel: &str, model: &mut Vec<Known>, step: &Step) {
    let add = |root: Option<usize>, at: i64, model: &mut Vec<Known>| {
        let message = format!("word{} number{}", at, model.len());
        let root_id = root.map(|root| model[root].id.clone()).unwrap_or_default();
        let given = json!({"user_id": user, "channel_id": channel, "root_id": root_id, "create_at": at, "message": message});
        let id = w.ok("CreatePost", json!({ "post": given }))["post"]["id"]
            .as_str()
            .unwrap()
            .to_owned();
        model.push(Known {
            id,
            root,
            at,
            message,
            live: true,
        });
    };
    let live: Vec<_> = (0..model.len()).filter(|at| model[*at].live).collect();
    let choose = |number: usize| live.get(number % live.len().max(1)).copied();
    match step {
        Step::Post { at } => add(None, *at, model),
        Step::Reply { to, at } => {
            if let Some(to) = choose(*to) {
                let root = model[to].root.unwrap_or(to);
                add(Some(root), *at, model);
            }
        }
        Step::Edit { which } => {
            if let Some(which) = choose(*which) {
                let post = &mut model[which];
                post.message = format!("{} edited", post.message);
                w.ok(
                    "UpdatePost",
                    json!({"post": {"id": post.id, "message": post.message}}),
                );
            }
        }
        Step::Delete { which } => {
            if let Some(which) = choose(*which) {
                w.ok("DeletePost", json!({"post_id": model[which].id}));
                for (at, post) in model.iter_mut().enumerate() {
                    post.live &= at != which && post.root != Some(which);
                }
            }
        }
    }
}

/// Whether a word is one that is searched for.
type Wanted = Box<dyn Fn(&str) -> bool>;

fn agree(w: &World, team: &str, channel: &str, model: &[Known]) {
    let newest = newest_first(model);
    let ids: Vec<_> = newest.iter().map(|post| post.id.as_str()).collect();
    for per_page in [1_usize, 3, 50] {
        for page in 0..3 {
            let request = json!({"channel_id": channel, "page": page, "per_page": per_page});
            let list = w.ok("GetPostsForChannel", request);
            let expected: Vec<_> = ids
                .iter()
                .skip(page * per_page)
                .take(per_page)
                .copied()
                .collect();
            assert_eq!(order(&list), expected);
        }
    }
    for (at, post) in model.iter().enumerate() {
        if !post.live {
            w.refuses(
                "GetPost",
                json!({"post_id": post.id}),
                "app.post.get.app_error",
                404,
            );
            continue;
        }
        let root = post.root.unwrap_or(at);
        let replies = model
            .iter()
            .filter(|other| other.live && other.root == Some(root))
            .count();
        w.answers(
            "GetPost",
            json!({"post_id": post.id}),
            json!({"post": {"message": post.message, "reply_count": replies}}),
        );
        let thread = w.ok("GetPostThread", json!({"post_id": post.id}));
        assert_eq!(
            (order(&thread).len(), order(&thread)[0]),
            (replies + 1, post.id.as_str())
        );
        let around = |method: &str| {
            w.ok(
                method,
                json!({"channel_id": channel, "post_id": post.id, "per_page": 50}),
            )
        };
        let of = |wanted: &dyn Fn(&Known) -> bool| -> Vec<&str> {
            newest
                .iter()
                .filter(|other| wanted(other))
                .map(|other| other.id.as_str())
                .collect()
        };
        assert_eq!(
            order(&around("GetPostsAfter")),
            of(&|other| other.at > post.at)
        );
        assert_eq!(
            order(&around("GetPostsBefore")),
            of(&|other| other.at < post.at)
        );
    }
    let word = |wanted: &'static str| move |word: &str| word == wanted;
    let beginning = |wanted: &'static str| move |word: &str| word.starts_with(wanted);
    let searches: [(&str, Wanted); 7] = [
        ("word7", Box::new(word("word7"))),
        ("edited", Box::new(word("edited"))),
        ("number1", Box::new(word("number1"))),
        ("number1*", Box::new(beginning("number1"))),
        ("w*", Box::new(beginning("w"))),
        ("edited in:aa", Box::new(word("edited"))),
        ("in:aa", Box::new(|_| true)),
    ];
    for (terms, wanted) in searches {
        let found = w.ok(
            "SearchPostsInTeam",
            json!({"team_id": team, "params_list": [{"terms": terms}]}),
        );
        let found: Vec<_> = found["posts"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default()
            .iter()
            .map(|post| post["id"].as_str().unwrap())
            .collect();
        let has = |post: &&&Known| post.message.split(' ').any(&wanted);
        let expected: Vec<_> = newest
            .iter()
            .filter(has)
            .map(|post| post.id.as_str())
            .collect();
        assert_eq!(found, expected, "{terms}");
    }
}

/// One thing that may happen to members, by numbers of users and channels.
#[derive(Debug, Clone)]
enum Move {
    Join { user: usize, channel: usize },
    Leave { user: usize, channel: usize },
    JoinTeam { user: usize },
    LeaveTeam { user: usize },
}

fn moves() -> impl Strategy<Value = Move> {
    let (user, channel) = (0..3_usize, 0..2_usize);
    prop_oneof![
        3 => (user.clone(), channel.clone()).prop_map(|(user, channel)| Move::Join { user, channel }),
        2 => (user.clone(), channel).prop_map(|(user, channel)| Move::Leave { user, channel }),
        2 => user.clone().prop_map(|user| Move::JoinTeam { user }),
        1 => user.prop_map(|user| Move::LeaveTeam { user }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn posts_agree_with_a_list(steps in prop::collection::vec(step(), 1..24)) {
        let w = World::new();
        let team = team(&w, "one");
        let user = member(&w, &team, "alice");
        let channel = channel(&w, &team, "aa");
        let mut model = Vec::new();
        for step in &steps {
            play(&w, &user, &channel, &mut model, step);
        }
        agree(&w, &team, &channel, &model);
    }

    #[test]
    fn members_agree_with_flags(moves in prop::collection::vec(moves(), 1..40)) {
        let w = World::new();
        let team = team(&w, "one");
        let users: Vec<_> = ["alice", "bob", "carl"].iter().map(|name| crate::users::user(&w, name)).collect();
        let channels = [channel(&w, &team, "aa"), channel(&w, &team, "bb")];
        // Who is in the team: never, now, no more.
        let mut in_team = [None::<bool>; 3];
        let mut inside = [[false; 2]; 3];
        for step in &moves {
            match *step {
                Move::Join { user, channel } => {
                    let request = json!({"channel_id": channels[channel], "user_id": users[user]});
                    match in_team[user] {
                        _ if inside[user][channel] => drop(w.ok("AddChannelMember", request)),
                        None => w.refuses("AddChannelMember", request, "app.team.get_member.missing.app_error", 404),
                        Some(false) => w.refuses("AddChannelMember", request, "api.channel.add_user.to.channel.failed.deleted.app_error", 400),
                        Some(true) => {
                            w.ok("AddChannelMember", request);
                            inside[user][channel] = true;
                        }
                    }
                }
                Move::Leave { user, channel } => {
                    let request = json!({"channel_id": channels[channel], "user_id": users[user]});
                    match inside[user][channel] {
                        true => drop(w.ok("DeleteChannelMember", request)),
                        false => w.refuses("DeleteChannelMember", request, "app.channel.get_member.missing.app_error", 404),
                    }
                    inside[user][channel] = false;
                }
                Move::JoinTeam { user } => {
                    w.ok("CreateTeamMember", json!({"team_id": team, "user_id": users[user]}));
                    in_team[user] = Some(true);
                }
                Move::LeaveTeam { user } => {
                    let request = json!({"team_id": team, "user_id": users[user]});
                    match in_team[user] {
                        None => w.refuses("DeleteTeamMember", request, "api.team.remove_user_from_team.missing.app_error", 400),
                        Some(_) => {
                            w.ok("DeleteTeamMember", request);
                            in_team[user] = Some(false);
                            inside[user] = [false; 2];
                        }
                    }
                }
            }
        }
        for (at, channel) in channels.iter().enumerate() {
            let mut expected: Vec<_> = (0..3).filter(|user| inside[*user][at]).map(|user| &users[user]).collect();
            expected.sort_unstable();
            let expected: Vec<_> = expected.into_iter().map(|id| json!({"user_id": id})).collect();
            w.answers("GetChannelMembers", json!({ "channel_id": channel }), json!({ "channel_members": expected }));
            w.answers("GetChannelStats", json!({ "channel_id": channel }), json!({"channel_stats": {"member_count": expected.len()}}));
        }
        let live = in_team.iter().filter(|state| **state == Some(true)).count();
        w.answers("GetTeamStats", json!({ "team_id": team }), json!({"team_stats": {"total_member_count": live}}));
    }
}
