"""Catalogue: asks the hub. Knows requests, limits of size and rate; every answer goes through `wire`.

A request is made once more only where the connection broke; a hub that is busy is left alone, and whoever asked is
told for how long.
"""

import asyncio
from functools import partial
from typing import Any, Protocol

from core.catalogue import wire
from core.catalogue.card import CARD_BYTES_MAX
from core.catalogue.records import ModelFacts, Page, Query, Revisions, SizeRange
from core.errors import NotFound, ResolveError, ServerBusy, TransferError
from core.net.origin import host_label
from core.net.reply import Reply
from core.patterns import pattern
from core.sources.base import file_url
from core.sources.replies import (
    JSON_BYTES_MAX,
    OFF_LOOP_BYTES,
    commit_of,
    expect,
    hub_error,
    is_ok,
    is_web_page,
    json_of,
)

OFF_LOOP_FILES = 500  # more are looked at on a thread: between two awaits stay under 5 ms
SPARE_REQUESTS = 100  # of what the hub allows: sizes of rows are not worth the last of them
_RATE = pattern(r"r=(\d{1,9})\s*;\s*t=(\d{1,6})(?!\d)")


class Asker(Protocol):
    """Sends small requests (`core.net.client.Net`)."""

    async def fetch(
        self, method: str, url: str, *, max_bytes: int = ..., follow: bool = ..., tries: int = ...
    ) -> Reply:
        """Return the reply, whatever its status.

        Raises:
            TransferError: No reply came.
        """
        ...


class Catalogue:
    """The models on the hub at `endpoint`.

    Attributes:
        host: How the hub is called.
        spare_s: Seconds for which nothing should be asked that nobody waits for, as of the last answer.
    """

    def __init__(self, asker: Asker, *, endpoint: str) -> None:
        self._asker = asker
        self.endpoint = endpoint.rstrip("/")
        self.host = host_label(self.endpoint)
        self.spare_s = 0.0

    async def search(self, query: Query) -> Page:
        """Return the first page of what fits.

        Raises:
            DownloadError: The hub cannot be asked, or its answer makes no sense.
        """
        return await self.more(wire.search_url(self.endpoint, query))

    async def more(self, url: str) -> Page:
        """Return a page of results by its address, as an earlier page gave it.

        Raises:
            DownloadError: The hub cannot be asked, or its answer makes no sense.
        """
        reply = await self._ask(url, JSON_BYTES_MAX)
        if reply.status == 400:
            raise ResolveError(
                f"{self.host} does not understand this search", action="Change the words or the filters."
            )
        if not is_ok(reply):
            raise self._refused(reply, "the search")
        values = expect(await json_of(reply, self.host), list, host=self.host, what="the results are no list")
        link = reply.headers.get("link", "")
        return Page(wire.results_of(values), wire.next_url(link, endpoint=self.endpoint))

    async def facts(self, repo: str, revision: str = "", *, scanned: bool = True) -> ModelFacts:
        """Return what there is to know of a model, its files and the hub's scan of them among it.

        Raises:
            DownloadError: There is no such model or revision, or the hub cannot be asked.
        """
        url = wire.info_url(self.endpoint, repo, revision, scanned=scanned)
        reply = await self._ask(url, JSON_BYTES_MAX)
        if not is_ok(reply):
            raise self._refused(reply, repo, revision=revision)
        value: dict[str, Any] = expect(
            await json_of(reply, self.host), dict, host=self.host, what="the facts about the model"
        )
        found = wire.found_of({**value, "id": repo})
        if found is None:
            raise NotFound(f"{repo} is no name of a model")
        commit = commit_of(value.get("sha"), host=self.host, what="the commit of the revision")
        make = partial(wire.facts_of, value, found, endpoint=self.endpoint, revision=revision, commit=commit)
        return await asyncio.to_thread(make) if len(reply.body) > OFF_LOOP_BYTES else make()

    async def sizes(self, repo: str) -> SizeRange | None:
        """Return what the choices of a model take; None where the hub does not say.

        Raises:
            ServerBusy, TransferError: The hub cannot be asked now.
        """
        try:
            files = (await self.facts(repo, scanned=False)).files
        except ResolveError:
            return None  # gone, or not for us: the row has no size
        many = len(files) > OFF_LOOP_FILES
        return await asyncio.to_thread(wire.sizes_of, files) if many else wire.sizes_of(files)

    async def card(self, repo: str, commit: str) -> str:
        """Return the card of a model as it is written.

        Raises:
            DownloadError: The hub does not give it, or it is too large.
        """
        reply = await self._ask(file_url(self.endpoint, repo, commit, "README.md"), CARD_BYTES_MAX)
        if not is_ok(reply):
            raise self._refused(reply, repo, revision=commit, path="README.md")
        if is_web_page(reply):
            raise ResolveError(f"A web page came from {self.host} in place of the card")
        return reply.body.decode("utf-8", "replace")

    async def revisions(self, repo: str) -> Revisions:
        """Return the branches and tags of a model.

        Raises:
            DownloadError: The hub does not say.
        """
        reply = await self._ask(wire.refs_url(self.endpoint, repo), JSON_BYTES_MAX)
        if not is_ok(reply):
            raise self._refused(reply, repo)
        value = expect(await json_of(reply, self.host), dict, host=self.host, what="the revisions")
        return wire.revisions_of(value)

    async def _ask(self, url: str, max_bytes: int) -> Reply:
        try:
            reply = await self._asker.fetch("GET", url, max_bytes=max_bytes, tries=1)
        except ServerBusy:
            raise
        except TransferError:  # a kept connection that had ended; a second failure is none of chance
            reply = await self._asker.fetch("GET", url, max_bytes=max_bytes, tries=1)
        rate = _RATE.search(reply.headers.get("ratelimit", ""))
        self.spare_s = float(rate[2]) if rate and int(rate[1]) < SPARE_REQUESTS else 0.0
        return reply

    def _refused(self, reply: Reply, repo: str, *, revision: str = "", path: str = "") -> Exception:
        page = f"{self.endpoint}/{repo}" if "/" in repo else self.endpoint
        return hub_error(reply, repo=repo, host=self.host, page=page, revision=revision, path=path)
