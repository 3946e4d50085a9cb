"""For unit tests of plugins: call hooks and answer API calls, with no server and no process.

    harness = PluginHarness(MyPlugin)
    harness.api.returns("kv_get", b"7")
    answer = harness.call("MessageWillBePosted", post={"message": "hello"})
    assert answer.rejection_reason == ""

A hook takes the way that it takes in production: the request is a message, the handler runs in its thread or on the handlers'
loop, under its timeout, and the answer is the response that the server would get, whether the handler returned or raised. API
calls are checked against the contract as in production; what was not prepared is refused, and fails the test.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Generic, Iterable, Iterator, List, Mapping, Optional, Tuple, Type, TypeVar, Union
from urllib.parse import urlsplit

from mattermost_plugin import _convert
from mattermost_plugin._contract import HOOKS, Shape
from mattermost_plugin._fake_api import APICall, Expected, FakeAPI, UnexpectedAPICallError, hint
from mattermost_plugin._hook_context import HookContext, Outcome
from mattermost_plugin._internal.hook_runner import HookRunner, Runnable
from mattermost_plugin.grpc.hooks_http_pb2 import HTTPHeader, ServeHTTPRequest, ServeHTTPResponse
from mattermost_plugin.plugin import Plugin
from mattermost_plugin.runtime_config import RuntimeConfig
from mattermost_plugin.servicers._answering import answering
from mattermost_plugin.servicers._frames import MAX_CHUNK_SIZE
from mattermost_plugin.servicers._serve_http import BrokenStreamError, serve_http

__all__ = ["APICall", "ClientGoneError", "Expected", "FakeAPI", "HTTPAnswer", "PluginHarness", "UnexpectedAPICallError"]

P = TypeVar("P", bound=Plugin)
HTTPBody = Union[bytes, str, Iterable[bytes]]


@dataclass(frozen=True)
class HTTPAnswer:
    """What a ServeHTTP handler answered."""

    status_code: int
    headers: Dict[str, List[str]] = field(default_factory=dict)
    body: bytes = b""
    # The body as it came, piece by piece: where one ends the handler had flushed, or written 64 KiB.
    chunks: Tuple[bytes, ...] = field(default=(), compare=False)
    complete: bool = True  # False when the handler failed in its midst, or the client left


class ClientGoneError(Exception):
    """Raised by an iterator that is given to `http` as the body: the client leaves there."""


class PluginHarness(Generic[P]):
    """A plugin whose hooks a test calls."""

    def __init__(self, plugin_class: Type[P], *, api: Optional[FakeAPI] = None, config: Optional[RuntimeConfig] = None) -> None:
        self.api = api if api is not None else FakeAPI()
        settings = config if config is not None else RuntimeConfig()
        self.plugin: P = plugin_class(api=self.api, config=settings)
        self.errors: List[BaseException] = []  # what handlers raised, HookTimeoutErrors among it
        self._runner = _Runner(settings.hook_timeout, self.errors)

    def call(self, name: str, **fields: Any) -> Any:
        """The response to a hook. `fields` are those of its request: messages, wrappers, dicts, plain values."""
        return _finished(self.call_async(name, **fields), "call_async")

    async def call_async(self, name: str, **fields: Any) -> Any:
        """The same, for tests that run on an event loop."""
        hook = HOOKS.get(str(getattr(name, "value", name)))
        if hook is None:
            raise ValueError(f"{name!r} is not the name of a hook{hint(str(name), HOOKS)}")
        if hook.shape is Shape.STREAM:
            raise ValueError("ServeHTTP is called by http() or http_async()")
        request = hook.request()
        _convert.fill(request, fields)
        response = await answering(self.plugin, hook, self._runner)(request.SerializeToString())
        self._demand_prepared_calls()
        return hook.response.FromString(response.SerializeToString())

    def http(
        self,
        method: str,
        url: str,
        *,
        headers: Optional[Mapping[str, Union[str, Iterable[str]]]] = None,
        body: HTTPBody = b"",
        disconnect_after: Optional[int] = None,
        **init: Any,
    ) -> HTTPAnswer:
        """The answer to an HTTP request; `init` are more fields of ServeHTTPRequestInit, such as `remote_addr`.

        A body that is an iterable of bytes comes in those pieces, each when it is asked for, from a thread of its own. With
        `disconnect_after` the client leaves when it has so many pieces of the response.
        """
        work = self.http_async(method, url, headers=headers, body=body, disconnect_after=disconnect_after, **init)
        answer: HTTPAnswer = _finished(work, "http_async")
        return answer

    async def http_async(
        self,
        method: str,
        url: str,
        *,
        headers: Optional[Mapping[str, Union[str, Iterable[str]]]] = None,
        body: HTTPBody = b"",
        disconnect_after: Optional[int] = None,
        **init: Any,
    ) -> HTTPAnswer:
        """The same, for tests that run on an event loop."""
        content = body.encode() if isinstance(body, str) else body
        first = ServeHTTPRequest()
        length = len(content) if isinstance(content, bytes) else -1
        defaults = {"proto": "HTTP/1.1", "proto_major": 1, "proto_minor": 1, "host": urlsplit(url).netloc or "localhost"}
        given = {"method": method, "url": url, "request_uri": url, "content_length": length, **init}
        _convert.fill(first.init, {**defaults, **given})
        for key, values in (headers or {}).items():
            first.init.headers.append(HTTPHeader(key=key, values=[values] if isinstance(values, str) else list(values)))
        client = _Client(first, content, disconnect_after)
        work = serve_http(Runnable.of(self.plugin, "ServeHTTP"), self._runner, client.receive, client.send)
        answer = await client.answer(asyncio.ensure_future(work))
        self._demand_prepared_calls()
        return answer

    def _demand_prepared_calls(self) -> None:
        """Fail the test for calls that were not prepared, or not well, even if the plugin lived with it."""
        refused, self.api.refused = self.api.refused, []
        if refused:
            raise refused[0]


class _Runner(HookRunner):
    """Keeps what handlers raise."""

    def __init__(self, timeout: float, errors: List[BaseException]) -> None:
        super().__init__(timeout)
        self._errors = errors

    def open(
        self, runnable: Runnable, arguments: Tuple[Any, ...], request: Any = None, keywords: Optional[Dict[str, Any]] = None
    ) -> Tuple[HookContext, asyncio.Future[Outcome]]:
        call, ended = super().open(runnable, arguments, request, keywords)
        ended.add_done_callback(self._keep)
        return call, ended

    def _keep(self, ended: asyncio.Future[Outcome]) -> None:
        error = None if ended.cancelled() else ended.result()[1]
        if error is not None:
            self._errors.append(error)


def _finished(work: Any, instead: str) -> Any:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    work.close()
    raise RuntimeError(f"this test runs on an event loop already: `await` {instead}() instead")


class _Client:
    """The host's side of one ServeHTTP stream, and the client behind it."""

    def __init__(self, first: ServeHTTPRequest, body: Union[bytes, Iterable[bytes]], disconnect_after: Optional[int]) -> None:
        self._frames = _request_frames(first, body)
        self._disconnect_after = disconnect_after
        self._messages: List[ServeHTTPResponse] = []
        self._leave: Callable[[], object] = lambda: None

    async def receive(self) -> Optional[bytes]:
        try:
            frame: Optional[bytes] = await asyncio.get_running_loop().run_in_executor(None, next, self._frames, None)
        except ClientGoneError:
            await self._left()
            raise
        return frame

    async def send(self, wire: bytes) -> None:
        if self._disconnect_after is not None and len(self._messages) >= self._disconnect_after:
            await self._left()
        self._messages.append(ServeHTTPResponse.FromString(wire))
        if len(self._messages) == self._disconnect_after:
            self._leave()

    async def answer(self, serving: asyncio.Future[None]) -> HTTPAnswer:
        """What came, when the stream is over."""
        self._leave = serving.cancel
        if self._disconnect_after == 0:
            self._leave()
        try:
            await serving
            complete = True
        except BrokenStreamError:  # the handler failed after it had begun, and says so in `errors`
            complete = False
        except asyncio.CancelledError:
            if not serving.cancelled():  # it is the test that was cancelled
                serving.cancel()
                raise
            complete = False
        if not self._messages:
            return HTTPAnswer(0, complete=False)
        headers: Dict[str, List[str]] = {}
        for header in self._messages[0].init.headers:
            headers.setdefault(header.key, []).extend(header.values)
        chunks = tuple(message.body_chunk for message in self._messages if message.body_chunk)
        return HTTPAnswer(self._messages[0].init.status_code, headers, b"".join(chunks), chunks, complete)

    async def _left(self) -> None:
        self._leave()
        await asyncio.get_running_loop().create_future()  # ends by being cancelled


def _request_frames(first: ServeHTTPRequest, body: Union[bytes, Iterable[bytes]]) -> Iterator[bytes]:
    """The request's messages. An iterator's last piece shows only by there being no other, so that comes empty and marked."""
    if isinstance(body, bytes):
        pieces = [body[start : start + MAX_CHUNK_SIZE] for start in range(0, max(len(body), 1), MAX_CHUNK_SIZE)]
        for number, piece in enumerate(pieces, 1):
            message = first if number == 1 else ServeHTTPRequest()
            message.body_chunk = piece
            message.body_complete = number == len(pieces)
            yield message.SerializeToString()
        return
    yield first.SerializeToString()
    for piece in body:
        yield ServeHTTPRequest(body_chunk=piece).SerializeToString()
    yield ServeHTTPRequest(body_complete=True).SerializeToString()
