"""The status bar: space and activity on the left, speed, time and the hub on the right.

Reads totals, and why the hub is fetched from where it is.
"""

from collections.abc import Callable

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStatusBar, QWidget

from core.records import Totals
from gui import wording
from gui import wording_window as words
from gui.hub_desk import HubDesk
from gui.parts import named
from gui.style.theme import Theme

DOT_PX = 12
MESSAGE_MS = 8000


class Dot(QWidget):
    """Full: reachable. Crossed ring: not reachable. Empty ring: not asked yet. Never the colour alone."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._reachable: bool | None = None
        self.setFixedSize(QSize(DOT_PX + 2, DOT_PX + 2))
        theme.changed.connect(self.update)

    def set_reachable(self, reachable: bool | None) -> None:
        """Show this state."""
        if reachable is not self._reachable:
            self._reachable = reachable
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        names = {True: tokens.green, False: tokens.red, None: tokens.muted}
        colour = QColor(names[self._reachable])
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        centre, radius = QPointF(self.width() / 2, self.height() / 2), DOT_PX / 2 - 1
        if self._reachable:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour)
            painter.drawEllipse(centre, radius, radius)
        else:
            painter.setPen(QPen(colour, 1.6))
            painter.drawEllipse(centre, radius - 0.5, radius - 0.5)
            if self._reachable is False:
                step = QPointF(radius * 0.6, -radius * 0.6)
                painter.drawLine(centre - step, centre + step)
        painter.end()


class StatusBar(QStatusBar):
    """Shows the totals, and for a moment what just happened."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("statusBar")
        self.setSizeGripEnabled(False)
        self._space = self._label("statusSpace")
        self._activity = self._label("statusActivity")
        self._speed = self._label("statusSpeed")
        self._left = self._label("statusTimeLeft")
        self._hub = self._label("statusHub")
        self._dot = Dot(theme)
        self._desk: HubDesk | None = None
        self._hub_part = QWidget()
        row = QHBoxLayout(self._hub_part)
        row.setContentsMargins(4, 0, 6, 0)
        row.setSpacing(0)
        row.addWidget(self._dot)
        row.addWidget(self._hub)
        self.addWidget(self._space)
        self.addWidget(self._activity)
        for part in (self._speed, self._left, self._hub_part):
            self.addPermanentWidget(part)

    @staticmethod
    def _label(name: str) -> QLabel:
        label = named(QLabel(), name)
        label.setTextFormat(Qt.TextFormat.PlainText)
        return label

    def say(self, text: str) -> None:
        """Show a sentence for a moment; nothing where there is none."""
        if text:
            self.showMessage(wording.one_line(text), MESSAGE_MS)

    def follow(self, desk: HubDesk, totals: Callable[[], Totals]) -> None:
        """Say in the hub's tooltip why it is fetched from there, and show another one at once."""
        self._desk = desk
        desk.changed.connect(lambda: self.show_totals(totals()))
        self.show_totals(totals())

    def show_totals(self, totals: Totals) -> None:
        """Show these figures."""
        free = "" if totals.free_bytes is None else wording.size(totals.free_bytes)
        need = wording.size(totals.need_bytes) if totals.need_bytes else ""
        runs = totals.active > 0
        for label, text in (
            (self._space, words.space(free, need)),
            (self._activity, words.activity(totals.active, totals.queued)),
            (self._speed, f"↓ {wording.speed(totals.rate)}" if runs else ""),
            (self._left, words.time_left(wording.duration(totals.eta_s)) if runs else ""),
            (self._hub, totals.hub),
        ):
            if label.text() != text:
                label.setText(text)
        self._dot.set_reachable(totals.hub_reachable)
        why = self._desk.why if self._desk is not None else ""
        spoken = words.hub_state(totals.hub, totals.hub_reachable, why)
        if self._hub_part.toolTip() != spoken:
            self._hub_part.setToolTip(spoken)
            self._hub.setAccessibleName(spoken)
