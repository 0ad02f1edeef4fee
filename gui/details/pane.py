"""The details pane: tabs about the selected row, kept up to date while somebody can see them.

Listens to the engine for the task that is shown. Must not know the tree: the window tells which row is selected.
"""

from PySide6.QtCore import QTimer, Signal, SignalInstance
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QStackedWidget, QTabWidget, QVBoxLayout, QWidget

from core.access import access_failure
from core.commands import Command
from core.engine import Engine
from core.states import ITEM_SIGNALS, TASK_SIGNALS
from core.task import Item, Task
from gui import wording_details as words
from gui.details.facts import facts, trouble, wants_folder
from gui.details.files import FilesTab
from gui.details.overview import Overview
from gui.details.speed_curve import History
from gui.parts import MARGIN_PX, plain_label
from gui.steering import Row
from gui.style.theme import Theme

COUNTDOWN_MS = 1000


class DetailsPane(QWidget):
    """Shows one row.

    Attributes:
        tabs: Overview and Files.

    Signals:
        refused: Why the engine refused something, for a person.
        folder_asked(id): Another folder is wanted for a task.
        page_asked(id): The page of its model is wanted.
        token_asked: A token is to be entered.
    """

    refused = Signal(str)
    folder_asked = Signal(str)
    page_asked = Signal(str)
    token_asked = Signal()

    def __init__(self, engine: Engine, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("detailsPane")
        self._engine = engine
        self._row: Row | None = None
        self._history = History()
        self._files_due = False  # the list of files is another one; it is made when somebody looks at it
        self.overview = Overview(theme)
        self.overview.folder_button.clicked.connect(lambda: self._ask(self.folder_asked))
        self.overview.page_button.clicked.connect(lambda: self._ask(self.page_asked))
        self.overview.token_button.clicked.connect(lambda: self.token_asked.emit())
        self.files = FilesTab(engine)
        self.files.refused.connect(self.refused)
        self.tabs = QTabWidget()
        self.tabs.setObjectName("detailsTabs")
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self.overview, words.tab("overview"))
        self.tabs.addTab(self.files, words.tab("files"))
        self.tabs.currentChanged.connect(lambda _: self.refresh())
        self._stack = QStackedWidget()
        self._stack.addWidget(self._nothing())
        self._stack.addWidget(self.tabs)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._stack)
        self._soon = QTimer(self, singleShot=True, interval=0)  # many states may change in one turn
        self._soon.timeout.connect(self.refresh)
        self._countdown = QTimer(self, interval=COUNTDOWN_MS)
        self._countdown.timeout.connect(self.refresh)
        self._connect(engine)

    @staticmethod
    def _nothing() -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(MARGIN_PX, MARGIN_PX, MARGIN_PX, MARGIN_PX)
        column.addWidget(plain_label(words.nothing_selected(), name="detailsNothing", muted=True))
        column.addStretch(1)
        return page

    def _connect(self, engine: Engine) -> None:
        engine.progress_updated.connect(self._on_progress)
        engine.verification_progressed.connect(self._on_state)
        engine.verification_ended.connect(self._on_state)
        engine.items_added.connect(self._on_items_added)
        engine.task_removed.connect(self._on_removed)
        engine.task_relocated.connect(lambda task_id, _: self._on_state(task_id))
        for name in TASK_SIGNALS.values():
            getattr(engine, name).connect(self._on_state)
        for name in ITEM_SIGNALS.values():
            getattr(engine, name).connect(lambda task_id, _item_id: self._on_state(task_id))

    @property
    def is_seen(self) -> bool:
        """Somebody can look at it now."""
        return self.isVisible() and not self.window().isMinimized()

    def show_row(self, row: Row | None) -> None:
        """Show another row, or none."""
        if row == self._row:
            return
        before, self._row = self._row, row
        if row is None or before is None or before[0] != row[0]:
            self._files_due = True
        self.refresh()

    def _find(self) -> tuple[Task | None, Item | None]:
        """Return the task and the item that are shown; None for what is gone."""
        if self._row is None:
            return None, None
        try:
            task = self._engine.task(self._row[0])
        except KeyError:
            return None, None
        return task, task.items.get(self._row[1]) if self._row[1] is not None else None

    def refresh(self) -> None:
        """Show the numbers of now, where somebody looks."""
        task, item = self._find()
        self._stack.setCurrentIndex(0 if task is None else 1)
        if task is None or self._row is None or not self.is_seen:
            self._countdown.stop()
            return
        now = self._engine.now()
        told = trouble(task, item, now)
        counts = any(fact.key == "next" for fact in told) and not task.state.is_final
        if counts and not self._countdown.isActive():
            self._countdown.start()
        elif not counts:
            self._countdown.stop()
        if self.tabs.currentWidget() is self.files:
            if self._files_due:
                self._files_due = False
                self.files.show_task(task)
            else:
                self.files.refresh()
            return
        average = self._history.average(self._row)
        offers = wants_folder(task, item) and not self._engine.refusal(Command.RELOCATE, task.id)
        samples = self._history.of(self._row)
        access = access_failure(task) is not None
        shown = facts(task, item, now, average=average)
        self.overview.show_row(shown, told, samples, other_folder=offers, access=access)

    def _ask(self, signal: SignalInstance) -> None:
        if self._row is not None:
            signal.emit(self._row[0])

    # -- the engine's news ---------------------------------------------------------------------------------

    def _on_progress(self, changed: dict[str, tuple[str, ...]]) -> None:
        if self._row is None or not self.is_seen:
            return
        task, item = self._find()
        if task is None:
            return
        if task.state.is_active:
            row = task if item is None else item
            self._history.add(self._row, row.rate(self._engine.now()))
        if self._row[0] in changed or task.state.is_active:
            self.refresh()

    def _on_state(self, task_id: str) -> None:
        if self._row is not None and task_id == self._row[0]:
            self._soon.start()

    def _on_items_added(self, task_id: str) -> None:
        if self._row is not None and task_id == self._row[0]:
            self._files_due = True
            self.refresh()

    def _on_removed(self, task_id: str) -> None:
        self._history.forget(task_id)
        if self._row is not None and task_id == self._row[0]:
            self.show_row(None)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._soon.start()
