"""Which models of the hub are here already: in the list, or complete on the disk.

Knows the engine's tasks and the library of the models folder, which is read on a thread. Must not know the rows.
"""

import asyncio
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from core.catalogue.names import repo_on_hub
from core.engine import Engine
from core.shelf import Shelf
from core.spawn import cancel_and_wait, spawn
from core.states import TaskState

DISK, LISTED = "disk", "list"


class Here(QObject):
    """Tells what is here.

    Signals:
        changed: It may be something else now.
    """

    changed = Signal()

    def __init__(self, engine: Engine, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._engine = engine
        self._shelf = Shelf()
        self._on_disk: frozenset[str] = frozenset()
        self._listed: dict[str, str] = {}
        self._reading: asyncio.Task[None] | None = None
        self._soon = QTimer(self, singleShot=True, interval=0)  # a burst of changes is looked at once
        self._soon.timeout.connect(self._count)
        for name in ("task_added", "task_removed", "task_done"):
            getattr(engine, name).connect(lambda *_: self._soon.start())
        self._count()

    def state(self, repo: str) -> str:
        """Return `disk`, `list`, or nothing."""
        return self._listed.get(repo) or (DISK if repo in self._on_disk else "")

    def look(self) -> None:
        """Read the library anew."""
        if self._reading is None or self._reading.done():
            self._reading = spawn(self._read(self._engine.root), name="look what is on the disk")

    async def _read(self, root: Path) -> None:
        models = await asyncio.to_thread(self._shelf.models, root)
        repos = (repo_on_hub(model.description.hub, model.description.repo) for model in models)
        self._on_disk = frozenset(repo for repo in repos if repo)
        self.changed.emit()

    def _count(self) -> None:
        listed: dict[str, str] = {}
        for task in self._engine.tasks:
            repo = repo_on_hub(task.handle.hub, task.handle.repo)
            if repo and (task.state is TaskState.DONE or repo not in listed):
                listed[repo] = DISK if task.state is TaskState.DONE else LISTED
        if listed != self._listed:
            self._listed = listed
            self.changed.emit()

    async def aclose(self) -> None:
        """Stop reading."""
        self._soon.stop()
        await cancel_and_wait(self._reading)
