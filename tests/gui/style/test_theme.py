"""The theme puts one look on the application and tells when it changes."""

import re
from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QPalette, QPixmap
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gui.style.sheet import sheet
from gui.style.theme import Theme
from gui.style.tokens import DARK, LIGHT


@pytest.fixture
def app(qapp: QApplication) -> Iterator[QApplication]:
    style, palette, font = qapp.style().objectName(), QPalette(qapp.palette()), qapp.font()
    yield qapp
    qapp.setStyleSheet("")
    qapp.setStyle(style)
    qapp.setPalette(palette)
    qapp.setFont(font)


def test_applying_dark_after_light_changes_palette_and_sheet(app: QApplication, qtbot: QtBot) -> None:
    theme = Theme()
    theme.apply(app, "light")
    assert app.palette().color(QPalette.ColorRole.Base).name() == LIGHT.panel
    with qtbot.waitSignal(theme.changed):
        theme.apply(app, "dark")
    assert theme.tokens is DARK
    assert app.palette().color(QPalette.ColorRole.Text).name() == DARK.text
    assert DARK.accent in app.styleSheet() and LIGHT.accent not in app.styleSheet()


def test_the_style_is_fusion_with_ten_points(app: QApplication) -> None:
    Theme().apply(app, "light")
    assert app.font().pointSize() == 10
    assert "fusion" in (app.style().objectName() or app.style().name()).lower() or app.styleSheet()


def test_applying_the_same_look_again_tells_nothing(app: QApplication, qtbot: QtBot) -> None:
    theme = Theme()
    theme.apply(app, "dark")
    with qtbot.assertNotEmitted(theme.changed):
        theme.apply(app, "dark")


def test_system_follows_the_desktop_and_light_does_not(
    app: QApplication, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    class FakeHints:
        scheme = Qt.ColorScheme.Dark

        def colorScheme(self) -> Qt.ColorScheme:
            return self.scheme

    hints = QGuiApplication.styleHints()
    theme = Theme()
    theme.apply(app, "light")
    monkeypatch.setattr(QGuiApplication, "styleHints", staticmethod(FakeHints))
    hints.colorSchemeChanged.emit(Qt.ColorScheme.Dark)
    assert theme.tokens is LIGHT
    theme.apply(app, "system")
    assert theme.tokens is DARK
    monkeypatch.setattr(FakeHints, "scheme", Qt.ColorScheme.Light)
    hints.colorSchemeChanged.emit(Qt.ColorScheme.Light)
    assert theme.tokens is LIGHT


def test_an_unknown_mode_is_an_error(app: QApplication) -> None:
    with pytest.raises(ValueError, match="no theme"):
        Theme().apply(app, "sepia")


def test_every_token_name_in_the_sheet_is_filled_in() -> None:
    assert "$" not in sheet(LIGHT)


def test_every_mark_of_the_sheet_is_there_and_can_be_drawn(app: QApplication) -> None:
    Theme().apply(app, "light")
    for tokens in (LIGHT, DARK):
        marks = re.findall(r'url\("(sheet:[^"]+)"\)', sheet(tokens))
        assert len(marks) >= 6
        assert all(not QPixmap(mark).isNull() for mark in marks)
