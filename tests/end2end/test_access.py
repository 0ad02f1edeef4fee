"""A gated model in the real window: through all five troubles with access and out of them, as a person does it."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QDesktopServices
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton, QWidget

from core.demo.catalogue import Scale
from core.states import TaskState
from core.vault import MemorySecrets
from gui import wording
from gui.main_window import MainWindow
from gui.settings.dialog import SettingsDialog
from tests.end2end.conftest import HubOnThread, Stage, drop, play
from tests.gui.main_window.conftest import FakeDesktop

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # offscreen, of dialogs

GEMMA = "google/gemma-3-27b-it"
TOKEN = "hf_a_token_of_a_person"


@pytest.fixture
def hub_scale() -> Scale:
    return "test"


@pytest.fixture(autouse=True)
def no_token_and_short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr("gui.app.open_secrets", MemorySecrets)  # nobody's keyring is touched
    monkeypatch.setattr("core.access.LOOKS_S", (0.05,))
    monkeypatch.setattr("core.access.BACK_GAP_S", 0.0)


def status(window: MainWindow, stage: Stage) -> str:
    return wording.task_status(stage.engine.tasks[0], stage.engine.now())


def child(parent: QWidget, name: str) -> QWidget:
    found = parent.findChild(QWidget, name)
    assert found is not None, name
    return found


def click(parent: QWidget, name: str) -> None:
    button = child(parent, name)
    assert isinstance(button, QPushButton) and button.isVisible() and button.isEnabled(), name
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


async def enter(stage: Stage, window: MainWindow, token: str) -> str:
    """Type a token into the settings, as the button in the window leads there; return what the page says of it."""
    click(window, "enterTokenButton")
    dialog = window.findChildren(SettingsDialog)[-1]
    field = child(dialog, "accountToken")
    assert isinstance(field, QLineEdit) and field.echoMode() is QLineEdit.EchoMode.Password
    await stage.until(lambda: not field.isReadOnly())
    QTest.keyClicks(field, token)
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert field.text() == "" and dialog.isVisible(), "it is masked for ever, and Enter closes nothing"
    result = child(dialog, "accountResult")
    assert isinstance(result, QLabel)
    await stage.until(lambda: bool(result.text()) and not result.text().startswith("Asking"))
    said = result.text()
    dialog.reject()
    return said


def test_a_gated_model_goes_through_all_five_troubles_and_out_of_them(
    stage: Stage, loud_hub: HubOnThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    desktop = FakeDesktop()
    QDesktopServices.setUrlHandler("http", desktop, "take")

    async def story() -> None:
        window = await stage.open()
        hub = loud_hub.hub

        async def says(text: str) -> None:
            await stage.until(lambda: bool(stage.engine.tasks) and text in status(window, stage))
            await stage.until(lambda: window.notices.isVisible())

        drop(window, GEMMA)
        await says("no token is set")
        await stage.until(lambda: child(window, "enterTokenButton").isVisible())

        # A token that the hub does not know is told at once, and not kept.
        said = await enter(stage, window, "hf_invalid")
        assert "does not accept the access token" in said and "not kept" in said
        # One that was good when it was entered and is withdrawn later.
        said = await enter(stage, window, TOKEN)
        assert "that of demo" in said and TOKEN not in said
        await says("accept the terms on its page")
        hub.refused_tokens.add(TOKEN)
        await says("the token is not accepted")
        hub.refused_tokens.discard(TOKEN)
        assert "that of demo" in await enter(stage, window, TOKEN + "2")

        await says("accept the terms on its page")
        click(window, "modelPageButton")
        assert desktop.opened == [f"{hub.endpoint}/{GEMMA}"]
        hub.pending_tokens.add(TOKEN + "2")  # a person asks there, and does nothing here
        await says("not answered yet")
        hub.pending_tokens.clear()
        hub.rejected_tokens.add(TOKEN + "2")
        await says("said no")
        hub.granted_tokens.add(TOKEN + "2")
        stage.app.applicationStateChanged.emit(Qt.ApplicationState.ApplicationActive)
        await stage.until(lambda: stage.engine.tasks[0].state is TaskState.DONE)
        await stage.until(lambda: window.notices.isHidden())
        assert hub.requests.with_token("cdn") == []
        await stage.close()
        written = [path for path in stage.places.data.rglob("*") if path.is_file()]
        assert written and not [path for path in written if TOKEN.encode() in path.read_bytes()]

    try:
        play(stage, story)
    finally:
        QDesktopServices.unsetUrlHandler("http")
