//! JSON that travels as bytes, because it has no schema in the contract. The bytes stay as they are; that they are JSON is
//! checked.

use bytes::Bytes;
use plugin_proto::pb;
use serde_json::Value;

use super::error::ModelError;
use super::text;

/// What a blob describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BlobKind {
    /// The server's configuration.
    Config,
    /// A plugin's own configuration.
    PluginConfig,
    /// The server's license.
    License,
    /// What a SAML provider said about a user.
    SamlAssertion,
    /// What one shared channel tells another.
    SyncMsg,
    /// An e-mail that is about to be sent.
    EmailNotification,
    /// What a cloud installation may use.
    ProductLimits,
}

impl BlobKind {
    /// Its name, for errors.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Config => "Config",
            Self::PluginConfig => "plugin configuration",
            Self::License => "License",
            Self::SamlAssertion => "SamlAssertion",
            Self::SyncMsg => "SyncMsg",
            Self::EmailNotification => "EmailNotification",
            Self::ProductLimits => "ProductLimits",
        }
    }
}

/// Where blobs travel: message, field, kind.
pub const PLACES: &[(&str, &str, BlobKind)] = &[
    ("ConfigJson", "config_json", BlobKind::Config),
    ("GetConfigResponse", "config_json", BlobKind::Config),
    (
        "GetUnsanitizedConfigResponse",
        "config_json",
        BlobKind::Config,
    ),
    ("SaveConfigRequest", "config_json", BlobKind::Config),
    (
        "LoadPluginConfigurationResponse",
        "config_json",
        BlobKind::PluginConfig,
    ),
    ("GetLicenseResponse", "license_json", BlobKind::License),
    (
        "SamlAssertionInfoJson",
        "assertion_json",
        BlobKind::SamlAssertion,
    ),
    ("SyncMsgJson", "sync_msg_json", BlobKind::SyncMsg),
    (
        "EmailNotificationJson",
        "notification_json",
        BlobKind::EmailNotification,
    ),
    (
        "GetCloudLimitsResponse",
        "limits_json",
        BlobKind::ProductLimits,
    ),
];

/// Bytes that are JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    kind: BlobKind,
    bytes: Bytes,
}

impl Blob {
    /// Checks the bytes of a field. Empty bytes are no blob: the wire cannot tell them from an unset field.
    pub fn read(kind: BlobKind, bytes: Bytes) -> Result<Option<Self>, ModelError> {
        if bytes.is_empty() {
            return Ok(None);
        }
        text::check(kind.name(), &bytes)?;
        Ok(Some(Self { kind, bytes }))
    }

    /// What it describes.
    #[must_use]
    pub const fn kind(&self) -> BlobKind {
        self.kind
    }

    /// The bytes, exactly as they came.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The JSON in them. Where a key stands twice the last one counts, and integers beyond 64 bits become doubles.
    #[must_use]
    pub fn value(&self) -> Value {
        serde_json::from_slice(&self.bytes).expect("it was checked when it was read")
    }
}

/// A message that is nothing but a blob.
pub trait BlobMessage: Sized {
    /// What it carries.
    const KIND: BlobKind;

    /// The blob in it, if there is one.
    fn blob(&self) -> Result<Option<Blob>, ModelError>;

    /// The message of JSON text; it has to be some.
    fn of_json(bytes: Bytes) -> Result<Self, ModelError>;
}

macro_rules! blob_messages {
    ($($message:ident { $field:ident } = $kind:ident;)*) => {
        $(impl BlobMessage for pb::$message {
            const KIND: BlobKind = BlobKind::$kind;

            fn blob(&self) -> Result<Option<Blob>, ModelError> {
                Blob::read(Self::KIND, self.$field.clone())
            }

            fn of_json(bytes: Bytes) -> Result<Self, ModelError> {
                text::check(Self::KIND.name(), &bytes)?;
                Ok(Self { $field: bytes })
            }
        })*
    };
}

blob_messages! {
    ConfigJson { config_json } = Config;
    SamlAssertionInfoJson { assertion_json } = SamlAssertion;
    SyncMsgJson { sync_msg_json } = SyncMsg;
    EmailNotificationJson { notification_json } = EmailNotification;
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use plugin_proto::reflect;
    use prost_reflect::Kind;

    use super::*;
    use crate::model::Fault;

    #[test]
    fn every_field_of_json_bytes_has_its_kind() {
        let messages = reflect::pool().all_messages();
        let fields = messages.flat_map(|message| message.fields().collect::<Vec<_>>());
        let of_json =
            fields.filter(|field| field.kind() == Kind::Bytes && field.name().ends_with("_json"));
        let found: BTreeSet<_> = of_json
            .map(|field| {
                (
                    field.parent_message().name().to_owned(),
                    field.name().to_owned(),
                )
            })
            .collect();
        let listed: BTreeSet<_> = PLACES
            .iter()
            .map(|(message, field, _)| ((*message).to_owned(), (*field).to_owned()))
            .collect();
        assert_eq!(found, listed);
        assert_eq!(listed.len(), PLACES.len());
    }

    #[test]
    fn bytes_stay_as_they_are() {
        let text =
            Bytes::from_static(b" {\"b\":1e2,\n\"a\":\"\\u003c\",  \"a\":18446744073709551616}\n");
        let message = pb::ConfigJson::of_json(text.clone()).unwrap();
        let blob = message.blob().unwrap().unwrap();
        assert_eq!(blob.kind(), BlobKind::Config);
        assert_eq!(blob.bytes(), &text);
        assert_eq!(blob.value()["b"], 100.0);
    }

    #[test]
    fn nothing_is_no_blob() {
        assert_eq!(Blob::read(BlobKind::License, Bytes::new()), Ok(None));
        assert_eq!(pb::SyncMsgJson::default().blob(), Ok(None));
        assert!(pb::SyncMsgJson::of_json(Bytes::new()).is_err());
    }

    #[test]
    fn errors_say_which_blob_and_where() {
        let text = Bytes::from_static(b"{\"posts\": [{\"id\": }]}");
        let error = pb::SyncMsgJson::of_json(text).unwrap_err();
        assert_eq!(
            error.to_string(),
            "SyncMsg.posts[0].id: not JSON: expected value at line 1 column 19"
        );
        let deep = [b'['; 1000].to_vec().into();
        let error = Blob::read(BlobKind::Config, deep).unwrap_err();
        assert_eq!(error.fault, Fault::TooDeep { limit: 100 });
        let error = Blob::read(BlobKind::Config, Bytes::from_static(b"\xfe")).unwrap_err();
        assert_eq!(error.to_string(), "Config: not UTF-8 from byte 0 on");
    }
}
