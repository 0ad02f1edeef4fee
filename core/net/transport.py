"""The way of each request: straight to its server, or through the proxy that the settings name for it."""

import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING

import httpx

from core.net.direct import DirectTransport

if TYPE_CHECKING:
    from core.net.proxied import ProxiedTransport


class Transport(httpx.AsyncBaseTransport):
    """Sends requests of httpx; follows nothing, decodes nothing.

    `proxy_for` maps a URL to a proxy URL or None.
    """

    def __init__(self, context: ssl.SSLContext, *, proxy_for: Callable[[str], str | None]) -> None:
        self.direct = DirectTransport(context)
        self._context = context
        self._proxy_for = proxy_for
        self._look: Callable[[], object] = lambda: None
        self._proxied: ProxiedTransport | None = None

    def watch(self, look: Callable[[], object]) -> None:
        """Call `look` when a request fails, before the failure is named: it may find that the machine slept."""
        self._look = self.direct.look = look
        if self._proxied is not None:
            self._proxied.look = look

    def use(self, context: ssl.SSLContext) -> None:
        """Trust by `context` from the next connection on; what is under way goes on."""
        self._context = context
        self.direct.use(context)
        if self._proxied is not None:
            self._proxied.use(context)

    def renew(self) -> None:
        """Drop every connection; what waits on one of them ends as `Dropped`."""
        self.direct.renew()
        if self._proxied is not None:
            self._proxied.renew()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; return as soon as its head is here."""
        if self._proxy_for(request.extensions.get("address") or str(request.url)) is None:
            return await self.direct.handle_async_request(request)
        return await self._through().handle_async_request(request)

    def _through(self) -> "ProxiedTransport":
        if self._proxied is None:
            from core.net.proxied import ProxiedTransport  # a tenth of a second that most people never need

            self._proxied = ProxiedTransport(self._context, proxy_for=self._proxy_for)
            self._proxied.look = self._look
        return self._proxied

    async def aclose(self) -> None:
        """Close every connection."""
        await self.direct.aclose()
        if self._proxied is not None:
            await self._proxied.aclose()
