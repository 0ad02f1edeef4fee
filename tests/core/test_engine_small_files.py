"""The engine over many small files: connections change hands as soon as the bytes are here."""

import threading
from collections import Counter
from collections.abc import Iterator

import pytest

from core.demo.repos import GeneratedFile, Repo
from core.records import Limits
from core.states import ItemState
from core.transfer import small
from core.transfer.job import Crew
from tests.core.conftest import Rig
from tests.fakes.watch import Watch


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """A disk that finishes no small file before this is set."""
    may_end = threading.Event()
    finish = small._Sink.finish
    monkeypatch.setattr(small._Sink, "finish", lambda *args: (may_end.wait(), finish(*args))[1])
    yield may_end
    may_end.set()


def put_small(rig: Rig, *, files: int) -> str:
    rig.hub.add_repo(Repo("t/small", [GeneratedFile(f"{n}.bin", 3000, seed=f"s{n}") for n in range(files)]))
    return "t/small"


async def test_a_file_that_is_only_being_written_leaves_its_connection_to_the_next(
    rig: Rig, disk: threading.Event
) -> None:
    handle = put_small(rig, files=3)
    engine = await rig.engine(limits=Limits(connections_per_host=1))
    watch = Watch(engine)
    task_id = rig.add(engine, handle)

    def have_landed() -> bool:
        task = engine.task(task_id)
        return task.count(ItemState.TRANSFERRING) == 3 and task.connections == 0

    await watch.until(have_landed)
    disk.set()
    await watch.until_ended()
    assert rig.is_right(engine, task_id)


async def test_a_slow_disk_holds_small_files_up_before_they_fill_the_memory(
    rig: Rig, disk: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.demands.LANDED_MOST", 2)
    handle = put_small(rig, files=8)
    engine = await rig.engine(limits=Limits(connections_per_host=1))
    watch = Watch(engine)
    task_id = rig.add(engine, handle)

    def came() -> int:
        return engine.task(task_id).count(ItemState.TRANSFERRING)

    await watch.until(lambda: came() == 3)  # two that landed, and one that keeps its connection for that
    progress = len(watch.progress)
    await watch.until(lambda: len(watch.progress) > progress + 1)
    assert came() == 3
    disk.set()
    await watch.until_ended()
    assert rig.is_right(engine, task_id)


async def test_each_small_file_costs_at_most_two_hops_to_a_thread(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = 48
    handle = put_small(rig, files=files)
    engine = await rig.engine()
    watch = Watch(engine)
    hops = Counter[str]()
    write = Crew.write
    monkeypatch.setattr(Crew, "write", lambda *args: (hops.update(["hop"]), write(*args))[1])
    task_id = rig.add(engine, handle)
    await watch.until_ended()
    assert rig.is_right(engine, task_id)
    assert hops["hop"] <= 2 * files + 16, "one look, and one to write it; what the task needs comes on top"
