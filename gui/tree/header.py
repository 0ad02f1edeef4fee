"""The header of the tree: flat titles, a chevron where it sorts, a menu for columns, and the fitting of widths.

Knows columns, wording and the look; no task.
"""

from PySide6.QtCore import QEvent, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QHeaderView, QMenu, QWidget

from gui import wording
from gui.tree.columns import FIRST_SIGHT, HIDDEN, RIGHT, WIDTHS_PX, Column
from gui.tree.look import PAD_PX, ROW_PX, Look

NAME_SHARE = 0.52  # of the room that NAME and STATUS share
_MIN_FLEX_PX = {Column.NAME: 180, Column.STATUS: 160}


class TreeHeader(QHeaderView):
    """Shows and arranges the columns.

    Signals:
        columns_changed: Other columns are shown.
        sort_cleared: The order of the queue was asked for.
    """

    columns_changed = Signal()
    sort_cleared = Signal()

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.look = look
        self._fits = True
        self._is_fitting = False
        self.setObjectName("taskHeader")
        self.setSectionsClickable(True)
        self.setSectionsMovable(True)
        self.setFirstSectionMovable(False)  # the branches stand there
        self.setSortIndicatorClearable(True)
        self.setStretchLastSection(False)
        self.setMinimumSectionSize(48)
        self.setFixedHeight(ROW_PX)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._on_menu_requested)
        self.sectionResized.connect(self._on_section_resized)

    # -- widths -------------------------------------------------------------------------------------------

    @property
    def fits(self) -> bool:
        """Widths follow the window; False once a person has set one."""
        return self._fits

    @fits.setter
    def fits(self, fits: bool) -> None:
        self._fits = fits

    def shown(self) -> frozenset[Column]:
        """Return the columns that are shown."""
        return frozenset(column for column in Column if not self.isSectionHidden(column))

    def fit(self) -> None:
        """Give every column its width and share what is left between NAME and STATUS."""
        shown = self.shown()
        room = self.viewport().width()
        metrics = QFontMetrics(self.font())
        titles = {column: metrics.horizontalAdvance(wording.column_title(column)) + 3 * PAD_PX for column in shown}
        widths = {column: max(WIDTHS_PX[column], titles[column]) for column in shown}
        flexible = [column for column in _MIN_FLEX_PX if column in shown]
        rest = room - sum(widths[column] for column in shown if column not in flexible)
        if rest < sum(widths[column] for column in flexible):  # the later columns go on to the right
            rest = room - sum(widths[column] for column in shown & FIRST_SIGHT if column not in flexible)
        shares = {Column.NAME: NAME_SHARE, Column.STATUS: 1 - NAME_SHARE} if len(flexible) == 2 else {}
        used = 0
        for column in flexible:
            widths[column] = max(_MIN_FLEX_PX[column], int(rest * shares.get(column, 1.0)))
            used += widths[column]
        if flexible and used < rest:
            widths[flexible[-1]] += rest - used
        self._resize(widths)

    def _resize(self, widths: dict[Column, int]) -> None:
        self._is_fitting = True
        try:
            for column, width in widths.items():
                self.resizeSection(column, width)
        finally:
            self._is_fitting = False

    def reset_columns(self) -> None:
        """Bring back the first layout: columns, order, widths, the order of the queue."""
        for column in Column:
            self.setSectionHidden(column, column in HIDDEN)
            self.moveSection(self.visualIndex(column), column)
        self.sort_cleared.emit()
        self.fit_columns()
        self.columns_changed.emit()

    def fit_columns(self) -> None:
        """Fit the widths now and whenever the window changes."""
        self._fits = True
        self._resize({column: WIDTHS_PX[column] for column in self.shown()})
        self.fit()

    def _on_section_resized(self, _column: int, old: int, new: int) -> None:
        if not self._is_fitting and old and new and self.isVisible():
            self._fits = False

    # -- the menu -----------------------------------------------------------------------------------------

    def menu(self) -> QMenu:
        """Return a new menu: one entry a column, then fit, reset and the order of the queue."""
        menu = QMenu(self)
        menu.setObjectName("headerMenu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for column in Column:
            if column is Column.NAME:
                continue
            action = menu.addAction(wording.column_title(column))
            action.setCheckable(True)
            action.setChecked(not self.isSectionHidden(column))
            action.toggled.connect(lambda on, column=column: self.show_column(column, on))
        menu.addSeparator()
        menu.addAction(wording.fit_columns()).triggered.connect(self.fit_columns)
        menu.addAction(wording.reset_columns()).triggered.connect(self.reset_columns)
        queue = menu.addAction(wording.queue_order())
        queue.setEnabled(self.sortIndicatorSection() >= 0)
        queue.triggered.connect(self.sort_cleared)
        return menu

    def show_column(self, column: Column, shown: bool) -> None:
        """Show or hide a column."""
        self._is_fitting = True
        self.setSectionHidden(column, not shown)
        if shown and self.sectionSize(column) < self.minimumSectionSize():
            self.resizeSection(column, WIDTHS_PX[column])
        self._is_fitting = False
        if self._fits:
            self.fit()
        self.columns_changed.emit()

    def _on_menu_requested(self, place: QPoint) -> None:
        self.menu().popup(self.mapToGlobal(place))

    # -- paint --------------------------------------------------------------------------------------------

    def paintSection(self, painter: QPainter, rect: QRect, section: int) -> None:
        column = Column(section)
        painter.save()
        painter.fillRect(rect, self.look.colours["panel"])
        inner = rect.adjusted(PAD_PX, 0, -PAD_PX, 0)
        right = column in RIGHT
        sorted_here = self.sortIndicatorSection() == section
        title = wording.column_title(column)
        if sorted_here:
            up = self.sortIndicatorOrder() is Qt.SortOrder.AscendingOrder
            away = min(self.look.plain_metrics.horizontalAdvance(title) + 10, inner.width() - 4)
            x = inner.right() - away if right else inner.left() + away
            self.look.chevron(painter, x, rect.center().y() + 0.5, way="up" if up else "down")
            inner.adjust(16 if right else 0, 0, 0 if right else -16, 0)
        painter.setFont(self.look.plain)
        painter.setPen(self.look.colours["text" if sorted_here else "muted"])
        side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
        title = self.look.plain_metrics.elidedText(title, Qt.TextElideMode.ElideRight, inner.width())
        painter.drawText(inner, side | Qt.AlignmentFlag.AlignVCenter, title)
        painter.restore()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self.viewport())
        width, bottom = self.viewport().width(), self.viewport().height() - 1
        painter.fillRect(0, bottom, width, 1, self.look.colours["line"])
        painter.end()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.LanguageChange and self._fits:
            self.fit()
