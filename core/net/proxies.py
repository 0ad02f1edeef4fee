"""Which proxy a URL goes through: that of the settings, else the standard variables; none for this machine."""

import ipaddress
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from core.net.origin import is_loopback


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy that a person chose.

    Attributes:
        url: `http://host:port` without credentials; empty for that of the environment.
        no_proxy: Hosts that are reached directly, parted by commas: names with all below them, addresses,
            networks (`10.0.0.0/8`), or `*` for all.
    """

    url: str = ""
    username: str = ""
    password: str = ""
    no_proxy: str = ""

    def __repr__(self) -> str:
        return f"Proxy({self.url!r}, no_proxy={self.no_proxy!r})"

    def for_url(self, url: str) -> str | None:
        """Return the proxy of a URL with its credentials, or None."""
        host = (urlsplit(url).hostname or "").lower()
        if not self.url or is_loopback(host) or is_excepted(host, self.no_proxy):
            return None
        parts = urlsplit(self.url)
        if not self.username:
            return self.url
        credentials = f"{quote(self.username, safe='')}:{quote(self.password, safe='')}"
        return f"{parts.scheme}://{credentials}@{parts.netloc}"


def is_excepted(host: str, no_proxy: str) -> bool:
    """Tell whether a host is reached directly, by a list as in NO_PROXY."""
    for entry in (part.strip().lower() for part in no_proxy.split(",")):
        if entry == "*":
            return True
        name = entry.removeprefix("*").removeprefix(".").strip("[]")
        if name and (host == name or host.endswith(f".{name}") or _is_in(host, name)):
            return True
    return False


def _is_in(host: str, network: str) -> bool:
    try:
        return "/" in network and ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def proxy_from_environment() -> Callable[[str], str | None]:
    """Return a function from a URL to its http proxy, or None; the system's settings are read once."""
    proxies = urllib.request.getproxies()

    def proxy_for(url: str) -> str | None:
        parts = urlsplit(url)
        host = parts.hostname or ""
        if not proxies or is_loopback(host) or urllib.request.proxy_bypass(host):
            return None
        return proxies.get(parts.scheme) or proxies.get("all")

    return proxy_for
