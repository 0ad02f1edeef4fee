"""From a reply of a hub to checked values or to one of our errors; what a hub says is never trusted.

Errors name the thing and the host. Of the hub's own texts only known words are looked at, none is passed on.
"""

import asyncio
import json
from typing import Any, TypeVar

from core.errors import (
    AccessDenied,
    AccessPending,
    AccessRefused,
    DownloadError,
    GatedModel,
    GotWebPage,
    NotFound,
    ResolveError,
    ServerBusy,
    TokenMissing,
    TokenRefused,
)
from core.net.access import closed_gate, is_unknown_token
from core.net.reply import Reply
from core.patterns import pattern

T = TypeVar("T")

JSON_BYTES_MAX = 16 * 2**20  # a page of 1000 files has 0.5 MB
JSON_DEPTH_MAX = 32
SIZE_MAX = 2**62
OFF_LOOP_BYTES = 2**17  # a larger text is parsed in a thread: between two awaits stay under 5 ms

_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
_LIMIT = pattern(r"r=0\s*;\s*t=(\d{1,6})(?!\d)")
_COMMIT = pattern(r"[0-9a-f]{40}|[0-9a-f]{64}")


def is_ok(reply: Reply) -> bool:
    """Tell whether the reply is the thing that was asked for."""
    return 200 <= reply.status < 300


def hub_error(
    reply: Reply, *, repo: str, host: str, page: str, revision: str = "", path: str = ""
) -> DownloadError:
    """Return our error for a refusing reply; X-Error-Code counts before the status."""
    code = reply.headers.get("x-error-code", "")
    said = reply.headers.get("x-error-message", "").lower()
    if (gate := closed_gate(reply.status, reply.headers)) is not None:
        return _gated(gate, repo, page, host)
    if code == "RevisionNotFound":
        return NotFound(
            f"{repo} has no revision {revision or 'main'} on {host}",
            action=f"Open {page} to see its branches and tags.",
        )
    if code == "EntryNotFound":
        return NotFound(f"{repo} has no file {path} on {host}", action=f"Open {page} to see its files.")
    if is_unknown_token(reply.headers):
        return TokenRefused(f"{host} does not accept the access token")
    if code == "RepoNotFound":
        return _no_repo(repo, host, reply.status)
    if "disabled" in said:
        return AccessDenied(f"{repo} is disabled on {host}", action=f"Open {page} to see why.")
    return _by_status(reply, repo=repo, host=host, page=page)


def _by_status(reply: Reply, *, repo: str, host: str, page: str) -> DownloadError:
    status = reply.status
    if status in (404, 410):
        return _no_repo(repo, host, status)
    if status == 401:
        return AccessDenied(f"{host} wants a valid access token for {repo}")
    if status == 403:
        return AccessDenied(f"{host} refuses access to {repo}", action=f"Open {page} to see who may have it.")
    if status == 429:
        return ServerBusy(f"{host} gives no more answers for now: too many requests", retry_after_s=wait_s(reply))
    if status in _BUSY or status >= 500:
        return ServerBusy(
            f"{host} cannot answer for {repo} right now (status {status})", retry_after_s=wait_s(reply)
        )
    return ResolveError(f"{host} answered for {repo} with status {status}")


def _no_repo(repo: str, host: str, status: int) -> NotFound:
    if status == 401:
        return NotFound(
            f"{repo} does not exist on {host}, or is private: without a token the two look the same",
            action="Check the spelling; for a private model, set a token that may read it (HF_TOKEN or Settings > "
            "Accounts).",
        )
    return NotFound(
        f"{repo} does not exist on {host}, or is private",
        action="Check the spelling; a private model needs a token (HF_TOKEN, Settings > Accounts).",
    )


def _gated(kind: type[GatedModel], repo: str, page: str, host: str) -> GatedModel:
    if kind is TokenMissing:
        return TokenMissing(
            f"{repo} is gated, and no access token for {host} is set",
            action=f"Enter a token in Settings > Accounts, or set HF_TOKEN, and accept the terms on {page}.",
        )
    if kind is AccessPending:
        return AccessPending(
            f"Access to {repo} is asked for, and its authors have not answered yet",
            action=f"Wait for their answer; {page} shows it.",
        )
    if kind is AccessRefused:
        return AccessRefused(
            f"The authors of {repo} did not grant access to it",
            action=f"Choose another model, or ask them on {page}.",
        )
    return GatedModel(
        f"{repo} is gated: its authors give it only to people who accepted its terms",
        action=f"Open {page} and accept the terms with the account that the token belongs to; then try again.",
    )


def wait_s(reply: Reply) -> float | None:
    """Return the seconds that a reply asks to wait; None where it names none."""
    text = reply.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:6])
    match = _LIMIT.search(reply.headers.get("ratelimit", ""))
    return float(match[1]) if match else None


# -- values ----------------------------------------------------------------------------------------------


async def json_of(reply: Reply, host: str) -> Any:
    """Return the JSON of a reply, parsed within bounds.

    Raises:
        GotWebPage: A web page came in its place, as networks with a sign-in do.
        ResolveError: It is no JSON, or too large or too deep.
    """
    if is_web_page(reply) or reply.body[:64].lstrip()[:1] == b"<":
        raise GotWebPage(f"A web page came from {host} in place of the list of files")
    if len(reply.body) > JSON_BYTES_MAX:
        raise ResolveError(f"The answer of {host} is larger than a list of files should be")
    try:
        if len(reply.body) > OFF_LOOP_BYTES:
            return await asyncio.to_thread(_parse, reply.body)
        return _parse(reply.body)
    except (ValueError, RecursionError) as error:
        raise ResolveError(f"The answer of {host} cannot be read") from error


def _parse(body: bytes) -> Any:
    value = json.loads(body)
    if _is_deeper(value, JSON_DEPTH_MAX):
        raise ValueError("nested too deeply")
    return value


def _is_deeper(value: Any, depth: int) -> bool:
    level = [value]
    for _ in range(depth):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def is_web_page(reply: Reply) -> bool:
    """Tell whether the reply calls itself a web page."""
    kind = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind in ("text/html", "application/xhtml+xml")


def expect(value: Any, kind: type[T], *, host: str, what: str) -> T:
    """Return the value as `kind`.

    Raises:
        ResolveError: The hub sent something else.
    """
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ResolveError(f"The answer of {host} is not as expected: {what}")
    return value


def is_commit(text: str) -> bool:
    """Tell whether this is a commit, and not a branch or a tag."""
    return bool(_COMMIT.fullmatch(text))


def commit_of(value: Any, *, host: str, what: str) -> str:
    """Return a commit: 40 (or 64) lower-case hexadecimal digits, nothing else.

    Raises:
        ResolveError: It is none.
    """
    text = expect(value, str, host=host, what=what)
    if not _COMMIT.fullmatch(text):
        raise ResolveError(f"The answer of {host} is not as expected: {what}")
    return text


def size_of(value: Any) -> int | None:
    """Return a size in bytes; None for everything that is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= SIZE_MAX else None
