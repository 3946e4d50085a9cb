"""Python values to protobuf fields and back, by the descriptor alone.

Going in, a message field takes a message, a wrapper (anything with `to_proto`), or a dict of its fields; Struct and Value take
plain Python data. Coming out, Struct and Value become plain Python data, numbers without a fraction becoming ints again, as the
wire knows only doubles; other messages stay messages.
"""

from __future__ import annotations

from typing import Any, Dict, Iterable, Mapping, Type

from google.protobuf import struct_pb2
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from mattermost_plugin._contract import fields_of, is_map, is_repeated, message_class

STRUCT = struct_pb2.Struct.DESCRIPTOR.full_name
VALUE = struct_pb2.Value.DESCRIPTOR.full_name


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
        kind = field.message_type and message_class(field.message_type)
        getattr(message, field.name).extend([to_message(item, kind) for item in value] if kind else value)
    elif field.message_type is not None:
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
    if from_dict and isinstance(value, Mapping):
        message = kind()
        fill(message, value)
        return message
    raise TypeError(f"{type(value).__name__} is not a {kind.DESCRIPTOR.name}")


def get_field(message: Message, field: FieldDescriptor) -> Any:
    """One field as a Python value."""
    value = getattr(message, field.name)
    if is_map(field):
        return dict(value)
    if is_repeated(field):
        return [plain(item) for item in value]
    if field.containing_oneof is not None and not message.HasField(field.name):
        return None
    return plain(value)


def plain(value: Any) -> Any:
    """Struct and Value as Python data; everything else as it is."""
    if not isinstance(value, Message):
        return value
    if value.DESCRIPTOR.full_name == STRUCT:
        return from_struct(value)
    return from_value(value) if value.DESCRIPTOR.full_name == VALUE else value


def to_struct(data: Mapping[Any, Any]) -> struct_pb2.Struct:
    """A dict as a Struct."""
    struct = struct_pb2.Struct()
    for key, item in data.items():
        struct.fields[str(key)].CopyFrom(to_value(item))
    return struct


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
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "struct_value":
        return from_struct(value.struct_value)
    if kind == "list_value":
        return [from_value(item) for item in value.list_value.values]
    return None if kind in (None, "null_value") else getattr(value, kind)


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
