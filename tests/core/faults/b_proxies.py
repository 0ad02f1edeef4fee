"""Cases B8 and B9: proxies that work, refuse, are away or are none."""

import asyncio
import os
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any
from unittest.mock import patch

from core.net.proxies import Proxy
from tests.core.faults.b_world import NetWorld, OwnServer, Setting, SetUp, net_case, some_bytes
from tests.core.faults.case import Case
from tests.core.faults.parts import unless
from tests.core.faults.plan import CONFIG, MODEL, Plan, fails
from tests.fakes.proxies import Program, Teller, free_port, microsocks, own_address, teller, tinyproxy

PASSWORD = "secretword"
ON_OTHER_HOSTS: dict[str, Any] = {"serve": OwnServer}


def _told(setting: Setting) -> Program:
    return setting.held["program"]  # type: ignore[return-value]


def through_tinyproxy(user: str = "", password: str = "", *, refuses: str = "") -> SetUp:
    async def set_up(setting: Setting) -> None:
        run = tinyproxy(setting.folder / "proxy", user=user, password=PASSWORD, refuses=refuses)
        program = setting.held["program"] = await setting.stack.enter_async_context(run)
        setting.proxy = Proxy(program.url, user, password)

    return set_up


def through_microsocks(user: str = "", password: str = "", *, scheme: str = "socks5") -> SetUp:
    async def set_up(setting: Setting) -> None:
        run = microsocks(setting.folder / "proxy", user=user, password=PASSWORD)
        program = setting.held["program"] = await setting.stack.enter_async_context(run)
        setting.proxy = Proxy(program.url.replace("socks5", scheme), user, password)

    return set_up


def _answers(answer: bytes) -> SetUp:
    async def set_up(setting: Setting) -> None:
        told = setting.held["teller"] = await setting.stack.enter_async_context(teller(answer))
        setting.proxy = Proxy(told.url, "jan", PASSWORD)

    return set_up


def _all_through(world: NetWorld, setting: Setting) -> Iterable[str]:
    """Every request to the hub and the file server is in the proxy's own log."""
    log = _told(setting).log
    asks = world.server.asks("hub") + world.server.asks("cdn")
    yield from unless(len(asks) > 3, "nothing was asked")
    yield from unless(log.count(own_address()) >= 1, "the proxy saw nothing")
    if log.count("Request (file descriptor"):
        seen = log.count("GET http://")
        yield from unless(seen >= len(asks), f"{len(asks)} requests, {seen} of them through the proxy")
    leaked = [
        ask.role for ask in asks if b"proxy-authorization" in ask.head.lower() or PASSWORD.encode() in ask.head
    ]
    yield from unless(not leaked, f"TOKEN: the proxy's password reached {leaked}")


def _says_no_password(world: NetWorld, setting: Setting) -> Iterable[str]:
    texts = [*world.observer.texts, *world.logged, world.message]
    yield from unless(
        not any(PASSWORD in text or "wrongword" in text for text in texts), "TOKEN: a password was shown"
    )
    yield from unless("127.0.0.1:" in world.message, f"the proxy is not named: {world.message}")


def _asked_once(world: NetWorld, setting: Setting) -> Iterable[str]:
    yield from _says_no_password(world, setting)
    told: Teller = setting.held["teller"]  # type: ignore[assignment]
    yield from unless(
        len(told.asks) == 1, f"BOUND: the proxy was asked {len(told.asks)} times; accounts get locked"
    )


async def _down(setting: Setting) -> None:
    setting.proxy = Proxy(f"http://127.0.0.1:{free_port()}", "jan", PASSWORD)


async def _comes_back(setting: Setting) -> None:
    """A proxy on a known port that is started by `_restart`."""
    run = tinyproxy(setting.folder / "first")
    stack = setting.held["first"] = _Once(run)
    program = await stack.start()
    setting.stack.push_async_callback(stack.stop)
    setting.proxy = Proxy(program.url)


class _Once:
    def __init__(self, run: Any) -> None:
        self._run = run
        self._is_running = False

    async def start(self) -> Program:
        self._is_running = True
        program: Program = await self._run.__aenter__()
        return program

    async def stop(self) -> None:
        if self._is_running:
            self._is_running = False
            await self._run.__aexit__(None, None, None)


async def _restart(world: NetWorld, setting: Setting) -> None:
    await some_bytes(world, 1)
    await setting.held["first"].stop()  # type: ignore[attr-defined]
    await asyncio.sleep(0.1)  # for so long there is none
    program = await setting.stack.enter_async_context(tinyproxy(world.data / "second"))
    world.net.proxy = Proxy(program.url)


def _environment(**variables: str) -> Any:
    def during() -> AbstractContextManager[Any]:
        return patch.dict(os.environ, variables)

    return during


REFUSED = b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n"
FORBIDDEN = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 20\r\n\r\n<html>sign in</html>"
FILES = (MODEL, CONFIG)
HUB = frozenset({"hub", "cdn"})


def _plan(id_: str, title: str, *expect: Any, **more: Any) -> Plan:
    return Plan(id_, title, *expect, files=FILES, **more)


def _refused(id_: str, title: str, kind: str, says: str, **more: Any) -> Plan:
    return _plan(id_, title, fails(kind, says), heals=False, **more)


CASES: list[Case] = [
    net_case(_plan("B8a", "Through tinyproxy"), set_up=through_tinyproxy(), look=_all_through, **ON_OTHER_HOSTS),
    net_case(
        _plan("B8b", "Through tinyproxy with user name and password"),
        set_up=through_tinyproxy("jan", PASSWORD),
        look=_all_through,
        **ON_OTHER_HOSTS,
    ),
    net_case(
        _plan("B8c", "Through microsocks with user name and password, names looked up here"),
        set_up=through_microsocks("jan", PASSWORD),
        look=_all_through,
        **ON_OTHER_HOSTS,
    ),
    net_case(
        _plan("B8d", "Through microsocks, names looked up by the proxy"),
        set_up=through_microsocks(scheme="socks5h"),
        look=_all_through,
        **ON_OTHER_HOSTS,
    ),
    net_case(
        _refused("B8e", "407 to the password", "ProxyRefused", "password"),
        set_up=_answers(REFUSED),
        look=_asked_once,
        **ON_OTHER_HOSTS,
    ),
    net_case(
        _refused("B8f", "407 to the password, for a tunnel", "ProxyRefused", "password", secure=HUB),
        set_up=_answers(REFUSED),
        look=_asked_once,
        **ON_OTHER_HOSTS,
    ),
    net_case(
        _refused("B8g", "A SOCKS proxy refuses the password", "ProxyRefused", "password"),
        set_up=through_microsocks("jan", "wrongword"),
        look=_says_no_password,
        **ON_OTHER_HOSTS,
    ),
    net_case(
        _refused("B8h", "The proxy is down", "ConnectFailed", "The proxy .* cannot be reached: Connection refused"),
        set_up=_down,
        look=_says_no_password,
        **ON_OTHER_HOSTS,
    ),
    net_case(
        _refused("B8i", "The proxy opens no tunnel to the hub (403)", "ProxyRefused", "opens no way", secure=HUB),
        set_up=_answers(FORBIDDEN),
        look=_asked_once,
        **ON_OTHER_HOSTS,
    ),
    net_case(
        _refused("B8j", "The proxy answers with a web page, for a tunnel", "ConnectFailed", "sign-in", secure=HUB),
        set_up=_answers(PAGE),
        look=_says_no_password,
        **ON_OTHER_HOSTS,
    ),
    net_case(
        _plan("B8k", "The proxy dies in the middle and another takes its place", requests=80),
        set_up=_comes_back,
        act=_restart,
        **ON_OTHER_HOSTS,
    ),
    net_case(
        _plan("B9", "The environment names a proxy that is down, the hub is on this machine"),
        during=_environment(HTTP_PROXY="http://127.0.0.1:9", ALL_PROXY="socks5://127.0.0.1:9"),
    ),
]
