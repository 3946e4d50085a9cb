"""Python values to protobuf fields and back, by the descriptor alone.

Going in, a message field takes a message, a wrapper (anything with `to_proto`), or a dict of its fields; Struct and Value take
plain Python data. Coming out, Struct and Value become plain Python data, numbers without a fraction becoming ints again, as the
wire knows only doubles; other messages stay messages.
"""

from __future__ import annotations

import functools
import math
from typing import Any, Callable, Dict, Mapping, Optional, Tuple, Type, Union

from google.protobuf import struct_pb2
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from mattermost_plugin._contract import enum_members, fields_of, is_map, is_repeated, map_value, message_class

STRUCT = struct_pb2.Struct.DESCRIPTOR.full_name
# Makes of a Python value what protobuf takes for a field.
Writer = Callable[[Any], Any]

VALUE = struct_pb2.Value.DESCRIPTOR.full_name


class AbsentDict(Dict[str, Any]):
    """Stands for a Struct that is not there: an empty dict, which stays absent on the wire unless something is put into it."""


def fill(message: Message, values: Mapping[str, Any]) -> None:
    """Set fields by name, as `message_of` does."""
    message.MergeFrom(message_of(values, type(message)))


def set_field(message: Message, field: FieldDescriptor, value: Any) -> None:
    """Set one field."""
    write = writer(field)
    written = value if write is None else write(value)
    if written is not None:
        message.MergeFrom(type(message)(**{field.name: written}))


def to_message(value: Any, kind: Type[Message], *, from_dict: bool = True) -> Message:
    """The value as a message of that kind; TypeError if it cannot be one."""
    if isinstance(value, kind):
        return value
    if kind is struct_pb2.Value:
        return to_value(value)
    if from_dict and type(value) is dict and kind is not struct_pb2.Struct:  # the common case; what follows takes longer
        return message_of(value, kind)
    if kind is struct_pb2.Struct and isinstance(value, Mapping):
        return to_struct(value)
    wrapped = getattr(value, "to_proto", None)
    if callable(wrapped):
        made = wrapped()
        if isinstance(made, kind):
            return made
    if from_dict and isinstance(value, (Mapping, tuple)):
        return message_of(value if isinstance(value, Mapping) else _by_order(value, kind), kind)
    raise TypeError(f"{type(value).__name__} is not a {kind.DESCRIPTOR.name}")


def message_of(values: Mapping[str, Any], kind: Type[Message]) -> Message:
    """The message with these fields; None leaves a field unset, a name that the message does not have is an error."""
    writers = writers_of(kind.DESCRIPTOR)
    fields: Dict[str, Any] = {}
    try:
        for name, value in values.items():
            if value is not None:
                write = writers[name]
                written = value if write is None else write(value)
                if written is not None:
                    fields[name] = written
        return kind(**fields)
    except (KeyError, TypeError, ValueError) as error:
        raise _blamed(values, kind, error) from None


def _blamed(values: Mapping[str, Any], kind: Type[Message], error: Exception) -> Exception:
    """The error with the name of the field that caused it; protobuf does not tell."""
    name, writers = kind.DESCRIPTOR.name, writers_of(kind.DESCRIPTOR)
    unknown = sorted(field for field in values if field not in writers)
    if unknown:
        return ValueError(f"{name} has no field {', '.join(map(repr, unknown))}; it has {', '.join(writers)}")
    for field, value in values.items():
        try:
            write = writers[field]
            kind(**{field: value if write is None or value is None else write(value)})
        except (TypeError, ValueError) as cause:
            return type(cause)(f"{name}.{field}: {complaint(fields_of(kind)[field], value, cause)}")
    return error


def complaint(field: FieldDescriptor, value: Any, cause: Exception) -> str:
    """What is wrong with a value, in words that tell what would be right, where protobuf's do not."""
    if field.enum_type is None or not isinstance(value, str):
        return str(cause)
    return f"{value!r} is no {field.enum_type.name}, which has {', '.join(enum_members(field.enum_type))}"


@functools.cache
def writers_of(descriptor: Any) -> Dict[str, Optional[Writer]]:
    """What writes each field of a message."""
    return {field.name: writer(field) for field in descriptor.fields}


def writer(field: FieldDescriptor) -> Optional[Writer]:
    """What makes a Python value what protobuf takes; None for values that go as they are."""
    if is_map(field):
        values = map_value(field).message_type
        if values is None:
            return _mapping
        value_kind = message_class(values)
        return lambda value: {key: to_message(one, value_kind) for key, one in _mapping(value).items()}
    if is_repeated(field):
        if field.message_type is None:
            return _sequence
        item = message_class(field.message_type)
        return lambda value: [to_message(one, item) for one in _sequence(value)]
    if field.message_type is None:
        return None
    if field.message_type.full_name == STRUCT:
        return to_present_struct
    kind = message_class(field.message_type)
    return lambda value: to_message(value, kind)


def _mapping(value: Any) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        raise TypeError(f"{type(value).__name__} is not a mapping")
    return value


def _sequence(value: Any) -> Any:
    if isinstance(value, (str, bytes, Mapping)):  # these can be gone through too, but nobody means that
        raise TypeError(f"{type(value).__name__} is not a list")
    return list(value)


def _by_order(values: Tuple[Any, ...], message: Type[Message]) -> Dict[str, Any]:
    """A tuple of a message's fields."""
    names = list(fields_of(message))
    if len(values) != len(names):
        raise TypeError(f"a tuple of {len(values)} is not a {message.DESCRIPTOR.name}, which has {', '.join(names)}")
    return dict(zip(names, values))


def to_struct(data: Mapping[Any, Any]) -> struct_pb2.Struct:
    """A dict as a Struct."""
    struct = struct_pb2.Struct()
    _put_all(struct.fields, data)
    return struct


def to_present_struct(data: Any) -> Optional[struct_pb2.Struct]:
    """The same for a field: None for what is to stay absent."""
    if isinstance(data, struct_pb2.Struct):
        return data
    if type(data) is not dict and not isinstance(data, Mapping):
        raise TypeError(f"{type(data).__name__} is not a mapping")
    return None if not data and isinstance(data, AbsentDict) else to_struct(data)


def to_value(data: Any) -> struct_pb2.Value:
    """Any Python value as a Value; what JSON has no word for goes as its text."""
    if isinstance(data, struct_pb2.Value):
        return data
    value = struct_pb2.Value()
    _put(value, data)
    return value


def _put_all(fields: Any, data: Mapping[Any, Any]) -> None:
    for key, item in data.items():
        _put(fields[str(key)], item)


def _put(value: Any, data: Any) -> None:
    if isinstance(data, str):
        value.string_value = data
    elif data is None:
        value.null_value = struct_pb2.NULL_VALUE
    elif isinstance(data, bool):
        value.bool_value = data
    elif isinstance(data, (int, float)):
        value.number_value = data
    elif isinstance(data, Mapping):
        value.struct_value.SetInParent()
        _put_all(value.struct_value.fields, data)
    elif isinstance(data, (list, tuple, set, frozenset)):
        value.list_value.SetInParent()
        for item in data:
            _put(value.list_value.values.add(), item)
    elif isinstance(data, struct_pb2.Value):
        value.CopyFrom(data)
    else:
        value.string_value = str(data)


def from_struct(struct: Any) -> Dict[str, Any]:
    """A Struct as a dict."""
    fields = struct.fields
    return {key: from_value(fields[key]) for key in fields}


def from_value(value: Any) -> Any:
    """A Value as Python data."""
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return value.string_value
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
