"""Wrappers: frozen dataclasses that mirror the contract's messages field by field, made from the descriptor when first used.

There and back nothing is lost. What is not there and what is empty are told apart wherever the wire tells them apart: absent
messages and `optional` values are None, an absent Struct is an `AbsentDict`, which is empty.

A host may be newer than this SDK, and its messages have fields that are unknown here. A wrapper keeps them as bytes, and gives
them back: `dataclasses.replace` hands them on like everything else, so that an update does not erase them. They are no field of
the dataclass: nothing compares, shows or lists them.
"""

from __future__ import annotations

import dataclasses
import functools
import operator
from enum import IntEnum
from typing import Any, Callable, ClassVar, Generic, List, Mapping, Optional, Tuple, Type, TypeVar, Union, cast

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet

from mattermost_plugin import _convert
from mattermost_plugin._contract import enum_members, fields_of, is_map, is_repeated, map_value, message_class

M = TypeVar("M", bound=Message)
M_co = TypeVar("M_co", bound=Message, covariant=True)
W = TypeVar("W", bound="Wrapper[Any]")

# Takes a field from a message, as a Python value.
Reader = Callable[[Any], Any]
# The names of fields that go as they are, what takes these from a message, and readers for the others.
Codec = Tuple[List[str], Callable[[Any], Any], List[Tuple[str, Reader]]]

# Where wrappers say that they are from.
MODULE = "mattermost_plugin._internal.wrappers"
# What `dataclasses.replace` passes on beside the fields: the parameter, and the attribute with its value.
UNKNOWN = "_unknown"


class Wrapper(Generic[M_co]):
    """What all wrappers can do."""

    _message: ClassVar[Type[Message]]
    _codec: ClassVar[Codec]
    _unknown = b""  # the fields that the contract of this SDK does not know, as they came

    def __post_init__(self, _unknown: bytes) -> None:
        if _unknown:
            self.__dict__[UNKNOWN] = _unknown

    @classmethod
    def from_proto(cls: Type[W], proto: Any) -> W:
        """The wrapper for a message."""
        plain, take, readers = cls.__dict__.get("_codec") or _codec_of(cls)
        made = cls.__new__(cls)
        values = made.__dict__  # a frozen class would have every field set by a call
        values.update(zip(plain, take(proto)))
        for name, read in readers:
            values[name] = read(proto)
        if len(UnknownFieldSet(proto)):
            values[UNKNOWN] = unknown_of(proto)
        return made

    def to_proto(self) -> M_co:
        """The message for this wrapper."""
        unknown = self._unknown
        if not unknown:
            return cast(M_co, _convert.message_of(self.__dict__, self._message))
        known = {name: value for name, value in self.__dict__.items() if name != UNKNOWN}
        made = _convert.message_of(known, self._message)
        made.MergeFromString(unknown)
        return cast(M_co, made)


def unknown_of(message: Message) -> bytes:
    """The fields of a message that its descriptor does not know, as bytes of the wire; not those of messages in it."""
    rest = type(message)()
    rest.CopyFrom(message)
    for name in fields_of(message):
        rest.ClearField(name)
    return rest.SerializeToString()


# A message, its wrapper, or a dict of its fields: what a method takes where the contract has a message.
Given = Union[M, Wrapper[M], Mapping[str, Any]]


def wrapper_name(descriptor: Descriptor) -> str:
    """What the wrapper of a message is called."""
    return "UserStatus" if descriptor.name == "Status" else str(descriptor.name)


@functools.cache
def wrapper_of(descriptor: Descriptor) -> Type[Wrapper[Any]]:
    """The wrapper of a message."""
    fields: List[Tuple[str, Any, Any]] = [(field.name, Any, _default(field)) for field in descriptor.fields]
    fields.append((UNKNOWN, dataclasses.InitVar[bytes], dataclasses.field(default=b"")))
    name = wrapper_name(descriptor)
    kind = message_class(descriptor)
    namespace = {"_message": kind, "__doc__": f"The contract's {descriptor.name}.", "__module__": MODULE}
    made = dataclasses.make_dataclass(name, fields, bases=(Wrapper,), namespace=namespace, frozen=True)
    made.__module__ = MODULE  # for pickle; make_dataclass of some versions sets its own
    return cast(Type[Wrapper[Any]], made)


@functools.cache
def enum_of(descriptor: EnumDescriptor) -> Type[IntEnum]:
    """An enum of the contract, its members without the prefix that protobuf wants: `ChannelType.OPEN`."""
    return cast(Type[IntEnum], IntEnum(descriptor.name, enum_members(descriptor), module=MODULE))


def has_presence(field: FieldDescriptor) -> bool:
    """Whether the wire tells absent from empty for a single value."""
    return bool(field.has_presence)


def _default(field: FieldDescriptor) -> Any:
    if is_map(field):
        return dataclasses.field(default_factory=dict)
    if is_repeated(field):
        return dataclasses.field(default_factory=list)
    if field.message_type is not None and field.message_type.full_name == _convert.STRUCT:
        return dataclasses.field(default_factory=_convert.AbsentDict)
    if has_presence(field):
        return None
    return _enum_reader(field)(field.default_value) if field.enum_type is not None else field.default_value


def _codec_of(wrapper: Type[Wrapper[Any]]) -> Codec:
    """What `from_proto` works by; kept in the class, as every message needs it."""
    found = _reading(wrapper._message.DESCRIPTOR)
    wrapper._codec = found
    return found


def _reading(descriptor: Any) -> Codec:
    plain = [field.name for field in descriptor.fields if _is_plain(field)]
    readers = [(field.name, reader(field)) for field in descriptor.fields if not _is_plain(field)]
    if len(plain) > 1:
        return plain, operator.attrgetter(*plain), readers
    return plain, lambda message: [getattr(message, name) for name in plain], readers


def _is_plain(field: FieldDescriptor) -> bool:
    return field.message_type is None and field.enum_type is None and not is_repeated(field) and not has_presence(field)


def reader(field: FieldDescriptor) -> Reader:
    """What takes a field from a message."""
    take = operator.attrgetter(field.name)
    if is_map(field):
        read_item = _message_reader(map_value(field).message_type)
        if read_item is None:
            return lambda message: dict(take(message))
        return lambda message: {key: read_item(value) for key, value in take(message).items()}
    read = _enum_reader(field) if field.enum_type is not None else _message_reader(field.message_type)
    if is_repeated(field):
        return (
            (lambda message: list(take(message))) if read is None else (lambda message: [read(item) for item in take(message)])
        )
    if not has_presence(field):
        return take if read is None else lambda message: read(take(message))
    absent = _convert.AbsentDict if read is _convert.from_struct else lambda: None
    name = field.name
    if read is None:
        return lambda message: take(message) if message.HasField(name) else None
    return lambda message: read(take(message)) if message.HasField(name) else absent()


def _message_reader(descriptor: Optional[Descriptor]) -> Optional[Reader]:
    if descriptor is None:
        return None
    if descriptor.full_name == _convert.STRUCT:
        return _convert.from_struct
    if descriptor.full_name == _convert.VALUE:
        return _convert.from_present_value
    made: List[Any] = []  # not before it is needed: a message may hold others of its own kind

    def read(message: Any) -> Any:
        if not made:
            made.append(wrapper_of(descriptor).from_proto)
        return made[0](message)

    return read


def _enum_reader(field: FieldDescriptor) -> Reader:
    members = {member.value: member for member in enum_of(field.enum_type)}
    return lambda number: members.get(number, number)  # one of a newer contract stays a number
