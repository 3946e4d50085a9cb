"""The kit for plugins' own unit tests: as strict as production, and no server anywhere."""

from __future__ import annotations

import asyncio
import importlib.util
import inspect
import threading
from pathlib import Path
from typing import Any, List
from unittest.mock import ANY

import pytest

import mattermost_plugin
from filling import Filling
from mattermost_plugin import (
    AsyncPluginAPIClient,
    CommandResponse,
    HookName,
    HTTPRequest,
    HTTPResponseWriter,
    NotFoundError,
    Plugin,
    PluginAPIError,
    RuntimeConfig,
    User,
    hook,
)
from mattermost_plugin._api_methods import METHODS
from mattermost_plugin._contract import HOOKS, Shape
from mattermost_plugin._internal.hook_runner import HookTimeoutError
from mattermost_plugin.grpc.post_pb2 import Post
from mattermost_plugin.testing import FakeAPI, HTTPAnswer, PluginHarness, UnexpectedAPICallError

SDK = Path(__file__).parent.parent


class Some(Plugin):
    """Handlers of every kind."""

    @hook
    def message_will_be_posted(self, plugin_context: Any, post: Post) -> Any:
        if post.message == "raise":
            raise ValueError("why")
        if post.message == "where":
            return threading.current_thread().name
        post.message += f" by {plugin_context.session_id}"
        return post

    @hook
    async def execute_command(self, plugin_context: Any, args: Any) -> CommandResponse:
        await asyncio.sleep(0)
        return CommandResponse(text=args.command)

    @hook(timeout=0.05)
    async def user_will_log_in(self, plugin_context: Any, user: Any) -> None:
        await asyncio.Event().wait()

    @hook
    def on_activate(self) -> str:
        try:
            return self.api.get_server_version()
        except PluginAPIError as error:
            return f"refused: {error.error_id}"
        except AssertionError:
            return "swallowed"

    @hook
    def on_configuration_change(self) -> None:
        self.api.log_info("changed", by="a test")

    @hook
    def serve_http(self, plugin_context: Any, writer: HTTPResponseWriter, request: HTTPRequest) -> None:
        writer.set_header("X-Length", str(len(request.body)))
        writer.add_header("X-Accept", ",".join(request.get_all_headers("accept")))
        writer.write_header(418)
        writer.write(f"{request.method} {request.url} {request.host} {request.remote_addr}")


def test_a_call_takes_the_way_of_production() -> None:
    harness = PluginHarness(Some)
    post = Post(message="text")
    answer = harness.call("MessageWillBePosted", plugin_context={"session_id": "s"}, post=post)
    assert answer == HOOKS["MessageWillBePosted"].response(modified_post=Post(message="text by s"))
    assert post.message == "text"
    assert harness.call(HookName.ExecuteCommand, args={"command": "/do"}).response.text == "/do"
    assert harness.call("MessageWillBePosted", post={"message": "where"}).rejection_reason.startswith("mattermost-hook-")
    assert list(harness.call("Implemented").hooks) == Some.implemented_hooks()
    assert harness.call("OnSharedChannelsPing").healthy


def test_what_handlers_raise_is_answered_in_band_and_kept() -> None:
    harness = PluginHarness(Some)
    assert harness.call("MessageWillBePosted", post={"message": "raise"}).rejection_reason == "Plugin error: why"
    assert "within 0.05 seconds" in harness.call("UserWillLogIn").rejection_reason
    assert [type(error) for error in harness.errors] == [ValueError, HookTimeoutError]


@pytest.mark.parametrize("name", [name for name, item in HOOKS.items() if item.shape is not Shape.STREAM])
def test_every_hook_can_be_called(name: str) -> None:
    assert isinstance(PluginHarness(Plugin).call(name), HOOKS[name].response)


def test_mistakes_of_a_test_are_explained() -> None:
    harness = PluginHarness(Some)
    with pytest.raises(ValueError, match="'MessageWillBePost' is not the name of a hook; did you mean 'MessageWillBePosted'"):
        harness.call("MessageWillBePost")
    with pytest.raises(
        ValueError, match="MessageWillBePostedRequest has no field 'pots'; it has context, plugin_context, post"
    ):
        harness.call("MessageWillBePosted", pots={})
    with pytest.raises(ValueError, match="called by http"):
        harness.call("ServeHTTP")
    with pytest.raises(ValueError, match="the API has no method 'kv_gett'; did you mean 'kv_get'"):
        harness.api.returns("kv_gett", b"")
    with pytest.raises(TypeError, match="get_server_version cannot return 7"):
        harness.api.returns("get_server_version", 7)
    with pytest.raises(TypeError, match="kv_set returns nothing, so it cannot return True"):
        harness.api.returns("kv_set", True)
    with pytest.raises(ValueError, match="no method"):
        harness.api.requests("nothing")


def test_a_test_on_a_loop_awaits() -> None:
    async def test() -> List[Any]:
        harness = PluginHarness(Some)
        with pytest.raises(RuntimeError, match=r"`await` call_async\(\) instead"):
            harness.call("ExecuteCommand")
        with pytest.raises(RuntimeError, match=r"`await` http_async\(\) instead"):
            harness.http("GET", "/")
        command = await harness.call_async("ExecuteCommand", args={"command": "/do"})
        return [command.response.text, (await harness.http_async("GET", "/")).status_code]

    assert asyncio.run(test()) == ["/do", 418]


def test_the_fake_answers_what_was_prepared_and_keeps_the_calls() -> None:
    harness = PluginHarness(Some)
    harness.api.returns("get_server_version", "10.5.0")
    assert harness.call("OnActivate").error.message == "10.5.0"
    harness.api.fails("get_server_version", NotFoundError("no", error_id="an.id"))
    assert harness.call("OnActivate").error.message == "refused: an.id"
    harness.call("OnConfigurationChange")
    assert [call.method for call in harness.api.calls] == ["get_server_version", "get_server_version", "log_info"]
    assert harness.api.requests("log_info")[0].msg == "changed"


def test_a_call_that_was_not_prepared_fails_the_test_even_if_the_plugin_lives_with_it() -> None:
    harness = PluginHarness(Some)
    with pytest.raises(UnexpectedAPICallError, match="the plugin called get_server_version, but no answer was prepared"):
        harness.call("OnActivate")
    harness.call("OnConfigurationChange")


def test_an_answer_that_no_method_gives_fails_the_test() -> None:
    harness = PluginHarness(Some)
    harness.api.answers("get_server_version", lambda request: 7)
    with pytest.raises(TypeError, match="get_server_version cannot return 7"):
        harness.call("OnActivate")


def test_the_fake_is_as_strict_as_the_client() -> None:
    api = FakeAPI()
    api.connect()
    assert api.connected
    store = {"a": b"1"}
    api.answers("kv_get", lambda request: store.get(request.key))
    api.answers("kv_set", lambda request: store.update({request.key: request.value}))
    api.returns("kv_list", ["x", "y"])
    assert (api.kv_get("a"), api.kv_get("b"), api.kv_list()) == (b"1", None, ["x", "y"])
    api.kv_set("b", b"2")
    assert api.kv_get("b") == b"2"
    with pytest.raises(TypeError):
        api.kv_get("a", "b")  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        api.kv_set("a", 7)  # type: ignore[arg-type]


def test_the_fake_of_the_async_client() -> None:
    api = FakeAPI()
    api.returns("kv_get", b"1")

    async def use(client: AsyncPluginAPIClient) -> Any:
        return await client.kv_get("a")

    assert asyncio.run(use(api.as_async())) == b"1"
    assert api.requests("kv_get")[0].key == "a"


@pytest.mark.parametrize("size", [0, 5, 200_000])
def test_http(size: int) -> None:
    answer = PluginHarness(Some).http("PUT", "/a?b", headers={"Accept": ["x", "y"]}, body=b"x" * size, remote_addr="r:1")
    headers = {"X-Length": [str(size)], "X-Accept": ["x,y"]}
    assert answer == HTTPAnswer(418, headers, b"PUT /a?b localhost r:1")
    assert PluginHarness(Plugin).http("GET", "/").status_code == 404


def test_the_configuration_is_the_tests() -> None:
    harness = PluginHarness(Some, api=FakeAPI(), config=RuntimeConfig(plugin_id="p"))
    assert harness.plugin.config == RuntimeConfig(plugin_id="p")


def test_the_readmes_test_passes() -> None:
    readme = (SDK / "README.md").read_text(encoding="utf-8")
    plugin, test = (part.split("```", 1)[0] for part in readme.split("```python\n")[1:3])
    names: Any = {"__name__": "plugin"}
    exec(plugin + test.replace("from plugin import Echo\n", ""), names)  # noqa: S102
    tests = [value for name, value in names.items() if name.startswith("test_")]
    assert len(tests) == 2
    for one in tests:
        one()


def greeter() -> Any:
    spec = importlib.util.spec_from_file_location("greeter", SDK / "examples/greeter/plugin.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Greeter


def test_the_example() -> None:
    harness = PluginHarness(greeter())
    store: Any = {}
    harness.api.answers("kv_get", lambda request: store.get(request.key))
    harness.api.answers("kv_set", lambda request: store.update({request.key: request.value}))
    harness.api.answers("kv_list", lambda request: list(store)[: request.per_page])
    harness.api.answers("kv_delete", lambda request: store.pop(request.key))
    harness.api.returns("get_server_version", "10.5.0")

    assert not harness.call("OnActivate").HasField("error")
    assert harness.call("MessageWillBePosted", post={"message": "HELLO EVERYBODY"}).modified_post.message == "Hello everybody"
    assert harness.call("MessageWillBePosted", post={"message": "hello, bot"}).rejection_reason
    posts = harness.call("MessagesWillBeConsumed", posts=[{"message": "draft: x"}, {"message": "y"}]).posts
    assert [post.message for post in posts] == ["y"]
    for number in (1, 2):
        assert harness.call("ExecuteCommand").response.text == f"Hello, for the {number}. time!"
    assert harness.http("GET", "/") == HTTPAnswer(200, {"Content-Type": ["application/json"]}, b'{"greetings": 2}')
    assert harness.http("POST", "/").status_code == 405
    assert harness.call("RunDataRetention", batch_size=10).deleted_count == 1
    assert store == {}
    assert harness.errors == []


class Poster(Plugin):
    """Calls the API in its handlers."""

    @hook
    def on_activate(self) -> None:
        user = self.api.get_user("u1")
        self.api.create_post(post={"channel_id": user.nickname, "message": "hello", "create_at": 5})

    @hook
    async def on_deactivate(self) -> None:
        await self.async_api.delete_user("u1")


def test_expected_calls_are_answered_and_demanded() -> None:
    harness = PluginHarness(Poster)
    harness.api.expect.get_user("u1").returns(User(id="u1", nickname="c1"))
    created = harness.api.expect.create_post({"channel_id": "c1", "message": "hello", "create_at": 5})
    created.returns(mattermost_plugin.Post(id="p1"))
    harness.api.expect.delete_user(ANY).times(2)
    assert not harness.call("OnActivate").HasField("error")
    assert not harness.call("OnDeactivate").HasField("error")
    with pytest.raises(AssertionError, match=r"did not call delete_user\( \.\.\.\), 1 times"):
        harness.api.verify()
    harness.call("OnDeactivate")
    harness.api.verify()


def test_a_call_other_than_the_expected_one_fails_the_test_and_says_what_was_expected() -> None:
    harness = PluginHarness(Poster)
    harness.api.expect.get_user("u2").returns(User())
    with pytest.raises(UnexpectedAPICallError, match=r'Expected was: get_user\(user_id: "u2"\)'):
        harness.call("OnActivate")
    harness.api.expect.get_user("u1").returns(User())
    with pytest.raises(UnexpectedAPICallError, match="create_post"):
        harness.call("OnActivate")
    with pytest.raises(UnexpectedAPICallError, match="get_user"):  # the expected call was made
        harness.call("OnActivate")


def test_an_expected_call_can_fail_and_what_was_prepared_answers_the_others() -> None:
    api = FakeAPI()
    api.expect.kv_get("a").raises(NotFoundError("no"))
    api.expect.get_file_infos(page=ANY, user_id="u").returns([])
    api.returns("kv_get", b"1")
    with pytest.raises(NotFoundError):
        api.kv_get("a")
    assert api.kv_get("a") == b"1"
    assert api.get_file_infos(page=7, user_id="u") == []
    api.verify()
    with pytest.raises(TypeError, match=r"get_user\(\): user_id"):
        api.expect.get_user(7)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="kv_set returns nothing"):
        api.expect.kv_set("a", b"").returns(7)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="get_user cannot return 7"):
        api.expect.get_user("a").returns(7)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", METHODS)
def test_the_fake_has_every_method(name: str) -> None:
    api = FakeAPI()
    method = METHODS[name]
    response = Filling(1, whole=True).message(method.contract.response)
    response.ClearField("error")
    value = method.value(response)
    keywords = {item.name: None for item in method.parameters if not item.pairs and item.default is inspect.Parameter.empty}
    getattr(api.expect, name)(**dict.fromkeys(keywords, ANY)).returns(value)
    assert getattr(api, name)(**keywords) == value
    api.returns(name, value)
    assert getattr(api, name)(**keywords) == value
    assert asyncio.run(getattr(api.as_async(), name)(**keywords)) == value
    assert len(api.requests(name)) == 3
    api.verify()
