"""Servers that tests talk to: a plugin's own, in process, and a fake of the host's API."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import threading
from concurrent import futures
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple, Type

# Before grpc: with gRPC's support for forking, some of the processes that tests start die.
import mattermost_plugin._grpc_settings  # noqa: F401

# isort: split
import grpc
import pytest

from mattermost_plugin import HookName, Plugin, RuntimeConfig, hook
from mattermost_plugin._contract import HOOKS, HOOKS_SERVICE_NAME
from mattermost_plugin.server import PluginServer

CALL_SECONDS = 10.0


class ServedPlugin:
    """A plugin behind a real server, on a loop in a thread of its own."""

    def __init__(self, plugin: Plugin, config: Optional[RuntimeConfig] = None) -> None:
        self.plugin = plugin
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.server = PluginServer(plugin, config)
        self.port = self.run(self.server.start())
        self.channel = grpc.insecure_channel(f"127.0.0.1:{self.port}")

    def run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(CALL_SECONDS)

    def call(self, name: str, **fields: Any) -> Any:
        """Call a hook as a host does."""
        contract = HOOKS[name]
        method = self.channel.unary_unary(
            f"/{HOOKS_SERVICE_NAME}/{name}",
            request_serializer=contract.request.SerializeToString,
            response_deserializer=contract.response.FromString,
        )
        return method(contract.request(**fields), timeout=CALL_SECONDS)

    def close(self) -> None:
        self.channel.close()
        self.run(self.server.stop(0))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


Serve = Callable[..., ServedPlugin]


@pytest.fixture
def serve() -> Iterator[Serve]:
    served: List[ServedPlugin] = []

    def start(plugin: Any, config: Optional[RuntimeConfig] = None) -> ServedPlugin:
        served.append(ServedPlugin(plugin() if isinstance(plugin, type) else plugin, config))
        return served[-1]

    yield start
    for one in served:
        one.close()


def plugin_with(name: str, handler: Callable[..., Any]) -> Type[Plugin]:
    """A plugin class with one handler."""
    return type("SomePlugin", (Plugin,), {"handle": hook(HookName(name))(handler)})


class FakeApi(grpc.GenericRpcHandler):
    """The host's API: keeps every request, answers what a test put into `answers`, else UNIMPLEMENTED."""

    def __init__(self, address: str = "127.0.0.1:0") -> None:
        self.answers: Dict[str, Any] = {}
        self.requests: List[Tuple[str, bytes]] = []
        self.metadata: List[Dict[str, Any]] = []  # of each request
        self._server = grpc.server(futures.ThreadPoolExecutor(4), options=[("grpc.max_receive_message_length", -1)])
        self._server.add_generic_rpc_handlers((self,))
        port = self._server.add_insecure_port(address)
        self.target = address if address.startswith("unix:") else f"127.0.0.1:{port}"
        self._server.start()

    def service(self, details: Any) -> Any:
        name = details.method.rpartition("/")[2]
        if not details.method.startswith("/mattermost.pluginapi.v1.PluginAPI/") or name not in self.answers:
            return None
        return grpc.unary_unary_rpc_method_handler(lambda request, context: self._answer(name, request, context))

    def _answer(self, name: str, request: bytes, context: grpc.ServicerContext) -> bytes:
        self.requests.append((name, request))
        self.metadata.append(dict(context.invocation_metadata()))
        answer = self.answers[name]
        if callable(answer):
            answer = answer(context)
        wire: bytes = answer.SerializeToString()
        return wire

    def close(self) -> None:
        self._server.stop(None).wait()


@pytest.fixture
def api() -> Iterator[FakeApi]:
    fake = FakeApi()
    yield fake
    fake.close()


@pytest.fixture
def socket() -> Iterator[str]:
    """A path that fits a socket's address, whatever the tests' own folder is called."""
    folder = tempfile.mkdtemp(prefix="mm-api-")
    yield f"unix:{Path(folder, 's')}"
    shutil.rmtree(folder)
