"""Whose certificates are trusted: the system's, those of SSL_CERT_FILE and of a company's CA file beside them.

Nothing here, nor anywhere else, turns the check off. Knows files and certificates; must not know hosts.
"""

import os
import ssl
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from core.errors import CertificateRefused, ConnectFailed
from core.patterns import pattern

CA_BYTES_MAX = 16 * 2**20
SETTINGS = "Settings > Network"

# Where distributions keep what they trust, as the truststore package knows them.
_SYSTEM_FILES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/ssl/cert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/cert.pem",
    "/etc/ssl/ca-bundle.pem",
)
_HASHED = pattern(r"[0-9a-f]{8}\.[0-9]")
_PEM = b"-----BEGIN "


def make_context(
    *, ca_file: str = "", environ: Mapping[str, str], by_system: bool = sys.platform in ("win32", "darwin")
) -> ssl.SSLContext:
    """Return a context that trusts the system's certificates, and those of the two files. It reads: use a thread.

    `by_system` lets the system itself check (Windows, macOS); elsewhere its files are read, once.

    Raises:
        ConnectFailed: A file that was named cannot be used.
    """
    context: ssl.SSLContext
    if by_system:
        import truststore

        context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    else:
        # Elsewhere truststore reads the same files anew for each connection: 50 ms of the loop's time.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        _load_system(context)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if named := environ.get("SSL_CERT_FILE", ""):
        _add(context, named, "Correct or unset SSL_CERT_FILE, then try again.")
    folder = environ.get("SSL_CERT_DIR", "")
    if folder and Path(folder).is_dir():
        context.load_verify_locations(capath=folder)
    if ca_file:
        _add(context, ca_file, f"Choose the CA file again in {SETTINGS}, or leave it empty.")
    return context


def _load_system(context: ssl.SSLContext) -> None:
    paths = ssl.get_default_verify_paths()
    for file in (paths.openssl_cafile, *_SYSTEM_FILES):
        try:
            context.load_verify_locations(cafile=file)
            break
        except OSError:  # not there, or nothing in it that helps: the next one may
            continue
    try:
        names = os.listdir(paths.openssl_capath)
    except OSError:
        return
    if any(_HASHED.fullmatch(name) for name in names):
        context.load_verify_locations(capath=paths.openssl_capath)


def _add(context: ssl.SSLContext, path: str, action: str) -> None:
    if reason := load_ca(context, path):
        raise ConnectFailed(
            f"The certificates in {path} cannot be used: {reason}",
            meaning="Without them no server can show who it is.",
            action=action,
        )


def load_ca(context: ssl.SSLContext, path: str) -> str:
    """Trust the certificates of a file too, PEM or DER; return why that cannot be, empty where it worked."""
    try:
        with Path(path).open("rb") as file:
            raw = file.read(CA_BYTES_MAX + 1)
    except OSError as error:
        return error.strerror or str(error)
    if len(raw) > CA_BYTES_MAX:
        return "the file is far too large"
    try:
        if _PEM in raw:
            context.load_verify_locations(cadata=raw.decode("ascii", errors="ignore"))
        else:
            context.load_verify_locations(cadata=raw)
    except (ssl.SSLError, ValueError):
        return "it holds no certificate"
    return ""


def ca_problem(path: str) -> str:
    """Return why a file cannot be used as a CA file; empty where it can."""
    return load_ca(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), path)


# -- what is wrong with a certificate ---------------------------------------------------------------------------

# The codes of OpenSSL; Windows and macOS say it in words of their own.
_EXPIRED, _NOT_YET, _NAME = {10, 14}, {9, 13}, {62, 64}
_ISSUER = {2, 18, 19, 20, 21, 27}
_WORDS = (
    ("not yet valid", _NOT_YET),
    ("expired", _EXPIRED),
    ("validity period", _EXPIRED),
    ("hostname", _NAME),
    ("host name", _NAME),
    ("does not match", _NAME),
    ("CN name", _NAME),
    ("self-signed", _ISSUER),
    ("self signed", _ISSUER),
    ("not trusted", _ISSUER),
    ("issuer", _ISSUER),
    ("root certificate", _ISSUER),
)


def refused(error: ssl.SSLCertVerificationError, *, host: str, now: datetime | None = None) -> CertificateRefused:
    """Say by its cause why the certificate of a host is not accepted."""
    code = getattr(error, "verify_code", 0) or 0
    said = str(getattr(error, "verify_message", "") or error)
    if not code:
        code = next((min(codes) for word, codes in _WORDS if word.lower() in said.lower()), 0)
    today = f"{(now or datetime.now(UTC)).astimezone():%d %B %Y}"
    if code in _NOT_YET:
        return CertificateRefused(
            f"The certificate of {host} is not yet valid (this machine's date: {today})",
            action="Correct this machine's clock if the date is wrong; then try again.",
        )
    if code in _EXPIRED:
        return CertificateRefused(
            f"The certificate of {host} has expired (this machine's date: {today})",
            action="Correct this machine's clock if the date is wrong; else the server's owner has to renew it.",
        )
    if code in _NAME:
        return CertificateRefused(
            f"The certificate that came for {host} is for another name",
            action="The network may want a sign-in: open any page in a browser. Else check the address.",
        )
    if code in _ISSUER:
        return CertificateRefused(
            f"The certificate of {host} is from an issuer that this machine does not know",
            action=f"A company's proxy? Add its CA file in {SETTINGS}. Else do not trust this network.",
        )
    return CertificateRefused(f"The certificate of {host} is not accepted ({said})")


def handshake_failed(error: ssl.SSLError, *, host: str) -> ConnectFailed:
    """Say why no encrypted connection came about, though no certificate was at fault."""
    reason = (error.reason or str(error)).lower().replace("_", " ")
    if "version" in reason or "unsupported protocol" in reason:
        return CertificateRefused(
            f"{host} speaks only old forms of TLS, which are no longer safe",
            action="Whoever runs the server, or the proxy before it, has to renew it.",
        )
    if "wrong version number" in reason or "http request" in reason:
        return ConnectFailed(f"{host} does not answer with TLS", action="Check the address and the port.")
    return ConnectFailed(f"The TLS handshake with {host} was cut off ({reason})")
