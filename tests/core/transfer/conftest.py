"""A download against the demo hub, with everything around it that an engine would give."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from core.demo.repos import GeneratedFile, Repo
from core.demo.server import DemoHub
from core.errors import DownloadError
from core.net.client import Net
from core.net.credentials import Credentials
from core.spawn import spawn
from core.transfer.control import Identity
from core.transfer.download import Download
from core.transfer.job import Crew, Job

MB = 2**20
BIG = 40 * MB
MEDIUM = 3 * MB
SMALL = 5000


@dataclass
class FakeReport:
    """Remembers what a download told."""

    said: list[str] = field(default_factory=list)
    durables: list[int] = field(default_factory=list)
    received_total: int = 0
    errors: list[DownloadError] = field(default_factory=list)
    holds: list[tuple[DownloadError, float]] = field(default_factory=list)
    most_connections: int = 0
    on_hold: Callable[[DownloadError], None] = lambda error: None
    on_durable: Callable[[int], None] = lambda total: None

    def connecting(self) -> None:
        self.said.append("connecting")

    def transferring(self, host: str) -> None:
        self.said.append("transferring")

    def backing_off(self, error: DownloadError, seconds: float) -> None:
        self.said.append("backing_off")
        self.errors.append(error)

    def holding(self, error: DownloadError, seconds: float) -> None:
        self.said.append("holding")
        self.holds.append((error, seconds))
        self.on_hold(error)

    def verifying(self) -> None:
        self.said.append("verifying")

    def landed(self) -> None:
        pass

    def checked(self, count: int) -> None:
        pass

    def received(self, count: int) -> None:
        self.received_total += count

    def durable(self, total: int) -> None:
        self.durables.append(total)
        self.on_durable(total)

    def connections(self, count: int) -> None:
        self.most_connections = max(self.most_connections, count)

    def wants(self, count: int) -> None:
        pass


class Bench:
    """Downloads files of the repo `t/t` into a folder."""

    def __init__(self, hub: DemoHub, root: Path) -> None:
        self.hub = hub
        self.root = root
        self.net = Net(Credentials())
        self.crew = Crew()

    def job(self, path: str, *, changes: dict[str, object] | None = None, also_right: tuple[str, ...] = ()) -> Job:
        content = self.hub.content("t/t", path)
        fields: dict[str, object] = {
            "path": path,
            "size": len(content),
            "hash": "sha256:" + hashlib.sha256(content).hexdigest(),
            "commit": "c0ffee",
            "url": f"{self.hub.endpoint}/t/t/resolve/main/{path}",
            "handle": "t/t",
        }
        identity = Identity(**(fields | (changes or {})))  # type: ignore[arg-type]
        return Job(identity, final=self.root / "m" / path, root=self.root, also_right=also_right)

    async def run(self, job: Job, report: FakeReport | None = None, *, connections: int = 4) -> int:
        download = Download(job, net=self.net, crew=self.crew, report=report or FakeReport())
        download.allot(connections)
        return await download.run()

    async def run_until(self, job: Job, durable: int, *, connections: int = 4) -> FakeReport:
        """Run until so many bytes are durable, then cancel as a pause does."""
        enough = asyncio.Event()
        report = FakeReport(on_durable=lambda total: enough.set() if total >= durable else None)
        running = spawn(self.run(job, report, connections=connections), name="download")
        await enough.wait()
        running.cancel()
        await asyncio.wait([running])
        assert running.cancelled()
        return report

    def files(self) -> list[str]:
        return sorted(path.name for path in (self.root / "m").rglob("*") if path.is_file())


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    repo = Repo(
        "t/t",
        [
            GeneratedFile("big.gguf", BIG, seed=1),
            GeneratedFile("medium.bin", MEDIUM, seed=2),
            GeneratedFile("small.bin", SMALL, seed=3),
            GeneratedFile("plain.txt", SMALL, seed=4, lfs=False),
            GeneratedFile("empty.bin", 0, seed=5),
        ],
    )
    async with DemoHub(repos=[repo]) as hub:
        bench = Bench(hub, tmp_path / "models")
        yield bench
        await bench.net.aclose()
        bench.crew.close()
