"""The panel: search field, filters, results and the page of a model, brought together. By mouse and by keyboard.

Knows its parts and the signals between them; the desk asks the hub, the engine is asked to add. Nothing waits here.
"""

from collections.abc import Mapping

from PySide6.QtCore import QByteArray, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QHideEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QLineEdit, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from core.catalogue.names import repo_on_hub
from core.catalogue.records import ModelFacts, Page, Query
from core.engine import Engine
from core.errors import Failure, UnsupportedHandle
from core.handles import parse_handle
from gui import wording, wording_model
from gui import wording_browse as words
from gui.browse import memory
from gui.browse.desk import BrowseDesk
from gui.browse.filters import FilterBar
from gui.browse.here import Here
from gui.browse.model_page import ModelPage
from gui.browse.results_model import ResultsModel
from gui.browse.results_view import ResultsView
from gui.browse.start_list import StartList
from gui.choosing.desk import ChoosingDesk
from gui.parts import named, plain_label, splitter
from gui.style.icons import icon
from gui.style.theme import Theme

PAUSE_MS = 250  # of typing, before it is looked for
LIST_LEAST_PX = 290
PAGE_LEAST_PX = 280
LIST_WIDTH_PX = 420
MARGIN_PX = 12


class SearchEdit(QLineEdit):
    """The search field: Down goes on to the list, Escape empties it.

    Signals:
        left: A person goes on to the list.
    """

    left = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Down:
                self.left.emit()
            case Qt.Key.Key_Escape if self.text():
                self.clear()
            case _:
                super().keyPressEvent(event)


class BrowsePanel(QWidget):
    """Browse.

    Attributes:
        search: The search field.
        filters: What narrows the search.
        results: The list of results.
        start: What stands in its place while nothing is looked for.
        page: The page of a model.

    Signals:
        said: A sentence about what happened.
    """

    said = Signal(str)

    def __init__(self, engine: Engine, desk: BrowseDesk, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("browsePanel")
        self.setAccessibleName(words.panel_name())
        self._engine, self._desk, self._theme = engine, desk, theme
        self._here = Here(engine, self)
        self._choosing: ChoosingDesk | None = None
        self._is_attended = self._is_entering = False
        self._recent: tuple[Query, ...] = ()
        self._asked: Query | None = None
        self._build()
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._pause.timeout.connect(self._look)
        self._connect()
        self._paint()
        self._show_start()

    # -- building ----------------------------------------------------------------------------------------------

    def _build(self) -> None:
        self.search = named(SearchEdit(), "searchEdit")
        self.search.setAccessibleName(words.search_name())
        self.search.setPlaceholderText(words.search_placeholder(self._desk.host))
        self.search.setClearButtonEnabled(True)
        self.search.setMaxLength(1000)
        self._lens = QAction(self.search)
        self.search.addAction(self._lens, QLineEdit.ActionPosition.LeadingPosition)
        self.filters = FilterBar()
        self.start = StartList(self._theme)
        self.results = ResultsView(self._theme)
        self.model = ResultsModel(self._desk.book.get, self._here.state, lambda: self._desk.has_more, self)
        self.results.set_results(self.model)
        self._stack = QStackedWidget()
        for page in (self.start, self.results, self._build_words()):
            self._stack.addWidget(page)
        left = QWidget()
        left.setMinimumWidth(LIST_LEAST_PX)
        column = QVBoxLayout(left)
        column.setContentsMargins(0, MARGIN_PX, 0, 0)
        column.setSpacing(8)
        fields = QVBoxLayout()
        fields.setContentsMargins(MARGIN_PX, 0, MARGIN_PX, 0)
        fields.setSpacing(8)
        fields.addWidget(self.search)
        fields.addWidget(self.filters)
        column.addLayout(fields)
        column.addWidget(self._stack, 1)
        self.page = ModelPage(self._theme)
        self.page.setMinimumWidth(PAGE_LEAST_PX)
        self.split = splitter(Qt.Orientation.Horizontal, "browseSplitter", left, self.page)
        self.split.setStretchFactor(1, 1)
        self._splits = {"browse_splitter": self.split, "page_splitter": self.page.split}
        self.split.setSizes([LIST_WIDTH_PX, 2 * LIST_WIDTH_PX])
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.split)

    def _build_words(self) -> QWidget:
        """What is said in place of results."""
        page = QWidget()
        self._title = plain_label(name="searchTitle")
        self._told = plain_label(name="searchWords", muted=True)
        self._button = named(QPushButton(), "searchButton")
        self._button.clicked.connect(self._on_button)
        column = QVBoxLayout(page)
        column.setContentsMargins(24, 24, 24, 24)
        column.setSpacing(8)
        for label in (self._title, self._told):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            column.addWidget(label)
        column.addWidget(self._button, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(1)
        return page

    def _connect(self) -> None:
        desk = self._desk
        self.search.textChanged.connect(lambda _: self._pause.start())
        self.search.returnPressed.connect(self._on_return)
        self.search.left.connect(self._focus_list)
        self.filters.changed.connect(self._look)
        self.start.chosen.connect(self.show_query)
        self.start.left.connect(self.search.setFocus)
        self.results.opened.connect(self.open_model)
        self.results.entered.connect(lambda repo: self.open_model(repo, enter=True))
        self.results.left.connect(self.search.setFocus)
        self.results.seen.connect(desk.see)
        self.model.more_wanted.connect(desk.more)
        desk.found.connect(self._show_found)
        desk.found_more.connect(lambda page: self.model.append(page.found))
        desk.search_failed.connect(self._show_failure)
        desk.more_failed.connect(lambda failure: self.said.emit(words.more_failed(failure)))
        desk.sized.connect(self.model.touch)
        desk.facts_came.connect(self._show_facts)
        desk.facts_failed.connect(self.page.show_failure)
        desk.card_came.connect(self.page.show_card)
        desk.card_failed.connect(self.page.show_card_failure)
        desk.revisions_came.connect(self.page.show_revisions)
        self._here.changed.connect(self.model.touch_all)
        self.page.left.connect(self._leave_page)
        self.page.said.connect(self.said)
        self.page.retry_asked.connect(self._desk.open)
        self.page.revision_asked.connect(self._desk.open)
        self._theme.changed.connect(self._paint)

    def _paint(self) -> None:
        self._lens.setIcon(icon("search", self._theme.tokens, role="muted"))

    # -- searching ---------------------------------------------------------------------------------------------

    def show_query(self, query: Query) -> None:
        """Show a whole search and look for it."""
        self.filters.show_query(query)
        self.search.setText(query.text)
        self._pause.stop()
        self._asked = None
        self._look()
        self.results.setFocus()

    def query(self) -> Query:
        """Return what is asked for now; of a link to a model, its name is looked for."""
        text = self.search.text()
        return self.filters.query(self._linked(text) or text)

    @staticmethod
    def _linked(text: str) -> str:
        """Return the model that a text names in full; empty for words."""
        if "/" not in text or len(text) > 1000:
            return ""
        try:
            handle = parse_handle(text.strip())
        except UnsupportedHandle:
            return ""
        return repo_on_hub(handle.hub, handle.repo)

    def _look(self) -> None:
        """Look for what is asked, unless it is what was looked for last."""
        self._pause.stop()
        query = self.query()
        if query == self._asked:
            return
        if query.is_empty and not self.filters.active():
            self._show_start()
            return
        self._asked = query
        self._desk.search(query)
        if not self.model.rowCount():
            self._say(words.searching(), "")

    def _on_return(self) -> None:
        """Look at once; what names a model in full is opened, else the list is gone to."""
        linked = self._linked(self.search.text())
        self._look()
        self._remember()
        if linked:
            self.open_model(linked, enter=True)
        else:
            self._focus_list()

    def _show_start(self) -> None:
        self._asked = None
        self._desk.forget_search()
        self.model.show(())
        self.start.show_recent(self._recent)
        self._stack.setCurrentWidget(self.start)

    def _show_found(self, page: Page) -> None:
        self.model.show(page.found)
        if not page.found:
            self._say(words.nothing_found(), words.nothing_found_how())
            if self.filters.active():
                self._offer("filters", words.take_filters_away())
            return
        self._stack.setCurrentWidget(self.results)
        self.results.setCurrentIndex(self.model.index(0))
        self.results.select_repo(self.page.repo)

    def _show_failure(self, failure: Failure, wait: float) -> None:
        self.model.show(())
        told = words.told(failure)
        self._say(words.cannot_search(), f"{told} {words.waiting(wait)}" if wait else told)
        self._offer("retry", words.try_again())

    def _say(self, title: str, text: str) -> None:
        self._title.setText(title)
        self._told.setText(text)
        self._button.hide()
        self._stack.setCurrentIndex(2)

    def _offer(self, what: str, text: str) -> None:
        self._button.setText(text)
        self._button.setProperty("offer", what)
        self._button.show()

    def _on_button(self) -> None:
        if self._button.property("offer") == "filters":
            self.filters.show_query(Query())
        self._asked = None
        self._look()

    def _remember(self) -> None:
        query = self.query()
        if query.text.strip() or query.author:
            self._recent = memory.remember(self._recent, query)

    # -- a model -----------------------------------------------------------------------------------------------

    def open_model(self, repo: str, *, enter: bool = False) -> None:
        """Show the page of a model; with `enter` the keyboard goes there once there is something to choose."""
        self._remember()
        if repo == self.page.repo and self.page.listing is not None:
            if enter:
                self.page.focus_first()
            return
        self._is_entering = enter
        self.page.show_waiting(repo)
        self.results.select_repo(repo)
        self._desk.open(repo)

    def _show_facts(self, facts: ModelFacts) -> None:
        self.page.show_facts(facts, where=self._where())
        if self._is_entering and self.results.hasFocus():
            self.page.focus_first()
        self._is_entering = False

    def _where(self) -> str:
        return wording_model.pull_where(wording.folder(self._engine.root), self._engine.totals.free_bytes)

    def _leave_page(self) -> None:
        self._focus_list()

    # -- keyboard and memory -----------------------------------------------------------------------------------

    def focus_search(self) -> None:
        """Bring the keyboard to the search field."""
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def _focus_list(self) -> None:
        page = self._stack.currentWidget()
        if page in (self.start, self.results):
            page.setFocus(Qt.FocusReason.OtherFocusReason)
        elif self._button.isVisible():
            self._button.setFocus()
        else:
            self.search.setFocus()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._here.look()
        if self._choosing is None:
            return
        if not self._is_attended:
            self._is_attended = True
            self._choosing.serve(self.page.choices)
        else:
            self._choosing.look(self.page.choices, self._engine.root)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._desk.see([])

    def attend(self, choosing: ChoosingDesk) -> None:
        """Let a desk say what fits this machine, and pull what is chosen."""
        self._choosing = choosing
        self.page.pull_asked.connect(choosing.pull)

    def save(self) -> dict[str, str]:
        """Return what is remembered, for the settings."""
        places = {name: bytes(split.saveState().toBase64().data()).decode() for name, split in self._splits.items()}
        return {memory.KEY: memory.to_text(self._recent)} | places

    def restore(self, layout: Mapping[str, str]) -> None:
        """Take back what was remembered."""
        self._recent = memory.of_layout(layout)
        places = {name: layout[name].encode("ascii", "replace") for name in self._splits if name in layout}
        # Once the panel has its size: a splitter shares out what it has when it is told.
        QTimer.singleShot(0, self, lambda: self._restore_places(places))
        if self._stack.currentWidget() is self.start:
            self.start.show_recent(self._recent)

    def _restore_places(self, places: Mapping[str, bytes]) -> None:
        for name, state in places.items():
            self._splits[name].restoreState(QByteArray.fromBase64(state))

    async def aclose(self) -> None:
        """Stop asking and reading."""
        if self._choosing is not None:
            self._choosing.leave(self.page.choices)
        await self._here.aclose()
        await self._desk.aclose()
