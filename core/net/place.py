"""Where Hugging Face is fetched from, as the settings say: the hub, a mirror, or the fastest of a list that works.

Turns requests to the chosen place (`Net.detour`); what is kept names the hub alone, so that another place needs no
new list of files and no new download. What the answers mean is decided by `core.net.mirrors`, how they are had by a
probe. All are asked once at the start, and after the place in force could not be reached, with minutes in between.
HF_ENDPOINT in the environment wins: then nothing here ever changes anything.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from core.errors import ConnectFailed, Offline, ProxyRefused, Stalled, TimedOut, TransferError
from core.net.client import Net
from core.net.mirrors import Answer, Choice, Detour, choose, leave
from core.net.origin import origin_of
from core.spawn import cancel_and_wait, spawn

_log = logging.getLogger(__name__)

ASK_AGAIN_S = 300.0
NONE_AGAIN_S = 120.0  # sooner where nobody answered at all: then it may have been this machine's network
ASKING_MOST_S = 10.0
OTHERS_S = 1.0  # once one answers, the others have so long
LEFT_AFTER = 2  # failures within `LEFT_WITHIN_S`, where it is too early to ask anew
LEFT_WITHIN_S = 60.0


class Probe(Protocol):
    """Asks one place for a small thing; never fails."""

    async def __call__(self, place: str) -> Answer: ...


class Place:
    """The place in force.

    Attributes:
        hub: The hub itself, or what HF_ENDPOINT names.
        is_fixed: HF_ENDPOINT names it.
        choice: Where Hugging Face is fetched from, and why.
    """

    def __init__(
        self,
        net: Net,
        probe: Probe,
        *,
        hub: str,
        is_fixed: bool = False,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.hub = hub
        self.is_fixed = is_fixed
        self.choice = Choice(hub, "environment" if is_fixed else "hub")
        self._net = net
        self._probe = probe
        self._now = now
        self._sleep = sleep
        self._told: list[Callable[[], None]] = []
        self._wanted: tuple[str, str, tuple[str, ...]] = ("hub", "", ())
        self._has_started = False
        self._asked_at = float("-inf")
        self._asking: asyncio.Task[None] | None = None
        self._later: asyncio.Task[None] | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self._troubles: deque[float] = deque(maxlen=LEFT_AFTER)

    @property
    def is_asking(self) -> bool:
        """Places are being asked now."""
        return self._asking is not None

    @property
    def places(self) -> tuple[str, ...]:
        """What is asked where the fastest is wanted."""
        return tuple(dict.fromkeys((self.hub, *self._wanted[2])))

    def listen(self, told: Callable[[], None]) -> None:
        """Call `told` when `choice` or `is_asking` may have changed."""
        self._told.append(told)

    def use(self, way: str, mirror: str, mirrors: Sequence[str]) -> None:
        """Go by these settings from the next request on; what is under way goes on where it is."""
        wanted = (way, mirror, tuple(mirrors))
        if self.is_fixed or wanted == self._wanted:
            return
        self._wanted = wanted
        self._stop()
        is_fastest = way == "fastest" and len(self.places) > 1
        self._net.chooser = self if is_fastest else None
        if is_fastest:
            present = self.choice.place
            self._go(Choice(present if present in self.places else self.hub, "unasked"))
            self._ask()
        elif way == "mirror" and mirror:
            self._go(Choice(mirror, "mirror"))
        else:
            self._go(Choice(self.hub, "hub"))

    def start(self) -> None:
        """Requests may be made from now on: ask, where there is a choice."""
        self._has_started = True
        if self.choice.reason == "unasked":
            self._ask()

    async def aclose(self) -> None:
        """Stop asking."""
        self._net.chooser = None
        self._stop()
        await cancel_and_wait(*self._ending)

    # -- inside ------------------------------------------------------------------------------------------

    def _go(self, choice: Choice) -> None:
        before, self.choice = self.choice, choice
        if choice.place != before.place:
            is_hub = choice.place == self.hub
            self._net.detour = None if is_hub else Detour(self.hub, choice.place)
            self._net.mirror = "" if is_hub else choice.place
            _log.info("Hugging Face is fetched from %s now (%s)", choice.host, choice.reason)
        self._tell()

    def _tell(self) -> None:
        for told in self._told:
            told()

    def _stop(self) -> None:
        for task in (self._asking, self._later):
            if task is not None and task is not asyncio.current_task():
                task.cancel()
                self._ending.add(task)
                task.add_done_callback(self._ending.discard)
        self._asking = self._later = None
        self._troubles.clear()

    def _ask(self) -> None:
        if not self._has_started or self._net.offline or self._asking is not None:
            return
        self._stop()
        self._asked_at = self._now()
        self._asking = spawn(self._ask_all(), name="choose a mirror")
        self._tell()

    async def _ask_all(self) -> None:
        try:
            answers = await self._answers()
        finally:
            if self._asking is asyncio.current_task():
                self._asking = None
        self._go(choose(self.choice.place, answers))

    async def _answers(self) -> list[Answer]:
        """Ask every place at once; once one works, the others have a moment left."""
        asked = {place: spawn(self._probe(place), name=f"measure {place}") for place in self.places}
        loop = asyncio.get_running_loop()
        until, works = loop.time() + ASKING_MOST_S, False
        pending: set[asyncio.Task[Answer]] = set(asked.values())
        try:
            while pending and (left := until - loop.time()) > 0:
                done, pending = await asyncio.wait(pending, timeout=left, return_when=asyncio.FIRST_COMPLETED)
                if not works and any(_answer(task) is not None for task in done):
                    works, until = True, min(until, loop.time() + OTHERS_S)
            told = {place: task.result() for place, task in asked.items() if task.done() and not task.exception()}
        finally:
            await cancel_and_wait(*asked.values())
        why = "slow" if works else "silent"
        return [told.get(place, Answer(place, None, why)) for place in asked]

    # -- what the network asks, and tells ----------------------------------------------------------------

    async def settled(self, url: str) -> None:
        """Let a request to the hub wait until the first choice was made."""
        if self.choice.reason == "unasked":
            await self.chosen(url)

    async def chosen(self, url: str) -> None:
        """Let a request to the hub wait for a choice that is being made."""
        if self._asking is not None and url.startswith(self.hub):
            await asyncio.wait([self._asking])

    def trouble(self, url: str, error: TransferError | None) -> None:
        """Something could not be asked: where it is the place in force, look for another one."""
        if (
            self._asking is not None
            or not _is_of_the_place(error)
            or origin_of(url) != origin_of(self.choice.place)
        ):
            return
        now = self._now()
        again = NONE_AGAIN_S if self.choice.reason == "none" else ASK_AGAIN_S
        if now - self._asked_at >= again:
            self._ask()
            return
        if self._later is None:
            self._later = spawn(self._ask_later(self._asked_at + again - now), name="choose a mirror later")
        self._troubles.append(now)
        if len(self._troubles) == LEFT_AFTER and now - self._troubles[0] < LEFT_WITHIN_S:
            self._troubles.clear()
            choice = leave(self.choice)
            if choice != self.choice:
                self._go(choice)

    async def _ask_later(self, seconds: float) -> None:
        await self._sleep(seconds)
        self._later = None
        self._ask()


def _answer(task: "asyncio.Task[Answer]") -> float | None:
    return None if task.cancelled() or task.exception() else task.result().seconds


def _is_of_the_place(error: TransferError | None) -> bool:
    """Tell whether a failure says something about the place: not this machine's network, nor its proxy."""
    if error is None:
        return True
    is_ours = isinstance(error, Offline | ProxyRefused) or not error.is_charged
    return isinstance(error, ConnectFailed | TimedOut | Stalled) and not is_ours
