"""What mypy says about handlers, and that the generated types are those of the contract."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Dict, Set, Tuple

import pytest

import mattermost_plugin
from mattermost_plugin import HookName, hook, hook_types

SDK = Path(__file__).parent.parent
CASES = SDK / "tests/typing_cases/wrong_handlers.py"


def test_mypy_refuses_what_no_hook_can_take_and_nothing_else() -> None:
    command = [sys.executable, "-m", "mypy", "--no-error-summary", "--hide-error-context", "examples/greeter", str(CASES)]
    checked = subprocess.run(command, cwd=SDK, capture_output=True, text=True, timeout=300)
    assert checked.stderr == ""
    found: Dict[Tuple[str, int], Set[str]] = {}
    for line in checked.stdout.splitlines():
        if ": note: " in line:
            continue
        matched = re.fullmatch(r"(.*?):(\d+): error: .*\[([a-z-]+)\]", line)
        assert matched, line
        found.setdefault((Path(matched[1]).name, int(matched[2])), set()).add(matched[3])
    marked = {
        (CASES.name, number): line.partition("# E: ")[2]
        for number, line in enumerate(CASES.read_text(encoding="utf-8").splitlines(), 1)
        if "# E: " in line
    }
    assert len(marked) == 18
    assert found.keys() == marked.keys()
    assert {place: code for place, code in marked.items() if code not in found[place]} == {}


@pytest.mark.parametrize("script", ["hook_types", "wrapper_types", "api_types"])
def test_the_generated_types_are_up_to_date(script: str) -> None:
    command = [sys.executable, str(SDK / f"scripts/{script}.py"), "--check"]
    checked = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_every_hook_has_its_types() -> None:
    for name in HookName:
        assert hasattr(hook_types, f"{name.value}Result")
        assert hasattr(hook_types, f"{name.value}Handler")


def test_the_package_says_that_it_is_typed() -> None:
    assert files(mattermost_plugin).joinpath("py.typed").is_file()


def test_hook_is_still_a_function_with_its_name() -> None:
    assert hook.__name__ == "hook"  # type: ignore[attr-defined]
    assert "Mark a method" in (hook.__doc__ or "")
