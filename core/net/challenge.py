"""Tokens that a container registry gives to everybody: asked for as its 401 says, kept for that one repository.

The scheme of the distribution protocol: `WWW-Authenticate: Bearer realm="...",service="...",scope="..."`. Where a
person's own token would go along, nothing is asked: the registry would be given what comes back. Such a token goes
to the repository that asked for it and nowhere else.
"""

import json
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

from core.errors import ServerRefused, TransferError
from core.net.origin import is_private, origin_of
from core.net.redirects import check_redirect
from core.net.reply import Reply
from core.patterns import pattern

TOKEN_BYTES_MAX = 2**16
LASTS_S = 60.0  # where the registry does not say, as the protocol has it
LASTS_MOST_S = 3600.0
RENEW_S = 10.0  # before its end
KEPT_MOST = 256

_REPOSITORY = pattern(r"(https?://[^/?#]+/v2/[^?#]{1,400}?)/(?:manifests|blobs)/")
_CHALLENGE = pattern(r'Bearer\s+realm="([^"]{1,1024})"(.{0,2048})', re.IGNORECASE)
_FIELD = pattern(r'\b(service|scope)="([^"]{0,1024})"', re.IGNORECASE)
_TOKEN = pattern(r"[\x21-\x7e]{1,16384}")


class Fetch(Protocol):
    """Sends a small request (`core.net.client.Net.fetch`)."""

    async def __call__(self, method: str, url: str, *, max_bytes: int = ..., follow: bool = ...) -> Reply:
        """Return the reply.

        Raises:
            TransferError: No reply came.
        """
        ...


class Challenges:
    """The tokens of one process; false while there are none."""

    def __init__(self) -> None:
        self._tokens: dict[str, tuple[str, float]] = {}

    def __bool__(self) -> bool:
        return bool(self._tokens)

    def headers(self, url: str) -> dict[str, str]:
        """Return the headers for this address; empty where none is known, or no longer good."""
        token, until = self._tokens.get(_repository(url), ("", 0.0))
        return {"Authorization": f"Bearer {token}"} if token and time.monotonic() < until else {}

    async def answer(
        self, url: str, headers: Mapping[str, str], fetch: Fetch, *, has_own: Callable[[str], bool]
    ) -> bool:
        """Get the token that a 401 asks for; tell whether there is one, so that the same may be asked again.

        `has_own` tells whether a person's own token goes along to an address.
        """
        repository = _repository(url)
        match = _CHALLENGE.match(headers.get("www-authenticate", "").strip())
        if not repository or match is None:
            return False
        self._tokens.pop(repository, None)
        fields = {key.lower(): value for key, value in _FIELD.findall(match[2])}
        try:
            origin_of(match[1])
            realm = check_redirect(url, match[1], public=not is_private(origin_of(url)[1]))
            address = realm + ("&" if urlsplit(realm).query else "?") + urlencode(fields)
            if has_own(realm) or has_own(url):
                return False
            reply = await fetch("GET", address, max_bytes=TOKEN_BYTES_MAX, follow=False)
            value: Any = json.loads(reply.body) if reply.status == 200 else None
        except (ServerRefused, TransferError, ValueError, RecursionError):
            return False
        token = (value.get("token") or value.get("access_token")) if isinstance(value, dict) else None
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            return False
        if len(self._tokens) >= KEPT_MOST:
            self._tokens.clear()
        self._tokens[repository] = token, time.monotonic() + _lasts_s(value.get("expires_in"))
        return True


def _repository(url: str) -> str:
    match = _REPOSITORY.match(url)
    return match[1] if match is not None else ""


def _lasts_s(value: object) -> float:
    seconds = value if isinstance(value, int) and not isinstance(value, bool) else 0
    return max(min(float(seconds), LASTS_MOST_S) if seconds > 0 else LASTS_S, 2 * RENEW_S) - RENEW_S
