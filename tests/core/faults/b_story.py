"""Cases B1 and B7, in a process and, where the system allows it, a network of their own.

python -m tests.core.faults.b_story down|address FOLDER own|shared

The file server has an address that goes away in the middle and comes back. Without a network of its own (`shared`)
the process lets connections to that address fail as the system would. Prints what happened as JSON.
"""

import asyncio
import errno
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from unittest.mock import patch

from core.net.weather import Weather
from core.states import ItemState
from tests.core.faults import b_world
from tests.core.faults.b_world import NetWorld, OwnServer, Setting, charged, net_case, some_bytes
from tests.core.faults.parts import unless
from tests.core.faults.plan import MODEL, Plan
from tests.fakes.faults import rules
from tests.fakes.faults.rules import Rule

ADDRESS = "10.77.0.1"


def ip(*words: str) -> None:
    """Change the network of this process."""
    subprocess.run(["ip", *words], check=True)


class _Own:
    """An address of ours, in a network of ours that has nothing else but loopback."""

    def __init__(self, what: str) -> None:
        self._what = what
        ip("link", "set", "lo", "up")
        ip("addr", "add", f"{ADDRESS}/32", "dev", "lo")

    def set_up(self, setting: Setting) -> None:
        setting.weather = Weather()  # it looks at the real routes

    def go(self) -> None:
        if self._what == "down":
            ip("link", "set", "lo", "down")
        else:
            ip("addr", "del", f"{ADDRESS}/32", "dev", "lo")

    def come_back(self) -> None:
        if self._what == "down":
            ip("link", "set", "lo", "up")
        else:
            ip("addr", "add", f"{ADDRESS}/32", "dev", "lo")


class _Shared:
    """What a system does without a network, done by hand: no connection, and those that are open stand still."""

    def __init__(self) -> None:
        self.is_away = False
        self._patch: Any = None

    def set_up(self, setting: Setting) -> None:
        setting.weather = Weather(route=lambda: not self.is_away)
        loop = asyncio.get_running_loop()
        real_connect, real_recv = loop.sock_connect, socket.socket.recv

        async def sock_connect(sock: socket.socket, address: Any) -> None:
            if self.is_away and not address[0].startswith("127."):
                raise OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH))
            await real_connect(sock, address)

        def recv(sock: socket.socket, *given: Any) -> bytes:
            if self.is_away and sock.family == socket.AF_INET and sock.getpeername()[0] == b_world.own_address():
                raise ConnectionAbortedError(errno.ECONNABORTED, os.strerror(errno.ECONNABORTED))
            return real_recv(sock, *given)

        for owner, name, instead in ((loop, "sock_connect", sock_connect), (socket.socket, "recv", recv)):
            one: Any = patch.object(owner, name, instead)
            one.start()
            setting.stack.callback(one.stop)

    def go(self) -> None:
        self.is_away = True

    def come_back(self) -> None:
        self.is_away = False


def _waits_offline(world: NetWorld) -> bool:
    items = world.engine.task(world.task_id).items.values()
    return any(i.state is ItemState.BACKING_OFF and i.failure and i.failure.kind == "Offline" for i in items)


async def tell(what: str, folder: Path, network: _Own | _Shared) -> None:
    """Play the case and print what happened."""

    async def set_up(setting: Setting) -> None:
        network.set_up(setting)

    async def act(world: NetWorld, setting: Setting) -> None:
        await world.watch.until_ended(world.well_id)  # it is on loopback, which goes away too
        await some_bytes(world, 1)
        network.go()
        for _ in range(8):  # more looks than there are tries
            await world.watch.until(lambda: _waits_offline(world))
            await world.watch.until(lambda: not _waits_offline(world))
        await world.watch.until(lambda: _waits_offline(world))
        network.come_back()

    def look(world: NetWorld, setting: Setting) -> Iterable[str]:
        # The connections that stood still when it went away are of the time before.
        yield from charged(world, "Offline", "Stalled", "Truncated", "TimedOut")
        said = [text for text in world.observer.texts if "retrying in" in text and "no network" in text]
        yield from unless(bool(said), "the terminal does not say why it waits and until when")

    wait: Callable[[Any], Any] = lambda world: [Rule(rules.drip(16384, 0.01), role="cdn")]  # noqa: E731
    case = net_case(
        Plan("B1", "", files=(MODEL,), rules=wait, requests=80), serve=OwnServer, set_up=set_up, act=act, look=look
    )
    outcome = await case.run(folder / "case")
    print(json.dumps({"happened": outcome.happened, "broken": outcome.broken}))


def main() -> None:
    """Run one of the two."""
    what, folder, kind = sys.argv[1:]
    network: _Own | _Shared = _Shared()
    if kind == "own":
        network = _Own(what)
        b_world.own_address = lambda: ADDRESS
    asyncio.run(tell(what, Path(folder), network))


if __name__ == "__main__":
    main()
