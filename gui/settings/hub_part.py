"""The part of the Network page about where Hugging Face is fetched from.

Knows Settings and the desk. What is chosen leaves through the page's own `changes`; nobody is asked before that.
"""

import re
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QVBoxLayout

from core.net.mirrors import MIRRORS_MAX, WAYS, read_mirror
from core.settings import Settings
from gui import wording_hub as words
from gui.hub_desk import HubDesk
from gui.parts import named, plain_label
from gui.settings.parts import group, row_label

WAY_WIDTH_PX = 240


def read_mirrors(text: str) -> tuple[tuple[str, ...], str]:
    """Return the addresses in a text, parted by commas or spaces, and what is wrong: one of the two is empty."""
    read = [read_mirror(part) for part in re.split(r"[\s,;]+", text) if part]
    if not read:
        return (), "none"
    if len(read) > MIRRORS_MAX:
        return (), "many"
    wrong = next((problem for _, problem in read if problem), "")
    return ((), wrong) if wrong else (tuple(dict.fromkeys(url for url, _ in read)), "")


class HubPart(QObject):
    """Shows and takes the place.

    Signals:
        changed: Something was changed by a person.
    """

    changed = Signal()

    def __init__(self, column: QVBoxLayout, now: Callable[[], Settings], desk: HubDesk, *, parent: QObject) -> None:
        super().__init__(parent)
        self._desk = desk
        self._before = now()
        self._build(column)
        self.follow(now())
        desk.changed.connect(self._show)

    def _build(self, column: QVBoxLayout) -> None:
        form = self._form = group(column, words.heading())
        self.way = named(QComboBox(), "hubWay")
        for name in WAYS:
            self.way.addItem(words.way(name), name)
        self.way.setFixedWidth(WAY_WIDTH_PX)
        self.way.currentIndexChanged.connect(self._on_changed)
        form.addRow(row_label(words.label("way"), self.way), self.way)
        self.hint = plain_label(name="hubWayHint", muted=True)
        form.addRow(QLabel(), self.hint)
        self.mirror = self._edit("mirror", "hubMirror")
        self.mirrors = self._edit("mirrors", "hubMirrors")
        self.problem = plain_label(name="hubProblem", muted=True)
        form.addRow(QLabel(), self.problem)
        self.token_hint = plain_label(words.consent_hint(), name="hubTokenHint", muted=True)
        form.addRow(QLabel(), self.token_hint)
        self.now = plain_label(name="hubNow")
        form.addRow(row_label(words.label("now")), self.now)

    def _edit(self, name: str, object_name: str) -> QLineEdit:
        edit = named(QLineEdit(), object_name)
        edit.setPlaceholderText(words.placeholder(name))
        edit.textChanged.connect(self._on_changed)
        self._form.addRow(row_label(words.label(name), edit), edit)
        return edit

    # -- what stands there -------------------------------------------------------------------------------

    @property
    def _way(self) -> str:
        return str(self.way.currentData())

    @property
    def _problem(self) -> str:
        if self._desk.is_fixed or self._way == "hub":
            return ""
        return read_mirror(self.mirror.text())[1] if self._way == "mirror" else read_mirrors(self.mirrors.text())[1]

    @property
    def is_valid(self) -> bool:
        """Everything can be used as it stands."""
        return not self._problem

    def values(self) -> dict[str, Any]:
        """Return what stands there, by the names of the settings; a field that is not shown changes nothing."""
        before = self._before
        way = before.hub_way if self._desk.is_fixed else self._way
        mirror = read_mirror(self.mirror.text())[0] if self._way == "mirror" else ""
        mirrors = read_mirrors(self.mirrors.text())[0] if self._way == "fastest" else ()
        return {
            "hub_way": way,
            "hub_mirror": mirror or before.hub_mirror,
            "hub_mirrors": mirrors or before.hub_mirrors,
        }

    def follow(self, settings: Settings) -> None:
        """Show these settings."""
        self._before = settings
        for part in (self.way, self.mirror, self.mirrors):
            part.blockSignals(True)
        self.way.setCurrentIndex(WAYS.index(settings.hub_way))
        self.mirror.setText(settings.hub_mirror)
        self.mirrors.setText(", ".join(settings.hub_mirrors))
        for part in (self.way, self.mirror, self.mirrors):
            part.blockSignals(False)
        self._show()

    def settle(self, settings: Settings) -> None:
        """These settings hold now; the fields stay as they were typed."""
        self._before = settings

    def _on_changed(self) -> None:
        self._show()
        self.changed.emit()

    def _show(self) -> None:
        desk, way, wrong = self._desk, self._way, self._problem
        self.way.setEnabled(not desk.is_fixed)
        self.hint.setText(words.environment(desk.choice.host) if desk.is_fixed else words.way_hint(way))
        self.problem.setText(words.problem(wrong))
        self.now.setText(words.in_use(desk.choice, is_asking=desk.is_asking))
        for part, is_shown in (
            (self.mirror, way == "mirror"),
            (self.mirrors, way == "fastest"),
            (self.problem, bool(wrong)),
            (self.token_hint, way != "hub"),
            (self.now, True),
        ):
            self._form.setRowVisible(part, is_shown and (part is self.now or not desk.is_fixed))
