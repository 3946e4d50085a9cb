//! Stores as JSON documents, and documents as stores.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use plugin_host::memory::Memory;
use rstest::rstest;
use serde_json::{Value, json};

use crate::full;
use crate::world::{BEGINNING, World};

/// The tables that documents have, in their order.
const TABLES: &[&str] = &[
    "version",
    "installation",
    "config",
    "users",
    "user_pictures",
    "bots",
    "statuses",
    "sessions",
    "user_access_tokens",
    "preferences",
    "teams",
    "team_icons",
    "team_members",
    "channels",
    "channel_members",
    "sidebars",
    "posts",
    "reactions",
    "emojis",
    "emoji_images",
    "files",
    "file_contents",
    "upload_sessions",
    "upload_parts",
    "commands",
    "oauth_apps",
    "groups",
    "group_members",
    "group_syncables",
    "remote_clusters",
    "shared_channels",
    "shared_channel_remotes",
    "property_groups",
    "property_fields",
    "property_values",
    "plugin_key_values",
];

/// The document that the documentation shows.
const EXAMPLE: &str = include_str!("../../fixtures.example.json");

fn load(document: &Value) -> Result<Vec<String>, String> {
    let loaded = Memory::default().load_fixtures("f.json", document.to_string().as_bytes());
    loaded
        .map(|loaded| loaded.warnings)
        .map_err(|error| error.to_string())
}

#[test]
fn what_is_saved_is_loaded_as_the_same_server_and_saved_as_the_same_bytes() {
    let w = World::new();
    full::fill(&w);
    let saved = w.memory.fixtures().unwrap();
    let document: Value = serde_json::from_str(&saved).unwrap();
    let tables: Vec<_> = document.as_object().unwrap().keys().collect();
    assert_eq!(
        tables, TABLES,
        "a table that is not kept, not filled, or new"
    );
    let clock = Arc::new(AtomicI64::new(BEGINNING + 1_000_000));
    let again = World::with(clock, Memory::of);
    let loaded = again
        .memory
        .load_fixtures("f.json", saved.as_bytes())
        .unwrap();
    assert_eq!(loaded.warnings, Vec::<String>::new());
    let rows = document
        .as_object()
        .unwrap()
        .values()
        .filter_map(Value::as_array);
    assert_eq!(loaded.rows, rows.map(Vec::len).sum::<usize>());
    assert!(
        saved == again.memory.fixtures().unwrap(),
        "not the same bytes"
    );
    full::assert_same(&w, &again);
    // What goes on goes on behind what was there.
    let post = |w: &World| {
        let page = w.ok(
            "GetPostsForChannel",
            json!({"channel_id": document["posts"][0]["channel_id"], "per_page": 1}),
        );
        page["post_list"]["order"][0].clone()
    };
    let newest = json!({"channel_id": document["posts"][0]["channel_id"], "user_id": document["users"][0]["id"], "message": "more"});
    let made = again.ok("CreatePost", json!({ "post": newest }))["post"]["id"].clone();
    assert_eq!(post(&again), made);
    assert_ne!(post(&w), made);
}

#[test]
fn the_example_of_the_documentation_is_one() {
    let memory = Memory::default();
    let loaded = memory
        .load_fixtures("fixtures.example.json", EXAMPLE.as_bytes())
        .unwrap();
    assert_eq!(loaded.warnings, Vec::<String>::new());
    let w = World::with(Arc::new(AtomicI64::new(BEGINNING)), |_| memory);
    let team = w.ok("GetTeamByName", json!({"name": "tea"}))["team"]["id"].clone();
    let anna = w.ok("GetUserByUsername", json!({"name": "anna"}))["user"]["id"].clone();
    let channels = w.ok(
        "GetChannelsForTeamForUser",
        json!({"team_id": team, "user_id": anna}),
    );
    assert_eq!(channels["channels"][0]["name"], "kitchen");
    let channel = &channels["channels"][0]["id"];
    let page = w.ok(
        "GetPostsForChannel",
        json!({"channel_id": channel, "per_page": 10}),
    );
    assert_eq!(page["post_list"]["order"].as_array().map(Vec::len), Some(2));
    w.answers(
        "KVGet",
        json!({"key": "greeting"}),
        json!({"value": "aGVsbG8="}),
    );
}

#[rstest]
#[case::no_json("{\"version\": 1,", "f.json: not JSON: EOF while parsing")]
#[case::no_object("[]", "f.json: fixtures are an object")]
#[case::no_version("{}", "f.json: version: missing; it has to be 1")]
#[case::other_version(r#"{"version": 2}"#, "f.json: version: 2, and this program knows 1")]
#[case::twice(
    r#"{"version": 1, "users": [], "users": []}"#,
    "f.json: users: the key stands more than once"
)]
#[case::unknown_table(
    r#"{"version": 1, "people": []}"#,
    "f.json: people: there is no such table"
)]
#[case::no_list(r#"{"version": 1, "users": {}}"#, "f.json: users: a table is a list")]
#[case::not_even_a_row(
    r#"{"version": 1, "users": [5]}"#,
    "f.json: users[0]: expected an object, found a whole number"
)]
#[case::no_config(
    r#"{"version": 1, "config": []}"#,
    "f.json: config: a configuration is an object"
)]
fn what_is_no_document(#[case] text: &str, #[case] reason: &str) {
    let memory = Memory::default();
    let error = memory
        .load_fixtures("f.json", text.as_bytes())
        .unwrap_err()
        .to_string();
    assert!(error.starts_with(reason), "{error}");
}

#[rstest]
#[case::no_id("/users/1/id", json!("x"), "users[1].id: \"x\" is no id: 26 letters and digits")]
#[case::id_again("/users/1/id", json!("aaaaaaaaaaaaaaaaaaaaaaaaaa"), "users[1].id: \"aaaaaaaaaaaaaaaaaaaaaaaaaa\" is that of users[0]")]
#[case::name_again("/users/1/username", json!("anna"), "users[1].username: \"anna\" is that of users[0]")]
#[case::post_again("/posts/1/id", json!("pppppppppppppppppppppppppp"), "posts[1].id: \"pppppppppppppppppppppppppp\" is that of posts[0]")]
#[case::address_again("/users/1/email", json!("anna@example.com"), "users[1].email: \"anna@example.com\" is that of users[0]")]
#[case::wrong_type("/posts/0/create_at", json!("now"), "posts[0].create_at: expected a whole number, found a text")]
#[case::unknown_key("/posts/0/mesage", json!("hi"), "posts[0].mesage: ")]
#[case::no_channel("/posts/0/channel_id", json!("dddddddddddddddddddddddddd"), "posts[0].channel_id: there is no \"dddddddddddddddddddddddddd\" in channels")]
#[case::no_root("/posts/0/root_id", json!("dddddddddddddddddddddddddd"), "posts[0].root_id: there is no \"dddddddddddddddddddddddddd\" in posts")]
#[case::no_base64("/plugin_key_values/0/value", json!("%"), "plugin_key_values[0].value: Invalid symbol")]
#[case::own_unknown("/plugin_key_values/0/ttl", json!(1), "plugin_key_values[0].ttl: unknown field `ttl`")]
fn what_is_wrong_is_named(#[case] pointer: &str, #[case] value: Value, #[case] reason: &str) {
    let mut document: Value = serde_json::from_str(EXAMPLE).unwrap();
    let (row, key) = pointer.rsplit_once('/').unwrap();
    document.pointer_mut(row).unwrap()[key] = value;
    let error = load(&document).unwrap_err();
    assert!(error.starts_with(&format!("f.json: {reason}")), "{error}");
}

#[test]
fn who_is_gone_is_only_doubtful() {
    let mut document: Value = serde_json::from_str(EXAMPLE).unwrap();
    document["posts"][0]["user_id"] = json!("dddddddddddddddddddddddddd");
    assert_eq!(
        load(&document).unwrap(),
        ["posts[0].user_id: there is no \"dddddddddddddddddddddddddd\" in users"]
    );
}

#[test]
fn a_store_that_holds_something_takes_nothing_and_one_that_refuses_holds_nothing() {
    let memory = Memory::default();
    let mut wrong: Value = serde_json::from_str(EXAMPLE).unwrap();
    wrong["plugin_key_values"][0]["value"] = json!(5);
    memory
        .load_fixtures("f.json", wrong.to_string().as_bytes())
        .unwrap_err();
    let before = memory.fixtures().unwrap();
    assert!(!before.contains("anna"), "{before}");
    memory.load_fixtures("f.json", EXAMPLE.as_bytes()).unwrap();
    let error = memory
        .load_fixtures("f.json", EXAMPLE.as_bytes())
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "f.json: the store holds something already, and fixtures are for an empty one"
    );
}
