"""The life of one item, from what is on the disk to the final name: the room's only door for the engine."""

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

from core.errors import HashMismatch, LocalError
from core.net.client import Net
from core.transfer import prepare
from core.transfer.blocks import BlockMap, Entry
from core.transfer.disk import PartFile, place, set_aside, set_final_aside, sync_folder, write_control
from core.transfer.fetch import Fetch
from core.transfer.hashing import PrefixHasher
from core.transfer.job import Crew, Job, Report, finished, settled
from core.transfer.small import OneGo

T = TypeVar("T")

LOOK_EVERY_S = 0.25


class Download:
    """One run of one item; make a new one for the next run."""

    def __init__(self, job: Job, *, net: Net, crew: Crew, report: Report) -> None:
        self._job = job
        self._net = net
        self._crew = crew
        self._report = report
        self._fetch: Fetch | None = None
        self._allotment = 1

    @property
    def is_in_one_go(self) -> bool:
        """Comes on one connection, which is held to the end."""
        return self._job.identity.size is None or self._job.is_small

    def allot(self, count: int) -> None:
        """Use at most `count` connections from now on."""
        self._allotment = count
        if self._fetch is not None:
            self._fetch.allot(count)

    async def run(self) -> int:
        """Bring the file under its final name, right and durable; return its size.

        Cancelling keeps every byte that came.

        Raises:
            DownloadError: It cannot go on.
        """
        found = await settled(self._crew.write(prepare.survey, self._job))
        if found.exists:
            try:
                return await self._adopt()
            except LocalError:
                if not self._job.replaces:
                    raise
            await settled(self._crew.write(set_final_aside, self._job.final))
            self._report.durable(0)
            found = await settled(self._crew.write(prepare.survey, self._job))
        if self.is_in_one_go:
            self._report.connecting()
            return await OneGo(self._job, net=self._net, crew=self._crew, report=self._report).run()
        return await self._large(found.entries)

    async def _adopt(self) -> int:
        self._report.verifying()
        size = await self._watched(lambda checked, stop: prepare.adopt(self._job, checked=checked, stop=stop))
        self._report.durable(size)
        return size

    async def _large(self, entries: list[Entry]) -> int:
        size = self._job.identity.size
        assert size is not None
        part = await self._open_part(fresh=not entries)
        try:
            if entries:
                self._report.verifying()
                entries = await self._watched(
                    lambda checked, stop: prepare.still_right(part, entries, checked=checked, stop=stop)
                )
            else:
                # From the first byte on a part of ours is known by its control file.
                await settled(self._crew.write(write_control, self._job.final, self._job.identity, []))
            blocks = BlockMap(entries)
            self._report.durable(blocks.total)
            await self._until_right(part, blocks, size)
            committing = self._crew.write(self._commit, part, size)
            await finished(committing)  # too late to stop: the file has its name, and that has to be known
            committing.result()
        finally:
            part.close()
        return size

    async def _open_part(self, *, fresh: bool) -> PartFile:
        opening = self._crew.write(lambda: PartFile(self._job.final, fresh=fresh))
        if await finished(opening):
            if opening.exception() is None:
                opening.result().close()
            raise asyncio.CancelledError
        return opening.result()

    async def _until_right(self, part: PartFile, blocks: BlockMap, size: int) -> None:
        """Fetch and hash; a wrong hash costs the wrong blocks, the second one the copy."""
        for last in (False, True):
            hasher = PrefixHasher(self._job.identity.hash, size)
            if blocks.total < size:
                self._report.connecting()
                self._fetch = Fetch(
                    self._job,
                    net=self._net,
                    crew=self._crew,
                    report=self._report,
                    part=part,
                    blocks=blocks,
                    hasher=hasher,
                )
                self._fetch.allot(self._allotment)
                try:
                    await self._fetch.run()
                finally:
                    self._fetch = None
            self._report.verifying()
            hasher = await self._hash_rest(hasher, part, size)
            try:
                hasher.check(self._job.identity.path)
            except HashMismatch:
                if last:
                    part.close()
                    await settled(self._crew.write(lambda: set_aside(self._job.final, bad=True)))
                    self._report.durable(0)
                    raise
                await self._drop_wrong(part, blocks)
            else:
                return

    async def _hash_rest(self, before: PrefixHasher, part: PartFile, size: int) -> PrefixHasher:
        hasher = before.resumed()

        def work(checked: Callable[[int], None], stop: threading.Event) -> None:
            while hasher.at < size and not stop.is_set():
                at = hasher.at
                hasher.advance(min(size, at + 32 * 2**20), part.read_into)
                checked(hasher.at)
                if hasher.at == at:
                    return  # the file is shorter than it was: the check will say so

        await self._watched(work)
        return hasher

    async def _drop_wrong(self, part: PartFile, blocks: BlockMap) -> None:
        """Forget the blocks that changed on the disk; where none did, the server's bytes are wrong: all of them."""
        entries = blocks.entries()
        right = await self._watched(
            lambda checked, stop: prepare.still_right(part, entries, checked=checked, stop=stop)
        )
        blocks.clear()
        if len(right) < len(entries):
            blocks.record(right)
        await settled(self._crew.write(write_control, self._job.final, self._job.identity, blocks.entries()))
        self._report.durable(blocks.total)

    def _commit(self, part: PartFile, size: int) -> None:
        part.truncate(size)
        part.sync()
        part.close()
        place(part.path, self._job.final)
        sync_folder(self._job.final.parent)

    async def _watched(self, work: Callable[[Callable[[int], None], threading.Event], T]) -> T:
        """Run long reading work on a hasher thread; pass its progress on; stop it when cancelled."""
        stop = threading.Event()
        count = 0

        def checked(done: int) -> None:
            nonlocal count
            count = done

        future = self._crew.hash(work, checked, stop)
        try:
            while not future.done():
                await asyncio.wait([future], timeout=LOOK_EVERY_S)
                self._report.checked(count)
        except asyncio.CancelledError:
            stop.set()
            await finished(future)
            future.exception()
            raise
        return future.result()
