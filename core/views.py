"""TaskView: a task as a terminal shows it, frozen, whether it comes from an engine here or through a door.

`view_of` makes one from a task; `to_json` and `from_json` carry it over a socket. Pure. Knows tasks; must not know
the engine, sockets, or how wide a terminal is.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from core.errors import Failure
from core.sizes import size_text
from core.states import ItemState, TaskState
from core.task import Task

REASONS_SHOWN = 3
_RUNNING = tuple(state for state in ItemState if state.is_running)
TRY_AGAIN = "Try again."


class TaskView(Struct, frozen=True):
    """One task at one moment.

    Attributes:
        percent: Whole percent that are kept; 100 only at the end.
        size, durable: Bytes of the chosen files; 0 while the list is unknown.
        rate: Bytes a second.
        eta_s: Seconds to go; None when nobody can tell.
        done, wanted: Finished and chosen files; 0 while the list is unknown.
        waiting: Why nothing comes though it runs; empty while something does.
        retry_s: Seconds to the next try while it waits.
        kind, message, action: Why it failed: error class, what happened, what to do.
        is_hashed: Every chosen file has a hash that the hub publishes; told of complete tasks only.
        is_removed: It was taken off the list.
    """

    id: str
    state: TaskState
    percent: int = 0
    size: int = 0
    durable: int = 0
    rate: float = 0.0
    eta_s: float | None = None
    done: int = 0
    wanted: int = 0
    waiting: str = ""
    retry_s: int | None = None
    kind: str = ""
    message: str = ""
    action: str = ""
    is_hashed: bool = True
    is_removed: bool = False

    @property
    def is_over(self) -> bool:
        """It does not go on unless a person asks."""
        return self.is_removed or self.state.is_final

    @property
    def is_good(self) -> bool:
        """All that was asked for is there."""
        return self.state is TaskState.DONE and not self.is_removed

    @property
    def status(self) -> str:
        """What it does, in a few words."""
        if self.is_removed:
            return "removed from the list"
        match self.state:
            case TaskState.RESOLVING:
                return self.waiting_text or "fetching file list"
            case TaskState.DONE:
                return "complete, verified" if self.is_hashed else "complete, size only"
            case TaskState.FAILED:
                return f"failed: {self.message}"
            case TaskState.VERIFYING if self.waiting:
                return self.waiting_text
            case TaskState.RUNNING:
                files = "file" if self.wanted == 1 else "files"
                return self.waiting_text or f"{self.done} of {self.wanted} {files}"
            case _:
                return str(self.state.value)

    @property
    def waiting_text(self) -> str:
        """Why nothing comes, with the time of the next try; empty while something does."""
        return f"retrying in {self.retry_s or 0} s: {self.waiting}" if self.waiting else ""

    @property
    def problem(self) -> tuple[str, str]:
        """What happened and what to do, where it is over and not complete."""
        if self.is_removed:
            return "It was removed from the list before it was complete", "Pull it again."
        if self.state is TaskState.CANCELLED:
            return "It was cancelled", "Pull it again, or 'pulley resume' it."
        if self.state is TaskState.FAILED:
            return self.message, self.action or TRY_AGAIN
        return f"It is {self.state.value}", "'pulley resume' lets it go on."


def view_of(task: Task, now: float) -> TaskView:
    """Return a task as it stands; `now` is the engine's clock."""
    waiting, retry_s = _waiting(task, now)
    failure = failure_of(task)
    return TaskView(
        id=task.id,
        state=task.state,
        percent=_percent(task),
        size=task.size,
        durable=task.durable,
        rate=task.rate(now),
        eta_s=task.eta_s(now) if task.state.is_active else None,
        done=task.count(ItemState.DONE),
        wanted=task.wanted_count,
        waiting=waiting,
        retry_s=retry_s,
        kind=failure.kind if failure else "",
        message=failure.message if failure else "",
        action=failure.action if failure else "",
        is_hashed=task.state is not TaskState.DONE or all(item.file.hash for item in task.wanted_items()),
    )


def refused_view(task_id: str, failure: Failure) -> TaskView:
    """Return the view of a model that could not even be listed."""
    return TaskView(task_id, TaskState.FAILED, kind=failure.kind, message=failure.message, action=failure.action)


def failure_of(task: Task) -> Failure | None:
    """Return why a failed task cannot go on: its own reason, else those of its files in one."""
    if task.failure is not None:
        return task.failure
    if task.state is not TaskState.FAILED:
        return None
    failures = [i.failure for i in task.items.values() if i.failure and i.state is ItemState.FAILED]
    if not failures:
        return Failure("DownloadError", "It failed")
    more = f" (and {len(failures) - REASONS_SHOWN} more)" if len(failures) > REASONS_SHOWN else ""
    message = "; ".join(failure.message for failure in failures[:REASONS_SHOWN]) + more
    return Failure(failures[0].kind, message, failures[0].meaning, failures[0].action)


def files_text(view: TaskView) -> str:
    """Return how much a task is: `2 files, 808 MB`."""
    return f"{view.wanted} {'file' if view.wanted == 1 else 'files'}, {size_text(view.size)}"


def _percent(task: Task) -> int:
    if task.state is TaskState.DONE:
        return 100
    return min(99, int(100 * (task.fraction or 0.0)))


def _waiting(task: Task, now: float) -> tuple[str, int | None]:
    """Say why nothing comes and when it is tried again, where every running file backs off."""
    if task.hold is not None:
        return task.hold.message, max(0, round((task.retry_at or now) - now))
    waits = task.count(ItemState.BACKING_OFF)
    if not waits or waits != task.count(*_RUNNING):
        return "", None
    waiting = [i for i in task.items.values() if i.state is ItemState.BACKING_OFF and i.retry_at is not None]
    if not waiting:
        return "", None
    soonest = min(waiting, key=lambda item: item.retry_at or 0.0)
    reason = soonest.failure.message if soonest.failure else "no answer"
    return reason, max(0, round((soonest.retry_at or now) - now))


# -- over a socket ----------------------------------------------------------------------------------------


def to_json(view: TaskView) -> dict[str, Any]:
    """Return a view as a JSON value."""
    return {**asdict(view), "state": view.state.value}


def from_json(value: Mapping[str, Any]) -> TaskView:
    """Return the view that a JSON value holds; unknown fields are left out.

    Raises:
        ValueError: It holds none.
    """
    known = {name: value[name] for name in TaskView.__struct_fields__ if name in value}
    try:
        return TaskView(**{**known, "state": TaskState(known.get("state"))})
    except TypeError as error:
        raise ValueError("no view of a task") from error
