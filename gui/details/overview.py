"""The Overview tab: six facts in two columns, what went wrong, and the curve of the speed."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from gui import wording_access
from gui import wording_details as words
from gui.details.facts import Fact
from gui.details.speed_curve import SpeedCurve
from gui.details.value_field import ValueField
from gui.parts import plain_label
from gui.style.theme import Theme

LABEL_WIDTH_PX = 112
MARGIN_PX = 20
ROWS = 3
TROUBLE = ("happened", "means", "do", "next")


def _label(key: str) -> QLabel:
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setText(words.label(key))
    label.setProperty("muted", True)
    label.setMinimumWidth(LABEL_WIDTH_PX)
    return label


class Overview(QScrollArea):
    """Shows the facts of one row.

    Attributes:
        values: The six values, in the order of the facts.
        trouble: The sentences by key: `happened`, `means`, `do`, `next`.
        folder_button: Asks for another folder, where that would help.
        page_button, token_button: Lead to the model's page and to the field for a token, where it needs access.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("detailsOverview")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        inside = QWidget()
        inside.setObjectName("overviewInside")
        inside.setStyleSheet("#overviewInside { background: transparent; }")
        self.viewport().setAutoFillBackground(False)
        column = QVBoxLayout(inside)
        column.setContentsMargins(MARGIN_PX, 12, MARGIN_PX, 12)
        column.setSpacing(8)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(8)
        self._grid.setColumnStretch(1, 1)
        self._grid.setColumnStretch(3, 1)
        self._labels: list[QLabel] = []
        self.values: list[ValueField] = []
        for place, key in enumerate(("downloaded", "left", "saved", "source", "revision", "hash")):
            label, value = _label(key), ValueField()
            value.setObjectName(f"value_{key}")
            label.setBuddy(value)
            self._labels.append(label)
            self.values.append(value)
            self._grid.addWidget(label, place % ROWS, 2 * (place // ROWS))
            self._grid.addWidget(value, place % ROWS, 2 * (place // ROWS) + 1)
        column.addLayout(self._grid)
        self._trouble_part = QWidget()
        self._trouble_part.setObjectName("trouble")
        self.trouble: dict[str, QLabel] = {}
        column.addWidget(self._trouble_part)
        self._build_trouble()
        self._curve = SpeedCurve(theme)
        column.addWidget(self._curve, 1)
        column.addStretch(0)
        self.setWidget(inside)

    def _build_trouble(self) -> None:
        grid = QGridLayout(self._trouble_part)
        grid.setContentsMargins(0, 2, 0, 0)
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(1, 1)
        self._trouble_labels = {}
        for row, key in enumerate(TROUBLE):
            label, text = _label(key), plain_label(name=f"trouble_{key}")
            self._trouble_labels[key] = label
            self.trouble[key] = text
            line = row + (key == "next")  # the buttons stand below what can be done
            grid.addWidget(label, line, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(text, line, 1)
        self.folder_button = QPushButton(words.another_folder())
        self.folder_button.setObjectName("anotherFolderButton")
        self.page_button = QPushButton(wording_access.open_page())
        self.page_button.setObjectName("modelPageButton")
        self.token_button = QPushButton(wording_access.enter_token())
        self.token_button.setObjectName("enterTokenButton")
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        for button in (self.folder_button, self.page_button, self.token_button):
            buttons.addWidget(button)
        buttons.addStretch(1)
        grid.addLayout(buttons, len(TROUBLE) - 1, 1)
        self._trouble_part.hide()

    def show_row(
        self,
        facts: list[Fact],
        trouble: list[Fact],
        samples: list[float],
        *,
        other_folder: bool = False,
        access: bool = False,
    ) -> None:
        """Show the facts, the trouble (empty: none) and the speeds of a row.

        `other_folder` would help it; `access` is what it needs.
        """
        self.folder_button.setVisible(other_folder)
        self.page_button.setVisible(access)
        self.token_button.setVisible(access)
        for label, value, fact in zip(self._labels, self.values, facts, strict=True):
            text = words.label(fact.key)
            if label.text() != text:
                label.setText(text)
            value.setAccessibleName(text)
            value.show_text(fact.value)
        told = {fact.key: fact.value for fact in trouble}
        for key in TROUBLE:
            self.trouble[key].setText(told.get(key, ""))
            self.trouble[key].setVisible(key in told)
            self._trouble_labels[key].setVisible(key in told)
        self._trouble_part.setVisible(bool(told))
        self._curve.setVisible(any(samples))
        self._curve.show_samples(samples)
