"""Tells authors which async handler blocks the loop that all async handlers share.

A thread asks the loop for a sign of life while handlers are running. When none comes, it logs the hook whose handler is at
work, and the line where it stands: there an `await`, or a plain `def`, is missing. Nothing is changed about the handler.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
import traceback
from types import FrameType
from typing import Mapping, Optional

from mattermost_plugin._hook_context import HookContext

# Seconds without a sign of life that are worth a line: a health check of the host would have been late by as much.
BLOCKED_SECONDS = 0.25

_logger = logging.getLogger("mattermost_plugin.hooks")


class LoopWatch:
    """Watches one loop, from a daemon thread that sleeps while no handler runs."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        thread: threading.Thread,
        running: Mapping[asyncio.Task[None], HookContext],
        seconds: float = BLOCKED_SECONDS,
    ) -> None:
        self._loop = loop
        self._thread = thread
        self._running = running
        self._seconds = seconds
        self._wanted = threading.Event()
        self._alive = threading.Event()

    def start(self) -> None:
        """Begin to watch."""
        threading.Thread(target=self._watch, name="mattermost-async-watch", daemon=True).start()

    def wake(self) -> None:
        """A handler was started. Costs next to nothing while the watch is awake."""
        if not self._wanted.is_set():
            self._wanted.set()

    def _watch(self) -> None:
        while True:
            if not self._running:
                self._wanted.wait()
            self._wanted.clear()
            self._alive.clear()
            self._loop.call_soon_threadsafe(self._alive.set)
            asked = time.monotonic()
            if not self._alive.wait(self._seconds):
                name = self._complain(time.monotonic() - asked)
                self._alive.wait()
                if name:
                    seconds = time.monotonic() - asked
                    _logger.warning("%s no longer blocks the event loop; it did for %.2f seconds", name, seconds)
            time.sleep(self._seconds)

    def _complain(self, seconds: float) -> str:
        """Say who blocks the loop; returns who that is, or nothing when it is the machine that is slow."""
        frame = sys._current_frames().get(self._thread.ident or 0)
        task = asyncio.current_task(self._loop)
        call = self._running.get(task) if task is not None else None
        if call is not None:
            name = f"an async {call.hook_name} handler"
        elif _runs_something(frame):
            name = "what an async handler left on the loop"
        else:
            return ""
        _logger.warning(
            "%s has blocked the event loop of all async handlers for %.2f seconds%s. Other async handlers wait for it: await "
            "what takes time, or make the handler a plain function",
            name,
            seconds,
            _place(frame),
        )
        return name


def _runs_something(frame: Optional[FrameType]) -> bool:
    """Whether the loop's thread is in a task or a callback, and not in the loop's own code."""
    while frame is not None:
        if frame.f_code is asyncio.Handle._run.__code__:
            return True
        frame = frame.f_back
    return False


def _place(frame: Optional[FrameType]) -> str:
    """Where the thread stands: the innermost line."""
    if frame is None:
        return ""
    last = traceback.extract_stack(frame, limit=1)[-1]
    return f", at {last.filename}:{last.lineno} in {last.name}"
