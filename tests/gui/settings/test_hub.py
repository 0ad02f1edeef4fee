"""Settings > Network, where Hugging Face is fetched from; the boxes for mirrors, and what the status bar says."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QLabel, QWidget
from pytestqt.qtbot import QtBot

from core.accounts import Account, HubAccount
from core.errors import DownloadError
from core.net.mirrors import HF_MIRROR, Answer, Choice
from core.records import Totals
from core.settings import Settings, SettingsStore
from gui import wording_hub as words
from gui.accounts_desk import AccountsDesk
from gui.hub_desk import HubDesk
from gui.network_desk import NetworkDesk
from gui.settings.accounts import AccountsPage
from gui.settings.dialog import SettingsDialog
from gui.settings.hub_part import HubPart, read_mirrors
from gui.settings.network import NetworkPage
from gui.status_bar import StatusBar
from gui.style.theme import Theme
from tests.fakes.api import FakeSecrets

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # offscreen, of dialogs

HUB, A = "https://huggingface.co", "https://a.example"


class FakeChooser:
    def __init__(self) -> None:
        self.is_fixed = False
        self.is_asking = False
        self.choice = Choice(HUB, "hub")
        self._told: list[Callable[[], None]] = []

    def listen(self, told: Callable[[], None]) -> None:
        self._told.append(told)

    def tell(self, choice: Choice, *, is_asking: bool = False) -> None:
        self.choice, self.is_asking = choice, is_asking
        for told in self._told:
            told()


class FakeKeeper:
    proxy_password = ""

    def __init__(self, mirrors: Callable[[], tuple[str, ...]] = tuple) -> None:
        self._mirrors = mirrors
        self.place = ""

    def token(self, hub: HubAccount) -> str:
        return "hf_kept"

    def account(self, hub: HubAccount) -> Account:
        return Account(place=self.place, host="huggingface.co", url=HUB, mirrors=self._mirrors())

    async def change(self, values: Mapping[str, Any], *, host: str) -> bool:
        await asyncio.sleep(0)
        return True


class Room:
    """Everything behind the two pages; `open` shows the dialog with the network in front."""

    def __init__(self, qtbot: QtBot, folder: Path) -> None:
        self.store = SettingsStore(folder / "settings.yml")
        self.chooser = FakeChooser()
        self.theme = Theme()
        self.keeper = FakeKeeper(lambda: tuple(url[8:] for url in self.store.current.mirrors_in_use))
        self._qtbot = qtbot
        self._kept: list[object] = []

    @staticmethod
    async def _ask(settings: Settings, password: str) -> DownloadError | None:
        return None

    @staticmethod
    async def _whose(token: str) -> str:
        return "jan"

    def open(self) -> tuple[SettingsDialog, HubPart]:
        def now() -> Settings:
            return self.store.current

        self.desk = HubDesk(self.chooser)
        network = NetworkPage(
            now, NetworkDesk(self.keeper, self._ask, lambda _: "", hub="hub"), self.theme, hub=self.desk
        )
        account = AccountsDesk(self.keeper, self.keeper.change, FakeSecrets(), self._whose)
        accounts = AccountsPage(now, [account], self.theme)
        dialog = SettingsDialog(now(), default_dir="~/models", network=network, accounts=accounts)
        self._kept += [dialog, account]
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        self._qtbot.addWidget(dialog)
        dialog.applied.connect(lambda changes: self.store.update(changes))
        dialog.tabs.setCurrentIndex(1)
        dialog.open()
        dialog.activateWindow()
        assert QTest.qWaitForWindowActive(dialog) and network.hub is not None
        return dialog, network.hub

    async def aclose(self) -> None:
        for each in self._kept:
            if isinstance(each, AccountsDesk):
                await each.aclose()


@pytest.fixture
async def room(qapp: QApplication, qtbot: QtBot, tmp_path: Path) -> Any:
    made = Room(qtbot, tmp_path)
    yield made
    await made.aclose()


def choose(part: HubPart, way: str) -> None:
    part.way.setCurrentIndex(part.way.findData(way))


def is_shown(part: HubPart, *widgets: QWidget) -> list[bool]:
    return [not widget.isHidden() for widget in widgets]


async def test_it_is_the_hub_itself_until_a_person_says_otherwise(room: Room) -> None:
    dialog, part = room.open()
    assert part.way.currentData() == "hub" and part.hint.text() == "Nobody else is asked."
    assert is_shown(part, part.mirror, part.mirrors, part.problem, part.token_hint) == [False] * 4
    assert part.now.text() == "huggingface.co." and not dialog.apply.isEnabled()
    dialog.ok.click()
    assert room.store.current == Settings()


async def test_a_mirror_of_ones_own_is_checked_and_kept(room: Room) -> None:
    dialog, part = room.open()
    choose(part, "mirror")
    assert is_shown(part, part.mirror, part.mirrors, part.token_hint) == [True, False, True]
    assert not dialog.ok.isEnabled() and HF_MIRROR in part.problem.text()
    for text, says in (
        ("http://mirror.example", "https://"),
        ("https://jan:word@mirror.example", "passwords"),
        ("huggingface.co", "itself"),
        ("mirror example", "no web address"),
    ):
        part.mirror.setText(text)
        assert says in part.problem.text() and not part.problem.isHidden() and not dialog.ok.isEnabled()
    part.mirror.clear()
    QTest.keyClicks(part.mirror, "Mirror.example/hub/")
    assert part.problem.isHidden() and dialog.ok.isEnabled()
    dialog.ok.click()
    kept = room.store.load()
    assert (kept.hub_way, kept.hub_mirror) == ("mirror", "https://mirror.example/hub")
    assert kept.hub_mirrors == (HF_MIRROR,), "the list is as it was"


async def test_the_list_of_the_fastest_offers_the_known_one_and_takes_others(room: Room) -> None:
    dialog, part = room.open()
    choose(part, "fastest")
    assert is_shown(part, part.mirror, part.mirrors) == [False, True] and part.mirrors.text() == HF_MIRROR
    part.mirrors.setText("")
    assert "at least one" in part.problem.text() and not dialog.ok.isEnabled()
    part.mirrors.setText(f"a.example, {HF_MIRROR}  a.example")
    dialog.apply.click()
    kept = room.store.load()
    assert (kept.hub_way, kept.hub_mirrors) == ("fastest", (A, HF_MIRROR)) and not dialog.apply.isEnabled()
    choose(part, "hub")
    dialog.ok.click()
    assert room.store.load().hub_way == "hub" and room.store.load().hub_mirrors == (A, HF_MIRROR), "kept for later"


@pytest.mark.parametrize(
    ("text", "urls", "wrong"),
    [
        ("a.example;b.example", (A, "https://b.example"), ""),
        (" , ", (), "none"),
        ("a.example http://b.example", (), "scheme"),
        (" ".join(f"m{number}.example" for number in range(9)), (), "many"),
    ],
)
def test_a_list_is_taken_as_people_write_it(text: str, urls: tuple[str, ...], wrong: str) -> None:
    assert read_mirrors(text) == (urls, wrong)


async def test_where_the_environment_names_the_hub_nothing_can_be_chosen_and_that_is_said(room: Room) -> None:
    room.store.update({"hub_way": "mirror", "hub_mirror": A})
    room.chooser.is_fixed, room.chooser.choice = True, Choice("https://own.example", "environment")
    dialog, part = room.open()
    assert not part.way.isEnabled() and "HF_ENDPOINT" in part.hint.text() and "own.example" in part.hint.text()
    assert is_shown(part, part.mirror, part.mirrors, part.problem, part.token_hint) == [False] * 4
    assert part.now.text() == "own.example. HF_ENDPOINT in the environment names it."
    dialog.ok.click()
    assert room.store.current.hub_mirror == A and room.store.current.hub_way == "mirror"


async def test_what_was_measured_is_shown_as_it_comes(room: Room) -> None:
    room.store.update({"hub_way": "fastest", "hub_mirrors": (A,)})
    _, part = room.open()
    room.chooser.tell(Choice(HUB, "unasked"), is_asking=True)
    assert part.now.text() == "huggingface.co. The places are being asked…"
    room.chooser.tell(Choice(A, "fastest", (Answer(HUB, None, "silent"), Answer(A, 0.1234))))
    assert part.now.text() == (
        "a.example. The fastest that works. huggingface.co does not answer; a.example: 123 ms."
    )


async def test_what_a_program_changes_meanwhile_is_shown_and_not_undone(room: Room) -> None:
    dialog, part = room.open()
    room.store.update({"hub_way": "mirror", "hub_mirror": A})
    dialog.network._show()  # type: ignore[union-attr]
    assert part.way.currentData() == "mirror" and part.mirror.text() == A and not part.mirror.isHidden()
    dialog.ok.click()
    assert room.store.current.hub_mirror == A


async def test_every_part_has_a_label_and_a_name(room: Room) -> None:
    dialog, part = room.open()
    assert dialog.network is not None
    labels = dialog.network.findChildren(QLabel)
    buddies = {id(label.buddy()) for label in labels if label.buddy() is not None}
    assert all(id(each) in buddies and each.objectName() for each in (part.way, part.mirror, part.mirrors))
    assert all(label.textFormat() is Qt.TextFormat.PlainText for label in labels if label.text())


# -- consent ---------------------------------------------------------------------------------------------------


def boxes(dialog: SettingsDialog) -> dict[str, QCheckBox]:
    assert dialog.accounts is not None
    found = dialog.accounts.findChildren(QCheckBox)
    return {box.objectName().removeprefix("accountConsent_"): box for box in found if "_" in box.objectName()}


async def test_each_mirror_has_a_box_for_the_token_as_soon_as_it_is_set(room: Room) -> None:
    dialog, part = room.open()
    assert boxes(dialog) == {}
    choose(part, "fastest")
    part.mirrors.setText("a.example, b.example")
    dialog.apply.click()
    found = boxes(dialog)
    assert sorted(found) == ["a.example", "b.example"] and not any(box.isChecked() for box in found.values())
    assert "Send the Hugging Face token to a.example too" in found["a.example"].text().replace("&", "")
    found["b.example"].click()
    assert dialog.apply.isEnabled()
    dialog.apply.click()
    assert room.store.load().token_mirrors == ("b.example",) and not dialog.apply.isEnabled()
    choose(part, "hub")
    dialog.apply.click()
    assert room.store.load().token_mirrors == ("b.example",), "it is not asked for what is not in use"
    await asyncio.sleep(0)
    QApplication.sendPostedEvents(None, 0)
    choose(part, "fastest")
    dialog.ok.click()
    assert {name: box.isChecked() for name, box in boxes(dialog).items()} == {"a.example": False, "b.example": True}


async def test_the_variable_is_no_mirrors_business(room: Room) -> None:
    room.store.update({"hub_way": "mirror", "hub_mirror": A})
    room.keeper.place = "variable"
    dialog, _ = room.open()
    assert boxes(dialog) == {}


# -- the status bar --------------------------------------------------------------------------------------------


async def test_the_status_bar_names_the_place_and_its_tooltip_says_why(room: Room, qtbot: QtBot) -> None:
    totals = Totals(hub="huggingface.co", hub_reachable=True)
    bar = StatusBar(room.theme)
    qtbot.addWidget(bar)
    desk = HubDesk(room.chooser)
    bar.follow(desk, lambda: totals)
    label = bar.findChild(QLabel, "statusHub")
    assert label is not None and label.parentWidget().toolTip() == "huggingface.co: reachable"
    said: list[str] = []
    desk.said.connect(said.append)
    totals = replace(totals, hub="a.example")
    room.chooser.tell(Choice(A, "left", (Answer(HUB, None, "left"), Answer(A, 0.3))))
    assert label.text() == "a.example"
    assert (
        label.parentWidget().toolTip()
        == label.accessibleName()
        == (
            "a.example: reachable. The one before could not be reached. huggingface.co could not be reached; "
            "a.example: 300 ms."
        )
    )
    assert said == [words.moved(room.chooser.choice)] and said[0].startswith(
        "Hugging Face is fetched from a.example"
    )
    room.chooser.tell(Choice(HUB, "hub"))
    assert len(said) == 1, "a person did that"
    await desk.aclose()
    room.chooser.tell(Choice(A, "mirror"))
    assert len(said) == 1
