"""ServeHTTP of a plugin that is a process of its own: large bodies in little memory, and the end in the midst of a stream."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Iterator, List

import grpc
import pytest

from mattermost_plugin._contract import HOOKS_SERVICE_NAME
from mattermost_plugin.grpc.hooks_http_pb2 import ServeHTTPRequest, ServeHTTPRequestInit, ServeHTTPResponse
from processes import SECONDS, Process
from test_process import Start, start  # noqa: F401 - the fixture

PLUGIN = """
import hashlib, os, sys
from mattermost_plugin import Plugin, hook, run_plugin

PIECE = bytes(range(256)) * 1000

class Sync(Plugin):
    @hook(stream=True)
    def serve_http(self, plugin_context, writer, request):
        digest = hashlib.sha256()
        os.write(2, b"entered\\n")
        for piece in request.stream():
            digest.update(piece)
        writer.set_header("X-Digest", digest.hexdigest())
        for _ in range(int(request.get_query("pieces"))):
            writer.write(PIECE)

class Async(Plugin):
    @hook(stream=True)
    async def serve_http(self, plugin_context, writer, request):
        digest = hashlib.sha256()
        os.write(2, b"entered\\n")
        async for piece in request.stream():
            digest.update(piece)
        writer.set_header("X-Digest", digest.hexdigest())
        for _ in range(int(request.get_query("pieces"))):
            writer.write(PIECE)
            await writer.drain()

run_plugin(Sync if "sync" in sys.argv else Async)
"""
PIECE = bytes(range(256)) * 1000
PIECES = 500  # 128 MB: a multiple of what may be held
# A tenth of what holding one body would take.
MOST_GROWTH = 48 * 1024 * 1024


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "plugin.py"
    path.write_text(PLUGIN)
    return path


def exchange(plugin: Process, pieces_up: int, pieces_down: int) -> Iterator[ServeHTTPResponse]:
    def requests() -> Iterator[ServeHTTPRequest]:
        url = f"/?pieces={pieces_down}"
        yield ServeHTTPRequest(init=ServeHTTPRequestInit(method="PUT", url=url, content_length=-1))
        for _ in range(pieces_up):
            yield ServeHTTPRequest(body_chunk=PIECE)
        yield ServeHTTPRequest(body_complete=True)

    assert plugin.channel is not None
    method = plugin.channel.stream_stream(
        f"/{HOOKS_SERVICE_NAME}/ServeHTTP", ServeHTTPRequest.SerializeToString, ServeHTTPResponse.FromString
    )
    answers: Iterator[ServeHTTPResponse] = method(requests(), timeout=60)
    return answers


def memory(plugin: Process, what: str) -> int:
    lines = Path(f"/proc/{plugin.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{what}:"))


@pytest.mark.skipif(sys.platform != "linux", reason="reads memory from /proc")
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_large_bodies_need_little_memory(start: Start, kind: str) -> None:  # noqa: F811 - the fixture
    plugin = start(kind)
    plugin.handshake()
    digests: List[Any] = []
    for pieces in (1, PIECES):
        if pieces == PIECES:
            before = memory(plugin, "VmRSS")
        answers = exchange(plugin, pieces, pieces)
        first = next(answers)
        digests.append(first.init.headers[0].values[0])
        length = len(first.body_chunk)
        for message in answers:
            length += len(message.body_chunk)
        assert length == pieces * len(PIECE)
    assert digests[0] != digests[1]
    assert memory(plugin, "VmHWM") - before < MOST_GROWTH


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_stream_does_not_hold_the_end(start: Start, kind: str) -> None:  # noqa: F811 - the fixture
    plugin = start(kind)
    plugin.handshake()
    assert plugin.channel is not None
    method = plugin.channel.stream_stream(
        f"/{HOOKS_SERVICE_NAME}/ServeHTTP", ServeHTTPRequest.SerializeToString, ServeHTTPResponse.FromString
    )

    def requests() -> Iterator[ServeHTTPRequest]:
        yield ServeHTTPRequest(init=ServeHTTPRequestInit(method="PUT", url="/", content_length=-1))
        plugin.process.wait(SECONDS)  # an upload that goes nowhere

    call: Any = method(requests(), timeout=SECONDS)
    assert plugin.read_line(plugin.process.stderr) == "entered\n"
    plugin.shut_down()
    assert plugin.wait() == 0
    with pytest.raises(grpc.RpcError) as caught:
        list(call)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
