"""Origins of URLs, and which hosts are this machine. Pure."""

import ipaddress
import re
import socket
from functools import lru_cache
from urllib.parse import urlsplit

from core.patterns import pattern

Origin = tuple[str, str, int]
"""Scheme, host in lower case, port."""

_NUMERIC = pattern(r"[0-9a-fx.]+", re.IGNORECASE)  # "127.1", "2130706433", "0x7f000001"
_DEFAULT_PORTS = {"http": 80, "https": 443}
# Where an address begins like most do, the rest of it does not matter; nobody's password is in what is kept.
_BEGINNING = pattern(r"https?://[A-Za-z0-9._:\[\]-]+(?=[/?#]|\Z)")
_KEPT = 256


def origin_of(url: str) -> Origin:
    """Return the origin of an absolute URL.

    Raises:
        ValueError: No http(s) URL with a host, or a port that is no number.
    """
    beginning = _BEGINNING.match(url)
    return _origin_by(beginning[0]) if beginning else _origin(url)


def _origin(url: str) -> Origin:
    parts = urlsplit(url)
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise ValueError(f"no http address: {parts.scheme}:")
    return parts.scheme, parts.hostname, parts.port or _DEFAULT_PORTS[parts.scheme]


_origin_by = lru_cache(_KEPT)(_origin)


def host_label(url: str) -> str:
    """Return the host as people read it, with the port where it is not the usual one; empty for no URL."""
    beginning = _BEGINNING.match(url)
    return _label_by(beginning[0]) if beginning else _label(url)


def _label(url: str) -> str:
    try:
        scheme, host, port = _origin(url)
    except ValueError:
        return ""
    shown = f"[{host}]" if ":" in host else host
    return shown if port == _DEFAULT_PORTS[scheme] else f"{shown}:{port}"


_label_by = lru_cache(_KEPT)(_label)


def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address that a host is, in any form of numbers that systems take for one; None for a name."""
    host = host.partition("%")[0]
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    if not _NUMERIC.fullmatch(host):
        return None
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


@lru_cache(_KEPT)
def is_loopback(host: str) -> bool:
    """Tell whether a host name or address is this machine."""
    host = host.removesuffix(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    address = _literal(host)
    return address is not None and address.is_loopback


@lru_cache(_KEPT)
def is_private(host: str) -> bool:
    """Tell whether a host is this machine or an address that is not reachable from the public internet."""
    if is_loopback(host):
        return True
    address = _literal(host.removesuffix("."))
    return address is not None and not address.is_global


def is_global(address: str) -> bool:
    """Tell whether this is an address of the public internet."""
    literal = _literal(address)
    return literal is not None and literal.is_global
