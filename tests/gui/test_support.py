"""Diagnostics and leftovers in the window: copied, listed, deleted by name, and never more than was ticked."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialogButtonBox, QWidget
from pytestqt.qtbot import QtBot

from core.leftovers import Kind, Leftover
from core.logbook import kept_log
from core.settings import SettingsStore
from gui.actions import Actions
from gui.dialogs.leftovers import LeftoversDialog
from gui.style.theme import Theme
from gui.support import Support
from tests.fakes.engine import FakeEngine

CANARY = "hf_canaryTOKEN0123456789"


class Desk:
    def __init__(self, qtbot: QtBot, folder: Path) -> None:
        self.window = QWidget()
        qtbot.addWidget(self.window)
        self.engine = FakeEngine()
        self.engine.root = folder / "models"
        self.actions = Actions(Theme(), self.window)
        store = SettingsStore(folder / "data" / "settings.yml")
        self.support = Support(
            self.engine,  # type: ignore[arg-type]
            store,
            self.actions,
            self.window,
            endpoint="https://hub.example",
        )
        self.said: list[str] = []
        self.support.said.connect(self.said.append)


@pytest.fixture
async def desk(qtbot: QtBot, tmp_path: Path) -> Desk:
    return Desk(qtbot, tmp_path)


def leave(root: Path, *names: str) -> Path:
    folder = root / "huggingface.co" / "org" / "repo"
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"x" * 1000)
    return folder


async def test_the_diagnostics_go_to_the_clipboard_without_secrets(desk: Desk, tmp_path: Path) -> None:
    import logging

    with kept_log(tmp_path / "data"):
        logging.getLogger("core.net").warning("Bearer %s", CANARY)
    await desk.support._copy()
    text = QGuiApplication.clipboard().text()
    assert "Pulley 0." in text and "hub.example" in text and "core.net: Bearer ***" in text
    assert CANARY not in text
    assert "clipboard" in desk.said[-1]


async def test_with_nothing_left_over_no_dialog_opens(desk: Desk) -> None:
    await desk.support._list()
    assert desk.window.findChild(LeftoversDialog) is None
    assert "Nothing" in desk.said[-1]


async def test_only_what_is_ticked_is_deleted(desk: Desk, qtbot: QtBot) -> None:
    folder = leave(desk.engine.root, "a.gguf.bad-1", "b.gguf.part.old-1", "c.gguf")
    await desk.support._list()
    dialog = desk.window.findChild(LeftoversDialog)
    assert dialog is not None and dialog.table.topLevelItemCount() == 2
    assert not dialog.remove.isEnabled()
    row = dialog.table.topLevelItem(0)
    assert row is not None
    row.setCheckState(0, Qt.CheckState.Checked)
    assert "1 file" in dialog.sum.text() and dialog.remove.isEnabled()
    chosen = dialog.chosen()
    await desk.support._delete(desk.engine.root, chosen)
    assert sorted(path.name for path in folder.iterdir()) == ["b.gguf.part.old-1", "c.gguf"]
    assert "1 leftover file deleted" in desk.said[-1]
    dialog.reject()


def test_the_dialog_is_driven_by_keys_and_gives_what_was_ticked(qtbot: QtBot) -> None:
    found = [Leftover(Path(f"/m/{n}"), f"repo/{n}", kind, 1000) for n, kind in enumerate(Kind)]
    dialog = LeftoversDialog(found)
    qtbot.addWidget(dialog)
    dialog.show()
    taken: list[list[Leftover]] = []
    dialog.submitted.connect(taken.append)
    buttons = dialog.findChild(QDialogButtonBox)
    assert buttons is not None
    dialog.table.setCurrentItem(dialog.table.topLevelItem(1))
    qtbot.keyClick(dialog.table, Qt.Key.Key_Space)
    assert dialog.chosen() == [found[1]]
    qtbot.mouseClick(dialog.everything, Qt.MouseButton.LeftButton)
    assert dialog.chosen() == found and "3 files" in dialog.sum.text()
    qtbot.mouseClick(dialog.remove, Qt.MouseButton.LeftButton)
    assert taken == [found]
