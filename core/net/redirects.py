"""Where a server may lead us: schemes, encryption, and no way from outside into this machine or its network."""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from urllib.parse import urljoin, urlsplit

from core.errors import ServerRefused
from core.net.mirrors import HUB_HOSTS
from core.net.origin import host_label, is_global, is_private, origin_of
from core.patterns import pattern

NAMES_KEPT_S = 60.0
NAMES_MOST = 256

_BEGINNING = pattern(r"https?://[A-Za-z0-9._:\[\]-]+(?=[/?]|\Z)")
_PLAIN_PATH = pattern(r"/(?:[A-Za-z0-9_~%&=+-]+(?:[/.][A-Za-z0-9_~%&=+-]+)*)?(?:\?[A-Za-z0-9._~%&=+-]+)?")


def check_redirect(source: str, location: str, *, public: bool) -> str:
    """Return where a redirect leads.

    Refused are other schemes, from https to http, and from a public host to a private address.

    Raises:
        ServerRefused: With the hosts, without the rest of the URLs.
    """
    try:
        target = _joined(source, location)
        scheme, host, _ = origin_of(target)
    except ValueError as error:
        raise ServerRefused(f"{host_label(source)} redirects to something that is no web address") from error
    if origin_of(source)[0] == "https" and scheme != "https":
        raise ServerRefused(f"{host_label(source)} redirects to an unencrypted address on {host}")
    if public and is_private(host):
        raise ServerRefused(f"{host_label(source)} redirects to a private address ({host})")
    return target


def at_mirror(source: str, target: str, mirror: str) -> str:
    """Return where a redirect of a mirror of Hugging Face leads: what it says of the hub is asked of the mirror.

    Mirrors pass on what the hub answers, with its addresses in it, and the hub may be out of reach. One that leads
    to the hub for the very thing that it was asked for does not serve it here: that way is taken.
    """
    if not mirror or origin_of(source) != origin_of(mirror) or origin_of(target)[1] not in HUB_HOSTS:
        return target
    asked, found, base = urlsplit(source), urlsplit(target), urlsplit(mirror)
    path = base.path.rstrip("/") + found.path
    if (asked.path, asked.query) in ((path, found.query), (found.path, found.query)):
        return target
    return f"{base.scheme}://{base.netloc}{path}" + (f"?{found.query}" if found.query else "")


def _joined(source: str, location: str) -> str:
    """Return where a location leads from `source`; one that is plain in every way needs not be taken apart."""
    if _PLAIN_PATH.fullmatch(location) and (beginning := _BEGINNING.match(source)) is not None:
        return beginning[0] + location
    return urljoin(source, location)


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
