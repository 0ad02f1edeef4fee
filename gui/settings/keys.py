"""The list of access keys: masked, with Add and Remove; a new key is shown whole once. Applies nothing itself."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from core.vault import new_key
from gui import wording_settings as words
from gui.api_switch import Key
from gui.parts import RowDelegate, named, plain_label
from gui.settings.parts import CopyButton

KEYS_MAX = 64
ROWS_PX = 98  # three rows and a bit of the fourth


class KeyList(QWidget):
    """Shows keys and takes changes.

    Signals:
        changed: A key was added or removed.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._keys: list[Key] = []
        self._before: list[Key] = []
        self._new = ""
        self.list = named(QListWidget(), "apiKeys")
        self.list.setAccessibleName(words.plain(words.api_label("keys")))
        self.list.setProperty("field", True)
        self.list.setItemDelegate(RowDelegate(self.list))
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.setFixedHeight(ROWS_PX)
        self.list.currentRowChanged.connect(lambda _: self._enable())
        self.add = named(QPushButton(words.api_button("add_key")), "apiKeyAdd")
        self.add.clicked.connect(self._add)
        self.remove = named(QPushButton(words.api_button("remove_key")), "apiKeyRemove")
        self.remove.clicked.connect(self._remove)
        here = Qt.ShortcutContext.WidgetShortcut
        delete = QShortcut(QKeySequence(Qt.Key.Key_Delete), self.list, context=here)
        delete.activated.connect(self._remove)
        self.hint = plain_label(name="apiKeysHint", muted=True)
        self.whole = named(QLineEdit(), "apiNewKey")
        self.whole.setReadOnly(True)
        self.whole.setAccessibleName(words.spoken("new_key"))
        self.copy = named(CopyButton(self.whole.text, spoken=words.spoken("copy_key")), "apiNewKeyCopy")
        self.whole_hint = plain_label(words.new_key_hint(), name="apiNewKeyHint")
        self._lay_out()
        self._show()

    def _lay_out(self) -> None:
        buttons = QVBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.add)
        buttons.addWidget(self.remove)
        buttons.addStretch(1)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.list, 1)
        row.addLayout(buttons)
        self._strip = QWidget()
        strip = QHBoxLayout(self._strip)
        strip.setContentsMargins(0, 0, 0, 0)
        strip.setSpacing(8)
        strip.addWidget(self.whole, 1)
        strip.addWidget(self.copy)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(row)
        column.addWidget(self.whole_hint)
        column.addWidget(self._strip)
        column.addWidget(self.hint)

    # -- what stands there -------------------------------------------------------------------------------

    @property
    def is_changed(self) -> bool:
        """A key was added or removed since `show_keys`."""
        return self._keys != self._before

    def texts(self) -> list[str]:
        """Return the keys that stand there now, without those of the environment."""
        return [key.text for key in self._keys if key.text and not key.is_fixed]

    def show_keys(self, keys: Sequence[Key], *, lasting: bool) -> None:
        """Show the keys in force, in place of what was changed here."""
        if not list(keys) == self._keys == self._before:
            self._keys, self._before = list(keys), list(keys)
            self._show()
        self.show_lasting(lasting)

    def settle(self) -> None:
        """What stands there was handed over; the next `show_keys` tells what came of it."""
        self._before = list(self._keys)
        self._show()

    def show_lasting(self, lasting: bool) -> None:
        """Say whether keys outlive the process."""
        hint = words.keys_hint(len(self._keys))
        self.hint.setText(hint if lasting else f"{hint} {words.keys_in_memory()}")

    def _show(self) -> None:
        row = self.list.currentRow()
        self.list.clear()
        before = set(self._before)
        for key in self._keys:
            kind = "lost" if key.is_lost else "fixed" if key.is_fixed else "" if key in before else "new"
            self.list.addItem(QListWidgetItem(words.key_row(key.text, kind)))
        if self._keys:
            self.list.setCurrentRow(min(max(row, 0), len(self._keys) - 1))
        is_there = any(key.text == self._new for key in self._keys)
        self.whole.setText(self._new if is_there else "")
        self.whole.setCursorPosition(0)
        for part in (self._strip, self.whole_hint):
            part.setVisible(is_there)
        self._enable()

    def _enable(self) -> None:
        row = self.list.currentRow()
        self.remove.setEnabled(0 <= row < len(self._keys) and not self._keys[row].is_fixed)
        self.add.setEnabled(len(self._keys) < KEYS_MAX)

    # -- changing ----------------------------------------------------------------------------------------

    def _add(self) -> None:
        if len(self._keys) >= KEYS_MAX:
            return
        self._new = new_key()
        self._keys.append(Key(self._new))
        self._show()
        self.list.setCurrentRow(len(self._keys) - 1)
        self.whole.setFocus()
        self.whole.selectAll()
        self.changed.emit()

    def _remove(self) -> None:
        row = self.list.currentRow()
        if not 0 <= row < len(self._keys) or self._keys[row].is_fixed:
            return
        del self._keys[row]
        self._show()
        if not self.remove.isEnabled():
            self.add.setFocus()  # a disabled button would hand the focus to whatever comes next
        self.changed.emit()
