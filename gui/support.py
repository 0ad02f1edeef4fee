"""Help for who needs help, and order on the disk: copy diagnostics, list and delete what was left over.

Looks at the disk on a thread; says what happened in the status bar.
"""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from core import leftovers
from core.diagnostics import LINES_MAX, report
from core.engine import Engine
from core.errors import DownloadError
from core.leftovers import Leftover
from core.logbook import FILE, FOLDER, last_lines
from core.settings import SettingsStore
from core.spawn import spawn
from gui import wording_support as words
from gui.actions import Actions
from gui.dialogs.leftovers import LeftoversDialog


class Support(QObject):
    """Connects its two actions.

    Signals:
        said: A sentence about what happened.
    """

    said = Signal(str)

    def __init__(
        self, engine: Engine, store: SettingsStore, actions: Actions, window: QWidget, *, endpoint: str
    ) -> None:
        super().__init__(window)
        self._engine = engine
        self._store = store
        self._window = window
        self._endpoint = endpoint
        self._start: Callable[..., object] = spawn
        actions["actionCopyDiagnostics"].triggered.connect(
            lambda: self._start(self._copy(), name="copy diagnostics")
        )
        actions["actionLeftovers"].triggered.connect(lambda: self._start(self._list(), name="list leftovers"))

    async def _copy(self) -> None:
        path = self._store.path.parent / FOLDER / FILE
        log = await asyncio.to_thread(last_lines, path, LINES_MAX)
        text = report(
            settings=self._store.current,
            tasks=self._engine.tasks,
            totals=self._engine.totals,
            root=self._engine.root,
            log=log,
            endpoint=self._endpoint,
        )
        QGuiApplication.clipboard().setText(text)
        self.said.emit(words.diagnostics_copied())

    def _wanted(self) -> set[Path]:
        paths = (item.local_path for task in self._engine.tasks for item in task.wanted_items())
        return {path for path in paths if path is not None}

    async def _list(self) -> None:
        root = self._engine.root
        found = await asyncio.to_thread(leftovers.find, root, self._wanted())
        if not found:
            self.said.emit(words.nothing_left_over())
            return
        dialog = LeftoversDialog(found, self._window)
        dialog.submitted.connect(lambda chosen: self._start(self._delete(root, chosen), name="delete leftovers"))
        dialog.open()

    async def _delete(self, root: Path, chosen: Sequence[Leftover]) -> None:
        freed = 0

        def work(_: object) -> None:
            nonlocal freed
            freed = leftovers.delete(root, chosen, wanted)

        wanted = self._wanted()
        try:
            await self._engine.clear([leftover.final for leftover in chosen], work)
        except DownloadError as error:
            self.said.emit(f"{error.message}. {error.action}")
            return
        self.said.emit(words.leftovers_deleted(len(chosen), freed))
