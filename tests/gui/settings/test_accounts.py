"""The Accounts page: a token is tested and kept at once, shown never, and goes to a mirror by consent only."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtGui import QDesktopServices
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from core.accounts import MODELSCOPE, Account, HubAccount
from core.api.bodies import BadBody
from core.errors import ConnectFailed, DownloadError, TokenRefused
from core.settings import SettingsStore
from gui.accounts_desk import AccountsDesk
from gui.settings.accounts import AccountGroup, AccountsPage
from gui.settings.dialog import SettingsDialog
from gui.style.theme import Theme
from tests.fakes.api import FakeSecrets
from tests.gui.main_window.conftest import FakeDesktop

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # offscreen, of dialogs

TOKEN = "hf_a_token_of_a_person"


class FakeKeeper:
    def __init__(self) -> None:
        self.kept = ""
        self.refuses: Exception | None = None
        self.shape = Account(host="hub.test", url="https://hub.test")

    def token(self, hub: HubAccount) -> str:
        return self.kept

    def account(self, hub: HubAccount) -> Account:
        if self.shape.place == "variable" or not self.kept:
            return self.shape
        return replace(self.shape, place="settings", mask="********rson", has_kept=True)

    async def change(self, values: Mapping[str, Any], *, host: str) -> bool:
        await asyncio.sleep(0)
        if self.refuses is not None:
            raise self.refuses
        self.kept = values["huggingface_token"]
        return True


class Room:
    """Everything behind the page; `open` shows the dialog with it in front."""

    def __init__(self, qtbot: QtBot, folder: Path) -> None:
        self.store = SettingsStore(folder / "settings.yml")
        self.keeper = FakeKeeper()
        self.secrets = FakeSecrets()
        self.asked: list[str] = []
        self.answer: str | DownloadError = "jan"
        self.desk = AccountsDesk(self.keeper, self.keeper.change, self.secrets, self._ask)
        self.theme = Theme()
        self._qtbot = qtbot
        self._dialogs: list[SettingsDialog] = []

    async def _ask(self, token: str) -> str:
        self.asked.append(token)
        await asyncio.sleep(0)
        if isinstance(self.answer, DownloadError):
            raise self.answer
        return self.answer

    async def open(self) -> tuple[SettingsDialog, AccountGroup]:
        page = AccountsPage(lambda: self.store.current, [self.desk], self.theme)
        dialog = SettingsDialog(self.store.current, default_dir="~/pulley/models", accounts=page)
        self._dialogs.append(dialog)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        self._qtbot.addWidget(dialog)
        dialog.applied.connect(lambda changes: self.store.update(changes))
        dialog.open()
        dialog.show_accounts()
        dialog.activateWindow()
        assert QTest.qWaitForWindowActive(dialog)
        await self.settle()
        return dialog, page.groups[0]

    async def settle(self) -> None:
        await self.until(lambda: not self.desk.is_busy and self.desk._looking is None)

    @staticmethod
    async def until(condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                await asyncio.sleep(0.001)

    async def enter(self, page: AccountGroup, token: str = TOKEN) -> str:
        """Type a token and press the button; return what the page says then."""
        QTest.keyClicks(page.token, token)
        QTest.mouseClick(page.use, Qt.MouseButton.LeftButton)
        assert page.token.text() == "" and not page.use.isEnabled()
        await self.settle()
        return page.result.text()


@pytest.fixture
async def room(qapp: QApplication, qtbot: QtBot, tmp_path: Path) -> AsyncIterator[Room]:
    made = Room(qtbot, tmp_path)
    yield made
    await made.desk.aclose()


async def test_a_token_is_tested_kept_and_never_shown(room: Room) -> None:
    _, page = await room.open()
    assert "No token" in page.state.text() and not page.test.isEnabled() and not page.remove.isEnabled()
    assert page.token.echoMode() is QLineEdit.EchoMode.Password and page.token.hasFocus()
    said = await room.enter(page)
    assert "hub.test knows this token: it is that of jan" in said
    assert room.asked == [TOKEN] and room.keeper.kept == TOKEN
    assert "********rson" in page.state.text()
    texts = [label.text() for label in (page.state, page.result, page.hint, page.memory)]
    assert TOKEN not in " ".join([*texts, page.token.text(), page.token.placeholderText()])


async def test_a_token_that_the_hub_does_not_know_is_not_kept_and_the_old_one_stays(room: Room) -> None:
    _, page = await room.open()
    room.answer = TokenRefused("hub.test does not accept the access token")
    assert (await room.enter(page)).endswith("does not accept the access token. It was not kept.")
    assert room.keeper.kept == "" and "No token" in page.state.text()


async def test_a_token_that_cannot_be_tested_is_kept_and_that_is_said(room: Room) -> None:
    _, page = await room.open()
    room.answer = ConnectFailed("hub.test cannot be reached")
    said = await room.enter(page)
    assert "cannot be reached. The token is kept, and was not tested." in said and room.keeper.kept == TOKEN
    room.answer = "jan"
    QTest.mouseClick(page.test, Qt.MouseButton.LeftButton)
    await room.settle()
    assert "that of jan" in page.result.text()


async def test_a_token_is_forgotten_when_a_person_says_so(room: Room) -> None:
    _, page = await room.open()
    await room.enter(page)
    QTest.mouseClick(page.remove, Qt.MouseButton.LeftButton)
    await room.settle()
    assert room.keeper.kept == "" and "No token" in page.state.text() and page.result.text() == ""


async def test_without_a_keyring_the_page_says_how_long_a_token_is_kept(room: Room) -> None:
    room.secrets.finds_lasting = False
    _, page = await room.open()
    assert page.memory.isVisible() and "until Pulley quits" in page.memory.text()


async def test_with_a_keyring_nothing_is_said_of_memory(room: Room) -> None:
    _, page = await room.open()
    assert not page.memory.isVisible()


async def test_a_variable_of_the_environment_is_named_and_can_be_tested(room: Room) -> None:
    room.keeper.shape = replace(room.keeper.shape, place="variable", mask="********")
    room.keeper.kept = "hf_of_the_environment"
    _, page = await room.open()
    assert "HF_TOKEN" in page.state.text()
    QTest.mouseClick(page.test, Qt.MouseButton.LeftButton)
    await room.settle()
    assert room.asked == ["hf_of_the_environment"] and "that of jan" in page.result.text()


async def test_what_cannot_be_kept_is_said(room: Room) -> None:
    _, page = await room.open()
    room.keeper.refuses = BadBody("huggingface_token holds spaces or characters that cannot be sent")
    assert "The token holds spaces" in await room.enter(page)


async def test_a_mirror_gets_a_token_by_consent_only_and_that_is_remembered(room: Room) -> None:
    room.keeper.shape = replace(room.keeper.shape, host="mirror.test", is_mirror=True, is_allowed=False)
    dialog, page = await room.open()
    assert page.consent.isVisible() and not page.consent.isChecked() and "mirror.test" in page.consent.text()
    await room.enter(page)
    assert room.asked == [] and room.keeper.kept == TOKEN, "not even the test goes there"
    assert not dialog.apply.isEnabled()
    page.consent.click()
    assert dialog.apply.isEnabled()
    dialog.apply.click()
    assert room.store.load().token_mirrors == ("mirror.test",) and not dialog.apply.isEnabled()
    page.consent.click()
    dialog.apply.click()
    assert room.store.load().token_mirrors == ()


async def test_the_hub_itself_needs_no_consent(room: Room) -> None:
    dialog, page = await room.open()
    assert not page.consent.isVisible() and dialog._changes() == {}


async def test_enter_in_the_field_uses_the_token_and_leaves_the_dialog_open(room: Room) -> None:
    dialog, page = await room.open()
    QTest.keyClicks(page.token, TOKEN)
    QTest.keyClick(page.token, Qt.Key.Key_Return)
    await room.settle()
    assert dialog.isVisible() and room.keeper.kept == TOKEN


async def test_the_page_where_tokens_are_made_is_opened_in_the_browser(room: Room) -> None:
    desktop = FakeDesktop()
    QDesktopServices.setUrlHandler("https", desktop, "take")
    try:
        _, page = await room.open()
        QTest.mouseClick(page.make, Qt.MouseButton.LeftButton)
        assert desktop.opened == ["https://hub.test/settings/tokens"]
    finally:
        QDesktopServices.unsetUrlHandler("https")


async def test_each_hub_has_a_group_and_a_change_of_consent_keeps_that_of_the_others(room: Room) -> None:
    room.store.update({"token_mirrors": ("elsewhere.test",)})
    shape = Account(host="mirror.test", url="https://mirror.test", is_mirror=True, is_allowed=False)
    keepers = [FakeKeeper(), FakeKeeper()]
    keepers[0].shape, keepers[1].shape = shape, replace(shape, host="other.test")
    desks = [
        AccountsDesk(keepers[0], keepers[0].change, room.secrets, room._ask),
        AccountsDesk(keepers[1], keepers[1].change, room.secrets, room._ask, hub=MODELSCOPE),
    ]
    page = AccountsPage(lambda: room.store.current, desks, room.theme)
    room._qtbot.addWidget(page)
    assert page.groups[1].token.objectName() == "accountToken_modelscope" and page.changes() == {}
    page.groups[1].consent.click()
    assert page.changes() == {"token_mirrors": ("elsewhere.test", "other.test")}
    page.groups[0].consent.click()
    assert page.changes() == {"token_mirrors": ("elsewhere.test", "mirror.test", "other.test")}
    for desk in desks:
        await desk.aclose()


async def test_a_token_that_was_typed_is_used_by_ok_too_and_a_refusal_is_said_in_the_window(room: Room) -> None:
    dialog, page = await room.open()
    said: list[str] = []
    room.desk.said.connect(said.append)
    room.answer = TokenRefused("hub.test does not accept the access token")
    QTest.keyClicks(page.token, TOKEN)
    assert dialog.apply.isEnabled()
    QTest.mouseClick(dialog.ok, Qt.MouseButton.LeftButton)
    await room.settle()
    assert not dialog.isVisible() and room.asked == [TOKEN] and room.keeper.kept == ""
    assert said == ["The token was not changed: hub.test does not accept the access token"]
    dialog, page = await room.open()
    room.answer = "jan"
    QTest.keyClicks(page.token, TOKEN)
    QTest.mouseClick(dialog.ok, Qt.MouseButton.LeftButton)
    await room.settle()
    assert room.keeper.kept == TOKEN
