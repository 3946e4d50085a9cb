"""What a handler does to others: nothing. Blocking, time-outs, cancellation, and whatever else a handler may raise."""

from __future__ import annotations

import asyncio
import functools
import inspect
import logging
import queue
import threading
import time
from typing import Any, Callable, Iterator, List

import grpc
import pytest

from conftest import Serve, ServedPlugin, plugin_with
from mattermost_plugin import HookContext, Plugin, RuntimeConfig, hook, hook_context
from mattermost_plugin._contract import HOOKS, HOOKS_SERVICE_NAME
from mattermost_plugin._handler_threads import MOST_WORKERS, WorkerPool, handler_loop
from mattermost_plugin._hook_context import HookCancelledError
from mattermost_plugin._loop_watch import LoopWatch
from test_dispatch import health

SECONDS = 10.0


def future(served: ServedPlugin, name: str, **fields: Any) -> Any:
    """A call under way."""
    contract = HOOKS[name]
    method = served.channel.unary_unary(
        f"/{HOOKS_SERVICE_NAME}/{name}", contract.request.SerializeToString, contract.response.FromString
    )
    return method.future(contract.request(**fields), timeout=SECONDS)


class Seen:
    """What handlers report, in order."""

    def __init__(self) -> None:
        self._queue: queue.Queue[Any] = queue.Queue()

    def __call__(self, what: Any) -> None:
        self._queue.put(what)

    def next(self) -> Any:
        return self._queue.get(timeout=SECONDS)

    def nothing(self) -> bool:
        return self._queue.empty()


def test_plain_handlers_that_fill_their_pool_delay_nothing_else(serve: Serve) -> None:
    seen, release = Seen(), threading.Event()

    class Full(Plugin):
        @hook("UserWillLogIn")
        def block(self, plugin_context: Any, user: Any) -> None:
            seen("in")
            release.wait(SECONDS)

        @hook("OnSharedChannelsPing")
        async def ping(self, remote_cluster: Any) -> bool:
            return not release.is_set()

        @hook("OnDeactivate")
        def end(self) -> None:
            assert not release.is_set()

    served = serve(Full)
    calls = [future(served, "UserWillLogIn") for _ in range(MOST_WORKERS + 3)]
    assert [seen.next() for _ in range(MOST_WORKERS)] == ["in"] * MOST_WORKERS
    assert health(served.channel, "plugin") == 1
    assert served.call("OnSharedChannelsPing").healthy
    assert not served.call("OnDeactivate").HasField("error")
    assert not any(call.done() for call in calls)
    release.set()
    assert [call.result().rejection_reason for call in calls] == [""] * len(calls)


@pytest.fixture
def logged() -> Iterator[Seen]:
    """The log of hooks, as it is written."""
    seen = Seen()

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen(record.getMessage())

    listener = Listener()
    logger = logging.getLogger("mattermost_plugin.hooks")
    logger.addHandler(listener)
    yield seen
    logger.removeHandler(listener)


@pytest.mark.parametrize("kind", ["handler", "callback"])
def test_what_blocks_the_loop_is_named_with_its_place(serve: Serve, logged: Seen, kind: str) -> None:
    release = threading.Event()

    async def block(self: Plugin, plugin_context: Any, user: Any) -> None:
        if kind == "handler":
            release.wait(SECONDS)
        else:
            asyncio.get_running_loop().call_soon(release.wait, SECONDS)
            await asyncio.sleep(0.01)

    call = future(serve(plugin_with("UserWillLogIn", block)), "UserWillLogIn")
    text = logged.next()
    release.set()
    call.result()
    name = "an async UserWillLogIn handler" if kind == "handler" else "what an async handler left on the loop"
    assert text.startswith(f"{name} has blocked the event loop of all async handlers for ")
    assert "threading.py:" in text
    assert logged.next().startswith(f"{name} no longer blocks the event loop; it did for ")


def test_a_slow_machine_is_not_taken_for_a_handler(caplog: pytest.LogCaptureFixture) -> None:
    loop, seen = asyncio.new_event_loop(), Seen()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    loop.call_soon_threadsafe(seen, "runs")
    assert seen.next() == "runs"
    end = time.monotonic() + SECONDS
    while LoopWatch(loop, thread, {})._complain(1.0):  # until it is through with telling that it runs
        assert time.monotonic() < end
    caplog.clear()
    assert LoopWatch(loop, thread, {})._complain(1.0) == ""
    assert caplog.records == []
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def test_the_timeout_of_the_mark_wins_over_the_environments(serve: Serve) -> None:
    release = threading.Event()

    class Slow(Plugin):
        @hook("UserWillLogIn", timeout=0.05)
        def slow(self, plugin_context: Any, user: Any) -> None:
            release.wait(SECONDS)

        @hook("OnSAMLLogin", timeout=0.06)
        async def slow_too(self, plugin_context: Any, user: Any, assertion: Any) -> None:
            await asyncio.Event().wait()

        @hook("OnActivate", timeout=SECONDS)
        def quick_enough(self) -> None:
            threading.Event().wait(0.1)

    served = serve(Slow(), RuntimeConfig(hook_timeout=0.01))
    assert served.call("UserWillLogIn").rejection_reason.endswith("UserWillLogIn handler did not return within 0.05 seconds")
    assert served.call("OnSAMLLogin").error.message == "OnSAMLLogin handler did not return within 0.06 seconds"
    assert not served.call("OnActivate").HasField("error")
    release.set()


def test_a_short_timeout_that_comes_after_a_long_one_is_obeyed(serve: Serve) -> None:
    release = threading.Event()

    class Two(Plugin):
        @hook("OnSAMLLogin")
        def long(self, plugin_context: Any, user: Any, assertion: Any) -> None:
            release.wait(SECONDS)

        @hook("UserWillLogIn", timeout=0.05)
        def short(self, plugin_context: Any, user: Any) -> None:
            release.wait(SECONDS)

    served = serve(Two)
    long = future(served, "OnSAMLLogin")
    assert "0.05 seconds" in served.call("UserWillLogIn").rejection_reason
    assert not long.done()
    release.set()
    assert not long.result().HasField("error")


def cancelled_by_host(served: ServedPlugin, seen: Seen) -> None:
    call = future(served, "UserWillLogIn")
    assert seen.next() == "in"
    call.cancel()


def timed_out(served: ServedPlugin, seen: Seen) -> None:
    assert "did not return within" in served.call("UserWillLogIn").rejection_reason
    assert seen.next() == "in"


@pytest.mark.parametrize("end", [cancelled_by_host, timed_out])
def test_a_plain_handler_can_see_that_nobody_waits(serve: Serve, end: Callable[[ServedPlugin, Seen], None]) -> None:
    seen = Seen()

    def handler(self: Plugin, plugin_context: Any, user: Any) -> None:
        context = hook_context()
        assert not context.cancelled
        context.raise_if_cancelled()
        seen("in")
        seen((context.wait_cancelled(SECONDS), context.cancelled, context.cancel_reason))
        try:
            context.raise_if_cancelled()
        except HookCancelledError as error:
            seen(str(error))

    seconds = 0.05 if end is timed_out else SECONDS
    end(serve(plugin_with("UserWillLogIn", handler)(), RuntimeConfig(hook_timeout=seconds)), seen)
    reason = "its time is up" if end is timed_out else "the host cancelled the call"
    assert seen.next() == (True, True, reason)
    assert seen.next() == f"UserWillLogIn: {reason}"


@pytest.mark.parametrize("end", [cancelled_by_host, timed_out])
def test_an_async_handler_is_cancelled(serve: Serve, end: Callable[[ServedPlugin, Seen], None]) -> None:
    seen = Seen()

    async def handler(self: Plugin, plugin_context: Any, user: Any) -> None:
        seen("in")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            seen(hook_context().cancel_reason)
            raise

    seconds = 0.05 if end is timed_out else SECONDS
    end(serve(plugin_with("UserWillLogIn", handler)(), RuntimeConfig(hook_timeout=seconds)), seen)
    assert seen.next() == ("its time is up" if end is timed_out else "the host cancelled the call")


def test_what_waits_for_a_worker_when_it_is_cancelled_is_never_run() -> None:
    pool = WorkerPool(most_workers=1)
    seen, release = Seen(), threading.Event()

    def call(name: str, handler: Callable[[], Any]) -> HookContext:
        return HookContext(name, handler, (), lambda call, outcome: seen(call.hook_name), 0.0)

    first = call("first", functools.partial(release.wait, SECONDS))
    never, last = call("never", lambda: seen("was run")), call("last", lambda: None)
    for one in (first, never, last):
        pool.submit(one)
    never.cancel("a test")
    release.set()
    assert [seen.next(), seen.next()] == ["first", "last"]


def test_a_handler_knows_its_call(serve: Serve) -> None:
    got: List[Any] = []

    def plain(self: Plugin, plugin_context: Any, user: Any) -> None:
        got.append(hook_context())

    async def coroutine(self: Plugin, plugin_context: Any, user: Any) -> None:
        await asyncio.sleep(0)
        got.append(hook_context())

    for handler in (plain, coroutine):
        served = serve(plugin_with("UserWillLogIn", handler)(), RuntimeConfig(hook_timeout=SECONDS))
        served.call("UserWillLogIn", context={"request_id": "r", "user_id": "u"})
        context = got.pop()
        assert context.hook_name == "UserWillLogIn"
        assert (context.request_context.request_id, context.request_context.user_id) == ("r", "u")
        assert 0 < context.time_remaining() <= SECONDS
        assert not context.cancelled
    with pytest.raises(RuntimeError, match="for handlers"):
        hook_context()


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit(), StopIteration(), MemoryError()])
@pytest.mark.parametrize("kind", ["plain", "coroutine"])
def test_no_exception_ends_more_than_its_handler(serve: Serve, error: BaseException, kind: str) -> None:
    def plain(self: Plugin, plugin_context: Any, user: Any) -> None:
        raise error

    async def coroutine(self: Plugin, plugin_context: Any, user: Any) -> None:
        raise error

    served = serve(plugin_with("UserWillLogIn", plain if kind == "plain" else coroutine))
    for _ in range(2):
        assert served.call("UserWillLogIn").rejection_reason.startswith("Plugin error: ")


def test_what_a_handler_leaves_behind_on_the_loop_ends_nobody_else(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    seen = Seen()
    tasks: List[asyncio.Task[None]] = []

    async def leave() -> None:
        seen("left")
        raise SystemExit(3)

    async def handler(self: Plugin, plugin_context: Any, user: Any) -> str:
        loop = asyncio.get_running_loop()
        if len(tasks) < 3:
            tasks.append(loop.create_task(leave()))
            loop.call_soon(loop.stop)
        return "still here"

    served = serve(plugin_with("UserWillLogIn", handler))
    for _ in range(3):
        assert served.call("UserWillLogIn").rejection_reason == "still here"
        assert seen.next() == "left"
    served.call("UserWillLogIn")  # by now the loop has come through what was left behind
    assert "a task of an async handler raised SystemExit" in caplog.text
    assert [type(task.exception()) for task in tasks] == [SystemExit] * 3


def test_a_system_without_threads_to_spare_is_an_error_in_band(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = Seen()

    def no_thread(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    pool = WorkerPool(most_workers=1)
    call = HookContext("X", lambda: None, (), lambda call, outcome: ended(outcome), 0.0)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", no_thread)
        pool.submit(call)
    value, error = ended.next()
    assert (value, str(error)) == (None, "can't start new thread")
    pool.submit(HookContext("Y", lambda: 7, (), lambda call, outcome: ended(outcome), 0.0))
    assert ended.next() == (7, None)


def test_what_is_no_request_is_the_hosts_mistake(serve: Serve) -> None:
    method: grpc.UnaryUnaryMultiCallable[bytes, bytes] = serve(
        plugin_with("UserWillLogIn", lambda *args: None)
    ).channel.unary_unary(f"/{HOOKS_SERVICE_NAME}/UserWillLogIn")
    with pytest.raises(grpc.RpcError) as caught:
        method(b"\xff\xff\xff", timeout=SECONDS)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "UserWillLogIn: the request is not a UserWillLogInRequest" in (caught.value.details() or "")


def test_an_async_handler_that_is_cancelled_while_the_loop_is_blocked_is_never_run(serve: Serve) -> None:
    seen, release = Seen(), threading.Event()

    class Blocking(Plugin):
        @hook("UserWillLogIn")
        async def block(self, plugin_context: Any, user: Any) -> None:
            seen("in")
            release.wait(SECONDS)

        @hook("OnSAMLLogin", timeout=0.05)
        async def never(self, plugin_context: Any, user: Any, assertion: Any) -> None:
            seen("was run")

        @hook("OnSharedChannelsPing")
        async def last(self, remote_cluster: Any) -> None:
            seen("last")

    served = serve(Blocking)
    blocked = future(served, "UserWillLogIn")
    assert seen.next() == "in"
    assert "did not return within" in served.call("OnSAMLLogin").error.message
    release.set()
    blocked.result()
    served.call("OnSharedChannelsPing")
    assert seen.next() == "last"
    assert "OnSAMLLogin" not in [call.hook_name for call in list(handler_loop()._running.values())]


def test_a_coroutine_that_a_plain_handler_hands_out_too_late_is_closed(serve: Serve) -> None:
    seen = Seen()

    async def work() -> None:
        seen("was run")

    def hand_out(self: Plugin, plugin_context: Any, user: Any) -> Any:
        hook_context().wait_cancelled(SECONDS)
        coroutine = work()
        seen(coroutine)
        return coroutine

    served = serve(plugin_with("UserWillLogIn", hand_out)(), RuntimeConfig(hook_timeout=0.05))
    assert "did not return within" in served.call("UserWillLogIn").rejection_reason
    coroutine = seen.next()
    end = time.monotonic() + SECONDS
    while inspect.getcoroutinestate(coroutine) != inspect.CORO_CLOSED:
        assert time.monotonic() < end
        time.sleep(0.001)
    assert seen.nothing()
