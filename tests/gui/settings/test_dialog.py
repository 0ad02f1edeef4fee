"""The settings dialog shows what is set, says at once what cannot be, and hands over what was chosen."""

import os
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from core.settings import Settings
from gui.settings.dialog import SettingsDialog
from gui.settings.general import folder_problem

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # offscreen, of dialogs


def make(qtbot: QtBot, settings: Settings) -> SettingsDialog:
    dialog = SettingsDialog(settings, default_dir="~/pulley/models")
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(dialog)
    dialog.open()
    return dialog


def test_it_shows_what_is_set_and_changes_nothing_by_itself(qtbot: QtBot, tmp_path: Path) -> None:
    settings = Settings(
        models_dir=str(tmp_path), parallel_tasks=3, connections_per_host=9, theme="dark", ask_before_quit=False,
        keep_awake=False, max_connections=99, layout={"geometry": "AAAA"},
    )  # fmt: skip
    dialog = make(qtbot, settings)
    page = dialog.general
    assert page.changes() == {} and page.folder.text() == str(tmp_path) and page.theme.currentData() == "dark"
    assert (page.tasks.value(), page.connections.value(), page.all_connections.value()) == (3, 9, 99)
    assert not page.ask.isChecked() and not page.awake.isChecked()
    assert not dialog.apply.isEnabled()
    with qtbot.assertNotEmitted(dialog.applied):
        dialog.ok.click()
    assert not dialog.isVisible()


def test_everything_can_be_chosen(qtbot: QtBot, tmp_path: Path) -> None:
    dialog = make(qtbot, Settings(layout={"tree": "AAAA"}))
    page = dialog.general
    page.folder.setText(str(tmp_path / "new"))
    page.tasks.setValue(16)
    page.connections.setValue(32)
    page.all_connections.setValue(256)
    page.theme.setCurrentIndex(2)
    page.ask.setChecked(False)
    page.awake.setChecked(False)
    with qtbot.waitSignal(dialog.applied) as told:
        dialog.apply.click()
    assert told.args == [
        {
            "models_dir": str(tmp_path / "new"), "parallel_tasks": 16, "connections_per_host": 32,
            "max_connections": 256, "theme": "dark", "ask_before_quit": False, "keep_awake": False,
        }
    ]  # fmt: skip
    assert dialog.isVisible() and not dialog.apply.isEnabled()


def test_an_empty_folder_means_the_default(qtbot: QtBot, tmp_path: Path) -> None:
    dialog = make(qtbot, Settings(models_dir=str(tmp_path)))
    dialog.general.folder.clear()
    assert dialog.general.changes() == {"models_dir": None}
    assert dialog.general.folder.placeholderText() == "~/pulley/models"


def test_a_folder_that_cannot_be_is_said_while_it_is_typed(qtbot: QtBot, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    dialog = make(qtbot, Settings())
    for text, says in (("relative", "full path"), (str(file), "a file, not a folder"), (str(file / "x"), "a file")):
        dialog.general.folder.setText(text)
        assert says in dialog.general.hint.text()
        assert not dialog.ok.isEnabled() and not dialog.apply.isEnabled()
    dialog.general.folder.setText(str(tmp_path / "new" / "deeper"))
    assert "does not exist yet" in dialog.general.hint.text()
    assert dialog.ok.isEnabled()


@pytest.mark.parametrize("text", ["\0", "/x\0y"])
def test_an_impossible_name_is_refused(text: str) -> None:
    assert folder_problem(text) == "relative"


def test_a_folder_without_the_right_to_write_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert folder_problem(str(tmp_path)) == "readonly"


def test_the_numbers_keep_their_bounds(qtbot: QtBot) -> None:
    dialog = make(qtbot, Settings())
    page = dialog.general
    assert (page.tasks.minimum(), page.tasks.maximum()) == (1, 16)
    assert (page.connections.minimum(), page.connections.maximum()) == (1, 32)
    assert (page.all_connections.minimum(), page.all_connections.maximum()) == (4, 256)


def test_enter_means_ok(qtbot: QtBot) -> None:
    dialog = make(qtbot, Settings())
    assert dialog.ok.isDefault() and not dialog.general.browse.isDefault()
    dialog.general.tasks.setValue(7)
    with qtbot.waitSignal(dialog.applied):
        QTest.keyClick(dialog.general.tasks, Qt.Key.Key_Return)
    assert not dialog.isVisible()


def test_only_what_was_changed_since_the_last_apply_is_handed_over(qtbot: QtBot) -> None:
    dialog = make(qtbot, Settings())
    dialog.general.tasks.setValue(7)
    dialog.apply.click()
    dialog.general.connections.setValue(8)
    with qtbot.waitSignal(dialog.applied) as told:
        dialog.ok.click()
    assert told.args == [{"connections_per_host": 8}]


def test_browse_opens_a_folder_dialog_without_waiting_for_it(qtbot: QtBot, tmp_path: Path) -> None:
    settings = make(qtbot, Settings())
    page = settings.general
    page.browse.click()
    dialog = page.findChild(QFileDialog, "modelsDirDialog")
    assert dialog is not None and dialog.fileMode() is QFileDialog.FileMode.Directory
    dialog.fileSelected.emit(str(tmp_path))
    assert page.folder.text() == str(tmp_path)
    dialog.reject()
