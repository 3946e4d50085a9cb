"""The parameters of an API method: what its table row says, laid over the fields of its request."""

from __future__ import annotations

import ast
import inspect
from dataclasses import dataclass
from typing import Any, List, Tuple, cast

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from mattermost_plugin._api_table import BY_NAME_ONLY, PAGING, PARAMETERS
from mattermost_plugin._contract import is_repeated

REQUIRED: Any = inspect.Parameter.empty


@dataclass(frozen=True)
class Parameter:
    """One parameter, and the field that it fills."""

    name: str
    path: Tuple[str, ...]  # field in field in request
    field: FieldDescriptor  # the last of them
    default: Any = REQUIRED
    by_name: bool = False
    pairs: bool = False  # takes all other names
    optional: bool = False  # may be None

    @property
    def kind(self) -> Any:
        """How Python knows it."""
        if self.pairs:
            return inspect.Parameter.VAR_KEYWORD
        return inspect.Parameter.KEYWORD_ONLY if self.by_name else inspect.Parameter.POSITIONAL_OR_KEYWORD


def parameters_of(rpc_name: str, request: Any) -> Tuple[Parameter, ...]:
    """The parameters of a method, in order; those that can only be given by name come last."""
    written = PARAMETERS.get(rpc_name)
    items = written.split(", ") if written is not None else [field.name for field in request.fields]
    by_name = rpc_name in BY_NAME_ONLY
    found: List[Parameter] = []
    for item in items:
        if item == "*":
            by_name = True
            continue
        found.append(_parameter(item, request, by_name))
    return tuple(sorted(found, key=lambda parameter: (parameter.pairs, parameter.by_name)))


def _parameter(item: str, request: Descriptor, by_name: bool) -> Parameter:
    declared, equals, default = item.partition("=")
    name, _, path = declared.lstrip("*").rstrip("?").partition(":")
    names = tuple((path or name).split("."))
    field = _field(request, names)
    value: Any = REQUIRED
    if default:
        value = ast.literal_eval(default)
    elif equals or field.name == "requestor_id":
        value = empty_value(field)
    elif field.name in PAGING:
        value = PAGING[field.name]
    return Parameter(
        name=name,
        path=names,
        field=field,
        default=value,
        by_name=by_name or field.name in PAGING,
        pairs=declared.startswith("**"),
        optional=declared.endswith("?") or value is None,
    )


def _field(message: Descriptor, path: Tuple[str, ...]) -> FieldDescriptor:
    field: FieldDescriptor = message.fields_by_name[path[0]]
    return field if len(path) == 1 else _field(cast(Descriptor, field.message_type), path[1:])


def empty_value(field: FieldDescriptor) -> Any:
    """What a field has when nothing was put into it; None for lists, maps and messages."""
    if is_repeated(field) or field.message_type is not None:
        return None
    return field.default_value


def signature_of(parameters: Tuple[Parameter, ...]) -> inspect.Signature:
    """The signature of the method, `self` included."""
    this = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    own = [inspect.Parameter(item.name, item.kind, default=item.default) for item in parameters]
    return inspect.Signature([this, *own])
