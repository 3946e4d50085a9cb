"""ServeHTTP piece by piece: bodies that are on their way while the handler runs."""

from __future__ import annotations

import asyncio
import gc
import itertools
import threading
import time
from typing import Any, Iterator, List

import grpc
import pytest

from conftest import CALL_SECONDS, Serve
from mattermost_plugin import HTTPRequest, HTTPResponseWriter, Plugin, hook
from mattermost_plugin._contract import HOOKS_SERVICE_NAME
from mattermost_plugin.grpc.hooks_http_pb2 import ServeHTTPRequest, ServeHTTPResponse
from mattermost_plugin.servicers._frames import MAX_CHUNK_SIZE
from mattermost_plugin.servicers._pipe import Pipe
from streams import BOTH, FIRST, Handler, Open, assert_well_formed, async_echo, bodies, echo, plugin_of, streaming
from streams import stream as stream  # the fixture


@BOTH
def test_both_bodies_are_on_their_way_at_the_same_time(stream: Open, handler: Handler) -> None:
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
    assert bodies(rest) == b"end"
    assert_well_formed([first, *rest])


def splits(length: int) -> Iterator[List[int]]:
    """All ways to cut so many bytes, as the lengths of the pieces."""
    for number in range(length):
        for cuts in itertools.combinations(range(1, length), number):
            borders = [0, *cuts, length]
            yield [end - start for start, end in zip(borders, borders[1:])]


@BOTH
def test_borders_mean_nothing(serve: Serve, stream: Open, handler: Handler) -> None:
    served = serve(streaming(handler))
    body = b"\x0a\x12\x00\xff1234"
    for lengths in splits(len(body)):
        one = stream(served)
        at = 0
        for length in lengths:
            one.send(ServeHTTPRequest(body_chunk=body[at : at + length]), ServeHTTPRequest())
            at += length
        one.piece(b"", complete=True)
        messages = one.rest()
        assert_well_formed(messages)
        assert bodies(messages) == body


BORDER = MAX_CHUNK_SIZE


@BOTH
@pytest.mark.parametrize("size", [0, 1, BORDER - 1, BORDER, BORDER + 1, 2 * BORDER, 5_000_000])
@pytest.mark.parametrize("chunk", [1000, BORDER - 1, BORDER, BORDER + 1, 4 * 1024 * 1024 + 1])
def test_sizes_around_the_borders(stream: Open, handler: Handler, size: int, chunk: int) -> None:
    body = bytes(range(251)) * (size // 251 + 1)
    body = body[:size]
    one = stream(streaming(handler))
    for start in range(0, size, chunk):
        one.piece(body[start : start + chunk])
    one.piece(b"", complete=True)
    messages = one.rest()
    assert_well_formed(messages)
    assert bodies(messages) == body


@BOTH
def test_the_whole_request_in_the_first_message(serve: Serve, handler: Handler) -> None:
    served = serve(streaming(handler))
    method = served.channel.stream_stream(
        f"/{HOOKS_SERVICE_NAME}/ServeHTTP", ServeHTTPRequest.SerializeToString, ServeHTTPResponse.FromString
    )
    message = ServeHTTPRequest(init=FIRST.init, body_chunk=b"all", body_complete=True)
    messages = list(method(iter([message]), timeout=CALL_SECONDS))
    assert_well_formed(messages)
    assert bodies(messages) == b"all"


def test_a_response_streams_whether_or_not_the_request_does(stream: Open) -> None:
    go_on = threading.Event()

    def handle(context: Any, writer: HTTPResponseWriter, request: HTTPRequest) -> None:
        writer.write(request.body)
        writer.flush()
        assert go_on.wait(CALL_SECONDS)
        assert list(request.stream()) == [b"whole"]
        writer.write("end")

    one = stream(plugin_of(handle))
    one.piece(b"who")
    one.piece(b"le", complete=True)
    first = one.next()
    assert (first.body_chunk, first.flush) == (b"whole", True)
    go_on.set()
    assert bodies(one.rest()) == b"end"


def test_what_is_not_flushed_leaves_when_64_kib_are_together(stream: Open) -> None:
    go_on = threading.Event()

    def handle(context: Any, writer: HTTPResponseWriter, request: HTTPRequest) -> None:
        for _ in range(3 * MAX_CHUNK_SIZE // 2000):
            writer.write(b"x" * 2000)
        assert go_on.wait(CALL_SECONDS)

    one = stream(streaming(handle))
    before = [one.next(), one.next()]
    assert [len(message.body_chunk) for message in before] == [MAX_CHUNK_SIZE] * 2
    go_on.set()
    rest = one.rest()
    assert_well_formed(before + rest)
    assert len(bodies(before + rest)) == 3 * MAX_CHUNK_SIZE // 2000 * 2000
    assert not any(message.flush for message in before + rest)


def early(context: Any, writer: HTTPResponseWriter, request: HTTPRequest) -> None:
    writer.write_header(413)
    writer.write("too much")


async def async_early(context: Any, writer: HTTPResponseWriter, request: HTTPRequest) -> None:
    early(context, writer, request)


@pytest.mark.parametrize("handler", [early, async_early])
def test_an_early_response_ends_the_stream_at_once(stream: Open, handler: Handler) -> None:
    one = stream(streaming(handler))  # whose body never ends
    messages = one.rest()
    assert_well_formed(messages)
    assert (messages[0].init.status_code, bodies(messages)) == (413, b"too much")
    assert one.call.code() is grpc.StatusCode.OK


def test_without_a_handler_nothing_is_read(stream: Open) -> None:
    messages = stream(Plugin).rest()
    assert_well_formed(messages)
    assert messages[0].init.status_code == 404


def test_other_hooks_do_not_wait_for_handlers_that_clients_hold_up(serve: Serve, stream: Open) -> None:
    entered = threading.Semaphore(0)

    class Held(Plugin):
        @hook(stream=True)
        def serve_http(self, plugin_context: Any, writer: HTTPResponseWriter, request: HTTPRequest) -> None:
            entered.release()
            list(request.stream())

        @hook
        def on_shared_channels_ping(self, remote_cluster: Any) -> bool:
            return True

    served = serve(Held)
    held = [stream(served) for _ in range(70)]
    for _ in range(64):
        assert entered.acquire(timeout=CALL_SECONDS)
    assert served.call("OnSharedChannelsPing").healthy
    for one in held:
        one.piece(b"", complete=True)
    for one in held:
        assert one.rest()[-1].body_complete


def test_a_writer_and_a_stream_may_be_used_from_another_thread(stream: Open) -> None:
    async def handle(context: Any, writer: HTTPResponseWriter, request: HTTPRequest) -> None:
        def copy() -> None:
            for piece in request.stream():
                writer.write(piece)

        await asyncio.get_running_loop().run_in_executor(None, copy)

    one = stream(streaming(handle))
    for _ in range(40):
        one.piece(bytes(MAX_CHUNK_SIZE))
    one.piece(b"end", complete=True)
    messages = one.rest()
    assert_well_formed(messages)
    assert bodies(messages) == bytes(40 * MAX_CHUNK_SIZE) + b"end"


def test_many_streams_at_once_are_kept_apart(serve: Serve, stream: Open) -> None:
    served = serve(streaming(async_echo))
    opened = [stream(served) for _ in range(40)]
    for piece in range(5):
        for number, one in enumerate(opened):
            one.piece(b"%d:%d " % (number, piece))
    for number, one in enumerate(opened):
        one.piece(b"", complete=True)
        assert bodies(one.rest()) == b"".join(b"%d:%d " % (number, piece) for piece in range(5))


def test_nothing_is_left_of_streams(serve: Serve, stream: Open) -> None:
    served = serve(streaming(echo))
    for number in range(20):
        one = stream(served)
        one.piece(b"x", complete=number % 2 == 0)
        if number % 2:
            one.next()
            one.call.cancel()
        else:
            one.rest()
    assert served.run(served.server._hooks.wait_until_idle(CALL_SECONDS))

    def left() -> List[Any]:
        gc.collect()
        return [item for item in gc.get_objects() if isinstance(item, Pipe)]

    deadline = time.monotonic() + CALL_SECONDS
    while left() and time.monotonic() < deadline:  # the handler of the last one may still be on its way out
        threading.Event().wait(0.01)
    assert left() == []
