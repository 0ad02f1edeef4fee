"""Fakes of the local API's surroundings: a server without sockets, a keeper of keys, secrets that lag."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from core.errors import DownloadError


@dataclass(frozen=True)
class FakeClient:
    """A program that is connected."""

    name: str
    address: str = "127.0.0.1"


class FakeServer:
    """A server of a `FakeHouse`; it listens until it is closed."""

    def __init__(self, house: "FakeHouse") -> None:
        self.url = ""
        self.on_change: Callable[[], None] | None = None
        self._house = house

    async def start(self, port: int) -> None:
        self._house.story.append(f"start {port}")
        await self._house.gate.wait()
        if self._house.failures:
            raise self._house.failures.pop(0)
        self.url = f"http://127.0.0.1:{port}"
        self._house.running.append(self)

    async def aclose(self) -> None:
        self._house.story.append("close")
        await asyncio.sleep(0)
        self.url = ""
        if self in self._house.running:
            self._house.running.remove(self)

    def clients(self) -> list[FakeClient]:
        return self._house.clients


@dataclass
class FakeHouse:
    """Makes servers and remembers what happened to them.

    Attributes:
        gate: Servers start only while it is set.
        failures: What the next starts raise.
        story: Everything that happened, in order.
        running: Servers that listen now; never more than one.
    """

    gate: asyncio.Event = field(default_factory=asyncio.Event)
    failures: list[Exception] = field(default_factory=list)
    story: list[str] = field(default_factory=list)
    running: list[FakeServer] = field(default_factory=list)
    clients: list[FakeClient] = field(default_factory=list)

    async def make(self) -> FakeServer:
        assert not self.running
        return FakeServer(self)


class FakeKeeper:
    """Keeps keys in a tuple.

    Attributes:
        lacks_keys: Keys were set and cannot be read.
        refuses: What the next `set_keys` raises.
        comes_back: Keys that `load` finds.
    """

    def __init__(self, house: FakeHouse) -> None:
        self.keys: tuple[str, ...] = ()
        self.lacks_keys = False
        self.refuses: DownloadError | Exception | None = None
        self.comes_back: tuple[str, ...] = ()
        self._house = house

    async def load(self) -> None:
        await asyncio.sleep(0)
        if self.comes_back:
            self.keys, self.lacks_keys = self.comes_back, False

    async def set_keys(self, keys: Sequence[str]) -> None:
        self._house.story.append(f"{len(keys)} keys")
        await asyncio.sleep(0)
        if self.refuses is not None:
            raise self.refuses
        self.keys, self.lacks_keys = tuple(keys), False


class FakeSecrets:
    """Memory that says what it is told to say of itself."""

    def __init__(self, *, is_lasting: bool = True) -> None:
        self.is_lasting = is_lasting
        self.finds_lasting = is_lasting
        self._kept: dict[str, str] = {}

    def look(self) -> None:
        self.is_lasting = self.finds_lasting

    def get(self, name: str) -> str:
        return self._kept.get(name, "")

    def put(self, name: str, value: str) -> None:
        self._kept[name] = value
