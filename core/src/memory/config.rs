//! The server's configuration: one JSON document, and how the rest of the server reads it.
//!
//! What a document does not say, or says in another type, is the default's. The methods that plugins have for it are not here.

use std::sync::OnceLock;

use serde_json::{Map, Value, json};

use crate::memory::journal::{Area, Change, Kept, Unreadable};
use crate::memory::rows::form::Fault;

/// What the table is called.
const TABLE: &str = "config";

/// The document.
#[derive(Debug, Clone)]
pub(super) struct Config {
    document: Map<String, Value>,
    /// Whether it may have changed, if somebody wants to know.
    changed: Option<bool>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            document: defaults().clone(),
            changed: None,
        }
    }
}

impl Config {
    /// The document itself.
    pub(super) fn document(&self) -> &Map<String, Value> {
        &self.document
    }

    /// The document, to be changed.
    pub(super) fn document_mut(&mut self) -> &mut Map<String, Value> {
        self.changed = self.changed.map(|_| true);
        &mut self.document
    }

    /// Whether a switch is on.
    pub(super) fn yes(&self, section: &str, setting: &str) -> bool {
        self.read(section, setting, Value::as_bool).unwrap_or(false)
    }

    /// A number.
    pub(super) fn number(&self, section: &str, setting: &str) -> i64 {
        self.read(section, setting, Value::as_i64).unwrap_or(0)
    }

    /// A text.
    pub(super) fn text(&self, section: &str, setting: &str) -> String {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        self.read(section, setting, text).unwrap_or_default()
    }

    /// Texts.
    pub(super) fn list(&self, section: &str, setting: &str) -> Vec<String> {
        let texts = |value: &Value| {
            let texts = value.as_array()?.iter().filter_map(Value::as_str);
            Some(texts.map(str::to_owned).collect())
        };
        self.read(section, setting, texts).unwrap_or_default()
    }

    fn read<T>(&self, section: &str, setting: &str, of: impl Fn(&Value) -> Option<T>) -> Option<T> {
        let said = self.document.get(section)?.get(setting);
        said.and_then(&of)
            .or_else(|| of(defaults().get(section)?.get(setting)?))
    }
}

impl Area for Config {
    fn kept(&mut self) -> Vec<&mut dyn Kept> {
        vec![self]
    }
}

/// A table of one row, which is the document as text.
impl Kept for Config {
    fn table(&self) -> &'static str {
        TABLE
    }

    fn begin(&mut self) {
        self.changed = Some(false);
    }

    fn take_changes(&mut self, changes: &mut Vec<Change>) {
        if self.changed == Some(true) {
            self.changed = Some(false);
            let row = Value::Object(self.document.clone()).to_string();
            changes.push(Change {
                table: TABLE,
                key: Vec::new(),
                row: Some(row.into_bytes()),
            });
        }
    }

    fn restore(&mut self, row: &[u8]) -> Result<(), Unreadable> {
        self.document = serde_json::from_slice(row)?;
        Ok(())
    }

    /// There always is one, and it is nobody's.
    fn is_empty(&self) -> bool {
        true
    }

    fn to_json(&self) -> Result<Value, Fault> {
        Ok(Value::Object(self.document.clone()))
    }

    /// What it does not say is the default's.
    fn take_json(&mut self, json: &Value) -> Result<(), Fault> {
        let Value::Object(document) = json else {
            return Err(Fault::here("a configuration is an object"));
        };
        let mut document = document.clone();
        complete(&mut document);
        *self.document_mut() = document;
        Ok(())
    }
}

/// Gives a document what it does not say.
pub(super) fn complete(document: &mut Map<String, Value>) {
    for (section, settings) in defaults() {
        let said = document.entry(section).or_insert_with(|| Map::new().into());
        let (Some(said), Some(settings)) = (said.as_object_mut(), settings.as_object()) else {
            continue;
        };
        for (setting, value) in settings {
            said.entry(setting).or_insert_with(|| value.clone());
        }
    }
}

/// What a new server's configuration says, as far as this one heeds it.
pub(super) fn defaults() -> &'static Map<String, Value> {
    static DEFAULTS: OnceLock<Map<String, Value>> = OnceLock::new();
    DEFAULTS.get_or_init(|| match document() {
        Value::Object(document) => document,
        _ => Map::new(),
    })
}

fn document() -> Value {
    json!({
        "ServiceSettings": {
            "SiteURL": "http://localhost:8065",
            "EnableUserAccessTokens": false,
            "EnableOAuthServiceProvider": true,
            "EnableCommands": true,
            "EnableCustomEmoji": true,
            "EnablePostSearch": true,
            "EnableUserStatuses": true,
            "ExperimentalEnableDefaultChannelLeaveJoinMessages": true,
            "DisableBotsWhenOwnerIsDeactivated": true,
            "UniqueEmojiReactionLimitPerPost": 50,
        },
        "TeamSettings": {
            "MaxUsersPerTeam": 50,
            "MaxChannelsPerTeam": 2000,
            "RestrictCreationToDomains": "",
            "RestrictDirectMessage": "any",
            "ExperimentalViewArchivedChannels": true,
            "ExperimentalDefaultChannels": [],
        },
        "PasswordSettings": {
            "MinimumLength": 8,
            "Lowercase": false,
            "Number": false,
            "Uppercase": false,
            "Symbol": false,
        },
        "LocalizationSettings": {
            "DefaultServerLocale": "en",
            "DefaultClientLocale": "en",
        },
        "EmailSettings": {
            "RequireEmailVerification": false,
        },
        "FileSettings": {
            "EnablePublicLink": false,
            "PublicLinkSalt": "",
            "DriverName": "local",
            "MaxFileSize": 104_857_600,
            "MaxImageResolution": 33_177_600,
        },
        "PluginSettings": {
            "Enable": true,
            "EnableUploads": true,
            "Directory": "./plugins",
            "Plugins": {},
            "PluginStates": {},
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_or_said_wrongly_is_the_default() {
        let mut config = Config::default();
        assert_eq!(config.number("TeamSettings", "MaxUsersPerTeam"), 50);
        config.document_mut()["TeamSettings"] = json!({"MaxUsersPerTeam": 7});
        config.document_mut()["ServiceSettings"] = json!({"EnableCommands": "maybe"});
        assert_eq!(config.number("TeamSettings", "MaxUsersPerTeam"), 7);
        assert_eq!(config.text("TeamSettings", "RestrictDirectMessage"), "any");
        assert!(config.yes("ServiceSettings", "EnableCommands"));
        assert!(!config.yes("NoSettings", "AtAll"));
    }
}
