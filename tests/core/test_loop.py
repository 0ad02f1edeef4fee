"""The loop of the terminal takes together what comes within a moment, and makes nobody else wait."""

import asyncio
import selectors
import socket
import sys

import pytest

from core.loop import GATHER_S, GatheringSelector, new_loop


class Clock:
    """Time that goes on only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_looks_that_follow_each_other_are_a_moment_apart(clock: Clock) -> None:
    here, there = socket.socketpair()
    with here, there, GatheringSelector(clock=clock, sleep=clock.sleep) as selector:
        selector.register(here, selectors.EVENT_READ)
        there.send(b"x")
        for _ in range(5):
            assert len(selector.select(None)) == 1
        assert clock.slept == [pytest.approx(GATHER_S)] * 4, "the first look after a silence waits for nothing"


def test_who_has_something_to_run_does_not_wait(clock: Clock) -> None:
    with GatheringSelector(clock=clock, sleep=clock.sleep) as selector:
        for _ in range(5):
            assert selector.select(0) == []
        assert clock.slept == []


def test_a_timer_is_not_late_by_the_rest(clock: Clock) -> None:
    with GatheringSelector(clock=clock, sleep=clock.sleep) as selector:
        selector.select(0)
        assert selector.select(GATHER_S / 2) == []
        assert clock.slept == [pytest.approx(GATHER_S / 2)]


def test_after_a_silence_nobody_waits(clock: Clock) -> None:
    here, there = socket.socketpair()
    with here, there, GatheringSelector(clock=clock, sleep=clock.sleep) as selector:
        selector.register(here, selectors.EVENT_READ)
        there.send(b"x")
        for _ in range(3):
            selector.select(None)
            clock.now += 2 * GATHER_S
        assert clock.slept == []


def test_the_loop_runs_timers_threads_and_sockets() -> None:
    async def work() -> list[object]:
        here, there = socket.socketpair()
        with here, there:
            here.setblocking(False)
            there.setblocking(False)
            loop = asyncio.get_running_loop()
            got = loop.create_task(loop.sock_recv(here, 10))
            await loop.sock_sendall(there, b"hello")
            await asyncio.sleep(0.002)
            return [await got, await asyncio.to_thread(lambda: 7)]

    with asyncio.Runner(loop_factory=new_loop) as runner:
        assert runner.run(work()) == [b"hello", 7]
        if sys.platform != "win32":
            assert isinstance(runner.get_loop()._selector, GatheringSelector)  # type: ignore[attr-defined]
