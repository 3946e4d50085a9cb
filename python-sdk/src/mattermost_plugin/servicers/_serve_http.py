"""The ServeHTTP stream: bring the request to the handler, and what it writes to the host, both at once.

Runs on the server's loop. The handler runs elsewhere; between them are the pipes of `_pipe.py`. What the handler raises is
logged and never shown to the HTTP client.
"""

from __future__ import annotations

import asyncio
import io
import logging
from typing import Any, Awaitable, Callable, Optional, Tuple, Type

import grpc
from google.protobuf.message import DecodeError

from mattermost_plugin._hook_context import HookCancelledError
from mattermost_plugin._internal.hook_runner import HookRunner, HookTimeoutError, Runnable, log_failure
from mattermost_plugin.servicers._forms import HTTPRequestError
from mattermost_plugin.servicers._frames import RequestFrame, parse_request
from mattermost_plugin.servicers._http import HTTPRequest, HTTPResponseWriter, plain_response
from mattermost_plugin.servicers._inbound import Inbound, Whole
from mattermost_plugin.servicers._outbound import Outbound

# A message of the host's, or something that is no bytes at the end of its side of the stream.
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[bytes], Awaitable[None]]

_logger = logging.getLogger("mattermost_plugin.http")


class BrokenStreamError(Exception):
    """The stream cannot end well: the host's side is not as the contract says, or the response cannot be completed."""

    def __init__(self, code: grpc.StatusCode, text: str) -> None:
        super().__init__(text)
        self.code = code


async def serve_http(runnable: Optional[Runnable], runner: HookRunner, receive: Receive, send: Send) -> None:
    """Answer one stream; BrokenStreamError when it has to be aborted."""
    frame = _parsed(await receive(), "the stream ended before its first message", grpc.StatusCode.INVALID_ARGUMENT)
    if frame.init is None:
        raise BrokenStreamError(grpc.StatusCode.INVALID_ARGUMENT, "the first message has no init")
    if runnable is None:
        await send(plain_response(404, "Not Found"))
        return
    if not runnable.stream:
        body = frame.piece if frame.complete else await _rest(receive, frame.piece)
        await _Exchange(runner, runnable, HTTPRequest(frame.init, body), send).run(None)
    elif frame.complete:
        await _Exchange(runner, runnable, HTTPRequest(frame.init, Whole(frame.piece)), send).run(None)
    else:
        inbound = Inbound()
        inbound.put(frame.piece, False)
        await _Exchange(runner, runnable, HTTPRequest(frame.init, inbound), send, inbound).run(receive)


class _Exchange:
    """One request at its handler."""

    def __init__(
        self, runner: HookRunner, runnable: Runnable, request: HTTPRequest, send: Send, inbound: Optional[Inbound] = None
    ) -> None:
        self._runner = runner
        self._runnable = runnable
        self._inbound = inbound
        self._send = send
        writer = HTTPResponseWriter()
        self._outbound: Outbound = writer._attach()
        self._call, self._ended = runner.open(runnable, (request.plugin_context, writer, request), request)
        call, outbound = self._call, self._outbound
        request._is_cancelled = lambda: call.cancelled or outbound.closed_by(HookCancelledError)
        self._broken: Optional[BrokenStreamError] = None

    async def run(self, receive: Optional[Receive]) -> None:
        """Run the handler, and both bodies beside it."""
        self._ended.add_done_callback(lambda _: self._outbound.poke())
        pump = asyncio.ensure_future(self._pump(receive)) if receive is not None else None
        closing: Tuple[Type[Exception], str] = (HookCancelledError, "ServeHTTP: the host cancelled the call")
        self._runnable.submit(self._call)
        try:
            await self._send_while_running()
            error = self._ended.result()[1]
            if error is not None:
                closing = (HookCancelledError, f"ServeHTTP: {self._call.cancel_reason or 'the handler failed'}")
            await self._finish(error)
            if error is None:
                closing = (RuntimeError, "the response is complete: the handler has returned")
        except BrokenStreamError as broken:
            if not self._ended.done():
                closing = (HookCancelledError, f"ServeHTTP: {broken}")
            raise
        finally:
            if pump is not None:
                pump.cancel()
            for pipe in (self._outbound, self._inbound):  # first, so that a coroutine that is cancelled finds them closed
                if pipe is not None:
                    pipe.close(*closing)
            if not self._ended.done():
                self._runner.abandon(self._call, closing[1].partition(": ")[2])

    async def _send_while_running(self) -> None:
        while not self._ended.done():
            if self._broken is not None:
                raise self._broken
            frame = self._outbound.take()
            if frame is None:
                await self._outbound.changed()
            else:
                await self._send(frame)
                self._call.restart_clock()

    async def _finish(self, error: Optional[BaseException]) -> None:
        """Send what is left of the response, or what stands for one that failed."""
        if error is None:
            try:
                self._outbound.end()
            except Exception as wrong:  # a header that no message can hold
                error = wrong
        if error is not None:
            await self._fail(error)
            return
        while not self._outbound.complete:
            frame = self._outbound.take()
            assert frame is not None  # noqa: S101 - an ended response has a frame until it is complete
            await self._send(frame)

    async def _fail(self, error: BaseException) -> None:
        refused = isinstance(error, HTTPRequestError) and not self._outbound.settled
        if refused:
            _logger.warning("ServeHTTP refused a request: %s", error)
        else:
            log_failure(_logger, self._runnable.hook_name, error)
        if self._outbound.settled:
            text = "the handler failed after its response had begun"
            if isinstance(error, HookTimeoutError):  # perhaps as nobody takes what it wrote
                raise BrokenStreamError(grpc.StatusCode.DEADLINE_EXCEEDED, text)
            for frame in iter(self._outbound.take, None):  # what it had flushed
                await self._send(frame)
            raise BrokenStreamError(grpc.StatusCode.INTERNAL, text)
        await self._send(plain_response(400, "Bad Request") if refused else plain_response(500, "Internal Server Error"))

    async def _pump(self, receive: Receive) -> None:
        """Bring the request's body, as far as the handler keeps up."""
        inbound = self._inbound
        assert inbound is not None  # noqa: S101 - made for requests that stream
        try:
            while True:
                if not inbound.has_room():
                    await inbound.room()
                piece, complete = _later(await receive())
                self._call.restart_clock()
                inbound.put(piece, complete)
                if complete:
                    return
        except BrokenStreamError as broken:
            self._broken = broken
            self._outbound.poke()


async def _rest(receive: Receive, first: bytes) -> bytes:
    """A whole body. Gathered where it can stay, as a list of pieces would have to be copied into one."""
    body = io.BytesIO()
    body.write(first)
    while True:
        piece, complete = _later(await receive())
        body.write(piece)
        if complete:
            return body.getvalue()


def _later(wire: Any) -> Tuple[bytes, bool]:
    """What a message holds that is not the first."""
    init, piece, complete = _parsed(wire, "the stream ended before the body was complete", grpc.StatusCode.ABORTED)
    if init is not None:
        raise BrokenStreamError(grpc.StatusCode.INVALID_ARGUMENT, "a later message has an init")
    return piece, complete


def _parsed(wire: Any, at_the_end: str, code: grpc.StatusCode) -> RequestFrame:
    if not isinstance(wire, bytes):
        raise BrokenStreamError(code, at_the_end)
    try:
        return parse_request(wire)
    except DecodeError as error:
        raise BrokenStreamError(grpc.StatusCode.INVALID_ARGUMENT, f"a message is not a ServeHTTPRequest: {error}") from None
