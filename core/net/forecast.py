"""Around each request: may this host be asked now, what did its answer say, what does a failure mean.

Ties the weather to requests. Knows hosts, proxies and errors; must not know what is asked for.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import httpx

from core.errors import (
    CertificateRefused,
    ConnectFailed,
    Offline,
    ProxyRefused,
    ServerBusy,
    Stalled,
    TimedOut,
    TransferError,
    Truncated,
)
from core.net.errors import wants_credentials
from core.net.faults import ProxyTrouble
from core.net.origin import host_label, origin_of
from core.net.proxies import label, parts_of
from core.net.weather import Watch, Weather, signs_of

TICK_S = 1.0
FULL_S = 5.0  # until connections of other items have ended


class Forecast:
    """Asks the weather before a request and tells it afterwards.

    `renew` drops every connection; it is called when the machine slept.
    """

    def __init__(
        self,
        weather: Weather,
        *,
        proxy_for: Callable[[str], str | None],
        renew: Callable[[], None],
        watch: Watch | None = None,
    ) -> None:
        self.watch = watch or Watch()
        self._weather = weather
        self._proxy_for = proxy_for
        self._renew = renew
        self._open = 0
        self._tick: asyncio.TimerHandle | None = None
        self._proven: set[str] = set()
        self._proving = asyncio.Lock()

    # -- sleep -------------------------------------------------------------------------------------------

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Look out for a sleep while this request is open."""
        if not self._open:
            self.look()
            self._arm()
        self._open += 1
        try:
            yield
        finally:
            self._open -= 1
            if not self._open and self._tick is not None:
                self._tick.cancel()
                self._tick = None

    def look(self) -> None:
        """Find out whether the machine slept; where it did, nothing that was open is of any use."""
        if self.watch.look(ticks=self._tick is not None):
            self._weather.woke()
            self._renew()

    def _arm(self) -> None:
        self._tick = asyncio.get_running_loop().call_later(TICK_S, self._ticked)

    def _ticked(self) -> None:
        self.look()
        self._arm()

    # -- requests ----------------------------------------------------------------------------------------

    def asking(self, url: str) -> "_Asking":
        """Surround one request; call what it is entered as with the response.

        Raises:
            ServerBusy: The host is to be left alone for now; nothing was sent.
            ProxyRefused: The proxy refused these credentials just now; nothing was sent.
            TransferError: What the request failed with, or what that really means.
        """
        return _Asking(self, url, self._proxy_for(url))

    def _refused(self, proxy: str) -> ProxyRefused:
        error = wants_credentials(label(proxy))
        self._proven.discard(proxy)
        self._weather.proxy_refused(proxy, error.message)
        return error

    def _judged(self, error: TransferError, url: str, name: str, proxy: str | None) -> TransferError:
        """Tell the weather of a failure; return what it means."""
        if not isinstance(error, ConnectFailed | TimedOut):
            if isinstance(error, Stalled | Truncated):
                self._weather.failed(name, "does not answer")
            else:
                self._weather.left(name)
            return error
        cause = error.__cause__
        if isinstance(error, CertificateRefused | Offline | ProxyRefused):
            self._weather.left(name)
            if isinstance(cause, ProxyTrouble) and cause.wants_credentials and proxy is not None:
                return self._refused(proxy)
            return error
        signs = signs_of(cause or error)
        first = parts_of(proxy).host if proxy is not None else origin_of(url)[1]
        if self._weather.is_offline(first, signs):
            self._weather.left(name)
            return Offline(f"This machine has no network: no way to {name}")
        if signs.is_full:
            self._weather.left(name)
            return ConnectFailed(
                "This machine gives Pulley no more connections",
                meaning="Fewer are used for now; it goes on by itself when others have ended.",
                action="Set fewer connections in Settings > General if it lasts.",
                retry_after_s=FULL_S,
                is_charged=False,
            )
        if isinstance(cause, ProxyTrouble) and not cause.reason:
            self._weather.left(name)  # it says nothing about the host
        else:
            self._weather.failed(name, "does not answer")
        return error


class _Asking:
    """One request under way; a class, since a generator for each would cost a small file more."""

    def __init__(self, forecast: Forecast, url: str, proxy: str | None) -> None:
        self._forecast = forecast
        self._url = url
        self._name = host_label(url)
        self._proxy = proxy
        self._is_proving = False

    async def __aenter__(self) -> Callable[[httpx.Response], Awaitable[None]]:
        forecast, proxy = self._forecast, self._proxy
        if proxy is not None and "@" in proxy and proxy not in forecast._proven:
            # One try at a time until the credentials are known to be good: accounts get locked.
            await forecast._proving.acquire()
            self._is_proving = True
        try:
            if proxy is not None and (why := forecast._weather.refusal(proxy)):
                raise ProxyRefused(why)
            if rest := forecast._weather.ask(self._name):
                raise ServerBusy(f"{self._name} {rest.why}", retry_after_s=rest.seconds, is_charged=False)
        except BaseException:
            self._proved()
            raise
        return self._answered

    async def _answered(self, response: httpx.Response) -> None:
        forecast, proxy = self._forecast, self._proxy
        if response.status_code == 407 and proxy is not None:
            await response.aclose()
            raise forecast._refused(proxy)
        if proxy is not None:
            forecast._proven.add(proxy)
        forecast._weather.answered(self._name, response.status_code, response.headers)

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        try:
            if isinstance(error, TransferError):
                raise self._forecast._judged(error, self._url, self._name, self._proxy) from error.__cause__
            if error is not None:
                self._forecast._weather.left(self._name)
        finally:
            self._proved()

    def _proved(self) -> None:
        if self._is_proving:
            self._is_proving = False
            self._forecast._proving.release()
