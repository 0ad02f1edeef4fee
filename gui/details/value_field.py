"""A value that can be selected and copied whole, and is elided in the middle while nobody does."""

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLineEdit, QWidget

_TEXT_MARGIN_PX = 2  # QLineEdit's own


class ValueField(QLineEdit):
    """A read-only line without a frame; Tab reaches it, the tooltip has the whole text where it does not fit."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setReadOnly(True)
        self.setFrame(False)
        self.setStyleSheet("QLineEdit { background: transparent; border: none; padding: 0; }")
        self.setMinimumWidth(80)

    def show_text(self, text: str) -> None:
        """Show this; a selection stays where the text stays."""
        if text != self.text():
            self.setText(text)
            self.setCursorPosition(0)
            self.setEnabled(bool(text))  # Tab passes by what is empty

    def paintEvent(self, event: QPaintEvent) -> None:
        room = self.width() - 2 * _TEXT_MARGIN_PX
        metrics = self.fontMetrics()
        if self.hasFocus() or metrics.horizontalAdvance(self.text()) <= room:
            if self.toolTip():
                self.setToolTip("")
            super().paintEvent(event)
            return
        if self.toolTip() != self.text():
            self.setToolTip(self.text())
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        shown = metrics.elidedText(self.text(), Qt.TextElideMode.ElideMiddle, room)
        area = QRect(_TEXT_MARGIN_PX, 0, room, self.height())
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
        painter.end()
