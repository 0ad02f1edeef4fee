"""Tasks whose own work, such as writing the description, met what passes by itself: each says why and until when it
waits, and is looked at again then. Knows no files; what is tried again is the conductor's business.
"""

import asyncio
from collections import Counter
from collections.abc import Callable

from core.errors import LocalError
from core.task import Item, Task
from core.transfer import trouble


class Waits:
    """Keeps `hold` and `retry_at` of such tasks; calls `touched` when they change, `changed` when one is over."""

    def __init__(
        self,
        *,
        now: Callable[[], float],
        touched: Callable[[Task, Item | None], None],
        changed: Callable[[], None],
    ) -> None:
        self._now = now
        self._touched = touched
        self._changed = changed
        self._timers: dict[Task, asyncio.TimerHandle] = {}
        self._looks: Counter[Task] = Counter()

    def __contains__(self, task: Task) -> bool:
        return task in self._timers

    def ids(self) -> set[str]:
        """The ids of the tasks that wait."""
        return {task.id for task in self._timers}

    def tasks(self) -> set[Task]:
        """The tasks that wait, and those that do again what they waited for."""
        return {*self._timers, *self._looks}

    def put_off(self, task: Task, error: LocalError) -> None:
        """Let a task wait; later and later while it meets the same."""
        seconds = trouble.look_after_s(self._looks[task])
        self._looks[task] += 1
        task.hold, task.retry_at = error.failure, self._now() + seconds
        self._timers[task] = asyncio.get_running_loop().call_later(seconds, self._over, task)
        self._touched(task, None)

    def _over(self, task: Task) -> None:
        self._end(task)
        self._changed()

    def _end(self, task: Task) -> None:
        timer = self._timers.pop(task, None)
        if timer is not None:
            timer.cancel()
            task.hold = task.retry_at = None
            self._touched(task, None)

    def forget(self, task: Task) -> None:
        """A task has no such work now, or has done it."""
        self._end(task)
        self._looks.pop(task, None)

    def close(self) -> None:
        """Look at nothing any more."""
        for task in list(self._timers):
            self.forget(task)
