"""The writes of one file: in order, one at a time, never at the cost of another; on the loop where it may."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from core.transfer.job import WRITERS, Crew
from core.transfer.lane import PROMPT_IN_A_ROW, PROMPT_S, TURNS_MOST, Habit


@pytest.fixture
def crew() -> Iterator[Crew]:
    made = Crew()
    yield made
    made.close()


async def test_work_on_one_file_runs_in_order_and_never_side_by_side(crew: Crew) -> None:
    lane, done, inside, most = crew.lane(), list[int](), 0, 0

    def work(number: int) -> int:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        done.append(number)
        inside -= 1
        return number

    answers = [lane.write(work, number) for number in range(200)]
    assert await asyncio.gather(*answers) == list(range(200))
    assert done == list(range(200)) and most == 1


async def test_files_are_written_side_by_side(crew: Crew) -> None:
    meeting = threading.Barrier(WRITERS, timeout=10)
    met = await asyncio.gather(*(crew.lane().write(meeting.wait) for _ in range(WRITERS)))
    assert sorted(met) == list(range(WRITERS)), "each writer waited for all the others"


async def test_a_file_that_always_has_work_leaves_its_writer_to_others_between(crew: Crew) -> None:
    go, end, order = threading.Event(), threading.Event(), list[str]()
    held = [crew.write(end.wait, 10) for _ in range(WRITERS - 1)]  # one writer for all that follows
    lane = crew.lane()
    begun = lane.write(go.wait, 10)
    busy = [lane.write(order.append, "busy") for _ in range(3 * TURNS_MOST)]
    other = crew.write(order.append, "other")
    go.set()
    await asyncio.gather(begun, other, *busy)
    assert order.index("other") < TURNS_MOST and order.count("busy") == 3 * TURNS_MOST
    end.set()
    await asyncio.gather(*held)


async def test_what_fails_or_is_given_up_keeps_nothing_from_what_follows(crew: Crew) -> None:
    go, lane, done = threading.Event(), crew.lane(), list[str]()
    first = lane.write(go.wait, 10)
    failing = lane.write(list[int]().pop)
    given_up = lane.write(done.append, "given up")
    last = lane.write(done.append, "last")
    given_up.cancel()
    await asyncio.sleep(0)
    go.set()
    assert await first
    with pytest.raises(IndexError):
        await failing
    await last
    assert done == ["last"]
    await lane.write(done.append, "later")
    assert done == ["last", "later"], "it begins again after a rest"


async def test_what_was_begun_ends_when_the_threads_are_closed_and_nothing_more_begins() -> None:
    crew, go, done = Crew(), threading.Event(), list[int]()
    lane = crew.lane()
    answers = [lane.write(go.wait, 10)] + [lane.write(done.append, number) for number in range(3 * TURNS_MOST)]
    await asyncio.sleep(0.05)  # the thread has begun
    crew.close()
    go.set()
    await asyncio.gather(*answers)
    assert done == list(range(3 * TURNS_MOST))
    with pytest.raises(RuntimeError):
        lane.write(done.append, 99)
    with pytest.raises(RuntimeError):
        crew.lane().write(done.append, 99)


def test_a_disk_is_prompt_after_so_many_quick_writes_and_until_a_slow_one() -> None:
    habit = Habit()
    for _ in range(PROMPT_IN_A_ROW):
        assert not habit.is_prompt
        habit.note(PROMPT_S / 2)
    assert habit.is_prompt
    habit.note(PROMPT_S)
    assert not habit.is_prompt
    for _ in range(PROMPT_IN_A_ROW):
        habit.note(0.0)
    assert habit.is_prompt


async def test_the_loop_writes_to_a_prompt_disk_and_a_thread_to_one_that_was_slow(crew: Crew) -> None:
    crew.writes_on_loop = True
    lane, here = crew.lane(), threading.get_ident()

    async def by_loop(count: int, work: Callable[[], object] = lambda: None) -> list[bool]:
        def where() -> bool:
            work()
            return threading.get_ident() == here

        found = []
        for _ in range(count):
            found.append(await lane.write(where))
            while lane._is_running:  # the thread looks once more whether there is work
                await asyncio.sleep(0)
        return found

    assert await by_loop(PROMPT_IN_A_ROW + 3) == [False] * PROMPT_IN_A_ROW + [True] * 3
    assert await by_loop(1, lambda: time.sleep(2 * PROMPT_S)) == [True]
    assert await by_loop(PROMPT_IN_A_ROW + 1) == [False] * PROMPT_IN_A_ROW + [True]
    failing = lane.write(list[int]().pop)
    assert failing.done(), "on the loop"
    with pytest.raises(IndexError):
        await failing


async def test_a_disk_that_hangs_from_the_start_is_met_by_a_thread(crew: Crew) -> None:
    crew.writes_on_loop = True
    go, lane = threading.Event(), crew.lane()
    stuck = [lane.write(go.wait, 10) for _ in range(2 * PROMPT_IN_A_ROW)]
    await asyncio.sleep(0.05)
    assert not any(answer.done() for answer in stuck), "and the loop goes on"
    go.set()
    await asyncio.gather(*stuck)


async def test_what_comes_while_a_thread_writes_waits_for_its_turn_however_prompt(crew: Crew) -> None:
    crew.writes_on_loop = True
    lane, done, go = crew.lane(), list[int](), threading.Event()
    for _ in range(PROMPT_IN_A_ROW - 1):
        await lane.write(lambda: None)
    answers = [lane.write(go.wait, 10), *(lane.write(done.append, number) for number in range(5))]
    assert not any(answer.done() for answer in answers)
    go.set()
    await asyncio.gather(*answers)
    assert done == list(range(5))


async def test_without_leave_the_loop_writes_nothing_however_prompt(crew: Crew) -> None:
    lane, here = crew.lane(), threading.get_ident()
    assert all([await lane.write(threading.get_ident) != here for _ in range(3 * PROMPT_IN_A_ROW)])
