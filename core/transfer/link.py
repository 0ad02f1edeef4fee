"""Where the bytes of one item really are: the address behind the hub's redirect, until it expires."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from core.errors import DownloadError, RemoteChanged, ServerBusy, TransferError
from core.net.client import Net
from core.net.origin import host_label
from core.net.reply import address_of
from core.transfer.control import Identity
from core.transfer.reply import check_linked, range_refused, refused

_EXPIRED = frozenset({400, 401, 403, 404, 410})


class LinkExpired(TransferError):
    """A signed address is no longer good; the hub gives a new one.

    Attributes:
        refusal: What it is where the new ones are no good either.
        is_stale: Another connection has found that out before.
    """

    def __init__(self, message: str, *, refusal: DownloadError, is_stale: bool) -> None:
        super().__init__(message)
        self.refusal = refusal
        self.is_stale = is_stale


class EtagChanged(RemoteChanged):
    """One reply is of another version: the hub is asked once more before it is believed."""


class Link:
    """The stable URL of a file and, once known, its redirected address."""

    def __init__(self, identity: Identity) -> None:
        self.url = identity.url
        self._identity = identity
        self._direct = ""
        self._asked = self.url
        self._etags: dict[str, str] = {}
        self.is_known = False

    @property
    def host(self) -> str:
        """Host that the bytes come from, as far as known."""
        return host_label(self._direct or self._asked)

    def forget(self) -> None:
        """Ask the hub anew with the next request."""
        self._direct, self.is_known = "", False

    @asynccontextmanager
    async def open(self, net: Net, range_header: str) -> AsyncIterator[httpx.Response]:
        """Open the file, with a Range where `range_header` is not empty; yield a 200 or 206.

        Raises:
            LinkExpired: The redirected address is not good, or no longer, and was forgotten.
            RemoteChanged: The hub leads to another version, or the file became another one under the same address.
            DownloadError: Any other refusal.
        """
        asked = self.url if net.detour is None else net.detour.of(self.url)
        if asked != self._asked:  # over another mirror by now: where the one before led to is forgotten
            self._asked = asked
            self.forget()
        direct = self._direct
        headers = {"Range": range_header} if range_header else {}
        try:
            async with net.stream("GET", direct or self.url, headers=headers) as response:
                self._check(response, direct=direct, is_part=bool(range_header), is_old=asked != self._asked)
                yield response
        except ServerBusy as error:
            # Where the host that the hub led to rests, it is that host which is asked next, and not the hub.
            if asked == self._asked:
                self._direct = self._direct or error.reached
            raise

    def _check(self, response: httpx.Response, *, direct: str, is_part: bool, is_old: bool) -> None:
        """Check the head of a reply that was asked for at `direct`, and note where it came from.

        One that `is_old` came over another mirror than is asked by now: its bytes count, its address does not.
        """
        name, found = self._identity.path, address_of(response)
        host, hub = host_label(found), host_label(self._asked)
        for hop in response.extensions.get("hops", ()):
            check_linked(hop, self._identity, host=hub)
        if response.status_code == 416 and is_part:
            raise range_refused(response.headers, size=self._identity.size, host=host, name=name)
        if response.status_code not in (200, 206):
            refusal = refused(response.status_code, response.headers, host=host, name=name)
            if (direct or host != hub) and response.status_code in _EXPIRED:
                is_stale = direct != self._direct
                if not is_stale:
                    self.forget()
                raise LinkExpired(f"The address of {name} has expired", refusal=refusal, is_stale=is_stale)
            raise refusal
        self._check_etag(response.headers.get("etag", "").strip(), host=host)
        self.is_known = True
        if found != self._asked and not is_old:
            self._direct = found

    def _check_etag(self, etag: str, *, host: str) -> None:
        """Refuse bytes of another version from a host that sent some of this one; weak ETags say nothing."""
        if not etag.startswith('"'):
            return
        if self._etags.setdefault(host, etag) != etag:
            self.forget()
            raise EtagChanged(f"{self._identity.path} changed on {host} since the download began")
