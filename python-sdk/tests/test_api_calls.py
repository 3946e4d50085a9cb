"""How calls of the API are made: deadlines, repetition, waiting, cancelling, metadata, sockets, sizes."""

from __future__ import annotations

import asyncio
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Callable, List, Optional

import grpc
import pytest

from conftest import CALL_SECONDS, FakeApi
from mattermost_plugin import AsyncPluginAPIClient, PluginAPIClient, PluginAPIError, UnavailableError
from mattermost_plugin._api_channel import MAX_SENT, default_options
from mattermost_plugin.grpc import api_kv_config_pb2 as kv
from mattermost_plugin.grpc import api_remaining_pb2 as rest

MEBIBYTE = 1024 * 1024


def failing(times: int, answer: Any, code: grpc.StatusCode = grpc.StatusCode.UNAVAILABLE) -> Callable[[Any], Any]:
    """Fails so many times before it answers."""
    left = [times]

    def answered(context: grpc.ServicerContext) -> Any:
        left[0] -= 1
        if left[0] >= 0:
            context.abort(code, "not now")
        return answer

    return answered


def test_a_call_that_only_reads_is_made_again(api: FakeApi) -> None:
    api.answers["KVGet"] = failing(2, kv.KVGetResponse(value=b"1"))
    with PluginAPIClient(api.target) as client:
        assert client.kv_get("k") == b"1"
    assert len(api.requests) == 3

    api.answers["GetServerVersion"] = failing(3, rest.GetServerVersionResponse(version="1"))

    async def ask() -> str:
        async with AsyncPluginAPIClient(api.target) as client:
            return await client.get_server_version()

    assert asyncio.run(ask()) == "1"
    assert len(api.requests) == 3 + 4


def test_repetition_ends(api: FakeApi) -> None:
    api.answers["KVGet"] = failing(1000, None)
    with PluginAPIClient(api.target) as client, pytest.raises(UnavailableError, match="not now"):
        client.kv_get("k")
    assert len(api.requests) == 4


@pytest.mark.parametrize(
    ("method", "args"), [("kv_set", ("k", b"v")), ("get_direct_channel", ("a", "b")), ("log_info", ("m",))]
)
def test_a_call_that_changes_something_is_made_once(api: FakeApi, method: str, args: Any) -> None:
    for rpc in ("KVSet", "GetDirectChannel", "LogInfo"):
        api.answers[rpc] = failing(1, None)
    with PluginAPIClient(api.target) as client, pytest.raises(UnavailableError):
        getattr(client, method)(*args)
    assert len(api.requests) == 1


def test_only_unavailable_is_worth_another_call(api: FakeApi) -> None:
    api.answers["KVGet"] = failing(1, None, grpc.StatusCode.INTERNAL)
    with PluginAPIClient(api.target) as client, pytest.raises(PluginAPIError):
        client.kv_get("k")
    assert len(api.requests) == 1


def test_a_call_can_wait_for_a_server_that_is_not_there_yet(socket: str) -> None:
    with PluginAPIClient(socket) as client, ThreadPoolExecutor() as threads:
        with pytest.raises(UnavailableError):
            client.with_options(timeout=CALL_SECONDS).kv_set("k", b"v")
        waiting = threads.submit(client.with_options(wait_for_ready=True, timeout=60).kv_set, "k", b"v")
        server = FakeApi(socket)
        server.answers["KVSet"] = kv.KVSetResponse()
        try:
            waiting.result(60)
        finally:
            server.close()
        assert [name for name, _ in server.requests] == ["KVSet"]


def test_a_call_that_waits_ends_at_its_deadline(socket: str) -> None:
    with PluginAPIClient(socket, wait_for_ready=True, timeout=0.1) as client, pytest.raises(UnavailableError) as caught:
        client.get_server_version()
    assert caught.value.code is grpc.StatusCode.DEADLINE_EXCEEDED


@pytest.mark.parametrize("scheme", ["unix:", "unix://"])
def test_a_socket_serves_as_well_as_a_port(socket: str, scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    names: List[str] = []

    def answer(context: Any) -> Any:
        names.append(context._rpc_event.call_details.host.decode())
        return kv.KVGetResponse(value=b"1")

    server = FakeApi(socket)
    server.answers["KVGet"] = answer
    monkeypatch.setenv("MATTERMOST_PLUGIN_API_TARGET", scheme + socket[len("unix:") :])

    async def get() -> Optional[bytes]:
        async with AsyncPluginAPIClient() as client:
            return await client.kv_get("k")

    try:
        with PluginAPIClient() as client:
            assert client.target == scheme + socket[len("unix:") :]
            assert client.kv_get("k") == b"1"
            assert asyncio.run(client.as_async().kv_get("k")) == b"1"
        assert asyncio.run(get()) == b"1"
        assert names == ["localhost"] * 3  # a path is no name of a host, and some servers refuse it
    finally:
        server.close()


def test_settings_are_those_of_the_client_that_calls(api: FakeApi) -> None:
    seen: List[Any] = []

    def answer(context: grpc.ServicerContext) -> Any:
        metadata = dict(context.invocation_metadata())
        seen.append((context.time_remaining(), metadata.get("x-a"), metadata.get("authorization")))
        return kv.KVSetResponse()

    api.answers["KVSet"] = answer
    with PluginAPIClient(api.target, timeout=300, metadata=[("x-a", "1")], token="secret") as client:  # noqa: S106
        other = client.with_options(timeout=100)
        for one in (client, other, other.with_options(metadata=[("x-a", "2")]), client):
            one.kv_set("k", b"v")
        asyncio.run(other.as_async().kv_set("k", b"v"))
    assert [who[1:] for who in seen] == [(mark, "Bearer secret") for mark in "11211"]
    assert [who[0] > 200 for who in seen] == [True, False, False, True, False]


def test_a_cancelled_task_cancels_its_call(api: FakeApi) -> None:
    arrived, left = threading.Event(), threading.Event()

    def wait_for_the_end(context: grpc.ServicerContext) -> Any:
        context.add_callback(left.set)
        arrived.set()
        left.wait(CALL_SECONDS)
        return kv.KVGetResponse()

    api.answers["KVGet"] = wait_for_the_end

    async def cancel() -> None:
        async with AsyncPluginAPIClient(api.target) as client:
            call = asyncio.ensure_future(client.kv_get("k"))
            await asyncio.get_running_loop().run_in_executor(None, arrived.wait, CALL_SECONDS)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            assert await asyncio.get_running_loop().run_in_executor(None, left.wait, CALL_SECONDS)

    asyncio.run(cancel())


def test_a_call_whose_client_is_closed_fails(api: FakeApi) -> None:
    arrived, ended = threading.Event(), threading.Event()

    def wait_for_the_end(context: grpc.ServicerContext) -> Any:
        context.add_callback(ended.set)
        arrived.set()
        ended.wait(CALL_SECONDS)
        return kv.KVGetResponse()

    api.answers["KVGet"] = wait_for_the_end
    client = PluginAPIClient(api.target)
    client.connect()
    with ThreadPoolExecutor() as threads:
        call = threads.submit(client.kv_get, "k")
        assert arrived.wait(CALL_SECONDS)
        client.close()
        with pytest.raises(PluginAPIError) as caught:
            call.result(CALL_SECONDS)
    assert caught.value.code is grpc.StatusCode.CANCELLED

    arrived.clear()
    ended.clear()

    async def close() -> None:
        other = AsyncPluginAPIClient(api.target)
        await other.connect()
        waiting = asyncio.ensure_future(other.kv_get("k"))
        await asyncio.get_running_loop().run_in_executor(None, arrived.wait, CALL_SECONDS)
        await other.close()
        with pytest.raises(PluginAPIError) as closed:
            await waiting
        assert closed.value.code is grpc.StatusCode.CANCELLED

    asyncio.run(close())


def test_large_values_go_both_ways(api: FakeApi) -> None:
    value = b"\xff" * (20 * MEBIBYTE)
    api.answers["KVSet"] = kv.KVSetResponse()
    api.answers["KVGet"] = kv.KVGetResponse(value=value)
    with PluginAPIClient(api.target) as client:
        client.kv_set("k", value)
        assert kv.KVSetRequest.FromString(api.requests[-1][1]).value == value
        assert client.kv_get("k") == value


def test_what_no_server_takes_is_not_sent(api: FakeApi) -> None:
    api.answers["KVSet"] = kv.KVSetResponse()
    with PluginAPIClient(api.target) as client, pytest.raises(UnavailableError) as caught:
        client.kv_set("k", bytes(MAX_SENT))
    assert caught.value.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert api.requests == []


HOST = Path(__file__).parents[2] / "proto/src/codec.rs"


@pytest.mark.skipif(not HOST.exists(), reason="the host's code does not stand beside the SDK")
def test_what_is_sent_at_most_is_what_the_host_of_this_repository_takes() -> None:
    """The host takes one MiB more, so that it is this side that refuses, and with nothing sent."""
    (mebibytes,) = re.findall(r"pub const MAX_MESSAGE: usize = (\d+) \* 1024 \* 1024;", HOST.read_text(encoding="utf-8"))
    assert (int(mebibytes) - 1) * MEBIBYTE == MAX_SENT


def test_a_client_that_is_idle_sends_no_pings() -> None:
    """GRPC sends them when told to only; servers in Go answer frequent ones by closing the connection."""
    assert [name for name in default_options() if "keepalive" in name or "ping" in name] == []


def test_options_of_the_channel_can_be_given(api: FakeApi) -> None:
    api.answers["KVGet"] = failing(1, kv.KVGetResponse())
    with PluginAPIClient(api.target, options=[("grpc.enable_retries", 0)]) as client, pytest.raises(UnavailableError):
        client.kv_get("k")
    assert len(api.requests) == 1


def test_a_client_serves_many_threads(api: FakeApi) -> None:
    api.answers["KVGet"] = kv.KVGetResponse(value=b"1")
    with PluginAPIClient(api.target) as client, ThreadPoolExecutor(64) as threads:
        assert list(threads.map(client.kv_get, map(str, range(640)))) == [b"1"] * 640

    async def many() -> List[Any]:
        async with AsyncPluginAPIClient(api.target) as client:
            return list(await asyncio.gather(*(client.kv_get(str(number)) for number in range(640))))

    assert asyncio.run(many()) == [b"1"] * 640
