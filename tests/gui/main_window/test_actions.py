"""Every action has a name, a key and words, is enabled where the engine would accept it, and does what it says."""

from pathlib import Path

import pytest
from msgspec.structs import force_setattr
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtWidgets import QMenu, QToolButton
from pytestqt.qtbot import QtBot

from core.errors import GatedModel
from core.records import RemoteFile
from core.states import ItemState, TaskState
from gui.actions import SPECS
from gui.main_window import MainWindow
from tests.fakes.engine import FakeEngine
from tests.gui.main_window.conftest import FakeDesktop, add, enabled, select, settle

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # offscreen, of dialogs and menus

ALWAYS = {
    "actionAdd", "actionPaste", "actionImport", "actionQuit", "actionFilter", "actionToggleSidebar",
    "actionToggleDetails", "actionEnterToken", "actionLeftovers", "actionCopyDiagnostics", "actionSettings",
    "actionShortcuts", "actionAbout",
}  # fmt: skip
WITH_TASKS = ALWAYS | {"actionExport", "actionSelectAll"}
OF_A_ROW = {
    "actionMoveUp", "actionMoveDown", "actionRemove", "actionRemoveWithFiles", "actionOpenFolder", "actionOpenPage",
    "actionCopyId", "actionCopyLink", "actionCopyPath", "actionChooseFiles", "actionProperties",
}  # fmt: skip


def test_every_action_has_a_name_a_key_and_words(window: MainWindow) -> None:
    keys = []
    for action in window.actions_:
        assert action.objectName().startswith("action")
        assert action.text() and action.toolTip() and action.statusTip()
        assert not action.shortcut().isEmpty(), action.objectName()
        keys.append(action.shortcut().toString())
    assert len(keys) == len(set(keys)) == len(SPECS)


def test_the_keys_are_the_promised_ones(window: MainWindow) -> None:
    promised = {
        "actionAdd": "Ctrl+N", "actionResume": "Ctrl+S", "actionPause": "Ctrl+P", "actionRemove": "Del",
        "actionRemoveWithFiles": "Shift+Del", "actionMoveUp": "Ctrl+Up", "actionMoveDown": "Ctrl+Down",
        "actionOpenFolder": "Ctrl+E", "actionFilter": "Ctrl+F", "actionSettings": "Ctrl+,", "actionQuit": "Ctrl+Q",
        "actionPaste": "Ctrl+V", "actionSelectAll": "Ctrl+A", "actionVerify": "Ctrl+R",
    }  # fmt: skip
    for name, keys in promised.items():
        assert window.actions_[name].shortcut() == QKeySequence(keys)


def test_every_action_stands_in_a_menu(window: MainWindow) -> None:
    found: set[str] = set()

    def walk(menu: QMenu) -> None:
        for action in menu.actions():
            found.add(action.objectName())
            if isinstance(inner := action.menu(), QMenu):
                walk(inner)

    for top in window.menuBar().actions():
        menu = top.menu()
        assert isinstance(menu, QMenu)
        walk(menu)
    assert {action.objectName() for action in window.actions_} <= found


def test_without_tasks_only_what_needs_none_is_enabled(window: MainWindow) -> None:
    assert enabled(window) == ALWAYS


@pytest.mark.parametrize(
    ("state", "more"),
    [
        (TaskState.QUEUED, {"actionPause", "actionStartNow", "actionPauseAll"}),
        (TaskState.RUNNING, {"actionPause", "actionPauseAll"}),
        (TaskState.VERIFYING, {"actionPause", "actionPauseAll"}),
        (TaskState.PAUSED, {"actionResume", "actionStartNow", "actionResumeAll"}),
        (TaskState.FAILED, {"actionResume", "actionStartNow", "actionRetry"}),
        (TaskState.CANCELLED, {"actionResume", "actionStartNow"}),
        (TaskState.DONE, {"actionClearCompleted", "actionVerify"}),
    ],
)
def test_what_is_enabled_for_a_task_in_each_state(
    window: MainWindow, engine: FakeEngine, state: TaskState, more: set[str]
) -> None:
    add(engine, "org/repo", state)
    select(window, "org/repo")
    movable = set() if state in (TaskState.DONE, TaskState.CANCELLED) else {"actionRelocate"}
    assert enabled(window) == WITH_TASKS | OF_A_ROW | movable | more


def test_a_state_signal_is_enough_to_change_what_is_enabled(
    window: MainWindow, engine: FakeEngine, qtbot: QtBot
) -> None:
    add(engine, "org/repo", TaskState.RUNNING)
    select(window, "org/repo")
    assert "actionPause" in enabled(window)
    engine.script_state("org/repo", TaskState.PAUSED)
    qtbot.waitUntil(lambda: "actionResume" in enabled(window) and "actionPause" not in enabled(window))


def test_a_mixed_selection_sends_a_command_to_those_that_accept_it(window: MainWindow, engine: FakeEngine) -> None:
    add(engine, "a/a", TaskState.RUNNING)
    add(engine, "b/b", TaskState.PAUSED)
    add(engine, "c/c", TaskState.DONE)
    select(window, "a/a", "b/b", "c/c")
    assert {"actionPause", "actionResume"} <= enabled(window)
    window.actions_["actionPause"].trigger()
    assert engine.calls == [("pause", "a/a", None)]
    settle(window)
    window.actions_["actionResume"].trigger()
    assert engine.calls[1:] == [("resume", "a/a", None), ("resume", "b/b", None)]


def test_a_file_that_is_selected_with_its_model_is_not_asked_twice(window: MainWindow, engine: FakeEngine) -> None:
    add(engine, "a/a", TaskState.RUNNING)
    select(window, "a/a", "a/a//file-0.gguf")
    window.actions_["actionPause"].trigger()
    assert engine.calls == [("pause", "a/a", None)]


def test_a_single_file_can_be_paused_but_not_removed(window: MainWindow, engine: FakeEngine) -> None:
    add(engine, "a/a", TaskState.RUNNING)
    select(window, "a/a//file-0.gguf")
    assert "actionPause" in enabled(window)
    assert not {"actionRemove", "actionMoveUp"} & enabled(window)
    window.actions_["actionPause"].trigger()
    assert engine.calls == [("pause", "a/a", "file-0.gguf")]


def test_tool_buttons_call_the_engine(window: MainWindow, engine: FakeEngine) -> None:
    add(engine, "a/a", TaskState.RUNNING)
    add(engine, "b/b", TaskState.RUNNING)
    select(window, "b/b")
    buttons = {
        b.defaultAction().objectName(): b for b in window.toolbar.findChildren(QToolButton) if b.defaultAction()
    }
    for name in ("actionPause", "actionResume", "actionMoveUp", "actionMoveDown"):
        assert buttons[name].accessibleName() and buttons[name].toolTip()
        buttons[name].click()
        settle(window)
    assert [call[:3] for call in engine.calls] == [
        ("pause", "b/b", None), ("resume", "b/b", None), ("move", "b/b", 0), ("move", "b/b", 1),
    ]  # fmt: skip


def test_pause_all_and_resume_all_leave_failed_and_cancelled_ones_alone(
    window: MainWindow, engine: FakeEngine
) -> None:
    for number, state in enumerate((TaskState.RUNNING, TaskState.QUEUED, TaskState.FAILED, TaskState.CANCELLED)):
        add(engine, f"t/{number}", state)
    settle(window)
    window.actions_["actionPauseAll"].trigger()
    assert engine.calls == [("pause", "t/0", None), ("pause", "t/1", None)]
    engine.calls.clear()
    settle(window)
    window.actions_["actionResumeAll"].trigger()
    assert engine.calls == [("resume", "t/0", None), ("resume", "t/1", None)]


@pytest.mark.parametrize(
    ("chosen", "action", "order"),
    [
        ("bc", "actionMoveUp", "bcad"),
        ("ab", "actionMoveUp", "abcd"),
        ("ac", "actionMoveUp", "acbd"),
        ("bc", "actionMoveDown", "adbc"),
        ("cd", "actionMoveDown", "abcd"),
        ("ad", "actionMoveDown", "bacd"),
    ],
)
def test_several_models_move_together(
    window: MainWindow, engine: FakeEngine, chosen: str, action: str, order: str
) -> None:
    for name in "abcd":
        add(engine, name, TaskState.QUEUED)
    select(window, *chosen)
    window.actions_[action].trigger()
    assert "".join(task.id for task in engine.tasks) == order


def test_copy_takes_ids_links_paths_and_hashes(window: MainWindow, engine: FakeEngine) -> None:
    clipboard = QGuiApplication.clipboard()
    add(engine, "a/a", TaskState.RUNNING)
    add(engine, "b/b", TaskState.RUNNING, files=1)
    select(window, "a/a", "b/b")
    window.actions_["actionCopyId"].trigger()
    assert clipboard.text() == "a/a\nb/b"
    window.actions_["actionCopyLink"].trigger()
    assert clipboard.text() == "https://huggingface.co/a/a\nhttps://huggingface.co/b/b"
    window.actions_["actionCopyPath"].trigger()
    assert clipboard.text().splitlines()[0] == str(engine.root / "huggingface.co" / "a" / "a")
    window.actions_["actionCopyHash"].trigger()
    assert clipboard.text() == "6c" * 32  # of the one file of b/b; a/a has two
    select(window, "a/a//file-1.gguf")
    window.actions_["actionCopyPath"].trigger()
    assert clipboard.text().endswith("file-1.gguf")


def test_open_folder_opens_it_or_says_that_it_is_not_there_yet(
    window: MainWindow, engine: FakeEngine, desktop: FakeDesktop
) -> None:
    add(engine, "a/a", TaskState.RUNNING)
    select(window, "a/a")
    window.actions_["actionOpenFolder"].trigger()
    assert desktop.opened == []
    assert "does not exist yet" in window.status.currentMessage()
    folder = engine.root / "huggingface.co" / "a" / "a"
    folder.mkdir(parents=True)
    window.actions_["actionOpenFolder"].trigger()
    assert desktop.opened == [folder.as_uri()]


def test_the_page_of_a_gated_model_opens_without_its_list(
    window: MainWindow, engine: FakeEngine, desktop: FakeDesktop
) -> None:
    engine.script_add("google/gemma")
    engine.script_state("google/gemma", TaskState.FAILED, failure=GatedModel("terms").failure)
    select(window, "google/gemma")
    window.actions_["actionOpenPage"].trigger()
    assert desktop.opened == ["https://huggingface.co/google/gemma"]


@pytest.mark.parametrize(
    ("name", "opens"),
    [("m.gguf", True), ("notes.md", True), ("setup.exe", False), ("run.py", False), ("x.desktop", False)],
)
def test_only_data_is_opened_nothing_is_ever_run(
    window: MainWindow, engine: FakeEngine, desktop: FakeDesktop, name: str, opens: bool
) -> None:
    engine.script_add("a/a")
    engine.script_items("a/a", {name: 5, "other.gguf": 5})
    engine.script_item("a/a", name, ItemState.DONE)
    select(window, f"a/a//{name}")
    assert ("actionOpen" in enabled(window)) is opens
    window.actions_["actionOpen"].trigger()
    assert bool(desktop.opened) is opens


def test_a_page_that_is_no_web_page_is_not_opened(
    window: MainWindow, engine: FakeEngine, desktop: FakeDesktop
) -> None:
    add(engine, "a/a", TaskState.RUNNING)
    task = engine.task("a/a")
    assert task.manifest is not None
    force_setattr(task.manifest, "page_url", "file:///etc/passwd")
    select(window, "a/a")
    window.actions_["actionOpenPage"].trigger()
    assert desktop.opened == []


def test_a_double_click_on_a_finished_file_opens_its_folder(
    window: MainWindow, engine: FakeEngine, desktop: FakeDesktop
) -> None:
    add(engine, "a/a", TaskState.RUNNING)
    folder: Path = engine.root / "huggingface.co" / "a" / "a"
    folder.mkdir(parents=True)
    select(window, "a/a//file-0.gguf")
    window.tree.activated_row.emit("a/a", "file-0.gguf")
    assert desktop.opened == []
    engine.script_item("a/a", "file-0.gguf", ItemState.DONE)
    window.tree.activated_row.emit("a/a", "file-0.gguf")
    assert desktop.opened == [folder.as_uri()]
    window.tree.activated_row.emit("a/a", None)
    assert len(desktop.opened) == 1


def test_a_file_without_a_hash_offers_none_to_copy(window: MainWindow, engine: FakeEngine) -> None:
    engine.script_add("a/a")
    engine.script_items("a/a", [RemoteFile("x.gguf", 5, "git-sha1:" + "0" * 40, "https://x/x")])
    select(window, "a/a//x.gguf")
    assert "actionCopyHash" not in enabled(window)


def test_the_row_menu_is_shown_for_selected_rows_only(window: MainWindow, engine: FakeEngine) -> None:
    add(engine, "a/a", TaskState.RUNNING)
    window._popup_row_menu(window.pos())
    assert not window._row_menu.isVisible()
    select(window, "a/a")
    window._popup_row_menu(window.pos())
    assert window._row_menu.isVisible()
    names = [action.objectName() for action in window._row_menu.actions()]
    assert names[0] == "actionResume" and names[-1] == "actionProperties"
    window._row_menu.close()
