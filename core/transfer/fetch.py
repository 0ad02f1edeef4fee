"""All connections of one item: hands out ranges, grows and shrinks, backs off, flushes, keeps the hash going."""

import asyncio
import random
import time
from collections.abc import Callable

from core.errors import ConnectFailed, DownloadError, Stalled
from core.net.client import Net
from core.spawn import spawn
from core.transfer import retry
from core.transfer.blocks import BlockMap, Entry
from core.transfer.disk import PartFile
from core.transfer.grow import PROBE_S, RANGE_BYTES, STEAL_LEAST_BYTES, STEAL_WORTH_S, Growth, useful
from core.transfer.hashing import PrefixHasher
from core.transfer.job import Crew, Job, Report, finished
from core.transfer.link import EtagChanged, Link, LinkExpired
from core.transfer.pace import Watchdog
from core.transfer.reply import RangeIgnored, RangeWrong
from core.transfer.segment import WRITE_BYTES, WRITE_BYTES_OF_FEW, Segment
from core.transfer.spans import Range, Work

FLUSH_EVERY_S = 0.25
FEW_CONNECTIONS = 4  # so many may each take more memory
HASH_STEP_BYTES = 4 * 2**20
EXPIRED_LINKS_MOST = 3  # in a row without a byte: then it is no expiry
ASKED_ANEW_AFTER = 2  # tries in a row without a byte
WRONG_RANGES_MOST = 2  # in a row: then the whole file is asked for


class Fetch:
    """Brings the missing ranges of one part file in.

    `allotment` is how many connections the budget gives; change it at any time with `allot`. `note` keeps what is
    on the disk, on a writer thread.
    """

    def __init__(
        self,
        job: Job,
        *,
        net: Net,
        crew: Crew,
        report: Report,
        part: PartFile,
        blocks: BlockMap,
        hasher: PrefixHasher,
        note: Callable[[list[Entry]], None],
    ) -> None:
        assert job.identity.size is not None
        self._job = job
        self._net = net
        self._crew = crew
        self._lane = crew.lane()
        self._report = report
        self._part = part
        self._blocks = blocks
        self._hasher = hasher
        self._note = note
        self._size: int = job.identity.size
        self.work = Work(self._size, blocks.spans)
        self._link = Link(job.identity)
        self._growth = Growth()
        self._segments: dict[asyncio.Task[None], Segment] = {}
        self._ended: list[Segment] = []
        self._wake = asyncio.Event()
        self._allotment = 1
        self._halted: DownloadError | None = None
        self._received = 0
        self._brought = 0  # without the trifles of connections that were too slow
        self._marked = 0
        self._fruitless = 0
        self._expired = 0
        self._wrong_ranges = 0
        self._whole = False
        self._resting: DownloadError | None = None
        self._rests_until = 0.0
        self._watchdog = Watchdog(time.monotonic())
        self._flushing: asyncio.Future[None] | None = None
        self._flush_now = False
        self._flushed_at = time.monotonic()
        self._flushed_total = blocks.total
        self._hashing: asyncio.Future[None] | None = None

    def allot(self, count: int) -> None:
        """Use at most `count` connections from now on; bytes of those that close are kept."""
        self._allotment = count
        self._wake.set()

    def halt(self, error: DownloadError) -> None:
        """End soon with this error, which another download met on the same disk; what came is kept."""
        self._halted = error
        self._wake.set()

    async def run(self) -> None:
        """Fetch until every byte is written, synced and recorded.

        Raises:
            DownloadError: It cannot go on; what came is kept and recorded.
        """
        try:
            while self.work.left or self._segments:
                self._fit()
                self._observe()
                self._watch()
                growing = not self._growth.is_settled and len(self._segments) >= self._growth.wants
                await self._pause(PROBE_S if growing else FLUSH_EVERY_S)
                error = self._reap() or self._halted
                if error is None and not self._segments and time.monotonic() < self._rests_until:
                    error = self._resting
                if error is not None:
                    await self._back_off(error)
                self._tend()
            if (error := self._reap()) is not None:
                raise error  # the last bytes came, and the disk did not take them
        finally:
            await self._close()

    # -- connections -------------------------------------------------------------------------------------

    def _target(self) -> int:
        if self._whole or not self._link.is_known:
            return min(1, self._allotment)
        return min(self._allotment, useful(self.work.left, self._growth.wants))

    def _fit(self) -> None:
        """Open or close connections until as many run as should."""
        running = list(self._segments)
        # Only the budget takes a connection away: what an open one has on its way would be lost.
        for task in running[self._allotment :]:
            task.cancel()
        if time.monotonic() < self._rests_until:
            return  # the host asked to be left alone; what runs goes on
        for _ in range(self._target() - len(running)):
            if not self._start():
                break
        self._report.connections(len(self._segments))

    def _start(self) -> bool:
        taken = self.work.take(self._size if self._whole else self._range_bytes())
        if taken is None and self._stealing_pays():
            taken = self.work.steal(STEAL_LEAST_BYTES)
        if taken is None:
            return False
        segment = Segment(
            taken,
            part=self._part,
            blocks=self._blocks,
            lane=self._lane,
            report=self._report,
            flush_wanted=self._want_flush,
            opened=self._wake.set,
            follow=self._follow,
            write_bytes=WRITE_BYTES_OF_FEW if len(self._segments) < FEW_CONNECTIONS else WRITE_BYTES,
        )
        name = self._job.identity.path
        task = spawn(
            segment.run(
                self._net,
                self._link,
                name=name,
                size=self._size,
                whole=self._whole,
                pinned=self._job.identity.pinned_version,
            ),
            name=f"segment {name} {taken.start}",
        )
        self._segments[task] = segment
        task.add_done_callback(self._segment_ended)
        return True

    def _follow(self, before: Range) -> Range | None:
        """Return the next missing range after `before`, for a connection that brings the whole file in order."""
        self.work.finish(before)
        following = self.work.take(self._size)
        if following is not None and following.start < before.end:
            self.work.finish(following)
            return None
        return following

    def _range_bytes(self) -> int:
        """Return how much the next request asks for: smaller towards the end, so that all end together."""
        left = self.work.left
        connections = min(max(1, self._allotment), useful(left, self._growth.wants))
        return max(STEAL_LEAST_BYTES, min(RANGE_BYTES, -(-left // connections)))

    def _stealing_pays(self) -> bool:
        """Tell whether the slowest remainder takes long enough to be worth a request and a closed connection."""
        if any(segment.is_held for segment in self._segments.values()):
            return False  # the disk is what is slow
        now = time.monotonic()
        return any(segment.seconds_left(now) > STEAL_WORTH_S for segment in self._segments.values())

    def _segment_ended(self, task: asyncio.Task[None]) -> None:
        segment = self._segments.pop(task)
        if not task.cancelled() and task.exception() is not None and segment.error is None:
            segment.error = DownloadError(f"An error of Pulley itself: {task.exception()!r}")
        self.work.finish(segment.range)
        self._ended.append(segment)
        self._wake.set()

    def _reap(self) -> DownloadError | None:
        """Look at the connections that ended; return an error that stops the item for now, or None."""
        ended, self._ended = self._ended, []
        stopping: DownloadError | None = None
        for segment in ended:
            self._received += segment.moved
            if segment.is_fruitful:
                self._brought += segment.moved
                self._fruitless = self._expired = self._wrong_ranges = 0
            if segment.error is not None:
                stopping = self._judge(segment, segment.error) or stopping
        return stopping

    def _observe(self) -> None:
        received = self._received + sum(s.moved for s in self._segments.values())
        bringing = sum(segment.is_open for segment in self._segments.values())
        if self._growth.observe(received, bringing, time.monotonic()):
            self._report.wants(self._growth.wants)

    def _watch(self) -> None:
        """End connections that are too slow; what is left of their ranges goes to new ones."""
        running = {segment: task for task, segment in self._segments.items() if segment.is_open}
        received = self._received + sum(s.moved for s in self._segments.values())
        slow = self._watchdog.look(list(running), received, time.monotonic())
        for segment in slow:
            name = self._job.identity.path
            segment.too_slow(Stalled(f"{self._link.host} sends {name} too slowly to ever come to an end"))
            running[segment].cancel()
        if slow and len(slow) == len(running):
            self._link.forget()  # the hub may know another server

    def _judge(self, segment: Segment, error: DownloadError) -> DownloadError | None:
        self._wrong_ranges += isinstance(error, RangeWrong)
        ignored = isinstance(error, RangeIgnored) or self._wrong_ranges >= WRONG_RANGES_MOST
        if ignored and not self._whole:
            self._whole = True
            for task in self._segments:
                task.cancel()
            return None
        if isinstance(error, LinkExpired | EtagChanged):
            self._expired += not (isinstance(error, LinkExpired) and error.is_stale)
            if self._expired < (EXPIRED_LINKS_MOST if isinstance(error, LinkExpired) else 2):
                return None
            error = error.refusal if isinstance(error, LinkExpired) else error
        if isinstance(retry.after_failure(error, 0, jitter=0.0), retry.GiveUp):
            return error
        if self._segments:
            # Others go on, so the item does: only the one too many is not tried again.
            if not error.is_charged:
                self._resting = error
                self._rests_until = time.monotonic() + min(error.retry_after_s or retry.HOLD_S, retry.HOLD_S)
            elif not segment.moved and not segment.is_slow:
                self._growth.objected(len(self._segments))
                self._report.wants(self._growth.wants)
            return None
        return error

    async def _back_off(self, error: DownloadError) -> None:
        # Bytes that moved since the try before make this one free of charge.
        self._fruitless = 0 if self._brought != self._marked else retry.counted(error, self._fruitless)
        self._marked = self._brought
        is_away = self._net.detour is not None and isinstance(error, ConnectFailed)
        if is_away and self._fruitless >= ASKED_ANEW_AFTER:
            self._link.forget()  # where the mirror led to is away: it may be too, and then another one is asked
        decision = retry.after_failure(error, self._fruitless, jitter=random.random())
        if isinstance(decision, retry.GiveUp):
            raise error
        self._report.connections(0)
        self._report.backing_off(error, decision.seconds)
        deadline = time.monotonic() + decision.seconds
        while (left := deadline - time.monotonic()) > 0:
            await self._pause(min(left, FLUSH_EVERY_S))
            self._tend()
            if self._halted is not None:
                raise self._halted
        self._report.connecting()

    # -- disk --------------------------------------------------------------------------------------------

    def _want_flush(self) -> None:
        self._flush_now = True
        self._wake.set()

    def _tend(self) -> None:
        """Start a flush and a step of the hash where they are due; pass on what they said."""
        self._look_at_flush()
        is_due = self._flush_now or time.monotonic() - self._flushed_at >= FLUSH_EVERY_S
        if is_due and self._flushing is None and self._blocks.total != self._flushed_total:
            self._begin_flush()
        self._tend_hash()

    def _begin_flush(self) -> "asyncio.Future[None]":
        self._flush_now, self._flushed_at = False, time.monotonic()
        entries, total = self._blocks.entries(), self._blocks.total
        for segment in self._segments.values():
            segment.flush_begins()
        segments = list(self._segments.values())
        self._flushing = self._crew.write(self._flush_job, entries)

        def ended(done: "asyncio.Future[None]") -> None:
            if not done.cancelled() and done.exception() is None:
                self._flushed_total = total
                for segment in segments:
                    segment.flush_ended()
                self._report.durable(total)
            self._wake.set()

        self._flushing.add_done_callback(ended)
        return self._flushing

    def _flush_job(self, entries: list[Entry]) -> None:
        self._part.sync()
        self._note(entries)

    def _look_at_flush(self) -> None:
        if self._flushing is not None and self._flushing.done():
            done, self._flushing = self._flushing, None
            done.result()

    def _tend_hash(self) -> None:
        if self._hashing is not None and self._hashing.done():
            done, self._hashing = self._hashing, None
            done.result()
        prefix = self._blocks.spans.prefix_end
        if self._hashing is None and prefix - self._hasher.at >= HASH_STEP_BYTES:
            self._hashing = self._crew.hash(self._hasher.advance, prefix, self._part.read_into)
            self._hashing.add_done_callback(lambda _: self._wake.set())

    # -- waiting and ending ------------------------------------------------------------------------------

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()

    async def _close(self) -> None:
        """End every connection and thread, and make durable what came; also when cancelled."""
        cancelled = False
        while self._segments:
            for task in self._segments:
                task.cancel()
            try:
                await asyncio.wait(list(self._segments))
            except asyncio.CancelledError:
                cancelled = True
        self._report.connections(0)
        self._hasher.stop()
        for future in (self._hashing, self._flushing):
            if future is not None:
                cancelled |= await finished(future)
        self._hashing = self._flushing = None
        if self._blocks.total != self._flushed_total:
            last = self._begin_flush()
            cancelled |= await finished(last)
            last.result()
        if cancelled:
            raise asyncio.CancelledError
