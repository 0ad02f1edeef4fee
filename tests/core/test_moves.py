"""A download goes on in another folder: all that came is moved, or nothing is."""

import asyncio
import errno
import threading
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

from core import library, relocation
from core.commands import Command
from core.demo.repos import GeneratedFile, Repo
from core.engine import Engine
from core.errors import CommandRefused, StoreError
from core.paths import control_path, part_path
from core.states import ItemState, TaskState
from core.store.base import Batch
from core.store.memory import MemoryStore
from core.task import Task
from core.transfer import fetch
from tests.core.conftest import Rig, Watch
from tests.fakes.fsops import FileOps

MB = 2**20
NAME = "t/moved"
LARGE = 32 * MB


@pytest.fixture(autouse=True)
def often_flushed() -> Iterator[None]:
    with patch.object(fetch, "FLUSH_EVERY_S", 0.05):
        yield


class Moving:
    """One model of a finished small file and a large one under way."""

    def __init__(self, rig: Rig, engine: Engine, task: Task, watch: Watch, folder: Path) -> None:
        self.rig, self.engine, self.task, self.watch = rig, engine, task, watch
        self.other = folder / "other"
        self.told: asyncio.Queue[str] = asyncio.Queue()
        engine.task_relocated.connect(lambda _, problem: self.told.put_nowait(problem))

    @property
    def large(self) -> Path:
        path = self.task.items["large.gguf"].local_path
        assert path is not None
        return path

    async def moved(self, root: Path | None = None) -> str:
        """Move it, and return what went wrong."""
        self.engine.relocate(NAME, root or self.other)
        return await self.told.get()

    async def ended(self) -> None:
        self.rig.hub.knobs.bytes_per_s_total = None
        await self.watch.until_ended(NAME)
        assert self.rig.is_right(self.engine, NAME) and not self.watch.illegal


@pytest.fixture
async def moving(rig: Rig, tmp_path: Path) -> Moving:
    rig.hub.add_repo(
        Repo(NAME, [GeneratedFile("large.gguf", LARGE, seed=1), GeneratedFile("small.gguf", 2 * MB, seed=2)])
    )
    rig.hub.knobs.bytes_per_s_total = 6 * MB
    engine = await rig.engine()
    watch = Watch(engine)
    task = engine.task(rig.add(engine, NAME, globs=("*",)))
    await watch.until(lambda: task.count(ItemState.DONE) == 1 and task.items["large.gguf"].durable > MB)
    assert task.items["large.gguf"].durable < LARGE
    return Moving(rig, engine, task, watch, tmp_path)


def files(root: Path) -> list[str]:
    return sorted(path.name for path in root.rglob("*") if path.is_file())


async def test_what_came_is_moved_and_only_the_rest_is_fetched(moving: Moving) -> None:
    assert await moving.moved() == ""
    kept = moving.task.items["large.gguf"].durable
    assert moving.task.root == moving.other and moving.large.is_relative_to(moving.other)
    assert files(moving.rig.root) == [] and not (moving.rig.root / "huggingface.co").exists()
    sent = moving.rig.hub.bytes_sent("large.gguf")
    small = moving.rig.hub.bytes_sent("small.gguf")
    await moving.ended()
    assert moving.rig.hub.bytes_sent("large.gguf") - sent <= LARGE - kept + 64 * 1024
    assert moving.rig.hub.bytes_sent("small.gguf") == small, "the finished file was moved, not fetched again"
    assert len(list(moving.other.rglob("*.yml"))) == 1, "it is described where it stands"


async def test_a_full_disk_is_left_for_another_one(rig: Rig, tmp_path: Path) -> None:
    rig.hub.add_repo(Repo(NAME, [GeneratedFile("large.gguf", 8 * MB, seed=1)]))
    ops = FileOps(rig.root)
    ops.fail(errno.ENOSPC, "pwritev", skip=3)
    with ops.watched(), patch("core.transfer.ground.RESERVE_BYTES", 0):
        engine = await rig.engine()
        watch = Watch(engine)
        task = engine.task(rig.add(engine, NAME))
        await watch.until(lambda: task.count(ItemState.BACKING_OFF) == 1)
        engine.relocate(NAME, tmp_path / "other")
        await watch.until_ended(NAME)
        assert task.state is TaskState.DONE and rig.is_right(engine, NAME) and task.root == tmp_path / "other"


async def test_a_paused_one_stays_paused_there(moving: Moving) -> None:
    moving.engine.pause(NAME)
    assert await moving.moved() == ""
    assert moving.task.state is TaskState.PAUSED and part_path(moving.large).exists()
    moving.engine.resume(NAME)
    await moving.ended()


async def test_one_that_did_not_fit_goes_on_where_it_does(
    rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.hub.add_repo(Repo(NAME, [GeneratedFile("large.gguf", 2 * MB, seed=1)]))
    monkeypatch.setattr(library, "free_bytes", lambda root: 0 if root == rig.root else 2**40)
    engine = await rig.engine()
    watch = Watch(engine)
    task = engine.task(rig.add(engine, NAME))
    await watch.until(lambda: task.state is TaskState.FAILED)
    assert task.failure is not None and task.failure.kind == "DiskFull"
    engine.relocate(NAME, tmp_path / "other")
    await watch.until(lambda: task.state is TaskState.DONE)
    assert rig.is_right(engine, NAME)


async def test_the_new_folder_is_known_after_a_restart(moving: Moving) -> None:
    assert await moving.moved() == ""
    await moving.engine.aclose()
    again = await moving.rig.engine()
    assert again.task(NAME).root == moving.other
    moving.rig.hub.knobs.bytes_per_s_total = None
    watch = Watch(again)
    await watch.until_ended(NAME)
    assert moving.rig.is_right(again, NAME)


@pytest.mark.parametrize("name", ["large.gguf", "small.gguf"])
async def test_nothing_that_stands_there_is_touched(moving: Moving, name: str) -> None:
    there = moving.other / moving.large.parent.relative_to(moving.rig.root)
    there.mkdir(parents=True)
    path = part_path(there / name) if name == "large.gguf" else there / name
    path.write_bytes(b"mine")
    before = files(moving.rig.root)
    problem = await moving.moved()
    assert path.name in problem and "stands there already" in problem and "Nothing was moved" in problem
    assert files(moving.other) == [path.name] and path.read_bytes() == b"mine"
    assert moving.task.root == moving.rig.root and set(before) <= set(files(moving.rig.root))
    await moving.ended()


async def test_too_little_space_there_is_said_before(moving: Moving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "free_bytes", lambda root: 2 * MB)
    with FileOps(moving.other).watched() as ops:
        problem = await moving.moved()
        assert "needs" in problem and "2.1 MB are free" in problem
        assert ops.log == []
    monkeypatch.undo()
    await moving.ended()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
async def test_a_copy_that_breaks_off_leaves_nothing_and_the_download_goes_on_where_it_was(
    moving: Moving, number: int
) -> None:
    ops = FileOps(moving.other)
    ops.fail(number, "write", skip=1)
    with ops.watched():
        assert await moving.moved()
    assert files(moving.other) == [] and moving.task.root == moving.rig.root
    assert moving.task.items["small.gguf"].state is ItemState.DONE
    await moving.ended()


class Gate:
    """Holds the copying before its first byte."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached, self.open = threading.Event(), threading.Event()
        real = relocation._copy

        def copy(*args: object) -> None:
            self.reached.set()
            self.open.wait(30)
            real(*args)  # type: ignore[arg-type]

        monkeypatch.setattr(relocation, "_copy", copy)


@pytest.mark.parametrize("command", ["cancel", "remove", "close"])
async def test_it_can_be_given_up_while_it_runs(
    moving: Moving, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    gate = Gate(monkeypatch)
    moving.engine.relocate(NAME, moving.other)
    await asyncio.to_thread(gate.reached.wait, 30)
    assert moving.task.state is TaskState.QUEUED and moving.task.moving is not None
    refused = (Command.RELOCATE, Command.VERIFY, Command.REPAIR)
    assert all(moving.engine.refusal(each, NAME) for each in refused)
    if command == "cancel":
        moving.engine.cancel(NAME, keep_parts=True)
    elif command == "remove":
        moving.engine.remove(NAME)
    gate.open.set()
    await moving.engine.aclose()
    assert files(moving.other) == [] and part_path(moving.large).exists() and control_path(moving.large).exists()
    assert moving.task.root == moving.rig.root and moving.task.moving is None


async def test_other_downloads_do_not_wait_for_a_move(moving: Moving, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch)
    moving.engine.relocate(NAME, moving.other)
    await asyncio.to_thread(gate.reached.wait, 30)
    moving.rig.hub.knobs.bytes_per_s_total = None
    tiny = moving.rig.add(moving.engine, "tinyllama:gguf")
    await moving.watch.until(lambda: moving.engine.task(tiny).state is TaskState.DONE)
    gate.open.set()
    assert await moving.told.get() == ""
    await moving.ended()


class StuckStore(MemoryStore):
    """Keeps nothing while it `fails`."""

    fails = False

    def write(self, batch: Batch) -> None:
        if self.fails:
            raise StoreError("The list of downloads cannot be written")
        super().write(batch)


async def test_where_the_list_cannot_be_kept_the_old_files_stay(rig: Rig, tmp_path: Path) -> None:
    store = rig.store = StuckStore()
    rig.hub.add_repo(Repo(NAME, [GeneratedFile("large.gguf", 8 * MB, seed=1)]))
    rig.hub.knobs.bytes_per_s_total = 4 * MB
    engine = await rig.engine()
    watch = Watch(engine)
    task = engine.task(rig.add(engine, NAME))
    await watch.until(lambda: task.durable > MB)
    old = task.items["large.gguf"].local_path
    changes: list[StoreError | None] = []
    engine.keeping_changed.connect(lambda: changes.append(engine.keeping_error))
    told: asyncio.Queue[str] = asyncio.Queue()
    engine.task_relocated.connect(lambda _, problem: told.put_nowait(problem))
    store.fails = True
    engine.relocate(NAME, tmp_path / "other")
    assert "stay, since the list cannot be kept" in await told.get()
    assert old is not None and part_path(old).exists()
    assert task.root == tmp_path / "other"
    store.fails = False
    rig.hub.knobs.bytes_per_s_total = None
    await watch.until(lambda: task.state is TaskState.DONE)
    assert [change is None for change in changes] == [False, True], "told once when it failed, once when it passed"


async def test_what_is_over_and_the_same_folder_are_refused(moving: Moving) -> None:
    with pytest.raises(CommandRefused, match="already"):
        moving.engine.relocate(NAME, moving.rig.root)
    await moving.ended()
    with pytest.raises(CommandRefused, match="complete"):
        moving.engine.relocate(NAME, moving.other)


async def test_what_went_to_another_disk_is_not_needed_on_this_one(
    moving: Moving, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = library._device
    monkeypatch.setattr(library, "_device", lambda root: -1 if root == moving.other else real(root))
    await moving.watch.until(lambda: 0 < moving.engine.totals.need_bytes < LARGE)
    moving.rig.hub.knobs.bytes_per_s_total = MB
    assert await moving.moved() == ""
    await moving.watch.until(lambda: moving.task.count(ItemState.TRANSFERRING) == 1)
    totals = moving.engine.totals
    assert totals.active == 1 and totals.need_bytes == 0
    await moving.ended()
