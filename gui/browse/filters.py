"""The filters of the search: formats and order at hand, the others behind a button. Knows `Query` only."""

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from core.catalogue.records import Query, Sort
from gui import wording_browse as words
from gui.parts import named

FORMATS = ("gguf", "safetensors")
BILLION = 1_000_000_000
RANGES = (
    (0, 0), (0, 2 * BILLION), (0, 4 * BILLION), (4 * BILLION, 10 * BILLION), (10 * BILLION, 20 * BILLION),
    (20 * BILLION, 50 * BILLION), (50 * BILLION, 0),
)  # fmt: skip
"""Choices of parameters: least and most, 0 for no limit."""
PAUSE_MS = 350  # of typing the author, before it counts


class FilterBar(QWidget):
    """What narrows the search.

    Signals:
        changed: Something else is asked for.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._is_set = False  # a whole query is being shown: no change by a person
        self.formats = {tag: self._chip(tag) for tag in FORMATS}
        self.sort = named(QComboBox(), "sortBox")
        self.sort.setAccessibleName(words.sort_label())
        for order in Sort:
            self.sort.addItem(words.sort_name(order), order)
        self.more = named(QToolButton(), "filtersButton")
        self.more.setCheckable(True)
        self.more.setToolTip(words.filters_tip())
        self.more.setProperty("chip", True)
        self.more.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        first = QHBoxLayout()
        first.setSpacing(6)
        for part in self.formats.values():
            first.addWidget(part)
        first.addStretch(1)
        first.addWidget(self.more)
        self._rest = self._build_rest()
        self._rest.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(first)
        column.addWidget(self.sort)
        column.addWidget(self._rest)
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._pause.timeout.connect(self._tell)
        self.more.toggled.connect(self._rest.setVisible)
        for box in (self.sort, self.task, self.parameters):
            box.currentIndexChanged.connect(lambda _: self._tell())
        self.author.textChanged.connect(lambda _: self._pause.start())
        self.hide_gated.toggled.connect(lambda _: self._tell())
        self._count()

    def _chip(self, tag: str) -> QToolButton:
        chip = named(QToolButton(), f"format-{tag}")
        chip.setText(words.format_name(tag))
        chip.setToolTip(words.format_tip(tag))
        chip.setCheckable(True)
        chip.setProperty("chip", True)
        chip.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        chip.toggled.connect(lambda _: self._tell())
        return chip

    def _build_rest(self) -> QWidget:
        rest = QWidget()
        self.task = named(QComboBox(), "taskBox")
        self.task.setAccessibleName(words.task_label())
        for task in ("", *words.TASKS):
            self.task.addItem(words.task_name(task), task)
        self.parameters = named(QComboBox(), "parametersBox")
        self.parameters.setAccessibleName(words.parameters_label())
        for limits in RANGES:
            self.parameters.addItem(words.parameters_range(*limits), limits)
        self.author = named(QLineEdit(), "authorEdit")
        self.author.setAccessibleName(words.author_name())
        self.author.setPlaceholderText(words.author_placeholder())
        self.author.setClearButtonEnabled(True)
        self.hide_gated = named(QCheckBox(words.hide_gated()), "hideGated")
        grid = QGridLayout(rest)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(8)
        grid.addWidget(self.task, 0, 0)
        grid.addWidget(self.parameters, 0, 1)
        grid.addWidget(self.author, 1, 0, 1, 2)
        grid.addWidget(self.hide_gated, 2, 0, 1, 2)
        for box in (self.task, self.parameters):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(8)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        return rest

    def query(self, text: str) -> Query:
        """Return what is asked for with these words."""
        least, most = self.parameters.currentData()
        return Query(
            text=text,
            sort=self.sort.currentData(),
            formats=tuple(tag for tag, chip in self.formats.items() if chip.isChecked()),
            task=self.task.currentData(),
            author=self.author.text().strip(),
            parameters_min=least,
            parameters_max=most,
            hide_gated=self.hide_gated.isChecked(),
        )

    def show_query(self, query: Query) -> None:
        """Show the filters of a query; what is no choice here is no limit."""
        self._is_set = True
        for tag, chip in self.formats.items():
            chip.setChecked(tag in query.formats)
        limits = (query.parameters_min, query.parameters_max)
        for box, value in ((self.sort, query.sort), (self.task, query.task)):
            box.setCurrentIndex(max(0, box.findData(value)))
        self.parameters.setCurrentIndex(RANGES.index(limits) if limits in RANGES else 0)
        self.author.setText(query.author)
        self.hide_gated.setChecked(query.hide_gated)
        self._pause.stop()
        self._is_set = False
        self._count()

    def active(self) -> int:
        """Return how many filters narrow the search."""
        return self._behind() + sum(chip.isChecked() for chip in self.formats.values())

    def _behind(self) -> int:
        parts = (self.task.currentIndex() > 0, self.parameters.currentIndex() > 0, bool(self.author.text().strip()))
        return sum(parts) + self.hide_gated.isChecked()

    def _tell(self) -> None:
        if not self._is_set:
            self._count()
            self.changed.emit()

    def _count(self) -> None:
        self.more.setText(words.filters(self._behind()))
