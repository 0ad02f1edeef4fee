"""The main window: puts tool bar, left bar, tree, details and status bar together, and ends them in order.

Knows the rooms of the window and the signals between them. Must not know how anything is downloaded: it sends
commands to the engine and listens. It never waits: closing emits `stop_requested`, and `finish` closes for real.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QStackedWidget, QTreeView, QVBoxLayout, QWidget

from core.commands import Command
from core.engine import Engine
from core.errors import StoreError
from core.settings import SettingsStore
from core.states import ITEM_SIGNALS, TASK_SIGNALS
from gui import steering
from gui import wording_window as words
from gui.actions import Actions
from gui.details.pane import DetailsPane
from gui.dialogs.about import AboutDialog
from gui.dialogs.leave import ask_quit
from gui.dialogs.shortcuts import ShortcutsDialog
from gui.drop import acceptable
from gui.empty_pages import EmptyPage, NoMatchPage
from gui.filters import StatusGroup, count_groups
from gui.intake import Intake
from gui.layout_memory import LayoutMemory
from gui.menus import fill_menu_bar, row_menu
from gui.notices import Notice, NoticeStrip, UnkeptStrip, find_notices
from gui.parts import splitter
from gui.row_actions import RowActions
from gui.settings.dialog import SettingsDialog
from gui.settings.opening import Desks, open_settings
from gui.sidebar.places import Pages, Place, SideBar
from gui.status_bar import StatusBar
from gui.style.theme import Theme
from gui.support import Support
from gui.toolbar import ToolBar
from gui.tree.view import TaskTreeView

if TYPE_CHECKING:
    from gui.browse.desk import BrowseDesk
    from gui.browse.panel import BrowsePanel

FIRST_SIZE = (1120, 680)
LEAST_SIZE = (720, 420)
SIDE_WIDTH_PX = 200
DETAILS_HEIGHT_PX = 256
LIST_LEAST_PX = 96


class MainWindow(QMainWindow):
    """The window over one engine.

    Attributes:
        tree: The list of downloads.
        actions_: Every QAction by its objectName.

    Signals:
        stop_requested: A person wants to quit; emitted once. Stop the engine, then call `finish`.
        settings_changed: Settings that a person applied; they are saved already.
    """

    stop_requested = Signal()
    settings_changed = Signal(object)

    def __init__(
        self,
        engine: Engine,
        settings_store: SettingsStore,
        theme: Theme,
        *,
        endpoint: str = "",
        desks: Desks | None = None,
        browse: "Callable[[], BrowseDesk] | None" = None,
    ) -> None:
        super().__init__()
        self.setObjectName("mainWindow")
        self.setWindowTitle(words.title())
        self.setMinimumSize(*LEAST_SIZE)
        self.resize(*FIRST_SIZE)
        self.setAcceptDrops(True)
        self._engine = engine
        self._store = settings_store
        self._theme = theme
        self._desks = desks or Desks()
        self._is_stopping = False
        self._may_close = False
        self._quit_question: QWidget | None = None
        self.actions_ = Actions(theme, self)
        for action in self.actions_:
            self.addAction(action)  # shortcuts hold while a menu is hidden
        self.browse: BrowsePanel | None = None  # made when it is wanted: the window opens sooner
        self._browse_desk = browse
        self._build()
        self._intake = Intake(engine, theme, self, endpoint=endpoint, prepare=self._desks.prepare)
        self._rows = RowActions(engine, self.actions_, self, selected=self._ids_selected, endpoint=endpoint)
        self._support = Support(engine, settings_store, self.actions_, self, endpoint=endpoint)
        self._soon = QTimer(self, singleShot=True, interval=0)  # a burst of changes is looked at once
        self._soon.timeout.connect(self._refresh)
        self._connect_actions()
        self._connect_rooms()
        self._connect_engine()
        self._layout = LayoutMemory(
            self,
            self.tree,
            {"side_splitter": self._across, "details_splitter": self._down},
            {
                "side": (self._side, self.actions_["actionToggleSidebar"]),
                "details": (self.details, self.actions_["actionToggleDetails"]),
            },
        )
        self._layout.restore(settings_store.current.layout)
        self._side.setVisible(self.actions_["actionToggleSidebar"].isChecked())
        self._refresh()
        self._show_totals()
        if settings_store.warning:
            self.status.say(settings_store.warning)

    # -- building ----------------------------------------------------------------------------------------------

    def _build(self) -> None:
        self.toolbar = ToolBar(self.actions_, self._theme, self)
        self.addToolBar(self.toolbar)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        fill_menu_bar(self.menuBar(), self.actions_)
        self._row_menu = row_menu(self.actions_, self)
        self._side = SideBar(self._theme, has_browse=self._browse_desk is not None)
        self.status_filter = self._side.status_filter
        self.tree = TaskTreeView(self._theme)
        self.tree.set_engine(self._engine)
        self._empty = EmptyPage(self._theme)
        self._no_match = NoMatchPage(self._theme)
        self._stack = QStackedWidget()
        self._stack.setMinimumHeight(LIST_LEAST_PX)
        for page in (self.tree, self._empty, self._no_match):
            self._stack.addWidget(page)
        self.notices = NoticeStrip(self._theme)
        self.details = DetailsPane(self._engine, self._theme)
        lists = QWidget()
        column = QVBoxLayout(lists)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for strip in (UnkeptStrip(self._engine, self._theme), self.notices):
            column.addWidget(strip)
        column.addWidget(self._stack, 1)
        self._down = splitter(Qt.Orientation.Vertical, "detailsSplitter", lists, self.details)
        self._down.setSizes([FIRST_SIZE[1] - DETAILS_HEIGHT_PX, DETAILS_HEIGHT_PX])
        self._down.setStretchFactor(0, 1)
        self.pages = Pages(self._side, self._down, self._make_browse if self._browse_desk is not None else None)
        self._across = splitter(Qt.Orientation.Horizontal, "sideSplitter", self._side, self.pages)
        self._across.setSizes([SIDE_WIDTH_PX, FIRST_SIZE[0] - SIDE_WIDTH_PX])
        self._across.setStretchFactor(1, 1)
        self.setCentralWidget(self._across)
        self.status = StatusBar(self._theme, self)
        self.setStatusBar(self.status)
        self.tree.setFocus()

    # -- wiring ------------------------------------------------------------------------------------------------

    def _connect_actions(self) -> None:
        slots = {
            "actionAdd": self._intake.open_add,
            "actionPaste": self._intake.paste,
            "actionImport": self._intake.open_import,
            "actionExport": self._intake.open_export,
            "actionSelectAll": self._select_all,
            "actionChooseFiles": lambda: self._intake.choosing.open_for_rows(self.tree.ids_selected()),
            "actionProperties": lambda: self._show_details(self.details.overview),
            "actionFilter": self._focus_filter,
            "actionBrowse": self._open_browse,
            "actionSettings": self.open_settings,
            "actionEnterToken": self._enter_token,
            "actionShortcuts": lambda: ShortcutsDialog(self.actions_, self).open(),
            "actionAbout": lambda: AboutDialog(self).open(),
            "actionQuit": self.close,
        }
        for name, slot in slots.items():
            self.actions_[name].triggered.connect(lambda _=False, slot=slot: slot())
        self.actions_["actionToggleSidebar"].toggled.connect(self._side.setVisible)
        self.actions_["actionToggleDetails"].toggled.connect(lambda _: self._refresh())

    def _connect_rooms(self) -> None:
        for room in (self._intake, self._rows, self._support):
            room.said.connect(self.status.say)
        for desk in self._desks.there():
            desk.said.connect(self.status.say)
        self.tree.refused.connect(self.status.say)
        self.details.refused.connect(self.status.say)
        self.details.page_asked.connect(self._rows.open_page_of)
        self.details.token_asked.connect(self._enter_token)
        self.details.folder_asked.connect(lambda task_id: self._rows.relocate([(task_id, None)]))
        self._intake.added.connect(lambda ids: self.tree.select_task(ids[0]))
        self.actions_.enable("actionBrowse", self._browse_desk is not None)
        self.pages.changed.connect(lambda _: self._refresh())
        self._rows.moved.connect(self._show_queue_order)
        self.tree.selection_changed_ids.connect(self._soon.start)
        self.tree.context_menu_requested.connect(self._popup_row_menu)
        self.tree.activated_row.connect(self._on_activated)
        self.toolbar.filter.textChanged.connect(self.tree.proxy.set_text)
        self.toolbar.filter.left.connect(self.tree.setFocus)
        self.status_filter.status_changed.connect(self._on_status_changed)
        for signal in (
            self.tree.proxy.rowsInserted, self.tree.proxy.rowsRemoved, self.tree.proxy.modelReset,
            self.tree.proxy.layoutChanged,
        ):  # fmt: skip
            signal.connect(self._soon.start)
        self._empty.example_chosen.connect(lambda text: self._intake.submit(text))
        self._no_match.clear_pressed.connect(self._clear_filter)
        self.notices.pressed.connect(self._on_notice)

    def _connect_engine(self) -> None:
        engine = self._engine
        names = ["task_added", "task_removed", "task_moved", "task_relocated", "items_added"]
        for name in (*names, *TASK_SIGNALS.values(), *ITEM_SIGNALS.values()):
            getattr(engine, name).connect(lambda *_: self._soon.start())
        engine.totals_updated.connect(self._show_totals)

    # -- showing -----------------------------------------------------------------------------------------------

    def _refresh(self) -> None:
        """Bring everything up to date that depends on states and the selection."""
        tasks = self._engine.tasks
        self._stack.setCurrentWidget(self._page(bool(tasks)))
        self.details.setVisible(bool(tasks) and self.actions_["actionToggleDetails"].isChecked())
        self._rows.update_enabled()
        self.status_filter.set_counts(count_groups(tasks))
        rows = steering.known(self._engine, self.tree.ids_selected())
        self.details.show_row(rows[0] if rows else None)
        self.notices.offer(find_notices(tasks, self._engine.totals))

    def _page(self, has_tasks: bool) -> QWidget:
        if not has_tasks:
            return self._empty
        return self.tree if self.tree.proxy.rowCount() else self._no_match

    def _show_totals(self) -> None:
        totals = self._engine.totals
        self.status.show_totals(totals)
        self.notices.offer(find_notices(self._engine.tasks, totals))

    def _on_status_changed(self, group: StatusGroup) -> None:
        self.tree.proxy.set_status(group)
        self._soon.start()

    def _clear_filter(self) -> None:
        self.toolbar.filter.clear()
        self.tree.proxy.apply_text()
        self.status_filter.select_key(StatusGroup.ALL)
        self.tree.setFocus()

    def _show_queue_order(self) -> None:
        if not self.tree.is_in_queue_order:
            self.tree.sort_by_queue()

    def _show_details(self, tab: QWidget) -> None:
        self.actions_["actionToggleDetails"].setChecked(True)
        self.details.tabs.setCurrentWidget(tab)
        self.details.tabs.tabBar().setFocus()

    def _ids_selected(self) -> list[steering.Row]:
        """Return the rows that commands are about: none that cannot be seen."""
        return self.tree.ids_selected() if self.pages.place is Place.DOWNLOADS else []

    def _make_browse(self) -> QWidget:
        from gui.browse.panel import BrowsePanel

        assert self._browse_desk is not None
        panel = self.browse = BrowsePanel(self._engine, self._browse_desk(), self._theme)
        panel.said.connect(self.status.say)
        panel.attend(self._intake.choosing)
        panel.restore(self._store.current.layout)
        return panel

    def _open_browse(self) -> None:
        self.pages.go(Place.BROWSE)
        if self.browse is not None:
            self.browse.focus_search()

    def _focus_filter(self) -> None:
        self.pages.go(Place.DOWNLOADS)
        self.toolbar.filter.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.toolbar.filter.selectAll()

    def _select_all(self) -> None:
        focus = QApplication.focusWidget()
        view = focus if isinstance(focus, QTreeView) and self.isAncestorOf(focus) else self.tree
        view.selectAll()

    def _popup_row_menu(self, place: QPoint) -> None:
        if self.tree.ids_selected():
            self._refresh()
            self._row_menu.popup(place)

    def _on_activated(self, task_id: str, item_id: str | None) -> None:
        """Open the folder of a finished file; the tree opens and closes models by itself."""
        if item_id is None or not steering.known(self._engine, [(task_id, item_id)]):
            return
        item = self._engine.task(task_id).items[item_id]
        if steering.is_done(item):
            self._rows.open_folder()

    def _on_notice(self, notice: Notice, button: str) -> None:
        match button:
            case "retry":
                rows: list[steering.Row] = [(task.id, None) for task in self._engine.tasks]
                self.status.say(steering.send(self._engine, Command.RETRY, rows))
            case "settings":
                self.open_settings()
            case "page":
                self._rows.open_page_of(notice.task_id)
            case "token":
                self._enter_token()

    # -- coming in ----------------------------------------------------------------------------------------------

    def add_texts(self, texts: list[str], *, ask: bool) -> None:
        """Take handles from the command line or a second start; with `ask` nothing starts before a yes."""
        if texts and not self._is_stopping:
            self._intake.submit("\n".join(texts), ask=ask)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if acceptable(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        self._intake.take_mime(event.mimeData())

    # -- settings -----------------------------------------------------------------------------------------------

    def _enter_token(self) -> None:
        self.open_settings().show_accounts()

    def open_settings(self) -> SettingsDialog:
        """Show the settings."""
        dialog = open_settings(self._store, self._desks, self._theme, root=self._engine.root, parent=self)
        dialog.applied.connect(self._apply)
        return dialog

    def _apply(self, changes: dict[str, Any]) -> None:
        self._save(changes)
        self.settings_changed.emit(self._store.current)

    def _save(self, changes: dict[str, Any]) -> None:
        try:
            self._store.update(changes)
        except StoreError as error:
            self.status.say(f"{error.message}. {error.meaning}")

    # -- the end ------------------------------------------------------------------------------------------------

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._may_close:
            event.accept()
            return
        event.ignore()
        if self._is_stopping or self._quit_question is not None:
            return
        live = sum(task.state.is_live for task in self._engine.tasks)
        if live and self._store.current.ask_before_quit:
            question = ask_quit(self, live, then=self._quit)
            self._quit_question = question
            question.finished.connect(self._on_quit_answered)
        else:
            self._stop()

    def _on_quit_answered(self) -> None:
        self._quit_question = None

    def _quit(self, ask_again: bool) -> None:
        if not ask_again:
            self._apply({"ask_before_quit": False})
        self._stop()

    def _stop(self) -> None:
        self._is_stopping = True
        for part in (self.menuBar(), self.toolbar, self._across):
            part.setEnabled(False)
        for action in self.actions_:
            action.setEnabled(False)
        self.setAcceptDrops(False)
        self._soon.stop()
        self.status.showMessage(words.stopping())
        self.stop_requested.emit()

    def finish(self) -> None:
        """Remember the layout and close for real; whoever holds the engine has stopped it."""
        self._is_stopping = self._may_close = True
        browse = self.browse.save() if self.browse is not None else {}
        self._save({"layout": self._store.current.layout | self._layout.save() | browse})
        self.close()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.WindowStateChange and not self.isMinimized():
            self.details.refresh()
