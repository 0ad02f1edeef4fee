"""An engine on the loop of the test, against the demo hub."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.demo.server import DemoHub
from core.engine import Engine
from core.handles import parse_handle
from core.net.client import Net
from core.net.credentials import Credentials
from core.records import Limits, Selection
from core.sources.cortexso import CortexSo
from core.sources.direct import Direct
from core.sources.huggingface import HuggingFace
from core.store.base import Store
from core.store.memory import MemoryStore
from tests.fakes.canary import CANARY
from tests.fakes.watch import Watch


class Rig:
    """Makes engines over one hub, one models folder and one store, one after the other."""

    def __init__(self, hub: DemoHub, folder: Path) -> None:
        self.hub = hub
        self.root = folder / "models"
        self.store: Store = MemoryStore()
        self.token = CANARY
        self._open: list[tuple[Engine, Net]] = []

    async def engine(self, *, limits: Limits | None = None, load: bool = True) -> Engine:
        credentials = Credentials()
        if self.token:
            credentials.put(self.hub.endpoint, self.token)
        net = Net(credentials)
        sources = [
            HuggingFace(net, endpoint=self.hub.endpoint),
            CortexSo(net, endpoint=self.hub.endpoint),
            Direct(net),
        ]
        engine = Engine(net=net, store=self.store, sources=sources, root=self.root, limits=limits, hub="demo")
        self._open.append((engine, net))
        if load:
            await engine.load()
        return engine

    def add(self, engine: Engine, text: str, *, globs: tuple[str, ...] = (), paused: bool = False) -> str:
        selection = Selection(globs=globs) if globs else None
        return engine.add(parse_handle(text, endpoint=self.hub.endpoint), selection=selection, paused=paused)

    async def aclose(self) -> None:
        for engine, net in self._open:
            await engine.aclose()
            await net.aclose()

    def is_right(self, engine: Engine, task_id: str) -> bool:
        """Every chosen file stands under its final name with the hub's bytes."""
        task = engine.task(task_id)
        assert task.manifest is not None
        repo = f"cortexso/{task.manifest.repo}" if task.manifest.hub == "cortexso" else task.manifest.repo
        for item in task.wanted_items():
            assert item.local_path is not None
            if item.local_hash:
                continue  # rewritten for this machine
            wanted = self.hub.content(repo, item.id, revision=task.manifest.commit)
            if item.local_path.read_bytes() != wanted:
                return False
        return True


@pytest.fixture
async def rig(hub: DemoHub, tmp_path: Path) -> AsyncIterator[Rig]:
    rig = Rig(hub, tmp_path)
    yield rig
    await rig.aclose()


__all__ = ["Rig", "Watch"]
