"""A file that comes in one go: small ones, and those whose size nobody tells. No control file, no second chance
for half of it: after a fault it begins again.
"""

import asyncio
import random

from core.errors import DownloadError, HashMismatch, SizeMismatch, Truncated
from core.net.client import Net
from core.net.errors import translated
from core.spawn import spawn
from core.transfer import retry
from core.transfer.disk import PartFile, place, set_aside
from core.transfer.hashing import PrefixHasher
from core.transfer.job import Crew, Job, Report, finished, settled
from core.transfer.link import Link
from core.transfer.reply import check_kind, check_length, check_version

WRITE_BYTES = 2**20


class OneGo:
    """Fetches one file on one connection."""

    def __init__(self, job: Job, *, net: Net, crew: Crew, report: Report) -> None:
        self._job = job
        self._net = net
        self._crew = crew
        self._report = report

    async def run(self) -> int:
        """Fetch, check, sync and place the file; return its size.

        Raises:
            DownloadError: It cannot go on.
        """
        fruitless = wrong = 0
        while True:
            try:
                return await self._try()
            except HashMismatch:
                wrong += 1
                if wrong == 2:
                    await settled(self._crew.write(lambda: set_aside(self._job.final, bad=True)))
                    raise
            except DownloadError as error:
                fruitless += 1
                decision = retry.after_failure(error, fruitless, jitter=random.random())
                if isinstance(decision, retry.GiveUp):
                    raise
                self._report.connections(0)
                self._report.backing_off(error, decision.seconds)
                await asyncio.sleep(decision.seconds)
                self._report.connecting()

    async def _try(self) -> int:
        self._report.connections(1)
        name, size = self._job.identity.path, self._job.identity.size
        sink = _Sink(self._job)
        pieces: list[bytes] = []
        gathered = written = 0
        try:
            link = Link(self._job.identity.url)
            async with link.open(self._net, "", name=name) as response:
                check_kind(response.headers, host=link.host, name=name)
                if pinned := self._job.identity.pinned_version:
                    check_version(response.headers, pinned, host=link.host, name=name)
                if size is not None:
                    check_length(response.headers, size=size, name=name)
                self._report.transferring(link.host)
                with translated(str(response.url)):
                    async for piece in response.aiter_raw():
                        pieces.append(piece)
                        gathered += len(piece)
                        self._report.received(len(piece))
                        if size is not None and written + gathered > size:
                            raise SizeMismatch(f"{link.host} sends more than the {size} bytes of {name}")
                        if gathered >= WRITE_BYTES:
                            await settled(self._crew.write(sink.write, pieces))
                            written, gathered, pieces = written + gathered, 0, []
            total = written + gathered
            if size is not None and total < size:
                raise Truncated(f"{link.host} ended the transfer of {name} early")
            # From here on it is too late to stop: the file gets its name, and that has to be known.
            ending = self._crew.write(sink.finish, pieces)
            await finished(ending)
            ending.result()
            syncing = spawn(self._crew.sync_folder(self._job.final.parent), name="sync folder")
            await finished(syncing)
            syncing.result()
        finally:
            sink.close()
            self._report.connections(0)
        self._report.durable(total)
        return total


class _Sink:
    """The disk's side of it: a part that is opened with its first bytes. `write` and `finish` block."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._part: PartFile | None = None
        self._hasher = PrefixHasher(job.identity.hash, job.identity.size or 0)

    def write(self, pieces: list[bytes]) -> PartFile:
        """Write and hash the next bytes."""
        if self._part is None:
            self._part = PartFile(self._job.final, fresh=True)
        self._part.write(self._hasher.at, pieces)
        self._hasher.feed(pieces)
        return self._part

    def finish(self, pieces: list[bytes]) -> None:
        """Write the rest, check the hash, make it durable and give it its name, in one hop to the thread."""
        part = self.write(pieces)
        self._hasher.check(self._job.identity.path)
        part.sync()
        part.close()
        place(part.path, self._job.final)

    def close(self) -> None:
        """Let go of the part."""
        if self._part is not None:
            self._part.close()
