//! Roles, what they grant, and how members of teams and channels carry them. Pure.

use crate::memory::Refusal;

/// Everything that can be granted: an administrator of the system may do all of it, and nothing that is not here.
const SYSTEM: &[&str] = &[
    "assign_bot",
    "assign_system_admin_role",
    "bypass_incoming_webhook_channel_lock",
    "convert_private_channel_to_public",
    "convert_public_channel_to_private",
    "create_bot",
    "create_data_retention_job",
    "create_direct_channel",
    "create_elasticsearch_post_aggregation_job",
    "create_elasticsearch_post_indexing_job",
    "create_group_channel",
    "create_ldap_sync_job",
    "create_team",
    "create_user_access_token",
    "delete_emojis",
    "delete_others_emojis",
    "demote_to_guest",
    "edit_brand",
    "edit_other_users",
    "get_logs",
    "get_analytics",
    "get_saml_cert_status",
    "invalidate_caches",
    "invalidate_email_invite",
    "join_private_teams",
    "join_public_teams",
    "list_private_teams",
    "list_public_teams",
    "list_users_without_team",
    "manage_bots",
    "manage_emojis",
    "manage_jobs",
    "manage_license_information",
    "manage_oauth",
    "manage_others_bots",
    "manage_outgoing_oauth_connections",
    "manage_remote_clusters",
    "manage_roles",
    "manage_secure_connections",
    "manage_shared_channels",
    "manage_system",
    "manage_system_wide_oauth",
    "permanent_delete_user",
    "promote_guest",
    "purge_bleve_indexes",
    "purge_elasticsearch_indexes",
    "read_audits",
    "read_bots",
    "read_data_retention_job",
    "read_jobs",
    "read_license_information",
    "read_others_bots",
    "read_user_access_token",
    "recycle_database_connections",
    "reload_config",
    "remove_others_reactions",
    "remove_saml_idp_cert",
    "revoke_user_access_token",
    "sysconsole_read_about",
    "sysconsole_read_authentication",
    "sysconsole_read_compliance",
    "sysconsole_read_environment",
    "sysconsole_read_experimental",
    "sysconsole_read_integrations",
    "sysconsole_read_plugins",
    "sysconsole_read_reporting",
    "sysconsole_read_site",
    "sysconsole_read_user_management_channels",
    "sysconsole_read_user_management_groups",
    "sysconsole_read_user_management_permissions",
    "sysconsole_read_user_management_system_roles",
    "sysconsole_read_user_management_teams",
    "sysconsole_read_user_management_users",
    "sysconsole_write_about",
    "sysconsole_write_authentication",
    "sysconsole_write_compliance",
    "sysconsole_write_environment",
    "sysconsole_write_experimental",
    "sysconsole_write_integrations",
    "sysconsole_write_plugins",
    "sysconsole_write_reporting",
    "sysconsole_write_site",
    "sysconsole_write_user_management_channels",
    "sysconsole_write_user_management_groups",
    "sysconsole_write_user_management_permissions",
    "sysconsole_write_user_management_system_roles",
    "sysconsole_write_user_management_teams",
    "sysconsole_write_user_management_users",
    "test_email",
    "test_ldap",
    "test_s3",
    "test_site_url",
    "view_members",
];
const SYSTEM_USER: &[&str] = &[
    "create_direct_channel",
    "create_emojis",
    "create_group_channel",
    "create_team",
    "delete_emojis",
    "edit_custom_group",
    "create_custom_group",
    "delete_custom_group",
    "restore_custom_group",
    "manage_custom_group_members",
    "join_public_teams",
    "list_public_teams",
    "view_members",
];
const SYSTEM_GUEST: &[&str] = &["create_direct_channel", "create_group_channel"];
const TEAM_USER: &[&str] = &[
    "add_reaction_in_team",
    "create_private_channel",
    "create_public_channel",
    "create_public_playbook",
    "create_private_playbook",
    "invite_user",
    "join_public_channels",
    "list_team_channels",
    "read_public_channel",
    "view_team",
    "add_user_to_team",
];
const TEAM_GUEST: &[&str] = &["view_team"];
const TEAM_ADMIN: &[&str] = &[
    "add_user_to_team",
    "convert_private_channel_to_public",
    "convert_public_channel_to_private",
    "create_post",
    "delete_others_posts",
    "delete_post",
    "import_team",
    "invite_guest",
    "manage_channel_roles",
    "manage_incoming_webhooks",
    "manage_others_incoming_webhooks",
    "manage_others_outgoing_webhooks",
    "manage_others_slash_commands",
    "manage_outgoing_webhooks",
    "manage_private_channel_members",
    "manage_public_channel_members",
    "manage_slash_commands",
    "manage_team",
    "manage_team_roles",
    "playbook_public_manage_roles",
    "playbook_private_manage_roles",
    "read_private_channel_groups",
    "read_public_channel_groups",
    "remove_user_from_team",
    "use_channel_mentions",
    "use_group_mentions",
    "add_reaction",
    "remove_reaction",
    "upload_file",
    "delete_private_channel",
    "delete_public_channel",
    "manage_private_channel_properties",
    "manage_public_channel_properties",
];
const CHANNEL_USER: &[&str] = &[
    "add_bookmark_private_channel",
    "add_bookmark_public_channel",
    "add_reaction",
    "create_post",
    "delete_bookmark_private_channel",
    "delete_bookmark_public_channel",
    "delete_post",
    "delete_private_channel",
    "delete_public_channel",
    "edit_bookmark_private_channel",
    "edit_bookmark_public_channel",
    "edit_post",
    "get_public_link",
    "manage_private_channel_members",
    "manage_private_channel_properties",
    "manage_public_channel_members",
    "manage_public_channel_properties",
    "order_bookmark_private_channel",
    "order_bookmark_public_channel",
    "read_channel",
    "read_channel_content",
    "read_private_channel_groups",
    "read_public_channel_groups",
    "remove_reaction",
    "upload_file",
    "use_channel_mentions",
    "use_group_mentions",
    "use_slash_commands",
];
const CHANNEL_GUEST: &[&str] = &[
    "add_reaction",
    "create_post",
    "edit_post",
    "read_channel",
    "read_channel_content",
    "remove_reaction",
    "upload_file",
    "use_channel_mentions",
    "use_slash_commands",
];
const CHANNEL_ADMIN: &[&str] = &[
    "add_bookmark_private_channel",
    "add_bookmark_public_channel",
    "add_reaction",
    "create_post",
    "delete_bookmark_private_channel",
    "delete_bookmark_public_channel",
    "edit_bookmark_private_channel",
    "edit_bookmark_public_channel",
    "manage_channel_roles",
    "manage_private_channel_members",
    "manage_public_channel_members",
    "order_bookmark_private_channel",
    "order_bookmark_public_channel",
    "read_private_channel_groups",
    "read_public_channel_groups",
    "remove_reaction",
    "use_channel_mentions",
    "use_group_mentions",
];
const TOKENS: &[&str] = &[
    "create_user_access_token",
    "read_user_access_token",
    "revoke_user_access_token",
];
const POST_ALL: &[&str] = &["create_post", "use_channel_mentions", "use_group_mentions"];
const POST_PUBLIC: &[&str] = &[
    "create_post_public",
    "use_channel_mentions",
    "use_group_mentions",
];
const READ_CONSOLE: &[&str] = &[
    "sysconsole_read_about",
    "sysconsole_read_reporting",
    "sysconsole_read_user_management_users",
    "get_analytics",
];

/// The roles that there are, and what each of them grants.
const ROLES: &[(&str, &[&[&str]])] = &[
    ("system_user", &[SYSTEM_USER]),
    ("system_guest", &[SYSTEM_GUEST]),
    (
        "system_admin",
        &[
            SYSTEM,
            SYSTEM_USER,
            TEAM_USER,
            TEAM_ADMIN,
            CHANNEL_USER,
            CHANNEL_ADMIN,
            POST_PUBLIC,
        ],
    ),
    ("system_manager", &[READ_CONSOLE]),
    ("system_user_manager", &[READ_CONSOLE]),
    ("system_read_only_admin", &[READ_CONSOLE]),
    (
        "system_custom_group_admin",
        &[&[
            "create_custom_group",
            "edit_custom_group",
            "delete_custom_group",
            "restore_custom_group",
            "manage_custom_group_members",
        ]],
    ),
    ("system_user_access_token", &[TOKENS]),
    ("system_post_all", &[POST_ALL]),
    ("system_post_all_public", &[POST_PUBLIC]),
    ("team_user", &[TEAM_USER]),
    ("team_guest", &[TEAM_GUEST]),
    ("team_admin", &[TEAM_ADMIN]),
    ("team_post_all", &[POST_ALL]),
    ("team_post_all_public", &[POST_PUBLIC]),
    ("channel_user", &[CHANNEL_USER]),
    ("channel_guest", &[CHANNEL_GUEST]),
    ("channel_admin", &[CHANNEL_ADMIN]),
    ("custom_group_user", &[]),
    ("playbook_member", &[]),
    ("playbook_admin", &[]),
    ("run_member", &[]),
    ("run_admin", &[]),
];

/// The first role of a text that there is not.
pub(super) fn unknown_role(roles: &str) -> Option<&str> {
    roles
        .split_whitespace()
        .find(|role| grants_of(role).is_none())
}

/// Whether any of the roles grants the permission; roles that there are not grant nothing.
pub(super) fn grant<'a>(roles: impl IntoIterator<Item = &'a str>, permission: &str) -> bool {
    let granted = |role| grants_of(role).into_iter().flatten();
    roles
        .into_iter()
        .flat_map(granted)
        .any(|permissions| permissions.contains(&permission))
}

fn grants_of(role: &str) -> Option<&'static [&'static [&'static str]]> {
    let row = ROLES.iter().find(|(name, _)| *name == role);
    row.map(|(_, grants)| *grants)
}

/// Of what somebody is a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// A team.
    Team,
    /// A channel.
    Channel,
}

/// The roles of a member: three by the scheme, and others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) guest: bool,
    pub(super) user: bool,
    pub(super) admin: bool,
    /// Other roles, separated by blanks.
    pub(super) explicit: String,
}

impl Of {
    fn word(self) -> &'static str {
        match self {
            Self::Team => "team",
            Self::Channel => "channel",
        }
    }

    /// The text of a member's roles, as it is shown.
    pub(super) fn text(self, member: &Member) -> String {
        let word = self.word();
        let by_scheme = [
            (member.guest, "guest"),
            (member.user, "user"),
            (member.admin, "admin"),
        ];
        let by_scheme = by_scheme.into_iter().filter(|(has, _)| *has);
        let mut roles: Vec<_> = member
            .explicit
            .split_whitespace()
            .map(str::to_owned)
            .collect();
        roles.extend(by_scheme.map(|(_, role)| format!("{word}_{role}")));
        roles.join(" ")
    }

    /// The roles that a member has after an update by this text. Whether one is a guest does not change by it.
    pub(super) fn update(self, old: &Member, text: &str) -> Result<Member, Refusal> {
        if let Some(unknown) = unknown_role(text) {
            return Err(Refusal::new("app.role.get_by_name.app_error", 400).about(unknown));
        }
        let mut new = Member::default();
        let mut explicit = Vec::new();
        let word = self.word();
        for role in text.split_whitespace() {
            match role
                .strip_prefix(word)
                .and_then(|rest| rest.strip_prefix('_'))
            {
                Some("guest") => new.guest = true,
                Some("user") => new.user = true,
                Some("admin") => new.admin = true,
                _ => explicit.push(role),
            }
        }
        new.explicit = explicit.join(" ");
        let (both, changed) = match self {
            Self::Team => (
                "api.team.update_team_member_roles.guest_and_user.app_error",
                // Sic: the team's has the channel's name.
                "api.channel.update_team_member_roles.changing_guest_role.app_error",
            ),
            Self::Channel => (
                "api.channel.update_channel_member_roles.guest_and_user.app_error",
                "api.channel.update_channel_member_roles.changing_guest_role.app_error",
            ),
        };
        if new.guest && new.user {
            return Err(Refusal::new(both, 400));
        }
        if new.guest != old.guest {
            return Err(Refusal::new(changed, 400));
        }
        if self == Self::Channel && !new.guest && !new.user {
            return Err(Refusal::new(
                "api.channel.update_channel_member_roles.unset_user_scheme.app_error",
                400,
            ));
        }
        Ok(new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn administrators_may_do_everything_that_there_is() {
        for role in ROLES
            .iter()
            .flat_map(|(_, grants)| grants.iter())
            .flat_map(|grants| grants.iter())
        {
            assert!(grant(["system_admin"], role), "{role}");
        }
        assert!(!grant(["system_admin"], "make_tea") && !grant(["no_role"], "manage_system"));
        assert!(!grant([], "view_team") && grant(["x", "team_guest"], "view_team"));
        assert_eq!(unknown_role("system_user nobody"), Some("nobody"));
        assert_eq!(unknown_role(""), None);
    }

    #[test]
    fn roles_by_the_scheme_are_flags_and_the_rest_is_text() {
        let old = Member {
            user: true,
            ..Member::default()
        };
        let new = Of::Team
            .update(&old, "team_admin system_post_all team_user")
            .unwrap();
        assert!(new.admin && new.user && !new.guest);
        assert_eq!(Of::Team.text(&new), "system_post_all team_user team_admin");
        // Of another kind, so just a text.
        assert_eq!(
            Of::Team.update(&old, "channel_user").unwrap().explicit,
            "channel_user"
        );
        let refused = |of: Of, text| of.update(&old, text).unwrap_err().id.into_owned();
        assert_eq!(
            refused(Of::Team, "team_user team_guest"),
            "api.team.update_team_member_roles.guest_and_user.app_error"
        );
        assert_eq!(
            refused(Of::Team, "team_guest"),
            "api.channel.update_team_member_roles.changing_guest_role.app_error"
        );
        assert_eq!(
            refused(Of::Channel, "channel_admin"),
            "api.channel.update_channel_member_roles.unset_user_scheme.app_error"
        );
    }
}
