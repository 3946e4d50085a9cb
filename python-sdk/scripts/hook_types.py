"""Writes `mattermost_plugin/hook_types.py`, the types of every hook's handler, from the contract's descriptor.

    .venv/bin/python python-sdk/scripts/hook_types.py [--check]

With --check it changes nothing, and ends with 1 when the file is not what it would write.
"""

from __future__ import annotations

import sys
from typing import Any, Dict, List, Set

from google.protobuf.descriptor import FieldDescriptor

from mattermost_plugin._contract import HOOKS, HookMethod, Shape, is_map, is_repeated
from mattermost_plugin.hooks import HookName
from mattermost_plugin.servicers._answers import VALUE_IGNORED
from writing import SDK, written_or_checked

TARGET = SDK / "src/mattermost_plugin/hook_types.py"

HEADER = '''"""The types of every hook's handler: what it gets, what it may return. Written by scripts/types, not to be edited.

`@hook(HookName.X)` holds a handler against `XHandler`; `XResult` is there for authors to write `-> XResult`.
"""

from __future__ import annotations

from typing import (
    Any, Awaitable, Callable, List, Literal, Mapping, Optional, Protocol, Sequence, Tuple, TypeVar, Union, overload
)

'''

COMMON = '''
M = TypeVar("M")
M_co = TypeVar("M_co", covariant=True)
F = TypeVar("F", bound=Callable[..., Any])


class Wraps(Protocol[M_co]):
    """Anything that can be made a message, such as the SDK's own `CommandResponse`."""

    def to_proto(self) -> M_co:
        """The message."""


# A handler is a plain function or a coroutine function.
Soon = Union[M, Awaitable[M]]
# What a handler returns to fail.
Failure = Union[str, BaseException, AppError]
# A message or its wrapper.
Given = Union[M, Wraps[M]]
# A result, or a failure, or a pair of both.
Answered = Union[None, M, BaseException, AppError, Tuple[Optional[M], Optional[Failure]]]
# Nothing to allow, a reason to refuse, the changed message, or a pair of both.
Filtered = Union[None, str, M, Wraps[M], Tuple[Union[None, M, Wraps[M]], Optional[str]]]
'''

# The kinds of scalars that the contract has; another one would be a KeyError here.
SCALARS = {
    FieldDescriptor.TYPE_STRING: "str",
    FieldDescriptor.TYPE_BYTES: "bytes",
    FieldDescriptor.TYPE_BOOL: "bool",
    FieldDescriptor.TYPE_INT32: "int",
    FieldDescriptor.TYPE_INT64: "int",
}


def main(arguments: List[str]) -> int:
    """Write, or check."""
    return written_or_checked({TARGET: written()}, arguments)


def written() -> str:
    """The whole file."""
    used: Dict[str, Set[str]] = {"mattermost_plugin.grpc.common_pb2": {"AppError"}}
    parts = [hook_part(HOOKS[name.value], used) for name in HookName]
    imports = [f"from {module} import {', '.join(sorted(names))}\n" for module, names in used.items()]
    imports += ["from mattermost_plugin.hooks import HookName\n"]
    imports += ["from mattermost_plugin.servicers._http import HTTPRequest, HTTPResponseWriter\n"]
    return HEADER + "".join(sorted(imports)) + COMMON + "".join(parts) + decorator()


def hook_part(hook: HookMethod, used: Dict[str, Set[str]]) -> str:
    """Result, handler and type variable of one hook."""
    if hook.shape is Shape.STREAM:
        arguments = ["PluginContext", "HTTPResponseWriter", "HTTPRequest"]
    else:
        arguments = [argument(field, used) for field in hook.arguments]
    name = hook.name
    result = result_of(hook, used)
    awaited = "object" if result == "object" else f"Soon[{name}Result]"
    lines = [
        f"{name}Result = {result}" if result != "object" else f"{name}Result = object  # ignored",
        f"{name}Handler = Callable[[{', '.join(['Any', *arguments])}], {awaited}]",
        f'_{name} = TypeVar("_{name}", bound={name}Handler)',
    ]
    return "\n" + "\n".join(lines) + "\n"


def result_of(hook: HookMethod, used: Dict[str, Set[str]]) -> str:
    """What a handler may return."""
    if hook.shape in (Shape.NOTIFY, Shape.STREAM) or hook.name in VALUE_IGNORED:
        return "object"
    if hook.shape is Shape.QUERY:
        return "Optional[bool]"
    values = [result_value(field, used, dicts=hook.shape is Shape.FALLIBLE) for field in hook.results]
    if hook.shape is Shape.FALLIBLE:
        return f"Answered[{values[0]}]" if values else "Optional[Failure]"
    if hook.shape is Shape.TRANSFORM:
        return f"Optional[{values[0]}]"
    if not values:
        return "Optional[str]"
    filtered = f"Filtered[{message(hook.results[0], used)}]"
    if len(values) == 1:
        return filtered
    optionals = ", ".join(f"Optional[{value}]" for value in values)
    return f"Union[{filtered}, {', '.join(values[1:])}, Tuple[{optionals}], Tuple[{optionals}, Optional[str]]]"


def result_value(field: Any, used: Dict[str, Set[str]], *, dicts: bool) -> str:
    """One value of an answer."""
    if field.message_type is None:
        return scalar(field)
    name = message(field, used)
    if is_repeated(field):
        return f"Sequence[Given[{name}]]"
    return f"Union[{name}, Wraps[{name}], Mapping[str, Any]]" if dicts else f"Given[{name}]"


def argument(field: Any, used: Dict[str, Set[str]]) -> str:
    """One argument of a handler."""
    kind = scalar(field) if field.message_type is None else message(field, used)
    if is_map(field):
        raise NotImplementedError(f"{field.full_name} is a map: no hook had one so far")
    if is_repeated(field):
        return f"List[{kind}]"
    return f"Optional[{kind}]" if field.containing_oneof is not None else kind


def scalar(field: Any) -> str:
    """The Python type of a scalar field."""
    return SCALARS[field.type]


def message(field: Any, used: Dict[str, Set[str]]) -> str:
    """The name of a message's class; its import is noted."""
    kind = field.message_type
    module = kind.file.name[: -len(".proto")].replace("/", ".") + "_pb2"
    used.setdefault(module, set()).add(kind.name)
    return str(kind.name)


def decorator() -> str:
    """The overloads of `@hook`."""
    lines = ["", "", "class HookDecorator(Protocol):", '    """`@hook`, which knows every hook."""', ""]
    for name in HookName:
        literal = f'Literal["{name.value}", HookName.{name.value}]'
        streams = HOOKS[name.value].shape is Shape.STREAM
        options = "timeout: Optional[float] = ..." + (", stream: bool = ..." if streams else "")
        lines += [
            "    @overload",
            "    def __call__(",
            f"        self, name_or_func: {literal}, *, {options}",
            f"    ) -> Callable[[_{name.value}], _{name.value}]: ...",
            "",
        ]
    lines += [
        "    @overload",
        "    def __call__(self, name_or_func: F) -> F: ...",
        "",
        "    @overload",
        "    def __call__(",
        "        self, name_or_func: Optional[HookName] = ..., *, timeout: Optional[float] = ...",
        "    ) -> Callable[[F], F]: ...",
        "",
        "    @overload",
        "    def __call__(",
        "        self, name_or_func: None = ..., *, timeout: Optional[float] = ..., stream: bool",
        "    ) -> Callable[[F], F]: ...",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
