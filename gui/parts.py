"""Small parts that dialogs, pages and panes are made of.

Knows widgets only. Every label is plain text and every tooltip shows what it is given: a model's name is no markup.
"""

from typing import TypeVar

from PySide6.QtCore import QAbstractItemModel, QEvent, QModelIndex, QObject, QPersistentModelIndex, QSize, Qt
from PySide6.QtGui import QFont, QPainter
from PySide6.QtGui import Qt as GuiQt
from PySide6.QtWidgets import (
    QLabel,
    QLayout,
    QSplitter,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

Named = TypeVar("Named", bound=QObject)

ROW_PX = 28
ROW_AIR_PX = 8
CELL_AIR_PX = 5
MARGIN_PX = 20
SPACE_PX = 12


def plain_label(text: str = "", *, name: str = "", muted: bool = False) -> QLabel:
    """Return a label that shows its text as it is, wraps it, and lets it be selected."""
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setText(text)
    label.setWordWrap(True)
    label.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
    )
    label.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
    label.setObjectName(name)
    if muted:
        label.setProperty("muted", True)
    return label


def plain_tip(text: str) -> str:
    """Return a tooltip that shows its text as it is: Qt takes what looks like markup for markup."""
    return GuiQt.convertFromPlainText(text) if GuiQt.mightBeRichText(text) else text


def heading(text: str) -> QLabel:
    """Return a demi-bold line at the top of a dialog or a group."""
    label = plain_label(text)
    font = label.font()
    font.setWeight(QFont.Weight.DemiBold)
    label.setFont(font)
    return label


def column(dialog: QWidget) -> QVBoxLayout:
    """Give a dialog its margins and rhythm."""
    layout = QVBoxLayout(dialog)
    layout.setContentsMargins(MARGIN_PX, MARGIN_PX, MARGIN_PX, MARGIN_PX)
    layout.setSpacing(SPACE_PX)
    return layout


def fit(dialog: QWidget, width: int) -> None:
    """Give a dialog the width, and the height that its wrapped labels then need."""
    dialog.setMinimumWidth(width)
    if (layout := dialog.layout()) is not None:
        layout.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        dialog.resize(width, layout.totalHeightForWidth(width))


class RowDelegate(QStyledItemDelegate):
    """Gives the rows of a plain list the rhythm of the window."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        inner = QStyleOptionViewItem(option)
        _narrow(inner)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, option.palette.highlight())
        super().paint(painter, inner, index)

    def editorEvent(
        self,
        event: QEvent,
        model: QAbstractItemModel,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> bool:
        inner = QStyleOptionViewItem(option)
        _narrow(inner)  # the check box is where it was painted
        return super().editorEvent(event, model, inner, index)

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        hint = super().sizeHint(option, index)
        return QSize(hint.width(), max(hint.height() + ROW_AIR_PX, ROW_PX))


def _narrow(option: QStyleOptionViewItem) -> None:
    option.rect = option.rect.adjusted(CELL_AIR_PX, 0, -CELL_AIR_PX, 0)


def named(part: Named, name: str) -> Named:
    """Give a part its objectName and return it."""
    part.setObjectName(name)
    return part


def splitter(direction: Qt.Orientation, name: str, *parts: QWidget) -> QSplitter:
    """Return parts beside or above each other, with a hairline between that can be moved."""
    made = named(QSplitter(direction), name)
    made.setHandleWidth(1)
    made.setChildrenCollapsible(False)
    for part in parts:
        made.addWidget(part)
    return made
