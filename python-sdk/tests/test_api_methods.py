"""All methods of the API over the wire, plain and awaited: every field of requests and answers, and both kinds of errors."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any, Callable, Dict, Iterator, List, Tuple

import grpc
import pytest

from conftest import FakeApi
from filling import Filling, differences, plain
from mattermost_plugin import AsyncPluginAPIClient, PluginAPIClient, PluginAPIError
from mattermost_plugin._api_methods import METHODS, BoundMethod
from mattermost_plugin._api_table import BY_NAME_ONLY, NONE_WHEN_EMPTY
from mattermost_plugin._contract import api_method
from mattermost_plugin._wrapping import wrapper_of
from mattermost_plugin.exceptions import (
    AlreadyExistsError,
    NotFoundError,
    PermissionDeniedError,
    UnavailableError,
    ValidationError,
)
from mattermost_plugin.grpc.common_pb2 import AppError

Call = Callable[..., Any]


@pytest.fixture(scope="module")
def server() -> Iterator[FakeApi]:
    fake = FakeApi()
    yield fake
    fake.close()


@pytest.fixture(scope="module")
def calls(server: FakeApi) -> Iterator[Dict[str, Call]]:
    """How methods are called: by which client, and a method's name and arguments."""
    loop = asyncio.new_event_loop()
    plain_client, async_client = PluginAPIClient(server.target), AsyncPluginAPIClient(server.target)
    plain_client.connect_on_demand()
    async_client.connect_on_demand()

    def called(name: str, /, *args: Any, **kwargs: Any) -> Any:
        return getattr(plain_client, name)(*args, **kwargs)

    def awaited(name: str, /, *args: Any, **kwargs: Any) -> Any:
        return loop.run_until_complete(getattr(async_client, name)(*args, **kwargs))

    yield {"plain": called, "async": awaited}
    plain_client.close()
    loop.run_until_complete(async_client.close())
    loop.close()


def argument(holder: Any, field: Any) -> Any:
    """A field of a request as a plugin's author would pass it."""
    value = getattr(holder, field.name)
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return dict(value)
    if field.message_type is None:
        return list(value) if field.is_repeated else value
    if field.message_type.full_name in ("google.protobuf.Struct", "google.protobuf.Value"):
        return plain(value)
    wrapper = wrapper_of(field.message_type)
    return [wrapper.from_proto(item) for item in value] if field.is_repeated else wrapper.from_proto(value)


def arguments(method: BoundMethod, request: Any) -> Tuple[List[Any], Dict[str, Any]]:
    """The arguments that are to make that request: by position where that is possible."""
    args: List[Any] = []
    kwargs: Dict[str, Any] = {}
    for parameter in method.parameters:
        if parameter.pairs:
            kwargs.update({pair.key: plain(pair.value) for pair in request.key_value_pairs})
            continue
        holder = request
        for name in parameter.path[:-1]:
            holder = getattr(holder, name)
        value = argument(holder, parameter.field)
        if parameter.by_name:
            kwargs[parameter.name] = value
        else:
            args.append(value)
    return args, kwargs


def held(method: BoundMethod, result: Any, response: Any) -> List[str]:
    """Where the result of a call differs from the response."""
    if not method.results:
        return [] if result is None else [f"{result!r} came from nothing"]
    values: List[Any] = [result]
    if method.rpc_name == "GetEmojiImage":
        values = [bytes(result), result.content_type]
    elif len(method.results) > 1:
        values = [getattr(result, field.name) for field in method.results]
    if method.rpc_name in NONE_WHEN_EMPTY and result is None:
        values = [b""]
    return [text for field, value in zip(method.results, values) for text in differences(value, response, field)]


def ask(server: FakeApi, call: Call, method: BoundMethod, seed: int, *, whole: bool) -> None:
    filling = Filling(seed, whole=whole)
    request = filling.message(method.contract.request)
    for parameter in method.parameters:  # a message that is there, though nothing is in it, is made by parameters too
        if len(parameter.path) > 1:
            getattr(request, parameter.path[0]).SetInParent()
    response = filling.message(method.contract.response)
    response.ClearField("error")
    server.answers[method.rpc_name] = response
    args, kwargs = arguments(method, request)
    if not whole:
        request.CopyFrom(emptied(method, request))
    result = call(method.name, *args, **kwargs)
    name, sent = server.requests[-1]
    assert (name, method.contract.request.FromString(sent)) == (method.rpc_name, request), f"seed {seed}"
    assert held(method, result, response) == [], f"seed {seed}"


def emptied(method: BoundMethod, request: Any) -> Any:
    """The request as Python arguments can tell it: an argument that is a message is there."""
    for field in method.contract.request.DESCRIPTOR.fields:
        kind = field.message_type.full_name if field.message_type is not None else "google.protobuf.Value"
        if field.has_presence and kind != "google.protobuf.Value":
            getattr(request, field.name).SetInParent()
    return request


@pytest.mark.parametrize("kind", ["plain", "async"])
@pytest.mark.parametrize("name", METHODS)
def test_every_field_goes_and_comes(server: FakeApi, calls: Dict[str, Call], name: str, kind: str) -> None:
    ask(server, calls[kind], METHODS[name], 0, whole=True)
    for seed in range(1, 6):
        ask(server, calls[kind], METHODS[name], seed, whole=False)


@pytest.mark.parametrize("kind", ["plain", "async"])
@pytest.mark.parametrize("name", METHODS)
def test_an_answer_with_nothing_in_it(server: FakeApi, calls: Dict[str, Call], name: str, kind: str) -> None:
    method = METHODS[name]
    server.answers[method.rpc_name] = method.contract.response()
    args, kwargs = arguments(method, Filling(0, whole=True).message(method.contract.request))
    assert held(method, calls[kind](name, *args, **kwargs), method.contract.response()) == []


@pytest.mark.parametrize("kind", ["plain", "async"])
@pytest.mark.parametrize("name", METHODS)
def test_errors_of_both_kinds(server: FakeApi, calls: Dict[str, Call], name: str, kind: str) -> None:
    method = METHODS[name]
    args, kwargs = arguments(method, Filling(0, whole=True).message(method.contract.request))
    error = AppError(id="a.b.app_error", message="m", detailed_error="d", request_id="r", status_code=404, where="w")
    error.params.update({"n": 1, "deep": {"er": [True]}})
    answer = Filling(3, whole=True).message(method.contract.response)
    answer.error.CopyFrom(error)
    server.answers[method.rpc_name] = answer
    with pytest.raises(NotFoundError) as caught:
        calls[kind](name, *args, **kwargs)
    found = vars(caught.value)
    assert found == {
        "message": "m", "code": None, "error_id": "a.b.app_error", "status_code": 404, "detailed_error": "d", "where": "w",
        "params": {"n": 1, "deep": {"er": [True]}}, "request_id": "r",
    }  # fmt: skip

    answer.error.CopyFrom(AppError())
    with pytest.raises(PluginAPIError):
        calls[kind](name, *args, **kwargs)

    server.answers[method.rpc_name] = status(grpc.StatusCode.PERMISSION_DENIED, "a.b.app_error: m: n")
    with pytest.raises(PermissionDeniedError) as refused:
        calls[kind](name, *args, **kwargs)
    told = refused.value
    assert (told.message, told.error_id, told.status_code, told.code) == (
        "m: n",
        "a.b.app_error",
        403,
        grpc.StatusCode.PERMISSION_DENIED,
    )


def status(code: grpc.StatusCode, details: str) -> Callable[[grpc.ServicerContext], Any]:
    """An answer that is a gRPC status."""
    return lambda context: context.abort(code, details)


STATUSES = [
    (400, "INVALID_ARGUMENT", ValidationError),
    (401, "UNAUTHENTICATED", PermissionDeniedError),
    (403, "PERMISSION_DENIED", PermissionDeniedError),
    (404, "NOT_FOUND", NotFoundError),
    (409, "ALREADY_EXISTS", AlreadyExistsError),
    (429, "RESOURCE_EXHAUSTED", UnavailableError),
    (501, "UNIMPLEMENTED", PluginAPIError),
    (503, "UNAVAILABLE", UnavailableError),
    (500, "INTERNAL", PluginAPIError),
]


@pytest.mark.parametrize(("http", "code", "kind"), STATUSES)
def test_both_kinds_of_one_error_are_one_exception(
    server: FakeApi, calls: Dict[str, Call], http: int, code: str, kind: type
) -> None:
    found = []
    in_band = api_method("KVSet").response(error={"id": "x.y", "message": "m", "status_code": http})
    for answer in (in_band, status(grpc.StatusCode[code], "x.y: m"), status(grpc.StatusCode[code], ": m")):
        server.answers["KVSet"] = answer
        with pytest.raises(PluginAPIError) as caught:
            calls["plain"]("kv_set", "k", b"v")
        assert type(caught.value) is kind
        found.append((caught.value.message, caught.value.error_id, caught.value.status_code))
    assert found == [("m", "x.y", http), ("m", "x.y", http), ("m", "", http)]


@pytest.mark.parametrize("details", ["no such method", "failed to connect to all addresses; last error: x", "a b.c: d"])
def test_what_grpc_itself_says_is_no_error_of_the_application(server: FakeApi, calls: Dict[str, Call], details: str) -> None:
    server.answers["KVSet"] = status(grpc.StatusCode.NOT_FOUND, details)
    with pytest.raises(NotFoundError) as caught:
        calls["plain"]("kv_set", "k", b"v")
    assert (caught.value.message, caught.value.error_id, caught.value.status_code) == (details, "", 0)


@pytest.mark.parametrize("name", [name for name, method in METHODS.items() if method.rpc_name in BY_NAME_ONLY])
def test_a_call_as_other_sdks_declare_it_names_what_is_missing(server: FakeApi, calls: Dict[str, Call], name: str) -> None:
    method = METHODS[name]
    before = len(server.requests)
    declared = BY_NAME_ONLY[method.rpc_name].split(", ")
    positional = declared[: declared.index("*") if "*" in declared else None]
    own = {item.name for item in method.parameters}
    with pytest.raises(TypeError) as by_position:
        calls["plain"](name, *("x" for _ in positional))
    with pytest.raises(TypeError) as by_name:
        calls["plain"](name, **dict.fromkeys(positional, "x"))
    required = {item.name for item in method.parameters if item.default is inspect.Parameter.empty}
    for caught, missing in ((by_position, required), (by_name, required - set(positional))):
        text = str(caught.value)
        assert text.startswith(f"{name}() takes ")
        listed = text.partition("missing: ")[2].partition(";")[0]
        assert {item for item in listed.split(", ") if item} == missing
    assert set(positional) != own
    assert len(server.requests) == before


@pytest.mark.parametrize(
    ("name", "args", "kwargs", "same"),
    [
        ("enable_plugin", (), {"plugin_id": "x"}, {"id": "x"}),
        ("install_plugin", (), {"data": b"x", "force": True}, {"file_data": b"x", "replace": True}),
        ("get_emoji_list", (), {"sort": "x"}, {"sort_by": "x"}),
        ("get_user_by_username", (), {"name": "x"}, {"username": "x"}),
        ("get_file_infos", (), {"options": {"user_id": "x"}, "page": 2}, {"user_id": "x", "page": 2}),
        ("patch_channel_members_notifications", ([("c", "u")], {"a": "b"}), {},
         {"members": [{"channel_id": "c", "user_id": "u"}], "notify_props": {"a": "b"}}),
        ("register_plugin_for_shared_channels", ("p", "d"), {}, {"opts": {"plugin_id": "p", "display_name": "d"}}),
    ],
)  # fmt: skip
def test_other_names_make_the_same_request(
    server: FakeApi, calls: Dict[str, Call], name: str, args: Any, kwargs: Any, same: Any
) -> None:
    server.answers[METHODS[name].rpc_name] = METHODS[name].contract.response()
    calls["plain"](name, *args, **kwargs)
    calls["plain"](name, **same)
    assert server.requests[-1] == server.requests[-2]


def test_defaults_are_sent(server: FakeApi, calls: Dict[str, Call]) -> None:
    for name, args, expected in (
        ("search_users", ("t",), {"term": "t", "limit": 100}),
        ("get_users", (), {"per_page": 60}),
        ("kv_list", (), {"per_page": 100}),
        ("publish_plugin_cluster_event", ("e", b"d"), {"event": {"id": "e", "data": b"d"}, "opts": {"send_type": "reliable"}}),
        ("get_file_infos", (), {"per_page": 60, "options": {}}),
        ("create_default_syncable_memberships", (), {"params": {}}),
    ):
        method = METHODS[name]
        server.answers[method.rpc_name] = method.contract.response()
        calls["plain"](name, *args)
        assert method.contract.request.FromString(server.requests[-1][1]) == method.contract.request(**expected)


@pytest.mark.parametrize(
    ("name", "args", "kwargs", "text"),
    [
        ("get_user", (), {}, r"get_user\(\) missing a required argument: 'user_id'"),
        ("get_user", ("a", "b"), {}, r"get_user\(\) too many positional arguments"),
        ("get_user", ("a",), {"user_id": "b"}, r"get_user\(\) multiple values for argument 'user_id'"),
        ("get_user", (), {"user": "b"}, r"get_user\(\) has no parameter 'user'; it has user_id$"),
        ("get_server_version", (), {"all": True}, r"get_server_version\(\) has no parameter 'all'; it has none$"),
        ("enable_plugin", (), {"id": "a", "plugin_id": "b"}, r"enable_plugin\(\) got 'id' twice"),
        ("get_user", (5,), {}, r"get_user\(\): user_id: "),
        ("create_user", (5,), {}, r"create_user\(\): user: int is not a User"),
        ("get_users_by_ids", ("abc",), {}, r"get_users_by_ids\(\): user_ids: str is not a list"),
        ("save_plugin_config", ("abc",), {}, r"save_plugin_config\(\): config: str is not a mapping"),
    ],
)
def test_wrong_arguments_are_named(calls: Dict[str, Call], name: str, args: Any, kwargs: Any, text: str) -> None:
    with pytest.raises(TypeError, match=text):
        calls["plain"](name, *args, **kwargs)


def test_what_inspect_tells_of_a_method() -> None:
    assert str(inspect.signature(PluginAPIClient.kv_list)) == "(self, *, page=0, per_page=100)"
    assert PluginAPIClient.get_user.__qualname__ == "ApiMethods.get_user"
    assert inspect.iscoroutinefunction(AsyncPluginAPIClient.get_user)
    assert not inspect.iscoroutinefunction(PluginAPIClient.get_user)


@pytest.mark.parametrize("name", METHODS)
def test_a_call_goes_by_the_names_of_the_requests_fields(server: FakeApi, calls: Dict[str, Call], name: str) -> None:
    method = METHODS[name]
    server.answers[method.rpc_name] = method.contract.response()
    empty: Any = method.contract.request()
    for request in (Filling(0, whole=True).message(method.contract.request), empty):
        if name.startswith("log_") and "audit" not in name:
            given = {"message": request.msg, **{pair.key: pair.value for pair in request.key_value_pairs}}
        else:
            absent = [
                field.name for field in request.DESCRIPTOR.fields if field.has_presence and not request.HasField(field.name)
            ]
            given = {field.name: getattr(request, field.name) for field in request.DESCRIPTOR.fields}
            given.update(dict.fromkeys(absent))
        calls["plain"](name, **given)
        assert method.contract.request.FromString(server.requests[-1][1]) == request
