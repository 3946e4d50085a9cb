//! What a caller can see of a testee, as lines of text that are the same for every run of a good one.

use std::net::TcpStream;
use std::process::{Command, Stdio};

use fake_interpreters::{Script, base64};
use plugin_proto::dial::Target;
use serde_json::json;

use super::secured::secured;
use super::talk::{GOOD, PATIENCE, Seen, end, talk, talk_without_api, target};
use super::web::{requesting, streaming};
use crate::run::{Fake, lines, next_within};

/// The conversations: first those that show many faults in a short time, last those that take long.
pub(crate) const ALL: &[fn(&Script, Option<&Seen>) -> Seen] = &[
    requesting,
    working,
    failing,
    secured,
    crashing,
    interrupted,
    given_up,
    badly_treated,
    in_bare_environment,
    in_rich_environment,
    without_cookie,
    terminated,
    orphaned,
    without_hooks,
    started_again,
    of_all_shapes,
    calling,
    streaming,
];

fn without_cookie(script: &Script, _: Option<&Seen>) -> Seen {
    let fake = Fake::new(script);
    let mut seen = Vec::new();
    for variables in [&[][..], &[(GOOD.0, "wrong")][..]] {
        let mut running = fake.start_with(variables);
        seen.push(format!(
            "{:?}",
            running
                .stdout_within(PATIENCE)
                .map(|line| without_port(&line))
        ));
        seen.push(format!(
            "{:?} {:?}",
            running.stderr_within(PATIENCE),
            running.ended_within(PATIENCE)
        ));
    }
    seen
}

fn in_bare_environment(script: &Script, _: Option<&Seen>) -> Seen {
    let fake = Fake::new(script);
    let running = fake.start_with(&[GOOD]);
    let first = running.stdout_within(PATIENCE);
    let mut seen = vec![format!("{:?}", first.as_deref().map(without_port))];
    if let Some(Target::Tcp(address)) = first.as_deref().and_then(target) {
        let port = address.rsplit(':').next().unwrap_or_default();
        seen.push(format!("listens: {}", TcpStream::connect(&address).is_ok()));
        seen.push(format!(
            "listens elsewhere: {}",
            TcpStream::connect(format!("127.0.0.2:{port}")).is_ok()
        ));
    }
    seen
}

fn in_rich_environment(script: &Script, _: Option<&Seen>) -> Seen {
    let common = [GOOD, ("PATH", "/usr/bin"), ("HOME", "/")];
    let mut seen = Vec::new();
    for other in [
        ("PLUGIN_PROTOCOL_VERSIONS", "2,1"),
        ("PLUGIN_CLIENT_CERT", ""),
        ("PLUGIN_NEWS", "1"),
    ] {
        let fake = Fake::new(script);
        let variables: Vec<_> = common.into_iter().chain([other]).collect();
        seen.push(format!(
            "{:?}",
            fake.start_with(&variables)
                .stdout_within(PATIENCE)
                .map(|line| without_port(&line))
        ));
    }
    seen
}

fn terminated(script: &Script, _: Option<&Seen>) -> Seen {
    let fake = Fake::new(script);
    let mut running = fake.start();
    if running.stdout_within(PATIENCE).is_none() {
        return vec!["no line".to_owned()];
    }
    running.terminate();
    vec![format!("{:?}", running.ended_within(PATIENCE))]
}

/// A testee that is started twice, and has no API.
fn started_again(script: &Script, _: Option<&Seen>) -> Seen {
    let fake = Fake::new(script);
    let start = |_| {
        talk_without_api(&fake, async |talk| {
            talk.health("plugin").await?;
            talk.hook("UserHasLoggedIn").await
        })
    };
    (0..2).flat_map(start).collect()
}

fn orphaned(script: &Script, _: Option<&Seen>) -> Seen {
    let fake = Fake::new(&Script {
        lifetime_ms: Some(20_000),
        ..script.clone()
    });
    let mut host = Command::new("/bin/sh")
        .args(["-c", "venv/bin/python plugin.py & wait"])
        .current_dir(&fake.folder.directory)
        .env_clear()
        .env(GOOD.0, GOOD.1)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let stdout = lines(host.stdout.take().unwrap());
    let line = next_within(&stdout, PATIENCE);
    host.kill().unwrap();
    host.wait().unwrap();
    // The pipe ends with its last holder.
    let ended = line.is_some() && next_within(&stdout, PATIENCE).is_some();
    if let Some(entry) = fake.entries().first().filter(|_| !ended) {
        end(entry.pid);
    }
    vec![format!("ended with its host: {ended}")]
}

/// A testee whose lifecycle hooks and ping fail.
fn failing(script: &Script, good: Option<&Seen>) -> Seen {
    let orders = json!({
        "OnConfigurationChange": "fail c", "OnActivate": "fail a", "OnDeactivate": "fail d", "OnSharedChannelsPing": "fail p",
    });
    let variables = [("CONFORMANCE_ORDERS", &*orders.to_string())];
    talk(script, &variables, good, async |talk| {
        for name in [
            "OnConfigurationChange",
            "OnActivate",
            "OnSharedChannelsPing",
            "OnDeactivate",
        ] {
            talk.hook(name).await?;
        }
        talk.health("plugin").await
    })
}

/// A testee whose handlers end the process.
fn crashing(script: &Script, good: Option<&Seen>) -> Seen {
    talk(script, &[], good, async |talk| {
        talk.post("conformance n quit 7").await?;
        talk.health("plugin").await?;
        talk.post("conformance n flood 100").await?;
        talk.post("conformance n exit 7").await?;
        talk.ended()
    })
}

/// A testee whose callers go away.
fn given_up(script: &Script, good: Option<&Seen>) -> Seen {
    talk(script, &[], good, async |talk| talk.give_up().await)
}

/// A testee that is to be without some hooks, and that may use the API to its end.
fn without_hooks(script: &Script, good: Option<&Seen>) -> Seen {
    let orders = json!({ "OnDeactivate": "api GetPluginID {}" }).to_string();
    let variables = [
        ("CONFORMANCE_WITHOUT", "UserWillLogIn OnInstall"),
        ("CONFORMANCE_ORDERS", orders.as_str()),
    ];
    talk(script, &variables, good, async |talk| {
        talk.hook("Implemented").await?;
        talk.hook("UserWillLogIn").await?;
        talk.hook("OnDeactivate").await?;
        talk.health("plugin").await?;
        talk.bytes("MessageHasBeenPosted", b"\x1a\x02\xff\xff")
            .await
    })
}

/// A testee with hooks of every shape, whose messages have fields of every kind.
fn of_all_shapes(script: &Script, good: Option<&Seen>) -> Seen {
    let files = json!({ "files": [{ "filename": "f", "data": "AA==" }, { "filename": "g" }] });
    let orders = json!({ "RunDataRetention": "reject no", "GenerateSupportData": format!("answer {files}") }).to_string();
    let variables = [
        ("CONFORMANCE_ORDERS", orders.as_str()),
        ("MATTERMOST_PLUGIN_HOOK_TIMEOUT", "0.4"),
    ];
    let post = json!({
        "message": "conformance n allow \u{1f680}", "props": { "list": [1] }, "file_ids": ["a", "b"], "create_at": i64::MAX - 1,
        "metadata": { "priority": { "priority": "urgent" } },
    });
    let notification = json!({ "subject": "conformance n modify", "subtitle": "s" }).to_string();
    let notification = base64::encode(notification.as_bytes());
    let posts = |word: &str| json!({ "posts": [{ "message": format!("conformance n {word}") }, { "id": "2" }] });
    let file = |word: &str| json!({ "file_info": { "name": format!("conformance n {word}"), "size": 1 }, "file_content": "AP/+" });
    let user = json!({ "username": "conformance n allow", "notify_props": { "push": "all" } });
    let saml = json!({ "user": { "username": "conformance n fail x" } });
    let sync = json!({ "remote_cluster": { "display_name": "conformance n allow", "options": 7 } });
    let response =
        r#"conformance n answer {"response": {"users_last_update_at": 1, "status_errors": ["x"]}}"#;
    let asked = [
        (
            "MessageHasBeenDeleted",
            json!({ "post": post, "plugin_context": { "user_agent": "ua" } }),
        ),
        ("MessagesWillBeConsumed", posts("allow")),
        ("MessagesWillBeConsumed", posts("modify")),
        ("MessagesWillBeConsumed", posts("dismiss")),
        ("MessagesWillBeConsumed", posts("fail x")),
        ("FileWillBeUploaded", file("modify")),
        (
            "EmailNotificationWillBeSent",
            json!({ "email_notification": { "notification_json": notification } }),
        ),
        (
            "ReactionHasBeenAdded",
            json!({ "reaction": { "emoji_name": "conformance n allow", "create_at": 1 } }),
        ),
        (
            "NotificationWillBePushed",
            json!({ "push_notification": { "message": "conformance n fail x", "sender_name": "s" } }),
        ),
        ("UserHasBeenCreated", json!({ "user": user })),
        (
            "UserHasJoinedTeam",
            json!({ "team_member": { "roles": "conformance n allow" } }),
        ),
        (
            "UserHasLeftTeam",
            json!({ "team_member": { "roles": "conformance n allow" }, "actor": user }),
        ),
        (
            "WebSocketMessageHasBeenPosted",
            json!({ "request": { "action": "a", "data": { "k": 1 } } }),
        ),
        (
            "OnWebSocketConnect",
            json!({ "web_conn_id": "conformance n allow" }),
        ),
        (
            "OnPluginClusterEvent",
            json!({ "event": { "data": "AP/+" } }),
        ),
        (
            "OnCloudLimitsUpdated",
            json!({ "limits": { "teams": { "active": 0 } } }),
        ),
        (
            "OnCloudLimitsUpdated",
            json!({ "limits": { "teams": { "active": 5 } } }),
        ),
        (
            "OnSAMLLogin",
            json!({ "context": { "request_id": "r" }, "user": saml["user"] }),
        ),
        (
            "RunDataRetention",
            json!({ "context": { "request_id": "r" } }),
        ),
        ("OnSharedChannelsProfileImageSyncMsg", sync),
        (
            "OnSharedChannelsSyncMsg",
            json!({ "remote_cluster": { "display_name": response } }),
        ),
        ("ConfigurationWillBeSaved", json!({})),
        (
            "GenerateSupportData",
            json!({ "plugin_context": { "request_id": "r" } }),
        ),
        (
            "UserWillLogIn",
            json!({ "user": { "username": "conformance n sleep 100000" } }),
        ),
    ];
    talk(script, &variables, good, async |talk| {
        for (hook, message) in &asked {
            talk.ask_hook(hook, message).await?;
        }
        talk.bytes("UserHasBeenCreated", b"\xfa\x3f\x01x").await?;
        let content = base64::encode(&[1; 5 * 1024 * 1024]);
        talk.ask_hook("FileWillBeUploaded", &json!({ "file_content": content }))
            .await
    })
}

/// A testee that is asked to end in the middle of its work.
fn interrupted(script: &Script, good: Option<&Seen>) -> Seen {
    talk(script, &[], good, async |talk| talk.leave_running().await)
}

/// A testee whose callers break the rules.
fn badly_treated(script: &Script, good: Option<&Seen>) -> Seen {
    let post = plugin_proto::find_hook("MessageWillBePosted").unwrap().path;
    talk(script, &[], good, async |talk| {
        talk.message(post, b"\xff\xff\xff").await?;
        talk.message(post, &[]).await?;
        // Field 2,000, a number.
        talk.message(post, &[0x80, 0x7d, 1]).await?;
        for word in ["allow", "modify"] {
            let long = format!("conformance n {word} {}", "x".repeat(5 << 20));
            talk.post(&long).await?;
        }
        for stream in [
            &[1, 0, 0, 0, 0][..],
            &[9, 0, 0, 0, 0],
            &[0, 255, 255, 255, 255],
        ] {
            talk.stream(post, stream).await?;
        }
        talk.cancel().await?;
        talk.health("plugin").await?;
        talk.knock(b"GET / HTTP/1.1\r\n\r\n").await?;
        talk.health("plugin").await
    })
}

/// A testee in its daily work.
fn working(script: &Script, good: Option<&Seen>) -> Seen {
    let orders = json!({ "OnActivate": "api GetPluginID {}" }).to_string();
    let variables = [
        ("CONFORMANCE_ORDERS", orders.as_str()),
        ("MATTERMOST_PLUGIN_HOOK_TIMEOUT", "0.4"),
        ("MATTERMOST_PLUGIN_LOG_LEVEL", "WARN"),
    ];
    talk(script, &variables, good, async |talk| {
        talk.stdio().await?;
        for service in ["plugin", "", "other"] {
            talk.health(service).await?;
        }
        for name in [
            "Implemented",
            "Implemented",
            "OnConfigurationChange",
            "OnActivate",
            "OnSharedChannelsPing",
            "UserHasLoggedIn",
        ] {
            talk.hook(name).await?;
        }
        talk.raw("/no.Such/Method").await?;
        for order in [
            "modify",
            "reject no",
            "dismiss",
            "log info quiet",
            "log error loud",
            "allow ä€",
            "fail x",
            "sleep 1",
        ] {
            talk.post(&format!("conformance n {order}")).await?;
        }
        for order in ["modify", "fail x"] {
            talk.command(&format!("conformance n {order}")).await?;
        }
        talk.login("conformance n reject no").await?;
        talk.post(&format!("conformance n reject {}", "x".repeat(2000)))
            .await?;
        talk.post(&format!("conformance n allow {}", "x".repeat(100_000)))
            .await?;
        for call in [
            r#"KVSet {"key": "k", "value": "YQD/"}"#,
            r#"KVGet {"key": "k"}"#,
            r#"KVDelete {"key": "k"}"#,
            "KVList {}",
            "GetPluginID {}",
            r#"KVCompareAndDelete {"key": "k", "old_value": "AA=="}"#,
            r#"KVCompareAndSet {"key": "k", "old_value": "AA=="}"#,
            r#"KVSetWithOptions {"key": "k", "options": {"atomic": true}}"#,
            r#"GetGroups {"page": 2}"#,
            r#"LogInfo {"msg": "m", "key_value_pairs": [{"key": "k", "value": "v"}]}"#,
        ] {
            talk.post(&format!("conformance n api {call}")).await?;
        }
        talk.api_together(r#"LogInfo {"msg": "1"}"#, r#"LogInfo {"msg": "2"}"#)
            .await?;
        talk.together().await?;
        talk.notify("conformance n fail x").await?;
        talk.health("plugin").await?;
        talk.hook("OnDeactivate").await
    })
}

/// A testee with a token, whose calls of the API have something special about them.
fn calling(script: &Script, good: Option<&Seen>) -> Seen {
    let variables = [("MATTERMOST_PLUGIN_API_TOKEN", "secret")];
    talk(script, &variables, good, async |talk| {
        let order = r#"conformance n api GetUser {"user_id": "u"}"#;
        let message = json!({ "context": { "request_id": "r" }, "post": { "message": order } });
        talk.ask_hook("MessageWillBePosted", &message).await?;
        for call in [
            r#"PatchBot {"bot_user_id": "b", "bot_patch": {"username": ""}}"#,
            "DeleteUser {}",
            "GetReactions {}",
        ] {
            talk.post(&format!("conformance n api {call}")).await?;
        }
        talk.api_together("GetTeams {}", "GetTeams {}").await?;
        let value = base64::encode(&[1; 5 << 20]);
        talk.post(&format!(
            r#"conformance n api KVSet {{"key": "k", "value": "{value}"}}"#
        ))
        .await?;
        let message = json!({ "post": { "message": "conformance n api ReadFile {}" } });
        talk.ask_hook("MessageWillBePosted", &message).await
    })
}

/// A handshake line as it is for every run.
fn without_port(line: &str) -> String {
    match line.rsplit_once(':') {
        Some((before, after)) => format!(
            "{before}:{}",
            after.trim_start_matches(|c: char| c.is_ascii_digit())
        ),
        None => line.to_owned(),
    }
}
