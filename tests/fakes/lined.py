"""What the lineup knows, against a walk over the whole list; and which tasks something looks at."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from core.roster import Roster
from core.states import Intent, TaskState
from core.task import Item, Task

ALL = 10**9


def check_lineup(roster: Roster) -> None:
    """Raise AssertionError where the lineup and the list disagree."""
    lineup, tasks = roster.lineup, roster.all()
    assert [roster.index_of(task.id) for task in tasks] == list(range(len(tasks)))
    unlisted = [task for task in tasks if task.manifest is None and task.failure is None and not task.resolving]
    assert lineup.unlisted(ALL) == [task for task in unlisted if task.intent is Intent.RUN]
    assert lineup.placed() == [task for task in tasks if task.admitted]
    queued = [task for task in tasks if task.state is TaskState.QUEUED]
    ready = [task for task in queued if task.manifest is not None and not task.admitted and task.moving is None]
    assert list(lineup.ready(ALL, held=())) == ready
    assert lineup.active == {task for task in tasks if task.state.is_active}
    assert lineup.waiting_count == len(queued)
    assert lineup.roots() == {task.root for task in tasks}
    left: Counter[object] = Counter()
    for root, count in lineup.claims():
        left[root] += count
    walked: Counter[object] = Counter()
    for task in tasks:
        walked[task.root] += task.size - task.durable if task.state.is_live else 0
    assert +left == +walked
    for task in tasks:
        same = [other for other in tasks if other.manifest is not None and other is not task]
        if task.manifest is not None:
            place = (task.root, task.manifest.folder)
            beside = {other for other in same if other.manifest and (other.root, other.manifest.folder) == place}
            assert set(lineup.in_folder_of(task)) == beside
        assert lineup.of_handle(task.handle) == [other for other in tasks if other.handle == task.handle]


@contextmanager
def looked_at(patch: pytest.MonkeyPatch, kind: type[Task] | type[Item] = Task) -> Iterator[set[str]]:
    """Collect the ids of the tasks, or items, of which anything is read."""
    seen: set[str] = set()

    def read(self: Any, name: str) -> Any:
        value = object.__getattribute__(self, name)
        seen.add(object.__getattribute__(self, "id"))
        return value

    with patch.context() as patched:
        patched.setattr(kind, "__getattribute__", read)
        yield seen
