"""What the tree paints with: colours, fonts, pens and icons made once a theme or font, never in a paint.

Knows tokens and icons.
"""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QIcon, QPainter, QPen, QPolygonF

from gui.style.icons import icon
from gui.style.tokens import Tokens
from gui.tree.columns import Tone

ROW_PX = 32
INDENT_PX = 20
PAD_PX = 8
ICON_PX = 16
BOX_PX = 14


def figures(font: QFont) -> QFont:
    """Return the font with figures of one width, so that running numbers do not tremble."""
    made = QFont(font)
    made.setFeature(QFont.Tag("tnum"), 1)
    return made


class Look:
    """Paints the parts that the tree, its header and the left bar share.

    Attributes:
        colours: Every token as a colour.
        plain, strong: The font of file rows and that of model rows; with their metrics.
    """

    def __init__(self, tokens: Tokens, font: QFont) -> None:
        self.tokens = tokens
        self.colours = {name: QColor(value) for name, value in tokens.colours().items()}
        self.plain = figures(font)
        self.strong = QFont(self.plain)
        self.strong.setWeight(QFont.Weight.DemiBold)
        self.plain_metrics = QFontMetrics(self.plain)
        self.strong_metrics = QFontMetrics(self.strong)
        self.model_icon: QIcon = icon("model", tokens, role="accent")
        self.file_icon: QIcon = icon("file", tokens, role="muted")
        self.tones = {tone: self.colours[tone.value] for tone in Tone}
        self.words = dict(self.tones) | {Tone.RUNNING: self.colours["muted"], Tone.STILL: self.colours["muted"]}
        self._chevron = _round_pen(self.colours["muted"], 1.6)
        self._edge = QPen(self.colours["edge"], 1.2)
        self._tick = _round_pen(self.colours["muted"], 1.7)
        self._down = QPolygonF([QPointF(-3.5, -1.75), QPointF(0, 1.75), QPointF(3.5, -1.75)])
        self._right = QPolygonF([QPointF(-1.75, -3.5), QPointF(1.75, 0), QPointF(-1.75, 3.5)])
        self._up = QPolygonF([QPointF(-3.5, 1.75), QPointF(0, -1.75), QPointF(3.5, 1.75)])
        self._tick_line = QPolygonF([QPointF(-3.4, 0.2), QPointF(-1.0, 2.6), QPointF(3.4, -2.6)])

    def chevron(self, painter: QPainter, x: float, y: float, *, way: str) -> None:
        """Draw a chevron centred on a point; `way` is `down`, `right` or `up`."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self._chevron)
        line = {"down": self._down, "right": self._right, "up": self._up}[way]
        painter.translate(x, y)
        painter.drawPolyline(line)
        painter.translate(-x, -y)

    def box(self, painter: QPainter, rect: QRectF, state: Qt.CheckState) -> None:
        """Draw a check box: a tick, a dash where only some are chosen, or nothing in it."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self._edge)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(rect, 3, 3)
        if state is Qt.CheckState.Unchecked:
            return
        centre = rect.center()
        painter.setPen(self._tick)
        if state is Qt.CheckState.PartiallyChecked:
            painter.drawLine(centre + QPointF(-3, 0), centre + QPointF(3, 0))
            return
        painter.translate(centre)
        painter.drawPolyline(self._tick_line)
        painter.translate(-centre)

    def bar(self, painter: QPainter, rect: QRectF, permille: int | None, tone: Tone) -> None:
        """Draw a rounded bar; dashes where nobody knows how far it is."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.colours["track"])
        radius = rect.height() / 2
        painter.drawRoundedRect(rect, radius, radius)
        painter.setBrush(self.tones[tone])
        if permille is None:
            dash = rect.height() * 2
            x = rect.left() + dash
            while x + dash <= rect.right():
                painter.drawRoundedRect(QRectF(x, rect.top(), dash, rect.height()), radius, radius)
                x += 2 * dash
        elif permille > 0:
            width = max(rect.height(), rect.width() * permille / 1000)
            painter.drawRoundedRect(QRectF(rect.left(), rect.top(), width, rect.height()), radius, radius)


def _round_pen(colour: QColor, width: float) -> QPen:
    return QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
