"""Notices that the host is gone, so that a plugin never outlives it.

Two signs are watched, without polling where the system allows:
- the parent process ended (a pidfd; where there is none, a look at the parent's id each second);
- nobody reads stdout and stderr any more, both being pipes: that covers a host which started the interpreter through a wrapper
  script, so that the parent is the wrapper. One closed pipe alone means nothing.
"""

from __future__ import annotations

import asyncio
import os
import stat
from typing import Callable, List, Optional

POLL_SECONDS = 1.0
STANDARD_OUTPUTS = (1, 2)

# Taken while the SDK is imported: the earlier, the surer it is the host's.
_PARENT = os.getppid()


class HostWatch:
    """Calls `gone` once, with the reason, on the loop that it was started on."""

    def __init__(self, gone: Callable[[str], None], parent: Optional[int] = None) -> None:
        self._gone = gone
        self._parent = _PARENT if parent is None else parent
        self._loop: Optional[asyncio.AbstractEventLoop] = None
        self._pidfd: Optional[int] = None
        self._timer: Optional[asyncio.TimerHandle] = None
        self._read_by_host: List[int] = []

    def start(self) -> None:
        """Begin to watch; needs a running loop."""
        self._loop = asyncio.get_running_loop()
        self._watch_outputs()
        self._watch_parent()

    def stop(self) -> None:
        """Watch no longer."""
        if self._loop is None:
            return
        for fd in self._read_by_host:
            self._loop.remove_reader(fd)
        self._read_by_host = []
        if self._pidfd is not None:
            self._loop.remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = None
        if self._timer is not None:
            self._timer.cancel()
        self._loop = None

    def _watch_parent(self) -> None:
        loop = self._loop
        assert loop is not None  # noqa: S101 - set by start(), the only caller
        try:
            self._pidfd = os.pidfd_open(self._parent)
            loop.add_reader(self._pidfd, self._report, "its parent process ended")
        except (AttributeError, OSError):  # no such call, no such process, or a parent in another namespace
            self._look()
            return
        if os.getppid() != self._parent:  # the id might have been given to another process before it was opened
            loop.call_soon(self._report, "its parent process ended")

    def _look(self) -> None:
        if self._loop is None:
            return
        if os.getppid() != self._parent:
            self._report("its parent process ended")
            return
        self._timer = self._loop.call_later(POLL_SECONDS, self._look)

    def _watch_outputs(self) -> None:
        loop = self._loop
        assert loop is not None  # noqa: S101 - set by start(), the only caller
        if not all(_is_pipe(fd) for fd in STANDARD_OUTPUTS):
            return
        try:
            for fd in STANDARD_OUTPUTS:
                # The write end of a pipe is never readable: what wakes the loop is the error that the last reader closed.
                loop.add_reader(fd, self._closed, fd)
                self._read_by_host.append(fd)
        except (OSError, NotImplementedError):
            for fd in self._read_by_host:
                loop.remove_reader(fd)
            self._read_by_host = []

    def _closed(self, fd: int) -> None:
        if self._loop is not None:
            self._loop.remove_reader(fd)
        if fd in self._read_by_host:
            self._read_by_host.remove(fd)
        if not self._read_by_host:
            self._report("nobody reads its output any more")

    def _report(self, reason: str) -> None:
        if self._loop is not None:
            self.stop()
            self._gone(reason)


def _is_pipe(fd: int) -> bool:
    try:
        return stat.S_ISFIFO(os.fstat(fd).st_mode)
    except OSError:
        return False
