"""Writes `mattermost_plugin/_async_api_methods.pyi`: the API's methods as awaitables, from the declarations of the plain ones.

    .venv/bin/python python-sdk/scripts/api_types.py [--check]

With --check it changes nothing, and ends with 1 when the file is not what it would write.
"""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path
from typing import List

from mattermost_plugin._api_methods import METHODS, BoundMethod

TARGET = Path(__file__).resolve().parent.parent / "src/mattermost_plugin/_async_api_methods.pyi"
WRAPPERS = "mattermost_plugin._internal.wrappers"


def main(arguments: List[str]) -> int:
    """Write, or check."""
    text = written()
    if arguments == ["--check"]:
        if TARGET.is_file() and TARGET.read_text(encoding="utf-8") == text:
            return 0
        sys.stderr.write(f"{TARGET.name} is not what _api_methods.py says; run scripts/types\n")
        return 1
    TARGET.write_text(text, encoding="utf-8")
    return 0


def written() -> str:
    """The whole file."""
    methods = "\n".join(declaration(name, method) for name, method in METHODS.items())
    names = set(re.findall(r"\b[A-Z]\w*", methods))
    typing = sorted(name for name in names if name in ("Any", "Dict", "List", "Optional", "Tuple", "Union"))
    wrappers = sorted(names - set(typing) - {"False", "None", "True"})
    imports = f"from typing import {', '.join(typing)}\n"
    if wrappers:
        imports += f"\nfrom {WRAPPERS} import {', '.join(wrappers)}\n"
    return (
        f"# The API's methods as awaitables. Written by scripts/types from _api_methods.py, not to be edited.\n\n{imports}\n"
        + (f"class AsyncApiMethods:\n{methods}")
    )


def declaration(name: str, method: BoundMethod) -> str:
    """One method."""
    parts: List[str] = []
    starred = False
    for parameter in method.signature.parameters.values():
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and not starred:
            parts.append("*")
            starred = True
        prefix = "**" if parameter.kind is inspect.Parameter.VAR_KEYWORD else ""
        kind = f": {parameter.annotation}" if parameter.annotation is not parameter.empty else ""
        default = "" if parameter.default is parameter.empty else f" = {parameter.default!r}"
        parts.append(f"{prefix}{parameter.name}{kind}{default}")
    return f"    async def {name}({', '.join(parts)}) -> {method.signature.return_annotation}: ...\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
