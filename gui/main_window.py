"""The main window: puts tool bar, left bar, tree, details and status bar together, and ends them in order.

Knows the rooms of the window and the signals between them. Must not know how anything is downloaded: it sends
commands to the engine and listens. It never waits: closing emits `stop_requested`, and `finish` closes for real.
"""

from typing import Any

from PySide6.QtCore import QEvent, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QSplitter, QStackedWidget, QTreeView, QVBoxLayout, QWidget

from core.commands import Command
from core.engine import Engine
from core.errors import StoreError
from core.settings import Settings, SettingsStore
from core.states import ITEM_SIGNALS, TASK_SIGNALS
from gui import steering, wording
from gui import wording_window as words
from gui.actions import Actions
from gui.api_switch import ApiSwitch
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
from gui.network_desk import NetworkDesk
from gui.notices import Notice, NoticeStrip, UnkeptStrip, find_notices
from gui.row_actions import RowActions
from gui.settings.dialog import SettingsDialog
from gui.settings.local_api import LocalApiPage
from gui.settings.network import NetworkPage
from gui.sidebar.status_filter import StatusFilter
from gui.status_bar import StatusBar
from gui.style.theme import Theme
from gui.support import Support
from gui.toolbar import ToolBar
from gui.tree.view import TaskTreeView

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
        api: ApiSwitch | None = None,
        network: NetworkDesk | None = None,
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
        self._api = api
        self._network = network
        self._is_stopping = False
        self._may_close = False
        self._quit_question: QWidget | None = None
        self.actions_ = Actions(theme, self)
        for action in self.actions_:
            self.addAction(action)  # shortcuts hold while a menu is hidden
        self._build()
        self._intake = Intake(engine, theme, self, endpoint=endpoint)
        self._rows = RowActions(engine, self.actions_, self, selected=self.tree.ids_selected, endpoint=endpoint)
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
        self._side = self._build_side()
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
        self._down = _splitter(Qt.Orientation.Vertical, "detailsSplitter", lists, self.details)
        self._down.setSizes([FIRST_SIZE[1] - DETAILS_HEIGHT_PX, DETAILS_HEIGHT_PX])
        self._down.setStretchFactor(0, 1)
        self._across = _splitter(Qt.Orientation.Horizontal, "sideSplitter", self._side, self._down)
        self._across.setSizes([SIDE_WIDTH_PX, FIRST_SIZE[0] - SIDE_WIDTH_PX])
        self._across.setStretchFactor(1, 1)
        self.setCentralWidget(self._across)
        self.status = StatusBar(self._theme, self)
        self.setStatusBar(self.status)
        self.tree.setFocus()

    def _build_side(self) -> QWidget:
        side = QWidget()
        side.setObjectName("sideBar")
        side.setProperty("side", True)
        side.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        side.setMinimumWidth(140)
        side.setMaximumWidth(360)
        self.status_filter = StatusFilter(self._theme)
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 8, 0, 8)
        column.addWidget(self.status_filter)
        return side

    # -- wiring ------------------------------------------------------------------------------------------------

    def _connect_actions(self) -> None:
        slots = {
            "actionAdd": self._intake.open_add,
            "actionPaste": self._intake.paste,
            "actionImport": self._intake.open_import,
            "actionExport": self._intake.open_export,
            "actionSelectAll": self._select_all,
            "actionChooseFiles": lambda: self._show_details(self.details.files),
            "actionProperties": lambda: self._show_details(self.details.overview),
            "actionFilter": self._focus_filter,
            "actionSettings": self.open_settings,
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
        for desk in (self._api, self._network):
            if desk is not None:
                desk.said.connect(self.status.say)
        self.tree.refused.connect(self.status.say)
        self.details.refused.connect(self.status.say)
        self.details.folder_asked.connect(lambda task_id: self._rows.relocate([(task_id, None)]))
        self._intake.added.connect(lambda ids: self.tree.select_task(ids[0]))
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

    def _focus_filter(self) -> None:
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

    def _on_notice(self, notice: Notice) -> None:
        match notice.button:
            case "retry":
                rows: list[steering.Row] = [(task.id, None) for task in self._engine.tasks]
                self.status.say(steering.send(self._engine, Command.RETRY, rows))
            case "settings":
                self.open_settings()
            case "page":
                self._rows.open_page_of(notice.task_id)

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

    def open_settings(self) -> None:
        """Show the settings."""

        def now() -> Settings:
            return self._store.current

        is_default = self._store.current.models_dir is None
        dialog = SettingsDialog(
            self._store.current,
            default_dir=wording.folder(self._engine.root) if is_default else words.default_folder(),
            folder_now=str(self._engine.root),
            api=LocalApiPage(now, self._api, self._theme) if self._api else None,
            network=NetworkPage(now, self._network, self._theme) if self._network else None,
            parent=self,
        )
        dialog.applied.connect(self._apply)
        dialog.open()

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
        self._save({"layout": self._layout.save()})
        self.close()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.WindowStateChange and not self.isMinimized():
            self.details.refresh()


def _splitter(direction: Qt.Orientation, name: str, *parts: QWidget) -> QSplitter:
    splitter = QSplitter(direction)
    splitter.setObjectName(name)
    splitter.setHandleWidth(1)
    splitter.setChildrenCollapsible(False)
    for part in parts:
        splitter.addWidget(part)
    return splitter
