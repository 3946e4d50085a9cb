"""Wrappers mirror their messages, and lose nothing on the way there and back."""

from __future__ import annotations

import dataclasses
from typing import Any, Type

import pytest
from google.protobuf.message import Message

from mattermost_plugin._contract import fields_of, is_map, is_repeated, message_class
from mattermost_plugin._convert import STRUCT
from mattermost_plugin._internal import wrappers

ALL = [getattr(wrappers, name) for name in wrappers.__all__]


def filled(kind: Type[Message], depth: int = 2) -> Any:
    """A message with every field set, to values that tell the fields apart."""
    message: Any = kind()
    for field in fields_of(kind).values():
        if is_map(field):
            continue  # no wrapper has one; a message inside of it may, and is carried whole
        if field.message_type is not None and field.message_type.full_name == STRUCT:
            getattr(message, field.name).update({"text": field.name, "number": 7, "list": [True, None, 1.5], "in": {"a": "b"}})
        elif field.message_type is not None and is_repeated(field):
            getattr(message, field.name).extend([filled(message_class(field.message_type), depth - 1)] if depth else [])
        elif field.message_type is not None:
            if depth:
                getattr(message, field.name).CopyFrom(filled(message_class(field.message_type), depth - 1))
        else:
            values = {"str": field.name, "int": field.number + 100, "float": 1.5, "bool": True, "bytes": field.name.encode()}
            kinds = {9: "str", 12: "bytes", 8: "bool", 1: "float"}
            value = values[kinds.get(field.type, "int")]
            if is_repeated(field):
                getattr(message, field.name).append(value)
            else:
                setattr(message, field.name, value)
    return message


@pytest.mark.parametrize("wrapper", ALL)
def test_a_wrapper_has_the_fields_of_its_message_in_order(wrapper: Any) -> None:
    assert [item.name for item in dataclasses.fields(wrapper)] == list(fields_of(wrapper._message))


@pytest.mark.parametrize("wrapper", ALL)
def test_nothing_is_lost_there_and_back(wrapper: Any) -> None:
    message = filled(wrapper._message)
    assert {field.name for field, _ in message.ListFields()} == set(fields_of(wrapper._message))
    assert wrapper.from_proto(message).to_proto() == message
    assert wrapper.from_proto(wrapper._message()).to_proto() == wrapper._message()
    assert wrapper().to_proto() == wrapper._message()
