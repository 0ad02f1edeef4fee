"""The add dialog: names or links, one a line, understood while they are typed.

Knows handles and their refusals. Must not know the engine: what was understood leaves through `submitted`.
"""

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QToolButton,
    QWidget,
)

from core.handles import ACCEPTED_FORMS, EXAMPLES, Parsed, parse_many
from core.records import Handle
from gui import wording_dialogs as words
from gui.dialogs.lines import LinesView
from gui.drop import check_text, read_mime
from gui.parts import column, named, plain_label
from gui.style.theme import Theme
from gui.wording_choosing import choose_button, choose_tip
from gui.wording_window import drop_refused

PARSE_AFTER_MS = 120  # a pause between two keys, so that a paste of many lines is read once


class AddDialog(QDialog):
    """Asks for models.

    Signals:
        submitted: (list[Handle], paused: bool) when a person says Add.
        choose_asked: (Handle, paused: bool) when the files of the only model are to be chosen first.
    """

    submitted = Signal(list, bool)
    choose_asked = Signal(object, bool)

    def __init__(self, theme: Theme, *, folder: str, endpoint: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("addDialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(words.add_title())
        self.resize(680, 480)
        self._endpoint = endpoint
        self._parsed: list[Parsed] = []
        self._timer = QTimer(self, singleShot=True, interval=PARSE_AFTER_MS)
        self._timer.timeout.connect(self._read)
        self._build(theme, folder)
        self._paste_handles()
        self._read()
        self.edit.setFocus()

    def _build(self, theme: Theme, folder: str) -> None:
        layout = column(self)
        self.edit = named(QPlainTextEdit(), "addEdit")
        self.edit.setAccessibleName(words.add_label().replace("&", ""))
        self.edit.setPlaceholderText("\n".join([words.add_placeholder(EXAMPLES[0]), *EXAMPLES[1:]]))
        self.edit.setTabChangesFocus(True)
        self.edit.setMinimumHeight(90)
        self.edit.textChanged.connect(self._timer.start)
        label = QLabel(words.add_label())
        label.setBuddy(self.edit)
        self.count = plain_label(name="addCount", muted=True)
        self.count.setWordWrap(False)
        self.lines = LinesView(theme)
        self.lines.setObjectName("addLines")
        self.lines.setAccessibleName(words.review_title())
        self.lines.hide()
        self.forms = _forms_table()
        forms_button = named(QToolButton(), "addForms")
        forms_button.setText(words.add_forms())
        forms_button.setCheckable(True)
        forms_button.toggled.connect(self._show_forms)
        self.paused = named(QCheckBox(words.add_paused()), "addPaused")
        layout.addWidget(label)
        layout.addWidget(self.edit, 2)
        row = QHBoxLayout()
        row.addWidget(forms_button)
        row.addStretch(1)
        row.addWidget(self.count)
        layout.addLayout(row)
        layout.addWidget(self.forms)
        layout.addWidget(self.lines, 3)
        layout.addWidget(plain_label(words.saved_under(folder), muted=True))
        buttons = QDialogButtonBox()
        self.add_button: QPushButton = buttons.addButton(
            words.button("add"), QDialogButtonBox.ButtonRole.AcceptRole
        )
        self.add_button.setObjectName("addButton")
        self.add_button.setProperty("primary", True)
        self.choose_button = named(QPushButton(choose_button()), "chooseButton")
        self.choose_button.setToolTip(choose_tip())
        self.choose_button.setAutoDefault(False)
        self.choose_button.clicked.connect(self._choose)
        buttons.addButton(self.choose_button, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.addButton(words.button("cancel"), QDialogButtonBox.ButtonRole.RejectRole)
        buttons.accepted.connect(self._submit)
        buttons.rejected.connect(self.reject)
        last = QHBoxLayout()
        last.addWidget(self.paused)
        last.addWidget(buttons)
        layout.addLayout(last)

    def _show_forms(self, on: bool) -> None:
        grid = self.forms.layout()
        if on and grid is not None:
            self.forms.setMinimumHeight(grid.heightForWidth(self.edit.width()))
        self.forms.setVisible(on)

    def _paste_handles(self) -> None:
        """Begin with the clipboard where all of it is understood: whoever copied a link wants that one."""
        text = read_mime(QGuiApplication.clipboard().mimeData()).text
        parsed = parse_many(text, endpoint=self._endpoint) if text else []
        # One bare word is understood as a cortexso model, but is far more often just a word that was copied.
        if parsed and all(line.handle is not None and set("/:") & set(line.line) for line in parsed):
            self.edit.setPlainText(text)
            self.edit.selectAll()

    def _read(self) -> None:
        """Understand what stands there now."""
        self._timer.stop()
        text, refusal = check_text(self.edit.toPlainText())
        self._parsed = [] if refusal else parse_many(text, endpoint=self._endpoint)
        good = len(self.handles())
        bad = len(self._parsed) - good
        self.count.setText(drop_refused(refusal) if refusal else words.understood(good, bad))
        self.lines.show_lines(self._parsed)
        self.lines.setVisible(bool(self._parsed))
        self.add_button.setText(words.add_button(good))
        self.add_button.setEnabled(good > 0)
        self.choose_button.setEnabled(good == 1 == len(self._parsed))

    def handles(self) -> list[Handle]:
        """Return what is understood so far."""
        return [line.handle for line in self._parsed if line.handle is not None]

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Submit with Ctrl+Enter: the field itself takes Enter for a new line and leaves this one to us."""
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._submit()
        else:
            super().keyPressEvent(event)

    def _submit(self) -> None:
        self._read()  # the timer may still run
        if handles := self.handles():
            self.submitted.emit(handles, self.paused.isChecked())
            self.accept()

    def _choose(self) -> None:
        self._read()
        if self.choose_button.isEnabled():
            self.choose_asked.emit(self.handles()[0], self.paused.isChecked())
            self.accept()


def _forms_table() -> QWidget:
    """Return the accepted forms with their meanings, hidden at first."""
    table = QWidget()
    grid = QGridLayout(table)
    grid.setContentsMargins(8, 0, 0, 0)
    grid.setHorizontalSpacing(16)
    grid.setVerticalSpacing(4)
    grid.setColumnStretch(1, 1)
    for row, (form, meaning) in enumerate(ACCEPTED_FORMS):
        grid.addWidget(plain_label(form), row, 0)
        grid.addWidget(plain_label(meaning, muted=True), row, 1)
    grid.setColumnMinimumWidth(0, 220)
    table.hide()
    return table
