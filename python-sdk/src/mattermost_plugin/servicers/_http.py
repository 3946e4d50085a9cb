"""`HTTPRequest` and `HTTPResponseWriter`: what a ServeHTTP handler reads and writes. No threads, no gRPC.

Both hold the whole body in memory. Header names are compared without regard to case.
"""

from __future__ import annotations

import logging
from typing import Any, Dict, Iterable, List, Optional, Tuple, Union

from mattermost_plugin.grpc.hooks_http_pb2 import HTTPHeader, ServeHTTPRequestInit, ServeHTTPResponse, ServeHTTPResponseInit

MAX_CHUNK_SIZE = 64 * 1024  # the contract's recommendation for one message

_logger = logging.getLogger("mattermost_plugin.http")


class HTTPRequest:
    """One HTTP request to the plugin's routes."""

    def __init__(self, init: ServeHTTPRequestInit, body: bytes = b"") -> None:
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
        self.body = body

    def get_header(self, name: str, default: str = "") -> str:
        """The first value of a header."""
        values = self.get_all_headers(name)
        return values[0] if values else default

    def get_all_headers(self, name: str) -> List[str]:
        """All values of a header."""
        return [value for key, values in self.headers.items() if key.lower() == name.lower() for value in values]


class HTTPResponseWriter:
    """Gathers a response; it is sent when the handler has returned."""

    MAX_CHUNK_SIZE = MAX_CHUNK_SIZE

    def __init__(self) -> None:
        self.headers: Dict[str, List[str]] = {}
        self.status_code = 200
        self._status_written = False
        self._writes: List[Tuple[bytes, bool]] = []  # what was written, and whether to flush after it

    def set_header(self, name: str, value: str) -> None:
        """Set a header, replacing what it had."""
        if self._may_change_headers(name):
            for spelling in [key for key in self.headers if key.lower() == name.lower()]:
                del self.headers[spelling]
            self.headers[name] = [_header_value(name, value)]

    def add_header(self, name: str, value: str) -> None:
        """Add a value to a header, such as one more Set-Cookie."""
        if self._may_change_headers(name):
            spelling = next((key for key in self.headers if key.lower() == name.lower()), name)
            self.headers.setdefault(spelling, []).append(_header_value(name, value))

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
        """Append to the body; a str goes as UTF-8. Returns the number of bytes."""
        if not isinstance(data, (str, bytes, bytearray, memoryview)):
            raise TypeError(f"a body is made of bytes or str, not {type(data).__name__}")
        piece = data.encode() if isinstance(data, str) else bytes(data)
        self._status_written = True
        self._writes.append((piece, False))
        return len(piece)

    def flush(self) -> None:
        """Ask the server to hand on to the client what was written so far."""
        self._status_written = True
        if self._writes:
            self._writes[-1] = (self._writes[-1][0], True)
        else:
            self._writes.append((b"", True))

    def get_body(self) -> bytes:
        """Everything that was written."""
        return b"".join(piece for piece, _ in self._writes)

    def get_pending_writes(self) -> List[Tuple[bytes, bool]]:
        """Every write, with whether it is flushed."""
        return list(self._writes)

    def clear_pending_writes(self) -> None:
        """Forget what was written."""
        self._writes.clear()

    def messages(self) -> Iterable[ServeHTTPResponse]:
        """The response as the stream carries it: init first, pieces of at most 64 KiB, the last one marked."""
        pieces = [part for piece, flush in self._writes for part in _split(piece, flush)] or [(b"", False)]
        init: Optional[ServeHTTPResponseInit] = ServeHTTPResponseInit(
            status_code=self.status_code, headers=[HTTPHeader(key=key, values=values) for key, values in self.headers.items()]
        )
        for number, (piece, flush) in enumerate(pieces, 1):
            yield ServeHTTPResponse(init=init, body_chunk=piece, flush=flush, body_complete=number == len(pieces))
            init = None

    def _may_change_headers(self, name: str) -> bool:
        if self._writes:
            _logger.warning("header %s is ignored: the response has begun", name)
        return not self._writes


def plain_response(status_code: int, text: str) -> HTTPResponseWriter:
    """A response of a line of text."""
    writer = HTTPResponseWriter()
    writer.set_header("Content-Type", "text/plain; charset=utf-8")
    writer.write_header(status_code)
    writer.write(f"{text}\n")
    return writer


def _header_value(name: str, value: Any) -> str:
    text = str(value)
    if not name or any(character in name + text for character in "\r\n\0"):
        raise ValueError(f"{name!r}: {text!r} is not an HTTP header")
    return text


def _split(piece: bytes, flush: bool) -> Iterable[Tuple[bytes, bool]]:
    for start in range(0, max(len(piece), 1), MAX_CHUNK_SIZE):
        part = piece[start : start + MAX_CHUNK_SIZE]
        yield part, flush and start + MAX_CHUNK_SIZE >= len(piece)
