"""Who stands where in the queue and waits for what, and what is still to come: kept up to date one task at a time.

A list may be long and changes all the time, so nobody walks it to find who is next: a task is looked at again when
something of it changed, and stands in the line that it belongs to. Knows tasks; starts nothing.
"""

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from heapq import merge
from itertools import islice
from pathlib import Path
from typing import TypeVar

from core.records import Handle
from core.states import Intent, TaskState
from core.task import Task

K = TypeVar("K")

GAP = 2**32  # between two neighbours, so that one can be put between them many times

Mark = tuple[int, int, Task]
"""Rank in the queue, serial, task; serials are unique, so that tasks are never compared."""
Claim = tuple[Path, int]
"""A models folder, and bytes that are still to come to it."""


class _Line:
    """Tasks that wait for the same, in the order of the queue."""

    def __init__(self) -> None:
        self.marks: list[Mark] = []

    def add(self, mark: Mark) -> None:
        insort(self.marks, mark)

    def drop(self, mark: Mark) -> None:
        del self.marks[bisect_left(self.marks, mark)]


class _Entry:
    """Where a task stands and what is counted of it, as of when it was last looked at."""

    __slots__ = ("folder", "left", "line", "mark", "root", "waits")

    def __init__(self, mark: Mark) -> None:
        self.mark = mark
        self.line: _Line | None = None
        self.root: Path | None = None
        self.folder: tuple[Path, str] | None = None
        self.left = 0
        self.waits = False  # it is live and not active: what is left of it is in the sums


class Lineup:
    """Looks at a task when it is told to: `note` after every change of a task of the list.

    Attributes:
        admitted: The tasks that hold a place.
        active: The tasks that something is done for.
        waiting_count: How many wait for a place or for their listing.
    """

    def __init__(self) -> None:
        self.admitted: set[Task] = set()
        self.active: set[Task] = set()
        self.waiting_count = 0
        self._entries: dict[Task, _Entry] = {}
        self._unlisted = _Line()
        self._forced = _Line()
        self._ready: dict[Path, _Line] = {}
        self._left: Counter[Path] = Counter()
        self._roots: Counter[Path] = Counter()
        self._folders: dict[tuple[Path, str], set[Task]] = {}
        self._handles: dict[Handle, set[Task]] = {}
        self._last = 0

    # -- the list ----------------------------------------------------------------------------------------

    def add(self, task: Task) -> None:
        """Take a task in, at the end of the queue."""
        self._last += GAP
        self._entries[task] = _Entry((self._last, task.serial, task))
        self._handles.setdefault(task.handle, set()).add(task)
        self.note(task)

    def remove(self, task: Task) -> None:
        """Forget a task."""
        entry = self._entries.pop(task)
        self._leave(entry, task)
        _discard(self._handles, task.handle, task)

    def rank(self, task: Task) -> int:
        """Return what the order of the queue goes by."""
        return self._entries[task].mark[0]

    def put_between(self, task: Task, before: Task | None, after: Task | None) -> bool:
        """Give a task the place between two others; False where there is no room left, and `renumber` is due."""
        low = 0 if before is None else self.rank(before)
        high = low + 2 * GAP if after is None else self.rank(after)
        if high - low < 2:
            return False
        entry = self._entries[task]
        self._leave(entry, task)
        entry.mark = ((low + high) // 2, task.serial, task)
        self._last = max(self._last, entry.mark[0])
        self.note(task)
        return True

    def renumber(self, tasks: Iterable[Task]) -> None:
        """Give all tasks their places anew, in this order."""
        self._last = 0
        for task in list(tasks):
            entry = self._entries[task]
            self._leave(entry, task)
            self._last += GAP
            entry.mark = (self._last, task.serial, task)
            self.note(task)

    # -- one task ----------------------------------------------------------------------------------------

    def note(self, task: Task) -> None:
        """Look at a task again; nothing where it is not in the list."""
        entry = self._entries.get(task)
        if entry is None:
            return
        line = self._line_of(task)
        if line is not entry.line:
            if entry.line is not None:
                entry.line.drop(entry.mark)
            if line is not None:
                line.add(entry.mark)
            entry.line = line
        (self.admitted.add if task.admitted else self.admitted.discard)(task)
        (self.active.add if task.state.is_active else self.active.discard)(task)
        self._count(task, entry)

    def _line_of(self, task: Task) -> _Line | None:
        if task.manifest is None:
            wants = task.failure is None and task.intent is Intent.RUN and not task.resolving
            return self._unlisted if wants else None
        if task.admitted or task.state is not TaskState.QUEUED:
            return None
        if task.forced:
            return self._forced
        line = self._ready.get(task.root)
        if line is None:
            line = self._ready[task.root] = _Line()
        return line

    def _count(self, task: Task, entry: _Entry) -> None:
        waits = task.state is TaskState.QUEUED
        left = task.size - task.durable if waits else 0
        folder = None if task.manifest is None else (task.root, task.manifest.folder)
        if (waits, left, task.root, folder) == (entry.waits, entry.left, entry.root, entry.folder):
            return
        self._uncount(task, entry)
        entry.waits, entry.left, entry.root, entry.folder = waits, left, task.root, folder
        self.waiting_count += waits
        self._left[task.root] += left
        self._roots[task.root] += 1
        if folder is not None:
            self._folders.setdefault(folder, set()).add(task)

    def _uncount(self, task: Task, entry: _Entry) -> None:
        if entry.root is None:
            return
        self.waiting_count -= entry.waits
        self._left[entry.root] -= entry.left
        self._roots[entry.root] -= 1
        if not self._roots[entry.root]:
            del self._roots[entry.root], self._left[entry.root]
        if entry.folder is not None:
            _discard(self._folders, entry.folder, task)
        entry.root = entry.folder = None

    def _leave(self, entry: _Entry, task: Task) -> None:
        if entry.line is not None:
            entry.line.drop(entry.mark)
            entry.line = None
        self._uncount(task, entry)
        self.admitted.discard(task)
        self.active.discard(task)

    # -- who is next -------------------------------------------------------------------------------------

    def unlisted(self, count: int) -> list[Task]:
        """Return the first tasks whose files are not known and are not being asked for."""
        return [task for _, _, task in self._unlisted.marks[:count]]

    def placed(self) -> list[Task]:
        """Return the tasks that hold a place, in the order of the queue."""
        return sorted(self.admitted, key=self.rank)

    def ready(self, count: int, *, held: Collection[Path]) -> Iterator[Task]:
        """Return, in the order of the queue, all tasks that want a place at once and the first others that want it.

        Those of the models folders in `held`, and those that are being moved, are passed over.
        """
        lines = [line.marks for root, line in self._ready.items() if root not in held]
        may = (mark for mark in merge(*lines) if mark[2].moving is None)
        forced = [mark for mark in self._forced.marks if mark[2].root not in held and mark[2].moving is None]
        return (task for _, _, task in merge(forced, islice(may, count)))

    # -- what is where -----------------------------------------------------------------------------------

    def roots(self) -> set[Path]:
        """Return the models folders of all tasks."""
        return set(self._roots)

    def claims(self) -> list[Claim]:
        """Return what live tasks still need, summed up where they wait."""
        return [*self._left.items(), *((task.root, task.size - task.durable) for task in self.active)]

    def in_folder_of(self, task: Task) -> list[Task]:
        """Return the other tasks whose files go to the folder of this one's, which need not be in the list."""
        if task.manifest is None:
            return []
        return [other for other in self._folders.get((task.root, task.manifest.folder), ()) if other is not task]

    def of_handle(self, handle: Handle) -> list[Task]:
        """Return the tasks that were added with this handle, in the order of the queue."""
        return sorted(self._handles.get(handle, ()), key=self.rank)


def _discard(sets: dict[K, set[Task]], key: K, task: Task) -> None:
    found = sets[key]
    found.discard(task)
    if not found:
        del sets[key]
