//! The table: in what Mattermost's JSON of a message differs from its fields (Mattermost `model/*.go`, the `json` tags).
//!
//! A field without a row has its own name as key, is always written, and stands for what its type says. A model without an
//! entry here has only such fields.

use super::table::{Empty, Form, Lack, Model, Row, Written};

/// How Mattermost writes the contract's enums: by number, a letter each.
pub(super) const LETTERS: &[(&str, &[&str])] = &[
    ("ChannelType", &["", "O", "P", "D", "G"]),
    ("TeamType", &["", "O", "I"]),
];

/// Messages that exist because protobuf needs them: their JSON is that of their one field.
pub(super) const WRAPPERS: &[&str] = &[
    "google.protobuf.Int32Value",
    "google.protobuf.Int64Value",
    "mattermost.pluginapi.v1.StringList",
];

const NOTHING: Model = Model {
    message: "",
    omits: &[],
    rows: &[],
    lacks: &[],
};

const fn row(field: &'static str) -> Row {
    Row::of(field)
}

const fn lack(key: &'static str, written: Written) -> Lack {
    Lack { key, written }
}

pub(super) const MODELS: &[Model] = &[
    Model {
        message: "User",
        omits: &[
            "create_at",
            "update_at",
            "password",
            "auth_data",
            "email_verified",
            "allow_marketing",
            "props",
            "notify_props",
            "last_password_update",
            "last_picture_update",
            "failed_attempts",
            "mfa_active",
            "mfa_secret",
            "remote_id",
            "last_activity_at",
            "is_bot",
            "bot_description",
            "bot_last_icon_update",
            "terms_of_service_id",
            "terms_of_service_create_at",
            "last_login",
        ],
        ..NOTHING
    },
    Model {
        message: "Team",
        omits: &["last_team_icon_update"],
        ..NOTHING
    },
    Model {
        message: "TeamMember",
        rows: &[row("create_at").form(Form::WireOnly)],
        lacks: &[lack("explicit_roles", Written::Text)],
        ..NOTHING
    },
    Model {
        message: "TeamUnread",
        lacks: &[lack("thread_urgent_mention_count", Written::Number)],
        ..NOTHING
    },
    Model {
        message: "Channel",
        rows: &[row("auto_translation").key("autotranslation")],
        lacks: &[
            lack("policy_actions", Written::Never),
            lack("managed_category_name", Written::Never),
            lack("discoverable", Written::Never),
        ],
        ..NOTHING
    },
    Model {
        message: "ChannelMember",
        lacks: &[lack("explicit_roles", Written::Text)],
        ..NOTHING
    },
    Model {
        message: "Post",
        omits: &[
            "message_source",
            "has_reactions",
            "remote_id",
            "is_following",
            "metadata",
        ],
        ..NOTHING
    },
    Model {
        message: "PostMetadata",
        omits: &[
            "embeds",
            "files",
            "images",
            "reactions",
            "priority",
            "acknowledgements",
        ],
        lacks: &[
            lack("emojis", Written::Never),
            lack("expire_at", Written::Never),
            lack("recipients", Written::Never),
            lack("translations", Written::Never),
        ],
        ..NOTHING
    },
    Model {
        message: "PostPriority",
        lacks: &[
            lack("PostId", Written::Never),
            lack("ChannelId", Written::Never),
        ],
        ..NOTHING
    },
    Model {
        message: "PostEmbed",
        omits: &["url", "data"],
        rows: &[row("data").form(Form::Object)],
        ..NOTHING
    },
    Model {
        message: "Reaction",
        // Optional on the wire, a plain text in Mattermost.
        rows: &[row("channel_id").empty(Empty::Zero)],
        ..NOTHING
    },
    Model {
        message: "PostList",
        omits: &["has_next"],
        rows: &[
            row("order").empty(Empty::Container),
            row("posts").empty(Empty::Container),
            row("first_inaccessible_post_time").form(Form::IsTime),
        ],
        lacks: &[lack("next_cursor", Written::Never)],
    },
    Model {
        message: "PostSearchResults",
        rows: &[
            row("order").empty(Empty::Container),
            row("posts").empty(Empty::Container),
        ],
        lacks: &[
            lack("next_post_id", Written::Text),
            lack("prev_post_id", Written::Text),
            lack("has_next", Written::Never),
            lack("first_inaccessible_post_time", Written::Number),
            lack("next_cursor", Written::Never),
        ],
        ..NOTHING
    },
    Model {
        message: "SearchParams",
        omits: &[
            "terms",
            "is_or_search",
            "time_zone_offset",
            "include_deleted_channels",
            "in_channels",
            "excluded_channels",
            "from_users",
            "excluded_users",
            "excluded_before_date",
            "excluded_after_date",
            "excluded_dates",
            "extensions",
        ],
        rows: &[
            row("is_or_search").key("or_terms"),
            row("time_zone_offset").key("timezone_offset"),
            row("page").form(Form::WireOnly),
            row("per_page").form(Form::WireOnly),
            row("excluded_before_date").form(Form::OneText),
            row("excluded_after_date").form(Form::OneText),
            row("excluded_dates")
                .key("excluded_date")
                .form(Form::OneText),
        ],
        lacks: &[
            lack("excluded_terms", Written::Never),
            lack("ishashtag", Written::Never),
            lack("after_date", Written::Never),
            lack("before_date", Written::Never),
            lack("on_date", Written::Never),
            lack("excluded_extensions", Written::Never),
            lack("search_without_userid", Written::Never),
            lack("modifier", Written::Text),
        ],
    },
    Model {
        message: "SearchParameter",
        rows: &[
            row("terms").empty(Empty::Null),
            row("is_or_search").empty(Empty::Null),
            row("time_zone_offset").empty(Empty::Null),
            row("page").empty(Empty::Null),
            row("per_page").empty(Empty::Null),
            row("include_deleted_channels").empty(Empty::Null),
        ],
        ..NOTHING
    },
    Model {
        message: "FileInfo",
        omits: &["post_id", "width", "height", "has_preview_image"],
        rows: &[row("creator_id").key("user_id")],
        ..NOTHING
    },
    Model {
        message: "GetFileInfosOptions",
        rows: &[
            row("user_id").key("user_ids").form(Form::ListOfOne),
            row("channel_id").key("channel_ids").form(Form::ListOfOne),
            row("sort_order")
                .key("sort_descending")
                .form(Form::Is("desc")),
        ],
        lacks: &[lack("since", Written::Number)],
        ..NOTHING
    },
    Model {
        message: "PluginKVSetOptions",
        // No tags in Mattermost, so the keys are the names of Go's fields.
        rows: &[
            row("atomic").key("Atomic"),
            row("old_value").key("OldValue").empty(Empty::Null),
            row("expire_in_seconds").key("ExpireInSeconds"),
        ],
        ..NOTHING
    },
    Model {
        message: "Command",
        lacks: &[
            lack("autocomplete_data", Written::Never),
            lack("autocomplete_icon_data", Written::Never),
        ],
        ..NOTHING
    },
    Model {
        message: "CommandArgs",
        omits: &["trigger_id"],
        rows: &[
            row("site_url").form(Form::WireOnly),
            row("t").form(Form::WireOnly),
            row("user_mention").form(Form::WireOnly),
            row("channel_mention").form(Form::WireOnly),
        ],
        ..NOTHING
    },
    Model {
        message: "CommandResponse",
        // The wire's attachments are command responses, Mattermost's are message attachments: two things of one name.
        rows: &[row("attachments").form(Form::WireOnly)],
        lacks: &[
            lack("attachments", Written::Null),
            lack("extra_responses", Written::Null),
        ],
        ..NOTHING
    },
    Model {
        message: "PushNotification",
        omits: &[
            "category",
            "sound",
            "message",
            "badge",
            "cont_ava",
            "team_id",
            "channel_id",
            "root_id",
            "sender_id",
            "sender_name",
            "override_username",
            "override_icon_url",
            "from_webhook",
            "version",
            "channel_name",
            "type",
            "sub_type",
        ],
        rows: &[
            row("badge").form(Form::Decimal),
            row("cont_ava").form(Form::Decimal),
            row("is_crt").key("is_crt_enabled"),
        ],
        lacks: &[
            lack("is_id_loaded", Written::Flag),
            lack("signature", Written::Text),
        ],
    },
    Model {
        message: "Bot",
        omits: &["display_name", "description", "last_icon_update"],
        lacks: &[lack("system_owned", Written::Never)],
        ..NOTHING
    },
    Model {
        message: "ProductLimits",
        omits: &["files", "messages", "teams"],
        lacks: &[
            lack("boards", Written::Never),
            lack("integrations", Written::Never),
        ],
        ..NOTHING
    },
    Model {
        message: "EmailNotificationContent",
        omits: &[
            "subject",
            "title",
            "sub_title",
            "message_html",
            "message_text",
            "button_text",
            "button_url",
            "footer_text",
        ],
        rows: &[row("sub_title").key("subtitle")],
        ..NOTHING
    },
];
