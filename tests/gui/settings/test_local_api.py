"""The Local API page: what it shows, what it takes, and what reaches the switch when a person says so."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QWidget

from core.errors import PortTaken
from core.settings import Settings
from core.vault import new_key
from gui.settings.dialog import SettingsDialog
from gui.settings.local_api import LocalApiPage
from gui.settings.origins import read_lines
from tests.fakes.api import FakeClient
from tests.gui.settings.conftest import FIXED, Room

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # offscreen, of dialogs

ON = Settings(api_enabled=True)
TAKEN = "Port 39281 is taken by python3 (process 7)"


def page_of(dialog: SettingsDialog) -> LocalApiPage:
    assert dialog.api is not None
    return dialog.api


def click(button: QWidget) -> None:
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def rows(page: LocalApiPage) -> list[str]:
    return [page.keys.list.item(row).text() for row in range(page.keys.list.count())]


def focus() -> QWidget:
    widget = QApplication.focusWidget()
    assert widget is not None
    return widget


# -- off and on ------------------------------------------------------------------------------------------------


async def test_it_shows_what_is_set_and_changes_nothing_by_itself(room: Room) -> None:
    await room.set_up(Settings(api_port=8080, allowed_origins=("http://localhost:1420",)))
    dialog = room.open()
    page = page_of(dialog)
    assert not page.enabled.isChecked() and page.port.value() == 8080
    assert page.address.text() == "http://127.0.0.1:8080"
    assert page.origins.edit.toPlainText() == "http://localhost:1420"
    assert page.programs.text() == "The local API is off"
    assert page.problem.isHidden() and not dialog.apply.isEnabled()
    dialog.ok.click()
    assert not room.switch.is_changing and room.house.story == []


async def test_the_switch_acts_when_it_is_applied_and_not_before(room: Room) -> None:
    dialog = room.open()
    page = page_of(dialog)
    click(page.enabled)
    assert page.enabled.isChecked() and not room.switch.is_changing and dialog.apply.isEnabled()
    click(dialog.apply)
    assert page.programs.text() == "One moment…"
    await room.settle()
    assert room.switch.is_on and page.enabled.isChecked() and not dialog.apply.isEnabled()
    assert page.programs.text() == "Nobody is connected"
    assert room.store.load().api_enabled
    click(page.enabled)
    click(dialog.ok)
    await room.settle()
    assert not room.switch.is_on and not room.store.load().api_enabled and not dialog.isVisible()


async def test_cancel_leaves_everything_as_it_was(room: Room) -> None:
    await room.set_up(ON)
    dialog = room.open()
    page = page_of(dialog)
    click(page.enabled)
    page.port.setValue(9)
    click(page.keys.add)
    page.origins.edit.setPlainText("http://a")
    dialog.reject()
    assert room.store.current == ON and room.switch.is_on
    assert room.house.story == ["start 39281"] and room.keeper.keys == ()


async def test_the_keyboard_alone_switches_it_on_and_moves_it(room: Room) -> None:
    dialog = room.open()
    page = page_of(dialog)
    page.enabled.setFocus()
    QTest.keyClick(page.enabled, Qt.Key.Key_Space)
    page.port.setFocus()
    page.port.selectAll()
    QTest.keyClicks(page.port, "8080")
    assert page.address.text() == "http://127.0.0.1:8080"
    QTest.keyClick(page.port, Qt.Key.Key_Return)
    await room.settle()
    assert not dialog.isVisible() and room.switch.url == "http://127.0.0.1:8080"


async def test_tab_reaches_everything_in_the_order_it_is_read(room: Room) -> None:
    room.keeper.keys = (new_key(),)
    dialog = room.open()
    page = page_of(dialog)
    dialog.activateWindow()
    page.enabled.setFocus()
    reached: list[QWidget] = []
    while focus() not in reached:
        reached.append(focus())
        QTest.keyClick(focus(), Qt.Key.Key_Tab)
    wanted = [
        "apiEnabled", "apiAddress", "apiAddressCopy", "apiPort",
        "apiKeys", "apiKeyAdd", "apiKeyRemove", "apiOrigins",
    ]  # fmt: skip
    assert [part.objectName() for part in reached[: len(wanted)]] == wanted
    assert dialog.ok in reached and reached[-1].objectName() == "qt_tabwidget_tabbar"


async def test_every_part_has_a_name_and_every_text_is_plain(room: Room) -> None:
    await room.set_up(ON)
    room.keeper.keys = (new_key(),)
    dialog = room.open()
    page = page_of(dialog)
    click(page.keys.add)
    labels = page.findChildren(QLabel)
    buddies = {id(label.buddy()) for label in labels if label.buddy() is not None}
    for part in (page.enabled, page.address, page.copy, page.port, page.keys.list, page.keys.add, page.keys.remove,
                 page.keys.whole, page.keys.copy, page.origins.edit, page.origins.notes):  # fmt: skip
        spoken = part.accessibleName() or (part.text() if isinstance(part, QAbstractButton) else "")
        assert spoken or id(part) in buddies, part.objectName()
        assert part.objectName()
    assert all(label.textFormat() is Qt.TextFormat.PlainText for label in labels if label.text())


# -- trouble ---------------------------------------------------------------------------------------------------


async def test_a_taken_port_is_said_with_the_next_step_and_the_wish_is_kept(room: Room) -> None:
    room.house.failures = [PortTaken(TAKEN)]
    dialog = room.open()
    page = page_of(dialog)
    click(page.enabled)
    click(dialog.apply)
    await room.settle()
    assert not page.enabled.isChecked() and page.problem.isVisibleTo(page)
    assert TAKEN in page.problem_text.text() and "Choose another port" in page.problem_text.text()
    assert "tried again at each start" in page.problem_text.text()
    assert room.store.load().api_enabled, "the wish is kept"
    assert not dialog.apply.isEnabled()
    click(dialog.ok)
    assert room.store.load().api_enabled, "OK does not take the box for a no"


async def test_another_port_is_all_it_takes(room: Room) -> None:
    room.house.failures = [PortTaken(TAKEN)]
    await room.set_up(ON)
    dialog = room.open()
    page = page_of(dialog)
    page.port.setValue(39282)
    click(dialog.apply)
    await room.settle()
    assert room.switch.url == "http://127.0.0.1:39282" == page.address.text()
    assert page.enabled.isChecked() and page.problem.isHidden()


async def test_try_again_tries_what_stands_there_now(room: Room) -> None:
    room.house.failures = [PortTaken(TAKEN), PortTaken(TAKEN)]
    await room.set_up(ON)
    dialog = room.open()
    page = page_of(dialog)
    click(page.retry)
    await room.settle()
    assert page.problem.isVisibleTo(page) and not page.enabled.isChecked()
    page.port.setValue(8080)
    click(page.retry)
    await room.settle()
    assert room.switch.url == "http://127.0.0.1:8080" and page.enabled.isChecked()
    assert room.house.story == ["start 39281", "close", "start 39281", "close", "start 8080"]


async def test_ticking_the_box_again_is_another_try(room: Room) -> None:
    room.house.failures = [PortTaken(TAKEN)]
    await room.set_up(ON)
    dialog = room.open()
    page = page_of(dialog)
    click(page.enabled)
    assert page.enabled.isChecked() and dialog.apply.isEnabled()
    click(dialog.apply)
    await room.settle()
    assert room.switch.is_on and page.problem.isHidden()


async def test_the_wish_can_be_given_up(room: Room) -> None:
    room.house.failures = [PortTaken(TAKEN)]
    await room.set_up(ON)
    dialog = room.open()
    page = page_of(dialog)
    click(page.leave)
    assert page.problem.isHidden() and not page.enabled.isChecked() and dialog.apply.isEnabled()
    click(dialog.ok)
    await room.settle()
    assert not room.store.load().api_enabled and room.switch.problem is None


async def test_a_page_that_needs_more_room_gets_it(room: Room) -> None:
    room.house.failures = [PortTaken(TAKEN)]
    dialog = room.open()
    page = page_of(dialog)
    await room.until(lambda: page.height() > 0)
    low = dialog.height()
    click(page.enabled)
    click(dialog.apply)
    await room.settle()
    for _ in range(20):
        QApplication.sendPostedEvents()
        QTest.qWait(1)
    assert dialog.height() > low
    assert page.problem_text.height() >= page.problem_text.heightForWidth(page.problem_text.width())


# -- who is connected ------------------------------------------------------------------------------------------


async def test_who_is_connected_is_live(room: Room) -> None:
    await room.set_up(ON)
    page = page_of(room.open())
    assert page.programs.text() == "Nobody is connected"
    (server,) = room.house.running
    assert server.on_change is not None
    for clients, says in (
        ([FakeClient("Jan")], "1 program: Jan (127.0.0.1)"),
        ([FakeClient("Jan"), FakeClient("curl/8.0")], "2 programs: Jan (127.0.0.1), curl/8.0 (127.0.0.1)"),
        ([FakeClient("", "::1")], "1 program: unnamed (::1)"),
        ([FakeClient("<b>x</b>\n\u202ey")], "1 program: <b>x</b>  y (127.0.0.1)"),
        (
            [FakeClient(str(n)) for n in range(6)],
            "6 programs: 0 (127.0.0.1), 1 (127.0.0.1), 2 (127.0.0.1), 3 (127.0.0.1), 2 more",
        ),
    ):
        room.house.clients = clients
        server.on_change()
        assert page.programs.text() == says


async def test_a_program_that_left_without_a_word_leaves_the_line(room: Room) -> None:
    await room.set_up(ON)
    room.house.clients = [FakeClient("Jan")]
    page = page_of(room.open())
    assert page._look.isActive()
    room.house.clients = []
    page._look.timeout.emit()
    assert page.programs.text() == "Nobody is connected"
    page.hide()
    assert not page._look.isActive()


# -- keys ------------------------------------------------------------------------------------------------------


async def test_a_new_key_is_shown_whole_once_and_works_from_apply_on(room: Room) -> None:
    await room.set_up(ON)
    dialog = room.open()
    page = page_of(dialog)
    assert page.keys.whole.text() == "" and not page.keys.whole.isVisible()
    click(page.keys.add)
    key = page.keys.whole.text()
    assert key.startswith("sk-") and len(key) == 46 and page.keys.whole.hasFocus()
    assert rows(page) == [f"sk-…{key[-4:]} · new"]
    click(page.keys.copy)
    assert QGuiApplication.clipboard().text() == key and page.keys.copy.text() == "Copied"
    assert room.keeper.keys == (), "not before Apply"
    click(dialog.apply)
    await room.settle()
    assert room.keeper.keys == (key,) and rows(page) == [f"sk-…{key[-4:]}"]
    assert page.keys.whole.text() == key, "there is time to copy it"
    dialog.accept()
    again = page_of(room.open())
    assert rows(again) == [f"sk-…{key[-4:]}"] and again.keys.whole.text() == ""


async def test_keys_are_removed_by_mouse_and_by_key(room: Room) -> None:
    first, second, third = (new_key() for _ in range(3))
    room.keeper.keys = (first, second, third)
    dialog = room.open()
    page = page_of(dialog)
    page.keys.list.setCurrentRow(1)
    click(page.keys.remove)
    assert len(rows(page)) == 2 and dialog.apply.isEnabled()
    page.keys.list.setFocus()
    QTest.keyClick(page.keys.list, Qt.Key.Key_Delete)
    assert rows(page) == [f"sk-…{first[-4:]}"]
    click(dialog.ok)
    await room.settle()
    assert room.keeper.keys == (first,)


async def test_a_key_that_was_added_and_removed_again_is_no_change(room: Room) -> None:
    dialog = room.open()
    page = page_of(dialog)
    click(page.keys.add)
    assert dialog.apply.isEnabled()
    click(page.keys.remove)
    assert not dialog.apply.isEnabled() and not page.keys.whole.isVisible() and page.keys.add.hasFocus()


async def test_keys_of_the_environment_are_shown_and_cannot_be_removed(room: Room) -> None:
    room.keeper.keys = (FIXED, "short")
    page = page_of(room.open())
    assert rows(page) == ["…ment · from PULLEY_API_KEYS", "…"], "of a short key nothing is shown"
    page.keys.list.setCurrentRow(0)
    assert not page.keys.remove.isEnabled()
    page.keys.list.setFocus()
    QTest.keyClick(page.keys.list, Qt.Key.Key_Delete)
    assert len(rows(page)) == 2
    page.keys.list.setCurrentRow(1)
    assert page.keys.remove.isEnabled()


async def test_lost_keys_can_be_given_up(room: Room) -> None:
    room.keeper.lacks_keys = True
    await room.set_up(ON)
    dialog = room.open()
    page = page_of(dialog)
    assert rows(page) == ["Keys that were set and cannot be read"]
    assert "cannot be read from the system's keyring" in page.problem_text.text()
    click(page.keys.remove)
    click(dialog.apply)
    await room.settle()
    assert room.switch.is_on and room.keeper.keys == () and rows(page) == []


async def test_without_a_keyring_it_is_said_that_keys_end_with_the_program(room: Room) -> None:
    room.secrets.finds_lasting = False
    page = page_of(room.open())
    assert "every program on this machine" in page.keys.hint.text()
    await room.until(lambda: "in memory only, until Pulley quits" in page.keys.hint.text())
    click(page.keys.add)
    assert page.keys.hint.text().startswith("Every request has to carry one of these keys.")
    assert "in memory only" in page.keys.hint.text()


async def test_keys_that_a_program_changed_meanwhile_are_shown(room: Room) -> None:
    page = page_of(room.open())
    key = new_key()
    room.keeper.keys = (key,)
    room.switch.changed.emit()
    assert rows(page) == [f"sk-…{key[-4:]}"]


async def test_there_is_an_end_to_the_number_of_keys(room: Room) -> None:
    room.keeper.keys = tuple(new_key() for _ in range(63))
    page = page_of(room.open())
    click(page.keys.add)
    assert len(rows(page)) == 64 and not page.keys.add.isEnabled()


async def test_the_address_is_copied(room: Room) -> None:
    page = page_of(room.open())
    page.copy.setFocus()
    QTest.keyClick(page.copy, Qt.Key.Key_Space)
    assert QGuiApplication.clipboard().text() == "http://127.0.0.1:39281"
    assert page.copy.text() == "Copied"
    await room.until(lambda: page.copy._back.isActive())
    page.copy._back.timeout.emit()
    assert page.copy.text() == "Copy"


# -- origins ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "note"),
    [
        ("http://localhost:3000", "good"),
        ("  HTTP://LOCALHOST/ ", "good"),
        ("*", "any"),
        ("null", "null"),
        ("localhost:3000", "scheme"),
        ("http://a/b", "path"),
        ("http://a:99999", "port"),
        ("", ""),
    ],
)
def test_each_line_is_read(line: str, note: str) -> None:
    assert [found for _, found in read_lines(f"http://first\n{line}\nhttp://first")] == ["good", note, "twice"]


def test_more_origins_than_there_may_be_are_refused() -> None:
    notes = [note for _, note in read_lines("\n".join(f"http://a:{n}" for n in range(1, 36)))]
    assert notes == ["good"] * 32 + ["many"] * 3


async def test_origins_are_checked_while_they_are_typed_with_the_reason_beside(room: Room) -> None:
    dialog = room.open()
    page = page_of(dialog)
    page.origins.edit.setFocus()
    QTest.keyClicks(page.origins.edit, "http://localhost:3000")
    QTest.keyClick(page.origins.edit, Qt.Key.Key_Return)
    assert dialog.isVisible(), "Enter is a new line"
    QTest.keyClicks(page.origins.edit, "https://example.org/app")
    assert page.origins.notes.toPlainText().split("\n") == ["✓ may ask", "✗ ends after the host and its port"]
    assert "ends after the host" in page.origins.edit.accessibleDescription()
    assert not dialog.ok.isEnabled() and not dialog.apply.isEnabled()
    for _ in "/app":
        QTest.keyClick(page.origins.edit, Qt.Key.Key_Backspace)
    assert dialog.ok.isEnabled()
    QTest.keyClick(page.origins.edit, Qt.Key.Key_Tab)
    assert not page.origins.edit.hasFocus(), "Tab goes on"
    click(dialog.apply)
    assert room.store.load().allowed_origins == ("http://localhost:3000", "https://example.org")


async def test_the_reasons_stand_beside_their_lines_also_when_scrolled(room: Room) -> None:
    page = page_of(room.open())
    page.origins.edit.setPlainText("\n".join(f"http://a:{n}" for n in range(1, 20)))
    here, there = page.origins.edit.verticalScrollBar(), page.origins.notes.verticalScrollBar()
    assert here.maximum() > 5
    for value in (here.maximum(), 3):
        here.setValue(value)
        assert there.value() == value
    line = page.origins.edit.cursorRect().height()
    assert page.origins.notes.cursorRect().height() == line
    page.origins.edit.moveCursor(page.origins.edit.textCursor().MoveOperation.End)
    assert there.value() == here.value()


async def test_origins_that_a_program_changed_are_followed_where_nothing_was_typed(room: Room) -> None:
    dialog = room.open()
    page = page_of(dialog)
    room.switch.apply(room.store.update({"allowed_origins": ("http://a",)}))
    assert page.origins.edit.toPlainText() == "http://a" and not dialog.apply.isEnabled()
    page.origins.edit.setPlainText("http://b")
    room.switch.apply(room.store.update({"allowed_origins": ("http://c",)}))
    assert page.origins.edit.toPlainText() == "http://b"


async def test_what_was_not_changed_here_is_not_written_over_what_a_program_changed(room: Room) -> None:
    dialog = room.open()
    room.store.update({"max_connections": 9, "no_proxy": "a", "api_port": 7})
    click(page_of(dialog).enabled)
    click(dialog.ok)
    await room.settle()
    assert room.store.load() == Settings(api_enabled=True, max_connections=9, no_proxy="a", api_port=7)


async def test_origins_that_a_program_switched_off_say_so_and_come_back_with_a_change(room: Room) -> None:
    await room.set_up(Settings(cors=False, allowed_origins=("http://a",)))
    dialog = room.open()
    page = page_of(dialog)
    assert "switched web pages off" in page.origins_hint.text()
    page.origins.edit.setPlainText("http://a\nhttp://b")
    assert "switched web pages off" not in page.origins_hint.text()
    click(dialog.apply)
    assert room.store.load().cors and room.store.load().allowed_origins == ("http://a", "http://b")
    assert not dialog.apply.isEnabled()


async def test_the_page_follows_the_theme(room: Room) -> None:
    page = page_of(room.open())
    page.origins.edit.setPlainText("nothing")
    before = page.origins.notes.textCursor().charFormat().foreground().color()
    style, palette, font = QApplication.style().objectName(), QApplication.palette(), QApplication.font()
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    try:
        room.theme.apply(app, "dark")
        after = page.origins.notes.textCursor().charFormat().foreground().color()
        assert after.name() == room.theme.tokens.red != before.name()
    finally:
        app.setStyleSheet("")
        app.setStyle(style)
        app.setPalette(palette)
        app.setFont(font)


async def test_the_letters_of_the_page_are_all_different(room: Room) -> None:
    page = page_of(room.open())
    texts = [label.text() for label in page.findChildren(QLabel) if label.buddy() is not None]
    texts += [button.text() for button in page.findChildren(QAbstractButton) if "&" in button.text()]
    letters = [QKeySequence.mnemonic(text).toString() for text in texts]
    assert "" not in letters and len(set(letters)) == len(letters), texts
