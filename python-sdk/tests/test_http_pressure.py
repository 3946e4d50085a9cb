"""Back-pressure of ServeHTTP: who is faster than the other side waits."""

from __future__ import annotations

import asyncio
import threading
from typing import Any, Iterator, List

import grpc
import pytest

from conftest import CALL_SECONDS, Serve
from mattermost_plugin import HTTPRequest, HTTPResponseWriter
from mattermost_plugin._contract import HOOKS_SERVICE_NAME
from mattermost_plugin.grpc.hooks_http_pb2 import ServeHTTPRequest, ServeHTTPResponse
from mattermost_plugin.servicers import _outbound
from mattermost_plugin.servicers._frames import MAX_CHUNK_SIZE
from mattermost_plugin.servicers._pipe import HIGH_WATER
from streams import BOTH, FIRST, Handler, Open, assert_well_formed, bodies, echo, streaming
from streams import stream as stream  # the fixture


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_handler_is_held_back_when_nobody_reads(stream: Open, kind: str) -> None:
    pending: List[int] = []  # after each write, and the drain of a coroutine

    def handle(context: Any, writer: HTTPResponseWriter, request: HTTPRequest) -> None:
        for _ in range(64):
            writer.write(bytes(1024 * 1024))
            pending.append(len(writer.get_body()))

    async def handle_async(context: Any, writer: HTTPResponseWriter, request: HTTPRequest) -> None:
        for _ in range(64):
            writer.write(bytes(1024 * 1024))
            await writer.drain()
            pending.append(len(writer.get_body()))

    one = stream(streaming(handle if kind == "sync" else handle_async))
    one.next()
    threading.Event().wait(0.1)  # in which a handler that nothing holds back writes all
    assert len(bodies(one.rest())) == 64 * 1024 * 1024 - MAX_CHUNK_SIZE
    assert len(pending) == 64
    assert max(pending) <= HIGH_WATER


def test_a_coroutine_that_does_not_drain_is_told_so(stream: Open, caplog: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(_outbound, "MOST_UNDRAINED", 1024 * 1024)

    async def handle(context: Any, writer: HTTPResponseWriter, request: HTTPRequest) -> None:
        for _ in range(1000):
            writer.write(bytes(1000 * 1000))

    one = stream(streaming(handle))
    with pytest.raises(grpc.RpcError):
        one.rest()
    assert "`await writer.drain()`" in str(caplog.records[-1].exc_info[1])


def test_a_large_write_of_a_coroutine_needs_no_drain(stream: Open) -> None:
    async def handle(context: Any, writer: HTTPResponseWriter, request: HTTPRequest) -> None:
        writer.write(bytes(20_000_000))

    messages = stream(streaming(handle)).rest()
    assert_well_formed(messages)
    assert len(bodies(messages)) == 20_000_000


@BOTH
def test_an_upload_is_held_back_when_nobody_reads(serve: Serve, handler: Handler) -> None:
    entered, go_on = threading.Event(), threading.Event()
    sizes: List[int] = []

    def handle(context: Any, writer: HTTPResponseWriter, request: HTTPRequest) -> None:
        entered.set()
        assert go_on.wait(CALL_SECONDS)
        sizes.append(sum(map(len, request.stream())))

    async def handle_async(context: Any, writer: HTTPResponseWriter, request: HTTPRequest) -> None:
        entered.set()
        while not go_on.is_set():
            await asyncio.sleep(0.01)
        sizes.append(sum([len(piece) async for piece in request.stream()]))

    sent: List[int] = []
    hungry = threading.Event()

    def upload() -> Iterator[ServeHTTPRequest]:
        yield FIRST
        for _ in range(640):
            sent.append(1)
            yield ServeHTTPRequest(body_chunk=bytes(MAX_CHUNK_SIZE))
        yield ServeHTTPRequest(body_complete=True)

    served = serve(streaming(handle if handler is echo else handle_async))
    method = served.channel.stream_stream(
        f"/{HOOKS_SERVICE_NAME}/ServeHTTP", ServeHTTPRequest.SerializeToString, ServeHTTPResponse.FromString
    )
    call = method(upload(), timeout=CALL_SECONDS)
    assert entered.wait(CALL_SECONDS)
    hungry.wait(0.2)
    assert len(sent) < 640
    go_on.set()
    list(call)
    assert sizes == [640 * MAX_CHUNK_SIZE]
