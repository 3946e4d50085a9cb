"""Handlers run away from the caller's loop, and every way to end is told apart."""

from __future__ import annotations

import asyncio
import threading
from typing import Any, List, Tuple

import grpc
import pytest

from mattermost_plugin._handler_threads import WorkerPool
from mattermost_plugin._hook_context import HookContext
from mattermost_plugin._internal.hook_runner import (
    HookInvocationError,
    HookRunner,
    HookTimeoutError,
    convert_hook_error_to_grpc_status,
    invoke_hook_safe,
    run_hook_async,
)


def run(handler: Any, *args: Any, **kwargs: Any) -> Any:
    return asyncio.run(run_hook_async(handler, *args, **kwargs))


async def async_handler(left: int, right: int = 0) -> Tuple[int, str]:
    await asyncio.sleep(0)
    return left + right, threading.current_thread().name


def test_plain_and_async_handlers_run_in_threads_of_their_own() -> None:
    value, thread = run(lambda left, right: (left + right, threading.current_thread().name), 1, right=2)
    assert value == 3
    assert thread.startswith("mattermost-hook-")
    assert run(async_handler, 1, right=2) == (3, "mattermost-async-hooks")


def test_a_plain_function_may_hand_out_a_coroutine() -> None:
    assert run(lambda: async_handler(1)) == (1, "mattermost-async-hooks")


@pytest.mark.parametrize("error", [ValueError("why"), TimeoutError("own"), KeyboardInterrupt("odd"), SystemExit(3)])
def test_whatever_a_handler_raises_is_its_error(error: BaseException) -> None:
    def plain() -> None:
        raise error

    async def coroutine() -> None:
        raise error

    for handler in (plain, coroutine):
        with pytest.raises(HookInvocationError) as caught:
            run(handler, hook_name="OnActivate")
        assert caught.value.original_error is error
        assert caught.value.hook_name == "OnActivate"


def test_a_handler_that_does_not_return_in_time() -> None:
    release = threading.Event()
    with pytest.raises(HookTimeoutError, match="OnActivate handler did not return within") as caught:
        run(release.wait, timeout=0.05, hook_name="OnActivate")
    release.set()
    assert (caught.value.hook_name, caught.value.timeout) == ("OnActivate", 0.05)


def test_an_async_handler_that_does_not_return_in_time_is_cancelled() -> None:
    cancelled = threading.Event()

    async def forever() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    with pytest.raises(HookTimeoutError):
        run(forever, timeout=0.05)
    assert cancelled.wait(10)


def test_invoke_hook_safe_gives_value_or_default() -> None:
    def fail() -> None:
        raise ValueError("why")

    assert asyncio.run(invoke_hook_safe(lambda: 5)) == (5, None)
    assert asyncio.run(invoke_hook_safe(None, default=6)) == (6, None)
    value, error = asyncio.run(HookRunner().invoke(fail, hook_name="X", default=7, context=object()))
    assert value == 7
    assert str(error) == "why"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (HookTimeoutError("X", 1), grpc.StatusCode.DEADLINE_EXCEEDED),
        (ValueError(), grpc.StatusCode.INVALID_ARGUMENT),
        (PermissionError(), grpc.StatusCode.PERMISSION_DENIED),
        (FileNotFoundError(), grpc.StatusCode.NOT_FOUND),
        (NotImplementedError(), grpc.StatusCode.UNIMPLEMENTED),
        (HookInvocationError("X", ValueError()), grpc.StatusCode.INVALID_ARGUMENT),
        (RuntimeError(), grpc.StatusCode.INTERNAL),
    ],
)
def test_status_of_errors(error: Exception, code: grpc.StatusCode) -> None:
    assert convert_hook_error_to_grpc_status(error)[0] is code


def test_the_pool_is_bounded_and_reuses_idle_workers() -> None:
    pool = WorkerPool(most_workers=2)
    release = threading.Event()
    started, finished = threading.Semaphore(0), threading.Semaphore(0)
    names: List[str] = []

    def handler() -> str:
        started.release()
        assert release.wait(10)
        return threading.current_thread().name

    def deliver(call: HookContext, outcome: Tuple[Any, Any]) -> None:
        names.append(outcome[0])
        finished.release()

    for _ in range(5):
        pool.submit(HookContext("X", handler, (), deliver, 0.0))
    assert started.acquire(timeout=10)
    assert started.acquire(timeout=10)
    assert not started.acquire(blocking=False)
    release.set()
    for _ in range(5):
        assert finished.acquire(timeout=10)
    assert len(set(names)) <= 2
