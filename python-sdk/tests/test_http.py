"""ServeHTTP with whole bodies: what handlers read and write, and the stream with all that can be wrong with it."""

from __future__ import annotations

import asyncio
import threading
from typing import Any, Callable, Dict, Iterator, List, Tuple

import grpc
import pytest

from conftest import CALL_SECONDS, Serve, ServedPlugin, plugin_with
from mattermost_plugin import HTTPRequest, HTTPResponseWriter, Plugin, RuntimeConfig, hook, hook_context
from mattermost_plugin._contract import HOOKS_SERVICE_NAME
from mattermost_plugin.grpc.hooks_http_pb2 import HTTPHeader, ServeHTTPRequest, ServeHTTPRequestInit, ServeHTTPResponse
from mattermost_plugin.servicers._frames import MAX_CHUNK_SIZE

INIT = ServeHTTPRequestInit(
    plugin_context={"session_id": "s"},
    method="POST",
    url="/plugins/x/hello?a=b",
    proto="HTTP/1.1",
    proto_major=1,
    proto_minor=1,
    headers=[HTTPHeader(key="Accept", values=["a", "b"]), HTTPHeader(key="accept", values=["c"])],
    host="example.com",
    remote_addr="192.0.2.1:7",
    request_uri="/hello?a=b",
    content_length=-1,
)

Handler = Callable[[Any, HTTPResponseWriter, HTTPRequest], Any]


def send(served: ServedPlugin, messages: List[ServeHTTPRequest]) -> List[ServeHTTPResponse]:
    method = served.channel.stream_stream(
        f"/{HOOKS_SERVICE_NAME}/ServeHTTP",
        request_serializer=ServeHTTPRequest.SerializeToString,
        response_deserializer=ServeHTTPResponse.FromString,
    )
    return list(method(iter(messages), timeout=CALL_SECONDS))


def whole(body: bytes = b"") -> List[ServeHTTPRequest]:
    return [ServeHTTPRequest(init=INIT, body_chunk=body, body_complete=True)]


def response(messages: List[ServeHTTPResponse]) -> Tuple[int, Dict[str, List[str]], bytes]:
    """Status, headers and body, after a look at the form of the stream."""
    assert [message.HasField("init") for message in messages] == [True] + [False] * (len(messages) - 1)
    assert [message.body_complete for message in messages] == [False] * (len(messages) - 1) + [True]
    assert all(len(message.body_chunk) <= MAX_CHUNK_SIZE for message in messages)
    init = messages[0].init
    headers = {header.key: list(header.values) for header in init.headers}
    return init.status_code, headers, b"".join(message.body_chunk for message in messages)


def serving(serve: Serve, handler: Handler) -> ServedPlugin:
    return serve(
        plugin_with("ServeHTTP", lambda self, plugin_context, writer, request: handler(plugin_context, writer, request))
    )


def test_the_handler_sees_the_whole_request(serve: Serve) -> None:
    seen: List[Any] = []
    served = serving(serve, lambda *args: seen.extend(args))
    messages = [
        ServeHTTPRequest(init=INIT, body_chunk=b"on"),
        ServeHTTPRequest(body_chunk=b"e "),
        ServeHTTPRequest(),
        ServeHTTPRequest(body_chunk=b"\0\xff", body_complete=True),
    ]
    assert response(send(served, messages)) == (200, {}, b"")
    context, _, request = seen
    assert context.session_id == "s"
    assert (request.method, request.url, request.proto) == ("POST", "/plugins/x/hello?a=b", "HTTP/1.1")
    assert (request.proto_major, request.proto_minor, request.content_length) == (1, 1, -1)
    assert (request.host, request.remote_addr, request.request_uri) == ("example.com", "192.0.2.1:7", "/hello?a=b")
    assert request.body == b"one \0\xff"
    assert request.get_all_headers("ACCEPT") == ["a", "b", "c"]
    assert (request.get_header("accept"), request.get_header("none"), request.get_header("none", "d")) == ("a", "", "d")


def test_the_response_is_what_the_handler_wrote(serve: Serve) -> None:
    def handle(context: Any, writer: HTTPResponseWriter, request: HTTPRequest) -> None:
        writer.set_header("X-One", "first")
        writer.set_header("x-one", "second")
        writer.add_header("Set-Cookie", "a=1")
        writer.add_header("set-cookie", "b=2")
        writer.write_header(418)
        writer.write_header(200)
        assert writer.write("grüß") == 6
        writer.flush()
        writer.set_header("Too", "late")
        writer.write(b"\0")

    messages = send(serving(serve, handle), whole())
    assert response(messages) == (418, {"x-one": ["second"], "Set-Cookie": ["a=1", "b=2"]}, "grüß\0".encode())
    assert [message.flush for message in messages] == [True, False]


@pytest.mark.parametrize("size", [0, 1, MAX_CHUNK_SIZE, MAX_CHUNK_SIZE + 1, 3 * MAX_CHUNK_SIZE, 5_000_000])
def test_bodies_of_any_size_come_back_in_chunks(serve: Serve, size: int) -> None:
    def echo(context: Any, writer: HTTPResponseWriter, request: HTTPRequest) -> None:
        writer.write(request.body)
        writer.flush()

    served = serving(serve, echo)
    body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    chunks = [body[start : start + 65_536] for start in range(0, size, 65_536)] or [b""]
    messages = [ServeHTTPRequest(body_chunk=chunk) for chunk in chunks]
    messages[0].init.CopyFrom(INIT)
    messages[-1].body_complete = True
    answer = send(served, messages)
    assert response(answer)[2] == body
    assert len([message for message in answer if message.body_chunk]) == -(-size // MAX_CHUNK_SIZE)
    # The end comes in a message of its own where the flush has left before.
    assert [message.flush for message in answer].count(True) == 1
    assert not [message for message in answer[:-2] if message.flush]


def fail(context: Any, writer: HTTPResponseWriter, request: HTTPRequest) -> None:
    writer.write("half a response")
    raise RuntimeError("a secret")


FAILURES: List[Handler] = [
    fail,
    lambda context, writer, request: writer.write_header(99),
    lambda context, writer, request: writer.write_header(1000),
    lambda context, writer, request: writer.set_header("X", "a\r\nSet-Cookie: b"),
    lambda context, writer, request: writer.set_header("X", "\udc80"),
    lambda context, writer, request: writer.write(7),  # type: ignore[arg-type]
]


@pytest.mark.parametrize("handler", FAILURES)
def test_a_failing_handler_is_a_500_that_shows_nothing(serve: Serve, handler: Handler) -> None:
    status, headers, body = response(send(serving(serve, handler), whole()))
    assert (status, body) == (500, b"Internal Server Error\n")
    assert headers == {"Content-Type": ["text/plain; charset=utf-8"]}


def test_a_request_that_cannot_be_read_is_the_clients_fault(serve: Serve, caplog: Any) -> None:
    served = serving(serve, lambda context, writer, request: request.json())
    status, _, body = response(send(served, whole(b"{")))
    assert (status, body) == (400, b"Bad Request\n")
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "the body is no JSON: Expecting property name" in caplog.text


def test_headers_that_were_put_into_the_dict(serve: Serve) -> None:
    def handle(context: Any, writer: HTTPResponseWriter, request: HTTPRequest) -> None:
        writer.headers.update({"A": ["b", "c"], "D": "one text", **({"X": ["\n"]} if request.body else {})})  # type: ignore[dict-item]

    served = serving(serve, handle)
    assert response(send(served, whole()))[1] == {"A": ["b", "c"], "D": ["one text"]}
    assert response(send(served, whole(b"x")))[0] == 500


def test_an_async_handler_and_the_timeout(serve: Serve) -> None:
    async def handle(self: Plugin, plugin_context: Any, writer: HTTPResponseWriter, request: HTTPRequest) -> None:
        writer.write(b"x")
        if request.body:
            await asyncio.Event().wait()

    served = serve(plugin_with("ServeHTTP", handle)(), RuntimeConfig(hook_timeout=0.5))
    assert response(send(served, whole())) == (200, {}, b"x")
    assert response(send(served, whole(b"wait")))[0] == 500


def test_without_a_handler_it_is_a_404(serve: Serve) -> None:
    assert response(send(serve(Plugin), whole()))[0] == 404


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        ([], grpc.StatusCode.INVALID_ARGUMENT),
        ([ServeHTTPRequest(body_chunk=b"x", body_complete=True)], grpc.StatusCode.INVALID_ARGUMENT),
        ([ServeHTTPRequest(init=INIT), ServeHTTPRequest(init=INIT, body_complete=True)], grpc.StatusCode.INVALID_ARGUMENT),
        ([ServeHTTPRequest(init=INIT, body_chunk=b"half")], grpc.StatusCode.ABORTED),
    ],
)
def test_a_broken_stream_reaches_no_handler(serve: Serve, messages: List[ServeHTTPRequest], code: grpc.StatusCode) -> None:
    called: List[Any] = []
    served = serving(serve, lambda *args: called.append(args))
    with pytest.raises(grpc.RpcError) as caught:
        send(served, messages)
    assert caught.value.code() is code
    assert called == []
    assert response(send(served, whole()))[0] == 200


def test_what_was_written_can_be_looked_at() -> None:
    writer = HTTPResponseWriter()
    writer.flush()
    writer.write(b"a")
    writer.write(b"b")
    writer.flush()
    assert writer.get_body() == b"ab"
    assert writer.get_pending_writes() == [(b"", True), (b"a", False), (b"b", True)]
    writer.clear_pending_writes()
    assert writer.get_body() == b""


def test_a_client_that_goes_away_ends_the_stream(serve: Serve) -> None:
    served = serving(serve, lambda context, writer, request: None)

    gone = threading.Event()

    def half_a_request() -> Iterator[ServeHTTPRequest]:
        yield ServeHTTPRequest(init=INIT)
        gone.wait(CALL_SECONDS)

    method = served.channel.stream_stream(
        f"/{HOOKS_SERVICE_NAME}/ServeHTTP", ServeHTTPRequest.SerializeToString, ServeHTTPResponse.FromString
    )
    call = method(half_a_request(), timeout=CALL_SECONDS)
    call.cancel()
    gone.set()
    with pytest.raises(grpc.RpcError) as caught:
        list(call)
    assert caught.value.code() is grpc.StatusCode.CANCELLED
    assert response(send(served, whole()))[0] == 200


def test_a_client_that_goes_away_is_seen_by_the_handler(serve: Serve) -> None:
    entered, seen = threading.Event(), threading.Event()

    def handle(context: Any, writer: HTTPResponseWriter, request: HTTPRequest) -> None:
        entered.set()
        if hook_context().wait_cancelled(CALL_SECONDS):
            seen.set()

    served = serving(serve, handle)
    method = served.channel.stream_stream(
        f"/{HOOKS_SERVICE_NAME}/ServeHTTP", ServeHTTPRequest.SerializeToString, ServeHTTPResponse.FromString
    )
    call = method(iter(whole()), timeout=CALL_SECONDS)
    assert entered.wait(CALL_SECONDS)
    call.cancel()
    assert seen.wait(CALL_SECONDS)


def test_the_timeout_of_the_mark(serve: Serve) -> None:
    class Slow(Plugin):
        @hook("ServeHTTP", timeout=0.05)
        async def slow(self, plugin_context: Any, writer: HTTPResponseWriter, request: HTTPRequest) -> None:
            await asyncio.Event().wait()

    assert response(send(serve(Slow), whole()))[0] == 500
