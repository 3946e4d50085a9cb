"""The names that plugins import, pinned."""

from __future__ import annotations

import importlib

import pytest

import mattermost_plugin

EXPORTS = """
APILogHandler AlreadyExistsError AsyncPluginAPIClient DISMISS_POST_ERROR EmojiImage HTTPRequest HTTPRequestError
HTTPResponseWriter HookCancelledError HookContext HookName HookRegistrationError hook_context NotFoundError
PermissionDeniedError Plugin PluginAPIClient PluginAPIError PluginHTTPResponse RuntimeConfig UnavailableError ValidationError
__version__ convert_app_error convert_grpc_error hook load_runtime_config run_plugin serve_plugin
""".split()

WRAPPERS = """
AppError AuditRecord Bot BotGetOptions BotPatch Channel ChannelBannerInfo ChannelMember ChannelMemberIdentifier ChannelStats
ChannelType Command CommandArgs CommandResponse CreateDefaultMembershipParams CustomStatus Dialog DialogElement
DialogElementOption Emoji Empty FileData FileInfo FileUploadResponse GetFileInfosOptions GetPostsSinceForSyncCursor Group
GroupMember GroupSearchOpts GroupSyncable KeyValuePair Manifest OAuthApp OpenDialogRequest OrderedSidebarCategories
PluginClusterEvent PluginClusterEventSendOptions PluginInfo PluginKVSetOptions PluginStatus Post PostAcknowledgement PostEmbed
PostImage PostList PostMetadata PostPriority PostSearchResults Preference PropertyField PropertyFieldSearchOpts PropertyGroup
PropertyValue PropertyValueSearchOpts PushNotification Reaction RegisterPluginOpts RequestContext SearchParameter SearchParams
Session SharedChannel SidebarCategoryWithChannels StringList StringMap Team TeamMember TeamMemberWithError TeamStats TeamType
TeamUnread UploadSession User UserAccessToken UserAuth UserStatus ViewUsersRestrictions WebsocketBroadcast Wrapper
""".split()

MODULES = {
    "mattermost_plugin._internal.hook_runner": [
        "DEFAULT_HOOK_TIMEOUT",
        "HookInvocationError",
        "HookRunner",
        "HookTimeoutError",
        "convert_hook_error_to_grpc_status",
        "invoke_hook_safe",
        "run_hook_async",
    ],
    "mattermost_plugin._internal.wrappers": WRAPPERS,
    "mattermost_plugin.client": ["AsyncPluginAPIClient", "PluginAPIClient", "get_default_target"],
    "mattermost_plugin.exceptions": ["PluginAPIError", "convert_app_error", "convert_grpc_error"],
    "mattermost_plugin.hooks": [
        "HOOK_MARKER_ATTR",
        "HookName",
        "HookRegistrationError",
        "VALID_HOOK_NAMES",
        "get_hook_name",
        "hook",
        "is_hook_handler",
    ],
    "mattermost_plugin.plugin": ["Plugin"],
    "mattermost_plugin.runtime_config": ["RuntimeConfig", "load_runtime_config"],
    "mattermost_plugin.server": [
        "DEFAULT_SERVER_OPTIONS",
        "GO_PLUGIN_APP_PROTOCOL_VERSION",
        "GO_PLUGIN_CORE_PROTOCOL_VERSION",
        "PluginServer",
        "format_handshake_line",
        "run_plugin",
        "serve_plugin",
    ],
    "mattermost_plugin.servicers.hooks_servicer": [
        "DISMISS_POST_ERROR",
        "HTTPRequest",
        "HTTPResponseWriter",
        "PluginHooksServicer",
    ],
}

GENERATED = """
api_channel_post api_file_bot api_kv_config api_remaining api_user_team api channel common file hooks_command
hooks_common hooks_http hooks_lifecycle hooks_message hooks_user_channel hooks post team user goplugin.grpc_broker
goplugin.grpc_controller goplugin.grpc_stdio
""".split()


def test_the_top_level_exports_are_these() -> None:
    assert sorted(mattermost_plugin.__all__) == sorted(EXPORTS + WRAPPERS)
    assert all(hasattr(mattermost_plugin, name) for name in EXPORTS + WRAPPERS)


@pytest.mark.parametrize("module", MODULES)
def test_names_stand_in_their_modules(module: str) -> None:
    loaded = importlib.import_module(module)
    assert [name for name in MODULES[module] if not hasattr(loaded, name)] == []


@pytest.mark.parametrize("file", GENERATED)
def test_each_proto_file_has_its_generated_modules(file: str) -> None:
    importlib.import_module(f"mattermost_plugin.grpc.{file}_pb2")
    importlib.import_module(f"mattermost_plugin.grpc.{file}_pb2_grpc")
