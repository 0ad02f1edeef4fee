"""What one download is given: the job, the threads that work on disks, and whom it tells."""

import asyncio
import contextlib
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from core.errors import DownloadError
from core.spawn import spawn
from core.transfer.control import Identity
from core.transfer.disk import Stamp, sync_folder
from core.transfer.trouble import Disks

T = TypeVar("T")

SMALL_BYTES = 2**20  # below this a file comes in one go and has no control file
WRITERS = 4  # more than one, so that a slow disk does not hold up the others
HASHERS = 2
CHECKERS = 2  # verifications at once; threads of their own, since each may read for many minutes
WORKER_NICENESS = 10


@dataclass(frozen=True, slots=True)
class Job:
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
    """Let the thread of the window go first where both want the processor; only Linux has it a thread."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), WORKER_NICENESS)


class Crew:
    """The threads that write, sync and hash; owned by the engine, shared by all downloads.

    Attributes:
        disks: Which file systems are in trouble.
    """

    def __init__(self) -> None:
        self.disks = Disks()
        self._writers = ThreadPoolExecutor(WRITERS, thread_name_prefix="pulley-write", initializer=_stand_back)
        self._hashers = ThreadPoolExecutor(HASHERS, thread_name_prefix="pulley-hash", initializer=_stand_back)
        self._checkers = ThreadPoolExecutor(CHECKERS, thread_name_prefix="pulley-check", initializer=_stand_back)
        self._folder_syncs: dict[Path, asyncio.Future[None]] = {}
        self._lanes: dict[Path, list[_Look]] = {}

    def write(self, work: Callable[..., T], *args: object) -> "asyncio.Future[T]":
        """Run `work` on a writer thread; the future is of the running loop."""
        return asyncio.wrap_future(self._writers.submit(work, *args))

    def look(self, root: Path, work: Callable[..., T], *args: object) -> "asyncio.Future[T]":
        """Run `work`, which looks at files below `root`; all that is asked for while one look runs shares the next
        hop to a thread.
        """
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        lane = self._lanes.get(root)
        if lane is None:
            lane = self._lanes[root] = []
            spawn(self._look(root, lane), name="look at files")
        lane.append((answer, work, args))
        return answer

    async def _look(self, root: Path, lane: "list[_Look]") -> None:
        while lane:
            looks, lane[:] = lane[:], []
            try:
                found = await self.write(_all_of, looks)
            except RuntimeError as error:  # the threads are closed
                found = [(None, error)] * len(looks)
            for (answer, _, _), (result, failure) in zip(looks, found, strict=True):
                if answer.cancelled():
                    continue
                if failure is not None:
                    answer.set_exception(failure)
                else:
                    answer.set_result(result)
        del self._lanes[root]

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


_Look = tuple["asyncio.Future[Any]", Callable[..., Any], tuple[object, ...]]


def _all_of(looks: list[_Look]) -> list[tuple[object, Exception | None]]:
    results: list[tuple[object, Exception | None]] = []
    for _, work, args in looks:
        try:
            results.append((work(*args), None))
        except Exception as error:
            results.append((None, error))
    return results


async def finished(future: "asyncio.Future[T]") -> bool:
    """Wait for work in a thread to its real end; return whether the waiter was cancelled meanwhile."""
    cancelled = False
    while not future.done():
        try:
            await asyncio.wait([future])
        except asyncio.CancelledError:
            cancelled = True
    return cancelled


async def settled(future: "asyncio.Future[T]") -> T:
    """Wait for work in a thread to its real end, then return its result or pass the cancellation on.

    A file must not be closed under a thread that still writes to it.
    """
    if await finished(future):
        future.exception()  # looked at, so that it is not reported as lost
        raise asyncio.CancelledError
    return future.result()
