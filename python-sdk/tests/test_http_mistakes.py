"""Mistakes that authors of ServeHTTP handlers make, each with what to do instead."""

from __future__ import annotations

import asyncio
import queue
from typing import Any, List, Type

import pytest

from conftest import CALL_SECONDS
from mattermost_plugin import HookRegistrationError, HTTPRequest, HTTPResponseWriter, Plugin, hook
from streams import Handler, Open, bodies, streaming
from streams import stream as stream  # the fixture


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
