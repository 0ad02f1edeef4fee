"""Net: requests with our redirects, our credentials and our errors. Everything that leaves goes through here."""

import asyncio
import logging
import os
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Protocol

import httpx

from core import __version__
from core.errors import ConnectFailed, ServerBusy, ServerRefused, TimedOut, TransferError
from core.net.challenge import Challenges
from core.net.credentials import Credentials
from core.net.errors import translated
from core.net.forecast import Forecast
from core.net.mirrors import Detour
from core.net.origin import host_label, is_private, origin_of
from core.net.proxies import Proxy, proxy_from_environment
from core.net.redirects import Names, at_mirror, check_redirect
from core.net.reply import Reply, address_of
from core.net.request import make_request
from core.net.trust import make_context
from core.net.weather import Weather, retry_after_s

if TYPE_CHECKING:
    from core.net.transport import Transport

__all__ = ["Net", "check_redirect", "retry_after_s"]

_log = logging.getLogger(__name__)

CONNECT_S = 15.0
SILENCE_S = 30.0  # a connection that moves no byte for this long is dead
HEAD_S = 60.0  # for a name, a connection and the whole head of an answer, however steadily it trickles
REPLY_S = 300.0  # for the whole of a small answer
REDIRECTS_MAX = 10
TRIES = 3  # of a small request; the bytes of files have a policy of their own
TRY_AGAIN_S = 1.0  # after the first of them, twice as long after the next
HEADERS = [(b"Accept", b"*/*"), (b"Accept-Encoding", b"identity"), (b"Connection", b"keep-alive"),
           (b"User-Agent", f"pulley/{__version__}".encode())]  # fmt: skip
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_RETRIED = frozenset({408, 429, 500, 502, 503, 504})
_WAIT_MAX_S = 30.0  # within a small request; who asks for more is left alone


class Chooser(Protocol):
    """Chooses where the hub is asked; `detour` says where that is."""

    async def settled(self, url: str) -> None:
        """Wait until this address may be asked: until a first choice was made."""
        ...

    def trouble(self, url: str, error: TransferError | None) -> None:
        """This address could not be asked, or gave rubbish (None)."""
        ...

    async def chosen(self, url: str) -> None:
        """Wait for a choice that is being made."""
        ...


class Net:
    """One client for a process.

    Requests and replies are httpx's, as are the transports under them. Its client is left out: what it adds for
    each request (cookies, redirects, authentication) is not wanted, and costs a small file more than its bytes do.

    `offline` refuses every request (HF_HUB_OFFLINE). `transport` is for tests; None chooses the real one. `environ`
    names certificates.

    Attributes:
        mirror: Where a mirror of Hugging Face is that handles are fetched from; empty for the hub itself.
        detour: Turns addresses of the hub into those of a mirror; None where they are asked as they are.
        chooser: Who chooses among several mirrors; None where there is nothing to choose.
        names: What is known of the addresses of names.
        proxy: The proxy of the settings, from the next connection on; an empty one leaves it to the environment.
        ca_file: A company's certificates that are trusted too, from the next request on; empty for none.
        weather: What is known about hosts and the network.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        offline: bool = False,
        transport: httpx.AsyncBaseTransport | None = None,
        weather: Weather | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self.credentials = credentials
        self.offline = offline
        self.proxy = Proxy()
        self.ca_file = ""
        self.weather = weather or Weather()
        self.mirror = ""
        self.detour: Detour | None = None
        self.chooser: Chooser | None = None
        self._challenges = Challenges()
        self.names = Names()
        self._forecast = Forecast(self.weather, proxy_for=self._proxy_for, renew=self._renew)
        self._environ = environ
        self._of_environment: Callable[[str], str | None] = lambda url: None
        self._transport = transport
        self._real: Transport | None = None
        self._trusted: str | None = None  # the CA file that the transport trusts; None where it trusts nobody yet
        self._making = asyncio.Lock()
        self._is_closed = False

    async def _way(self, url: str) -> httpx.AsyncBaseTransport:
        """Return the transport. A thread makes it at the first request, and reads certificates for the first that
        needs them: both take a while.
        """
        if self._is_closed:
            raise RuntimeError("nothing can be asked any more")
        if self._transport is not None:
            return self._transport
        if self._real is not None and self._is_trusted(url):
            return self._real
        async with self._making:
            if self._real is None:
                self._real = await asyncio.to_thread(self._make_transport)
                self._real.watch(self._forecast.look)
            if not self._is_trusted(url):
                ca_file = self.ca_file
                context = await asyncio.to_thread(make_context, ca_file=ca_file, environ=self._environ)
                self._real.use(context)
                self._trusted = ca_file
            return self._real

    async def ready(self, url: str) -> None:
        """Read what a request to this address needs, so that the request itself can be timed."""
        await self._way(url)

    def _is_trusted(self, url: str) -> bool:
        """Tell whether the certificates that a request needs are known; a plain one without a proxy needs none."""
        return self.ca_file == self._trusted or (url.startswith("http://") and self._proxy_for(url) is None)

    def _make_transport(self) -> "Transport":
        from core.net.transport import Transport

        self._of_environment = proxy_from_environment()
        # Until certificates are read it trusts nobody.
        return Transport(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), proxy_for=self._proxy_for)

    def _proxy_for(self, url: str) -> str | None:
        if self.proxy.is_direct(url):
            return None
        return self.proxy.for_url(url) if self.proxy.url else self._of_environment(url)

    def _renew(self) -> None:
        _log.info("The machine slept, or Pulley stood still: all connections are made anew")
        if self._real is not None:
            self._real.renew()

    async def fetch(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        max_bytes: int = 64 * 2**20,
        follow: bool = True,
        tries: int = TRIES,
    ) -> Reply:
        """Send a small request and return its reply, whatever the status.

        Connection troubles and 408, 429, 5xx are tried `tries` times with a growing wait, unless the host asks to
        be left alone for longer.

        Raises:
            TransferError: No reply came, or its body is larger than `max_bytes`.
        """
        for attempt in range(tries):
            last = attempt == tries - 1
            try:
                reply = await self._fetch_somewhere(method, url, headers or {}, max_bytes=max_bytes, follow=follow)
            except (ServerRefused, ConnectFailed, _Endless):
                raise  # a refused name or address does not change within seconds
            except TransferError as error:
                wait = error.retry_after_s or TRY_AGAIN_S * 2**attempt
                if last or wait > _WAIT_MAX_S:
                    raise
                _log.info("%s %s: %s; trying again", method, host_label(url), error.message)
                await asyncio.sleep(wait)
                continue
            wait = retry_after_s(reply.headers) or TRY_AGAIN_S * 2**attempt
            if last or reply.status not in _RETRIED or wait > _WAIT_MAX_S:
                return reply
            await asyncio.sleep(wait)
        raise AssertionError("the last try returns or raises")

    async def _fetch_somewhere(
        self, method: str, url: str, headers: Mapping[str, str], *, max_bytes: int, follow: bool
    ) -> Reply:
        """Send it, and once more where it is asked elsewhere by then because that failed."""
        before = self.detour
        try:
            return await self._fetch_once(method, url, headers, max_bytes=max_bytes, follow=follow)
        except (ConnectFailed, TimedOut):
            if self.chooser is None:
                raise
            await self.chooser.chosen(url)
            asked, now = (url if way is None else way.of(url) for way in (before, self.detour))
            if asked == now:
                raise
            return await self._fetch_once(method, url, headers, max_bytes=max_bytes, follow=follow)

    async def _fetch_once(
        self, method: str, url: str, headers: Mapping[str, str], *, max_bytes: int, follow: bool
    ) -> Reply:
        host = host_label(url)
        try:
            async with (
                asyncio.timeout(REPLY_S),
                self.stream(method, url, headers=headers, follow=follow) as response,
            ):
                body = bytearray()
                with translated(address_of(response)):
                    async for piece in response.aiter_raw():
                        body += piece
                        if len(body) > max_bytes:
                            raise _Endless(f"The reply of {host} is larger than it should ever be")
                return Reply(response.status_code, response.headers, bytes(body), address_of(response))
        except TimeoutError as error:
            raise _Endless(f"The reply of {host} does not come to its end") from error

    @asynccontextmanager
    async def stream(
        self, method: str, url: str, *, headers: Mapping[str, str], follow: bool = True
    ) -> AsyncIterator[httpx.Response]:
        """Open a request, redirects followed by us, and yield the response with its body unread.

        Errors while reading the body are the caller's to translate (`core.net.errors.translated`).

        Raises:
            TransferError: No reply, a refused redirect, or too many of them.
        """
        with self._forecast.watching():
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
        if self.chooser is not None:
            await self.chooser.settled(url)
        if self.detour is not None:
            url = self.detour.of(url)
        chain = [host_label(url)]
        hops: list[httpx.Headers] = []
        start, public = url, not is_private(origin_of(url)[1])
        is_challenged = False
        while True:
            own = {**headers, **self._challenges.headers(url)} if self._challenges else headers
            try:
                response = await self._send(method, url, own)
            except TransferError as error:
                if isinstance(error, ServerBusy):
                    error.reached = url if url != start else ""
                elif self.chooser is not None:
                    self.chooser.trouble(url, error)
                raise
            if self.chooser is not None and _is_rubbish(url, response):
                self.chooser.trouble(url, None)
            if response.status_code == 401 and not is_challenged:
                is_challenged = True
                has_own = self.credentials.has
                if await self._challenges.answer(url, response.headers, self.fetch, has_own=has_own):
                    await response.aclose()
                    continue
            target = response.headers.get("location", "")
            if not follow or response.status_code not in _REDIRECTS or not target:
                response.extensions["hops"] = hops
                if self.detour is not None and "link" in response.headers:
                    response.headers["link"] = self.detour.back(response.headers["link"])
                return response
            hops.append(response.headers)
            await response.aclose()
            target = at_mirror(url, check_redirect(url, target, public=public), self.mirror)
            # Behind a proxy it is the proxy that looks names up; here they may take long not to be found.
            looks_up = public and self._proxy_for(target) is None
            if looks_up and await self.names.lead_inside(start, target):
                raise ServerRefused(f"{host_label(url)} redirects to a private address ({host_label(target)})")
            chain.append(host_label(target))
            if len(chain) > REDIRECTS_MAX:
                raise ServerRefused(f"Too many redirects: {' → '.join(chain[:4])} …")
            url = target

    async def _send(self, method: str, url: str, headers: Mapping[str, str]) -> httpx.Response:
        """Send one request and return its answer as soon as its head is here."""
        way = await self._way(url)
        async with self._forecast.asking(url) as answered:
            try:
                async with asyncio.timeout(HEAD_S):
                    with translated(url):
                        own = {**headers, **self.credentials.headers(url)}
                        request, address = make_request(method, url, common=HEADERS, headers=own, limits=_limits())
                        response = await way.handle_async_request(request)
                        response.request = request
                        response.extensions["address"] = address
            except TimeoutError as error:
                raise TimedOut(f"{host_label(url)} did not answer in time") from error
            await answered(response)
            return response

    async def aclose(self) -> None:
        """Close every connection."""
        self._is_closed = True
        for way in (self._transport, self._real):
            if way is not None:
                await way.aclose()


def _limits() -> dict[str, float]:
    """Return the time limits of one request, in httpx's words."""
    return {"connect": CONNECT_S, "read": SILENCE_S, "write": SILENCE_S, "pool": CONNECT_S}


def _is_rubbish(url: str, response: httpx.Response) -> bool:
    """Tell whether a hub answers with its own failure, or with a web page where data were asked for."""
    is_page = "/api/" in url and "html" in response.headers.get("content-type", "")
    return response.status_code >= 500 or is_page


class _Endless(TransferError):
    """A reply that is too large or takes too long: it would be so again."""
