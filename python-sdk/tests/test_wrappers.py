"""Wrappers mirror their messages, and lose nothing on the way there and back."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from typing import Any

import pytest
from google.protobuf import struct_pb2
from google.protobuf.descriptor import Descriptor

import mattermost_plugin
from conftest import FakeApi
from filling import Filling, differences
from mattermost_plugin import Channel, ChannelType, PluginAPIClient, Post, PropertyValue, Reaction, User
from mattermost_plugin._contract import API_NAMES, api_method, fields_of
from mattermost_plugin._internal import wrappers
from mattermost_plugin.grpc import api_channel_post_pb2, api_remaining_pb2, channel_pb2, post_pb2, user_pb2

ALL = [name for name, descriptor in wrappers.WRAPPED.items() if isinstance(descriptor, Descriptor)]
SEEDS = range(25)


def reachable(descriptor: Any, found: Any) -> Any:
    """The names of all messages in a message."""
    for field in descriptor.fields:
        inner = field.message_type
        if inner is not None and inner.full_name not in found:
            found.add(inner.full_name)
            reachable(inner, found)
    return found


def test_every_message_of_the_api_has_a_wrapper() -> None:
    found: Any = set()
    for name in API_NAMES:
        reachable(api_method(name).request.DESCRIPTOR, found)
        reachable(api_method(name).response.DESCRIPTOR, found)
    wrapped = {getattr(wrappers, name)._message.DESCRIPTOR.full_name for name in ALL}
    ours = {name for name in found if name.startswith("mattermost.") and not name.endswith("Entry")}
    assert ours <= wrapped
    assert len(ours) > 60


@pytest.mark.parametrize("name", ALL)
def test_a_wrapper_has_the_fields_of_its_message_in_order_and_stands_in_the_package(name: str) -> None:
    wrapper = getattr(mattermost_plugin, name)
    assert [item.name for item in dataclasses.fields(wrapper)] == list(fields_of(wrapper._message))
    assert getattr(wrappers, name) is wrapper
    assert wrapper.__name__ == name


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("whole", [True, False])
def test_nothing_is_lost_there_and_back(name: str, *, whole: bool) -> None:
    wrapper = getattr(wrappers, name)
    for seed in range(1) if whole else SEEDS:
        message = Filling(seed, whole=whole).message(wrapper._message)
        wrapped = wrapper.from_proto(message)
        for field in wrapper._message.DESCRIPTOR.fields:
            assert differences(getattr(wrapped, field.name), message, field, name) == [], f"seed {seed}"
        back = wrapped.to_proto()
        assert back == message, f"seed {seed}"
        assert back.SerializeToString(deterministic=True) == message.SerializeToString(deterministic=True), f"seed {seed}"
        assert wrapper.from_proto(back) == wrapped
        assert dataclasses.replace(wrapped).to_proto() == message
    assert wrapper.from_proto(wrapper._message()).to_proto() == wrapper._message()
    assert wrapper.from_proto(wrapper._message()) == wrapper()
    assert wrapper().to_proto() == wrapper._message()


def test_one_field_is_changed_and_the_others_stay() -> None:
    message = Filling(1, whole=True).message(user_pb2.User)
    changed = dataclasses.replace(User.from_proto(message), nickname="new").to_proto()
    message.nickname = "new"
    assert changed == message


# Fields of a newer contract: a number, eight bytes, a text, a group and four bytes, all of number 1023.
NEWER = b"\xf8\x3f\x96\x01" + b"\xf9\x3f12345678" + b"\xfa\x3f\x05newer" + b"\xfb\x3f\x08\x01\xfc\x3f" + b"\xfd\x3f1234"


@pytest.mark.parametrize("name", ALL)
def test_fields_of_a_newer_contract_survive_a_change_and_trouble_nobody(name: str) -> None:
    wrapper = getattr(wrappers, name)
    known = Filling(3, whole=True).message(wrapper._message)
    message = wrapper._message.FromString(known.SerializeToString() + NEWER)
    wrapped = wrapper.from_proto(message)
    kept = [wrapped, dataclasses.replace(wrapped), copy.copy(wrapped), copy.deepcopy(wrapped)]
    kept.append(pickle.loads(pickle.dumps(wrapped)))  # noqa: S301
    for one in kept:
        assert one.to_proto().SerializeToString(deterministic=True) == message.SerializeToString(deterministic=True)
    plain = wrapper.from_proto(known)
    assert plain.to_proto() == known
    assert wrapped == plain
    assert "newer" not in repr(wrapped)
    assert dataclasses.asdict(wrapped) == dataclasses.asdict(plain)


def test_fields_of_a_newer_contract_survive_in_messages_within_messages(api: FakeApi) -> None:
    """As a plugin reads, changes and writes: a file of the post's metadata is newer, and a participant, but not the post."""
    post = post_pb2.Post(id="p", participants=[user_pb2.User.FromString(NEWER), user_pb2.User(id="u")])
    post.metadata.files.add().MergeFromString(NEWER)
    api.answers["GetPost"] = api_channel_post_pb2.GetPostResponse(post=post)
    api.answers["UpdatePost"] = api_channel_post_pb2.UpdatePostResponse()
    with PluginAPIClient(api.target) as client:
        client.update_post(dataclasses.replace(client.get_post("p"), message="changed"))
    post.message = "changed"
    sent = api_channel_post_pb2.UpdatePostRequest.FromString(api.requests[-1][1])
    assert sent.post.SerializeToString(deterministic=True) == post.SerializeToString(deterministic=True)


def test_absent_and_empty_are_told_apart_where_the_wire_does() -> None:
    absent, empty = Post.from_proto(post_pb2.Post()), Post.from_proto(post_pb2.Post(remote_id="", props={}, metadata={}))
    assert (absent.remote_id, absent.metadata, absent.props) == (None, None, {})
    assert (empty.remote_id, empty.props) == ("", {})
    assert empty.metadata is not None
    assert absent.to_proto() == post_pb2.Post()
    assert empty.to_proto().HasField("props")
    absent.props["key"] = 1
    assert absent.to_proto().props["key"] == 1
    for copied in (copy.deepcopy(Post()), pickle.loads(pickle.dumps(Post()))):  # noqa: S301
        assert not copied.to_proto().HasField("props")
    null = api_remaining_pb2.PropertyValue(value=struct_pb2.Value(null_value=struct_pb2.NULL_VALUE))
    assert PropertyValue.from_proto(null).to_proto().HasField("value")
    assert PropertyValue.from_proto(api_remaining_pb2.PropertyValue()).value is None


def test_numbers_that_a_struct_cannot_keep_as_ints_stay_what_they_are() -> None:
    message = post_pb2.Post()
    message.props.update({"int": 3, "big": 2.0**60, "half": 0.5})
    props = Post.from_proto(message).props
    assert [(name, type(value)) for name, value in sorted(props.items())] == [("big", float), ("half", float), ("int", int)]


def test_enums() -> None:
    known = Channel.from_proto(channel_pb2.Channel(type=channel_pb2.CHANNEL_TYPE_DIRECT))
    assert known.type is ChannelType.DIRECT
    assert Channel.from_proto(channel_pb2.Channel(type=77)).type == 77  # type: ignore[arg-type]
    assert [member.name for member in ChannelType] == ["UNSPECIFIED", "OPEN", "PRIVATE", "DIRECT", "GROUP"]
    assert Channel(type=ChannelType.OPEN).to_proto().type == channel_pb2.CHANNEL_TYPE_OPEN
    assert Channel().type is ChannelType.UNSPECIFIED


def test_a_wrapper_is_a_frozen_dataclass_that_can_be_pickled() -> None:
    reaction = Reaction(user_id="u", emoji_name="smile")
    with pytest.raises(dataclasses.FrozenInstanceError):
        reaction.user_id = "v"  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(reaction)) == reaction  # noqa: S301
    assert repr(reaction).startswith("Reaction(user_id='u', ")


def test_a_wrong_value_is_named() -> None:
    with pytest.raises(TypeError, match=r"User\.create_at"):
        User(create_at="now").to_proto()  # type: ignore[arg-type]
    with pytest.raises(
        ValueError, match=r"Channel\.type: 'O' is no ChannelType, which has UNSPECIFIED, OPEN, PRIVATE, DIRECT, GROUP$"
    ):
        Channel(type="O").to_proto()  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="str is not a list"):
        Post(file_ids="abc").to_proto()  # type: ignore[arg-type]
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        mattermost_plugin.Nothing  # noqa: B018
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        wrappers.Nothing  # type: ignore[attr-defined]  # noqa: B018
