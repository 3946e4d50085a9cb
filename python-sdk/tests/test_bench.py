"""The benches still run; what they measure is not judged here."""

from __future__ import annotations

import re
import subprocess
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any, List

import pytest

from verdicts import Verdicts

BENCHES = Path(__file__).parent.parent / "benches"


def lines_of(bench: str, *options: str) -> List[str]:
    command = [sys.executable, str(BENCHES / bench), "--report-only", "--rounds", "2", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def assert_ratios(lines: List[str]) -> None:
    assert all(float(re.findall(r"ratio ([\d.]+)", line)[0]) > 0 for line in lines)


@pytest.mark.skipif(sys.platform != "linux", reason="takes processor times from /proc")
def test_the_bench_compares_both_kinds_of_handlers_with_a_bare_servicer() -> None:
    lines = lines_of("dispatch.py", "--seconds", "0.01", "--callers", "2")
    assert [line.split()[:3] for line in lines] == [["2", "callers", kind] for kind in ("bare", "async", "sync")]
    assert_ratios(lines[1:])


def test_the_bench_compares_both_clients_with_bare_calls() -> None:
    lines = lines_of("api.py", "--calls", "3")
    methods = ["get_server_version", "kv_get", "get_user", "create_post"]
    assert [line.split()[:2] for line in lines] == [[kind, name] for kind in ("plain", "async") for name in methods]
    assert_ratios(lines)


@pytest.mark.skipif(sys.platform != "linux", reason="takes processor times and memory from /proc")
def test_the_bench_compares_streams_with_bare_ones() -> None:
    lines = lines_of("http_stream.py", "--mib", "1", "--seconds", "0.01", "--memory", "0.01")
    kinds = ("bare", "async", "sync")
    assert [line.split()[:2] for line in lines[:6]] == [[way, kind] for way in ("down", "up") for kind in kinds]
    places = [[way, kind, where] for where in ("one", "anywhere") for way in ("down", "up") for kind in kinds]
    assert [line.split()[5:8] for line in lines[6:18]] == places
    assert [line.split()[2:4] for line in lines[18:]] == [[way, kind] for kind in kinds for way in ("down", "up")]
    assert_ratios(lines[:18])


@pytest.mark.parametrize(("report_only", "status"), [(False, 1), (True, 0)])
def test_a_bound_that_is_missed_is_named(report_only: bool, status: int, capsys: Any) -> None:
    verdicts = Verdicts()
    verdicts.ratio("fast  enough", "1 us", [1.0, 1.1, 9.0], least=0.5, most=1.1)
    verdicts.ratio("slow", "1 us", [1.2], most=1.1)
    verdicts.ratio("weak", "1 us", [0.4], least=0.5)
    verdicts.amount("large", 97.0, most=96.0)
    verdicts.amount("small", 1.0, most=96.0)
    assert verdicts.status(Namespace(report_only=report_only)) == status
    out, err = capsys.readouterr()
    assert out.splitlines()[0] == (
        "fast  enough  1 us   ratio 1.10 (middle half 1.00 to 9.00, wanted at least 0.50, wanted at most 1.10)"
    )
    assert err.splitlines() == ["missed: slow: 1.20 > 1.10", "missed: weak: 0.40 < 0.50", "missed: large: 97 MiB > 96 MiB"]
    assert Verdicts().status(Namespace(report_only=False)) == 0
