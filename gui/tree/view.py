"""The tree of downloads as a widget: selection, keys, menus and columns around model, proxy and delegate.

Knows the engine only to hand it to the model. What a click means is the window's matter: the view tells ids.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QByteArray,
    QEvent,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QAccessible, QContextMenuEvent, QHideEvent, QKeyEvent, QPainter, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QTreeView, QWidget

from gui import wording
from gui.style.theme import Theme
from gui.tree.columns import HIDDEN, Column, Role
from gui.tree.delegate import TreeDelegate
from gui.tree.header import TreeHeader
from gui.tree.look import INDENT_PX, ROW_PX, Look
from gui.tree.model import Sight, TaskTreeModel
from gui.tree.proxy import TaskFilterProxy
from gui.tree.repaints import Repaints

if TYPE_CHECKING:
    from core.engine import Engine

STATE_MAGIC = b"tree1"  # first bytes of a saved state; changes when columns change their numbers


class TaskTreeView(QTreeView):
    """Shows tasks and their items.

    Signals:
        selection_changed_ids: Other rows are selected; ask `ids_selected`.
        context_menu_requested: A menu is wanted at this global place.
        activated_row: A double click or Enter on a row: task id, item id or None. A task opens or closes by itself.
        refused: A check box was refused; the reason, for a person.

    Attributes:
        source: The model; None before `set_engine`.
        proxy: The filter and order between model and view.
        repaints: What waits to be painted.
    """

    selection_changed_ids = Signal()
    context_menu_requested = Signal(QPoint)
    activated_row = Signal(str, object)
    refused = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._look = Look(theme.tokens, self.font())
        self.source: TaskTreeModel | None = None
        self.proxy = TaskFilterProxy(self)
        self._delegate = TreeDelegate(self._look, self)
        self._header = TreeHeader(self._look, self)
        self.setObjectName("taskTree")
        self.setAccessibleName(wording.tree_name())
        self.setHeader(self._header)
        self.setItemDelegate(self._delegate)
        self.repaints = Repaints(self.viewport(), ROW_PX)
        self._is_layout_due = False  # rows came: Qt lays all out at the end of the turn
        self._more = QTimer(self, singleShot=True, interval=0)
        self._more.timeout.connect(self._show_more)
        for signal in (self.verticalScrollBar().valueChanged, self.expanded):
            signal.connect(lambda _: self._more.start())  # what it tells is no interval
        self._set_up_behaviour()
        self._header.columns_changed.connect(self._on_columns_changed)
        self._header.sort_cleared.connect(self.sort_by_queue)
        self.activated.connect(self._on_activated)
        theme.changed.connect(self._renew_look)

    def _set_up_behaviour(self) -> None:
        self.setUniformRowHeights(True)  # 12 s a tick without it was measured
        self.setIndentation(INDENT_PX)
        self.setRootIsDecorated(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setDragDropMode(QAbstractItemView.DragDropMode.NoDragDrop)  # links dropped here are the window's
        self.setAcceptDrops(False)
        self.viewport().setAcceptDrops(False)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setMouseTracking(True)
        self.setExpandsOnDoubleClick(True)
        self.setAnimated(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setFrameShape(QTreeView.Shape.NoFrame)

    def set_engine(self, engine: "Engine") -> None:
        """Show the tasks of an engine, in the order of its queue until a header is clicked."""
        old = self.source
        self.source = TaskTreeModel(engine, self)
        self.source.set_live(self.isVisible())
        self.source.set_sight(self.rows_in_sight)
        self.source.refused.connect(self.refused)
        self.proxy.setSourceModel(self.source)
        if old is not None:
            old.deleteLater()
            return
        self._header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.setModel(self.proxy)
        self.setSortingEnabled(True)
        for column in HIDDEN:
            self._header.setSectionHidden(column, True)
        self._header.fit_columns()
        self.selectionModel().selectionChanged.connect(self.selection_changed_ids)

    # -- rows ---------------------------------------------------------------------------------------------

    def ids_selected(self) -> list[tuple[str, str | None]]:
        """Return (task id, item id or None) of the selected rows, from top to bottom."""
        if self.source is None:
            return []
        rows = self.selectionModel().selectedRows(Column.NAME)
        rows.sort(key=lambda row: (row.parent().row(), row.row()) if row.parent().isValid() else (row.row(), -1))
        return [row.data(Role.ID) for row in rows]

    def rows_in_sight(self) -> Sight:
        """Return the rows of which at least a part is in the window."""
        sight: dict[str, set[str | None]] = {}
        view = self.viewport().rect()
        # Where the columns do not fill the window one of its sides has no row.
        first, other = self.indexAt(view.topLeft()), self.indexAt(view.topRight())
        index = first if first.isValid() else other
        for _ in range(view.height() // ROW_PX + 2):
            if not index.isValid():
                break
            task_id, item_id = index.data(Role.ID)
            sight.setdefault(task_id, set()).add(item_id)
            index = self.indexBelow(index)
        return sight

    def _show_more(self) -> None:
        """Show more files of the tasks in sight before somebody comes to the end of those that are shown."""
        for task_id in self.rows_in_sight():
            parent = self._proxy_index(task_id)
            while self.isExpanded(parent) and self.proxy.has_more(task_id):
                last = self.visualRect(self.proxy.index(self.proxy.rowCount(parent) - 1, 0, parent))
                if last.top() > 2 * self.viewport().height():
                    break
                self.proxy.show_more(task_id)

    def selectAll(self) -> None:
        """Select all rows, those too that are not shown yet."""
        self.proxy.show_all()
        super().selectAll()

    def select_task(self, task_id: str) -> None:
        """Select one task alone and bring it into sight; nothing where it is not shown."""
        index = self._proxy_index(task_id)
        if index.isValid():
            how = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
            self.selectionModel().setCurrentIndex(index, how)
            self.scrollTo(index)

    def expand_task(self, task_id: str) -> None:
        """Show the files of a task."""
        index = self._proxy_index(task_id)
        if index.isValid():
            self.expand(index)

    def _proxy_index(self, task_id: str) -> QModelIndex:
        if self.source is None:
            return QModelIndex()
        return self.proxy.mapFromSource(self.source.index_of(task_id))

    def _on_activated(self, index: QModelIndex) -> None:
        task_id, item_id = index.data(Role.ID)
        self.activated_row.emit(task_id, item_id)

    # -- columns ------------------------------------------------------------------------------------------

    def save_state(self) -> QByteArray:
        """Return columns, widths and order for `restore_state`."""
        flags = b"f" if self._header.fits else b"m"
        return QByteArray(STATE_MAGIC + flags + self._header.saveState().data())

    def restore_state(self, state: QByteArray) -> bool:
        """Bring back what `save_state` returned, after `set_engine`; False where it does not fit."""
        data = bytes(state.data())
        if not data.startswith(STATE_MAGIC) or self.source is None:
            return False
        flag, rest = data[len(STATE_MAGIC) : len(STATE_MAGIC) + 1], data[len(STATE_MAGIC) + 1 :]
        if not self._header.restoreState(QByteArray(rest)):
            return False
        self._header.fits = flag == b"f"
        if self._header.fits:
            self._header.fit()
        self.proxy.sort(self._header.sortIndicatorSection(), self._header.sortIndicatorOrder())
        self._on_columns_changed()
        return True

    def sort_by_queue(self) -> None:
        """End sorting: the order of the queue."""
        self._header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.proxy.sort(-1)

    @property
    def is_in_queue_order(self) -> bool:
        """No column sorts: moving up and down is seen at once."""
        return self.proxy.sortColumn() < 0

    def _on_columns_changed(self) -> None:
        if self.source is not None:
            self.source.set_shown(self._header.shown())

    # -- Qt -----------------------------------------------------------------------------------------------

    def drawBranches(self, painter: QPainter, rect: QRect, index: QModelIndex | QPersistentModelIndex) -> None:
        """Draw nothing: the delegate paints the chevron with the row's ground."""

    def dataChanged(
        self,
        top_left: QModelIndex | QPersistentModelIndex,
        bottom_right: QModelIndex | QPersistentModelIndex,
        roles: Sequence[int] = (),
    ) -> None:
        """Paint anew what changed: Qt would paint all that is seen for a range of more than one cell."""
        # Whether it has files is Qt's matter. To ask where a row is would lay all out anew, for each row that came.
        if top_left.column() == Column.NAME or self._is_layout_due or QAccessible.isActive():
            super().dataChanged(top_left, bottom_right, roles)
            return
        rows = self.visualRect(top_left).united(self.visualRect(bottom_right))
        if rows.isEmpty():
            return  # its model is closed
        header, part = self._header, QRect()
        for column in range(top_left.column(), bottom_right.column() + 1):
            left, width = header.sectionViewportPosition(column), header.sectionSize(column)
            part = part.united(QRect(left, rows.top(), width, rows.height()))  # empty where the column is hidden
        self.repaints.add(part)

    def rowsInserted(self, parent: QModelIndex | QPersistentModelIndex, start: int, end: int) -> None:
        if not parent.isValid() or self.isExpanded(parent):  # else Qt lays nothing out
            self._is_layout_due = True
        super().rowsInserted(parent, start, end)

    def doItemsLayout(self) -> None:
        self._is_layout_due = False
        super().doItemsLayout()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """Move what is painted; what waits to be painted is elsewhere then."""
        if self.repaints.is_due:
            self.repaints.forget()
            self.viewport().update()
        super().scrollContentsBy(dx, dy)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self.source is not None:
            self.source.set_live(True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if self.source is not None:
            self.source.set_live(False)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.source is not None and self._header.fits and event.size().width() != event.oldSize().width():
            self._header.fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Let Space choose or leave out the selected files; everything else is Qt's."""
        if event.key() == Qt.Key.Key_Space and not event.modifiers() and self.currentIndex().isValid():
            for index in self.selectionModel().selectedRows(Column.NAME):
                self._delegate.toggle(self.proxy, index)
            return
        super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        place = event.globalPos()
        if event.reason() is QContextMenuEvent.Reason.Keyboard and self.currentIndex().isValid():
            place = self.viewport().mapToGlobal(self.visualRect(self.currentIndex()).bottomLeft())
        self.context_menu_requested.emit(place)
        event.accept()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.FontChange:
            self._renew_look()
        elif event.type() is QEvent.Type.LanguageChange:
            self.setAccessibleName(wording.tree_name())

    def _renew_look(self) -> None:
        self._look = Look(self._theme.tokens, self.font())
        self._delegate.look = self._look
        self._header.look = self._look
        self.viewport().update()
        self._header.viewport().update()
