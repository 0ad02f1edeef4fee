"""A download without a network or a disk: it does what a test says, one step at a time."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, TypeVar

from core.errors import DownloadError, ServerRefused, Truncated
from core.transfer.job import Job, Report

T = TypeVar("T")


class FakeDownload:
    """Stands in for `core.transfer.download.Download`.

    Attributes:
        live: Running ones by the file that they write; two for one file are an error of the engine.
        two_writers: Files that ever had two.
    """

    live: ClassVar[dict[Path, "FakeDownload"]] = {}
    two_writers: ClassVar[list[Path]] = []

    def __init__(self, job: Job, *, net: object, crew: object, report: Report) -> None:
        self.job = job
        self.report = report
        self.allotted = 0
        self.kept = 0
        self._orders: asyncio.Queue[str] = asyncio.Queue()

    def allot(self, count: int) -> None:
        self.allotted = count

    def order(self, what: str) -> None:
        """Say what comes next: `bytes`, `back off`, `verify`, `done`, `fail` or `break`."""
        self._orders.put_nowait(what)

    async def run(self) -> int:
        if self.job.final in self.live:
            self.two_writers.append(self.job.final)
        self.live[self.job.final] = self
        size = self.job.identity.size or 0
        try:
            self.report.connecting()
            while True:
                match await self._orders.get():
                    case "bytes":
                        self.report.transferring("cdn")
                        self.report.connections(self.allotted)
                        self.report.received(10)
                        self.kept = min(size, self.kept + 10)
                        self.report.durable(self.kept)
                    case "back off":
                        self.report.backing_off(Truncated("broke off"), 1.0)
                        self.report.connecting()
                    case "verify":
                        self.report.verifying()
                        self.report.checked(self.kept)
                    case "fail":
                        raise ServerRefused("no longer there")
                    case "break":
                        raise RuntimeError("a bug of ours")
                    case _:
                        return size
        finally:
            for _ in range(3):  # a disk takes its time to close
                await asyncio.sleep(0)
            if self.live.get(self.job.final) is self:
                del self.live[self.job.final]


class FakeCrew:
    """Stands in for `core.transfer.job.Crew`: does the work at once, on the loop."""

    def write(self, work: Callable[..., T], *args: object) -> "asyncio.Future[T]":
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        try:
            future.set_result(work(*args))
        except DownloadError as error:
            future.set_exception(error)
        return future

    hash = write

    async def sync_folder(self, folder: Path) -> None:
        await asyncio.sleep(0)

    def close(self) -> None:
        self.live = False
