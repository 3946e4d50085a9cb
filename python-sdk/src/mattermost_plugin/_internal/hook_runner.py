"""Runs one handler, plain or async, under a timeout, and says how it ended.

What a failure means to the host is not decided here: `servicers/hooks_servicer.py` makes the answers.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, Dict, Optional, Tuple

import grpc

from mattermost_plugin import _handler_threads, _hook_context
from mattermost_plugin._call_desk import CallDesk, HookTimeoutError
from mattermost_plugin._handler_threads import WorkerPool, handler_loop
from mattermost_plugin._hook_context import HookContext, Outcome
from mattermost_plugin.runtime_config import DEFAULT_HOOK_TIMEOUT

if TYPE_CHECKING:
    from mattermost_plugin.plugin import Plugin

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
# Hooks that come one at a time and that the plugin's life depends on: they never wait behind handlers that block.
_LIFE = frozenset({"OnActivate", "OnDeactivate", "OnConfigurationChange"})
_life_workers = WorkerPool(len(_LIFE), "mattermost-life-hook")
# ServeHTTP waits for HTTP clients, which may be slow, or many: other hooks do not wait behind it.
_HTTP = "ServeHTTP"
_http_workers = WorkerPool(name="mattermost-http-hook")


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
    value, error = await HookRunner(timeout).run(Runnable(name, handler), args, keywords=kwargs)
    if isinstance(error, HookTimeoutError):
        raise error
    if error is not None:
        raise HookInvocationError(name, error) from error
    return value


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
    return await HookRunner(timeout).invoke(handler, *args, hook_name=hook_name, default=default, context=context, **kwargs)


_OWN_FILES = (_handler_threads.__file__, _hook_context.__file__)


def _authors_part(trace: Optional[TracebackType]) -> Optional[TracebackType]:
    """A traceback without the frames of the SDK that lead to the handler."""
    while trace is not None and trace.tb_next is not None and trace.tb_frame.f_code.co_filename in _OWN_FILES:
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


class Runnable:
    """A handler, with what is the same for all its calls."""

    __slots__ = ("handler", "hook_name", "seconds", "stream", "submit")

    def __init__(
        self, hook_name: str, handler: Callable[..., Any], seconds: Optional[float] = None, *, stream: bool = False
    ) -> None:
        self.hook_name = hook_name
        self.handler = handler
        self.seconds = seconds  # its own timeout
        self.stream = stream  # whether it starts before the request's body is here
        if inspect.iscoroutinefunction(handler):
            self.submit: Callable[[HookContext], None] = _submit_coroutine
        else:
            self.submit = _pool_of(hook_name).submit

    @classmethod
    def of(cls, plugin: Plugin, hook_name: str) -> Optional[Runnable]:
        """A plugin's handler of a hook, if it has one."""
        handler = plugin.get_hook_handler(hook_name)
        if handler is None:
            return None
        mark = plugin._hook_marks[hook_name]
        return cls(hook_name, handler, mark.seconds, stream=mark.stream)


def _pool_of(hook_name: str) -> WorkerPool:
    if hook_name in _LIFE:
        return _life_workers
    return _http_workers if hook_name == _HTTP else _workers


def _submit_coroutine(call: HookContext) -> None:
    handler_loop().submit(call)


class HookRunner:
    """Runs handlers away from the loop that waits for them."""

    def __init__(self, timeout: float = DEFAULT_HOOK_TIMEOUT, logger: Optional[logging.Logger] = None) -> None:
        self.timeout = timeout
        self.logger = logger or _logger
        self._desk: Optional[CallDesk] = None

    async def run(
        self, runnable: Runnable, arguments: Tuple[Any, ...], request: Any = None, keywords: Optional[Dict[str, Any]] = None
    ) -> Outcome:
        """How a handler ended: its value, or what it raised, or HookTimeoutError. Cancels it when it is cancelled itself."""
        call, ended = self.open(runnable, arguments, request, keywords)
        runnable.submit(call)
        try:
            return await ended
        except asyncio.CancelledError:
            self.abandon(call, "the host cancelled the call")
            raise

    def open(
        self, runnable: Runnable, arguments: Tuple[Any, ...], request: Any = None, keywords: Optional[Dict[str, Any]] = None
    ) -> Tuple[HookContext, asyncio.Future[Outcome]]:
        """A call that is to be submitted, and the future that tells how it ended; for whoever has more to do than to wait."""
        desk = self._desk
        if desk is None or desk.loop is not asyncio.get_running_loop():
            desk = self._desk = CallDesk(asyncio.get_running_loop())
        seconds = self.timeout if runnable.seconds is None else runnable.seconds
        return desk.open(runnable.hook_name, runnable.handler, arguments, seconds, request, keywords or {})

    def abandon(self, call: HookContext, reason: str) -> None:
        """Nobody waits any more for a call that was opened on the running loop."""
        assert self._desk is not None  # noqa: S101 - it was opened there
        self._desk.abandon(call, reason)

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
        """`invoke_hook_safe`, with this runner's timeout unless another is given."""
        del context
        if handler is None:
            return default, None
        name = hook_name or getattr(handler, "__name__", "hook")
        value, error = await self.run(Runnable(name, handler, timeout), args, keywords=kwargs)
        if error is None:
            return value, None
        log_failure(self.logger, name, error)
        return default, error if isinstance(error, HookTimeoutError) else HookInvocationError(name, error)


def log_failure(logger: logging.Logger, hook_name: str, error: BaseException) -> None:
    """Tell the author why a handler gave no answer."""
    if isinstance(error, HookTimeoutError):
        logger.error("%s", error)
        return
    trace = (type(error), error, _authors_part(error.__traceback__))
    logger.error("%s handler raised %s", hook_name, type(error).__name__, exc_info=trace)
