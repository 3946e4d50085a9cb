"""`@hook` and the names of the hooks.

A handler is marked in one of four ways: `@hook(HookName.OnActivate)`, `@hook("OnActivate")`, `@hook` and `@hook()`; the last
two take the function's own name, as `OnActivate` or as `on_activate`. Marking does not change the function. Each form takes a
`timeout=` in seconds, and for ServeHTTP `stream=True`.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any, Callable, FrozenSet, NamedTuple, Optional, TypeVar, Union, cast

from mattermost_plugin._contract import snake_case

if TYPE_CHECKING:
    from mattermost_plugin.hook_types import HookDecorator

__all__ = ["VALID_HOOK_NAMES", "HookName", "HookRegistrationError", "get_hook_name", "hook", "is_hook_handler"]

HOOK_MARKER_ATTR = "_mattermost_hook_name"
_MARK_ATTR = "_mattermost_hook_mark"
# The hook whose requests come piece by piece.
_STREAMING_HOOK = "ServeHTTP"

F = TypeVar("F", bound=Callable[..., Any])


class HookRegistrationError(Exception):
    """A handler cannot be registered: wrong name, wrong signature, or a second handler for the same hook."""


class HookMark(NamedTuple):
    """What `@hook` says about a handler."""

    name: str
    seconds: Optional[float] = None  # its own timeout
    stream: bool = False  # whether it starts before the request's body is here


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


def _hook(name_or_func: Union[HookName, str, F, None] = None, *, timeout: Optional[float] = None, stream: bool = False) -> Any:
    """Mark a method as the handler of a hook.

    `timeout` is the seconds that it has, in place of those of the environment. With `stream=True` a ServeHTTP handler starts as
    soon as the request's headers are here, and reads the body from `request.stream()`.
    """
    seconds = _valid_timeout(timeout)
    if name_or_func is None:
        return lambda function: _mark_by_own_name(function, seconds, stream)
    if isinstance(name_or_func, str):  # a HookName is a str as well
        mark = _valid_mark(_valid_name(str(getattr(name_or_func, "value", name_or_func))), seconds, stream)
        return lambda function: _mark(function, mark)
    if callable(name_or_func):
        return _mark_by_own_name(name_or_func, seconds, stream)
    raise HookRegistrationError(f"@hook takes a hook's name or a function, not {type(name_or_func).__name__}")


_hook.__name__ = _hook.__qualname__ = "hook"
# The types know every hook: which arguments its handler gets, and what it may return.
hook = cast("HookDecorator", _hook)


def get_hook_name(func: Any) -> Optional[str]:
    """The hook that a function is marked for, if any."""
    name = getattr(func, HOOK_MARKER_ATTR, None)
    return name if isinstance(name, str) else None


def is_hook_handler(func: Any) -> bool:
    """Whether a function is marked as a handler."""
    return get_hook_name(func) is not None


def hook_mark(value: Any) -> Optional[HookMark]:
    """How something in a class is marked, if it is."""
    function = value.__func__ if isinstance(value, (classmethod, staticmethod)) else value
    try:
        name = get_hook_name(function)
        mark = getattr(function, _MARK_ATTR, None) if name is not None else None
    except Exception:  # an object that lets nobody look at it, such as a proxy without its target, is no handler
        return None
    if name is None:
        return None
    return mark if isinstance(mark, HookMark) and mark.name == name else HookMark(name)


def _mark_by_own_name(function: F, seconds: Optional[float], stream: bool) -> F:
    own = getattr(function, "__name__", "")
    name = _BY_SPELLING.get(own)
    if name is None:
        raise HookRegistrationError(
            f"{own!r} is not the name of a hook; name it so, or write @hook(HookName...) with the hook's name"
        )
    return _mark(function, _valid_mark(name, seconds, stream))


def _mark(function: F, mark: HookMark) -> F:
    if not callable(function) and not isinstance(function, (classmethod, staticmethod)):
        raise HookRegistrationError(f"@hook({mark.name!r}) marks functions, not {type(function).__name__}")
    target: Any = function.__func__ if isinstance(function, (classmethod, staticmethod)) else function
    setattr(target, HOOK_MARKER_ATTR, mark.name)
    setattr(target, _MARK_ATTR, mark)
    return function


def _valid_mark(name: str, seconds: Optional[float], stream: bool) -> HookMark:
    if stream and name != _STREAMING_HOOK:
        raise HookRegistrationError(f"only {_STREAMING_HOOK} has a stream; {name} cannot be marked stream=True")
    return HookMark(name, seconds, bool(stream))


def _valid_timeout(timeout: Optional[float]) -> Optional[float]:
    if timeout is None:
        return None
    if isinstance(timeout, (int, float)) and not isinstance(timeout, bool) and 0 < timeout < float("inf"):
        return float(timeout)
    raise HookRegistrationError(f"a hook's timeout is a number of seconds above 0, not {timeout!r}")


def _valid_name(name: str) -> str:
    if name in VALID_HOOK_NAMES:
        return name
    hint = _BY_SPELLING.get(name)
    meant = f"; did you mean {hint!r}?" if hint else f". Valid names: {', '.join(sorted(VALID_HOOK_NAMES))}"
    raise HookRegistrationError(f"{name!r} is not the name of a hook{meant}")
