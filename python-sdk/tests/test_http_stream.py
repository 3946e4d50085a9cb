"""ServeHTTP piece by piece: bodies that are on their way while the handler runs, and clients that leave."""

from __future__ import annotations

import asyncio
import gc
import itertools
import logging
import queue
import threading
import time
from typing import Any, Callable, Iterable, Iterator, List, Optional, Type

import grpc
import pytest

from conftest import CALL_SECONDS, Serve, ServedPlugin
from mattermost_plugin import (
    HookCancelledError,
    HookName,
    HookRegistrationError,
    HTTPRequest,
    HTTPResponseWriter,
    Plugin,
    RuntimeConfig,
    hook,
    hook_context,
)
from mattermost_plugin._contract import HOOKS_SERVICE_NAME
from mattermost_plugin.grpc.hooks_http_pb2 import ServeHTTPRequest, ServeHTTPRequestInit, ServeHTTPResponse
from mattermost_plugin.servicers import _outbound
from mattermost_plugin.servicers._frames import MAX_CHUNK_SIZE
from mattermost_plugin.servicers._pipe import HIGH_WATER, Pipe

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


# Clients that leave.


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


# Handlers that fail.


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


# Back-pressure.


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


# Mistakes of authors, each with what to do instead.


def explained(stream: Open, handler: Handler, kind: Type[BaseException], text: str) -> None:
    caught: queue.SimpleQueue[BaseException] = queue.SimpleQueue()

    def handle(context: Any, writer: HTTPResponseWriter, request: HTTPRequest) -> None:
        try:
            handler(context, writer, request)
        except BaseException as error:
            caught.put(error)

    async def handle_async(context: Any, writer: HTTPResponseWriter, request: HTTPRequest) -> None:
        try:
            await handler(context, writer, request)
        except BaseException as error:
            caught.put(error)

    one = stream(streaming(handle_async if asyncio.iscoroutinefunction(handler) else handle))
    one.rest()
    error = caught.get(timeout=CALL_SECONDS)
    assert isinstance(error, kind)
    assert text in str(error)


def body_of_a_stream(context: Any, writer: HTTPResponseWriter, request: HTTPRequest) -> None:
    request.body  # noqa: B018


def json_of_a_stream(context: Any, writer: HTTPResponseWriter, request: HTTPRequest) -> None:
    request.json()


async def a_plain_loop_in_a_coroutine(context: Any, writer: HTTPResponseWriter, request: HTTPRequest) -> None:
    for _ in request.stream():
        pass


@pytest.mark.parametrize(
    ("handler", "text"),
    [
        (body_of_a_stream, "for piece in request.stream()"),
        (json_of_a_stream, "leave out stream=True"),
        (a_plain_loop_in_a_coroutine, "use `async for`"),
    ],
)
def test_mistakes_are_explained(stream: Open, handler: Handler, text: str) -> None:
    explained(stream, handler, RuntimeError, text)


def test_a_response_is_over_when_its_handler_has_returned(stream: Open) -> None:
    kept: List[Any] = []

    def handle(context: Any, writer: HTTPResponseWriter, request: HTTPRequest) -> None:
        kept.extend((writer, request))
        writer.write("all")

    messages = stream(streaming(handle)).rest()
    assert bodies(messages) == b"all"
    writer, request = kept
    for late in (
        lambda: writer.write("more"),
        writer.flush,
        lambda: asyncio.run(writer.drain()),
        lambda: next(request.stream()),
    ):
        with pytest.raises(RuntimeError, match="the response is complete: the handler has returned"):
            late()


def test_only_serve_http_streams() -> None:
    with pytest.raises(HookRegistrationError, match="only ServeHTTP has a stream; OnActivate cannot be marked stream=True"):
        hook("OnActivate", stream=True)  # type: ignore[call-overload]

    class Named(Plugin):
        @hook(stream=True)
        def serve_http(self, plugin_context: Any, writer: HTTPResponseWriter, request: HTTPRequest) -> None: ...

    class Derived(Named):
        def serve_http(self, plugin_context: Any, writer: HTTPResponseWriter, request: HTTPRequest) -> None: ...

    class Unmarked(Named):
        @hook
        def serve_http(self, plugin_context: Any, writer: HTTPResponseWriter, request: HTTPRequest) -> None: ...

    assert [kind._hook_marks["ServeHTTP"].stream for kind in (Named, Derived, Unmarked)] == [True, True, False]


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
