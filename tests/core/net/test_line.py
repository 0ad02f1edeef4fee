"""The real transport over lines that fail: a sleep, a byte that changes, a full machine, a net that is away."""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator

import pytest

from core.errors import ConnectFailed, Offline, ServerBusy, Truncated, Woken
from core.net.client import Net
from core.net.credentials import Credentials
from core.net.errors import translated
from core.net.weather import Watch, Weather
from core.spawn import spawn
from tests.fakes import tls
from tests.fakes.proxies import line

PIECE = b"p" * 1000


class Drip:
    """A server that sends a piece a request at once, and the rest when it is let go."""

    def __init__(self) -> None:
        self.status = b"200 OK"
        self.asks = 0
        self.rest = asyncio.Event()
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                self.asks += 1
                writer.write(b"HTTP/1.1 " + self.status + b"\r\nContent-Length: 2000\r\n\r\n" + PIECE)
                await self.rest.wait()
                writer.write(PIECE)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()


@pytest.fixture
async def drip() -> AsyncIterator[Drip]:
    made = Drip()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield made
    made.rest.set()
    server.close()


async def read(net: Net, url: str, opened: asyncio.Event | None = None) -> bytes:
    body = b""
    async with net.stream("GET", url, headers={}) as response:
        with translated(url):
            async for piece in response.aiter_raw():
                body += piece
                if opened is not None:
                    opened.set()
    return body


class Clocks:
    def __init__(self) -> None:
        self.steady = self.whole = 100.0

    def __call__(self) -> tuple[float, float]:
        return self.steady, self.whole


async def test_b6_after_a_sleep_open_connections_are_dropped_uncharged_and_dialled_anew(drip: Drip) -> None:
    net, clocks = Net(Credentials()), Clocks()
    net._forecast.watch = Watch(clocks)
    opened = [asyncio.Event() for _ in range(3)]
    readers = [spawn(read(net, drip.url, event), name="read") for event in opened]
    for event in opened:
        await event.wait()
    clocks.whole += 1800.0
    net._forecast.look()
    results = await asyncio.gather(*readers, return_exceptions=True)
    assert [type(error) for error in results] == [Woken] * 3
    assert not any(error.is_charged for error in results if isinstance(error, Woken))
    drip.rest.set()
    assert await read(net, drip.url) == PIECE * 2
    await net.aclose()


async def test_b6_what_a_sleep_broke_by_itself_is_a_sleep_too(drip: Drip) -> None:
    net, clocks = Net(Credentials()), Clocks()
    net._forecast.watch = Watch(clocks)
    async with line("127.0.0.1", int(drip.url.rpartition(":")[2])) as way:
        opened = asyncio.Event()
        reader = spawn(read(net, f"http://{way.url}", opened), name="read")
        await opened.wait()
        clocks.whole += 1800.0  # the server closed it meanwhile, and that is seen before any tick
        way.cut()
        with pytest.raises(Woken):
            await reader
    await net.aclose()


async def test_a_connection_that_breaks_without_a_sleep_is_charged(drip: Drip) -> None:
    net = Net(Credentials())
    async with line("127.0.0.1", int(drip.url.rpartition(":")[2])) as way:
        opened = asyncio.Event()
        reader = spawn(read(net, f"http://{way.url}", opened), name="read")
        await opened.wait()
        way.cut()
        with pytest.raises(Truncated) as caught:
            await reader
        assert caught.value.is_charged
    await net.aclose()


async def test_nothing_ticks_while_nothing_is_open(drip: Drip) -> None:
    net = Net(Credentials())
    drip.rest.set()
    await read(net, drip.url)
    assert net._forecast._tick is None and net._forecast._open == 0
    await net.aclose()


async def test_b12_a_byte_that_changed_under_tls_ends_the_connection_and_no_more() -> None:
    flips = 0

    def flip(piece: bytes) -> bytes:
        nonlocal flips
        if flips or piece[:1] != b"\x17" or way.opened != 1:
            return piece
        flips += 1
        return piece[:10] + bytes([piece[10] ^ 1]) + piece[11:]  # of its first record: more may come along

    from core.net.transport import Transport
    from core.net.trust import make_context

    context = make_context(environ={})
    tls.company().configure_trust(context)
    net = Net(Credentials(), transport=Transport(context, proxy_for=lambda url: None))
    async with tls.server(tls.context_of()) as url, line("127.0.0.1", int(url.rpartition(":")[2])) as way:
        way.flip = flip
        with pytest.raises(Truncated):
            await read(net, f"https://{way.url}")
        assert await read(net, f"https://{way.url}") == tls.BODY
        assert flips == 1 and way.opened == 2, "dialled anew"
    await net.aclose()


async def test_b15_a_machine_that_gives_no_more_sockets_says_so_and_it_costs_no_try(
    drip: Drip, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = Net(Credentials())
    drip.rest.set()
    await read(net, drip.url)
    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "sock_connect", _full)
    await net._real.aclose()  # type: ignore[union-attr]  # no kept connection helps
    with pytest.raises(ConnectFailed, match="gives Pulley no more connections") as caught:
        await read(net, drip.url)
    assert not caught.value.is_charged and caught.value.retry_after_s and "fewer connections" in caught.value.action
    monkeypatch.undo()
    assert await read(net, drip.url) == PIECE * 2
    await net.aclose()


async def _full(*_: object) -> None:
    raise OSError(errno.EMFILE, "Too many open files")


async def test_b2_a_resolver_that_is_gone_means_offline_and_an_unknown_name_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    way_out = True
    net = Net(Credentials(), weather=Weather(route=lambda: way_out))
    answer: BaseException = socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    async def look_up(*_: object, **__: object) -> list[object]:
        raise answer

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", look_up)
    with pytest.raises(Offline) as caught:
        await net.fetch("GET", "https://hub.example/x")
    assert not caught.value.is_charged and "hub.example" in caught.value.message
    answer = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    with pytest.raises(ConnectFailed, match="its name is not known") as unknown:
        await net.fetch("GET", "https://hub.exmaple/x")
    assert unknown.value.is_charged
    way_out = False
    with pytest.raises(Offline):
        await net.fetch("GET", "https://hub.example/x")
    await net.aclose()


async def test_b2_another_address_of_a_name_is_tried_where_the_first_does_not_work(
    drip: Drip, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = int(drip.url.rpartition(":")[2])
    places = [
        (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", port, 0, 0)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)),
    ]

    async def look_up(*_: object, **__: object) -> list[object]:
        return list(places)

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", look_up)
    net = Net(Credentials())
    drip.rest.set()
    assert await read(net, f"http://hub.localhost:{port}/") == PIECE * 2
    await net.aclose()


async def test_b17_a_host_that_asks_for_a_pause_is_asked_by_nobody(drip: Drip) -> None:
    at = 0.0
    net = Net(Credentials(), weather=Weather(now=lambda: at))
    drip.rest.set()
    drip.status = b"429 Slow down\r\nRetry-After: 120"
    assert (await net.fetch("GET", drip.url)).status == 429, "too long to wait for within a request"
    results = await asyncio.gather(*(net.fetch("GET", drip.url) for _ in range(200)), return_exceptions=True)
    assert drip.asks == 1
    for error in results:
        assert isinstance(error, ServerBusy) and error.retry_after_s == 120.0 and not error.is_charged
        assert "asks for fewer requests (429)" in error.message
    at, drip.status = 121.0, b"200 OK"
    assert (await net.fetch("GET", drip.url)).status == 200
    await net.aclose()
