"""The comments of the .proto files: what generated code has no trace of, and documentation is made from."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Dict, List

PROTOS = Path(__file__).resolve().parent.parent.parent / "proto/pb"

# What is commented: an RPC, a message, or a field of the message that has begun.
_RPC = re.compile(r"rpc (\w+)\(")
_MESSAGE = re.compile(r"(?:message|enum) (\w+) \{")
_FIELD = re.compile(r"(?:optional |repeated )?(?:map<[^>]+>|[\w.]+) (\w+) = \d+;|(\w+) = \d+;")


def comments_of(file: str) -> Dict[str, str]:
    """The comments of one .proto file by what they stand before: an RPC, a message, or `Message.field`."""
    found: Dict[str, str] = {}
    pending: List[str] = []
    message = ""
    for line in (PROTOS / file).read_text(encoding="utf-8").splitlines():
        text = line.strip()
        if text.startswith("//"):
            pending.append(text[2:].strip())
            continue
        name = ""
        if matched := _RPC.match(text):
            name = matched[1]
        elif matched := _MESSAGE.match(text):
            name = message = matched[1]
        elif matched := _FIELD.match(text):
            name = f"{message}.{matched[1] or matched[2]}"
        if name and pending:
            found[name] = joined(pending)
        pending = []
    return found


def joined(lines: List[str]) -> str:
    """Lines of a comment as paragraphs; an empty line ends one, and so does the beginning of a list's item."""
    paragraphs: List[str] = [""]
    for line in lines:
        if not line or line.startswith("- "):
            paragraphs.append(line)
        else:
            paragraphs[-1] = f"{paragraphs[-1]} {line}".strip()
    return "\n".join(paragraphs).strip()
