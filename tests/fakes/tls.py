"""Servers whose certificates are wrong in one way each, made by trustme; what they serve is one small body."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import cache

import trustme

HOST = "127.0.0.1"
BODY = b"over TLS"
DAY = timedelta(days=1)


@cache
def company() -> trustme.CA:
    """Return a CA that no machine trusts by itself."""
    return trustme.CA(organization_name="A Company")


def context_of(*names: str, before: datetime | None = None, after: datetime | None = None) -> ssl.SSLContext:
    """Return what a server speaks TLS with: a certificate of the company for these names and this time."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate = company().issue_cert(*(names or (HOST,)), not_before=before, not_after=after)
    certificate.configure_cert(context)
    return context


def expired() -> ssl.SSLContext:
    """Its time is over."""
    return context_of(before=datetime.now(UTC) - 9 * DAY, after=datetime.now(UTC) - DAY)


def not_yet() -> ssl.SSLContext:
    """Its time has not come."""
    return context_of(before=datetime.now(UTC) + DAY, after=datetime.now(UTC) + 9 * DAY)


def self_signed() -> ssl.SSLContext:
    """It vouches for itself."""
    root = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with root.cert_pem.tempfile() as certificate, root.private_key_pem.tempfile() as key:
        context.load_cert_chain(certificate, key)
    return context


_HELLO = b"\x03\x01" + bytes(32) + b"\x00\x00\x2f\x00"
RAW = {
    "TLS 1.0 chosen": b"\x16\x03\x01\x00\x2a\x02\x00\x00\x26" + _HELLO,
    "TLS 1.0 only": b"\x15\x03\x01\x00\x02\x02\x46",  # an alert: protocol version
    "cut off": b"",
}
"""What a server answers to a handshake in place of TLS as it should be."""


@asynccontextmanager
async def server(context: ssl.SSLContext | bytes, *, host: str = HOST) -> AsyncIterator[str]:
    """Serve `BODY`; bytes are answered as they are and the connection ends. Yields the address."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            if not isinstance(context, bytes):
                await reader.readuntil(b"\r\n\r\n")
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY)
                await writer.drain()
            else:
                await reader.read(5)
                writer.write(context)
                await writer.drain()
        writer.close()

    made = await asyncio.start_server(serve, host, 0, ssl=None if isinstance(context, bytes) else context)
    try:
        yield f"https://{host}:{made.sockets[0].getsockname()[1]}"
    finally:
        made.close()


Flaw = Callable[[], ssl.SSLContext | bytes]
FLAWS: dict[str, tuple[Flaw, str, str, str]] = {
    "expired": (expired, "CertificateRefused", "has expired .this machine's date: ", "clock"),
    "not yet valid": (not_yet, "CertificateRefused", "is not yet valid .this machine's date: ", "clock"),
    "another name": (lambda: context_of("other.example"), "CertificateRefused", "for another name", "sign-in"),
    "self-signed": (self_signed, "CertificateRefused", "issuer that this machine does not know", "CA file"),
    "unknown issuer": (context_of, "CertificateRefused", "issuer that this machine does not know", "CA file"),
    "TLS 1.0 chosen": (lambda: RAW["TLS 1.0 chosen"], "CertificateRefused", "only old forms of TLS", "renew"),
    "TLS 1.0 only": (lambda: RAW["TLS 1.0 only"], "CertificateRefused", "only old forms of TLS", "renew"),
    "cut off": (lambda: RAW["cut off"], "ConnectFailed", "handshake .* was cut off", "network"),
}
"""Name -> the server's context, error class, pattern of the message, a word of the action."""
