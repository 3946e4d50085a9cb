//! What is asked of every method of the API alike. The methods are those of the descriptor: none is named here but as an exception.

use std::collections::BTreeMap;

use plugin_proto::{API, Method};
use serde_json::{Value, json};

use super::super::stage::{Stage, good};
use super::door::{Door, Said};
use crate::case::Case;
use crate::case::judge::some;
use crate::case::words::Words;
use crate::drawn::{Draw, is_empty, takes_ids};
use crate::driver::protocol::Called;
use crate::rng::Rng;
use crate::scenario::{ScenarioResult, scenarios};
use crate::verdict::OutcomeKind;

scenarios! {
    Host, Api;
    /// Every method is asked with nothing, with everything, with extremes, at random, and for what does not exist.
    "host/api/every-method" => every_method: ["AP-010", "AP-011", "AP-012", "AP-013"], deadline(240), per_method();
}

/// How often a method is asked at random.
const RANDOM: usize = 2;

/// Methods that answer 501 when a part of the server is switched off, and the ids by which they say so.
const SWITCHED_OFF: &[(&str, &str)] = &[
    (
        "CreateOAuthApp",
        "api.oauth.register_oauth_app.turn_off.app_error",
    ),
    ("CreateUserAccessToken", "app.user_access_token.disabled"),
    ("DeleteOAuthApp", "api.oauth.allow_oauth.turn_off.app_error"),
    ("GetFileLink", "plugin_api.get_file_link.disabled.app_error"),
    ("GetLDAPUserAttributes", "ent.ldap.disabled.app_error"),
    ("GetOAuthApp", "api.oauth.allow_oauth.turn_off.app_error"),
    ("UpdateOAuthApp", "api.oauth.allow_oauth.turn_off.app_error"),
];

/// Methods that take ids of what does not exist, and why.
const CONTENT: &[(&str, &[&str])] = &[
    (
        "it only tells clients or other nodes, and looks nothing up",
        &[
            "DeleteEphemeralPost",
            "PublishPluginClusterEvent",
            "PublishUserTyping",
            "PublishWebSocketEvent",
            "SendEphemeralPost",
            "UpdateEphemeralPost",
        ],
    ),
    (
        "what is not there needs not be removed",
        &[
            "DeleteCommand",
            "DeleteOAuthApp",
            "DeletePreferencesForUser",
            "DeletePropertyValuesForField",
            "DeletePropertyValuesForTarget",
            "UnregisterCommand",
        ],
    ),
    (
        "it keeps what it is given, whoever it is for",
        &[
            "CreateChannelSidebarCategory",
            "GetChannelSidebarCategories",
            "LogAuditRec",
            "LogAuditRecWithLevel",
            "PatchChannelMembersNotifications",
            "RegisterPluginForSharedChannels",
            "SendPushNotification",
            "SetUserStatusTimedDND",
            "SyncSharedChannel",
            "UpdateChannelSidebarCategories",
            "UpdatePreferencesForUser",
            "UpdateUserAuth",
        ],
    ),
    (
        "users without a status are offline",
        &["GetUserStatusesByIds"],
    ),
    ("a filter that nothing fits is ignored", &["GetUsers"]),
    (
        "commands of the server are those of any team",
        &["ListCommands"],
    ),
    (
        "each of its results has an error of its own",
        &["CreateTeamMembersGracefully"],
    ),
];

/// What was found about one requirement.
struct Found {
    id: &'static str,
    asked: usize,
    wrong: BTreeMap<&'static str, String>,
}

impl Found {
    fn about(id: &'static str) -> Found {
        Found {
            id,
            asked: 0,
            wrong: BTreeMap::new(),
        }
    }

    /// Notes how it stands for a method; of several breaches the first is kept.
    fn note(&mut self, case: &Case, method: &Method, breach: Option<String>) {
        self.asked += 1;
        let kind = match breach {
            None => OutcomeKind::Passed,
            Some(_) => OutcomeKind::Failed,
        };
        case.cell(self.id, method.name, kind);
        if let Some(breach) = breach {
            self.wrong.entry(method.name).or_insert(breach);
        }
    }

    fn judge(&self, case: &Case, expected: &str, reason: &'static str) {
        let witness = case.require(self.id).seen("answers", some(self.asked));
        let list: Vec<String> = self
            .wrong
            .iter()
            .map(|(method, breach)| format!("{method}: {breach}"))
            .collect();
        let seen = format!(
            "{} of {} methods do not: {}",
            list.len(),
            API.len(),
            list.join("; ")
        );
        witness.holds(list.is_empty(), expected, seen, reason);
    }
}

async fn every_method(case: &mut Case) -> ScenarioResult {
    let mut rng = Rng::new(case.seed());
    let stage = Stage::open(case).await?;
    let folder = stage.started("plugin", &good()).await?;
    let door = Door::open(&folder).await?;
    let mut there = Found::about("AP-010");
    let mut borne = Found::about("AP-011");
    let mut unknown = Found::about("AP-012");
    let mut shape = Found::about("AP-013");
    // First, as long as nothing is there: what the other requests make could be found.
    for method in API.iter().filter(|method| takes_ids(method)) {
        let said = door
            .send(method, Draw::Unknown.request(method, &mut rng))
            .await;
        if !is_content(method) {
            unknown.note(case, method, found(method, &said));
        }
        if let Said::Error(error) = &said {
            shape.note(case, method, misshapen(error));
        }
    }
    for method in API {
        let said = door
            .send(method, Draw::Empty.request(method, &mut rng))
            .await;
        let draws = [Draw::Empty, Draw::Filled, Draw::Extreme];
        for draw in draws.into_iter().chain([Draw::Random; RANDOM]) {
            let said = match draw {
                Draw::Empty => said.clone(),
                _ => door.send(method, draw.request(method, &mut rng)).await,
            };
            there.note(case, method, missing(method, &said));
            let breach = unanswered(&said).map(|breach| format!("{} got {breach}", draw.word()));
            borne.note(case, method, breach);
            if let Said::Error(error) = &said {
                shape.note(case, method, misshapen(error));
            }
        }
        if let Said::Status(status) = door.call("GetServerVersion", &json!({})).await? {
            borne.note(
                case,
                method,
                Some(format!("afterwards the API answers {}", status.words())),
            );
        }
    }
    let next = stage
        .hook(&folder, "MessageHasBeenPosted", json!({}))
        .await?;
    there.judge(case, "every method is there", "method-missing");
    borne.judge(
        case,
        "every request is answered in band",
        "request-not-borne",
    );
    unknown.judge(
        case,
        "what does not exist is refused, or an empty list",
        "unknown-accepted",
    );
    shape.judge(
        case,
        "every AppError has an id, a message, a place and an HTTP status from 400 to 599",
        "misshapen-error",
    );
    case.require("AP-011")
        .seen("answers", some(borne.asked))
        .holds(
            matches!(next, Ok(Called::Answered { .. })),
            "the plugin is called afterwards",
            next.words(),
            "plugin-ended",
        );
    stage.close().await
}

/// Why a method is not there.
fn missing(method: &Method, said: &Said) -> Option<String> {
    match said {
        Said::Answer(_) => None,
        Said::Status(status) => Some(format!("the status {}", status.words())),
        Said::Error(error) => {
            let off = error["id"]
                .as_str()
                .is_some_and(|id| SWITCHED_OFF.contains(&(method.name, id)));
            (error["status_code"] == 501 && !off).then(|| format!("{error}"))
        }
    }
}

/// What came in place of an answer.
fn unanswered(said: &Said) -> Option<String> {
    match said {
        Said::Answer(_) => None,
        Said::Status(_) => Some(said.words()),
        Said::Error(error) => {
            let id = error["id"].as_str().unwrap_or_default();
            id.contains("panic").then(|| said.words())
        }
    }
}

/// What is wrong with the form of an error.
fn misshapen(error: &Value) -> Option<String> {
    let told = |field: &str| error[field].as_str().is_some_and(|text| !text.is_empty());
    let status = error["status_code"].as_i64().unwrap_or_default();
    let whole = told("id") && told("message") && told("where") && (400..600).contains(&status);
    (!whole).then(|| format!("{error}"))
}

/// How a method answers about what does not exist as if it did.
fn found(method: &Method, said: &Said) -> Option<String> {
    match said {
        Said::Error(_) => None,
        Said::Answer(answer) if is_empty(method, answer) => None,
        _ => Some(said.words()),
    }
}

/// Whether a method rightly takes ids of what does not exist.
fn is_content(method: &Method) -> bool {
    let mut exceptions = CONTENT.iter();
    exceptions.any(|(_, methods)| methods.contains(&method.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exceptions_are_methods_and_stand_once() {
        let mut names: Vec<&str> = CONTENT
            .iter()
            .flat_map(|(_, methods)| methods.iter().copied())
            .collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
        for name in names {
            let method = plugin_proto::find_api(name).unwrap();
            assert!(takes_ids(method), "{name}");
        }
        for (name, _) in SWITCHED_OFF {
            assert!(plugin_proto::find_api(name).is_some(), "{name}");
        }
    }

    #[test]
    fn an_error_without_a_part_is_misshapen() {
        let whole = json!({"id": "a", "message": "b", "where": "c", "status_code": 404});
        assert_eq!(misshapen(&whole), None);
        for field in ["id", "message", "where", "status_code"] {
            let mut part = whole.clone();
            part[field] = Value::Null;
            assert!(misshapen(&part).is_some(), "{field}");
        }
    }
}
