"""What is kept of a task and its items, and the protocol of a store.

Stored states are fewer than live ones: what ran when the process ended is queued, and goes on by itself.
"""

from typing import Protocol

from msgspec import Struct, field

from core.errors import Failure
from core.records import Manifest
from core.states import ItemState, TaskState

STORED_TASK_STATES = frozenset(
    {TaskState.QUEUED, TaskState.PAUSED, TaskState.DONE, TaskState.FAILED, TaskState.CANCELLED}
)


def stored_task_state(state: TaskState) -> TaskState:
    """Return what is kept of a live state."""
    return state if state in STORED_TASK_STATES else TaskState.QUEUED


def stored_item_state(state: ItemState) -> ItemState:
    """Return what is kept of a live state."""
    return ItemState.WAITING if state.is_running else state


class StoredItem(Struct, frozen=True):
    """One file; fields as in `core.task.Item` and `core.records.RemoteFile`."""

    path: str
    size: int | None
    hash: str
    url: str
    state: ItemState
    durable: int = 0
    failure: Failure | None = None
    local_hash: str = ""
    wanted: bool = True


class StoredTask(Struct, frozen=True):
    """One task; fields as in `core.task.Task`. `manifest.files` is empty here: the items hold them.

    `handle` is the text of the handle; `globs` the selection by pattern.
    """

    id: str
    handle: str
    root: str
    state: TaskState
    added_at: float
    completed_at: float | None = None
    globs: tuple[str, ...] = ()
    called: str = ""
    manifest: Manifest | None = None
    failure: Failure | None = None
    described: bool = False
    items: tuple[StoredItem, ...] = ()


class Batch(Struct):
    """Changes that are written together, or not at all.

    Attributes:
        tasks: Rows to write, by id; their items are not touched.
        items: Item rows to write, by task id and path.
        order: Ids in the order of the queue; None where it did not change.
        removed: Ids of tasks to forget.
    """

    tasks: dict[str, StoredTask] = field(default_factory=dict)
    items: dict[tuple[str, str], StoredItem] = field(default_factory=dict)
    order: list[str] | None = None
    removed: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.tasks or self.items or self.removed or self.order is not None)

    def absorb(self, later: "Batch") -> None:
        """Add later changes; the later ones win."""
        for task_id in later.removed:
            self.tasks.pop(task_id, None)
            for key in [key for key in self.items if key[0] == task_id]:
                del self.items[key]
        if self.order is not None and later.removed:
            self.order = [task_id for task_id in self.order if task_id not in later.removed]
        self.removed |= later.removed
        self.tasks.update(later.tasks)
        self.items.update(later.items)
        if later.order is not None:
            self.order = later.order


class Store(Protocol):
    """Blocking; called from one thread at a time. Every method may raise StoreError."""

    def load(self) -> list[StoredTask]:
        """Return all tasks in the order of the queue."""

    def write(self, batch: Batch) -> None:
        """Make the changes durable, all or none. Removals come first."""

    def close(self) -> None:
        """Let go of the file."""
