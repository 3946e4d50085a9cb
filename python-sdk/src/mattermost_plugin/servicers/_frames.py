"""The messages of the ServeHTTP stream as bytes. Pure.

A piece of a body is by far the greatest part of a message. Through a protobuf object it would be copied once more each way, so
it is put beside the other fields by hand: messages that are written one behind the other are one message with the fields of
all. Everything else about a message is protobuf's.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Dict, List, Mapping, NamedTuple, Sequence, Tuple, Union

from google.protobuf.descriptor import FieldDescriptor

from mattermost_plugin._contract import fields_of
from mattermost_plugin.grpc.hooks_http_pb2 import HTTPHeader, ServeHTTPRequest, ServeHTTPResponse, ServeHTTPResponseInit

MAX_CHUNK_SIZE = 64 * 1024  # what the contract advises for one message

Piece = Union[bytes, memoryview]


class RequestFrame(NamedTuple):
    """One message of a request."""

    init: Any  # None on all but the first
    piece: bytes
    complete: bool


def _bytes_tag(field: FieldDescriptor) -> int:
    return field.number << 3 | 2  # 2: a length and so many bytes


_REQUEST_TAG = _bytes_tag(fields_of(ServeHTTPRequest)["body_chunk"])
_RESPONSE_TAG = _bytes_tag(fields_of(ServeHTTPResponse)["body_chunk"])
_MARKS: Dict[Tuple[bool, bool], bytes] = {
    (flush, complete): ServeHTTPResponse(flush=flush, body_complete=complete).SerializeToString()
    for flush in (False, True)
    for complete in (False, True)
}


def parse_request(wire: bytes) -> RequestFrame:
    """A message of a request; DecodeError when the bytes are none."""
    prefix = _only_prefix(_REQUEST_TAG, len(wire))
    if prefix and wire.startswith(prefix):
        return RequestFrame(None, wire[len(prefix) :], False)
    message = ServeHTTPRequest.FromString(wire)
    return RequestFrame(message.init if message.HasField("init") else None, message.body_chunk, message.body_complete)


def response_head(status_code: int, headers: Mapping[str, Sequence[str]]) -> bytes:
    """What the first message of a response begins with; ValueError or TypeError when no message can hold it."""
    lines = [HTTPHeader(key=key, values=values) for key, values in headers.items()]
    return ServeHTTPResponse(init=ServeHTTPResponseInit(status_code=status_code, headers=lines)).SerializeToString()


def response_frame(head: bytes, pieces: List[Piece], flush: bool, complete: bool) -> bytes:
    """A message of a response; `head` is empty on all but the first."""
    length = sum(map(len, pieces))
    body = (_body_prefix(_RESPONSE_TAG, length), *pieces) if length else ()
    return b"".join((head, *body, _MARKS[flush, complete]))


@lru_cache(maxsize=256)  # most frames are as long as the one before
def _body_prefix(field: int, length: int) -> bytes:
    """What stands before a body of that length."""
    digits = bytearray()
    while length > 0x7F:
        digits.append(length & 0x7F | 0x80)
        length >>= 7
    return bytes([field, *digits, length])


@lru_cache(maxsize=256)
def _only_prefix(field: int, length: int) -> bytes:
    """What a message of that length begins with, if a body is all that there is; empty when there is no such message."""
    for size in range(2, 8):
        prefix = _body_prefix(field, max(length - size, 0))
        if len(prefix) == size < length:
            return prefix
    return b""
