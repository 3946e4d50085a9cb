"""What the SDK adds to a hook call: calls per second of a plugin, over those of a bare grpcio asyncio servicer.

    .venv/bin/python python-sdk/benches/dispatch.py [--rounds N] [--seconds S] [--callers 1 64] [--report-only] [--free]

Every server is a process of its own, as in production, and so is the client; all answer MessageWillBePosted with an empty
response. Rounds are interleaved: each runs every server for a short while, one after the other, in an order that turns. Beside
the ratio of calls per second stands that of the processor time per call, which depends less on the machine.
"""

from __future__ import annotations

import asyncio
import itertools
import statistics
import sys
import time
from typing import Any, Dict, List, Sequence, Tuple

from servers import Server, options_of, parsed, serve_bare, started
from verdicts import Verdicts

METHOD = "/mattermost.pluginapi.v1.PluginHooks/MessageWillBePosted"
BARE, ASYNC, SYNC = "bare", "async", "sync"
# The least that is wanted of calls per second.
FLOORS = {ASYNC: 0.80, SYNC: 0.60}


def serve(kind: str) -> None:
    """Be one of the servers; ends with its parent."""
    if kind == BARE:
        asyncio.run(serve_bare(add_servicer))
        return
    from mattermost_plugin import Plugin, hook, run_plugin

    class Async(Plugin):
        @hook("MessageWillBePosted")
        async def posted(self, plugin_context: Any, post: Any) -> None:
            return None

    class Sync(Plugin):
        @hook("MessageWillBePosted")
        def posted(self, plugin_context: Any, post: Any) -> None:
            return None

    run_plugin(Async if kind == ASYNC else Sync)


def add_servicer(server: Any) -> None:
    """The floor: what the grpcio documentation shows, and nothing more."""
    from mattermost_plugin.grpc import hooks_message_pb2, hooks_pb2_grpc

    class Servicer(hooks_pb2_grpc.PluginHooksServicer):
        async def MessageWillBePosted(self, request: Any, context: Any) -> Any:  # noqa: N802 - the contract's name
            return hooks_message_pb2.MessageWillBePostedResponse()

    hooks_pb2_grpc.add_PluginHooksServicer_to_server(Servicer(), server)  # type: ignore[no-untyped-call]


def a_request() -> bytes:
    """A post as people write them."""
    from mattermost_plugin.grpc.hooks_message_pb2 import MessageWillBePostedRequest

    ids = {"id": "p" * 26, "user_id": "u" * 26, "channel_id": "c" * 26}
    request = MessageWillBePostedRequest(
        context={"plugin_id": "com.example.bench", "request_id": "r" * 26, "user_id": "u" * 26},
        plugin_context={"session_id": "s" * 26, "request_id": "r" * 26, "ip_address": "192.0.2.1", "user_agent": "x" * 80},
        post={**ids, "message": "a message of a usual length " * 5, "create_at": 1_700_000_000_000},
    )
    request.post.props.update({"from_bot": "true", "depth": 1})
    wire: bytes = request.SerializeToString()
    return wire


async def calls_in(method: Any, request: bytes, callers: int, seconds: float) -> Tuple[int, float]:
    """Calls of so many callers, each making one call after the other, and the seconds that these took."""
    done = 0
    begun = time.perf_counter()
    end = begun + seconds

    async def caller() -> None:
        nonlocal done
        while time.perf_counter() < end:
            await method(request, timeout=10)
            done += 1

    await asyncio.gather(*(caller() for _ in range(callers)))
    return done, time.perf_counter() - begun


class Found:
    """What was measured of one server."""

    def __init__(self) -> None:
        self.rates: List[float] = []  # calls per second, by round
        self.calls = 0
        self.processor_seconds = 0.0  # counted in ticks of a hundredth, so only the sum tells something

    def cost(self) -> float:
        """Processor seconds per call; not a number when the run was too short to tell."""
        return self.processor_seconds / self.calls if self.processor_seconds else float("nan")


async def measure(servers: Sequence[Server], rounds: int, seconds: float, callers: int) -> Dict[str, Found]:
    """What is found about every server."""
    import grpc.aio

    found = {server.kind: Found() for server in servers}
    channels = {server.kind: grpc.aio.insecure_channel(server.address) for server in servers}
    methods: Dict[str, Any] = {kind: channel.unary_unary(METHOD) for kind, channel in channels.items()}  # bytes in, bytes out
    request = a_request()
    orders = itertools.cycle(itertools.permutations(servers))
    for number in range(rounds + 1):
        for server in next(orders):
            before = server.processor_seconds()
            calls, elapsed = await calls_in(methods[server.kind], request, callers, seconds)
            if number:  # the first round warms up
                one = found[server.kind]
                one.rates.append(calls / elapsed)
                one.calls += calls
                one.processor_seconds += server.processor_seconds() - before
    for channel in channels.values():
        await channel.close()
    return found


def report(found: Dict[str, Found], callers: int, verdicts: Verdicts) -> None:
    """Print the medians, and hold them against the floors."""
    bare = found[BARE]
    rate, cost = statistics.median(bare.rates), bare.cost()
    print(f"{callers:3} callers  bare   {rate:8.0f}/s   {cost * 1e6:6.0f} us of processor time a call")
    for kind, floor in FLOORS.items():
        ratios = [mine / floors for mine, floors in zip(found[kind].rates, bare.rates)]
        figures = f"{statistics.median(found[kind].rates):8.0f}/s"
        more = f"   processor time {found[kind].cost() / cost:.2f}"
        verdicts.ratio(f"{callers:3} callers  {kind:5}", figures, ratios, least=floor, more=more)


def main() -> int:
    """Measure, print, and fail when a floor is missed."""
    parser = options_of(__doc__, [BARE, ASYNC, SYNC], rounds=20)
    parser.add_argument("--seconds", type=float, default=0.5)
    parser.add_argument("--callers", type=int, nargs="+", default=[1, 64])
    options = parsed(parser, serve)
    verdicts = Verdicts()
    with started(__file__, [BARE, ASYNC, SYNC]) as servers:
        for callers in options.callers:
            report(asyncio.run(measure(servers, options.rounds, options.seconds, callers)), callers, verdicts)
    return verdicts.status(options)


if __name__ == "__main__":
    sys.exit(main())
