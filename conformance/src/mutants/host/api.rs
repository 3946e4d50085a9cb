//! Hosts whose API has one fault, as data: see `driver::damage`.

use crate::mutant::mutants;

mutants! {
    Host;
    "host/api-method-missing": breaks "AP-010" by "method-missing", Damage("GetPostsBefore status");
    "host/api-all-methods-missing": breaks "AP-010" by "method-missing", Damage("* status");
    "host/api-method-is-501": breaks "AP-010" by "method-missing", Damage("GetGroup answer error set {\"id\":\"x\",\"message\":\"x\",\"where\":\"x\",\"status_code\":501}");
    "host/api-request-not-borne": breaks "AP-011" by "request-not-borne", Damage("* status");
    "host/api-unknown-is-empty": breaks "AP-012" by "unknown-accepted", Damage("* answer error drop");
    "host/api-unknown-is-found": breaks "AP-012" by "unknown-accepted", Damage("* invent");
    "host/api-errors-without-place": breaks "AP-013" by "misshapen-error", Damage("* answer error.where drop");
    "host/api-errors-without-status": breaks "AP-013" by "misshapen-error", Damage("* answer error set {\"id\":\"x\",\"message\":\"x\",\"where\":\"x\"}");
    "host/api-errors-are-200": breaks "AP-013" by "misshapen-error", Damage("GetUser answer error.status_code set 200");
    "host/api-loses-description": breaks "AP-014" by "field-lost", Damage("CreateGroup request group.description drop");
    "host/api-loses-metadata-of-users": breaks "AP-014" by "field-lost", Damage("GetUser answer user.timezone drop");
    "host/api-two-holders": breaks "AP-015" by "calls-mixed", Damage("KVCompareAndSet answer success set true");
    "host/api-mixes-callers": breaks "AP-015" by "calls-mixed", Damage("KVGet stale");
    "host/api-stop-held": breaks "AP-016" by "stop-held", Driver("waits-for-handlers");
    "host/api-state-lost": breaks "AP-017" by "state-lost", Damage("* forget");
    "host/api-large-file-lost": breaks "AP-018" by "large-file-lost", Damage("UploadFile request data set \"YQ==\"");
    "host/api-tells-twice": breaks "AP-019" by "told-twice", Driver("calls-hooks-twice");
    "host/api-hands-passwords-out": breaks "AP-201" by "wrong-user-made", Damage("CreateUser answer user.password set \"x\"");
    "host/api-users-not-told": breaks "AP-201" by "wrong-user-made", Damage("hook:UserHasBeenCreated never");
    "host/api-takes-taken-names": breaks "AP-202" by "taken-name-accepted", Damage("CreateUser answer error drop");
    "host/api-one-error-for-users": breaks "AP-203" by "wrong-answer", Damage("GetUserByUsername answer error.id set \"app.user.missing_account.const\"");
    "host/api-keeps-cleared-fields": breaks "AP-204" by "wrong-change", Damage("UpdateUser request user.nickname set \"n\"");
    "host/api-deactivation-not-told": breaks "AP-204" by "not-told", Damage("hook:UserHasBeenDeactivated never");
    "host/api-users-reversed": breaks "AP-205" by "wrong-list", Damage("GetUsers answer users reverse");
    "host/api-status-never-manual": breaks "AP-206" by "wrong-status", Damage("UpdateUserStatus answer status.manual drop");
    "host/api-revokes-nothing": breaks "AP-207" by "wrong-session", Damage("RevokeSession swallow");
    "host/api-token-hidden": breaks "AP-208" by "wrong-token", Damage("CreateUserAccessToken answer token.token drop");
    "host/api-nobody-may": breaks "AP-209" by "wrong-permission", Damage("HasPermissionToChannel answer has_permission drop");
    "host/api-everybody-may": breaks "AP-209" by "wrong-permission", Damage("HasPermissionTo answer has_permission set true");
    "host/api-one-default-channel": breaks "AP-210" by "wrong-team-made", Damage("GetPublicChannelsForTeam answer channels pop");
    "host/api-takes-taken-teams": breaks "AP-211" by "taken-name-accepted", Damage("CreateTeam answer error drop");
    "host/api-hides-deleted-teams": breaks "AP-212" by "wrong-answer", Damage("GetTeams answer teams without delete_at");
    "host/api-joins-not-told": breaks "AP-213" by "wrong-join", Damage("hook:UserHasJoinedTeam never");
    "host/api-results-reversed": breaks "AP-214" by "wrong-results", Damage("CreateTeamMembersGracefully answer team_members reverse");
    "host/api-left-looks-joined": breaks "AP-215" by "wrong-leave", Damage("GetTeamMember answer team_member.delete_at drop");
    "host/api-channels-not-told": breaks "AP-216" by "wrong-channel-made", Damage("hook:ChannelHasBeenCreated never");
    "host/api-archives-twice": breaks "AP-217" by "wrong-archive", Damage("DeleteChannel answer error drop");
    "host/api-channels-unordered": breaks "AP-218" by "wrong-answer", Damage("GetPublicChannelsForTeam answer channels reverse");
    "host/api-direct-channel-in-team": breaks "AP-219" by "wrong-direct-channel", Damage("GetDirectChannel answer channel.team_id set \"x\"");
    "host/api-group-size-is-500": breaks "AP-220" by "wrong-group-channel", Damage("GetGroupChannel answer error.status_code set 500");
    "host/api-channel-joins-not-told": breaks "AP-221" by "wrong-join", Damage("hook:UserHasJoinedChannel never");
    "host/api-actor-forgotten": breaks "AP-221" by "wrong-join", Damage("AddUserToChannel request as_user_id drop");
    "host/api-members-lost": breaks "AP-222" by "wrong-members", Damage("GetChannelMembers answer channel_members pop");
    "host/api-settings-not-merged": breaks "AP-222" by "wrong-members", Damage("UpdateChannelMemberNotifications answer channel_member.notify_props.mark_unread drop");
    "host/api-leaves-not-told": breaks "AP-223" by "wrong-leave", Damage("hook:UserHasLeftChannel never");
    "host/api-sidebar-reversed": breaks "AP-224" by "wrong-sidebar", Damage("GetChannelSidebarCategories answer categories.categories reverse");
    "host/api-posts-undated": breaks "AP-225" by "wrong-post-made", Damage("CreatePost request post.create_at drop");
    "host/api-posts-unmarked": breaks "AP-225" by "wrong-post-made", Damage("CreatePost,GetPost answer post.props.from_plugin drop");
    "host/api-always-edited": breaks "AP-226" by "wrong-change", Damage("UpdatePost answer post.edit_at set 7");
    "host/api-deletion-not-told": breaks "AP-227" by "wrong-deletion", Damage("hook:MessageHasBeenDeleted never");
    "host/api-posts-unfiltered": breaks "AP-228" by "change-lost", Damage("hook:MessageWillBePosted unheard");
    "host/api-posts-not-told": breaks "AP-228" by "change-lost", Damage("hook:MessageHasBeenPosted never");
    "host/api-rejections-unheard": breaks "AP-229" by "rejection-lost", Damage("hook:MessageWillBePosted unheard");
    "host/api-changes-unrefused": breaks "AP-229" by "rejection-lost", Damage("hook:MessageWillBeUpdated unheard");
    "host/api-thread-reversed": breaks "AP-230" by "wrong-thread", Damage("GetPostThread answer post_list.order reverse");
    "host/api-posts-reversed": breaks "AP-231" by "wrong-page", Damage("GetPostsForChannel answer post_list.order reverse");
    "host/api-posts-after-reversed": breaks "AP-232" by "wrong-page", Damage("GetPostsAfter answer post_list.order reverse");
    "host/api-deletions-hidden": breaks "AP-233" by "wrong-list", Damage("GetPostsSince answer post_list.posts[].delete_at drop");
    "host/api-ephemeral-looks-real": breaks "AP-234" by "wrong-ephemeral-post", Damage("SendEphemeralPost answer post.type drop");
    "host/api-search-reversed": breaks "AP-235" by "wrong-search", Damage("SearchPostsInTeamForUser answer results.order reverse");
    "host/api-files-of-nobody": breaks "AP-236" by "wrong-file", Damage("UploadFile answer file_info.creator_id drop");
    "host/api-files-unclaimed": breaks "AP-237" by "wrong-claim", Damage("CreatePost request post.file_ids drop");
    "host/api-files-unfiltered": breaks "AP-238" by "change-lost", Damage("hook:FileWillBeUploaded unheard");
    "host/api-upload-anywhere": breaks "AP-239" by "wrong-upload", Damage("UploadData request upload_session.file_offset drop");
    "host/api-reactions-not-told": breaks "AP-240" by "wrong-reaction", Damage("hook:ReactionHasBeenAdded never");
    "host/api-emoji-error-is-400": breaks "AP-241" by "wrong-emoji", Damage("GetEmojiByName answer error.status_code set 400");
    "host/api-options-unchecked": breaks "AP-242" by "wrong-outcome", Damage("KVSetWithOptions answer error drop");
    "host/api-any-key": breaks "AP-243" by "bad-key-accepted", Damage("KVSet answer error drop");
    "host/api-lists-all-keys": breaks "AP-244" by "wrong-edge", Damage("KVList request per_page set 100");
    "host/api-configuration-unfiltered": breaks "AP-245" by "wrong-configuration", Damage("hook:ConfigurationWillBeSaved unheard");
    "host/api-configuration-not-told": breaks "AP-245" by "wrong-configuration", Damage("hook:OnConfigurationChange never");
    "host/api-own-part-lost": breaks "AP-246" by "wrong-own-part", Damage("GetPluginConfig answer config.TheKey drop");
    "host/api-missing-preference-is-404": breaks "AP-247" by "wrong-preference", Damage("GetPreferenceForUser answer error.status_code set 404");
    "host/api-oauth-always-on": breaks "AP-248" by "wrong-app", Damage("CreateOAuthApp answer error drop");
    "host/api-bot-of-nobody": breaks "AP-249" by "wrong-bot", Damage("CreateBot answer bot.owner_id drop");
    "host/api-bots-doubled": breaks "AP-249" by "wrong-bot", Damage("GetBots answer bots double");
    "host/api-new-bot-each-time": breaks "AP-250" by "wrong-own-bot", Damage("EnsureBotUser answer bot_user_id set \"x\"");
    "host/api-command-not-executed": breaks "AP-251" by "wrong-execution", Damage("hook:ExecuteCommand never");
    "host/api-commands-stay": breaks "AP-252" by "wrong-owner", Damage("UnregisterCommand swallow");
    "host/api-custom-commands-stay": breaks "AP-253" by "wrong-command", Damage("DeleteCommand swallow");
    "host/api-groups-reversed": breaks "AP-254" by "wrong-group", Damage("GetGroups answer groups reverse");
    "host/api-links-deleted-twice": breaks "AP-255" by "wrong-link", Damage("DeleteGroupSyncable answer error drop");
    "host/api-unshares-anything": breaks "AP-256" by "wrong-sharing", Damage("UnshareChannel answer unshared set true");
    "host/api-not-synced": breaks "AP-256" by "wrong-sharing", Damage("hook:OnSharedChannelsSyncMsg never");
    "host/api-any-page-of-fields": breaks "AP-257" by "wrong-field", Damage("SearchPropertyFields answer error drop");
    "host/api-values-doubled": breaks "AP-258" by "wrong-value", Damage("SearchPropertyValues answer values double");
    "host/api-http-always-200": breaks "AP-259" by "wrong-response", Damage("PluginHTTP answer status_code set 200");
    "host/api-events-for-all": breaks "AP-260" by "wrong-event", Damage("PublishWebSocketEvent request broadcast drop");
}

#[cfg(test)]
mod tests {
    use super::MUTANTS;
    use crate::driver::damage::Damages;
    use crate::mutant::How;

    #[test]
    fn every_damage_can_be_done() {
        for mutant in MUTANTS {
            if let How::Damage(text) = mutant.how {
                let damages: Damages = text
                    .parse()
                    .unwrap_or_else(|error| panic!("{}: {error}", mutant.name));
                assert_eq!(damages.0.len(), 1, "{}", mutant.name);
            }
        }
    }
}
