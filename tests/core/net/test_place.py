"""The place that Hugging Face is fetched from: when others are asked, what is taken, and what never happens."""

import asyncio
from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from core.errors import (
    CertificateRefused,
    ConnectFailed,
    Offline,
    ProxyRefused,
    ServerBusy,
    TimedOut,
    TransferError,
)
from core.net import place as module
from core.net.client import Net
from core.net.credentials import Credentials
from core.net.mirrors import Answer
from core.net.place import ASK_AGAIN_S, LEFT_AFTER, NONE_AGAIN_S, Place
from core.spawn import spawn

HUB, A, B = "https://huggingface.co", "https://a.example", "https://b.example"
BROKEN = ConnectFailed("a.example does not answer")


class Rig:
    """A place over a network that answers everything, a clock that is turned by hand, and answers as they are set.

    Attributes:
        answers: By address: seconds, or what is wrong; an address that is not there never answers.
        asked: Every address that was asked by the probe, in order.
        requests: Every address that the network was asked for.
    """

    def __init__(self, *, is_fixed: bool = False, offline: bool = False) -> None:
        self.answers: dict[str, float | str] = {}
        self.asked: list[str] = []
        self.requests: list[str] = []
        self.clock = 1000.0
        self.wakes: list[tuple[float, asyncio.Event]] = []
        self.net = Net(Credentials(), offline=offline, transport=httpx.MockTransport(self._answer))
        self.place = Place(
            self.net, self._probe, hub=HUB, is_fixed=is_fixed, now=lambda: self.clock, sleep=self._sleep
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(str(request.url))
        return httpx.Response(200, stream=httpx.ByteStream(b"[]"))

    async def _probe(self, place: str) -> Answer:
        self.asked.append(place)
        found = self.answers.get(place)
        if found is None:
            await asyncio.Event().wait()
        return Answer(place, None, found) if isinstance(found, str) else Answer(place, found)

    async def _sleep(self, seconds: float) -> None:
        event = asyncio.Event()
        self.wakes.append((seconds, event))
        await event.wait()

    @property
    def now(self) -> tuple[str, str]:
        return self.place.choice.place, self.place.choice.reason

    async def settle(self) -> None:
        await self.until(lambda: not self.place.is_asking)

    @staticmethod
    async def until(condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                await asyncio.sleep(0.001)

    async def fastest(self, *mirrors: str) -> None:
        self.place.use("fastest", "", mirrors or (A,))
        self.place.start()
        await self.settle()
        self.asked.clear()

    def trouble(self, url: str = f"{A}/api/models/x", error: TransferError | None = BROKEN) -> None:
        assert self.net.chooser is self.place
        self.net.chooser.trouble(url, error)

    async def reached(self, url: str = f"{HUB}/api/models/x") -> str:
        await self.net.fetch("GET", url)
        return self.requests[-1]


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    made = Rig()
    yield made
    await made.place.aclose()
    await made.net.aclose()


async def test_by_itself_nobody_is_asked_and_the_hub_is_the_hub(rig: Rig) -> None:
    rig.place.use("hub", "https://a.example", (A, B))
    rig.place.start()
    assert rig.now == (HUB, "hub") and rig.net.chooser is None
    assert await rig.reached() == f"{HUB}/api/models/x" and rig.asked == []


async def test_a_mirror_that_was_named_is_fetched_from_at_once_and_left_at_once(rig: Rig) -> None:
    told: list[str] = []
    rig.place.listen(lambda: told.append(rig.place.choice.host))
    rig.place.use("mirror", A, (B,))
    rig.place.start()
    assert rig.now == (A, "mirror") and rig.net.mirror == A and rig.asked == []
    assert await rig.reached() == f"{A}/api/models/x"
    assert await rig.reached("https://other.example/x") == "https://other.example/x"
    rig.place.use("hub", A, (B,))
    assert rig.net.mirror == "" and await rig.reached() == f"{HUB}/api/models/x"
    assert told == ["a.example", "huggingface.co"]


async def test_the_fastest_that_works_is_taken(rig: Rig) -> None:
    rig.answers = {HUB: 0.5, A: "web", B: 0.1}
    rig.place.use("fastest", "", (A, B))
    assert rig.now == (HUB, "unasked") and rig.asked == [], "before the start nobody is asked"
    rig.place.start()
    assert rig.place.is_asking
    await rig.settle()
    assert rig.now == (B, "fastest") and sorted(rig.asked) == [A, B, HUB]
    assert rig.place.choice.answers == (Answer(HUB, 0.5), Answer(A, None, "web"), Answer(B, 0.1))
    assert await rig.reached() == f"{B}/api/models/x"


async def test_one_that_never_answers_keeps_nobody_waiting(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "OTHERS_S", 0.01)
    rig.answers = {A: 0.4}
    await rig.fastest(A, B)
    assert rig.now == (A, "fastest")
    assert [answer.problem for answer in rig.place.choice.answers] == ["slow", "", "slow"]


async def test_where_nobody_answers_the_hub_stays(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ASKING_MOST_S", 0.01)
    rig.answers = {A: "busy"}
    await rig.fastest(A, B)
    assert rig.now == (HUB, "none")
    assert [answer.problem for answer in rig.place.choice.answers] == ["silent", "busy", "silent"]


async def test_a_request_waits_for_the_first_choice_and_others_do_not(rig: Rig) -> None:
    rig.place.use("fastest", "", (A,))
    rig.place.start()
    waiting = spawn(rig.reached(), name="a request")
    assert await rig.reached("https://other.example/x") == "https://other.example/x"
    assert not waiting.done() and len(rig.requests) == 1
    rig.place.use("mirror", A, (A,))  # it asks no more
    assert await waiting == f"{A}/api/models/x"


async def test_the_environment_wins(rig: Rig) -> None:
    fixed = Rig(is_fixed=True)
    fixed.place.use("mirror", A, (B,))
    fixed.place.use("fastest", A, (B,))
    fixed.place.start()
    assert fixed.now == (HUB, "environment") and fixed.net.detour is None and fixed.asked == []
    await fixed.place.aclose()
    await fixed.net.aclose()


async def test_offline_nobody_is_asked() -> None:
    rig = Rig(offline=True)
    rig.place.use("fastest", A, (A,))
    rig.place.start()
    assert rig.asked == [] and not rig.place.is_asking
    await rig.place.aclose()
    await rig.net.aclose()


# -- trouble ---------------------------------------------------------------------------------------------------


async def test_after_trouble_all_are_asked_again_but_not_more_often_than_some_minutes(rig: Rig) -> None:
    rig.answers = {HUB: 0.5, A: 0.1}
    await rig.fastest()
    rig.trouble()
    assert not rig.place.is_asking and rig.asked == [], "it was asked just now"
    await rig.until(lambda: bool(rig.wakes))
    assert [round(seconds) for seconds, _ in rig.wakes] == [ASK_AGAIN_S], "but it will be"
    rig.clock += ASK_AGAIN_S
    rig.answers[A] = "silent"
    rig.trouble()
    assert rig.place.is_asking
    rig.trouble()
    await rig.settle()
    assert rig.now == (HUB, "fastest") and sorted(rig.asked) == [A, HUB]
    rig.trouble()
    assert not rig.place.is_asking and len(rig.wakes) == 1, "what is no more in force is nobody's trouble"


async def test_what_had_to_wait_is_asked_when_its_time_comes(rig: Rig) -> None:
    rig.answers = {HUB: 0.5, A: 0.1}
    await rig.fastest()
    rig.trouble()
    rig.trouble()
    await rig.until(lambda: bool(rig.wakes))
    assert len(rig.wakes) == 1
    rig.clock += ASK_AGAIN_S
    rig.answers[A] = "busy"
    rig.wakes[0][1].set()
    await rig.until(lambda: rig.now == (HUB, "fastest"))


async def test_a_mirror_that_breaks_again_and_again_is_left_without_asking_anybody(rig: Rig) -> None:
    rig.answers = {HUB: 0.5, A: 0.1, B: 0.3}
    await rig.fastest(A, B)
    for _ in range(LEFT_AFTER - 1):
        rig.trouble()
    assert rig.now == (A, "fastest")
    rig.trouble(error=None)
    assert rig.now == (B, "left") and rig.asked == []
    assert await rig.reached() == f"{B}/api/models/x"


async def test_failures_that_lie_far_apart_make_nobody_leave(rig: Rig) -> None:
    rig.answers = {HUB: 0.5, A: 0.1}
    await rig.fastest()
    for _ in range(LEFT_AFTER + 1):
        rig.clock += module.LEFT_WITHIN_S
        rig.trouble()
    assert rig.now == (A, "fastest")


async def test_where_nothing_worked_it_is_asked_sooner(rig: Rig) -> None:
    rig.answers = {HUB: "silent", A: "silent"}
    await rig.fastest()
    assert rig.now == (HUB, "none")
    rig.answers = {HUB: "silent", A: 0.2}
    rig.clock += NONE_AGAIN_S
    rig.trouble(f"{HUB}/api/models/x")
    await rig.settle()
    assert rig.now == (A, "fastest")


@pytest.mark.parametrize(
    "error",
    [
        Offline("no network"),
        ProxyRefused("the proxy"),
        ServerBusy("busy", retry_after_s=1.0),
        ConnectFailed("no more connections", is_charged=False),
    ],
)
async def test_what_says_nothing_about_the_mirror_changes_nothing(rig: Rig, error: TransferError) -> None:
    rig.answers = {HUB: 0.5, A: 0.1}
    await rig.fastest()
    rig.clock += ASK_AGAIN_S
    for _ in range(LEFT_AFTER):
        rig.trouble(error=error)
        rig.trouble("https://cdn.example/x")
    assert rig.now == (A, "fastest") and rig.asked == [] and not rig.wakes


@pytest.mark.parametrize("error", [TimedOut("late"), CertificateRefused("forged"), None])
async def test_what_does_makes_it_look_around(rig: Rig, error: TransferError | None) -> None:
    rig.answers = {HUB: 0.5, A: 0.1}
    await rig.fastest()
    rig.clock += ASK_AGAIN_S
    rig.trouble(error=error)
    assert rig.place.is_asking
    await rig.settle()


async def test_another_list_is_asked_anew_and_the_old_answers_are_nothing_to_it(rig: Rig) -> None:
    rig.place.use("fastest", "", (A,))
    rig.place.start()
    await rig.until(lambda: len(rig.asked) == 2)
    rig.answers = {HUB: 0.5, B: 0.1}
    rig.place.use("fastest", "", (B,))
    await rig.settle()
    assert rig.now == (B, "fastest") and sorted(rig.asked) == [A, B, HUB, HUB]


async def test_closing_ends_what_is_under_way(rig: Rig) -> None:
    rig.place.use("fastest", "", (A,))
    rig.place.start()
    waiting = spawn(rig.reached(), name="a request")
    await rig.until(lambda: len(rig.asked) == 2)
    await rig.place.aclose()
    assert not rig.place.is_asking and await waiting == f"{HUB}/api/models/x"


async def test_a_probe_with_an_error_of_our_own_counts_as_silent(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(place: str) -> Answer:
        if place == A:
            raise RuntimeError("a bug")
        return Answer(place, 0.1)

    rig.place._probe = broken
    rig.place.use("fastest", "", (A,))
    rig.place.start()
    await rig.settle()
    assert rig.now == (HUB, "fastest") and rig.place.choice.answers[1].problem == "slow"
    assert "a bug" in caplog.text
