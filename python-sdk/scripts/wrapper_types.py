"""Writes `mattermost_plugin/_internal/wrappers.pyi`: the types of all wrappers, and in `__init__.py` their names.

    .venv/bin/python python-sdk/scripts/wrapper_types.py [--check]

With --check it changes nothing, and ends with 1 when the file is not what it would write.
"""

from __future__ import annotations

import sys
from typing import Dict, List

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from api_types import module_of
from contract_comments import comments_of
from hook_types import SCALARS
from mattermost_plugin._contract import enum_members, is_map, is_repeated, map_value
from mattermost_plugin._convert import STRUCT, VALUE
from mattermost_plugin._internal import wrappers
from mattermost_plugin._wrapping import has_presence, wrapper_name
from writing import SDK, wrapped, written_or_checked

TARGET = SDK / "src/mattermost_plugin/_internal/wrappers.pyi"


def main(arguments: List[str]) -> int:
    """Write, or check."""
    return written_or_checked({TARGET: written()}, arguments)


def written() -> str:
    """The whole file."""
    descriptors = [wrappers.WRAPPED[name] for name in sorted(wrappers.WRAPPED)]
    modules = sorted({module_of(item) for item in descriptors if isinstance(item, Descriptor)})
    comments: Dict[str, str] = {}
    for file in sorted({item.file.name.rpartition("/")[2] for item in descriptors}):
        comments.update(comments_of(file))
    parts = [enum(item) if isinstance(item, EnumDescriptor) else wrapper(item, comments) for item in descriptors]
    names = "".join(f'    "{name}",\n' for name in wrappers.__all__)
    return (
        "# The wrappers of the contract's messages. Written by scripts/types from the contract, not to be edited.\n\n"
        "from dataclasses import dataclass\n"
        "from enum import IntEnum\n"
        "from typing import Any, Dict, List, Optional, Union\n\n"
        "from google.protobuf.descriptor import Descriptor, EnumDescriptor\n\n"
        "from mattermost_plugin._wrapping import Wrapper as Wrapper\n"
        "from mattermost_plugin.grpc import (\n" + "".join(f"    {module},\n" for module in modules) + ")\n\n"
        f"__all__ = [\n{names}]\n\n"
        "ALIASES: Dict[str, str]\n"
        "WRAPPED: Dict[str, Union[Descriptor, EnumDescriptor]]\n\n"
        + "\n".join(parts)
        + "".join(f"\n{alias} = {name}\n" for alias, name in wrappers.ALIASES.items())
    )


def enum(descriptor: EnumDescriptor) -> str:
    """An enum."""
    members = "".join(f"    {name} = {number}\n" for name, number in enum_members(descriptor).items())
    return f"class {descriptor.name}(IntEnum):\n{members}"


def wrapper(descriptor: Descriptor, comments: Dict[str, str]) -> str:
    """A wrapper."""
    name = wrapper_name(descriptor)
    comment = comments.get(descriptor.name) or f"The contract's {descriptor.name}."
    text = "\n".join(wrapped(comment, "    ", 126)).strip()
    lines = [
        "@dataclass(frozen=True)",
        f"class {name}(Wrapper[{module_of(descriptor)}.{descriptor.name}]):",
        f'    """{text}"""' if "\n" not in text else f'    """{text}\n    """',
        "",
    ]
    for field in descriptor.fields:
        said = comments.get(f"{descriptor.name}.{field.name}")
        if said:
            lines += [f"    # {line}" for line in wrapped(said, "", 118)]
        lines.append(f"    {field.name}: {kind(field)} = ...")
    return "\n".join(lines) + "\n"


def kind(field: FieldDescriptor) -> str:
    """The type of a field."""
    if is_map(field):
        return f"Dict[str, {single(map_value(field))}]"
    if is_repeated(field):
        return f"List[{single(field)}]"
    special = {STRUCT: "Dict[str, Any]", VALUE: "Any"}.get(field.message_type.full_name) if field.message_type else None
    if special is not None:
        return special
    return f"Optional[{single(field)}]" if has_presence(field) else single(field)


def single(field: FieldDescriptor) -> str:
    """The type of one value."""
    if field.enum_type is not None:
        return f"Union[{field.enum_type.name}, int]"
    if field.message_type is None:
        return SCALARS[field.type]
    return {STRUCT: "Dict[str, Any]", VALUE: "Any"}.get(field.message_type.full_name) or wrapper_name(field.message_type)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
