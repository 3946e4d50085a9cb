//! Whether each handler sees every field of its hook's message: messages with something in every field, hook by hook.

use std::collections::BTreeSet;

use plugin_proto::{Method, find_hook};
use serde_json::Value;

use crate::case::Case;
use crate::plugin_run::evidence::{as_seen, difference, surplus};
use crate::plugin_run::filled;
use crate::plugin_run::order::Word;
use crate::plugin_run::session::{Heard, Session, claimed};
use crate::scenario::{ScenarioResult, scenarios};

scenarios! {
    Plugin, Hooks;
    /// Posts with all of their fields, before and after they are stored, changed, read and deleted.
    "plugin/arrival/posts" => posts: ["HK-066", "HK-075"], deadline(40);
    /// Files, reactions, preferences, notifications, users and members with all of their fields.
    "plugin/arrival/users" => users: ["HK-067", "HK-068", "HK-069", "HK-070", "HK-071", "HK-075"], deadline(40);
    /// Commands, connections, the cluster, other servers, and the server itself, with all fields.
    "plugin/arrival/server" => server: ["HK-072", "HK-073", "HK-074", "HK-075"], deadline(40);
}

/// The requirement on the messages of some hooks.
type Family = (&'static str, &'static [&'static str]);

const POSTS: &[Family] = &[(
    "HK-066",
    &[
        "MessageWillBePosted",
        "MessageWillBeUpdated",
        "MessageHasBeenPosted",
        "MessageHasBeenUpdated",
        "MessagesWillBeConsumed",
        "MessageHasBeenDeleted",
    ],
)];

const USERS: &[Family] = &[
    ("HK-067", &["FileWillBeUploaded"]),
    (
        "HK-068",
        &[
            "ReactionHasBeenAdded",
            "ReactionHasBeenRemoved",
            "PreferencesHaveChanged",
        ],
    ),
    (
        "HK-069",
        &["NotificationWillBePushed", "EmailNotificationWillBeSent"],
    ),
    (
        "HK-070",
        &[
            "UserHasBeenCreated",
            "UserWillLogIn",
            "UserHasLoggedIn",
            "UserHasBeenDeactivated",
            "OnSAMLLogin",
        ],
    ),
    (
        "HK-071",
        &[
            "ChannelHasBeenCreated",
            "UserHasJoinedChannel",
            "UserHasLeftChannel",
            "UserHasJoinedTeam",
            "UserHasLeftTeam",
        ],
    ),
];

const SERVER: &[Family] = &[
    (
        "HK-072",
        &[
            "ExecuteCommand",
            "OnWebSocketConnect",
            "OnWebSocketDisconnect",
            "WebSocketMessageHasBeenPosted",
        ],
    ),
    (
        "HK-073",
        &[
            "OnPluginClusterEvent",
            "OnSharedChannelsSyncMsg",
            "OnSharedChannelsPing",
            "OnSharedChannelsAttachmentSyncMsg",
            "OnSharedChannelsProfileImageSyncMsg",
        ],
    ),
    (
        "HK-074",
        &[
            "OnInstall",
            "OnCloudLimitsUpdated",
            "ConfigurationWillBeSaved",
            "RunDataRetention",
            "GenerateSupportData",
        ],
    ),
];

async fn posts(case: &mut Case) -> ScenarioResult {
    families(case, POSTS).await
}

async fn users(case: &mut Case) -> ScenarioResult {
    families(case, USERS).await
}

async fn server(case: &mut Case) -> ScenarioResult {
    families(case, SERVER).await
}

async fn families(case: &mut Case, families: &[Family]) -> ScenarioResult {
    let session = Session::start(case, Word::Allow, &[]).await?;
    let claimed: BTreeSet<&str> = claimed(case).iter().map(|hook| hook.name).collect();
    for (id, names) in families {
        let hooks: Vec<&'static Method> = names
            .iter()
            .filter(|name| claimed.contains(**name))
            .filter_map(|name| find_hook(name))
            .collect();
        let mut askings = Vec::new();
        for hook in hooks {
            for part in filled::parts(hook) {
                askings.push(session.asking(case, hook, part, &Word::Allow));
            }
        }
        let sent: Vec<Value> = askings
            .iter()
            .map(|asking| as_seen(&asking.sent()))
            .collect();
        let heard = session.hear_all(askings).await?;
        for (sent, heard) in sent.into_iter().zip(heard) {
            judge(case, id, sent, &heard);
        }
    }
    session.end(case).await;
    Ok(())
}

/// The plugin context is a requirement of its own, the same for all hooks that have one.
fn judge(case: &Case, id: &'static str, mut sent: Value, heard: &Heard) {
    let name = heard.hook.name;
    let Some(evidence) = &heard.evidence else {
        let reason = if heard.answer.is_ok() {
            "not-shown"
        } else {
            "refused"
        };
        case.require(id)
            .fails(reason, format!("evidence of {name}"), heard.words());
        return;
    };
    let mut saw = evidence.saw.clone();
    let take = |message: &mut Value| {
        message
            .as_object_mut()
            .and_then(|fields| fields.remove("plugin_context"))
    };
    if let Some(context) = take(&mut sent) {
        let seen = take(&mut saw).unwrap_or_default();
        compare(case, "HK-075", name, &context, &seen);
    }
    take(&mut saw);
    compare(case, id, name, &sent, &saw);
}

fn compare(case: &Case, id: &'static str, hook: &str, sent: &Value, saw: &Value) {
    if sent.as_object().is_some_and(serde_json::Map::is_empty) {
        return;
    }
    let differs = difference(sent, saw, "");
    let reason = if differs.is_some() {
        "value-changed"
    } else {
        "invented"
    };
    let problem = differs.or_else(|| surplus(sent, saw, ""));
    case.require(id).seen("evidence of", hook).holds(
        problem.is_none(),
        format!("{hook}: the message as it was sent"),
        format!("{hook}: {}", problem.clone().unwrap_or_default()),
        reason,
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The hooks without any field of their own.
    const BARE: [&str; 4] = [
        "OnActivate",
        "OnDeactivate",
        "OnConfigurationChange",
        "OnSendDailyTelemetry",
    ];

    #[test]
    fn every_hook_with_fields_is_in_one_family() {
        let families = [POSTS, USERS, SERVER].concat();
        let mut listed: Vec<&str> = families
            .iter()
            .flat_map(|(_, names)| *names)
            .copied()
            .collect();
        listed.extend(BARE);
        listed.sort_unstable();
        let mut all: Vec<&str> = fake_interpreters::testee::hooks()
            .map(|hook| hook.name)
            .collect();
        all.sort_unstable();
        assert_eq!(listed, all);
    }
}
