"""ASGI applications at a plugin's routes: small ones that look at everything, and one of Starlette."""

from __future__ import annotations

import asyncio
import hashlib
import queue
import threading
from contextlib import asynccontextmanager
from typing import Any, AsyncIterator, Callable, Dict, Iterator, List, Optional

import pytest

from mattermost_plugin import HTTPRequest, HTTPResponseWriter, Plugin, hook, hook_context
from mattermost_plugin._mounted import address_of, target_of
from mattermost_plugin.asgi import ASGIAdapter
from mattermost_plugin.grpc.hooks_http_pb2 import ServeHTTPRequestInit
from mattermost_plugin.testing import ClientGoneError, PluginHarness

SECONDS = 10.0


def site(adapter: Any, **options: Any) -> PluginHarness[Plugin]:
    """A plugin that is nothing but that application."""
    return PluginHarness(type("Site", (Plugin,), {"serve_http": adapter.handler(**options)}))


@pytest.mark.parametrize(
    ("url", "request_uri", "target"),
    [
        ("/a?b=c", "/plugins/x/a?b=c", ("/plugins/x", "/a", "b=c", "http")),
        ("/", "/plugins/x/", ("/plugins/x", "/", "", "http")),
        ("", "/plugins/x", ("", "/", "", "http")),
        ("/a", "/a", ("", "/a", "", "http")),
        ("/a", "/elsewhere", ("", "/a", "", "http")),
        ("//a", "/plugins/x//a", ("/plugins/x", "//a", "", "http")),
        ("https://h/a?b", "/sub/plugins/x/a?b", ("/sub/plugins/x", "/a", "b", "https")),
    ],
)
def test_where_the_plugin_is_mounted(url: str, request_uri: str, target: Any) -> None:
    assert tuple(target_of(HTTPRequest(ServeHTTPRequestInit(url=url, request_uri=request_uri)))) == target


@pytest.mark.parametrize(
    ("text", "address"),
    [("h:1", ("h", 1)), ("h", ("h", 80)), ("[::1]:2", ("::1", 2)), ("", None), ("h:x", None), ("h:99999", None), (":5", None)],
)
def test_addresses(text: str, address: Any) -> None:
    assert address_of(text, 80) == address


def asgi(function: Callable[..., Any], **options: Any) -> ASGIAdapter:
    """An application that has no lifespan."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await function(scope, receive, send)

    return ASGIAdapter(app, **options)


async def start(send: Any, status: int = 200, headers: Any = ()) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})


async def body(send: Any, piece: bytes = b"", *, more: bool = False) -> None:
    await send({"type": "http.response.body", "body": piece, "more_body": more})


async def whole_body(receive: Any) -> List[bytes]:
    pieces = []
    while True:
        message = await receive()
        assert message["type"] == "http.request"
        pieces.append(message["body"])
        if not message["more_body"]:
            return pieces


def test_what_an_application_sees_and_says() -> None:
    scopes: List[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        scopes.append(scope)
        headers = [(b"X-One", b" 1 "), (b"set-cookie", b"a=1"), (b"set-cookie", b"b=\xff"), (b"x-text", "grüß".encode())]
        await start(send, 418, headers)
        await body(send, b"".join(await whole_body(receive))[::-1])

    harness = site(asgi(app))
    answer = harness.http(
        "post",
        "/a%2Fb%20c/%C3%BC?x=1&y=%20",
        headers={"X-Text": "grüß", "Accept": ["a", "b"]},
        body=b"body",
        request_uri="/plugins/com.example.s%20ite/a%2Fb%20c/%C3%BC?x=1&y=%20",
        host="chat.example:8065",
        remote_addr="[2001:db8::1]:4711",
        plugin_context={"session_id": "s"},
    )
    assert (answer.status_code, answer.body, answer.complete) == (418, b"ydob", True)
    assert answer.headers == {"X-One": ["1"], "set-cookie": ["a=1", "b=ÿ"], "x-text": ["grüß"]}
    (scope,) = scopes
    assert scope.pop("mattermost.plugin") is harness.plugin
    assert scope.pop("mattermost.plugin_context").session_id == "s"
    assert sorted(scope.pop("headers")) == [
        (b"accept", b"a"),
        (b"accept", b"b"),
        (b"content-length", b"4"),
        (b"host", b"chat.example:8065"),
        (b"x-text", "grüß".encode()),
    ]
    assert scope == {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/plugins/com.example.s ite/a/b c/ü",
        "raw_path": b"/plugins/com.example.s%20ite/a%2Fb%20c/%C3%BC",
        "query_string": b"x=1&y=%20",
        "root_path": "/plugins/com.example.s ite",
        "client": ("2001:db8::1", 4711),
        "server": ("chat.example", 8065),
        "extensions": {},
        "state": {},
    }
    assert harness.errors == []


def test_a_body_comes_and_goes_in_pieces() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send)
        for piece in await whole_body(receive):
            await body(send, piece, more=True)
        await body(send)

    answer = site(asgi(app)).http("PUT", "/", body=iter([b"a", b"bc", bytes(200_000)]))
    assert answer.chunks == (b"a", b"bc", bytes(65_536), bytes(65_536), bytes(65_536), bytes(200_000 - 3 * 65_536))


def test_a_response_begins_before_the_request_ends() -> None:
    begun = threading.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send)
        await body(send, more=True)
        begun.set()
        await body(send, b"".join(await whole_body(receive)))

    def upload() -> Iterator[bytes]:
        assert begun.wait(SECONDS)
        yield b"late"

    assert site(asgi(app)).http("PUT", "/", body=upload()).body == b"late"


def gone_app(entered: threading.Event, seen: queue.SimpleQueue[Any], how: str) -> Callable[..., Any]:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        entered.set()
        try:
            if how == "receive":
                while (await receive())["type"] != "http.disconnect":
                    pass
                seen.put(await receive())
                await start(send)
            elif how == "send":
                await start(send)
                while True:
                    await body(send, b"x", more=True)
            else:
                await asyncio.Event().wait()
        except BaseException as error:
            seen.put(error)
            raise

    return app


@pytest.mark.parametrize(("how", "expected"), [("receive", dict), ("send", OSError), ("neither", asyncio.CancelledError)])
def test_an_application_whose_client_leaves(how: str, expected: Any) -> None:
    seen: queue.SimpleQueue[Any] = queue.SimpleQueue()
    entered = threading.Event()
    harness = site(asgi(gone_app(entered, seen, how), grace=0.05 if how == "neither" else SECONDS))

    def upload() -> Iterator[bytes]:
        yield b"half"
        assert entered.wait(SECONDS)
        raise ClientGoneError

    answer = harness.http("PUT", "/", body=upload()) if how != "send" else harness.http("GET", "/", disconnect_after=3)
    assert not answer.complete
    found = seen.get(timeout=SECONDS)
    assert isinstance(found, expected)
    if how == "receive":
        assert found == {"type": "http.disconnect"}
        assert isinstance(seen.get(timeout=SECONDS), OSError)


def test_an_application_hears_of_the_end_of_its_response() -> None:
    seen: List[Any] = []

    async def afterwards(scope: Any, receive: Any, send: Any) -> None:
        await start(send)
        await body(send)
        seen.append(await receive())

    async def beside(scope: Any, receive: Any, send: Any) -> None:
        await whole_body(receive)
        waiting = asyncio.ensure_future(receive())
        await start(send)
        await body(send)
        seen.append(await waiting)

    for app in (afterwards, beside):
        assert site(asgi(app)).http("GET", "/").status_code == 200
    assert seen == [{"type": "http.disconnect"}] * 2


async def fails(scope: Any, receive: Any, send: Any) -> None:
    raise ValueError("a secret")


async def answers_nothing(scope: Any, receive: Any, send: Any) -> None:
    pass


async def starts_only(scope: Any, receive: Any, send: Any) -> None:
    await start(send)


async def body_first(scope: Any, receive: Any, send: Any) -> None:
    await body(send)


async def starts_twice(scope: Any, receive: Any, send: Any) -> None:
    await start(send)
    await start(send)


async def splits_a_header(scope: Any, receive: Any, send: Any) -> None:
    await start(send, headers=[(b"x", b"a\r\nb: c")])
    await body(send)


@pytest.mark.parametrize("app", [fails, answers_nothing, starts_only, body_first, starts_twice, splits_a_header])
def test_an_application_that_fails(app: Any) -> None:
    harness = site(asgi(app))
    answer = harness.http("GET", "/")
    assert (answer.status_code, answer.body) == (500, b"Internal Server Error\n")
    assert len(harness.errors) == 1


def test_an_application_that_fails_in_its_midst() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await start(send)
        await body(send, b"half", more=True)

    answer = site(asgi(app)).http("GET", "/")
    assert (answer.complete, answer.body) == (False, b"half")


class Lifespan:
    """An application with a lifespan that tells what happened to it."""

    def __init__(self, answer: str = "complete") -> None:
        self.events: List[str] = []
        self.answer = answer

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            self.events.append("request")
            scope["state"]["own"] = True
            await start(send)
            await body(send, scope["state"]["shared"])
            return
        with pytest.raises(RuntimeError, match="here none is running"):
            hook_context()
        scope["state"]["shared"] = b"of the lifespan"
        assert (await receive())["type"] == "lifespan.startup"
        self.events.append("startup")
        await send({"type": f"lifespan.startup.{self.answer}", "message": "no database"})
        assert (await receive())["type"] == "lifespan.shutdown"
        self.events.append("shutdown")
        assert "own" not in scope["state"]
        await send({"type": "lifespan.shutdown.complete"})


def test_the_lifespan_begins_with_the_first_request() -> None:
    app = Lifespan()
    adapter = ASGIAdapter(app)

    class Site(Plugin):
        serve_http = adapter.handler()

        @hook
        async def on_deactivate(self) -> None:
            await adapter.shutdown()

    harness = PluginHarness(Site)
    for _ in range(2):
        assert harness.http("GET", "/").body == b"of the lifespan"
    harness.call("OnDeactivate")
    assert app.events == ["startup", "request", "request", "shutdown"]
    harness.call("OnDeactivate")
    assert harness.http("GET", "/").status_code == 200
    harness.call("OnDeactivate")
    assert app.events[4:] == ["startup", "request", "shutdown"]
    assert harness.errors == []


def test_the_lifespan_begins_with_the_plugin_if_it_wants_that() -> None:
    app = Lifespan("failed")
    adapter = ASGIAdapter(app)

    class Site(Plugin):
        @hook
        async def on_activate(self) -> None:
            await adapter.startup()

        @hook
        async def on_deactivate(self) -> None:
            await adapter.shutdown()

        @hook(stream=True)
        async def serve_http(self, plugin_context: Any, writer: HTTPResponseWriter, request: HTTPRequest) -> None:
            await adapter.serve(writer, request)

    harness = PluginHarness(Site)
    assert harness.call("OnActivate").error.message == "the application did not start: no database"
    assert harness.http("GET", "/").status_code == 500
    assert app.events == ["startup"]
    harness.call("OnDeactivate")


def starlette_app(started: List[str]) -> Any:
    pytest.importorskip("starlette")
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import JSONResponse, PlainTextResponse, StreamingResponse
    from starlette.routing import Route

    async def about(request: Request) -> Any:
        cookie: Optional[str] = request.cookies.get("c")
        return JSONResponse({"url": str(request.url_for("about")), "query": dict(request.query_params), "cookie": cookie})

    async def upload(request: Request) -> Any:
        digest = hashlib.sha256()
        async for piece in request.stream():
            digest.update(piece)
        return PlainTextResponse(digest.hexdigest())

    async def count(request: Request) -> Any:
        async def numbers() -> AsyncIterator[str]:
            for number in range(1, int(request.path_params["most"]) + 1):
                yield f"{number},"

        return StreamingResponse(numbers())

    async def broken(request: Request) -> Any:
        raise ValueError("a secret")

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[Dict[str, Any]]:
        started.append("startup")
        yield {"of": "the lifespan"}
        started.append("shutdown")

    routes = [
        Route("/about", about),
        Route("/upload", upload, methods=["PUT"]),
        Route("/count/{most}", count),
        Route("/broken", broken),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


def test_an_application_of_starlette() -> None:
    started: List[str] = []
    adapter = ASGIAdapter(starlette_app(started))

    class Site(Plugin):
        serve_http = adapter.handler(timeout=20)

        @hook
        async def on_activate(self) -> None:
            await adapter.startup()

        @hook
        async def on_deactivate(self) -> None:
            await adapter.shutdown()

    harness = PluginHarness(Site)
    root = "/plugins/com.example.site"

    def http(method: str, url: str, **more: Any) -> Any:
        return harness.http(method, url, request_uri=root + url, host="chat.example", **more)

    assert not harness.call("OnActivate").HasField("error")
    about = http("GET", "/about?a=1", headers={"Cookie": "c=d"})
    assert about.body == b'{"url":"http://chat.example/plugins/com.example.site/about","query":{"a":"1"},"cookie":"d"}'
    pieces = [bytes([number]) * 50_000 for number in range(9)]
    assert http("PUT", "/upload", body=pieces).body.decode() == hashlib.sha256(b"".join(pieces)).hexdigest()
    assert http("GET", "/count/3").chunks == (b"1,", b"2,", b"3,")
    endless = http("GET", "/count/1000000000", disconnect_after=3)
    assert (endless.complete, endless.body) == (False, b"1,2,3,")
    assert http("GET", "/none").status_code == 404
    assert http("POST", "/upload").status_code == 405
    assert harness.errors == []
    broken = http("GET", "/broken")
    assert (broken.status_code, b"secret" in broken.body) == (500, False)
    harness.call("OnDeactivate")
    assert started == ["startup", "shutdown"]
