"""The API's stand-in for unit tests of plugins: `FakeAPI` of `mattermost_plugin.testing`."""

from __future__ import annotations

import difflib
import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, Dict, Generic, Iterable, List, Optional, Tuple, TypeVar
from unittest.mock import ANY

from google.protobuf.message import Message

from mattermost_plugin._api_methods import METHODS, BoundMethod, class_of_methods
from mattermost_plugin.client import AsyncPluginAPIClient, PluginAPIClient, result_of
from mattermost_plugin.exceptions import PluginAPIError

T = TypeVar("T")

# What a test seldom cares about is answered without being prepared.
_NEEDS_NO_PREPARATION = frozenset({"log_debug", "log_info", "log_warn", "log_error"})


class UnexpectedAPICallError(AssertionError):
    """The plugin called an API method for which the test had prepared no answer."""


@dataclass(frozen=True)
class APICall:
    """One call of the API: the client's method, and the request as the server would get it."""

    method: str
    request: Any


class Expected(Generic[T]):
    """A call that a test expects, with these arguments, once; says what it returns."""

    def __init__(self, method: BoundMethod, request: Message, open_fields: Tuple[Tuple[str, ...], ...]) -> None:
        self._method = method
        self._request = request
        self._open = open_fields
        self._answer: Callable[[Any], Message] = lambda _: method.contract.response()
        self._left = 1
        self._wanted = 1

    def returns(self, value: T) -> Expected[T]:
        """Have the call return a value."""
        response = self._method.respond(value)
        self._answer = lambda _: response
        return self

    def raises(self, error: PluginAPIError) -> Expected[T]:
        """Have the call raise an error."""
        self._answer = functools.partial(_raise, error)
        return self

    def times(self, number: int) -> Expected[T]:
        """Expect so many calls of the kind."""
        self._left += number - self._wanted
        self._wanted = number
        return self

    def __repr__(self) -> str:
        text = " ".join(str(self._request).split())
        return f"{self._method.name}({text}{' ...' if self._open else ''})"

    # What follows is the fake's.

    def _takes(self, method: BoundMethod, request: Message) -> bool:
        return method is self._method and self._left > 0 and self._closed(request) == self._request

    def _closed(self, request: Message) -> Message:
        """A copy of a request without the fields that may be anything."""
        copy = type(request)()
        copy.CopyFrom(request)
        for path in self._open:
            part: Any = copy
            for name in path[:-1]:
                part = getattr(part, name)
            part.ClearField(path[-1])
        return copy


def _expecting(method: BoundMethod) -> Any:
    def expect(self: Any, *args: Any, **kwargs: Any) -> Expected[Any]:
        bound = method.signature.bind(None, *args, **kwargs).arguments
        anything = {name for name, value in bound.items() if value is ANY}
        own = tuple(None if value is ANY else value for value in args)
        named = {name: None if value is ANY else value for name, value in kwargs.items()}
        paths = tuple(parameter.path for parameter in method.parameters if parameter.name in anything)
        expected: Expected[Any] = Expected(method, method.request(own, named), paths)
        self._add(expected)
        return expected

    return expect


if TYPE_CHECKING:
    from mattermost_plugin._expected_api_methods import ExpectedApiMethods
else:
    ExpectedApiMethods = class_of_methods("ExpectedApiMethods", _expecting)


class _Expecting(ExpectedApiMethods):
    """Has every method of the API; a call of one expects that call of the plugin."""

    def __init__(self, expected: List[Expected[Any]]) -> None:
        self._add = expected.append


class FakeAPI(PluginAPIClient):
    """Stands in for `self.api`: keeps every call, gives the answers that a test prepared, refuses all else.

    `returns`, `fails` and `answers` prepare a method for any arguments; `expect` prepares one call, types checked:

        api.expect.get_user("a").returns(User(id="a", username="ada"))
    """

    def __init__(self) -> None:
        super().__init__("nowhere: a fake")
        self.connect_on_demand()
        self.calls: List[APICall] = []
        self.refused: List[BaseException] = []  # what the harness fails the test for
        self._answers: Dict[str, Callable[[Any], Message]] = {}
        self._expected: List[Expected[Any]] = []
        self.expect = _Expecting(self._expected)

    def returns(self, method: str, value: Any = None) -> None:
        """Have every call of a method, such as `kv_get`, return a value."""
        response = _method(method).respond(value)
        self._answers[method] = lambda request: response

    def fails(self, method: str, error: PluginAPIError) -> None:
        """Have every call of a method raise an error."""
        self.answers(method, functools.partial(_raise, error))

    def answers(self, method: str, function: Callable[[Any], Any]) -> None:
        """Have a function of the request say what a method returns; it may raise PluginAPIErrors."""
        bound = _method(method)

        def answer(request: Any) -> Message:
            value = function(request)
            return bound.respond(value if bound.results else None)

        self._answers[method] = answer

    def requests(self, method: str) -> List[Any]:
        """The requests of all calls of a method so far."""
        _method(method)
        return [call.request for call in self.calls if call.method == method]

    def verify(self) -> None:
        """Fail the test for expected calls that never came."""
        missing = [f"{expected!r}, {expected._left} times" for expected in self._expected if expected._left > 0]
        if missing:
            raise AssertionError("the plugin did not call " + "; ".join(missing))

    def as_async(self) -> AsyncPluginAPIClient:
        """The same fake behind a client for coroutines; what a plugin finds as `self.async_api`."""
        return _AsyncFakeAPI(self)

    def _invoke(self, method: BoundMethod, request: Message) -> Any:
        self.calls.append(APICall(method.name, request))
        answer = self._prepared(method, request)
        if answer is None and method.name in _NEEDS_NO_PREPARATION:
            return None
        if answer is None:
            refusal = UnexpectedAPICallError(self._refusal(method, request))
            self.refused.append(refusal)
            raise refusal
        try:
            response = answer(request)
        except PluginAPIError:
            raise
        except BaseException as mistake:  # of the test's own function: it must not be taken for an error of the server
            self.refused.append(mistake)
            raise
        return result_of(method, response)

    def _prepared(self, method: BoundMethod, request: Message) -> Optional[Callable[[Any], Message]]:
        for expected in self._expected:
            if expected._takes(method, request):
                expected._left -= 1
                return expected._answer
        return self._answers.get(method.name)

    def _refusal(self, method: BoundMethod, request: Message) -> str:
        name = method.name
        text = (
            f"the plugin called {name}, but no answer was prepared. Say in the test what it returns: "
            f"api.returns({name!r}, ...)\nThe request was:\n{request}"
        )
        others = [repr(expected) for expected in self._expected if expected._method is method]
        return text + (f"\nExpected was: {'; '.join(others)}" if others else "")


class _AsyncFakeAPI(AsyncPluginAPIClient):
    def __init__(self, fake: FakeAPI) -> None:
        super().__init__(fake.target)
        self.connect_on_demand()
        self._fake = fake

    async def _invoke(self, method: BoundMethod, request: Message) -> Any:
        return self._fake._invoke(method, request)


def hint(name: str, names: Iterable[str]) -> str:
    """Which name was perhaps meant."""
    near = difflib.get_close_matches(name, names, 1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _method(name: str) -> BoundMethod:
    method = METHODS.get(name)
    if method is None:
        raise ValueError(f"the API has no method {name!r}{hint(name, METHODS)}")
    return method


def _raise(error: PluginAPIError, request: Any) -> Any:
    raise error
