"""Python values to protobuf fields and back, by the descriptor alone.

Going in, a message field takes a message, a wrapper (anything with `to_proto`), or a dict of its fields; Struct and Value take
plain Python data. Coming out, Struct and Value become plain Python data, numbers without a fraction becoming ints again, as the
wire knows only doubles; other messages stay messages.
"""

from __future__ import annotations

import math
from typing import Any, Dict, Iterable, Mapping, Optional, Tuple, Type, Union

from google.protobuf import struct_pb2
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from mattermost_plugin._contract import fields_of, is_map, is_repeated, message_class

STRUCT = struct_pb2.Struct.DESCRIPTOR.full_name
VALUE = struct_pb2.Value.DESCRIPTOR.full_name


class AbsentDict(Dict[str, Any]):
    """Stands for a Struct that is not there: an empty dict, which stays absent on the wire unless something is put into it."""


def fill(message: Message, values: Mapping[str, Any]) -> None:
    """Set fields by name; None leaves a field unset, a name that the message does not have is an error."""
    fields = fields_of(message)
    unknown = sorted(name for name in values if name not in fields)
    if unknown:
        raise ValueError(f"{message.DESCRIPTOR.name} has no field {', '.join(map(repr, unknown))}; it has {', '.join(fields)}")
    for name, value in values.items():
        if value is not None:
            set_field(message, fields[name], value)


def set_field(message: Message, field: FieldDescriptor, value: Any) -> None:
    """Set one field."""
    if is_map(field):
        _set_map(message, field, value)
    elif is_repeated(field):
        if isinstance(value, (str, bytes)):
            raise TypeError(f"{type(value).__name__} is not a list")
        kind = field.message_type and message_class(field.message_type)
        getattr(message, field.name).extend([to_message(item, kind) for item in value] if kind else value)
    elif field.message_type is not None:
        if not value and isinstance(value, AbsentDict):
            return
        getattr(message, field.name).CopyFrom(to_message(value, message_class(field.message_type)))
    else:
        setattr(message, field.name, value)


def to_message(value: Any, kind: Type[Message], *, from_dict: bool = True) -> Message:
    """The value as a message of that kind; TypeError if it cannot be one."""
    if isinstance(value, kind):
        return value
    if kind.DESCRIPTOR.full_name == STRUCT and isinstance(value, Mapping):
        return to_struct(value)
    if kind.DESCRIPTOR.full_name == VALUE:
        return to_value(value)
    wrapped = getattr(value, "to_proto", None)
    if callable(wrapped):
        made = wrapped()
        if isinstance(made, kind):
            return made
    if from_dict and isinstance(value, (Mapping, tuple)):
        message = kind()
        fill(message, value if isinstance(value, Mapping) else _by_order(value, message))
        return message
    raise TypeError(f"{type(value).__name__} is not a {kind.DESCRIPTOR.name}")


def _by_order(values: Tuple[Any, ...], message: Message) -> Dict[str, Any]:
    """A tuple of a message's fields."""
    names = list(fields_of(message))
    if len(values) != len(names):
        raise TypeError(f"a tuple of {len(values)} is not a {message.DESCRIPTOR.name}, which has {', '.join(names)}")
    return dict(zip(names, values))


def to_struct(data: Mapping[Any, Any]) -> struct_pb2.Struct:
    """A dict as a Struct."""
    struct = struct_pb2.Struct()
    for key, item in data.items():
        struct.fields[str(key)].CopyFrom(to_value(item))
    return struct


def to_present_struct(data: Any) -> Optional[struct_pb2.Struct]:
    """The same for a field: None for what is to stay absent."""
    if isinstance(data, struct_pb2.Struct):
        return data
    if not isinstance(data, Mapping):
        raise TypeError(f"{type(data).__name__} is not a mapping")
    return None if not data and isinstance(data, AbsentDict) else to_struct(data)


def to_value(data: Any) -> struct_pb2.Value:
    """Any Python value as a Value; what JSON has no word for goes as its text."""
    if data is None:
        return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
    if isinstance(data, bool):
        return struct_pb2.Value(bool_value=data)
    if isinstance(data, (int, float)):
        return struct_pb2.Value(number_value=data)
    if isinstance(data, struct_pb2.Value):
        return data
    if isinstance(data, Mapping):
        return struct_pb2.Value(struct_value=to_struct(data))
    if isinstance(data, (list, tuple, set, frozenset)):
        return struct_pb2.Value(list_value=_to_list(data))
    return struct_pb2.Value(string_value=str(data))


def from_struct(struct: Any) -> Dict[str, Any]:
    """A Struct as a dict."""
    return {key: from_value(value) for key, value in struct.fields.items()}


def from_value(value: Any) -> Any:
    """A Value as Python data."""
    kind = value.WhichOneof("kind")
    if kind == "number_value":
        return _number(value.number_value)
    if kind == "struct_value":
        return from_struct(value.struct_value)
    if kind == "list_value":
        return [from_value(item) for item in value.list_value.values]
    return None if kind in (None, "null_value") else getattr(value, kind)


def _number(number: float) -> Union[int, float]:
    """An int where it is one beyond doubt: doubles of 2 to the 53rd and more stand for many ints, and -0.0 is none."""
    if number.is_integer() and abs(number) < 2**53 and (number or math.copysign(1, number) > 0):
        return int(number)
    return number


def from_present_value(value: Any) -> Any:
    """The same for a field, where None means absent: a null that is there stays a Value."""
    return value if value.WhichOneof("kind") in (None, "null_value") else from_value(value)


def _set_map(message: Message, field: FieldDescriptor, items: Mapping[Any, Any]) -> None:
    target = getattr(message, field.name)
    kind = field.message_type and field.message_type.fields_by_name["value"].message_type
    for key, item in items.items():
        if kind is None:
            target[key] = item
        else:
            target[key].CopyFrom(to_message(item, message_class(kind)))


def _to_list(items: Iterable[Any]) -> struct_pb2.ListValue:
    return struct_pb2.ListValue(values=[to_value(item) for item in items])
