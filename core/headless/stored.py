"""The stored tasks of a data folder, read without an engine, whoever holds the folder."""

import asyncio
from pathlib import Path

from core.roster import Roster
from core.store.keeper import Keeper
from core.store.sqlite import SqliteStore
from core.task import Task

FILE = "tasks.sqlite"


async def stored_tasks(data: Path) -> list[Task]:
    """Return the tasks as they are stored; none where nothing was ever stored, and nothing is made then.

    Raises:
        StoreError: They cannot be read.
    """
    path = data / FILE
    if not path.exists():
        return []
    roster = Roster(Keeper(await asyncio.to_thread(SqliteStore, path)), lambda *_: None)
    try:
        await roster.load(None)
        return roster.all()
    finally:
        await roster.keeper.aclose()
