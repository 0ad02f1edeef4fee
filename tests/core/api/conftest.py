"""An API over an engine over the demo hub, and two clients that we did not write: httpx and websockets."""

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

from core.api.control import Control
from core.api.events import Events
from core.api.server import ApiServer
from core.demo.repos import GeneratedFile, Repo
from core.engine import Engine
from core.net.client import Net
from core.records import Limits
from core.settings import Settings, SettingsStore
from core.sources.cortexso import CortexSo
from core.transfer import retry
from core.vault import MemorySecrets
from tests.core.conftest import Rig
from tests.fakes.watch import Watch

MB = 2**20
LLAMA = "bartowski/Llama-3.2-1B-Instruct-GGUF"
TINY = "tinyllama:gguf"


class Api:
    """One engine with its API.

    Attributes:
        http: A client with our base address.
        applied: Settings that the API applied.
    """

    engine: Engine
    watch: Watch
    events: Events
    control: Control
    server: ApiServer
    http: httpx.AsyncClient

    def __init__(self, rig: Rig, folder: Path) -> None:
        self.rig = rig
        self.hub = rig.hub
        self.root = rig.root
        self.folder = folder
        self.store = SettingsStore(folder / "settings.yml")
        self.secrets = MemorySecrets()
        self.applied: list[Settings] = []
        self.environ: dict[str, str] = {}
        self.is_open = False

    async def start(self, *, limits: Limits | None = None, host: str = "127.0.0.1") -> None:
        self.engine = await self.rig.engine(limits=limits)
        self.net: Net = self.engine._conductor._net
        self.watch = Watch(self.engine)
        self.events = Events(self.engine)
        self.control = Control(
            self.store,
            self.secrets,
            self.net,
            endpoint=self.hub.endpoint,
            environ=self.environ,
            apply=self.applied.append,
        )
        await self.control.load()
        self.server = ApiServer(
            self.engine,
            self.events,
            self.control,
            cortexso=CortexSo(self.net, endpoint=self.hub.endpoint),
            endpoint=self.hub.endpoint,
            host=host,
        )
        await self.server.start(0)
        self.http = httpx.AsyncClient(base_url=self.server.url, timeout=30)
        self.is_open = True

    @property
    def port(self) -> int:
        return int(self.server.url.rpartition(":")[2])

    async def aclose(self) -> None:
        if self.is_open:
            self.is_open = False
            await self.http.aclose()
            await self.server.aclose()
            self.events.close()

    # -- asking --------------------------------------------------------------------------------------------

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        kwargs: dict[str, Any] = {} if body is None else {"json": body}
        reply = await self.http.request(method, path, headers=headers, **kwargs)
        assert reply.headers["content-type"].startswith(("application/json", "text/html"))
        return reply.status_code, reply.json() if "json" in reply.headers["content-type"] else reply.text

    async def pull(self, model: Any, **more: Any) -> tuple[int, Any]:
        return await self.ask("POST", "/v1/models/pull", {"model": model, **more})

    def listen(self, **headers: str) -> connect:
        return connect(
            self.server.url.replace("http", "ws") + "/events",
            additional_headers=headers,
            max_size=None,
            ping_interval=None,
            proxy=None,
        )

    async def ended(self, *ids: str) -> None:
        await self.watch.until_ended(*ids)

    # -- models ----------------------------------------------------------------------------------------------

    def put(self, name: str, *, files: int = 1, size: int = 3 * MB) -> str:
        self.hub.add_repo(
            Repo(f"t/{name}", [GeneratedFile(f"{name}-{n}.bin", size, seed=f"{name}{n}") for n in range(files)])
        )
        return f"t/{name}"


class Ear:
    """Reads the events of one client."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self.heard: list[dict[str, Any]] = []

    async def until(self, found: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Read until an event fits; return it."""
        while True:
            event: dict[str, Any] = json.loads(await self._socket.recv())
            self.heard.append(event)
            if found(event):
                return event

    async def until_type(self, kind: str, task_id: str | None = None) -> dict[str, Any]:
        return await self.until(lambda e: e["type"] == kind and (task_id is None or e["task"]["id"] == task_id))

    def types(self, task_id: str) -> list[str]:
        return [event["type"] for event in self.heard if event["task"]["id"] == task_id]


@pytest.fixture
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "BACK_OFF_FIRST_S", 0.02)
    monkeypatch.setattr(retry, "BACK_OFF_MOST_S", 0.1)


@pytest.fixture
async def closed_api(rig: Rig, tmp_path: Path) -> AsyncIterator[Api]:
    """An API that the test starts itself."""
    api = Api(rig, tmp_path / "data")
    yield api
    await api.aclose()


@pytest.fixture
async def api(closed_api: Api) -> Api:
    await closed_api.start()
    return closed_api


__all__ = ["LLAMA", "MB", "TINY", "Api", "Ear"]
