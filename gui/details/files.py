"""The Files tab: which files of the selected model are wanted, before and after the start.

Sends `skip` and `choose` to the engine; what it refuses leaves as a sentence through `refused`.
"""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from core.commands import Command
from core.engine import Engine
from core.errors import CommandRefused
from core.task import Item, Task
from gui import wording
from gui import wording_details as words
from gui.details.files_model import FileColumn, FilesFilter, FilesModel
from gui.parts import RowDelegate, named

SIZE_WIDTH_PX = 100
STATE_WIDTH_PX = 260


class FilesTab(QWidget):
    """Lists the files of a task with check boxes.

    Signals:
        refused: Why a file could not be chosen or left out.
    """

    refused = Signal(str)

    def __init__(self, engine: Engine, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._engine = engine
        self._task: Task | None = None
        self.model = FilesModel(self)
        self.model.toggled.connect(self._toggle)
        self._proxy = FilesFilter(self)
        self._proxy.setSourceModel(self.model)
        self.view = self._make_view()
        self.filter = named(QLineEdit(), "filesFilter")
        self.filter.setPlaceholderText(words.files_filter())
        self.filter.setAccessibleName(words.files_filter())
        self.filter.setClearButtonEnabled(True)
        self.filter.setMaximumWidth(220)
        self.filter.textChanged.connect(self._proxy.setFilterFixedString)
        self.all_button = named(QPushButton(words.files_button("all")), "filesAll")
        self.all_button.clicked.connect(lambda: self._choose_shown(True))
        self.none_button = named(QPushButton(words.files_button("none")), "filesNone")
        self.none_button.clicked.connect(lambda: self._choose_shown(False))
        self._chosen = named(QLabel(), "filesChosen")
        self._chosen.setTextFormat(Qt.TextFormat.PlainText)
        self._chosen.setProperty("muted", True)
        row = QHBoxLayout()
        row.setContentsMargins(12, 8, 12, 0)
        for part in (self.filter, self.all_button, self.none_button):
            row.addWidget(part)
        row.addStretch(1)
        row.addWidget(self._chosen)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(row)
        column.addWidget(self.view, 1)

    def _make_view(self) -> QTreeView:
        view = named(QTreeView(), "detailsFiles")
        view.setAccessibleName(words.tab("files"))
        view.setModel(self._proxy)
        view.setRootIsDecorated(False)
        view.setUniformRowHeights(True)
        view.setItemDelegate(RowDelegate(view))
        view.setSortingEnabled(True)
        view.sortByColumn(FileColumn.NAME, Qt.SortOrder.AscendingOrder)
        view.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        header = view.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(FileColumn.NAME, QHeaderView.ResizeMode.Stretch)
        header.resizeSection(FileColumn.SIZE, SIZE_WIDTH_PX)
        header.resizeSection(FileColumn.STATE, STATE_WIDTH_PX)
        return view

    def show_task(self, task: Task | None) -> None:
        """Show the files of another task, or again when its files have become known."""
        self._task = task
        self.model.set_task(task)
        self.refresh()

    def refresh(self) -> None:
        """Show the states of now."""
        self.model.refresh(self._engine.now())
        task = self._task
        known = task is not None and bool(task.items)
        self.all_button.setEnabled(known)
        self.none_button.setEnabled(known)
        if task is None or not task.items:
            self._chosen.setText(words.no_files_yet() if task is not None else "")
            return
        total = len(task.items)
        self._chosen.setText(words.files_chosen(task.wanted_count, total, wording.size(task.size)))

    def _toggle(self, item_id: str, wanted: bool) -> None:
        if reason := self._send(item_id, wanted):
            self.refused.emit(reason)

    def _choose_shown(self, wanted: bool) -> None:
        refused = ""
        for item in self._proxy.shown(self.model):
            if item.state.is_wanted is not wanted and not _stays(item, wanted):
                refused = self._send(item.id, wanted) or refused
        if refused:
            self.refused.emit(refused)

    def _send(self, item_id: str, wanted: bool) -> str:
        """Ask the engine; return why it refused."""
        if self._task is None:
            return ""
        command = Command.CHOOSE if wanted else Command.SKIP
        if reason := self._engine.refusal(command, self._task.id, item_id):
            return reason
        try:
            (self._engine.choose if wanted else self._engine.skip)(self._task.id, item_id)
        except CommandRefused as error:
            return error.message
        return ""


def _stays(item: Item, wanted: bool) -> bool:
    """Tell whether a finished file is passed over without a word: it cannot be left out any more."""
    return not wanted and item.state.is_final and not item.state.is_resumable
