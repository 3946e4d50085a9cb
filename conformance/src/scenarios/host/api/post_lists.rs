//! Posts in lists: pages of a channel, and what a search finds.

use serde_json::{Value, json};

use super::posts::place;
use super::story::{Story, UNKNOWN, each};
use crate::case::Case;
use crate::scenario::{ScenarioResult, scenarios};

scenarios! {
    Host, Api;
    /// Pages of a channel.
    "host/api/post-pages" => pages: ["AP-231", "AP-232", "AP-233"];
    /// Posts are searched.
    "host/api/search" => search: ["AP-235"];
}

async fn pages(case: &mut Case) -> ScenarioResult {
    let story = Story::begin(case, ["OnActivate"]).await?;
    let (_, channel, ada) = place(&story).await?;
    let mut ids = Vec::new();
    for at in 1..=5 {
        ids.push(
            story
                .post((&ada, &channel), json!({ "create_at": at }))
                .await?,
        );
    }
    let gone = story
        .post((&ada, &channel), json!({"create_at": 6}))
        .await?;
    story.did("DeletePost", json!({ "post_id": gone })).await?;
    let of = |ats: &[usize]| -> Value { ats.iter().map(|at| ids[*at - 1].clone()).collect() };

    let rule = story.rule("AP-231", "wrong-page");
    for (page, per_page, expected) in [
        (0, 2, of(&[5, 4])),
        (1, 2, of(&[3, 2])),
        (2, 2, of(&[1])),
        (3, 2, of(&[])),
        (0, 0, of(&[])),
    ] {
        let request = json!({"channel_id": channel, "page": page, "per_page": per_page});
        rule.answers(
            "GetPostsForChannel",
            request,
            json!({"post_list": {"order": expected}}),
        )
        .await?;
    }
    let too_many = json!({"channel_id": channel, "per_page": 1001});
    rule.refuses(
        "GetPostsForChannel",
        too_many,
        ("app.post.get_posts.app_error", 400),
    )
    .await?;
    let unknown = json!({"channel_id": UNKNOWN, "per_page": 9});
    rule.answers(
        "GetPostsForChannel",
        unknown,
        json!({"post_list": {"order": []}}),
    )
    .await?;

    let rule = story.rule("AP-232", "wrong-page");
    let around = |at: usize, page: i64, per_page: i64| json!({"channel_id": channel, "post_id": ids[at - 1], "page": page, "per_page": per_page});
    let list = |order: Value| json!({"post_list": {"order": order}});
    rule.answers("GetPostsAfter", around(1, 0, 2), list(of(&[3, 2])))
        .await?;
    rule.answers("GetPostsAfter", around(1, 1, 2), list(of(&[5, 4])))
        .await?;
    rule.answers("GetPostsBefore", around(5, 0, 2), list(of(&[4, 3])))
        .await?;
    rule.answers("GetPostsBefore", around(5, 1, 2), list(of(&[2, 1])))
        .await?;
    for method in ["GetPostsAfter", "GetPostsBefore"] {
        rule.answers(method, around(3, 0, 0), list(json!([])))
            .await?;
        rule.refuses(
            method,
            around(3, -1, 2),
            ("app.post.get_posts_around.get.app_error", 400),
        )
        .await?;
    }

    let rule = story.rule("AP-233", "wrong-list");
    let since = json!({"channel_id": channel, "time": 4});
    let answer = rule
        .answers(
            "GetPostsSince",
            since,
            json!({"post_list": {"order": [gone, ids[4]]}}),
        )
        .await?;
    let marked = answer["post_list"]["posts"][&gone]["delete_at"].as_i64() > Some(0);
    rule.holds(
        "GetPostsSince",
        marked,
        "deleted posts are there, with delete_at",
        answer.to_string(),
    );
    story.end().await
}

async fn search(case: &mut Case) -> ScenarioResult {
    let story = Story::begin(case, ["OnActivate"]).await?;
    let team = story.team("one").await?;
    let ada = story.member(&team, "ada").await?;
    let (inside, outside) = (
        story.channel(&team, "inside").await?,
        story.channel(&team, "outside").await?,
    );
    story
        .did(
            "AddChannelMember",
            json!({"channel_id": inside, "user_id": ada}),
        )
        .await?;
    let mut ids = Vec::new();
    for (at, (channel, message)) in [
        (&inside, "green tea"),
        (&inside, "black tea"),
        (&outside, "tea leaves"),
        (&inside, "tea gone"),
    ]
    .into_iter()
    .enumerate()
    {
        ids.push(
            story
                .post(
                    (&ada, channel),
                    json!({"message": message, "create_at": at + 1}),
                )
                .await?,
        );
    }
    story.did("DeletePost", json!({"post_id": ids[3]})).await?;
    let rule = story.rule("AP-235", "wrong-search");
    let answer = rule
        .answers(
            "SearchPostsInTeam",
            json!({"team_id": team, "params_list": [{"terms": "tea"}]}),
            json!({}),
        )
        .await?;
    rule.same(
        "SearchPostsInTeam",
        "posts of all channels, newest first",
        &json!([ids[2], ids[1], ids[0]]),
        &each(&answer["posts"], "id"),
    );
    rule.answers(
        "SearchPostsInTeam",
        json!({ "team_id": team }),
        json!({"posts": []}),
    )
    .await?;
    let mine =
        |terms: &str| json!({"team_id": team, "user_id": ada, "search_params": {"terms": terms}});
    for (terms, expected) in [
        ("tea", json!([ids[1], ids[0]])),
        ("tea -green", json!([ids[1]])),
        ("tea from:ada in:inside", json!([ids[1], ids[0]])),
        ("\"green tea\"", json!([ids[0]])),
        ("coffee", json!([])),
    ] {
        rule.answers(
            "SearchPostsInTeamForUser",
            mine(terms),
            json!({"results": {"order": expected}}),
        )
        .await?;
    }
    story.end().await
}
