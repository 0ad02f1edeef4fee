"""What stands in the way is shown where it is, and for as long as it lasts: the list on the disk, a full disk."""

from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog, QLabel, QWidget

from core.errors import DiskFull, StoreError
from core.states import ItemState, TaskState
from gui.dialogs.ask import AskDialog
from gui.main_window import MainWindow
from gui.notices import UnkeptStrip
from tests.fakes.engine import FakeEngine
from tests.gui.main_window.conftest import add, enabled, select

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # offscreen, of dialogs and menus


def text(window: MainWindow, name: str) -> str:
    label = window.findChild(QLabel, name)
    assert label is not None
    return label.text()


# -- the list that cannot be kept ------------------------------------------------------------------------------


def test_a_list_that_cannot_be_kept_is_said_for_as_long_as_that_lasts(
    window: MainWindow, engine: FakeEngine
) -> None:
    strip = window.findChild(UnkeptStrip)
    assert strip is not None and strip.isHidden()
    engine.script_keeping(StoreError("disk I/O error"))
    assert strip.isVisible()
    said = text(window, "unkeptText")
    assert "cannot be saved. disk I/O error." in said and "Downloads go on" in said
    close = strip.findChild(QWidget, "unkeptClose")
    assert close is not None and not close.isVisible(), "it stays while it lasts"
    engine.script_totals(hub_reachable=False)
    assert strip.isVisible() and "cannot be reached" in text(window, "noticeText"), "beside the other notices"
    engine.script_keeping(None)
    assert strip.isHidden()


# -- another folder --------------------------------------------------------------------------------------------


def full(engine: FakeEngine, task_id: str) -> None:
    add(engine, task_id, TaskState.RUNNING)
    engine.script_item(task_id, "file-1.gguf", ItemState.DONE)
    engine.script_item(task_id, "file-0.gguf", ItemState.BACKING_OFF, failure=DiskFull("No space left").failure)


def choose_folder(window: MainWindow, folder: Path) -> None:
    dialog = window.findChild(QFileDialog, "relocateDialog")
    assert dialog is not None and dialog.isVisible()
    dialog.fileSelected.emit(str(folder))
    dialog.done(0)


def test_a_full_disk_offers_another_folder_in_the_details(
    window: MainWindow, engine: FakeEngine, tmp_path: Path
) -> None:
    full(engine, "a/a")
    add(engine, "b/b", TaskState.RUNNING)
    select(window, "b/b")
    button = window.details.overview.folder_button
    assert button.isHidden()
    select(window, "a/a")
    assert button.isVisible()
    assert text(window, "trouble_happened") == "No space left"
    button.click()
    choose_folder(window, tmp_path / "elsewhere")
    assert engine.calls == [("relocate", "a/a", None)]
    assert "elsewhere" in window.status.currentMessage()
    window.details.refresh()
    assert window.details.overview.values[2].text().startswith(str(tmp_path / "elsewhere"))


def test_the_row_menu_moves_all_selected_that_can_go(
    window: MainWindow, engine: FakeEngine, tmp_path: Path
) -> None:
    full(engine, "a/a")
    add(engine, "b/b", TaskState.PAUSED)
    add(engine, "c/c", TaskState.DONE)
    select(window, "c/c")
    assert "actionRelocate" not in enabled(window)
    select(window, "a/a", "b/b", "c/c")
    window.actions_["actionRelocate"].trigger()
    choose_folder(window, tmp_path)
    assert engine.calls == [("relocate", "a/a", None), ("relocate", "b/b", None)]


def test_a_move_that_goes_wrong_says_why_and_asks_again(window: MainWindow, engine: FakeEngine) -> None:
    full(engine, "a/a")
    engine.task_relocated.emit("a/a", "a/a needs 2 GB, and 1 GB are free. Nothing was moved.")
    dialog = window.findChild(AskDialog, "relocateFailedDialog")
    assert dialog is not None
    assert "needs 2 GB" in " ".join(label.text() for label in dialog.findChildren(QLabel))
    dialog.accept_button.click()
    assert window.findChild(QFileDialog, "relocateDialog") is not None
