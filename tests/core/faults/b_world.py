"""What the cases of networks are played with: servers elsewhere or behind a line, and a net as it is set."""

import ssl
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import AbstractContextManager, AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from unittest.mock import patch

from core.net import forecast
from core.net.client import Net
from core.net.credentials import Credentials
from core.net.proxies import Proxy
from core.net.transport import Transport
from core.net.weather import Weather
from core.transfer import retry
from tests.core.faults.case import Case, Outcome
from tests.core.faults.plan import Plan
from tests.core.faults.surroundings import client_context
from tests.core.faults.world import World, run
from tests.fakes.faults.hub import Hub
from tests.fakes.faults.server import FaultServer
from tests.fakes.proxies import Line, line, own_address

FAST: dict[object, dict[str, float]] = {retry: {"HOLD_S": 0.05}, forecast: {"TICK_S": 0.02, "FULL_S": 0.05}}


class OwnServer(FaultServer):
    """Hub and file server are on an address of this machine that is not loopback; the healthy one stays there."""

    async def _listen(self, role: str, host: str) -> str:
        return await super()._listen(role, host if role == "well" else own_address())


class LinedServer(FaultServer):
    """The file server is behind a line that can fail."""

    def __init__(self, hub: Hub, *, contexts: dict[str, ssl.SSLContext] | None = None) -> None:
        super().__init__(hub, contexts=contexts)
        self.line: Line
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        scheme, _, place = self.hub.urls["cdn"].partition("://")
        host, _, port = place.partition(":")
        self.line = await self._stack.enter_async_context(line(host, int(port)))
        self.hub.urls["cdn"] = f"{scheme}://{self.line.url}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await super().__aexit__()
        await self._stack.aclose()


@dataclass
class Setting:
    """What a case has in its hands.

    Attributes:
        net: Set when the world is built.
        wrong: What was not as it should be.
        stack: What ends with the case.
        proxy: What the net goes through.
        transport: Makes the transport; None for that of a real process.
        weather: The weather; a way out there always is.
        ca_pem: A company's certificates, set as the CA file.
        prepare: Has the last word on the net.
        held: What belongs to the case alone.
        addresses: Where the servers are, by their names.
    """

    folder: Path
    wrong: list[str] = field(default_factory=list)
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    proxy: Proxy = field(default_factory=Proxy)
    transport: Callable[[], Transport] | None = None
    weather: Weather = field(default_factory=lambda: Weather(route=lambda: True))
    ca_pem: bytes = b""
    held: dict[str, Any] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)
    prepare: Callable[[Net], None] = lambda net: None

    def expect(self, holds: bool, what: str) -> None:
        """Note what does not hold."""
        if not holds:
            self.wrong.append(what)


class NetWorld(World):
    """A world whose net is the real one, as the setting says."""

    setting: Setting

    def make_net(self, credentials: Credentials, addresses: dict[str, str]) -> Net:
        setting = self.setting
        setting.addresses = addresses
        transport = setting.transport() if setting.transport else None
        net = Net(credentials, transport=transport, weather=setting.weather, environ={})
        if isinstance(transport, Transport):
            net._real = transport
            transport.watch(net._forecast.look)
        net.proxy = setting.proxy
        if setting.ca_pem:
            path = self.data / "company.pem"
            path.write_bytes(setting.ca_pem)
            net.ca_file = str(path)
        setting.prepare(net)
        return net


SetUp = Callable[[Setting], Awaitable[None]]
Act = Callable[[NetWorld, Setting], Awaitable[None]]
Look = Callable[[NetWorld, Setting], Iterable[str]]


def trusting() -> Transport:
    """Return the real transport that trusts the servers of these tests."""
    return Transport(client_context(), proxy_for=lambda url: None)


async def _nothing(setting: Setting) -> None:
    pass


def net_case(
    plan: Plan,
    *,
    set_up: SetUp = _nothing,
    serve: Callable[..., FaultServer] = FaultServer,
    act: Act | None = None,
    look: Look | None = None,
    during: Callable[[], AbstractContextManager[Any]] | None = None,
    expected: str = "",
) -> Case:
    """Return a case: `set_up` before the engine is made, `act` beside the download, `look` at the end."""

    async def play(folder: Path) -> Outcome:
        setting = Setting(folder)

        def also(world: World) -> Iterator[str]:
            assert isinstance(world, NetWorld)
            yield from plan.also(world)
            if look is not None:
                yield from look(world, setting)
            yield from setting.wrong

        async def acting(world: World) -> None:
            assert isinstance(world, NetWorld)
            assert act is not None
            await act(world, setting)

        def make(*given: Any, **named: Any) -> World:
            world = NetWorld(*given, **named)
            world.setting = setting
            return world

        mine = _with(plan, also=also, **({"act": acting} if act is not None else {}))
        folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            for module, values in FAST.items():
                stack.enter_context(patch.multiple(module, **values))
            if during is not None:
                stack.enter_context(during())
            async with setting.stack:
                await set_up(setting)
                return await run(mine, folder, serve=serve, make=make)

    return Case(plan.id, plan.title, expected or plan.expect.text, play)


def _with(plan: Plan, **changes: Any) -> Plan:
    from dataclasses import replace

    return replace(plan, **changes)


async def some_bytes(world: NetWorld, count: int) -> None:
    """Wait until so many bytes are kept."""
    await world.watch.until(lambda: world.engine.task(world.task_id).durable >= count)


def charged(world: NetWorld, *free: str) -> Iterator[str]:
    """Yield the reasons for waiting beside those that cost no try."""
    others = {kind: count for kind, count in world.observer.reasons.items() if kind not in free}
    if others:
        yield f"LIVE: tries were charged: {others}"
