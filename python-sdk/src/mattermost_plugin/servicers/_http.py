"""`HTTPRequest` and `HTTPResponseWriter`: what a ServeHTTP handler reads and writes. No threads, no gRPC.

Both work by themselves, as in a unit test, or at the end of a pipe. Header names are compared without regard to case.
"""

from __future__ import annotations

import json
import logging
import re
from collections import deque
from functools import cached_property
from typing import Any, AsyncIterator, Callable, Deque, Dict, Iterator, List, Optional, Tuple, Union
from urllib.parse import unquote

from mattermost_plugin.grpc.hooks_http_pb2 import ServeHTTPRequestInit
from mattermost_plugin.servicers._forms import Form, HTTPRequestError, parse_cookies, parse_form, parse_query, split_url
from mattermost_plugin.servicers._frames import MAX_CHUNK_SIZE, response_frame, response_head
from mattermost_plugin.servicers._inbound import Inbound, Whole
from mattermost_plugin.servicers._outbound import Outbound
from mattermost_plugin.servicers._pipe import on_a_loop

_logger = logging.getLogger("mattermost_plugin.http")


class RequestStream:
    """The request's body, piece by piece: `for` in plain handlers, `async for` in coroutine ones. Each piece comes once."""

    def __init__(self, source: Union[Inbound, Whole]) -> None:
        self._source = source
        self._batch: Deque[bytes] = deque()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if on_a_loop():
            raise RuntimeError("`for` over request.stream() would block the event loop: use `async for`")
        if not self._batch:
            self._batch = self._source.take()
        if not self._batch:
            raise StopIteration
        return self._batch.popleft()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if not self._batch:
            self._batch = await self._source.take_async()
        if not self._batch:
            raise StopAsyncIteration
        return self._batch.popleft()


class HTTPRequest:
    """One HTTP request to the plugin's routes."""

    def __init__(self, init: ServeHTTPRequestInit, body: Union[bytes, Inbound, Whole] = b"") -> None:
        self.method: str = init.method
        self.url: str = init.url
        self.proto: str = init.proto
        self.proto_major: int = init.proto_major
        self.proto_minor: int = init.proto_minor
        self.headers: Dict[str, List[str]] = {}
        for header in init.headers:
            self.headers.setdefault(header.key, []).extend(header.values)
        self.host: str = init.host
        self.remote_addr: str = init.remote_addr
        self.request_uri: str = init.request_uri
        self.content_length: int = init.content_length  # -1 when the client did not say
        self.plugin_context = init.plugin_context
        self._body = body
        self._stream: Optional[RequestStream] = None
        self._is_cancelled: Callable[[], bool] = lambda: False  # the SDK puts something better here

    @property
    def body(self) -> bytes:
        """The whole body; not for handlers that asked for a stream."""
        if not isinstance(self._body, bytes):
            raise RuntimeError(
                "this handler is marked stream=True, so it starts before the body is here: read it by `for piece in "
                "request.stream()`, or `async for` in a coroutine; or leave out stream=True to have request.body"
            )
        return self._body

    def stream(self) -> RequestStream:
        """The body's pieces as they come, to be read once. Raises HookCancelledError when the client is gone."""
        if self._stream is None:
            self._stream = RequestStream(Whole(self._body) if isinstance(self._body, bytes) else self._body)
        return self._stream

    @property
    def cancelled(self) -> bool:
        """Whether nobody waits for the response any more: the client is gone, or the handler's time is up."""
        return self._is_cancelled()

    def get_header(self, name: str, default: str = "") -> str:
        """The first value of a header."""
        values = self.get_all_headers(name)
        return values[0] if values else default

    def get_all_headers(self, name: str) -> List[str]:
        """All values of a header."""
        return [value for key, values in self.headers.items() if key.lower() == name.lower() for value in values]

    @cached_property
    def path(self) -> str:
        """The path below the plugin's own, decoded: `/a b` for `/a%20b?c=d`."""
        return unquote(split_url(self.url)[0])

    @cached_property
    def query_string(self) -> str:
        """What stands behind the question mark, as it came."""
        return split_url(self.url)[1]

    @cached_property
    def query(self) -> Dict[str, List[str]]:
        """The query's fields, each with all its values."""
        return parse_query(self.query_string)

    def get_query(self, name: str, default: str = "") -> str:
        """The first value of a field of the query."""
        return self.query.get(name, [default])[0]

    @cached_property
    def cookies(self) -> Dict[str, str]:
        """The client's cookies."""
        return parse_cookies(self.get_all_headers("Cookie"))

    def json(self) -> Any:
        """The body's JSON; HTTPRequestError when it is none."""
        if not self.body:
            raise HTTPRequestError("the body is empty, and so no JSON")
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise HTTPRequestError(f"the body is no JSON: {error}") from None
        except RecursionError:
            raise HTTPRequestError("the body is JSON of too many levels") from None

    def form(self) -> Form:
        """The body's form, URL-encoded or multipart; HTTPRequestError when it is none."""
        return parse_form(self.get_header("Content-Type"), self.body)


class HTTPResponseWriter:
    """Writes a response. It leaves when more than 64 KiB are together, at a flush, and at the handler's end."""

    MAX_CHUNK_SIZE = MAX_CHUNK_SIZE

    def __init__(self) -> None:
        self.headers: Dict[str, List[str]] = {}
        self.status_code = 200
        self._status_written = False
        self._begun = False
        self._outbound = Outbound(self._head, attached=False)

    def set_header(self, name: str, value: str) -> None:
        """Set a header, replacing what it had."""
        if self._may_change_headers(name):
            checked = _checked_header(name, value)
            for spelling in [key for key in self.headers if key.lower() == name.lower()]:
                del self.headers[spelling]
            self.headers[name] = [checked]

    def add_header(self, name: str, value: str) -> None:
        """Add a value to a header, such as one more Set-Cookie."""
        if self._may_change_headers(name):
            checked = _checked_header(name, value)
            spelling = next((key for key in self.headers if key.lower() == name.lower()), name)
            self.headers.setdefault(spelling, []).append(checked)

    def write_header(self, status_code: int) -> None:
        """Choose the status: 100 to 999, once, before the first write."""
        if not 100 <= status_code <= 999:
            raise ValueError(f"{status_code} is not an HTTP status: 100 to 999 are")
        if self._status_written:
            _logger.warning("write_header(%d) is ignored: the status is already %d", status_code, self.status_code)
            return
        self.status_code = status_code
        self._status_written = True

    def write(self, data: Union[bytes, bytearray, memoryview, str]) -> int:
        """Append to the body; a str goes as UTF-8. Returns the number of bytes.

        In a plain handler this waits while the client does not keep up. Coroutines `await writer.drain()` for that.
        """
        if not isinstance(data, (str, bytes, bytearray, memoryview)):
            raise TypeError(f"a body is made of bytes or str, not {type(data).__name__}")
        piece = data.encode() if isinstance(data, str) else bytes(data)
        self._outbound.write(piece)
        self._status_written = self._begun = True
        return len(piece)

    def flush(self) -> None:
        """Have what was written so far leave now, and reach the client; before the first write, the headers."""
        self._outbound.flush()
        self._status_written = self._begun = True

    async def drain(self) -> None:
        """Wait until the client has caught up with what was written."""
        await self._outbound.drain()

    def get_body(self) -> bytes:
        """Everything that was written and has not left."""
        return b"".join(piece for piece, _ in self._outbound.pending())

    def get_pending_writes(self) -> List[Tuple[bytes, bool]]:
        """Every write that has not left, with whether it is flushed."""
        return self._outbound.pending()

    def clear_pending_writes(self) -> None:
        """Forget what was written and has not left."""
        self._outbound.clear()
        self._begun = self._outbound.settled

    def _attach(self) -> Outbound:
        """Have the response taken piece by piece from now on."""
        self._outbound = Outbound(self._head, attached=True)
        return self._outbound

    def _head(self) -> bytes:
        headers = {  # anybody can change the dict, and may put one text where a list belongs
            name: [_checked_header(name, value) for value in ([values] if isinstance(values, str) else values)]
            for name, values in self.headers.items()
        }
        return response_head(self.status_code, headers)

    def _may_change_headers(self, name: str) -> bool:
        if self._begun:
            _logger.warning("header %s is ignored: the response has begun", name)
        return not self._begun


def plain_response(status_code: int, text: str) -> bytes:
    """A whole response of a line of text, as the one frame that it is."""
    head = response_head(status_code, {"Content-Type": ["text/plain; charset=utf-8"]})
    return response_frame(head, [f"{text}\n".encode()], False, True)


_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # a token, says RFC 9110
_NO_VALUE = re.compile(r"[\0-\x08\x0a-\x1f\x7f\ud800-\udfff]")


def _checked_header(name: str, value: Any) -> str:
    if not isinstance(name, str) or isinstance(value, (bytes, bytearray, memoryview)):
        raise TypeError(f"{name!r}: {value!r} is not an HTTP header: its name and value are text")
    text = str(value)
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not the name of an HTTP header: letters, digits, and -_.!#$%&'*+^`|~ make one")
    wrong = _NO_VALUE.search(text)
    if wrong:
        raise ValueError(f"the HTTP header {name} cannot have the value {text!r}: {wrong[0]!r} must not be in it")
    return text
