"""The writes of one file: in order, one at a time, never at the cost of another file."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from core.transfer.job import TURNS_MOST, WRITERS, Crew


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
    await asyncio.gather(*(crew.lane().write(meeting.wait) for _ in range(WRITERS)))


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
