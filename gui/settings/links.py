"""The Links page: which links the desktop opens with Pulley. Knows the desk; `apply` applies what is chosen."""

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from core.links import SCHEMES
from gui import wording_links as words
from gui.links_desk import LinksDesk
from gui.parts import MARGIN_PX, named, plain_label
from gui.settings.parts import group, narrow


class LinksPage(QWidget):
    """Shows and takes the schemes.

    Signals:
        changed: Something was changed.
        height_changed: The page needs another height.
    """

    changed = Signal()
    height_changed = Signal()
    is_valid = True

    def __init__(self, desk: LinksDesk, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._shown: frozenset[str] | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN_PX, MARGIN_PX, MARGIN_PX, MARGIN_PX)
        column.setSpacing(8)
        form = group(column, words.heading())
        self.boxes: dict[str, QCheckBox] = {}
        for scheme in SCHEMES:
            box = named(narrow(QCheckBox(words.scheme(scheme))), f"link_{scheme}")
            box.setEnabled(False)  # until it is known what holds
            box.toggled.connect(lambda _: self.changed.emit())
            self.boxes[scheme] = box
            form.addRow(box)
        form.addRow(plain_label(words.hint(), name="linksHint", muted=True))
        column.addStretch(1)
        desk.changed.connect(self._show)
        desk.look()

    def _show(self) -> None:
        found = self._desk.schemes
        if found is None:
            return
        if self._shown is None or not self.has_more_to_apply:
            self._shown = found
            for scheme, box in self.boxes.items():
                box.setEnabled(True)
                box.setChecked(scheme in found)
        self._shown = found
        self.changed.emit()

    @property
    def _chosen(self) -> frozenset[str]:
        return frozenset(scheme for scheme, box in self.boxes.items() if box.isChecked())

    @property
    def has_more_to_apply(self) -> bool:
        """Other schemes are chosen than hold."""
        return self._shown is not None and self._chosen != self._shown

    def changes(self) -> dict[str, Any]:
        """Return the settings that were changed here: none, the desktop keeps these."""
        return {}

    def apply(self) -> None:
        """Let the desktop know what was chosen."""
        if self.has_more_to_apply:
            self._shown = self._chosen
            self._desk.open_here(self._chosen)
