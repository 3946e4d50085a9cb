"""Where handlers run: never on the server's own loop, so that health checks and Shutdown are answered at any time.

Plain functions run in a bounded pool of threads; coroutine functions share one loop in a thread of its own. All these threads
are daemons: a handler that never returns does not keep the process alive.
"""

from __future__ import annotations

import asyncio
import functools
import queue
import threading
from typing import Any, Awaitable, Callable, List, Optional, Tuple

# One worker per call in flight up to this number; more calls wait their turn. Handlers mostly wait for the server.
MOST_WORKERS = 64

# How a call ended: its value, or what it raised.
Outcome = Tuple[Any, Optional[BaseException]]
Deliver = Callable[[Outcome], None]


class WorkerPool:
    """A bounded pool of daemon threads, each started when there is work and no idle worker."""

    def __init__(self, most_workers: int = MOST_WORKERS) -> None:
        self._most = most_workers
        self._waiting: queue.SimpleQueue[Tuple[Callable[[], Any], Deliver]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._workers = 0
        self._unfinished = 0  # queued or running

    def submit(self, call: Callable[[], Any], deliver: Deliver) -> None:
        """Run `call` in some worker, then hand its outcome to `deliver` there."""
        self._waiting.put((call, deliver))
        with self._lock:
            self._unfinished += 1
            if self._unfinished <= self._workers or self._workers >= self._most:
                return
            self._workers += 1
            number = self._workers
        threading.Thread(target=self._work, name=f"mattermost-hook-{number}", daemon=True).start()

    def _work(self) -> None:
        while True:
            call, deliver = self._waiting.get()
            try:
                outcome: Outcome = (call(), None)
            except BaseException as error:  # SystemExit too: a handler must not end the process in passing
                outcome = (None, error)
            with self._lock:
                self._unfinished -= 1
            deliver(outcome)
            del call, deliver, outcome  # an idle worker holds nothing of the last call


class HandlerLoop:
    """The event loop of coroutine handlers, in its own daemon thread, started by the first of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: Optional[asyncio.AbstractEventLoop] = None

    def submit(self, make: Callable[[], Awaitable[Any]], deliver: Deliver) -> Callable[[], object]:
        """Await what `make` gives; returns a function that cancels it."""
        loop = self._started()
        tasks: List[asyncio.Task[None]] = []

        def begin() -> None:
            tasks.append(loop.create_task(_outcome_of(make, deliver)))

        def cancel() -> None:
            for task in tasks:
                task.cancel()

        loop.call_soon_threadsafe(begin)
        return functools.partial(loop.call_soon_threadsafe, cancel)

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="mattermost-async-hooks", daemon=True).start()
            return self._loop


async def _outcome_of(make: Callable[[], Awaitable[Any]], deliver: Deliver) -> None:
    try:
        outcome: Outcome = (await make(), None)
    except BaseException as error:  # SystemExit would end the loop, and all other handlers with it
        outcome = (None, error)
    deliver(outcome)
