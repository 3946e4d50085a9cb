"""What a handler was given, as one line of JSON on stderr."""

import base64
import hashlib
import json
import os
import time

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from mattermost_plugin import hook_context

LONGEST_TEXT, LONGEST_LINE = 256, 4096


def seen(value):
    """A value as protobuf maps it to JSON, in the contract's field names; long texts as length and digest."""
    if isinstance(value, Message):
        value = MessageToDict(value, preserving_proto_field_name=True)
    if isinstance(value, dict):
        return {key: seen(item) for key, item in value.items()}
    if isinstance(value, list):
        return [seen(item) for item in value]
    if isinstance(value, bytes):
        value = base64.b64encode(value).decode()
    return digest(value) if isinstance(value, str) and len(value.encode()) > LONGEST_TEXT else value


def digest(text):
    """A long text."""
    return {"len": len(text.encode()), "sha256": hashlib.sha256(text.encode()).hexdigest()}


def show(evidence):
    """Write evidence in one piece."""
    line = json.dumps(evidence, ensure_ascii=False).encode() + b"\n"
    if len(line) > LONGEST_LINE:
        line = json.dumps({**evidence, "saw": digest(json.dumps(evidence["saw"], ensure_ascii=False))}).encode() + b"\n"
    os.write(2, line)


def doze(seconds, evidence):
    """Sleep. That nobody waits any more is shown at once, but slept through, as code does that never looks."""
    end = time.monotonic() + seconds
    if hook_context().wait_cancelled(seconds):
        show(evidence)
        time.sleep(max(0.0, end - time.monotonic()))
