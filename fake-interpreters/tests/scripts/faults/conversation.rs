//! What a caller can see of a testee, as lines of text that are the same for every run of a good one.

use std::net::TcpStream;
use std::process::{Command, Stdio};

use fake_interpreters::Script;
use plugin_proto::dial::Target;
use serde_json::json;

use super::talk::{GOOD, PATIENCE, Seen, end, talk, target};
use crate::run::{Fake, lines, next_within};

/// The conversations, those that show most faults first.
pub(crate) const ALL: &[fn(&Script, Option<&Seen>) -> Seen] = &[
    working,
    failing,
    crashing,
    interrupted,
    in_bare_environment,
    in_rich_environment,
    without_cookie,
    terminated,
    started_again,
    orphaned,
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
        ("PLUGIN_CLIENT_CERT", "PEM"),
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

fn started_again(script: &Script, _: Option<&Seen>) -> Seen {
    let fake = Fake::new(script);
    (0..2)
        .map(|_| {
            let line = fake.start().stdout_within(PATIENCE);
            format!("{:?}", line.map(|line| without_port(&line)))
        })
        .collect()
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

/// A testee that is asked to end in the middle of its work.
fn interrupted(script: &Script, good: Option<&Seen>) -> Seen {
    talk(script, &[], good, async |talk| talk.leave_running().await)
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
        talk.api_together().await?;
        talk.together().await?;
        talk.notify("conformance n fail x").await?;
        talk.health("plugin").await?;
        talk.hook("OnDeactivate").await
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
