"""The tick of an engine: changed numbers, four times a second while something runs, and the totals of the list."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from core import library
from core.conductor import Conductor
from core.records import Totals
from core.roster import Roster
from core.spawn import cancel_and_wait, spawn
from core.task import Item, Task
from core.transfer.job import Crew, settled

TICK_S = 0.25
KEEP_EVERY_TICKS = 8
SPACE_EVERY_TICKS = 8


class Pulse:
    """Tells changed numbers: `progress({task id: (item id, ...)})`, `checked(task id)`, `totalled()`.

    Attributes:
        conductor: Whose runs are asked at each tick; set before the first.
        ticker: The coroutine, while it runs.
    """

    conductor: Conductor

    def __init__(
        self,
        roster: Roster,
        crew: Crew,
        *,
        root: Callable[[], Path],
        progress: Callable[[dict[str, tuple[str, ...]]], None],
        totalled: Callable[[], None],
        checked: Callable[[str], None],
    ) -> None:
        self._roster = roster
        self._crew = crew
        self._root = root
        self._progress = progress
        self._totalled = totalled
        self._checked = checked
        self._space: library.Space | None = None
        self._dirty: dict[str, set[str]] = {}
        self._is_closed = False
        self.ticker: asyncio.Task[None] | None = None

    def totals(self, *, now: float, hub: str) -> Totals:
        """Return all tasks together."""
        lineup = self._roster.lineup
        rate = sum(task.rate(now) for task in lineup.active)
        claims = lineup.claims()
        left = sum(count for _, count in claims)
        need = sum(count for root, count in claims if self._is_here(root))
        return Totals(
            active=len(lineup.active),
            queued=lineup.waiting_count,
            rate=rate,
            eta_s=left / rate if rate > 0 else None,
            need_bytes=need,
            free_bytes=self._space.free if self._space else None,
            hub=hub,
            hub_reachable=True if rate > 0 else self.conductor.listings.hub_reachable,
        )

    def _is_here(self, root: Path) -> bool:
        """Tell whether this is the models folder, or on its file system."""
        return root == self._root() or (self._space is not None and root in self._space.beside)

    def touch(self, task: Task, item: Item | None) -> None:
        """Note that numbers of a task, or of one of its items, changed."""
        if self._roster.holds(task):
            self._roster.lineup.note(task)
            dirty = self._dirty.setdefault(task.id, set())
            if item is not None:
                dirty.add(item.id)
        self.soon()

    def forget(self, task_id: str) -> None:
        """Tell nothing more of a task."""
        self._dirty.pop(task_id, None)

    def forget_space(self) -> None:
        """The models folder is another one now."""
        self._space = None
        self.soon()

    def soon(self) -> None:
        """Tick, and go on while something runs."""
        if self.ticker is None and not self._is_closed:
            self.ticker = spawn(self._tick(), name="tick")

    async def _tick(self) -> None:
        """Tell changed numbers while something runs, and once more after that."""
        count = 0
        try:
            while True:
                if count % SPACE_EVERY_TICKS == 0:
                    roots = self._roster.lineup.roots()
                    self._space = await settled(self._crew.write(library.space, self._root(), roots))
                count += 1
                await asyncio.sleep(TICK_S)
                for run in self.conductor.running():
                    self.touch(run.task, run.item)
                    if count % KEEP_EVERY_TICKS == 0:
                        self._roster.keep_item(run.task, run.item)
                for task in self.conductor.moves.tasks():
                    self.touch(task, None)
                dirty, self._dirty = self._dirty, {}
                if dirty:
                    self._progress({key: tuple(ids) for key, ids in dirty.items()})
                for task_id in self.conductor.checks.moved():
                    self._checked(task_id)
                self._totalled()
                if not self.conductor.is_busy and not self._dirty:
                    return
        finally:
            self.ticker = None

    async def aclose(self) -> None:
        """Stop."""
        self._is_closed = True
        await cancel_and_wait(self.ticker)
