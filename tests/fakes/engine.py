"""FakeEngine: the surface of the engine without a network, a disk or a loop.

Real Task and Item objects are driven by `script_*` methods; every command is refused or accepted as the engine
would, is recorded in `calls`, and acts at once (only recorded where `obeys` is False). Time stands still until
`clock` is set.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace
from PySide6.QtCore import QObject, Signal

from core.commands import Command
from core.commands import refusal as refusal_of
from core.errors import CommandRefused, Damaged, Failure, StoreError
from core.itemise import shown_order
from core.records import Destination, Handle, Limits, Manifest, RemoteFile, Selection, Totals
from core.states import ITEM_MOVES, ITEM_SIGNALS, TASK_SIGNALS, Intent, ItemState, TaskState
from core.task import Check, Item, Task
from core.transfer.meter import BUCKET_S, Meter

COMMIT = "5ab33fa" + "0" * 33
FAILED = Failure("ConnectFailed", "connection reset", "The rest is fetched on the next try.", "Try again.")


class FakeEngine(QObject):
    """Engine's signals, views and commands over scripted tasks.

    Attributes:
        calls: Accepted commands, as `(name, task_id, ...)`.
        obeys: Whether an accepted command changes anything; False shows that views wait for the signal.
        clock: What `now()` returns, seconds.
        closed: `aclose` was awaited.
    """

    task_added = Signal(str)
    task_about_to_be_removed = Signal(str)
    task_removed = Signal(str)
    task_moved = Signal(str)
    items_added = Signal(str)
    task_queued = Signal(str)
    task_resolving = Signal(str)
    task_running = Signal(str)
    task_verifying = Signal(str)
    task_paused = Signal(str)
    task_done = Signal(str)
    task_failed = Signal(str)
    task_cancelled = Signal(str)
    item_waiting = Signal(str, str)
    item_connecting = Signal(str, str)
    item_transferring = Signal(str, str)
    item_backing_off = Signal(str, str)
    item_verifying = Signal(str, str)
    item_paused = Signal(str, str)
    item_done = Signal(str, str)
    item_skipped = Signal(str, str)
    item_failed = Signal(str, str)
    item_cancelled = Signal(str, str)
    progress_updated = Signal(object)
    totals_updated = Signal()
    task_relocated = Signal(str, str)
    keeping_changed = Signal()
    verification_progressed = Signal(str)
    verification_ended = Signal(str, int, bool)

    def __init__(self, parent: QObject | None = None, *, root: Path = Path("/models")) -> None:
        super().__init__(parent)
        self.calls: list[tuple[object, ...]] = []
        self.obeys = True
        self.clock = 1000.0
        self.closed = False
        self.keeping_error: StoreError | None = None
        self.root = root
        self.limits = Limits()
        self._tasks: list[Task] = []
        self._dirty: dict[str, list[str]] = {}
        self._totals_given: dict[str, object] = {}

    # -- views --------------------------------------------------------------------------------------------

    @property
    def tasks(self) -> list[Task]:
        return list(self._tasks)

    def task(self, task_id: str) -> Task:
        for task in self._tasks:
            if task.id == task_id:
                return task
        raise KeyError(task_id)

    def index_of(self, task_id: str) -> int:
        return self._tasks.index(self.task(task_id))

    def now(self) -> float:
        return self.clock

    @property
    def totals(self) -> Totals:
        live = [task for task in self._tasks if task.state.is_live]
        rate = sum(task.rate(self.clock) for task in live)
        need = sum(task.size - task.durable for task in live)
        counted = Totals(
            active=sum(task.state.is_active for task in live),
            queued=sum(not task.state.is_active for task in live),
            rate=rate,
            eta_s=need / rate if rate else None,
            need_bytes=need,
            free_bytes=83_100_000_000,
            hub="huggingface.co",
            hub_reachable=True,
        )
        return replace(counted, **self._totals_given)

    # -- scripts ------------------------------------------------------------------------------------------

    def script_add(
        self, task_id: str, *, index: int | None = None, handle: Handle | None = None, added_at: float | None = None
    ) -> Task:
        """Add a queued task at `index` (default: the end of the queue)."""
        handle = handle or Handle("huggingface", task_id.partition(":")[0], "main")
        added = time.time() if added_at is None else added_at
        task = Task(task_id, handle, root=self.root, added_at=added)
        self._tasks.insert(len(self._tasks) if index is None else index, task)
        self.task_added.emit(task_id)
        self.totals_updated.emit()
        return task

    def script_items(
        self, task_id: str, files: Mapping[str, int | None] | Iterable[RemoteFile], *, hub: str = "huggingface.co"
    ) -> Task:
        """Let the manifest of a task be known: `{path: size}` (hashed files) or whole records; items wait."""
        task = self.task(task_id)
        task.resolving = False
        if isinstance(files, Mapping):
            files = [RemoteFile(p, s, "sha256:" + "6c" * 32, f"https://{hub}/{p}") for p, s in files.items()]
        files = tuple(sorted(files, key=lambda file: shown_order(file.path, wanted=file.wanted)))
        folder = f"{hub}/{task.handle.repo}"
        task.manifest = Manifest(
            task.handle.hub, task.handle.repo, task.handle.revision or "main", COMMIT, folder, files,
            page_url=f"https://{hub}/{task.handle.repo}", hub_label=hub,
        )  # fmt: skip
        task.set_items(
            Item(
                file,
                Destination(task.root, folder),
                state=ItemState.WAITING if file.wanted else ItemState.SKIPPED,
            )
            for file in files
        )
        self.items_added.emit(task_id)
        self._refresh(task)
        return task

    def script_state(self, task_id: str, state: TaskState, *, failure: Failure = FAILED) -> Task:
        """Bring a task into `state` as the engine would: intent, place, items; emits what changed.

        Without a manifest RUNNING, VERIFYING and DONE are out of reach and RESOLVING is what comes of them.
        """
        task = self.task(task_id)
        task.intent = {TaskState.PAUSED: Intent.PAUSE, TaskState.CANCELLED: Intent.CANCEL}.get(state, Intent.RUN)
        task.admitted = state.is_active
        task.resolving = state.is_active and task.manifest is None
        task.described = state is TaskState.DONE
        task.failure = failure if state is TaskState.FAILED and task.manifest is None else None
        if state is TaskState.DONE:
            task.completed_at = time.time()
        wanted = list(task.wanted_items())
        if state.is_live and wanted and all(item.state is ItemState.DONE for item in wanted):
            self._move_item(task, wanted[0], ItemState.WAITING)
        for item in wanted:
            target = _item_state_for(state, item.state)
            if target is ItemState.DONE:
                task.set_durable(item, item.size)
            self._move_item(task, item, target, failure=failure)
        self._refresh(task)
        return task

    def script_item(
        self,
        task_id: str,
        item_id: str,
        state: ItemState,
        *,
        failure: Failure = FAILED,
        retry_in: float = 8.0,
        connections: int = 0,
        host: str = "",
        checked: int = 0,
    ) -> Item:
        """Move one item to `state` over legal moves; FAILED and BACKING_OFF carry `failure`."""
        task = self.task(task_id)
        item = task.items[item_id]
        item.connections, item.host, item.checked = connections, host or item.host, checked
        if state is ItemState.DONE:
            task.set_durable(item, item.size)
        self._move_item(task, item, state, failure=failure, retry_in=retry_in)
        self._refresh(task)
        return item

    def script_progress(
        self, task_id: str, durable: Mapping[str, int], *, rate: float = 0.0, tick: bool = True
    ) -> None:
        """Set kept bytes of items; `rate` is the speed of each of them. `tick` False waits for `script_tick`."""
        task = self.task(task_id)
        for item_id, count in durable.items():
            item = task.items[item_id]
            task.set_durable(item, count)
            item.meter = item.meter or Meter()
            _set_rate(item.meter, rate, self.clock)
            ids = self._dirty.setdefault(task_id, [])
            if item_id not in ids:
                ids.append(item_id)
        _set_rate(task.meter, sum(item.rate(self.clock) for item in task.items.values()), self.clock)
        if tick:
            self.script_tick()

    def script_tick(self) -> None:
        """Emit one tick for all progress since the last."""
        dirty, self._dirty = self._dirty, {}
        self.progress_updated.emit({task_id: tuple(ids) for task_id, ids in dirty.items()})
        self.totals_updated.emit()

    def script_check(
        self, task_id: str, checked: int = 0, *, item_ids: Iterable[str] | None = None, has_begun: bool = True
    ) -> Check:
        """Let a verification begin, or stand at `checked` bytes; `item_ids` default to all finished files."""
        task = self.task(task_id)
        if task.check is None:
            ids = [i.id for i in task.items.values() if i.is_checkable] if item_ids is None else item_ids
            task.set_check(Check({item_id: task.items[item_id].file.size or 0 for item_id in ids}))
        assert task.check is not None
        task.check.has_begun = has_begun
        task.check.checked = checked
        self.verification_progressed.emit(task_id)
        return task.check

    def script_checked(self, task_id: str, bad: Iterable[str] = (), *, stopped: bool = False) -> None:
        """Let a verification end: the `bad` files are damaged, the other ones that were read are right."""
        task = self.task(task_id)
        assert task.check is not None
        check = task.check
        task.set_check(None)
        bad = set(bad)
        for item_id in sorted(check.item_ids) if not stopped else ():
            item = task.items[item_id]
            if item_id in bad:
                failure = Damaged(f"{item_id} is damaged: sha256 is 0f3a… in place of 6c6c…").failure
                item.damage = failure
                task.set_durable(item, 0)
                self._move_item(task, item, ItemState.FAILED, failure=failure)
            elif item.is_damaged:
                item.damage = None
                task.set_durable(item, item.size)
                self._move_item(task, item, ItemState.DONE)
        self._refresh(task)
        self.verification_ended.emit(task_id, 0 if stopped else len(bad), stopped)

    def script_remove(self, task_id: str) -> None:
        """Take a task out of the list."""
        index = self.index_of(task_id)
        self.task_about_to_be_removed.emit(task_id)
        del self._tasks[index]
        self._dirty.pop(task_id, None)
        self.task_removed.emit(task_id)
        self.totals_updated.emit()

    def script_move(self, task_id: str, index: int) -> None:
        """Put a task at `index` of the queue."""
        task = self._tasks.pop(self.index_of(task_id))
        self._tasks.insert(max(0, min(index, len(self._tasks))), task)
        self.task_moved.emit(task_id)

    def script_totals(self, **fields: object) -> None:
        """Fix fields of `totals`, whatever the tasks say."""
        self._totals_given.update(fields)
        self.totals_updated.emit()

    # -- commands -----------------------------------------------------------------------------------------

    def add(
        self,
        handle: Handle,
        *,
        task_id: str = "",
        selection: Selection | None = None,
        paused: bool = False,
        root: Path | None = None,
    ) -> str:
        task_id = task_id or handle.repo + (f":{handle.quant}" if handle.quant else "")
        self.calls.append(("add", task_id, handle, selection, paused))
        if all(task.id != task_id for task in self._tasks):
            self.script_add(task_id, handle=handle)
            if paused:
                self.script_state(task_id, TaskState.PAUSED)
        elif self.task(task_id).state.is_resumable:
            self.script_state(task_id, TaskState.QUEUED)
        return task_id

    def pause(self, task_id: str, item_id: str | None = None) -> None:
        if not self.task(task_id).state.is_live and self.task(task_id).check is not None:
            if self._accept(Command.PAUSE, task_id, item_id):
                self.script_checked(task_id, stopped=True)
            return
        self._command(Command.PAUSE, task_id, item_id, TaskState.PAUSED, ItemState.PAUSED)

    def resume(self, task_id: str, item_id: str | None = None) -> None:
        self._command(Command.RESUME, task_id, item_id, TaskState.QUEUED, ItemState.WAITING)

    def retry(self, task_id: str, item_id: str | None = None) -> None:
        self._command(Command.RETRY, task_id, item_id, TaskState.QUEUED, ItemState.WAITING)

    def verify(self, task_id: str, item_id: str | None = None) -> None:
        if self._accept(Command.VERIFY, task_id, item_id):
            self.script_check(task_id, item_ids=None if item_id is None else [item_id])

    def stop_verifying(self, task_id: str) -> None:
        self.calls.append(("stop_verifying", task_id))
        if self.obeys and self.task(task_id).check is not None:
            self.script_checked(task_id, stopped=True)

    def repair(self, task_id: str, item_id: str | None = None) -> None:
        if self._accept(Command.REPAIR, task_id, item_id):
            task = self.task(task_id)
            task.described = False
            for item in list(task.items.values()) if item_id is None else [task.items[item_id]]:
                if item.is_damaged:
                    self.script_item(task_id, item.id, ItemState.WAITING)

    def start_now(self, task_id: str, item_id: str | None = None) -> None:
        self._command(Command.START_NOW, task_id, item_id, TaskState.RUNNING, ItemState.CONNECTING)

    def relocate(self, task_id: str, root: Path) -> None:
        if self._accept(Command.RELOCATE, task_id, None):
            self.task(task_id).set_root(root)
            self.task_relocated.emit(task_id, "")

    def script_keeping(self, error: StoreError | None) -> None:
        """Say that the list cannot be kept, or can be again."""
        self.keeping_error = error
        self.keeping_changed.emit()

    def skip(self, task_id: str, item_id: str) -> None:
        self._command(Command.SKIP, task_id, item_id, TaskState.QUEUED, ItemState.SKIPPED)

    def choose(self, task_id: str, item_id: str) -> None:
        self._command(Command.CHOOSE, task_id, item_id, TaskState.QUEUED, ItemState.WAITING)

    def cancel(self, task_id: str, *, keep_parts: bool = False) -> None:
        self._command(Command.CANCEL, task_id, None, TaskState.CANCELLED, ItemState.CANCELLED)

    def remove(self, task_id: str, *, delete_files: bool = False) -> None:
        self.calls.append(("remove", task_id, delete_files))
        if self.obeys:
            self.script_remove(task_id)

    async def clear(self, paths: Sequence[Path], work: Callable[[set[Path | None]], object]) -> None:
        """Do the work at once; no task wants anything."""
        self.calls.append(("clear", *paths))
        work(set())

    def move(self, task_id: str, index: int) -> None:
        self.calls.append(("move", task_id, index))
        if self.obeys:
            self.script_move(task_id, index)

    def refusal(self, command: Command, task_id: str, item_id: str | None = None) -> str:
        task = self.task(task_id)
        return refusal_of(command, task, None if item_id is None else task.items[item_id])

    def set_limits(self, limits: Limits) -> None:
        self.calls.append(("set_limits", limits))
        self.limits = limits

    def set_root(self, path: Path) -> None:
        self.calls.append(("set_root", path))
        self.root = path

    async def aclose(self) -> None:
        self.closed = True

    # -- inner --------------------------------------------------------------------------------------------

    def _command(
        self, command: Command, task_id: str, item_id: str | None, task_state: TaskState, item_state: ItemState
    ) -> None:
        if not self._accept(command, task_id, item_id):
            return
        if item_id is None:
            self.script_state(task_id, task_state)
        else:
            self.script_item(task_id, item_id, item_state)

    def _accept(self, command: Command, task_id: str, item_id: str | None) -> bool:
        """Record an accepted command; return whether to obey it."""
        if reason := self.refusal(command, task_id, item_id):
            raise CommandRefused(reason)
        self.calls.append((command.value, task_id, item_id))
        return self.obeys

    def _move_item(
        self, task: Task, item: Item, state: ItemState, *, failure: Failure = FAILED, retry_in: float = 8.0
    ) -> None:
        changed = False
        for step in _way(item.state, state):
            changed = task.move_item(item, step) or changed
        waits = state is ItemState.BACKING_OFF
        item.failure = failure if waits or state is ItemState.FAILED else None
        item.retry_at = self.clock + retry_in if waits else None
        if not state.is_running:
            item.connections = 0
        if changed:
            getattr(self, ITEM_SIGNALS[state]).emit(task.id, item.id)

    def _refresh(self, task: Task) -> None:
        if task.refresh():
            getattr(self, TASK_SIGNALS[task.state]).emit(task.id)
        self.totals_updated.emit()


def _set_rate(meter: Meter, rate: float, now: float) -> None:
    meter.reset()
    meter.add(round(rate * BUCKET_S), now)


def _item_state_for(state: TaskState, now: ItemState) -> ItemState:
    """The state of a chosen item that goes with a task's state."""
    if now is ItemState.DONE or state is TaskState.DONE:
        return ItemState.DONE
    match state:
        case TaskState.RUNNING | TaskState.RESOLVING:
            return now if now.is_running and now is not ItemState.VERIFYING else ItemState.TRANSFERRING
        case TaskState.VERIFYING:
            return ItemState.VERIFYING
        case TaskState.PAUSED:
            return ItemState.PAUSED if now.is_live else now
        case TaskState.FAILED:
            return ItemState.FAILED
        case TaskState.CANCELLED:
            return ItemState.CANCELLED
        case _:
            return ItemState.WAITING


def _way(start: ItemState, end: ItemState) -> list[ItemState]:
    """The shortest row of legal moves from `start` to `end`, without `start`."""
    ways: list[list[ItemState]] = [[start]]
    seen = {start}
    for way in ways:
        if way[-1] is end:
            return way[1:]
        for state in sorted(ITEM_MOVES[way[-1]] - seen, key=lambda state: state.value):
            seen.add(state)
            ways.append([*way, state])
    raise ValueError(f"no way from {start} to {end}")
