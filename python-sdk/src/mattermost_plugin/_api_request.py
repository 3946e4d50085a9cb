"""From the arguments of a call to its request. Every call pays for this, so whatever can be is worked out beforehand."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Set, Tuple, Type

from google.protobuf.message import Message

from mattermost_plugin import _convert
from mattermost_plugin._api_parameters import REQUIRED, Parameter, empty_value, signature_of
from mattermost_plugin._api_table import BY_NAME_ONLY, OTHER_NAMES
from mattermost_plugin._contract import fields_of

Values = Dict[str, Any]
# A parameter's field and how its value gets there; None for values that go as they are.
Slot = Tuple[str, Optional[_convert.Writer]]


class RequestMaker:
    """Makes the requests of one method."""

    def __init__(self, name: str, rpc_name: str, kind: Type[Message], parameters: Tuple[Parameter, ...]) -> None:
        self._name = name
        self._rpc_name = rpc_name
        self._kind = kind
        self._parameters = parameters
        single = [item for item in parameters if not item.pairs]
        self._positional = [item.name for item in single if not item.by_name]
        self._required: Set[str] = {item.name for item in single if item.default is REQUIRED}
        # A default that is the field's own empty value need not be sent.
        self._defaults: Values = {
            item.name: item.default
            for item in single
            if item.default is not REQUIRED and item.default != empty_value(item.field)
        }
        self._slots: Dict[str, Slot] = {item.name: (item.path[-1], _convert.writer(item.field)) for item in single}
        self._outer = {item.name: item.path[0] for item in single if len(item.path) > 1}
        straight = len(single) == len(parameters) and not self._outer and not any(item.by_name for item in single)
        self._straight = list(self._slots.values()) if straight else None
        self._pairs = next((item for item in parameters if item.pairs), None)

    def request(self, args: Tuple[Any, ...], kwargs: Mapping[str, Any]) -> Message:
        """The request for one call."""
        if self._straight is not None and not kwargs and len(args) == len(self._straight):
            return self._made(self._straight, args)
        values = self._taken(args, kwargs)
        whole: Values = {}
        if values is None:
            values, whole = self._bound(args, kwargs)
        fields: Values = {outer: {} for outer in self._outer.values() if outer not in whole} if self._outer else {}
        pairs: Values = {}
        for name, value in values.items():
            slot = self._slots.get(name)
            if slot is None:
                pairs[name] = value
            elif value is not None:
                field, write = slot
                outer = self._outer.get(name)
                into = fields if outer is None else fields[outer]
                into[field] = value if write is None else self._written(name, write, value)
        for name, value in whole.items():
            write = _convert.writer(fields_of(self._kind)[name])
            if value is not None:
                fields[name] = value if write is None else self._written(name, write, value)
        if pairs and self._pairs is not None:
            items = [{"key": key, "value": _convert.to_value(value)} for key, value in pairs.items()]
            fields[self._pairs.path[0]] = items
        try:
            return self._kind(**fields)
        except (TypeError, ValueError) as error:
            raise self._blamed(fields, error) from None

    def _made(self, slots: List[Slot], args: Tuple[Any, ...]) -> Message:
        """The common case: every field has its argument, in order."""
        fields: Values = {}
        for (name, write), value in zip(slots, args):
            if value is not None:
                fields[name] = value if write is None else self._written(name, write, value)
        try:
            return self._kind(**fields)
        except (TypeError, ValueError) as error:
            raise self._blamed(fields, error) from None

    def _taken(self, args: Tuple[Any, ...], kwargs: Mapping[str, Any]) -> Optional[Values]:
        """The values of parameters when the call is plainly right, else None."""
        if len(args) > len(self._positional):
            return None
        given = dict(zip(self._positional, args))
        if kwargs:
            if not given.keys().isdisjoint(kwargs) or (self._pairs is None and not kwargs.keys() <= self._slots.keys()):
                return None
            given.update(kwargs)
        if not self._required <= given.keys():
            return None
        return {**self._defaults, **given} if self._defaults else given

    def _bound(self, args: Tuple[Any, ...], kwargs: Mapping[str, Any]) -> Tuple[Values, Values]:
        """The same for calls that are wrong, or that go by other names: those of other SDKs, or of the request's fields.

        A field of the request that several parameters fill may be given as a whole.
        """
        renamed: Values = {}
        whole: Values = {}
        for name, value in kwargs.items():
            other = OTHER_NAMES.get(self._rpc_name, {}).get(name, name)
            if other not in self._slots:
                filling = [item.name for item in self._parameters if item.path == (other,)]
                if not filling and other in self._outer.values():
                    whole[other] = value
                    continue
                other = filling[0] if filling else other
            if other in renamed:
                raise TypeError(f"{self._name}() got {other!r} twice, once as {name!r}")
            renamed[other] = value
        parameters = tuple(item for item in self._parameters if item.path[0] not in whole)
        try:
            bound = signature_of(parameters).bind(None, *args, **renamed)
        except TypeError as error:
            raise TypeError(self._explained(args, kwargs, renamed, error)) from None
        values: Values = dict(list(bound.arguments.items())[1:])
        left_out = {item.name: self._defaults[item.name] for item in parameters if item.name in self._defaults}
        return {**left_out, **values}, whole

    def _explained(self, args: Tuple[Any, ...], kwargs: Mapping[str, Any], renamed: Values, error: TypeError) -> str:
        names = ", ".join(item.name for item in self._parameters)
        if self._rpc_name not in BY_NAME_ONLY:
            strange = [repr(name) for name in renamed if name not in self._slots]
            if not strange or self._pairs is not None:
                return f"{self._name}() {error}"
            return f"{self._name}() has no parameter {', '.join(strange)}; it has {names or 'none'}"
        if not self._parameters:
            return f"{self._name}() takes no arguments: what it finds is its result"
        text = f"{self._name}() takes the fields of {self._rpc_name}Request by name: {names}"
        missing: List[str] = [item.name for item in self._parameters if item.name in self._required - kwargs.keys()]
        unknown = [name for name in kwargs if name not in self._slots]
        for what, which in (("missing", missing), ("unknown", unknown), ("without a name", list(map(repr, args)))):
            text += f"; {what}: {', '.join(which)}" if which else ""
        return text

    def _written(self, name: str, write: _convert.Writer, value: Any) -> Any:
        try:
            return write(value)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{self._name}(): {name}: {error}") from None

    def _blamed(self, fields: Values, error: Exception) -> Exception:
        """The error with the name of the field that caused it, as protobuf names none."""
        for name, value in fields.items():
            try:
                self._kind(**{name: value})
            except (TypeError, ValueError) as cause:
                return type(cause)(f"{self._name}(): {name}: {_convert.complaint(fields_of(self._kind)[name], value, cause)}")
        return error
