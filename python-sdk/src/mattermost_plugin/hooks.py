"""`@hook` and the names of the hooks.

A handler is marked in one of four ways: `@hook(HookName.OnActivate)`, `@hook("OnActivate")`, `@hook` and `@hook()`; the last
two take the function's own name, as `OnActivate` or as `on_activate`. Marking does not change the function.
"""

from __future__ import annotations

import enum
from typing import Any, Callable, FrozenSet, Optional, TypeVar, Union, overload

from mattermost_plugin._contract import snake_case

__all__ = ["VALID_HOOK_NAMES", "HookName", "HookRegistrationError", "get_hook_name", "hook", "is_hook_handler"]

HOOK_MARKER_ATTR = "_mattermost_hook_name"

F = TypeVar("F", bound=Callable[..., Any])


class HookRegistrationError(Exception):
    """A handler cannot be registered: wrong name, wrong signature, or a second handler for the same hook."""


class HookName(str, enum.Enum):
    """Every hook of the contract. Written out for editors and type checkers; a test compares it with the descriptor."""

    OnActivate = "OnActivate"
    OnDeactivate = "OnDeactivate"
    OnConfigurationChange = "OnConfigurationChange"
    OnInstall = "OnInstall"
    OnSendDailyTelemetry = "OnSendDailyTelemetry"
    RunDataRetention = "RunDataRetention"
    OnCloudLimitsUpdated = "OnCloudLimitsUpdated"
    ConfigurationWillBeSaved = "ConfigurationWillBeSaved"
    MessageWillBePosted = "MessageWillBePosted"
    MessageWillBeUpdated = "MessageWillBeUpdated"
    MessageHasBeenPosted = "MessageHasBeenPosted"
    MessageHasBeenUpdated = "MessageHasBeenUpdated"
    MessagesWillBeConsumed = "MessagesWillBeConsumed"
    MessageHasBeenDeleted = "MessageHasBeenDeleted"
    FileWillBeUploaded = "FileWillBeUploaded"
    ReactionHasBeenAdded = "ReactionHasBeenAdded"
    ReactionHasBeenRemoved = "ReactionHasBeenRemoved"
    NotificationWillBePushed = "NotificationWillBePushed"
    EmailNotificationWillBeSent = "EmailNotificationWillBeSent"
    PreferencesHaveChanged = "PreferencesHaveChanged"
    UserHasBeenCreated = "UserHasBeenCreated"
    UserWillLogIn = "UserWillLogIn"
    UserHasLoggedIn = "UserHasLoggedIn"
    UserHasBeenDeactivated = "UserHasBeenDeactivated"
    OnSAMLLogin = "OnSAMLLogin"
    ChannelHasBeenCreated = "ChannelHasBeenCreated"
    UserHasJoinedChannel = "UserHasJoinedChannel"
    UserHasLeftChannel = "UserHasLeftChannel"
    UserHasJoinedTeam = "UserHasJoinedTeam"
    UserHasLeftTeam = "UserHasLeftTeam"
    ExecuteCommand = "ExecuteCommand"
    OnWebSocketConnect = "OnWebSocketConnect"
    OnWebSocketDisconnect = "OnWebSocketDisconnect"
    WebSocketMessageHasBeenPosted = "WebSocketMessageHasBeenPosted"
    OnPluginClusterEvent = "OnPluginClusterEvent"
    OnSharedChannelsSyncMsg = "OnSharedChannelsSyncMsg"
    OnSharedChannelsPing = "OnSharedChannelsPing"
    OnSharedChannelsAttachmentSyncMsg = "OnSharedChannelsAttachmentSyncMsg"
    OnSharedChannelsProfileImageSyncMsg = "OnSharedChannelsProfileImageSyncMsg"
    GenerateSupportData = "GenerateSupportData"
    ServeHTTP = "ServeHTTP"


VALID_HOOK_NAMES: FrozenSet[str] = frozenset(name.value for name in HookName)

_BY_SPELLING = {spelling: name for name in VALID_HOOK_NAMES for spelling in (name, snake_case(name))}


@overload
def hook(name_or_func: F) -> F: ...


@overload
def hook(name_or_func: Union[HookName, str, None] = None) -> Callable[[F], F]: ...


def hook(name_or_func: Union[HookName, str, F, None] = None) -> Any:
    """Mark a method as the handler of a hook."""
    if name_or_func is None:
        return _mark_by_own_name
    if isinstance(name_or_func, str):  # a HookName is a str as well
        name = _valid_name(str(getattr(name_or_func, "value", name_or_func)))
        return lambda function: _mark(function, name)
    if callable(name_or_func):
        return _mark_by_own_name(name_or_func)
    raise HookRegistrationError(f"@hook takes a hook's name or a function, not {type(name_or_func).__name__}")


def get_hook_name(func: Any) -> Optional[str]:
    """The hook that a function is marked for, if any."""
    name = getattr(func, HOOK_MARKER_ATTR, None)
    return name if isinstance(name, str) else None


def is_hook_handler(func: Any) -> bool:
    """Whether a function is marked as a handler."""
    return get_hook_name(func) is not None


def _mark_by_own_name(function: F) -> F:
    own = getattr(function, "__name__", "")
    name = _BY_SPELLING.get(own)
    if name is None:
        raise HookRegistrationError(
            f"{own!r} is not the name of a hook; name it so, or write @hook(HookName...) with the hook's name"
        )
    return _mark(function, name)


def _mark(function: F, name: str) -> F:
    if not callable(function):
        raise HookRegistrationError(f"@hook({name!r}) marks functions, not {type(function).__name__}")
    setattr(function, HOOK_MARKER_ATTR, name)
    return function


def _valid_name(name: str) -> str:
    if name in VALID_HOOK_NAMES:
        return name
    hint = _BY_SPELLING.get(name)
    meant = f"; did you mean {hint!r}?" if hint else f". Valid names: {', '.join(sorted(VALID_HOOK_NAMES))}"
    raise HookRegistrationError(f"{name!r} is not the name of a hook{meant}")
