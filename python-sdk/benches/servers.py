"""The processes that the benches compare: each is a server on a port of its own, started from the bench's own file."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

# Set for the servers by --free.
FREE = "SDK_BENCH_FREE"


def stay_on(which: int) -> None:
    """Keep this process on the first (0) or the last (-1) of the processors that it may use."""
    if hasattr(os, "sched_setaffinity") and FREE not in os.environ:
        os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[which]})


async def serve_until_the_end(port: int) -> None:
    """Say where a bare server listens, and wait for its parent to end."""
    os.write(1, f"1|1|tcp|127.0.0.1:{port}|grpc\n".encode())
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


class Server:
    """A started server."""

    def __init__(self, bench: str, kind: str) -> None:
        self.kind = kind
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "MATTERMOST", "PLUGIN"))}
        environment = {**kept, "MATTERMOST_PLUGIN": "Securely message teams, anywhere."}
        command = [sys.executable, str(Path(bench).resolve()), "--serve", kind]
        self.process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().decode().split("|")[3]

    def processor_seconds(self) -> float:
        """What the server has used so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self, what: str) -> int:
        """Bytes of memory that the server holds: `VmRSS` now, `VmHWM` at the most so far."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{what}:"))

    def stop(self) -> None:
        self.process.kill()
        self.process.communicate()
