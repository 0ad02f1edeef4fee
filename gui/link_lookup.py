"""What a link asks for, found out while the review waits for a yes: hub, size and folder, one link after the other.

Knows the engine's `prepare`, which adds nothing. Hubs that Pulley knows are asked; a server that the link alone
names is not, since asking it would already be what a page wants. Must not know how a review looks.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from core.errors import DownloadError
from core.listings import Prepared
from core.records import Handle
from core.spawn import spawn
from gui import wording
from gui import wording_links as words
from gui.outside import hub_host

ASKED_MOST = 8  # of one text; the others say no size
UNKNOWN = "direct"  # the hub of a handle that names any server

Prepare = Callable[[Handle], Awaitable[Prepared]]


class Review(Protocol):
    """Shows a line about each of its links."""

    def tell(self, place: int, text: str) -> None: ...


class LinkLookup:
    """Tells one review about its links until it is closed.

    `links` are (place in the review, handle); `folder` is the models folder as it is shown.
    """

    def __init__(
        self,
        review: Review,
        links: Sequence[tuple[int, Handle]],
        prepare: Prepare | None,
        *,
        folder: str,
        endpoint: str,
    ) -> None:
        self._review = review
        self._links = links
        self._prepare = prepare
        self._folder = folder
        self._endpoint = endpoint
        self._work: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Say what is known, and ask for the rest."""
        asked = (
            [] if self._prepare is None else [each for each in self._links if each[1].hub != UNKNOWN][:ASKED_MOST]
        )
        for place, handle in self._links:
            self._tell(place, handle, words.looking() if (place, handle) in asked else words.not_asked())
        if asked and self._prepare is not None:
            self._work = spawn(self._ask(asked, self._prepare), name="look up what links ask for")

    def stop(self) -> None:
        """Nobody looks any more."""
        if self._work is not None:
            self._work.cancel()

    async def _ask(self, links: Sequence[tuple[int, Handle]], prepare: Prepare) -> None:
        for place, handle in links:
            try:
                found = await prepare(handle)
            except DownloadError as error:
                self._tell(place, handle, words.no_size(error.message))
                continue
            files = [file for file in found.manifest.files if file.wanted]
            size = words.size_of(wording.size(found.size), len(files))
            self._tell(place, handle, size, folder=found.manifest.folder)

    def _tell(self, place: int, handle: Handle, size: str, *, folder: str = "") -> None:
        whole = f"{self._folder}/{folder}" if folder else self._folder
        self._review.tell(place, words.facts(hub_host(handle, self._endpoint), size, whole))
