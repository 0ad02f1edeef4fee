"""A fetcher with prepared answers, and a few words for making them."""

import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from core.net.reply import Reply

ENDPOINT = "http://hub.test:8080"


class FakeFetcher:
    """Answers from `replies` by "METHOD URL"; everything else is an anonymous 404. Keeps what was asked."""

    def __init__(self) -> None:
        self.replies: dict[str, Reply | Exception] = {}
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []

    async def fetch(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        max_bytes: int = 64 * 2**20,
        follow: bool = True,
    ) -> Reply:
        self.asked.append(f"{method} {url}")
        self.headers.append(dict(headers or {}))
        assert len(self.asked) < 1000, "asked without end"
        reply = self.replies.get(f"{method} {url}", Reply(404, httpx.Headers(), b"", url))
        if isinstance(reply, Exception):
            raise reply
        return reply

    def put(self, what: str, body: Any = b"", *, status: int = 200, **headers: str) -> None:
        """Prepare an answer; `what` is "METHOD URL", or "METHOD /path" on the endpoint."""
        method, url = what.split(" ")
        url = ENDPOINT + url if url.startswith("/") else url
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.replies[f"{method} {url}"] = Reply(status, httpx.Headers(named), data, url)


@pytest.fixture
def fetcher() -> FakeFetcher:
    return FakeFetcher()
