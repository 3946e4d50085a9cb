"""The body of a ServeHTTP request: pieces are put on the server's loop, and taken where the handler runs."""

from __future__ import annotations

import time
from collections import deque
from typing import Deque, List, Tuple

from mattermost_plugin.servicers._frames import MAX_CHUNK_SIZE
from mattermost_plugin.servicers._pipe import HIGH_WATER, LOW_WATER, OVERHEAD, Bell, Pipe, Ringer, ring, settle

# A reader that found the next piece to come within so many seconds so many times in a row is in the midst of a large body. From
# then on it is woken when many pieces are there, or after a nap, and not for each one.
_AT_ONCE = 0.0005
_IN_A_ROW = 4
_NAP = 0.003


class Whole:
    """A body that is here already, to be read like one that is on its way."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    def take(self) -> Deque[bytes]:
        """A piece of it; empty at the end."""
        piece = self._body[self._at : self._at + MAX_CHUNK_SIZE]
        self._at += len(piece)
        return deque([piece] if piece else [])

    async def take_async(self) -> Deque[bytes]:
        """The same for coroutines."""
        return self.take()


class Inbound(Pipe):
    """A body that is on its way."""

    def __init__(self) -> None:
        super().__init__()
        self._came, self._room = Bell(self._lock), Bell(self._lock)
        self._pieces: Deque[bytes] = deque()
        self._weight = 0
        self._wanted = 0  # the weight for which a reader wants to be woken
        self._quick = 0  # times in a row that a reader had next to no time to wait
        self._complete = False

    def put(self, piece: bytes, complete: bool) -> None:
        """Add a piece; the last one is marked."""
        with self._lock:
            if piece:
                self._pieces.append(piece)
                self._weight += len(piece) + OVERHEAD
            self._complete = complete
            ringers = self._came.take() if complete or self._weight > self._wanted else []
        ring(ringers)

    def has_room(self) -> bool:
        """Whether another piece may be put."""
        return self._weight < HIGH_WATER

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
        asked = time.monotonic()
        with self._lock:
            if self._should_nap():
                self._came.sleep(_NAP)
            self._wanted = 0
            while not self._ready():
                self._came.sleep()
            batch, ringers = self._taken(asked)
        ring(ringers)
        return batch

    async def take_async(self) -> Deque[bytes]:
        """The same for coroutines."""
        asked = time.monotonic()
        with self._lock:
            rung = self._came.future() if self._should_nap() else None
        if rung is not None:
            timer = rung.get_loop().call_later(_NAP, settle, rung)
            await rung
            timer.cancel()
        while True:
            with self._lock:
                self._wanted = 0
                if self._ready():
                    batch, ringers = self._taken(asked)
                    break
                rung = self._came.future()
            await rung
        ring(ringers)
        return batch

    def _emptied(self) -> List[Ringer]:
        self._pieces.clear()
        return self._came.take() + self._room.take()

    def _ready(self) -> bool:
        self._demand_open()
        return bool(self._pieces) or self._complete

    def _should_nap(self) -> bool:
        if self._quick < _IN_A_ROW or self._pieces or self._complete or self._closing:
            return False
        self._wanted = LOW_WATER
        return True

    def _taken(self, asked: float) -> Tuple[Deque[bytes], List[Ringer]]:
        batch = self._pieces
        if len(batch) == 1:
            self._quick = self._quick + 1 if time.monotonic() - asked < _AT_ONCE else 0
        self._pieces = deque()
        self._weight = 0
        return batch, self._room.take()
