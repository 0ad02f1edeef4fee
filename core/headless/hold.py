"""Holding a data folder for a while: an engine over its own part of the stored tasks, and a door for the others."""

import asyncio
import logging
import os
from types import TracebackType
from typing import Self

from core.api.events import Events
from core.compose import Parts, build
from core.door.desk import Desk
from core.door.rest import Rest
from core.door.server import Door, unreachable_text
from core.engine import Engine
from core.headless.configured import settings_of, use_secrets
from core.headless.run import close_parts, first_of, say
from core.headless.stored import stored_tasks
from core.holder import DataLock
from core.places import Places
from core.states import TASK_SIGNALS

_log = logging.getLogger(__name__)


class Holding:
    """An engine with a door, from `async with` to a clean stop.

    Attributes:
        rest: The stored tasks that it did not load.
        desk: Does what is asked of the engine.
        events: The events of the API, once it has begun.
    """

    events: Events
    _door: Door

    def __init__(self, lock: DataLock, places: Places, stopped: asyncio.Event) -> None:
        self._lock = lock
        self._stopped = stopped
        self._changed = asyncio.Event()
        self._settings = settings_of(places)
        settings = self._settings.current
        self._parts: Parts = build(places.data, places.models_or(settings.models_dir), settings, os.environ)
        self.engine.favour(window=False)
        if self._parts.notice:
            say(self._parts.notice)
        self._said = self._parts.place.hub
        self.rest = Rest(self.engine, lambda: stored_tasks(places.data))
        self.desk = Desk(self.engine, self.rest)

    @property
    def engine(self) -> Engine:
        """The engine."""
        return self._parts.engine

    async def __aenter__(self) -> Self:
        """Begin.

        Raises:
            StoreError: The store cannot be read.
        """
        try:
            await use_secrets(self._parts.net, self._parts.endpoint, self._settings)
            self._parts.place.listen(self._say_place)
            self._parts.place.start()
            self._say_place()
            await self.engine.load(only=frozenset())
        except BaseException:
            await close_parts(self._parts)
            raise
        self.events = Events(self.engine)
        self._door = Door(self._lock, "pull", self.engine, self.events, rest=self.rest, changed=self._changed.set)
        try:
            await self._door.open()
        except OSError as error:  # this process can pull all the same
            _log.warning("%s", unreachable_text(error))
        return self

    async def until_idle(self) -> None:
        """Wait until all that others handed over has ended, or until stopped; say so where there is such."""
        for name in TASK_SIGNALS.values():
            getattr(self.engine, name).connect(self._touch)
        said = False
        while not self._is_idle and not self._stopped.is_set():
            if not said:
                names = ", ".join(task.id for task in self.engine.tasks if not task.state.is_final)
                say(f"stays until {names or 'all'} has ended, which another command handed over (Ctrl-C stops it)")
                said = True
            self._changed.clear()
            await first_of(self._changed.wait(), self._stopped.wait())

    @property
    def _is_idle(self) -> bool:
        return self._door.is_idle and not any(task.state.is_live for task in self.engine.tasks)

    def _say_place(self) -> None:
        """Say that Hugging Face is fetched from elsewhere, where it is."""
        choice = self._parts.place.choice
        if choice.place != self._said and not self._parts.place.is_asking:
            self._said = choice.place
            say(f"Hugging Face is fetched from {choice.host} (Settings > Network in the window)")

    def _touch(self, _: str) -> None:
        self._changed.set()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop cleanly: every byte that came is kept."""
        await self._door.aclose()
        self.events.close()
        await close_parts(self._parts)
