"""Runs one handler, plain or async, under a timeout, and says how it ended.

What a failure means to the host is not decided here: `servicers/hooks_servicer.py` makes the answers.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import logging
from types import TracebackType
from typing import Any, Callable, Optional, Tuple

import grpc

from mattermost_plugin import _handler_threads
from mattermost_plugin._handler_threads import HandlerLoop, Outcome, WorkerPool
from mattermost_plugin.runtime_config import DEFAULT_HOOK_TIMEOUT

__all__ = [
    "DEFAULT_HOOK_TIMEOUT",
    "HookInvocationError",
    "HookRunner",
    "HookTimeoutError",
    "convert_hook_error_to_grpc_status",
    "invoke_hook_safe",
    "run_hook_async",
]

_logger = logging.getLogger("mattermost_plugin.hooks")
_workers = WorkerPool()
_handler_loop = HandlerLoop()


class HookTimeoutError(Exception):
    """A handler did not return in time. It may still be running: a thread cannot be stopped from outside."""

    def __init__(self, hook_name: str, timeout: float) -> None:
        super().__init__(f"{hook_name} handler did not return within {timeout:g} seconds")
        self.hook_name = hook_name
        self.timeout = timeout


class HookInvocationError(Exception):
    """A handler raised; `original_error` is what."""

    def __init__(self, hook_name: str, original_error: BaseException, message: Optional[str] = None) -> None:
        super().__init__(message or str(original_error) or type(original_error).__name__)
        self.hook_name = hook_name
        self.original_error = original_error


async def run_hook_async(
    handler: Callable[..., Any], *args: Any, timeout: float = DEFAULT_HOOK_TIMEOUT, hook_name: str = "", **kwargs: Any
) -> Any:
    """Run a handler away from the running loop and return its value; HookTimeoutError or HookInvocationError otherwise."""
    name = hook_name or getattr(handler, "__name__", "hook")
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Outcome] = loop.create_future()

    def deliver(outcome: Outcome) -> None:
        try:
            loop.call_soon_threadsafe(_settle, answer, outcome)
        except RuntimeError:  # the server's loop is closed: nobody waits any more
            return

    call = functools.partial(handler, *args, **kwargs)
    cancel = _start(handler, call, deliver)
    timer = loop.call_later(timeout, _settle, answer, (None, HookTimeoutError(name, timeout)))
    finished = False
    try:
        value, error = await answer
        finished = not isinstance(error, HookTimeoutError)
    finally:
        timer.cancel()
        if not finished and cancel is not None:
            cancel()
    if isinstance(error, HookTimeoutError):
        raise error
    if error is not None:
        raise HookInvocationError(name, error) from error
    return value


def _start(
    handler: Callable[..., Any], call: Callable[[], Any], deliver: Callable[[Outcome], None]
) -> Optional[Callable[[], object]]:
    if inspect.iscoroutinefunction(handler):
        return _handler_loop.submit(call, deliver)

    def settle(outcome: Outcome) -> None:
        value = outcome[0]
        if inspect.isawaitable(value):  # a plain function that hands out a coroutine, such as a decorator around one
            _handler_loop.submit(lambda: value, deliver)
        else:
            deliver(outcome)

    _workers.submit(call, settle)
    return None


def _settle(answer: asyncio.Future[Outcome], outcome: Outcome) -> None:
    if not answer.done():
        answer.set_result(outcome)


async def invoke_hook_safe(
    handler: Optional[Callable[..., Any]],
    *args: Any,
    timeout: float = DEFAULT_HOOK_TIMEOUT,
    hook_name: str = "",
    default: Any = None,
    context: Any = None,
    **kwargs: Any,
) -> Tuple[Any, Optional[Exception]]:
    """Run a handler and return (value, None), or (default, error) with the error logged.

    `context` is accepted for the sake of older callers and left alone: a failing handler is answered in band.
    """
    del context
    if handler is None:
        return default, None
    try:
        return await run_hook_async(handler, *args, timeout=timeout, hook_name=hook_name, **kwargs), None
    except HookTimeoutError as error:
        _logger.error("%s", error)
        return default, error
    except HookInvocationError as error:
        cause = error.original_error
        trace = (type(cause), cause, _authors_part(cause.__traceback__))
        _logger.error("%s handler raised %s", error.hook_name, type(cause).__name__, exc_info=trace)
        return default, error


def _authors_part(trace: Optional[TracebackType]) -> Optional[TracebackType]:
    """A traceback without the frames of the SDK that lead to the handler."""
    while trace is not None and trace.tb_next is not None and trace.tb_frame.f_code.co_filename == _handler_threads.__file__:
        trace = trace.tb_next
    return trace


_STATUS_BY_EXCEPTION = (
    (ValueError, grpc.StatusCode.INVALID_ARGUMENT),
    (PermissionError, grpc.StatusCode.PERMISSION_DENIED),
    (FileNotFoundError, grpc.StatusCode.NOT_FOUND),
    (NotImplementedError, grpc.StatusCode.UNIMPLEMENTED),
)


def convert_hook_error_to_grpc_status(error: BaseException) -> Tuple[grpc.StatusCode, str]:
    """The gRPC status that comes nearest to an error, for servicers of an author's own."""
    if isinstance(error, HookTimeoutError):
        return grpc.StatusCode.DEADLINE_EXCEEDED, str(error)
    cause = error.original_error if isinstance(error, HookInvocationError) else error
    for kind, code in _STATUS_BY_EXCEPTION:
        if isinstance(cause, kind):
            return code, str(error)
    return grpc.StatusCode.INTERNAL, str(error)


class HookRunner:
    """Runs handlers with one timeout."""

    def __init__(self, timeout: float = DEFAULT_HOOK_TIMEOUT, logger: Optional[logging.Logger] = None) -> None:
        self.timeout = timeout
        self.logger = logger or _logger

    async def invoke(
        self,
        handler: Optional[Callable[..., Any]],
        *args: Any,
        hook_name: str = "",
        timeout: Optional[float] = None,
        default: Any = None,
        context: Any = None,
        **kwargs: Any,
    ) -> Tuple[Any, Optional[Exception]]:
        """`invoke_hook_safe` with this runner's timeout."""
        limit = self.timeout if timeout is None else timeout
        return await invoke_hook_safe(
            handler, *args, timeout=limit, hook_name=hook_name, default=default, context=context, **kwargs
        )
