"""The host's end of ServeHTTP streams, and handlers to try them with."""

from __future__ import annotations

import asyncio
import queue
from typing import Any, Callable, Iterable, Iterator, List, Optional, Type

import pytest

from conftest import CALL_SECONDS, Serve, ServedPlugin
from mattermost_plugin import (
    HookName,
    HTTPRequest,
    HTTPResponseWriter,
    Plugin,
    RuntimeConfig,
    hook,
)
from mattermost_plugin._contract import HOOKS_SERVICE_NAME
from mattermost_plugin.grpc.hooks_http_pb2 import ServeHTTPRequest, ServeHTTPRequestInit, ServeHTTPResponse
from mattermost_plugin.servicers._frames import MAX_CHUNK_SIZE

Handler = Callable[[Any, HTTPResponseWriter, HTTPRequest], Any]
FIRST = ServeHTTPRequest(init=ServeHTTPRequestInit(method="POST", url="/", content_length=-1))


class Stream:
    """A host's end of one stream, whose messages a test sends one by one."""

    def __init__(self, served: ServedPlugin) -> None:
        method = served.channel.stream_stream(
            f"/{HOOKS_SERVICE_NAME}/ServeHTTP",
            request_serializer=ServeHTTPRequest.SerializeToString,
            response_deserializer=ServeHTTPResponse.FromString,
        )
        self._messages: queue.SimpleQueue[Optional[ServeHTTPRequest]] = queue.SimpleQueue()
        self.call: Any = method(iter(self._messages.get, None), timeout=CALL_SECONDS)
        self.send(FIRST)

    def send(self, *messages: Optional[ServeHTTPRequest]) -> None:
        for message in messages:
            self._messages.put(message)

    def piece(self, piece: bytes, complete: bool = False) -> None:
        self.send(ServeHTTPRequest(body_chunk=piece, body_complete=complete))

    def half_close(self) -> None:
        self._messages.put(None)

    def next(self) -> ServeHTTPResponse:
        message: ServeHTTPResponse = next(self.call)
        return message

    def rest(self) -> List[ServeHTTPResponse]:
        return list(self.call)

    def close(self) -> None:
        self.half_close()
        self.call.cancel()


Open = Callable[..., Stream]


@pytest.fixture
def stream(serve: Serve) -> Iterator[Open]:
    opened: List[Stream] = []

    def begin(plugin: Any, config: Optional[RuntimeConfig] = None) -> Stream:
        served = plugin if isinstance(plugin, ServedPlugin) else serve(plugin, config)
        opened.append(Stream(served))
        return opened[-1]

    yield begin
    for one in opened:
        one.close()


def plugin_of(handler: Handler, **options: Any) -> Type[Plugin]:
    """A plugin with that handler, plain or not, marked so."""
    if asyncio.iscoroutinefunction(handler):

        async def serve_async(self: Plugin, plugin_context: Any, writer: HTTPResponseWriter, request: HTTPRequest) -> None:
            await handler(plugin_context, writer, request)

        return type("Async", (Plugin,), {"serve": hook(HookName.ServeHTTP, **options)(serve_async)})

    def serve(self: Plugin, plugin_context: Any, writer: HTTPResponseWriter, request: HTTPRequest) -> None:
        handler(plugin_context, writer, request)

    return type("Sync", (Plugin,), {"serve": hook(HookName.ServeHTTP, **options)(serve)})


def streaming(handler: Handler, **options: Any) -> Type[Plugin]:
    return plugin_of(handler, stream=True, **options)


def bodies(messages: Iterable[ServeHTTPResponse]) -> bytes:
    return b"".join(message.body_chunk for message in messages)


def assert_well_formed(messages: List[ServeHTTPResponse]) -> None:
    assert [message.HasField("init") for message in messages] == [True] + [False] * (len(messages) - 1)
    assert [message.body_complete for message in messages] == [False] * (len(messages) - 1) + [True]
    assert all(len(message.body_chunk) <= MAX_CHUNK_SIZE for message in messages)


def echo(context: Any, writer: HTTPResponseWriter, request: HTTPRequest) -> None:
    writer.write_header(207)
    writer.flush()
    for piece in request.stream():
        writer.write(piece)
        writer.flush()


async def async_echo(context: Any, writer: HTTPResponseWriter, request: HTTPRequest) -> None:
    writer.write_header(207)
    writer.flush()
    async for piece in request.stream():
        writer.write(piece)
        writer.flush()
        await writer.drain()


BOTH = pytest.mark.parametrize("handler", [echo, async_echo])
