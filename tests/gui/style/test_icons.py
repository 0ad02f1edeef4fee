"""Icons are drawn in the colour of the theme, at every size."""

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QIcon
from pytestqt.qtbot import QtBot

from gui.style.icons import ALIASES, icon
from gui.style.tokens import DARK, LIGHT, Tokens
from resources import icon_names, icon_svg

NEEDED = (
    "add", "resume", "pause", "remove", "up", "down", "folder", "settings", "filter", "list", "downloading",
    "queued", "paused", "completed", "failed", "model", "file", "copy", "open-external", "check", "warning",
    "clear", "import", "export", "theme", "about", "quit", "app",
)  # fmt: skip


def ink(shown: QIcon, mode: QIcon.Mode = QIcon.Mode.Normal, size: int = 24) -> list[QColor]:
    image = shown.pixmap(QSize(size, size), 1.0, mode).toImage()
    assert (image.width(), image.height()) == (size, size)
    points = [image.pixelColor(x, y) for x in range(size) for y in range(size)]
    return [point for point in points if point.alpha()]


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("name", NEEDED)
def test_icon_is_not_empty_in_any_mode(qtbot: QtBot, tokens: Tokens, name: str) -> None:
    for mode in (QIcon.Mode.Normal, QIcon.Mode.Disabled, QIcon.Mode.Selected):
        assert len(ink(icon(name, tokens), mode)) > 20


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
def test_icon_has_the_colour_of_its_role(qtbot: QtBot, tokens: Tokens) -> None:
    darkest = max(ink(icon("downloading", tokens, role="accent"), size=48), key=QColor.alpha)
    assert darkest.name() == tokens.accent


def test_disabled_icon_is_fainter(qtbot: QtBot) -> None:
    shown = icon("pause", LIGHT)
    strongest = max(point.alpha() for point in ink(shown))
    assert max(point.alpha() for point in ink(shown, QIcon.Mode.Disabled)) < strongest


def test_icon_is_rendered_sharp_for_high_density(qtbot: QtBot) -> None:
    pixmap = icon("model", LIGHT).pixmap(QSize(16, 16), 2.0)
    assert pixmap.size() == QSize(32, 32)
    assert pixmap.devicePixelRatio() == 2.0


def test_every_drawing_takes_its_colour_from_the_theme() -> None:
    assert set(ALIASES.values()) <= set(icon_names())
    for name in set(icon_names()) - {"app"}:
        svg = icon_svg(name)
        assert "currentColor" in svg and "#" not in svg
        assert 'stroke-width="1.7"' in svg and 'viewBox="0 0 24 24"' in svg


def test_an_icon_that_does_not_exist_is_an_error(qtbot: QtBot) -> None:
    with pytest.raises(FileNotFoundError):
        icon("nonsense", LIGHT)
