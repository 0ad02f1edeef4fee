"""A flat list for the left bar: icon, words, a count at the right. Knows keys and texts, not what they mean."""

from msgspec import Struct
from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from gui.style.icons import icon
from gui.style.theme import Theme
from gui.tree.look import ICON_PX, PAD_PX, ROW_PX, Look

KEY_ROLE = Qt.ItemDataRole.UserRole + 1
COUNT_ROLE = Qt.ItemDataRole.UserRole + 2
MARGIN_PX = 8
RADIUS_PX = 6
_CENTRE = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine

Index = QModelIndex | QPersistentModelIndex


class Entry(Struct, frozen=True):
    """One line: `key` is what the list tells, `icon` a name, `role` the token of its colour."""

    key: object
    text: str
    icon: str
    role: str = "muted"


class SideDelegate(QStyledItemDelegate):
    """Paints a line with rounded ground when selected."""

    def __init__(self, look: Look, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.look = look

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(120, ROW_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        state: QStyle.StateFlag = option.state
        rect: QRect = option.rect
        rect = rect.adjusted(MARGIN_PX, 0, -MARGIN_PX, 0)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        selected = bool(state & QStyle.StateFlag.State_Selected)
        if selected or state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self.look.colours["selection" if selected else "hover"])
            painter.drawRoundedRect(QRectF(rect), RADIUS_PX, RADIUS_PX)
        if state & QStyle.StateFlag.State_HasFocus and state & QStyle.StateFlag.State_KeyboardFocusChange:
            painter.setPen(self.look.colours["accent"])
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(rect).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS_PX, RADIUS_PX)
        top = rect.top() + (rect.height() - ICON_PX) // 2
        index.data(Qt.ItemDataRole.DecorationRole).paint(
            painter, QRect(rect.left() + PAD_PX + 1, top, ICON_PX, ICON_PX)
        )
        inner = rect.adjusted(PAD_PX + ICON_PX + 7, 0, -PAD_PX - 2, 0)
        painter.setFont(self.look.plain)
        count = index.data(COUNT_ROLE)
        if count:
            painter.setPen(self.look.colours["muted"])
            painter.drawText(inner, Qt.AlignmentFlag.AlignRight | _CENTRE, count)
            inner.adjust(0, 0, -self.look.plain_metrics.horizontalAdvance(count) - PAD_PX, 0)
        painter.setPen(self.look.colours["text"])
        text = index.data(Qt.ItemDataRole.DisplayRole)
        text = self.look.plain_metrics.elidedText(text, Qt.TextElideMode.ElideRight, inner.width())
        painter.drawText(inner, Qt.AlignmentFlag.AlignLeft | _CENTRE, text)
        painter.restore()


class SideList(QListWidget):
    """A list of entries of which one is selected."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._entries: list[Entry] = []
        self._delegate = SideDelegate(Look(theme.tokens, self.font()), self)
        self.setProperty("side", True)
        self.setItemDelegate(self._delegate)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFrameShape(QListWidget.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        theme.changed.connect(self._renew_look)

    def set_entries(self, entries: list[Entry]) -> None:
        """Show these entries; the first one is selected."""
        self.clear()
        self._entries = entries
        for entry in entries:
            line = QListWidgetItem(entry.text)
            line.setData(KEY_ROLE, entry.key)
            line.setIcon(icon(entry.icon, self._theme.tokens, role=entry.role))
            self.addItem(line)
        self.setCurrentRow(0)

    def key(self) -> object:
        """Return the key of the selected entry; None where there is none."""
        line = self.currentItem()
        return None if line is None else line.data(KEY_ROLE)

    def select_key(self, key: object) -> None:
        """Select the entry of a key."""
        for row, entry in enumerate(self._entries):
            if entry.key == key:
                self.setCurrentRow(row)

    def sizeHint(self) -> QSize:
        return QSize(176, self.height_of_entries())

    def height_of_entries(self) -> int:
        """Return the pixels that all entries need."""
        return ROW_PX * len(self._entries)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.FontChange:
            self._renew_look()

    def _renew_look(self) -> None:
        self._delegate.look = Look(self._theme.tokens, self.font())
        for row, entry in enumerate(self._entries):
            self.item(row).setIcon(icon(entry.icon, self._theme.tokens, role=entry.role))
        self.viewport().update()
