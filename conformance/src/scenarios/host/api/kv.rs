//! The key-value store behind the plugin API.

use serde_json::json;

use super::super::stage::{Stage, good};
use super::{Answers, answers, call, calling, field, judge, play, succeeded};
use crate::case::Case;
use crate::scenario::{Interruption, ScenarioResult, scenarios};

scenarios! {
    Host, Api;
    /// Set, get, delete.
    "host/api/kv" => kv: ["AP-003"];
    /// Compare and set, compare and delete.
    "host/api/kv-compare" => kv_compare: ["AP-004"];
    /// Lists, expiry, delete all.
    "host/api/kv-list" => kv_list: ["AP-005"], waits();
    /// One plugin's keys and another's.
    "host/api/kv-apart" => kv_apart: ["AP-006"];
}

/// All kinds of bytes: zero, text, no UTF-8.
const BYTES: &str = "AAECf4D//gA=";

async fn kv(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let lines = [
        ("absent", "KVGet", json!({"key": "k"})),
        ("set", "KVSet", json!({"key": "k", "value": BYTES})),
        ("get", "KVGet", json!({"key": "k"})),
        ("overwrite", "KVSet", json!({"key": "k", "value": "eA=="})),
        ("overwritten", "KVGet", json!({"key": "k"})),
        ("delete", "KVDelete", json!({"key": "k"})),
        ("deleted", "KVGet", json!({"key": "k"})),
        ("delete again", "KVDelete", json!({"key": "k"})),
        (
            "odd key",
            "KVSet",
            json!({"key": "\u{fc}/ %", "value": "eQ=="}),
        ),
        ("odd key read", "KVGet", json!({"key": "\u{fc}/ %"})),
    ];
    let (_, answers) = play(&stage, "plugin", &lines).await?;
    judge(
        case,
        "AP-003",
        &answers,
        ("absent", "value"),
        json!(""),
        "absent-key-not-empty",
    );
    succeeded(case, "AP-003", &answers, "set", "set-failed");
    judge(
        case,
        "AP-003",
        &answers,
        ("get", "value"),
        json!(BYTES),
        "value-changed",
    );
    judge(
        case,
        "AP-003",
        &answers,
        ("overwritten", "value"),
        json!("eA=="),
        "value-changed",
    );
    judge(
        case,
        "AP-003",
        &answers,
        ("deleted", "value"),
        json!(""),
        "deleted-key-not-empty",
    );
    succeeded(
        case,
        "AP-003",
        &answers,
        "delete again",
        "absent-key-not-empty",
    );
    judge(
        case,
        "AP-003",
        &answers,
        ("odd key read", "value"),
        json!("eQ=="),
        "value-changed",
    );
    stage.close().await
}

async fn kv_compare(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let set = |old: &str, new: &str| json!({"key": "k", "old_value": old, "new_value": new});
    let delete = |old: &str| json!({"key": "k", "old_value": old});
    let lines = [
        (
            "wrong old on nothing",
            "KVCompareAndSet",
            set("eA==", "YQ=="),
        ),
        ("empty old on nothing", "KVCompareAndSet", set("", "YQ==")),
        ("empty old on a value", "KVCompareAndSet", set("", "Yg==")),
        ("wrong old", "KVCompareAndSet", set("eA==", "Yg==")),
        ("kept", "KVGet", json!({"key": "k"})),
        ("right old", "KVCompareAndSet", set("YQ==", "Yg==")),
        ("changed", "KVGet", json!({"key": "k"})),
        (
            "delete with wrong old",
            "KVCompareAndDelete",
            delete("YQ=="),
        ),
        ("not deleted", "KVGet", json!({"key": "k"})),
        (
            "delete with right old",
            "KVCompareAndDelete",
            delete("Yg=="),
        ),
        ("gone", "KVGet", json!({"key": "k"})),
    ];
    let (_, answers) = play(&stage, "plugin", &lines).await?;
    let rows = [
        ("wrong old on nothing", "success", json!(false)),
        ("empty old on nothing", "success", json!(true)),
        ("empty old on a value", "success", json!(false)),
        ("wrong old", "success", json!(false)),
        ("kept", "value", json!("YQ==")),
        ("right old", "success", json!(true)),
        ("changed", "value", json!("Yg==")),
        ("delete with wrong old", "success", json!(false)),
        ("not deleted", "value", json!("Yg==")),
        ("delete with right old", "success", json!(true)),
        ("gone", "value", json!("")),
    ];
    for (label, name, expected) in rows {
        judge(
            case,
            "AP-004",
            &answers,
            (label, name),
            expected,
            "old-value-ignored",
        );
    }
    stage.close().await
}

/// How long a key with an expiry lives, in seconds: the shortest that the API knows.
const EXPIRY: u64 = 1;

async fn kv_list(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let names: Vec<String> = (0..25).map(|number| format!("key-{number:02}")).collect();
    let mut script = good();
    for name in &names {
        script = script.step(call(name, "KVSet", json!({"key": name, "value": "eA=="})));
    }
    for page in 0..4 {
        script = script.step(call(
            &format!("page {page}"),
            "KVList",
            json!({"page": page, "per_page": 10}),
        ));
    }
    script = script
        .step(call("delete all", "KVDeleteAll", json!({})))
        .step(call(
            "nothing",
            "KVList",
            json!({"page": 0, "per_page": 100}),
        ))
        .step(call(
            "expiring",
            "KVSetWithExpiry",
            json!({"key": "e", "value": "eA==", "expire_in_seconds": EXPIRY}),
        ))
        .step(call(
            "optional",
            "KVSetWithOptions",
            json!({"key": "o", "value": "eA==", "options": {"expire_in_seconds": EXPIRY}}),
        ))
        .step(call(
            "lasting",
            "KVSet",
            json!({"key": "l", "value": "eA=="}),
        ))
        .step(call("alive", "KVGet", json!({"key": "l"})))
        .sleep(EXPIRY * 1000 + 300)
        .step(call("expired", "KVGet", json!({"key": "e"})))
        .step(call("expired too", "KVGet", json!({"key": "o"})))
        .step(call("list", "KVList", json!({"page": 0, "per_page": 100})));
    let folder = stage.started("plugin", &script).await?;
    let entries = stage
        .journal(&folder, |entries| answers(entries).contains_key("list"))
        .await?;
    let answers = answers(&entries);
    let pages: Vec<Vec<String>> = (0..4)
        .map(|page| keys(&answers, &format!("page {page}")))
        .collect();
    let mut listed = pages.concat();
    listed.sort();
    let seen = || case.require("AP-005").seen("answers", answers.len());
    seen().same("the keys of all pages", names, listed, "keys-lost");
    let lengths: Vec<usize> = pages.iter().map(Vec::len).collect();
    seen().same(
        "keys of each page",
        vec![10, 10, 5, 0],
        lengths,
        "wrong-page",
    );
    judge(
        case,
        "AP-005",
        &answers,
        ("nothing", "keys"),
        json!([]),
        "keys-not-deleted",
    );
    judge(
        case,
        "AP-005",
        &answers,
        ("alive", "value"),
        json!("eA=="),
        "value-changed",
    );
    judge(
        case,
        "AP-005",
        &answers,
        ("expired", "value"),
        json!(""),
        "key-not-expired",
    );
    judge(
        case,
        "AP-005",
        &answers,
        ("expired too", "value"),
        json!(""),
        "key-not-expired",
    );
    judge(
        case,
        "AP-005",
        &answers,
        ("list", "keys"),
        json!(["l"]),
        "key-not-expired",
    );
    stage.close().await
}

/// The keys in the answer to a list.
fn keys(answers: &Answers, label: &str) -> Vec<String> {
    let keys = field(answers, label, "keys").unwrap_or_default();
    keys.as_array()
        .into_iter()
        .flatten()
        .filter_map(|key| key.as_str().map(str::to_owned))
        .collect()
}

async fn kv_apart(case: &mut Case) -> ScenarioResult {
    let stage = Stage::open(case).await?;
    let first = [("set", "KVSet", json!({"key": "shared", "value": "YQ=="}))];
    let (_, control) = play(&stage, "first", &first).await?;
    let second = [
        ("get", "KVGet", json!({"key": "shared"})),
        ("list", "KVList", json!({"page": 0, "per_page": 10})),
        ("set", "KVSet", json!({"key": "shared", "value": "Yg=="})),
        ("delete all", "KVDeleteAll", json!({})),
    ];
    let (_, answers) = play(&stage, "second", &second).await?;
    succeeded(case, "AP-006", &control, "set", "set-failed");
    judge(
        case,
        "AP-006",
        &answers,
        ("get", "value"),
        json!(""),
        "keys-shared",
    );
    judge(
        case,
        "AP-006",
        &answers,
        ("list", "keys"),
        json!([]),
        "keys-shared",
    );
    succeeded(case, "AP-006", &answers, "delete all", "not-answered");
    // The first plugin's value, read by a new process of it: it survives the end of the first.
    let again = stage.place(
        "first",
        &calling(&[("again", "KVGet", json!({"key": "shared"}))]),
    )?;
    stage
        .restart(&again)
        .await?
        .map_err(|refusal| Interruption::broken_off(refusal.message))?;
    let entries = stage
        .journal(&again, |entries| {
            self::answers(entries).contains_key("again")
        })
        .await?;
    judge(
        case,
        "AP-006",
        &self::answers(&entries),
        ("again", "value"),
        json!("YQ=="),
        "keys-shared",
    );
    stage.close().await
}
