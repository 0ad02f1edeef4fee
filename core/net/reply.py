"""Reply: a small answer, read to its end. What fetches it is `core.net.client`; what it means is the caller's."""

from dataclasses import dataclass, field

import httpx


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, headers (looked up without regard to case), body and final URL of a small request."""

    status: int
    headers: httpx.Headers
    body: bytes = field(repr=False)
    url: str = field(repr=False)  # it may be signed


def address_of(response: httpx.Response) -> str:
    """Return where a response came from; it may be signed. `response.url` says the same, but takes it apart."""
    return response.extensions.get("address") or str(response.url)
