"""What a call of the API carries beside its message: the token, what the author adds, and in which hook it is made.

The token is a secret. No text that this package or gRPC makes of metadata shows it, and the environment, which the programs
that a plugin starts inherit, has it no longer once the plugin's process has begun.
"""

from __future__ import annotations

import os
from typing import Optional, Sequence, Tuple, Union

from mattermost_plugin._hook_context import running_request_id

TOKEN_VARIABLE = "MATTERMOST_PLUGIN_API_TOKEN"  # noqa: S105 - the name, not a token
# Says in which hook a call is made: the request id that the host gave with the hook. By it the host stops chains of hooks and
# calls that would never end.
REQUEST_ID = "x-request-id"
# Ids of servers have 26 characters. Much longer ones would make the headers of a call too large for its server.
LONGEST_ID = 256

Metadata = Sequence[Tuple[str, Union[str, bytes]]]

_taken = ""


class Secret(str):
    """A text that `repr` does not show: gRPC quotes all metadata when it does not like some of it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'(secret)'"


def take_token() -> None:
    """Take the token out of the environment, and keep it for the clients of this process."""
    global _taken
    _taken = os.environ.pop(TOKEN_VARIABLE, _taken)


def authorization(token: Optional[str]) -> Metadata:
    """The metadata that shows a token; that of the environment, when None is given."""
    given = os.environ.get(TOKEN_VARIABLE, _taken) if token is None else token
    if not _fits_a_header(given):
        where = TOKEN_VARIABLE if token is None else "the token"
        raise ValueError(f"{where} is not what metadata can carry: printable ASCII characters")
    return (("authorization", Secret(f"Bearer {given}")),) if given else ()


def with_request_id(metadata: Metadata) -> Metadata:
    """Metadata for a call that is made now: by a handler, perhaps, and then with its hook's request id."""
    request_id = running_request_id()
    if not request_id or len(request_id) > LONGEST_ID or not _fits_a_header(request_id):
        return metadata
    if any(name == REQUEST_ID for name, _ in metadata):  # the author's own
        return metadata
    return (*metadata, (REQUEST_ID, request_id))


def _fits_a_header(text: str) -> bool:
    return text.isascii() and text.isprintable()
