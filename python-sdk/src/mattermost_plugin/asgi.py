"""Mounts an ASGI application, such as one of Starlette or FastAPI, at a plugin's routes.

    class Site(Plugin):
        serve_http = ASGIAdapter(app).handler()

Both bodies stream. In `scope` the application finds `mattermost.plugin`, the plugin, and `mattermost.plugin_context`. The path
is whole, and `root_path` is the part of it that leads to the plugin. The application's lifespan begins with the first request,
or when `startup` is awaited, say by OnActivate; it ends when `shutdown` is awaited, say by OnDeactivate.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
from typing import Any, Awaitable, Callable, Dict, List, MutableMapping, Optional
from urllib.parse import unquote

from mattermost_plugin import _mounted
from mattermost_plugin._hook_context import HookCancelledError
from mattermost_plugin.http import HTTPRequest, HTTPResponseWriter
from mattermost_plugin.plugin import Plugin

__all__ = ["ASGIAdapter"]

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Any, Any, Any], Awaitable[Any]]

# Seconds that an application has to end by itself when its client is gone.
GRACE = 5.0

_VERSIONS = {"version": "3.0", "spec_version": "2.4"}
_logger = logging.getLogger("mattermost_plugin.asgi")


class ASGIAdapter:
    """Serves requests by an ASGI application."""

    def __init__(self, app: Application, *, grace: float = GRACE) -> None:
        self._app = app
        self._grace = grace
        self._lifespan: Optional[_Lifespan] = None

    def handler(self, timeout: Optional[float] = None) -> Callable[..., Awaitable[None]]:
        """A handler of ServeHTTP, to be an attribute of a plugin's class."""

        async def serve(plugin: Plugin, plugin_context: Any, writer: HTTPResponseWriter, request: HTTPRequest) -> None:
            await self.serve(writer, request, plugin)

        return _mounted.mark(serve, timeout)

    async def startup(self) -> None:
        """Begin the application's lifespan, if that has not been done; RuntimeError when the application refuses."""
        if self._lifespan is None:
            self._lifespan = _Lifespan(self._app)
        await self._lifespan.started()

    async def shutdown(self) -> None:
        """End the application's lifespan; it would begin anew with the next request."""
        lifespan, self._lifespan = self._lifespan, None
        if lifespan is not None:
            await lifespan.end()

    async def serve(self, writer: HTTPResponseWriter, request: HTTPRequest, plugin: Optional[Plugin] = None) -> None:
        """Answer one request; for handlers that do more than this."""
        await self.startup()
        assert self._lifespan is not None  # noqa: S101 - it was started
        cycle = _Cycle(writer, request)
        scope = {**_scope(request), "state": dict(self._lifespan.state), **_mounted.mattermost_keys(request, plugin)}
        running = asyncio.ensure_future(self._app(scope, cycle.receive, cycle.send))
        try:
            await asyncio.wait({running})
        except asyncio.CancelledError:
            cycle.over.set()
            cycle.client_gone = True
            await self._see_off(running)
            raise
        running.result()
        if not cycle.complete:
            raise RuntimeError("the application has returned without a complete response")

    async def _see_off(self, running: asyncio.Future[Any]) -> None:
        """Let the application end by itself, and after a while make it."""
        await asyncio.wait({running}, timeout=self._grace)
        if not running.done():
            running.cancel()
            await asyncio.wait({running}, timeout=self._grace)
        if running.done() and not running.cancelled() and running.exception() is not None:
            _logger.debug("the application ended when its client was gone", exc_info=running.exception())


def _scope(request: HTTPRequest) -> Dict[str, Any]:
    target = _mounted.target_of(request)
    raw_path = target.root + target.path
    return {
        "type": "http",
        "asgi": _VERSIONS,
        "http_version": str(request.proto_major) if request.proto_major > 1 else f"1.{request.proto_minor}",
        "method": request.method.upper(),
        "scheme": target.scheme,
        "path": unquote(raw_path),
        "raw_path": raw_path.encode(),
        "query_string": target.query.encode(),
        "root_path": unquote(target.root),
        "headers": [(name.encode(), value) for name, value in _mounted.headers_of(request)],
        "client": _mounted.address_of(request.remote_addr, 0),
        "server": _mounted.address_of(request.host, 443 if target.scheme == "https" else 80),
        "extensions": {},
    }


class _Cycle:
    """What one request's application receives and sends."""

    def __init__(self, writer: HTTPResponseWriter, request: HTTPRequest) -> None:
        self._writer = writer
        self._stream = request.stream()
        self._body_complete = False
        self._started = False
        self.complete = False
        self.client_gone = False
        self.over = asyncio.Event()  # the response is complete, or the client is gone

    async def receive(self) -> Message:
        if not self._body_complete and not self.over.is_set():
            try:
                return {"type": "http.request", "body": await self._stream.__anext__(), "more_body": True}
            except StopAsyncIteration:
                self._body_complete = True
                return {"type": "http.request", "body": b"", "more_body": False}
            except HookCancelledError:
                self.client_gone = True
                return {"type": "http.disconnect"}
        await self.over.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if self.client_gone:
            raise OSError("the client is gone")
        kind = message["type"]
        if kind == "http.response.start" and not self._started:
            headers = [(bytes(name).decode("latin-1"), bytes(value)) for name, value in message.get("headers", ())]
            _mounted.begin(self._writer, message["status"], headers)
            self._started = True
        elif kind == "http.response.body" and self._started and not self.complete:
            try:
                await self._body(message.get("body", b""), more=message.get("more_body", False))
            except HookCancelledError as gone:
                raise OSError(str(gone)) from None
        else:
            raise RuntimeError(f"the application sent {kind} where that does not belong")

    async def _body(self, body: bytes, *, more: bool) -> None:
        if body:
            self._writer.write(body)
        if more:
            self._writer.flush()
            await self._writer.drain()
        else:
            self.complete = True
            self.over.set()


class _Lifespan:
    """An application's lifespan, from its task's beginning to its end."""

    def __init__(self, app: Application) -> None:
        self.state: Dict[str, Any] = {}
        self._app = app
        self._refusal = ""
        self._ready = asyncio.Event()
        self._ending = asyncio.Event()
        self._told: List[str] = []
        # Not in the context of the request that happens to be the first.
        self._task: asyncio.Future[None] = contextvars.Context().run(asyncio.ensure_future, self._run())

    async def started(self) -> None:
        await self._ready.wait()
        if self._refusal:
            raise RuntimeError(f"the application did not start: {self._refusal}")

    async def end(self) -> None:
        self._ending.set()
        await asyncio.shield(self._task)

    async def _run(self) -> None:
        scope = {"type": "lifespan", "asgi": _VERSIONS, "state": self.state}
        try:
            await self._app(scope, self._receive, self._send)
        except Exception as error:
            if self._ready.is_set():
                _logger.error("the application's lifespan failed", exc_info=error)
            else:  # it need not know of lifespans
                _logger.debug("the application has no lifespan", exc_info=error)
        finally:
            self._ready.set()

    async def _receive(self) -> Message:
        if "startup" not in self._told:
            self._told.append("startup")
            return {"type": "lifespan.startup"}
        await self._ending.wait()
        return {"type": "lifespan.shutdown"}

    async def _send(self, message: Message) -> None:
        kind = message["type"]
        if kind == "lifespan.startup.failed":
            self._refusal = message.get("message", "") or "it gave no reason"
        if kind == "lifespan.shutdown.failed":
            _logger.error("the application failed to shut down: %s", message.get("message", ""))
        if kind.startswith("lifespan.startup."):
            self._ready.set()
