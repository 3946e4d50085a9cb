"""A plugin as a process of its own: how it starts, and every way in which it ends."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import textwrap
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Callable, Iterator, Optional

import grpc
import pytest
from grpc_health.v1 import health_pb2

from mattermost_plugin._handshake import COOKIE_KEY, COOKIE_VALUE
from processes import SECONDS, Process, environment, started

PLUGIN = """
import asyncio, atexit, multiprocessing, os, signal, sys, threading, time
from mattermost_plugin import Plugin, hook, run_plugin

released = threading.Event()
signal.signal(signal.SIGUSR1, lambda *_: released.set())

class Tried(Plugin):
    def __init__(self, **given):
        super().__init__(**given)
        print("a print in the constructor")

    @hook
    def on_activate(self):
        print("a print in a handler", flush=True)
        self.logger.info("activated with the API at %s", self.api.target)

    @hook
    def user_will_log_in(self, plugin_context, user):
        os.write(2, b"entered\\n")
        threading.Event().wait()

    @hook
    async def message_will_be_posted(self, plugin_context, post):
        await asyncio.Event().wait()

    @hook
    async def on_web_socket_connect(self, web_conn_id, user_id):
        os.write(2, b"entered\\n")
        threading.Event().wait()

    @hook
    def on_shared_channels_ping(self, remote_cluster):
        os.write(2, b"entered\\n")
        return released.wait()

    @hook
    def on_install(self, plugin_context, event):
        ended = set()
        for _ in range(20):
            child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
            child.start()
            child.terminate()
            child.join(5)
            ended.add(child.exitcode)
        return f"its children ended with {ended}"

    @hook
    def on_configuration_change(self):
        sys.exit(3)

    @hook
    async def on_saml_login(self, plugin_context, user, assertion):
        sys.exit(3)

atexit.register(os.write, 2, b"exit function ran\\n")
if "hang" in sys.argv:
    atexit.register(threading.Event().wait)
run_plugin(Tried)
"""


Start = Callable[..., Process]


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "plugin.py"
    path.write_text(PLUGIN)
    return path


@pytest.fixture
def start(script: Path) -> Iterator[Start]:
    with ExitStack() as processes:
        yield lambda *arguments, env=None: processes.enter_context(started(str(script), *arguments, env=env))


def test_handshake_first_and_prints_do_no_harm(start: Start) -> None:
    plugin = start(env=environment(MATTERMOST_PLUGIN_API_TARGET="127.0.0.1:7"))
    line = plugin.handshake()
    port = line.split("|")[3].rpartition(":")[2]
    assert line == f"1|1|tcp|127.0.0.1:{port}|grpc\n"
    assert not plugin.call("OnActivate").result().HasField("error")
    assert plugin.shut_down() == b""
    assert plugin.wait() == 0
    out, err = plugin.process.communicate()
    assert out == b"a print in a handler\n"
    assert b"a print in the constructor\n" in err
    assert b'"@message": "activated with the API at 127.0.0.1:7"' in err
    assert b"exit function ran\n" in err


@pytest.mark.parametrize("cookie", [None, "Securely message teams"])
def test_without_the_cookie_it_explains_and_ends(start: Start, cookie: Optional[str]) -> None:
    env = environment()
    del env[COOKIE_KEY]
    plugin = start(env=env if cookie is None else {**env, COOKIE_KEY: cookie})
    out, err = plugin.process.communicate(timeout=SECONDS)
    assert (plugin.process.returncode, out) == (1, b"")
    assert err.startswith(b"This program is a Mattermost plugin")
    assert b"Traceback" not in err


@pytest.mark.parametrize("versions", ["", "2", "3,1,2", "not a number"])
def test_any_list_of_versions_gets_version_one(start: Start, versions: str) -> None:
    assert start(env=environment(PLUGIN_PROTOCOL_VERSIONS=versions)).handshake().startswith("1|1|tcp|127.0.0.1:")


def test_a_malformed_configuration_is_logged_and_does_no_harm(start: Start) -> None:
    plugin = start(env=environment(MATTERMOST_PLUGIN_HOOK_TIMEOUT="soon", MATTERMOST_PLUGIN_LOG_LEVEL="loud"))
    plugin.handshake()
    assert json.loads(plugin.read_line(plugin.process.stderr))["@level"] == "warn"
    assert not plugin.call("OnActivate").result().HasField("error")


def test_the_timeout_of_the_environment_is_obeyed(start: Start) -> None:
    plugin = start(env=environment(MATTERMOST_PLUGIN_HOOK_TIMEOUT="0.1"))
    plugin.handshake()
    for name in ("UserWillLogIn", "MessageWillBePosted"):
        reason = plugin.call(name).result().rejection_reason
        assert reason == f"Plugin error: {name} handler did not return within 0.1 seconds"


def test_it_needs_nothing_in_its_environment_but_the_cookie(start: Start) -> None:
    plugin = start(env={COOKIE_KEY: COOKIE_VALUE})
    plugin.handshake()
    assert not plugin.call("OnActivate").result().HasField("error")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it(start: Start, number: signal.Signals) -> None:
    plugin = start()
    plugin.handshake()
    plugin.process.send_signal(number)
    assert plugin.wait() == 0


def test_shutdown_is_answered_every_time(start: Start) -> None:
    for _ in range(5):
        plugin = start()
        plugin.handshake()
        assert plugin.shut_down() == b""
        assert plugin.wait() == 0


def test_a_hook_in_flight_is_finished_first(start: Start) -> None:
    plugin = start()
    plugin.handshake()
    ping = plugin.call("OnSharedChannelsPing")
    assert plugin.read_line(plugin.process.stderr) == "a print in the constructor\n"
    assert plugin.read_line(plugin.process.stderr) == "entered\n"
    plugin.shut_down()
    assert plugin.health() == health_pb2.HealthCheckResponse.NOT_SERVING
    plugin.process.send_signal(signal.SIGUSR1)
    assert ping.result().healthy
    assert plugin.wait() == 0


@pytest.mark.parametrize("name", ["UserWillLogIn", "OnWebSocketConnect"])
def test_a_handler_that_never_returns_does_not_hold_the_end(start: Start, name: str) -> None:
    plugin = start()
    plugin.handshake()
    call = plugin.call(name)  # kept: a call that is forgotten is cancelled
    assert plugin.read_line(plugin.process.stderr) == "a print in the constructor\n"
    assert plugin.read_line(plugin.process.stderr) == "entered\n"
    begun = time.monotonic()
    plugin.shut_down()
    assert plugin.wait() == 0
    assert time.monotonic() - begun < 2
    assert call.code() is grpc.StatusCode.UNAVAILABLE
    assert b"stopping while 1 hook handlers are still running" in plugin.process.communicate()[1]


def test_children_that_a_handler_forks_and_ends_are_not_the_plugin(start: Start) -> None:
    plugin = start()
    plugin.handshake()
    assert plugin.call("OnInstall").result().error.message == f"its children ended with {{{-signal.SIGTERM}}}"
    assert plugin.health() == health_pb2.HealthCheckResponse.SERVING
    plugin.shut_down()
    assert plugin.wait() == 0


def test_handlers_that_exit_end_nothing(start: Start) -> None:
    plugin = start()
    plugin.handshake()
    for _ in range(2):
        assert plugin.call("OnConfigurationChange").result().error.message == "3"
        assert plugin.call("OnSAMLLogin").result().error.message == "3"
    assert plugin.health() == health_pb2.HealthCheckResponse.SERVING
    plugin.shut_down()
    assert plugin.wait() == 0


def test_an_exit_function_that_never_returns_does_not_hold_the_end(start: Start) -> None:
    plugin = start("hang")
    plugin.handshake()
    plugin.shut_down()
    assert plugin.wait() == 0


def test_a_plugin_that_cannot_be_made_ends_with_one(tmp_path: Path) -> None:
    script = tmp_path / "plugin.py"
    script.write_text("from mattermost_plugin import Plugin, run_plugin\nrun_plugin(lambda **given: 1 / 0)\n")
    ended = subprocess.run([sys.executable, str(script)], env=environment(), capture_output=True, timeout=SECONDS)
    assert (ended.returncode, ended.stdout) == (1, b"")
    assert b"ZeroDivisionError" in ended.stderr


# A host that starts the plugin, perhaps through a wrapper that stays, tells its pid and handshake, and waits to be killed.
HOST = """
import subprocess, sys
child = subprocess.Popen({command}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr={stderr})
print(child.stdout.readline().decode().strip(), flush=True)
sys.stdin.read()
"""
WRAPPER = ["/bin/sh", "-c", '"$0" "$@"; exit $?']


@pytest.mark.skipif(sys.platform != "linux", reason="waits for a process that is no child by its pidfd")
@pytest.mark.parametrize("wrapped", [False, True])
def test_it_ends_when_its_host_is_killed(script: Path, wrapped: bool) -> None:
    command = [*(WRAPPER if wrapped else []), sys.executable, str(script)]
    # Unwrapped, stderr is no pipe: only the end of the parent tells. Wrapped, only the pipes tell.
    host_code = HOST.format(command=command, stderr="subprocess.PIPE" if wrapped else "subprocess.DEVNULL")
    host = subprocess.Popen([sys.executable, "-c", host_code], env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert host.stdout is not None
        address = host.stdout.readline().decode().split("|")[3]
        plugin = os.pidfd_open(pid_listening_at(address, host.pid))
    finally:
        host.kill()
        host.communicate()
    try:
        assert select.select([plugin], [], [], 5)[0], "the plugin outlived its host"
    finally:
        os.close(plugin)


def pid_listening_at(address: str, host: int) -> int:
    """The pid of the plugin: the last of the host's line of descendants."""
    pid = host
    while True:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        if not children:
            return pid
        pid = int(children[0])


def test_the_conformance_plugin_shows_what_it_saw() -> None:
    folder = Path(__file__).parent.parent / "conformance_plugin"
    orders = environment(CONFORMANCE_ORDERS='{"OnActivate": "conformance n1 fail because"}')
    with started("plugin.py", cwd=folder, env=orders) as plugin:
        plugin.handshake()
        assert plugin.call("OnActivate").result().error.message == "because"
        line = plugin.read_line(plugin.process.stderr)
        assert line == '{"conformance": 1, "hook": "OnActivate", "nonce": "n1", "saw": {}}\n'
        plugin.shut_down()
        assert plugin.wait() == 0


def test_the_readmes_plugin_runs(tmp_path: Path) -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    code = textwrap.dedent(readme.split("```python\n", 1)[1].split("```", 1)[0])
    (tmp_path / "plugin.py").write_text(code)
    with started("plugin.py", cwd=tmp_path) as plugin:
        plugin.handshake()
        assert not plugin.call("OnActivate").result().HasField("error")
        plugin.shut_down()
        assert plugin.wait() == 0
