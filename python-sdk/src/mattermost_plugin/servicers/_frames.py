"""The messages of the ServeHTTP stream as bytes. Pure.

A piece of a body is by far the greatest part of a message. Through a protobuf object it would be copied once more each way, so
it is put beside the other fields by hand: messages that are written one behind the other are one message with the fields of
all. Everything else about a message is protobuf's.
"""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, NamedTuple, Sequence, Tuple, Union

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError

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
_RESPONSE_TAG = bytes([_bytes_tag(fields_of(ServeHTTPResponse)["body_chunk"])])
_MARKS: Dict[Tuple[bool, bool], bytes] = {
    (flush, complete): ServeHTTPResponse(flush=flush, body_complete=complete).SerializeToString()
    for flush in (False, True)
    for complete in (False, True)
}


def parse_request(wire: bytes) -> RequestFrame:
    """A message of a request; DecodeError when the bytes are none."""
    if len(wire) > 2 and wire[0] == _REQUEST_TAG:
        length, start = _number_at(wire, 1)
        if start + length == len(wire):
            return RequestFrame(None, wire[start:], False)
    message = ServeHTTPRequest.FromString(wire)
    return RequestFrame(message.init if message.HasField("init") else None, message.body_chunk, message.body_complete)


def response_head(status_code: int, headers: Mapping[str, Sequence[str]]) -> bytes:
    """What the first message of a response begins with; ValueError or TypeError when no message can hold it."""
    lines = [HTTPHeader(key=key, values=values) for key, values in headers.items()]
    return ServeHTTPResponse(init=ServeHTTPResponseInit(status_code=status_code, headers=lines)).SerializeToString()


def response_frame(head: bytes, pieces: List[Piece], flush: bool, complete: bool) -> bytes:
    """A message of a response; `head` is empty on all but the first."""
    length = sum(map(len, pieces))
    body = (_RESPONSE_TAG, _number(length), *pieces) if length else ()
    return b"".join((head, *body, _MARKS[flush, complete]))


def _number_at(wire: bytes, at: int) -> Tuple[int, int]:
    """A number as protobuf writes it, and where it ends."""
    value = shift = 0
    for place in range(at, min(at + 10, len(wire))):
        value |= (wire[place] & 0x7F) << shift
        if wire[place] < 0x80:
            return value, place + 1
        shift += 7
    raise DecodeError("a length without an end")


def _number(value: int) -> bytes:
    digits = bytearray()
    while value > 0x7F:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    digits.append(value)
    return bytes(digits)
