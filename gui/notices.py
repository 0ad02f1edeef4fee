"""What stands in the way of the downloads: one sentence with a button or two, above the list.

`find_notice` is a pure function of the engine's numbers; the strip shows its result. A notice that was hidden comes
back only after its cause went away and returned.
"""

from collections.abc import Iterable

from msgspec import Struct
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QWidget

from core.access import access_failure
from core.engine import Engine
from core.records import Totals
from core.task import Task
from gui import wording, wording_access
from gui import wording_window as words
from gui.parts import named
from gui.style.icons import icon
from gui.style.theme import Theme

ICON_PX = 16
ACCESS_BUTTONS = {
    "TokenMissing": ("token", "page"),
    "TokenRefused": ("token", "page"),
    "AccessPending": ("page", ""),
    "AccessRefused": ("page", ""),
}
"""What helps with which trouble, the likelier first; with every other, the page and a token."""


class Notice(Struct, frozen=True):
    """A sentence.

    Attributes:
        key: What it is about; the same cause has the same key.
        text: The sentence.
        button: `retry`, `settings`, `page`, `token`, or empty for none.
        task_id: The task that the button is about; empty for all.
        second: What another button does; empty for none.
    """

    key: str
    text: str
    button: str = ""
    task_id: str = ""
    second: str = ""


def find_notices(tasks: Iterable[Task], totals: Totals) -> list[Notice]:
    """Return what stands in the way, the weightiest first."""
    found = []
    if totals.hub_reachable is False:
        found.append(Notice("hub", words.notice_hub(totals.hub), "retry"))
    free, need = totals.free_bytes, totals.need_bytes
    if free is not None and free < need:
        found.append(Notice("space", words.notice_space(wording.size(free), wording.size(need)), "settings"))
    for task in tasks:
        failure = access_failure(task)
        if failure is not None:
            text = wording_access.notice(failure.kind, task.name)
            buttons = ACCESS_BUTTONS.get(failure.kind, ("page", "token"))
            found.append(Notice(f"access {task.id} {failure.kind}", text, buttons[0], task.id, buttons[1]))
    return found


class NoticeStrip(QFrame):
    """Shows one notice, or nothing.

    Signals:
        pressed: Notice whose button was pressed, and which.
    """

    pressed = Signal(object, str)

    def __init__(self, theme: Theme, parent: QWidget | None = None, *, name: str = "notice") -> None:
        super().__init__(parent)
        self.setObjectName(f"{name}Strip")
        self.setProperty("side", True)
        self._theme = theme
        self._notice: Notice | None = None
        self._found: list[Notice] = []
        self._hidden: set[str] = set()
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 8, 6)
        row.setSpacing(8)
        self._sign = QLabel()
        self._text = named(QLabel(), f"{name}Text")
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setWordWrap(True)
        self._button = named(QPushButton(), f"{name}Button")
        self._button.clicked.connect(lambda: self._press(second=False))
        self._second = named(QPushButton(), f"{name}Second")
        self._second.clicked.connect(lambda: self._press(second=True))
        self._close = named(QToolButton(), f"{name}Close")
        self._close.setIconSize(QSize(ICON_PX, ICON_PX))
        self._close.setToolTip(words.notice_button("dismiss"))
        self._close.setAccessibleName(words.notice_button("dismiss"))
        self._close.clicked.connect(self._dismiss)
        row.addWidget(self._sign)
        row.addWidget(self._text, 1)
        row.addWidget(self._button)
        row.addWidget(self._second)
        row.addWidget(self._close)
        self._paint()
        theme.changed.connect(self._paint)
        self.hide()

    @property
    def notice(self) -> Notice | None:
        """What is shown now."""
        return self._notice

    def offer(self, found: list[Notice]) -> None:
        """Show the first of these that was not hidden."""
        self._found = found
        self._hidden &= {notice.key for notice in found}
        shown = next((notice for notice in found if notice.key not in self._hidden), None)
        if shown == self._notice:
            return
        self._notice = shown
        if shown is not None:
            self._text.setText(wording.one_line(shown.text))
            self.setAccessibleName(shown.text)
            self._button.setVisible(bool(shown.button))
            self._second.setVisible(bool(shown.second))
            if shown.button:
                self._button.setText(words.notice_button(shown.button))
            if shown.second:
                self._second.setText(words.notice_button(shown.second))
        self.setVisible(shown is not None)

    def _press(self, *, second: bool) -> None:
        if self._notice is not None:
            self.pressed.emit(self._notice, self._notice.second if second else self._notice.button)

    def _dismiss(self) -> None:
        if self._notice is not None:
            self._hidden.add(self._notice.key)
            self.offer(self._found)

    def _paint(self) -> None:
        tokens = self._theme.tokens
        self._sign.setPixmap(icon("warning", tokens, role="amber").pixmap(ICON_PX))
        self._close.setIcon(icon("clear", tokens, role="muted"))


class UnkeptStrip(NoticeStrip):
    """Says that the list of downloads cannot be saved, for as long as that is so; it cannot be hidden."""

    def __init__(self, engine: Engine, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent, name="unkept")
        self._engine = engine
        self._close.hide()
        engine.keeping_changed.connect(self.look)
        self.look()

    def look(self) -> None:
        """Show what is so now."""
        error = self._engine.keeping_error
        self.offer([] if error is None else [Notice("unkept", words.notice_unkept(error.message))])
