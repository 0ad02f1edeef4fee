"""The life of one item, from what is on the disk to the final name: the room's only door for the engine."""

import asyncio
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from core.errors import DiskFull, DownloadError, FolderGone, HashMismatch, InUse, LocalError, NameTaken
from core.net.client import Net
from core.transfer import prepare, trouble
from core.transfer.blocks import BlockMap, Entry
from core.transfer.claim import Claim, other_owner
from core.transfer.disk import PartFile, Stamp, control_stamp, place, set_aside, set_final_aside, sync_folder
from core.transfer.fetch import Fetch
from core.transfer.ground import Ground
from core.transfer.hashing import PrefixHasher
from core.transfer.job import Crew, Job, Report, finished, settled
from core.transfer.mend import Mender
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
        self._ground: Ground | None = None
        self._looks = 0  # in vain, since a try last went well for a while
        self._went_on_at = 0.0
        self._idle = ""  # another run that wrote nothing for a while

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

        What passes by itself (a full or vanished disk) is waited for; then everything on the disk is looked at
        anew, since of what was being written nobody knows. Cancelling keeps every byte that came.

        Raises:
            DownloadError: It cannot go on.
        """
        while True:
            try:
                return await self._attempt()
            except trouble.HELD as error:
                if isinstance(error, DiskFull) and self._job.identity.size is None:
                    raise _unending(error) from error
                await self._hold(error)

    async def _attempt(self) -> int:
        found = await self._survey()
        if found.exists:
            try:
                return await self._adopt()
            except LocalError as error:
                if not self._job.replaces or isinstance(error, trouble.HELD):
                    raise
            await settled(self._crew.write(set_final_aside, self._job.final))
            self._report.durable(0)
            found = await self._survey()
        try:
            if self.is_in_one_go:
                self._report.connecting()
                return await OneGo(self._job, net=self._net, crew=self._crew, report=self._report).run()
            return await self._large(found.entries)
        except NameTaken:
            return await self._adopt()  # another process may have completed it

    async def _survey(self) -> prepare.Survey:
        found = await settled(self._crew.look(self._job.root, prepare.survey, self._job, self._ground))
        self._ground = found.ground
        return found

    async def _hold(self, error: LocalError) -> None:
        """Wait until what was met is over; whoever else writes to that disk is told, and waits too."""
        met: LocalError | None = error
        disks, device = self._crew.disks, self._ground.device if self._ground is not None else -1
        if isinstance(error, trouble.OF_THE_DISK) and self._ground is not None:
            disks.met(device, error)
        if time.monotonic() - self._went_on_at > trouble.LOOK_MOST_S:
            self._looks = 0
        with disks.holding(self._job.root, error):
            while met is not None:
                seconds = trouble.look_after_s(self._looks)
                self._looks += 1
                self._report.connections(0)
                self._report.holding(met, seconds)
                since = await settled(self._crew.write(_stamp_before, self._job))
                await disks.pause(device, seconds)
                met = await settled(self._crew.write(prepare.look, self._job, self._ground, error, since))
        disks.passed(device)
        self._went_on_at = time.monotonic()

    async def _adopt(self) -> int:
        self._report.verifying()
        size = await self._watched(lambda checked, stop: prepare.adopt(self._job, checked=checked, stop=stop))
        self._report.durable(size)
        return size

    async def _large(self, entries: list[Entry]) -> int:
        size = self._job.identity.size
        assert size is not None
        assert self._ground is not None
        other = await settled(self._crew.write(other_owner, self._job.final))
        if other not in ("", self._idle):
            self._idle = other
            raise InUse(f"Another program may be writing {self._job.final.name}")
        part = await self._open_part(fresh=not entries)
        try:
            claim = Claim(self._job, part, self._ground)
            if entries:
                self._report.verifying()
                entries = await self._watched(
                    lambda checked, stop: prepare.still_right(part, entries, checked=checked, stop=stop)
                )
            # From the first byte on a part of ours is known by its control file, and whose it is.
            await settled(self._crew.write(claim.note, entries))
            blocks = BlockMap(entries)
            self._report.durable(blocks.total)
            with self._crew.disks.told(self._ground.device, self._halt):
                await self._until_right(part, blocks, claim, size)
            committing = self._crew.write(self._commit, part, claim, size)
            await finished(committing)  # too late to stop: the file has its name, and that has to be known
            committing.result()
        finally:
            part.close()
        return size

    def _halt(self, error: DownloadError) -> None:
        if self._fetch is not None:
            self._fetch.halt(error)

    async def _open_part(self, *, fresh: bool) -> PartFile:
        opening = self._crew.write(lambda: PartFile(self._job.final, fresh=fresh))
        if await finished(opening):
            if opening.exception() is None:
                opening.result().close()
            raise asyncio.CancelledError
        return opening.result()

    async def _until_right(self, part: PartFile, blocks: BlockMap, claim: Claim, size: int) -> None:
        """Fetch and hash; a wrong hash costs the blocks that changed on the disk, then those that the server sent
        wrong, and only then the copy.
        """
        is_mended = False
        while True:
            hasher = PrefixHasher(self._job.identity.hash, size)
            if blocks.total < size:
                await self._fetch_rest(part, blocks, claim, hasher)
            self._report.verifying()
            hasher = await self._hash_rest(hasher, part, size)
            try:
                return hasher.check(self._job.identity.path)
            except HashMismatch as mismatch:
                if not is_mended and await self._drop_damaged(part, blocks, claim):
                    is_mended = True
                    continue
                mender = Mender(
                    self._job,
                    net=self._net,
                    crew=self._crew,
                    report=self._report,
                    part=part,
                    blocks=blocks,
                    claim=claim,
                )
                if await mender.run():
                    return None
                part.close()
                await settled(self._crew.write(lambda: set_aside(self._job.final, bad=True)))
                self._report.durable(0)
                raise mismatch

    async def _fetch_rest(self, part: PartFile, blocks: BlockMap, claim: Claim, hasher: PrefixHasher) -> None:
        self._report.connecting()
        self._fetch = Fetch(
            self._job,
            net=self._net,
            crew=self._crew,
            report=self._report,
            part=part,
            blocks=blocks,
            hasher=hasher,
            note=claim.note,
        )
        self._fetch.allot(self._allotment)
        try:
            await self._fetch.run()
        finally:
            self._fetch = None

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

    async def _drop_damaged(self, part: PartFile, blocks: BlockMap, claim: Claim) -> bool:
        """Forget the blocks that changed on the disk; return whether there are such."""
        entries = blocks.entries()
        right = await self._watched(
            lambda checked, stop: prepare.still_right(part, entries, checked=checked, stop=stop)
        )
        if len(right) == len(entries):
            return False
        blocks.clear()
        blocks.record(right)
        await settled(self._crew.write(claim.note, right))
        self._report.durable(blocks.total)
        return True

    def _commit(self, part: PartFile, claim: Claim, size: int) -> None:
        claim.check()
        if part.size < size:
            raise FolderGone(f"Another program cut {part.path.name} short")
        part.truncate(size)
        part.sync()
        part.close()
        place(part.path, self._job.final, number=part.number)
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


def _unending(error: DiskFull) -> DiskFull:
    """Return the error of a file whose size nobody tells: it may have no end, and then every disk is too small."""
    return DiskFull(
        error.message,
        meaning="The server does not say how large the file is, so it is not waited for; it would begin anew.",
        action="Free much space, or choose another models folder, then try again.",
    )


def _stamp_before(job: Job) -> Stamp | None:
    """Return what the control file looks like now; None where that cannot be told."""
    try:
        return control_stamp(job.final)
    except LocalError:
        return None
