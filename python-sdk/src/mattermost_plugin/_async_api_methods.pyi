# The API's methods as awaitables. Written by scripts/types from the contract, not to be edited.

from typing import Any, Dict, List, Mapping, Optional, Sequence

from mattermost_plugin._api_table import (
    EmojiImage,
    PluginHTTPResponse,
)
from mattermost_plugin._internal.wrappers import (
    Bot,
    Channel,
    ChannelMember,
    ChannelStats,
    Command,
    CommandResponse,
    Emoji,
    FileInfo,
    Group,
    GroupMember,
    GroupSyncable,
    Manifest,
    OAuthApp,
    OrderedSidebarCategories,
    PluginStatus,
    Post,
    PostList,
    PostSearchResults,
    Preference,
    PropertyField,
    PropertyGroup,
    PropertyValue,
    Reaction,
    Session,
    SharedChannel,
    SidebarCategoryWithChannels,
    Team,
    TeamMember,
    TeamMemberWithError,
    TeamStats,
    TeamUnread,
    UploadSession,
    User,
    UserAccessToken,
    UserAuth,
    UserStatus,
)
from mattermost_plugin._wrapping import (
    Given,
)
from mattermost_plugin.grpc import (
    api_channel_post_pb2,
    api_file_bot_pb2,
    api_kv_config_pb2,
    api_remaining_pb2,
    api_user_team_pb2,
    channel_pb2,
    common_pb2,
    post_pb2,
    team_pb2,
    user_pb2,
)

class AsyncApiMethods:
    """The API's methods as awaitables."""

    async def create_user(self, user: Given[user_pb2.User]) -> User:
        """Makes an account with the role `system_user`, whatever `roles` says, and answers it without secrets. Fails when name
        or e-mail address is taken, also by a deactivated account.
        Contract: CreateUser.
        """

    async def delete_user(self, user_id: str) -> None:
        """Deactivates an account, like UpdateUserActive with `active` false.
        Contract: DeleteUser.
        """

    async def get_users(self, *, in_team_id: str = '', not_in_team_id: str = '', in_channel_id: str = '', not_in_channel_id: str = '', in_group_id: str = '', not_in_group_id: str = '', group_constrained: bool = False, without_team: bool = False, inactive: bool = False, active: bool = False, role: str = '', roles: Optional[Sequence[str]] = None, channel_roles: Optional[Sequence[str]] = None, team_roles: Optional[Sequence[str]] = None, sort: str = '', page: int = 0, per_page: int = 60, updated_after: int = 0, view_restrictions: Optional[Given[common_pb2.ViewUsersRestrictions]] = None) -> List[User]:
        """Users by name, deactivated ones and bots included. Servers look only at page, system roles, activity and view
        restrictions; the other filters are there for completeness.
        Contract: GetUsers.
        """

    async def get_users_by_ids(self, user_ids: Sequence[str]) -> List[User]:
        """Users in no order; unknown ids are left out.
        Contract: GetUsersByIds.
        """

    async def get_user(self, user_id: str) -> User:
        """One user, deactivated or not.
        Contract: GetUser.
        """

    async def get_user_by_email(self, email: str) -> User:
        """One user by e-mail address, upper and lower case alike; deactivated or not.
        Contract: GetUserByEmail.
        """

    async def get_user_by_username(self, username: str) -> User:
        """One user by name, upper and lower case alike, without `@`; deactivated or not.
        Contract: GetUserByUsername.
        """

    async def get_users_by_usernames(self, usernames: Sequence[str]) -> List[User]:
        """Users by exact names, sorted by name; unknown names are left out.
        Contract: GetUsersByUsernames.
        """

    async def get_users_in_team(self, team_id: str, *, page: int = 0, per_page: int = 60) -> List[User]:
        """Members of a team by name, deactivated users included.
        Contract: GetUsersInTeam.
        """

    async def update_user(self, user: Given[user_pb2.User]) -> User:
        """Replaces the profile and answers the stored user. Roles, password and login service stay as they are.
        Contract: UpdateUser.
        """

    async def get_user_status(self, user_id: str) -> UserStatus:
        """A user's presence. Fails for a user who never had one.
        Contract: GetUserStatus.
        """

    async def get_user_statuses_by_ids(self, user_ids: Sequence[str]) -> List[UserStatus]:
        """Presence of several users in no order; who never had one is `offline`.
        Contract: GetUserStatusesByIds.
        """

    async def update_user_status(self, user_id: str, status: str) -> UserStatus:
        """Sets a user's presence by hand. Fails for any text but the four of `status`.
        Contract: UpdateUserStatus.
        """

    async def set_user_status_timed_dnd(self, user_id: str, end_time: int) -> UserStatus:
        """Sets a user to `dnd` for some time, after which the earlier presence returns.
        Contract: SetUserStatusTimedDND.
        """

    async def update_user_active(self, user_id: str, active: bool) -> None:
        """Activates or deactivates an account. Deactivating ends all its sessions.
        Contract: UpdateUserActive.
        """

    async def update_user_custom_status(self, user_id: str, custom_status: Given[api_user_team_pb2.CustomStatus]) -> None:
        """Sets emoji and text beside a user's name. Fails when both are empty or the emoji is unknown.
        Contract: UpdateUserCustomStatus.
        """

    async def remove_user_custom_status(self, user_id: str) -> None:
        """Removes the custom status; no failure when there is none.
        Contract: RemoveUserCustomStatus.
        """

    async def get_users_in_channel(self, channel_id: str, *, sort_by: str = '', page: int = 0, per_page: int = 60) -> List[User]:
        """Members of a channel, sorted, deactivated users included.
        Contract: GetUsersInChannel.
        """

    async def get_ldap_user_attributes(self, user_id: str, attributes: Sequence[str]) -> Dict[str, str]:
        """Attributes of a user from LDAP. Empty for a user who is not from there; fails on a server without LDAP.
        Contract: GetLDAPUserAttributes.
        """

    async def search_users(self, term: str, *, team_id: str = '', not_in_team_id: str = '', in_channel_id: str = '', not_in_channel_id: str = '', in_group_id: str = '', not_in_group_id: str = '', group_constrained: bool = False, allow_inactive: bool = False, without_team: bool = False, limit: int = 100, role: str = '', roles: Optional[Sequence[str]] = None, channel_roles: Optional[Sequence[str]] = None, team_roles: Optional[Sequence[str]] = None) -> List[User]:
        """Users whose name, full name, nickname or e-mail address has a word that begins with the term. At most one of the
        team, channel and group filters is looked at.
        Contract: SearchUsers.
        """

    async def get_profile_image(self, user_id: str) -> bytes:
        """A user's picture. Who has none gets a generated one.
        Contract: GetProfileImage.
        """

    async def set_profile_image(self, user_id: str, data: bytes) -> None:
        """Sets a user's picture, cut to a square of 128 pixels. Fails for what is no image.
        Contract: SetProfileImage.
        """

    async def has_permission_to(self, user_id: str, permission_id: str) -> bool:
        """Whether a user's system roles grant a permission. False for an unknown user or permission, without failure.
        Contract: HasPermissionTo.
        """

    async def has_permission_to_team(self, user_id: str, team_id: str, permission_id: str) -> bool:
        """Whether a user's roles in a team, or else in the system, grant a permission. False for what is unknown, without
        failure.
        Contract: HasPermissionToTeam.
        """

    async def has_permission_to_channel(self, user_id: str, channel_id: str, permission_id: str) -> bool:
        """Whether a user's roles in a channel, its team or the system grant a permission. False for what is unknown, without
        failure.
        Contract: HasPermissionToChannel.
        """

    async def publish_user_typing(self, user_id: str, channel_id: str, parent_id: str = '') -> None:
        """Shows in a channel that a user is typing. Nothing is stored or checked.
        Contract: PublishUserTyping.
        """

    async def update_user_auth(self, user_id: str, user_auth: Given[api_user_team_pb2.UserAuth]) -> UserAuth:
        """Sets the login service of an account and removes its password. Fails when another account has the same `auth_data`.
        Contract: UpdateUserAuth.
        """

    async def update_user_roles(self, user_id: str, new_roles: str) -> User:
        """Replaces a user's system roles, in running sessions too. Fails for unknown roles.
        Contract: UpdateUserRoles.
        """

    async def get_session(self, session_id: str) -> Session:
        """One session, token included.
        Contract: GetSession.
        """

    async def create_session(self, session: Given[api_user_team_pb2.Session]) -> Session:
        """Makes a session, and its token unless one is given. The user is not looked up and no login hook is called.
        Contract: CreateSession.
        """

    async def extend_session_expiry(self, session_id: str, new_expiry: int) -> None:
        """Sets when a session ends.
        Contract: ExtendSessionExpiry.
        """

    async def revoke_session(self, session_id: str) -> None:
        """Ends a session; a second time fails.
        Contract: RevokeSession.
        """

    async def create_user_access_token(self, token: Given[api_user_team_pb2.UserAccessToken]) -> UserAccessToken:
        """Makes an access token; its text is in this answer and never again. Fails when such tokens are switched off, unless
        the user is a bot.
        Contract: CreateUserAccessToken.
        """

    async def revoke_user_access_token(self, token_id: str) -> None:
        """Deletes an access token and ends its session.
        Contract: RevokeUserAccessToken.
        """

    async def create_team(self, team: Given[team_pb2.Team]) -> Team:
        """Makes a team and its first channels, without any member. Fails when the name is taken, also by an archived team.
        Contract: CreateTeam.
        """

    async def delete_team(self, team_id: str) -> None:
        """Archives a team. Its channels and members stay.
        Contract: DeleteTeam.
        """

    async def get_teams(self) -> List[Team]:
        """All teams by display name, archived ones included.
        Contract: GetTeams.
        """

    async def get_team(self, team_id: str) -> Team:
        """One team, archived or not.
        Contract: GetTeam.
        """

    async def get_team_by_name(self, name: str) -> Team:
        """One team by its exact name, archived or not.
        Contract: GetTeamByName.
        """

    async def get_teams_unread_for_user(self, user_id: str) -> List[TeamUnread]:
        """What a user has not read, one entry per team in no order; direct and group channels do not count.
        Contract: GetTeamsUnreadForUser.
        """

    async def update_team(self, team: Given[team_pb2.Team]) -> Team:
        """Replaces display name, description, company, domains, invitations and group constraint; name, type and e-mail address
        stay.
        Contract: UpdateTeam.
        """

    async def search_teams(self, term: str) -> List[Team]:
        """Teams by a part of their name or display name.
        Contract: SearchTeams.
        """

    async def get_teams_for_user(self, user_id: str) -> List[Team]:
        """Live teams that a user is member of, in no order.
        Contract: GetTeamsForUser.
        """

    async def create_team_member(self, team_id: str, user_id: str) -> TeamMember:
        """Makes a user member of a team and of its first channels. An existing membership is answered as it is, one that had
        ended is revived.
        Contract: CreateTeamMember.
        """

    async def create_team_members(self, team_id: str, user_ids: Sequence[str], requestor_id: str = '') -> List[TeamMember]:
        """Like CreateTeamMember for several users in order. The first failure ends it; members made until then stay.
        Contract: CreateTeamMembers.
        """

    async def create_team_members_gracefully(self, team_id: str, user_ids: Sequence[str], requestor_id: str = '') -> List[TeamMemberWithError]:
        """Like CreateTeamMember for several users, each with a result of its own; `error` is for trouble with the whole.
        Contract: CreateTeamMembersGracefully.
        """

    async def delete_team_member(self, team_id: str, user_id: str, requestor_id: str = '') -> None:
        """Ends a membership and those in the team's channels. Fails for who never was a member.
        Contract: DeleteTeamMember.
        """

    async def get_team_members(self, team_id: str, *, page: int = 0, per_page: int = 60) -> List[TeamMember]:
        """Living memberships in a team, by user id.
        Contract: GetTeamMembers.
        """

    async def get_team_member(self, team_id: str, user_id: str) -> TeamMember:
        """One membership, also one that has ended: look at its `delete_at`.
        Contract: GetTeamMember.
        """

    async def get_team_members_for_user(self, user_id: str, *, page: int = 0, per_page: int = 60) -> List[TeamMember]:
        """All of a user's memberships in no order, those that have ended included.
        Contract: GetTeamMembersForUser.
        """

    async def update_team_member_roles(self, team_id: str, user_id: str, new_roles: str) -> TeamMember:
        """Replaces a member's roles in a team. Fails for unknown roles.
        Contract: UpdateTeamMemberRoles.
        """

    async def get_team_icon(self, team_id: str) -> bytes:
        """A team's icon. Fails when it has none.
        Contract: GetTeamIcon.
        """

    async def set_team_icon(self, team_id: str, data: bytes) -> None:
        """Sets a team's icon, cut to a square of 128 pixels. Fails for what is no image.
        Contract: SetTeamIcon.
        """

    async def remove_team_icon(self, team_id: str) -> None:
        """Removes a team's icon; no failure when there is none.
        Contract: RemoveTeamIcon.
        """

    async def get_team_stats(self, team_id: str) -> TeamStats:
        """How many members a team has.
        Contract: GetTeamStats.
        """

    async def create_channel(self, channel: Given[channel_pb2.Channel]) -> Channel:
        """Makes an open or private channel without any member. Fails when the name is taken in the team, also by an archived
        channel.
        Contract: CreateChannel.
        """

    async def delete_channel(self, channel_id: str) -> None:
        """Archives a channel. Fails when it is archived already or is the team's first one.
        Contract: DeleteChannel.
        """

    async def get_public_channels_for_team(self, team_id: str, *, page: int = 0, per_page: int = 60) -> List[Channel]:
        """Open, live channels of a team by display name.
        Contract: GetPublicChannelsForTeam.
        """

    async def get_channel(self, channel_id: str) -> Channel:
        """One channel of any kind, archived or not.
        Contract: GetChannel.
        """

    async def get_channel_by_name(self, team_id: str, name: str, *, include_deleted: bool = False) -> Channel:
        """One channel of a team by name. Direct and group channels are found under any team.
        Contract: GetChannelByName.
        """

    async def get_channel_by_name_for_team_name(self, team_name: str, channel_name: str, *, include_deleted: bool = False) -> Channel:
        """One channel by its team's name and its own.
        Contract: GetChannelByNameForTeamName.
        """

    async def get_channels_for_team_for_user(self, team_id: str, user_id: str, *, include_deleted: bool = False) -> List[Channel]:
        """A user's channels in a team, with all their direct and group channels, by display name. Fails when there are none at
        all.
        Contract: GetChannelsForTeamForUser.
        """

    async def get_channel_stats(self, channel_id: str) -> ChannelStats:
        """How many members a channel has.
        Contract: GetChannelStats.
        """

    async def get_direct_channel(self, user_id_1: str, user_id_2: str) -> Channel:
        """The channel between two users, in either order, made when it is not there yet. The same user twice gives their
        channel with themselves.
        Contract: GetDirectChannel.
        """

    async def get_group_channel(self, user_ids: Sequence[str]) -> Channel:
        """The channel between 3 to 8 users, made when it is not there yet.
        Contract: GetGroupChannel.
        """

    async def update_channel(self, channel: Given[channel_pb2.Channel]) -> Channel:
        """Replaces a channel as a whole, so read it first. Fails for an archived one; whether an unknown one is noticed depends
        on the server.
        Contract: UpdateChannel.
        """

    async def search_channels(self, team_id: str, term: str) -> List[Channel]:
        """Open channels of a team by a part of name, display name or purpose.
        Contract: SearchChannels.
        """

    async def add_channel_member(self, channel_id: str, user_id: str) -> ChannelMember:
        """Makes a user member of a channel, as if by themselves. Who is one already is answered as they are; fails for who is
        not in the team.
        Contract: AddChannelMember.
        """

    async def add_user_to_channel(self, channel_id: str, user_id: str, as_user_id: str = '') -> ChannelMember:
        """Like AddChannelMember, but in the name of another user.
        Contract: AddUserToChannel.
        """

    async def get_channel_member(self, channel_id: str, user_id: str) -> ChannelMember:
        """One membership in a channel.
        Contract: GetChannelMember.
        """

    async def get_channel_members(self, channel_id: str, *, page: int = 0, per_page: int = 60) -> List[ChannelMember]:
        """Members of a channel in no order. Newer servers take `per_page` 0 for no limit.
        Contract: GetChannelMembers.
        """

    async def get_channel_members_by_ids(self, channel_id: str, user_ids: Sequence[str]) -> List[ChannelMember]:
        """Some members of a channel in no order; who is none is left out.
        Contract: GetChannelMembersByIds.
        """

    async def get_channel_members_for_user(self, team_id: str, user_id: str, *, page: int = 0, per_page: int = 60) -> List[ChannelMember]:
        """A user's memberships in channels, in no order. Servers do not look at the team.
        Contract: GetChannelMembersForUser.
        """

    async def update_channel_member_roles(self, channel_id: str, user_id: str, new_roles: str) -> ChannelMember:
        """Replaces a member's roles in a channel. Fails for unknown roles.
        Contract: UpdateChannelMemberRoles.
        """

    async def update_channel_member_notifications(self, channel_id: str, user_id: str, notifications: Mapping[str, str]) -> ChannelMember:
        """Changes some of a member's notification settings; keys that are not named, or not known, change nothing.
        Contract: UpdateChannelMemberNotifications.
        """

    async def patch_channel_members_notifications(self, members: Sequence[Given[api_channel_post_pb2.ChannelMemberIdentifier]], notify_props: Mapping[str, str]) -> None:
        """Changes some notification settings of several members at once. Who is no member is passed over.
        Contract: PatchChannelMembersNotifications.
        """

    async def delete_channel_member(self, channel_id: str, user_id: str) -> None:
        """Lets a user leave a channel. Fails for direct and group channels, and for the team's first one.
        Contract: DeleteChannelMember.
        """

    async def create_channel_sidebar_category(self, user_id: str, team_id: str, new_category: Given[api_channel_post_pb2.SidebarCategoryWithChannels]) -> SidebarCategoryWithChannels:
        """Makes a category in a user's sidebar.
        Contract: CreateChannelSidebarCategory.
        """

    async def get_channel_sidebar_categories(self, user_id: str, team_id: str) -> OrderedSidebarCategories:
        """A user's categories in a team, with their channels, in order.
        Contract: GetChannelSidebarCategories.
        """

    async def update_channel_sidebar_categories(self, user_id: str, team_id: str, categories: Sequence[Given[api_channel_post_pb2.SidebarCategoryWithChannels]]) -> List[SidebarCategoryWithChannels]:
        """Replaces some of a user's categories. Muting one mutes its channels.
        Contract: UpdateChannelSidebarCategories.
        """

    async def create_post(self, post: Given[post_pb2.Post]) -> Post:
        """Stores a post, after MessageWillBePosted. Its author need not be in the channel. Fails when a plugin refuses it, when
        it is too long or when its root is no root of that channel.
        Contract: CreatePost.
        """

    async def add_reaction(self, reaction: Given[post_pb2.Reaction]) -> Reaction:
        """Adds a reaction, or renews it when it is there already. Fails for unknown emoji and in archived channels.
        Contract: AddReaction.
        """

    async def remove_reaction(self, reaction: Given[post_pb2.Reaction]) -> None:
        """Removes a reaction; no failure when there is none. Fails in archived channels.
        Contract: RemoveReaction.
        """

    async def get_reactions(self, post_id: str) -> List[Reaction]:
        """Reactions to a post, oldest first.
        Contract: GetReactions.
        """

    async def send_ephemeral_post(self, user_id: str, post: Given[post_pb2.Post]) -> Post:
        """Shows a post to one user only. Nothing is stored or checked and no hook is called.
        Contract: SendEphemeralPost.
        """

    async def update_ephemeral_post(self, user_id: str, post: Given[post_pb2.Post]) -> Post:
        """Shows a new version of a post from SendEphemeralPost. Nothing is looked up.
        Contract: UpdateEphemeralPost.
        """

    async def delete_ephemeral_post(self, user_id: str, post_id: str) -> None:
        """Hides a post from one user. A stored post of that id stays.
        Contract: DeleteEphemeralPost.
        """

    async def delete_post(self, post_id: str) -> None:
        """Deletes a post, and with a root its replies. Fails in archived channels.
        Contract: DeletePost.
        """

    async def get_post_thread(self, post_id: str) -> PostList:
        """The thread that a post is in; the post that was asked for comes first, the others in no order.
        Contract: GetPostThread.
        """

    async def get_post(self, post_id: str) -> Post:
        """One post that is not deleted.
        Contract: GetPost.
        """

    async def get_posts_since(self, channel_id: str, time: int) -> PostList:
        """Posts of a channel that changed after a time, newest first, at most 1,000. Deleted posts and kept old versions can be
        among them.
        Contract: GetPostsSince.
        """

    async def get_posts_after(self, channel_id: str, post_id: str, *, page: int = 0, per_page: int = 60) -> PostList:
        """Posts of a channel made after a given one, newest first; page 0 is the nearest to it. Fails for a negative page or
        size.
        Contract: GetPostsAfter.
        """

    async def get_posts_before(self, channel_id: str, post_id: str, *, page: int = 0, per_page: int = 60) -> PostList:
        """Posts of a channel made before a given one, newest first; page 0 is the nearest to it. Fails for a negative page or
        size.
        Contract: GetPostsBefore.
        """

    async def get_posts_for_channel(self, channel_id: str, *, page: int = 0, per_page: int = 60) -> PostList:
        """Posts of a channel, replies among them, newest first. Fails for more than 1,000 a page.
        Contract: GetPostsForChannel.
        """

    async def update_post(self, post: Given[post_pb2.Post]) -> Post:
        """Changes message, props and pin of a post, after MessageWillBeUpdated; author, channel and thread stay. Fails for
        system messages, and when a plugin refuses.
        Contract: UpdatePost.
        """

    async def search_posts_in_team(self, *, team_id: str, params_list: Sequence[Given[api_channel_post_pb2.SearchParams]]) -> List[Post]:
        """Posts found by any of several searches in all channels of a team, newest first. Fails when search is switched off.
        Contract: SearchPostsInTeam.
        """

    async def search_posts_in_team_for_user(self, *, team_id: str, user_id: str, search_params: Given[api_channel_post_pb2.SearchParameter]) -> PostSearchResults:
        """Posts found in the channels that a user is in, newest first. Fails when search is switched off.
        Contract: SearchPostsInTeamForUser.
        """

    async def get_emoji_list(self, *, sort_by: str = '', page: int = 0, per_page: int = 60) -> List[Emoji]:
        """The server's own emoji, as opposed to the ones built in.
        Contract: GetEmojiList.
        """

    async def get_emoji_by_name(self, name: str) -> Emoji:
        """One of the server's own emoji by exact name. Built-in ones are not found.
        Contract: GetEmojiByName.
        """

    async def get_emoji(self, emoji_id: str) -> Emoji:
        """One of the server's own emoji.
        Contract: GetEmoji.
        """

    async def get_emoji_image(self, emoji_id: str) -> EmojiImage:
        """Picture of one of the server's own emoji.
        Contract: GetEmojiImage.
        """

    async def kv_set(self, key: str, value: bytes) -> None:
        """Stores a value for good, in place of any earlier one. An empty value deletes.
        Contract: KVSet.
        """

    async def kv_compare_and_set(self, key: str, old_value: Optional[bytes], new_value: bytes) -> bool:
        """Stores a value if the present one equals `old_value`, where empty stands for no value. `success` is false when it
        does not, which is no failure.
        Contract: KVCompareAndSet.
        """

    async def kv_compare_and_delete(self, key: str, old_value: bytes) -> bool:
        """Deletes a value if it equals `old_value`. `success` is false when it does not, when there is none, or when
        `old_value` is empty.
        Contract: KVCompareAndDelete.
        """

    async def kv_set_with_options(self, key: str, value: bytes, options: Given[api_kv_config_pb2.PluginKVSetOptions]) -> bool:
        """Stores or deletes a value, on conditions and for a time. `success` is false when the condition was not met, which is
        no failure.
        Contract: KVSetWithOptions.
        """

    async def kv_set_with_expiry(self, key: str, value: bytes, expire_in_seconds: int) -> None:
        """Stores a value for some time. An empty value deletes.
        Contract: KVSetWithExpiry.
        """

    async def kv_get(self, key: str) -> Optional[bytes]:
        """One value. Empty when there is none or its time is over, which is no failure.
        Contract: KVGet.
        """

    async def kv_delete(self, key: str) -> None:
        """Deletes a value; no failure when there is none.
        Contract: KVDelete.
        """

    async def kv_delete_all(self) -> None:
        """Deletes all values of the calling plugin.
        Contract: KVDeleteAll.
        """

    async def kv_list(self, *, page: int = 0, per_page: int = 100) -> List[str]:
        """Keys of the calling plugin in order. `per_page` 0 or less gives ten.
        Contract: KVList.
        """

    async def publish_web_socket_event(self, event: str, payload: Mapping[str, Any], broadcast: Given[api_kv_config_pb2.WebsocketBroadcast]) -> None:
        """Sends an event to clients, which see it as `custom_`, the plugin's id, `_` and its name. Nothing tells whether
        anybody got it.
        Contract: PublishWebSocketEvent.
        """

    async def load_plugin_configuration(self) -> bytes:
        """The plugin's own configuration: defaults of its manifest under what was set. Secrets are included.
        Contract: LoadPluginConfiguration.
        """

    async def get_config(self) -> bytes:
        """The server's configuration with its secrets masked.
        Contract: GetConfig.
        """

    async def get_unsanitized_config(self) -> bytes:
        """The server's configuration with its secrets.
        Contract: GetUnsanitizedConfig.
        """

    async def save_config(self, config_json: bytes) -> None:
        """Replaces the server's whole configuration; masked secrets stay as they are. Fails when it is not valid, when it
        cannot be written, or when a plugin refuses it in ConfigurationWillBeSaved.
        Contract: SaveConfig.
        """

    async def get_plugin_config(self) -> Dict[str, Any]:
        """What was set for the plugin, without defaults. Empty when nothing was.
        Contract: GetPluginConfig.
        """

    async def save_plugin_config(self, config: Mapping[str, Any]) -> None:
        """Replaces what is set for the plugin. Fails like SaveConfig.
        Contract: SavePluginConfig.
        """

    async def get_bundle_path(self) -> str:
        """The folder in which the plugin is unpacked, as an absolute path on the server.
        Contract: GetBundlePath.
        """

    async def get_plugins(self) -> List[Manifest]:
        """Manifests of all installed plugins, active ones first. Fails when plugins are switched off, as do the five below.
        Contract: GetPlugins.
        """

    async def enable_plugin(self, id: str) -> None:
        """Enables an installed plugin. It starts some time after the answer.
        Contract: EnablePlugin.
        """

    async def disable_plugin(self, id: str) -> None:
        """Disables an installed plugin, which may be the caller. Its slash commands go with it.
        Contract: DisablePlugin.
        """

    async def remove_plugin(self, id: str) -> None:
        """Disables a plugin and deletes its files.
        Contract: RemovePlugin.
        """

    async def get_plugin_status(self, id: str) -> PluginStatus:
        """Whether an installed plugin is running.
        Contract: GetPluginStatus.
        """

    async def install_plugin(self, file_data: bytes, *, replace: bool = False) -> Manifest:
        """Installs a plugin from an archive, without enabling it. Fails for a bad archive or manifest, or when the plugin is
        there and `replace` is not set.
        Contract: InstallPlugin.
        """

    async def get_plugin_id(self) -> str:
        """Id of the calling plugin from its manifest.
        Contract: GetPluginID.
        """

    async def log_debug(self, message: str, **fields: Any) -> None:
        """Writes to the server's log at level debug, where it may be switched off.
        Contract: LogDebug.
        """

    async def log_info(self, message: str, **fields: Any) -> None:
        """Writes to the server's log at level info.
        Contract: LogInfo.
        """

    async def log_error(self, message: str, **fields: Any) -> None:
        """Writes to the server's log at level error.
        Contract: LogError.
        """

    async def log_warn(self, message: str, **fields: Any) -> None:
        """Writes to the server's log at level warn.
        Contract: LogWarn.
        """

    async def copy_file_infos(self, user_id: str, file_ids: Sequence[str]) -> List[str]:
        """Makes new file ids for the same contents, in the order asked for, so that another post can take them. The first
        unknown file ends it; copies made until then stay.
        Contract: CopyFileInfos.
        """

    async def get_file_info(self, file_id: str) -> FileInfo:
        """What is kept about one file.
        Contract: GetFileInfo.
        """

    async def set_file_searchable_content(self, file_id: str, content: str) -> None:
        """Sets the text by which search finds a file.
        Contract: SetFileSearchableContent.
        """

    async def get_file_infos(self, *, page: int = 0, per_page: int = 60, user_id: str = '', channel_id: str = '', include_deleted: bool = False, sort_by: str = '', sort_order: str = '') -> List[FileInfo]:
        """What is kept about files, filtered and sorted. Fails for an unknown order.
        Contract: GetFileInfos.
        """

    async def get_file(self, file_id: str) -> bytes:
        """Content of a file, in one piece.
        Contract: GetFile.
        """

    async def get_file_link(self, file_id: str) -> str:
        """Public link to a file. Fails when such links are switched off or the file is in no post.
        Contract: GetFileLink.
        """

    async def read_file(self, path: str) -> bytes:
        """Content of a file by its path in the server's file store.
        Contract: ReadFile.
        """

    async def upload_file(self, data: bytes, channel_id: str, filename: str) -> FileInfo:
        """Stores a file for a channel, after FileWillBeUploaded. A post takes it by naming its id; fails when a plugin refuses
        it.
        Contract: UploadFile.
        """

    async def create_upload_session(self, session: Given[api_file_bot_pb2.UploadSession]) -> UploadSession:
        """Begins an upload in several parts.
        Contract: CreateUploadSession.
        """

    async def upload_data(self, session: Given[api_file_bot_pb2.UploadSession], data: bytes) -> FileInfo:
        """Adds the next part to an upload. `file_info` is absent until the last part is in; then the file is stored and the
        session is gone.
        Contract: UploadData.
        """

    async def get_upload_session(self, upload_id: str) -> UploadSession:
        """How far an upload has come. Fails once it is complete.
        Contract: GetUploadSession.
        """

    async def create_bot(self, bot: Given[api_file_bot_pb2.Bot]) -> Bot:
        """Makes a bot, owned by the plugin unless `owner_id` says otherwise. Fails when the name is taken, also by a user, or
        when the owner is a bot.
        Contract: CreateBot.
        """

    async def patch_bot(self, bot_user_id: str, patch: Given[api_file_bot_pb2.BotPatch]) -> Bot:
        """Changes the named parts of a bot, deactivated or not.
        Contract: PatchBot.
        """

    async def get_bot(self, bot_user_id: str, *, include_deleted: bool = False) -> Bot:
        """One bot. A user who is none is not found.
        Contract: GetBot.
        """

    async def get_bots(self, options: Optional[Given[api_file_bot_pb2.BotGetOptions]] = None) -> List[Bot]:
        """Bots, oldest first.
        Contract: GetBots.
        """

    async def update_bot_active(self, bot_user_id: str, active: bool) -> Bot:
        """Activates or deactivates a bot; no failure when it is so already.
        Contract: UpdateBotActive.
        """

    async def permanent_delete_bot(self, bot_user_id: str) -> None:
        """Deletes a bot for good. Whether an unknown one is noticed depends on the server.
        Contract: PermanentDeleteBot.
        """

    async def ensure_bot_user(self, bot: Given[api_file_bot_pb2.Bot]) -> str:
        """Gives the id of the plugin's one bot: found and brought up to date, or else made. A user of that name who is no bot
        is answered as well, so look before trusting the id. Fails without a name.
        Contract: EnsureBotUser.
        """

    async def get_license(self) -> bytes:
        """The server's licence. Empty when it has none.
        Contract: GetLicense.
        """

    async def is_enterprise_ready(self) -> bool:
        """Whether this is a build that can take an enterprise licence.
        Contract: IsEnterpriseReady.
        """

    async def get_server_version(self) -> str:
        """Version of the server in three numbers, such as `10.5.0`.
        Contract: GetServerVersion.
        """

    async def get_system_install_date(self) -> int:
        """When the server was first set up.
        Contract: GetSystemInstallDate.
        """

    async def get_diagnostic_id(self) -> str:
        """Older name of GetTelemetryId.
        Contract: GetDiagnosticId.
        """

    async def get_telemetry_id(self) -> str:
        """The id under which the server sends telemetry.
        Contract: GetTelemetryId.
        """

    async def register_command(self, command: Given[api_remaining_pb2.Command]) -> None:
        """Registers a slash command that runs ExecuteCommand on this plugin while it is active, in place of one for the same
        trigger and team. Fails without a trigger.
        Contract: RegisterCommand.
        """

    async def unregister_command(self, team_id: str, trigger: str) -> None:
        """Removes the slash commands of plugins with that trigger and exactly that team; no failure when there are none.
        Contract: UnregisterCommand.
        """

    async def execute_slash_command(self, args: Given[api_remaining_pb2.CommandArgs]) -> CommandResponse:
        """Runs a slash command, of whatever origin, as a user and posts what comes of it. Fails for unknown commands.
        Contract: ExecuteSlashCommand.
        """

    async def create_command(self, command: Given[api_remaining_pb2.Command]) -> Command:
        """Makes a custom slash command, which calls a URL and stays when the plugin goes. Fails when the trigger is in use in
        the team.
        Contract: CreateCommand.
        """

    async def list_commands(self, team_id: str) -> List[Command]:
        """Commands of a team: those of plugins, then built-in, then custom ones. One trigger may occur in each.
        Contract: ListCommands.
        """

    async def list_custom_commands(self, team_id: str) -> List[Command]:
        """Custom commands of a team, tokens included.
        Contract: ListCustomCommands.
        """

    async def list_plugin_commands(self, team_id: str) -> List[Command]:
        """Commands that plugins registered for a team or for all teams, the first per trigger.
        Contract: ListPluginCommands.
        """

    async def list_built_in_commands(self) -> List[Command]:
        """The server's own commands that are offered for completion, in no order.
        Contract: ListBuiltInCommands.
        """

    async def get_command(self, command_id: str) -> Command:
        """One custom command, whoever made it.
        Contract: GetCommand.
        """

    async def update_command(self, command_id: str, command: Given[api_remaining_pb2.Command]) -> Command:
        """Replaces a custom command, which then belongs to this plugin. Token and times of making stay.
        Contract: UpdateCommand.
        """

    async def delete_command(self, command_id: str) -> None:
        """Deletes a custom command; no failure when there is none.
        Contract: DeleteCommand.
        """

    async def get_preference_for_user(self, user_id: str, category: str, name: str) -> Preference:
        """One preference. Fails, with status 400, when it was never set.
        Contract: GetPreferenceForUser.
        """

    async def get_preferences_for_user(self, user_id: str) -> List[Preference]:
        """All preferences of a user in no order.
        Contract: GetPreferencesForUser.
        """

    async def update_preferences_for_user(self, user_id: str, preferences: Sequence[Given[api_remaining_pb2.Preference]]) -> None:
        """Sets preferences, all or none. Fails when one is another user's or not valid.
        Contract: UpdatePreferencesForUser.
        """

    async def delete_preferences_for_user(self, user_id: str, preferences: Sequence[Given[api_remaining_pb2.Preference]]) -> None:
        """Deletes preferences by category and name; no failure for those that are not there. Fails when one is another user's.
        Contract: DeletePreferencesForUser.
        """

    async def create_o_auth_app(self, app: Given[api_remaining_pb2.OAuthApp]) -> OAuthApp:
        """Registers an application that may log users in through this server; its secret is made here. Fails when that service
        is switched off, as do the three below.
        Contract: CreateOAuthApp.
        """

    async def get_o_auth_app(self, app_id: str) -> OAuthApp:
        """One application, secret included.
        Contract: GetOAuthApp.
        """

    async def update_o_auth_app(self, app: Given[api_remaining_pb2.OAuthApp]) -> OAuthApp:
        """Replaces an application; creator and secret stay.
        Contract: UpdateOAuthApp.
        """

    async def delete_o_auth_app(self, app_id: str) -> None:
        """Deletes an application with its tokens; an unknown one need not be noticed.
        Contract: DeleteOAuthApp.
        """

    async def get_group(self, group_id: str) -> Group:
        """One group, deleted or not.
        Contract: GetGroup.
        """

    async def get_group_by_name(self, name: str) -> Group:
        """One group by exact name, deleted or not.
        Contract: GetGroupByName.
        """

    async def get_group_member_users(self, group_id: str, *, page: int = 0, per_page: int = 60) -> List[User]:
        """Active members of a group by name.
        Contract: GetGroupMemberUsers.
        """

    async def get_groups_by_source(self, source: str) -> List[Group]:
        """Live groups from one source, in no order.
        Contract: GetGroupsBySource.
        """

    async def get_groups_for_user(self, user_id: str) -> List[Group]:
        """Groups that a user is in, in no order; deleted groups may be among them.
        Contract: GetGroupsForUser.
        """

    async def upsert_group_member(self, group_id: str, user_id: str) -> GroupMember:
        """Puts a user into a group, or back into it. The user must be active. Teams and channels linked to the group are not
        touched.
        Contract: UpsertGroupMember.
        """

    async def upsert_group_members(self, group_id: str, user_ids: Sequence[str]) -> List[GroupMember]:
        """Like UpsertGroupMember for several users, all or none, in order.
        Contract: UpsertGroupMembers.
        """

    async def get_group_by_remote_id(self, remote_id: str, group_source: str) -> Group:
        """One group by its id at its source, deleted or not.
        Contract: GetGroupByRemoteID.
        """

    async def create_group(self, group: Given[api_remaining_pb2.Group]) -> Group:
        """Makes a group without members. Fails when a group or a user has that name.
        Contract: CreateGroup.
        """

    async def update_group(self, group: Given[api_remaining_pb2.Group]) -> Group:
        """Replaces a group; a `delete_at` of 0 restores it, but a new one is refused. Fails when a group or a user has that
        name.
        Contract: UpdateGroup.
        """

    async def delete_group(self, group_id: str) -> Group:
        """Deletes a group and answers it; members and links stay. Fails when it is deleted already.
        Contract: DeleteGroup.
        """

    async def restore_group(self, group_id: str) -> Group:
        """Brings a deleted group back. Fails when it is not deleted.
        Contract: RestoreGroup.
        """

    async def delete_group_member(self, group_id: str, user_id: str) -> GroupMember:
        """Takes a user out of a group. Fails for who is not in it.
        Contract: DeleteGroupMember.
        """

    async def get_group_syncable(self, group_id: str, syncable_id: str, syncable_type: str) -> GroupSyncable:
        """One link of a group to a team or channel, deleted or not.
        Contract: GetGroupSyncable.
        """

    async def get_group_syncables(self, group_id: str, syncable_type: str) -> List[GroupSyncable]:
        """Live links of a group to teams, or to channels, in no order.
        Contract: GetGroupSyncables.
        """

    async def upsert_group_syncable(self, syncable: Given[api_remaining_pb2.GroupSyncable]) -> GroupSyncable:
        """Links a group to a team or channel, or changes or revives the link. A channel's team is linked as well.
        Contract: UpsertGroupSyncable.
        """

    async def update_group_syncable(self, syncable: Given[api_remaining_pb2.GroupSyncable]) -> GroupSyncable:
        """Changes a link.
        Contract: UpdateGroupSyncable.
        """

    async def delete_group_syncable(self, group_id: str, syncable_id: str, syncable_type: str) -> GroupSyncable:
        """Removes a link; with that to a team go those to channels. Fails when it is removed already.
        Contract: DeleteGroupSyncable.
        """

    async def get_groups(self, *, page: int = 0, per_page: int = 60, opts: Optional[Given[api_remaining_pb2.GroupSearchOpts]] = None, view_restrictions: Optional[Given[common_pb2.ViewUsersRestrictions]] = None) -> List[Group]:
        """Groups by display name. `per_page` 0 means no limit.
        Contract: GetGroups.
        """

    async def create_default_syncable_memberships(self, *, since: int = 0, scope_teams: bool = False, scope_channels: bool = False, re_add_removed_members: bool = False) -> None:
        """Brings members of linked groups into their teams and channels.
        Contract: CreateDefaultSyncableMemberships.
        """

    async def delete_group_constrained_memberships(self) -> None:
        """Removes, from all teams and channels open only to linked groups, who is in none of these groups.
        Contract: DeleteGroupConstrainedMemberships.
        """

    async def register_plugin_for_shared_channels(self, plugin_id: str, display_name: str, description: str = '') -> str:
        """Makes the plugin a remote of shared channels and answers its id, the same on every call.
        Contract: RegisterPluginForSharedChannels.
        """

    async def unregister_plugin_for_shared_channels(self, plugin_id: str) -> None:
        """Makes the plugin a remote no longer; no failure a second time, but one for a plugin that never registered.
        Contract: UnregisterPluginForSharedChannels.
        """

    async def share_channel(self, shared_channel: Given[api_remaining_pb2.SharedChannel]) -> SharedChannel:
        """Marks a channel as shared, with nobody as yet. One that is shared already is answered as it is.
        Contract: ShareChannel.
        """

    async def update_shared_channel(self, shared_channel: Given[api_remaining_pb2.SharedChannel]) -> SharedChannel:
        """Replaces how a channel is shared. Fails when it is not shared.
        Contract: UpdateSharedChannel.
        """

    async def unshare_channel(self, channel_id: str) -> bool:
        """Ends the sharing with all remotes. `unshared` is false when the channel was not shared, which is no failure.
        Contract: UnshareChannel.
        """

    async def update_shared_channel_cursor(self, channel_id: str, remote_id: str, last_post_update_at: int, last_post_id: str) -> None:
        """Sets from where changes of a channel are next sent to a remote, forwards or back. Sends nothing by itself.
        Contract: UpdateSharedChannelCursor.
        """

    async def sync_shared_channel(self, channel_id: str) -> None:
        """Starts sending a channel's changes to all its remotes and does not wait for it.
        Contract: SyncSharedChannel.
        """

    async def invite_remote_to_channel(self, channel_id: str, remote_id: str, user_id: str, *, share_if_not_shared: bool = False) -> None:
        """Shares a channel with a remote; no failure when it is so already. Fails when the channel is not shared, unless
        `share_if_not_shared`.
        Contract: InviteRemoteToChannel.
        """

    async def uninvite_remote_from_channel(self, channel_id: str, remote_id: str) -> None:
        """Ends the sharing with one remote. Fails when there was none.
        Contract: UninviteRemoteFromChannel.
        """

    async def create_property_field(self, *, field: Given[api_remaining_pb2.PropertyField]) -> PropertyField:
        """Makes a field in a group. Fails when the target has a live field of that name.
        Contract: CreatePropertyField.
        """

    async def get_property_field(self, *, group_id: str, field_id: str) -> PropertyField:
        """One field, deleted or not.
        Contract: GetPropertyField.
        """

    async def get_property_fields(self, *, group_id: str, ids: Sequence[str]) -> List[PropertyField]:
        """Fields by ids in no order, deleted or not. Fails when one is missing or named twice.
        Contract: GetPropertyFields.
        """

    async def update_property_field(self, *, group_id: str, field: Given[api_remaining_pb2.PropertyField]) -> PropertyField:
        """Replaces a field. Fails when its times are left out: read it first.
        Contract: UpdatePropertyField.
        """

    async def delete_property_field(self, *, group_id: str, field_id: str) -> None:
        """Deletes a field and its values; no failure a second time.
        Contract: DeletePropertyField.
        """

    async def search_property_fields(self, *, group_id: str, opts: Given[api_remaining_pb2.PropertyFieldSearchOpts]) -> List[PropertyField]:
        """Fields in the order of their making. Fails for a `per_page` below 1.
        Contract: SearchPropertyFields.
        """

    async def count_property_fields(self, group_id: str, *, include_deleted: bool = False) -> int:
        """Number of fields in a group.
        Contract: CountPropertyFields.
        """

    async def count_property_fields_for_target(self, *, group_id: str, target_type: str, target_id: str, include_deleted: bool = False) -> int:
        """Number of fields of exactly this target in a group.
        Contract: CountPropertyFieldsForTarget.
        """

    async def create_property_value(self, *, value: Given[api_remaining_pb2.PropertyValue]) -> PropertyValue:
        """Stores the value of a field for a target. Fails when there is one already.
        Contract: CreatePropertyValue.
        """

    async def get_property_value(self, *, group_id: str, value_id: str) -> PropertyValue:
        """One value, deleted or not.
        Contract: GetPropertyValue.
        """

    async def get_property_values(self, *, group_id: str, ids: Sequence[str]) -> List[PropertyValue]:
        """Values by ids in no order, deleted or not. Fails when one is missing or named twice.
        Contract: GetPropertyValues.
        """

    async def update_property_value(self, *, group_id: str, value: Given[api_remaining_pb2.PropertyValue]) -> PropertyValue:
        """Replaces what a value holds; the message has to be complete. Fails when its times are left out: read it first.
        Contract: UpdatePropertyValue.
        """

    async def upsert_property_value(self, *, value: Given[api_remaining_pb2.PropertyValue]) -> PropertyValue:
        """Stores the value of a field for a target, in place of one that is there, whose id it then keeps.
        Contract: UpsertPropertyValue.
        """

    async def delete_property_value(self, *, group_id: str, value_id: str) -> None:
        """Deletes a value; no failure a second time.
        Contract: DeletePropertyValue.
        """

    async def search_property_values(self, *, group_id: str, opts: Given[api_remaining_pb2.PropertyValueSearchOpts]) -> List[PropertyValue]:
        """Values in the order of their making. Fails for a `per_page` below 1.
        Contract: SearchPropertyValues.
        """

    async def register_property_group(self, *, name: str) -> PropertyGroup:
        """The group of that name, made when it is not there yet. Fails for an empty name.
        Contract: RegisterPropertyGroup.
        """

    async def get_property_group(self, *, name: str) -> PropertyGroup:
        """One group by name.
        Contract: GetPropertyGroup.
        """

    async def get_property_field_by_name(self, *, group_id: str, target_id: str, name: str) -> PropertyField:
        """One live field by group, target and exact name.
        Contract: GetPropertyFieldByName.
        """

    async def update_property_fields(self, *, group_id: str, fields: Sequence[Given[api_remaining_pb2.PropertyField]]) -> List[PropertyField]:
        """Like UpdatePropertyField for several, all or none.
        Contract: UpdatePropertyFields.
        """

    async def update_property_values(self, *, group_id: str, values: Sequence[Given[api_remaining_pb2.PropertyValue]]) -> List[PropertyValue]:
        """Like UpdatePropertyValue for several, all or none.
        Contract: UpdatePropertyValues.
        """

    async def upsert_property_values(self, *, values: Sequence[Given[api_remaining_pb2.PropertyValue]]) -> List[PropertyValue]:
        """Like UpsertPropertyValue for several, all or none, in order.
        Contract: UpsertPropertyValues.
        """

    async def delete_property_values_for_target(self, *, group_id: str, target_type: str, target_id: str) -> None:
        """Deletes all values of a target for good; no failure when there are none.
        Contract: DeletePropertyValuesForTarget.
        """

    async def delete_property_values_for_field(self, *, group_id: str, field_id: str) -> None:
        """Deletes all values of a field; no failure when there are none.
        Contract: DeletePropertyValuesForField.
        """

    async def log_audit_rec(self, record: Given[api_remaining_pb2.AuditRecord]) -> None:
        """Writes to the audit log at its usual level.
        Contract: LogAuditRec.
        """

    async def log_audit_rec_with_level(self, record: Given[api_remaining_pb2.AuditRecord], level: str) -> None:
        """Writes to the audit log at a given level.
        Contract: LogAuditRecWithLevel.
        """

    async def plugin_http(self, method: str, url: str, headers: Optional[Mapping[str, str]] = None, body: bytes = b'') -> PluginHTTPResponse:
        """Sends an HTTP request to a plugin, which gets it by ServeHTTP. An unknown plugin or a bad path is an HTTP status in
        the answer (404, 400) and not an `error`.
        Contract: PluginHTTP.
        """

    async def get_cloud_limits(self) -> bytes:
        """Limits of the cloud plan. A server that is not in the cloud has none.
        Contract: GetCloudLimits.
        """

    async def open_interactive_dialog(self, dialog_request: Given[api_remaining_pb2.OpenDialogRequest]) -> None:
        """Opens a dialog for the user whose action gave the trigger id. Fails when that id is not genuine or too old.
        Contract: OpenInteractiveDialog.
        """

    async def publish_plugin_cluster_event(self, event_id: str, data: bytes, *, send_type: str = 'reliable', target_id: str = '') -> None:
        """Sends an event to the plugin's instances on other nodes, never to its own. Without a cluster nothing happens.
        Contract: PublishPluginClusterEvent.
        """

    async def register_collection_and_topic(self, collection_type: str, topic_type: str) -> None:
        """Kept for older plugins: does nothing and succeeds.
        Contract: RegisterCollectionAndTopic.
        """

    async def request_trial_license(self, requester_id: str, users: int, *, terms_accepted: bool = False, receive_emails_accepted: bool = False) -> None:
        """Asks the vendor for a trial licence. Fails unless the terms are accepted and a number of users is given.
        Contract: RequestTrialLicense.
        """

    async def roles_grant_permission(self, role_names: Sequence[str], permission_id: str) -> bool:
        """Whether any of some roles grants a permission. Unknown roles grant nothing, without failure.
        Contract: RolesGrantPermission.
        """

    async def send_mail(self, to: str, subject: str, html_body: str) -> None:
        """Sends an e-mail. Fails when one of the three texts is empty.
        Contract: SendMail.
        """

    async def send_push_notification(self, notification: Given[api_remaining_pb2.PushNotification], user_id: str) -> None:
        """Sends a push notification to all mobile devices of a user, after NotificationWillBePushed. Succeeds also when there
        are none, or when a plugin drops it.
        Contract: SendPushNotification.
        """
