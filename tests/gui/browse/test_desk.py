"""The desk keeps answers in order, whatever the catalogue does, and hands every failure on in words."""

import asyncio
from collections.abc import Callable

import pytest
from PySide6.QtWidgets import QApplication

from core.catalogue.card import CARD_BYTES_MAX
from core.catalogue.records import Found, ModelFacts, Page, Query, Revisions, SizeRange
from core.errors import ConnectFailed, DownloadError, ServerBusy
from gui.browse.desk import BrowseDesk


class FakeCatalogue:
    """Answers when it is told to."""

    host, endpoint, spare_s = "hub.test", "https://hub.test", 0.0

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.gates: dict[str, asyncio.Event] = {}
        self.trouble: dict[str, Exception] = {}
        self.pages = {"next": Page((Found("o/last"),))}
        self.card_bytes = 10

    async def _answer(self, what: str) -> None:
        self.asked.append(what)
        if what in self.gates:
            await self.gates[what].wait()
        if what in self.trouble:
            raise self.trouble.pop(what)

    async def search(self, query: Query) -> Page:
        try:
            await self._answer(query.text)
        except asyncio.CancelledError:
            await self._answer("cancelled")  # a library that answers all the same
        return Page((Found(f"o/{query.text}"),), "next")

    async def more(self, url: str) -> Page:
        await self._answer(url)
        return self.pages[url]

    async def facts(self, repo: str, revision: str = "") -> ModelFacts:
        await self._answer(repo)
        return ModelFacts(Found(repo), revision, "a" * 40, (), card_bytes=self.card_bytes)

    async def sizes(self, repo: str) -> SizeRange | None:
        await self._answer(f"size {repo}")
        return SizeRange(1, 2)

    async def card(self, repo: str, commit: str) -> str:
        await self._answer(f"card {repo}")
        return f"# {repo}"

    async def revisions(self, repo: str) -> Revisions:
        await self._answer(f"refs {repo}")
        return Revisions(("main",))


class Told:
    """Every signal of a desk, in order."""

    def __init__(self, desk: BrowseDesk) -> None:
        self.all: list[tuple[str, object]] = []
        for name in ("found", "found_more", "more_failed", "sized", "facts_came", "card_came", "card_failed"):
            getattr(desk, name).connect(lambda value, name=name: self.all.append((name, value)))
        desk.search_failed.connect(lambda failure, wait: self.all.append(("search_failed", (failure, wait))))
        desk.facts_failed.connect(lambda repo, failure: self.all.append(("facts_failed", repo)))

    def of(self, name: str) -> list[object]:
        return [value for told, value in self.all if told == name]


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0)


@pytest.fixture
def hub(qapp: QApplication) -> FakeCatalogue:
    return FakeCatalogue()


async def test_a_late_answer_to_an_older_search_is_not_heard(hub: FakeCatalogue) -> None:
    desk = BrowseDesk(hub)
    told = Told(desk)
    hub.gates["old"], hub.gates["cancelled"] = asyncio.Event(), asyncio.Event()
    desk.search(Query("old"))
    await until(lambda: "old" in hub.asked)
    desk.search(Query("new"))
    await until(lambda: told.of("found"))
    hub.gates["old"].set()
    hub.gates["cancelled"].set()
    await desk.aclose()
    assert [page.found[0].repo for page in told.of("found")] == ["o/new"]  # type: ignore[attr-defined]


async def test_further_results_are_asked_once_and_a_failure_can_be_tried_again(hub: FakeCatalogue) -> None:
    desk = BrowseDesk(hub)
    told = Told(desk)
    desk.search(Query("x"))
    await until(lambda: desk.has_more)
    hub.trouble["next"] = ServerBusy("busy", retry_after_s=0.01)
    desk.more()
    desk.more()
    assert not desk.has_more
    await until(lambda: told.of("more_failed") and desk.has_more)
    desk.more()
    await until(lambda: told.of("found_more"))
    assert hub.asked.count("next") == 2 and not desk.has_more
    await desk.aclose()


@pytest.mark.parametrize("error", [ConnectFailed("no way"), DownloadError("odd"), RuntimeError("a bug")])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_every_failure_is_told_in_words(hub: FakeCatalogue, error: Exception) -> None:
    desk = BrowseDesk(hub)
    told = Told(desk)
    hub.trouble |= {"x": error, "o/m": error, "card o/n": error}
    desk.search(Query("x"))
    desk.open("o/m")
    await until(lambda: told.of("search_failed") and told.of("facts_failed"))
    ((failure, wait),) = told.of("search_failed")  # type: ignore[misc]
    assert failure.message and failure.action and wait == 0  # type: ignore[has-type]
    desk.open("o/n")
    await until(lambda: told.of("card_failed"))
    await desk.aclose()


async def test_a_busy_hub_is_asked_again_after_the_time_that_it_names(hub: FakeCatalogue) -> None:
    desk = BrowseDesk(hub)
    told = Told(desk)
    hub.trouble["x"] = ServerBusy("busy", retry_after_s=0.01)
    desk.search(Query("x"))
    await until(lambda: told.of("found"))
    assert [name for name, _ in told.all] == ["search_failed", "found"]
    await desk.aclose()


async def test_sizes_of_rows_in_sight_come_and_rest_after_trouble(hub: FakeCatalogue) -> None:
    now = [0.0]
    desk = BrowseDesk(hub, clock=lambda: now[0])
    told = Told(desk)
    hub.trouble["size o/0"] = ServerBusy("busy", retry_after_s=60)
    desk.see(["o/0"])
    await until(lambda: "size o/0" in hub.asked)
    await until(lambda: desk._resting is not None)
    desk.see(["o/0", "o/1"])
    assert hub.asked == ["size o/0"]
    now[0] = 61.0
    desk.see(["o/0", "o/1"])
    await until(lambda: len(told.of("sized")) == 2)
    desk.see(["o/0", "o/1"])
    assert hub.asked == ["size o/0", "size o/0", "size o/1"]
    await desk.aclose()


async def test_another_model_replaces_the_one_before_and_a_large_card_is_not_asked_for(hub: FakeCatalogue) -> None:
    desk = BrowseDesk(hub)
    told = Told(desk)
    hub.gates["o/slow"] = asyncio.Event()
    desk.open("o/slow")
    await until(lambda: "o/slow" in hub.asked)
    hub.card_bytes = CARD_BYTES_MAX + 1
    desk.open("o/m")
    await until(lambda: "refs o/m" in hub.asked)
    hub.gates["o/slow"].set()
    await desk.aclose()
    assert [facts.found.repo for facts in told.of("facts_came")] == ["o/m"]  # type: ignore[attr-defined]
    assert not [what for what in hub.asked if what.startswith("card")]
    desk.search(Query("after the end"))
    desk.open("o/after")
    assert "after the end" not in hub.asked
