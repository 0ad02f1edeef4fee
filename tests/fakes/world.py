"""A world without network, disk or threads, of which a test releases one step at a time.

`ClockLoop` is a loop whose clock stands still, `FakeThreads` the worker threads, `FakeTransfer` a download,
`FakeHubSource` a hub, `FakeStore` a store that may be out of order, `FakeWorld` all of them with two disks, each
with a models folder, which may be full or away for as long as a test says.
"""

import asyncio
import copy
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from core.errors import (
    DiskAway,
    DiskFull,
    DownloadError,
    FolderGone,
    Hindered,
    InUse,
    LocalError,
    NameTaken,
    NotWritable,
    Offline,
    ServerBusy,
    StoreError,
    Truncated,
    Woken,
)
from core.handles import format_handle
from core.library import Claim, Space
from core.records import Handle, Manifest, RemoteFile, Selection
from core.sources.base import folder_of
from core.states import ItemState
from core.store.base import Batch
from core.store.memory import MemoryStore
from core.task import Item, Task
from core.transfer import retry
from core.transfer.download import Download
from core.transfer.job import Crew, Job, Report
from core.verify import Finding, Target, Verdict

MB = 2**20
CHUNK = 3


class ClockLoop(asyncio.SelectorEventLoop):
    """A loop that runs turn by turn, on a clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0
        super().__init__()

    def time(self) -> float:
        return self.now

    def turn(self, count: int = 1) -> None:
        """Run exactly so many turns."""
        for _ in range(count):
            self.call_soon(self.stop)
            self.run_forever()

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Act between two turns as if called by the loop, as the window's slots do."""
        asyncio._set_running_loop(self)
        try:
            yield
        finally:
            asyncio._set_running_loop(None)


@dataclass(eq=False)
class Work:
    """What a thread was asked to do."""

    executor: "FakeExecutor"
    future: "Future[Any]"
    call: Callable[..., Any]
    args: tuple[object, ...]

    def do(self) -> None:
        if self.future.done() or not self.future.set_running_or_notify_cancel():
            return
        try:
            self.future.set_result(None if self.executor.is_dead else self.call(*self.args))
        except BaseException as error:
            self.future.set_exception(error)


class FakeExecutor(Executor):
    """Stands in for ThreadPoolExecutor; one with a single worker keeps the order."""

    def __init__(self, threads: "FakeThreads", workers: int) -> None:
        self.threads = threads
        self.workers = workers
        self.is_closed = False
        self.is_dead = False

    def submit(self, call: Callable[..., Any], /, *args: Any, **_: Any) -> "Future[Any]":
        if self.is_closed:
            raise RuntimeError("cannot schedule new futures after shutdown")
        work = Work(self, Future(), call, args)
        self.threads.take(work)
        return work.future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self.is_closed = True


class FakeThreads:
    """All worker threads: their work is done on the loop, a turn later or, while held, when a test lets it.

    A single thread is the store's, several are those for the disk.
    """

    def __init__(self, loop: ClockLoop) -> None:
        self.loop = loop
        self.waiting: list[Work] = []
        self._held: tuple[str, ...] = ()
        self._executors: list[FakeExecutor] = []

    def executor(self, workers: int = 1, **_: object) -> FakeExecutor:
        self._executors.append(FakeExecutor(self, workers))
        return self._executors[-1]

    def take(self, work: Work) -> None:
        if ("store" if work.executor.workers == 1 else "disk") in self._held:
            self.waiting.append(work)
        else:
            self.loop.call_soon(work.do)

    def hold(self, *which: str) -> None:
        """Hold the threads of the `store`, of the `disk`, or of both; what waits of the others is done."""
        self.let_all()
        self._held = which

    def let_one(self, which: int) -> None:
        """Do one piece of work, or an earlier one of the same single thread."""
        if self.waiting:
            work = self.waiting[which % len(self.waiting)]
            if work.executor.workers == 1:
                work = next(other for other in self.waiting if other.executor is work.executor)
            self.waiting.remove(work)
            work.do()

    def let_all(self) -> None:
        """Do all that waits, and from now on everything at once."""
        self._held = ()
        while self.waiting:
            self.let_one(0)

    def die(self) -> None:
        """Do nothing of what waits or is asked for later, and tell nobody."""
        for executor in self._executors:
            executor.is_dead = True
        self._executors.clear()
        self.let_all()


class FakeClock:
    """Stands in for the module `time`: the steady clock of the loop, and a wall clock that may be set."""

    def __init__(self, loop: ClockLoop) -> None:
        self._loop = loop
        self.wall = 1_700_000_000.0

    def monotonic(self) -> float:
        return self._loop.now

    def time(self) -> float:
        return self.wall


_TRIES: tuple[Callable[[], DownloadError], ...] = (
    lambda: Truncated("The body ended early"),
    lambda: Offline("This machine has no network"),
    lambda: ServerBusy("The hub asks for fewer requests", retry_after_s=1800.0, is_charged=False),
)
"""Why a download may back off, without an end of its run."""

_NEXT = {
    "new": ("connecting", "verifying"),
    "connecting": ("transferring", "backing_off", "verifying"),
    "transferring": ("received", "durable", "wants", "connections", "connecting", "backing_off", "verifying"),
    "backing_off": ("connecting", "transferring", "verifying"),
    "verifying": ("checked", "connecting", "durable"),
}
"""What a download may tell after what it told last."""


class FakeTransfer:
    """Stands in for `core.transfer.download.Download`: tells and ends as a test says.

    Attributes:
        ending: How it takes a cancellation: `cancel`, `error` (the flush fails), `placed` (it was done anyway).
        turns: How many turns of the loop a cancellation takes.
        is_holding: It waits for this machine; how, is the real download's business.
    """

    def __init__(self, job: Job, *, net: object, crew: Crew, report: Report) -> None:
        assert isinstance(net, FakeWorld)
        self.world = net
        self.job = self._job = job
        self.report = self._report = report
        self.is_holding = False
        self._crew = crew
        self._ground = SimpleNamespace(device=net.roots.index(job.root))
        self._looks = 0
        self._went_on_at = 0.0
        self._rests_until = 0.0
        self.allotted = 0
        self.is_stopping = False
        self.ending, self.turns = net.next_ending()
        self._phase = "new"
        self._durable = net.parts.get(job.final, 0)
        self._error: DownloadError | None = None
        self._is_ended = False
        self._wake = asyncio.Event()

    @property
    def size(self) -> int:
        return 7 if self.job.identity.size is None else self.job.identity.size

    @property
    def is_in_one_go(self) -> bool:
        return self.job.identity.size is None or self.job.is_small

    def allot(self, count: int) -> None:
        self.allotted = count
        self._wake.set()

    def wake(self) -> None:
        self._wake.set()

    def say(self, which: int) -> None:
        """Tell one of the things that may come next."""
        if self.is_holding:
            return
        words = _NEXT[self._phase]
        if self.job.final in self.world.finals:
            words = ("checked",) if self._phase == "verifying" else ("verifying",)
        self._say(words[which % len(words)], which)

    def _say(self, word: str, number: int) -> None:
        if word in _NEXT:
            self._phase = word
        match word:
            case "connecting" | "verifying":
                getattr(self.report, word)()
            case "transferring":
                self.report.transferring(f"cdn{number % 2}.example")
            case "backing_off":
                self._back_off(_TRIES[number % len(_TRIES)]())
            case "durable" if self.world.trouble_of(self.job) is not None:
                pass
            case "durable":
                if self._phase == "verifying":
                    self.world.set_back.add(self.job.final)
                self._durable = 0 if self._phase == "verifying" else min(self.size, self._durable + CHUNK)
                self.world.parts[self.job.final] = self._durable
                self.report.durable(self._durable)
            case "wants":
                self.report.wants(1 + number % 6)
            case "connections":
                self.report.connections(number % (self.allotted + 1))
            case _:
                getattr(self.report, word)(number)

    def _back_off(self, error: DownloadError) -> None:
        decision = retry.after_failure(error, 1, jitter=0.5)
        assert not isinstance(decision, retry.GiveUp)
        self._rests_until = self.world.loop.now + decision.seconds
        self.report.backing_off(error, decision.seconds)

    def wake_up(self) -> None:
        """The machine slept: what was open is dropped."""
        if not self.is_holding and self._phase in ("connecting", "transferring"):
            self._phase = "backing_off"
            self._back_off(Woken("This machine slept"))

    def end(self, error: DownloadError | None = None) -> None:
        """Let it end, well or with an error."""
        self._is_ended, self._error = True, error
        self._wake.set()

    async def run(self) -> int:
        self.world.began(self)
        try:
            return await Download.run(self)  # type: ignore[arg-type]
        except asyncio.CancelledError:
            self.is_stopping = True
            for _ in range(self.turns):
                try:
                    await asyncio.sleep(0)
                except asyncio.CancelledError:
                    pass
            if self.ending == "error":
                raise NotWritable("The disk is gone") from None
            if self.ending == "placed":
                self._place()
            raise
        finally:
            self.world.live.remove(self)

    async def _attempt(self) -> int:
        if self.is_in_one_go:
            return await self._work()
        with self._crew.disks.told(self._ground.device, self.end):
            return await self._work()

    async def _hold(self, error: LocalError) -> None:
        self.is_holding, self._phase = True, "new"
        await Download._hold(self, error)  # type: ignore[arg-type]
        self.is_holding = False
        self._say("verifying" if self.job.final in self.world.finals else "connecting", 0)
        self._wake.set()

    async def _work(self) -> int:
        while True:
            await self._wake.wait()
            self._wake.clear()
            if self._error is not None:
                error, self._error, self._is_ended = self._error, None, False
                raise error
            trouble = self.world.trouble_of(self.job)
            if trouble is not None and (self._is_ended or self.world.flows):
                raise trouble
            if self.job.final in self.world.finals and (self._is_ended or self.world.flows):
                self._say("verifying", 0)
                if self.job.final in self.world.damaged:
                    if not self.job.replaces:
                        raise NameTaken(f"Another file stands at {self.job.final}")
                    self.world.set_aside(self.job.final)
                    self._durable = 0
                    self.report.durable(0)
                    self._phase = "new"
                    self._wake.set()
                    continue
                self.report.durable(self.size)
                return self.size
            if self._is_ended or (self.world.flows and self.allotted > 0):
                while (seconds := self._rests_until - self.world.loop.now) > 0:
                    await asyncio.sleep(seconds)
                if self._error is not None:
                    continue  # it has met something meanwhile
                for word in _way(self._phase):
                    self._say(word, 0)
                    await asyncio.sleep(0)
                self._place()
                return self.size

    def _place(self) -> None:
        self.world.parts.pop(self.job.final, None)
        self.world.finals.add(self.job.final)


def _way(phase: str) -> tuple[str, ...]:
    way = ("connecting", "transferring", "verifying")
    return way[way.index(phase) + 1 :] if phase in way else way


@dataclass(eq=False)
class Request:
    """A listing that was asked for."""

    handle: Handle
    answer: "asyncio.Future[Manifest]"


class FakeHubSource:
    """A hub whose answers wait until a test gives them."""

    hub = "fake"

    def __init__(self, world: "FakeWorld") -> None:
        self.world = world

    def matches(self, handle: Handle) -> bool:
        return True

    async def resolve(self, handle: Handle, selection: Selection) -> Manifest:
        request = Request(handle, asyncio.get_running_loop().create_future())
        self.world.requests.append(request)
        if self.world.flows or self.world.answers_at_once:
            self.world.answer(request)
        try:
            return await request.answer
        finally:
            self.world.requests.remove(request)


class FakeStore(MemoryStore):
    """A memory store that may be out of order."""

    broken = False

    def write(self, batch: Batch) -> None:
        if self.broken:
            raise StoreError("The list of downloads cannot be written")
        # Places as SQLite has them: what is added comes last, whatever order the others were given meanwhile.
        self._order = [task_id for task_id in self._order if task_id not in batch.removed]
        super().write(Batch(batch.tasks, batch.items, None, batch.removed))
        if batch.order is not None:
            moved = [task_id for task_id in batch.order if task_id in self._tasks]
            self._order = moved + [task_id for task_id in self._order if task_id not in moved]


class FakeSpace:
    """What is free, as told; sees that nobody asks for less than nothing."""

    def __init__(self, world: "FakeWorld", space: Space) -> None:
        self._world = world
        self._space = space

    def check(self, name: str, need: int, others: Iterable[Claim]) -> None:
        self._look(name, need, others := list(others))
        self._space.check(name, need, others)

    def check_in_turn(self, name: str, need: int, *, begun: list[Claim], before: list[Claim]) -> None:
        self._look(name, need, [*begun, *before])
        self._space.check_in_turn(name, need, begun=begun, before=before)

    def _look(self, name: str, need: int, others: list[Claim]) -> None:
        if need < 0 or any(other < 0 for _, other in others):
            self._world.wrong.append(f"{name} needs {need}, less than nothing, beside {others}")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._space, name)


@dataclass
class FakeWorld:
    """What an engine meets; also its `net`.

    Attributes:
        repos: The files of each repo.
        chosen: The paths that a handle stands for, by its text; all where it is missing.
        finals, parts: What stands in the models folder; parts with their bytes.
        described: What the descriptions name, by models folder and handle: the manifest of these files.
        roots: The models folders, each on a disk of its own.
        ails: What is wrong with the disk of a models folder: `full`, `away` or `gone`.
        is_short: There are too few open files.
        in_use: What another process writes.
        removed: Parts that were deleted.
        set_back: What a download said it has to fetch again.
        damaged: Which of `finals` have other bytes than they should.
        aside: What was once set aside: another task may still call it complete.
        live: The downloads that run.
        requests: The listings that wait for an answer.
        endings: How downloads take a cancellation, one after the other, and again from the first.
        flows: Everything goes on by itself.
        answers_at_once: Listings do.
        disk_is_full, folder_is_locked: What goes wrong.
        wrong: What an engine must never do and did.
    """

    loop: ClockLoop = field(default_factory=ClockLoop)
    root: Path = Path("/models")
    repos: dict[str, tuple[RemoteFile, ...]] = field(default_factory=dict)
    chosen: dict[str, frozenset[str]] = field(default_factory=dict)
    finals: set[Path] = field(default_factory=set)
    parts: dict[Path, int] = field(default_factory=dict)
    described: dict[tuple[Path, str], Manifest] = field(default_factory=dict)
    roots: tuple[Path, ...] = (Path("/models"), Path("/other"))
    ails: dict[Path, str] = field(default_factory=dict)
    is_short: bool = False
    in_use: set[Path] = field(default_factory=set)
    removed: list[Path] = field(default_factory=list)
    set_back: set[Path] = field(default_factory=set)
    damaged: set[Path] = field(default_factory=set)
    aside: set[Path] = field(default_factory=set)
    live: list[FakeTransfer] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    endings: list[tuple[str, int]] = field(default_factory=list)
    flows: bool = False
    answers_at_once: bool = False
    disk_is_full: bool = False
    folder_is_locked: bool = False
    wrong: list[str] = field(default_factory=list)
    store: FakeStore = field(default_factory=FakeStore)

    def __post_init__(self) -> None:
        self.threads = FakeThreads(self.loop)
        self.clock = FakeClock(self.loop)

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Put this world in the place of the real one."""
        patch.setattr("core.conductor.Download", FakeTransfer)
        patch.setattr("core.store.keeper.ThreadPoolExecutor", self.threads.executor)
        patch.setattr("core.transfer.job.ThreadPoolExecutor", self.threads.executor)
        patch.setattr("core.transfer.job.sync_folder", lambda folder: None)
        patch.setattr("core.library.free_bytes", lambda root: 10**12)
        patch.setattr("core.library.wall_clock", self.clock.time)
        patch.setattr("core.engine.time", self.clock)
        patch.setattr("core.transfer.download.time", self.clock)
        patch.setattr("core.transfer.download._stamp_before", lambda job: None)
        patch.setattr("core.transfer.prepare.look", self.look)
        for name in (
            "check_space",
            "space",
            "is_away",
            "gone",
            "find_complete",
            "adoptable",
            "describe",
            "delete_files",
            "delete_parts",
        ):
            patch.setattr(f"core.library.{name}", getattr(self, name))
        patch.setattr("core.checks.check", self.check)
        patch.setattr("core.listings.OFF_LOOP_FILES", 2)  # what threads are for, with the small lists of a test

    def next_ending(self) -> tuple[str, int]:
        """Return how the next download takes a cancellation."""
        if not self.endings:
            return "cancel", 0
        self.endings.append(self.endings.pop(0))
        return self.endings[-1]

    # -- the hub -----------------------------------------------------------------------------------------

    def manifest(self, handle: Handle) -> Manifest:
        files = self.repos[handle.repo]
        chosen = self.chosen.get(format_handle(handle))
        if chosen is not None:
            files = tuple(replace(file, wanted=file.path in chosen) for file in files)
        return Manifest(handle.hub, handle.repo, handle.revision, "c0ffee", folder_of(handle), files)

    def answer(self, request: Request, error: DownloadError | None = None) -> None:
        """Give the listing that was asked for, or an error."""
        if request.answer.done():
            return
        if error is None:
            request.answer.set_result(self.manifest(request.handle))
        else:
            request.answer.set_exception(error)

    def heal(self) -> None:
        """End what downloads wait for; nobody is told, they have to look."""
        self.ails.clear()
        self.in_use.clear()
        self.is_short = False

    def flow(self, *, heals: bool = True) -> None:
        """Let all that waits go on, and what follows, without a fault; unless it `heals`, what holds lasts."""
        self.flows = True
        self.disk_is_full = self.folder_is_locked = self.store.broken = False
        if heals:
            self.heal()
        self.threads.let_all()
        for request in list(self.requests):
            self.answer(request)
        for transfer in self.live:
            transfer.wake()

    # -- the disk ----------------------------------------------------------------------------------------

    def ailment(self, root: Path) -> LocalError | None:
        """What everybody meets on the disk of this models folder now."""
        match self.ails.get(root):
            case "full":
                return DiskFull("No space left")
            case "away":
                return DiskAway("The disk does not answer")
            case "gone":
                return FolderGone("The folder is no longer there")
            case _:
                return None

    def trouble_of(self, job: Job) -> LocalError | None:
        """What a download would meet now."""
        if (error := self.ailment(job.root)) is not None:
            return error
        if self.is_short:
            return Hindered("Too many files are open")
        return InUse(f"Another process writes {job.final}") if job.final in self.in_use else None

    def look(self, job: Job, ground: object, met: LocalError, since: object) -> LocalError | None:
        return self.trouble_of(job)

    def space(self, root: Path, others: Iterable[Path]) -> FakeSpace:
        is_full = self.disk_is_full or self.ails.get(root) == "full"
        return FakeSpace(self, Space(0 if is_full else 10**12, frozenset({root})))

    def is_away(self, task: Task) -> bool:
        return task.durable > 0 and self.ails.get(task.root) == "away"

    def kept(self, path: Path, size: int) -> int:
        """How much of a file of this size is on the disk."""
        return size if path in self.finals else self.parts.get(path, 0)

    def began(self, transfer: FakeTransfer) -> None:
        path = transfer.job.final
        if any(other.job.final == path for other in self.live):
            self.wrong.append(f"two downloads write {path}")
        self.live.append(transfer)
        transfer.wake()
        if path not in self.finals:
            self.parts.setdefault(path, 0)

    def set_aside(self, path: Path) -> None:
        self.finals.discard(path)
        self.damaged.discard(path)
        self.aside.add(path)

    def remove_part(self, path: Path) -> None:
        if any(other.job.final == path for other in self.live):
            self.wrong.append(f"the part of {path} was removed under a download")
        if self.parts.pop(path, None) is not None:
            self.removed.append(path)

    def check_space(self, name: str, root: Path, need: int, others: Sequence[tuple[Path, int]]) -> None:
        if need < 0 or any(other < 0 for _, other in others):
            self.wrong.append(f"{name} needs {need}, less than nothing, beside {others}")
        if self.disk_is_full or self.ails.get(root) == "full":
            raise DiskFull(f"{name} does not fit")

    def gone(self, task: Task) -> list[Item]:
        done = [item for item in task.items.values() if item.state is ItemState.DONE]
        return [item for item in done if item.local_path not in self.finals]

    def find_complete(self, root: Path, handle: Handle, selection: Selection) -> Manifest | None:
        found = self.described.get((root, format_handle(handle)))
        if found is None or any(root / found.folder / file.path not in self.finals for file in found.files):
            return None
        return found

    def check(self, target: Target, *, checked: Callable[[int], None], stop: threading.Event) -> list[Finding]:
        findings = []
        for file in target.files():
            if stop.is_set():
                break
            path = target.folder / file.path
            is_there, is_bad = path in self.finals, path in self.damaged
            verdict = Verdict.MISSING if not is_there else Verdict.WRONG_HASH if is_bad else Verdict.GOOD
            findings.append(Finding(file.path, verdict, f"is {verdict.value}"))
        return findings

    def adoptable(self, task: Task) -> dict[str, str]:
        return {}

    def describe(self, task: Task, items: Sequence[Item]) -> dict[str, str]:
        assert task.manifest is not None
        if self.folder_is_locked:
            raise NotWritable("The models folder is locked")
        if (error := self.ailment(task.root)) is not None:
            raise error
        files = tuple(replace(item.file, size=item.size, wanted=True) for item in items)
        self.described[task.root, format_handle(task.handle)] = replace(task.manifest, files=files)
        rewritten = task.handle.hub == "cortexso"
        return {item.id: "sha256:00" for item in items if rewritten and item.id == "model.yml"}

    def delete_parts(self, items: Iterable[Item]) -> None:
        for item in items:
            if item.local_path is not None:
                self.remove_part(item.local_path)

    def delete_files(self, task: Task, kept: Collection[Path | None]) -> None:
        if task.manifest is None:
            return
        own = (task.root, format_handle(task.handle))
        others = [(key[0], found) for key, found in self.described.items() if key != own]
        named = {root / found.folder / file.path for root, found in others for file in found.files}
        for item in task.items.values():
            path = item.local_path
            if path is None or path in kept or path in named:
                continue
            self.remove_part(path)
            if item.state is ItemState.DONE:
                self.finals.discard(path)
                self.damaged.discard(path)
        self.described.pop(own, None)

    # -- the end of a process ----------------------------------------------------------------------------

    def crash(self) -> None:
        """End everything that runs as a lost process does: only what the store and the disk hold stays."""
        kept = copy.deepcopy(self.store)
        disk = copy.deepcopy((self.finals, self.parts, self.described, self.damaged))
        self.threads.die()
        for _ in range(100):  # what ends may start more
            for task in asyncio.all_tasks(self.loop):
                task.cancel()
            self.loop.turn()
        left = [repr(task) for task in asyncio.all_tasks(self.loop)]
        assert not left, left
        self.store = kept
        self.finals, self.parts, self.described, self.damaged = disk
        self.live.clear()
        self.requests.clear()
