"""ServeHTTP piece by piece: bodies that are on their way while the handler runs, and clients that leave."""

from __future__ import annotations

import asyncio
import queue
from typing import Any, Callable, Iterator, List, Optional, Type

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

    def next(self) -> ServeHTTPResponse:
        message: ServeHTTPResponse = next(self.call)
        return message

    def rest(self) -> List[ServeHTTPResponse]:
        return list(self.call)

    def close(self) -> None:
        self.send(None)
        self.call.cancel()


Open = Callable[[Type[Plugin]], Stream]


@pytest.fixture
def stream(serve: Serve) -> Iterator[Callable[..., Stream]]:
    opened: List[Stream] = []

    def begin(plugin: Any, config: Optional[RuntimeConfig] = None) -> Stream:
        served = plugin if isinstance(plugin, ServedPlugin) else serve(plugin, config)
        opened.append(Stream(served))
        return opened[-1]

    yield begin
    for one in opened:
        one.close()


def streaming(handler: Handler, timeout: Optional[float] = None) -> Type[Plugin]:
    """A plugin with that handler, in the one form or the other."""
    if asyncio.iscoroutinefunction(handler):

        async def serve_async(self: Plugin, plugin_context: Any, writer: HTTPResponseWriter, request: HTTPRequest) -> None:
            await handler(plugin_context, writer, request)

        return type("Streaming", (Plugin,), {"serve": hook(HookName.ServeHTTP, stream=True, timeout=timeout)(serve_async)})

    def serve(self: Plugin, plugin_context: Any, writer: HTTPResponseWriter, request: HTTPRequest) -> None:
        handler(plugin_context, writer, request)

    return type("Streaming", (Plugin,), {"serve": hook(HookName.ServeHTTP, stream=True, timeout=timeout)(serve)})


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


@BOTH
def test_both_bodies_are_on_their_way_at_the_same_time(stream: Callable[..., Stream], handler: Handler) -> None:
    one = stream(streaming(handler))
    first = one.next()
    assert (first.init.status_code, first.body_chunk, first.flush, first.body_complete) == (207, b"", True, False)
    for piece in (b"a", b"", b"\0\xff", b"x" * MAX_CHUNK_SIZE):
        one.piece(piece)
        if piece:
            answer = one.next()
            assert not answer.HasField("init")
            assert (answer.body_chunk, answer.flush, answer.body_complete) == (piece, True, False)
    one.piece(b"end", complete=True)
    rest = one.rest()
    assert b"".join(message.body_chunk for message in rest) == b"end"
    assert [message.body_complete for message in rest] == [False] * (len(rest) - 1) + [True]
