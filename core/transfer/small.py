"""A file that comes in one go: small ones, and those whose size nobody tells. No control file, no second chance
for half of it: after a fault it begins again.
"""

import asyncio
import random
import time
from typing import cast

import httpx

from core.errors import DiskFull, DownloadError, HashMismatch, SizeMismatch, Stalled, Truncated
from core.net.client import Net
from core.net.errors import translated
from core.net.reply import address_of
from core.sizes import size_text
from core.transfer import pace, retry
from core.transfer.disk import PartFile, place, set_aside
from core.transfer.ground import RESERVE_BYTES, free_bytes
from core.transfer.hashing import PrefixHasher
from core.transfer.job import Crew, Job, Report, finished, settled
from core.transfer.link import Link, LinkExpired
from core.transfer.pace import Pace
from core.transfer.reply import check_kind, check_length, check_start, check_version

WRITE_BYTES = 2**20
LOOK_AT_SPACE_BYTES = 64 * 2**20  # of a file whose size nobody tells, and which may have no end


class OneGo:
    """Fetches one file on one connection."""

    def __init__(self, job: Job, *, net: Net, crew: Crew, report: Report) -> None:
        self._job = job
        self._net = net
        self._crew = crew
        self._report = report
        self._link = Link(job.identity)

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
                self._report.connecting()
            except DownloadError as error:
                fruitless = retry.counted(error, fruitless)
                if error.is_charged:
                    self._link.forget()  # a held try goes on where it was led to
                decision = retry.after_failure(error, fruitless, jitter=random.random())
                shown = error.refusal if isinstance(error, LinkExpired) else error
                if isinstance(decision, retry.GiveUp):
                    raise shown from error
                self._report.connections(0)
                self._report.backing_off(shown, decision.seconds)
                await asyncio.sleep(decision.seconds)
                self._report.connecting()

    async def _try(self) -> int:
        self._report.connections(1)
        name, size = self._job.identity.path, self._job.identity.size
        sink = _Sink(self._job)
        pieces: list[bytes] = []
        gathered = written = 0
        link = self._link
        try:
            async with link.open(self._net, "") as response:
                check_kind(response.headers, host=link.host, name=name)
                if pinned := self._job.identity.pinned_version:
                    check_version(response.headers, pinned, host=link.host, name=name)
                body = aiter(cast(httpx.AsyncByteStream, response.stream))  # what httpx counts of it nobody asks
                with translated(address_of(response)):
                    piece = await anext(body, b"")
                length = response.headers.get("content-length")
                if length is None or (size is not None and length != str(size)):
                    check_start(bytes(piece), size=size, host=link.host, name=name)
                if size is not None:
                    check_length(response.headers, size=size, name=name)
                self._report.transferring(link.host)
                speed, came_at = Pace(), time.monotonic()
                with translated(address_of(response)):
                    while piece:
                        pieces.append(piece)
                        gathered += len(piece)
                        self._report.received(len(piece))
                        if size is not None and written + gathered > size:
                            raise SizeMismatch(f"{link.host} sends more than the {size} bytes of {name}")
                        if gathered >= WRITE_BYTES:
                            await settled(self._crew.write(sink.write, pieces))
                            written, gathered, pieces = written + gathered, 0, []
                        now = time.monotonic()
                        full = speed.look(written + gathered, now - came_at, pace.STALL_AFTER_S)
                        if full and speed.rate < pace.FLOOR_BYTES_S:
                            raise Stalled(f"{link.host} sends {name} too slowly to ever come to an end")
                        came_at = now
                        piece = await anext(body, b"")
            total = written + gathered
            if size is not None and total < size:
                raise Truncated(f"{link.host} ended the transfer of {name} early")
            self._report.connections(0)
            self._report.landed()
            # From here on it is too late to stop: the file gets its name, and that has to be known.
            ending = self._crew.end(self._job.root, self._job.final.parent, sink.finish, pieces)
            await finished(ending)
            ending.result()
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
        self._look_at = LOOK_AT_SPACE_BYTES

    def write(self, pieces: list[bytes]) -> PartFile:
        """Write and hash the next bytes.

        Raises:
            LocalError: They cannot be written, or an unending file would fill the disk.
        """
        if self._part is None:
            self._part = PartFile(self._job.final, fresh=True)
        if self._job.identity.size is None and self._hasher.at >= self._look_at:
            self._look_at += LOOK_AT_SPACE_BYTES
            if free_bytes(self._job.final.parent) < RESERVE_BYTES:
                came = f"{size_text(self._hasher.at)} of {self._job.identity.path} came"
                raise DiskFull(f"No space left: {came}, and the server does not say how much there is")
        self._part.write(self._hasher.at, pieces)
        self._hasher.feed(pieces)
        return self._part

    def finish(self, pieces: list[bytes]) -> None:
        """Write the rest, check the hash, make it durable and give it its name, in one hop to the thread."""
        part = self.write(pieces)
        self._hasher.check(self._job.identity.path)
        part.sync()
        part.close()
        place(part.path, self._job.final, number=part.number)

    def close(self) -> None:
        """Let go of the part."""
        if self._part is not None:
            self._part.close()
