"""An httpx transport for what goes through a proxy, HTTP or SOCKS: aiohttp knows both, and costs more a byte.

Everything above core.net is written against httpx alone; what needs no proxy goes by core.net.direct.
"""

import asyncio
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import aiohttp
import httpx
from yarl import URL

from core.net import proxies
from core.net.faults import Dropped, ProxyTrouble
from core.net.socks import TROUBLES, socks_connector, trouble
from core.spawn import spawn

PIECE_BYTES = 2**19  # aiohttp buffers up to twice this a connection before it stops reading
KEEP_ALIVE_S = 30.0
_NO_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG")


class ProxiedTransport(httpx.AsyncBaseTransport):
    """Sends each request of httpx through an aiohttp session; follows nothing, decodes nothing.

    `proxy_for` maps a URL to a proxy URL; None means the way without one. The response extension `read_nowait`
    returns the bytes that have already arrived, without waiting: a stop loses nothing that is in memory.

    Attributes:
        look: Called when a request fails, before the failure is named: it may find that the machine slept.
    """

    def __init__(self, context: ssl.SSLContext, *, proxy_for: Callable[[str], str | None]) -> None:
        self.look: Callable[[], object] = lambda: None
        self._context = context
        self._proxy_for = proxy_for
        self._session: aiohttp.ClientSession | None = None
        self._others: dict[str, aiohttp.ClientSession] = {}  # by SOCKS proxy; "" for one request a connection
        self._retired: list[aiohttp.ClientSession] = []
        self._waiting: set[asyncio.Timeout] = set()
        self._replies: set[aiohttp.ClientResponse] = set()
        self._age = 0

    # -- sessions ----------------------------------------------------------------------------------------

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=0, ssl=self._context, keepalive_timeout=KEEP_ALIVE_S)
            self._session = _session(connector)
        return self._session

    def _open_other(self, proxy: str) -> aiohttp.ClientSession:
        """Return the session whose connections all go through one SOCKS proxy, or serve one request each."""
        if proxy not in self._others:
            once = None if proxy else aiohttp.TCPConnector(limit=0, ssl=self._context, force_close=True)
            self._others[proxy] = _session(once or socks_connector(proxy, self._context))
        return self._others[proxy]

    def use(self, context: ssl.SSLContext) -> None:
        """Trust by `context` from the next connection on; what is under way goes on."""
        self._context = context
        self._retired += self._take_sessions()

    def renew(self) -> None:
        """Drop every connection; what waits on one of them ends as `Dropped`.

        Closing a session wakes nobody who waits for its bytes: who waits for a head is timed out, and connections
        with a body under way are aborted one by one.
        """
        self._age += 1
        for waiting in self._waiting:
            waiting.reschedule(asyncio.get_running_loop().time())
        for reply in self._replies:
            if reply.connection is not None and reply.connection.transport is not None:
                reply.connection.transport.abort()
        old = self._take_sessions() + self._retired
        self._retired = []
        if old:
            spawn(_close(old), name="drop connections")

    def _take_sessions(self) -> list[aiohttp.ClientSession]:
        taken = [*self._others.values(), *([self._session] if self._session is not None else [])]
        self._others, self._session = {}, None
        return taken

    # -- requests ----------------------------------------------------------------------------------------

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; return as soon as its head is here."""
        url = str(request.url)
        proxy = self._proxy_for(url)
        headers = request.headers.multi_items()
        proxy_headers: dict[str, str] = {}
        age = self._age
        with self._told(request, proxy, age):
            session, through = self._open_session(), proxy
            if proxy is not None and proxy.startswith("socks"):
                session, through = self._open_other(proxy), None
            elif proxy is not None:
                through, proxy_headers = _with_credentials(proxy)
                if request.url.scheme == "http":
                    # The request itself goes to the proxy, and its connection serves no second one: tinyproxy hands
                    # all that follows to the first server as it is, the proxy's password with it.
                    session = self._open_other("")
                    headers += proxy_headers.items()
            limits = request.extensions.get("timeout", {})
            reply = await self._head(
                session,
                request.method,
                URL(url, encoded=True),
                headers=headers,
                data=await request.aread() or None,
                allow_redirects=False,
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
                proxy=through,
                proxy_headers=proxy_headers or None,
                timeout=aiohttp.ClientTimeout(
                    total=None,
                    connect=_twice(limits.get("connect")),  # names and proxies included, which may be silent
                    sock_connect=limits.get("connect"),
                    sock_read=limits.get("read"),
                ),
            )
        self._replies.add(reply)
        return httpx.Response(
            reply.status,
            headers=list(reply.raw_headers),
            stream=_Body(
                reply,
                self._told(request, proxy, age),
                self._replies.discard,
                silence_s=None if (read := limits.get("read")) is None else 1.25 * read,
            ),
            extensions={"read_nowait": lambda: _read_nowait(reply)},
        )

    async def _head(
        self, session: aiohttp.ClientSession, method: str, url: URL, **more: Any
    ) -> aiohttp.ClientResponse:
        async with asyncio.timeout(None) as waiting:
            self._waiting.add(waiting)
            try:
                return await session.request(method, url, **more)
            finally:
                self._waiting.discard(waiting)

    @contextmanager
    def _told(self, request: httpx.Request, proxy: str | None, age: int) -> Iterator[None]:
        """Turn errors of aiohttp into httpx's; those of a connection from before a sleep into `Dropped`."""
        try:
            with _translated(request, proxy):
                yield
        except httpx.HTTPError as error:
            self.look()
            if self._age != age:
                raise Dropped("from before a sleep", request=request) from error
            raise

    async def aclose(self) -> None:
        """Close every connection."""
        await _close(self._take_sessions() + self._retired)


class _Body(httpx.AsyncByteStream):
    def __init__(
        self,
        reply: aiohttp.ClientResponse,
        told: AbstractContextManager[None],
        closed: Callable[[aiohttp.ClientResponse], None],
        *,
        silence_s: float | None,
    ) -> None:
        self._reply = reply
        self._silence_s = silence_s
        self._told = told
        self._closed = closed

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with self._told:
            while True:
                # After a malformed chunk aiohttp drops its own time limit and tells the reader nothing.
                async with asyncio.timeout(self._silence_s):
                    piece = await self._reply.content.readany()
                if not piece:
                    return
                yield piece

    async def aclose(self) -> None:
        self._closed(self._reply)
        # A body that was read to its end gives its connection back; any other costs the connection.
        if self._reply.content.at_eof():
            self._reply.release()
        else:
            self._reply.close()


def _session(connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        read_bufsize=PIECE_BYTES,
        trust_env=False,
    )


async def _close(sessions: list[aiohttp.ClientSession]) -> None:
    for session in sessions:
        await session.close()


def _with_credentials(proxy: str) -> tuple[str, dict[str, str]]:
    """Return the URL of an http proxy without its credentials, and the header that carries them."""
    parts = proxies.parts_of(proxy)
    host = f"[{parts.host}]" if ":" in parts.host else parts.host
    bare = f"{parts.scheme}://{host}:{parts.port}"
    if not parts.username:
        return bare, {}
    pair = b64encode(f"{parts.username}:{parts.password}".encode()).decode("ascii")
    return bare, {"Proxy-Authorization": f"Basic {pair}"}


def _twice(seconds: float | None) -> float | None:
    return None if seconds is None else 2 * seconds


def _read_nowait(reply: aiohttp.ClientResponse) -> bytes:
    try:
        return reply.content.read_nowait(-1)
    except (aiohttp.ClientError, RuntimeError, OSError):
        return b""  # a broken stream has nothing more to give


@contextmanager
def _translated(request: httpx.Request, proxy: str | None) -> Iterator[None]:
    try:
        yield
    except TROUBLES as error:
        assert proxy is not None
        raise trouble(error, proxy, request) from error
    except aiohttp.ConnectionTimeoutError as error:
        raise httpx.ConnectTimeout(str(error), request=request) from error
    except (TimeoutError, aiohttp.SocketTimeoutError) as error:
        raise httpx.ReadTimeout(str(error), request=request) from error
    except aiohttp.ClientHttpProxyError as error:
        assert proxy is not None
        raise _proxy_said(error.status, proxy, request) from error
    except aiohttp.ClientProxyConnectionError as error:
        raise ProxyTrouble(proxies.label(proxy or ""), request=request) from error
    except aiohttp.ClientConnectorError as error:
        if proxy is not None and (trouble_ := _before_the_proxy(error, proxy, request)):
            raise trouble_ from error
        raise httpx.ConnectError(str(error), request=request) from error
    except aiohttp.ClientResponseError as error:
        if proxy is not None and error.request_info.method == "CONNECT":
            reason = "what answers there is no proxy"
            raise ProxyTrouble(proxies.label(proxy), reason, refuses=True, request=request) from error
        raise httpx.RemoteProtocolError(str(error), request=request) from error
    except ssl.SSLError as error:
        raise httpx.ConnectError(str(error), request=request) from error
    except (aiohttp.ClientPayloadError, aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
        if isinstance(error.__cause__, ssl.SSLCertVerificationError):
            raise httpx.ConnectError(str(error), request=request) from error
        raise httpx.ReadError(str(error), request=request) from error
    except (aiohttp.ClientError, ConnectionError) as error:
        raise httpx.ReadError(str(error), request=request) from error
    except ValueError as error:
        raise httpx.LocalProtocolError(str(error), request=request) from error


def _proxy_said(status: int, proxy: str, request: httpx.Request) -> ProxyTrouble:
    """Name what a proxy answered to CONNECT: 4xx stays so, 5xx is about the host behind it."""
    name = proxies.label(proxy)
    if status in (401, 407):  # tinyproxy says 401 to a wrong password
        return ProxyTrouble(name, wants_credentials=True, request=request)
    reason = f"it answered {status}"
    return ProxyTrouble(name, reason, refuses=status < 500 and status not in (408, 425, 429), request=request)


def _before_the_proxy(
    error: aiohttp.ClientConnectorError, proxy: str, request: httpx.Request
) -> ProxyTrouble | None:
    """Tell whether a failed connection is the one to the proxy, or TLS with what only says that it is a proxy."""
    parts = proxies.parts_of(proxy)
    if (error.host, error.port) == (parts.host, parts.port):
        return ProxyTrouble(proxies.label(proxy), request=request)
    inner = error.os_error
    if isinstance(inner, ssl.SSLError) and inner.reason in _NO_TLS:
        reason = "what answers there is no proxy, or wants a sign-in"
        return ProxyTrouble(proxies.label(proxy), reason, refuses=True, request=request)
    if isinstance(inner, ConnectionResetError):
        return ProxyTrouble(proxies.label(proxy), "it was cut off; it may want a sign-in", request=request)
    return None
