"""Task and item states: names, legal moves, predicates and the derivation of a task's state.

Knows nothing else of ours. Everybody else asks predicates (`is_active`, `is_final`, ...) and never compares
raw states; the signal names of the engine come from `TASK_SIGNALS` and `ITEM_SIGNALS`.
"""

from collections.abc import Iterable
from enum import Enum
from types import MappingProxyType


class TaskState(Enum):
    """What the row of a model says."""

    QUEUED = "queued"
    RESOLVING = "resolving"
    RUNNING = "running"
    VERIFYING = "verifying"
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    __hash__ = object.__hash__  # that of Enum is written in Python, and states are looked up all the time

    @property
    def is_active(self) -> bool:
        """Work goes on for it right now."""
        return self in (TaskState.RESOLVING, TaskState.RUNNING, TaskState.VERIFYING)

    @property
    def is_live(self) -> bool:
        """Goes on by itself: active, or waiting for its place."""
        return self.is_active or self is TaskState.QUEUED

    @property
    def is_resumable(self) -> bool:
        """Stands still and can be set going again."""
        return self in (TaskState.PAUSED, TaskState.FAILED, TaskState.CANCELLED)

    @property
    def is_final(self) -> bool:
        """Does not change again unless a person asks."""
        return self in (TaskState.DONE, TaskState.FAILED, TaskState.CANCELLED)


class ItemState(Enum):
    """What the row of a file says."""

    WAITING = "waiting"
    CONNECTING = "connecting"
    TRANSFERRING = "transferring"
    BACKING_OFF = "backing_off"
    VERIFYING = "verifying"
    PAUSED = "paused"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"
    CANCELLED = "cancelled"

    __hash__ = object.__hash__  # that of Enum is written in Python, and states are looked up all the time

    @property
    def is_running(self) -> bool:
        """A coroutine works on it."""
        return self in _RUNNING_ITEMS

    @property
    def is_live(self) -> bool:
        """Goes on by itself: running, or waiting for its place."""
        return self in _RUNNING_ITEMS or self is ItemState.WAITING

    @property
    def is_resumable(self) -> bool:
        """Stands still and can be set going again."""
        return self in (ItemState.PAUSED, ItemState.FAILED, ItemState.CANCELLED)

    @property
    def is_final(self) -> bool:
        """Does not change again unless a person asks."""
        return self in (ItemState.DONE, ItemState.SKIPPED, ItemState.FAILED, ItemState.CANCELLED)

    @property
    def is_wanted(self) -> bool:
        """Counts towards the size and the progress of its task."""
        return self is not ItemState.SKIPPED


_RUNNING_ITEMS = frozenset(
    {ItemState.CONNECTING, ItemState.TRANSFERRING, ItemState.BACKING_OFF, ItemState.VERIFYING}
)

TASK_SIGNALS = MappingProxyType({state: f"task_{state.value}" for state in TaskState})
ITEM_SIGNALS = MappingProxyType({state: f"item_{state.value}" for state in ItemState})

_T = TaskState
_I = ItemState

TASK_MOVES: MappingProxyType[TaskState, frozenset[TaskState]] = MappingProxyType(
    {
        _T.QUEUED: frozenset({_T.RESOLVING, _T.RUNNING, _T.VERIFYING, _T.PAUSED, _T.DONE, _T.FAILED, _T.CANCELLED}),
        _T.RESOLVING: frozenset({_T.QUEUED, _T.RUNNING, _T.VERIFYING, _T.PAUSED, _T.DONE, _T.FAILED, _T.CANCELLED}),
        _T.RUNNING: frozenset({_T.QUEUED, _T.VERIFYING, _T.PAUSED, _T.DONE, _T.FAILED, _T.CANCELLED}),
        _T.VERIFYING: frozenset({_T.QUEUED, _T.RUNNING, _T.PAUSED, _T.DONE, _T.FAILED, _T.CANCELLED}),
        _T.PAUSED: frozenset({_T.QUEUED, _T.RESOLVING, _T.RUNNING, _T.VERIFYING, _T.DONE, _T.FAILED, _T.CANCELLED}),
        _T.DONE: frozenset({_T.QUEUED, _T.FAILED}),
        _T.FAILED: frozenset({_T.QUEUED, _T.PAUSED, _T.DONE, _T.CANCELLED}),
        _T.CANCELLED: frozenset({_T.QUEUED}),
    }
)
"""Legal moves of a task. DONE moves only when a further file is chosen, or when one of its files is found damaged;
CANCELLED only when pulled again."""

_STOPS = frozenset({_I.PAUSED, _I.SKIPPED, _I.FAILED, _I.CANCELLED})

ITEM_MOVES: MappingProxyType[ItemState, frozenset[ItemState]] = MappingProxyType(
    {
        _I.WAITING: frozenset({_I.CONNECTING, _I.BACKING_OFF, _I.VERIFYING}) | _STOPS,
        _I.CONNECTING: frozenset({_I.WAITING, _I.TRANSFERRING, _I.BACKING_OFF, _I.VERIFYING}) | _STOPS,
        _I.TRANSFERRING: frozenset({_I.WAITING, _I.CONNECTING, _I.BACKING_OFF, _I.VERIFYING}) | _STOPS,
        _I.BACKING_OFF: frozenset({_I.WAITING, _I.CONNECTING, _I.TRANSFERRING, _I.VERIFYING}) | _STOPS,
        _I.VERIFYING: frozenset({_I.WAITING, _I.CONNECTING, _I.TRANSFERRING, _I.BACKING_OFF, _I.DONE}) | _STOPS,
        _I.PAUSED: frozenset({_I.WAITING, _I.SKIPPED, _I.CANCELLED}),
        _I.DONE: frozenset({_I.WAITING, _I.FAILED}),
        _I.SKIPPED: frozenset({_I.WAITING, _I.PAUSED, _I.CANCELLED}),
        _I.FAILED: frozenset({_I.WAITING, _I.PAUSED, _I.SKIPPED, _I.CANCELLED, _I.DONE}),
        _I.CANCELLED: frozenset({_I.WAITING, _I.PAUSED}),
    }
)
"""Legal moves of an item. DONE moves only when its file is gone and it is pulled again, or found damaged; FAILED to
DONE when a file that was found damaged or missing is found right again."""


class Intent(Enum):
    """What the user last asked of a task."""

    RUN = "run"
    PAUSE = "pause"
    CANCEL = "cancel"


def derive_task_state(
    intent: Intent,
    items: Iterable[ItemState] | None,
    *,
    admitted: bool = False,
    resolving: bool = False,
    failed: bool = False,
    described: bool = False,
) -> TaskState:
    """Return the state of a task from what was asked, what happened, and the states of its items.

    `items` is None while no manifest is known; then `resolving` tells that the listing is being fetched.
    `failed` tells that the task as a whole cannot go on. `admitted` tells that it holds a parallel place;
    `described` that its description stands on the disk.
    """
    if intent is Intent.CANCEL:
        return TaskState.CANCELLED
    if failed:
        return TaskState.FAILED
    if items is None:
        if intent is Intent.PAUSE:
            return TaskState.PAUSED
        return TaskState.RESOLVING if resolving else TaskState.QUEUED
    seen = set(items)
    wanted = seen - {ItemState.SKIPPED}
    if wanted <= {ItemState.DONE} and described:
        return TaskState.DONE
    if intent is Intent.PAUSE:
        return TaskState.PAUSED
    live = {state for state in wanted if state.is_live}
    if live or wanted <= {ItemState.DONE}:
        if not admitted:
            return TaskState.QUEUED
        return TaskState.VERIFYING if live <= {ItemState.VERIFYING} else TaskState.RUNNING
    if ItemState.PAUSED in wanted:
        return TaskState.PAUSED
    return TaskState.FAILED
