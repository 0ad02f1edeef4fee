"""Net: requests with our redirects, our credentials and our errors. Everything that leaves goes through here."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import urljoin

import httpx

from core import __version__
from core.errors import ConnectFailed, ServerRefused, TransferError
from core.net.credentials import Credentials
from core.net.errors import translated
from core.net.origin import host_label, is_private, origin_of
from core.net.proxies import Proxy, proxy_from_environment
from core.net.reply import Reply

_log = logging.getLogger(__name__)

CONNECT_S = 15.0
SILENCE_S = 30.0  # a connection that moves no byte for this long is dead
REDIRECTS_MAX = 10
TRIES = 3  # of a small request; the bytes of files have a policy of their own
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_RETRIED = frozenset({408, 429, 500, 502, 503, 504})
_WAIT_MAX_S = 30.0


class Net:
    """One client for a process.

    `offline` refuses every request (HF_HUB_OFFLINE). `transport` is for tests; None chooses the real one.

    Attributes:
        proxy: The proxy of the settings, from the next connection on; an empty one leaves it to the environment.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        offline: bool = False,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.credentials = credentials
        self.offline = offline
        self.proxy = Proxy()
        self._transport = transport
        self._client: httpx.AsyncClient | None = None
        self._making = asyncio.Lock()

    async def _http(self) -> httpx.AsyncClient:
        """Return the client, made at the first request: its libraries take a while to load, so a thread does."""
        async with self._making:
            if self._client is None:
                if self._transport is None:
                    try:
                        self._transport = await asyncio.to_thread(_make_transport, lambda: self.proxy)
                    except (OSError, ValueError) as error:
                        raise ConnectFailed(
                            f"The certificates of this machine cannot be read: {error}",
                            action="Check SSL_CERT_FILE and SSL_CERT_DIR, then try again.",
                        ) from error
                self._client = _make_client(self._transport)
            return self._client

    async def fetch(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        max_bytes: int = 64 * 2**20,
        follow: bool = True,
    ) -> Reply:
        """Send a small request and return its reply, whatever the status.

        Connection troubles and 408, 429, 5xx are tried `TRIES` times with a growing wait.

        Raises:
            TransferError: No reply came, or its body is larger than `max_bytes`.
        """
        for attempt in range(TRIES):
            last = attempt == TRIES - 1
            try:
                reply = await self._fetch_once(method, url, headers or {}, max_bytes=max_bytes, follow=follow)
            except (ServerRefused, ConnectFailed):
                raise  # a refused name or address does not change within seconds
            except TransferError as error:
                if last:
                    raise
                _log.info("%s %s: %s; trying again", method, host_label(url), error.message)
                await asyncio.sleep(2**attempt)
                continue
            if last or reply.status not in _RETRIED:
                return reply
            await asyncio.sleep(retry_after_s(reply.headers) or float(2**attempt))
        raise AssertionError("the last try returns or raises")

    async def _fetch_once(
        self, method: str, url: str, headers: Mapping[str, str], *, max_bytes: int, follow: bool
    ) -> Reply:
        async with self.stream(method, url, headers=headers, follow=follow) as response:
            body = bytearray()
            with translated(str(response.url)):
                async for piece in response.aiter_raw():
                    body += piece
                    if len(body) > max_bytes:
                        raise TransferError(f"The reply of {host_label(url)} is larger than it should ever be")
            return Reply(response.status_code, response.headers, bytes(body), str(response.url))

    @asynccontextmanager
    async def stream(
        self, method: str, url: str, *, headers: Mapping[str, str], follow: bool = True
    ) -> AsyncIterator[httpx.Response]:
        """Open a request, redirects followed by us, and yield the response with its body unread.

        Errors while reading the body are the caller's to translate (`core.net.errors.translated`).

        Raises:
            TransferError: No reply, a refused redirect, or too many of them.
        """
        response = await self._open(method, url, headers, follow=follow)
        try:
            yield response
        finally:
            await response.aclose()

    async def _open(self, method: str, url: str, headers: Mapping[str, str], *, follow: bool) -> httpx.Response:
        if self.offline:
            raise ConnectFailed(
                "Offline mode is on (HF_HUB_OFFLINE)", action="Unset HF_HUB_OFFLINE, then try again."
            )
        client = await self._http()
        chain = [host_label(url)]
        public = not is_private(origin_of(url)[1])
        while True:
            with translated(url):
                request = client.build_request(method, url, headers={**headers, **self.credentials.headers(url)})
                response = await client.send(request, stream=True)
            if not follow or response.status_code not in _REDIRECTS or "location" not in response.headers:
                return response
            target = urljoin(url, response.headers["location"])
            await response.aclose()
            chain.append(host_label(target))
            check_redirect(url, target, public=public)
            if len(chain) > REDIRECTS_MAX:
                raise ServerRefused(f"Too many redirects: {' → '.join(chain[:4])} …")
            url = target

    async def aclose(self) -> None:
        """Close every connection."""
        if self._client is not None:
            await self._client.aclose()


def _make_client(transport: httpx.AsyncBaseTransport) -> httpx.AsyncClient:
    client = httpx.AsyncClient(
        transport=transport,
        timeout=httpx.Timeout(SILENCE_S, connect=CONNECT_S),
        follow_redirects=False,
        trust_env=False,
        headers={"User-Agent": f"pulley/{__version__}", "Accept-Encoding": "identity"},
    )
    client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return client


def _make_transport(chosen: Callable[[], Proxy]) -> httpx.AsyncBaseTransport:
    from core.net.transport import AiohttpTransport

    of_environment = proxy_from_environment()

    def proxy_for(url: str) -> str | None:
        proxy = chosen()
        return proxy.for_url(url) if proxy.url else of_environment(url)

    return AiohttpTransport(httpx.create_ssl_context(), proxy_for=proxy_for)


def check_redirect(source: str, target: str, *, public: bool) -> None:
    """Refuse redirects to other schemes, from https to http, and from a public host to a private address.

    Raises:
        ServerRefused: With the hosts, without the rest of the URLs.
    """
    try:
        scheme, host, _ = origin_of(target)
    except ValueError as error:
        raise ServerRefused(f"{host_label(source)} redirects to something that is no web address") from error
    if origin_of(source)[0] == "https" and scheme != "https":
        raise ServerRefused(f"{host_label(source)} redirects to an unencrypted address on {host}")
    if public and is_private(host):
        raise ServerRefused(f"{host_label(source)} redirects to a private address ({host})")


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return the wait that a reply asks for in seconds, clamped to 0 to 30; None where it names none."""
    value = headers.get("retry-after", "").strip()
    if not value.isascii() or not value.isdigit():
        return None
    return min(_WAIT_MAX_S, float(value[:6]))
