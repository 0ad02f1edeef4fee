"""Checks on the head of a reply before one byte of its body is used. Pure."""

import re
from collections.abc import Mapping

from core.errors import (
    AccessDenied,
    DownloadError,
    GotWebPage,
    NotFound,
    RemoteChanged,
    ServerBusy,
    ServerRefused,
    SizeMismatch,
    TokenRefused,
    TransferError,
)
from core.net.access import closed_gate, is_unknown_token
from core.net.client import retry_after_s
from core.patterns import pattern
from core.transfer.control import Identity

_CONTENT_RANGE = pattern(r"bytes (\d{1,19})-(\d{1,19})/(\d{1,19}|\*)")
_UNSATISFIED = pattern(r"bytes \*/(\d{1,19})")
_LINKED = pattern(r'"?([0-9a-f]{64})"?')
_COMMIT = pattern(r"[0-9a-f]{40}")
_PAGE = pattern(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype\s+html|html[\s>])", re.IGNORECASE)
_POINTER = b"version https://git-lfs.github.com/spec/"
POINTER_BYTES_MAX = 1024  # as git LFS has it
# Texts that may well begin as a web page does.
_TEXTS = (".html", ".htm", ".xhtml", ".md", ".txt", ".xml", ".svg", ".rst", ".jinja", ".j2")
_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504, 509})


class RangeIgnored(TransferError):
    """The server sends the whole file whatever range is asked for: one connection has to do."""


class RangeWrong(TransferError):
    """The server answers a range with something else: after the second time the whole file is asked for."""


def refused(status: int, headers: Mapping[str, str], *, host: str, name: str) -> DownloadError:
    """Return the error for a status that brings no bytes."""
    said = headers.get("x-error-message", "").strip()[:300]
    if (gate := closed_gate(status, headers)) is not None:
        return gate(said or f"{name} is given only to people who accepted its terms")
    if is_unknown_token(headers):
        return TokenRefused(f"{host} does not accept the access token")
    if status in (401, 403):
        return AccessDenied(f"{host} refused {name}: {said or f'access denied ({status})'}")
    if status in (404, 410):
        return NotFound(
            f"{name} is no longer on {host}",
            meaning="The hub does not have this file any more; what came so far is kept.",
            action="Open the model's page to see what became of it.",
        )
    if status in _BUSY:
        busy = "asks for fewer requests" if status == 429 else "is busy"
        return ServerBusy(f"{host} {busy} ({status})", retry_after_s=retry_after_s(headers))
    return ServerRefused(f"{host} refused {name} ({status})")


def range_refused(headers: Mapping[str, str], *, size: int | None, host: str, name: str) -> DownloadError:
    """Return the error for a 416: the file is shorter now, or the server does not know what it says."""
    match = _UNSATISFIED.fullmatch(headers.get("content-range", "").strip())
    if match is not None and size is not None and int(match[1]) != size:
        return RemoteChanged(f"{name} has {match[1]} bytes on {host}, the hub's listing says {size}")
    return RangeWrong(f"{host} refused a part of {name} that it has to have (416)")


def check_linked(headers: Mapping[str, str], identity: Identity, *, host: str) -> None:
    """Check what a hub says of a file while it leads to it against its listing.

    Raises:
        RemoteChanged: It leads to another version; nothing of that may be mixed in.
    """
    changed = f"{host} leads to another version of {identity.path} than its list of files"
    commit = headers.get("x-repo-commit", "").strip()
    if commit and commit != identity.commit and _COMMIT.fullmatch(identity.commit):
        raise RemoteChanged(changed)
    size = headers.get("x-linked-size", "").strip()
    if size.isascii() and size.isdigit() and identity.size is not None and int(size[:20]) != identity.size:
        raise RemoteChanged(changed)
    etag = _LINKED.fullmatch(headers.get("x-linked-etag", "").strip())
    if etag is not None and identity.hash.startswith("sha256:") and f"sha256:{etag[1]}" != identity.hash:
        raise RemoteChanged(changed)


def check_start(first: bytes, *, size: int | None, host: str, name: str) -> None:
    """Look at the first bytes of a whole file whose length was not said, or is wrong.

    Raises:
        GotWebPage: They are a web page, and the file is none.
        SizeMismatch: They are what git keeps in place of a large file.
    """
    if first.startswith(_POINTER) and (size is None or size > POINTER_BYTES_MAX):
        raise SizeMismatch(f"{host} sent the pointer that git LFS keeps for {name} in place of its bytes")
    if _PAGE.match(first[:512]) and not name.lower().endswith(_TEXTS):
        raise GotWebPage(f"{host} sent a web page in place of {name}")


def check_kind(headers: Mapping[str, str], *, host: str, name: str) -> None:
    """Refuse a web page or a compressed body in place of the file.

    Raises:
        GotWebPage: The body is HTML and the file is not.
        TransferError: The body is compressed although plain bytes were asked for.
    """
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in ("text/html", "application/xhtml+xml") and not name.lower().endswith((".html", ".htm", ".xhtml")):
        raise GotWebPage(f"{host} sent a web page in place of {name}")
    if headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise TransferError(f"{host} sent {name} compressed although plain bytes were asked for")


def check_version(headers: Mapping[str, str], pinned: str, *, host: str, name: str) -> None:
    """Refuse another version of a file that only its ETag tells apart (a direct link without a hash).

    Raises:
        RemoteChanged: The strong ETag, or the date where there was none, is not the pinned one.
    """
    found = headers.get("etag" if pinned.startswith('"') else "last-modified", "").strip()
    if found and found != pinned:
        raise RemoteChanged(f"{name} changed on {host} since the download began")


def check_range(headers: Mapping[str, str], start: int, end: int, *, size: int, name: str) -> int:
    """Check a 206 for bytes `start` to `end` (exclusive); return where its body really ends, at most `end`.

    Raises:
        RangeWrong: Its Content-Range is missing or speaks of other bytes.
        RemoteChanged: The file has another size than the hub's listing.
    """
    match = _CONTENT_RANGE.fullmatch(headers.get("content-range", "").strip())
    if match is None:
        raise RangeWrong(f"The reply for {name} does not say which bytes it holds")
    first, last, total = int(match[1]), int(match[2]), match[3]
    if total != "*" and int(total) != size:
        raise RemoteChanged(f"{name} has {total} bytes on the server, the hub's listing says {size}")
    if first != start or last < first:
        raise RangeWrong(f"The reply for {name} holds other bytes than those asked for")
    return min(end, last + 1)


def check_length(headers: Mapping[str, str], *, size: int, name: str) -> None:
    """Check a 200 for the whole file.

    Raises:
        RemoteChanged: Its length is not the size in the hub's listing.
    """
    length = headers.get("content-length", "").strip()
    if length and length != str(size):
        raise RemoteChanged(f"{name} has {length[:20]} bytes on the server, the hub's listing says {size}")
