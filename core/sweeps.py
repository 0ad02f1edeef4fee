"""Deletions of files: each waits until nothing touches them, and nothing starts on them until it has ended.

What goes and what stays is the caller's `work`, on a thread; it is given the paths that tasks still want.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from core.roster import Roster
from core.spawn import spawn
from core.task import Item, Task
from core.transfer.job import Crew, settled

Work = Callable[[set[Path | None]], object]


class Sweeps:
    """Runs them. `held` are the paths that no download may touch; `changed` is called when one has ended.

    Attributes:
        running: The deletions under way.
    """

    def __init__(
        self, roster: Roster, *, crew: Crew, held: Counter[Path | None], changed: Callable[[], None]
    ) -> None:
        self.running: set[asyncio.Task[None]] = set()
        self._roster = roster
        self._crew = crew
        self._held = held
        self._changed = changed

    def __bool__(self) -> bool:
        return bool(self.running)

    def of_task(self, task: Task, items: Sequence[Item], workers: Sequence[asyncio.Task[None]], work: Work) -> None:
        """Run `work` on the files of these items once the `workers` have ended."""
        # The files of two models meet in one folder or nowhere: the rest of a long list is not looked at.
        paths = [item.local_path for item in items]
        self._start(paths, workers, work, lambda: self._roster.lineup.in_folder_of(task))

    def of_files(self, root: Path, paths: Sequence[Path], work: Work) -> asyncio.Task[None]:
        """Run `work` on finished files of a models folder that no task of the list owns.

        What it raises is for whoever awaits the task.
        """
        return self._start(paths, [], work, lambda: [task for task in self._roster.all() if task.root == root])

    def _start(
        self,
        paths: Sequence[Path | None],
        workers: Sequence[asyncio.Task[None]],
        work: Work,
        others: Callable[[], Iterable[Task]],
    ) -> asyncio.Task[None]:
        self._held.update(paths)

        async def later() -> None:
            try:
                if workers:
                    await asyncio.wait(workers)
                await self._roster.keeper.kept()  # nothing goes that the list still calls complete
                kept = {item.local_path for other in others() for item in other.wanted_items()}
                await settled(self._crew.write(work, kept))
            finally:
                self._held.subtract(paths)
                self.running.discard(sweep)
                self._changed()

        sweep = spawn(later(), name="sweep")
        self.running.add(sweep)
        return sweep
