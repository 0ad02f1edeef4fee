"""Which proxy a URL goes through: the standard proxy variables, and never one for this machine."""

import urllib.request
from collections.abc import Callable
from urllib.parse import urlsplit

from core.net.origin import is_loopback


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
