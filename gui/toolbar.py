"""The tool bar: the actions of every day, the filter field and the settings. Knows actions and the theme."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QSizePolicy, QToolBar, QToolButton, QWidget

from gui import wording_window as words
from gui.actions import Actions
from gui.style.icons import icon
from gui.style.theme import Theme

ICON_PX = 16
FILTER_WIDTH_PX = 236
FILTER_LEAST_PX = 110

_WITH_TEXT = Qt.ToolButtonStyle.ToolButtonTextBesideIcon
_GROUPS = (
    ("actionResume", "actionPause", "actionRemove"),
    ("actionMoveUp", "actionMoveDown"),
    ("actionVerify", "actionOpenFolder"),
)
_NAMED = ("actionResume", "actionPause", "actionVerify")  # words that tell similar signs apart, and what is meant


class FilterEdit(QLineEdit):
    """The filter field: Escape empties it, Down and Return go on to the list.

    Signals:
        left: A person goes on to the list.
    """

    left = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Escape if self.text():
                self.clear()
            case Qt.Key.Key_Down | Qt.Key.Key_Return | Qt.Key.Key_Enter | Qt.Key.Key_Escape:
                self.left.emit()
            case _:
                super().keyPressEvent(event)


class ToolBar(QToolBar):
    """The bar under the menu.

    Attributes:
        filter: The filter field.
    """

    def __init__(self, actions: Actions, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(words.tool_bar(), parent)
        self._theme = theme
        self.setObjectName("toolBar")
        self.setMovable(False)
        self.setIconSize(QSize(ICON_PX, ICON_PX))
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self._add = self._button(actions["actionAdd"], primary=True)
        self._button(actions["actionBrowse"], text=True)
        for group in _GROUPS:
            self.addSeparator()
            for name in group:
                self._button(actions[name], text=name in _NAMED)
        space = QWidget()
        space.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.addWidget(space)
        self.filter = FilterEdit()
        self.filter.setObjectName("filterEdit")
        self.filter.setAccessibleName(words.filter_name())
        self.filter.setPlaceholderText(words.filter_placeholder())
        self.filter.setToolTip(actions["actionFilter"].toolTip())
        self.filter.setClearButtonEnabled(True)
        self.filter.setMinimumWidth(FILTER_LEAST_PX)
        self.filter.setMaximumWidth(FILTER_WIDTH_PX)
        self._lens = QAction(self.filter)
        self.filter.addAction(self._lens, QLineEdit.ActionPosition.LeadingPosition)
        self.addWidget(self.filter)
        self._button(actions["actionSettings"])
        self._paint()
        theme.changed.connect(self._paint)

    def _button(self, action: QAction, *, text: bool = False, primary: bool = False) -> QToolButton:
        """Add an action as a button that the keyboard reaches."""
        button = QToolButton()
        button.setDefaultAction(action)
        _spoken(button, action)
        action.changed.connect(lambda: _spoken(button, action))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setAutoRaise(True)
        if primary:
            button.setProperty("primary", True)
        button.setToolButtonStyle(_WITH_TEXT if text or primary else Qt.ToolButtonStyle.ToolButtonIconOnly)
        self.addWidget(button)
        return button

    def _paint(self) -> None:
        tokens = self._theme.tokens
        self._lens.setIcon(icon("filter", tokens, role="muted"))
        self._add.setIcon(icon("add", tokens, role="on_accent"))


def _spoken(button: QToolButton, action: QAction) -> None:
    """Tell a screen reader what the button does now."""
    if button.accessibleName() != action.iconText():
        button.setAccessibleName(action.iconText())
        button.setAccessibleDescription(action.statusTip())
