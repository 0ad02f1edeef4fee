"""Moves of tasks to another models folder: the copying runs on a thread, the task waits for it without a place.

The order keeps every byte: copies, then the list says the new place, and only when that is kept the originals go.
Whatever goes wrong before leaves the task where it was.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from core import library, relocation
from core.errors import CommandRefused, DownloadError
from core.paths import local_path
from core.records import Destination
from core.roster import Roster
from core.spawn import spawn
from core.states import TaskState
from core.task import Move, Task
from core.transfer.job import Crew, settled

_log = logging.getLogger(__name__)


class Moves:
    """Runs them, one at a time for a task.

    `held` are the paths that no download may touch, `workers` what may still touch the files of a task; `changed`
    is called when one has ended.

    Attributes:
        go_on: Called with a task that stood still on an error, once it has moved.
    """

    go_on: Callable[[Task], None]

    def __init__(
        self,
        roster: Roster,
        *,
        crew: Crew,
        held: Counter[Path | None],
        workers: Callable[[Task], Sequence[asyncio.Task[None]]],
        changed: Callable[[], None],
    ) -> None:
        self._roster = roster
        self._crew = crew
        self._held = held
        self._workers_of = workers
        self._changed = changed
        self._running: dict[Task, asyncio.Task[None]] = {}

    def __bool__(self) -> bool:
        return bool(self._running)

    def tasks(self) -> list[Task]:
        """The tasks that are being moved."""
        return list(self._running)

    def workers(self, task: Task) -> list[asyncio.Task[None]]:
        """Return what may still copy or delete files of a task."""
        return [self._running[task]] if task in self._running else []

    def start(self, task: Task, root: Path) -> None:
        """Start to move a task whose runs were told to stop; at once where it has no files yet."""
        if task.manifest is None:
            self._roster.relocate(task, root)
            self._end(task, root, "")
            return
        move = task.moving = Move(root)
        before = list(self._workers_of(task))
        worker = self._running[task] = spawn(self._run(task, move, before), name=f"move {task.id}")

        def ended(_: object) -> None:
            self._running.pop(task, None)
            self._changed()

        worker.add_done_callback(ended)

    def stop(self, task: Task) -> None:
        """Give a move up, where one runs and has not come to its end; the task stays where it is."""
        if task.moving is not None:
            task.moving.stopped.set()

    async def aclose(self) -> None:
        """Give all of them up and wait until their threads have ended."""
        for task in self._running:
            self.stop(task)
        if self._running:
            await asyncio.wait(list(self._running.values()))

    # -- one of them -------------------------------------------------------------------------------------

    async def _run(self, task: Task, move: Move, before: Sequence[asyncio.Task[None]]) -> None:
        assert task.manifest is not None
        old = Destination(task.root, task.manifest.folder)
        new = Destination(move.root, task.manifest.folder)
        named = [item for item in task.items.values() if item.place is not None]
        paths = [local_path(place, item.id) for place in (old, new) for item in named]
        self._held.update(paths)
        problem = ""
        try:
            if before:
                await asyncio.wait(before)
            problem = await self._move(task, move, old)
        except relocation.Stopped:
            _log.info("%s stays in %s: the move was given up", task.id, old.root)
        except DownloadError as error:
            _log.info("%s stays in %s: %s", task.id, old.root, error.message)
            problem = f"{error.message}. {error.meaning} {error.action}"
        except Exception as error:
            _log.error("%s cannot be moved", task.id, exc_info=error)
            problem = f"An error of Pulley itself: {error!r}"
        finally:
            task.moving = None
            self._held.subtract(paths)
        self._end(task, move.root, problem)

    def _end(self, task: Task, root: Path, problem: str) -> None:
        if self._roster.holds(task):
            if task.root == root and task.state is TaskState.FAILED:
                self.go_on(task)
            self._roster.tell("task_relocated", task.id, problem)

    async def _move(self, task: Task, move: Move, old: Destination) -> str:
        """Move one task; return what went wrong after it had moved, for a person.

        Raises:
            Stopped: It was given up.
            DownloadError: It stays where it is.
        """
        if task.state is TaskState.DONE:
            raise CommandRefused("It was completed in the meantime", action="Move the finished files by hand.")
        listed = [other for other in self._roster.all() if other is not task]
        wanted = {item.local_path for other in listed for item in other.wanted_items()}
        others = [(other.root, other.size - other.durable) for other in listed if other.admitted]  # has a place
        copying = self._crew.check(lambda: relocation.relocate(task, move, wanted=wanted, others=others))
        await settled(copying)
        if move.stopped.is_set() or not self._roster.holds(task):
            await settled(self._crew.write(relocation.undo, task, move))
            raise relocation.Stopped
        self._roster.relocate(task, move.root)
        await self._roster.keeper.kept()
        if self._roster.keeper.error is not None:  # the list still names the old place: nothing goes from there
            return f"It goes on in {move.root}; the files in {old.root} stay, since the list cannot be kept."
        wanted = {item.local_path for other in self._roster.all() for item in other.wanted_items()}
        try:
            await settled(self._crew.write(library.delete_files, task, wanted, old.root))
        except DownloadError as error:
            return f"It goes on in {move.root}; not all of the old files could be deleted: {error.message}."
        return ""
