"""Where the bytes of one item really are: the address behind the hub's redirect, until it expires."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from core.errors import TransferError
from core.net.client import Net
from core.net.origin import host_label
from core.transfer.reply import refused

_EXPIRED = frozenset({400, 401, 403, 404, 410})


class LinkExpired(TransferError):
    """A signed address is no longer good; the hub gives a new one."""


class Link:
    """The stable URL of a file and, once known, its redirected address."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._direct = ""
        self.is_known = False

    @property
    def host(self) -> str:
        """Host that the bytes come from, as far as known."""
        return host_label(self._direct or self.url)

    @asynccontextmanager
    async def open(self, net: Net, range_header: str, *, name: str) -> AsyncIterator[httpx.Response]:
        """Open the file, with a Range where `range_header` is not empty; yield a 200 or 206.

        Raises:
            LinkExpired: The redirected address is not good, or no longer, and was forgotten.
            DownloadError: Any other refusal.
        """
        direct = self._direct
        headers = {"Range": range_header} if range_header else {}
        async with net.stream("GET", direct or self.url, headers=headers) as response:
            if response.status_code not in (200, 206):
                elsewhere = host_label(str(response.url)) != host_label(self.url)
                if (direct or elsewhere) and response.status_code in _EXPIRED:
                    self._direct, self.is_known = "", False
                    raise LinkExpired(f"The address of {name} has expired")
                raise refused(response.status_code, response.headers, host=host_label(str(response.url)), name=name)
            self.is_known = True
            if str(response.url) != self.url:
                self._direct = str(response.url)
            yield response
