"""The plugin contract as its descriptor tells it: hooks, their shapes, their arguments, and the API's methods.

Nothing here is written per method. What a descriptor cannot say (what an absent handler means, how results are refused)
stands in `servicers/hooks_servicer.py`; signatures of API methods stand in `_api_methods.py`.
"""

from __future__ import annotations

import enum
import functools
import operator
import re
from dataclasses import dataclass
from typing import Any, Callable, Dict, Mapping, Optional, Tuple, Type, Union, cast

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from mattermost_plugin.grpc import api_pb2, hooks_pb2


class Shape(enum.Enum):
    """What kind of answer a hook gives, read off its response message."""

    NOTIFY = "notify"  # the response has no fields: nothing to answer
    FALLIBLE = "fallible"  # `error`, perhaps beside one result
    FILTER = "filter"  # `rejection_reason`, perhaps beside modified values
    TRANSFORM = "transform"  # the answer replaces what came in
    QUERY = "query"  # one plain value
    STREAM = "stream"  # ServeHTTP


@dataclass(frozen=True)
class HookMethod:
    """One hook as the contract defines it."""

    name: str
    shape: Shape
    request: Type[Message]
    response: Type[Message]
    arguments: Tuple[FieldDescriptor, ...]  # what a handler gets, in order: every request field but `context`
    results: Tuple[FieldDescriptor, ...]  # every response field but `error` and `rejection_reason`
    # The values of `arguments` in one request; an `optional` field that is absent is None.
    handler_arguments: Callable[[Any], Tuple[Any, ...]]

    @property
    def error_id(self) -> str:
        """The id prefix of errors that the SDK makes for this hook."""
        return f"plugin.{snake_case(self.name)}"

    @property
    def can_edit(self) -> bool:
        """Whether a handler is given what its answer may replace, so that it might edit that in place instead."""
        given = {field.message_type.full_name for field in self.arguments if field.message_type is not None}
        return any(field.message_type is not None and field.message_type.full_name in given for field in self.results)


@dataclass(frozen=True)
class ApiMethod:
    """One API method as the contract defines it."""

    name: str
    path: str
    request: Type[Message]
    response: Type[Message]


def snake_case(name: str) -> str:
    """`OnSAMLLogin` becomes `on_saml_login`, `ServeHTTP` becomes `serve_http`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def message_class(descriptor: Optional[Descriptor]) -> Type[Message]:
    """The Python class of a message; the same one that the generated module exports."""
    if descriptor is None:
        raise TypeError("a scalar field has no message class")
    return GetMessageClass(descriptor)


def fields_of(message: Union[Message, Type[Message]]) -> Mapping[str, FieldDescriptor]:
    """A message's fields by name, in order of declaration."""
    return _fields(message.DESCRIPTOR)


@functools.cache
def _fields(message: Any) -> Dict[str, FieldDescriptor]:
    return {field.name: cast(FieldDescriptor, field) for field in message.fields}


def is_repeated(field: FieldDescriptor) -> bool:
    """Whether a field is a list (or a map)."""
    return bool(field.is_repeated)


def is_map(field: FieldDescriptor) -> bool:
    """Whether a field is a map."""
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def map_value(field: FieldDescriptor) -> FieldDescriptor:
    """The values of a map as a field."""
    if field.message_type is None:
        raise TypeError(f"{field.full_name} is no map")
    return field.message_type.fields_by_name["value"]


def enum_members(descriptor: EnumDescriptor) -> Dict[str, int]:
    """The names of an enum's values, without the prefix that protobuf wants, and their numbers."""
    first: str = descriptor.values[0].name
    prefix = first[: first.rindex("_") + 1]
    return {value.name[len(prefix) :]: value.number for value in descriptor.values}


def _hook(method: MethodDescriptor) -> HookMethod:
    response = method.output_type
    arguments = tuple(field for field in method.input_type.fields if field.name != "context")
    return HookMethod(
        name=method.name,
        shape=_shape(method, response),
        request=message_class(method.input_type),
        response=message_class(response),
        arguments=arguments,
        results=tuple(field for field in response.fields if field.name not in ("error", "rejection_reason")),
        handler_arguments=_taker(arguments),
    )


def _shape(method: MethodDescriptor, response: Descriptor) -> Shape:
    if method.client_streaming:
        return Shape.STREAM
    names = response.fields_by_name
    if not names:
        return Shape.NOTIFY
    if "error" in names:
        return Shape.FALLIBLE
    if "rejection_reason" in names:
        return Shape.FILTER
    return Shape.TRANSFORM if is_repeated(response.fields[0]) else Shape.QUERY


def _taker(fields: Tuple[FieldDescriptor, ...]) -> Callable[[Any], Tuple[Any, ...]]:
    """Takes fields from a message; the common case, as every call pays for it, without a look at the descriptor."""
    if len(fields) > 1 and not any(is_repeated(field) or field.containing_oneof is not None for field in fields):
        return operator.attrgetter(*(field.name for field in fields))
    return lambda message: tuple(_taken(message, field) for field in fields)


def _taken(message: Message, field: FieldDescriptor) -> Any:
    if is_repeated(field):
        return list(getattr(message, field.name))
    if field.containing_oneof is not None and not message.HasField(field.name):
        return None
    return getattr(message, field.name)


_HOOKS_SERVICE = hooks_pb2.DESCRIPTOR.services_by_name["PluginHooks"]
_API_SERVICE = api_pb2.DESCRIPTOR.services_by_name["PluginAPI"]

HOOKS_SERVICE_NAME: str = _HOOKS_SERVICE.full_name
API_SERVICE_NAME: str = _API_SERVICE.full_name

# All 42 methods of the hooks service, `Implemented` among them, in service order.
HOOKS: Dict[str, HookMethod] = {method.name: _hook(method) for method in _HOOKS_SERVICE.methods}

# The names of all 236 methods of the API, in service order.
API_NAMES: Tuple[str, ...] = tuple(method.name for method in _API_SERVICE.methods)


def api_method(name: str) -> ApiMethod:
    """The API method of that name; KeyError when the contract has none."""
    method: Optional[MethodDescriptor] = _API_SERVICE.methods_by_name[name]
    if method is None:  # pragma: no cover - upb raises already
        raise KeyError(name)
    return ApiMethod(
        name=name,
        path=f"/{API_SERVICE_NAME}/{name}",
        request=message_class(method.input_type),
        response=message_class(method.output_type),
    )
