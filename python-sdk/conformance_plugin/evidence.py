"""What a handler was given, as one line of JSON on stderr."""

import base64
import hashlib
import json
import os

from google.protobuf.message import Message
from google.protobuf.struct_pb2 import ListValue, Struct

LONGEST_TEXT, LONGEST_LINE = 256, 4096


def seen(value):
    """A value as JSON, field names as in the contract; long texts as length and digest."""
    if isinstance(value, (dict, Struct)):
        return {key: seen(item) for key, item in value.items()}
    if isinstance(value, ListValue) or hasattr(value, "extend"):
        return [seen(item) for item in value]
    if isinstance(value, Message):
        return {field.name: seen(item) for field, item in value.ListFields()}
    if isinstance(value, bytes):
        value = base64.b64encode(value).decode()
    if isinstance(value, str) and len(value.encode()) > LONGEST_TEXT:
        return {"len": len(value.encode()), "sha256": hashlib.sha256(value.encode()).hexdigest()}
    return value


def show(evidence):
    """Write evidence in one piece."""
    line = json.dumps(evidence, ensure_ascii=False).encode() + b"\n"
    if len(line) > LONGEST_LINE:
        line = json.dumps({**evidence, "saw": {"len": len(line)}}).encode() + b"\n"
    os.write(2, line)
