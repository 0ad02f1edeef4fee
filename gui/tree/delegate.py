"""The one painter of the tree: backgrounds, chevrons, check boxes, icons, bars and words.

Knows the model's roles and the look; it makes no sentence and reads no task.
"""

from typing import Any

from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QMouseEvent, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from gui.tree.columns import RIGHT, WIDTHS_PX, Column, Paint, Role
from gui.tree.look import BOX_PX, ICON_PX, INDENT_PX, PAD_PX, ROW_PX, Look

BAR_PX = 6
PERCENT_PX = 46  # room for "100%" beside the bar
NAME_X = 25  # from the left of a name cell to its words: 3 px, the icon, 6 px

Index = QModelIndex | QPersistentModelIndex
_CORE = Qt.ItemDataRole
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine
_QUIET = frozenset({Column.SOURCE, Column.ADDED, Column.REVISION, Column.SAVED_IN, Column.COMPLETED, Column.SHA256})


class TreeDelegate(QStyledItemDelegate):
    """Paints rows of 32 px; `look` is replaced when theme or font change."""

    def __init__(self, look: Look, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.look = look

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(WIDTHS_PX[Column(index.column())], ROW_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        column = Column(index.column())
        state: QStyle.StateFlag = option.state
        rect: QRect = option.rect
        cell: Paint = index.data(Role.PAINT)
        selected = bool(state & QStyle.StateFlag.State_Selected)
        hovered = bool(state & QStyle.StateFlag.State_MouseOver)
        painter.save()
        if selected or hovered:
            left = 2 * INDENT_PX if cell.is_item else INDENT_PX
            ground = rect.adjusted(-left if column is Column.NAME else 0, 0, 0, 0)
            painter.fillRect(ground, self.look.colours["selection" if selected else "hover"])
        if column is Column.NAME:
            self._paint_name(painter, rect, cell, state)
        elif column is Column.PROGRESS:
            self._paint_progress(painter, rect, cell)
        else:
            self._paint_words(painter, rect, cell, column, muted=cell.is_item and not selected)
        painter.restore()

    def _words_colour(self, cell: Paint, column: Column, muted: bool) -> QColor:
        if column is Column.STATUS:
            return self.look.words[cell.tone]
        return self.look.colours["muted" if muted or column in _QUIET else "text"]

    def _paint_words(self, painter: QPainter, rect: QRect, cell: Paint, column: Column, *, muted: bool) -> None:
        if not cell.text:
            return
        right = column in RIGHT
        middle = column in (Column.SAVED_IN, Column.SHA256)
        inner = rect.adjusted(PAD_PX, 0, -PAD_PX, 0)
        elide = Qt.TextElideMode.ElideMiddle if middle else Qt.TextElideMode.ElideRight
        painter.setFont(self.look.plain)
        painter.setPen(self._words_colour(cell, column, muted))
        text = self.look.plain_metrics.elidedText(cell.text, elide, inner.width())
        painter.drawText(inner, _RIGHT if right else _LEFT, text)

    def _paint_progress(self, painter: QPainter, rect: QRect, cell: Paint) -> None:
        if not cell.is_wanted:
            return  # a file that is left out makes no progress
        width = rect.width() - PAD_PX - PERCENT_PX - 6
        top = rect.top() + (rect.height() - BAR_PX) / 2
        if width > BAR_PX:
            bar = QRectF(rect.left() + PAD_PX, top, width, BAR_PX)
            self.look.bar(painter, bar, cell.permille, cell.tone)
        painter.setFont(self.look.plain)
        painter.setPen(self.look.colours["muted"])
        painter.drawText(rect.adjusted(0, 0, -6, 0), _RIGHT, cell.text)

    def _paint_name(self, painter: QPainter, rect: QRect, cell: Paint, state: QStyle.StateFlag) -> None:
        is_item, check, look = cell.is_item, cell.check, self.look
        if state & QStyle.StateFlag.State_Children:
            way = "down" if state & QStyle.StateFlag.State_Open else "right"
            look.chevron(painter, rect.left() - INDENT_PX / 2, rect.center().y() + 0.5, way=way)
        slot = QRect(rect.left() + 3, rect.top() + (rect.height() - ICON_PX) // 2, ICON_PX, ICON_PX)
        hovered = bool(state & QStyle.StateFlag.State_MouseOver)
        boxed = check is not None and (is_item or hovered)
        if boxed and check is not None:
            look.box(painter, box_rect(rect, is_item=is_item), check)
        if is_item or not boxed:
            (look.file_icon if is_item else look.model_icon).paint(painter, slot)
        inner = rect.adjusted(NAME_X, 0, -PAD_PX, 0)
        metrics = look.plain_metrics if is_item else look.strong_metrics
        painter.setFont(look.plain if is_item else look.strong)
        left_out = is_item and check is Qt.CheckState.Unchecked
        painter.setPen(look.colours["muted" if left_out else "text"])
        text = metrics.elidedText(cell.text, Qt.TextElideMode.ElideMiddle, inner.width())
        painter.drawText(inner, _LEFT, text)

    # -- check boxes --------------------------------------------------------------------------------------

    def editorEvent(
        self, event: QEvent, model: QAbstractItemModel, option: QStyleOptionViewItem, index: Index
    ) -> bool:
        """Toggle on a click into the box; take the press too, so that choosing does not select."""
        if not isinstance(event, QMouseEvent) or index.column() != Column.NAME:
            return False
        if event.button() is not Qt.MouseButton.LeftButton or self._check_state(index) is None:
            return False
        rect: QRect = option.rect
        box = box_rect(rect, is_item=index.parent().isValid()).adjusted(-3, -3, 3, 3)
        if not box.contains(event.position()):
            return False
        if event.type() is QEvent.Type.MouseButtonRelease:
            self.toggle(model, index)
        return True

    def toggle(self, model: QAbstractItemModel, index: Index) -> None:
        """Ask for the other check state; all files where only some are chosen."""
        state = self._check_state(index)
        if state is None:
            return
        checked = state is Qt.CheckState.Checked
        wanted = Qt.CheckState.Unchecked if checked else Qt.CheckState.Checked
        model.setData(index, wanted, _CORE.CheckStateRole)

    @staticmethod
    def _check_state(index: Index) -> Qt.CheckState | None:
        state: Any = index.data(_CORE.CheckStateRole)
        return None if state is None else Qt.CheckState(state)


def box_rect(cell: QRect, *, is_item: bool) -> QRectF:
    """Return where the check box of a name cell is: in the place of a model's icon, left of a file's."""
    left = cell.left() + 3 + (ICON_PX - BOX_PX) / 2 - (INDENT_PX if is_item else 0)
    return QRectF(left, cell.top() + (cell.height() - BOX_PX) / 2, BOX_PX, BOX_PX).adjusted(0.5, 0.5, -0.5, -0.5)
