"""The plugin process: serve the hooks, tell the host where, and end when it is time.

    started ── port listens, handshake line ──> serving ── Shutdown | SIGTERM | SIGINT | host gone ──> stopping ──> exit 0

While stopping, health answers NOT_SERVING, and hooks in flight have a bounded time to finish. Then the process ends, even if a
handler never returns: handlers run in daemon threads. OnDeactivate is the host's to call, not ours.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import signal
import sys
import threading
from contextlib import redirect_stdout
from typing import Any, Callable, NoReturn, Optional, Sequence, Tuple, Type

import grpc
import grpc.aio
from grpc_health.v1 import health, health_pb2

from mattermost_plugin import _handshake
from mattermost_plugin._api_log import APILogHandler
from mattermost_plugin._api_metadata import take_token
from mattermost_plugin._handshake import APP_PROTOCOL_VERSION, CORE_PROTOCOL_VERSION, format_handshake_line
from mattermost_plugin._host_watch import HostWatch
from mattermost_plugin.client import PluginAPIClient
from mattermost_plugin.plugin import Plugin
from mattermost_plugin.runtime_config import DEFAULT_HOOK_TIMEOUT, RuntimeConfig, load_runtime_config
from mattermost_plugin.servicers.hooks_servicer import PluginHooksServicer

__all__ = ["PluginServer", "format_handshake_line", "run_plugin", "serve_plugin"]

GO_PLUGIN_CORE_PROTOCOL_VERSION = CORE_PROTOCOL_VERSION
GO_PLUGIN_APP_PROTOCOL_VERSION = APP_PROTOCOL_VERSION

# go-plugin hosts send and accept whatever fits a message; a file under upload is one message. A length that
# none can have is refused, while without a limit its end would be waited for. The port is ours alone.
DEFAULT_SERVER_OPTIONS: Tuple[Tuple[str, Any], ...] = (
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", 2**31 - 1),
    ("grpc.so_reuseport", 0),
)

# Seconds for hooks in flight. After Shutdown go-plugin kills at 2; after a signal hosts wait longer; a host that is gone waits
# for nothing.
GRACE_AFTER_SHUTDOWN = 1.5
GRACE_AFTER_SIGNAL = 4.0
GRACE_WITHOUT_HOST = 0.5
# Seconds for exit functions that the plugin registered with `atexit`.
GRACE_FOR_EXIT_FUNCTIONS = 0.3

ENDING_SIGNALS = (signal.SIGTERM, signal.SIGINT)

HEALTH_SERVICES = ("plugin", "")

_SERVING = health_pb2.HealthCheckResponse.SERVING
_NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
_logger = logging.getLogger("mattermost_plugin.server")


class PluginServer:
    """Serves one plugin on a loopback port of its own."""

    def __init__(
        self,
        plugin_instance: Plugin,
        config: Optional[RuntimeConfig] = None,
        options: Optional[Sequence[Tuple[str, Any]]] = None,
    ) -> None:
        self._options = list(options) if options is not None else list(DEFAULT_SERVER_OPTIONS)
        timeout = config.hook_timeout if config is not None else DEFAULT_HOOK_TIMEOUT
        self._hooks = PluginHooksServicer(plugin_instance, timeout)
        self._health = health.aio.HealthServicer()
        self._server: Optional[grpc.aio.Server] = None
        self._stopped = False
        self.on_shutdown: Callable[[], object] = lambda: None  # called when the host has asked for the end
        self.port = 0

    async def start(self) -> int:
        """Listen, serve, then announce the port on stdout; returns the port."""
        if self._server is not None:
            raise RuntimeError("this server was started already")
        server = grpc.aio.server(options=self._options)
        for service in HEALTH_SERVICES:
            await self._health.set(service, _SERVING)
        server.add_generic_rpc_handlers((self._hooks.generic_handler(), self._health_handler(), self._controller_handler()))
        self.port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        self._server = server
        _handshake.announce(self.port)
        return self.port

    async def stop(self, grace_period: float = 5.0) -> None:
        """Let hooks in flight finish for at most `grace_period` seconds, then end; may be repeated."""
        if self._server is None or self._stopped:
            return
        self._stopped = True
        await self.drain(grace_period)
        await self._server.stop(None)

    async def drain(self, grace_period: float) -> None:
        """Say NOT_SERVING from now on, and wait for hooks in flight, for at most `grace_period` seconds."""
        for service in HEALTH_SERVICES:
            await self._health.set(service, _NOT_SERVING)
        if not await self._hooks.wait_until_idle(grace_period):
            _logger.warning("stopping while %d hook handlers are still running", self._hooks.calls)

    async def wait_for_termination(self) -> None:
        """Wait until the server has been stopped."""
        if self._server is not None:
            await self._server.wait_for_termination()

    def _controller_handler(self) -> grpc.GenericRpcHandler:
        async def shutdown(request: bytes, context: Any) -> bytes:
            context.add_done_callback(lambda _: self.on_shutdown())  # when the answer is on its way
            return b""  # both messages are plugin.Empty, which has no fields

        method: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(shutdown)
        return grpc.method_handlers_generic_handler("plugin.GRPCController", {"Shutdown": method})

    def _health_handler(self) -> grpc.GenericRpcHandler:
        parse, write = health_pb2.HealthCheckRequest.FromString, health_pb2.HealthCheckResponse.SerializeToString
        methods = {
            "Check": grpc.unary_unary_rpc_method_handler(self._health.Check, parse, write),
            "Watch": grpc.unary_stream_rpc_method_handler(self._health.Watch, parse, write),
        }
        return grpc.method_handlers_generic_handler("grpc.health.v1.Health", methods)


async def serve_plugin(
    plugin_class: Type[Plugin],
    config: Optional[RuntimeConfig] = None,
    options: Optional[Sequence[Tuple[str, Any]]] = None,
) -> None:
    """Be the plugin process: returns when the host, or whoever sends signals, wants it to end."""
    server, ending, api = await _start(plugin_class, config, options)
    await server.stop(await ending.wait())
    ending.close()
    await asyncio.get_running_loop().run_in_executor(None, api.close)


class _Api:
    """The plugin's client of the server's API, and its log there."""

    def __init__(self, target: str) -> None:
        self.client = PluginAPIClient(target)
        self.client.connect_on_demand()
        self._log: Optional[APILogHandler] = None
        self._logger: Optional[logging.Logger] = None

    def take_log_of(self, logger: logging.Logger) -> None:
        self._log, self._logger = APILogHandler(self.client), logger
        logger.addHandler(self._log)

    def leave(self) -> None:
        if self._log is not None:
            self._log.leave()

    def close(self) -> None:
        if self._log is not None and self._logger is not None:
            self._logger.removeHandler(self._log)
            self._log.close()
        self.client.close()


async def _start(
    plugin_class: Type[Plugin],
    config: Optional[RuntimeConfig] = None,
    options: Optional[Sequence[Tuple[str, Any]]] = None,
) -> Tuple[PluginServer, _Ending, _Api]:
    _handshake.demand_cookie()
    RuntimeConfig().configure_logging()  # what is wrong with the configuration is logged in the right form, too
    settings = config if config is not None else load_runtime_config()
    settings.configure_logging()
    for doubt in _handshake.doubts(os.environ):
        _logger.warning("%s", doubt)
    take_token()
    api = _Api(settings.api_target)
    with redirect_stdout(sys.stderr):  # a print in a constructor must not come before the handshake
        plugin = plugin_class(api=api.client, config=settings)
    if os.environ.get("MATTERMOST_PLUGIN_API_TARGET"):
        api.take_log_of(plugin.logger)
    ending = _Ending()
    server = PluginServer(plugin, settings, options)
    server.on_shutdown = lambda: ending.begin("the host asked for it", GRACE_AFTER_SHUTDOWN)
    ending.listen()
    await server.start()
    return server, ending, api


class _Ending:
    """Gathers the reasons to end; the first one counts, a second signal ends the process at once."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._begun: asyncio.Future[float] = self._loop.create_future()
        self._watch = HostWatch(lambda reason: self.begin(reason, GRACE_WITHOUT_HOST))

    def listen(self) -> None:
        for number in ENDING_SIGNALS:
            try:
                self._loop.add_signal_handler(number, self._signalled, number)
            except (NotImplementedError, RuntimeError, ValueError):  # not the main thread, or not a unix
                break
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(before=_hold_signals, after_in_parent=_release_signals, after_in_child=_let_go_of_signals)
        self._watch.start()

    def begin(self, reason: str, grace: float) -> None:
        if not self._begun.done():
            _logger.debug("stopping: %s", reason)
            self._begun.set_result(grace)

    async def wait(self) -> float:
        return await self._begun

    def close(self) -> None:
        self._watch.stop()

    def _signalled(self, number: int) -> None:
        if self._begun.done():
            _leave(0)
        self.begin(f"signal {signal.Signals(number).name}", GRACE_AFTER_SIGNAL)


# What a handler forks, with multiprocessing for one, is not the plugin: a signal to it must not end the plugin. It would, as
# parent and child share the socket through which a signal wakes the loop. So a child has the usual handlers back before the
# first signal reaches it.
_masks = threading.local()


def _hold_signals() -> None:
    _masks.before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING_SIGNALS)


def _release_signals() -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, _masks.before)


def _let_go_of_signals() -> None:
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
    except ValueError:  # forked in another interpreter than the main one, whose signals these are not
        pass
    finally:
        _release_signals()


def run_plugin(plugin_class: Type[Plugin]) -> NoReturn:
    """Be the plugin process and end it; what a plugin's `main` calls."""
    status = 1
    try:
        asyncio.run(_run(plugin_class))
    except SystemExit as wish:
        status = wish.code if isinstance(wish.code, int) else 1
    except BaseException:
        _logger.exception("the plugin could not run")
    _leave(status)


async def _run(plugin_class: Type[Plugin]) -> NoReturn:
    server, ending, api = await _start(plugin_class)
    await server.drain(await ending.wait())
    api.leave()
    _leave(0)  # taking down server, channel and loop one by one would only take time: the system does it at once


def _leave(status: int) -> NoReturn:
    """End the process now: no thread is waited for, but exit functions run and nothing written is lost."""
    try:
        signal.signal(signal.SIGALRM, lambda *_: os._exit(status))
        signal.setitimer(signal.ITIMER_REAL, GRACE_FOR_EXIT_FUNCTIONS)
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except BaseException:  # a broken pipe, or an exit function that fails: there is nobody left to tell
        os._exit(status)
    os._exit(status)
