"""Handlers of ServeHTTP that fail in the midst of a response, or whose time is up."""

from __future__ import annotations

import asyncio
import logging
import queue
from typing import Any, List

import grpc
import pytest

from conftest import CALL_SECONDS
from mattermost_plugin import HookCancelledError, HTTPRequest, HTTPResponseWriter, hook_context
from mattermost_plugin.grpc.hooks_http_pb2 import ServeHTTPResponse
from mattermost_plugin.servicers._frames import MAX_CHUNK_SIZE
from streams import BOTH, Handler, Open, assert_well_formed, bodies, streaming
from streams import stream as stream  # the fixture


def fail_late(context: Any, writer: HTTPResponseWriter, request: HTTPRequest) -> None:
    writer.write("half")
    writer.flush()
    raise RuntimeError("a secret")


async def fail_late_async(context: Any, writer: HTTPResponseWriter, request: HTTPRequest) -> None:
    fail_late(context, writer, request)


def fail_late_by_size(context: Any, writer: HTTPResponseWriter, request: HTTPRequest) -> None:
    writer.write(bytes(MAX_CHUNK_SIZE + 1))
    raise SystemExit(3)


@pytest.mark.parametrize("handler", [fail_late, fail_late_async, fail_late_by_size])
def test_a_handler_that_fails_in_its_midst_completes_nothing(stream: Open, handler: Handler, caplog: Any) -> None:
    one = stream(streaming(handler))
    messages: List[ServeHTTPResponse] = []
    with caplog.at_level(logging.ERROR), pytest.raises(grpc.RpcError) as caught:
        messages.extend(one.call)
    assert caught.value.code() is grpc.StatusCode.INTERNAL
    assert "secret" not in str(caught.value.details())
    assert [len(message.body_chunk) for message in messages] == [MAX_CHUNK_SIZE if handler is fail_late_by_size else 4]
    assert messages[0].HasField("init")
    assert not messages[0].body_complete
    assert caplog.records[-1].exc_info is not None
    assert caplog.records[-1].getMessage().startswith("ServeHTTP handler raised")


@pytest.mark.parametrize("begun", [False, True])
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_the_time_of_a_handler_that_does_nothing_is_up(stream: Open, begun: bool, kind: str) -> None:
    ended: queue.SimpleQueue[BaseException] = queue.SimpleQueue()

    def handle(context: Any, writer: HTTPResponseWriter, request: HTTPRequest) -> None:
        if begun:
            writer.flush()
        try:
            next(request.stream())
        except BaseException as error:
            ended.put(error)
            raise

    async def handle_async(context: Any, writer: HTTPResponseWriter, request: HTTPRequest) -> None:
        if begun:
            writer.flush()
        try:
            await request.stream().__anext__()
        except BaseException as error:
            ended.put(error)
            raise

    one = stream(streaming(handle if kind == "sync" else handle_async, timeout=0.5))
    if begun:
        with pytest.raises(grpc.RpcError) as caught:
            one.rest()
        assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert caught.value.details() == "the handler failed after its response had begun"
    else:
        messages = one.rest()
        assert_well_formed(messages)
        assert (messages[0].init.status_code, bodies(messages)) == (500, b"Internal Server Error\n")
    error = ended.get(timeout=CALL_SECONDS)
    assert isinstance(error, (HookCancelledError, asyncio.CancelledError))
    if kind == "sync":
        assert str(error) == "ServeHTTP: its time is up"


@BOTH
def test_the_time_of_a_handler_begins_anew_with_every_piece(stream: Open, handler: Handler, monkeypatch: Any) -> None:
    """By a clock of the test's: each piece comes when nine tenths of the time are over."""
    now = [0.0]
    monkeypatch.setattr("mattermost_plugin._hook_context.time.monotonic", lambda: now[0])
    one = stream(streaming(handler, timeout=1000.0))
    one.next()
    for _ in range(5):
        now[0] += 900.0
        one.piece(b"x")
        assert one.next().body_chunk == b"x"
    one.piece(b"", complete=True)
    assert one.rest()[-1].body_complete


def test_the_time_of_a_handler_that_only_reads_begins_anew_as_well(stream: Open, monkeypatch: Any) -> None:
    now = [0.0]
    monkeypatch.setattr("mattermost_plugin._hook_context.time.monotonic", lambda: now[0])
    remaining: queue.SimpleQueue[float] = queue.SimpleQueue()

    def handle(context: Any, writer: HTTPResponseWriter, request: HTTPRequest) -> None:
        for _ in request.stream():
            remaining.put(hook_context().time_remaining())

    one = stream(streaming(handle, timeout=1000.0))
    for _ in range(5):
        now[0] += 900.0
        one.piece(b"x")
        assert remaining.get(timeout=CALL_SECONDS) == 1000.0
    one.piece(b"", complete=True)
    assert one.rest()[-1].body_complete
