"""What the benches share: their options, and the processes that they compare.

Each process is a server on a port of its own, started from the bench's own file with --serve. Servers have the last of the
processors that may be used, and the client has the first: threads that move from one to the other make two runs of the very
same server differ by a third.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Callable, Iterator, List, Optional, Sequence

# Set for the servers by --free.
FREE = "SDK_BENCH_FREE"


def options_of(doc: Optional[str], kinds: Sequence[str], rounds: int) -> argparse.ArgumentParser:
    """The options that all benches have; `doc` is the bench's own, of which the first line tells what it measures."""
    parser = argparse.ArgumentParser(description=(doc or "").partition("\n")[0])
    parser.add_argument("--serve", choices=kinds, help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--report-only", action="store_true", help="do not fail when a bound is missed")
    parser.add_argument("--free", action="store_true", help="let the system move threads between processors")
    return parser


def parsed(parser: argparse.ArgumentParser, serve: Callable[[str], None]) -> argparse.Namespace:
    """The options of this process; does not return in one that is to be a server."""
    options = parser.parse_args()
    if options.free:
        let_free()
    if options.serve:
        stay_on(-1)
        serve(options.serve)
        sys.exit(0)
    return options


def let_free() -> None:
    """Let the system move the processes that are started from now on."""
    os.environ[FREE] = "1"


def stay_on(which: int) -> None:
    """Keep this process on the first (0) or the last (-1) of the processors that it may use."""
    if hasattr(os, "sched_setaffinity") and FREE not in os.environ:
        os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[which]})


async def serve_bare(services: Callable[[Any], None]) -> None:
    """Serve what `services` adds to a server, with nothing of the SDK; ends with the parent."""
    import grpc.aio

    server = grpc.aio.server()
    services(server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
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


@contextmanager
def started(bench: str, kinds: Sequence[str]) -> Iterator[List[Server]]:
    """Servers of these kinds, stopped at the end; from then on this process leaves their processor to them."""
    with ExitStack() as stack:
        servers = []
        for kind in kinds:
            servers.append(Server(bench, kind))
            stack.callback(servers[-1].stop)
        stay_on(0)
        yield servers
