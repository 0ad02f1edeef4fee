"""The proxy between model and view: which tasks are shown, and in which order.

Filters by status group and by words in names and paths; sorts on raw values. Columns that live are never sorted
dynamically: they are sorted again at most once a second.
"""

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

TYPING_MS = 500  # wait for the end of a word before filtering a long list
CLEARED_MS = 50  # an emptied field is no half-typed word
RESORT_MS = 1000

Index = QModelIndex | QPersistentModelIndex


class TaskFilterProxy(QSortFilterProxyModel):
    """Shows the tasks of one status group whose names, or whose files, hold every word of a text.

    A task stays when one of its files matches; all its files stay when its own name does.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._words: tuple[str, ...] = ()
        self._text = ""
        self._status = StatusGroup.ALL
        self._model: TaskTreeModel | None = None
        self._keys: dict[tuple[int, int], Any] | None = None
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
        if hasattr(self, "endFilterChange"):  # Qt 6.10 and later; the older call is deprecated there
            self.beginFilterChange()
            self._words, self._status = words, status
            self.endFilterChange(QSortFilterProxyModel.Direction.Rows)
        else:
            self._words, self._status = words, status
            self.invalidateRowsFilter()

    @property
    def is_filtering(self) -> bool:
        """Something may be hidden."""
        return bool(self._words) or self._status is not StatusGroup.ALL

    def filterAcceptsRow(self, source_row: int, source_parent: Index) -> bool:
        if self._model is None or not self.is_filtering:
            return True
        inner = source_parent.isValid()
        row = self._model.task_row(source_parent.row() if inner else source_row)
        task = row.task
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

    def _on_states_changed(self) -> None:
        if self._status is not StatusGroup.ALL:
            self._refilter.start(0)  # once for a burst of changes

    def _filter_again(self) -> None:
        self._change_filter(self._words, self._status)

    # -- the order ----------------------------------------------------------------------------------------

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; -1 is the order of the queue."""
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
