"""The plugin's log goes to the server through the API; nothing that logs waits, and nothing is lost without a word."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Iterator, List, Optional

import grpc
import pytest

from conftest import CALL_SECONDS, FakeApi
from filling import plain
from mattermost_plugin import PluginAPIClient
from mattermost_plugin._api_log import APILogHandler
from mattermost_plugin._contract import api_method
from mattermost_plugin._hclog import StderrHandler
from processes import environment, started

LEVELS = ("LogDebug", "LogInfo", "LogWarn", "LogError")


class Kept(logging.Handler):
    """Where a test finds what did not reach the server."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: List[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


class Logging:
    """A logger whose log goes to a server."""

    def __init__(self, api: FakeApi, *, capacity: int = 100, target: Optional[str] = None) -> None:
        for name in LEVELS:
            api.answers[name] = api_method(name).response()
        self.api = api
        self.client = PluginAPIClient(target or api.target)
        self.client.connect_on_demand()
        self.kept = Kept()
        self.handler = APILogHandler(self.client, fallback=self.kept, capacity=capacity)
        self.logger = logging.Logger("a plugin", logging.DEBUG)
        self.logger.addHandler(self.handler)

    def sent(self) -> List[Any]:
        """What the server got: the method, the message, the fields."""
        assert self.handler.flush_within(CALL_SECONDS)
        return self.sent_before_the_end()

    def sent_before_the_end(self) -> List[Any]:
        calls = []
        for name, request in self.api.requests:
            message: Any = api_method(name).request.FromString(request)
            calls.append((name, message.msg, {pair.key: plain(pair.value) for pair in message.key_value_pairs}))
        return calls

    def hold(self) -> threading.Event:
        """Let the server take its time for one call at level debug; the event lets it go on."""
        arrived, go_on = threading.Event(), threading.Event()

        def wait(_: Any) -> Any:
            arrived.set()
            go_on.wait(CALL_SECONDS)
            return api_method("LogDebug").response()

        self.api.answers["LogDebug"] = wait
        self.logger.debug("held")
        assert arrived.wait(CALL_SECONDS)
        return go_on


@pytest.fixture
def log(api: FakeApi) -> Iterator[Logging]:
    made = Logging(api)
    yield made
    made.handler.close()
    made.client.close()


def test_records_arrive_in_order_with_level_and_fields(log: Logging) -> None:
    log.logger.debug("one %s", 1)
    log.logger.info("two", extra={"user_id": "u", "count": 2, "where": Path("/x")})
    log.logger.warning("three")
    log.logger.error("four: 100 %")
    log.logger.critical("five", extra={"msg_id": 5})
    for number in range(200):
        log.logger.info("%s", number)
        if number % 50 == 0:
            log.handler.flush_within(CALL_SECONDS)
    assert log.sent() == [
        ("LogDebug", "one 1", {}),
        ("LogInfo", "two", {"user_id": "u", "count": 2, "where": "/x"}),
        ("LogWarn", "three", {}),
        ("LogError", "four: 100 %", {}),
        ("LogError", "five", {"msg_id": 5}),
        *(("LogInfo", str(number), {}) for number in range(200)),
    ]
    assert log.kept.texts == []


def test_a_traceback_is_part_of_the_message(log: Logging) -> None:
    try:
        raise ValueError("why")
    except ValueError:
        log.logger.exception("it failed")
    (call,) = log.sent()
    assert call[1].startswith("it failed\nTraceback ")
    assert call[1].endswith("ValueError: why")


def test_the_text_is_that_of_the_moment(log: Logging) -> None:
    go_on = log.hold()
    items = [1]
    log.logger.info("%s", items)
    items.append(2)
    go_on.set()
    assert log.sent()[1][1] == "[1]"


def test_whoever_logs_never_waits_and_what_does_not_fit_is_counted(api: FakeApi) -> None:
    log = Logging(api, capacity=10)
    go_on = log.hold()
    for number in range(30):  # would never end if it waited for the server
        log.logger.info("%s", number)
    assert log.handler.dropped == 20
    go_on.set()
    texts = [text for _, text, _ in log.sent()]
    assert texts[:11] == ["held", *map(str, range(10))]
    assert texts[11:] == ["20 log records were dropped: they came faster than they could be sent"]
    assert log.handler.dropped == 0
    log.logger.info("after")
    assert log.sent()[-1][1] == "after"
    log.handler.close()
    log.client.close()


def test_a_flush_does_not_wait_for_ever(log: Logging) -> None:
    go_on = log.hold()
    assert not log.handler.flush_within(0.01)
    go_on.set()
    assert log.handler.flush_within(CALL_SECONDS)


def test_after_its_end_it_goes_to_the_fallback(log: Logging) -> None:
    log.logger.info("before")
    log.handler.close()
    log.logger.info("after")
    assert [text for _, text, _ in log.sent_before_the_end()] == ["before"]
    assert log.kept.texts == ["after"]


def test_without_a_server_it_goes_to_the_fallback(api: FakeApi) -> None:
    log = Logging(api, target="127.0.0.1:1")
    for number in range(20):
        log.logger.info("%s", number, extra={"a": 1})
    assert log.handler.flush_within(CALL_SECONDS)
    assert log.kept.texts == [str(number) for number in range(20)]
    log.handler.close()
    log.client.close()


@pytest.mark.parametrize("in_band", [True, False])
def test_a_server_that_does_not_log_is_asked_once(log: Logging, *, in_band: bool) -> None:
    error = {"id": "no", "message": "not here", "status_code": 501}
    answer: Any = api_method("LogInfo").response(error=error)
    log.api.answers["LogInfo"] = answer if in_band else lambda context: context.abort(grpc.StatusCode.UNIMPLEMENTED, "no")
    log.logger.info("one")
    log.logger.warning("two")
    assert [name for name, *_ in log.sent()] == ["LogInfo"]
    assert log.kept.texts == ["one", "two"]


def test_a_server_that_comes_back_is_used_again(log: Logging, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mattermost_plugin._api_log.PAUSE_SECONDS", 0.0)
    log.api.answers["LogInfo"] = lambda context: context.abort(grpc.StatusCode.UNAVAILABLE, "not now")
    log.logger.info("one")
    assert log.handler.flush_within(CALL_SECONDS)
    log.api.answers["LogInfo"] = api_method("LogInfo").response()
    log.logger.info("two")
    assert [text for _, text, _ in log.sent()] == ["one", "two"]
    assert log.kept.texts == ["one"]


def test_stderr_does_not_repeat_what_the_server_got(log: Logging, capfd: pytest.CaptureFixture[str]) -> None:
    log.logger.addHandler(StderrHandler())
    log.logger.addHandler(APILogHandler(log.client))  # the same log twice
    log.logger.info("once")
    assert [text for _, text, _ in log.sent()] == ["once"]
    assert capfd.readouterr().err == ""


def test_a_record_that_cannot_be_formatted_is_reported_and_harms_nothing(
    log: Logging, capsys: pytest.CaptureFixture[str]
) -> None:
    log.logger.info("%d", "no number")
    assert "no number" in capsys.readouterr().err
    log.logger.info("fine", extra={"self": 1, "big": {"deep": [object]}})
    (call,) = log.sent()
    assert call[1] == "fine"
    assert call[2]["self_"] == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_fork_logs_to_the_fallback(log: Logging) -> None:
    code = """
import logging, os, sys
import mattermost_plugin
from mattermost_plugin import PluginAPIClient
from mattermost_plugin._api_log import APILogHandler
client = PluginAPIClient("127.0.0.1:1")
client.connect_on_demand()
logger = logging.getLogger("x")
logger.addHandler(APILogHandler(client))
child = os.fork()
logger.error("in the child" if child == 0 else "in the parent")
if child == 0:
    os._exit(0)
os.waitpid(child, 0)
logger.handlers[0].flush_within(10)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=environment())
    assert done.returncode == 0, done.stderr
    assert done.stderr.count('"in the child"') == 1
    assert done.stderr.count('"in the parent"') == 1


PLUGIN = """
from mattermost_plugin import Plugin, run_plugin

class Talking(Plugin):
    def __init__(self, **given):
        super().__init__(**given)
        self.logger.info("made")

    @property
    def implemented(self):
        return []

import signal, threading
plugins = []
made = Talking.__init__
def keep(self, **given):
    made(self, **given)
    plugins.append(self)
Talking.__init__ = keep

def talk(*_):
    for number in range(100):
        plugins[0].logger.info("%s", number, extra={"number": number})
    signal.raise_signal(signal.SIGTERM)

signal.signal(signal.SIGUSR1, talk)
run_plugin(Talking)
"""


def test_what_a_plugin_logs_last_arrives_before_it_ends(api: FakeApi, tmp_path: Path) -> None:
    for name in LEVELS:
        api.answers[name] = api_method(name).response()
    script = tmp_path / "plugin.py"
    script.write_text(PLUGIN)
    with started(str(script), env=environment(MATTERMOST_PLUGIN_API_TARGET=api.target)) as plugin:
        plugin.handshake()
        plugin.process.send_signal(signal.SIGUSR1)
        _, err = plugin.process.communicate(timeout=60)
    assert plugin.process.returncode == 0, err
    sent = [api_method(name).request.FromString(request).msg for name, request in api.requests]  # type: ignore[attr-defined]
    logged = [json.loads(line)["@message"] for line in err.splitlines() if line.startswith(b"{")]
    assert logged.pop(0) == "made"  # before there was a way to the server
    # What the end did not wait for is in the process's own log; the first of it may be in both.
    both = sent[-1:] == logged[:1] and bool(logged)
    assert sent + logged[both:] == [str(number) for number in range(100)]


def test_what_is_not_sent_at_the_end_goes_to_the_fallback(api: FakeApi) -> None:
    arrived, go_on = threading.Event(), threading.Event()

    def hold(context: Any) -> Any:
        arrived.set()
        go_on.wait(10)
        return api_method("LogInfo").response()

    api.answers["LogInfo"] = hold
    fallback = Kept()
    with PluginAPIClient(api.target) as client:
        handler = APILogHandler(client, fallback=fallback)
        for number in range(3):
            handler.emit(logging.makeLogRecord({"levelno": logging.INFO, "msg": str(number)}))
            assert arrived.wait(10)
        handler.leave(0.01)
        handler.emit(logging.makeLogRecord({"levelno": logging.INFO, "msg": "late"}))
        go_on.set()
        handler.close()
    assert fallback.texts == ["0", "1", "2", "late"]
    assert len(api.requests) == 1
