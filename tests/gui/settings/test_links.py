"""The Links page: shows what the desktop does now, and changes it when a person says so."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from core.errors import NotWritable
from core.settings import SettingsStore
from gui.links_desk import LinksDesk
from gui.settings.dialog import SettingsDialog
from gui.settings.links import LinksPage

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # offscreen, of dialogs


class Room:
    def __init__(self, qtbot: QtBot, folder: Path) -> None:
        self.store = SettingsStore(folder / "settings.yml")
        self.held: frozenset[str] = frozenset({"jan"})
        self.failure: Exception | None = None
        self.said: list[str] = []
        self.desk = LinksDesk(lambda: self.held, self._change)
        self.desk.said.connect(self.said.append)
        self._qtbot = qtbot
        self._dialogs: list[SettingsDialog] = []

    def _change(self, schemes: frozenset[str]) -> None:
        if self.failure is not None:
            raise self.failure
        self.held = schemes

    async def open(self) -> tuple[SettingsDialog, LinksPage]:
        page = LinksPage(self.desk)
        dialog = SettingsDialog(self.store.current, default_dir="~/pulley/models", links=page)
        self._dialogs.append(dialog)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        self._qtbot.addWidget(dialog)
        dialog.tabs.setCurrentIndex(1)
        dialog.open()
        await self.settle()
        return dialog, page

    async def settle(self) -> None:
        await self.desk.aclose()
        await asyncio.sleep(0)


@pytest.fixture
async def room(qapp: QApplication, qtbot: QtBot, tmp_path: Path) -> AsyncIterator[Room]:
    made = Room(qtbot, tmp_path)
    yield made
    await made.desk.aclose()


def ticked(page: LinksPage) -> set[str]:
    return {scheme for scheme, box in page.boxes.items() if box.isChecked()}


async def test_what_holds_is_shown_and_what_is_chosen_is_applied(room: Room) -> None:
    dialog, page = await room.open()
    assert ticked(page) == {"jan"} and not dialog.apply.isEnabled()
    page.boxes["pulley"].click()
    page.boxes["jan"].click()
    assert room.held == {"jan"} and dialog.apply.isEnabled(), "nothing is written before a person says so"
    dialog.apply.click()
    await room.settle()
    assert room.held == {"pulley"} and ticked(page) == {"pulley"} and not dialog.apply.isEnabled()


async def test_a_change_that_fails_is_said_and_the_boxes_show_what_holds(room: Room) -> None:
    dialog, page = await room.open()
    room.failure = NotWritable("The desktop entry for pulley:// links could not be changed: Permission denied")
    page.boxes["pulley"].click()
    dialog.apply.click()
    await room.settle()
    assert room.said == ["The desktop entry for pulley:// links could not be changed: Permission denied"]
    page.close()
    dialog, page = await room.open()
    assert ticked(page) == {"jan"}


async def test_before_it_is_known_what_holds_nothing_can_be_changed(room: Room) -> None:
    page = LinksPage(room.desk)
    room._qtbot.addWidget(page)
    assert not any(box.isEnabled() for box in page.boxes.values()) and not page.has_more_to_apply
