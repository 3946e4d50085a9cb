"""Frozen dataclasses for messages that plugin authors make or read; each mirrors its message field by field.

`from_proto` and `to_proto` are the same code for all of them: a class names its message, its fields carry the message's names.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Dict, Generic, List, Type, TypeVar, cast

from google.protobuf.message import Message

from mattermost_plugin import _convert
from mattermost_plugin._contract import fields_of
from mattermost_plugin.grpc import api_kv_config_pb2, api_remaining_pb2

__all__ = ["Command", "CommandArgs", "CommandResponse", "FileInfo", "PluginKVSetOptions", "Post", "PushNotification"]

M = TypeVar("M", bound=Message)
W = TypeVar("W", bound="Wrapper[Any]")


class Wrapper(Generic[M]):
    """What all wrappers can do."""

    _message: ClassVar[Type[Message]]

    @classmethod
    def from_proto(cls: Type[W], proto: Any) -> W:
        """The wrapper for a message."""
        values = {name: _convert.get_field(proto, descriptor) for name, descriptor in fields_of(cls._message).items()}
        for name, value in values.items():
            if isinstance(value, list):  # a message may hold others of its own kind: attachments
                values[name] = [cls.from_proto(item) if isinstance(item, cls._message) else item for item in value]
        return cls(**values)

    def to_proto(self) -> M:
        """The message for this wrapper."""
        message = self._message()
        fields = dataclasses.fields(self)  # type: ignore[arg-type]
        values = {item.name: getattr(self, item.name) for item in fields}
        _convert.fill(message, {name: value for name, value in values.items() if value not in (None, {}, [])})
        return cast(M, message)


@dataclass(frozen=True)
class PluginKVSetOptions(Wrapper[api_kv_config_pb2.PluginKVSetOptions]):
    """How `kv_set_with_options` stores."""

    _message: ClassVar[Type[Message]] = api_kv_config_pb2.PluginKVSetOptions

    atomic: bool = False  # store only if the current value is `old_value`
    old_value: bytes = b""
    expire_in_seconds: int = 0  # 0 = never


@dataclass(frozen=True)
class Command(Wrapper[api_remaining_pb2.Command]):
    """A slash command."""

    _message: ClassVar[Type[Message]] = api_remaining_pb2.Command

    id: str = ""
    token: str = ""
    create_at: int = 0
    update_at: int = 0
    delete_at: int = 0
    creator_id: str = ""
    team_id: str = ""
    trigger: str = ""
    method: str = ""
    username: str = ""
    icon_url: str = ""
    auto_complete: bool = False
    auto_complete_desc: str = ""
    auto_complete_hint: str = ""
    display_name: str = ""
    description: str = ""
    url: str = ""
    plugin_id: str = ""


@dataclass(frozen=True)
class CommandArgs(Wrapper[api_remaining_pb2.CommandArgs]):
    """With what a slash command was run."""

    _message: ClassVar[Type[Message]] = api_remaining_pb2.CommandArgs

    user_id: str = ""
    channel_id: str = ""
    team_id: str = ""
    root_id: str = ""
    parent_id: str = ""
    trigger_id: str = ""
    command: str = ""
    site_url: str = ""
    t: str = ""
    user_mention: str = ""
    channel_mention: str = ""


@dataclass(frozen=True)
class CommandResponse(Wrapper[api_remaining_pb2.CommandResponse]):
    """What a slash command answers."""

    _message: ClassVar[Type[Message]] = api_remaining_pb2.CommandResponse

    response_type: str = ""  # "ephemeral" or "in_channel"
    text: str = ""
    username: str = ""
    channel_id: str = ""
    icon_url: str = ""
    type: str = ""
    props: Dict[str, Any] = field(default_factory=dict)
    goto_location: str = ""
    trigger_id: str = ""
    skip_slack_parsing: bool = False
    attachments: List[CommandResponse] = field(default_factory=list)


if TYPE_CHECKING:
    from mattermost_plugin._internal.content_wrappers import FileInfo, Post, PushNotification


def __getattr__(name: str) -> Any:
    """The wrappers of `content_wrappers.py`, when somebody wants them."""
    if name in ("FileInfo", "Post", "PushNotification"):
        from mattermost_plugin._internal import content_wrappers

        return getattr(content_wrappers, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
