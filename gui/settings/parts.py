"""What the pages of the settings are made of: groups, labels, numbers, a button that copies. Knows widgets only."""

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from gui import wording_settings as words
from gui.parts import heading, named

LABEL_WIDTH_PX = 190
GROUP_SPACE_PX = 12
SPIN_WIDTH_PX = 90
SPIN_AIR_PX = 6
COPIED_MS = 1500


def group(column: QVBoxLayout, title: str) -> QFormLayout:
    """Add a heading and the form below it; return the form."""
    if column.count():
        column.addSpacing(GROUP_SPACE_PX)
    column.addWidget(heading(title))
    form = QFormLayout()
    form.setHorizontalSpacing(16)
    form.setVerticalSpacing(8)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    column.addLayout(form)
    return form


def row_label(text: str, buddy: QWidget | None = None) -> QLabel:
    """Return the label of a row; its letter moves the focus to `buddy`."""
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setText(text)
    label.setMinimumWidth(LABEL_WIDTH_PX)
    if buddy is not None:
        label.setBuddy(buddy)
    return label


def narrow(box: QCheckBox) -> QCheckBox:
    """Let a box be no wider than its text: its frame shows the focus."""
    box.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
    return box


def number(name: str, allowed: range, value: int) -> QSpinBox:
    """Return a field for a number within bounds."""
    spin = named(QSpinBox(), name)
    spin.setRange(allowed.start, allowed.stop - 1)
    spin.setValue(value)
    spin.setFixedWidth(SPIN_WIDTH_PX)
    spin.lineEdit().setTextMargins(SPIN_AIR_PX, 0, 0, 0)  # the padding of a style sheet does not reach it
    return spin


class CopyButton(QPushButton):
    """Copies what `text` returns, and says so for a moment."""

    def __init__(self, text: Callable[[], str], *, spoken: str) -> None:
        super().__init__(words.api_button("copied"))
        self.setMinimumWidth(self.sizeHint().width())  # the row stays where it is when the word changes
        self.setText(words.api_button("copy"))
        self.setAccessibleName(spoken)
        self._text = text
        self._back = QTimer(self, singleShot=True, interval=COPIED_MS)
        self._back.timeout.connect(lambda: self.setText(words.api_button("copy")))
        self.clicked.connect(self._copy)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._text())
        self.setText(words.api_button("copied"))
        self._back.start()
