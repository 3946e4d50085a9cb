//! Bots and commands.

use fake_interpreters::script::{Answer, InBand};
use serde_json::{Value, json};

use super::story::{Story, UNKNOWN, each, text, with};
use super::users::NO_USER;
use crate::case::Case;
use crate::scenario::{ScenarioResult, scenarios};

scenarios! {
    Host, Api;
    /// Bots are made, changed and switched off.
    "host/api/bots" => bots: ["AP-249", "AP-250"];
    /// Commands of plugins are registered and executed.
    "host/api/commands" => commands: ["AP-251", "AP-252"], deadline(90);
    /// Custom commands.
    "host/api/custom-commands" => custom: ["AP-253"];
}

/// No bot has that id.
const NO_BOT: (&str, i64) = ("store.sql_bot.get.missing.app_error", 404);

async fn bots(case: &mut Case) -> ScenarioResult {
    let story = Story::begin(case, ["UserHasBeenCreated"]).await?;
    let ada = story.user("ada").await?;
    let rule = story.rule("AP-249", "wrong-bot");
    let bot = |rest: Value| json!({"bot": with(json!({"username": "bee"}), rest)});
    let expected = json!({"bot": {"username": "bee", "owner_id": story.plugin.id, "delete_at": 0, "display_name": "Bee"}});
    let made = rule
        .answers(
            "CreateBot",
            bot(json!({"display_name": "Bee"})),
            expected.clone(),
        )
        .await?;
    let id = text(&made["bot"]["user_id"]);
    rule.answers("GetBot", json!({ "bot_user_id": id }), expected)
        .await?;
    rule.answers(
        "GetUser",
        json!({ "user_id": id }),
        json!({"user": {"username": "bee", "first_name": "Bee", "is_bot": true}}),
    )
    .await?;
    rule.refuses_somehow("CreateBot", bot(json!({}))).await?;
    rule.refuses(
        "CreateBot",
        bot(json!({"username": "ada"})),
        ("app.user.save.username_exists.app_error", 400),
    )
    .await?;
    rule.refuses(
        "CreateBot",
        bot(json!({"username": "MyBot"})),
        ("model.bot.is_valid.username.app_error", 400),
    )
    .await?;
    rule.refuses(
        "CreateBot",
        bot(json!({"username": "wasp", "owner_id": id})),
        ("plugin_api.bot_cant_create_bot", 400),
    )
    .await?;
    rule.refuses("GetBot", json!({ "bot_user_id": ada }), NO_BOT)
        .await?;
    let patch = json!({"bot_user_id": id, "bot_patch": {"description": "hums"}});
    rule.answers(
        "PatchBot",
        patch,
        json!({"bot": {"description": "hums", "display_name": "Bee", "username": "bee"}}),
    )
    .await?;
    rule.refuses(
        "PatchBot",
        json!({"bot_user_id": ada, "bot_patch": {}}),
        NO_BOT,
    )
    .await?;
    rule.answers("GetBots", json!({}), json!({"bots": []}))
        .await?;
    let mine = json!({"options": {"per_page": 9}});
    rule.answers("GetBots", mine.clone(), json!({"bots": [{"user_id": id}]}))
        .await?;
    story
        .did(
            "UpdateBotActive",
            json!({"bot_user_id": id, "active": false}),
        )
        .await?;
    rule.refuses("GetBot", json!({ "bot_user_id": id }), NO_BOT)
        .await?;
    let found = rule
        .answers(
            "GetBot",
            json!({"bot_user_id": id, "include_deleted": true}),
            json!({}),
        )
        .await?;
    rule.holds(
        "GetBot",
        found["bot"]["delete_at"].as_i64() > Some(0),
        "a bot with delete_at",
        found.to_string(),
    );
    rule.answers("GetBots", mine, json!({"bots": []})).await?;
    rule.answers(
        "UpdateBotActive",
        json!({"bot_user_id": id, "active": true}),
        json!({"bot": {"delete_at": 0}}),
    )
    .await?;
    rule.refuses("UpdateBotActive", json!({"bot_user_id": UNKNOWN}), NO_USER)
        .await?;

    let ensured = story.rule("AP-250", "wrong-own-bot");
    let ensure = |name: &str| json!({"bot": {"username": name, "owner_id": ada}});
    ensured
        .answers(
            "EnsureBotUser",
            ensure("ada"),
            json!({ "bot_user_id": ada }),
        )
        .await?;
    let own = ensured
        .answers("EnsureBotUser", ensure("helper"), json!({}))
        .await?;
    let own = text(&own["bot_user_id"]);
    ensured.holds(
        "EnsureBotUser",
        own.len() == 26 && own != ada,
        "the id of a new bot",
        own.clone(),
    );
    ensured
        .answers(
            "GetBot",
            json!({ "bot_user_id": own }),
            json!({"bot": {"owner_id": story.plugin.id, "username": "helper"}}),
        )
        .await?;
    ensured
        .answers(
            "EnsureBotUser",
            ensure("renamed"),
            json!({ "bot_user_id": own }),
        )
        .await?;
    ensured
        .answers(
            "GetBot",
            json!({ "bot_user_id": own }),
            json!({"bot": {"username": "renamed"}}),
        )
        .await?;
    story.did("KVDeleteAll", json!({})).await?;
    ensured
        .answers(
            "EnsureBotUser",
            ensure("renamed"),
            json!({ "bot_user_id": own }),
        )
        .await?;
    ensured
        .refuses_somehow("EnsureBotUser", json!({"bot": {}}))
        .await?;
    story.end().await
}

async fn commands(case: &mut Case) -> ScenarioResult {
    let story = Story::begin(case, ["MessageHasBeenPosted"]).await?;
    let team = story.team("one").await?;
    let channel = story.channel(&team, "place").await?;
    let ada = story.member(&team, "ada").await?;
    let run = |line: &str| json!({"command_args": {"user_id": ada, "channel_id": channel, "team_id": team, "command": line}});
    let register =
        |trigger: &str| json!({"command": {"trigger": trigger, "auto_complete_desc": trigger}});
    let rule = story.rule("AP-251", "wrong-execution");
    let answer =
        Answer::Value(json!({"response": {"response_type": "in_channel", "text": "a cup"}}));
    let own = story.another("tea", [("ExecuteCommand", answer)]).await?;
    let its = super::door::Door::open(&own).await?;
    its.call("RegisterCommand", &register("Tea")).await?;
    let answered = rule
        .answers(
            "ExecuteSlashCommand",
            run("/TEA please"),
            json!({"response": {"text": "a cup", "response_type": "in_channel"}}),
        )
        .await?;
    let asked = story.fired(&own, "ExecuteCommand", 1).await?;
    let arrived = asked.len() == 1
        && asked[0]["args"]["command"] == "/TEA please"
        && asked[0]["args"]["user_id"] == ada;
    rule.holds(
        "ExecuteSlashCommand",
        arrived,
        "ExecuteCommand with the line",
        format!("{asked:?}"),
    );
    let ticket = asked
        .first()
        .is_some_and(|asked| asked["args"]["trigger_id"].is_string());
    rule.holds(
        "ExecuteSlashCommand",
        ticket,
        "ExecuteCommand with a trigger id",
        answered.to_string(),
    );
    let told = rule
        .fires("ExecuteSlashCommand", "MessageHasBeenPosted", 3)
        .await?;
    let posted = told
        .iter()
        .any(|told| told["post"]["message"] == "a cup" && told["post"]["channel_id"] == channel);
    rule.holds(
        "ExecuteSlashCommand",
        posted,
        "the response is posted in the channel",
        format!("{told:?}"),
    );
    let not_found = ("api.command.execute_command.not_found.app_error", 404);
    rule.refuses("ExecuteSlashCommand", run("/no-such-command"), not_found)
        .await?;
    rule.refuses(
        "ExecuteSlashCommand",
        run("tea"),
        ("api.command.execute_command.format.app_error", 400),
    )
    .await?;
    rule.refuses(
        "ExecuteSlashCommand",
        json!({"command_args": {"user_id": UNKNOWN, "command": "/tea"}}),
        NO_USER,
    )
    .await?;
    rule.refuses_somehow("RegisterCommand", register(""))
        .await?;

    let shared = story.rule("AP-252", "wrong-owner");
    let error = Answer::Error(InBand {
        id: "no.milk".to_owned(),
        message: "none left".to_owned(),
        status_code: 418,
        place: "milk".to_owned(),
        ..InBand::default()
    });
    let milk = story.another("milk", [("ExecuteCommand", error)]).await?;
    let milks = super::door::Door::open(&milk).await?;
    milks.call("RegisterCommand", &register("tea")).await?;
    shared
        .answers(
            "ExecuteSlashCommand",
            run("/tea"),
            json!({"response": {"text": "a cup"}}),
        )
        .await?;
    let listed = shared
        .answers("ListPluginCommands", json!({ "team_id": team }), json!({}))
        .await?;
    shared.same(
        "ListPluginCommands",
        "triggers, each once",
        &json!(["tea"]),
        &each(&listed["commands"], "trigger"),
    );
    milks.call("RegisterCommand", &register("milk")).await?;
    shared
        .refuses("ExecuteSlashCommand", run("/milk"), ("no.milk", 418))
        .await?;
    // Anybody may take anybody's command away.
    story
        .did("UnregisterCommand", json!({"trigger": "tea"}))
        .await?;
    story
        .did("UnregisterCommand", json!({"trigger": "tea"}))
        .await?;
    let listed = shared
        .answers("ListPluginCommands", json!({ "team_id": team }), json!({}))
        .await?;
    shared.same(
        "UnregisterCommand",
        "triggers that are left",
        &json!(["milk"]),
        &each(&listed["commands"], "trigger"),
    );
    shared
        .refuses("ExecuteSlashCommand", run("/tea"), not_found)
        .await?;
    story.end().await
}

async fn custom(case: &mut Case) -> ScenarioResult {
    let story = Story::begin(case, ["OnActivate"]).await?;
    let team = story.team("one").await?;
    let rule = story.rule("AP-253", "wrong-command");
    let given = |rest: Value| json!({"cmd": with(json!({"team_id": team, "trigger": "Tea", "url": "http://x", "method": "P", "creator_id": UNKNOWN}), rest)});
    let made = rule
        .answers(
            "CreateCommand",
            given(json!({})),
            json!({"command": {"trigger": "tea", "creator_id": "", "plugin_id": story.plugin.id}}),
        )
        .await?;
    let id = text(&made["command"]["id"]);
    rule.answers(
        "GetCommand",
        json!({ "command_id": id }),
        json!({"command": {"trigger": "tea", "token": made["command"]["token"]}}),
    )
    .await?;
    rule.refuses(
        "CreateCommand",
        given(json!({})),
        ("api.command.duplicate_trigger.app_error", 400),
    )
    .await?;
    rule.refuses(
        "CreateCommand",
        given(json!({"trigger": "/x"})),
        ("model.command.is_valid.trigger.app_error", 400),
    )
    .await?;
    rule.refuses(
        "CreateCommand",
        given(json!({"trigger": "x", "url": "x"})),
        ("model.command.is_valid.url_http.app_error", 400),
    )
    .await?;
    rule.refuses(
        "CreateCommand",
        given(json!({"id": "x"})),
        ("app.command.createcommand.internal_error", 500),
    )
    .await?;
    let change = json!({"command_id": id, "updated_cmd": {"trigger": "Milk", "url": "https://y", "method": "G"}});
    rule.answers("UpdateCommand", change, json!({"command": {"id": id, "trigger": "milk", "team_id": team, "token": made["command"]["token"]}})).await?;
    let listed = rule
        .answers("ListCustomCommands", json!({ "team_id": team }), json!({}))
        .await?;
    rule.same(
        "ListCustomCommands",
        "triggers",
        &json!(["milk"]),
        &each(&listed["commands"], "trigger"),
    );
    rule.answers(
        "ListCustomCommands",
        json!({ "team_id": UNKNOWN }),
        json!({"commands": []}),
    )
    .await?;
    story
        .did("DeleteCommand", json!({ "command_id": id }))
        .await?;
    rule.refuses_somehow("GetCommand", json!({ "command_id": id }))
        .await?;
    rule.answers("DeleteCommand", json!({ "command_id": UNKNOWN }), json!({}))
        .await?;
    story.end().await
}
