"""The results as a list model: one row a model, further rows when the view comes near the end.

Knows records of the catalogue and which roles the delegate reads. Must not know who asks for further results.
"""

from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Any

from msgspec import Struct
from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from core.catalogue.records import Found, SizeRange
from gui import wording_browse as words
from gui.parts import plain_tip

Index = QModelIndex | QPersistentModelIndex


class Texts(Struct, frozen=True):
    """What is painted of a row."""

    name: str
    facts: str
    sizes: str
    here: str
    gated: str


class Role(IntEnum):
    """What is asked beside the standard roles; the delegate asks for TEXTS alone."""

    TEXTS = Qt.ItemDataRole.UserRole + 1
    SIZES = Qt.ItemDataRole.UserRole + 2
    HERE = Qt.ItemDataRole.UserRole + 3
    FACTS = Qt.ItemDataRole.UserRole + 4


class ResultsModel(QAbstractListModel):
    """Rows of `Found`.

    `sizes_of` and `here_of` tell what else is known of a model; they are asked for the rows that are painted only.

    Signals:
        more_wanted: The view comes near the end, and there are further results.
    """

    more_wanted = Signal()

    def __init__(
        self,
        sizes_of: Callable[[str], SizeRange | None],
        here_of: Callable[[str], str],
        has_more: Callable[[], bool],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._rows: list[Found] = []
        self._row_of: dict[str, int] = {}
        self._texts: dict[str, Texts] = {}  # of rows that were painted
        self._sizes_of, self._here_of, self._has_more = sizes_of, here_of, has_more

    def show(self, found: Sequence[Found]) -> None:
        """Show these rows in place of all others."""
        self.beginResetModel()
        self._rows = list(found)
        self._row_of = {each.repo: row for row, each in enumerate(self._rows)}
        self._texts.clear()
        self.endResetModel()

    def append(self, found: Sequence[Found]) -> None:
        """Add rows at the end; a model that is there already stays where it is."""
        new = [each for each in found if each.repo not in self._row_of]
        if not new:
            return
        first = len(self._rows)
        self.beginInsertRows(QModelIndex(), first, first + len(new) - 1)
        self._rows += new
        self._row_of.update({each.repo: first + n for n, each in enumerate(new)})
        self.endInsertRows()

    def found(self, row: int) -> Found | None:
        """Return the model of a row."""
        return self._rows[row] if 0 <= row < len(self._rows) else None

    def row_of(self, repo: str) -> int:
        """Return the row of a model; -1 where it has none."""
        return self._row_of.get(repo, -1)

    def touch(self, repo: str) -> None:
        """More is known of a model."""
        row = self.row_of(repo)
        self._texts.pop(repo, None)
        if row >= 0:
            self.dataChanged.emit(self.index(row), self.index(row))

    def touch_all(self) -> None:
        """Something is known of many models."""
        self._texts.clear()
        if self._rows:
            self.dataChanged.emit(self.index(0), self.index(len(self._rows) - 1))

    # -- Qt ----------------------------------------------------------------------------------------------------

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        found = self.found(index.row())
        if found is None:
            return None
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return found.name
            case Qt.ItemDataRole.ToolTipRole:
                return plain_tip(found.repo)
            case Role.TEXTS:
                return self._texts_of(found)
            case Role.SIZES:
                return self._texts_of(found).sizes
            case Role.HERE:
                return self._texts_of(found).here
            case Role.FACTS:
                return self._texts_of(found).facts
            case Qt.ItemDataRole.AccessibleTextRole:
                texts = self._texts_of(found)
                return words.row_spoken(found, texts.sizes, texts.here)
        return None

    def _texts_of(self, found: Found) -> Texts:
        texts = self._texts.get(found.repo)
        if texts is None:
            texts = self._texts[found.repo] = Texts(
                found.name,
                words.row_facts(found),
                words.sizes(self._sizes_of(found.repo)),
                words.here(self._here_of(found.repo)),
                words.gated() if found.is_gated else "",
            )
        return texts

    def canFetchMore(self, parent: Index) -> bool:
        return not parent.isValid() and self._has_more()

    def fetchMore(self, parent: Index) -> None:
        if not parent.isValid():
            self.more_wanted.emit()
