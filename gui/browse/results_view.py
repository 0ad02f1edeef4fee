"""The list of results: paints a row, and tells which rows are in sight once scrolling rests. Knows no hub."""

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from gui import wording_browse as words
from gui.browse.results_model import ResultsModel, Role, Texts
from gui.style.theme import Theme
from gui.tree.look import PAD_PX, Look

ROW_PX = 60
LINE_PX = 22
TOP_PX = 8
MARGIN_PX = 8
RADIUS_PX = 6
BADGE_PX = 18
CUTS_MAX = 2000
REST_MS = 150  # rows that only fly by are not asked about
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine
_CENTRE = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextSingleLine

Index = QModelIndex | QPersistentModelIndex


class ResultDelegate(QStyledItemDelegate):
    """Paints a result: its name and marks, and under it what is known of it."""

    def __init__(self, look: Look, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self._cuts: dict[tuple[str, int, bool], str] = {}  # as they were painted last
        self._cut_for = look

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(200, ROW_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        texts: Texts | None = index.data(Role.TEXTS)
        if texts is None:
            return
        state: QStyle.StateFlag = option.state
        outer: QRect = option.rect
        rect = outer.adjusted(MARGIN_PX, 1, -MARGIN_PX, -1)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._ground(painter, rect, state)
        inner = rect.adjusted(PAD_PX, TOP_PX, -PAD_PX, 0)
        first = QRect(inner.left(), inner.top(), inner.width(), LINE_PX)
        second = first.translated(0, LINE_PX)
        right = first.right()
        for text, token in ((texts.here, "green"), (texts.gated, "amber")):
            if text:
                right = self._badge(painter, first, right, text, token) - PAD_PX
        first.setRight(right)
        painter.setFont(self.look.strong)
        painter.setPen(self.look.colours["text"])
        painter.drawText(first, _LEFT, self._cut(texts.name, first.width(), is_name=True))
        painter.setFont(self.look.plain)
        painter.setPen(self.look.colours["muted"])
        sizes = texts.sizes
        if sizes:
            painter.drawText(second, _RIGHT, sizes)
            second.setRight(second.right() - self.look.plain_metrics.horizontalAdvance(sizes) - PAD_PX)
        painter.drawText(second, _LEFT, self._cut(texts.facts, second.width()))
        painter.restore()

    def _cut(self, text: str, width: int, *, is_name: bool = False) -> str:
        """Return a text as it fits: a name cut in the middle, since its end tells most, all else at its end."""
        if self._cut_for is not self.look or len(self._cuts) > CUTS_MAX:
            self._cuts.clear()
            self._cut_for = self.look
        cut = self._cuts.get((text, width, is_name))
        if cut is None:
            metrics = self.look.strong_metrics if is_name else self.look.plain_metrics
            side = Qt.TextElideMode.ElideMiddle if is_name else Qt.TextElideMode.ElideRight
            cut = self._cuts[text, width, is_name] = metrics.elidedText(text, side, width)
        return cut

    def _ground(self, painter: QPainter, rect: QRect, state: QStyle.StateFlag) -> None:
        selected = bool(state & QStyle.StateFlag.State_Selected)
        if selected or state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self.look.colours["selection" if selected else "hover"])
            painter.drawRoundedRect(QRectF(rect), RADIUS_PX, RADIUS_PX)
        if state & QStyle.StateFlag.State_HasFocus and state & QStyle.StateFlag.State_KeyboardFocusChange:
            painter.setPen(self.look.colours["accent"])
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(rect).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS_PX, RADIUS_PX)

    def _badge(self, painter: QPainter, line: QRect, right: int, text: str, token: str) -> int:
        """Paint a mark that ends at `right`; return where it begins."""
        width = self.look.plain_metrics.horizontalAdvance(text) + 2 * PAD_PX
        box = QRectF(right - width, line.center().y() - BADGE_PX / 2 + 0.5, width, BADGE_PX)
        painter.setPen(self.look.colours[token])
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(box.adjusted(0.5, 0, -0.5, 0), BADGE_PX / 2, BADGE_PX / 2)
        painter.setFont(self.look.plain)
        painter.drawText(box, _CENTRE, text)
        return right - width


class ResultsView(QListView):
    """The results.

    Signals:
        opened: A person wants to see a model (its repo).
        entered: The same, by keyboard, which goes on to its page.
        seen: These models are in sight now (list of repos).
        left: A person goes back to the search field.
    """

    opened = Signal(str)
    entered = Signal(str)
    seen = Signal(list)
    left = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setObjectName("resultsView")
        self.setAccessibleName(words.results_name())
        self._delegate = ResultDelegate(Look(theme.tokens, self.font()), self)
        self.setItemDelegate(self._delegate)
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self.tell_seen)
        self.verticalScrollBar().valueChanged.connect(lambda _: self._rest.start())
        self.clicked.connect(self._on_opened)
        theme.changed.connect(self._renew_look)

    def set_results(self, model: ResultsModel) -> None:
        """Show the rows of a model."""
        self.setModel(model)
        model.modelReset.connect(self._rest.start)
        model.rowsInserted.connect(lambda *_: self._rest.start())

    @property
    def results(self) -> ResultsModel:
        """The model behind the view."""
        model = self.model()
        assert isinstance(model, ResultsModel)
        return model

    def repos_in_sight(self) -> list[str]:
        """Return the models whose rows can be seen, from the top."""
        rows = self.results.rowCount()
        if not rows or not self.isVisible():
            return []
        top = max(0, self.verticalScrollBar().value() // ROW_PX)
        last = min(rows - 1, (self.verticalScrollBar().value() + self.viewport().height()) // ROW_PX)
        found = (self.results.found(row) for row in range(top, last + 1))
        return [each.repo for each in found if each is not None]

    def tell_seen(self) -> None:
        """Tell which rows are in sight."""
        self.seen.emit(self.repos_in_sight())

    def select_repo(self, repo: str) -> None:
        """Select the row of a model, where it has one."""
        row = self.results.row_of(repo)
        if row >= 0:
            self.setCurrentIndex(self.results.index(row))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Return | Qt.Key.Key_Enter | Qt.Key.Key_Right:
                if (found := self.results.found(self.currentIndex().row())) is not None:
                    self.entered.emit(found.repo)
            case Qt.Key.Key_Escape:
                self.left.emit()
            case Qt.Key.Key_Up if self.currentIndex().row() <= 0:
                self.left.emit()
            case _:
                super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._rest.start()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.FontChange:
            self._renew_look()

    def _on_opened(self, index: Index) -> None:
        found = self.results.found(index.row())
        if found is not None:
            self.opened.emit(found.repo)

    def _renew_look(self) -> None:
        self._delegate.look = Look(self._theme.tokens, self.font())
        self.viewport().update()
