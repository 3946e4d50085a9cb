"""The API as a plugin's process reaches it: by what its environment says, over a socket, with a token that stays its own."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, Iterator

import pytest

from conftest import FakeApi
from mattermost_plugin._contract import api_method
from mattermost_plugin.grpc import api_kv_config_pb2 as kv
from processes import SECONDS, environment, started

TOKEN = "d41d8cd98f00b204"  # noqa: S105

PLUGIN = """
import os, subprocess, sys
from mattermost_plugin import Plugin, PluginAPIClient, hook, run_plugin

class Calling(Plugin):
    @hook
    def on_activate(self):
        self.api.kv_set("plain", b"")
        child = "import os; print([name for name in os.environ if name.startswith('MATTERMOST_PLUGIN_API')])"
        inherited = subprocess.run([sys.executable, "-c", child], capture_output=True, text=True).stdout.strip()
        with PluginAPIClient() as own:
            own.kv_set(inherited, b"")

    @hook
    async def on_install(self, plugin_context, event):
        await self.async_api.kv_set("awaited", b"")
        self.logger.debug("%s %s %s", vars(self.api), vars(self.async_api), dict(os.environ))

run_plugin(Calling)
"""


@pytest.fixture
def server(socket: str) -> Iterator[FakeApi]:
    served = FakeApi(socket)
    served.answers["KVSet"] = kv.KVSetResponse()
    yield served
    served.close()


@pytest.mark.parametrize("scheme", ["unix:", "unix://"])
def test_a_plugin_reaches_the_api_over_a_socket_with_its_token(
    server: FakeApi, socket: str, scheme: str, tmp_path: Path
) -> None:
    script = tmp_path / "plugin.py"
    script.write_text(PLUGIN)
    logged = threading.Event()

    def take_line(context: Any) -> Any:
        logged.set()
        return api_method("LogDebug").response()

    server.answers["LogDebug"] = take_line
    env = environment(
        MATTERMOST_PLUGIN_API_TARGET=scheme + socket[len("unix:") :],
        MATTERMOST_PLUGIN_API_TOKEN=TOKEN,
        MATTERMOST_PLUGIN_LOG_LEVEL="DEBUG",
    )
    with started(str(script), env=env) as plugin:
        plugin.handshake()
        assert not plugin.call("OnActivate").result().HasField("error")
        assert not plugin.call("OnInstall").result().HasField("error")
        assert logged.wait(SECONDS)
        plugin.shut_down()
        assert plugin.wait() == 0
        out, err = plugin.process.communicate(timeout=SECONDS)
    sets = [kv.KVSetRequest.FromString(request).key for name, request in server.requests if name == "KVSet"]
    assert sets == ["plain", "['MATTERMOST_PLUGIN_API_TARGET']", "awaited"]
    assert {sent["authorization"] for sent in server.metadata} == {f"Bearer {TOKEN}"}
    told = [out, err, *(request for name, request in server.requests if name == "LogDebug")]
    assert b"secret" in told[-1]  # what was logged had the clients' settings in it
    assert not any(TOKEN.encode() in text for text in told)


def test_a_token_that_cannot_be_sent_ends_the_plugin_with_a_word_of_why(tmp_path: Path) -> None:
    script = tmp_path / "plugin.py"
    script.write_text(PLUGIN)
    with started(str(script), env=environment(MATTERMOST_PLUGIN_API_TOKEN=f"{TOKEN}\n")) as plugin:
        out, err = plugin.process.communicate(timeout=SECONDS)
    assert (plugin.process.returncode, out) == (1, b"")
    assert b"ValueError: MATTERMOST_PLUGIN_API_TOKEN is not what metadata can carry" in err
    assert TOKEN.encode() not in err
