"""The files of one task as a flat table: name with its check box, size, status.

A check box asks for the change through `toggled`; the table changes when the engine says so. Knows core.task and
the wording; sends no command itself.
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
    Signal,
)

from core.task import Item, Task
from gui import wording
from gui import wording_details as words
from gui.parts import plain_tip
from gui.steering import is_done

Index = QModelIndex | QPersistentModelIndex
_FLAGS = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren
_FLAGS_CHECKABLE = _FLAGS | Qt.ItemFlag.ItemIsUserCheckable  # made once: a view asks every row of a long list


class FileColumn(IntEnum):
    """Columns of the table."""

    NAME = 0
    SIZE = 1
    STATE = 2


_TITLES = {FileColumn.NAME: "name", FileColumn.SIZE: "size", FileColumn.STATE: "state"}


class FilesModel(QAbstractTableModel):
    """Serves the items of a task.

    Signals:
        toggled: (item id, wanted) when a check box was pressed.
    """

    toggled = Signal(str, bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._items: list[Item] = []
        self._now = 0.0
        self._order = (FileColumn.NAME, False)

    def set_task(self, task: Task | None) -> None:
        """Show the files of this task, or none, in the order of the last `sort`."""
        self.beginResetModel()
        self._items = [] if task is None else list(task.items.values())
        self._sort()
        self.endResetModel()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by the raw values of a column, as they are now: rows must not jump under the mouse."""
        if column < 0:
            return
        self.layoutAboutToBeChanged.emit()
        kept = self.persistentIndexList()
        items = [self._items[index.row()] for index in kept]
        self._order = (FileColumn(column), order is Qt.SortOrder.DescendingOrder)
        self._sort()
        rows = {item.serial: row for row, item in enumerate(self._items)} if kept else {}
        moved = [self.index(rows[item.serial], index.column()) for item, index in zip(items, kept, strict=True)]
        self.changePersistentIndexList(kept, moved)
        self.layoutChanged.emit()

    def _sort(self) -> None:
        column, descending = self._order
        self._items.sort(key=lambda item: self._sort_value(item, column), reverse=descending)

    def item_at(self, row: int) -> Item:
        """Return the file of a row."""
        return self._items[row]

    def refresh(self, now: float) -> None:
        """Say that sizes, states and checks may have changed; `now` is the engine's clock."""
        self._now = now
        if self._items:
            last = self.index(len(self._items) - 1, FileColumn.STATE)
            self.dataChanged.emit(self.index(0, 0), last)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._items)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(FileColumn)

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        is_open = index.column() == FileColumn.NAME and not is_done(self._items[index.row()])
        return _FLAGS_CHECKABLE if is_open else _FLAGS

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        item, column = self._items[index.row()], FileColumn(index.column())
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._text(item, column)
            case Qt.ItemDataRole.CheckStateRole if column is FileColumn.NAME:
                return Qt.CheckState.Checked if item.state.is_wanted else Qt.CheckState.Unchecked
            case Qt.ItemDataRole.ToolTipRole:
                return plain_tip(self._text(item, column))
            case Qt.ItemDataRole.TextAlignmentRole:
                return _alignment(column)
        return None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Ask for a file to be chosen or left out; always False: the table waits for the engine."""
        if role == Qt.ItemDataRole.CheckStateRole and index.isValid():
            self.toggled.emit(self._items[index.row()].id, Qt.CheckState(value) is not Qt.CheckState.Unchecked)
        return False

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return words.column(_TITLES[FileColumn(section)])
        return _alignment(FileColumn(section)) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def _text(self, item: Item, column: FileColumn) -> str:
        match column:
            case FileColumn.NAME:
                return wording.one_line(item.id)
            case FileColumn.SIZE:
                return wording.size(item.file.size)
            case _:
                return wording.item_status(item, self._now)

    @staticmethod
    def _sort_value(item: Item, column: FileColumn) -> Any:
        match column:
            case FileColumn.NAME:
                return item.id.casefold()
            case FileColumn.SIZE:
                return item.size
            case _:
                return item.state.value


def _alignment(column: FileColumn) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column is FileColumn.SIZE else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter


class FilesFilter(QSortFilterProxyModel):
    """Keeps the names that hold the filter text. The model sorts: a proxy would ask it for every comparison."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setFilterKeyColumn(FileColumn.NAME)
        self.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.setDynamicSortFilter(False)  # states change all the time; rows must not jump under the mouse

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Have the model sort."""
        self.sourceModel().sort(column, order)

    def shown(self, model: FilesModel) -> Sequence[Item]:
        """Return the files that pass the filter."""
        rows = (self.mapToSource(self.index(row, 0)).row() for row in range(self.rowCount()))
        return [model.item_at(row) for row in rows]
