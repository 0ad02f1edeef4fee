"""SIGINT and SIGTERM before there is a loop, and on it."""

import asyncio
import signal

import pytest

from core.interrupt import came_early, noted, stop_on_signals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_comes_before_the_loop_stops_it_at_once(number: int) -> None:
    async def main() -> bool:
        stopped = asyncio.Event()
        stop_on_signals(stopped)
        return stopped.is_set()

    before = signal.getsignal(number)
    with noted():
        assert not came_early()
        signal.raise_signal(number)  # nothing is raised
        assert came_early()
        assert asyncio.run(main())
    assert signal.getsignal(number) == before
    with noted():
        assert not came_early(), "an old one is forgotten"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_on_the_loop_sets_the_event(number: int) -> None:
    async def main() -> None:
        stopped = asyncio.Event()
        stop_on_signals(stopped)
        assert not stopped.is_set()
        signal.raise_signal(number)
        await asyncio.wait_for(stopped.wait(), 10)

    with noted():
        asyncio.run(main())
