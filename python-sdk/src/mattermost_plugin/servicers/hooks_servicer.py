"""The hooks service as a gRPC server takes it: unary hooks are answered by `_answering.py`, ServeHTTP by `_serve_http.py`.

Invariant: the host sees a gRPC status only for what the host did, never for what a plugin's author did; except for an HTTP
response that its handler cannot complete, as there is no other way left to tell.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, Optional

import grpc
import grpc.aio
from google.protobuf.message import DecodeError, Message

from mattermost_plugin._contract import HOOKS, HOOKS_SERVICE_NAME, HookMethod, Shape
from mattermost_plugin._internal.hook_runner import DEFAULT_HOOK_TIMEOUT, HookRunner, Runnable
from mattermost_plugin.grpc.common_pb2 import AppError
from mattermost_plugin.plugin import Plugin
from mattermost_plugin.servicers._answering import Answering, answering
from mattermost_plugin.servicers._answers import DISMISS_POST_ERROR
from mattermost_plugin.servicers._http import HTTPRequest, HTTPResponseWriter
from mattermost_plugin.servicers._serve_http import BrokenStreamError, serve_http

__all__ = ["DISMISS_POST_ERROR", "HTTPRequest", "HTTPResponseWriter", "PluginHooksServicer", "make_app_error"]

# How long gRPC may take to cancel a stream whose host is gone.
_SECONDS_TO_CANCEL = 5.0


class PluginHooksServicer:
    """The hooks service of one plugin."""

    def __init__(self, plugin: Plugin, timeout: float = DEFAULT_HOOK_TIMEOUT) -> None:
        self.plugin = plugin
        self.calls = 0  # hooks that are being answered now
        self._idle: Optional[asyncio.Event] = None
        self._runner = HookRunner(timeout)

    def generic_handler(self) -> grpc.GenericRpcHandler:
        """The service as a gRPC server takes it."""
        methods = {
            hook.name: self._stream_handler(hook) if hook.shape is Shape.STREAM else self._method_handler(hook)
            for hook in HOOKS.values()
        }
        return grpc.method_handlers_generic_handler(HOOKS_SERVICE_NAME, methods)

    def answering(self, name: str) -> Answering:
        """What answers a unary hook: takes the request's bytes, gives the response."""
        return answering(self.plugin, HOOKS[name], self._runner)

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
        answer = self.answering(hook.name)

        # A coroutine function proper, not a partial: grpcio on Python 3.9 would not await that.
        async def serve(wire: bytes, context: Any) -> Message:
            self.calls += 1
            try:
                return await answer(wire)
            except DecodeError as error:
                text = f"{hook.name}: the request is not a {hook.request.DESCRIPTOR.name}: {error}"
                await context.abort(grpc.StatusCode.INVALID_ARGUMENT, text)
                raise
            finally:
                self._left()

        return grpc.unary_unary_rpc_method_handler(serve, None, hook.response.SerializeToString)

    def _stream_handler(self, hook: HookMethod) -> grpc.RpcMethodHandler[Any, Any]:
        runnable = Runnable.of(self.plugin, hook.name)

        async def serve(_: Any, context: Any) -> None:
            async def send(frame: bytes) -> None:
                try:
                    await context.write(frame)
                except grpc.aio.InternalError:  # the host is gone, and the cancellation that says so is on its way
                    await asyncio.sleep(_SECONDS_TO_CANCEL)
                    raise

            self.calls += 1
            try:
                await serve_http(runnable, self._runner, context.read, send)
            except BrokenStreamError as error:
                await context.abort(error.code, str(error))
            finally:
                self._left()

        return grpc.stream_stream_rpc_method_handler(serve, None, None)

    def _left(self) -> None:
        self.calls -= 1
        if self.calls == 0 and self._idle is not None:
            self._idle.set()


def make_app_error(
    message: str, error_id: str = "plugin.error", detailed_error: str = "", status_code: int = 500, where: str = ""
) -> AppError:
    """An AppError of a plugin's own, to be returned by a handler."""
    return AppError(id=error_id, message=message, detailed_error=detailed_error, status_code=status_code, where=where)
