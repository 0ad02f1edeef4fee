"""The settings dialog over a store and a switch in fake surroundings, all on the loop of the test."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from core.settings import Settings, SettingsStore
from gui.api_switch import ApiSwitch
from gui.settings.dialog import SettingsDialog
from gui.settings.local_api import LocalApiPage
from gui.style.theme import Theme
from tests.fakes.api import FakeHouse, FakeKeeper, FakeSecrets

FIXED = "key-of-the-environment"


class Room:
    """Everything behind the Local API page; `open` shows the dialog with that page in front."""

    def __init__(self, qtbot: QtBot, folder: Path) -> None:
        self.store = SettingsStore(folder / "settings.yml")
        self.house = FakeHouse()
        self.house.gate.set()
        self.keeper = FakeKeeper(self.house)
        self.secrets = FakeSecrets()
        self.switch = ApiSwitch(self.house.make, self.keeper, self.secrets, fixed_keys=(FIXED,))
        self.theme = Theme()
        self._qtbot = qtbot
        self._dialogs: list[SettingsDialog] = []  # a dialog that nobody holds is deleted

    def open(self) -> SettingsDialog:
        page = LocalApiPage(lambda: self.store.current, self.switch, self.theme)
        dialog = SettingsDialog(self.store.current, default_dir="~/pulley/models", api=page)
        self._dialogs.append(dialog)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        self._qtbot.addWidget(dialog)
        dialog.applied.connect(lambda changes: self.switch.apply(self.store.update(changes)))
        dialog.tabs.setCurrentIndex(1)
        dialog.open()
        dialog.activateWindow()
        assert QTest.qWaitForWindowActive(dialog)
        return dialog

    async def set_up(self, settings: Settings) -> None:
        """Begin with these settings, as the program does at its start."""
        self.store.save(settings)
        self.switch.apply(settings)
        await self.settle()

    async def settle(self) -> None:
        """Wait until nothing is under way."""
        await self.until(lambda: not self.switch.is_changing)

    @staticmethod
    async def until(condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                await asyncio.sleep(0.001)


@pytest.fixture
async def room(qapp: QApplication, qtbot: QtBot, tmp_path: Path) -> AsyncIterator[Room]:
    made = Room(qtbot, tmp_path)
    yield made
    await made.switch.aclose()
