"""Mounts a WSGI application, such as one of Flask or Django, at a plugin's routes.

    class Site(Plugin):
        serve_http = WSGIAdapter(app).handler()

Both bodies stream, and each block that the application yields leaves at once. In `environ` the application finds
`mattermost.plugin`, the plugin, and `mattermost.plugin_context`. SCRIPT_NAME is the part of the path that leads to the plugin.
"""

from __future__ import annotations

import io
import sys
from typing import Any, Callable, Dict, Iterable, List, Optional, Tuple
from urllib.parse import unquote_to_bytes

from mattermost_plugin import _mounted
from mattermost_plugin._version import __version__
from mattermost_plugin.http import HTTPRequest, HTTPResponseWriter, RequestStream
from mattermost_plugin.plugin import Plugin

__all__ = ["WSGIAdapter"]

Application = Callable[[Dict[str, Any], Any], Iterable[bytes]]

# Headers whose variables have names of their own.
_PLAIN = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}


class WSGIAdapter:
    """Serves requests by a WSGI application, each in a thread."""

    def __init__(self, app: Application) -> None:
        self._app = app

    def handler(self, timeout: Optional[float] = None) -> Callable[..., None]:
        """A handler of ServeHTTP, to be an attribute of a plugin's class."""

        def serve(plugin: Plugin, plugin_context: Any, writer: HTTPResponseWriter, request: HTTPRequest) -> None:
            self.serve(writer, request, plugin)

        return _mounted.mark(serve, timeout)

    def serve(self, writer: HTTPResponseWriter, request: HTTPRequest, plugin: Optional[Plugin] = None) -> None:
        """Answer one request; for handlers that do more than this."""
        response = _Response(writer)
        blocks = self._app({**_environ(request), **_mounted.mattermost_keys(request, plugin)}, response.start)
        try:
            only_one = isinstance(blocks, (list, tuple)) and len(blocks) == 1
            for block in blocks:
                response.write(block, flush=not only_one)
            response.begin()
        finally:
            close = getattr(blocks, "close", None)
            if close is not None:
                close()


def _environ(request: HTTPRequest) -> Dict[str, Any]:
    target = _mounted.target_of(request)
    server = _mounted.address_of(request.host, 443 if target.scheme == "https" else 80) or ("localhost", 80)
    environ: Dict[str, Any] = {
        "REQUEST_METHOD": request.method.upper(),
        "SCRIPT_NAME": unquote_to_bytes(target.root).decode("latin-1"),
        "PATH_INFO": unquote_to_bytes(target.path).decode("latin-1"),
        "QUERY_STRING": target.query.encode().decode("latin-1"),
        "REQUEST_URI": request.request_uri.encode().decode("latin-1"),
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "SERVER_PROTOCOL": request.proto or "HTTP/1.1",
        "SERVER_SOFTWARE": f"mattermost-plugin-sdk/{__version__}",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": target.scheme,
        "wsgi.input": io.BufferedReader(_Input(request.stream()), 64 * 1024),
        "wsgi.input_terminated": True,  # it ends where the body does, with or without a Content-Length
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    client = _mounted.address_of(request.remote_addr, 0)
    if client is not None:
        environ["REMOTE_ADDR"], environ["REMOTE_PORT"] = client[0], str(client[1])
    for name, value in _mounted.headers_of(request):
        if "_" in name:  # such a name would pass for another one, with a hyphen, that the server may vouch for
            continue
        key = _PLAIN.get(name) or f"HTTP_{name.upper().replace('-', '_')}"
        text = value.decode("latin-1")
        environ[key] = f"{environ[key]}{'; ' if name == 'cookie' else ','}{text}" if key in environ else text
    return environ


class _Input(io.RawIOBase):
    """A request's body as a file."""

    def __init__(self, stream: RequestStream) -> None:
        self._stream = stream
        self._piece = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._piece:
            self._piece = memoryview(next(self._stream, b""))
        length = min(len(buffer), len(self._piece))
        buffer[:length] = self._piece[:length]
        self._piece = self._piece[length:]
        return length


class _Response:
    """What an application says about its response, until the first byte of the body settles it."""

    def __init__(self, writer: HTTPResponseWriter) -> None:
        self._writer = writer
        self._head: Optional[Tuple[int, List[Tuple[str, bytes]]]] = None
        self._begun = False

    def start(self, status: str, headers: Iterable[Tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], None]:
        """The application's `start_response`."""
        try:
            if exc_info is not None and self._begun:
                raise exc_info[1].with_traceback(exc_info[2])
            if exc_info is None and self._head is not None:
                raise AssertionError("start_response was called before, and without exc_info it may not be again")
        finally:
            exc_info = None  # it would keep this frame, which keeps it
        self._head = (int(status[:3]), [(name, value.encode("latin-1")) for name, value in headers])
        return lambda block: self.write(block, flush=True)

    def write(self, block: bytes, *, flush: bool) -> None:
        """Send a block of the body."""
        if not block:
            return
        self.begin()
        self._writer.write(block)
        if flush:
            self._writer.flush()

    def begin(self) -> None:
        """Settle status and headers."""
        if self._begun:
            return
        if self._head is None:
            raise RuntimeError("the application did not call start_response")
        self._begun = True
        _mounted.begin(self._writer, *self._head)
