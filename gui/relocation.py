"""Asking for another folder for downloads, and saying what came of the moves. Knows the engine and dialogs.

Nothing is decided here: the engine moves what there is, or says why it cannot and leaves all where it was.
"""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from core.commands import Command
from core.engine import Engine
from core.errors import CommandRefused
from gui import steering, wording
from gui import wording_window as words
from gui.dialogs.ask import AskDialog


class Relocation(QObject):
    """Asks and tells.

    Signals:
        said: A sentence about what happened.
    """

    said = Signal(str)

    def __init__(self, engine: Engine, window: QWidget) -> None:
        super().__init__(window)
        self._engine = engine
        self._window = window
        engine.task_relocated.connect(self._on_relocated)

    def ask(self, task_ids: Sequence[str]) -> None:
        """Ask for a folder, then let these downloads go on there."""
        dialog = QFileDialog(self._window, words.relocate_title(len(task_ids)), str(self._engine.root))
        dialog.setObjectName("relocateDialog")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(lambda name: self.go(task_ids, Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def go(self, task_ids: Sequence[str], root: Path) -> None:
        """Let these downloads go on in a folder."""
        refused = ""
        for task_id, _ in steering.accepted(self._engine, Command.RELOCATE, [(one, None) for one in task_ids]):
            try:
                self._engine.relocate(task_id, root)
            except CommandRefused as error:
                refused = error.message
        self.said.emit(refused or words.relocating(wording.folder(root)))

    def _on_relocated(self, task_id: str, problem: str) -> None:
        task = self._engine.task(task_id)
        if not problem:
            self.said.emit(words.relocated(task.name, wording.folder(task.root)))
            return
        dialog = AskDialog(
            self._window,
            words.relocate_failed(),
            lines=[wording.one_line(text) for text in (task.name, problem) if text],
            accept=words.relocate_again(),
        )
        dialog.setObjectName("relocateFailedDialog")
        dialog.prefer_accept()
        dialog.ask(lambda _: self.ask([task_id]))
