"""Connections through a SOCKS5 proxy, and what can go wrong on the way. Knows aiohttp and its SOCKS connector."""

import ssl

import aiohttp
import httpx
from aiohttp_socks import ProxyConnectionError, ProxyConnector, ProxyError, ProxyTimeoutError, ProxyType

from core.net import proxies
from core.net.faults import ProxyTrouble

KEEP_ALIVE_S = 30.0
TROUBLES = (ProxyConnectionError, ProxyError, ProxyTimeoutError)

_NOT_ALLOWED = 2  # reply codes of RFC 1928
_BEHIND = {
    1: "it could not reach the host",
    3: "the network of the host cannot be reached from there",
    4: "the host cannot be reached from there",
    5: "the host refused the connection",
    6: "the host cannot be reached from there",
}
_AUTH = ("authentication", "auth reply")


def socks_connector(proxy: str, context: ssl.SSLContext) -> aiohttp.TCPConnector:
    """Return a connector for one proxy: `socks5h` lets it look names up, `socks5` looks them up here.

    Raises:
        ValueError: The URL is none, or its credentials have signs that SOCKS cannot carry.
    """
    parts = proxies.parts_of(proxy)
    if not (parts.username + parts.password).isascii() or len(max(parts.username, parts.password, key=len)) > 255:
        raise ValueError(f"SOCKS cannot carry the user name or password for {proxies.label(proxy)}")
    return ProxyConnector(
        proxy_type=ProxyType.SOCKS5,
        host=parts.host,
        port=parts.port,
        username=parts.username or None,
        password=parts.password or None,
        rdns=parts.scheme == "socks5h",
        limit=0,
        ssl=context,
        keepalive_timeout=KEEP_ALIVE_S,
    )


def trouble(error: BaseException, proxy: str, request: httpx.Request) -> httpx.HTTPError:
    """Turn an error of the SOCKS connector into one of httpx."""
    name = proxies.label(proxy)
    if isinstance(error, ProxyConnectionError):
        return ProxyTrouble(name, request=request)
    if isinstance(error, ProxyTimeoutError):
        return ProxyTrouble(name, "no answer in time", request=request)
    code = getattr(error, "error_code", None)
    said = str(error).lower()
    if any(word in said for word in _AUTH):
        return ProxyTrouble(name, wants_credentials=True, request=request)
    if code == _NOT_ALLOWED:
        return ProxyTrouble(name, "its rules do not allow it", refuses=True, request=request)
    if code in _BEHIND:
        return ProxyTrouble(name, _BEHIND[code], request=request)
    if code is None and ("version" in said or "malformed" in said):
        return ProxyTrouble(name, "what answers there is no SOCKS proxy", refuses=True, request=request)
    return ProxyTrouble(name, "it broke off", request=request)
