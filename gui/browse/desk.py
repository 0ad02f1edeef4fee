"""Between the panel and the catalogue: asks, keeps answers in order, and hands them on; nothing waits in a slot.

Knows what a catalogue answers and when an answer is late. Must not know widgets. An older answer never overwrites a
newer one: each search and each page has a number, and only the last one counts.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from PySide6.QtCore import QObject, Signal

from core.catalogue.card import CARD_BYTES_MAX, Card, readable
from core.catalogue.order import Turns
from core.catalogue.records import ModelFacts, Page, Query, Revisions, SizeRange
from core.catalogue.sizes import SizeBook
from core.errors import DownloadError, Failure, ServerBusy
from core.spawn import cancel_and_wait, spawn
from gui import wording_browse as words

_log = logging.getLogger(__name__)

BUSY_S = 30.0  # a hub that is busy and does not say for how long
BUSY_MAX_S = 300.0


class Asked(Protocol):
    """What is asked (`core.catalogue.hub.Catalogue`)."""

    host: str
    endpoint: str
    spare_s: float

    async def search(self, query: Query) -> Page: ...

    async def more(self, url: str) -> Page: ...

    async def facts(self, repo: str, revision: str = "") -> ModelFacts: ...

    async def sizes(self, repo: str) -> SizeRange | None: ...

    async def card(self, repo: str, commit: str) -> str: ...

    async def revisions(self, repo: str) -> Revisions: ...


class BrowseDesk(QObject):
    """Asks the hub for the panel.

    Attributes:
        host, endpoint: The hub.
        is_searching: An answer to a search is awaited.

    Signals:
        searching: A search began.
        found: The first results of the last search (Page).
        found_more: Further results of it (Page).
        search_failed: The last search was not answered: why (Failure), and in how many seconds it is asked again by
            itself, 0 for never.
        more_failed: Further results did not come (Failure).
        sized: The sizes of a model are known now (repo).
        facts_came: The facts about the model that was opened last (ModelFacts).
        facts_failed: They did not come: repo, Failure.
        card_came: Its card (Card).
        card_failed: It did not come (Failure).
        revisions_came: Its branches and tags (Revisions).
    """

    searching = Signal()
    found = Signal(object)
    found_more = Signal(object)
    search_failed = Signal(object, float)
    more_failed = Signal(object)
    sized = Signal(str)
    facts_came = Signal(object)
    facts_failed = Signal(str, object)
    card_came = Signal(object)
    card_failed = Signal(object)
    revisions_came = Signal(object)

    def __init__(self, catalogue: Asked, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._catalogue = catalogue
        self.host = catalogue.host
        self.endpoint = catalogue.endpoint
        self.book = SizeBook()
        self.is_searching = False
        self._clock = clock
        self._searches, self._pages = Turns(), Turns()
        self._search: asyncio.Task[None] | None = None
        self._more: asyncio.Task[None] | None = None
        self._opening: list[asyncio.Task[None]] = []
        self._sizing: set[asyncio.Task[None]] = set()
        self._resting: asyncio.Task[None] | None = None
        self._next_url = ""
        self._is_closed = False

    # -- searching ---------------------------------------------------------------------------------------------

    @property
    def has_more(self) -> bool:
        """There are further results, and nobody asks for them yet."""
        return bool(self._next_url) and self._more is None

    def search(self, query: Query) -> None:
        """Look for models; every earlier search is over."""
        if self._is_closed:
            return
        self.forget_search()
        self.is_searching = True
        self._search = spawn(self._find(query, self._searches.begin()), name="search the hub")
        self.searching.emit()

    def forget_search(self) -> None:
        """The last search does not matter any more."""
        self._searches.begin()
        self._next_url = ""
        self.is_searching = False
        for task in (self._search, self._more):
            if task is not None:
                task.cancel()
        self._search = self._more = None

    async def _find(self, query: Query, turn: int) -> None:
        while True:
            wait = 0.0
            try:
                page = await self._catalogue.search(query)
            except DownloadError as error:
                failure = error.failure
                if isinstance(error, ServerBusy):
                    wait = min(error.retry_after_s or BUSY_S, BUSY_MAX_S)
            except Exception:
                _log.exception("The search failed")
                failure = words.broken()
            else:
                if self._searches.counts(turn):
                    self._next_url = page.next_url
                    self.is_searching = False
                    self.found.emit(page)
                return
            if not self._searches.counts(turn):
                return
            self.is_searching = False
            self.search_failed.emit(failure, wait)
            if not wait:
                return
            await asyncio.sleep(wait)

    def more(self) -> None:
        """Fetch further results of the last search, where there are any."""
        if self.has_more and not self._is_closed:
            self._more = spawn(self._find_more(self._next_url, self._searches), name="further results")

    async def _find_more(self, url: str, turns: Turns) -> None:
        turn = turns.current
        try:
            page = await self._catalogue.more(url)
        except DownloadError as error:
            if turns.counts(turn):
                self.more_failed.emit(error.failure)
                # Scrolling on asks again, but not before the hub wants to be asked.
                await asyncio.sleep(min(error.retry_after_s or 1.0, BUSY_MAX_S))
                self._more = None
            return
        except Exception:
            _log.exception("Further results failed")
            if turns.counts(turn):
                self._more, self._next_url = None, ""
            return
        if turns.counts(turn):
            self._more, self._next_url = None, page.next_url
            self.found_more.emit(page)

    # -- sizes of rows -----------------------------------------------------------------------------------------

    def see(self, repos: Sequence[str]) -> None:
        """These rows are in sight now: find out their sizes."""
        self.book.see(repos)
        self._size_more()

    def _size_more(self) -> None:
        if self._is_closed:
            return
        now = self._clock()
        for repo in self.book.take(now):
            task = spawn(self._size(repo), name="size of a result")
            self._sizing.add(task)
            task.add_done_callback(self._sizing.discard)
        wait = self.book.wait_s(now)
        if wait is not None and (self._resting is None or self._resting.done()):
            self._resting = spawn(self._rest(wait), name="leave the hub alone")

    async def _rest(self, wait: float) -> None:
        await asyncio.sleep(wait)
        self._resting = None
        self._size_more()

    async def _size(self, repo: str) -> None:
        try:
            sizes = await self._catalogue.sizes(repo)
        except DownloadError as error:
            self.book.drop(repo)
            self.book.rest(self._clock() + min(error.retry_after_s or BUSY_S, BUSY_MAX_S))
        except BaseException:
            self.book.drop(repo)
            raise
        else:
            self.book.put(repo, sizes)
            if self._catalogue.spare_s:
                self.book.rest(self._clock() + min(self._catalogue.spare_s, BUSY_MAX_S))
            self.sized.emit(repo)
        self._size_more()

    # -- the page of a model -----------------------------------------------------------------------------------

    def open(self, repo: str, revision: str = "") -> None:
        """Look at a model; what is asked about another one does not matter any more."""
        self.leave()
        if not self._is_closed:
            turn = self._pages.begin()
            self._opening = [spawn(self._look(repo, revision, turn), name="look at a model")]

    def leave(self) -> None:
        """Nobody looks at a model any more."""
        self._pages.begin()
        for task in self._opening:
            task.cancel()
        self._opening = []

    async def _look(self, repo: str, revision: str, turn: int) -> None:
        try:
            facts = await self._catalogue.facts(repo, revision)
        except DownloadError as error:
            if self._pages.counts(turn):
                self.facts_failed.emit(repo, error.failure)
            return
        except Exception:
            _log.exception("A model could not be looked at")
            if self._pages.counts(turn):
                self.facts_failed.emit(repo, words.broken())
            return
        if not self._pages.counts(turn):
            return
        self.facts_came.emit(facts)
        self._opening.append(spawn(self._fetch_revisions(repo, turn), name="revisions of a model"))
        if facts.card_bytes is not None and facts.card_bytes <= CARD_BYTES_MAX:
            self._opening.append(spawn(self._fetch_card(facts, turn), name="card of a model"))

    async def _fetch_card(self, facts: ModelFacts, turn: int) -> None:
        failure: Failure | None = None
        card = Card("")
        try:
            text = await self._catalogue.card(facts.found.repo, facts.commit)
            card = await asyncio.to_thread(readable, text)
        except DownloadError as error:
            failure = error.failure
        except Exception:
            _log.exception("A card could not be read")
            failure = words.broken()
        if self._pages.counts(turn):
            if failure is None:
                self.card_came.emit(card)
            else:
                self.card_failed.emit(failure)

    async def _fetch_revisions(self, repo: str, turn: int) -> None:
        try:
            revisions = await self._catalogue.revisions(repo)
        except DownloadError:
            return  # the default one is there all the same
        if self._pages.counts(turn):
            self.revisions_came.emit(revisions)

    async def aclose(self) -> None:
        """Stop asking."""
        self._is_closed = True
        tasks = [self._search, self._more, self._resting, *self._opening, *self._sizing]
        await cancel_and_wait(*tasks)
