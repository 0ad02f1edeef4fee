"""The boundary where httpx's errors become ours."""

import os
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from core.errors import ConnectFailed, Stalled, TimedOut, TransferError, Truncated
from core.net.origin import host_label

_ADDRESS = re.compile(r"\S*://\S+")


@contextmanager
def translated(url: str) -> Iterator[None]:
    """Turn errors of httpx into TransferErrors that name the host, never the whole URL (it may be signed)."""
    host = host_label(url) or "the server"
    try:
        yield
    except httpx.ConnectTimeout as error:
        raise TimedOut(f"{host} did not answer in time") from error
    except httpx.ReadTimeout as error:
        raise Stalled(f"{host} sent nothing for a while") from error
    except httpx.TimeoutException as error:
        raise TimedOut(f"{host} did not answer in time") from error
    except httpx.ConnectError as error:
        raise ConnectFailed(f"No connection to {host}: {_cause(error)}") from error
    except httpx.ProxyError as error:
        raise ConnectFailed(f"The proxy did not open a way to {host}: {_cause(error)}") from error
    except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError, httpx.CloseError) as error:
        raise Truncated(f"The connection to {host} broke off") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise TransferError(f"The exchange with {host} failed: {_cause(error)}") from error


def _cause(error: BaseException) -> str:
    """Return the innermost reason in a few words."""
    seen: set[int] = set()
    inner: BaseException = error
    while id(inner) not in seen:
        seen.add(id(inner))
        if isinstance(inner, ssl.SSLCertVerificationError):
            return f"its certificate is not accepted ({inner.verify_message})"
        inner = inner.__cause__ or inner.__context__ or inner
    if isinstance(inner, socket.gaierror):
        return "its name is not known"
    if isinstance(inner, OSError) and inner.errno:
        return os.strerror(inner.errno)
    # Addresses may hold passwords or signatures: none is repeated.
    return _ADDRESS.sub("…", str(inner)) or type(inner).__name__
