//! The configuration as plugins read and save it. What is secret is masked, and a mask that comes back means: as it was.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use plugin_proto::pb::{
    ConfigJson, ConfigurationWillBeSavedRequest, GetConfigRequest, GetConfigResponse,
    GetPluginConfigRequest, GetPluginConfigResponse, GetUnsanitizedConfigRequest,
    GetUnsanitizedConfigResponse, LoadPluginConfigurationRequest, LoadPluginConfigurationResponse,
    OnConfigurationChangeRequest, SaveConfigRequest, SaveConfigResponse, SavePluginConfigRequest,
    SavePluginConfigResponse,
};
use plugin_proto::{Methods, hook};
use prost_types::value::Kind;
use prost_types::{ListValue, Struct};
use serde_json::{Map, Value};

use crate::api::plugins::Stop;
use crate::api::request::INVALID;
use crate::ids::PluginId;
use crate::memory::act::{Act, acts};
use crate::memory::websocket::To;
use crate::memory::{Refusal, Store, Tables, config, handlers, log, switches};

/// What stands for a secret.
const MASK: &str = "********************************";
/// The settings that are secret.
const SECRETS: &[(&str, &str)] = &[
    ("EmailSettings", "SMTPPassword"),
    ("FileSettings", "AmazonS3SecretAccessKey"),
    ("FileSettings", "PublicLinkSalt"),
    ("GitLabSettings", "Secret"),
    ("GoogleSettings", "Secret"),
    ("LdapSettings", "BindPassword"),
    ("Office365Settings", "Secret"),
    ("OpenIdSettings", "Secret"),
    ("ServiceSettings", "GiphySdkKey"),
    ("ServiceSettings", "SplitKey"),
    ("SqlSettings", "AtRestEncryptKey"),
    ("SqlSettings", "DataSource"),
    ("ElasticsearchSettings", "Password"),
    ("MessageExportSettings", "SMTPPassword"),
];

pub(super) fn register(methods: &mut Methods, store: &Arc<Store>, caller: &PluginId) {
    handlers!(methods, store, caller;
        LoadPluginConfiguration => load,
        GetConfig => get,
        GetUnsanitizedConfig => get_unsanitized,
        GetPluginConfig => get_own,
    );
    acts!(methods, store, caller;
        SaveConfig => save,
        SavePluginConfig => save_own,
    );
}

fn own(document: &Map<String, Value>, plugin: &PluginId) -> Map<String, Value> {
    let plugins = document
        .get("PluginSettings")
        .and_then(|section| section.get("Plugins"));
    let own = plugins.and_then(|plugins| plugins.get(plugin.as_str()));
    own.and_then(Value::as_object).cloned().unwrap_or_default()
}

fn masked(t: &Tables) -> Map<String, Value> {
    let mut document = t.config.document().clone();
    for (section, setting) in SECRETS {
        let value = document
            .get_mut(*section)
            .and_then(|section| section.get_mut(*setting));
        if let Some(value) = value
            && value.as_str().is_some_and(|secret| !secret.is_empty())
        {
            *value = MASK.into();
        }
    }
    document
}

/// Puts the secrets back where a mask stands for them.
fn unmask(document: &mut Map<String, Value>, old: &Map<String, Value>) {
    for (section, setting) in SECRETS {
        let value = document
            .get_mut(*section)
            .and_then(|section| section.get_mut(*setting));
        if let Some(value) = value
            && value == MASK
        {
            let kept = old.get(*section).and_then(|section| section.get(*setting));
            *value = kept.cloned().unwrap_or_default();
        }
    }
}

fn written(document: Map<String, Value>) -> Bytes {
    Value::Object(document).to_string().into()
}

/// All keys are in small letters, and secrets are what they are.
fn load(
    t: &mut Tables,
    caller: &PluginId,
    _: LoadPluginConfigurationRequest,
) -> Result<LoadPluginConfigurationResponse, Refusal> {
    let own = own(t.config.document(), caller).into_iter();
    let lowered = own
        .map(|(key, value)| (key.to_lowercase(), value))
        .collect();
    Ok(LoadPluginConfigurationResponse {
        config_json: written(lowered),
        error: None,
    })
}

fn get(t: &mut Tables, _: &PluginId, _: GetConfigRequest) -> Result<GetConfigResponse, Refusal> {
    Ok(GetConfigResponse {
        config_json: written(masked(t)),
        error: None,
    })
}

fn get_unsanitized(
    t: &mut Tables,
    _: &PluginId,
    _: GetUnsanitizedConfigRequest,
) -> Result<GetUnsanitizedConfigResponse, Refusal> {
    Ok(GetUnsanitizedConfigResponse {
        config_json: written(t.config.document().clone()),
        error: None,
    })
}

fn get_own(
    t: &mut Tables,
    caller: &PluginId,
    _: GetPluginConfigRequest,
) -> Result<GetPluginConfigResponse, Refusal> {
    let own = own(t.config.document(), caller).into_iter();
    let fields = own.map(|(key, value)| (key, wire(value))).collect();
    Ok(GetPluginConfigResponse {
        config: Some(Struct { fields }),
        error: None,
    })
}

/// JSON as a protobuf value; its numbers become doubles.
fn wire(value: Value) -> prost_types::Value {
    let kind = match value {
        Value::Null => Kind::NullValue(0),
        Value::Bool(yes) => Kind::BoolValue(yes),
        Value::Number(number) => Kind::NumberValue(number.as_f64().unwrap_or_default()),
        Value::String(text) => Kind::StringValue(text),
        Value::Array(list) => Kind::ListValue(ListValue {
            values: list.into_iter().map(wire).collect(),
        }),
        Value::Object(object) => Kind::StructValue(Struct {
            fields: object
                .into_iter()
                .map(|(key, value)| (key, wire(value)))
                .collect(),
        }),
    };
    prost_types::Value { kind: Some(kind) }
}

async fn save(act: Act, r: SaveConfigRequest) -> Result<SaveConfigResponse, Refusal> {
    let document = read(&r.config_json)?;
    let switched = replace(&act, |now| now.clone_from(&document)).await?;
    switches::follow(&act, switched);
    Ok(SaveConfigResponse::default())
}

fn read(json: &Bytes) -> Result<Map<String, Value>, Refusal> {
    serde_json::from_slice(json).map_err(|error| {
        Refusal::new(INVALID, 400).said(format!("config_json is no JSON object: {error}"))
    })
}

/// The plugin's whole part is replaced, in what it would see of the rest.
async fn save_own(
    act: Act,
    r: SavePluginConfigRequest,
) -> Result<SavePluginConfigResponse, Refusal> {
    let own = r.config.map(log::json).unwrap_or_default();
    let mut document = act.with(|t| masked(t));
    let plugins = document
        .entry("PluginSettings")
        .or_insert_with(|| Map::new().into())
        .as_object_mut()
        .map(|section| {
            section
                .entry("Plugins")
                .or_insert_with(|| Map::new().into())
        });
    match plugins.and_then(Value::as_object_mut) {
        Some(plugins) => plugins.insert(act.caller().to_string(), own.into()),
        None => return Err(Refusal::new("app.save_config.app_error", 500)),
    };
    let switched = replace(&act, |now| now.clone_from(&document)).await?;
    switches::follow(&act, switched);
    Ok(SavePluginConfigResponse::default())
}

/// Asks the plugins, changes the configuration, and tells them; the plugins that are switched on or off by it. What is stored is what
/// they made of it; if they left it as it was, the change is made to the configuration as it is by then, so that two small ones at the
/// same time are both made.
pub(super) async fn replace(
    act: &Act,
    change: impl Fn(&mut Map<String, Value>) + Send + Sync,
) -> Result<BTreeSet<PluginId>, Refusal> {
    let wished = |t: &Tables| {
        let mut document = t.config.document().clone();
        change(&mut document);
        unmask(&mut document, t.config.document());
        document
    };
    let config_json = act.with(|t| written(wished(t)));
    let asked = ConfigurationWillBeSavedRequest {
        context: None,
        new_config: Some(ConfigJson {
            config_json: config_json.clone(),
        }),
    };
    let answer = act.filter::<hook::ConfigurationWillBeSaved>(asked).await;
    let answer = answer.map_err(|stopped| match stopped.how {
        Stop::Refused(error) if !error.id.is_empty() => Refusal::given(*error),
        Stop::Refused(error) => {
            Refusal::new("app.save_config.plugin_hook_error", 400).about(error.message)
        }
        Stop::Rejected(reason) => {
            Refusal::new("app.save_config.plugin_hook_error", 400).about(reason)
        }
    })?;
    let answered = answer.new_config.unwrap_or_default().config_json;
    let replaced = match answered == config_json {
        true => None,
        false => Some(read(&answered)?),
    };
    Ok(act.with(|t| {
        let mut document = replaced.unwrap_or_else(|| wished(t));
        config::complete(&mut document);
        unmask(&mut document, t.config.document());
        let switched = switches::changed(t.config.document(), &document);
        *t.config.document_mut() = document;
        t.event("config_changed", To::All, []);
        t.tell::<hook::OnConfigurationChange>(OnConfigurationChangeRequest::default());
        switched
    }))
}
