"""How the end of the host is noticed; the real ends are in test_process.py."""

from __future__ import annotations

import asyncio
import os
from typing import Any, List

import pytest

from mattermost_plugin import _host_watch
from mattermost_plugin._host_watch import HostWatch


async def reason(parent: int) -> str:
    gone: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    watch = HostWatch(gone.set_result, parent)
    watch.start()
    try:
        return await asyncio.wait_for(gone, 10)
    finally:
        watch.stop()


def no_pidfd(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(pid: int) -> int:
        raise OSError("no such call")

    monkeypatch.setattr(os, "pidfd_open", refuse, raising=False)


@pytest.mark.parametrize("pidfd", [True, False])
def test_a_parent_that_changed_before_the_watch_began(monkeypatch: pytest.MonkeyPatch, pidfd: bool) -> None:
    if not pidfd:
        no_pidfd(monkeypatch)
    assert asyncio.run(reason(parent=os.getpid())) == "its parent process ended"


def test_without_pidfd_it_looks_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    no_pidfd(monkeypatch)
    monkeypatch.setattr(_host_watch, "POLL_SECONDS", 0.001)
    parents = [1000, 1000, 1000, 1]
    monkeypatch.setattr(os, "getppid", lambda: parents.pop(0))
    assert asyncio.run(reason(parent=1000)) == "its parent process ended"
    assert parents == []


def test_one_closed_pipe_means_nothing_and_both_mean_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    pipes = [os.pipe(), os.pipe()]
    monkeypatch.setattr(_host_watch, "STANDARD_OUTPUTS", tuple(write for _, write in pipes))

    async def close_one_by_one() -> List[Any]:
        loop = asyncio.get_running_loop()
        gone: asyncio.Future[str] = loop.create_future()
        watch = HostWatch(gone.set_result, os.getppid())
        watch.start()
        os.close(pipes[0][0])
        while len(watch._read_by_host) == 2:
            await asyncio.sleep(0)
        after_one = gone.done()
        os.close(pipes[1][0])
        return [after_one, await asyncio.wait_for(gone, 10)]

    assert asyncio.run(close_one_by_one()) == [False, "nobody reads its output any more"]
    for _, write in pipes:
        os.close(write)


def test_a_watch_that_was_stopped_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def stopped() -> bool:
        gone: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        watch = HostWatch(gone.set_result, os.getppid())
        watch.start()
        watch.stop()
        watch.stop()
        watch._report("too late")
        return gone.done()

    assert asyncio.run(stopped()) is False
