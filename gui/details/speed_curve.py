"""The curve of the last minute's speed, and the memory behind it. Knows samples and colours; no task."""

import itertools
from collections import OrderedDict, deque

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui import wording
from gui import wording_details as words
from gui.steering import Row
from gui.style.theme import Theme

SAMPLES = 240  # a minute at four ticks a second
ROWS_MAX = 16  # rows whose curve is still there when they are selected again
STEPS = (1.0, 1.5, 2.0, 3.0, 5.0, 7.5, 10.0)
LABEL_PX = 20


class History:
    """The last speeds of the rows that were looked at, in bytes a second."""

    def __init__(self) -> None:
        self._rows: OrderedDict[Row, deque[float]] = OrderedDict()

    def add(self, row: Row, rate: float) -> None:
        """Remember one sample of a row."""
        samples = self._rows.setdefault(row, deque(maxlen=SAMPLES))
        samples.append(rate)
        self._rows.move_to_end(row)
        while len(self._rows) > ROWS_MAX:
            self._rows.popitem(last=False)

    def of(self, row: Row) -> list[float]:
        """Return the samples of a row, the oldest first."""
        return list(self._rows.get(row, ()))

    def average(self, row: Row) -> float | None:
        """Return the mean of the samples; None before there are a few."""
        samples = self._rows.get(row, ())
        return sum(samples) / len(samples) if len(samples) >= 8 else None

    def forget(self, task_id: str) -> None:
        """Drop the rows of a task that is gone."""
        for row in [row for row in self._rows if row[0] == task_id]:
            del self._rows[row]


def scale_top(peak: float) -> float:
    """Return the round number that the curve's top stands for, at least `peak`."""
    if peak <= 0:
        return 1.0
    power = 1.0
    while power * 10 <= peak:
        power *= 10
    return next(power * step for step in STEPS if power * step >= peak)


class SpeedCurve(QWidget):
    """Paints samples as a filled line; the scale's top is written at its right end."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("speedCurve")
        self._theme = theme
        self._samples: list[float] = []
        self.setMinimumHeight(60)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.changed.connect(self.update)

    def show_samples(self, samples: list[float]) -> None:
        """Show these, the oldest first."""
        if samples == self._samples:
            return
        self._samples = samples
        self.setAccessibleName(words.speed_chart(wording.speed(max(samples, default=0.0))))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if len(self._samples) < 2 or not any(self._samples):
            return
        tokens = self._theme.tokens
        top = scale_top(max(self._samples))
        area = QRectF(self.rect()).adjusted(0, LABEL_PX, 0, -1)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        line = self._line(area, top)
        fill = QPainterPath(line)
        fill.lineTo(area.bottomRight())
        fill.lineTo(QPointF(line.elementAt(0).x, area.bottom()))
        fill.closeSubpath()
        ground = QColor(tokens.accent)
        ground.setAlphaF(0.20 if tokens.dark else 0.15)
        painter.fillPath(fill, ground)
        painter.setPen(QPen(QColor(tokens.accent), 1.6))
        painter.drawPath(line)
        painter.setPen(QColor(tokens.muted))
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop
        painter.drawText(QRectF(self.rect()).adjusted(0, 0, -8, 0), right, wording.speed(top))
        painter.end()

    def _line(self, area: QRectF, top: float) -> QPainterPath:
        """Return the curve: the newest sample at the right end, soft between samples."""
        step = area.width() / (SAMPLES - 1)
        start = area.right() - step * (len(self._samples) - 1)
        points = [
            QPointF(start + step * place, area.bottom() - area.height() * min(1.0, rate / top))
            for place, rate in enumerate(self._samples)
        ]
        path = QPainterPath(points[0])
        for before, after in itertools.pairwise(points):
            middle = (before.x() + after.x()) / 2
            path.cubicTo(QPointF(middle, before.y()), QPointF(middle, after.y()), after)
        return path
