"""The boundary where httpx's errors become ours."""

import os
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import httpx

from core.errors import ConnectFailed, ProxyRefused, Stalled, TimedOut, TransferError, Truncated, Woken
from core.net.faults import Dropped, ProxyTrouble
from core.net.origin import host_label
from core.net.trust import handshake_failed, refused
from core.patterns import pattern

E = TypeVar("E", bound=BaseException)

_ADDRESS = pattern(r"\S*://\S+")
WOKEN_S = 1.0


@contextmanager
def translated(url: str) -> Iterator[None]:
    """Turn errors of httpx into TransferErrors that name the host, never the whole URL (it may be signed)."""
    host = host_label(url) or "the server"
    try:
        yield
    except Dropped as error:
        raise Woken("This machine slept, or Pulley stood still; connecting again", retry_after_s=WOKEN_S) from error
    except httpx.ConnectTimeout as error:
        raise TimedOut(f"{host} did not answer in time") from error
    except httpx.ReadTimeout as error:
        raise Stalled(f"{host} sent nothing for a while") from error
    except httpx.TimeoutException as error:
        raise TimedOut(f"{host} did not answer in time") from error
    except httpx.ConnectError as error:
        raise _no_connection(error, host) from error
    except ProxyTrouble as error:
        raise _proxy_trouble(error, host) from error
    except httpx.ProxyError as error:
        raise ConnectFailed(f"The proxy did not open a way to {host}: {_cause(error)}") from error
    except httpx.RemoteProtocolError as error:
        raise TransferError(f"{host} sent an answer that is no proper HTTP") from error
    except (httpx.ReadError, httpx.WriteError, httpx.CloseError) as error:
        raise Truncated(f"The connection to {host} broke off") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise TransferError(f"The exchange with {host} failed: {_cause(error)}") from error


def wants_credentials(proxy: str) -> ProxyRefused:
    """Return what is said where a proxy refuses its user name and password, or the lack of them."""
    return ProxyRefused(f"The proxy {proxy} wants a user name and password, or refuses those it was given")


def _proxy_trouble(error: ProxyTrouble, host: str) -> ConnectFailed:
    if error.wants_credentials:
        return wants_credentials(error.proxy)
    if (inner := _find(error, ssl.SSLError)) is not None and not error.reason:
        return _tls(inner, f"the proxy {error.proxy}")
    if error.refuses:
        return ProxyRefused(
            f"The proxy {error.proxy} opens no way to {host}: {error.reason}",
            meaning="It is not asked again by itself; what came so far is kept.",
            action="Check the proxy in Settings > Network, or ask whoever runs it; then try again.",
        )
    if error.reason:
        return ConnectFailed(f"The proxy {error.proxy} opens no way to {host}: {error.reason}")
    return ConnectFailed(
        f"The proxy {error.proxy} cannot be reached: {_cause(error)}",
        action="Check the proxy in Settings > Network and the network connection; then try again.",
    )


def _no_connection(error: httpx.ConnectError, host: str) -> ConnectFailed:
    if (tls := _find(error, ssl.SSLError)) is not None:
        return _tls(tls, host)
    reset = _find(error, ConnectionResetError)
    if reset is not None and error.request.url.scheme == "https":
        return ConnectFailed(f"The TLS handshake with {host} was cut off")
    return ConnectFailed(f"No connection to {host}: {_cause(error)}")


def _tls(error: ssl.SSLError, host: str) -> ConnectFailed:
    if isinstance(error, ssl.SSLCertVerificationError):
        return refused(error, host=host)
    return handshake_failed(error, host=host)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    inner: BaseException | None = error
    while inner is not None and id(inner) not in seen:
        seen.add(id(inner))
        yield inner
        inner = inner.__cause__ or inner.__context__


def _find(error: BaseException, kind: type[E]) -> E | None:
    # The innermost: aiohttp's own errors of certificates count as Python's too, and know no cause.
    return next((inner for inner in reversed(list(_chain(error))) if isinstance(inner, kind)), None)


def _cause(error: BaseException) -> str:
    """Return the innermost reason in a few words."""
    inner = list(_chain(error))[-1]
    if isinstance(inner, socket.gaierror):
        return "its name is not known"
    if isinstance(inner, OSError) and inner.errno:
        return os.strerror(inner.errno)
    # Addresses may hold passwords or signatures: none is repeated.
    return _ADDRESS.sub("…", str(inner)) or type(inner).__name__
