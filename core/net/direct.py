"""An httpx transport that speaks HTTP/1.1 itself, straight to the server: large bodies at the cost of curl's.

Keeps connections for the next request, dials all addresses of a name, tells httpx's errors. Must not know: proxies
(core.net.proxied), credentials, redirects. Why it is ours, with the figures, stands in docs/decisions.md.
"""

import asyncio
import socket
import ssl
from asyncio import sslproto
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import h11
import httpx
from aiohappyeyeballs import start_connection

from core.net import tls
from core.net.buffers import Buffers
from core.net.connection import Connection, Piece, Silent, Stale
from core.net.faults import Dropped

KEEP_ALIVE_S = 30.0
NEXT_ADDRESS_S = 0.25  # RFC 8305: the next address is tried beside one that has not answered by then
SCRATCH_BYTES = 2**16
HEADERS_KEPT = 32

Origin = tuple[bytes, str, int]
"""Scheme, host, port."""
AddressInfo = tuple[int, int, int, str, tuple[Any, ...]]


if hasattr(sslproto.SSLProtocol, "max_size"):  # not promised by asyncio: without it all works as well, only dearer
    sslproto.SSLProtocol.max_size = tls.READ_BYTES  # 256 KiB by itself; fewer wake-ups cost a GiB 0.2 s less


class DirectTransport(httpx.AsyncBaseTransport):
    """Sends each request of httpx on a connection of its own; follows nothing, decodes nothing.

    The response extension `read_nowait` returns the bytes that have already arrived, without waiting: a stop loses
    nothing that is in memory. Pieces of bodies are bytes or views; a view stays as it is for as long as it is held.

    Attributes:
        look: Called when a request fails, before the failure is named: it may find that the machine slept.
    """

    def __init__(self, context: ssl.SSLContext) -> None:
        self.look: Callable[[], object] = lambda: None
        self._context = context
        self._buffers = Buffers()
        self._scratch = memoryview(bytearray(SCRATCH_BYTES))
        self._open: set[Connection] = set()
        self._idle: dict[Origin, list[tuple[Connection, asyncio.TimerHandle]]] = {}
        self._dialling: set[asyncio.Timeout] = set()
        self._age = 0

    # -- connections -------------------------------------------------------------------------------------

    def use(self, context: ssl.SSLContext) -> None:
        """Trust by `context` from the next connection on; what is under way goes on."""
        self._context = context
        self._close_idle()

    def renew(self) -> None:
        """Drop every connection; what waits on one of them ends as `Dropped`."""
        self._age += 1
        for dialling in self._dialling:
            dialling.reschedule(asyncio.get_running_loop().time())
        self._close_idle()
        for connection in list(self._open):
            connection.abort(ConnectionResetError("dropped"))

    async def aclose(self) -> None:
        """Close every connection."""
        self._close_idle()
        closing = list(self._open)
        for connection in closing:
            connection.abort(ConnectionResetError("closed"))
        for connection in closing:
            await connection.gone.wait()  # the loop closes a socket in its next turn
        self._buffers.forget()

    def _close_idle(self) -> None:
        for kept in self._idle.values():
            for connection, timer in kept:
                timer.cancel()
                connection.abort()
        self._idle.clear()

    def _take_idle(self, origin: Origin) -> Connection | None:
        kept = self._idle.get(origin, [])
        while kept:
            connection, timer = kept.pop()
            timer.cancel()
            if connection.is_reusable and connection.is_quiet:
                return connection
            connection.abort()
        return None

    def _keep(self, connection: Connection, origin: Origin, context: ssl.SSLContext) -> None:
        """Keep a connection whose exchange is over for the next one, if it can have one."""
        connection.end()
        self._buffers.trim()
        if not connection.is_reusable:
            return
        if context is not self._context:
            connection.abort()
            return
        timer = asyncio.get_running_loop().call_later(KEEP_ALIVE_S, self._expire, origin, connection)
        self._idle.setdefault(origin, []).append((connection, timer))

    def _expire(self, origin: Origin, connection: Connection) -> None:
        self._idle[origin] = [pair for pair in self._idle.get(origin, []) if pair[0] is not connection]
        connection.abort()

    async def addresses(self, host: str, port: int) -> Sequence[AddressInfo]:
        """Look a name up; for tests to answer in the system's place."""
        return await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)

    async def _dial(self, origin: Origin, context: ssl.SSLContext, *, connect_s: float | None) -> Connection:
        scheme, host, port = origin
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(connect_s) as limit:
            self._dialling.add(limit)
            try:
                found = await self.addresses(host, port)
                sock = await start_connection(list(found), happy_eyeballs_delay=NEXT_ADDRESS_S, interleave=1)
                connection = Connection(self._buffers, self._scratch, lost=self._open.discard)
                try:
                    if scheme == b"https" and tls.is_possible(context):
                        await tls.connect(sock, context, host, connection)
                    else:
                        await loop.create_connection(
                            lambda: connection,
                            sock=sock,
                            ssl=context if scheme == b"https" else None,
                            server_hostname=host if scheme == b"https" else None,
                        )
                except BaseException:
                    # Where the handshake had just ended asyncio closes politely: the loop would go on with a socket
                    # that is closed under it, and refuse the next one, which gets the same number.
                    connection.abort()
                    sock.close()
                    raise
            finally:
                self._dialling.discard(limit)
        self._open.add(connection)
        return connection

    # -- requests ----------------------------------------------------------------------------------------

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; return as soon as its head is here."""
        age, context = self._age, self._context
        origin, target = _place_of(request)
        limits = request.extensions.get("timeout", {})
        with self._told(request, age):
            ask = h11.Request(
                method=request.method.encode(), target=target, headers=_valid(tuple(request.headers.raw))
            )
            body = await request.aread()
            while True:
                connection = self._take_idle(origin)
                is_fresh = connection is None
                if connection is None:
                    with _dialled(request):
                        connection = await self._dial(origin, context, connect_s=limits.get("connect"))
                try:
                    head = await connection.ask(ask, body, silence_s=limits.get("read"))
                    break
                except Stale as error:
                    # Nobody saw the request, or nobody would say so: what is asked here changes nothing there.
                    if is_fresh:
                        raise httpx.ReadError("the server closed the connection", request=request) from error
                except BaseException:
                    connection.end()
                    raise
        return httpx.Response(
            head.status_code,
            headers=list(head.headers.raw_items()),
            stream=_Body(self, connection, request, lambda: self._keep(connection, origin, context), age),
            extensions={"read_nowait": connection.read_nowait, "reason_phrase": head.reason},
        )

    @contextmanager
    def _told(self, request: httpx.Request, age: int) -> Iterator[None]:
        """Turn errors of the wire into httpx's; those of a connection from before a sleep into `Dropped`."""
        try:
            with _translated(request):
                yield
        except httpx.HTTPError as error:
            self.look()
            if self._age != age:
                raise Dropped("from before a sleep", request=request) from error
            raise


def _place_of(request: httpx.Request) -> tuple[Origin, bytes]:
    """Return where a request goes and what stands in its first line."""
    if (place := request.extensions.get("place")) is not None:
        return place, request.extensions["target"]
    url = request.url
    port = url.port or (443 if url.scheme == "https" else 80)
    return (url.raw_scheme, url.raw_host.decode("ascii"), port), url.raw_path


@lru_cache(HEADERS_KEPT)
def _valid(headers: tuple[tuple[bytes, bytes], ...]) -> Any:
    """Return headers as h11 checked them: those of one small file are those of the next."""
    return h11.Request(method=b"GET", target=b"/", headers=list(headers)).headers


class _Body(httpx.AsyncByteStream):
    def __init__(
        self,
        transport: DirectTransport,
        connection: Connection,
        request: httpx.Request,
        over: Callable[[], None],
        age: int,
    ) -> None:
        self._transport = transport
        self._connection = connection
        self._request = request
        self._over: Callable[[], None] | None = over
        self._age = age

    async def __aiter__(self) -> AsyncIterator[Piece]:  # type: ignore[override]  # httpx passes any buffer on
        with self._transport._told(self._request, self._age):
            while piece := await self._connection.read():
                yield piece

    async def aclose(self) -> None:
        over, self._over = self._over, None
        if over is not None:
            over()


@contextmanager
def _dialled(request: httpx.Request) -> Iterator[None]:
    """Tell what failed before there was a connection."""
    try:
        yield
    except TimeoutError as error:
        raise httpx.ConnectTimeout("no connection in time", request=request) from error
    except (OSError, UnicodeError) as error:  # TLS and certificates among them
        raise httpx.ConnectError(str(error), request=request) from error


@contextmanager
def _translated(request: httpx.Request) -> Iterator[None]:
    try:
        yield
    except Silent as error:
        raise httpx.ReadTimeout("no byte in time", request=request) from error
    except h11.RemoteProtocolError as error:
        raise httpx.RemoteProtocolError(str(error), request=request) from error
    except (h11.LocalProtocolError, ValueError) as error:
        raise httpx.LocalProtocolError(str(error), request=request) from error
    except OSError as error:
        raise httpx.ReadError(str(error), request=request) from error
