//! `PluginHTTP`: a plugin asks a plugin, itself perhaps.
//!
//! As on the real server it never fails as a call: what goes wrong is an answer of HTTP. Two things are errors all the same: a
//! request that cannot be built, and one that would prolong a chain that is too long already. Unlike other calls it ends when its
//! caller goes away.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use ::http::{HeaderName, Method, StatusCode};
use bytes::Bytes;
use plugin_proto::pb::{
    HttpHeader, PluginContext, PluginHttpRequest, PluginHttpResponse, ServeHttpRequestInit,
};
use plugin_proto::{Methods, Rpc as _, api};

use super::url::{self, Nowhere, Whither};
use super::{disabled, plugins};
use crate::api::plugins::HttpReply;
use crate::api::request::INVALID;
use crate::http_rules::fields;
use crate::ids::PluginId;
use crate::memory::act::{self, Act};
use crate::memory::{Refusal, Store};

/// The plugin that asks; only the host may say so.
const PLUGIN_ID: &str = "Mattermost-Plugin-Id";
/// The user who asks: a plugin speaks for nobody.
const USER_ID: &str = "Mattermost-User-Id";

pub(super) fn register(methods: &mut Methods, store: &Arc<Store>, caller: &PluginId) {
    act::answer_attended::<api::PluginHTTP, _>(methods, store, caller, ask);
}

async fn ask(act: Act, r: PluginHttpRequest) -> Result<PluginHttpResponse, Refusal> {
    let method = match r.method.as_str() {
        "" => "GET",
        method if Method::from_bytes(method.as_bytes()).is_ok() => method,
        method => return Err(unbuildable(format!("method {method:?} is none of HTTP"))),
    };
    let mut headers = headers(r.headers, act.caller())?;
    let whither = match url::read(&r.url) {
        Ok(whither) => whither,
        Err(error @ Nowhere::NoUrl(_)) => return Err(unbuildable(format!("url: {error}"))),
        Err(error) => return Ok(said(StatusCode::BAD_REQUEST, error.to_string())),
    };
    let Whither { plugin, url, host } = whither;
    let Ok(plugins) = plugins(&act) else {
        return Ok(switched_off());
    };
    // An id in other letters is another id.
    let id = PluginId::parse(&plugin)
        .ok()
        .filter(|id| id.as_str() == plugin);
    let Some(plugin) = id else {
        return Ok(not_found());
    };
    let host = headers.remove("Host").unwrap_or(host);
    let (link, request_id) = act.link::<plugin_proto::hook::ServeHTTP>();
    let head = ServeHttpRequestInit {
        plugin_context: Some(PluginContext {
            request_id,
            user_agent: headers.get("User-Agent").cloned().unwrap_or_default(),
            ..PluginContext::default()
        }),
        method: method.to_owned(),
        url,
        proto: "HTTP/1.1".to_owned(),
        proto_major: 1,
        proto_minor: 1,
        headers: headers.into_iter().map(one).collect(),
        host,
        content_length: i64::try_from(r.body.len()).unwrap_or(-1),
        ..ServeHttpRequestInit::default()
    };
    Ok(
        match plugins.serve_http(&plugin, head, r.body, link).await {
            HttpReply::Answered { head, body } => PluginHttpResponse {
                error: None,
                status_code: match head.status_code {
                    0 => 200,
                    status => status,
                },
                headers: joined(head.headers),
                body,
            },
            HttpReply::NotRunning | HttpReply::NotImplemented => not_found(),
            HttpReply::Failed { status, reason } => {
                tracing::warn!(%plugin, caller = %act.caller(), "PluginHTTP: {reason}");
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
                said(status, reason)
            }
        },
    )
}

fn unbuildable(reason: String) -> Refusal {
    Refusal::new(INVALID, 400).said(format!("PluginHTTP: {reason}."))
}

/// The headers by their names as Go writes them; of two that differ in their letters the later one counts.
fn headers(
    given: HashMap<String, String>,
    caller: &PluginId,
) -> Result<BTreeMap<String, String>, Refusal> {
    let given: BTreeMap<_, _> = given.into_iter().collect();
    let mut headers = BTreeMap::new();
    for (name, value) in given {
        let known = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| unbuildable(format!("headers: {name:?} is no name of a header")))?;
        if value.contains(['\r', '\n', '\0']) {
            return Err(unbuildable(format!(
                "headers: the value of {known} has a control character"
            )));
        }
        headers.insert(fields::canonical(known.as_str()), value);
    }
    headers.insert(PLUGIN_ID.to_owned(), caller.to_string());
    headers.insert(USER_ID.to_owned(), String::new());
    Ok(headers)
}

fn one((key, value): (String, String)) -> HttpHeader {
    HttpHeader {
        key,
        values: vec![value],
    }
}

/// One value for each name, which is all that the wire has; several are joined.
fn joined(headers: Vec<HttpHeader>) -> HashMap<String, String> {
    let mut all: HashMap<String, String> = HashMap::new();
    for header in headers {
        for value in header.values {
            match all.get_mut(&header.key) {
                Some(joined) => {
                    joined.push_str(", ");
                    joined.push_str(&value);
                }
                None => {
                    all.insert(header.key.clone(), value);
                }
            }
        }
    }
    all
}

fn said(status: StatusCode, text: String) -> PluginHttpResponse {
    answer(status, "text/plain; charset=utf-8", text.into())
}

fn not_found() -> PluginHttpResponse {
    said(StatusCode::NOT_FOUND, "404 page not found\n".to_owned())
}

fn switched_off() -> PluginHttpResponse {
    let error = disabled().into_error(api::PluginHTTP::METHOD.name);
    let json = serde_json::json!({
        "id": error.id,
        "message": error.message,
        "detailed_error": error.detailed_error,
        "status_code": error.status_code,
    });
    let text = json.to_string();
    answer(StatusCode::NOT_IMPLEMENTED, "application/json", text.into())
}

fn answer(status: StatusCode, content_type: &str, body: Bytes) -> PluginHttpResponse {
    PluginHttpResponse {
        status_code: status.as_u16().into(),
        headers: HashMap::from([("Content-Type".to_owned(), content_type.to_owned())]),
        body,
        ..PluginHttpResponse::default()
    }
}
