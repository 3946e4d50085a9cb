"""Messages filled from the descriptor, and Python values held against messages field by field, with none of the SDK's code."""

from __future__ import annotations

import random
from typing import Any, List, Optional, Type

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

TEXTS = ("", "a", "ünïcode ✓", "line\nline", "x" * 300)
NUMBERS = {
    FieldDescriptor.TYPE_INT32: (0, 1, -1, 2**31 - 1, -(2**31)),
    FieldDescriptor.TYPE_INT64: (0, 1, -1, 2**63 - 1, -(2**63)),
    FieldDescriptor.TYPE_DOUBLE: (0.0, -0.0, 1.0, -2.5, 2.0**53, 1e300),
    FieldDescriptor.TYPE_ENUM: (0, 1, 2, 99),
}
PLAIN: List[Any] = ["text", 7, -2.5, True, False, None, [1, "a", None], {"in": {"a": []}}, [], {}]


class Filling:
    """Fills messages: with every field set when `whole`, else with whatever chance picks, empty but present values among it."""

    def __init__(self, seed: int, *, whole: bool) -> None:
        self._random = random.Random(seed)  # noqa: S311
        self._whole = whole
        self._count = 0

    def message(self, kind: Type[Message], depth: int = 3) -> Any:
        """A message of that kind."""
        made: Any = kind()
        for field in kind.DESCRIPTOR.fields:
            if self._whole or self._random.random() < 0.7:
                self._set(made, field, depth)
        return made

    def _set(self, made: Any, field: Any, depth: int) -> None:
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            value = field.message_type.fields_by_name["value"]
            for _ in range(self._length()):
                self._count += 1
                if value.message_type is None:
                    getattr(made, field.name)[f"key {self._count}"] = self._scalar(value)
                elif depth:
                    getattr(made, field.name)[f"key {self._count}"].CopyFrom(self._message(value.message_type, depth - 1))
        elif field.is_repeated:
            if field.message_type is None or depth:
                values = [self._single(field, depth) for _ in range(self._length())]
                getattr(made, field.name).extend(values)
        elif field.message_type is None:
            setattr(made, field.name, self._scalar(field))
        elif depth:
            getattr(made, field.name).CopyFrom(self._single(field, depth))
            getattr(made, field.name).SetInParent()

    def _single(self, field: Any, depth: int) -> Any:
        return self._scalar(field) if field.message_type is None else self._message(field.message_type, depth - 1)

    def _message(self, descriptor: Any, depth: int) -> Any:
        kind = GetMessageClass(descriptor)
        made: Any = kind()
        if descriptor.full_name == "google.protobuf.Struct":
            for _ in range(self._length()):
                self._count += 1
                self._value(made.fields[f"name {self._count}"], self._random.choice(PLAIN))
            return made
        if descriptor.full_name == "google.protobuf.Value":
            self._value(made, self._random.choice([item for item in PLAIN if item is not None or not self._whole]))
            return made
        return self.message(kind, depth)

    def _value(self, made: Any, data: Any) -> None:
        if data is None:
            made.null_value = 0
        elif isinstance(data, bool):
            made.bool_value = data
        elif isinstance(data, (int, float)):
            made.number_value = data
        elif isinstance(data, str):
            made.string_value = data
        elif isinstance(data, list):
            made.list_value.SetInParent()
            for item in data:
                self._value(made.list_value.values.add(), item)
        else:
            made.struct_value.SetInParent()
            for key, item in data.items():
                self._value(made.struct_value.fields[key], item)

    def _length(self) -> int:
        return 2 if self._whole else self._random.choice([0, 1, 3])

    def _scalar(self, field: Any) -> Any:
        self._count += 1
        if self._whole:  # no two fields alike, none empty
            if field.type == FieldDescriptor.TYPE_STRING:
                return f"{field.name} {self._count}"
            if field.type == FieldDescriptor.TYPE_BYTES:
                return f"{field.name} {self._count}".encode() + b"\xff\0"
            if field.type == FieldDescriptor.TYPE_BOOL:
                return True
            return 1 if field.type == FieldDescriptor.TYPE_ENUM else self._count + 1000
        if field.type == FieldDescriptor.TYPE_STRING:
            return self._random.choice(TEXTS)
        if field.type == FieldDescriptor.TYPE_BYTES:
            return self._random.choice(TEXTS).encode()
        if field.type == FieldDescriptor.TYPE_BOOL:
            return self._random.random() < 0.5
        return self._random.choice(NUMBERS[field.type])


def differences(value: Any, message: Any, field: Any, where: str = "") -> List[str]:
    """Where a Python value is not what a message's field holds; lists, dicts, wrappers and plain data are gone through."""
    where = f"{where}.{field.name}"
    held = getattr(message, field.name)
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        inner = field.message_type.fields_by_name["value"]
        if sorted(value) != sorted(held):
            return [f"{where}: keys {sorted(value)}, not {sorted(held)}"]
        return [text for key in held for text in _single(value[key], held[key], inner, f"{where}[{key}]")]
    if field.is_repeated:
        if not isinstance(value, list) or len(value) != len(held):
            return [f"{where}: {value!r}, not {len(held)} items"]
        return [text for number, item in enumerate(held) for text in _single(value[number], item, field, f"{where}[{number}]")]
    if field.has_presence and not message.HasField(field.name):
        struct = field.message_type is not None and field.message_type.full_name == "google.protobuf.Struct"
        return [] if value is None or (struct and value == {}) else [f"{where}: {value!r}, but it is absent"]
    return _single(value, held, field, where)


def _single(value: Any, held: Any, field: Any, where: str) -> List[str]:
    if field.message_type is None:
        return [] if value == held and isinstance(value, type(held)) else [f"{where}: {value!r}, not {held!r}"]
    if field.message_type.full_name in ("google.protobuf.Struct", "google.protobuf.Value"):
        return [] if plain(value) == plain(held) else [f"{where}: {value!r}, not {held!r}"]
    fields = field.message_type.fields
    return [text for inner in fields for text in differences(getattr(value, inner.name), held, inner, where)]


def plain(value: Any) -> Any:
    """Struct and Value messages as plain data; other things as they are."""
    name = value.DESCRIPTOR.full_name if isinstance(value, Message) else ""
    if name == "google.protobuf.Struct":
        return {key: plain(item) for key, item in value.fields.items()}
    if name != "google.protobuf.Value":
        return value
    kind: Optional[str] = value.WhichOneof("kind")
    if kind in (None, "null_value"):
        return None
    if kind == "list_value":
        return [plain(item) for item in value.list_value.values]
    return plain(value.struct_value) if kind == "struct_value" else getattr(value, kind or "")
