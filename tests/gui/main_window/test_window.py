"""The window shows the right page and notice, remembers its places, and ends in order."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from core.errors import AccessDenied, GatedModel
from core.handles import EXAMPLES
from core.settings import Settings, SettingsStore
from core.states import ItemState, TaskState
from gui.dialogs.ask import AskDialog
from gui.filters import StatusGroup
from gui.main_window import MainWindow
from gui.settings.dialog import SettingsDialog
from tests.fakes.engine import FakeEngine
from tests.gui.main_window.conftest import FakeDesktop, add, enabled, select, settle

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # offscreen, of dialogs and menus

CONTROL = Qt.KeyboardModifier.ControlModifier


def text(window: MainWindow, name: str) -> str:
    label = window.findChild(QLabel, name)
    assert label is not None
    return label.text()


def question(window: MainWindow, name: str) -> AskDialog:
    found = [dialog for dialog in window.findChildren(AskDialog, name) if dialog.isVisible()]
    assert len(found) == 1
    return found[0]


# -- pages and names -------------------------------------------------------------------------------------------


def test_widgets_have_the_names_that_tests_and_screen_readers_look_for(window: MainWindow) -> None:
    assert window.objectName() == "mainWindow"
    for name in ("taskTree", "statusFilter", "filterEdit", "detailsTabs", "statusBar"):
        found = window.findChild(QWidget, name)
        assert found is not None, name
    for name in ("taskTree", "statusFilter", "filterEdit"):
        part = window.findChild(QWidget, name)
        assert part is not None and part.accessibleName()


def test_an_empty_list_teaches_with_examples_that_work(window: MainWindow, engine: FakeEngine) -> None:
    assert window._stack.currentWidget() is window._empty
    buttons = [window.findChild(QPushButton, f"example{number}") for number in range(3)]
    assert [button.text() for button in buttons if button] == list(EXAMPLES)
    for button in buttons:
        assert button is not None
        button.click()
    assert len(engine.calls) == 3
    settle(window)
    assert window._stack.currentWidget() is window.tree


def test_a_filter_that_hides_everything_offers_to_be_cleared(window: MainWindow, engine: FakeEngine) -> None:
    add(engine, "a/a", TaskState.PAUSED)
    window.toolbar.filter.setText("zzz")
    window.tree.proxy.apply_text()
    window.status_filter.select_key(StatusGroup.FAILED)
    settle(window)
    assert window._stack.currentWidget() is window._no_match
    button = window.findChild(QPushButton, "clearFilter")
    assert button is not None
    button.click()
    settle(window)
    assert window._stack.currentWidget() is window.tree
    assert window.toolbar.filter.text() == "" and window.status_filter.status is StatusGroup.ALL


def test_the_status_filter_counts_and_filters(window: MainWindow, engine: FakeEngine) -> None:
    add(engine, "a/a", TaskState.PAUSED)
    add(engine, "b/b", TaskState.DONE)
    settle(window)
    window.status_filter.select_key(StatusGroup.COMPLETED)
    assert window.tree.proxy.rowCount() == 1
    assert "1" in str(window.status_filter.currentItem().data(Qt.ItemDataRole.AccessibleTextRole))


# -- status bar ------------------------------------------------------------------------------------------------


def test_the_status_bar_says_space_activity_speed_and_time(window: MainWindow, engine: FakeEngine) -> None:
    engine.script_totals(
        active=2, queued=1, rate=59.9e6, eta_s=480.0, need_bytes=29_400_000_000, free_bytes=83_100_000_000
    )
    assert text(window, "statusSpace") == "83.1 GB free · queue needs 29.4 GB"
    assert text(window, "statusActivity") == "2 active, 1 queued"
    assert text(window, "statusSpeed") == "↓ 59.9 MB/s"
    assert text(window, "statusTimeLeft") == "8 min left"


@pytest.mark.parametrize(
    ("reachable", "says"), [(True, "reachable"), (False, "not reachable"), (None, "not asked yet")]
)
def test_the_dot_of_the_hub_speaks_too(
    window: MainWindow, engine: FakeEngine, reachable: bool | None, says: str
) -> None:
    engine.script_totals(hub="hub.example", hub_reachable=reachable)
    label = window.findChild(QLabel, "statusHub")
    assert label is not None and label.accessibleName() == f"hub.example: {says}"
    assert label.text() == "hub.example"


def test_nothing_is_said_of_space_that_is_not_known(window: MainWindow, engine: FakeEngine) -> None:
    engine.script_totals(free_bytes=None, need_bytes=0)
    assert text(window, "statusSpace") == ""


# -- notices ---------------------------------------------------------------------------------------------------


def press(window: MainWindow, name: str) -> None:
    button = window.notices.findChild(QWidget, name)
    assert button is not None and button.isVisible()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def test_an_unreachable_hub_has_a_sentence_and_a_button_that_tries_again(
    window: MainWindow, engine: FakeEngine
) -> None:
    add(engine, "a/a", TaskState.FAILED)
    add(engine, "b/b", TaskState.PAUSED)
    engine.script_totals(hub_reachable=False)
    assert "cannot be reached" in text(window, "noticeText")
    press(window, "noticeButton")
    assert engine.calls == [("retry", "a/a", None)]
    engine.script_totals(hub_reachable=True)
    assert window.notices.isHidden()


def test_too_little_space_leads_to_the_settings(window: MainWindow, engine: FakeEngine) -> None:
    engine.script_totals(free_bytes=1_000_000, need_bytes=2_000_000)
    assert "needs 2.00 MB" in text(window, "noticeText")
    press(window, "noticeButton")
    assert window.findChild(SettingsDialog) is not None


@pytest.mark.parametrize(("error", "says"), [(GatedModel, "accept its terms"), (AccessDenied, "HF_TOKEN")])
def test_a_model_that_needs_access_leads_to_its_page(
    window: MainWindow,
    engine: FakeEngine,
    desktop: FakeDesktop,
    error: type[GatedModel] | type[AccessDenied],
    says: str,
) -> None:
    engine.script_add("org/gated")
    engine.script_state("org/gated", TaskState.FAILED, failure=error("no").failure)
    settle(window)
    assert says in text(window, "noticeText")
    press(window, "noticeButton")
    assert desktop.opened == ["https://huggingface.co/org/gated"]


def test_a_hidden_notice_stays_hidden_until_its_cause_comes_back(window: MainWindow, engine: FakeEngine) -> None:
    engine.script_totals(hub_reachable=False)
    press(window, "noticeClose")
    assert window.notices.isHidden()
    engine.script_totals(hub_reachable=False)
    assert window.notices.isHidden()
    engine.script_totals(hub_reachable=True)
    engine.script_totals(hub_reachable=False)
    assert window.notices.isVisible()


def test_behind_a_hidden_notice_the_next_one_shows(window: MainWindow, engine: FakeEngine) -> None:
    engine.script_totals(hub_reachable=False, free_bytes=1, need_bytes=2)
    press(window, "noticeClose")
    assert "Not enough space" in text(window, "noticeText")


# -- removing --------------------------------------------------------------------------------------------------


def test_removing_says_in_numbers_what_stays(window: MainWindow, engine: FakeEngine) -> None:
    add(engine, "a/a", TaskState.RUNNING, size=2_000_000)
    engine.script_item("a/a", "file-0.gguf", ItemState.DONE)
    engine.script_progress("a/a", {"file-1.gguf": 500_000})
    select(window, "a/a")
    window.actions_["actionRemove"].trigger()
    dialog = question(window, "removeDialog")
    said = " ".join(label.text() for label in dialog.findChildren(QLabel))
    assert "Remove 1 model from the list?" in said
    assert "1 download still under way will stop." in said
    assert "2 files stay on the disk (2.00 MB complete, 500 kB unfinished)." in said
    dialog.accept_button.click()
    assert engine.calls == [("remove", "a/a", False)]


def test_deleting_says_in_numbers_what_is_lost_and_enter_cancels(window: MainWindow, engine: FakeEngine) -> None:
    add(engine, "a/a", TaskState.RUNNING, size=2_000_000)
    add(engine, "b/b", TaskState.DONE, size=2_000_000)
    engine.script_progress("a/a", {"file-1.gguf": 500_000})
    select(window, "a/a", "b/b")
    window.actions_["actionRemoveWithFiles"].trigger()
    dialog = question(window, "removeDialog")
    said = " ".join(label.text() for label in dialog.findChildren(QLabel))
    assert "Delete 2 models and their files?" in said
    assert "2 complete files will be deleted: 4.00 MB." in said
    assert "1 unfinished file will be deleted: 500 kB so far." in said
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    assert engine.calls == []
    window.actions_["actionRemoveWithFiles"].trigger()
    question(window, "removeDialog").accept_button.click()
    assert engine.calls == [("remove", "a/a", True), ("remove", "b/b", True)]


def test_a_model_that_goes_while_it_is_asked_about_is_passed_over(window: MainWindow, engine: FakeEngine) -> None:
    add(engine, "a/a", TaskState.PAUSED)
    select(window, "a/a")
    window.actions_["actionRemove"].trigger()
    engine.script_remove("a/a")
    question(window, "removeDialog").accept_button.click()
    assert engine.calls == []


def test_clear_completed_takes_done_rows_off_and_keeps_files(window: MainWindow, engine: FakeEngine) -> None:
    add(engine, "a/a", TaskState.DONE)
    add(engine, "b/b", TaskState.FAILED)
    settle(window)
    window.actions_["actionClearCompleted"].trigger()
    assert engine.calls == [("remove", "a/a", False)]
    assert window.status.currentMessage().startswith("1 completed model taken off")


# -- keyboard --------------------------------------------------------------------------------------------------


def test_the_keyboard_reaches_filter_and_list(
    window: MainWindow, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(engine, "a/a", TaskState.RUNNING)
    settle(window)
    window.activateWindow()
    window.tree.setFocus()
    QTest.keyClick(window.tree, Qt.Key.Key_F, CONTROL)
    assert window.toolbar.filter.hasFocus()
    QTest.keyClicks(window.toolbar.filter, "a/")
    QTest.keyClick(window.toolbar.filter, Qt.Key.Key_Return)
    assert window.tree.hasFocus()
    QTest.keyClick(window.tree, Qt.Key.Key_A, CONTROL)
    assert ("a/a", None) in window.tree.ids_selected()
    settle(window)
    QTest.keyClick(window.tree, Qt.Key.Key_P, CONTROL)
    assert engine.calls == [("pause", "a/a", None)]
    opened: list[list[tuple[str, str | None]]] = []
    monkeypatch.setattr(window._intake.choosing, "open_for_rows", lambda rows: opened.append(list(rows)))
    QTest.keyClick(window.tree, Qt.Key.Key_F, CONTROL | Qt.KeyboardModifier.ShiftModifier)
    assert opened == [window.tree.ids_selected()]
    QTest.keyClick(window.tree, Qt.Key.Key_Delete)
    question(window, "removeDialog").reject()


def test_escape_empties_the_filter(window: MainWindow) -> None:
    window.toolbar.filter.setText("abc")
    QTest.keyClick(window.toolbar.filter, Qt.Key.Key_Escape)
    assert window.toolbar.filter.text() == ""


def test_tab_reaches_every_enabled_tool_button(window: MainWindow) -> None:
    seen = set()
    part: QWidget | None = window
    for _ in range(200):
        part = part.nextInFocusChain() if part else None
        if part is not None and part.focusPolicy() & Qt.FocusPolicy.TabFocus:
            seen.add(part.objectName() or part.accessibleName())
    assert {"Add", "Pause", "Settings", "filterEdit", "taskTree", "statusFilter"} <= seen


# -- layout and settings ---------------------------------------------------------------------------------------


def test_the_layout_is_remembered_over_two_windows(
    make_window: Callable[[], MainWindow], store: SettingsStore, qtbot: QtBot
) -> None:
    first = make_window()
    first.resize(760, 500)
    first._across.setSizes([190, 570])
    first._down.setSizes([180, 250])
    first.tree._header.fits = False  # as when a person drags a column
    first.tree.header().resizeSection(0, 333)
    side = first._across.sizes()[0]
    first.actions_["actionToggleSidebar"].trigger()
    sizes = first._down.sizes()
    first.finish()
    assert set(SettingsStore(store.path).load().layout) >= {"geometry", "tree", "side", "details"}
    second = make_window()
    assert (second.width(), second.height()) == (760, 500)
    assert second._side.isHidden() and not second.actions_["actionToggleSidebar"].isChecked()
    second.actions_["actionToggleSidebar"].trigger()
    qtbot.waitUntil(lambda: second._across.sizes()[0] == side)
    assert second._down.sizes() == pytest.approx(sizes, abs=2)
    assert second.tree.header().sectionSize(0) == 333


def test_a_spoiled_layout_is_ignored(make_window: Callable[[], MainWindow], store: SettingsStore) -> None:
    spoiled = dict.fromkeys(("geometry", "tree", "side_splitter", "details_splitter", "side"), "AAAA no base64 é")
    store.save(Settings(layout=spoiled))
    window = make_window()
    assert window.isVisible() and not window._side.isHidden()


def test_the_first_size_is_the_promised_one(engine: FakeEngine, window: MainWindow) -> None:
    assert (window.width(), window.height()) == (1120, 680)
    assert (window.minimumWidth(), window.minimumHeight()) == (720, 420)


def test_applied_settings_are_saved_and_told(window: MainWindow, store: SettingsStore, qtbot: QtBot) -> None:
    window.actions_["actionSettings"].trigger()
    dialog = window.findChild(SettingsDialog)
    assert dialog is not None
    dialog.general.tasks.setValue(7)
    with qtbot.waitSignal(window.settings_changed) as told:
        dialog.ok.click()
    assert told.args == [Settings(parallel_tasks=7)]
    assert SettingsStore(store.path).load().parallel_tasks == 7


def test_a_damaged_settings_file_is_said_and_the_window_opens(
    make_window: Callable[[], MainWindow], store: SettingsStore
) -> None:
    store.path.parent.mkdir(parents=True)
    store.path.write_text("{")
    assert "damaged" in make_window().status.currentMessage()


# -- the end ---------------------------------------------------------------------------------------------------


def test_without_downloads_closing_asks_nothing_and_stops_once(window: MainWindow, qtbot: QtBot) -> None:
    stops: list[bool] = []
    window.stop_requested.connect(lambda: stops.append(True))
    window.actions_["actionQuit"].trigger()
    window.close()
    assert stops == [True]
    assert window.isVisible()
    assert not window.toolbar.isEnabled() and not window.menuBar().isEnabled() and not enabled(window)
    window.finish()
    assert not window.isVisible()


def test_with_downloads_closing_asks_and_no_means_no(window: MainWindow, engine: FakeEngine) -> None:
    stops: list[bool] = []
    window.stop_requested.connect(lambda: stops.append(True))
    add(engine, "a/a", TaskState.RUNNING)
    window.close()
    window.close()  # a second click on the close button asks no second time
    dialog = question(window, "quitDialog")
    dialog.reject()
    assert stops == [] and window.isVisible() and window.toolbar.isEnabled()
    window.close()
    question(window, "quitDialog").accept_button.click()
    assert stops == [True]


def test_do_not_ask_again_is_remembered(window: MainWindow, engine: FakeEngine, store: SettingsStore) -> None:
    add(engine, "a/a", TaskState.RUNNING)
    window.close()
    dialog = question(window, "quitDialog")
    assert dialog.check is not None
    dialog.check.setChecked(True)
    dialog.accept_button.click()
    assert store.load().ask_before_quit is False


def test_with_asking_switched_off_closing_stops_at_once(
    make_window: Callable[[], MainWindow], engine: FakeEngine, store: SettingsStore, qtbot: QtBot
) -> None:
    store.save(Settings(ask_before_quit=False))
    window = make_window()
    add(engine, "a/a", TaskState.RUNNING)
    with qtbot.waitSignal(window.stop_requested):
        window.close()


def test_texts_that_come_while_it_stops_are_not_added(window: MainWindow, engine: FakeEngine) -> None:
    window.close()
    window.add_texts(["org/repo"], ask=False)
    assert engine.calls == []
