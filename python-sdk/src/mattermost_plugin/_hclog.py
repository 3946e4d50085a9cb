"""The process's log on stderr, one hclog JSON object per line.

A go-plugin host takes the level of such lines from `@level`, provided that `@timestamp` has exactly six fraction digits; text
lines it would file under debug. A record is one write, traceback included, so lines of several threads never mix.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from datetime import datetime, timezone

STDERR = 2
# A host reads lines of up to 65,536 bytes; a longer one would be cut and lose its level. JSON may need six bytes per character.
LONGEST_MESSAGE = 10_000


# Set on a record that another handler has taken over: it is not written to stderr as well.
TAKEN = "taken_by_the_api"


class HclogFormatter(logging.Formatter):
    """Formats a record as one line of hclog JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON; a traceback is part of the message."""
        message = super().format(record)
        if len(message) > LONGEST_MESSAGE:
            half = LONGEST_MESSAGE // 2
            message = f"{message[:half]}\n[{len(message) - 2 * half} characters left out]\n{message[-half:]}"
        moment = datetime.fromtimestamp(record.created, timezone.utc)
        line = {
            "@level": _level(record.levelno),
            "@message": message,
            "@module": record.name,
            "@timestamp": moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        }
        return json.dumps(line)


class StderrHandler(logging.Handler):
    """Writes to the process's real stderr, whatever became of `sys.stderr`."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(HclogFormatter("%(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line; a stderr that nobody reads any more is not the plugin's problem."""
        if getattr(record, TAKEN, False):
            return
        try:
            line = memoryview((self.format(record) + "\n").encode("ascii"))
        except Exception:  # a record whose arguments do not fit its text
            self.handleError(record)
            return
        try:
            while line:
                line = line[os.write(STDERR, line) :]
        except OSError:
            return


def install(level: int) -> None:
    """Make stderr the place of the root logger, instead of handlers that would write ungraded text to a terminal stream."""
    root = logging.getLogger()
    for handler in list(root.handlers):
        streams = isinstance(handler, logging.StreamHandler) and handler.stream in (sys.stdout, sys.stderr)
        if streams or isinstance(handler, StderrHandler):
            root.removeHandler(handler)
    root.addHandler(StderrHandler())
    root.setLevel(level)
    for chatty in ("asyncio", "grpc"):  # their debug lines are about themselves
        logging.getLogger(chatty).setLevel(max(level, logging.INFO))


def _level(number: int) -> str:
    if number >= logging.ERROR:
        return "error"
    if number >= logging.WARNING:
        return "warn"
    if number >= logging.INFO:
        return "info"
    return "debug" if number >= logging.DEBUG else "trace"
