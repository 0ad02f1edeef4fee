"""Where the window and its parts stood: taken as base64 texts for the settings, and put back."""

from collections.abc import Mapping

from PySide6.QtCore import QByteArray
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMainWindow, QSplitter, QWidget

from gui.tree.view import TaskTreeView

SHOWN, HIDDEN = "shown", "hidden"


class LayoutMemory:
    """Saves and restores a window with its splitters, its tree, and parts that an action shows and hides."""

    def __init__(
        self,
        window: QMainWindow,
        tree: TaskTreeView,
        splitters: Mapping[str, QSplitter],
        parts: Mapping[str, tuple[QWidget, QAction]],
    ) -> None:
        self._window = window
        self._tree = tree
        self._splitters = splitters
        self._parts = parts

    def save(self) -> dict[str, str]:
        """Return everything by name."""
        saved = {"geometry": _text(self._window.saveGeometry()), "tree": _text(self._tree.save_state())}
        hidden = [part for part, _ in self._parts.values() if part.isHidden()]
        for name, (part, action) in self._parts.items():
            saved[name] = SHOWN if action.isChecked() else HIDDEN
            part.show()  # a splitter forgets the size of what is hidden
        for name, splitter in self._splitters.items():
            splitter.refresh()
            saved[name] = _text(splitter.saveState())
        for part in hidden:
            part.hide()
        return saved

    def restore(self, saved: Mapping[str, str]) -> None:
        """Put back what is there; what is missing or does not fit stays as it is."""
        if "geometry" in saved:
            self._window.restoreGeometry(_bytes(saved["geometry"]))
        if "tree" in saved:
            self._tree.restore_state(_bytes(saved["tree"]))
        for name, splitter in self._splitters.items():
            if name in saved:
                splitter.restoreState(_bytes(saved[name]))
        for name, (_, action) in self._parts.items():
            action.setChecked(saved.get(name) != HIDDEN)


def _text(data: QByteArray) -> str:
    return bytes(data.toBase64().data()).decode("ascii")


def _bytes(text: str) -> QByteArray:
    return QByteArray.fromBase64(text.encode("ascii", "replace"))
