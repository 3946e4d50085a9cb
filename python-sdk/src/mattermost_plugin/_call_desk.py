"""Calls in flight on the server's loop: each is answered once, by its handler or by its deadline.

One timer serves all calls: it stands at the earliest deadline that was seen, and costs nothing as long as calls end in time.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, Callable, Dict, Optional, Tuple

from mattermost_plugin._handler_threads import Mailbox
from mattermost_plugin._hook_context import HookContext, Outcome


class HookTimeoutError(Exception):
    """A handler did not return in time. It may still be running: a thread cannot be stopped from outside."""

    def __init__(self, hook_name: str, timeout: float) -> None:
        super().__init__(f"{hook_name} handler did not return within {timeout:g} seconds")
        self.hook_name = hook_name
        self.timeout = timeout


class CallDesk:
    """The calls that one loop waits for."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._waiting: Dict[HookContext, Tuple[asyncio.Future[Outcome], float]] = {}
        self._finished: Mailbox[Tuple[HookContext, Outcome]] = Mailbox(loop, self._settle)
        self._timer: Optional[asyncio.TimerHandle] = None
        self._due = 0.0

    def open(
        self,
        hook_name: str,
        handler: Callable[..., Any],
        arguments: Tuple[Any, ...],
        seconds: float,
        request: Any,
        keywords: Dict[str, Any],
    ) -> Tuple[HookContext, asyncio.Future[Outcome]]:
        """A call, and the future that tells how it ended: HookTimeoutError when its time was up."""
        call = HookContext(hook_name, handler, arguments, self._deliver, seconds, request, keywords)
        ended: asyncio.Future[Outcome] = self.loop.create_future()
        self._waiting[call] = (ended, seconds)
        if self._timer is None or call.deadline < self._due:
            self._set_timer(call.deadline)
        return call, ended

    def abandon(self, call: HookContext, reason: str) -> None:
        """Nobody waits for the call any more."""
        self._waiting.pop(call, None)
        call.cancel(reason)

    def _deliver(self, call: HookContext, outcome: Outcome) -> None:
        self._finished.put((call, outcome))

    def _settle(self, item: Tuple[HookContext, Outcome]) -> None:
        call, outcome = item
        waiting = self._waiting.pop(call, None)
        if waiting is not None and not waiting[0].done():
            waiting[0].set_result(outcome)

    def _set_timer(self, deadline: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._due = deadline
        self._timer = self.loop.call_later(max(0.0, deadline - time.monotonic()), self._expire)

    def _expire(self) -> None:
        self._timer = None
        now = time.monotonic()
        for call in [call for call in self._waiting if call.deadline <= now]:
            seconds = self._waiting[call][1]
            self._settle((call, (None, HookTimeoutError(call.hook_name, seconds))))
            call.cancel("its time is up")
        if self._waiting:
            self._set_timer(min(call.deadline for call in self._waiting))
