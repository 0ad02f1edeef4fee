"""Origins of URLs, and which hosts are this machine. Pure."""

import ipaddress
from urllib.parse import urlsplit

Origin = tuple[str, str, int]
"""Scheme, host in lower case, port."""

_DEFAULT_PORTS = {"http": 80, "https": 443}


def origin_of(url: str) -> Origin:
    """Return the origin of an absolute URL.

    Raises:
        ValueError: No http(s) URL with a host, or a port that is no number.
    """
    parts = urlsplit(url)
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise ValueError(f"no http address: {parts.scheme}:")
    return parts.scheme, parts.hostname, parts.port or _DEFAULT_PORTS[parts.scheme]


def host_label(url: str) -> str:
    """Return the host as people read it, with the port where it is not the usual one; empty for no URL."""
    try:
        scheme, host, port = origin_of(url)
    except ValueError:
        return ""
    shown = f"[{host}]" if ":" in host else host
    return shown if port == _DEFAULT_PORTS[scheme] else f"{shown}:{port}"


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address is this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_private(host: str) -> bool:
    """Tell whether a host is this machine or an address that is not reachable from the public internet."""
    if is_loopback(host):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return False
