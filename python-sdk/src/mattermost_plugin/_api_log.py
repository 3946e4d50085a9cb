"""A handler for `logging` that writes to the server's log through the API.

    logged ── queue, bounded ──> a thread of its own ── LogDebug | LogInfo | LogWarn | LogError ──> server
                                          └─ when that fails ──> stderr

Whoever logs never waits. What comes while the queue is full is dropped, and how much that was is said as soon as there is room.
The thread takes all that waits at once, and sends it in order. What is not sent when the process ends goes to stderr, too.
"""

from __future__ import annotations

import contextvars
import copy
import logging
import os
import queue
import threading
import time
from collections import deque
from contextlib import suppress
from typing import Any, Deque, Dict, Optional, Union

import grpc

from mattermost_plugin._hclog import TAKEN, StderrHandler
from mattermost_plugin.client import PluginAPIClient
from mattermost_plugin.exceptions import PluginAPIError

__all__ = ["APILogHandler"]

# Records that may wait; at a thousand bytes each, a few megabytes.
CAPACITY = 4096
# Seconds for one call, and until the API is tried again after one that failed.
CALL_SECONDS = 5.0
PAUSE_SECONDS = 1.0
# Seconds that `flush` waits; the end of the process waits for it.
FLUSH_SECONDS = 0.25

# What every record has; the rest came by `extra=`.
_OWN_NAMES = frozenset([*vars(logging.makeLogRecord({})), "message", "asctime", "taskName", TAKEN])


class APILogHandler(logging.Handler):
    """Sends records to the server's log, `extra` included; to stderr, when the server does not take them."""

    def __init__(self, api: PluginAPIClient, *, fallback: Optional[logging.Handler] = None, capacity: int = CAPACITY) -> None:
        super().__init__()
        self.dropped = 0  # records, since the last time that it was said
        self._api: Optional[PluginAPIClient] = api.with_options(timeout=CALL_SECONDS)
        self._fallback = fallback if fallback is not None else StderrHandler()
        self._capacity = capacity
        self._counting = threading.RLock()
        # Not queue.Queue: a signal's handler may log while the same thread is putting something in.
        self._waiting: queue.SimpleQueue[Union[logging.LogRecord, threading.Event, None]] = queue.SimpleQueue()
        # What the thread has taken out of there; its first is the one that is being sent.
        self._taken: Deque[Union[logging.LogRecord, threading.Event, None]] = deque()
        self._thread: Optional[threading.Thread] = None
        self._process = os.getpid()
        self._api_again_at = 0.0
        self._ended = False

    def emit(self, record: logging.LogRecord) -> None:
        """Queue a record."""
        if getattr(record, TAKEN, False):  # by another of these handlers
            return
        try:
            kept = copy.copy(record)
            # The arguments may change before the record's turn, so the text is made now.
            kept.msg = self.format(record)
            kept.args = kept.exc_info = kept.exc_text = kept.stack_info = None
        except Exception:  # a record whose arguments do not fit its text
            self.handleError(record)
            return
        setattr(record, TAKEN, True)
        if self._ended or os.getpid() != self._process:  # a fork has neither the thread nor a usable channel
            self._fallback.handle(kept)
        elif self._waiting.qsize() >= self._capacity:
            with self._counting:
                self.dropped += 1
        else:
            if self._thread is None:
                self._start()
            self._waiting.put(kept)

    def flush(self) -> None:
        """Wait until what was logged so far is sent, for a short while at most."""
        self.flush_within(FLUSH_SECONDS)

    def flush_within(self, seconds: float) -> bool:
        """Wait until what was logged so far is sent; False when the time did not suffice."""
        if self._thread is None or os.getpid() != self._process:
            return True
        sent = threading.Event()
        self._waiting.put(sent)
        return sent.wait(seconds)

    def leave(self, seconds: float = FLUSH_SECONDS) -> None:
        """What the end of the process does: wait a short while, and give the fallback what is not sent by then."""
        if self.flush_within(seconds):
            return
        self._ended = True
        while self._taken or not self._waiting.empty():
            with suppress(IndexError, queue.Empty):  # the thread was faster
                item = self._taken.popleft() if self._taken else self._waiting.get_nowait()
                if isinstance(item, logging.LogRecord):  # the first may have got through all the same
                    self._fallback.handle(item)

    def close(self) -> None:
        """Send what waits, for a short while at most, and end the thread."""
        self.flush()
        self._ended = True
        self._waiting.put(None)
        super().close()

    def _start(self) -> None:
        # Not in the context of the handler that happens to log first: the thread outlives it.
        run = contextvars.Context().run
        self._thread = threading.Thread(target=run, args=(self._run,), name="mattermost-log", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            taken = self._taken
            taken.append(self._waiting.get())
            while not self._waiting.empty():
                taken.append(self._waiting.get())
            with self._counting:
                dropped, self.dropped = self.dropped, 0  # since the last batch, so after what is in this one
            while taken:
                item = taken[0]
                if isinstance(item, logging.LogRecord):
                    self._send(item)
                else:
                    dropped = self._said(dropped)
                    if item is None:
                        return
                    item.set()
                with suppress(IndexError):  # `leave` took it
                    taken.popleft()
            self._said(dropped)

    def _said(self, dropped: int) -> int:
        """Say how many records were dropped, if any; 0 is what is left to be said."""
        if dropped:
            text = f"{dropped} log records were dropped: they came faster than they could be sent"
            self._send(logging.makeLogRecord({"levelno": logging.WARNING, "levelname": "WARNING", "msg": text}))
        return 0

    def _send(self, record: logging.LogRecord) -> None:
        api = self._api
        if api is not None and time.monotonic() >= self._api_again_at:
            try:
                _method(api, record.levelno)(record.msg, **_fields(record))
            except PluginAPIError as error:
                # A server that does not know the method will not learn it.
                if error.status_code == 501 or error.code is grpc.StatusCode.UNIMPLEMENTED:
                    self._api = None
                self._api_again_at = time.monotonic() + PAUSE_SECONDS
            except Exception:
                self._fallback.handleError(record)  # a field that no message can hold, or a client that was closed
            else:
                return
        self._fallback.handle(record)


def _method(api: PluginAPIClient, level: int) -> Any:
    if level >= logging.ERROR:
        return api.log_error
    if level >= logging.WARNING:
        return api.log_warn
    return api.log_info if level >= logging.INFO else api.log_debug


def _fields(record: logging.LogRecord) -> Dict[str, Any]:
    """What came by `extra=`; a name that the method has as a parameter is told apart."""
    fields = {name: value for name, value in vars(record).items() if name not in _OWN_NAMES}
    return {f"{name}_" if name in ("self", "message") else name: value for name, value in fields.items()}
