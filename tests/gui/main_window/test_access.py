"""What a model that needs access shows: its row, the strip above the list, the details, where the buttons lead."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton

from core.errors import (
    AccessDenied,
    AccessPending,
    AccessRefused,
    GatedModel,
    ResolveError,
    TokenMissing,
    TokenRefused,
)
from core.states import TaskState
from gui import wording
from gui.main_window import MainWindow
from gui.settings.dialog import SettingsDialog
from tests.fakes.engine import FakeEngine
from tests.gui.main_window.conftest import FakeDesktop, enabled, select, settle

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # offscreen, of dialogs

PAGE = "https://huggingface.co/org/gated"


def fail(window: MainWindow, engine: FakeEngine, error: type[ResolveError]) -> None:
    engine.script_add("org/gated")
    engine.script_state("org/gated", TaskState.FAILED, failure=error("the hub says no").failure)
    select(window, "org/gated")
    settle(window)


def button(window: MainWindow, name: str) -> QPushButton:
    found = window.findChild(QPushButton, name)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("error", "status", "notice", "first", "second"),
    [
        (TokenMissing, "no token is set", "no access token is set", "Enter token…", "Open its page"),
        (TokenRefused, "the token is not accepted", "does not accept", "Enter token…", "Open its page"),
        (GatedModel, "accept the terms", "accept its terms", "Open its page", "Enter token…"),
        (AccessPending, "not answered yet", "not answered yet", "Open its page", ""),
        (AccessRefused, "said no", "did not grant", "Open its page", ""),
        (AccessDenied, "the hub says no", "needs an access token", "Open its page", "Enter token…"),
    ],
)
def test_each_trouble_has_its_words_and_its_buttons(
    window: MainWindow,
    engine: FakeEngine,
    error: type[ResolveError],
    status: str,
    notice: str,
    first: str,
    second: str,
) -> None:
    fail(window, engine, error)
    said = wording.task_status(engine.task("org/gated"), engine.now())
    assert said.startswith("Needs access: ") and status in said
    text = window.findChild(QLabel, "noticeText")
    assert text is not None and notice in text.text() and "org/gated" in text.text()
    assert button(window, "noticeButton").text() == first
    other = button(window, "noticeSecond")
    assert other.isVisible() == bool(second) and (not second or other.text() == second)


def test_the_buttons_lead_to_the_page_and_to_the_accounts(
    window: MainWindow, engine: FakeEngine, desktop: FakeDesktop
) -> None:
    fail(window, engine, TokenMissing)
    QTest.mouseClick(button(window, "noticeSecond"), Qt.MouseButton.LeftButton)
    button(window, "modelPageButton").click()
    assert desktop.opened == [PAGE, PAGE]
    for name in ("noticeButton", "enterTokenButton"):
        button(window, name).click()
    window.actions_["actionEnterToken"].trigger()
    assert len(window.findChildren(SettingsDialog)) == 3
    assert {"actionEnterToken", "actionOpenPage"} <= enabled(window)


def test_other_failures_offer_neither(window: MainWindow, engine: FakeEngine) -> None:
    fail(window, engine, ResolveError)
    assert not button(window, "modelPageButton").isVisible() and not button(window, "enterTokenButton").isVisible()
    assert window.notices.isHidden()


def test_another_trouble_of_the_same_model_is_told_though_the_first_was_hidden(
    window: MainWindow, engine: FakeEngine
) -> None:
    fail(window, engine, TokenMissing)
    window.notices._dismiss()
    assert window.notices.isHidden()
    engine.script_state("org/gated", TaskState.QUEUED)
    engine.script_state("org/gated", TaskState.FAILED, failure=GatedModel("terms").failure)
    settle(window)
    assert window.notices.isVisible()
