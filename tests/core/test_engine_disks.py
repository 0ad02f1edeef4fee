"""Tasks and disks: what is full or away holds what is on it, and nobody else."""

import errno
import threading
from collections.abc import Iterable
from pathlib import Path
from unittest.mock import patch

import pytest

from core import library
from core.demo.repos import GeneratedFile, Repo
from core.errors import DiskFull
from core.records import Limits
from core.states import ItemState, TaskState
from core.task import Item
from core.transfer import ground, trouble
from tests.core.conftest import Rig, Watch
from tests.fakes.fsops import FileOps

MB = 2**20


@pytest.fixture(autouse=True)
def short_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trouble, "LOOK_FIRST_S", 0.05)
    monkeypatch.setattr(trouble, "LOOK_MOST_S", 0.2)


def add_models(rig: Rig, count: int, size: int) -> list[str]:
    for number in range(count):
        rig.hub.add_repo(Repo(f"t/m{number}", [GeneratedFile("model.gguf", size, seed=number)]))
    return [f"t/m{number}" for number in range(count)]


async def test_two_that_begin_at_the_same_moment_cannot_both_take_the_same_space(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.library.free_bytes", lambda root: 64 * MB + 9 * MB)
    engine = await rig.engine(limits=Limits(tasks=4))
    watch = Watch(engine)
    ids = [rig.add(engine, name) for name in add_models(rig, 3, 5 * MB)]
    await watch.until_ended(*ids)
    states = [engine.task(task_id).state for task_id in ids]
    assert states.count(TaskState.DONE) >= 1 and states.count(TaskState.FAILED) >= 1
    # What is done takes its space no more in this test, so at any moment at most one may have begun.
    refused = [engine.task(task_id) for task_id in ids if engine.task(task_id).state is TaskState.FAILED]
    assert all(task.failure is not None and "beside" in task.failure.message for task in refused)


async def test_tasks_on_a_full_disk_wait_and_those_on_another_run_though_all_places_are_taken(
    rig: Rig, tmp_path: Path
) -> None:
    full, well = tmp_path / "full", tmp_path / "well"
    ops = FileOps(full)
    fault = ops.fail(errno.ENOSPC, "pwritev", skip=1)
    with ops.watched(), patch("core.transfer.ground.RESERVE_BYTES", 0):
        engine = await rig.engine(limits=Limits(tasks=2))
        watch = Watch(engine)
        names = add_models(rig, 5, 3 * MB)
        engine.set_root(full)
        stuck = [rig.add(engine, name) for name in names[:3]]
        held = [engine.task(task_id) for task_id in stuck]
        await watch.until(lambda: sum(task.count(ItemState.BACKING_OFF) for task in held) == 2)
        engine.set_root(well)
        others = [rig.add(engine, name) for name in names[3:]]
        await watch.until_ended(*others)
        assert all(engine.task(task_id).state is TaskState.DONE for task_id in others)
        waiting: list[Item] = []

        def both_wait() -> bool:  # between two looks an item tries again for a moment
            waiting[:] = [i for task in held for i in task.items.values() if i.state is ItemState.BACKING_OFF]
            return len(waiting) == 2 and all(item.retry_at and not item.connections for item in waiting)

        await watch.until(both_wait)
        assert sum(task.durable > 0 for task in held) <= 2, (
            "the third one does not begin where it would meet the same"
        )
        assert all(item.failure is not None and item.failure.kind == "DiskFull" for item in waiting)
        assert all(task.state.is_live for task in held)
        fault.lift()
        await watch.until_ended(*stuck)
        assert all(rig.is_right(engine, task_id) for task_id in [*stuck, *others])
    assert not watch.illegal


async def test_a_task_that_waits_for_a_disk_can_be_paused_resumed_and_cancelled(rig: Rig, tmp_path: Path) -> None:
    ops = FileOps(rig.root)
    fault = ops.fail(errno.EROFS, "pwritev")
    with ops.watched():
        engine = await rig.engine()
        watch = Watch(engine)
        task_id = rig.add(engine, add_models(rig, 1, 3 * MB)[0])
        task = engine.task(task_id)
        for _ in range(2):
            await watch.until(lambda: task.count(ItemState.BACKING_OFF) == 1)
            engine.pause(task_id)
            await watch.until(lambda: task.state is TaskState.PAUSED)
            engine.resume(task_id)
        await watch.until(lambda: task.count(ItemState.BACKING_OFF) == 1)
        engine.cancel(task_id)
        await watch.until(lambda: task.state is TaskState.CANCELLED)
        fault.lift()
        engine.resume(task_id)
        await watch.until_ended(task_id)
        assert rig.is_right(engine, task_id)
    assert not watch.illegal


async def test_a_models_folder_that_is_away_at_the_start_is_waited_for_and_not_made_again(
    rig: Rig, tmp_path: Path
) -> None:
    from core.transfer import fetch

    rig.hub.knobs.bytes_per_s_total = 6 * MB
    engine = await rig.engine()
    watch = Watch(engine)
    task_id = rig.add(engine, add_models(rig, 1, 8 * MB)[0])
    with patch.object(fetch, "FLUSH_EVERY_S", 0.05):
        await watch.until(lambda: engine.task(task_id).durable >= 2 * MB)
    await engine.aclose()
    kept = engine.task(task_id).durable
    rig.root.rename(tmp_path / "unplugged")
    rig.hub.knobs.bytes_per_s_total = None
    sent = rig.hub.bytes_sent("model.gguf")
    again = await rig.engine()
    watch = Watch(again)
    task = again.task(task_id)
    await watch.until(lambda: task.count(ItemState.BACKING_OFF) == 1)
    assert not rig.root.exists() and task.durable == kept
    (tmp_path / "unplugged").rename(rig.root)
    await watch.until_ended(task_id)
    assert rig.is_right(again, task_id)
    assert rig.hub.bytes_sent("model.gguf") - sent <= 8 * MB - kept + 64 * 1024


async def test_who_is_first_in_the_queue_has_the_space_whoever_is_looked_at_sooner(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = add_models(rig, 2, 5 * MB)
    monkeypatch.setattr("core.library.free_bytes", lambda root: 64 * MB + 9 * MB)
    real, let_go = library.space, threading.Event()
    looked: list[int] = []

    def space(root: Path, others: Iterable[Path]) -> library.Space:
        looked.append(len(looked))
        if len(looked) == 1:
            let_go.wait(30)  # the one that began to look first is told last
        return real(root, others)

    monkeypatch.setattr(library, "space", space)
    engine = await rig.engine(limits=Limits(tasks=2))
    watch = Watch(engine)
    one = engine.task(rig.add(engine, first, paused=True))
    two = engine.task(rig.add(engine, second, paused=True))
    engine.resume(first)
    await watch.until(lambda: one.admitted and len(looked) == 1)
    engine.resume(second)
    await watch.until(lambda: two.state is TaskState.FAILED)
    assert two.failure is not None and "beside 5.24 MB for other downloads" in two.failure.message
    assert two.failure.action
    let_go.set()
    await watch.until(lambda: one.state is TaskState.DONE)


MODELS = Path("/models")


def refused(need: int, begun: list[int], before: list[int], *, free: int = 100) -> str:
    """Return why `need` does not fit beside these; empty where it does."""
    space = library.Space(ground.RESERVE_BYTES + free, frozenset({MODELS}))
    try:
        space.check_in_turn("x", need, begun=[(MODELS, n) for n in begun], before=[(MODELS, n) for n in before])
    except DiskFull as error:
        return error.message
    return ""


def test_space_is_given_in_turn_to_those_that_fit() -> None:
    assert not refused(40, [30], [30])
    assert refused(41, [30], [30])
    assert not refused(60, [30], [80]), "one that does not fit itself takes nothing from those behind it"
    assert refused(60, [30], [80, 20]), "one behind it that fits does"
    elsewhere = library.Space(ground.RESERVE_BYTES + 100, frozenset({MODELS}))
    elsewhere.check_in_turn("x", 100, begun=[(Path("/other"), 90)], before=[(Path("/other"), 90)])
    library.Space(None, frozenset({MODELS})).check_in_turn("x", 10**15, begun=[], before=[(MODELS, 1)])
