"""Changed rows, painted a few at a time: no turn of the loop is long, however many rows are in sight.

Knows places in a viewport; no model. A row costs half a millisecond, a window full of them fifteen. Nobody sees
that some are painted a frame later than others; a pointer that stops four times a second is seen.
"""

from PySide6.QtCore import QObject, QRect, QTimer
from PySide6.QtWidgets import QWidget

ROWS_AT_ONCE = 6
FRAME_MS = 16


class Repaints(QObject):
    """Has rows of one height painted anew, soon.

    What is asked for is a place, not a row: where the content of the viewport moves, `forget` and paint all of it.
    """

    def __init__(self, viewport: QWidget, row_px: int) -> None:
        super().__init__(viewport)
        self._viewport = viewport
        self._row_px = row_px
        self._parts: dict[int, QRect] = {}  # by the top of the row
        self._next = 0  # where the next strip begins: from the top down and again, so that each has its turn
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._paint_some)

    @property
    def is_due(self) -> bool:
        """Something waits to be painted."""
        return bool(self._parts)

    def add(self, rows: QRect) -> None:
        """Paint this part of whole rows anew, as far as it is seen."""
        height = self._viewport.height()
        first = rows.top() + max(0, -rows.top() // self._row_px) * self._row_px
        for top in range(first, min(rows.bottom() + 1, height), self._row_px):
            part = QRect(rows.left(), top, rows.width(), self._row_px)
            waiting = self._parts.get(top)
            self._parts[top] = part if waiting is None else waiting.united(part)
        if self._parts and not self._timer.isActive():
            self._timer.start(0)

    def forget(self) -> None:
        """Paint nothing of what waits."""
        self._parts.clear()
        self._timer.stop()

    def _paint_some(self) -> None:
        """Paint one strip: of a region of several parts the view would paint whole rows, not the columns alone."""
        first = min((top for top in self._parts if top >= self._next), default=min(self._parts, default=0))
        self._next = first + ROWS_AT_ONCE * self._row_px
        strip = QRect()
        for top in [top for top in self._parts if first <= top < self._next]:
            strip = strip.united(self._parts.pop(top))
        self._viewport.update(strip)
        if self._parts:
            self._timer.start(FRAME_MS)
