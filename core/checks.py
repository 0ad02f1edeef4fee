"""Verifications inside an engine: finished files of tasks that stand still are read again, a few tasks at a time.

What is found bad or missing comes to stand FAILED and marked as damage, which is what a repair goes by. Starts no
download. The reading is `core.verify.check`'s, on threads that no download waits for.
"""

import asyncio
import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from core import library
from core.description import DescribedFile, Description
from core.errors import Damaged, Missing, damage_action
from core.handles import format_handle
from core.roster import Roster
from core.spawn import spawn
from core.states import Intent, ItemState, TaskState
from core.task import Check, Item, Task
from core.transfer.job import CHECKERS, Crew, settled
from core.verify import Finding, Target, Verdict, check

_log = logging.getLogger(__name__)


class _Run:
    def __init__(self, task: Task, items: Sequence[Item]) -> None:
        self.task = task
        self.paths = [item.local_path for item in items]
        self.target = _target(task, items)
        self.check = Check({file.path: file.size for file in self.target.files()})
        self.stop = threading.Event()
        self.holds_paths = False
        self.told = -1
        self.worker: asyncio.Task[None] | None = None

    def checked(self, count: int) -> None:
        """Take the count from the thread that reads."""
        self.check.checked = count


def _target(task: Task, items: Sequence[Item]) -> Target:
    """Return what the list knows of the files: it is asked, not the description, which may be gone too."""
    assert task.manifest is not None
    files = tuple(DescribedFile(item.id, item.size, item.file.hash, item.local_hash) for item in items)
    known = task.manifest
    described = Description(
        task.id, format_handle(task.handle), known.hub, known.repo, known.revision, known.commit, files
    )
    return Target(task.root, library.folder_of(task), "", described)


class Checks:
    """Runs them. One at a time for a task; the third task waits until one of two before it has ended.

    `held` are the paths that no download may touch; those of a verification that was stopped stay in it until its
    thread has let go of them. `changed` is called when one has ended.
    """

    def __init__(
        self, roster: Roster, *, crew: Crew, held: Counter[Path | None], changed: Callable[[], None]
    ) -> None:
        self._roster = roster
        self._crew = crew
        self._held = held
        self._changed = changed
        self._runs: set[_Run] = set()
        self._turns = asyncio.Semaphore(CHECKERS)

    def __bool__(self) -> bool:
        return bool(self._runs)

    def start(self, task: Task, items: Iterable[Item]) -> None:
        """Start to verify those of the items that can be, of a task without a verification."""
        run = _Run(task, [item for item in items if item.is_checkable])
        task.set_check(run.check)
        self._runs.add(run)
        run.worker = spawn(self._run(run), name=f"verify {task.id}")
        run.worker.add_done_callback(lambda _: self._ended(run))
        self._roster.tell("verification_progressed", task.id)

    def stop(self, task: Task) -> None:
        """Stop the verification of a task, where one runs; what it found so far is forgotten."""
        run = next((run for run in self._runs if run.task is task and run.check is task.check), None)
        if run is None:
            return
        task.set_check(None)
        run.stop.set()
        run.holds_paths = True
        self._held.update(run.paths)
        if run.worker is not None:
            run.worker.cancel()
        self._tell_ended(task, 0, was_stopped=True)

    def workers(self, task: Task) -> list[asyncio.Task[None]]:
        """Return what may still read files of a task."""
        return [run.worker for run in self._runs if run.task is task and run.worker is not None]

    def moved(self) -> list[str]:
        """Return the ids of the tasks whose count changed since the last time."""
        moved = [run for run in self._runs if run.task.check is run.check and run.check.checked != run.told]
        for run in moved:
            run.told = run.check.checked
        return [run.task.id for run in moved if self._roster.holds(run.task)]

    async def aclose(self) -> None:
        """Stop all of them and wait until their threads have ended."""
        for run in list(self._runs):
            self.stop(run.task)
        workers = [run.worker for run in self._runs if run.worker is not None]
        if workers:
            await asyncio.wait(workers)

    # -- one of them -------------------------------------------------------------------------------------

    async def _run(self, run: _Run) -> None:
        try:
            async with self._turns:
                run.check.has_begun = True
                reading = self._crew.check(lambda: check(run.target, checked=run.checked, stop=run.stop))
                findings = await settled(reading)
        except Exception as error:
            _log.error("%s cannot be verified", run.task.id, exc_info=error)
            self.stop(run.task)
        else:
            if run.task.check is run.check:
                self._judge(run.task, findings)

    def _ended(self, run: _Run) -> None:
        self._runs.discard(run)
        if run.holds_paths:
            self._held.subtract(run.paths)
        self._changed()

    def _judge(self, task: Task, findings: Sequence[Finding]) -> None:
        """Bring the items where the findings say they belong; the whole task follows, and is told last."""
        task.set_check(None)
        if task.state is TaskState.DONE:
            task.intent = Intent.RUN  # it may have been paused while its last file was checked
        for finding in findings:
            item = task.items[finding.path]
            if finding.is_bad:
                self._spoil(task, item, finding)
            elif item.state is ItemState.FAILED:
                task.set_durable(item, item.size)
                self._roster.move_item(task, item, ItemState.DONE)
        self._roster.keep(task)
        self._tell_ended(task, sum(finding.is_bad for finding in findings), was_stopped=False)

    def _spoil(self, task: Task, item: Item, finding: Finding) -> None:
        """Note what is wrong with a finished file: nothing of it counts as kept any more."""
        message = f"{finding.path} {finding.message}"
        if finding.verdict is Verdict.MISSING:
            item.damage = item.failure = Missing(message).failure
        else:
            item.damage = item.failure = Damaged(message, action=damage_action(finding.path)).failure
        item.damage_stamp = finding.stamp
        task.set_durable(item, 0)
        self._roster.move_item(task, item, ItemState.FAILED)
        self._roster.keep_item(task, item)

    def _tell_ended(self, task: Task, bad_count: int, *, was_stopped: bool) -> None:
        if self._roster.holds(task):
            self._roster.tell("verification_ended", task.id, bad_count, was_stopped)
