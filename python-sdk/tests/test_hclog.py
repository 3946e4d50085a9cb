"""Log lines as a go-plugin host reads them."""

from __future__ import annotations

import json
import logging
import re
import sys
from typing import Any, Dict, Iterator

import pytest

from mattermost_plugin import RuntimeConfig
from mattermost_plugin._hclog import LONGEST_MESSAGE, HclogFormatter


@pytest.fixture(autouse=True)
def _root_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def line(level: int, message: str, **more: Any) -> Dict[str, str]:
    record = logging.LogRecord("some.module", level, __file__, 1, message, (), more.get("exc_info"))
    text = HclogFormatter("%(message)s").format(record)
    assert "\n" not in text
    parsed: Dict[str, str] = json.loads(text)
    return parsed


@pytest.mark.parametrize(
    ("level", "name"),
    [(5, "trace"), (10, "debug"), (20, "info"), (25, "info"), (30, "warn"), (40, "error"), (50, "error")],
)
def test_levels_have_hclog_names(level: int, name: str) -> None:
    assert line(level, "x")["@level"] == name


def test_the_timestamp_has_exactly_six_fraction_digits() -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", line(20, "x")["@timestamp"])


def test_all_keys_are_there_and_are_texts() -> None:
    logged = line(20, "two\nlines and ünïcode \udc80")
    assert sorted(logged) == ["@level", "@message", "@module", "@timestamp"]
    assert all(isinstance(value, str) for value in logged.values())
    assert logged["@message"] == "two\nlines and ünïcode \udc80"
    assert logged["@module"] == "some.module"


def test_a_traceback_is_part_of_the_message() -> None:
    try:
        raise ValueError("deep")
    except ValueError:
        logged = line(40, "it failed", exc_info=sys.exc_info())
    assert logged["@message"].startswith("it failed\nTraceback (most recent call last)")
    assert logged["@message"].endswith("ValueError: deep")


def test_a_long_message_keeps_both_ends() -> None:
    logged = line(20, "A" + "\U0001f600" * 3 * LONGEST_MESSAGE + "Z")["@message"]
    assert logged.startswith("A")
    assert logged.endswith("Z")
    assert "characters left out" in logged
    assert len(json.dumps(logged)) < 65_536 * 2


def test_the_level_of_the_configuration_is_obeyed(capfd: pytest.CaptureFixture[str]) -> None:
    logging.basicConfig(level=logging.ERROR)
    RuntimeConfig(log_level="WARN").configure_logging()
    RuntimeConfig(log_level="INFO").configure_logging()
    logging.getLogger("a").info("%s arrives", "this")
    logging.getLogger("a").debug("this does not")
    out, err = capfd.readouterr()
    assert out == ""
    assert [json.loads(text)["@message"] for text in err.splitlines()] == ["this arrives"]
