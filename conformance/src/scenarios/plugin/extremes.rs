//! Values at the edges: absent and empty, the largest numbers, any bytes, any text, long lists and large messages.

use fake_interpreters::base64;
use fake_interpreters::testee::place;
use plugin_proto::{Method, find_hook};
use serde_json::{Value, json};

use crate::case::Case;
use crate::plugin_run::evidence::{as_seen, difference, surplus};
use crate::plugin_run::order::Word;
use crate::plugin_run::session::{Heard, Session, claimed};
use crate::scenario::{Interruption, ScenarioResult, scenarios};

scenarios! {
    Plugin, Hooks;
    /// What is absent, what is empty, and what is 0.
    "plugin/extremes/presence" => presence: ["HK-076"];
    /// Long lists, bytes that are no text, the largest numbers, nested props.
    "plugin/extremes/values" => values: ["HK-077", "HK-078", "HK-079", "HK-082"];
    /// Text that no alphabet holds, in every hook that has a text.
    "plugin/extremes/text" => text: ["HK-080"];
    /// Messages of a megabyte, and a file of eight.
    "plugin/extremes/size" => size: ["HK-081", "HK-128"], deadline(60);
}

/// One message, and the part of it that matters.
struct Sample {
    id: &'static str,
    hook: &'static str,
    message: Value,
    /// A path in the message; everything there is compared.
    part: &'static str,
    /// The reason when it arrives otherwise.
    lost: &'static str,
}

fn sample(
    id: &'static str,
    (hook, part): (&'static str, &'static str),
    message: Value,
    lost: &'static str,
) -> Sample {
    Sample {
        id,
        hook,
        message,
        part,
        lost,
    }
}

async fn presence(case: &mut Case) -> ScenarioResult {
    let member = |actor: Option<Value>| {
        let mut message =
            json!({ "channel_member": { "user_id": "u" }, "team_member": { "user_id": "u" } });
        if let Some(actor) = actor {
            message["actor"] = actor;
        }
        message
    };
    let mut samples = Vec::new();
    for (hook, other) in [
        ("UserHasJoinedChannel", "team_member"),
        ("UserHasLeftChannel", "team_member"),
        ("UserHasJoinedTeam", "channel_member"),
        ("UserHasLeftTeam", "channel_member"),
    ] {
        for (actor, lost) in [(None, "invented"), (Some(json!({})), "presence-lost")] {
            let mut message = member(actor);
            if let Some(fields) = message.as_object_mut() {
                fields.remove(other);
            }
            samples.push(sample("HK-076", (hook, ""), message, lost));
        }
    }
    for message in [
        json!({ "limits": { "teams": { "active": 0 }, "files": { "total_storage": 0 } } }),
        json!({ "limits": { "messages": { "history": 0 } } }),
    ] {
        let hook = ("OnCloudLimitsUpdated", "limits");
        samples.push(sample("HK-076", hook, message, "zero-lost"));
    }
    for remote in [json!({}), json!({ "remote_id": "" })] {
        let hook = ("MessageHasBeenPosted", "post");
        samples.push(sample(
            "HK-076",
            hook,
            json!({ "post": remote }),
            "presence-lost",
        ));
    }
    play(case, samples).await
}

async fn values(case: &mut Case) -> ScenarioResult {
    let posts: Vec<Value> = (0..50)
        .map(|n| json!({ "id": format!("p{n:02}") }))
        .collect();
    let preferences: Vec<Value> = (0..30)
        .map(|n| json!({ "name": format!("n{n:02}") }))
        .collect();
    let files: Vec<String> = (0..20).map(|n| format!("f{n:02}")).collect();
    let every_byte: Vec<u8> = (0..=255).collect();
    let bytes = |bytes: &[u8]| Value::from(base64::encode(bytes));
    let config = "{\n\t\"TeamSettings\" : { \"SiteName\":\"\\u00e9\" }, \"n\":1.0, \"n\":1.00 }";
    let props = json!({
        "list": [1, [2, [3, null]], { "deep": [] }, "text", true], "": { "": "" }, "größe 大": -0.25, "nothing": null, "large": 1e300,
        "empty": {}, "no": false, "two": { "list": [[]] },
    });
    let numbers = json!({
        "create_at": i64::MAX - 1, "update_at": i64::MIN, "delete_at": -1, "reply_count": (1_i64 << 53) + 1,
    });
    let samples = vec![
        sample(
            "HK-077",
            ("MessagesWillBeConsumed", "posts"),
            json!({ "posts": posts }),
            "order-changed",
        ),
        sample(
            "HK-077",
            ("PreferencesHaveChanged", "preferences"),
            json!({ "preferences": preferences }),
            "order-changed",
        ),
        sample(
            "HK-077",
            ("MessageHasBeenPosted", "post"),
            json!({ "post": { "file_ids": files } }),
            "order-changed",
        ),
        sample(
            "HK-078",
            ("FileWillBeUploaded", "file_content"),
            json!({ "file_content": bytes(&every_byte) }),
            "bytes-changed",
        ),
        sample(
            "HK-078",
            ("FileWillBeUploaded", "file_info"),
            json!({ "file_info": { "mini_preview": bytes(&[0, 0xc3, 0x28, 0xff]) } }),
            "bytes-changed",
        ),
        sample(
            "HK-078",
            ("OnSharedChannelsSyncMsg", "sync_msg"),
            json!({ "sync_msg": { "sync_msg_json": bytes(config.as_bytes()) } }),
            "bytes-changed",
        ),
        sample(
            "HK-078",
            ("OnSAMLLogin", "assertion"),
            json!({ "assertion": { "assertion_json": bytes(&every_byte) } }),
            "bytes-changed",
        ),
        sample(
            "HK-079",
            ("MessageHasBeenPosted", "post"),
            json!({ "post": numbers }),
            "number-changed",
        ),
        sample(
            "HK-079",
            ("UserHasBeenCreated", "user"),
            json!({ "user": { "failed_attempts": i32::MIN, "last_login": i64::MAX - 1 } }),
            "number-changed",
        ),
        sample(
            "HK-079",
            ("OnSharedChannelsPing", "remote_cluster"),
            json!({ "remote_cluster": { "options": u32::MAX, "last_ping_at": 1 } }),
            "number-changed",
        ),
        sample(
            "HK-082",
            ("MessageHasBeenPosted", "post"),
            json!({ "post": { "props": props } }),
            "props-changed",
        ),
        sample(
            "HK-082",
            ("ChannelHasBeenCreated", "channel"),
            json!({ "channel": { "props": props } }),
            "props-changed",
        ),
        sample(
            "HK-082",
            ("WebSocketMessageHasBeenPosted", "request"),
            json!({ "request": { "data": props } }),
            "props-changed",
        ),
    ];
    play(case, samples).await
}

async fn text(case: &mut Case) -> ScenarioResult {
    let session = Session::start(case, Word::Allow, &[]).await?;
    let tail = " \u{1f680}\u{10ffff} e\u{301} \u{202e}rtl\u{202c} \u{0}\u{1f} \u{2028}\u{85} \u{feff}\u{fffd} \\u0041 \"'<&> %s {} \r\n\ttab ";
    let hooks: Vec<&'static Method> = claimed(case)
        .into_iter()
        .filter(|hook| place::of(hook.name).is_some())
        .collect();
    let askings: Vec<_> = hooks
        .into_iter()
        .map(|hook| session.asking_with(case, hook, json!({}), &Word::Allow, tail))
        .collect();
    let sent: Vec<Value> = askings
        .iter()
        .map(|asking| as_seen(&asking.sent()))
        .collect();
    let heard = session.hear_all(askings).await?;
    for (sent, heard) in sent.iter().zip(&heard) {
        judge(case, "HK-080", "text-changed", sent, "", heard);
    }
    session.end(case).await;
    Ok(())
}

async fn size(case: &mut Case) -> ScenarioResult {
    let session = Session::start(case, Word::Allow, &[]).await?;
    let claimed = claimed(case);
    let long = "0123456789abcde\u{fc}".repeat(64 * 1024);
    let of = |name: &str| claimed.iter().copied().find(|hook| hook.name == name);
    for name in [
        "MessageWillBePosted",
        "MessageHasBeenPosted",
        "ExecuteCommand",
        "MessageHasBeenDeleted",
    ] {
        let Some(hook) = of(name) else { continue };
        let asking = session.asking_with(case, hook, json!({}), &Word::Allow, &long);
        one(case, &session, "HK-081", asking).await?;
    }
    let Some(hook) = of("FileWillBeUploaded") else {
        session.end(case).await;
        return Ok(());
    };
    let content: Vec<u8> = (0..8 * 1024 * 1024_u32)
        .map(|n| n.to_le_bytes()[1] ^ n.to_le_bytes()[0])
        .collect();
    let message = json!({ "file_content": base64::encode(&content) });
    let asking = session.asking(case, hook, message, &Word::Allow);
    one(case, &session, "HK-128", asking).await?;
    session.end(case).await;
    Ok(())
}

async fn one(
    case: &Case,
    session: &Session,
    id: &'static str,
    asking: crate::plugin_run::session::Asking,
) -> Result<(), Interruption> {
    let sent = as_seen(&asking.sent());
    let heard = session.hear(asking).await?;
    judge(case, id, "value-changed", &sent, "", &heard);
    Ok(())
}

async fn play(case: &mut Case, samples: Vec<Sample>) -> ScenarioResult {
    let session = Session::start(case, Word::Allow, &[]).await?;
    let claimed = claimed(case);
    for sample in samples {
        let hook = find_hook(sample.hook).filter(|hook| claimed.contains(hook));
        let Some(hook) = hook else {
            continue;
        };
        let asking = session.asking(case, hook, sample.message, &Word::Allow);
        let sent = as_seen(&asking.sent());
        let heard = session.hear(asking).await?;
        judge(case, sample.id, sample.lost, &sent, sample.part, &heard);
    }
    session.end(case).await;
    Ok(())
}

/// What was sent in this part of the message is what the handler saw there, and nothing more.
fn judge(
    case: &Case,
    id: &'static str,
    lost: &'static str,
    sent: &Value,
    part: &str,
    heard: &Heard,
) {
    let name = heard.hook.name;
    let Some(evidence) = &heard.evidence else {
        let reason = if heard.answer.is_ok() {
            "not-shown"
        } else {
            "refused"
        };
        let expected = format!("evidence of {name}");
        case.require(id).fails(reason, expected, heard.words());
        return;
    };
    let pick = |message: &Value| {
        if part.is_empty() {
            message.clone()
        } else {
            place::find(message, part).cloned().unwrap_or_default()
        }
    };
    let (sent, saw) = (pick(sent), pick(&evidence.saw));
    let problem = difference(&sent, &saw, part)
        .or_else(|| surplus(&sent, &saw, part))
        .or_else(|| present(&sent, &saw));
    case.require(id).seen("evidence", heard.witness()).holds(
        problem.is_none(),
        format!("{name}: the message as it was sent"),
        format!("{name}: {}", problem.clone().unwrap_or_default()),
        lost,
    );
}

/// An actor that was not sent and is there all the same: an object, however empty.
fn present(sent: &Value, saw: &Value) -> Option<String> {
    let absent = sent.get("actor").is_none();
    let there = saw.get("actor").is_some_and(Value::is_object);
    (absent && there).then(|| format!("actor is {}, nothing was sent", saw["actor"]))
}
