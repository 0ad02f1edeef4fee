"""Callbacks run in order, a moment in each turn of Qt's, and nothing that Qt has to do waits for all of them."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gui.loop import SLICE_S, PatchedLoop, Turns, run


class Clock:
    """Stands still until it is told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def loop(qapp: QApplication) -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    yield made
    made.close()


@pytest.fixture
def turns(qapp: QApplication, clock: Clock) -> Iterator[Turns]:
    made = Turns(clock=clock)
    yield made
    made.close()


Add = Callable[[Callable[[], object]], asyncio.Handle]


@pytest.fixture
def add(turns: Turns, loop: asyncio.AbstractEventLoop) -> Add:
    def added(callback: Callable[[], object]) -> asyncio.Handle:
        handle = asyncio.Handle(callback, (), loop)
        turns.add(handle)
        return handle

    return added


def test_callbacks_run_in_the_order_in_which_they_came_without_those_that_were_cancelled(
    add: Add, qtbot: QtBot
) -> None:
    seen: list[int] = []
    handles = [add(lambda n=n: seen.append(n)) for n in range(5)]
    handles[2].cancel()
    qtbot.waitUntil(lambda: len(seen) == 4)
    assert seen == [0, 1, 3, 4]


def test_a_thousand_callbacks_are_one_turn(add: Add, turns: Turns, qtbot: QtBot) -> None:
    ran: list[int] = []
    run_turn = turns.run
    turns._timer.timeout.disconnect()
    turns._timer.timeout.connect(lambda: ran.append(0) or run_turn())
    seen: list[int] = []
    for n in range(1000):
        add(lambda n=n: seen.append(n))
    qtbot.waitUntil(lambda: len(seen) == 1000)
    qtbot.wait(0)
    assert len(ran) == 1


def test_what_a_callback_adds_runs_in_the_next_turn(add: Add, turns: Turns, qtbot: QtBot) -> None:
    seen: list[str] = []
    add(lambda: (seen.append("first"), add(lambda: seen.append("next"))))
    turns.run()
    assert seen == ["first"]
    qtbot.waitUntil(lambda: seen == ["first", "next"])


def test_a_turn_ends_when_its_time_is_over_and_timers_of_qt_come_between(
    add: Add, clock: Clock, qtbot: QtBot
) -> None:
    seen: list[str] = []

    def work() -> None:
        clock.now += SLICE_S
        seen.append("work")

    for _ in range(3):
        add(work)
    QTimer.singleShot(0, lambda: seen.append("timer"))
    qtbot.waitUntil(lambda: len(seen) == 4)
    assert "timer" in seen[:2]


def test_a_loop_of_qt_inside_a_callback_runs_what_stands_behind_it(add: Add, qtbot: QtBot) -> None:
    seen: list[str] = []
    inner = QEventLoop()

    def dialog() -> None:
        seen.append("opened")
        inner.exec()
        seen.append("closed")

    add(dialog)
    add(lambda: (seen.append("behind"), inner.quit()))
    add(lambda: seen.append("last"))
    qtbot.waitUntil(lambda: len(seen) == 4)
    assert seen == ["opened", "behind", "last", "closed"] or seen == ["opened", "behind", "closed", "last"]


def test_a_callback_that_ends_the_program_leaves_the_rest_to_the_next_turn(
    add: Add, turns: Turns, qtbot: QtBot
) -> None:
    seen: list[str] = []

    def leave() -> None:
        raise SystemExit(3)

    add(leave)
    add(lambda: seen.append("rest"))
    with pytest.raises(SystemExit):
        turns.run()
    qtbot.waitUntil(lambda: seen == ["rest"])


def test_after_the_end_nothing_runs(add: Add, turns: Turns, qtbot: QtBot) -> None:
    seen: list[int] = []
    add(lambda: seen.append(1))
    turns.close()
    qtbot.wait(0)
    turns.run()
    assert seen == []


@pytest.fixture
def on_loop(qapp: QApplication) -> Callable[[Callable[[], Coroutine[Any, Any, Any]]], Any]:
    return lambda story: run(qapp, story)


def test_coroutines_threads_timers_and_executors_meet_on_the_loop(on_loop: Callable[..., Any]) -> None:
    async def story() -> list[object]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, PatchedLoop)
        told: asyncio.Queue[object] = asyncio.Queue()
        thread = threading.Thread(target=lambda: loop.call_soon_threadsafe(told.put_nowait, "thread"))
        thread.start()
        first = await told.get()
        thread.join()
        loop.call_later(0.01, told.put_nowait, "later")
        loop.call_soon(told.put_nowait, "soon")
        loop.call_later(0, told.put_nowait, "at once")
        found = [first, *[await told.get() for _ in range(3)]]
        found.append(await asyncio.to_thread(lambda: "executor"))
        await asyncio.gather(*(asyncio.sleep(0) for _ in range(100)))
        return found

    assert on_loop(story) == ["thread", "soon", "at once", "later", "executor"]


def test_bytes_come_and_go_over_sockets_of_the_loop(on_loop: Callable[..., Any]) -> None:
    async def story() -> int:
        async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(await reader.readexactly(100_000))
            await writer.drain()
            writer.close()
            await writer.wait_closed()

        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]

            async def ask() -> int:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(b"x" * 100_000)
                answer = await reader.read(-1)
                writer.close()
                await writer.wait_closed()
                return len(answer)

            return sum(await asyncio.gather(*(ask() for _ in range(8))))

    assert on_loop(story) == 800_000


def test_with_debug_on_a_slow_callback_is_still_named(
    on_loop: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        loop.set_debug(True)
        loop.slow_callback_duration = 0.0
        await asyncio.sleep(0)
        loop.set_debug(False)

    on_loop(story)
    assert "took" in caplog.text
