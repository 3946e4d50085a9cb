//! What goes along with the plugin's calls: its token, the id of the request that it is answering, its deadline.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use plugin_proto::Rpc as _;
use plugin_proto::find_hook;
use plugin_proto::hook::MessageWillBePosted;
use serde_json::json;

use super::claimed;
use crate::case::Case;
use crate::case::judge::some;
use crate::case::words::Words as _;
use crate::plugin_run::backend::ApiCall;
use crate::plugin_run::order::Word;
use crate::plugin_run::session::{Asking, Session};
use crate::scenario::{Interruption, ScenarioResult, scenarios};

scenarios! {
    Plugin, Api;
    /// Calls of a plugin that was given a token.
    "plugin/api/metadata/token" => token: ["AP-085", "AP-088"];
    /// Calls of a plugin that was given none, in hooks with ids.
    "plugin/api/metadata/request" => request: ["AP-086", "AP-087"];
}

/// Where a host puts the token.
const VARIABLE: &str = "MATTERMOST_PLUGIN_API_TOKEN";
const AUTHORIZATION: &str = "authorization";
const REQUEST_ID: &str = "x-request-id";
/// gRPC's own header for a deadline.
const TIMEOUT: &str = "grpc-timeout";

/// Hooks at the same time, each with an id of its own.
const HOOKS: usize = 8;

/// An order to set a key, in a hook with this request id.
fn asking(
    case: &mut Case,
    session: &Session,
    key: &str,
    request_id: &str,
) -> Result<Asking, Interruption> {
    let hook = find_hook(MessageWillBePosted::METHOD.name)
        .ok_or_else(|| Interruption::broken_off("no MessageWillBePosted"))?;
    let word = Word::Api("KVSet", json!({ "key": key, "value": "eA==" }));
    let message = json!({ "context": { "request_id": request_id } });
    Ok(session.asking(case, hook, message, &word))
}

fn key_of(call: &ApiCall) -> String {
    let key = call.request["key"].as_str();
    key.unwrap_or_default().to_owned()
}

async fn token(case: &mut Case) -> ScenarioResult {
    if !claimed(case, "AP-085", &["KVSet"]) | !claimed(case, "AP-088", &["KVSet"]) {
        return Ok(());
    }
    let token = format!("{}{}", case.nonce(), case.nonce());
    let session = Session::start(case, Word::Allow, &[(VARIABLE, &token)]).await?;
    let call = asking(case, &session, "with a token", "")?;
    session.hear(call).await?;
    let call = session.raw.api.take("KVSet").pop();
    let metadata = |name: &str| {
        call.as_ref()
            .and_then(|call| call.metadata.get(name))
            .cloned()
    };
    let shown = metadata(AUTHORIZATION);
    let reason = if shown.is_some() {
        "wrong-token"
    } else {
        "token-not-sent"
    };
    let expected = format!("Bearer {token}");
    let arrived = call.as_ref().map(key_of);
    case.require("AP-085")
        .seen("KVSet at the host", &arrived)
        .same(AUTHORIZATION, Some(expected), shown, reason);
    let timeout = metadata(TIMEOUT);
    case.require("AP-088")
        .seen("KVSet at the host", &arrived)
        .holds(
            timeout.is_some(),
            format!("{TIMEOUT} in the call's metadata"),
            format!("metadata: {}", call.map(|call| call.metadata).words()),
            "deadline-not-sent",
        );
    session.end(case).await;
    Ok(())
}

async fn request(case: &mut Case) -> ScenarioResult {
    if !claimed(case, "AP-086", &["KVSet"]) | !claimed(case, "AP-087", &["KVSet"]) {
        return Ok(());
    }
    let session = Session::start(case, Word::Allow, &[]).await?;
    let mut sent = BTreeMap::new();
    let mut calls = Vec::new();
    for number in 0..HOOKS {
        let (key, id) = (format!("key-{number}"), case.nonce());
        calls.push(asking(case, &session, &key, &id)?);
        sent.insert(key, Some(id));
    }
    let heard = join_all(calls.into_iter().map(|call| session.hear(call))).await;
    heard.into_iter().collect::<Result<Vec<_>, _>>()?;
    let arrived = session.raw.api.take("KVSet");
    let shown: Vec<&String> = arrived
        .iter()
        .filter_map(|call| call.metadata.get(AUTHORIZATION))
        .collect();
    case.require("AP-086")
        .seen("calls at the host", some(arrived.len()))
        .absent(AUTHORIZATION, &shown, "token-invented");
    let id = |call: &ApiCall| (key_of(call), call.metadata.get(REQUEST_ID).cloned());
    let got: BTreeMap<String, Option<String>> = arrived.iter().map(id).collect();
    let reason = match got.values().any(Option::is_none) {
        true => "request-id-not-sent",
        false => "wrong-request-id",
    };
    case.require("AP-087")
        .seen("calls at the host", some(arrived.len()))
        .same("request ids by key", sent, got, reason);
    session.end(case).await;
    Ok(())
}
