"""Line icons in the colours of the theme: SVG with `currentColor` replaced, rendered once a size and colour.

Knows resources and tokens; no widget asks for a file by itself.
"""

import atexit
from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from gui.style.tokens import Tokens
from resources import icon_svg

# Physical sizes: 16, 20, 24 and 32 px at device pixel ratios 1, 1.5, 2 and 3; Qt takes the nearest one.
SIZES_PX = (16, 20, 24, 30, 32, 36, 40, 48, 64, 96)
APP_SIZES_PX = (16, 24, 32, 48, 64, 128, 256)

# Names that a caller thinks in, drawn by the same strokes.
ALIASES = {
    "filter": "search",
    "browse": "search",
    "all": "list",
    "paused": "pause",
    "completed": "check",
    "verify": "check",
    "failed": "warning",
    "library": "model",
}


def icon(name: str, tokens: Tokens, *, role: str = "text") -> QIcon:
    """Return the icon in the colour of the token `role`; disabled it is muted and half clear.

    Raises:
        FileNotFoundError: There is no such icon.
    """
    if name == "app":
        return app_icon()
    return _icon(name, getattr(tokens, role), tokens.muted)


@lru_cache(maxsize=1)
def app_icon() -> QIcon:
    """Return the program's icon, in its own colours."""
    made = QIcon()
    renderer = QSvgRenderer(QByteArray(icon_svg("app").encode()))
    for size in APP_SIZES_PX:
        made.addPixmap(_render(renderer, size))
    return made


@lru_cache(maxsize=512)
def _icon(name: str, colour: str, disabled: str) -> QIcon:
    made = QIcon()
    for mode, paint, opacity in (
        (QIcon.Mode.Normal, colour, 1.0),
        (QIcon.Mode.Active, colour, 1.0),
        (QIcon.Mode.Selected, colour, 1.0),
        (QIcon.Mode.Disabled, disabled, 0.7),
    ):
        for size in SIZES_PX:
            made.addPixmap(_pixmap(name, paint, size, opacity), mode)
    return made


@lru_cache(maxsize=4096)
def _pixmap(name: str, colour: str, size: int, opacity: float) -> QPixmap:
    svg = icon_svg(ALIASES.get(name, name)).replace("currentColor", colour)
    return _render(QSvgRenderer(QByteArray(svg.encode())), size, opacity=opacity)


@atexit.register
def forget() -> None:
    """Drop every rendered picture: none may outlive the application object."""
    app_icon.cache_clear()
    _icon.cache_clear()
    _pixmap.cache_clear()


def _render(renderer: QSvgRenderer, size: int, *, opacity: float = 1.0) -> QPixmap:
    pixmap = QPixmap(QSize(size, size))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setOpacity(opacity)
    renderer.render(painter, QRectF(0, 0, size, size))
    painter.end()
    return pixmap
