"""Wrappers of what handlers may change and return: posts, files, push notifications.

Handlers are given messages, so only plugins that were written with wrappers load these; making the classes would
make every plugin start later.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Dict, List, Optional, Type

from google.protobuf.message import Message

from mattermost_plugin._internal.wrappers import Wrapper
from mattermost_plugin.grpc import api_remaining_pb2, file_pb2, post_pb2


@dataclass(frozen=True)
class Post(Wrapper[post_pb2.Post]):
    """A post. Handlers get the message itself; this is for those that were written with wrappers."""

    _message: ClassVar[Type[Message]] = post_pb2.Post

    id: str = ""
    create_at: int = 0
    update_at: int = 0
    edit_at: int = 0
    delete_at: int = 0
    is_pinned: bool = False
    user_id: str = ""
    channel_id: str = ""
    root_id: str = ""
    original_id: str = ""
    message: str = ""
    message_source: str = ""
    type: str = ""
    props: Dict[str, Any] = field(default_factory=dict)
    hashtags: str = ""
    file_ids: List[str] = field(default_factory=list)
    pending_post_id: str = ""
    has_reactions: bool = False
    remote_id: Optional[str] = None
    reply_count: int = 0
    last_reply_at: int = 0
    participants: List[Any] = field(default_factory=list)
    is_following: Optional[bool] = None
    metadata: Any = None


@dataclass(frozen=True)
class FileInfo(Wrapper[file_pb2.FileInfo]):
    """What is known of a file, but its content."""

    _message: ClassVar[Type[Message]] = file_pb2.FileInfo

    id: str = ""
    creator_id: str = ""
    post_id: str = ""
    channel_id: str = ""
    create_at: int = 0
    update_at: int = 0
    delete_at: int = 0
    name: str = ""
    extension: str = ""
    size: int = 0
    mime_type: str = ""
    width: int = 0
    height: int = 0
    has_preview_image: bool = False
    mini_preview: Optional[bytes] = None
    remote_id: Optional[str] = None
    archived: bool = False


@dataclass(frozen=True)
class PushNotification(Wrapper[api_remaining_pb2.PushNotification]):
    """A push notification."""

    _message: ClassVar[Type[Message]] = api_remaining_pb2.PushNotification

    ack_id: str = ""
    platform: str = ""
    server_id: str = ""
    device_id: str = ""
    post_id: str = ""
    category: str = ""
    sound: str = ""
    message: str = ""
    badge: str = ""
    cont_ava: str = ""
    team_id: str = ""
    channel_id: str = ""
    root_id: str = ""
    sender_id: str = ""
    sender_name: str = ""
    override_username: str = ""
    override_icon_url: str = ""
    from_webhook: str = ""
    version: str = ""
    is_crt: bool = False
    channel_name: str = ""
    type: str = ""
    sub_type: str = ""
