"""The proxy between model and view: which tasks are shown, and in which order.

Filters by status group and by words in names and paths; sorts on raw values. Columns that live are never sorted
dynamically: they are sorted again at most once a second.
"""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import (
    QAbstractItemModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
    QTimer,
)

from gui.filters import StatusGroup, group_of
from gui.tree.columns import LIVE, Role
from gui.tree.model import TaskTreeModel

FILES_AT_ONCE = (
    500  # of one task; the view asks each row that it lays out, and ten thousand for a quarter of a second
)
TYPING_MS = 500  # wait for the end of a word before filtering a long list
CLEARED_MS = 50  # an emptied field is no half-typed word
RESORT_MS = 1000

Index = QModelIndex | QPersistentModelIndex


class TaskFilterProxy(QSortFilterProxyModel):
    """Shows the tasks of one status group whose names, or whose files, hold every word of a text.

    A task stays when one of its files matches; all its files stay when its own name does. Of a very long list of
    files the first ones are shown until `show_more`, in the order of the queue: a sorted list is shown whole.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._words: tuple[str, ...] = ()
        self._text = ""
        self._status = StatusGroup.ALL
        self._model: TaskTreeModel | None = None
        self._keys: dict[tuple[int, int], Any] | None = None
        self._is_whole = False
        self._rooms: dict[int, int] = {}  # how many files of a task are shown, by its serial, where that is more
        self.setSortRole(Role.SORT)
        self.setDynamicSortFilter(True)
        self._typing = self._timer(self.apply_text)
        self._refilter = self._timer(self._filter_again)
        self._resort = self._timer(self._sort_again)

    def _timer(self, slot: Any) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.timeout.connect(slot)
        return timer

    def setSourceModel(self, model: QAbstractItemModel) -> None:
        """Take a TaskTreeModel as the source."""
        assert isinstance(model, TaskTreeModel)
        self._model = model
        super().setSourceModel(model)
        model.states_changed.connect(self._on_states_changed)
        for signal in (model.figures_changed, model.dataChanged, model.rowsInserted):
            signal.connect(self._on_source_changed)

    # -- what is shown ------------------------------------------------------------------------------------

    def set_text(self, text: str) -> None:
        """Show what holds every word of `text`, soon: 500 ms after the last key, 50 ms after clearing."""
        self._text = text
        self._typing.start(TYPING_MS if text.strip() else CLEARED_MS)

    def apply_text(self) -> None:
        """Show what the text of `set_text` asks for now."""
        self._typing.stop()
        words = tuple(self._text.casefold().split())
        if words != self._words:
            self._change_filter(words, self._status)

    def set_status(self, group: StatusGroup) -> None:
        """Show the tasks of one group."""
        if group is not self._status:
            self._change_filter(self._words, group)

    def _change_filter(self, words: tuple[str, ...], status: StatusGroup) -> None:
        def change() -> None:
            self._words, self._status = words, status

        self._filter_anew(change)

    def _filter_anew(self, change: Callable[[], None]) -> None:
        if hasattr(self, "endFilterChange"):  # Qt 6.10 and later; the older call is deprecated there
            self.beginFilterChange()
            change()
            self.endFilterChange(QSortFilterProxyModel.Direction.Rows)
        else:
            change()
            self.invalidateRowsFilter()

    @property
    def is_filtering(self) -> bool:
        """Something may be hidden."""
        return bool(self._words) or self._status is not StatusGroup.ALL

    def filterAcceptsRow(self, source_row: int, source_parent: Index) -> bool:
        inner = source_parent.isValid()
        is_near = not inner or self._is_whole or source_row < FILES_AT_ONCE
        if self._model is None or (is_near and not self.is_filtering):
            return True
        row = self._model.task_row(source_parent.row() if inner else source_row)
        task = row.task
        if not is_near and not self._words and source_row >= self._rooms.get(task.serial, 0):
            return False
        if self._status is not StatusGroup.ALL and group_of(task.state) is not self._status:
            return False
        if not self._words:
            return True
        name = task.name.casefold()
        missing = [word for word in self._words if word not in name]
        if not missing:
            return True
        items = (row.items[source_row],) if inner else row.items
        return any(all(word in item.id.casefold() for word in missing) for item in items)

    def has_more(self, task_id: str) -> bool:
        """Tell whether a task has files that are not shown for now, since they are many."""
        if self._model is None or self._is_whole or self._words:
            return False
        index = self._model.index_of(task_id)
        return index.isValid() and self._room(index) < self._model.rowCount(index)

    def show_more(self, task_id: str) -> None:
        """Show some more files of a task."""
        if self.has_more(task_id):
            assert self._model is not None
            index = self._model.index_of(task_id)
            serial = self._model.task_row(index.row()).task.serial
            self._filter_anew(lambda: self._rooms.update({serial: self._room(index) + FILES_AT_ONCE}))

    def show_all(self) -> None:
        """Show all files of all tasks."""
        if self._model is not None and not self._is_whole:
            sizes = {row.task.serial: len(row.items) for row in self._model.task_rows()}
            more = {serial: size for serial, size in sizes.items() if size > FILES_AT_ONCE}
            if more:
                self._filter_anew(lambda: self._rooms.update(more))

    def _room(self, index: Index) -> int:
        assert self._model is not None
        return max(FILES_AT_ONCE, self._rooms.get(self._model.task_row(index.row()).task.serial, 0))

    def _on_states_changed(self) -> None:
        if self._status is not StatusGroup.ALL:
            self._refilter.start(0)  # once for a burst of changes

    def _filter_again(self) -> None:
        self._change_filter(self._words, self._status)

    # -- the order ----------------------------------------------------------------------------------------

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; -1 is the order of the queue."""
        if (column >= 0) is not self._is_whole:
            self._filter_anew(lambda: setattr(self, "_is_whole", column >= 0))
        self._keys = {}
        try:
            self.setDynamicSortFilter(column not in LIVE)
            super().sort(column, order)
        finally:
            self._keys = None

    def lessThan(self, left: Index, right: Index) -> bool:
        """Compare raw values; unknown ones come last either way, equal ones stand as in the queue."""
        ascending = self.sortOrder() is Qt.SortOrder.AscendingOrder
        a, b = self._key(left), self._key(right)
        if a is None or b is None:
            if a is not b:
                return (b is None) is ascending
        elif a != b:
            return bool(a < b)
        return (left.row() < right.row()) is ascending

    def _key(self, index: Index) -> Any:
        assert self._model is not None
        if self._keys is None:
            return self._model.sort_value(index)
        place = (index.internalId(), index.row())
        if place not in self._keys:
            self._keys[place] = self._model.sort_value(index)
        return self._keys[place]

    def _on_source_changed(self) -> None:
        if self.sortColumn() in LIVE and not self._resort.isActive():
            self._resort.start(RESORT_MS)

    def _sort_again(self) -> None:
        if self.sortColumn() in LIVE:
            self.sort(self.sortColumn(), self.sortOrder())
