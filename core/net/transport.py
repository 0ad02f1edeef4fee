"""An httpx transport that carries the bytes over aiohttp, in pieces as large as the socket gave them.

httpx's own transport costs several times the processor time for large bodies, most of all on a Qt loop; the
figures are in docs/decisions.md. Everything above this file is written against httpx alone.
"""

import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager

import aiohttp
import httpx
from yarl import URL

PIECE_BYTES = 2**19  # aiohttp buffers up to twice this a connection before it stops reading
KEEP_ALIVE_S = 30.0


class AiohttpTransport(httpx.AsyncBaseTransport):
    """Sends each request of httpx through one aiohttp session; follows nothing, decodes nothing.

    `proxy_for` maps a URL to a proxy URL or None. The response extension `read_nowait` returns the bytes that
    have already arrived, without waiting: a stop loses nothing that is in memory.
    """

    def __init__(self, context: ssl.SSLContext, *, proxy_for: Callable[[str], str | None]) -> None:
        self._context = context
        self._proxy_for = proxy_for
        self._session: aiohttp.ClientSession | None = None

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, ssl=self._context, keepalive_timeout=KEEP_ALIVE_S),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                read_bufsize=PIECE_BYTES,
                trust_env=False,
            )
        return self._session

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; return as soon as its head is here."""
        limits = request.extensions.get("timeout", {})
        url = str(request.url)
        with _translated(request):
            reply = await self._open_session().request(
                request.method,
                URL(url, encoded=True),
                headers=request.headers.multi_items(),
                data=await request.aread() or None,
                allow_redirects=False,
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
                proxy=self._proxy_for(url),
                timeout=aiohttp.ClientTimeout(
                    total=None,
                    connect=_twice(limits.get("connect")),  # names and proxies included, which may be silent
                    sock_connect=limits.get("connect"),
                    sock_read=limits.get("read"),
                ),
            )
        return httpx.Response(
            reply.status,
            headers=list(reply.raw_headers),
            stream=_Body(reply, request),
            extensions={"read_nowait": lambda: _read_nowait(reply)},
        )

    async def aclose(self) -> None:
        """Close every connection."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()


class _Body(httpx.AsyncByteStream):
    def __init__(self, reply: aiohttp.ClientResponse, request: httpx.Request) -> None:
        self._reply = reply
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _translated(self._request):
            while piece := await self._reply.content.readany():
                yield piece

    async def aclose(self) -> None:
        # A body that was read to its end gives its connection back; any other costs the connection.
        if self._reply.content.at_eof():
            self._reply.release()
        else:
            self._reply.close()


def _twice(seconds: float | None) -> float | None:
    return None if seconds is None else 2 * seconds


def _read_nowait(reply: aiohttp.ClientResponse) -> bytes:
    try:
        return reply.content.read_nowait(-1)
    except (aiohttp.ClientError, RuntimeError, OSError):
        return b""  # a broken stream has nothing more to give


@contextmanager
def _translated(request: httpx.Request) -> Iterator[None]:
    try:
        yield
    except aiohttp.ConnectionTimeoutError as error:
        raise httpx.ConnectTimeout(str(error), request=request) from error
    except (TimeoutError, aiohttp.SocketTimeoutError) as error:
        raise httpx.ReadTimeout(str(error), request=request) from error
    except (aiohttp.ClientProxyConnectionError, aiohttp.ClientHttpProxyError) as error:
        raise httpx.ProxyError(str(error), request=request) from error
    except aiohttp.ClientConnectorError as error:
        raise httpx.ConnectError(str(error), request=request) from error
    except (aiohttp.ClientPayloadError, aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
        raise httpx.ReadError(str(error), request=request) from error
    except (aiohttp.ClientError, ConnectionError) as error:
        raise httpx.RemoteProtocolError(str(error), request=request) from error
    except ValueError as error:
        raise httpx.LocalProtocolError(str(error), request=request) from error
