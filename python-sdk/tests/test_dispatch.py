"""Hooks over a real connection: what handlers get, and what becomes of what they return or raise."""

from __future__ import annotations

import asyncio
import threading
from typing import Any, Dict, List, Tuple

import grpc
import pytest
from grpc_health.v1 import health_pb2

from conftest import Serve, plugin_with
from mattermost_plugin import DISMISS_POST_ERROR, CommandResponse, Plugin, PluginAPIError, RuntimeConfig, hook
from mattermost_plugin._contract import HOOKS, HOOKS_SERVICE_NAME, Shape
from mattermost_plugin._internal import wrappers
from mattermost_plugin.grpc.api_remaining_pb2 import CommandResponse as CommandResponseMessage
from mattermost_plugin.grpc.api_remaining_pb2 import PushNotification
from mattermost_plugin.grpc.common_pb2 import AppError
from mattermost_plugin.grpc.file_pb2 import FileData, FileInfo
from mattermost_plugin.grpc.hooks_command_pb2 import SyncResponse
from mattermost_plugin.grpc.hooks_lifecycle_pb2 import ConfigJson
from mattermost_plugin.grpc.hooks_message_pb2 import EmailNotificationContent
from mattermost_plugin.grpc.post_pb2 import Post
from mattermost_plugin.grpc.user_pb2 import User

UNARY = [name for name, hook_ in HOOKS.items() if hook_.shape is not Shape.STREAM and name != "Implemented"]
POST = Post(id="p", message="text")
OTHER = Post(id="p", message="other")
FILES = [FileData(filename="a", data=b"1"), FileData(filename="b", data=b"2")]


class WithToProto:
    """A wrapper of somebody's own."""

    def to_proto(self) -> Post:
        return OTHER


def error(name: str, message: str, suffix: str = "error", status_code: int = 500) -> Dict[str, Any]:
    prefix = HOOKS[name].error_id
    return {"error": AppError(id=f"{prefix}.{suffix}", message=message, status_code=status_code, where=name)}


# Hook, request, what the handler returns, the response's fields.
RETURNS: List[Tuple[str, Dict[str, Any], Any, Dict[str, Any]]] = [
    ("OnActivate", {}, None, {}),
    ("OnActivate", {}, "", {}),
    ("OnActivate", {}, True, {}),
    ("OnActivate", {}, "why", error("OnActivate", "why")),
    ("OnActivate", {}, ValueError("why"), error("OnActivate", "why")),
    ("OnActivate", {}, ValueError(), error("OnActivate", "ValueError")),
    ("OnActivate", {}, AppError(id="own", status_code=418), {"error": AppError(id="own", status_code=418)}),
    ("OnDeactivate", {}, "ignored", {}),
    ("OnConfigurationChange", {}, ValueError("ignored"), {}),
    ("OnInstall", {}, "why", error("OnInstall", "why")),
    ("OnSendDailyTelemetry", {}, "ignored", {}),
    ("MessageHasBeenPosted", {"post": POST}, 7, {}),
    ("RunDataRetention", {}, None, {}),
    ("RunDataRetention", {}, 7, {"deleted_count": 7}),
    ("RunDataRetention", {}, (7, None), {"deleted_count": 7}),
    ("RunDataRetention", {}, (7, "why"), {"deleted_count": 7, **error("RunDataRetention", "why")}),
    ("ConfigurationWillBeSaved", {}, None, {}),
    ("ConfigurationWillBeSaved", {}, ConfigJson(config_json=b"{}"), {"modified_config": ConfigJson(config_json=b"{}")}),
    ("ConfigurationWillBeSaved", {}, (ConfigJson(), None), {"modified_config": ConfigJson()}),
    ("ConfigurationWillBeSaved", {}, (None, "no"), error("ConfigurationWillBeSaved", "no", "rejected")),
    ("MessageWillBePosted", {"post": POST}, None, {}),
    ("MessageWillBePosted", {"post": POST}, OTHER, {"modified_post": OTHER}),
    ("MessageWillBePosted", {"post": POST}, (OTHER, ""), {"modified_post": OTHER}),
    ("MessageWillBePosted", {"post": POST}, (None, ""), {}),
    ("MessageWillBePosted", {"post": POST}, (None, None), {}),
    ("MessageWillBePosted", {"post": POST}, (None, "no"), {"rejection_reason": "no"}),
    ("MessageWillBePosted", {"post": POST}, (OTHER, "no"), {"rejection_reason": "no"}),
    ("MessageWillBePosted", {"post": POST}, "no", {"rejection_reason": "no"}),
    ("MessageWillBePosted", {"post": POST}, "", {}),
    ("MessageWillBePosted", {"post": POST}, (None, DISMISS_POST_ERROR), {"rejection_reason": DISMISS_POST_ERROR}),
    ("MessageWillBePosted", {"post": POST}, WithToProto(), {"modified_post": OTHER}),
    ("MessageWillBePosted", {"post": POST}, wrappers.Post.from_proto(OTHER), {"modified_post": OTHER}),
    ("MessageWillBePosted", {"post": POST}, (wrappers.Post.from_proto(OTHER), ""), {"modified_post": OTHER}),
    ("MessagesWillBeConsumed", {"posts": [POST]}, [wrappers.Post.from_proto(OTHER), POST], {"posts": [OTHER, POST]}),
    ("FileWillBeUploaded", {}, wrappers.FileInfo(name="n"), {"modified_file_info": FileInfo(name="n")}),
    ("NotificationWillBePushed", {}, wrappers.PushNotification(message="m"),
     {"modified_notification": PushNotification(message="m")}),
    ("MessageWillBeUpdated", {}, (OTHER, ""), {"modified_post": OTHER}),
    ("MessagesWillBeConsumed", {"posts": [POST, OTHER]}, None, {"posts": [POST, OTHER]}),
    ("MessagesWillBeConsumed", {"posts": [POST, OTHER]}, [OTHER], {"posts": [OTHER]}),
    ("MessagesWillBeConsumed", {"posts": [POST, OTHER]}, (), {}),
    ("FileWillBeUploaded", {}, None, {}),
    ("FileWillBeUploaded", {}, FileInfo(name="n"), {"modified_file_info": FileInfo(name="n")}),
    ("FileWillBeUploaded", {}, b"new", {"modified_content": b"new"}),
    ("FileWillBeUploaded", {}, (FileInfo(name="n"), b"new"),
     {"modified_file_info": FileInfo(name="n"), "modified_content": b"new"}),
    ("FileWillBeUploaded", {}, (None, b"new", ""), {"modified_content": b"new"}),
    ("FileWillBeUploaded", {}, (None, None, "no"), {"rejection_reason": "no"}),
    ("FileWillBeUploaded", {}, (FileInfo(), "no"), {"rejection_reason": "no"}),
    ("NotificationWillBePushed", {}, PushNotification(message="m"), {"modified_notification": PushNotification(message="m")}),
    ("EmailNotificationWillBeSent", {}, EmailNotificationContent(title="t"), {"modified_content": {"title": "t"}}),
    ("UserWillLogIn", {"user": User(id="u")}, None, {}),
    ("UserWillLogIn", {"user": User(id="u")}, "no", {"rejection_reason": "no"}),
    ("OnSAMLLogin", {}, "no", error("OnSAMLLogin", "no")),
    ("ExecuteCommand", {}, None, {}),
    ("ExecuteCommand", {}, {"text": "t", "props": {"a": 1}, "attachments": [{"text": "in"}]},
     {"response": CommandResponse(text="t", props={"a": 1}, attachments=[CommandResponse(text="in")]).to_proto()}),
    ("ExecuteCommand", {}, CommandResponse(text="t"), {"response": CommandResponseMessage(text="t")}),
    ("ExecuteCommand", {}, CommandResponseMessage(text="t"), {"response": CommandResponseMessage(text="t")}),
    ("ExecuteCommand", {}, (None, "no"), error("ExecuteCommand", "no")),
    ("OnSharedChannelsPing", {}, None, {"healthy": True}),
    ("OnSharedChannelsPing", {}, True, {"healthy": True}),
    ("OnSharedChannelsPing", {}, 0, {}),
    ("OnSharedChannelsSyncMsg", {}, SyncResponse(users_last_update_at=5), {"response": {"users_last_update_at": 5}}),
    ("OnSharedChannelsSyncMsg", {}, (None, "why"), error("OnSharedChannelsSyncMsg", "why")),
    ("OnSharedChannelsAttachmentSyncMsg", {}, RuntimeError("why"), error("OnSharedChannelsAttachmentSyncMsg", "why")),
    ("GenerateSupportData", {}, None, {}),
    ("GenerateSupportData", {}, FILES, {"files": FILES}),
    ("GenerateSupportData", {}, tuple(FILES), {"files": FILES}),
    ("GenerateSupportData", {}, (FILES, None), {"files": FILES}),
    ("GenerateSupportData", {}, ([], "why"), error("GenerateSupportData", "why")),
]  # fmt: skip

# Hook, what the handler returns, what the complaint must contain.
WRONG: List[Tuple[str, Any, str]] = [
    ("MessageWillBePosted", 7, "returned int; expected None (allow), a Post, a str"),
    ("MessageWillBePosted", {"message": "x"}, "returned dict; expected"),
    ("MessageWillBePosted", (POST, "", 1), "returned tuple (Post, str, int); expected"),
    ("MessageWillBePosted", (POST, 7), "returned tuple (Post, int); expected"),
    ("MessageWillBePosted", User(), "returned User; expected"),
    ("MessageWillBePosted", wrappers.FileInfo(), "returned FileInfo; expected"),
    ("FileWillBeUploaded", (None, 7, ""), "expected None (allow), a FileInfo"),
    ("UserWillLogIn", True, "returned bool; expected None (allow) or a str (the reason for the refusal)"),
    ("UserWillLogIn", (None, "no"), "returned tuple (NoneType, str); expected"),
    ("ExecuteCommand", "text", "returned str; expected None, a CommandResponse (or a dict of its fields)"),
    ("ExecuteCommand", {"txt": "t"}, "CommandResponse has no field 'txt'; it has response_type, text"),
    ("RunDataRetention", "7", "returned str; expected None, an int or the tuple"),
    ("RunDataRetention", True, "returned bool; expected None, an int"),
    ("ConfigurationWillBeSaved", b"{}", "returned bytes; expected None, a ConfigJson"),
    ("GenerateSupportData", ["a"], "returned list (str); expected None, a list of FileData"),
    ("OnSharedChannelsSyncMsg", 7, "returned int; expected None, a SyncResponse"),
    ("RunDataRetention", 2**70, "returned what cannot be sent"),
    ("UserWillLogIn", "half a surrogate \udc80", "returned what cannot be sent"),
]


@pytest.mark.parametrize(("name", "request_", "value", "fields"), RETURNS)
def test_what_handlers_return(serve: Serve, name: str, request_: Dict[str, Any], value: Any, fields: Dict[str, Any]) -> None:
    served = serve(plugin_with(name, lambda self, *args: value))
    assert served.call(name, **request_) == HOOKS[name].response(**fields)


@pytest.mark.parametrize(("name", "value", "complaint"), WRONG)
def test_wrong_returns_are_errors_that_say_what_is_expected(
    serve: Serve, capfd: pytest.CaptureFixture[str], name: str, value: Any, complaint: str
) -> None:
    answer = serve(plugin_with(name, lambda self, *args: value)).call(name)
    text = answer.error.message if HOOKS[name].shape is Shape.FALLIBLE else answer.rejection_reason
    assert complaint in text
    assert f"{name} handler SomePlugin." in text


@pytest.mark.parametrize("value", [7, [7], POST])
def test_wrong_posts_to_be_consumed_leave_them_as_they_are(serve: Serve, value: Any) -> None:
    served = serve(plugin_with("MessagesWillBeConsumed", lambda self, posts: value))
    assert list(served.call("MessagesWillBeConsumed", posts=[POST]).posts) == [POST]


def edit_message(self: Plugin, plugin_context: Any, post: Any, *more: Any) -> None:
    post.message = "edited"


def edit_posts(self: Plugin, posts: Any) -> None:
    posts[0].message = "edited"


def edit_content(self: Plugin, notification: Any, user_id: str) -> None:
    notification.message = "edited"


def edit_config(self: Plugin, config: Any) -> None:
    config.config_json = b"edited"


def edit_info(self: Plugin, plugin_context: Any, info: Any, content: bytes) -> None:
    info.name = "edited"


EDITS: List[Tuple[str, Dict[str, Any], Any, str]] = [
    ("MessageWillBePosted", {"post": POST}, edit_message, "Return the changed Post to have them"),
    ("MessageWillBeUpdated", {"new_post": POST}, edit_message, "Return the changed Post to have them"),
    ("MessagesWillBeConsumed", {"posts": [POST, OTHER]}, edit_posts, "Return the changed Post to have them"),
    ("FileWillBeUploaded", {"file_info": {"name": "n"}}, edit_info, "Return the changed FileInfo"),
    ("NotificationWillBePushed", {"push_notification": {"message": "m"}}, edit_content, "Return the changed PushNotification"),
    ("ConfigurationWillBeSaved", {"new_config": {"config_json": b"{}"}}, edit_config, "Return the changed ConfigJson"),
]


def unchanged_answer(name: str, fields: Dict[str, Any]) -> Any:
    return HOOKS[name].response(**(fields if name == "MessagesWillBeConsumed" else {}))


def told_of_edits(caplog: pytest.LogCaptureFixture) -> List[str]:
    return [record.getMessage() for record in caplog.records if "in place" in record.getMessage()]


@pytest.mark.parametrize(("name", "fields", "edit", "advice"), EDITS)
def test_an_edit_in_place_with_none_is_lost_and_told(
    serve: Serve, caplog: pytest.LogCaptureFixture, name: str, fields: Dict[str, Any], edit: Any, advice: str
) -> None:
    assert serve(plugin_with(name, edit)).call(name, **fields) == unchanged_answer(name, fields)
    (text,) = told_of_edits(caplog)
    assert text.startswith(f"{name} handler SomePlugin.{edit.__name__} changed its arguments in place, but what it")
    assert advice in text


@pytest.mark.parametrize("value", [(None, ""), (None, None), ""])
def test_other_ways_to_say_unchanged_after_an_edit_are_told_as_well(
    serve: Serve, caplog: pytest.LogCaptureFixture, value: Any
) -> None:
    def edit_and(self: Plugin, plugin_context: Any, post: Any) -> Any:
        post.message = "edited"
        return value

    assert (
        not serve(plugin_with("MessageWillBePosted", edit_and)).call("MessageWillBePosted", post=POST).HasField("modified_post")
    )
    assert len(told_of_edits(caplog)) == 1


@pytest.mark.parametrize("value", [(None, "no"), "no", OTHER])
def test_an_edit_beside_another_answer_is_nobodys_business(serve: Serve, caplog: pytest.LogCaptureFixture, value: Any) -> None:
    def edit_and(self: Plugin, plugin_context: Any, post: Any) -> Any:
        post.message = "edited"
        return value

    serve(plugin_with("MessageWillBePosted", edit_and)).call("MessageWillBePosted", post=POST)
    assert told_of_edits(caplog) == []


def test_the_hooks_that_may_be_told_of_an_edit_are_those_that_answer_what_they_get() -> None:
    assert [name for name, hook_ in HOOKS.items() if hook_.can_edit] == sorted(
        [name for name, *_ in EDITS], key=list(HOOKS).index
    )


@pytest.mark.parametrize(("name", "fields", "edit", "advice"), EDITS)
def test_without_an_edit_nothing_is_told(
    serve: Serve, caplog: pytest.LogCaptureFixture, name: str, fields: Dict[str, Any], edit: Any, advice: str
) -> None:
    served = serve(plugin_with(name, lambda self, *args: None))
    assert served.call(name, **fields) == unchanged_answer(name, fields)
    assert told_of_edits(caplog) == []


def test_another_way_to_write_the_same_request_is_no_edit(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    # Fields in another order, a default value written out, and a field that this SDK does not know.
    post = b"\x5a\x04text" + b"\x0a\x01p" + b"\x10\x00" + b"\xfa\x3f\x01x"
    served = serve(plugin_with("MessageWillBePosted", lambda self, *args: None))
    method: grpc.UnaryUnaryMultiCallable[bytes, bytes] = served.channel.unary_unary(
        f"/{HOOKS_SERVICE_NAME}/MessageWillBePosted"
    )
    wire = b"\x1a" + bytes([len(post)]) + post
    assert HOOKS["MessageWillBePosted"].request.FromString(wire).SerializeToString(deterministic=True) != wire
    assert method(wire, timeout=10) == b""
    assert told_of_edits(caplog) == []


def test_a_handler_that_edits_and_fails_leaves_the_posts_as_they_came(serve: Serve) -> None:
    def edit_and_fail(self: Plugin, posts: Any) -> None:
        posts[0].message = "edited"
        raise ValueError("why")

    served = serve(plugin_with("MessagesWillBeConsumed", edit_and_fail))
    assert list(served.call("MessagesWillBeConsumed", posts=[POST, OTHER]).posts) == [POST, OTHER]


@pytest.mark.parametrize("kind", ["plain", "coroutine"])
@pytest.mark.parametrize("name", UNARY)
def test_a_handlers_exception_never_becomes_a_transport_error(serve: Serve, name: str, kind: str) -> None:
    def plain(self: Plugin, *args: Any) -> None:
        raise PluginAPIError("why")

    async def coroutine(self: Plugin, *args: Any) -> None:
        raise PluginAPIError("why")

    served = serve(plugin_with(name, plain if kind == "plain" else coroutine))
    given = {"posts": [POST]} if name == "MessagesWillBeConsumed" else {"context": {"request_id": "r"}}
    expected = {
        Shape.NOTIFY: {},
        Shape.FALLIBLE: error(name, "why"),
        Shape.FILTER: {"rejection_reason": "Plugin error: why"},
        Shape.TRANSFORM: {"posts": [POST]},
        Shape.QUERY: {"healthy": False},
    }[HOOKS[name].shape]
    if "error" in expected:
        expected["error"].request_id = "r"
    assert served.call(name, **given) == HOOKS[name].response(**expected)


@pytest.mark.parametrize("name", UNARY)
def test_hooks_without_a_handler(serve: Serve, name: str) -> None:
    given = {"posts": [POST]} if name == "MessagesWillBeConsumed" else {}
    expected: Dict[str, Any] = {
        "ExecuteCommand": error("ExecuteCommand", "this plugin has no commands", "not_implemented", 501),
        "MessagesWillBeConsumed": given,
        "OnSharedChannelsPing": {"healthy": True},
    }.get(name, {})
    assert serve(Plugin).call(name, **given) == HOOKS[name].response(**expected)


def test_handlers_get_the_fields_of_the_request_in_order(serve: Serve) -> None:
    got: List[Any] = []
    calls: List[Tuple[str, Dict[str, Any]]] = [
        ("OnInstall", {"plugin_context": {"session_id": "s"}, "event": {"user_id": "u"}}),
        ("RunDataRetention", {"now_time": 2**53, "batch_size": -1}),
        ("MessageWillBeUpdated", {"plugin_context": {"user_agent": "x"}, "new_post": POST, "old_post": OTHER}),
        ("MessagesWillBeConsumed", {"posts": [POST, OTHER]}),
        ("FileWillBeUploaded", {"file_info": {"name": "n"}, "file_content": b"\0\xff"}),
        ("UserHasJoinedTeam", {"team_member": {"team_id": "t"}, "actor": {"id": "u"}}),
        ("UserHasJoinedTeam", {"team_member": {"team_id": "t"}}),
        ("OnWebSocketConnect", {"web_conn_id": "w", "user_id": "u"}),
    ]
    for name, fields in calls:
        served = serve(plugin_with(name, lambda self, *args: got.append(args)))
        served.call(name, context={"request_id": "not shown to handlers"}, **fields)
        request = HOOKS[name].request(**fields)
        wanted = [getattr(request, field.name) for field in request.DESCRIPTOR.fields if field.name != "context"]
        arguments = list(got.pop())
        if "team_member" in fields and "actor" not in fields:
            assert arguments.pop() is None
            wanted.pop()
        assert arguments == wanted
        assert isinstance(arguments[-1], list) == (name == "MessagesWillBeConsumed")


def test_a_message_that_is_no_text_is_escaped(serve: Serve) -> None:
    def fail(self: Plugin, plugin_context: Any, user: Any) -> None:
        raise ValueError("half a surrogate \udc80")

    assert serve(plugin_with("UserWillLogIn", fail)).call("UserWillLogIn").rejection_reason.endswith(r"half a surrogate \udc80")


def test_implemented_lists_handlers_sorted(serve: Serve) -> None:
    class Two(Plugin):
        @hook
        def on_deactivate(self) -> None: ...

        @hook
        def execute_command(self, plugin_context: Any, args: Any) -> None: ...

    answer = serve(Two).call("Implemented")
    assert list(answer.hooks) == ["ExecuteCommand", "OnDeactivate"]
    assert not answer.HasField("error")


def test_the_hook_timeout_of_the_configuration_is_obeyed(serve: Serve) -> None:
    release = threading.Event()
    config = RuntimeConfig(hook_timeout=0.05)
    served = serve(plugin_with("UserWillLogIn", lambda self, context, user: release.wait(10))(), config)
    reason = served.call("UserWillLogIn").rejection_reason
    release.set()
    assert reason == "Plugin error: UserWillLogIn handler did not return within 0.05 seconds"


def test_ten_hooks_run_side_by_side_and_a_quick_one_is_not_held_up(serve: Serve) -> None:
    together = threading.Barrier(10 + 1)

    class Slow(Plugin):
        @hook("UserWillLogIn")
        def slow(self, plugin_context: Any, user: User) -> str:
            together.wait(10)
            return user.username

        @hook("OnSharedChannelsPing")
        def quick(self, remote_cluster: Any) -> bool:
            return True

    served = serve(Slow)
    answers: Dict[str, str] = {}

    def log_in(name: str) -> None:
        answers[name] = served.call("UserWillLogIn", user={"username": name}).rejection_reason

    threads = [threading.Thread(target=log_in, args=(f"user{number}",)) for number in range(10)]
    for thread in threads:
        thread.start()
    assert served.call("OnSharedChannelsPing").healthy
    together.wait(10)
    for thread in threads:
        thread.join()
    assert answers == {f"user{number}": f"user{number}" for number in range(10)}


def test_a_blocking_async_handler_delays_neither_health_nor_other_hooks(serve: Serve) -> None:
    entered, release = threading.Event(), threading.Event()

    class Blocking(Plugin):
        @hook("UserWillLogIn")
        async def block(self, plugin_context: Any, user: Any) -> None:
            entered.set()
            release.wait(10)  # what an author should not do, and does
            await asyncio.sleep(0)

        @hook("OnSharedChannelsPing")
        def ping(self, remote_cluster: Any) -> bool:
            return not release.is_set()

    served = serve(Blocking)
    blocked = threading.Thread(target=served.call, args=("UserWillLogIn",))
    blocked.start()
    assert entered.wait(10)
    assert health(served.channel, "plugin") == 1
    assert served.call("OnSharedChannelsPing").healthy
    release.set()
    blocked.join()


def health(channel: grpc.Channel, service: str) -> int:
    check: grpc.UnaryUnaryMultiCallable[Any, Any] = channel.unary_unary(
        "/grpc.health.v1.Health/Check",
        health_pb2.HealthCheckRequest.SerializeToString,
        health_pb2.HealthCheckResponse.FromString,
    )
    status: int = check(health_pb2.HealthCheckRequest(service=service), timeout=10).status
    return status


def test_health(serve: Serve) -> None:
    channel = serve(Plugin).channel
    assert health(channel, "plugin") == 1
    assert health(channel, "") == 1
    with pytest.raises(grpc.RpcError) as caught:
        health(channel, "hooks")
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize(
    "path", ["/plugin.GRPCStdio/StreamStdio", "/mattermost.pluginapi.v1.PluginHooks/NoSuchHook", "/no.such/Service"]
)
def test_what_is_not_served_is_unimplemented(serve: Serve, path: str) -> None:
    method: grpc.UnaryUnaryMultiCallable[bytes, bytes] = serve(Plugin).channel.unary_unary(path)
    with pytest.raises(grpc.RpcError) as caught:
        method(b"", timeout=10)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_a_server_starts_once_and_stops_any_number_of_times(serve: Serve) -> None:
    served = serve(Plugin)
    with pytest.raises(RuntimeError, match="started already"):
        served.run(served.server.start())
    served.run(served.server.stop())
    served.run(served.server.stop())
    served.run(served.server.wait_for_termination())
