"""Opens the list of tasks, whatever stands in its place: one that is damaged is set aside, never deleted, and made
again from what the caller finds elsewhere. One of a newer version, or one that only cannot be read now, is refused.
"""

import contextlib
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from core.errors import StoreError
from core.states import TaskState
from core.store.base import Batch, StoredTask
from core.store.sqlite import Damaged, SqliteStore

_log = logging.getLogger(__name__)


def open_store(path: Path, rebuild: Callable[[], Sequence[StoredTask]]) -> tuple[SqliteStore, str]:
    """Return the store, and what a person has to be told of it; empty where all is well.

    The file may also be there without a list in it: empty, or robbed of its journal. It is then made again too.

    Raises:
        StoreError: It cannot be opened, or was written by a newer version.
    """
    aside = ""
    try:
        store = SqliteStore(path)
    except Damaged as error:
        _log.warning("%s", error.message)
        aside = _set_aside(path)
        store = SqliteStore(path)
    if not store.is_blank:
        return store, ""
    try:
        tasks = rebuild()
        store.write(
            Batch(
                tasks={task.id: task for task in tasks},
                items={(task.id, item.path): item for task in tasks for item in task.items},
                order=[task.id for task in tasks],
            )
        )
        store.adopt()
    except BaseException:
        store.close()
        raise
    if not aside and not tasks:
        return store, ""
    happened = f"was damaged and is kept as {aside}" if aside else "was lost"
    unfinished = sum(1 for task in tasks if task.state is not TaskState.DONE)
    notice = (
        f"The list of downloads {happened}; {unfinished} unfinished and {len(tasks) - unfinished} complete models"
        " were found again in the models folder"
    )
    _log.warning("%s", notice)
    return store, notice


def _set_aside(path: Path) -> str:
    """Rename the file with its journal; an empty one stays, so that the next start knows that there was one."""
    number = next(n for n in range(1, 10_000) if not os.path.lexists(path.with_name(f"{path.name}.bad-{n}")))
    bad = path.with_name(f"{path.name}.bad-{number}")
    try:
        for suffix in ("-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                os.replace(path.with_name(path.name + suffix), bad.with_name(bad.name + suffix))
        os.rename(path, bad)
        path.touch()
    except OSError as error:
        raise StoreError(f"The list of downloads is damaged and cannot be set aside: {error.strerror}") from error
    return bad.name
