"""The theme: Fusion, one palette and one style sheet, all made of tokens; follows the system or a setting.

Knows tokens and Qt; no widget of ours. Widgets that paint themselves read `tokens` and repaint on `changed`.
"""

from PySide6.QtCore import QDir, QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from gui.style.sheet import sheet
from gui.style.tokens import DARK, LIGHT, Tokens
from resources import sheet_folder

MODES = ("system", "light", "dark")
FONT_PT = 10


class Theme(QObject):
    """Holds the tokens in force and puts them on the application.

    Signals:
        changed: Other tokens are in force; they are on the application already.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tokens = LIGHT
        self._mode = "light"
        self._app: QApplication | None = None

    @property
    def tokens(self) -> Tokens:
        """The colours in force."""
        return self._tokens

    @property
    def mode(self) -> str:
        """What was asked for: `system`, `light` or `dark`."""
        return self._mode

    def apply(self, app: QApplication, mode: str) -> None:
        """Put the look on the application; `system` follows the desktop from now on.

        Raises:
            ValueError: `mode` is none of `MODES`.
        """
        if mode not in MODES:
            raise ValueError(f"no theme called {mode!r}")
        first = self._app is None
        if first:
            self._app = app
            QDir.setSearchPaths("sheet", [sheet_folder()])
            app.setStyle("Fusion")
            font = QFont(app.font())
            font.setPointSize(FONT_PT)
            app.setFont(font)
            QGuiApplication.styleHints().colorSchemeChanged.connect(self._on_scheme_changed)
        self._mode = mode
        self._put(app, self._wanted(), first=first)

    def _wanted(self) -> Tokens:
        if self._mode == "system":
            dark = QGuiApplication.styleHints().colorScheme() is Qt.ColorScheme.Dark
            return DARK if dark else LIGHT
        return DARK if self._mode == "dark" else LIGHT

    def _on_scheme_changed(self) -> None:
        if self._app is not None and self._mode == "system":
            self._put(self._app, self._wanted())

    def _put(self, app: QApplication, tokens: Tokens, *, first: bool = False) -> None:
        if tokens is self._tokens and not first:
            return
        self._tokens = tokens
        app.setPalette(palette(tokens))
        app.setStyleSheet(sheet(tokens))
        self.changed.emit()


def palette(tokens: Tokens) -> QPalette:
    """Return the palette made of tokens; what is disabled is muted."""
    role = QPalette.ColorRole
    made = QPalette()
    for name, roles in {
        "ground": (role.Window,),
        "panel": (role.Base, role.AlternateBase, role.Button, role.ToolTipBase),
        "text": (role.WindowText, role.Text, role.ButtonText, role.ToolTipText, role.BrightText),
        "selection": (role.Highlight,),
        "muted": (role.PlaceholderText,),
        "accent": (role.Link, role.Accent),
        "violet": (role.LinkVisited,),
        "line": (role.Mid, role.Midlight, role.Dark),
        "hover": (role.Light,),
        "track": (role.Shadow,),
    }.items():
        for one in roles:
            made.setColor(one, QColor(getattr(tokens, name)))
    made.setColor(role.HighlightedText, QColor(tokens.text))
    for one in (role.WindowText, role.Text, role.ButtonText, role.HighlightedText):
        made.setColor(QPalette.ColorGroup.Disabled, one, QColor(tokens.muted))
    return made
