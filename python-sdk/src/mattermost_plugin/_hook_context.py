"""`hook_context()`: the call that a handler is answering. It says what the arguments do not, and whether anyone still waits.

A coroutine handler whose call is over is cancelled the asyncio way. A plain one runs in a thread, which nobody can stop from
outside: it can look at `hook_context().cancelled`, or wait with `wait_cancelled` where it would otherwise sleep.
"""

from __future__ import annotations

import threading
import time
from contextvars import ContextVar
from typing import Any, Callable, Dict, Optional, Tuple

__all__ = ["HookCancelledError", "HookContext", "hook_context"]

_current: ContextVar[HookContext] = ContextVar("mattermost_plugin_hook")

# How a handler ended: its value, or what it raised.
Outcome = Tuple[Any, Optional[BaseException]]
_NO_KEYWORDS: Dict[str, Any] = {}


class HookCancelledError(Exception):
    """Raised by `raise_if_cancelled`: nobody waits for the handler's answer any more."""


class HookContext:
    """One call of a hook, from the request to the end of its handler."""

    __slots__ = ("_arguments", "_deliver", "_event", "_handler", "_keywords", "_request", "_seconds", "_stop", "cancel_reason",
                 "deadline", "hook_name")  # fmt: skip

    def __init__(
        self,
        hook_name: str,
        handler: Callable[..., Any],
        arguments: Tuple[Any, ...],
        deliver: Callable[[HookContext, Outcome], None],
        seconds: float,
        request: Any = None,
        keywords: Dict[str, Any] = _NO_KEYWORDS,
    ) -> None:
        self.hook_name = hook_name
        self.deadline = time.monotonic() + seconds
        self._seconds = seconds
        self.cancel_reason = ""  # why nobody waits any more; empty while somebody does
        self._handler = handler
        self._arguments = arguments
        self._keywords = keywords
        self._deliver = deliver
        self._request = request
        self._event: Optional[threading.Event] = None
        self._stop: Optional[Callable[[], object]] = None

    @property
    def request_context(self) -> Any:
        """The request's RequestContext: `plugin_id`, `request_id`, `session_id`, `user_id`. ServeHTTP has none."""
        return getattr(self._request, "context", None)

    @property
    def request_id(self) -> str:
        """The id of the request that led to the hook; empty when the host gave none. Calls of the API in a handler carry it."""
        for context in (self.request_context, getattr(self._request, "plugin_context", None)):
            request_id: str = getattr(context, "request_id", "")
            if request_id:
                return request_id
        return ""

    @property
    def cancelled(self) -> bool:
        """Whether the answer is no longer wanted: the host cancelled the call, or its time is up."""
        return bool(self.cancel_reason)

    def time_remaining(self) -> float:
        """Seconds until the handler's time is up; 0 when it is."""
        return max(0.0, self.deadline - time.monotonic())

    def wait_cancelled(self, timeout: Optional[float] = None) -> bool:
        """Sleep for `timeout` seconds (None: without end) or until the answer is not wanted; says whether it is not."""
        if self._event is None:
            with _making_events:
                if self._event is None:
                    self._event = threading.Event()
        if self.cancel_reason:  # looked at after the event can be seen by whoever cancels
            self._event.set()
        return self._event.wait(timeout)

    def raise_if_cancelled(self) -> None:
        """Raise HookCancelledError when the answer is no longer wanted."""
        if self.cancel_reason:
            raise HookCancelledError(f"{self.hook_name}: {self.cancel_reason}")

    # What follows is the SDK's.

    def call(self) -> Any:
        """Call the handler."""
        return self._handler(*self._arguments, **self._keywords)

    def finish(self, outcome: Outcome) -> None:
        """Hand on how the handler ended."""
        self._deliver(self, outcome)

    def restart_clock(self) -> None:
        """Give the handler all of its time again, as what it does goes on."""
        self.deadline = time.monotonic() + self._seconds

    def stop_by(self, stop: Callable[[], object]) -> None:
        """What else cancelling has to do, from whatever thread, once the handler runs."""
        self._stop = stop
        if self.cancel_reason:
            stop()

    def cancel(self, reason: str) -> None:
        """Let the handler know that nobody waits any more; the first reason counts."""
        if self.cancel_reason:
            return
        self.cancel_reason = reason
        if self._event is not None:
            self._event.set()
        if self._stop is not None:
            self._stop()


_making_events = threading.Lock()


def hook_context() -> HookContext:
    """The call that the running handler answers; RuntimeError where no handler runs."""
    try:
        return _current.get()
    except LookupError:
        raise RuntimeError(
            "hook_context() is for handlers: here none is running. A thread that a handler starts does not know of it either; "
            "hand it the handler's hook_context()"
        ) from None


def running_request_id() -> str:
    """The request id of the hook whose handler runs, or started what runs; empty where there is none."""
    call = _current.get(None)
    return "" if call is None else call.request_id


def enter(context: HookContext) -> None:
    """Make a call the one that `hook_context()` gives, in the running contextvars context."""
    _current.set(context)
