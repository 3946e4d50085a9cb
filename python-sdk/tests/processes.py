"""Plugins as processes of their own, started and talked to as a host does."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional

import grpc
from grpc_health.v1 import health_pb2

from mattermost_plugin._contract import HOOKS, HOOKS_SERVICE_NAME
from mattermost_plugin._handshake import COOKIE_KEY, COOKIE_VALUE

SECONDS = 10.0


class Process:
    """A started plugin."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.lines: List[str] = []
        self.channel: Optional[grpc.Channel] = None

    def handshake(self) -> str:
        line = self.read_line(self.process.stdout)
        if not line:
            out, err = self.process.communicate(timeout=SECONDS)
            raise AssertionError(f"ended with {self.process.returncode} before its handshake: {out!r} {err!r}")
        self.channel = grpc.insecure_channel(line.split("|")[3])
        return line

    def read_line(self, stream: Any) -> str:
        readable, _, _ = select.select([stream], [], [], SECONDS)
        assert readable, "no line came"
        text: str = stream.readline().decode()
        return text

    def call(self, name: str) -> Any:
        assert self.channel is not None
        contract = HOOKS[name]
        method = self.channel.unary_unary(
            f"/{HOOKS_SERVICE_NAME}/{name}",
            request_serializer=contract.request.SerializeToString,
            response_deserializer=contract.response.FromString,
        )
        return method.future(contract.request(), timeout=SECONDS)

    def shut_down(self) -> bytes:
        assert self.channel is not None
        shutdown: grpc.UnaryUnaryMultiCallable[bytes, bytes] = self.channel.unary_unary("/plugin.GRPCController/Shutdown")
        return shutdown(b"", timeout=SECONDS)

    def health(self) -> int:
        assert self.channel is not None
        check: grpc.UnaryUnaryMultiCallable[Any, Any] = self.channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            health_pb2.HealthCheckRequest.SerializeToString,
            health_pb2.HealthCheckResponse.FromString,
        )
        status: int = check(health_pb2.HealthCheckRequest(service="plugin"), timeout=SECONDS).status
        return status

    def wait(self) -> int:
        return self.process.wait(SECONDS)


def environment(**more: str) -> Dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "MATTERMOST", "PLUGIN"))}
    return {**kept, COOKIE_KEY: COOKIE_VALUE, "PLUGIN_PROTOCOL_VERSIONS": "1", **more}


@contextmanager
def started(*arguments: str, env: Optional[Dict[str, str]] = None, cwd: Optional[Path] = None) -> Iterator[Process]:
    """A Python process with these arguments, killed at the end."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=cwd,
        env=environment() if env is None else env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,  # so that select() knows of every line
    )
    plugin = Process(process)
    try:
        yield plugin
    finally:
        if plugin.channel is not None:
            plugin.channel.close()
        process.kill()
        process.communicate()
