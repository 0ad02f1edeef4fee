"""What to do about a wrong hash when every block on the disk is what the server sent: ask for a second copy.

Mostly one byte went wrong on its way, so the second copy is compared with the first, block by block, in file order.
It comes over a new request to the hub, which may lead to another server; one block of it is in memory at a time.
Where the two differ at least one is wrong, so the block is replaced, and the hash decides whether that was it. The
hash is kept along the way: after a change only the rest of the file is read to see whether it is right now, and
that ends the traffic early. At the worst the whole file comes once more, as it would if it were begun anew, but
only what differs is written, and nothing that was right in both copies is put at risk.
"""

import asyncio
import random

import httpx

from core.errors import DownloadError, HashMismatch, Truncated
from core.net.client import Net
from core.net.errors import translated
from core.net.reply import address_of
from core.transfer import retry
from core.transfer.blocks import BlockMap, Digest, Entry
from core.transfer.claim import Claim
from core.transfer.disk import PartFile
from core.transfer.grow import RANGE_BYTES
from core.transfer.hashing import PrefixHasher
from core.transfer.job import Crew, Job, Report, finished, settled
from core.transfer.link import Link, LinkExpired
from core.transfer.reply import check_kind, check_length, check_range, check_version

EARLY_CHECKS_MOST = 8  # of the hash; each reads the rest of the file


class Mender:
    """Compares a complete part with a second copy from the hub and takes over what differs."""

    def __init__(
        self,
        job: Job,
        *,
        net: Net,
        crew: Crew,
        report: Report,
        part: PartFile,
        blocks: BlockMap,
        claim: Claim,
    ) -> None:
        assert job.identity.size is not None
        self._job = job
        self._net = net
        self._crew = crew
        self._report = report
        self._part = part
        self._blocks = blocks
        self._claim = claim
        self._size: int = job.identity.size
        self._entries = blocks.entries()
        self._next = 0
        self._changes = 0
        self._hasher = PrefixHasher(job.identity.hash, self._size)
        self._link = Link(job.identity)  # the hub is asked anew: it may lead to another server

    async def run(self) -> bool:
        """Compare until the hash is right or all is compared; return whether it is right.

        Raises:
            DownloadError: The second copy cannot be had, or the disk does not take it.
        """
        fruitless = 0
        while self._next < len(self._entries):
            before = self._next
            try:
                if await self._compare():
                    return True
            except DownloadError as error:
                fruitless = 0 if self._next != before else retry.counted(error, fruitless)
                decision = retry.after_failure(error, fruitless, jitter=random.random())
                shown = error.refusal if isinstance(error, LinkExpired) else error
                if isinstance(decision, retry.GiveUp):
                    raise shown from error
                self._report.connections(0)
                self._report.backing_off(shown, decision.seconds)
                await asyncio.sleep(decision.seconds)
                self._report.connecting()
                self._link = Link(self._job.identity)
            finally:
                self._report.connections(0)
        return bool(self._changes) and self._is_right(self._hasher)

    async def _compare(self) -> bool:
        """Go on from the next block over one request; return True as soon as the hash is right."""
        start, name = self._entries[self._next][0], self._job.identity.path
        until = start + RANGE_BYTES  # no more than this is on its way in vain when the hash turns out right
        last = next((n for n, (_, end, _) in enumerate(self._entries) if end >= until), len(self._entries) - 1)
        stop = self._entries[last][1]
        link = self._link
        self._report.connections(1)
        async with link.open(self._net, f"bytes={start}-{stop - 1}") as response:
            skip = self._check(response, link.host, start, stop=stop)
            self._report.verifying()
            buffer = bytearray()
            pieces = response.aiter_raw()
            while self._next <= last:
                with translated(address_of(response)):
                    piece = await anext(pieces, b"")
                if not piece:
                    raise Truncated(f"{link.host} ended the transfer of {name} early")
                self._report.received(len(piece))
                dropped = min(skip, len(piece))
                skip -= dropped
                buffer += piece[dropped:]
                while self._next <= last:
                    entry = self._entries[self._next]
                    length = entry[1] - entry[0]
                    if len(buffer) < length:
                        break
                    data = bytes(buffer[:length])
                    del buffer[:length]
                    if await self._take(entry, data):
                        return True
        return False

    def _check(self, response: httpx.Response, host: str, start: int, *, stop: int) -> int:
        """Check the head of the reply; return how many bytes of its body come before `start`."""
        headers, name = response.headers, self._job.identity.path
        check_kind(headers, host=host, name=name)
        if pinned := self._job.identity.pinned_version:
            check_version(headers, pinned, host=host, name=name)
        if response.status_code == 206:
            check_range(headers, start, stop, size=self._size, name=name)
            return 0
        check_length(headers, size=self._size, name=name)
        return start

    async def _take(self, entry: Entry, data: bytes) -> bool:
        """Compare one block, and take it over where it differs; return True where the hash is right then."""
        start, end, _ = entry
        differs = await settled(self._crew.hash(self._replace, start, data))
        self._next += 1
        self._report.checked(end)
        if not differs:
            return False
        self._changes += 1
        self._blocks.record(Digest(start).feed([data]))
        await settled(self._crew.write(self._keep, self._blocks.entries()))
        return self._changes <= EARLY_CHECKS_MOST and await self._is_right_already()

    def _replace(self, start: int, data: bytes) -> bool:
        differs = self._part.read(start, len(data)) != data
        if differs:
            self._claim.check()
            self._part.write(start, [data])
        self._hasher.feed([data])
        return differs

    def _keep(self, entries: list[Entry]) -> None:
        self._part.sync()
        self._claim.note(entries)

    async def _is_right_already(self) -> bool:
        """Hash on over the rest as it is on the disk."""
        hasher = self._hasher.resumed()
        reading = self._crew.hash(hasher.advance, self._size, self._part.read_into)
        try:
            await asyncio.wait([reading])
        except asyncio.CancelledError:
            hasher.stop()
            await finished(reading)
            raise
        reading.result()
        return self._is_right(hasher)

    def _is_right(self, hasher: PrefixHasher) -> bool:
        try:
            hasher.check(self._job.identity.path)
        except HashMismatch:
            return False
        return True
