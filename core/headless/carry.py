"""Carries out an errand to its end: in this process where nobody holds the data folder, else in the one that does.

Where the holder ends before the errand has, this process takes over, or follows the next holder. Ctrl-C ends what
runs here, and lets go of what runs elsewhere.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

from core.door.client import Unreachable
from core.door.errand import Errand, Step
from core.door.wire import Message
from core.errors import CommandRefused
from core.headless.follow import Outcome, follow
from core.headless.hold import Holding
from core.headless.ledger import Ledger
from core.headless.run import FAILED, INTERRUPTED, first_of, say
from core.holder import DataLock, Held
from core.logbook import kept_log
from core.places import Places
from core.terminal import Screen
from core.views import TaskView

PATIENCE_S = 20.0  # with a holder that does not answer: it may be starting, or writing its last bytes
AGAIN_S = 0.2
LOSSES_MAX = 5  # in a row, of a holder that takes it and lets go before it tells anything


class Work(Protocol):
    """What is to be done for some models.

    Attributes:
        names: What each is called before its task has an id.
        wants_events: The events of the API are to be shown.
    """

    names: Sequence[str]
    wants_events: bool

    def request(self, places: Sequence[int]) -> dict[str, Any]:
        """Return what to ask of a holder for the models at these places."""

    def steps(self, holding: Holding, places: Sequence[int]) -> list[Step]:
        """Return the steps for the models at these places, in the same order."""


class Carrier:
    """One errand of one command."""

    def __init__(self, work: Work, places: Places, screen: Screen, stopped: asyncio.Event) -> None:
        self._work = work
        self._places = places
        self._screen = screen
        self._stopped = stopped
        self._ledger = Ledger(work.names)
        self._heard_at = asyncio.get_running_loop().time()
        self._losses = 0
        self._said: set[str] = set()

    async def run(self) -> int:
        """Carry it out here or there; return the exit code: 0, 1 or 130.

        Raises:
            DownloadError: The data folder cannot be used, or its holder refuses.
        """
        while True:
            try:
                lock = DataLock(self._places.data, "pull")
            except Held as held:
                outcome = await self._follow(held)
            else:
                try:
                    return await self._hold(lock)
                finally:
                    lock.close()
            if outcome is Outcome.ENDED:
                return self._summary()
            if outcome is not Outcome.LOST:
                return INTERRUPTED
            await first_of(asyncio.sleep(AGAIN_S), self._stopped.wait())
            if self._stopped.is_set():
                return self._summary()

    # -- another process does it -------------------------------------------------------------------------

    async def _follow(self, held: Held) -> Outcome:
        """Follow the holder; an unreachable one is lost for now, until patience is at its end."""
        loop = asyncio.get_running_loop()
        who = held.holder.text if held.holder else "another Pulley"
        take = self._ledger.taker(self._ledger.open, show=self._show, event=self._screen.event)
        self._losses += 1

        def hear(message: Message) -> None:
            self._heard_at = loop.time()
            self._losses = 0
            take(message)

        def silent() -> None:
            self._say(f"{who} does not answer; waiting for it (Ctrl-C lets go of it)")

        request = self._work.request(self._ledger.open)
        try:
            outcome = await follow(held.holder, request, take=hear, silent=silent, stopped=self._stopped)
        except Unreachable:
            self._losses = 0
            if loop.time() - self._heard_at > PATIENCE_S:
                raise held from None
            return Outcome.LOST
        self._heard_at = loop.time()
        if outcome is Outcome.LOST and self._losses >= LOSSES_MAX:
            raise CommandRefused(
                f"{who} takes this and lets go of it each time, before it tells anything",
                action="Name fewer models at a time; what it was given goes on there.",
            )
        if outcome is Outcome.STOPPED:
            self._screen.finish()
            names = ", ".join(self._ledger.open_names)
            say(f"let go of {names}: {who} goes on with it ('pulley cancel ID' stops it)")
        return outcome

    # -- this process does it ----------------------------------------------------------------------------

    async def _hold(self, lock: DataLock) -> int:
        with kept_log(self._places.data):  # whoever holds the folder writes its log, and nobody else
            return await self._work_here(lock)

    async def _work_here(self, lock: DataLock) -> int:
        places = self._ledger.open
        async with Holding(lock, self._places, self._stopped) as holding:
            errand = Errand(
                holding.engine,
                self._work.steps(holding, places),
                tell=self._ledger.taker(places, show=self._show, event=self._screen.event),
                events=holding.events if self._work.wants_events else None,
            )
            await first_of(errand.run(), self._stopped.wait())
            code = self._summary()
            if self._stopped.is_set():
                return code
            await holding.until_idle()
            return INTERRUPTED if self._stopped.is_set() else code

    # -- what is said ------------------------------------------------------------------------------------

    def _show(self, view: TaskView) -> None:
        """Show a view; a failure is said when it happens, whatever comes of the others."""
        self._screen.show(view)
        if not view.is_over:
            self._said.discard(view.id)  # it goes on, and may fail anew
        elif not view.is_good:
            self._complain(view.id, *view.problem)

    def _complain(self, name: str, happened: str, action: str) -> None:
        if name not in self._said:
            self._said.add(name)
            self._say(f"{happened.rstrip('.')}. {action}", about=name)

    def _say(self, text: str, *, about: str = "pulley") -> None:
        self._screen.aside(lambda: say(text, about=about))

    def _summary(self) -> int:
        """Say what is not complete and was not said yet, and return the exit code."""
        if not self._stopped.is_set():
            for problem in self._ledger.problems:
                self._complain(*problem)
        self._screen.finish()
        if self._ledger.is_good:
            return 0
        return INTERRUPTED if self._stopped.is_set() else FAILED
