"""The Network page: what it shows, what it takes, and what reaches the keeper and the hub when a person says so."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QFileDialog, QLabel, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from core.api.bodies import BadBody
from core.errors import DownloadError, ProxyRefused
from core.settings import Settings, SettingsStore
from gui.network_desk import NetworkDesk
from gui.settings.dialog import SettingsDialog
from gui.settings.network import NetworkPage, mode_of, read_url
from gui.style.theme import Theme

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # offscreen, of dialogs

MANUAL = Settings(proxy_url="http://proxy.test:3128", proxy_username="jan", no_proxy="intranet.test")


class FakeKeeper:
    def __init__(self) -> None:
        self.proxy_password = ""
        self.refuses = False
        self.story: list[str] = []

    async def change(self, values: Mapping[str, Any], *, host: str) -> bool:
        await asyncio.sleep(0)
        if self.refuses:
            raise BadBody("proxy_password holds spaces or characters that cannot be sent")
        self.proxy_password = values["proxy_password"]
        self.story.append(self.proxy_password)
        return True


class Room:
    """Everything behind the page; `open` shows the dialog with it in front."""

    def __init__(self, qtbot: QtBot, folder: Path) -> None:
        self.store = SettingsStore(folder / "settings.yml")
        self.keeper = FakeKeeper()
        self.asked: list[tuple[Settings, str]] = []
        self.answer: DownloadError | Exception | None = None
        self.gate = asyncio.Event()
        self.desk = NetworkDesk(self.keeper, self._ask, self._ca_problem, hub="hub.test")
        self.theme = Theme()
        self._qtbot = qtbot
        self._dialogs: list[SettingsDialog] = []

    async def _ask(self, settings: Settings, password: str) -> DownloadError | None:
        self.asked.append((settings, password))
        await self.gate.wait()
        if self.answer is not None and not isinstance(self.answer, DownloadError):
            raise self.answer
        return self.answer

    @staticmethod
    def _ca_problem(path: str) -> str:
        return "" if Path(path).is_file() else "No such file or directory"

    def open(self) -> tuple[SettingsDialog, NetworkPage]:
        page = NetworkPage(lambda: self.store.current, self.desk, self.theme)
        dialog = SettingsDialog(self.store.current, default_dir="~/pulley/models", network=page)
        self._dialogs.append(dialog)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        self._qtbot.addWidget(dialog)
        dialog.applied.connect(lambda changes: self.store.update(changes))
        dialog.tabs.setCurrentIndex(1)
        dialog.open()
        dialog.activateWindow()
        assert QTest.qWaitForWindowActive(dialog)
        return dialog, page

    @staticmethod
    async def until(condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                await asyncio.sleep(0.001)


@pytest.fixture
async def room(qapp: QApplication, qtbot: QtBot, tmp_path: Path) -> AsyncIterator[Room]:
    made = Room(qtbot, tmp_path)
    yield made
    await made.desk.aclose()


def click(button: QWidget) -> None:
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def choose(page: NetworkPage, mode: str) -> None:
    page.mode.setCurrentIndex(page.mode.findData(mode))


# -- showing and taking ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "mode"),
    [(Settings(), "system"), (MANUAL, "manual"), (Settings(proxy_off=True, proxy_url="http://p:1"), "off")],
)
async def test_it_shows_what_is_set_and_changes_nothing_by_itself(
    room: Room, settings: Settings, mode: str
) -> None:
    room.store.save(settings)
    dialog, page = room.open()
    assert page.mode.currentData() == mode == mode_of(settings)
    assert page.url.text() == settings.proxy_url and page.user.text() == settings.proxy_username
    assert page.url.isEnabled() == page.password.isEnabled() == (mode == "manual")
    assert page.no_proxy.text() == settings.no_proxy and page.no_proxy.isEnabled() == (mode != "off")
    assert page.changes() == {} and not dialog.apply.isEnabled()
    dialog.ok.click()
    assert room.store.current == settings and room.keeper.story == [] and room.asked == []


async def test_a_proxy_is_set_with_its_password(room: Room) -> None:
    dialog, page = room.open()
    choose(page, "manual")
    assert not dialog.ok.isEnabled() and "Type the address" in page.url_problem.text()
    QTest.keyClicks(page.url, "proxy.test:3128")
    QTest.keyClicks(page.user, "jan")
    QTest.keyClicks(page.password, "secretword")
    QTest.keyClicks(page.no_proxy, "intranet.test, 10.0.0.0/8")
    assert page.url_problem.isHidden() and page.password.echoMode() is QLineEdit.EchoMode.Password
    click(dialog.ok)
    await room.until(lambda: room.keeper.story == ["secretword"])
    kept = room.store.load()
    assert kept.proxy_url == "http://proxy.test:3128" and kept.proxy_username == "jan" and not kept.proxy_off
    assert kept.no_proxy == "intranet.test, 10.0.0.0/8"
    assert "secretword" not in room.store.path.read_text()


async def test_only_the_password_can_be_changed_and_forgotten(room: Room) -> None:
    room.store.save(MANUAL)
    room.keeper.proxy_password = "before"
    dialog, page = room.open()
    assert page.password.text() == "" and "kept" in page.password.placeholderText()
    QTest.keyClicks(page.password, "after")
    assert page.changes() == {} and dialog.apply.isEnabled()
    click(dialog.apply)
    await room.until(lambda: room.keeper.story == ["after"])
    assert page.password.text() == "" and not dialog.apply.isEnabled()
    click(page.forget)
    assert "none" in page.password.placeholderText() and dialog.apply.isEnabled()
    click(dialog.apply)
    await room.until(lambda: room.keeper.story == ["after", ""])
    assert not page.forget.isEnabled() and not dialog.apply.isEnabled()


async def test_none_and_the_systems_proxy_can_be_chosen(room: Room) -> None:
    room.store.save(MANUAL)
    dialog, page = room.open()
    choose(page, "off")
    click(dialog.apply)
    assert room.store.current.proxy_off and room.store.current.proxy_url == "http://proxy.test:3128", (
        "kept for later"
    )
    choose(page, "manual")
    click(dialog.apply)
    assert not room.store.current.proxy_off and mode_of(room.store.current) == "manual"
    choose(page, "system")
    click(dialog.ok)
    assert mode_of(room.store.current) == "system" and room.store.current.proxy_url == ""


@pytest.mark.parametrize(
    ("text", "url", "wrong"),
    [
        ("proxy.test:3128", "http://proxy.test:3128", ""),
        (" socks5h://proxy.test:1080/ ", "socks5h://proxy.test:1080", ""),
        ("https://[fd00::1]:3128", "https://[fd00::1]:3128", ""),
        ("", "", "empty"),
        ("http://jan:secret@proxy.test", "", "credentials"),
        ("jan@proxy.test:1", "", "credentials"),
        ("socks4://proxy.test", "", "address"),
        ("http://proxy.test:0", "", "address"),
        ("http://proxy.test:99999", "", "address"),
        ("http://[proxy", "", "address"),
        ("http://proxy.test/path", "", "address"),
    ],
)
def test_an_address_is_taken_as_people_write_it(text: str, url: str, wrong: str) -> None:
    assert read_url(text) == (url, wrong)


async def test_what_cannot_be_is_said_while_it_is_typed(room: Room, tmp_path: Path) -> None:
    dialog, page = room.open()
    choose(page, "manual")
    for text, says in (("http://jan:x@p", "fields below"), ("ftp://p", "socks5h://"), ("", "Type the address")):
        page.url.setText(text)
        assert says in page.url_problem.text() and page.url_problem.isVisibleTo(page) and not dialog.ok.isEnabled()
    page.url.setText("p:1")
    page.user.setText("a:b")
    assert "colon" in page.url_problem.text() and not dialog.ok.isEnabled()
    page.user.setText("jan")
    for text, says in (("relative.pem", "full path"), (str(tmp_path / "none.pem"), "No such file")):
        page.ca_file.setText(text)
        assert says in page.ca_hint.text() and not dialog.ok.isEnabled()
    (tmp_path / "ca.pem").touch()
    page.ca_file.setText(str(tmp_path / "ca.pem"))
    click(dialog.ok)
    assert room.store.current.ca_file == str(tmp_path / "ca.pem")


async def test_a_ca_file_that_went_away_holds_nothing_else_up(room: Room, tmp_path: Path) -> None:
    room.store.save(Settings(ca_file=str(tmp_path / "gone.pem")))
    dialog, page = room.open()
    assert "No such file" in page.ca_hint.text() and dialog.ok.isEnabled()
    dialog.general.tasks.setValue(7)
    click(dialog.ok)
    assert room.store.current.parallel_tasks == 7


async def test_browse_opens_a_file_dialog_without_waiting_for_it(room: Room, tmp_path: Path) -> None:
    _, page = room.open()
    click(page.browse)
    dialog = page.findChild(QFileDialog, "caFileDialog")
    assert dialog is not None and dialog.fileMode() is QFileDialog.FileMode.ExistingFile
    dialog.fileSelected.emit(str(tmp_path / "ca.pem"))
    assert page.ca_file.text() == str(tmp_path / "ca.pem")
    dialog.reject()


async def test_what_a_program_changes_meanwhile_is_shown_and_not_undone(room: Room) -> None:
    dialog, page = room.open()
    room.store.update({"proxy_url": "http://other.test:1", "no_proxy": "x.test"})
    room.desk.changed.emit()
    assert page.url.text() == "http://other.test:1" and page.mode.currentData() == "manual"
    assert page.no_proxy.text() == "x.test" and page.changes() == {}
    click(dialog.ok)
    assert room.store.current.proxy_url == "http://other.test:1"


async def test_a_password_that_is_not_taken_is_said(room: Room, qtbot: QtBot) -> None:
    room.store.save(MANUAL)
    room.keeper.refuses = True
    dialog, page = room.open()
    QTest.keyClicks(page.password, "secretword")
    told: list[str] = []
    room.desk.said.connect(told.append)
    click(dialog.ok)
    await room.until(lambda: bool(told))
    assert "not changed" in told[0] and "cannot be sent" in told[0] and "secretword" not in told[0]


# -- the test --------------------------------------------------------------------------------------------------


async def test_the_test_asks_with_what_stands_there_and_applies_nothing(room: Room) -> None:
    _, page = room.open()
    choose(page, "manual")
    page.url.setText("socks5://proxy.test:1080")
    page.password.setText("secretword")
    click(page.test)
    assert page.result.text() == "Asking hub.test…" and not page.test.isEnabled()
    await room.until(lambda: bool(room.asked))
    settings, password = room.asked[0]
    assert settings.proxy_url == "socks5://proxy.test:1080" and password == "secretword"
    assert room.store.current == Settings() and room.keeper.story == []
    room.gate.set()
    await room.until(lambda: not room.desk.is_asking)
    assert page.result.text() == "hub.test answers." and page._sign.isVisibleTo(page)
    page.url.setText("socks5://proxy.test:1081")
    assert "Asks the hub once" in page.result.text(), "what was said holds no more"


async def test_what_is_wrong_is_said_with_the_next_step(room: Room) -> None:
    room.store.save(MANUAL)
    room.keeper.proxy_password = "kept"
    room.answer = ProxyRefused("The proxy proxy.test:3128 wants a user name and password")
    room.gate.set()
    _, page = room.open()
    click(page.test)
    await room.until(lambda: room.desk.has_answer)
    assert room.asked[0][1] == "kept"
    assert "wants a user name and password. Check the proxy" in page.result.text()
    room.answer = RuntimeError("a bug")
    click(page.test)
    await room.until(lambda: not room.desk.is_asking)
    assert "error of Pulley itself" in page.result.text()


async def test_closing_ends_a_test_that_never_ends(room: Room) -> None:
    _, page = room.open()
    click(page.test)
    await room.until(lambda: bool(room.asked))
    await room.desk.aclose()
    assert not room.desk.is_asking


# -- for everybody ---------------------------------------------------------------------------------------------


async def test_every_part_has_a_name_and_every_text_is_plain(room: Room) -> None:
    _, page = room.open()
    labels = page.findChildren(QLabel)
    buddies = {id(label.buddy()) for label in labels if label.buddy() is not None}
    parts = (page.mode, page.url, page.user, page.password, page.forget, page.no_proxy, page.ca_file, page.browse,
             page.test)  # fmt: skip
    for part in parts:
        spoken = part.accessibleName() or (part.text() if isinstance(part, QAbstractButton) else "")
        assert (spoken or id(part) in buddies) and part.objectName()
    assert all(label.textFormat() is Qt.TextFormat.PlainText for label in labels if label.text())


async def test_tab_reaches_everything_in_the_order_it_is_read(room: Room) -> None:
    room.store.save(MANUAL)
    room.keeper.proxy_password = "kept"
    _, page = room.open()
    page.mode.setFocus()
    reached: list[QWidget] = []
    while (focus := QApplication.focusWidget()) is not None and focus not in reached:
        reached.append(focus)
        QTest.keyClick(focus, Qt.Key.Key_Tab)
    wanted = ["proxyMode", "proxyUrl", "proxyUser", "proxyPassword", "proxyPasswordForget", "noProxy", "caFile",
              "caFileBrowse", "networkTest"]  # fmt: skip
    assert [part.objectName() for part in reached[: len(wanted)]] == wanted
