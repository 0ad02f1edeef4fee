"""The groups of the left bar: which tasks stand together, and how many. Pure; knows core.states and core.task."""

from collections.abc import Iterable
from enum import Enum

from core.states import TaskState
from core.task import Task


class StatusGroup(Enum):
    """One line of the status filter."""

    ALL = "all"
    DOWNLOADING = "downloading"
    QUEUED = "queued"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"


def group_of(state: TaskState) -> StatusGroup:
    """Return the group of a task's state.

    A cancelled task counts as paused: a person stopped it, nothing went wrong, and Resume sets it going again.
    """
    if state.is_active:
        return StatusGroup.DOWNLOADING
    return _GROUPS[state]


_GROUPS = {
    TaskState.QUEUED: StatusGroup.QUEUED,
    TaskState.PAUSED: StatusGroup.PAUSED,
    TaskState.CANCELLED: StatusGroup.PAUSED,
    TaskState.DONE: StatusGroup.COMPLETED,
    TaskState.FAILED: StatusGroup.FAILED,
}


def count_groups(tasks: Iterable[Task]) -> dict[StatusGroup, int]:
    """Return how many tasks each group has; every group has a number."""
    counts = dict.fromkeys(StatusGroup, 0)
    for task in tasks:
        counts[StatusGroup.ALL] += 1
        counts[group_of(task.state)] += 1
    return counts
