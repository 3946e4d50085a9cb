"""ServeHTTP streams that break: clients that leave, and hosts that do not keep to the contract."""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from typing import Any, List

import grpc
import pytest

from conftest import CALL_SECONDS, Serve
from mattermost_plugin import HookCancelledError, HTTPRequest, HTTPResponseWriter
from mattermost_plugin._contract import HOOKS_SERVICE_NAME
from mattermost_plugin.servicers._frames import MAX_CHUNK_SIZE
from streams import BOTH, FIRST, Handler, Open, assert_well_formed, bodies, echo, streaming
from streams import stream as stream  # the fixture


@pytest.mark.parametrize("where", ["read", "write", "drain"])
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_handler_that_waits_for_a_client_that_leaves(stream: Open, where: str, kind: str, caplog: Any) -> None:
    entered: queue.SimpleQueue[HTTPRequest] = queue.SimpleQueue()
    ended: queue.SimpleQueue[BaseException] = queue.SimpleQueue()
    kept: List[HTTPResponseWriter] = []

    def read_or_write(writer: HTTPResponseWriter, request: HTTPRequest) -> None:
        if where == "read":
            for _ in request.stream():
                pass
        while True:
            writer.write(bytes(MAX_CHUNK_SIZE))

    async def read_or_write_async(writer: HTTPResponseWriter, request: HTTPRequest) -> None:
        if where == "read":
            async for _ in request.stream():
                pass
        while True:
            writer.write(bytes(MAX_CHUNK_SIZE))
            await writer.drain()

    def handle(context: Any, writer: HTTPResponseWriter, request: HTTPRequest) -> None:
        kept.append(writer)
        entered.put(request)
        assert not request.cancelled
        try:
            read_or_write(writer, request)
        except BaseException as error:
            ended.put(error)
            raise

    async def handle_async(context: Any, writer: HTTPResponseWriter, request: HTTPRequest) -> None:
        kept.append(writer)
        entered.put(request)
        assert not request.cancelled
        try:
            await read_or_write_async(writer, request)
        except BaseException as error:
            ended.put(error)
            raise

    one = stream(streaming(handle if kind == "sync" else handle_async))
    request = entered.get(timeout=CALL_SECONDS)
    if where != "read":
        one.next()
    with caplog.at_level(logging.WARNING):
        one.call.cancel()
        error = ended.get(timeout=CALL_SECONDS)
    assert isinstance(error, (HookCancelledError, asyncio.CancelledError))
    if kind == "sync":  # the end of the stream may be seen before the reason of it
        ended_early = "ServeHTTP: the stream ended before the body was complete"
        assert str(error) in ("ServeHTTP: the host cancelled the call", ended_early)
    assert request.cancelled
    for write in (lambda: kept[0].write(b"x"), kept[0].flush, lambda: next(request.stream())):
        with pytest.raises(HookCancelledError):
            write()
    assert caplog.records == []


def test_an_upload_that_breaks_off_is_no_upload(stream: Open) -> None:
    entered = threading.Event()  # a call that ends before its handler has begun is never handled
    ended: queue.SimpleQueue[BaseException] = queue.SimpleQueue()

    def handle(context: Any, writer: HTTPResponseWriter, request: HTTPRequest) -> None:
        entered.set()
        try:
            list(request.stream())
        except BaseException as error:
            ended.put(error)
            raise

    one = stream(streaming(handle))
    one.piece(b"half")
    assert entered.wait(CALL_SECONDS)
    one.half_close()
    error = ended.get(timeout=CALL_SECONDS)
    assert isinstance(error, HookCancelledError)
    assert str(error) == "ServeHTTP: the stream ended before the body was complete"
    with pytest.raises(grpc.RpcError) as caught:
        one.rest()
    assert caught.value.code() is grpc.StatusCode.ABORTED


@BOTH
def test_a_second_head_breaks_the_stream(stream: Open, handler: Handler) -> None:
    one = stream(streaming(handler))
    one.send(FIRST)
    with pytest.raises(grpc.RpcError) as caught:
        one.rest()
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_what_is_no_message_breaks_the_stream(serve: Serve) -> None:
    served = serve(streaming(echo))
    method: Any = served.channel.stream_stream(f"/{HOOKS_SERVICE_NAME}/ServeHTTP")
    for messages in ([b"\xff"], [FIRST.SerializeToString(), b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"]):
        with pytest.raises(grpc.RpcError) as caught:
            list(method(iter(messages), timeout=CALL_SECONDS))
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_messages_behind_the_last_one_change_nothing(stream: Open) -> None:
    one = stream(streaming(echo))
    one.piece(b"all", complete=True)
    one.piece(b"more")
    messages = one.rest()
    assert_well_formed(messages)
    assert bodies(messages) == b"all"
