"""The two bodies of a ServeHTTP call on their way between the server's loop and a handler, wherever that runs. No gRPC.

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
from collections import deque
from typing import Callable, Deque, List, Optional, Tuple, Type, Union

from mattermost_plugin.servicers._frames import MAX_CHUNK_SIZE, Piece, response_frame

# Bytes of each body between the host and the handler. Eight pieces let both sides work at the same time, and be woken once for
# several pieces.
HIGH_WATER = 8 * MAX_CHUNK_SIZE
LOW_WATER = HIGH_WATER // 2
# Bytes that a coroutine may write without `await writer.drain()`. Handlers of the first SDK never drain; there the limit of one
# gRPC message, which was this, was theirs.
MOST_UNDRAINED = 64 * 1024 * 1024
# What a piece costs beside its bytes, so that very small ones do not pile up either.
_OVERHEAD = 64

Ringer = Callable[[], object]
Closing = Tuple[Type[Exception], str]


class Bell:
    """Those who wait for something to change, threads and coroutines of any loop. All methods want the owner's lock held."""

    def __init__(self, lock: threading.Lock) -> None:
        self._lock = lock
        self._ringers: List[Ringer] = []

    def sleep(self) -> None:
        """Let go of the lock until the bell rings; for threads without a loop."""
        parked = threading.Lock()
        parked.acquire()
        self._ringers.append(parked.release)
        self._lock.release()
        try:
            parked.acquire()
        finally:
            self._lock.acquire()

    def future(self) -> asyncio.Future[None]:
        """Done when the bell rings; to be awaited without the lock."""
        loop = asyncio.get_running_loop()
        rung: asyncio.Future[None] = loop.create_future()
        self._ringers.append(lambda: _wake(loop, rung))
        return rung

    def take(self) -> List[Ringer]:
        """Those to wake, who are called without the lock, as a thread that they wake wants it next."""
        ringers = self._ringers
        if ringers:
            self._ringers = []
        return ringers


def _wake(loop: asyncio.AbstractEventLoop, rung: asyncio.Future[None]) -> None:
    with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
        loop.call_soon_threadsafe(_settle_rung, rung)


def _settle_rung(rung: asyncio.Future[None]) -> None:
    if not rung.done():  # who waited may have been cancelled
        rung.set_result(None)


def _ring(ringers: List[Ringer]) -> None:
    for ringer in ringers:
        ringer()


def on_a_loop() -> bool:
    """Whether this thread has a running loop, which nothing may block."""
    return asyncio._get_running_loop() is not None


class Inbound:
    """The request's body: pieces are put on the server's loop and taken by the handler."""

    def __init__(self, body: Optional[bytes] = None) -> None:
        self._lock = threading.Lock()
        self._came, self._room = Bell(self._lock), Bell(self._lock)
        self._pieces: Deque[bytes] = deque()
        self._weight = 0
        self._complete = False
        self._closing: Optional[Closing] = None
        if body is not None:  # one that is here already
            self._pieces.extend(body[start : start + MAX_CHUNK_SIZE] for start in range(0, len(body), MAX_CHUNK_SIZE))
            self._complete = True

    def put(self, piece: bytes, complete: bool) -> None:
        """Add a piece; the last one is marked."""
        with self._lock:
            if piece:
                self._pieces.append(piece)
                self._weight += len(piece) + _OVERHEAD
            self._complete = complete
            ringers = self._came.take()
        _ring(ringers)

    async def room(self) -> None:
        """Wait until the handler has taken enough for another piece."""
        while True:
            with self._lock:
                if self._weight < HIGH_WATER or self._closing:
                    return
                rung = self._room.future()
            await rung

    def take(self) -> Deque[bytes]:
        """What has come, after a wait if that is nothing; empty at the end of the body."""
        with self._lock:
            while not self._ready():
                if on_a_loop():
                    raise RuntimeError("`for` over request.stream() would block the event loop: use `async for`")
                self._came.sleep()
            batch, ringers = self._taken()
        _ring(ringers)
        return batch

    async def take_async(self) -> Deque[bytes]:
        """The same for coroutines."""
        while True:
            with self._lock:
                if self._ready():
                    batch, ringers = self._taken()
                    break
                rung = self._came.future()
            await rung
        _ring(ringers)
        return batch

    def close(self, kind: Type[Exception], reason: str) -> None:
        """Have whoever takes from now on raise that; the first reason counts."""
        with self._lock:
            self._closing = self._closing or (kind, reason)
            self._pieces.clear()
            ringers = self._came.take() + self._room.take()
        _ring(ringers)

    def _ready(self) -> bool:
        if self._closing:
            raise self._closing[0](self._closing[1])
        return bool(self._pieces) or self._complete

    def _taken(self) -> Tuple[Deque[bytes], List[Ringer]]:
        batch = self._pieces
        self._pieces = deque()
        self._weight = 0
        return batch, self._room.take()


class _Flush:
    """Stands between pieces where the handler flushed."""


FLUSH = _Flush()


class Outbound:
    """The response: the handler writes, the server's loop takes frames.

    Nothing leaves before 64 KiB are together, or the handler flushes, or it has ended. So a handler that fails before that can
    be answered for as if it had written nothing. With the first bytes that may leave the head is settled.
    """

    def __init__(self, make_head: Callable[[], bytes], attached: bool) -> None:
        self._make_head = make_head  # may raise, for headers that no message can hold
        self._attached = attached  # whether anybody takes; else everything is kept
        self._lock = threading.Lock()
        self._room, self._ready = Bell(self._lock), Bell(self._lock)
        self._pieces: Deque[Union[Piece, _Flush]] = deque()
        self._size = 0
        self._flushes = 0  # marks among the pieces
        self._unflushed = True  # whether a flush would tell the host anything
        self._head = b""  # from when it is settled until it leaves
        self.settled = False
        self._ended = False
        self.complete = False  # whether the last frame was taken
        self._poked = False
        self._closing: Optional[Closing] = None

    def write(self, piece: bytes) -> None:
        """Add to the body; in a thread without a loop, wait while the host does not keep up."""
        with self._lock:
            self._demand_open()
            blocking = not on_a_loop()
            if self._attached and not blocking and self._weight() + len(piece) > MOST_UNDRAINED:
                raise RuntimeError(
                    f"{self._size + len(piece)} bytes of the response would wait for the client, in {len(self._pieces) + 1} "
                    f"pieces; at most {MOST_UNDRAINED} may: `await writer.drain()` after each write lets the client catch up"
                )
            if self._size + len(piece) >= MAX_CHUNK_SIZE:
                self._settle()
            if piece:
                self._pieces.append(piece)
                self._size += len(piece)
                self._unflushed = True
            ringers = self._ready.take() if self._sendable() else []
        _ring(ringers)
        if blocking:
            self._wait_for_room()

    def flush(self) -> None:
        """Have what was written leave, the head alone if that is nothing."""
        with self._lock:
            self._demand_open()
            if not self._unflushed:
                return
            self._unflushed = False
            self._settle()
            self._pieces.append(FLUSH)
            self._flushes += 1
            ringers = self._ready.take()
        _ring(ringers)
        if not on_a_loop():
            self._wait_for_room()

    async def drain(self) -> None:
        """Wait until there is room for more."""
        while True:
            with self._lock:
                self._demand_open()
                if not self._crowded():
                    return
                rung = self._room.future()
            await rung

    def pending(self) -> List[Tuple[bytes, bool]]:
        """The writes that have not left, with whether they are flushed."""
        writes: List[Tuple[bytes, bool]] = []
        with self._lock:
            for piece in self._pieces:
                if not isinstance(piece, _Flush):
                    writes.append((bytes(piece), False))
                elif writes and not writes[-1][1]:
                    writes[-1] = (writes[-1][0], True)
                else:
                    writes.append((b"", True))
        return writes

    def clear(self) -> None:
        """Forget what has not left."""
        with self._lock:
            self._pieces.clear()
            self._size = self._flushes = 0
            self._unflushed = True
            ringers = self._room.take()
        _ring(ringers)

    # What follows is for the server's loop.

    def end(self) -> None:
        """The handler has returned: the rest may leave. Raises what is wrong with the head."""
        with self._lock:
            self._settle()
            self._ended = True

    def take(self) -> Optional[bytes]:
        """The next frame; None when nothing may leave."""
        with self._lock:
            if not self._sendable():
                return None
            parts, flush = self._cut()
            complete = self.complete = self._ended and not self._pieces
            head, self._head = self._head, b""
            ringers = self._room.take() if self._weight() <= LOW_WATER or not self._sendable() else []
        _ring(ringers)
        return response_frame(head, parts, flush, complete)

    async def changed(self) -> None:
        """Wait until something may leave, or somebody pokes."""
        with self._lock:
            if self._sendable() or self._poked:
                self._poked = False
                return
            rung = self._ready.future()
        await rung
        self._poked = False

    def poke(self) -> None:
        """End a wait for change."""
        with self._lock:
            self._poked = True
            ringers = self._ready.take()
        _ring(ringers)

    def close(self, kind: Type[Exception], reason: str) -> None:
        """Have whoever writes from now on raise that; the first reason counts."""
        with self._lock:
            self._closing = self._closing or (kind, reason)
            self._pieces.clear()
            ringers = self._room.take()
        _ring(ringers)

    def _sendable(self) -> bool:
        if not self.settled or self.complete:
            return False
        return self._ended or self._flushes > 0 or self._size >= MAX_CHUNK_SIZE

    def _weight(self) -> int:
        return self._size + len(self._pieces) * _OVERHEAD

    def _crowded(self) -> bool:
        """Whether to wait before there is more; not for what cannot leave yet."""
        return self._weight() > HIGH_WATER and self._sendable()

    def _cut(self) -> Tuple[List[Piece], bool]:
        """Up to 64 KiB from the front, or up to the first flush, which ends a frame."""
        parts: List[Piece] = []
        room = MAX_CHUNK_SIZE
        pieces = self._pieces
        while pieces:
            piece = pieces[0]
            if isinstance(piece, _Flush):
                pieces.popleft()
                self._flushes -= 1
                self._size -= MAX_CHUNK_SIZE - room
                return parts, True
            if not room:
                break
            if len(piece) > room:
                view = memoryview(piece)
                pieces[0] = view[room:]
                piece = view[:room]
            else:
                pieces.popleft()
            parts.append(piece)
            room -= len(piece)
        self._size -= MAX_CHUNK_SIZE - room
        return parts, False

    def _settle(self) -> None:
        if not self.settled and self._attached:
            self._head = self._make_head()
            self.settled = True

    def _wait_for_room(self) -> None:
        if self._weight() <= HIGH_WATER:
            return
        with self._lock:
            while self._crowded():
                self._room.sleep()
                self._demand_open()

    def _demand_open(self) -> None:
        if self._closing:
            raise self._closing[0](self._closing[1])
