//! Finding posts by what is in them.

use serde_json::{Value, json};

use crate::channels::{channel, member};
use crate::posts::Place;
use crate::teams::{channel_named, team};
use crate::users::user;

fn found(answer: &Value) -> Vec<&str> {
    let posts = answer["posts"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    posts
        .iter()
        .map(|post| post["message"].as_str().unwrap())
        .collect()
}

#[test]
fn search_in_a_team() {
    let p = Place::new();
    let bob = user(&p.w, "bob");
    let other = channel(&p.w, &p.team, "bb");
    p.post(json!({"message": "wide world one", "create_at": 1_704_067_200_000_i64}));
    p.post(json!({"message": "world two #tag", "create_at": 1_704_153_600_000_i64, "user_id": bob, "channel_id": other}));
    let gone = p.id(json!({"message": "world gone"}));
    p.w.ok("DeletePost", json!({ "post_id": gone }));
    let elsewhere = team(&p.w, "two");
    p.post(json!({"message": "world elsewhere", "channel_id": channel_named(&p.w, &elsewhere, "town-square")}));
    let search = |params: Value| {
        p.w.ok(
            "SearchPostsInTeam",
            json!({"team_id": p.team, "params_list": params}),
        )
    };
    assert_eq!(
        found(&search(json!([{"terms": "World"}]))),
        ["world two #tag", "wide world one"]
    );
    assert_eq!(
        found(&search(json!([{"terms": "one"}, {"terms": "two"}]))),
        ["world two #tag", "wide world one"]
    );
    assert_eq!(found(&search(json!([{"terms": "one two"}]))), [""; 0]);
    assert_eq!(
        found(&search(json!([{"terms": "one two", "is_or_search": true}]))),
        ["world two #tag", "wide world one"]
    );
    assert_eq!(
        found(&search(json!([{"terms": "\"wide world\""}]))),
        ["wide world one"]
    );
    assert_eq!(
        found(&search(json!([{"terms": "wor* -one"}]))),
        ["world two #tag"]
    );
    assert_eq!(
        found(&search(json!([{"terms": "#tag"}]))),
        ["world two #tag"]
    );
    assert_eq!(
        found(&search(json!([{"terms": "world", "in_channels": ["bb"]}]))),
        ["world two #tag"]
    );
    assert_eq!(
        found(&search(
            json!([{"terms": "world", "excluded_channels": [other]}])
        )),
        ["wide world one"]
    );
    assert_eq!(
        found(&search(json!([{"terms": "world", "from_users": [bob]}]))),
        ["world two #tag"]
    );
    assert_eq!(
        found(&search(
            json!([{"terms": "world", "excluded_users": ["bob"]}])
        )),
        ["wide world one"]
    );
    assert_eq!(
        found(&search(
            json!([{"terms": "world", "excluded_dates": ["2024-01-01"]}])
        )),
        ["world two #tag"]
    );
    assert_eq!(
        found(&search(
            json!([{"terms": "world", "excluded_after_date": ["2024-01-01"]}])
        )),
        ["wide world one"]
    );
    assert_eq!(
        found(&search(
            json!([{"terms": "world", "excluded_before_date": ["2024-01-02"]}])
        )),
        ["world two #tag"]
    );
    assert_eq!(
        found(&search(
            json!([{"terms": "*"}, {"terms": "joined"}, {"terms": "gone"}, {"terms": "world", "page": 1}])
        )),
        [""; 0]
    );
    assert_eq!(found(&search(json!([]))), [""; 0]);
    p.w.ok("DeleteChannel", json!({ "channel_id": other }));
    assert_eq!(
        found(&search(json!([{"terms": "world"}]))),
        ["wide world one"]
    );
    assert_eq!(
        found(&search(
            json!([{"terms": "world", "include_deleted_channels": true}])
        ))
        .len(),
        2
    );
    for _ in 0..101 {
        p.post(json!({"message": "many"}));
    }
    assert_eq!(found(&search(json!([{"terms": "many"}]))).len(), 100);
    p.w.memory
        .configure(|config| config["ServiceSettings"]["EnablePostSearch"] = false.into());
    p.w.refuses(
        "SearchPostsInTeam",
        json!({"team_id": p.team}),
        "store.sql_post.search.disabled",
        501,
    );
    p.w.refuses(
        "SearchPostsInTeamForUser",
        json!({"team_id": p.team}),
        "store.sql_post.search.disabled",
        501,
    );
}

#[test]
fn search_for_a_user() {
    let p = Place::new();
    let bob = member(&p.w, &p.team, "bob");
    let other = channel(&p.w, &p.team, "bb");
    p.post(json!({"message": "world one", "create_at": 1_672_531_200_000_i64}));
    p.post(json!({"message": "world two", "user_id": bob}));
    p.post(json!({"message": "world hidden", "channel_id": other}));
    let messages = |terms: &str, user: &str| -> Vec<String> {
        let request =
            json!({"team_id": p.team, "user_id": user, "search_params": {"terms": terms}});
        let results = p.w.ok("SearchPostsInTeamForUser", request)["results"].clone();
        let order = results["order"].as_array().cloned().unwrap_or_default();
        order
            .iter()
            .map(|id| {
                results["posts"][id.as_str().unwrap()]["message"]
                    .as_str()
                    .unwrap()
                    .to_owned()
            })
            .collect()
    };
    assert_eq!(messages("world", &p.alice), ["world two", "world one"]);
    assert!(messages("world", &bob).is_empty());
    assert_eq!(messages("from:bob", &p.alice), ["world two"]);
    assert_eq!(messages("world -from:bob", &p.alice), ["world one"]);
    assert_eq!(messages("world on:2023-01-01", &p.alice), ["world one"]);
    assert_eq!(messages("world after:2023-01-01", &p.alice), ["world two"]);
    assert_eq!(
        messages("world in:aa before:2023-01-02", &p.alice),
        ["world one"]
    );
    assert!(messages("world in:bb", &p.alice).is_empty());
    assert!(messages("world from:nobody", &p.alice).is_empty());
    assert!(messages("", &p.alice).is_empty() && messages("*", &p.alice).is_empty());
    p.w.fired();
    assert!(messages("in:@bob", &p.alice).is_empty());
    assert_eq!(p.w.fired_names(), ["ChannelHasBeenCreated"]);
    assert!(messages("in:@bob", &p.alice).is_empty());
    assert!(p.w.fired().is_empty());
    let limited = json!({"team_id": p.team, "user_id": p.alice, "search_params": {"terms": "world", "per_page": 1}});
    let limited = p.w.ok("SearchPostsInTeamForUser", limited);
    assert_eq!(
        limited["results"]["order"].as_array().map(Vec::len),
        Some(1)
    );
    assert_eq!(limited["results"]["matches"], Value::Null);
    p.w.answers(
        "SearchPostsInTeamForUser",
        json!({"team_id": p.team, "user_id": p.alice}),
        json!({"results": {"order": []}}),
    );
}
