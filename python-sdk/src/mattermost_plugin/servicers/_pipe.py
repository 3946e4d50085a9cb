"""What the two bodies of a ServeHTTP call have in common on their way between the server's loop and a handler. No gRPC.

    host ── frames ──> server's loop ── Inbound ──> handler          a worker thread, or the loop of coroutine handlers
    host <── frames ── server's loop <── Outbound ── handler

Each pipe holds a bounded number of bytes. Who finds it full or empty waits: a thread by sleeping, a coroutine by awaiting. Who
is waiting follows from the caller, not from the kind of handler: a thread with a running loop is never put to sleep.

Invariant: a closed pipe wakes all who wait, and each of them then raises.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import Callable, List, Optional, Tuple, Type

from mattermost_plugin.servicers._frames import MAX_CHUNK_SIZE

# Bytes of each body between the host and the handler. Thirty-two pieces let both sides work at the same time, and be woken once
# for a half of them: waking the other thread costs about as much as passing on a piece does.
HIGH_WATER = 32 * MAX_CHUNK_SIZE
LOW_WATER = HIGH_WATER // 2
# What a piece costs beside its bytes, so that very small ones do not pile up either.
OVERHEAD = 64

Ringer = Callable[[], object]


def on_a_loop() -> bool:
    """Whether this thread has a running loop, which nothing may block."""
    return asyncio._get_running_loop() is not None


class Bell:
    """Those who wait for something to change, threads and coroutines of any loop. All methods want the owner's lock held."""

    def __init__(self, lock: threading.Lock) -> None:
        self._lock = lock
        self._ringers: List[Ringer] = []

    def sleep(self, seconds: float = -1) -> None:
        """Let go of the lock until the bell rings, or for that time; for threads without a loop."""
        parked = threading.Lock()
        parked.acquire()
        self._ringers.append(parked.release)
        self._lock.release()
        try:
            parked.acquire(timeout=seconds)
        finally:
            self._lock.acquire()

    def future(self) -> asyncio.Future[None]:
        """Done when the bell rings; to be awaited without the lock."""
        loop = asyncio.get_running_loop()
        rung: asyncio.Future[None] = loop.create_future()
        self._ringers.append(lambda: _wake(loop, rung))
        return rung

    def take(self) -> List[Ringer]:
        """Those to wake. They are called without the lock, as it is what a thread wants next that is woken."""
        ringers = self._ringers
        if ringers:
            self._ringers = []
        return ringers


def _wake(loop: asyncio.AbstractEventLoop, rung: asyncio.Future[None]) -> None:
    if asyncio._get_running_loop() is loop:
        settle(rung)
        return
    with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
        loop.call_soon_threadsafe(settle, rung)


def settle(rung: asyncio.Future[None]) -> None:
    """End a wait, if whoever waited was not cancelled."""
    if not rung.done():
        rung.set_result(None)


def ring(ringers: List[Ringer]) -> None:
    """Wake them."""
    for ringer in ringers:
        ringer()


class Pipe:
    """A lock, and how to close what it protects."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._closing: Optional[Tuple[Type[Exception], str]] = None

    def close(self, kind: Type[Exception], reason: str) -> None:
        """Have the handler's side raise that from now on; the first reason counts."""
        with self._lock:
            self._closing = self._closing or (kind, reason)
            ringers = self._emptied()
        ring(ringers)

    def closed_by(self, kind: Type[Exception]) -> bool:
        """Whether the handler's side raises that."""
        return self._closing is not None and self._closing[0] is kind

    def _demand_open(self) -> None:
        if self._closing:
            raise self._closing[0](self._closing[1])

    def _emptied(self) -> List[Ringer]:
        """Forget what is in the pipe; returns whoever waits."""
        raise NotImplementedError
