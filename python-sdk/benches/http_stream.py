"""What the SDK adds to a ServeHTTP stream: bytes per second of a plugin, over those of a bare grpcio asyncio servicer.

    .venv/bin/python python-sdk/benches/http_stream.py [--rounds N] [--mib M] [--memory GIB] [--report-only] [--free]

Frames are of 64 KiB, as the contract advises. The bare servicer is what the grpcio documentation shows: a generator of messages
down, a loop over messages up. The plugin's handlers are marked stream=True, one plain and one `async`. Rounds are interleaved.
Then it is measured how much longer a hook takes while a stream runs on another connection, with the server on one processor and
wherever the system puts it, and with --memory how much a plugin grows while so much goes through it.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, List, Sequence

from servers import Server, let_free, options_of, parsed, serve_bare, started, stay_on
from verdicts import Verdicts

STREAM = "/mattermost.pluginapi.v1.PluginHooks/ServeHTTP"
HOOK = "/mattermost.pluginapi.v1.PluginHooks/MessageWillBePosted"
BARE, ASYNC, SYNC = "bare", "async", "sync"
KINDS = (BARE, ASYNC, SYNC)
DOWN, UP = "down", "up"
CHUNK = bytes(64 * 1024)
PER_MIB = 16
# The least that is wanted of a bare stream's bytes per second.
FLOOR = 0.85
# The most that a hook may take beside a stream, as a multiple of what it takes otherwise.
MOST_BESIDE = 1.5
# The size of a stream beside which hooks are called.
STREAM_MIB = 16
# MiB that a plugin may grow at most, whatever the size of a body.
MOST_GROWTH = 96.0


def serve(kind: str) -> None:
    """Be one of the servers; ends with its parent. The URL says how many chunks to send."""
    if kind == BARE:
        asyncio.run(serve_bare(add_servicer))
        return
    from mattermost_plugin import HTTPRequest, HTTPResponseWriter, Plugin, hook, run_plugin

    class Async(Plugin):
        @hook("ServeHTTP", stream=True)
        async def http(self, plugin_context: Any, writer: HTTPResponseWriter, request: HTTPRequest) -> None:
            async for _ in request.stream():
                pass
            for _ in range(int(request.url)):
                writer.write(CHUNK)
                await writer.drain()

        @hook("MessageWillBePosted")
        async def posted(self, plugin_context: Any, post: Any) -> None:
            return None

    class Sync(Plugin):
        @hook("ServeHTTP", stream=True)
        def http(self, plugin_context: Any, writer: HTTPResponseWriter, request: HTTPRequest) -> None:
            for _ in request.stream():
                pass
            for _ in range(int(request.url)):
                writer.write(CHUNK)

        @hook("MessageWillBePosted")
        def posted(self, plugin_context: Any, post: Any) -> None:
            return None

    run_plugin(Async if kind == ASYNC else Sync)


def add_servicer(server: Any) -> None:
    """The floor."""
    from mattermost_plugin.grpc import hooks_http_pb2 as pb
    from mattermost_plugin.grpc import hooks_message_pb2, hooks_pb2_grpc

    class Servicer(hooks_pb2_grpc.PluginHooksServicer):
        async def ServeHTTP(self, request_iterator: Any, context: Any) -> Any:  # noqa: N802 - the contract's name
            first, length = None, 0
            async for message in request_iterator:
                first = first or message
                length += len(message.body_chunk)
                if message.body_complete:
                    break
            assert first is not None
            yield pb.ServeHTTPResponse(init=pb.ServeHTTPResponseInit(status_code=200))
            for _ in range(int(first.init.url)):
                yield pb.ServeHTTPResponse(body_chunk=CHUNK)
            yield pb.ServeHTTPResponse(body_complete=True)

        async def MessageWillBePosted(self, request: Any, context: Any) -> Any:  # noqa: N802 - the contract's name
            return hooks_message_pb2.MessageWillBePostedResponse()

    hooks_pb2_grpc.add_PluginHooksServicer_to_server(Servicer(), server)  # type: ignore[no-untyped-call]


class Client:
    """Calls one server, as little of Python in it as can be: messages are bytes that were made before."""

    def __init__(self, address: str, chunks: int) -> None:
        import grpc.aio

        from mattermost_plugin.grpc import hooks_http_pb2 as pb
        from mattermost_plugin.grpc.hooks_message_pb2 import MessageWillBePostedRequest

        def message(**fields: Any) -> bytes:
            wire: bytes = pb.ServeHTTPRequest(**fields).SerializeToString()
            return wire

        # Connections of their own, as a host has: else a hook waits behind the frames of the stream.
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.max_receive_message_length", -1)]
        self.channels = [grpc.aio.insecure_channel(address, options) for _ in range(2)]
        self._stream: Any = self.channels[0].stream_stream(STREAM)
        self._hook: Any = self.channels[1].unary_unary(HOOK)
        self._post = MessageWillBePostedRequest(post={"message": "a message of a usual length " * 5}).SerializeToString()
        self._ask_down = message(init=pb.ServeHTTPRequestInit(method="GET", url=str(chunks)), body_complete=True)
        self._ask_up = message(init=pb.ServeHTTPRequestInit(method="PUT", url="0", content_length=-1))
        self._chunk, self._last = message(body_chunk=CHUNK), message(body_complete=True)
        self._chunks = chunks

    async def transfer(self, direction: str) -> float:
        """Seconds for so many chunks one way."""
        begun = time.perf_counter()
        call = self._stream(self._requests(direction))
        received = 0
        async for wire in call:
            received += len(wire)
        expected = self._chunks * len(CHUNK) if direction == DOWN else 0
        assert expected <= received <= expected + self._chunks * 16 + 64, (received, expected)
        return time.perf_counter() - begun

    async def _requests(self, direction: str) -> Any:
        if direction == DOWN:
            yield self._ask_down
            return
        yield self._ask_up
        for _ in range(self._chunks):
            yield self._chunk
        yield self._last

    async def hooks_for(self, seconds: float) -> List[float]:
        """How long each of the hooks took that were called in that time, one after the other."""
        times = []
        end = time.perf_counter() + seconds
        while (begun := time.perf_counter()) < end:
            await self._hook(self._post, timeout=10)
            times.append(time.perf_counter() - begun)
        return times

    async def close(self) -> None:
        for channel in self.channels:
            await channel.close()


async def stream_on(address: str, direction: str) -> None:
    """Be a client of streams, one after the other, and tell of each; ends with its parent."""
    client = Client(address, STREAM_MIB * PER_MIB)
    parent = os.getppid()
    while os.getppid() == parent:
        await client.transfer(direction)
        print("one more", flush=True)


class Streams:
    """Streams from a process of their own, so that the one that calls hooks does not slow itself down."""

    def __init__(self, address: str, direction: str) -> None:
        command = [sys.executable, str(Path(__file__).resolve()), "--stream", address, direction]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE)
        self.rate = 0.0  # MiB per second, once it is over

    def __enter__(self) -> Streams:
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"one more\n"
        self._begun = time.perf_counter()
        return self

    def __exit__(self, *exception: object) -> None:
        seconds = time.perf_counter() - self._begun
        self._process.kill()
        told, _ = self._process.communicate()
        self.rate = told.count(b"\n") * STREAM_MIB / seconds


async def compare(servers: Sequence[Server], rounds: int, mib: int, verdicts: Verdicts) -> None:
    """How fast each is."""
    chunks = mib * PER_MIB
    clients = {server.kind: Client(server.address, chunks) for server in servers}
    for direction in (DOWN, UP):
        rates: Dict[str, List[float]] = {server.kind: [] for server in servers}
        used = dict.fromkeys(rates, 0.0)
        orders = itertools.cycle(itertools.permutations(servers))
        for number in range(rounds + 1):
            for server in next(orders):
                before = server.processor_seconds()
                seconds = await clients[server.kind].transfer(direction)
                if number:  # the first round warms up
                    rates[server.kind].append(mib / seconds)
                    used[server.kind] += server.processor_seconds() - before
        for kind in rates:
            ratios = [mine / bare for mine, bare in zip(rates[kind], rates[BARE])]
            more = f"   processor time {used[kind] / used[BARE] if used[BARE] else float('nan'):.2f}"
            figures = f"{statistics.median(rates[kind]):6.0f} MiB/s"
            least = FLOOR if kind != BARE else None
            verdicts.ratio(f"{direction:4}  {kind:5}", figures, ratios, least=least, more=more)
    for client in clients.values():
        await client.close()


async def beside(servers: Sequence[Server], rounds: int, seconds: float, verdicts: Verdicts, *, free: bool) -> None:
    """How long hooks take beside streams.

    On one processor, which a stream that comes as fast as it can fills, a hook waits for gRPC's own threads before anything of
    the SDK runs, with a bare servicer too: that is shown, and what is wanted is wanted of servers that are `free`.
    """
    where = "anywhere" if free else "one processor"
    clients = {server.kind: Client(server.address, 0) for server in servers}
    for direction in (DOWN, UP):
        ratios: Dict[str, List[float]] = {server.kind: [] for server in servers}
        idle_times: Dict[str, List[float]] = {server.kind: [] for server in servers}
        rates: Dict[str, List[float]] = {server.kind: [] for server in servers}
        for number in range(rounds + 1):
            for server in servers:
                client = clients[server.kind]
                idle = statistics.median(await client.hooks_for(seconds))
                with Streams(server.address, direction) as streams:
                    busy = statistics.median(await client.hooks_for(seconds))
                if number:  # the first round warms up
                    ratios[server.kind].append(busy / idle)
                    idle_times[server.kind].append(idle)
                    rates[server.kind].append(streams.rate)
        for kind in ratios:
            figures = f"{statistics.median(idle_times[kind]) * 1e6:5.0f} us idle"
            more = f"   stream of {statistics.median(rates[kind]):.0f} MiB/s"
            name = f"a hook beside a stream {direction:4}  {kind:5}  {where}"
            most = MOST_BESIDE if free and kind != BARE else None
            verdicts.ratio(name, figures, ratios[kind], most=most, more=more)
    for client in clients.values():
        await client.close()


async def growth(kinds: Sequence[str], gib: float, verdicts: Verdicts) -> None:
    """How much each server grows."""
    for kind in kinds:
        for direction in (DOWN, UP):
            server = Server(__file__, kind)
            try:
                small = Client(server.address, 1)
                await small.transfer(direction)
                idle = server.memory("VmRSS")
                large = Client(server.address, int(gib * 1024 * PER_MIB))
                await large.transfer(direction)
                grown = server.memory("VmHWM") - idle
                await small.close()
                await large.close()
            finally:
                server.stop()
            most = MOST_GROWTH if kind != BARE else None
            name = f"{gib:g} GiB {direction:4}  {kind:5}  grows by"
            verdicts.amount(name, grown / 2**20, most=most, more=f" from {idle / 2**20:.0f}")


def main() -> int:
    """Measure, print, and fail when a bound is missed."""
    parser = options_of(__doc__, KINDS, rounds=11)
    parser.add_argument("--stream", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS), help="which to compare with the bare one")
    parser.add_argument("--mib", type=int, default=128, help="the size of each body")
    parser.add_argument("--seconds", type=float, default=1.0, help="how long hooks are called beside a stream, each round")
    parser.add_argument("--memory", type=float, default=0, metavar="GIB", help="measure memory by bodies of that size, too")
    options = parsed(parser, serve)
    if options.stream:
        stay_on(0)
        os.nice(19)  # what calls hooks is on the same processor, and comes first
        asyncio.run(stream_on(*options.stream))
        return 0
    kinds = [kind for kind in KINDS if kind == BARE or kind in options.kinds]
    verdicts = Verdicts()
    with started(__file__, kinds) as servers:
        asyncio.run(compare(servers, options.rounds, options.mib, verdicts))
        asyncio.run(beside(servers, max(1, options.rounds // 3), options.seconds, verdicts, free=options.free))
    if not options.free:
        let_free()
        with started(__file__, kinds) as servers:
            asyncio.run(beside(servers, options.rounds, options.seconds, verdicts, free=True))
    if options.memory:
        asyncio.run(growth(kinds, options.memory, verdicts))
    return verdicts.status(options)


if __name__ == "__main__":
    sys.exit(main())
