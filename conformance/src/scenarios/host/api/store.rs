//! The finer rules of the key-value store: options, keys, what writing does to an expiry, pages.

use fake_interpreters::base64;
use serde_json::{Value, json};

use super::story::Story;
use crate::case::Case;
use crate::scenario::{ScenarioResult, scenarios};

scenarios! {
    Host, Api;
    /// What the options of a write mean together.
    "host/api/kv-options" => options: ["AP-242"];
    /// Which keys may be written.
    "host/api/kv-keys" => keys: ["AP-243"];
    /// Expiries that are changed or lie in the past, and pages that are none.
    "host/api/kv-edges" => edges: ["AP-244"];
}

async fn options(case: &mut Case) -> ScenarioResult {
    let story = Story::begin(case, ["OnActivate"]).await?;
    let rule = story.rule("AP-242", "wrong-outcome");
    let (a, b) = (base64::encode(b"a"), base64::encode(b"b"));
    let set = |value: &str, options: Value| json!({"key": "k", "value": value, "options": options});
    let get = || json!({"key": "k"});
    let old_value = (
        "model.plugin_kvset_options.is_valid.old_value.app_error",
        400,
    );
    rule.refuses(
        "KVSetWithOptions",
        set(&a, json!({ "old_value": b })),
        old_value,
    )
    .await?;
    // What is given, whether it was done, what stands there then.
    for (value, options, done, then) in [
        (&a, json!({"atomic": true, "old_value": b}), false, ""),
        (&a, json!({"atomic": true}), true, &*a),
        (&b, json!({"atomic": true}), false, &*a),
        (&b, json!({"atomic": true, "old_value": b}), false, &*a),
        (&a, json!({"atomic": true, "old_value": a}), true, &*a),
        (&b, json!({"atomic": true, "old_value": a}), true, &*b),
        (&String::new(), json!({"atomic": true}), false, &*b),
        (
            &String::new(),
            json!({"atomic": true, "old_value": a}),
            false,
            &*b,
        ),
        (
            &String::new(),
            json!({"atomic": true, "old_value": b}),
            true,
            "",
        ),
        (&String::new(), json!({}), true, ""),
        (&a, json!({}), true, &*a),
    ] {
        rule.answers(
            "KVSetWithOptions",
            set(value, options),
            json!({ "success": done }),
        )
        .await?;
        rule.answers("KVGet", get(), json!({ "value": then }))
            .await?;
    }
    rule.answers(
        "KVCompareAndDelete",
        json!({"key": "k"}),
        json!({"success": false}),
    )
    .await?;
    rule.answers(
        "KVCompareAndSet",
        json!({"key": "k", "old_value": a}),
        json!({"success": true}),
    )
    .await?;
    rule.answers("KVGet", get(), json!({"value": ""})).await?;
    story.end().await
}

async fn keys(case: &mut Case) -> ScenarioResult {
    let story = Story::begin(case, ["OnActivate"]).await?;
    let rule = story.rule("AP-243", "bad-key-accepted");
    let bad = ("model.plugin_key_value.is_valid.key.app_error", 400);
    let value = base64::encode(b"v");
    let (longest, longer) = ("\u{e9}".repeat(150), "\u{e9}".repeat(151));
    rule.answers("KVSet", json!({"key": longest, "value": value}), json!({}))
        .await?;
    rule.answers(
        "KVGet",
        json!({ "key": longest }),
        json!({ "value": value }),
    )
    .await?;
    for key in ["", &longer] {
        rule.refuses("KVSet", json!({"key": key, "value": value}), bad)
            .await?;
        rule.refuses("KVSetWithExpiry", json!({"key": key, "value": value}), bad)
            .await?;
        rule.refuses("KVSetWithOptions", json!({"key": key, "value": value}), bad)
            .await?;
        rule.refuses(
            "KVCompareAndSet",
            json!({"key": key, "new_value": value}),
            bad,
        )
        .await?;
        rule.refuses(
            "KVCompareAndDelete",
            json!({"key": key, "old_value": value}),
            bad,
        )
        .await?;
        rule.answers("KVGet", json!({ "key": key }), json!({"value": ""}))
            .await?;
        rule.answers("KVDelete", json!({ "key": key }), json!({}))
            .await?;
    }
    story.end().await
}

async fn edges(case: &mut Case) -> ScenarioResult {
    let story = Story::begin(case, ["OnActivate"]).await?;
    let rule = story.rule("AP-244", "wrong-edge");
    let value = base64::encode(b"v");
    let past = json!({"key": "past", "value": value, "expire_in_seconds": -1});
    rule.answers("KVSetWithExpiry", past, json!({})).await?;
    rule.answers("KVGet", json!({"key": "past"}), json!({"value": ""}))
        .await?;
    // What was expired is not there for a comparison, and a write without an expiry is for good.
    let insert = json!({"key": "past", "new_value": value});
    rule.answers("KVCompareAndSet", insert, json!({"success": true}))
        .await?;
    rule.answers("KVGet", json!({"key": "past"}), json!({ "value": value }))
        .await?;
    story.did("KVDelete", json!({"key": "past"})).await?;
    let names: Vec<String> = (0..12).map(|number| format!("key-{number:02}")).collect();
    for name in names.iter().rev() {
        story
            .did("KVSet", json!({"key": name, "value": value}))
            .await?;
    }
    let list = |page: i64, per_page: i64| json!({"page": page, "per_page": per_page});
    for (page, per_page, expected) in [
        (0, 0, &names[..10]),
        (1, 0, &names[..10]),
        (0, -5, &names[..10]),
        (-1, 5, &names[..5]),
        (1, 10, &names[10..]),
        (2, 10, &[]),
    ] {
        rule.answers("KVList", list(page, per_page), json!({ "keys": expected }))
            .await?;
    }
    story.end().await
}
