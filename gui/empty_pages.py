"""What stands in place of an empty list: how to begin, or how to see the other models again. Knows no engine."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QFrame, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from core.handles import EXAMPLES
from gui import wording_window as words
from gui.parts import named
from gui.style.icons import icon
from gui.style.theme import Theme

SIGN_PX = 48
WIDTH_PX = 440


def _centred(text: str, *, muted: bool = False, large: bool = False) -> QLabel:
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setText(text)
    label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
    label.setWordWrap(True)
    label.setFixedWidth(WIDTH_PX)
    if muted:
        label.setProperty("muted", True)
    if large:
        font = QFont(label.font())
        font.setPointSizeF(font.pointSizeF() * 1.4)
        font.setWeight(QFont.Weight.DemiBold)
        label.setFont(font)
    label.setMinimumHeight(label.heightForWidth(WIDTH_PX))  # centred in a column, a label is not asked for it
    return label


class _Page(QScrollArea):
    """A sign, a heading, a sentence, and room for buttons, in the middle; scrolls in a small window."""

    def __init__(self, theme: Theme, sign: str, title: str, text: str) -> None:
        super().__init__()
        self._theme, self._name = theme, sign
        self._sign = QLabel()
        self._sign.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        inside = QWidget()
        self.column = QVBoxLayout(inside)
        self.column.setSpacing(8)
        self.column.addStretch(2)
        for part in (self._sign, _centred(title, large=True), _centred(text, muted=True)):
            self.column.addWidget(part, 0, Qt.AlignmentFlag.AlignHCenter)
        self.setWidget(inside)
        inside.setAutoFillBackground(False)
        self._paint()
        theme.changed.connect(self._paint)

    def add_button(self, button: QPushButton) -> None:
        """Put a button under what is there."""
        button.setMinimumSize(QSize(0, 32))
        self.column.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)

    def _paint(self) -> None:
        self._sign.setPixmap(icon(self._name, self._theme.tokens, role="accent").pixmap(SIGN_PX))


class EmptyPage(_Page):
    """Shown while there is no task.

    Signals:
        example_chosen: The handle of a pressed example.
    """

    example_chosen = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "downloading", words.empty_title(), words.empty_how())
        self.setObjectName("emptyPage")
        self.column.addSpacing(16)
        self.column.addWidget(_centred(words.empty_examples(), muted=True), 0, Qt.AlignmentFlag.AlignHCenter)
        for number, handle in enumerate(EXAMPLES):
            button = named(QPushButton(handle), f"example{number}")
            button.setToolTip(words.example_tip(handle))
            button.setAccessibleName(words.example_tip(handle))
            button.clicked.connect(lambda _=False, text=handle: self.example_chosen.emit(text))
            self.add_button(button)
        self.column.addStretch(3)


class NoMatchPage(_Page):
    """Shown while the filter hides every task.

    Signals:
        clear_pressed: A person wants to see everything again.
    """

    clear_pressed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "filter", words.no_match(), words.no_match_how())
        self.setObjectName("noMatchPage")
        button = named(QPushButton(words.clear_filter()), "clearFilter")
        button.clicked.connect(lambda: self.clear_pressed.emit())
        self.column.addSpacing(8)
        self.add_button(button)
        self.column.addStretch(3)
