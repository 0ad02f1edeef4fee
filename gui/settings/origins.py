"""The list of web origins: one a line, and beside each line what it is taken for."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from core.origins import read_origin
from core.settings import ORIGINS_MAX
from gui import wording_settings as words
from gui.parts import named
from gui.style.theme import Theme

LINES_SHOWN = 4
PADDING_PX = 20  # of the style sheet's field, and of the document in it
BORDER_PX = 1
GOOD = frozenset({"", "good", "twice"})


def read_lines(text: str) -> list[tuple[str, str]]:
    """Return origin and note of each line: `good`, `twice`, `many`, what `read_origin` finds, or empty."""
    lines: list[tuple[str, str]] = []
    seen: set[str] = set()
    for line in text.split("\n"):
        if not line.strip():
            lines.append(("", ""))
            continue
        origin, reason = read_origin(line)
        if origin in seen:
            reason = "twice"
        elif origin:
            seen.add(origin)
            reason = "good" if len(seen) <= ORIGINS_MAX else "many"
        lines.append((origin, reason))
    return lines


class OriginsEdit(QWidget):
    """Takes origins.

    Signals:
        changed: The text was changed.
    """

    changed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._lines: list[tuple[str, str]] = []
        self.edit = _plain("apiOrigins")
        self.edit.setAccessibleName(words.plain(words.api_label("origins")))
        self.edit.setPlaceholderText(words.origins_placeholder())
        self.edit.setTabChangesFocus(True)
        self.notes = _plain("apiOriginNotes")
        self.notes.setAccessibleName(words.spoken("origin_reasons"))
        self.notes.setProperty("flat", True)
        self.notes.setReadOnly(True)
        self.notes.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.notes.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.notes.setProperty("clear", True)
        beside = QVBoxLayout()
        beside.setContentsMargins(0, BORDER_PX, 0, BORDER_PX)  # the notes have no border: their lines stand as high
        beside.addWidget(self.notes)
        self.notes.setFixedHeight(self.edit.height() - 2 * BORDER_PX)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.edit, 1)
        row.addLayout(beside, 1)
        here, there = self.edit.verticalScrollBar(), self.notes.verticalScrollBar()
        here.valueChanged.connect(there.setValue)
        there.valueChanged.connect(here.setValue)
        self.edit.textChanged.connect(self._read)
        theme.changed.connect(self._read)
        self._read()

    @property
    def is_valid(self) -> bool:
        """Every line is an origin or empty."""
        return all(note in GOOD for _, note in self._lines)

    def origins(self) -> tuple[str, ...]:
        """Return the origins that stand there, each once, as browsers send them."""
        return tuple(origin for origin, note in self._lines if note == "good")

    def show_origins(self, origins: tuple[str, ...]) -> None:
        """Show these in place of what stands there."""
        self.edit.setPlainText("\n".join(origins))

    def _read(self) -> None:
        lines = read_lines(self.edit.toPlainText())
        is_new = lines != self._lines
        self._lines = lines
        notes = [words.origin_note(note) for _, note in lines]
        self.notes.clear()
        cursor = QTextCursor(self.notes.document())
        for number, (_, note) in enumerate(lines):
            form = QTextCharFormat()
            tokens = self._theme.tokens
            form.setForeground(QColor(tokens.muted if note in GOOD else tokens.red))
            cursor.insertText(("\n" if number else "") + notes[number], form)
        self.notes.verticalScrollBar().setValue(self.edit.verticalScrollBar().value())
        self.edit.setAccessibleDescription("; ".join(note for note in notes if note))
        if is_new:
            self.changed.emit()


def _plain(name: str) -> QPlainTextEdit:
    edit = named(QPlainTextEdit(), name)
    edit.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
    edit.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    edit.setFixedHeight(LINES_SHOWN * edit.fontMetrics().lineSpacing() + PADDING_PX)
    return edit
