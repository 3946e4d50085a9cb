"""The benches still run; what they measure is not judged here."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

BENCHES = Path(__file__).parent.parent / "benches"


@pytest.mark.skipif(sys.platform != "linux", reason="takes processor times from /proc")
def test_the_bench_compares_both_kinds_of_handlers_with_a_bare_servicer() -> None:
    command = [
        sys.executable,
        str(BENCHES / "dispatch.py"),
        "--rounds",
        "2",
        "--seconds",
        "0.01",
        "--callers",
        "2",
        "--no-floors",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[:3] for line in lines] == [["2", "callers", kind] for kind in ("bare", "async", "sync")]
    assert all(float(re.findall(r"ratio ([\d.]+)", line)[0]) > 0 for line in lines[1:])


def test_the_bench_compares_both_clients_with_bare_calls() -> None:
    command = [sys.executable, str(BENCHES / "api.py"), "--rounds", "2", "--calls", "3", "--no-ceiling"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    methods = ["get_server_version", "kv_get", "get_user", "create_post"]
    assert [line.split()[:2] for line in lines] == [[kind, name] for kind in ("plain", "async") for name in methods]
    assert all(float(re.findall(r"ratio ([\d.]+)", line)[0]) > 0 for line in lines)


@pytest.mark.skipif(sys.platform != "linux", reason="takes processor times and memory from /proc")
def test_the_bench_compares_streams_with_bare_ones() -> None:
    command = [sys.executable, str(BENCHES / "http_stream.py"), "--rounds", "2", "--mib", "1", "--seconds", "0.01"]
    done = subprocess.run([*command, "--memory", "0.01", "--no-floors"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    kinds = ("bare", "async", "sync")
    assert [line.split()[:2] for line in lines[:6]] == [[way, kind] for way in ("down", "up") for kind in kinds]
    assert [line.split()[5:7] for line in lines[6:12]] == [[way, kind] for way in ("down", "up") for kind in kinds]
    assert [line.split()[2:4] for line in lines[12:]] == [[way, kind] for kind in kinds for way in ("down", "up")]
    assert all(float(re.findall(r"ratio ([\d.]+)", line)[0]) > 0 for line in lines[:12])
