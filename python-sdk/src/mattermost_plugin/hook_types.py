"""The types of every hook's handler: what it gets, what it may return. Written by scripts/types, not to be edited.

`@hook(HookName.X)` holds a handler against `XHandler`; `XResult` is there for authors to write `-> XResult`.
"""

from __future__ import annotations

from typing import (
    Any, Awaitable, Callable, List, Literal, Mapping, Optional, Protocol, Sequence, Tuple, TypeVar, Union, overload
)

from mattermost_plugin.grpc.api_channel_post_pb2 import ChannelMember
from mattermost_plugin.grpc.api_remaining_pb2 import CommandArgs, CommandResponse, PluginClusterEvent, Preference, PushNotification
from mattermost_plugin.grpc.channel_pb2 import Channel
from mattermost_plugin.grpc.common_pb2 import AppError
from mattermost_plugin.grpc.file_pb2 import FileData, FileInfo
from mattermost_plugin.grpc.hooks_command_pb2 import RemoteCluster, SyncMsgJson, SyncResponse, WebSocketRequest
from mattermost_plugin.grpc.hooks_common_pb2 import PluginContext
from mattermost_plugin.grpc.hooks_lifecycle_pb2 import ConfigJson, OnInstallEvent, ProductLimits
from mattermost_plugin.grpc.hooks_message_pb2 import EmailNotificationContent, EmailNotificationJson
from mattermost_plugin.grpc.hooks_user_channel_pb2 import SamlAssertionInfoJson
from mattermost_plugin.grpc.post_pb2 import Post, Reaction
from mattermost_plugin.grpc.team_pb2 import TeamMember
from mattermost_plugin.grpc.user_pb2 import User
from mattermost_plugin.hooks import HookName
from mattermost_plugin.servicers._http import HTTPRequest, HTTPResponseWriter

M = TypeVar("M")
M_co = TypeVar("M_co", covariant=True)
F = TypeVar("F", bound=Callable[..., Any])


class Wraps(Protocol[M_co]):
    """Anything that can be made a message, such as the SDK's own `CommandResponse`."""

    def to_proto(self) -> M_co:
        """The message."""


# A handler is a plain function or a coroutine function.
Soon = Union[M, Awaitable[M]]
# What a handler returns to fail.
Failure = Union[str, BaseException, AppError]
# A message or its wrapper.
Given = Union[M, Wraps[M]]
# A result, or a failure, or a pair of both.
Answered = Union[None, M, BaseException, AppError, Tuple[Optional[M], Optional[Failure]]]
# Nothing to allow, a reason to refuse, the changed message, or a pair of both.
Filtered = Union[None, str, M, Wraps[M], Tuple[Union[None, M, Wraps[M]], Optional[str]]]

OnActivateResult = Optional[Failure]
OnActivateHandler = Callable[[Any], Soon[OnActivateResult]]
_OnActivate = TypeVar("_OnActivate", bound=OnActivateHandler)

OnDeactivateResult = object  # ignored
OnDeactivateHandler = Callable[[Any], object]
_OnDeactivate = TypeVar("_OnDeactivate", bound=OnDeactivateHandler)

OnConfigurationChangeResult = object  # ignored
OnConfigurationChangeHandler = Callable[[Any], object]
_OnConfigurationChange = TypeVar("_OnConfigurationChange", bound=OnConfigurationChangeHandler)

OnInstallResult = Optional[Failure]
OnInstallHandler = Callable[[Any, PluginContext, OnInstallEvent], Soon[OnInstallResult]]
_OnInstall = TypeVar("_OnInstall", bound=OnInstallHandler)

OnSendDailyTelemetryResult = object  # ignored
OnSendDailyTelemetryHandler = Callable[[Any], object]
_OnSendDailyTelemetry = TypeVar("_OnSendDailyTelemetry", bound=OnSendDailyTelemetryHandler)

RunDataRetentionResult = Answered[int]
RunDataRetentionHandler = Callable[[Any, int, int], Soon[RunDataRetentionResult]]
_RunDataRetention = TypeVar("_RunDataRetention", bound=RunDataRetentionHandler)

OnCloudLimitsUpdatedResult = object  # ignored
OnCloudLimitsUpdatedHandler = Callable[[Any, ProductLimits], object]
_OnCloudLimitsUpdated = TypeVar("_OnCloudLimitsUpdated", bound=OnCloudLimitsUpdatedHandler)

ConfigurationWillBeSavedResult = Answered[Union[ConfigJson, Wraps[ConfigJson], Mapping[str, Any]]]
ConfigurationWillBeSavedHandler = Callable[[Any, ConfigJson], Soon[ConfigurationWillBeSavedResult]]
_ConfigurationWillBeSaved = TypeVar("_ConfigurationWillBeSaved", bound=ConfigurationWillBeSavedHandler)

MessageWillBePostedResult = Filtered[Post]
MessageWillBePostedHandler = Callable[[Any, PluginContext, Post], Soon[MessageWillBePostedResult]]
_MessageWillBePosted = TypeVar("_MessageWillBePosted", bound=MessageWillBePostedHandler)

MessageWillBeUpdatedResult = Filtered[Post]
MessageWillBeUpdatedHandler = Callable[[Any, PluginContext, Post, Post], Soon[MessageWillBeUpdatedResult]]
_MessageWillBeUpdated = TypeVar("_MessageWillBeUpdated", bound=MessageWillBeUpdatedHandler)

MessageHasBeenPostedResult = object  # ignored
MessageHasBeenPostedHandler = Callable[[Any, PluginContext, Post], object]
_MessageHasBeenPosted = TypeVar("_MessageHasBeenPosted", bound=MessageHasBeenPostedHandler)

MessageHasBeenUpdatedResult = object  # ignored
MessageHasBeenUpdatedHandler = Callable[[Any, PluginContext, Post, Post], object]
_MessageHasBeenUpdated = TypeVar("_MessageHasBeenUpdated", bound=MessageHasBeenUpdatedHandler)

MessagesWillBeConsumedResult = Optional[Sequence[Given[Post]]]
MessagesWillBeConsumedHandler = Callable[[Any, List[Post]], Soon[MessagesWillBeConsumedResult]]
_MessagesWillBeConsumed = TypeVar("_MessagesWillBeConsumed", bound=MessagesWillBeConsumedHandler)

MessageHasBeenDeletedResult = object  # ignored
MessageHasBeenDeletedHandler = Callable[[Any, PluginContext, Post], object]
_MessageHasBeenDeleted = TypeVar("_MessageHasBeenDeleted", bound=MessageHasBeenDeletedHandler)

FileWillBeUploadedResult = Union[Filtered[FileInfo], bytes, Tuple[Optional[Given[FileInfo]], Optional[bytes]], Tuple[Optional[Given[FileInfo]], Optional[bytes], Optional[str]]]
FileWillBeUploadedHandler = Callable[[Any, PluginContext, FileInfo, bytes], Soon[FileWillBeUploadedResult]]
_FileWillBeUploaded = TypeVar("_FileWillBeUploaded", bound=FileWillBeUploadedHandler)

ReactionHasBeenAddedResult = object  # ignored
ReactionHasBeenAddedHandler = Callable[[Any, PluginContext, Reaction], object]
_ReactionHasBeenAdded = TypeVar("_ReactionHasBeenAdded", bound=ReactionHasBeenAddedHandler)

ReactionHasBeenRemovedResult = object  # ignored
ReactionHasBeenRemovedHandler = Callable[[Any, PluginContext, Reaction], object]
_ReactionHasBeenRemoved = TypeVar("_ReactionHasBeenRemoved", bound=ReactionHasBeenRemovedHandler)

NotificationWillBePushedResult = Filtered[PushNotification]
NotificationWillBePushedHandler = Callable[[Any, PushNotification, str], Soon[NotificationWillBePushedResult]]
_NotificationWillBePushed = TypeVar("_NotificationWillBePushed", bound=NotificationWillBePushedHandler)

EmailNotificationWillBeSentResult = Filtered[EmailNotificationContent]
EmailNotificationWillBeSentHandler = Callable[[Any, EmailNotificationJson], Soon[EmailNotificationWillBeSentResult]]
_EmailNotificationWillBeSent = TypeVar("_EmailNotificationWillBeSent", bound=EmailNotificationWillBeSentHandler)

PreferencesHaveChangedResult = object  # ignored
PreferencesHaveChangedHandler = Callable[[Any, PluginContext, List[Preference]], object]
_PreferencesHaveChanged = TypeVar("_PreferencesHaveChanged", bound=PreferencesHaveChangedHandler)

UserHasBeenCreatedResult = object  # ignored
UserHasBeenCreatedHandler = Callable[[Any, PluginContext, User], object]
_UserHasBeenCreated = TypeVar("_UserHasBeenCreated", bound=UserHasBeenCreatedHandler)

UserWillLogInResult = Optional[str]
UserWillLogInHandler = Callable[[Any, PluginContext, User], Soon[UserWillLogInResult]]
_UserWillLogIn = TypeVar("_UserWillLogIn", bound=UserWillLogInHandler)

UserHasLoggedInResult = object  # ignored
UserHasLoggedInHandler = Callable[[Any, PluginContext, User], object]
_UserHasLoggedIn = TypeVar("_UserHasLoggedIn", bound=UserHasLoggedInHandler)

UserHasBeenDeactivatedResult = object  # ignored
UserHasBeenDeactivatedHandler = Callable[[Any, PluginContext, User], object]
_UserHasBeenDeactivated = TypeVar("_UserHasBeenDeactivated", bound=UserHasBeenDeactivatedHandler)

OnSAMLLoginResult = Optional[Failure]
OnSAMLLoginHandler = Callable[[Any, PluginContext, User, SamlAssertionInfoJson], Soon[OnSAMLLoginResult]]
_OnSAMLLogin = TypeVar("_OnSAMLLogin", bound=OnSAMLLoginHandler)

ChannelHasBeenCreatedResult = object  # ignored
ChannelHasBeenCreatedHandler = Callable[[Any, PluginContext, Channel], object]
_ChannelHasBeenCreated = TypeVar("_ChannelHasBeenCreated", bound=ChannelHasBeenCreatedHandler)

UserHasJoinedChannelResult = object  # ignored
UserHasJoinedChannelHandler = Callable[[Any, PluginContext, ChannelMember, Optional[User]], object]
_UserHasJoinedChannel = TypeVar("_UserHasJoinedChannel", bound=UserHasJoinedChannelHandler)

UserHasLeftChannelResult = object  # ignored
UserHasLeftChannelHandler = Callable[[Any, PluginContext, ChannelMember, Optional[User]], object]
_UserHasLeftChannel = TypeVar("_UserHasLeftChannel", bound=UserHasLeftChannelHandler)

UserHasJoinedTeamResult = object  # ignored
UserHasJoinedTeamHandler = Callable[[Any, PluginContext, TeamMember, Optional[User]], object]
_UserHasJoinedTeam = TypeVar("_UserHasJoinedTeam", bound=UserHasJoinedTeamHandler)

UserHasLeftTeamResult = object  # ignored
UserHasLeftTeamHandler = Callable[[Any, PluginContext, TeamMember, Optional[User]], object]
_UserHasLeftTeam = TypeVar("_UserHasLeftTeam", bound=UserHasLeftTeamHandler)

ExecuteCommandResult = Answered[Union[CommandResponse, Wraps[CommandResponse], Mapping[str, Any]]]
ExecuteCommandHandler = Callable[[Any, PluginContext, CommandArgs], Soon[ExecuteCommandResult]]
_ExecuteCommand = TypeVar("_ExecuteCommand", bound=ExecuteCommandHandler)

OnWebSocketConnectResult = object  # ignored
OnWebSocketConnectHandler = Callable[[Any, str, str], object]
_OnWebSocketConnect = TypeVar("_OnWebSocketConnect", bound=OnWebSocketConnectHandler)

OnWebSocketDisconnectResult = object  # ignored
OnWebSocketDisconnectHandler = Callable[[Any, str, str], object]
_OnWebSocketDisconnect = TypeVar("_OnWebSocketDisconnect", bound=OnWebSocketDisconnectHandler)

WebSocketMessageHasBeenPostedResult = object  # ignored
WebSocketMessageHasBeenPostedHandler = Callable[[Any, str, str, WebSocketRequest], object]
_WebSocketMessageHasBeenPosted = TypeVar("_WebSocketMessageHasBeenPosted", bound=WebSocketMessageHasBeenPostedHandler)

OnPluginClusterEventResult = object  # ignored
OnPluginClusterEventHandler = Callable[[Any, PluginContext, PluginClusterEvent], object]
_OnPluginClusterEvent = TypeVar("_OnPluginClusterEvent", bound=OnPluginClusterEventHandler)

OnSharedChannelsSyncMsgResult = Answered[Union[SyncResponse, Wraps[SyncResponse], Mapping[str, Any]]]
OnSharedChannelsSyncMsgHandler = Callable[[Any, SyncMsgJson, RemoteCluster], Soon[OnSharedChannelsSyncMsgResult]]
_OnSharedChannelsSyncMsg = TypeVar("_OnSharedChannelsSyncMsg", bound=OnSharedChannelsSyncMsgHandler)

OnSharedChannelsPingResult = Optional[bool]
OnSharedChannelsPingHandler = Callable[[Any, RemoteCluster], Soon[OnSharedChannelsPingResult]]
_OnSharedChannelsPing = TypeVar("_OnSharedChannelsPing", bound=OnSharedChannelsPingHandler)

OnSharedChannelsAttachmentSyncMsgResult = Optional[Failure]
OnSharedChannelsAttachmentSyncMsgHandler = Callable[[Any, FileInfo, Post, RemoteCluster], Soon[OnSharedChannelsAttachmentSyncMsgResult]]
_OnSharedChannelsAttachmentSyncMsg = TypeVar("_OnSharedChannelsAttachmentSyncMsg", bound=OnSharedChannelsAttachmentSyncMsgHandler)

OnSharedChannelsProfileImageSyncMsgResult = Optional[Failure]
OnSharedChannelsProfileImageSyncMsgHandler = Callable[[Any, User, RemoteCluster], Soon[OnSharedChannelsProfileImageSyncMsgResult]]
_OnSharedChannelsProfileImageSyncMsg = TypeVar("_OnSharedChannelsProfileImageSyncMsg", bound=OnSharedChannelsProfileImageSyncMsgHandler)

GenerateSupportDataResult = Answered[Sequence[Given[FileData]]]
GenerateSupportDataHandler = Callable[[Any, PluginContext], Soon[GenerateSupportDataResult]]
_GenerateSupportData = TypeVar("_GenerateSupportData", bound=GenerateSupportDataHandler)

ServeHTTPResult = object  # ignored
ServeHTTPHandler = Callable[[Any, PluginContext, HTTPResponseWriter, HTTPRequest], object]
_ServeHTTP = TypeVar("_ServeHTTP", bound=ServeHTTPHandler)


class HookDecorator(Protocol):
    """`@hook`, which knows every hook."""

    @overload
    def __call__(
        self, name_or_func: Literal["OnActivate", HookName.OnActivate], *, timeout: Optional[float] = ...
    ) -> Callable[[_OnActivate], _OnActivate]: ...

    @overload
    def __call__(
        self, name_or_func: Literal["OnDeactivate", HookName.OnDeactivate], *, timeout: Optional[float] = ...
    ) -> Callable[[_OnDeactivate], _OnDeactivate]: ...

    @overload
    def __call__(
        self, name_or_func: Literal["OnConfigurationChange", HookName.OnConfigurationChange], *, timeout: Optional[float] = ...
    ) -> Callable[[_OnConfigurationChange], _OnConfigurationChange]: ...

    @overload
    def __call__(
        self, name_or_func: Literal["OnInstall", HookName.OnInstall], *, timeout: Optional[float] = ...
    ) -> Callable[[_OnInstall], _OnInstall]: ...

    @overload
    def __call__(
        self, name_or_func: Literal["OnSendDailyTelemetry", HookName.OnSendDailyTelemetry], *, timeout: Optional[float] = ...
    ) -> Callable[[_OnSendDailyTelemetry], _OnSendDailyTelemetry]: ...

    @overload
    def __call__(
        self, name_or_func: Literal["RunDataRetention", HookName.RunDataRetention], *, timeout: Optional[float] = ...
    ) -> Callable[[_RunDataRetention], _RunDataRetention]: ...

    @overload
    def __call__(
        self, name_or_func: Literal["OnCloudLimitsUpdated", HookName.OnCloudLimitsUpdated], *, timeout: Optional[float] = ...
    ) -> Callable[[_OnCloudLimitsUpdated], _OnCloudLimitsUpdated]: ...

    @overload
    def __call__(
        self, name_or_func: Literal["ConfigurationWillBeSaved", HookName.ConfigurationWillBeSaved], *, timeout: Optional[float] = ...
    ) -> Callable[[_ConfigurationWillBeSaved], _ConfigurationWillBeSaved]: ...

    @overload
    def __call__(
        self, name_or_func: Literal["MessageWillBePosted", HookName.MessageWillBePosted], *, timeout: Optional[float] = ...
    ) -> Callable[[_MessageWillBePosted], _MessageWillBePosted]: ...

    @overload
    def __call__(
        self, name_or_func: Literal["MessageWillBeUpdated", HookName.MessageWillBeUpdated], *, timeout: Optional[float] = ...
    ) -> Callable[[_MessageWillBeUpdated], _MessageWillBeUpdated]: ...

    @overload
    def __call__(
        self, name_or_func: Literal["MessageHasBeenPosted", HookName.MessageHasBeenPosted], *, timeout: Optional[float] = ...
    ) -> Callable[[_MessageHasBeenPosted], _MessageHasBeenPosted]: ...

    @overload
    def __call__(
        self, name_or_func: Literal["MessageHasBeenUpdated", HookName.MessageHasBeenUpdated], *, timeout: Optional[float] = ...
    ) -> Callable[[_MessageHasBeenUpdated], _MessageHasBeenUpdated]: ...

    @overload
    def __call__(
        self, name_or_func: Literal["MessagesWillBeConsumed", HookName.MessagesWillBeConsumed], *, timeout: Optional[float] = ...
    ) -> Callable[[_MessagesWillBeConsumed], _MessagesWillBeConsumed]: ...

    @overload
    def __call__(
        self, name_or_func: Literal["MessageHasBeenDeleted", HookName.MessageHasBeenDeleted], *, timeout: Optional[float] = ...
    ) -> Callable[[_MessageHasBeenDeleted], _MessageHasBeenDeleted]: ...

    @overload
    def __call__(
        self, name_or_func: Literal["FileWillBeUploaded", HookName.FileWillBeUploaded], *, timeout: Optional[float] = ...
    ) -> Callable[[_FileWillBeUploaded], _FileWillBeUploaded]: ...

    @overload
    def __call__(
        self, name_or_func: Literal["ReactionHasBeenAdded", HookName.ReactionHasBeenAdded], *, timeout: Optional[float] = ...
    ) -> Callable[[_ReactionHasBeenAdded], _ReactionHasBeenAdded]: ...

    @overload
    def __call__(
        self, name_or_func: Literal["ReactionHasBeenRemoved", HookName.ReactionHasBeenRemoved], *, timeout: Optional[float] = ...
    ) -> Callable[[_ReactionHasBeenRemoved], _ReactionHasBeenRemoved]: ...

    @overload
    def __call__(
        self, name_or_func: Literal["NotificationWillBePushed", HookName.NotificationWillBePushed], *, timeout: Optional[float] = ...
    ) -> Callable[[_NotificationWillBePushed], _NotificationWillBePushed]: ...

    @overload
    def __call__(
        self, name_or_func: Literal["EmailNotificationWillBeSent", HookName.EmailNotificationWillBeSent], *, timeout: Optional[float] = ...
    ) -> Callable[[_EmailNotificationWillBeSent], _EmailNotificationWillBeSent]: ...

    @overload
    def __call__(
        self, name_or_func: Literal["PreferencesHaveChanged", HookName.PreferencesHaveChanged], *, timeout: Optional[float] = ...
    ) -> Callable[[_PreferencesHaveChanged], _PreferencesHaveChanged]: ...

    @overload
    def __call__(
        self, name_or_func: Literal["UserHasBeenCreated", HookName.UserHasBeenCreated], *, timeout: Optional[float] = ...
    ) -> Callable[[_UserHasBeenCreated], _UserHasBeenCreated]: ...

    @overload
    def __call__(
        self, name_or_func: Literal["UserWillLogIn", HookName.UserWillLogIn], *, timeout: Optional[float] = ...
    ) -> Callable[[_UserWillLogIn], _UserWillLogIn]: ...

    @overload
    def __call__(
        self, name_or_func: Literal["UserHasLoggedIn", HookName.UserHasLoggedIn], *, timeout: Optional[float] = ...
    ) -> Callable[[_UserHasLoggedIn], _UserHasLoggedIn]: ...

    @overload
    def __call__(
        self, name_or_func: Literal["UserHasBeenDeactivated", HookName.UserHasBeenDeactivated], *, timeout: Optional[float] = ...
    ) -> Callable[[_UserHasBeenDeactivated], _UserHasBeenDeactivated]: ...

    @overload
    def __call__(
        self, name_or_func: Literal["OnSAMLLogin", HookName.OnSAMLLogin], *, timeout: Optional[float] = ...
    ) -> Callable[[_OnSAMLLogin], _OnSAMLLogin]: ...

    @overload
    def __call__(
        self, name_or_func: Literal["ChannelHasBeenCreated", HookName.ChannelHasBeenCreated], *, timeout: Optional[float] = ...
    ) -> Callable[[_ChannelHasBeenCreated], _ChannelHasBeenCreated]: ...

    @overload
    def __call__(
        self, name_or_func: Literal["UserHasJoinedChannel", HookName.UserHasJoinedChannel], *, timeout: Optional[float] = ...
    ) -> Callable[[_UserHasJoinedChannel], _UserHasJoinedChannel]: ...

    @overload
    def __call__(
        self, name_or_func: Literal["UserHasLeftChannel", HookName.UserHasLeftChannel], *, timeout: Optional[float] = ...
    ) -> Callable[[_UserHasLeftChannel], _UserHasLeftChannel]: ...

    @overload
    def __call__(
        self, name_or_func: Literal["UserHasJoinedTeam", HookName.UserHasJoinedTeam], *, timeout: Optional[float] = ...
    ) -> Callable[[_UserHasJoinedTeam], _UserHasJoinedTeam]: ...

    @overload
    def __call__(
        self, name_or_func: Literal["UserHasLeftTeam", HookName.UserHasLeftTeam], *, timeout: Optional[float] = ...
    ) -> Callable[[_UserHasLeftTeam], _UserHasLeftTeam]: ...

    @overload
    def __call__(
        self, name_or_func: Literal["ExecuteCommand", HookName.ExecuteCommand], *, timeout: Optional[float] = ...
    ) -> Callable[[_ExecuteCommand], _ExecuteCommand]: ...

    @overload
    def __call__(
        self, name_or_func: Literal["OnWebSocketConnect", HookName.OnWebSocketConnect], *, timeout: Optional[float] = ...
    ) -> Callable[[_OnWebSocketConnect], _OnWebSocketConnect]: ...

    @overload
    def __call__(
        self, name_or_func: Literal["OnWebSocketDisconnect", HookName.OnWebSocketDisconnect], *, timeout: Optional[float] = ...
    ) -> Callable[[_OnWebSocketDisconnect], _OnWebSocketDisconnect]: ...

    @overload
    def __call__(
        self, name_or_func: Literal["WebSocketMessageHasBeenPosted", HookName.WebSocketMessageHasBeenPosted], *, timeout: Optional[float] = ...
    ) -> Callable[[_WebSocketMessageHasBeenPosted], _WebSocketMessageHasBeenPosted]: ...

    @overload
    def __call__(
        self, name_or_func: Literal["OnPluginClusterEvent", HookName.OnPluginClusterEvent], *, timeout: Optional[float] = ...
    ) -> Callable[[_OnPluginClusterEvent], _OnPluginClusterEvent]: ...

    @overload
    def __call__(
        self, name_or_func: Literal["OnSharedChannelsSyncMsg", HookName.OnSharedChannelsSyncMsg], *, timeout: Optional[float] = ...
    ) -> Callable[[_OnSharedChannelsSyncMsg], _OnSharedChannelsSyncMsg]: ...

    @overload
    def __call__(
        self, name_or_func: Literal["OnSharedChannelsPing", HookName.OnSharedChannelsPing], *, timeout: Optional[float] = ...
    ) -> Callable[[_OnSharedChannelsPing], _OnSharedChannelsPing]: ...

    @overload
    def __call__(
        self, name_or_func: Literal["OnSharedChannelsAttachmentSyncMsg", HookName.OnSharedChannelsAttachmentSyncMsg], *, timeout: Optional[float] = ...
    ) -> Callable[[_OnSharedChannelsAttachmentSyncMsg], _OnSharedChannelsAttachmentSyncMsg]: ...

    @overload
    def __call__(
        self, name_or_func: Literal["OnSharedChannelsProfileImageSyncMsg", HookName.OnSharedChannelsProfileImageSyncMsg], *, timeout: Optional[float] = ...
    ) -> Callable[[_OnSharedChannelsProfileImageSyncMsg], _OnSharedChannelsProfileImageSyncMsg]: ...

    @overload
    def __call__(
        self, name_or_func: Literal["GenerateSupportData", HookName.GenerateSupportData], *, timeout: Optional[float] = ...
    ) -> Callable[[_GenerateSupportData], _GenerateSupportData]: ...

    @overload
    def __call__(
        self, name_or_func: Literal["ServeHTTP", HookName.ServeHTTP], *, timeout: Optional[float] = ..., stream: bool = ...
    ) -> Callable[[_ServeHTTP], _ServeHTTP]: ...

    @overload
    def __call__(self, name_or_func: F) -> F: ...

    @overload
    def __call__(
        self, name_or_func: Optional[HookName] = ..., *, timeout: Optional[float] = ...
    ) -> Callable[[F], F]: ...

    @overload
    def __call__(
        self, name_or_func: None = ..., *, timeout: Optional[float] = ..., stream: bool
    ) -> Callable[[F], F]: ...
