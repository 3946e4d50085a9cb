"""The start of the conversation with a go-plugin host: cookie, protocol versions, and the one line on stdout.

Nothing may be on stdout before that line, and the line is written only when the port listens: the host dials at once.
"""

from __future__ import annotations

import os
import sys
from typing import List, Mapping, Optional

COOKIE_KEY = "MATTERMOST_PLUGIN"
COOKIE_VALUE = "Securely message teams, anywhere."
CORE_PROTOCOL_VERSION = "1"
APP_PROTOCOL_VERSION = "1"
STDOUT = 1


def cookie_complaint(environment: Mapping[str, str]) -> Optional[str]:
    """Why this process was not started by a Mattermost server, in words for whoever started it; None if it was."""
    value = environment.get(COOKIE_KEY)
    if value == COOKIE_VALUE:
        return None
    cause = "is not set" if value is None else f"is {value!r}, which is not the expected value"
    return (
        "This program is a Mattermost plugin: a server starts it, it is not meant to be run by hand.\n"
        f"Cause: the environment variable {COOKIE_KEY}, by which a server makes itself known, {cause}.\n"
        "To use the plugin, upload its bundle to a Mattermost server and enable it there.\n"
        f"A program that starts plugins itself must set {COOKIE_KEY}={COOKIE_VALUE!r}.\n"
    )


def demand_cookie() -> None:
    """End the process with status 1 and an explanation on stderr, unless a Mattermost server started it."""
    complaint = cookie_complaint(os.environ)
    if complaint is not None:
        sys.stderr.write(complaint)
        sys.stderr.flush()
        raise SystemExit(1)


def doubts(environment: Mapping[str, str]) -> List[str]:
    """What the host asked for and will not get. It is the host that refuses the plugin then; the log says why."""
    found = []
    offered = environment.get("PLUGIN_PROTOCOL_VERSIONS")
    if offered is not None and APP_PROTOCOL_VERSION not in [version.strip() for version in offered.split(",")]:
        found.append(f"the host speaks protocol versions {offered!r}; this SDK speaks {APP_PROTOCOL_VERSION} only")
    if environment.get("PLUGIN_CLIENT_CERT"):
        found.append(
            "the host asks for mutual TLS (PLUGIN_CLIENT_CERT); this SDK serves plain connections on the loopback only"
        )
    return found


def format_handshake_line(port: int) -> str:
    """The line, without its end, that tells the host where the plugin listens."""
    return f"{CORE_PROTOCOL_VERSION}|{APP_PROTOCOL_VERSION}|tcp|127.0.0.1:{port}|grpc"


def announce(port: int) -> None:
    """Write the line in one piece to the real stdout, past whatever Python has buffered for it."""
    os.write(STDOUT, f"{format_handshake_line(port)}\n".encode("ascii"))
