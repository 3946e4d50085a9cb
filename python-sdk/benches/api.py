"""What the SDK's client adds to a call of the API: the time of a call over that of a bare grpcio call of the same messages.

    .venv/bin/python python-sdk/benches/api.py [--rounds N] [--calls N] [--report-only]

The server is a process of its own that answers every call at once with prepared bytes. A bare call makes the request message,
calls, and has the answer as a message; the client's takes Python values and gives wrappers. The two take turns call by call,
and per round the ratio of the medians is taken. The awaited client is held against grpcio's own asyncio channel.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from typing import Any, Awaitable, Callable, Dict, List, Tuple

from servers import options_of, parsed, serve_bare, started
from verdicts import Verdicts

SERVICE = "/mattermost.pluginapi.v1.PluginAPI/"
SERVER = "prepared"
# The most that a call of a client may take, as a multiple of the bare one.
CEILING = 1.15
ID = "a" * 26
TOKEN = "t" * 32
METADATA = (("authorization", f"Bearer {TOKEN}"),)


def a_user() -> Dict[str, Any]:
    """A user as servers answer one."""
    texts = dict.fromkeys(("username", "nickname", "first_name", "last_name", "position", "locale"), "somebody")
    settings = dict.fromkeys(("email", "push", "desktop", "channel", "first_name", "mention_keys"), "true")
    return {
        **texts, "id": ID, "create_at": 1_700_000_000_000, "update_at": 1_700_000_000_000, "email": "somebody@example.com",
        "roles": "system_user", "notify_props": settings, "timezone": {"useAutomaticTimezone": "true"}, "auth_data": "",
    }  # fmt: skip


def a_post() -> Dict[str, Any]:
    """A post as plugins write one."""
    return {
        "user_id": ID,
        "channel_id": ID,
        "message": "a message of a usual length " * 5,
        "props": {"from_bot": "true", "n": 1},
    }


# A method: the RPC, what the request's fields are, what the answer's are, and how the client is called.
CALLS: Dict[str, Tuple[str, Dict[str, Any], Dict[str, Any], Callable[[Any], Any]]] = {
    "get_server_version": ("GetServerVersion", {}, {"version": "10.5.0"}, lambda client: client.get_server_version()),
    "kv_get": ("KVGet", {"key": "key"}, {"value": b"x" * 100}, lambda client: client.kv_get("key")),
    "get_user": ("GetUser", {"user_id": ID}, {"user": a_user()}, lambda client: client.get_user(ID)),
    "create_post": ("CreatePost", {"post": a_post()}, {"post": {**a_post(), "id": ID, "create_at": 1_700_000_000_000}},
                    lambda client: client.create_post(a_post())),
}  # fmt: skip


def serve(kind: str) -> None:
    """Be the server; ends with its parent."""
    asyncio.run(serve_bare(add_answers))


def add_answers(server: Any) -> None:
    """Have a server answer every method with what was prepared for it."""
    import grpc

    from mattermost_plugin._contract import api_method

    def handler(answer: bytes) -> Any:
        async def answered(request: bytes, context: Any) -> bytes:
            return answer

        return grpc.unary_unary_rpc_method_handler(answered)

    methods = {rpc: handler(api_method(rpc).response(**answer).SerializeToString()) for rpc, _, answer, _ in CALLS.values()}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE.strip("/"), methods),))


def bare_call(channel: Any, rpc: str, fields: Dict[str, Any]) -> Callable[[], Any]:
    """A call as the grpcio documentation shows it, with a deadline and the token that hosts want to see."""
    from mattermost_plugin._contract import api_method

    contract = api_method(rpc)
    request: Any = contract.request
    method = channel.unary_unary(
        SERVICE + rpc, request_serializer=request.SerializeToString, response_deserializer=contract.response.FromString
    )
    return lambda: method(request(**fields), timeout=30, metadata=METADATA)


def timed(call: Callable[[], Any], times: List[float]) -> None:
    """Make a call and note its time."""
    begun = time.perf_counter()
    call()
    times.append(time.perf_counter() - begun)


async def timed_async(call: Callable[[], Awaitable[Any]], times: List[float]) -> None:
    """The same for calls that are awaited."""
    begun = time.perf_counter()
    await call()
    times.append(time.perf_counter() - begun)


def ratio_of(bare: List[float], ours: List[float]) -> Tuple[float, float, float]:
    """The medians and their ratio."""
    floor, mine = statistics.median(bare), statistics.median(ours)
    return floor, mine, mine / floor


def plain(address: str, name: str, rounds: int, calls: int) -> List[Tuple[float, float, float]]:
    """Rounds of the plain client."""
    import grpc

    from mattermost_plugin import PluginAPIClient

    rpc, fields, _, call = CALLS[name]
    found = []
    with grpc.insecure_channel(address) as channel, PluginAPIClient(address, token=TOKEN) as client:
        bare = bare_call(channel, rpc, fields)
        for number in range(rounds + 1):
            times: Tuple[List[float], List[float]] = ([], [])
            for _ in range(calls):
                timed(bare, times[0])
                timed(lambda: call(client), times[1])
            if number:  # the first round warms up
                found.append(ratio_of(*times))
    return found


async def awaited(address: str, name: str, rounds: int, calls: int) -> List[Tuple[float, float, float]]:
    """Rounds of the awaited client."""
    import grpc.aio

    from mattermost_plugin import AsyncPluginAPIClient

    rpc, fields, _, call = CALLS[name]
    found = []
    async with grpc.aio.insecure_channel(address) as channel, AsyncPluginAPIClient(address, token=TOKEN) as client:
        bare = bare_call(channel, rpc, fields)
        for number in range(rounds + 1):
            times: Tuple[List[float], List[float]] = ([], [])
            for _ in range(calls):
                await timed_async(bare, times[0])
                await timed_async(lambda: call(client), times[1])
            if number:
                found.append(ratio_of(*times))
    return found


def report(kind: str, name: str, found: List[Tuple[float, float, float]], verdicts: Verdicts) -> None:
    """Print the medians, and hold that of the ratios against the ceiling."""
    floor, mine = (statistics.median(values) * 1e6 for values in list(zip(*found))[:2])
    figures = f"bare {floor:5.0f} us   client {mine:5.0f} us"
    verdicts.ratio(f"{kind:5} {name:18}", figures, [ratio for _, _, ratio in found], most=CEILING)


def main() -> int:
    """Measure, print, and fail when the ceiling is passed."""
    parser = options_of(__doc__, [SERVER], rounds=20)
    parser.add_argument("--calls", type=int, default=300, help="of each kind in a round")
    options = parsed(parser, serve)
    verdicts = Verdicts()
    with started(__file__, [SERVER]) as (server,):
        for name in CALLS:
            report("plain", name, plain(server.address, name, options.rounds, options.calls), verdicts)
        for name in CALLS:
            report("async", name, asyncio.run(awaited(server.address, name, options.rounds, options.calls)), verdicts)
    return verdicts.status(options)


if __name__ == "__main__":
    sys.exit(main())
