"""What one download is given: the job, the threads that work on disks, and whom it tells."""

import asyncio
import contextlib
import os
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol, TypeVar

from msgspec import Struct

from core.errors import DownloadError
from core.transfer.control import Identity
from core.transfer.disk import Stamp, sync_folder
from core.transfer.lane import Habit, Lane
from core.transfer.trouble import Disks

T = TypeVar("T")

_Look = tuple["asyncio.Future[Any]", Callable[..., Any], tuple[object, ...]]
_Ending = tuple["asyncio.Future[None]", Path, Callable[..., object], tuple[object, ...]]
_Found = tuple[object, BaseException | None]

SMALL_BYTES = 2**20  # below this a file comes in one go and has no control file
WRITERS = 4  # more than one, so that a slow disk does not hold up the others
HASHERS = 2
CHECKERS = 2  # verifications at once; threads of their own, since each may read for many minutes
WORKER_NICENESS = 10
# Small files that have come are written together: so many of one models folder in a hop, a group at most so often.
GROUP_MOST = 8
GROUP_EVERY_S = 0.02
GROUPS_AT_ONCE = 3  # one writer is left to the flushes of large files


class Job(Struct, frozen=True):
    """One file to fetch.

    Attributes:
        identity: Which bytes, and where from.
        final: Where they go.
        root: The models folder; nothing above it is created or followed.
        also_right: Further hashes that a file which stands there already may have (a rewritten model.yml).
        was_whole: All of its bytes were kept before: a file of that size under the final name is ours.
        replaces: What stands under the final name was ours and is damaged: it is set aside, not left alone.
        known_wrong: What that file looked like from outside when it was found damaged (`disk.stamp`).
        has_begun: Something of its model was kept before: a models folder that is not there is away, not new.
    """

    identity: Identity
    final: Path
    root: Path
    also_right: tuple[str, ...] = ()
    was_whole: bool = False
    replaces: bool = False
    known_wrong: Stamp | None = None
    has_begun: bool = False

    @property
    def is_small(self) -> bool:
        """Comes in one go, without a control file."""
        return self.identity.size is not None and self.identity.size < SMALL_BYTES


class Report(Protocol):
    """Whom a download tells; called on the loop, never from a thread."""

    def connecting(self) -> None:
        """A first connection of a try is being opened."""

    def transferring(self, host: str) -> None:
        """Bytes come from `host`."""

    def backing_off(self, error: DownloadError, seconds: float) -> None:
        """A try failed; the next comes after `seconds`."""

    def holding(self, error: DownloadError, seconds: float) -> None:
        """It waits for this machine, without a connection; the next look comes after `seconds`."""

    def verifying(self) -> None:
        """What is on the disk is read and checked."""

    def landed(self) -> None:
        """All bytes came and the connection is free for others; what is left is to write them."""

    def checked(self, count: int) -> None:
        """So many bytes are checked so far."""

    def received(self, count: int) -> None:
        """So many more bytes came from the network."""

    def durable(self, total: int) -> None:
        """So many bytes are on the disk in all."""

    def connections(self, count: int) -> None:
        """So many connections are open."""

    def wants(self, count: int) -> None:
        """So many connections would be of use."""


def _stand_back() -> None:
    """Let the thread of the loop go first where both want the processor; only Linux has it a thread."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), WORKER_NICENESS)


class Crew:
    """The threads that write, sync and hash; owned by the engine, shared by all downloads.

    Attributes:
        disks: Which file systems are in trouble.
        stands_back: Those that write, too, leave the processor to whoever wants it, as far as they have not started
            yet, like those that hash. In a terminal nobody looks at the loop, and what is not written costs memory.
        writes_on_loop: Disks that take large pieces promptly are written to without a thread.
    """

    def __init__(self) -> None:
        self.disks = Disks()
        self.stands_back = False
        self.writes_on_loop = False
        self._writers = ThreadPoolExecutor(
            WRITERS, thread_name_prefix="pulley-write", initializer=self._begin_to_write
        )
        self._hashers = ThreadPoolExecutor(HASHERS, thread_name_prefix="pulley-hash", initializer=_stand_back)
        self._checkers = ThreadPoolExecutor(CHECKERS, thread_name_prefix="pulley-check", initializer=_stand_back)
        self._folder_syncs: dict[Path, asyncio.Future[None]] = {}
        self._lanes: dict[Path, list[_Look]] = {}
        self._endings: dict[Path, _Endings] = {}

    def _begin_to_write(self) -> None:
        if self.stands_back:
            _stand_back()

    def write(self, work: Callable[..., T], *args: object) -> "asyncio.Future[T]":
        """Run `work` on a writer thread; the future is of the running loop."""
        return asyncio.wrap_future(self._writers.submit(work, *args))

    def lane(self) -> "Lane":
        """Return a way to the writers for one file."""
        return Lane(self._writers, Habit() if self.writes_on_loop else None)

    def look(self, root: Path, work: Callable[..., T], *args: object) -> "asyncio.Future[T]":
        """Run `work`, which looks at files below `root`; all that is asked for while one look runs shares the next
        hop to a thread.
        """
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        lane = self._lanes.get(root)
        if lane is None:
            lane = self._lanes[root] = []
            asyncio.get_running_loop().call_soon(self._look, root)
        lane.append((answer, work, args))
        return answer

    def _look(self, root: Path) -> None:
        looks, self._lanes[root] = self._lanes[root], []
        if not looks:
            del self._lanes[root]
            return

        def looked(found: list[_Found]) -> None:
            for (answer, _, _), (result, failure) in zip(looks, found, strict=True):
                _settle(answer, result, failure)
            self._look(root)

        self._grouped(_all_of, looks, then=looked)

    def _grouped(
        self, work: Callable[..., list[_Found]], group: Sequence[object], *, then: Callable[[list[_Found]], None]
    ) -> None:
        """Run `work` on a group in a thread, and `then` with what was found of each."""
        try:
            running = self.write(work, group)
        except RuntimeError as error:  # the threads are closed
            then([(None, error)] * len(group))
            return

        def ended(done: "asyncio.Future[list[_Found]]") -> None:
            failure = RuntimeError("the threads are closed") if done.cancelled() else done.exception()
            then(done.result() if failure is None else [(None, failure)] * len(group))

        running.add_done_callback(ended)

    def end(self, root: Path, folder: Path, work: Callable[..., object], *args: object) -> "asyncio.Future[None]":
        """Run `work`, which gives a small file below `root` its name in `folder`, then make that name durable.

        The first is written at once; what comes soon after it goes together, and costs one hop and one sync of
        each folder.
        """
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        endings = self._endings.get(root)
        if endings is None:
            endings = self._endings[root] = _Endings(self._grouped)
        endings.add((answer, folder, work, args))
        return answer

    def hash(self, work: Callable[..., T], *args: object) -> "asyncio.Future[T]":
        """Run `work`, which reads more than it writes, on a hasher thread."""
        return asyncio.wrap_future(self._hashers.submit(work, *args))

    def check(self, work: Callable[..., T], *args: object) -> "asyncio.Future[T]":
        """Run `work`, which reads finished files, on a thread that no download waits for."""
        return asyncio.wrap_future(self._checkers.submit(work, *args))

    async def sync_folder(self, folder: Path) -> None:
        """Make names in `folder` durable; callers that come while one sync runs share the next."""
        running = self._folder_syncs.get(folder)
        if running is not None:
            await asyncio.shield(running)
            waiting = self._folder_syncs.get(folder)
            if waiting is not None and waiting is not running:
                await asyncio.shield(waiting)
                return
        sync = self._folder_syncs[folder] = self.write(sync_folder, folder)
        sync.add_done_callback(lambda done: self._forget(folder, done))
        await asyncio.shield(sync)

    def _forget(self, folder: Path, done: "asyncio.Future[None]") -> None:
        if self._folder_syncs.get(folder) is done:
            del self._folder_syncs[folder]
        if not done.cancelled():
            done.exception()  # each waiter has its own copy; nobody else has to look

    def close(self) -> None:
        """Let running work end; start nothing more."""
        self._writers.shutdown(wait=False, cancel_futures=False)
        self._hashers.shutdown(wait=False, cancel_futures=False)
        self._checkers.shutdown(wait=False, cancel_futures=False)


def _settle(answer: "asyncio.Future[Any]", result: object, failure: BaseException | None) -> None:
    """Give an answer to whoever still waits for it."""
    if answer.done():
        return
    if failure is not None:
        answer.set_exception(failure)
    else:
        answer.set_result(result)


def _all_of(looks: list[_Look]) -> list[_Found]:
    results: list[_Found] = []
    for _, work, args in looks:
        try:
            results.append((work(*args), None))
        except Exception as error:
            results.append((None, error))
    return results


class _Endings:
    """Small files of one models folder that wait to be written, and the groups that are."""

    def __init__(self, run: Callable[..., None]) -> None:
        self._run = run
        self._waiting: list[_Ending] = []
        self._timer: asyncio.Handle | None = None
        self._began = float("-inf")
        self._running = 0

    def add(self, ending: _Ending) -> None:
        self._waiting.append(ending)
        self._look()

    def _look(self) -> None:
        """Begin a group when it is time for one."""
        if not self._waiting or self._running >= GROUPS_AT_ONCE:
            return
        loop = asyncio.get_running_loop()
        if len(self._waiting) >= GROUP_MOST:
            self._begin()
        elif self._timer is None:
            at = self._began + GROUP_EVERY_S
            is_due = at <= loop.time()
            self._timer = loop.call_soon(self._begin) if is_due else loop.call_at(at, self._begin)

    def _begin(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._waiting or self._running >= GROUPS_AT_ONCE:
            return
        self._began = asyncio.get_running_loop().time()
        group, self._waiting = self._waiting[:GROUP_MOST], self._waiting[GROUP_MOST:]
        self._running += 1

        def ended(found: list[_Found]) -> None:
            self._running -= 1
            for (answer, *_), (_, failure) in zip(group, found, strict=True):
                _settle(answer, None, failure)
            self._look()

        self._run(_end_all, group, then=ended)


def _end_all(group: list[_Ending]) -> list[_Found]:
    found = _all_of([(answer, work, args) for answer, _, work, args in group])
    for folder in {ending[1] for ending, (_, failure) in zip(group, found, strict=True) if failure is None}:
        try:
            sync_folder(folder)
        except Exception as error:
            for number, ending in enumerate(group):
                if ending[1] == folder and found[number][1] is None:
                    found[number] = (None, error)
    return found


async def finished(future: "asyncio.Future[T]") -> bool:
    """Wait for work in a thread to its real end; return whether the waiter was cancelled meanwhile."""
    cancelled = False
    while not future.done():
        waiter = asyncio.get_running_loop().create_future()

        def wake(_: object, waiter: "asyncio.Future[None]" = waiter) -> None:
            if not waiter.done():
                waiter.set_result(None)

        future.add_done_callback(wake)
        try:
            await waiter
        except asyncio.CancelledError:
            cancelled = True
            future.remove_done_callback(wake)
    return cancelled


async def settled(future: "asyncio.Future[T]") -> T:
    """Wait for work in a thread to its real end, then return its result or pass the cancellation on.

    A file must not be closed under a thread that still writes to it.
    """
    if await finished(future):
        future.exception()  # looked at, so that it is not reported as lost
        raise asyncio.CancelledError
    return future.result()
