"""Listings: from a handle to the pinned list of its files, for tasks in the list and for those who ask first.

Looks at the disk before it asks a hub: what a description says is complete needs no network. Knows sources and the
roster; starts no download.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from core import library
from core.errors import ConnectFailed, DownloadError, ServerBusy, TimedOut, UnsupportedHandle
from core.handles import format_handle
from core.itemise import items_of
from core.records import Handle, Manifest, Selection
from core.roster import Files, Roster
from core.sources.base import Source
from core.spawn import cancel_and_wait, spawn
from core.task import Item, Task
from core.transfer import retry
from core.transfer.job import Crew, settled

LISTINGS_AT_ONCE = 4
OFF_LOOP_FILES = 500  # the items of more are made on a thread: between two awaits stay under 5 ms


class Prepared(Struct, frozen=True):
    """What a handle stands for, found out before anything is added.

    Attributes:
        handle: As it was asked for; a bare cortexso name has its branch by now.
        is_complete: All of it is on the disk, and described.
    """

    handle: Handle
    selection: Selection
    manifest: Manifest
    is_complete: bool

    @property
    def size(self) -> int:
        """Bytes of the selection, as far as the hub says."""
        return sum(file.size or 0 for file in self.manifest.files if file.wanted)


class Listings:
    """Fetches lists of files, a few at a time.

    `sweeps` are the deletions under way: what is being deleted is not complete.

    Attributes:
        hub_reachable: Whether the last listing got an answer; None before the first.
    """

    def __init__(
        self,
        roster: Roster,
        *,
        crew: Crew,
        sources: Sequence[Source],
        sweeps: set[asyncio.Task[None]],
        now: Callable[[], float],
        touched: Callable[[Task, Item | None], None],
        changed: Callable[[], None],
    ) -> None:
        self.hub_reachable: bool | None = None
        self._roster = roster
        self._crew = crew
        self._sources = sources
        self._sweeps = sweeps
        self._now = now
        self._touched = touched
        self._changed = changed
        self._running: dict[str, asyncio.Task[None]] = {}
        self._aside: set[str] = set()  # wait for one hub alone, and take nobody's turn

    def __bool__(self) -> bool:
        return bool(self._running)

    # -- of tasks in the list ----------------------------------------------------------------------------

    def start(self) -> None:
        """Start the listings that are due, in the order of the queue."""
        free = LISTINGS_AT_ONCE - (len(self._running) - len(self._aside))
        for task in self._roster.lineup.unlisted(free) if free > 0 else ():
            task.resolving = True
            self._running[task.id] = spawn(self._list(task), name=f"list {task.id}")
            self._roster.refresh(task)

    def stop(self, task: Task) -> None:
        """Stop fetching the listing of a task."""
        task.resolving = False
        task.hold = task.retry_at = None
        listing = self._running.pop(task.id, None)
        if listing is not None:
            listing.cancel()

    async def _list(self, task: Task) -> None:
        try:
            done = await self._find_complete(task.root, task.handle, task.selection)
            manifest = done or await self._resolve_in_time(task)
            files = await self._files_of(task, manifest, complete=done is not None)
        except DownloadError as error:
            self._listed(task)
            self._roster.fail(task, error.failure)
        except asyncio.CancelledError:
            self._listed(task)
            raise
        except Exception as error:
            self._listed(task)
            self._roster.fail_unforeseen(task, error)
        else:
            self._listed(task)
            self._take(task, manifest, files, complete=done is not None)
        finally:
            self._touched(task, None)
            self._changed()

    async def _resolve_in_time(self, task: Task) -> Manifest:
        """Fetch the listing; a network that is away and a hub that asked for a pause are waited for."""
        while True:
            try:
                return await self._resolve(task.handle, task.selection)
            except DownloadError as error:
                waits = isinstance(error, ServerBusy) and error.retry_after_s
                decision = retry.after_failure(error, 1, jitter=random.random())
                if isinstance(decision, retry.GiveUp) or not (waits or isinstance(decision, retry.Hold)):
                    raise
                await self._hold(task, error, decision.seconds)

    async def _hold(self, task: Task, error: DownloadError, seconds: float) -> None:
        task.hold, task.retry_at = error.failure, self._now() + seconds
        if isinstance(error, ServerBusy):
            self._aside.add(task.id)
            self._changed()
        self._touched(task, None)
        try:
            await asyncio.sleep(seconds)
        finally:
            task.hold = task.retry_at = None
            self._aside.discard(task.id)

    def _listed(self, task: Task) -> None:
        if self._running.get(task.id) is asyncio.current_task():
            del self._running[task.id]
            task.resolving = False

    async def _files_of(self, task: Task, manifest: Manifest, *, complete: bool) -> Files:
        """Make the items of a task, many on a thread; anew where the task goes to another folder meanwhile."""
        while True:
            root = task.root
            if len(manifest.files) <= OFF_LOOP_FILES:
                return _files(root, manifest, complete=complete)
            files = await settled(self._crew.write(lambda root=root: _files(root, manifest, complete=complete)))
            if root == task.root:
                return files

    def _take(self, task: Task, manifest: Manifest, files: Files, *, complete: bool) -> None:
        if self._roster.holds(task):
            task.described = complete
            task.completed_at = task.added_at if complete else None
            self._roster.set_items(task, manifest, files)

    # -- of what is only asked for -----------------------------------------------------------------------

    async def prepare(self, root: Path, handle: Handle, selection: Selection, *, fresh: bool) -> Prepared:
        """Return what a handle stands for, without adding anything.

        It does not wait for its turn among the listings of the list.

        Raises:
            DownloadError: There is no such thing, or the hub cannot be asked.
        """
        done = None if fresh else await self._find_complete(root, handle, selection)
        manifest = done or await self._resolve(handle, selection)
        if handle.hub == "cortexso" and not handle.revision:
            handle = replace(handle, revision=manifest.revision)
            if done is None and not fresh:  # the hub alone knows which branch a bare name stands for
                done = await self._find_complete(root, handle, selection)
                manifest = done or manifest
        return Prepared(handle, selection, manifest, is_complete=done is not None)

    def take(self, task: Task, manifest: Manifest) -> None:
        """Give a task the files that were found before it was added."""
        self.stop(task)
        self._take(task, manifest, _files(task.root, manifest, complete=False), complete=False)

    # -- both --------------------------------------------------------------------------------------------

    async def _find_complete(self, root: Path, handle: Handle, selection: Selection) -> Manifest | None:
        done: Manifest | None = None
        looked = False
        while not looked or (done is not None and self._sweeps):
            if self._sweeps:
                await asyncio.wait(list(self._sweeps))
            done = await settled(self._crew.write(library.find_complete, root, handle, selection))
            looked = True
        return done and self._with_urls(done)

    def _with_urls(self, done: Manifest) -> Manifest:
        """Say where the files of a complete model came from: one of them may have to be fetched again."""
        source = next((source for source in self._sources if source.hub == done.hub), None)
        if source is None:
            return done
        files = (replace(f, url=source.url_of(done.repo, done.commit, f.path, digest=f.hash)) for f in done.files)
        return replace(done, files=tuple(files))

    async def _resolve(self, handle: Handle, selection: Selection) -> Manifest:
        source = next((source for source in self._sources if source.matches(handle)), None)
        if source is None:
            raise UnsupportedHandle(f"No hub for {format_handle(handle)}")
        is_hub = handle.hub in ("huggingface", "cortexso")  # what the status bar calls the hub
        try:
            manifest = await source.resolve(handle, selection)
        except DownloadError as error:
            if not isinstance(error, ConnectFailed | TimedOut):
                self.hub_reachable = True
            elif is_hub:
                self.hub_reachable = False
            raise
        if is_hub:
            self.hub_reachable = True
        return manifest

    async def aclose(self) -> None:
        """Stop all of them."""
        await cancel_and_wait(*self._running.values())


def _files(root: Path, manifest: Manifest, *, complete: bool) -> Files:
    return Files(items_of(root, manifest, complete=complete))
