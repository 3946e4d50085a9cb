"""Answers all hooks: the unary ones by shape, with one dispatcher and no code per hook; ServeHTTP by `_serve_http.py`.

A failing handler is answered in band, where the contract has a place for it: an AppError, a rejection reason,
`healthy = false`, or the values that came in. The host never sees a gRPC status for something that a plugin's author did.

Invariant: a handler's exception never becomes a transport error.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import contextmanager
from typing import Any, AsyncIterator, Callable, Dict, Iterator, Optional

import grpc
from google.protobuf.message import Message

from mattermost_plugin._contract import HOOKS, HOOKS_SERVICE_NAME, HookMethod, Shape
from mattermost_plugin._internal.hook_runner import DEFAULT_HOOK_TIMEOUT, HookInvocationError, HookRunner
from mattermost_plugin.grpc.common_pb2 import AppError
from mattermost_plugin.plugin import Plugin
from mattermost_plugin.servicers import _answers
from mattermost_plugin.servicers._answers import DISMISS_POST_ERROR, WrongReturnError
from mattermost_plugin.servicers._http import HTTPRequest, HTTPResponseWriter
from mattermost_plugin.servicers._serve_http import BrokenStreamError, serve_http

__all__ = ["DISMISS_POST_ERROR", "HTTPRequest", "HTTPResponseWriter", "PluginHooksServicer", "make_app_error"]

# What a hook without a handler answers, where that is not simply an empty response. The host asks `Implemented` and does not
# call such hooks; other callers may.
_ABSENT: Dict[str, Callable[[HookMethod, Message], Message]] = {
    "ExecuteCommand": lambda hook, request: hook.response(
        error=_answers.app_error(hook, request, "this plugin has no commands", suffix="not_implemented", status_code=501)
    ),
    "MessagesWillBeConsumed": _answers.unchanged,
    "OnSharedChannelsPing": lambda hook, request: hook.response(healthy=True),
}

# What a failing handler is answered with, by shape.
_FAILED: Dict[Shape, Callable[[HookMethod, Message, str], Message]] = {
    Shape.NOTIFY: lambda hook, request, text: hook.response(),
    Shape.FALLIBLE: lambda hook, request, text: hook.response(error=_answers.app_error(hook, request, text)),
    Shape.FILTER: lambda hook, request, text: hook.response(rejection_reason=f"Plugin error: {text}"),
    Shape.TRANSFORM: lambda hook, request, text: _answers.unchanged(hook, request),
    Shape.QUERY: lambda hook, request, text: hook.response(),
}


class PluginHooksServicer:
    """The hooks service of one plugin."""

    def __init__(self, plugin: Plugin, timeout: float = DEFAULT_HOOK_TIMEOUT, logger: Optional[logging.Logger] = None) -> None:
        self.plugin = plugin
        self.calls = 0  # hooks that are being answered now
        self._idle: Optional[asyncio.Event] = None
        self._logger = logger or logging.getLogger("mattermost_plugin.hooks")
        self._runner = HookRunner(timeout, self._logger)

    def generic_handler(self) -> grpc.GenericRpcHandler:
        """The service as a gRPC server takes it."""
        methods = {
            hook.name: self._stream_handler(hook) if hook.shape is Shape.STREAM else self._method_handler(hook)
            for hook in HOOKS.values()
        }
        return grpc.method_handlers_generic_handler(HOOKS_SERVICE_NAME, methods)

    async def answer(self, hook: HookMethod, request: Any) -> Message:
        """The response to one hook call."""
        if hook.name == "Implemented":
            return hook.response(hooks=self.plugin.implemented_hooks())
        handler = self.plugin.get_hook_handler(hook.name)
        if handler is None:
            absent = _ABSENT.get(hook.name)
            return absent(hook, request) if absent else hook.response()
        arguments = hook.handler_arguments(request)
        value, error = await self._runner.invoke(handler, *arguments, hook_name=hook.name)
        if error is None:
            try:
                return _answers.response(hook, request, value)
            except Exception as wrong:  # WrongReturnError, or a text or number that no message can hold
                name = f"{type(self.plugin).__name__}.{getattr(handler, '__name__', hook.name)}"
                what = str(wrong) if isinstance(wrong, WrongReturnError) else f"returned what cannot be sent: {wrong}"
                text = f"{hook.name} handler {name} {what}"
                self._logger.error("%s", text)
        else:
            text = _message_of(error)
        return _FAILED[hook.shape](hook, request, text)

    async def wait_until_idle(self, seconds: float) -> bool:
        """Wait for calls that are being answered; False if there are still some after that time."""
        deadline = time.monotonic() + seconds
        while self.calls:
            self._idle = asyncio.Event()
            try:
                await asyncio.wait_for(self._idle.wait(), deadline - time.monotonic())
            except asyncio.TimeoutError:
                return False
        return True

    def _method_handler(self, hook: HookMethod) -> grpc.RpcMethodHandler[Any, Any]:
        # A coroutine function proper, not a partial: grpcio on Python 3.9 would not await that.
        async def serve(request: Any, context: Any) -> Message:
            del context  # its status stays OK: see the invariant
            with self._in_flight():
                return await self.answer(hook, request)

        return grpc.unary_unary_rpc_method_handler(serve, hook.request.FromString, hook.response.SerializeToString)

    def _stream_handler(self, hook: HookMethod) -> grpc.RpcMethodHandler[Any, Any]:
        async def serve(incoming: Any, context: Any) -> AsyncIterator[Message]:
            with self._in_flight():
                try:
                    messages = await serve_http(self.plugin, self._runner, incoming)
                except BrokenStreamError as error:
                    await context.abort(error.code, str(error))
                for message in messages:
                    yield message

        return grpc.stream_stream_rpc_method_handler(serve, hook.request.FromString, hook.response.SerializeToString)

    @contextmanager
    def _in_flight(self) -> Iterator[None]:
        self.calls += 1
        try:
            yield
        finally:
            self.calls -= 1
            if self.calls == 0 and self._idle is not None:
                self._idle.set()


def _message_of(error: Exception) -> str:
    cause = error.original_error if isinstance(error, HookInvocationError) else error
    text = str(cause) or type(cause).__name__
    return text.encode("utf-8", "backslashreplace").decode()  # a message holds no half surrogates


def make_app_error(
    message: str, error_id: str = "plugin.error", detailed_error: str = "", status_code: int = 500, where: str = ""
) -> AppError:
    """An AppError of a plugin's own, to be returned by a handler."""
    return AppError(id=error_id, message=message, detailed_error=detailed_error, status_code=status_code, where=where)
