"""What the scripts that write generated files share."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import List, Mapping

SDK = Path(__file__).resolve().parent.parent


def written_or_checked(texts: Mapping[Path, str], arguments: List[str]) -> int:
    """Write the files; with --check change nothing, and give 1 when one is not what would be written."""
    if arguments not in ([], ["--check"]):
        sys.stderr.write(f"unknown arguments: {' '.join(arguments)}\n")
        return 2
    different = [path for path, text in texts.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    if not arguments:
        for path in different:
            path.write_text(texts[path], encoding="utf-8")
        return 0
    for path in different:
        sys.stderr.write(f"{path.name} is not what the contract says; run scripts/types\n")
    return 1 if different else 0


def wrapped(text: str, indent: str, width: int = 120) -> List[str]:
    """Lines of a text that may already have lines; an empty line and a list item begin anew."""
    lines: List[str] = []
    for paragraph in text.split("\n"):
        line = indent
        for word in paragraph.split():
            if len(line) + len(word) >= width and line.strip():
                lines.append(line.rstrip())
                line = indent
            line += word + " "
        lines.append(line.rstrip())
    return lines
