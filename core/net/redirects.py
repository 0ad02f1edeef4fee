"""Where a server may lead us: schemes, encryption, and no way from outside into this machine or its network."""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from urllib.parse import urljoin

from core.errors import ServerRefused
from core.net.origin import host_label, is_global, is_private, origin_of

NAMES_KEPT_S = 60.0
NAMES_MOST = 256


def check_redirect(source: str, location: str, *, public: bool) -> str:
    """Return where a redirect leads.

    Refused are other schemes, from https to http, and from a public host to a private address.

    Raises:
        ServerRefused: With the hosts, without the rest of the URLs.
    """
    try:
        target = urljoin(source, location)
        scheme, host, _ = origin_of(target)
    except ValueError as error:
        raise ServerRefused(f"{host_label(source)} redirects to something that is no web address") from error
    if origin_of(source)[0] == "https" and scheme != "https":
        raise ServerRefused(f"{host_label(source)} redirects to an unencrypted address on {host}")
    if public and is_private(host):
        raise ServerRefused(f"{host_label(source)} redirects to a private address ({host})")
    return target


class Names:
    """Which names are of private addresses; asked of the system, kept for a minute.

    A name is looked up before it is connected to, not instead: one that answers one thing now and another later
    still has no token sent to it, and its bytes still have to have the published hash.

    Attributes:
        resolve: Returns the addresses of a name; tests have their own.
    """

    def __init__(self) -> None:
        self.resolve: Callable[[str], Awaitable[list[str]]] = addresses_of
        self._kept: dict[str, tuple[float, list[str]]] = {}

    async def lead_inside(self, source: str, target: str) -> bool:
        """Tell whether the host of `target` is inside, and that of `source`, which led there, is public."""
        from_host, host = origin_of(source)[1], origin_of(target)[1]
        if host == from_host:
            return False
        outside = await self._look_up(from_host)
        if not outside or not all(map(is_global, outside)):
            return False  # a hub of this network may lead into it; a name unknown here is the proxy's to look up
        return not all(map(is_global, await self._look_up(host)))

    async def _look_up(self, host: str) -> list[str]:
        now = time.monotonic()
        when, addresses = self._kept.get(host, (0.0, []))
        if not addresses or now - when > NAMES_KEPT_S:
            addresses = await self.resolve(host)
            if len(self._kept) >= NAMES_MOST:
                self._kept.clear()
            self._kept[host] = now, addresses
        return addresses


async def addresses_of(host: str) -> list[str]:
    """Return the addresses of a name; empty where they are not known here, as behind a proxy."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [str(address[0]) for *_, address in found]
