"""What calls of the API carry: the token of the environment, which nothing shows, and the request id of the running hook."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import os
import threading
from typing import Any, Callable, Iterator, List, Optional

import pytest

from conftest import CALL_SECONDS, FakeApi, Serve
from mattermost_plugin import (
    APILogHandler,
    AsyncPluginAPIClient,
    HTTPRequest,
    HTTPResponseWriter,
    Plugin,
    PluginAPIClient,
    PluginAPIError,
    hook,
    hook_context,
)
from mattermost_plugin import _api_metadata as metadata
from mattermost_plugin._contract import HOOKS, HOOKS_SERVICE_NAME, api_method
from mattermost_plugin.grpc import api_kv_config_pb2 as kv
from mattermost_plugin.grpc.hooks_http_pb2 import ServeHTTPRequest, ServeHTTPRequestInit, ServeHTTPResponse

TOKEN = "d41d8cd98f00b204"  # noqa: S105


@pytest.fixture(autouse=True)
def _no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(metadata.TOKEN_VARIABLE, raising=False)
    monkeypatch.setattr(metadata, "_taken", "")


@pytest.fixture
def taking(api: FakeApi) -> FakeApi:
    """An API that takes values and log lines, and gives one."""
    api.answers.update(KVSet=kv.KVSetResponse(), KVGet=kv.KVGetResponse(value=b"1"))
    return api


@pytest.fixture
def client(taking: FakeApi) -> Iterator[PluginAPIClient]:
    with PluginAPIClient(taking.target) as made:
        yield made


def shown(api: FakeApi, name: str) -> List[Any]:
    return [sent.get(name) for sent in api.metadata]


# The token.


@pytest.mark.parametrize(("variable", "argument", "sent"), [
    (TOKEN, None, f"Bearer {TOKEN}"), (TOKEN, "given", "Bearer given"), (TOKEN, "", None), ("", None, None), (None, None, None),
])  # fmt: skip
@pytest.mark.parametrize("taken", [False, True])
def test_the_token_of_the_environment_is_shown(
    taking: FakeApi, monkeypatch: pytest.MonkeyPatch, variable: Any, argument: Any, sent: Any, taken: bool
) -> None:
    if variable is not None:
        monkeypatch.setenv(metadata.TOKEN_VARIABLE, variable)
    if taken:
        metadata.take_token()
        assert metadata.TOKEN_VARIABLE not in os.environ
    with PluginAPIClient(taking.target, token=argument) as client:
        client.kv_set("k", b"v")
        client.with_options(metadata=[("x-a", "1")]).kv_set("k", b"v")
        asyncio.run(client.as_async().kv_set("k", b"v"))
    assert shown(taking, "authorization") == [sent] * 3


def test_a_token_once_taken_stays_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(metadata.TOKEN_VARIABLE, TOKEN)
    metadata.take_token()
    metadata.take_token()
    assert metadata.authorization(None) == (("authorization", f"Bearer {TOKEN}"),)


def test_no_text_shows_the_token(taking: FakeApi, caplog: Any) -> None:
    caplog.set_level(logging.DEBUG)
    with PluginAPIClient(taking.target, token=TOKEN) as client:
        texts = [
            repr(client),
            str(vars(client)),
            repr(client.as_async()),
            str(vars(client.with_options(metadata=[("x-a", "1")]))),
        ]
        client.kv_set("k", b"v")
        with pytest.raises(PluginAPIError) as refused:
            client.kv_delete("k")
        texts += [repr(refused.value), repr(refused.value.__cause__)]
        for call in (client, client.as_async()):
            with pytest.raises(Exception) as wrong:  # noqa: PT011 - what gRPC raises for metadata that it cannot send
                asyncio.run(awaited(call.with_options(metadata=[("x a", "\n")]).kv_set("k", b"v")))
            texts.append(repr(wrong.value))
    assert shown(taking, "authorization")[0] == f"Bearer {TOKEN}"
    assert [text for text in [*texts, caplog.text] if TOKEN in text] == []


async def awaited(value: Any) -> Any:
    return await value


@pytest.mark.parametrize("wrong", [f"{TOKEN}\n", f"{TOKEN}ü", f"{TOKEN}\0"])
def test_a_token_that_cannot_be_sent_is_refused_without_a_word_of_it(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="the token is not what metadata can carry") as given:
        PluginAPIClient("127.0.0.1:1", token=wrong)
    monkeypatch.setattr(metadata, "_taken", wrong)
    with pytest.raises(ValueError, match="MATTERMOST_PLUGIN_API_TOKEN is not what metadata can carry") as found:
        PluginAPIClient("127.0.0.1:1")
    assert TOKEN not in f"{given.value}{found.value}"


# The request id.


class Calling(Plugin):
    """Sets a value under the name of what called."""

    @hook
    def on_install(self, plugin_context: Any, event: Any) -> None:
        self.api.kv_set("plain", b"")

    @hook
    async def user_has_been_created(self, plugin_context: Any, user: Any) -> None:
        await self.async_api.kv_set("awaited", b"")

    @hook
    async def message_has_been_posted(self, plugin_context: Any, post: Any) -> None:
        task = asyncio.ensure_future(self.async_api.kv_set("task", b""))
        await asyncio.gather(self.async_api.kv_set("gathered", b""), asyncio.to_thread(self.api.kv_set, "in a thread", b""))
        await task

    @hook
    def on_send_daily_telemetry(self) -> None:
        def call(name: str) -> None:
            self.api.kv_set(name, hook_context_id())

        for target, name in ((contextvars.copy_context().run, "handed on"), (contextvars.Context().run, "not handed on")):
            thread = threading.Thread(target=target, args=(call, name))
            thread.start()
            thread.join()

    @hook
    def serve_http(self, plugin_context: Any, writer: HTTPResponseWriter, request: HTTPRequest) -> None:
        self.api.kv_set("http", b"")


def hook_context_id() -> bytes:
    try:
        return hook_context().request_id.encode()
    except RuntimeError:
        return b""


def keys(api: FakeApi) -> List[str]:
    return [kv.KVSetRequest.FromString(request).key for _, request in api.requests]


def ids(api: FakeApi) -> Any:
    return dict(zip(keys(api), shown(api, "x-request-id")))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("OnInstall", {"plain": "r1"}),
        ("UserHasBeenCreated", {"awaited": "r1"}),
        ("MessageHasBeenPosted", {"gathered": "r1", "in a thread": "r1", "task": "r1"}),
        ("OnSendDailyTelemetry", {"handed on": "r1", "not handed on": None}),
    ],
)
def test_a_call_in_a_handler_carries_the_request_id(
    serve: Serve, taking: FakeApi, client: PluginAPIClient, name: str, expected: Any
) -> None:
    served = serve(Calling(api=client))
    served.call(name, context={"request_id": "r1"})
    assert ids(taking) == expected
    served.call(name)
    assert set(shown(taking, "x-request-id")[len(expected) :]) == {None}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"context": {"request_id": "a"}, "plugin_context": {"request_id": "b"}}, "a"),
        ({"context": {}, "plugin_context": {"request_id": "b"}}, "b"),
        ({"plugin_context": {"request_id": "b"}}, "b"),
        ({"context": {"request_id": "a" * 256}}, "a" * 256),
        ({"context": {"request_id": "a" * 257}}, None),  # its headers might be too large
        ({"context": {"request_id": "ü"}}, None),
        ({"context": {"request_id": "a\nb"}}, None),
    ],
)
def test_the_first_context_that_has_an_id_counts(
    serve: Serve, taking: FakeApi, client: PluginAPIClient, fields: Any, expected: Any
) -> None:
    assert not serve(Calling(api=client)).call("OnInstall", **fields).HasField("error")
    assert ids(taking) == {"plain": expected}


def test_a_call_while_http_is_answered_carries_the_request_id(serve: Serve, taking: FakeApi, client: PluginAPIClient) -> None:
    served = serve(Calling(api=client))
    method = served.channel.stream_stream(
        f"/{HOOKS_SERVICE_NAME}/ServeHTTP", ServeHTTPRequest.SerializeToString, ServeHTTPResponse.FromString
    )
    init = ServeHTTPRequestInit(method="GET", url="/", plugin_context={"request_id": "web"})
    list(method(iter([ServeHTTPRequest(init=init, body_complete=True)]), timeout=CALL_SECONDS))
    assert ids(taking) == {"http": "web"}


def test_hooks_at_the_same_time_are_kept_apart(serve: Serve, taking: FakeApi, client: PluginAPIClient) -> None:
    everybody = threading.Barrier(8)

    class Meeting(Plugin):
        @hook
        def user_has_logged_in(self, plugin_context: Any, user: Any) -> None:
            everybody.wait(CALL_SECONDS)
            self.api.kv_set(user.id, b"")

        @hook
        async def user_has_been_deactivated(self, plugin_context: Any, user: Any) -> None:
            await asyncio.get_running_loop().run_in_executor(None, everybody.wait, CALL_SECONDS)
            await self.async_api.kv_set(user.id, b"")

    served = serve(Meeting(api=client))

    def begin(name: str, user: str) -> Any:
        contract = HOOKS[name]
        method = served.channel.unary_unary(
            f"/{HOOKS_SERVICE_NAME}/{name}", contract.request.SerializeToString, contract.response.FromString
        )
        return method.future(contract.request(context={"request_id": f"of {user}"}, user={"id": user}), timeout=CALL_SECONDS)

    names = ["UserHasLoggedIn", "UserHasBeenDeactivated"]
    for call in [begin(names[number % 2], f"u{number}") for number in range(8)]:
        call.result()
    assert ids(taking) == {f"u{number}": f"of u{number}" for number in range(8)}


def in_a_hook(client: PluginAPIClient, serve: Serve, call: Callable[[PluginAPIClient], Any]) -> None:
    class Doing(Plugin):
        @hook
        def on_install(self, plugin_context: Any, event: Any) -> None:
            call(self.api)

    assert not serve(Doing(api=client)).call("OnInstall", context={"request_id": "r1"}).HasField("error")


def test_an_id_of_the_authors_own_is_left_alone(serve: Serve, taking: FakeApi, client: PluginAPIClient) -> None:
    in_a_hook(client, serve, lambda api: api.with_options(metadata=[("x-request-id", "own")]).kv_set("k", b""))
    assert shown(taking, "x-request-id") == ["own"]


def test_calls_outside_of_handlers_carry_none(taking: FakeApi, client: PluginAPIClient) -> None:
    client.kv_set("plain", b"")
    asyncio.run(client.as_async().kv_set("awaited", b""))
    assert ids(taking) == {"plain": None, "awaited": None}


def test_log_lines_carry_none_whoever_logs_first(serve: Serve, taking: FakeApi, client: PluginAPIClient) -> None:
    """The thread that sends them outlives the handler that starts it."""
    logged = threading.Event()

    def take_line(context: Any) -> Any:
        logged.set()
        return api_method("LogInfo").response()

    taking.answers["LogInfo"] = take_line
    handler = APILogHandler(client)
    in_a_hook(client, serve, lambda api: handler.emit(logging.makeLogRecord({"levelno": logging.INFO, "msg": "said"})))
    assert logged.wait(CALL_SECONDS)
    handler.close()
    assert shown(taking, "x-request-id") == [None]


def test_a_coroutine_of_a_plain_function_has_the_id_too(serve: Serve, taking: FakeApi, client: PluginAPIClient) -> None:
    class Odd(Plugin):
        @hook
        def on_install(self, plugin_context: Any, event: Any) -> Any:
            return self.async_api.kv_set("k", b"")

    serve(Odd(api=client)).call("OnInstall", context={"request_id": "r1"})
    assert shown(taking, "x-request-id") == ["r1"]


def test_a_client_without_a_channel_of_its_own_sends_both(taking: FakeApi) -> None:
    """The awaited client made by hand, as in a program that is no plugin."""

    async def get() -> Optional[bytes]:
        async with AsyncPluginAPIClient(taking.target, token=TOKEN, metadata=[("x-request-id", "r")]) as client:
            return await client.kv_get("k")

    assert asyncio.run(get()) == b"1"
    assert (taking.metadata[0]["authorization"], taking.metadata[0]["x-request-id"]) == (f"Bearer {TOKEN}", "r")
