"""The API client against a real server: what goes over the wire, and what comes back."""

from __future__ import annotations

import asyncio
import threading
from typing import Any, Callable, List, Optional, Tuple, Type

import grpc
import pytest
from google.protobuf import struct_pb2

from conftest import FakeApi
from mattermost_plugin import (
    AsyncPluginAPIClient,
    NotFoundError,
    Plugin,
    PluginAPIClient,
    PluginAPIError,
    PluginKVSetOptions,
    UnavailableError,
)
from mattermost_plugin.client import get_default_target
from mattermost_plugin.grpc import api_kv_config_pb2 as kv
from mattermost_plugin.grpc import api_remaining_pb2 as rest
from mattermost_plugin.grpc.common_pb2 import AppError

PAIRS = [
    {"key": "text", "value": {"string_value": "ü"}},
    {"key": "number", "value": {"number_value": 2}},
    {"key": "flag", "value": {"bool_value": True}},
    {"key": "none", "value": {"null_value": 0}},
    {"key": "list", "value": {"list_value": {"values": [{"number_value": 1.5}]}}},
    {"key": "other", "value": {"string_value": "(1+2j)"}},
]
FIELDS = {"text": "ü", "number": 2, "flag": True, "none": None, "list": [1.5], "other": 1 + 2j}
PAYLOAD = struct_pb2.Struct()
PAYLOAD.update({"a": {"b": [1]}})

# The call; the RPC and the request that it makes; the response; what the call returns.
CALLS: Tuple[Any, ...] = (
    ("get_server_version", (), {}, rest.GetServerVersionRequest(), rest.GetServerVersionResponse(version="10.5.0"), "10.5.0"),
    ("is_enterprise_ready", (), {}, rest.IsEnterpriseReadyRequest(),
     rest.IsEnterpriseReadyResponse(is_enterprise_ready=True), True),
    ("get_plugin_id", (), {}, kv.GetPluginIDRequest(), kv.GetPluginIDResponse(plugin_id="x"), "x"),
    ("log_debug", ("m",), {}, kv.LogDebugRequest(msg="m"), kv.LogDebugResponse(), None),
    ("log_info", ("m",), FIELDS, kv.LogInfoRequest(msg="m", key_value_pairs=PAIRS), kv.LogInfoResponse(), None),
    ("log_warn", ("m",), {"a": "b"}, kv.LogWarnRequest(msg="m", key_value_pairs=[{"key": "a", "value": {"string_value": "b"}}]),
     kv.LogWarnResponse(), None),
    ("log_error", ("m",), {}, kv.LogErrorRequest(msg="m"), kv.LogErrorResponse(), None),
    ("kv_set", ("k", b"\0\xff"), {}, kv.KVSetRequest(key="k", value=b"\0\xff"), kv.KVSetResponse(), None),
    ("kv_get", ("k",), {}, kv.KVGetRequest(key="k"), kv.KVGetResponse(value=b"\0\xff"), b"\0\xff"),
    ("kv_get", ("gone",), {}, kv.KVGetRequest(key="gone"), kv.KVGetResponse(), None),
    ("kv_delete", ("k",), {}, kv.KVDeleteRequest(key="k"), kv.KVDeleteResponse(), None),
    ("kv_delete_all", (), {}, kv.KVDeleteAllRequest(), kv.KVDeleteAllResponse(), None),
    ("kv_list", (), {}, kv.KVListRequest(page=0, per_page=100), kv.KVListResponse(keys=["a", "b"]), ["a", "b"]),
    ("kv_list", (), {"page": 2, "per_page": 3}, kv.KVListRequest(page=2, per_page=3), kv.KVListResponse(), []),
    ("kv_set_with_expiry", ("k", b"v", 60), {}, kv.KVSetWithExpiryRequest(key="k", value=b"v", expire_in_seconds=60),
     kv.KVSetWithExpiryResponse(), None),
    ("kv_compare_and_set", ("k", b"o", b"n"), {}, kv.KVCompareAndSetRequest(key="k", old_value=b"o", new_value=b"n"),
     kv.KVCompareAndSetResponse(success=True), True),
    ("kv_compare_and_set", ("k", None, b"n"), {}, kv.KVCompareAndSetRequest(key="k", new_value=b"n"),
     kv.KVCompareAndSetResponse(), False),
    ("kv_compare_and_delete", ("k", b"o"), {}, kv.KVCompareAndDeleteRequest(key="k", old_value=b"o"),
     kv.KVCompareAndDeleteResponse(success=True), True),
    ("kv_set_with_options", ("k", b"v", PluginKVSetOptions(atomic=True, old_value=b"o", expire_in_seconds=9)), {},
     kv.KVSetWithOptionsRequest(key="k", value=b"v", options={"atomic": True, "old_value": b"o", "expire_in_seconds": 9}),
     kv.KVSetWithOptionsResponse(success=True), True),
    ("publish_web_socket_event", ("e", {"a": {"b": [1]}}, {"user_id": "u", "omit_users": ["x"]}), {},
     kv.PublishWebSocketEventRequest(event="e", payload=PAYLOAD, broadcast={"user_id": "u", "omit_users": ["x"]}),
     kv.PublishWebSocketEventResponse(), None),
)  # fmt: skip


def rpc_of(request: Any) -> str:
    name: str = request.DESCRIPTOR.name
    return name[: -len("Request")]


def check(api: FakeApi, call: Any, name: str, request: Any, response: Any, expected: Any) -> None:
    api.answers[rpc_of(request)] = response
    result = call(name)
    assert result == expected
    assert type(result) is type(expected)
    sent_name, sent = api.requests[-1]
    assert (sent_name, type(request).FromString(sent)) == (rpc_of(request), request)


@pytest.mark.parametrize(("name", "args", "kwargs", "request_", "response", "expected"), CALLS)
def test_calls(api: FakeApi, name: str, args: Any, kwargs: Any, request_: Any, response: Any, expected: Any) -> None:
    with PluginAPIClient(api.target) as client:
        check(api, lambda method: getattr(client, method)(*args, **kwargs), name, request_, response, expected)

    async def in_async(method: str) -> Any:
        async with AsyncPluginAPIClient(api.target) as client:
            return await getattr(client, method)(*args, **kwargs)

    check(api, lambda method: asyncio.run(in_async(method)), name, request_, response, expected)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (AppError(id="store.missing", message="gone", status_code=404), NotFoundError),
        (AppError(message="no id", status_code=500), PluginAPIError),
        (AppError(), PluginAPIError),
    ],
)
def test_any_app_error_in_an_answer_is_raised(api: FakeApi, error: AppError, kind: Any) -> None:
    api.answers["KVGet"] = kv.KVGetResponse(error=error, value=b"not to be seen")
    with PluginAPIClient(api.target) as client, pytest.raises(kind) as caught:
        client.kv_get("k")
    assert caught.value.error_id == error.id

    async def in_async() -> None:
        async with AsyncPluginAPIClient(api.target) as client:
            await client.kv_get("k")

    with pytest.raises(kind):
        asyncio.run(in_async())


def test_a_status_is_raised_too(api: FakeApi) -> None:
    with PluginAPIClient(api.target) as client, pytest.raises(PluginAPIError) as caught:
        client.kv_get("k")
    assert caught.value.code is grpc.StatusCode.UNIMPLEMENTED


def test_a_server_that_is_not_there() -> None:
    with PluginAPIClient("127.0.0.1:1") as client, pytest.raises(UnavailableError) as caught:
        client.get_server_version()
    assert caught.value.code is grpc.StatusCode.UNAVAILABLE


def test_a_call_that_is_not_answered_ends_at_its_deadline(api: FakeApi) -> None:
    def wait_for_the_end(context: grpc.ServicerContext) -> Any:
        ended = threading.Event()
        context.add_callback(ended.set)
        ended.wait(10)
        return kv.KVGetResponse()

    api.answers["KVGet"] = wait_for_the_end
    with PluginAPIClient(api.target, timeout=0.1) as client, pytest.raises(UnavailableError) as caught:
        client.kv_get("k")
    assert caught.value.code is grpc.StatusCode.DEADLINE_EXCEEDED


def test_wrong_arguments_are_refused_before_anything_is_sent(api: FakeApi) -> None:
    with PluginAPIClient(api.target) as client:
        wrong: List[Tuple[Callable[[], Any], Type[Exception]]] = [
            (lambda: client.kv_set("k"), TypeError),  # type: ignore[call-arg]
            (lambda: client.kv_set("k", "text"), TypeError),  # type: ignore[arg-type]
            (lambda: client.publish_web_socket_event("e", {}, {"user": "u"}), ValueError),
        ]
        for call, error in wrong:
            with pytest.raises(error):
                call()
    assert api.requests == []


def test_connecting(api: FakeApi) -> None:
    api.answers["GetPluginID"] = kv.GetPluginIDResponse(plugin_id="x")
    client = PluginAPIClient(api.target)
    assert (client.target, client.connected) == (api.target, False)
    with pytest.raises(RuntimeError, match="not connected"):
        client.get_plugin_id()
    client.connect()
    with pytest.raises(RuntimeError, match="connected already"):
        client.connect()
    assert client.get_plugin_id() == "x"
    client.close()
    client.close()
    assert not client.connected


def test_connect_on_the_client_of_the_sdk_does_nothing(api: FakeApi) -> None:
    api.answers["GetPluginID"] = kv.GetPluginIDResponse(plugin_id="x")
    client = PluginAPIClient(api.target)
    client.connect_on_demand()
    assert client.connected
    client.connect()
    assert client.get_plugin_id() == "x"
    client.connect()
    assert client.get_plugin_id() == "x"
    client.close()


def test_the_default_target_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MATTERMOST_PLUGIN_API_TARGET", "127.0.0.1:7")
    assert get_default_target() == "127.0.0.1:7"
    assert PluginAPIClient().target == "127.0.0.1:7"
    monkeypatch.setenv("MATTERMOST_PLUGIN_API_TARGET", "")
    with pytest.raises(RuntimeError, match="MATTERMOST_PLUGIN_API_TARGET is not set"):
        PluginAPIClient()


def test_the_async_client_of_a_plugin_goes_to_the_same_server(api: FakeApi) -> None:
    api.answers["KVGet"] = kv.KVGetResponse(value=b"1")
    plain = PluginAPIClient(api.target)
    plugin = Plugin(api=plain)
    assert plugin.async_api is plugin.async_api
    assert plugin.async_api.target == api.target

    async def get() -> Optional[bytes]:
        return await plugin.async_api.kv_get("a")

    assert [asyncio.run(get()), asyncio.run(get())] == [b"1", b"1"]  # on whichever loop
    asyncio.run(plugin.async_api.close())
