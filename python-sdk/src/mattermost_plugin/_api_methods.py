"""The API's methods, one per RPC of the contract, all made by the same code.

A method's request and answer come from the descriptor, its parameters from `_api_parameters.py`. It is made when somebody first
looks at it: a plugin uses a few of the many, and none of them may make it start later. Their types stand in the stubs that
scripts/types writes.
"""

from __future__ import annotations

import functools
import inspect
from typing import Any, Callable, Dict, Mapping, Optional, Tuple

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from mattermost_plugin import _contract, _convert
from mattermost_plugin._api_parameters import Parameter, parameters_of, signature_of
from mattermost_plugin._api_request import RequestMaker
from mattermost_plugin._api_table import NONE_WHEN_EMPTY, RESULTS
from mattermost_plugin._wrapping import reader


class BoundMethod:
    """One API method: how Python arguments become its request, and its response becomes a Python value."""

    def __init__(self, rpc_name: str) -> None:
        self.rpc_name = rpc_name
        self.name = _contract.snake_case(rpc_name)

    @functools.cached_property
    def contract(self) -> _contract.ApiMethod:
        """The method's row in the contract."""
        return _contract.api_method(self.rpc_name)

    @functools.cached_property
    def parameters(self) -> Tuple[Parameter, ...]:
        """What a caller may pass."""
        return parameters_of(self.rpc_name, self.contract.request.DESCRIPTOR)

    @functools.cached_property
    def results(self) -> Tuple[FieldDescriptor, ...]:
        """The response's fields, but for the error."""
        return tuple(field for name, field in _contract.fields_of(self.contract.response).items() if name != "error")

    @functools.cached_property
    def signature(self) -> inspect.Signature:
        """The method's signature, `self` included."""
        return signature_of(self.parameters)

    @functools.cached_property
    def value(self) -> Callable[[Any], Any]:
        """What the call returns for a response that carries no error."""
        if not self.results:
            return lambda response: None
        readers = [reader(field) for field in self.results]
        if len(readers) > 1:
            kind = RESULTS[self.rpc_name]
            return lambda response: kind(*(read(response) for read in readers))
        only = readers[0]
        return (lambda response: only(response) or None) if self.rpc_name in NONE_WHEN_EMPTY else only

    def respond(self, value: Any) -> Message:
        """The response from which the client makes that value; TypeError when it cannot be one."""
        response = self.contract.response()
        if not self.results:
            if value is not None:
                raise TypeError(f"{self.name} returns nothing, so it cannot return {value!r}")
            return response
        try:
            for field, part in zip(self.results, self._parts(value)):
                if part is not None:
                    _convert.set_field(response, field, part)
        except (TypeError, ValueError) as error:
            raise TypeError(f"{self.name} cannot return {value!r}: {error}") from None
        return response

    def _parts(self, value: Any) -> Tuple[Any, ...]:
        if len(self.results) == 1:
            return (value,)
        if isinstance(value, bytes):  # an image
            return (bytes(value), getattr(value, "content_type", ""))
        return tuple(value) if value is not None else (None,) * len(self.results)

    @functools.cached_property
    def request(self) -> Callable[[Tuple[Any, ...], Mapping[str, Any]], Message]:
        """Makes the request for one call, from its positional arguments and those by name."""
        return RequestMaker(self.name, self.rpc_name, self.contract.request, self.parameters).request


# Every method by its Python name, in the order of the service.
METHODS: Dict[str, BoundMethod] = {method.name: method for method in map(BoundMethod, _contract.API_NAMES)}


class _Unmade:
    """Stands in a class for a method that nobody has used yet; the first look replaces it by the method itself."""

    def __init__(self, method: BoundMethod, make: Callable[[BoundMethod], Any]) -> None:
        self._method = method
        self._make = make

    def __set_name__(self, owner: type, name: str) -> None:
        self._owner = owner

    def __get__(self, instance: Any, owner: Optional[type] = None) -> Any:
        made = self._make(self._method)
        made.__name__ = self._method.name
        made.__qualname__ = f"{self._owner.__name__}.{self._method.name}"
        made.__module__ = self._owner.__module__
        made.__doc__ = f"The contract's {self._method.rpc_name}."
        made.__signature__ = self._method.signature
        setattr(self._owner, self._method.name, made)
        return made if instance is None else made.__get__(instance, owner)


def _plain(method: BoundMethod) -> Any:
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        return self._invoke(method, method.request(args, kwargs))

    return call


def _awaitable(method: BoundMethod) -> Any:
    async def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        return await self._invoke(method, method.request(args, kwargs))

    return call


def class_of_methods(name: str, make: Callable[[BoundMethod], Any]) -> Any:
    """A class with every method of the API, made by `make` when first used."""
    return type(name, (), {method.name: _Unmade(method, make) for method in METHODS.values()})


# Both call `self._invoke(method, request)`.
ApiMethods: Any = class_of_methods("ApiMethods", _plain)
AsyncApiMethods: Any = class_of_methods("AsyncApiMethods", _awaitable)
