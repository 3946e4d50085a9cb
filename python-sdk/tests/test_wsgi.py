"""WSGI applications at a plugin's routes: small ones that look at everything, and the example, which is one of Flask."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import sys
import threading
from pathlib import Path
from typing import Any, Iterator, List

import pytest

from mattermost_plugin import Plugin
from mattermost_plugin.testing import PluginHarness
from mattermost_plugin.wsgi import WSGIAdapter

SDK = Path(__file__).parent.parent
SECONDS = 10.0


def site(app: Any) -> PluginHarness[Plugin]:
    """A plugin that is nothing but that application."""
    return PluginHarness(type("Site", (Plugin,), {"serve_http": WSGIAdapter(app).handler()}))


def test_what_an_application_sees_and_says() -> None:
    environs: List[Any] = []

    def app(environ: Any, start_response: Any) -> Any:
        body = environ["wsgi.input"].read()
        environs.append(environ)
        headers = [("X-One", "1"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-Text", "ü".encode().decode("latin-1"))]
        start_response("418 A Teapot", headers)
        return [body[::-1]]

    harness = site(app)
    headers = {"X-Text": "ü", "Accept": ["a", "b"], "Cookie": ["c=1", "d=2"], "X_Text": "forged", "Content-Type": "text/plain"}
    answer = harness.http(
        "post",
        "/a%2Fb%20c/%C3%BC?x=1&y=%20",
        headers=headers,
        body=b"body",
        request_uri="/plugins/com.example.s%20ite/a%2Fb%20c/%C3%BC?x=1&y=%20",
        host="chat.example:8065",
        remote_addr="[2001:db8::1]:4711",
        plugin_context={"session_id": "s"},
    )
    assert (answer.status_code, answer.chunks, answer.complete) == (418, (b"ydob",), True)
    assert answer.headers == {"X-One": ["1"], "Set-Cookie": ["a=1", "b=2"], "X-Text": ["ü"]}
    (environ,) = environs
    assert environ.pop("mattermost.plugin") is harness.plugin
    assert environ.pop("mattermost.plugin_context").session_id == "s"
    assert environ.pop("SERVER_SOFTWARE").startswith("mattermost-plugin-sdk/")
    environ.pop("wsgi.input")
    assert environ.pop("wsgi.errors") is sys.stderr
    u_as_bytes = "ü".encode().decode("latin-1")
    assert environ == {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "/plugins/com.example.s ite",
        "PATH_INFO": f"/a/b c/{u_as_bytes}",
        "QUERY_STRING": "x=1&y=%20",
        "REQUEST_URI": "/plugins/com.example.s%20ite/a%2Fb%20c/%C3%BC?x=1&y=%20",
        "SERVER_NAME": "chat.example",
        "SERVER_PORT": "8065",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "2001:db8::1",
        "REMOTE_PORT": "4711",
        "CONTENT_TYPE": "text/plain",
        "CONTENT_LENGTH": "4",
        "HTTP_HOST": "chat.example:8065",
        "HTTP_X_TEXT": u_as_bytes,
        "HTTP_ACCEPT": "a,b",
        "HTTP_COOKIE": "c=1; d=2",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input_terminated": True,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    assert harness.errors == []


def test_a_body_is_a_file() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        return [repr(read(environ["wsgi.input"])).encode()]

    def read(body: Any) -> List[Any]:
        first = [body.read(0), body.read(3), body.readline(), body.readlines(4), body.readline(2)]
        return [*first, next(body), list(body), body.read(), body.read(1)]

    pieces = [b"ab", b"cde\nf", b"g\n", b"hi\n\njkl", b"\nm\nn"]
    assert site(app).http("PUT", "/", body=pieces).body == repr(read(io.BytesIO(b"".join(pieces)))).encode()


class Blocks:
    """What an application returns, and whether it was closed."""

    def __init__(self, *blocks: Any) -> None:
        self._blocks = blocks
        self.closed = threading.Event()

    def __iter__(self) -> Iterator[bytes]:
        for block in self._blocks:
            yield block() if callable(block) else block

    def close(self) -> None:
        assert not self.closed.is_set()
        self.closed.set()


def test_each_block_leaves_at_once() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        write = start_response("200 OK", [])
        write(b"written")
        return blocks

    blocks = Blocks(b"a", b"", b"b" * 70_000, b"c")
    answer = site(app).http("GET", "/")
    assert answer.chunks == (b"written", b"a", b"b" * 65_536, b"b" * (70_000 - 65_536), b"c")
    assert blocks.closed.is_set()


def test_an_application_may_start_late_and_change_its_mind() -> None:
    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [("X", "1")])
        yield b""
        try:
            raise ValueError("in time")
        except ValueError:
            start_response("503 Later", [("Y", "2")], sys.exc_info())
        yield b"sorry"

    answer = site(app).http("GET", "/")
    assert (answer.status_code, answer.headers, answer.body) == (503, {"Y": ["2"]}, b"sorry")


def test_an_application_that_changes_its_mind_too_late() -> None:
    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"half"
        try:
            raise ValueError("too late")
        except ValueError:
            start_response("500 No", [], sys.exc_info())

    harness = site(app)
    answer = harness.http("GET", "/")
    assert (answer.status_code, answer.body, answer.complete) == (200, b"half", False)
    assert str(harness.errors[0]) == "too late"


def raises(environ: Any, start_response: Any) -> Any:
    raise ValueError("a secret")


def never_starts(environ: Any, start_response: Any) -> Any:
    return [b"x"]


def starts_twice(environ: Any, start_response: Any) -> Any:
    for _ in range(2):
        start_response("200 OK", [])
    return []


def has_no_status(environ: Any, start_response: Any) -> Any:
    start_response("OK", [])
    return []


@pytest.mark.parametrize("app", [raises, never_starts, starts_twice, has_no_status])
def test_an_application_that_fails(app: Any) -> None:
    harness = site(app)
    answer = harness.http("GET", "/")
    assert (answer.status_code, answer.body) == (500, b"Internal Server Error\n")
    assert len(harness.errors) == 1


def test_an_application_that_fails_in_its_midst_is_closed() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        return blocks

    blocks = Blocks(b"half", lambda: 1 / 0)
    answer = site(app).http("GET", "/")
    assert (answer.body, answer.complete, blocks.closed.is_set()) == (b"half", False, True)


def test_an_application_without_a_body() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("304 Not Modified", [("ETag", "x")])
        return []

    answer = site(app).http("GET", "/")
    assert (answer.status_code, answer.headers, answer.body) == (304, {"ETag": ["x"]}, b"")


def test_an_application_whose_client_leaves_is_closed() -> None:
    class Endless(Blocks):
        def __iter__(self) -> Iterator[bytes]:
            while True:
                yield b"x"

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        return blocks

    blocks = Endless()
    assert not site(app).http("GET", "/", disconnect_after=2).complete
    assert blocks.closed.wait(SECONDS)


def load(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_example_of_flask() -> None:
    pytest.importorskip("flask")
    harness = PluginHarness(load(SDK / "examples/webapp/webapp.py").WebApp)
    root = "/plugins/com.example.webapp"

    def http(method: str, url: str, **more: Any) -> Any:
        return harness.http(method, url, request_uri=root + url, **more)

    page = http("GET", "/")
    assert (page.status_code, page.headers["Content-Type"]) == (200, ["text/html; charset=utf-8"])
    assert f'action="{root}/greet"' in page.body.decode()
    assert f'EventSource("{root}/events")' in page.body.decode()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert "<h1>Hello, &lt;you&gt;</h1>" in http("POST", "/greet", headers=form, body="name=<you>").body.decode()
    pieces = [bytes([number]) * 50_000 for number in range(9)]
    body = b"".join(pieces)
    expected = f"{len(body)} {hashlib.sha256(body).hexdigest()}\n".encode()
    assert http("PUT", "/upload", body=pieces).body == expected
    assert http("PUT", "/upload", body=body).body == expected
    events = http("GET", "/events", disconnect_after=2)
    assert events.headers["Content-Type"] == ["text/event-stream"]
    assert [chunk.partition(b" at")[0] for chunk in events.chunks] == [b"data: tick 1", b"data: tick 2"]
    assert http("GET", "/none").status_code == 404
    assert http("POST", "/greet", headers=form, body="").status_code == 400
    assert harness.errors == []
