//! Whether what handlers give comes back whole: objects that they changed, answers that they made, lists as they left them.

use std::collections::BTreeMap;

use fake_interpreters::base64;
use fake_interpreters::testee::place;
use plugin_proto::{Method, Shape, find_hook};
use serde_json::{Value, json};

use crate::case::Case;
use crate::plugin_run::evidence::{difference, surplus};
use crate::plugin_run::filled;
use crate::plugin_run::order::{MODIFIED, Word};
use crate::plugin_run::running::fresh;
use crate::plugin_run::session::{Heard, Session, claimed};
use crate::scenario::{ScenarioResult, scenarios};

scenarios! {
    Plugin, Hooks;
    /// Handlers that change one text of their object and give it back.
    "plugin/answers/modified" => modified: ["HK-087", "HK-088", "HK-089", "HK-090", "HK-103", "HK-108"];
    /// Handlers that answer with something in every field.
    "plugin/answers/made" => made: ["HK-094", "HK-102", "HK-104", "HK-105", "HK-106", "HK-107", "HK-108"];
    /// Handlers that leave posts out.
    "plugin/answers/removed" => removed: ["HK-109", "HK-110"];
}

/// The hooks with an object to change: requirement, hook, where the object stands in the answer and in the message.
const MODIFIED_OBJECTS: &[(&str, &str, &str, &str)] = &[
    (
        "HK-087",
        "MessageWillBeUpdated",
        "modified_post",
        "new_post",
    ),
    (
        "HK-088",
        "FileWillBeUploaded",
        "modified_file_info",
        "file_info",
    ),
    (
        "HK-089",
        "NotificationWillBePushed",
        "modified_notification",
        "push_notification",
    ),
    (
        "HK-090",
        "EmailNotificationWillBeSent",
        "modified_content",
        "",
    ),
    (
        "HK-103",
        "ConfigurationWillBeSaved",
        "modified_config",
        "new_config",
    ),
    ("HK-108", "MessagesWillBeConsumed", "posts", "posts"),
];

async fn modified(case: &mut Case) -> ScenarioResult {
    let session = Session::start(case, Word::Allow, &[]).await?;
    let claimed = claimed(case);
    for (id, name, to, from) in MODIFIED_OBJECTS {
        let Some(hook) = find_hook(name).filter(|hook| claimed.contains(hook)) else {
            continue;
        };
        let asking = session.asking(case, hook, filled::request(hook), &Word::Modify);
        let mut sent = asking.sent();
        let place = place::of(name).unwrap_or_default();
        let text = place::read(&sent, place).unwrap_or_default();
        place::write(&mut sent, place, &format!("{text}{MODIFIED}"));
        let mut expected = if from.is_empty() {
            json!({ (*to): email(&sent) })
        } else {
            json!({ (*to): sent[*from] })
        };
        if *name == "FileWillBeUploaded" {
            let mut content = bytes_at(&sent, "file_content");
            content.extend(MODIFIED.as_bytes());
            expected["modified_content"] = base64::encode(&content).into();
        }
        let heard = session.hear(asking).await?;
        judge(case, id, &heard, &expected, "change-lost");
    }
    session.end(case).await;
    Ok(())
}

/// The eight texts of an e-mail notification, by their names in the answer.
fn email(message: &Value) -> Value {
    let json = bytes_at(message, "email_notification.notification_json");
    let notification: Value = serde_json::from_slice(&json).unwrap_or_default();
    let texts = [
        ("subject", "subject"),
        ("title", "title"),
        ("sub_title", "subtitle"),
        ("message_html", "message_html"),
        ("message_text", "message_text"),
        ("button_text", "button_text"),
        ("button_url", "button_url"),
        ("footer_text", "footer_text"),
    ];
    texts
        .iter()
        .map(|(to, from)| ((*to).to_owned(), notification[*from].clone()))
        .collect()
}

fn bytes_at(message: &Value, path: &str) -> Vec<u8> {
    place::find(message, path)
        .and_then(Value::as_str)
        .and_then(base64::decode)
        .unwrap_or_default()
}

/// The requirement on the answers of a hook that has some, besides a refusal.
fn requirement(hook: &Method) -> Option<&'static str> {
    match (hook.name, hook.shape) {
        ("UserWillLogIn", _) => None,
        (_, Shape::Filter) => Some("HK-094"),
        ("RunDataRetention", _) => Some("HK-102"),
        ("ExecuteCommand", _) => Some("HK-104"),
        ("OnSharedChannelsSyncMsg", _) => Some("HK-105"),
        ("GenerateSupportData", _) => Some("HK-106"),
        (_, Shape::Query) => Some("HK-107"),
        (_, Shape::Transform) => Some("HK-108"),
        _ => None,
    }
}

async fn made(case: &mut Case) -> ScenarioResult {
    let files = json!({ "files": [
        { "filename": "größe.txt", "data": base64::encode("two files are no file and an error".as_bytes()) },
        { "filename": "bytes.bin", "data": base64::encode(&[0, 0xff, 0xfe, 0]) },
    ] });
    let count = json!({ "deleted_count": i64::MAX - 1 });
    let mut fixed = BTreeMap::new();
    for (name, answer) in [
        ("GenerateSupportData", &files),
        ("RunDataRetention", &count),
    ] {
        if let Some(hook) = find_hook(name) {
            fixed.insert(hook.name, fresh(case, Word::Answer(answer.clone())));
        }
    }
    let session = Session::with_orders(case, fixed, &[]).await?;
    for hook in claimed(case) {
        let Some(id) = requirement(hook) else {
            continue;
        };
        let answer = match hook.name {
            "GenerateSupportData" => files.clone(),
            "RunDataRetention" => count.clone(),
            "OnSharedChannelsPing" => json!({}),
            _ => filled::response(hook),
        };
        let word = Word::Answer(answer.clone());
        let heard = session.order(case, hook, &word).await?;
        judge(case, id, &heard, &answer, "answer-lost");
    }
    session.end(case).await;
    Ok(())
}

async fn removed(case: &mut Case) -> ScenarioResult {
    let session = Session::start(case, Word::Allow, &[]).await?;
    let hook = find_hook("MessagesWillBeConsumed").filter(|hook| claimed(case).contains(hook));
    let Some(hook) = hook else {
        session.end(case).await;
        return Ok(());
    };
    let posts: Vec<Value> = (0..5)
        .map(|n| json!({ "id": format!("p{n}"), "message": "m" }))
        .collect();
    let asking = session.asking(case, hook, json!({ "posts": posts }), &Word::Dismiss);
    let heard = session.hear(asking).await?;
    let ids = |posts: &[Value]| {
        posts
            .iter()
            .map(|post| post["id"].clone())
            .collect::<Value>()
    };
    let got = heard.json().map(|got| match got["posts"].as_array() {
        Some(posts) => ids(posts),
        None => json!([]),
    });
    let reason = if got.is_ok() {
        "removal-lost"
    } else {
        "call-failed"
    };
    let expected = ids(&posts[1..]);
    case.require("HK-109")
        .seen("evidence", heard.witness())
        .holds(
            got.as_ref() == Ok(&expected),
            format!("posts {expected}"),
            heard.words(),
            reason,
        );
    // Where nothing comes in, nothing goes out.
    let heard = session.hear_bytes(hook, "", bytes::Bytes::new()).await;
    case.require("HK-110")
        .seen("evidence", heard.witness())
        .holds(
            heard.json() == Ok(json!({})),
            "no posts for no posts",
            heard.words(),
            "invented",
        );
    session.end(case).await;
    Ok(())
}

/// The answer is the expected one, whole and nothing else.
fn judge(case: &Case, id: &'static str, heard: &Heard, expected: &Value, lost: &'static str) {
    let name = heard.hook.name;
    let got = heard.json();
    let missing = |got: &Value| {
        expected
            .as_object()
            .into_iter()
            .flatten()
            .any(|(field, _)| got.get(field).is_none())
    };
    let problem = match &got {
        Err(_) => Some(("call-failed", heard.words())),
        Ok(got) if got.get("rejection_reason").is_some() => Some(("rejected-too", heard.words())),
        Ok(got) if got.get("error").is_some() => Some(("failed", heard.words())),
        Ok(got) if missing(got) => Some((lost, heard.words())),
        Ok(got) => {
            let (expected, got) = (readable(expected), readable(got));
            difference(&expected, &got, "")
                .or_else(|| surplus(&expected, &got, ""))
                .map(|place| ("fields-lost", format!("{name}: {place}")))
        }
    };
    let (reason, seen) = problem.clone().unwrap_or((lost, String::new()));
    case.require(id).seen("evidence", heard.witness()).holds(
        problem.is_none(),
        format!("{name}: the answer as its handler gave it"),
        seen,
        reason,
    );
}

/// A configuration may have been written anew; what it says counts.
fn readable(answer: &Value) -> Value {
    let mut answer = answer.clone();
    let config = bytes_at(&answer, "modified_config.config_json");
    if let Ok(config) = serde_json::from_slice::<Value>(&config) {
        answer["modified_config"] = config;
    }
    answer
}
