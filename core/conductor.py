"""Makes things happen: places, connections, runs of items, descriptions. One for an engine.

What should happen is decided by `core.scheduler`; this room starts and stops it. Every start is fenced by the
item's attempt number, every stop keeps what came.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path

from core import library
from core.checks import Checks
from core.demands import Demands
from core.errors import DiskFull, DownloadError
from core.handles import format_handle
from core.listings import Listings
from core.moves import Moves
from core.net.client import Net
from core.records import Limits
from core.reports import ItemReport
from core.roster import Roster
from core.runs import Run
from core.scheduler import Place, admit, share
from core.sources.base import Source
from core.spawn import spawn
from core.states import Intent, ItemState
from core.sweeps import Sweeps
from core.task import Item, Task
from core.transfer import trouble
from core.transfer.control import Identity
from core.transfer.download import Download
from core.transfer.grow import FIRST_CONNECTIONS
from core.transfer.job import Crew, Job, settled
from core.waits import Waits

_log = logging.getLogger(__name__)

Key = tuple[str, str]


class Conductor:
    """Starts and stops what the scheduler decides.

    Attributes:
        limits: How much may happen at once.
        listings: Fetches the lists of files.
        checks: Verifies what is finished.
        moves: Moves tasks to another models folder.
        is_still: Nothing is started: the list is only looked at and changed.
    """

    def __init__(
        self,
        roster: Roster,
        *,
        net: Net,
        crew: Crew,
        sources: Sequence[Source],
        now: Callable[[], float],
        touched: Callable[[Task, Item | None], None],
    ) -> None:
        self.roster = roster
        self.limits = Limits()
        self.is_still = False
        self._net = net
        self._crew = crew
        self._now = now
        self._touched = touched
        self._runs: dict[Key, Run] = {}
        self._targets: Counter[Path | None] = Counter()
        self._begun: set[Task] = set()
        self._demands = Demands(self._runs, self._targets, crew=crew)
        self._adoptable: dict[Task, dict[str, str]] = {}
        self._chores: dict[int, asyncio.Task[None]] = {}
        self._is_due = False
        self._is_closed = False
        held, soon = self._targets, self.pump_soon
        self._waits = Waits(now=now, touched=touched, changed=soon)
        self._sweeps = Sweeps(roster, crew=crew, held=held, changed=soon)
        deleting = self._sweeps.running
        self.listings = Listings(
            roster, crew=crew, sources=sources, sweeps=deleting, now=now, touched=touched, changed=soon
        )
        self.checks = Checks(roster, crew=crew, held=held, changed=soon)
        self.moves = Moves(
            roster, crew=crew, held=held, workers=lambda task: [*self._workers(task), *deleting], changed=soon
        )

    @property
    def is_busy(self) -> bool:
        """Something runs whose numbers may change."""
        other = self.checks or self.moves or self._waits.ids()
        return bool(self._runs or self.listings or self._chores or other)

    def running(self) -> Iterable[Run]:
        """The runs under way."""
        return list(self._runs.values())

    # -- the pump ----------------------------------------------------------------------------------------

    def pump_soon(self) -> None:
        """Look again at what should run, once for all changes of this turn of the loop."""
        if not self._is_due and not self._is_closed:
            self._is_due = True
            asyncio.get_running_loop().call_soon(self._pump)

    def _pump(self) -> None:
        self._is_due = False
        if self._is_closed or self.is_still:
            return
        self.listings.start()
        self._settle()
        self._admit()
        placed = self.roster.lineup.placed()
        self._do_chores(placed)
        self._share(placed)

    def _settle(self) -> None:
        """Forget what was begun of tasks that have no place any more."""
        for task in {*self._begun, *self._adoptable, *self._waits.tasks()}:
            if not (task.admitted and self.roster.holds(task)):
                self._begun.discard(task)
                self._adoptable.pop(task, None)
                self._waits.forget(task)

    def _admit(self) -> None:
        """Give places to those who are next; nobody else in the queue is looked at."""
        lineup = self.roster.lineup
        held = self._held()
        places = [Place(task.id, True, False, task.forced or task.id in held) for task in lineup.admitted]
        away = {root for root in lineup.roots() if self._crew.disks.is_held(root)}
        ready = lineup.ready(self.limits.tasks, held=away)
        places += [Place(task.id, False, True, task.forced or task.id in held) for task in ready]
        for task_id in admit(places, self.limits):
            task = self.roster.get(task_id)
            task.admitted = True
            self.roster.refresh(task)

    def _do_chores(self, placed: Sequence[Task]) -> None:
        for task in placed:
            if task not in self._begun:
                self._chore(task, self._begin)
            elif task.wanted_count == task.count(ItemState.DONE) and not task.described:
                self._chore(task, self._complete)

    def _held(self) -> set[str]:
        """Return the tasks that do nothing but wait for a disk: they keep nobody else from running."""
        waiting = {run.task.id for run in self._runs.values() if run.report.is_held} | self._waits.ids()
        return waiting - {run.task.id for run in self._runs.values() if not run.report.is_held}

    def _chore(self, task: Task, work: Callable[[Task], Awaitable[None]]) -> None:
        """Run one piece of work of a task at a time."""
        if task.serial in self._chores or task in self._waits or not task.state.is_live:
            return
        chore = self._chores[task.serial] = spawn(self._guarded(task, work), name=f"chore of {task.id}")

        def ended(_: object) -> None:
            self._chores.pop(task.serial, None)
            self.pump_soon()

        chore.add_done_callback(ended)

    async def _guarded(self, task: Task, work: Callable[[Task], Awaitable[None]]) -> None:
        try:
            await work(task)
            self._waits.forget(task)
        except DownloadError as error:
            # A disk that is too small for all of it is refused at the start; one that fills up later is waited for.
            is_refused = isinstance(error, DiskFull) and task not in self._begun
            if not isinstance(error, trouble.HELD) or is_refused:
                self.roster.fail(task, error.failure)
            elif task.state.is_live and self.roster.holds(task):
                self._waits.put_off(task, error)
        except Exception as error:
            self.roster.fail_unforeseen(task, error)

    def _share(self, tasks: Sequence[Task]) -> None:
        begun = [task for task in tasks if task in self._begun and task.state.is_live]
        given = share(self._demands.of(begun, self.limits), self.limits)
        for key, run in list(self._runs.items()):
            run.download.allot(given.pop(key, 0))
        for (task_id, item_id), count in given.items():
            task = self.roster.get(task_id)
            item = task.items[item_id]
            if not self._targets[item.local_path]:  # two models may hold the same file: one fetches, one adopts
                self._start(task, item, count)

    # -- beginning and completing ------------------------------------------------------------------------

    async def _begin(self, task: Task) -> None:
        """Check what is there and the space for the rest beside what others need; then its items may start.

        Raises:
            DownloadError: It does not fit.
        """
        if await settled(self._crew.write(library.is_away, task)):
            self._begun.add(task)  # its items wait for the folder, and say so
            return
        gone = await settled(self._crew.write(library.gone, task))
        for item in gone if task.admitted else ():  # it may have been paused meanwhile
            if item.state is ItemState.DONE:
                task.set_durable(item, 0)
                task.described = False
                self.roster.move_item(task, item, ItemState.WAITING)
        await settled(self._crew.write(library.check_sizes, task))
        if task.handle.hub == "cortexso":
            self._adoptable[task] = await settled(self._crew.write(library.adoptable, task))
        space = await settled(self._crew.write(library.space, task.root, self.roster.lineup.roots()))
        if not (task.admitted and self.roster.holds(task)):
            return
        # Checked and noted in one step: two that begin at once cannot both take the same space. Of those that have
        # a place and have not begun, the ones before it in the queue come first, whoever was looked at sooner.
        placed = self.roster.lineup.placed()
        begun = [(t.root, t.size - t.durable) for t in placed if t in self._begun and t is not task]
        ahead = placed[: placed.index(task)]
        before = [(t.root, t.size - t.durable) for t in ahead if t not in self._begun]
        space.check_in_turn(task.id, task.size - task.durable, begun=begun, before=before)
        self._begun.add(task)

    async def _complete(self, task: Task) -> None:
        """Write the description; then the task is done.

        Raises:
            DownloadError: It cannot be written.
        """
        items = list(task.wanted_items())

        def is_moot() -> bool:
            """It was cancelled, or other files were chosen, while it was written."""
            is_other = items != list(task.wanted_items()) or len(items) != task.count(ItemState.DONE)
            return task.intent is Intent.CANCEL or is_other

        try:
            local = await settled(self._crew.write(library.describe, task, items))
            await self._crew.sync_folder(library.folder_of(task))
        except DownloadError:
            if is_moot():
                return  # what was chosen is fetched, and described then
            raise
        if is_moot():
            return
        for item_id, local_hash in local.items():
            task.items[item_id].local_hash = local_hash
            self.roster.keep_item(task, task.items[item_id])
        task.described = True
        task.completed_at = library.wall_clock()
        self.roster.refresh(task)
        self.roster.keep(task)

    # -- runs --------------------------------------------------------------------------------------------

    def _start(self, task: Task, item: Item, count: int) -> None:
        assert item.local_path is not None
        assert task.manifest is not None
        item.attempt += 1
        file, commit = item.file, task.manifest.commit
        handle, globs = format_handle(task.handle), task.selection.globs
        identity = Identity(item.id, file.size, file.hash, commit, file.url, handle, task.id, globs)
        present = self._adoptable.get(task, {}).get(item.id)
        also_right = (present,) if present else ()
        job = Job(
            identity,
            final=item.local_path,
            root=task.root,
            also_right=also_right,
            was_whole=0 < item.durable == item.file.size,
            replaces=item.damage is not None,
            known_wrong=item.damage_stamp,
            has_begun=task.durable > 0,
        )
        report = ItemReport(self.roster, task, item, now=self._now, touched=self._touched, changed=self.pump_soon)
        report.counted = self._demands.host_of(item)
        if not job.is_small and item.file.size is not None:
            report.wanted = FIRST_CONNECTIONS
            self.pump_soon()  # its further connections
        download = Download(job, net=self._net, crew=self._crew, report=report)
        download.allot(count)
        run = Run(task, item, download, report)
        self._runs[task.id, item.id] = run
        self._targets[item.local_path] += 1
        run.worker = spawn(self._run(run), name=f"item {task.id} {item.id} #{item.attempt}")
        run.worker.add_done_callback(lambda _: self._ended(run))
        self._touched(task, item)

    async def _run(self, run: Run) -> None:
        try:
            size = await run.download.run()
        except DownloadError as error:
            self._failed(run, error)
        except Exception as error:
            _log.exception("%r", run.item)
            self._failed(run, DownloadError(f"An error of Pulley itself: {error!r}"))
        else:
            await self._succeeded(run, size)

    def _ended(self, run: Run) -> None:
        """Forget a run; a callback of its worker, since one cancelled before its first step has no `finally`."""
        task, item = run.task, run.item
        if self._runs.get((task.id, item.id)) is run:
            del self._runs[task.id, item.id]
        self._targets[item.local_path] -= 1
        if run.report.is_current:
            item.connections = 0
            self.roster.keep_item(task, item)
        self._touched(task, item)
        self.pump_soon()

    def _failed(self, run: Run, error: DownloadError) -> None:
        _log.info("%s %s: %s", run.task.id, run.item.id, error.message)
        if run.report.is_alive:
            run.item.failure = error.failure
            self.roster.move_item(run.task, run.item, ItemState.FAILED)

    async def _succeeded(self, run: Run, size: int) -> None:
        """First the store, then the signal."""
        run.report.verifying()
        run.report.durable(size)
        self.roster.keep_item(run.task, run.item)
        await self.roster.keeper.kept()
        if run.report.is_alive:
            self.roster.move_item(run.task, run.item, ItemState.DONE)

    def stop(self, task: Task, items: Iterable[Item]) -> None:
        """Stop the runs of these items; what came is kept."""
        for item in items:
            run = self._runs.get((task.id, item.id))
            if run is not None and run.task is task and run.worker is not None:
                run.report.is_stopped = True
                run.worker.cancel()

    def sweep(self, task: Task, items: Sequence[Item], work: Callable[[set[Path | None]], object]) -> None:
        """Run blocking `work` on the files of these items once no run touches them; until then none starts.

        It is given the paths that other tasks want, which have to stay.
        """
        self._sweeps.of_task(task, items, self._workers(task), work)

    def sweep_files(
        self, root: Path, paths: Sequence[Path], work: Callable[[set[Path | None]], object]
    ) -> asyncio.Task[None]:
        """Run blocking `work` on finished files that no task of the list owns; until it ends no run touches them.

        It is given the paths that tasks want, which have to stay. What it raises is for whoever awaits the task.
        """
        return self._sweeps.of_files(root, paths, work)

    def _workers(self, task: Task) -> list[asyncio.Task[None]]:
        """Return what may still touch files of a task."""
        workers = [run.worker for run in self._runs.values() if run.task is task and run.worker is not None]
        chores = [self._chores[task.serial]] if task.serial in self._chores else []
        return [*workers, *chores, *self.checks.workers(task), *self.moves.workers(task)]

    async def aclose(self) -> None:
        """Stop everything; every byte that came is kept."""
        self._is_closed = True
        workers = [run.worker for run in self._runs.values() if run.worker is not None]
        for worker in workers:
            worker.cancel()
        self._waits.close()
        await self.checks.aclose()
        await self.moves.aclose()
        await self.listings.aclose()
        pending = [*workers, *self._chores.values(), *self._sweeps.running]
        if pending:
            await asyncio.wait(pending)
