"""Which proxy a URL goes through: that of the settings, else the standard variables; none for this machine."""

import ipaddress
import urllib.request
from collections.abc import Callable
from urllib.parse import quote, unquote, urlsplit

from msgspec import Struct

from core.net.origin import is_loopback, origin_of

SCHEMES = ("http", "https", "socks5", "socks5h")
"""What is spoken; `socks5h` lets the proxy look names up, `socks5` looks them up here."""

_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}


class Proxy(Struct, frozen=True):
    """A proxy that a person chose.

    Attributes:
        url: `http://host:port`, or with https, socks5 or socks5h, without credentials; empty for that of the
            environment.
        no_proxy: Hosts that are reached directly, parted by commas: names with all below them, addresses,
            networks (`10.0.0.0/8`), each with a port where it is for that port alone, or `*` for all. It holds for
            the proxy of the environment too.
        is_off: Every host is reached directly.
    """

    url: str = ""
    username: str = ""
    password: str = ""
    no_proxy: str = ""
    is_off: bool = False

    def __repr__(self) -> str:
        return f"Proxy({self.url!r}, no_proxy={self.no_proxy!r}, is_off={self.is_off})"

    def for_url(self, url: str) -> str | None:
        """Return the proxy of a URL with its credentials, or None."""
        if not self.url or self.is_direct(url):
            return None
        parts = urlsplit(self.url)
        if not self.username:
            return self.url
        credentials = f"{quote(self.username, safe='')}:{quote(self.password, safe='')}"
        return f"{parts.scheme}://{credentials}@{parts.netloc}"

    def is_direct(self, url: str) -> bool:
        """Tell whether a URL is reached without any proxy."""
        host, port = _place(url)
        return self.is_off or is_loopback(host) or is_excepted(host, self.no_proxy, port=port)


def is_excepted(host: str, no_proxy: str, *, port: int | None = None) -> bool:
    """Tell whether a host is reached directly, by a list as in NO_PROXY."""
    for entry in (part.strip().lower() for part in no_proxy.split(",")):
        if entry == "*":
            return True
        name, wanted = _split_port(entry)
        name = name.removeprefix("*").removeprefix(".").strip("[]")
        if wanted is not None and wanted != port:
            continue
        if name and (host == name or host.endswith(f".{name}") or _is_in(host, name)):
            return True
    return False


def _split_port(entry: str) -> tuple[str, int | None]:
    name, colon, port = entry.rpartition(":")
    if colon and port.isascii() and port.isdigit() and (":" not in name or name.endswith("]")):
        return name, int(port)
    return entry, None


def _is_in(host: str, network: str) -> bool:
    try:
        return "/" in network and ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def _place(url: str) -> tuple[str, int | None]:
    try:
        return origin_of(url)[1:]
    except ValueError:
        pass  # of another scheme, or none at all
    try:
        parts = urlsplit(url)
        return (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return "", None


def proxy_from_environment() -> Callable[[str], str | None]:
    """Return a function from a URL to its proxy, or None; variables and the system's settings are read once.

    The proxy comes as `scheme://[user:password@]host[:port]`; what it was named in another form is brought into it.
    """
    proxies = {scheme.lower(): url for scheme, url in urllib.request.getproxies().items() if url}
    excepted = proxies.get("no", "")

    def proxy_for(url: str) -> str | None:
        host, port = _place(url)
        if not proxies or is_loopback(host) or is_excepted(host, excepted, port=port):
            return None
        if urllib.request.proxy_bypass(host):  # the system's own list of exceptions, on Windows and macOS
            return None
        found = proxies.get(urlsplit(url).scheme) or proxies.get("all")
        if found is None and (found := proxies.get("socks")):  # macOS and Windows name it so, whatever its scheme
            found = f"socks5://{found.rpartition('://')[2]}"
        return normal(found) if found else None

    return proxy_for


def normal(proxy: str) -> str:
    """Return the URL of a proxy as a person or a variable may write it, with its scheme."""
    scheme, mark, rest = proxy.strip().partition("://")
    if not mark:
        return f"http://{scheme}"  # `host:port`, as curl takes it
    return f"{'socks5' if scheme.lower() == 'socks' else scheme.lower()}://{rest.rstrip('/')}"


def label(proxy: str) -> str:
    """Return host and port of a proxy as people read them; never its credentials."""
    place = proxy.rpartition("@")[2].partition("://")
    return (place[2] or place[0]).partition("/")[0]


class ProxyParts(Struct, frozen=True):
    """The URL of a proxy taken apart; credentials are decoded."""

    scheme: str
    host: str
    port: int
    username: str
    password: str

    def __repr__(self) -> str:
        return f"ProxyParts({self.scheme}://{self.host}:{self.port})"


def parts_of(proxy: str) -> ProxyParts:
    """Take the URL of a proxy apart.

    Raises:
        ValueError: It is none, or of a kind that is not spoken here; the text names no credentials.
    """
    try:
        parts = urlsplit(proxy)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError(f"{label(proxy)} is no address of a proxy") from None
    if parts.scheme not in SCHEMES:
        raise ValueError(f"{label(proxy)} is a proxy of the kind {parts.scheme}, which Pulley does not speak")
    if not host:
        raise ValueError(f"{label(proxy)} is no address of a proxy")
    username, password = unquote(parts.username or ""), unquote(parts.password or "")
    return ProxyParts(parts.scheme, host, port or _PORTS[parts.scheme], username, password)
