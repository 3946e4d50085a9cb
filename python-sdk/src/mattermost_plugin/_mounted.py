"""What `asgi` and `wsgi` have in common: how a ServeHTTP request looks to an application that knows nothing of plugins. Pure.

Applications see bytes where the contract has text. Its text is UTF-8, so nothing is lost either way.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple, TypeVar
from urllib.parse import urlsplit

from mattermost_plugin.hooks import HookName, hook
from mattermost_plugin.servicers._forms import split_url
from mattermost_plugin.servicers._http import HTTPRequest, HTTPResponseWriter

Handler = TypeVar("Handler", bound=Callable[..., Any])


class Target(NamedTuple):
    """Where a request goes, percent-encoded as it came."""

    root: str  # the path of the plugin itself, such as /plugins/com.example.web
    path: str  # what follows, from its slash on
    query: str
    scheme: str


def target_of(request: HTTPRequest) -> Target:
    """The parts of a request's URL. What the server cut off is found by the path as it was received."""
    path, query = split_url(request.url)
    if not path.startswith("/"):
        path = f"/{path}"
    received = split_url(request.request_uri)[0]
    root = received[: -len(path)] if received.endswith(path) else ""
    scheme = urlsplit(request.url).scheme if not request.url.startswith("/") else ""
    return Target(root.rstrip("/"), path, query, scheme or "http")


def headers_of(request: HTTPRequest) -> List[Tuple[str, bytes]]:
    """The request's headers, names in lower case; with those that Go servers keep beside the headers."""
    lines = [(name.lower(), value.encode()) for name, values in request.headers.items() for value in values]
    names = {name for name, _ in lines}
    if request.host and "host" not in names:
        lines.insert(0, ("host", request.host.encode()))
    if request.content_length > 0 and "content-length" not in names:
        lines.append(("content-length", str(request.content_length).encode()))
    return lines


def address_of(text: str, default_port: int) -> Optional[Tuple[str, int]]:
    """Host and port of `host:port`, `[host]:port` or `host`."""
    try:
        parts = urlsplit(f"//{text}")
        return (parts.hostname, default_port if parts.port is None else parts.port) if parts.hostname else None
    except ValueError:
        return None


def text_of(value: bytes) -> str:
    """A response's header value as the contract has it."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def begin(writer: HTTPResponseWriter, status: int, headers: List[Tuple[str, bytes]]) -> None:
    """Settle status and headers of a response."""
    writer.write_header(status)
    for name, value in headers:
        writer.add_header(name, text_of(value).strip())


def mattermost_keys(request: HTTPRequest, plugin: Any) -> Dict[str, Any]:
    """What an application finds in `scope` or `environ` of the plugin that it belongs to."""
    return {"mattermost.plugin": plugin, "mattermost.plugin_context": request.plugin_context}


def mark(handler: Handler, timeout: Optional[float]) -> Handler:
    """Make a function a plugin's handler of ServeHTTP."""
    handler.__name__ = "serve_http"
    return hook(HookName.ServeHTTP, timeout=timeout, stream=True)(handler)
