"""A ServeHTTP response: written where the handler runs, and taken as frames on the server's loop."""

from __future__ import annotations

from collections import deque
from typing import Callable, Deque, List, Optional, Tuple, Union

from mattermost_plugin.servicers._frames import MAX_CHUNK_SIZE, Piece, response_frame
from mattermost_plugin.servicers._pipe import HIGH_WATER, LOW_WATER, OVERHEAD, Bell, Pipe, Ringer, on_a_loop, ring

# Bytes that a coroutine may write without `await writer.drain()`. Handlers of the first SDK never drain; there the limit of one
# gRPC message, which was this, was theirs.
MOST_UNDRAINED = 64 * 1024 * 1024


class _Flush:
    """Stands between pieces where the handler flushed."""


FLUSH = _Flush()


class Outbound(Pipe):
    """A response on its way.

    Nothing leaves before more than 64 KiB are together, or the handler flushes, or it has ended. So a handler that fails before
    that can be answered for as if it had written nothing, and a flush behind a full frame needs none of its own. With the first
    bytes that may leave the head is settled.
    """

    def __init__(self, make_head: Callable[[], bytes], attached: bool) -> None:
        super().__init__()
        self._make_head = make_head  # may raise, for headers that no message can hold
        self._attached = attached  # whether anybody takes; else everything is kept
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
            if self._size + len(piece) > MAX_CHUNK_SIZE:
                self._settle()
            if piece:
                self._pieces.append(piece)
                self._size += len(piece)
                self._unflushed = True
            ringers = self._ready.take() if self._sendable() else []
        ring(ringers)
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
        ring(ringers)
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
        ring(ringers)

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
        ring(ringers)
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
        ring(ringers)

    def _emptied(self) -> List[Ringer]:
        self._pieces.clear()
        return self._room.take()

    def _sendable(self) -> bool:
        if not self.settled or self.complete:
            return False
        return self._ended or self._flushes > 0 or self._size > MAX_CHUNK_SIZE

    def _weight(self) -> int:
        return self._size + len(self._pieces) * OVERHEAD

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
