"""The ServeHTTP stream: gather the request, run the handler, send the response.

Bodies are held whole: the handler runs when the request is complete, the response goes out when the handler has returned. What
the handler raises is logged and never shown to the HTTP client.
"""

from __future__ import annotations

import logging
from typing import Any, AsyncIterator, Iterable, List, Optional

import grpc

from mattermost_plugin._internal.hook_runner import HookRunner, Runnable, log_failure
from mattermost_plugin.grpc.hooks_http_pb2 import ServeHTTPRequest, ServeHTTPResponse
from mattermost_plugin.servicers._http import HTTPRequest, HTTPResponseWriter, plain_response

_logger = logging.getLogger("mattermost_plugin.http")


class BrokenStreamError(Exception):
    """The host's side of the stream is not as the contract says, or ended too early."""

    def __init__(self, code: grpc.StatusCode, text: str) -> None:
        super().__init__(text)
        self.code = code


async def serve_http(
    runnable: Optional[Runnable], runner: HookRunner, incoming: AsyncIterator[ServeHTTPRequest]
) -> Iterable[ServeHTTPResponse]:
    """The response's messages to the request on a stream; BrokenStreamError when the request is none."""
    request = await read_request(incoming)
    if runnable is None:
        return plain_response(404, "Not Found").messages()
    writer = HTTPResponseWriter()
    _, error = await runner.run(runnable, (request.plugin_context, writer, request), request)
    if error is None:
        try:
            return list(writer.messages())
        except Exception as wrong:  # a header that no message can hold
            _logger.error("the ServeHTTP handler wrote what cannot be sent: %s", wrong)
    else:
        log_failure(_logger, runnable.hook_name, error)
    return plain_response(500, "Internal Server Error").messages()


async def read_request(incoming: AsyncIterator[ServeHTTPRequest]) -> HTTPRequest:
    """The whole request."""
    init: Any = None
    chunks: List[bytes] = []
    async for message in incoming:
        if init is None:
            if not message.HasField("init"):
                raise BrokenStreamError(grpc.StatusCode.INVALID_ARGUMENT, "the first message has no init")
            init = message.init
        elif message.HasField("init"):
            raise BrokenStreamError(grpc.StatusCode.INVALID_ARGUMENT, "a later message has an init")
        if message.body_chunk:
            chunks.append(message.body_chunk)
        if message.body_complete:
            return HTTPRequest(init, b"".join(chunks))
    if init is None:
        raise BrokenStreamError(grpc.StatusCode.INVALID_ARGUMENT, "the stream ended before its first message")
    raise BrokenStreamError(grpc.StatusCode.ABORTED, "the stream ended before the body was complete")
