"""The tasks in the order of the queue, every change of state, and what of it is kept and told.

Each change goes through here once: it is applied, kept in the store, and told through `tell`. Knows no network, no
files and no Qt.
"""

import logging
from bisect import bisect_left
from collections.abc import Callable, Iterable
from pathlib import Path

from core.errors import DAMAGE, DownloadError, Failure, UnsupportedHandle
from core.handles import format_handle, parse_handle
from core.lineup import Lineup
from core.records import Destination, Manifest, RemoteFile, Selection
from core.states import ITEM_SIGNALS, TASK_SIGNALS, Intent, ItemState, TaskState
from core.store.base import StoredItem, StoredTask, stored_item_state, stored_task_state
from core.store.keeper import Keeper
from core.task import Contents, Item, Task

_log = logging.getLogger(__name__)

Tell = Callable[..., None]
"""Called as tell(signal name, *arguments)."""


class Files:
    """The items that a task is to have, counted, and the rows that are kept of them.

    A list may be long: this is made on any thread, before a task has it.
    """

    __slots__ = ("contents", "rows")

    def __init__(self, items: Iterable[Item]) -> None:
        self.contents = Contents(items)
        self.rows = [_stored_item(item) for item in self.contents.items.values()]


class Roster:
    """Owns the tasks.

    Attributes:
        order: Their ids in the order of the queue.
        lineup: Who waits for what; every change that goes through here is noted there.
        tell: Tells of a change.
    """

    def __init__(self, keeper: Keeper, tell: Tell) -> None:
        self.keeper = keeper
        self.tell = tell
        self._tasks: dict[str, Task] = {}
        self.order: list[str] = []
        self.lineup = Lineup()

    def __len__(self) -> int:
        return len(self.order)

    def __contains__(self, task_id: object) -> bool:
        return task_id in self._tasks

    def get(self, task_id: str) -> Task:
        """Return a task; KeyError for an unknown id."""
        return self._tasks[task_id]

    def all(self) -> list[Task]:
        """All tasks in the order of the queue."""
        return [self._tasks[task_id] for task_id in self.order]

    def holds(self, task: Task) -> bool:
        """Tell whether this very task is still in the list."""
        return self._tasks.get(task.id) is task

    def index_of(self, task_id: str) -> int:
        """Return the place of a task in the queue, from 0; KeyError for an unknown id."""
        rank = self.lineup.rank(self._tasks[task_id])
        return bisect_left(self.order, rank, key=lambda other: self.lineup.rank(self._tasks[other]))

    # -- the list ----------------------------------------------------------------------------------------

    def add(self, task: Task) -> None:
        """Append a new task."""
        self._tasks[task.id] = task
        self.order.append(task.id)
        task.refresh()
        self.lineup.add(task)
        self.keep(task)
        self.tell("task_added", task.id)
        self.tell(TASK_SIGNALS[task.state], task.id)

    def remove(self, task: Task) -> None:
        """Forget a task."""
        self.tell("task_about_to_be_removed", task.id)
        del self.order[self.index_of(task.id)], self._tasks[task.id]
        self.lineup.remove(task)
        self.keeper.remove(task.id)
        self.tell("task_removed", task.id)

    def move(self, task: Task, index: int) -> bool:
        """Move a task in the queue; return whether its place changed."""
        old = self.index_of(task.id)
        index = max(0, min(index, len(self.order) - 1))
        if index == old:
            return False
        self.order.insert(index, self.order.pop(old))
        before = self._tasks[self.order[index - 1]] if index else None
        after = self._tasks[self.order[index + 1]] if index + 1 < len(self.order) else None
        if not self.lineup.put_between(task, before, after):
            self.lineup.renumber(self.all())
        self.keeper.put_order(list(self.order))
        self.tell("task_moved", task.id)
        return True

    # -- changes of state --------------------------------------------------------------------------------

    def refresh(self, task: Task) -> None:
        """Derive the state of a task again; keep and tell a change. Who stands still gives its place back."""
        if not self.holds(task):
            return
        changed = task.refresh()
        if not task.state.is_live:
            task.admitted = task.forced = False
        self.lineup.note(task)
        if changed:
            self.keep(task)
            self.tell(TASK_SIGNALS[task.state], task.id)

    def move_item(self, task: Task, item: Item, state: ItemState) -> None:
        """Move an item, keep and tell it, then look at its task."""
        kept_before = stored_item_state(item.state)
        if not task.move_item(item, state) or not self.holds(task):
            return
        if not state.is_running:
            item.connections = 0
        if state is not ItemState.BACKING_OFF:
            item.retry_at = None
            if state is not ItemState.FAILED and item.place is not None:
                item.failure = None
        if state is ItemState.DONE:
            item.damage = item.damage_stamp = None
        if stored_item_state(state) is not kept_before:
            self.keep_item(task, item)
        self.tell(ITEM_SIGNALS[state], task.id, item.id)
        self.refresh(task)

    def set_items(self, task: Task, manifest: Manifest, files: Files) -> None:
        """Give a task its files."""
        task.manifest = manifest
        task.set_items(files.contents)
        if self.holds(task):
            self.keeper.put_items(task.id, files.rows)
        self.keep(task)
        self.tell("items_added", task.id)
        self.refresh(task)

    def relocate(self, task: Task, root: Path) -> None:
        """Let a task go to another models folder; whoever moved its files tells of it."""
        task.set_root(root)
        self.lineup.note(task)
        self.keep(task)

    def fail(self, task: Task, failure: Failure | None) -> None:
        """Set or clear why the task as a whole cannot go on."""
        task.failure = failure
        self.refresh(task)
        self.keep(task)

    def fail_unforeseen(self, task: Task, error: Exception) -> None:
        """Fail a task on an error that nobody thought of, so that it neither hangs nor starts again at once."""
        _log.error("%s", task.id, exc_info=error)
        self.fail(task, DownloadError(f"An error of Pulley itself: {error!r}").failure)

    # -- keeping -----------------------------------------------------------------------------------------

    def keep(self, task: Task) -> None:
        """Keep a task's row."""
        if self.holds(task):
            self.keeper.put_task(_stored(task))

    def keep_item(self, task: Task, item: Item) -> None:
        """Keep an item's row."""
        if self.holds(task):
            self.keeper.put_item(task.id, _stored_item(item))

    async def load(self, only: frozenset[str] | None) -> None:
        """Take the stored tasks in, or `only` some; nothing is told, the views come later.

        Raises:
            StoreError: They cannot be read.
        """
        for stored in await self.keeper.load():
            if only is not None and stored.id not in only:
                continue
            try:
                task = _task(stored)
            except UnsupportedHandle as error:
                _log.warning("%s is left out of the list: %s", stored.id, error.message)
                continue
            self._tasks[task.id] = task
            self.order.append(task.id)
            self.lineup.add(task)


def _stored(task: Task) -> StoredTask:
    manifest = task.manifest
    return StoredTask(
        id=task.id,
        handle=format_handle(task.handle),
        root=str(task.root),
        state=stored_task_state(task.state),
        added_at=task.added_at,
        completed_at=task.completed_at,
        globs=task.selection.globs,
        called=task.called,
        manifest=manifest and Manifest(
            manifest.hub, manifest.repo, manifest.revision, manifest.commit, manifest.folder, (),
            manifest.page_url, manifest.hub_label,
        ),
        failure=task.failure,
        described=task.described,
    )  # fmt: skip


def _stored_item(item: Item) -> StoredItem:
    file = item.file
    return StoredItem(
        file.path,
        file.size,
        file.hash,
        file.url,
        stored_item_state(item.state),
        item.durable,
        item.damage or (item.failure if item.state is ItemState.FAILED or item.place is None else None),
        item.local_hash,
        file.wanted,
    )


def _task(stored: StoredTask) -> Task:
    task = Task(
        stored.id,
        parse_handle(stored.handle),
        root=Path(stored.root),
        added_at=stored.added_at,
        selection=Selection(globs=stored.globs),
        called=stored.called,
    )
    task.completed_at = stored.completed_at
    task.failure = stored.failure
    task.described = stored.described
    task.intent = {TaskState.PAUSED: Intent.PAUSE, TaskState.CANCELLED: Intent.CANCEL}.get(stored.state, Intent.RUN)
    if stored.manifest is not None:
        task.manifest = stored.manifest
        place = Destination(task.root, stored.manifest.folder)
        task.set_items(_item(place, row) for row in stored.items)
    task.refresh()
    return task


def _item(place: Destination, row: StoredItem) -> Item:
    file = RemoteFile(row.path, row.size, row.hash, row.url, row.wanted)
    refused = row.failure is not None and row.failure.kind == "NameRefused"
    item = Item(file, None if refused else place, state=row.state)
    item.durable = row.durable
    if row.failure is not None and row.failure.kind in DAMAGE:
        item.damage = row.failure
    if row.state is ItemState.FAILED or refused:
        item.failure = row.failure
    item.local_hash = row.local_hash
    return item
