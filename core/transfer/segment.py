"""One connection at work on one range: request, checks, pieces, hand-over to the writer."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import httpx

from core.errors import DownloadError, Truncated
from core.net.client import Net
from core.net.errors import translated
from core.net.reply import address_of
from core.transfer.blocks import BlockMap, Digest, Entry
from core.transfer.disk import PartFile
from core.transfer.job import Report, finished
from core.transfer.lane import Lane
from core.transfer.link import Link
from core.transfer.pace import TRIFLE_BYTES, Pace
from core.transfer.reply import RangeIgnored, check_kind, check_length, check_range, check_start, check_version
from core.transfer.spans import Range

WRITE_BYTES = 2**20  # gathered before the writer is called: few wake-ups, bounded memory
WRITE_BYTES_OF_FEW = 2 * 2**20  # by each of few connections
WRITE_EVERY_S = 0.25  # on a slow line less than that is written
FLUSH_SOON_BYTES = 12 * 2**20  # one flush is for all connections: the first that has this much asks for it
FLUSH_MOST_BYTES = 16 * 2**20  # a crash costs at most this much a connection


class Segment:
    """Fetches `range` and writes it; one write is under way while the next piece is gathered.

    Attributes:
        range: The range; its end may move down while it runs.
        moved: Bytes that came in this run.
        error: What ended it; None when the range is complete or it was stopped.
        pace: How fast it is.
        is_open: An answer has come.
        is_held: It waits for the disk, not for the server.
        is_slow: It was ended because it was too slow.
    """

    def __init__(
        self,
        taken: Range,
        *,
        part: PartFile,
        blocks: BlockMap,
        lane: Lane,
        report: Report,
        flush_wanted: Callable[[], None],
        opened: Callable[[], None],
        follow: Callable[[Range], Range | None],
        write_bytes: int = WRITE_BYTES,
    ) -> None:
        self.range = taken
        self.moved = 0
        self.error: DownloadError | None = None
        self.pace = Pace()
        self.is_open = False
        self.is_held = False
        self.is_slow = False
        self._since = time.monotonic()
        self._part = part
        self._blocks = blocks
        self._lane = lane
        self._report = report
        self._flush_wanted = flush_wanted
        self._opened = opened
        self._follow = follow
        self._write_bytes = write_bytes
        self._digest = Digest(taken.start, blocks.open_entry(taken.start))
        self._pieces: list[bytes] = []
        self._gathered = 0
        self._handed_over_at = self._since
        self._write_at = taken.start
        self._writing: asyncio.Future[list[Entry]] | None = None
        self._recorded = 0  # bytes of this run noted in the block map
        self._covered = 0  # of these, in the flush under way
        self._durable = 0  # of these, on the disk
        self._flushed = asyncio.Event()

    @property
    def is_fruitful(self) -> bool:
        """It moved bytes, more than a trifle where it was slow."""
        return self.moved > (TRIFLE_BYTES if self.is_slow else 0)

    @property
    def left(self) -> int:
        """Bytes of the range that are still to come."""
        return self.range.left

    def too_slow(self, error: DownloadError) -> None:
        """Note that it will be ended for its slowness."""
        self.error, self.is_slow = error, True

    def seconds_left(self, now: float) -> float:
        """Return how long the rest takes at the speed so far; at least the time without a first byte."""
        elapsed = max(now - self._since, 1e-3)
        return self.range.left * elapsed / self.moved if self.moved else elapsed

    async def run(self, net: Net, link: Link, *, name: str, size: int, whole: bool, pinned: str) -> None:
        """Fetch until the range is complete, or note in `error` why not.

        With `whole` the file is asked for without a range and what is already there is read and dropped. `pinned`
        is the version that replies have to have; empty where the hash tells.
        """
        try:
            await self._fetch(net, link, name=name, size=size, whole=whole, pinned=pinned)
        except DownloadError as error:
            self.error = error
        finally:
            try:
                await self._drain()
            except DownloadError as error:
                self.error = error

    async def _fetch(self, net: Net, link: Link, *, name: str, size: int, whole: bool, pinned: str) -> None:
        start, asked_end = self.range.at, self.range.end
        async with link.open(net, "" if whole else f"bytes={start}-{asked_end - 1}") as response:
            headers = response.headers
            check_kind(headers, host=link.host, name=name)
            if pinned:
                check_version(headers, pinned, host=link.host, name=name)
            pieces, first, skip = response.aiter_raw(), b"", 0
            if response.status_code == 206:
                end = check_range(headers, start, asked_end, size=size, name=name)
            else:
                if headers.get("content-length") != str(size):
                    with translated(address_of(response)):
                        first = bytes(await anext(pieces, b""))
                    check_start(first, size=size, host=link.host, name=name)
                check_length(headers, size=size, name=name)
                if not whole and (start, asked_end) != (0, size):
                    raise RangeIgnored(f"{link.host} does not send parts of {name}")
                skip, end = start, size
            self.is_open = True
            self._report.transferring(link.host)
            self._opened()
            await self._read(response, pieces, first, end=end, skip=skip, whole=whole)
        if self.range.at < min(end, self.range.end):
            raise Truncated(f"{link.host} ended the transfer of {name} early")

    async def _read(
        self,
        response: httpx.Response,
        pieces: AsyncIterator[bytes],
        first: bytes,
        *,
        end: int,
        skip: int,
        whole: bool,
    ) -> None:
        with translated(address_of(response)):
            try:
                while piece := first or await anext(pieces, b""):
                    first = b""
                    if skip:
                        skip, piece = max(0, skip - len(piece)), piece[skip:]
                    rest = piece[max(0, min(end, self.range.end) - self.range.at) :]
                    if piece and self._take(piece, end):
                        if not whole or (gap := await self._turn_to_next()) is None:
                            break
                        skip, first = gap, rest
                    waited_s = time.monotonic() - self._handed_over_at
                    if self._gathered >= self._write_bytes or waited_s >= WRITE_EVERY_S:
                        self.is_held = True
                        await self._write()
                        self.is_held = False
            finally:
                # What has arrived but was not yet asked for is not thrown away.
                read_nowait = response.extensions.get("read_nowait")
                if read_nowait is not None and not skip and self.range.at < min(end, self.range.end):
                    self._take(read_nowait(), end)

    async def _turn_to_next(self) -> int | None:
        """Go on with the next missing range of the same body; return the bytes in between, None where all came.

        A server that sends only whole files would otherwise send one for each hole of the part.
        """
        self.is_held = True
        if self._writing is not None:
            await asyncio.shield(self._writing)
        self._hand_over()
        if self._writing is not None:
            await asyncio.shield(self._writing)
        self.is_held = False
        before = self.range
        following = self._follow(before)
        if following is None:
            return None
        self.range, self._write_at = following, following.start
        self._digest = Digest(following.start, self._blocks.open_entry(following.start))
        return following.start - before.end

    def _take(self, piece: bytes, end: int) -> bool:
        """Keep what belongs to the range; return whether it is complete."""
        end = min(end, self.range.end)
        room = end - self.range.at
        if len(piece) > room:
            piece = piece[: max(room, 0)]
        if piece:
            self._pieces.append(piece)
            self._gathered += len(piece)
            self.range.at += len(piece)
            self.moved += len(piece)
            self._report.received(len(piece))
        return self.range.at >= end

    async def _write(self) -> None:
        """Hand the gathered bytes over once the write before is done; wait where the disk is behind."""
        if self._writing is not None:
            await asyncio.shield(self._writing)
        self._hand_over()
        unflushed = self.moved - self._durable
        if unflushed >= FLUSH_SOON_BYTES:
            self._flush_wanted()
        while self.moved - self._durable >= FLUSH_MOST_BYTES:
            self._flushed.clear()
            self._flush_wanted()
            await self._flushed.wait()

    async def _drain(self) -> None:
        """See every byte that came written, even when cancelled meanwhile; raise what the disk said."""
        cancelled = False
        for last in (False, True):
            if self._writing is not None:
                cancelled |= await finished(self._writing)
                self._writing.result()
            if not last:
                self._hand_over()
        if cancelled:
            raise asyncio.CancelledError

    def _hand_over(self) -> None:
        if not self._pieces:
            return
        pieces, at, count = self._pieces, self._write_at, self._gathered
        self._pieces, self._gathered, self._handed_over_at = [], 0, time.monotonic()
        self._write_at = at + count
        self._writing = self._lane.write(self._write_job, at, pieces)
        self._writing.add_done_callback(lambda done: self._written(done, count))

    def _write_job(self, at: int, pieces: list[bytes]) -> list[Entry]:
        self._part.write(at, pieces)
        return self._digest.feed(pieces)

    def _written(self, done: "asyncio.Future[list[Entry]]", count: int) -> None:
        if done.cancelled() or done.exception() is not None:
            return
        self._blocks.record(done.result())
        self._recorded += count

    def flush_begins(self) -> None:
        """Note what the flush that begins now will make durable."""
        self._covered = self._recorded

    def flush_ended(self) -> None:
        """Note that the flush succeeded."""
        self._durable = self._covered
        self._flushed.set()
