"""The tree model without its engine's news: shape, cells, check boxes.

Two levels over integers: an index holds 0 for a task and the serial of its task for an item, never an object, so it
cannot dangle. A check box asks the engine and waits: the view changes when the engine's signal comes.
"""

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import Qt as GuiQt

from core.commands import Command
from core.errors import CommandRefused
from core.states import ItemState, TaskState
from core.task import Item, Task
from gui import wording
from gui.tree import cells
from gui.tree.columns import RIGHT, Column, Paint, Role
from gui.tree.rows import TaskRow

if TYPE_CHECKING:
    from core.engine import Engine

Index = QModelIndex | QPersistentModelIndex
COLUMN_COUNT = len(Column)  # counted once: an enum counts anew each time, and Qt asks a lot
_CORE = Qt.ItemDataRole


_FLAGS = {  # made once: a view asks every row of a long list
    (is_item, is_checkable): Qt.ItemFlag.ItemIsEnabled
    | Qt.ItemFlag.ItemIsSelectable
    | (Qt.ItemFlag.ItemNeverHasChildren if is_item else Qt.ItemFlag.NoItemFlags)
    | (Qt.ItemFlag.ItemIsUserCheckable if is_checkable else Qt.ItemFlag.NoItemFlags)
    for is_item in (False, True)
    for is_checkable in (False, True)
}


class TaskTreeBase(QAbstractItemModel):
    """Serves rows as a tree of two levels.

    Signals:
        refused: A check box was refused; the reason, for a person.
    """

    refused = Signal(str)

    def __init__(self, engine: "Engine", parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._engine = engine
        self._rows = [TaskRow(task) for task in engine.tasks]
        self._by_id = {row.task.id: row for row in self._rows}
        self._by_serial = {row.task.serial: row for row in self._rows}
        self._place: dict[int, int] = {}
        self._first_queued: str | None = None
        self._number_rows()
        self._find_first_queued()

    def _number_rows(self, start: int = 0) -> None:
        for place in range(start, len(self._rows)):
            self._place[self._rows[place].task.serial] = place

    def _find_first_queued(self) -> None:
        queued = (row.task.id for row in self._rows if row.task.state is TaskState.QUEUED)
        self._first_queued = next(queued, None)

    # -- the shape ----------------------------------------------------------------------------------------

    def index(self, row: int, column: int, parent: Index = QModelIndex()) -> QModelIndex:  # noqa: B008
        if row < 0 or not 0 <= column < COLUMN_COUNT:
            return QModelIndex()
        if not parent.isValid():
            return self.createIndex(row, column, 0) if row < len(self._rows) else QModelIndex()
        if row >= self.rowCount(parent):
            return QModelIndex()
        return self.createIndex(row, column, self._rows[parent.row()].task.serial)

    def parent(self, child: Index) -> QModelIndex:  # type: ignore[override]  # QObject.parent() has no argument
        serial = child.internalId() if child.isValid() else 0
        place = self._place.get(serial) if serial else None
        return QModelIndex() if place is None else self.createIndex(place, 0, 0)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        if not parent.isValid():
            return len(self._rows)
        if parent.column() > 0 or parent.internalId():
            return 0
        return len(self._rows[parent.row()].items)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return COLUMN_COUNT

    def hasChildren(self, parent: Index = QModelIndex()) -> bool:  # noqa: B008
        return self.rowCount(parent) > 0

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        row = self.row_of(index)
        is_checkable = index.column() == Column.NAME and _checkable(row)
        return _FLAGS[isinstance(row, Item), is_checkable]

    # -- the contents -------------------------------------------------------------------------------------

    def row_of(self, index: Index) -> Task | Item:
        """Return the task or the item of a valid index."""
        serial = index.internalId()
        if serial:
            return self._by_serial[serial].items[index.row()]
        return self._rows[index.row()].task

    def task_row(self, place: int) -> TaskRow:
        """Return the row at `place` of the queue."""
        return self._rows[place]

    def task_rows(self) -> list[TaskRow]:
        """Return all rows, in the order of the queue."""
        return list(self._rows)

    def sort_value(self, index: Index) -> Any:
        """Return the raw value that the column of a valid index sorts by; None sorts last."""
        return cells.sort_value(self.row_of(index), Column(index.column()), self._engine.now())

    def data(self, index: Index, role: int = _CORE.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row, column = self.row_of(index), Column(index.column())
        match role:
            case Role.PAINT:
                return self._paint(row, column)
            case _CORE.DisplayRole:
                return self._text(row, column)
            case Role.PROGRESS:
                return cells.permille(row)
            case Role.TONE:
                return cells.tone(row)
            case Role.STATE:
                return row.state
            case Role.ID:
                serial = index.internalId()
                return (self._by_serial[serial].task.id, row.id) if serial else (row.id, None)
            case Role.SORT:
                return cells.sort_value(row, column, self._engine.now())
            case _CORE.CheckStateRole if column is Column.NAME and _checkable(row):
                return _check_state(row)
            case _CORE.ToolTipRole:
                text = cells.tooltip(row, column, self._engine.now())
                # A hub's name may look like HTML: it is shown, never read as such.
                return GuiQt.convertFromPlainText(text) if GuiQt.mightBeRichText(text) else text or None
            case _CORE.TextAlignmentRole:
                return _alignment(column)
        return None

    def _text(self, row: Task | Item, column: Column) -> str:
        first = row.id == self._first_queued
        return cells.text(row, column, self._engine.now(), first=first)

    def _paint(self, row: Task | Item, column: Column) -> Paint:
        return Paint(
            self._text(row, column),
            is_item=isinstance(row, Item),
            tone=cells.tone(row),
            permille=cells.permille(row) if column is Column.PROGRESS else None,
            is_wanted=row.state.is_wanted if isinstance(row, Item) else True,
            check=_check_state(row) if column is Column.NAME and _checkable(row) else None,
        )

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _CORE.DisplayRole) -> Any:
        if orientation is not Qt.Orientation.Horizontal or not 0 <= section < COLUMN_COUNT:
            return None
        if role == _CORE.DisplayRole:
            return wording.column_title(Column(section))
        return _alignment(Column(section)) if role == _CORE.TextAlignmentRole else None

    def setData(self, index: Index, value: Any, role: int = _CORE.EditRole) -> bool:
        """Ask the engine to choose or leave out; always False: the view waits for the engine's signal."""
        if role != _CORE.CheckStateRole or not index.isValid() or index.column() != Column.NAME:
            return False
        row = self.row_of(index)
        wanted = Qt.CheckState(value) is not Qt.CheckState.Unchecked
        if isinstance(row, Task):
            self._choose_all(row, wanted)
        else:
            self._choose(self._by_serial[index.internalId()].task.id, row, wanted)
        return False

    def _choose_all(self, task: Task, wanted: bool) -> None:
        if not wanted:
            self.refused.emit(wording.cannot_leave_out_all())
            return
        for item in [item for item in task.items.values() if item.state is ItemState.SKIPPED]:
            self._choose(task.id, item, True)

    def _choose(self, task_id: str, item: Item, wanted: bool) -> None:
        command = Command.CHOOSE if wanted else Command.SKIP
        if reason := self._engine.refusal(command, task_id, item.id):
            self.refused.emit(reason)
            return
        try:
            (self._engine.choose if wanted else self._engine.skip)(task_id, item.id)
        except CommandRefused as error:
            self.refused.emit(error.message)

    # -- ids ----------------------------------------------------------------------------------------------

    def index_of(self, task_id: str, item_id: str | None = None) -> QModelIndex:
        """Return the index of a task or an item in the first column; an invalid one where it is not known."""
        row = self._by_id.get(task_id)
        if row is None:
            return QModelIndex()
        if item_id is None:
            return self.createIndex(self._place[row.task.serial], 0, 0)
        place = row.place.get(item_id)
        return QModelIndex() if place is None else self.createIndex(place, 0, row.task.serial)


def _checkable(row: Task | Item) -> bool:
    """A finished file stays; a model of one file has nothing to choose."""
    return len(row.items) > 1 if isinstance(row, Task) else row.state is not ItemState.DONE


def _check_state(row: Task | Item) -> Qt.CheckState:
    if isinstance(row, Item):
        return Qt.CheckState.Checked if row.state.is_wanted else Qt.CheckState.Unchecked
    left_out = row.count(ItemState.SKIPPED)
    if not left_out:
        return Qt.CheckState.Checked
    return Qt.CheckState.PartiallyChecked if left_out < len(row.items) else Qt.CheckState.Unchecked


def _alignment(column: Column) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column in RIGHT else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
