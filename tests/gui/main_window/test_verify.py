"""Verify and Repair in the window: who may be asked, what the row says meanwhile, and what is said at the end."""

import pytest
from PySide6.QtCore import QModelIndex
from PySide6.QtWidgets import QMenu, QToolButton
from pytestqt.qtbot import QtBot

from core.records import RemoteFile
from core.states import ItemState, TaskState
from gui import wording
from gui import wording_window as words
from gui.main_window import MainWindow
from gui.tree.columns import Column, Role, Tone
from tests.fakes.engine import FakeEngine
from tests.gui.main_window.conftest import add, enabled, select, settle

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # offscreen, of dialogs and menus

A, B = "file-0.gguf", "file-1.gguf"


def cell(window: MainWindow, column: Column, row: str = "org/repo") -> QModelIndex:
    task_id, _, item_id = row.partition("//")
    index = window.tree.source.index_of(task_id, item_id or None)  # type: ignore[union-attr]
    return window.tree.proxy.mapFromSource(index).siblingAtColumn(column)


def row_says(window: MainWindow, row: str = "org/repo") -> tuple[str, int, Tone]:
    progress = cell(window, Column.PROGRESS, row)
    return cell(window, Column.STATUS, row).data(), progress.data(Role.PROGRESS), progress.data(Role.TONE)


def said(window: MainWindow) -> str:
    return window.status.currentMessage()


@pytest.fixture
def done(window: MainWindow, engine: FakeEngine) -> MainWindow:
    add(engine, "org/repo", TaskState.DONE)
    select(window, "org/repo")
    return window


def test_verify_reads_a_complete_model_and_its_row_shows_how_far(done: MainWindow, engine: FakeEngine) -> None:
    done.actions_["actionVerify"].trigger()
    assert engine.calls[-1] == ("verify", "org/repo", None)
    engine.script_check("org/repo", 800)
    assert row_says(done) == ("Verifying 40 %", 400, Tone.VERIFYING)
    assert row_says(done, f"org/repo//{A}") == ("Verifying 80 %", 800, Tone.VERIFYING)
    assert row_says(done, f"org/repo//{B}") == ("Verified", 1000, Tone.DONE), "its turn comes later"
    engine.script_check("org/repo", 1500)
    assert row_says(done, f"org/repo//{A}") == ("Verified", 1000, Tone.DONE)
    assert row_says(done, f"org/repo//{B}") == ("Verifying 50 %", 500, Tone.VERIFYING)
    assert engine.task("org/repo").state is TaskState.DONE
    engine.script_checked("org/repo")
    assert row_says(done) == ("Completed · verified", 1000, Tone.DONE)
    assert said(done) == "org/repo: 2 files verified, all is right"


def test_the_tree_is_told_of_what_changed_and_of_nothing_else(done: MainWindow, engine: FakeEngine) -> None:
    done.tree.expand_task("org/repo")
    engine.script_check("org/repo", 100)
    seen: list[tuple[str, int, int]] = []
    assert done.tree.source is not None
    done.tree.source.dataChanged.connect(
        lambda first, last, _: seen.append((first.parent().data() or "", first.row(), last.row()))
    )
    engine.script_check("org/repo", 900)
    assert set(seen) == {("org/repo", 0, 0), ("", 0, 0)}
    seen.clear()
    engine.script_check("org/repo", 900)
    assert seen == [], "nothing looks different"
    engine.script_check("org/repo", 1100)
    assert set(seen) == {("org/repo", 0, 1), ("", 0, 0)}


def test_one_that_waits_for_its_turn_says_so(done: MainWindow, engine: FakeEngine) -> None:
    engine.script_check("org/repo", has_begun=False)
    assert row_says(done) == ("Waiting to be verified", 0, Tone.VERIFYING)
    assert row_says(done, f"org/repo//{A}")[0] == "Verified"


@pytest.mark.parametrize("how", ["actionVerify", "actionPause"])
def test_while_it_runs_verify_stops_it_and_so_does_pause(done: MainWindow, engine: FakeEngine, how: str) -> None:
    verify = done.actions_["actionVerify"]
    button = next(b for b in done.toolbar.findChildren(QToolButton) if b.defaultAction() is verify)
    assert (verify.iconText(), button.text(), button.accessibleName()) == ("Verify", "Verify", "Verify")
    verify.trigger()
    assert verify.iconText() == button.accessibleName() == "Stop verifying"
    assert verify.toolTip() == "Stop verifying (Ctrl+R)" and verify.isEnabled()
    done.actions_[how].trigger()
    assert engine.task("org/repo").check is None and engine.task("org/repo").state is TaskState.DONE
    assert said(done) == "org/repo was not verified to the end"
    assert verify.iconText() == button.accessibleName() == "Verify"
    assert "actionPause" not in enabled(done)


def test_with_others_selected_verify_goes_to_those_that_can_be_verified(
    window: MainWindow, engine: FakeEngine
) -> None:
    for name in ("a/a", "b/b", "c/c"):
        add(engine, name, TaskState.DONE)
    add(engine, "d/d", TaskState.RUNNING)
    engine.script_check("a/a", 10)
    select(window, "a/a", "b/b", "c/c", "d/d")
    assert window.actions_["actionVerify"].iconText() == "Verify"
    window.actions_["actionVerify"].trigger()
    assert [call[1] for call in engine.calls if call[0] == "verify"] == ["b/b", "c/c"]
    assert window.actions_["actionVerify"].iconText() == "Stop verifying"
    window.actions_["actionVerify"].trigger()
    assert [call[1] for call in engine.calls if call[0] == "stop_verifying"] == ["a/a", "b/b", "c/c"]


def test_a_single_file_is_verified_and_repaired_alone(done: MainWindow, engine: FakeEngine) -> None:
    done.tree.expand_task("org/repo")
    select(done, f"org/repo//{B}")
    done.actions_["actionVerify"].trigger()
    assert engine.calls[-1] == ("verify", "org/repo", B)
    assert done.actions_["actionVerify"].iconText() == "Stop verifying"
    engine.script_checked("org/repo", [B])
    settle(done)
    assert said(done) == "org/repo: 1 of 1 file damaged or missing. Repair fetches only those"
    select(done, f"org/repo//{A}")
    assert "actionRepair" not in enabled(done)
    select(done, f"org/repo//{B}")
    done.actions_["actionRepair"].trigger()
    assert engine.calls[-1] == ("repair", "org/repo", B)
    assert engine.task("org/repo").items[B].state is ItemState.WAITING


def test_damage_is_shown_on_the_rows_and_in_the_details_and_repair_is_offered(
    done: MainWindow, engine: FakeEngine, qtbot: QtBot
) -> None:
    assert "actionRepair" not in enabled(done)
    engine.script_check("org/repo", 1)
    engine.script_checked("org/repo", [B])
    settle(done)
    assert said(done) == "org/repo: 1 of 2 files damaged or missing. Repair fetches only those"
    assert row_says(done)[0] == row_says(done, f"org/repo//{B}")[0] == "Failed: the file is damaged"
    assert row_says(done, f"org/repo//{B}")[2] is Tone.FAILED
    assert "sha256 is" in wording.failure_whole(engine.task("org/repo").items[B].failure)  # type: ignore[arg-type]
    qtbot.waitUntil(lambda: "Repair fetches it again" in done.details.overview.trouble["do"].text())
    assert {"actionRepair", "actionRetry", "actionVerify"} <= enabled(done)
    done.actions_["actionRepair"].trigger()
    settle(done)
    assert engine.task("org/repo").state is TaskState.QUEUED
    assert not {"actionRepair", "actionVerify"} & enabled(done)


def test_several_damaged_files_are_counted_on_the_row_of_the_model(done: MainWindow, engine: FakeEngine) -> None:
    engine.script_check("org/repo", 1)
    engine.script_checked("org/repo", [A, B])
    assert row_says(done)[0] == "Failed: 2 files damaged or missing"


def test_what_was_damaged_and_is_right_again_is_complete(done: MainWindow, engine: FakeEngine) -> None:
    engine.script_check("org/repo")
    engine.script_checked("org/repo", [A])
    engine.script_check("org/repo")
    engine.script_checked("org/repo")
    assert row_says(done) == ("Completed · verified", 1000, Tone.DONE)


def test_files_without_a_hash_are_said_to_be_right_by_their_size_only(
    window: MainWindow, engine: FakeEngine
) -> None:
    engine.script_add("org/plain")
    engine.script_items("org/plain", [RemoteFile("a.bin", 10, "", "https://x/a.bin")])
    engine.script_state("org/plain", TaskState.DONE)
    engine.script_check("org/plain")
    engine.script_checked("org/plain")
    assert said(window) == "org/plain: 1 file of the right size; no hash is published"
    assert words.verified("a/b", 3, 1) == "a/b: 3 files verified, all is right, 1 by size only"
    assert words.verified("a/{x} %n", 2, 0) == "a/{x} %n: 2 files verified, all is right"


@pytest.mark.parametrize("state", [TaskState.QUEUED, TaskState.RUNNING, TaskState.VERIFYING])
def test_what_is_under_way_is_not_verified(window: MainWindow, engine: FakeEngine, state: TaskState) -> None:
    add(engine, "org/repo", state)
    select(window, "org/repo")
    assert not {"actionVerify", "actionRepair"} & enabled(window)


def test_verify_and_repair_stand_in_the_menu_of_a_row(done: MainWindow) -> None:
    menu = done.findChild(QMenu, "rowMenu")
    assert menu is not None
    names = [action.objectName() for action in menu.actions()]
    place = names.index("actionVerify")
    assert names[place + 1] == "actionRepair"
    assert names.index("actionChooseFiles") < place < names.index("actionRemove")


def test_a_model_that_is_removed_while_it_is_verified_leaves_nothing_behind(
    done: MainWindow, engine: FakeEngine
) -> None:
    engine.script_check("org/repo", 5)
    engine.script_checked("org/repo", stopped=True)
    engine.script_remove("org/repo")
    settle(done)
    assert done.tree.proxy.rowCount() == 0 and not done.actions_["actionVerify"].isEnabled()
