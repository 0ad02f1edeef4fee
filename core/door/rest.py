"""The stored tasks that an engine did not load: `pulley pull` runs its own handles and leaves others as they are.

A task of them is loaded when somebody asks for it, and only then.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from core.engine import Engine
from core.records import Selection
from core.task import Task


class Rest:
    """`stored` reads every stored task anew, without an engine."""

    def __init__(self, engine: Engine, stored: Callable[[], Awaitable[list[Task]]]) -> None:
        self._engine = engine
        self._stored = stored
        self._looked_for: set[str] = set()
        self._loading = asyncio.Lock()

    async def tasks(self) -> list[Task]:
        """Return the tasks that are not loaded, as they were stored.

        Raises:
            StoreError: They cannot be read.
        """
        stored = await self._stored()
        loaded = self._loaded()
        return [task for task in stored if task.id not in loaded]

    async def fetch(self, wanted: Mapping[str, Selection | None]) -> set[str]:
        """Load these tasks where they are stored and not loaded yet; return the ids of those that came.

        One that was stored with other files than are asked for now, or for another folder, is taken off the list,
        so that it does not go on; None for whatever files it has. Nothing has started when this returns.

        Raises:
            StoreError: They cannot be read.
        """
        async with self._loading:
            before = self._loaded()
            missing = wanted.keys() - self._looked_for - before
            if not missing:
                return set()
            await self._engine.load(only=frozenset(missing))
            self._looked_for |= missing
            for task in self._engine.tasks:
                asked = wanted[task.id] if task.id in missing else None
                if asked is not None and (asked, self._engine.root) != (task.selection, task.root):
                    self._engine.remove(task.id)
            return self._loaded() - before

    def _loaded(self) -> set[str]:
        return {task.id for task in self._engine.tasks}
