"""What the SDK's client adds to a call of the API: the time of a call over that of a bare grpcio call of the same messages.

    .venv/bin/python python-sdk/benches/api.py [--rounds N] [--calls N] [--no-ceiling]

The server is a process of its own that answers every call at once with prepared bytes. A bare call makes the request message,
calls, and has the answer as a message; the client's takes Python values and gives wrappers. The two take turns call by call;
per round the ratio of the medians is taken, and the median of these ratios is reported, so that other work on the machine
weighs on both alike. The awaited client is held against grpcio's own asyncio channel.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Awaitable, Callable, Dict, List, Tuple

SERVICE = "/mattermost.pluginapi.v1.PluginAPI/"
# The most that is wanted of the plain client.
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


async def serve() -> None:
    """Be the server; ends with its parent."""
    import grpc.aio

    from mattermost_plugin._contract import api_method

    def handler(answer: bytes) -> Any:
        async def answered(request: bytes, context: Any) -> bytes:
            return answer

        return grpc.unary_unary_rpc_method_handler(answered)

    methods = {rpc: handler(api_method(rpc).response(**answer).SerializeToString()) for rpc, _, answer, _ in CALLS.values()}
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE.strip("/"), methods),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    os.write(1, f"127.0.0.1:{port}\n".encode())
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


def stay_on(which: int) -> None:
    """Keep this process on the first (0) or the last (-1) of the processors that it may use."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[which]})


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


def report(kind: str, name: str, found: List[Tuple[float, float, float]], wanted: str) -> float:
    """Print the medians; returns that of the ratios."""
    floor, mine, ratio = (float(statistics.median(values)) for values in zip(*found))
    ratios = sorted(item[2] for item in found)
    quarter = len(ratios) // 4
    print(
        f"{kind:5} {name:18}  bare {floor * 1e6:5.0f} us   client {mine * 1e6:5.0f} us   ratio {ratio:.2f} "
        f"(middle half {ratios[quarter]:.2f} to {ratios[-1 - quarter]:.2f}{wanted})"
    )
    return ratio


def main() -> int:
    """Measure, print, and fail when the ceiling is passed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--calls", type=int, default=300, help="of each kind in a round")
    parser.add_argument("--no-ceiling", action="store_true", help="report only")
    options = parser.parse_args()
    if options.serve:
        stay_on(-1)
        asyncio.run(serve())
        return 0
    command = [sys.executable, str(Path(__file__).resolve()), "--serve"]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    above = []
    try:
        assert server.stdout is not None
        address = server.stdout.readline().decode().strip()
        stay_on(0)
        for name in CALLS:
            found = plain(address, name, options.rounds, options.calls)
            ratio = report("plain", name, found, f", wanted {CEILING:.2f}")
            if ratio > CEILING:
                above.append(f"{name}: {ratio:.2f} > {CEILING:.2f}")
        for name in CALLS:
            found = asyncio.run(awaited(address, name, options.rounds, options.calls))
            report("async", name, found, "")
    finally:
        server.kill()
        server.communicate()
    for line in above:
        print(f"above its ceiling: {line}", file=sys.stderr)
    return 1 if above and not options.no_ceiling else 0


if __name__ == "__main__":
    sys.exit(main())
