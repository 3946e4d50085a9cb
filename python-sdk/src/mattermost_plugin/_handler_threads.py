"""Where handlers run: never on the server's own loop, so that health checks and Shutdown are answered at any time.

Plain functions run in a bounded pool of threads; coroutine functions share one loop in a thread of its own. All these threads
are daemons: a handler that never returns does not keep the process alive.

Invariant: nothing that a handler raises ends one of these threads.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import logging
import queue
import threading
from collections import deque
from typing import Any, Callable, Deque, Dict, Generic, Optional, TypeVar

from mattermost_plugin._hook_context import HookContext, enter
from mattermost_plugin._loop_watch import LoopWatch

# One worker per call in flight up to this number; more calls wait their turn. Handlers mostly wait for the server.
MOST_WORKERS = 64

T = TypeVar("T")
_logger = logging.getLogger("mattermost_plugin.hooks")


class Mailbox(Generic[T]):
    """Hands items from any thread to a loop; items that come close together cost the loop one wake-up."""

    def __init__(self, loop: asyncio.AbstractEventLoop, receive: Callable[[T], None]) -> None:
        self._loop = loop
        self._receive = receive  # must not raise
        self._items: Deque[T] = deque()
        self._awake = False

    def put(self, item: T) -> None:
        """Have `receive` called with the item on the loop; forgotten when the loop is closed."""
        self._items.append(item)
        if self._awake:  # it has yet to look, and will find this item
            return
        self._awake = True
        try:
            self._loop.call_soon_threadsafe(self._empty)
        except RuntimeError:  # closed: nobody waits any more
            self._items.clear()

    def _empty(self) -> None:
        self._awake = False  # first, so that an item put from now on wakes the loop again
        items = self._items
        while items:
            self._receive(items.popleft())


class WorkerPool:
    """A bounded pool of daemon threads, each started when there is work and no idle worker."""

    def __init__(self, most_workers: int = MOST_WORKERS, name: str = "mattermost-hook") -> None:
        self._most = most_workers
        self._name = name
        self._waiting: queue.SimpleQueue[HookContext] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._workers = 0
        self._unfinished = 0  # queued or running

    def submit(self, call: HookContext) -> None:
        """Run the call's handler in some worker; one that is cancelled while it waits is never run."""
        self._waiting.put(call)
        with self._lock:
            self._unfinished += 1
            if self._unfinished <= self._workers or self._workers >= self._most:
                return
            self._workers += 1
            number = self._workers
        try:
            threading.Thread(target=self._work, name=f"{self._name}-{number}", daemon=True).start()
        except RuntimeError as error:  # the system has no thread to spare
            with self._lock:
                self._workers -= 1
                stranded = self._workers == 0
            if stranded:
                call.finish((None, error))
                call.cancel("no thread could be started")

    def _work(self) -> None:
        while True:
            call = self._waiting.get()
            if not call.cancel_reason:
                contextvars.copy_context().run(_run_plain, call)
            with self._lock:
                self._unfinished -= 1
            del call  # an idle worker holds nothing of the last call


def _run_plain(call: HookContext) -> None:
    enter(call)
    try:
        value = call.call()
        if value is not None and inspect.isawaitable(value):  # such as a plain decorator around a coroutine function
            handler_loop().submit(call, value)
            return
    except BaseException as error:  # SystemExit too: a handler must not end the process in passing
        call.finish((None, error))
        return
    call.finish((value, None))


class HandlerLoop:
    """The event loop of coroutine handlers, in its own daemon thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._inbox: Mailbox[Any] = Mailbox(self._loop, self._begin)
        self._running: Dict[asyncio.Task[None], HookContext] = {}  # asyncio itself holds tasks only weakly
        thread = threading.Thread(target=self._run, name="mattermost-async-hooks", daemon=True)
        self._watch = LoopWatch(self._loop, thread, self._running)
        thread.start()
        self._watch.start()

    def submit(self, call: HookContext, awaitable: Any = None) -> None:
        """Run the call's handler, or go on with what it gave to wait for; one that is cancelled before is never run."""
        self._inbox.put((call, awaitable))
        self._watch.wake()

    def _begin(self, item: Any) -> None:
        call, awaitable = item
        if call.cancel_reason:
            if inspect.iscoroutine(awaitable):
                awaitable.close()
            return
        task = self._loop.create_task(self._answer(call, awaitable))
        self._running[task] = call
        task.add_done_callback(self._forget)  # also comes when the task is cancelled before its first step
        call.stop_by(lambda: self._loop.call_soon_threadsafe(task.cancel))

    async def _answer(self, call: HookContext, awaitable: Any) -> None:
        enter(call)
        try:
            outcome = (await (call.call() if awaitable is None else awaitable), None)
        except BaseException as error:  # SystemExit would end the loop, and all other handlers with it
            call.finish((None, error))
        else:
            call.finish(outcome)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._running.pop(task, None)

    def _run(self) -> None:
        while True:
            try:
                self._loop.run_forever()
                _logger.error("a handler stopped the event loop of all async handlers; it goes on")
            except BaseException as error:  # SystemExit in a task that a handler left behind
                _logger.error("a task of an async handler raised %s", type(error).__name__, exc_info=error)


_handler_loop: Optional[HandlerLoop] = None
_starting = threading.Lock()


def handler_loop() -> HandlerLoop:
    """The process's loop of coroutine handlers, started by the first of them."""
    global _handler_loop
    if _handler_loop is None:
        with _starting:
            if _handler_loop is None:
                _handler_loop = HandlerLoop()
    return _handler_loop
