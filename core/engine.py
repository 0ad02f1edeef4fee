"""Engine: commands in, signals out. The one object that the window, the API and the terminal talk to.

Commands are synchronous: they are accepted and take effect at once, or raise CommandRefused; the work follows on
the running asyncio loop, whichever that is. Signals are in the past tense and come after the change. QtCore only.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core import library
from core.commands import Command, refusal
from core.conductor import Conductor
from core.engine_signals import EngineSignals
from core.errors import CommandRefused, StoreError
from core.handles import format_handle
from core.listings import Prepared
from core.net.client import Net
from core.pulse import Pulse
from core.records import Handle, Limits, Manifest, Selection, Totals
from core.repairs import mend
from core.roster import Roster
from core.sources.base import Source
from core.sources.scans import read_scan
from core.states import Intent, ItemState, TaskState
from core.store.base import Store
from core.store.keeper import Keeper
from core.task import Item, Task
from core.transfer.job import Crew, settled
from core.verify import Target

if TYPE_CHECKING:
    from core.choosing import Listing, Row, Scan
    from core.choosing.facts import Facts


class Engine(EngineSignals):
    """Downloads models; `core.engine_signals` says what it tells. `hub` is the host that the totals name."""

    def __init__(
        self,
        *,
        net: Net,
        store: Store,
        sources: Sequence[Source],
        root: Path,
        limits: Limits | None = None,
        hub: str = "",
    ) -> None:
        super().__init__()
        self.root = root
        self._net = net
        self._crew = Crew()
        self._roster = Roster(Keeper(store, changed=self.keeping_changed.emit), self._tell)
        self._pulse = Pulse(
            self._roster,
            self._crew,
            root=lambda: self.root,
            progress=self.progress_updated.emit,
            totalled=self.totals_updated.emit,
            checked=self.verification_progressed.emit,
        )
        self._conductor = self._pulse.conductor = Conductor(
            self._roster, net=net, crew=self._crew, sources=sources, now=self.now, touched=self._pulse.touch
        )
        self._conductor.limits = limits or Limits()
        self._conductor.moves.go_on = self._go_on_elsewhere
        self.hub = hub
        self._sources = sources
        self._is_closed = False

    def _tell(self, name: str, *args: object) -> None:
        self.tell(name, *args)
        self._pulse.soon()

    def favour(self, *, window: bool) -> None:
        """Put a window first, which threads of disk and hash then wait for, or the transfer; before `load`."""
        self._crew.stands_back, self._crew.writes_on_loop = window, not window

    # -- looking -----------------------------------------------------------------------------------------

    @staticmethod
    def now() -> float:
        """Seconds of the clock that rates, times left and retries are measured with."""
        return time.monotonic()

    @property
    def tasks(self) -> list[Task]:
        """All tasks in the order of the queue."""
        return self._roster.all()

    def task(self, task_id: str) -> Task:
        """Return a task; KeyError for an unknown id."""
        return self._roster.get(task_id)

    def tasks_of(self, handle: Handle) -> list[Task]:
        """Return the tasks that were added with this handle, in the order of the queue."""
        return self._roster.lineup.of_handle(handle)

    def index_of(self, task_id: str) -> int:
        """Return the place of a task in the queue, from 0."""
        return self._roster.index_of(task_id)

    @property
    def limits(self) -> Limits:
        """How much may happen at once."""
        return self._conductor.limits

    @property
    def totals(self) -> Totals:
        """All tasks together, now."""
        return self._pulse.totals(now=self.now(), hub=self.hub)

    @property
    def keeping_error(self) -> StoreError | None:
        """Why the list cannot be kept now; None while it is."""
        return self._roster.keeper.error

    def refusal(self, command: Command, task_id: str, item_id: str | None = None) -> str:
        """Return why a command would be refused now; empty where it would be accepted."""
        if self._is_closed:
            return "Pulley is closing."
        if task_id not in self._roster:
            return "This download is no longer in the list."
        task = self._roster.get(task_id)
        if item_id is not None and item_id not in task.items:
            return "This model has no such file."
        return refusal(command, task, None if item_id is None else task.items[item_id])

    def _accept(self, command: Command, task_id: str, item_id: str | None = None) -> tuple[Task, list[Item]]:
        """Return the task and the items that a command is about, or raise CommandRefused."""
        reason = self.refusal(command, task_id, item_id)
        if reason:
            raise CommandRefused(reason)
        task = self._roster.get(task_id)
        if command is not Command.MOVE:
            self._conductor.checks.stop(task)  # whatever it finds would be about another state than it began in
        if command in (Command.CANCEL, Command.REMOVE):
            self._conductor.moves.stop(task)
        self._conductor.pump_soon()
        return task, list(task.items.values()) if item_id is None else [task.items[item_id]]

    # -- commands ----------------------------------------------------------------------------------------

    def add(
        self,
        handle: Handle,
        *,
        task_id: str = "",
        name: str = "",
        selection: Selection | None = None,
        paused: bool = False,
        manifest: Manifest | None = None,
        root: Path | None = None,
    ) -> str:
        """Add a model and return its task id; one that is listed already is resumed instead.

        `name` is what its description calls it; `manifest` its files, where `prepare` found them; `root` the models
        folder that this one goes to, where it is another than that of the engine.

        Raises:
            CommandRefused: The engine is closing.
        """
        if self._is_closed:
            raise CommandRefused("Pulley is closing.")
        task_id = task_id or format_handle(handle)
        if task_id in self._roster and self._is_outdated(self._roster.get(task_id), selection, root):
            self.remove(task_id)  # listed anew below; what stands on the disk is adopted where it stands
        if task_id not in self._roster:
            folder = root or self.root
            task = Task(task_id, handle, root=folder, added_at=time.time(), selection=selection, called=name)
            task.intent = Intent.PAUSE if paused else Intent.RUN
            self._roster.add(task)
        elif not paused and not self.refusal(Command.RESUME, task_id):
            self.resume(task_id)
        task = self._roster.get(task_id)
        if manifest is not None and task.manifest is None:
            self._conductor.listings.take(task, manifest)
        self._conductor.pump_soon()
        return task_id

    async def prepare(self, handle: Handle, selection: Selection | None = None, *, fresh: bool = False) -> Prepared:
        """Find out what a handle stands for, without adding it and without waiting for other downloads.

        `fresh` asks the hub alone: not what is on the disk, nor what fits there.

        Raises:
            DownloadError: There is no such thing, it does not fit beside the queue, or the hub cannot be asked.
        """
        found = await self._conductor.listings.prepare(self.root, handle, selection or Selection(), fresh=fresh)
        if not found.is_complete and not fresh:
            others = self._roster.lineup.claims()
            name = format_handle(found.handle)
            await settled(self._crew.write(library.check_space, name, self.root, found.size, others))
        return found

    async def read_facts(self, listing: "Listing", row: "Row") -> "Facts":
        """Return what the headers of a row of a listing tell; a few small requests.

        Raises:
            DownloadError: A header makes no sense, or the hub cannot be asked.
        """
        from core.choosing.headers import read_facts  # only who chooses in a window waits for it to load

        return await read_facts(self._net, listing, row)

    async def read_scan(self, listing: "Listing") -> "Scan | None":
        """Return what the hub found when it scanned these files; None where it says nothing."""
        return await read_scan(self._net, listing.handle, listing.commit, listing.files)

    def _is_outdated(self, task: Task, selection: Selection | None, root: Path | None) -> bool:
        """Tell whether a listed task does not answer for what is asked now: it ended, or means other files."""
        asked = (root or self.root, selection or Selection())
        return task.state is TaskState.DONE or (not task.state.is_live and (task.root, task.selection) != asked)

    def pause(self, task_id: str, item_id: str | None = None) -> None:
        """Stop a task, or one file of it; every byte that came is kept. Of one that stands, its verification."""
        task, items = self._accept(Command.PAUSE, task_id, item_id)
        if item_id is None and task.state.is_live:
            task.intent = Intent.PAUSE
            self._conductor.listings.stop(task)
        self._halt(task, [item for item in items if item.state.is_live], ItemState.PAUSED)

    def resume(self, task_id: str, item_id: str | None = None) -> None:
        """Let a task, or one file of it, go on."""
        self._go_on(*self._accept(Command.RESUME, task_id, item_id))

    def retry(self, task_id: str, item_id: str | None = None) -> None:
        """Try again what failed."""
        task, items = self._accept(Command.RETRY, task_id, item_id)
        self._go_on(task, [item for item in items if item.state is ItemState.FAILED])

    def start_now(self, task_id: str, item_id: str | None = None) -> None:
        """Let a task go on without waiting for a place."""
        task, items = self._accept(Command.START_NOW, task_id, item_id)
        task.forced = True
        self._go_on(task, items)

    def _go_on(self, task: Task, items: list[Item]) -> None:
        task.intent = Intent.RUN
        task.failure = None
        resumed = [item for item in items if item.state.is_resumable]
        for item in resumed:
            item.meter = None
            task.described = task.described and item.damage is None
            self._roster.move_item(task, item, ItemState.WAITING)
        for item in resumed:
            if item.place is None:  # its name is refused again
                self._roster.move_item(task, item, ItemState.FAILED)
        self._roster.refresh(task)
        self._roster.keep(task)

    def cancel(self, task_id: str, *, keep_parts: bool = False) -> None:
        """Stop a task for good; it stays listed. Unfinished parts go, unless `keep_parts`; finished files stay."""
        task, items = self._accept(Command.CANCEL, task_id)
        task.intent = Intent.CANCEL
        self._conductor.listings.stop(task)
        undone = [item for item in items if item.state not in (ItemState.DONE, ItemState.SKIPPED)]
        if not keep_parts:
            for item in undone:
                item.attempt += 1  # late words about the parts that go are not heard
                task.set_durable(item, 0)  # before it is told: nobody is to hear of bytes that go
        self._halt(task, undone, ItemState.CANCELLED)
        if not keep_parts:
            for item in undone:
                self._roster.keep_item(task, item)
            self._conductor.sweep(
                task, undone, lambda kept: library.delete_parts(i for i in undone if i.local_path not in kept)
            )

    def remove(self, task_id: str, *, delete_files: bool = False) -> None:
        """Take a task off the list; its files and parts stay, unless `delete_files`."""
        task, items = self._accept(Command.REMOVE, task_id)
        self._conductor.listings.stop(task)
        self._conductor.stop(task, items)
        self._pulse.forget(task_id)
        self._roster.remove(task)
        if delete_files:
            self._conductor.sweep(task, items, lambda kept: library.delete_files(task, kept))

    async def clear(self, paths: Sequence[Path], work: Callable[[set[Path | None]], object]) -> None:
        """Run blocking `work`, which deletes finished files of the models folder, while no download touches them.

        `work` is given the paths that tasks in the list want: they have to stay.
        """
        await asyncio.shield(self._conductor.sweep_files(self.root, paths, work))

    def move(self, task_id: str, index: int) -> None:
        """Give a task another place in the queue, from 0."""
        task, _ = self._accept(Command.MOVE, task_id)
        self._roster.move(task, index)

    def relocate(self, task_id: str, root: Path) -> None:
        """Let a task go on in another models folder; what it has is moved there, told by `task_relocated`."""
        task, items = self._accept(Command.RELOCATE, task_id)
        if root == task.root:
            raise CommandRefused("It is saved in this folder already.")
        self._halt(task, [item for item in items if item.state.is_running], ItemState.WAITING)
        task.admitted = task.forced = False
        self._roster.refresh(task)
        self._conductor.moves.start(task, root)

    def _go_on_elsewhere(self, task: Task) -> None:
        """What failed in one folder is tried in the other."""
        if not self.refusal(Command.RETRY, task.id):
            self.retry(task.id)

    def skip(self, task_id: str, item_id: str) -> None:
        """Leave a file out; what came of it is kept."""
        task, items = self._accept(Command.SKIP, task_id, item_id)
        task.described = False  # it may name the file: a verification found that damaged
        self._halt(task, items, ItemState.SKIPPED)

    def choose(self, task_id: str, item_id: str) -> None:
        """Take a file in that was left out."""
        task, (item,) = self._accept(Command.CHOOSE, task_id, item_id)
        if task.state is TaskState.DONE:
            task.intent = Intent.RUN  # it may have been paused while its last file was checked
        task.described = False
        state = ItemState.PAUSED if task.intent is Intent.PAUSE else ItemState.WAITING
        self._roster.move_item(task, item, state)

    def verify(self, task_id: str, item_id: str | None = None) -> None:
        """Read the finished files of a task that stands still, or one of them, and compare their hashes."""
        self._conductor.checks.start(*self._accept(Command.VERIFY, task_id, item_id))

    def stop_verifying(self, task_id: str) -> None:
        """Stop the verification of a task, where one runs."""
        if task_id in self._roster:
            self._conductor.checks.stop(self._roster.get(task_id))

    def repair(self, task_id: str, item_id: str | None = None) -> None:
        """Fetch again what a verification found damaged or missing; damaged copies are kept as NAME.bad-N."""
        task, items = self._accept(Command.REPAIR, task_id, item_id)
        self._go_on(task, [item for item in items if item.is_damaged])

    def repair_described(self, target: Target, paths: Sequence[str]) -> str:
        """Fetch these files of a described model again, from the described commit; return the id of its task.

        A model that is not in the list is added, its other files as finished.

        Raises:
            CommandRefused: Its download runs, or the engine is closing.
            DownloadError: The description contradicts itself, or names a hub that is none of ours.
        """
        if self._is_closed:
            raise CommandRefused("Pulley is closing.")
        task = mend(target, paths, roster=self._roster, sources=self._sources, remove=self.remove)
        self._conductor.checks.stop(task)
        self._conductor.pump_soon()
        return task.id

    def _halt(self, task: Task, items: list[Item], state: ItemState) -> None:
        self._conductor.stop(task, items)
        for item in items:
            self._roster.move_item(task, item, state)
        self._roster.refresh(task)
        self._roster.keep(task)

    def set_limits(self, limits: Limits) -> None:
        """Change how much may happen at once; takes effect at once."""
        self._conductor.limits = limits
        self._conductor.pump_soon()

    def set_root(self, root: Path) -> None:
        """Change the models folder of tasks that are added from now on."""
        self.root = root
        self._pulse.forget_space()

    # -- life --------------------------------------------------------------------------------------------

    async def load(self, *, only: frozenset[str] | None = None, still: bool = False) -> None:
        """Take the stored tasks in, or `only` those with these ids; what ran goes on by itself.

        `still` starts nothing, now or later: the list is looked at and changed, and goes on with the next engine.

        Raises:
            StoreError: They cannot be read.
        """
        self._conductor.is_still = still
        await self._roster.load(only)
        self._conductor.pump_soon()
        self._pulse.soon()

    async def aclose(self) -> None:
        """Stop cleanly: every byte that came is kept, and what ran will go on at the next start."""
        if self._is_closed:
            return
        self._is_closed = True
        await self._pulse.aclose()
        await self._conductor.aclose()
        for task in self._roster.all():
            if task.state is not TaskState.DONE:
                for item in task.items.values():
                    if item.state.is_live:
                        self._roster.keep_item(task, item)
        await self._roster.keeper.aclose()
        self._crew.close()
