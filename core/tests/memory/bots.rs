//! Bots.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::users::user;
use crate::world::{BEGINNING, World};

const NO_BOT: &str = "store.sql_bot.get.missing.app_error";
const PLAIN: &str = "plugin.api.error.app_error";

#[test]
fn bots() {
    let w = World::new();
    let alice = user(&w, "alice");
    w.fired();
    let made = w.answers(
        "CreateBot",
        json!({"bot": {"username": "bee", "display_name": "Bee", "description": "d"}}),
        json!({"bot": {"owner_id": "com.example.me", "delete_at": 0, "display_name": "Bee"}}),
    );
    assert!(w.fired().is_empty() && made["bot"]["create_at"] == made["bot"]["update_at"]);
    let id = made["bot"]["user_id"].as_str().unwrap().to_owned();
    w.answers("GetUser", json!({ "user_id": id }), json!({"user": {"username": "bee", "first_name": "Bee", "email": "bee@localhost", "roles": "system_user", "is_bot": true}}));
    let owned = w.ok(
        "CreateBot",
        json!({"bot": {"username": "wasp", "owner_id": alice}}),
    )["bot"]["user_id"]
        .clone();
    assert_eq!(
        w.fired_names(),
        [
            "ChannelHasBeenCreated",
            "MessageHasBeenPosted",
            "MessageWillBePosted"
        ]
    );
    let long = |length| "x".repeat(length);
    for (bot, id) in [
        (
            json!({"username": "MyBot"}),
            "model.bot.is_valid.username.app_error",
        ),
        (
            json!({"username": "a", "display_name": long(65)}),
            "model.bot.is_valid.user_id.app_error",
        ),
        (
            json!({"username": "a", "description": long(1025)}),
            "model.bot.is_valid.description.app_error",
        ),
        (
            json!({"username": "a", "owner_id": long(191)}),
            "model.bot.is_valid.creator_id.app_error",
        ),
        (
            json!({"username": "a", "owner_id": id}),
            "plugin_api.bot_cant_create_bot",
        ),
        (
            json!({"username": "alice"}),
            "app.user.save.username_exists.app_error",
        ),
        (
            json!({"username": "a", "user_id": "x"}),
            "app.user.save.existing.app_error",
        ),
    ] {
        w.refuses("CreateBot", json!({ "bot": bot }), id, 400);
    }
    let same = w.answers(
        "PatchBot",
        json!({"bot_user_id": id, "bot_patch": {"display_name": "Bee"}}),
        json!({ "bot": made["bot"] }),
    );
    let patched = w.answers(
        "PatchBot",
        json!({"bot_user_id": id, "bot_patch": {"username": "bumble", "description": ""}}),
        json!({"bot": {"username": "bumble", "display_name": "Bee", "description": ""}}),
    );
    assert!(patched["bot"]["update_at"].as_i64() > same["bot"]["update_at"].as_i64());
    w.answers(
        "GetUserByUsername",
        json!({"name": "bumble"}),
        json!({"user": {"id": id}}),
    );
    w.refuses(
        "PatchBot",
        json!({"bot_user_id": id, "bot_patch": {"username": "alice"}}),
        "app.user.save.username_exists.app_error",
        400,
    );
    w.refuses(
        "PatchBot",
        json!({"bot_user_id": alice, "bot_patch": {}}),
        NO_BOT,
        404,
    );
    w.refuses("GetBot", json!({ "bot_user_id": alice }), NO_BOT, 404);
    let refused = w.ask("GetBot", &json!({ "bot_user_id": alice }));
    let told = format!("user_id={alice}");
    assert_eq!(refused["error"]["detailed_error"], told);
    w.fired();
    w.ok("UpdateBotActive", json!({ "bot_user_id": id }));
    assert_eq!(w.fired_names(), ["UserHasBeenDeactivated"]);
    let off = w.ok("UpdateBotActive", json!({ "bot_user_id": id }));
    assert!(off["bot"]["delete_at"].as_i64() > Some(BEGINNING) && w.fired().is_empty());
    w.refuses("GetBot", json!({ "bot_user_id": id }), NO_BOT, 404);
    w.ok(
        "GetBot",
        json!({"bot_user_id": id, "include_deleted": true}),
    );
    w.answers(
        "UpdateBotActive",
        json!({"bot_user_id": id, "active": true}),
        json!({"bot": {"delete_at": 0}}),
    );
    w.refuses(
        "UpdateBotActive",
        json!({"bot_user_id": "unknown"}),
        "app.user.missing_account.const",
        404,
    );
    w.refuses(
        "UpdateBotActive",
        json!({"bot_user_id": alice, "active": true}),
        NO_BOT,
        404,
    );
    w.answers("GetBots", json!({}), json!({"bots": []}));
    w.answers(
        "GetBots",
        json!({"options": {"per_page": 9}}),
        json!({"bots": [{"user_id": id}, {"user_id": owned}]}),
    );
    w.answers(
        "GetBots",
        json!({"options": {"per_page": 9, "owner_id": alice}}),
        json!({"bots": [{"user_id": owned}]}),
    );
    // With their owner, bots are deactivated.
    w.ok("DeleteUser", json!({ "user_id": alice }));
    w.answers(
        "GetBots",
        json!({"options": {"per_page": 9, "only_orphaned": true}}),
        json!({"bots": []}),
    );
    w.answers(
        "GetBots",
        json!({"options": {"per_page": 9, "only_orphaned": true, "include_deleted": true}}),
        json!({"bots": [{"user_id": owned}]}),
    );
    w.refuses(
        "PermanentDeleteBot",
        json!({"bot_user_id": "unknown"}),
        "app.user.missing_account.const",
        404,
    );
    w.refuses(
        "PermanentDeleteBot",
        json!({ "bot_user_id": alice }),
        "app.bot.permenent_delete.bad_id",
        400,
    );
    w.ok("PermanentDeleteBot", json!({ "bot_user_id": id }));
    w.refuses(
        "GetUser",
        json!({ "user_id": id }),
        "app.user.missing_account.const",
        404,
    );
}

#[test]
fn a_plugins_own_bot() {
    let w = World::new();
    let alice = user(&w, "alice");
    let ensure = |name: &str| {
        w.ok(
            "EnsureBotUser",
            json!({"bot": {"username": name, "owner_id": alice}}),
        )["bot_user_id"]
            .clone()
    };
    w.refuses("EnsureBotUser", json!({"bot": {}}), PLAIN, 500);
    assert_eq!(ensure("alice"), alice);
    w.answers("KVList", json!({}), json!({"keys": []}));
    let id = ensure("bee");
    w.answers(
        "KVGet",
        json!({"key": "mmi_botid"}),
        json!({"value": STANDARD.encode(id.as_str().unwrap())}),
    );
    w.answers(
        "GetBot",
        json!({ "bot_user_id": id }),
        json!({"bot": {"owner_id": "com.example.me"}}),
    );
    assert_eq!(ensure("wasp"), id);
    w.answers(
        "GetBot",
        json!({ "bot_user_id": id }),
        json!({"bot": {"username": "wasp"}}),
    );
    w.ok("KVDeleteAll", json!({}));
    assert_eq!(ensure("wasp"), id);
    w.answers("KVList", json!({}), json!({"keys": ["mmi_botid"]}));
}
