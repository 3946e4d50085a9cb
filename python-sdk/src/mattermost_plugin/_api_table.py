"""What the descriptor does not know of the API's methods: where parameters differ from the fields of the request.

By default a method's parameters are its request's fields, in order, and all are required; `page`, `per_page` and
`include_deleted` can only be given by name and have defaults, `requestor_id` may be left out. Everything else stands here, and
nothing here is said twice.
"""

from __future__ import annotations

from typing import Any, Dict, Mapping, NamedTuple

# Defaults of fields wherever they occur; these are given by name.
PAGING: Mapping[str, Any] = {"page": 0, "per_page": 60, "include_deleted": False}

# The parameters of a method, by its RPC:
#   name          the request's field of that name, required
#   name:a.b      the field `b` of the request's field `a`
#   name=x        with a default; `name=` alone has the field's own empty value
#   name?         may be None
#   *             what follows is given by name
#   **name:field  all other names, as pairs of a key and a value
PARAMETERS: Mapping[str, str] = {
    "AddUserToChannel": "channel_id, user_id, as_user_id=",
    "CreateCommand": "command:cmd",
    "CreateDefaultSyncableMemberships": "*, since:params.since=, scope_teams:params.scope_teams=, "
    "scope_channels:params.scope_channels=, re_add_removed_members:params.re_add_removed_members=",
    "CreateUploadSession": "session:upload_session",
    "ExecuteSlashCommand": "args:command_args",
    "GetBots": "options=",
    "GetEmojiList": "*, sort_by=, page, per_page",
    "GetFileInfos": "*, page, per_page, user_id:options.user_id=, channel_id:options.channel_id=, "
    "include_deleted:options.include_deleted, sort_by:options.sort_by=, sort_order:options.sort_order=",
    "GetGroups": "*, page, per_page, opts=, view_restrictions=",
    "GetGroupsBySource": "source:group_source",
    "GetUserByUsername": "username:name",
    "GetUsers": "*, in_team_id=, not_in_team_id=, in_channel_id=, not_in_channel_id=, in_group_id=, not_in_group_id=, "
    "group_constrained=, without_team=, inactive=, active=, role=, roles=, channel_roles=, team_roles=, sort=, page, per_page, "
    "updated_after=, view_restrictions=",
    "GetUsersInChannel": "channel_id, *, sort_by=, page, per_page",
    "InstallPlugin": "file_data, *, replace=",
    "InviteRemoteToChannel": "channel_id, remote_id, user_id, *, share_if_not_shared=",
    "KVCompareAndSet": "key, old_value?, new_value",
    "KVList": "*, page, per_page=100",
    "LogDebug": "message:msg, **fields:key_value_pairs",
    "LogError": "message:msg, **fields:key_value_pairs",
    "LogInfo": "message:msg, **fields:key_value_pairs",
    "LogWarn": "message:msg, **fields:key_value_pairs",
    "OpenInteractiveDialog": "dialog_request:dialog",
    "PatchBot": "bot_user_id, patch:bot_patch",
    "PluginHTTP": "method, url, headers=, body=",
    "PublishPluginClusterEvent": "event_id:event.id, data:event.data, *, send_type:opts.send_type='reliable', "
    "target_id:opts.target_id=",
    "PublishUserTyping": "user_id, channel_id, parent_id=",
    "RegisterPluginForSharedChannels": "plugin_id:opts.plugin_id, display_name:opts.display_name, "
    "description:opts.description=",
    "RequestTrialLicense": "requester_id, users, *, terms_accepted=, receive_emails_accepted=",
    "SearchUsers": "term, *, team_id=, not_in_team_id=, in_channel_id=, not_in_channel_id=, in_group_id=, not_in_group_id=, "
    "group_constrained=, allow_inactive=, without_team=, limit=100, role=, roles=, channel_roles=, team_roles=",
    "UpdateCommand": "command_id, command:updated_cmd",
    "UpdateGroupSyncable": "syncable:group_syncable",
    "UpdateSharedChannelCursor": "channel_id, remote_id, last_post_update_at:cursor.last_post_update_at, "
    "last_post_id:cursor.last_post_id",
    "UploadData": "session:upload_session, data",
    "UpsertGroupSyncable": "syncable:group_syncable",
}

# Other SDKs have methods whose parameters cannot make the request that the contract wants. Here these take the request's
# fields, by name only, so that a call written for such an SDK fails at once instead of doing something else. The value is
# what such a call looks like.
BY_NAME_ONLY: Mapping[str, str] = {
    "CountPropertyFieldsForTarget": "target_id, target_type",
    "CreatePropertyField": "field_json",
    "CreatePropertyValue": "value_json",
    "DeletePropertyField": "field_id",
    "DeletePropertyValue": "value_id",
    "DeletePropertyValuesForField": "field_id",
    "DeletePropertyValuesForTarget": "target_id, target_type",
    "GetPropertyField": "field_id",
    "GetPropertyFieldByName": "group_id, name",
    "GetPropertyFields": "group_id, *, page=0, per_page=60",
    "GetPropertyGroup": "group_id",
    "GetPropertyValue": "value_id",
    "GetPropertyValues": "group_id, target_id, *, page=0, per_page=60",
    "LoadPluginConfiguration": "dest",
    "RegisterPropertyGroup": "group_id, group_name",
    "SearchPostsInTeam": "team_id, terms",
    "SearchPostsInTeamForUser": "team_id, user_id, terms",
    "SearchPropertyFields": "group_id, search_term, *, page=0, per_page=60",
    "SearchPropertyValues": "group_id, search_term, *, target_id='', page=0, per_page=60",
    "UpdatePropertyField": "field_json",
    "UpdatePropertyFields": "fields_json",
    "UpdatePropertyValue": "value_json",
    "UpdatePropertyValues": "values_json",
    "UpsertPropertyValue": "value_json",
    "UpsertPropertyValues": "values_json",
}

# Names that other SDKs give to parameters, where a call by those names still makes the right request.
OTHER_NAMES: Mapping[str, Dict[str, str]] = {
    "DisablePlugin": {"plugin_id": "id"},
    "EnablePlugin": {"plugin_id": "id"},
    "GetEmojiList": {"sort": "sort_by"},
    "GetPluginStatus": {"plugin_id": "id"},
    "InstallPlugin": {"data": "file_data", "force": "replace"},
    "RemovePlugin": {"plugin_id": "id"},
}

# Methods whose answer may be nothing: the wire cannot tell that from an empty value, and nothing is the common case.
NONE_WHEN_EMPTY = frozenset({"KVGet"})


class PluginHTTPResponse(NamedTuple):
    """What another plugin answered to `plugin_http`."""

    status_code: int
    headers: Dict[str, str]
    body: bytes


class EmojiImage(bytes):
    """The image of an emoji, and what kind of image it is."""

    content_type: str

    def __new__(cls, image: bytes, content_type: str = "") -> EmojiImage:
        """An image of that type."""
        made = super().__new__(cls, image)
        made.content_type = content_type
        return made


# The results of methods whose answers have several fields.
RESULTS: Mapping[str, Any] = {"GetEmojiImage": EmojiImage, "PluginHTTP": PluginHTTPResponse}

# Methods that may be called again when the first call came to nothing, though nobody knows whether the server saw it: those
# that change nothing. Their names begin so; the exceptions make a channel when there is none.
READING = ("Count", "Get", "Has", "Is", "KVGet", "KVList", "List", "LoadPlugin", "Read", "Search")
WRITING_ALL_THE_SAME = frozenset({"GetDirectChannel", "GetGroupChannel"})


def reads(rpc_name: str) -> bool:
    """Whether a method changes nothing."""
    return rpc_name.startswith(READING) and rpc_name not in WRITING_ALL_THE_SAME
