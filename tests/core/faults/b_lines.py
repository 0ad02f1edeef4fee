"""Cases B1 to B7 and B14 to B17: lines that are cut, slow or silent, names not found, sleeps, full machines."""

import asyncio
import errno
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from core.net.direct import AddressInfo, DirectTransport
from core.net.transport import Transport
from core.net.weather import Watch
from tests.core.faults.b_world import LinedServer, NetWorld, Setting, charged, net_case, some_bytes
from tests.core.faults.case import Case, Outcome
from tests.core.faults.parts import unless
from tests.core.faults.plan import CONFIG, MB, MODEL, Plan, fails
from tests.core.faults.surroundings import client_context
from tests.fakes.faults import rules
from tests.fakes.faults.content import Blob
from tests.fakes.faults.hub import HubFile
from tests.fakes.faults.rules import Rule
from tests.fakes.proxies import Line

SMALL = HubFile("model.gguf", Blob(MB + 1_000, "slow"))
MANY = tuple(HubFile(f"{number:03d}.bin", Blob(2_000, f"many {number}")) for number in range(200))
ROOT = Path(__file__).parents[3]


def _line(world: NetWorld) -> Line:
    line: Line = world.server.line  # type: ignore[attr-defined]
    return line


# -- names -----------------------------------------------------------------------------------------------------


class _Names:
    """A resolver that is away for the first so many look-ups of the file server, and counts them."""

    def __init__(self, failures: int, number: int) -> None:
        self.failures = failures
        self.looked_up = 0
        self.addresses: dict[str, str] = {}
        self._number = number

    def resolve(self, host: str, port: int) -> list[AddressInfo]:
        self.looked_up += 1
        if self.looked_up <= self.failures:
            raise socket.gaierror(self._number, "no name")
        kind = (socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
        broken = (socket.AF_INET6, *kind, ("::1", port, 0, 0))  # nobody listens there
        works = (socket.AF_INET, *kind, (self.addresses.get(host, host), port))
        return [broken, works]


class _Named(DirectTransport):
    names: _Names

    async def addresses(self, host: str, port: int) -> Sequence[AddressInfo]:
        if host[0].isdigit():
            return await super().addresses(host, port)
        return self.names.resolve(host, port)


def _names(failures: int, number: int = socket.EAI_AGAIN) -> Any:
    async def set_up(setting: Setting) -> None:
        names = setting.held["names"] = _Names(failures, number)

        def make() -> Transport:
            transport = Transport(client_context(), proxy_for=lambda url: None)
            transport.direct = named = _Named(client_context())
            named.names = names
            names.addresses = setting.addresses
            return transport

        setting.transport = make

    return set_up


def _waited_offline(world: NetWorld, setting: Setting) -> Iterable[str]:
    yield from unless(setting.held["names"].looked_up > 12, "the resolver was not away")
    yield from charged(world, "Offline")
    said = [text for text in world.observer.texts if "no network" in text]
    yield from unless(bool(said), "nobody was told that there is no network")


# -- lines -----------------------------------------------------------------------------------------------------


def _rate(rate: float | None, latency_s: float = 0.0) -> Any:
    def shape(world: NetWorld) -> tuple[()]:
        _line(world).rate, _line(world).latency_s = rate, latency_s
        return ()

    return shape


async def _vanish(world: NetWorld, setting: Setting) -> None:
    await some_bytes(world, 1)
    _line(world).freeze()


async def _collapse(world: NetWorld, setting: Setting) -> None:
    line = _line(world)
    await some_bytes(world, 1)
    line.rate, line.piece = 1_500, 256
    task = world.engine.task(world.task_id)

    def is_told() -> bool:
        eta = task.eta_s(world.engine.now())
        return eta is None or eta > 30

    await world.watch.until(is_told, seconds=15)  # what was fast a moment ago has to be forgotten
    setting.expect(task.state.is_active, "it was complete before the line collapsed")
    line.rate, line.piece = None, 16384


async def _sleep(world: NetWorld, setting: Setting) -> None:
    await some_bytes(world, 1)
    clocks = setting.held["clocks"]
    clocks[1] += 1800.0
    _line(world).freeze()  # the far side forgot us


def _watched(net: Any, setting: Setting) -> None:
    clocks = setting.held["clocks"] = [0.0, 0.0]
    net._forecast.watch = Watch(lambda: (time.monotonic() + clocks[0], time.monotonic() + clocks[1]))


async def _clocks(setting: Setting) -> None:
    setting.prepare = lambda net: _watched(net, setting)


def _woke(world: NetWorld, setting: Setting) -> Iterable[str]:
    yield from charged(world, "Woken")
    yield from unless(world.observer.reasons["Woken"] == 1, f"the sleep was not noticed: {world.observer.reasons}")


def _no_false_stall(world: NetWorld, setting: Setting) -> Iterable[str]:
    yield from charged(world)


# -- clocks and limits -----------------------------------------------------------------------------------------


@contextmanager
def _wall_clock() -> Iterator[None]:
    """A wall clock that jumps back an hour and on by a day, again and again, from the first look on."""
    real, jumps = time.time, [0]

    def jumping() -> float:
        jumps[0] += 1
        return real() + (-3600.0, 86_400.0, 0.0)[jumps[0] % 3]

    with patch.object(time, "time", jumping):
        yield


def _sane(world: NetWorld, setting: Setting) -> Iterable[str]:
    yield from charged(world)
    yield from setting.held.get("odd", [])


async def _watch_figures(world: NetWorld, setting: Setting) -> None:
    odd = setting.held["odd"] = []  # type: ignore[var-annotated]
    task = world.engine.task(world.task_id)

    def look(_: object = None) -> None:
        now = world.engine.now()
        rate, eta = task.rate(now), task.eta_s(now)
        if rate < 0 or rate > 10**10 or (eta is not None and not 0 <= eta < 10**6):
            odd.append(f"NOLIE: {rate} B/s, {eta} s left")

    world.engine.progress_updated.connect(look)
    await world.watch.until(lambda: not task.state.is_live)


@contextmanager
def _few_descriptors() -> Iterator[None]:
    """Every connection beyond the first three fails for a while, as with a low RLIMIT_NOFILE."""
    made = [0]
    loop = asyncio.get_running_loop()
    real = loop.sock_connect

    async def sock_connect(sock: socket.socket, address: Any) -> None:
        made[0] += 1
        if 3 < made[0] <= 12:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        await real(sock, address)

    with patch.object(loop, "sock_connect", sock_connect):
        yield


def _said_full(world: NetWorld, setting: Setting) -> Iterable[str]:
    yield from charged(world, "ConnectFailed")
    said = [text for text in world.observer.texts if "gives Pulley no more connections" in text]
    if world.observer.reasons["ConnectFailed"]:
        yield from unless(bool(said), "nobody was told why it waits")


def _few_at_once(world: NetWorld, setting: Setting) -> Iterable[str]:
    most = world.server.most_open["cdn"]
    yield from unless(most <= 20, f"BOUND: {most} connections to one host at once")
    busy = [ask for ask in world.server.asks("cdn") if ask.status == 429]
    yield from unless(len(busy) <= 20, f"BOUND: {len(busy)} requests were told to wait")


# -- a network of its own --------------------------------------------------------------------------------------


def own_network() -> list[str]:
    """Return what runs a program in a network of its own; empty where that is not to be had."""
    for way in (["unshare", "-n"], ["unshare", "-Urn"]):
        try:
            if subprocess.run([*way, "ip", "link", "set", "lo", "up"], capture_output=True).returncode == 0:
                return way
        except OSError:
            break
    return []


def _story(id_: str, title: str, what: str) -> Case:
    """A case in a network of its own, whose only address goes away and comes back."""

    async def play(folder: Path) -> Outcome:
        folder.mkdir(parents=True, exist_ok=True)
        way = own_network()
        arguments = [
            *way,
            sys.executable,
            "-m",
            "tests.core.faults.b_story",
            what,
            str(folder),
            "own" if way else "shared",
        ]
        process = await asyncio.create_subprocess_exec(
            *arguments,
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        )
        out, err = await process.communicate()
        if process.returncode:
            return Outcome("The process ended early.", (err.decode(errors="replace")[-2000:],))
        told = json.loads(out.decode().splitlines()[-1])
        return Outcome(told["happened"], tuple(told["broken"]))

    return Case(id_, title, "waits: Offline, next try named; then done", play)


CASES: list[Case] = [
    _story("B1", "The network goes away in the middle and comes back", "down"),
    net_case(
        Plan("B2a", "Nobody looks names up for a while", files=(MODEL,), names={"cdn": "cdn.example"}),
        set_up=_names(12),
        look=_waited_offline,
    ),
    net_case(
        Plan(
            "B2b",
            "The name of the file server is unknown",
            fails("ConnectFailed", "its name is not known"),
            files=(MODEL,),
            names={"cdn": "cdn.example"},
            heals=False,
        ),
        set_up=_names(10**6, socket.EAI_NONAME),
    ),
    net_case(
        Plan("B2c", "The first address of a name does not work", files=(MODEL,), names={"cdn": "cdn.example"}),
        set_up=_names(0),
        look=_no_false_stall,
    ),
    net_case(
        Plan("B3", "The peer vanishes without a word", files=(MODEL,), rules=_rate(3 * MB)),
        serve=LinedServer,
        act=_vanish,
    ),
    net_case(
        Plan("B4a", "0.08 s of latency before every 16 KiB", files=(SMALL,), rules=_rate(None, 0.08)),
        serve=LinedServer,
        look=_no_false_stall,
    ),
    net_case(
        Plan("B4b", "A slow and steady line", files=(SMALL,), rules=_rate(250_000)),
        serve=LinedServer,
        look=_no_false_stall,
    ),
    net_case(
        Plan(
            "B5",
            "A line collapses to a hundredth and comes back",
            files=(MODEL,),
            rules=_rate(150_000),
            again=16 * MB,
        ),
        serve=LinedServer,
        act=_collapse,
    ),
    net_case(
        Plan("B6", "The machine sleeps for half an hour in the middle", files=(MODEL,), rules=_rate(3 * MB)),
        serve=LinedServer,
        set_up=_clocks,
        act=_sleep,
        look=_woke,
    ),
    _story("B7", "The address of this machine goes away and comes back", "address"),
    net_case(
        Plan("B14", "The wall clock jumps by an hour and a day, to and fro", files=(MODEL,), rules=_rate(3 * MB)),
        serve=LinedServer,
        during=_wall_clock,
        act=_watch_figures,
        look=_sane,
    ),
    net_case(
        Plan("B15", "The machine gives no more sockets for a while", files=(MODEL, CONFIG)),
        during=_few_descriptors,
        look=_said_full,
    ),
    net_case(
        Plan(
            "B17",
            "200 files of one host, which asks once for a second's pause",
            files=MANY,
            rules=lambda world: [Rule(rules.busy(429, retry_after="1"), role="cdn", nth=[1], times=1)],
            requests=700,
        ),
        look=_few_at_once,
    ),
]
