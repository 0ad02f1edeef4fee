"""The Local API page: off and on, address, port, who is connected, keys, origins; what went wrong and what to do.

Knows Settings and the switch. What is chosen leaves through `changes`, `apply_keys` and `settle`, when the dialog
says so; only Copy acts at once.
"""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace
from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from core.settings import PORT, PORTS, Settings
from gui import wording_settings as words
from gui.api_switch import ApiSwitch
from gui.parts import MARGIN_PX, named, plain_label
from gui.settings.keys import KeyList
from gui.settings.origins import OriginsEdit
from gui.settings.parts import CopyButton, group, narrow, number, row_label
from gui.style.icons import icon
from gui.style.theme import Theme

ICON_PX = 16
LOOK_MS = 2000  # a program that asked a minute ago leaves the line without a signal


class LocalApiPage(QWidget):
    """Shows and takes the settings of the local API.

    Signals:
        changed: Something was changed; `is_valid`, `changes` and `has_more_to_apply` tell what stands there now.
        apply_wanted: A person asks for another try of what stands there.
        height_changed: The page needs another height.
    """

    changed = Signal()
    height_changed = Signal()
    apply_wanted = Signal()

    def __init__(
        self, now: Callable[[], Settings], api: ApiSwitch, theme: Theme, *, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._api = api
        self._theme = theme
        self._now = now
        settings = self._before = now()
        self._wish = settings.api_enabled
        self._wants_retry = False
        self._look = QTimer(self, interval=LOOK_MS)
        self._look.timeout.connect(self._show_programs)
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN_PX, MARGIN_PX, MARGIN_PX, MARGIN_PX)
        column.setSpacing(8)
        self._build_api(column, settings)
        self._build_keys(column)
        self._build_origins(column, settings)
        column.addStretch(1)
        api.changed.connect(self._show_state)
        api.clients_changed.connect(self._show_programs)
        theme.changed.connect(self._paint)
        self._paint()
        self._show_state()

    # -- building ----------------------------------------------------------------------------------------

    def _build_api(self, column: QVBoxLayout, settings: Settings) -> None:
        form = group(column, words.api_heading("api"))
        self.enabled = named(QCheckBox(words.api_label("enabled")), "apiEnabled")
        self.enabled.clicked.connect(self._on_clicked)
        form.addRow(narrow(self.enabled))
        form.addRow(plain_label(words.api_hint(), name="apiHint", muted=True))
        form.addRow(self._build_problem())
        self.address = named(QLineEdit(), "apiAddress")
        self.address.setReadOnly(True)
        self.copy = named(CopyButton(self.address.text, spoken=words.spoken("copy_address")), "apiAddressCopy")
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.address, 1)
        row.addWidget(self.copy)
        form.addRow(row_label(words.api_label("address"), self.address), row)
        self.port = number("apiPort", PORTS, settings.api_port)
        self.port.setGroupSeparatorShown(False)
        self.port.valueChanged.connect(self._on_changed)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self.port)
        row.addWidget(plain_label(words.port_hint(PORT), name="apiPortHint", muted=True), 1)
        form.addRow(row_label(words.api_label("port"), self.port), row)
        self.programs = plain_label(name="apiPrograms")
        form.addRow(row_label(words.api_label("connected")), self.programs)

    def _build_problem(self) -> QFrame:
        self.problem = named(QFrame(), "apiProblem")
        self.problem.setProperty("side", True)
        self._sign = QLabel()
        self.problem_text = plain_label(name="apiProblemText")
        self.retry = named(QPushButton(words.api_button("retry")), "apiRetry")
        self.retry.clicked.connect(self._on_retry)
        self.leave = named(QPushButton(words.api_button("leave")), "apiLeave")
        self.leave.clicked.connect(lambda: self._on_clicked(False))
        grid = QGridLayout(self.problem)
        grid.setContentsMargins(12, 10, 10, 10)
        grid.setSpacing(8)
        grid.setColumnStretch(1, 1)
        grid.addWidget(self._sign, 0, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(self.problem_text, 0, 1, 1, 3)
        grid.addWidget(self.retry, 1, 2)
        grid.addWidget(self.leave, 1, 3)
        return self.problem

    def _build_keys(self, column: QVBoxLayout) -> None:
        group(column, words.api_heading("keys"))
        self.keys = KeyList()
        self.keys.changed.connect(self._on_keys)
        column.addWidget(self.keys)

    def _build_origins(self, column: QVBoxLayout, settings: Settings) -> None:
        group(column, words.api_heading("origins"))
        self.origins = OriginsEdit(self._theme)
        self.origins.show_origins(settings.allowed_origins)
        self.origins.changed.connect(self._on_changed)
        self.origins_hint = plain_label(name="apiOriginsHint", muted=True)
        column.addWidget(self.origins)
        column.addWidget(self.origins_hint)

    # -- what stands there -------------------------------------------------------------------------------

    @property
    def is_valid(self) -> bool:
        """Everything can be used as it stands."""
        return self.origins.is_valid

    @property
    def has_more_to_apply(self) -> bool:
        """Something was changed that is no setting: keys, or the wish for another try."""
        return self._wants_retry or self.keys.is_changed

    def changes(self) -> dict[str, Any]:
        """Return the settings that were changed here since `settle`; only where `is_valid`."""
        before = self._before
        values = {
            "api_enabled": self._wish,
            "api_port": self.port.value(),
            "allowed_origins": self.origins.origins(),
            "cors": before.cors or self._are_origins_changed,
        }
        return {name: value for name, value in values.items() if value != getattr(before, name)}

    @property
    def _are_origins_changed(self) -> bool:
        return self.origins.origins() != self._before.allowed_origins

    def apply_keys(self) -> None:
        """Put the keys in force."""
        if self.keys.is_changed:
            texts = self.keys.texts()
            self.keys.settle()
            self._api.set_keys(texts)

    def settle(self) -> None:
        """What stands there was applied; try again, where that was asked for."""
        self._before = replace(self._before, **self.changes())
        if self._wants_retry:
            self._wants_retry = False
            self._api.retry()
        self._show_state()

    # -- changes by a person -----------------------------------------------------------------------------

    def _on_clicked(self, on: bool) -> None:
        self._wish = on
        self._wants_retry = on and self._before.api_enabled and not self._api.is_on
        self._on_changed()

    def _on_retry(self) -> None:
        self._on_clicked(True)
        self.apply_wanted.emit()

    def _on_keys(self) -> None:
        self.keys.show_lasting(self._api.keeps_keys)
        self.changed.emit()

    def _on_changed(self) -> None:
        self._show_state()
        self.changed.emit()

    # -- showing -----------------------------------------------------------------------------------------

    def _show_state(self) -> None:
        """Show what there is, where nothing else was chosen here."""
        api = self._api
        self._follow()
        is_open = self._wish != self._before.api_enabled or self._wants_retry or api.is_changing
        self.enabled.setChecked(self._wish if is_open else api.is_on)
        self.address.setText(api.url or f"http://127.0.0.1:{self.port.value()}")
        failure = api.problem if self._wish and not api.is_changing else None
        self.problem.setVisible(failure is not None)
        if failure is not None:
            self.problem_text.setText(words.api_problem(failure))
        if self.keys.is_changed or api.is_changing:
            self.keys.show_lasting(api.keeps_keys)
        else:
            self.keys.show_keys(api.keys(), lasting=api.keeps_keys)
        is_off = not self._before.cors and not self._are_origins_changed
        self.origins_hint.setText(words.origins_off() if is_off else words.origins_hint())
        self._show_programs()

    def _follow(self) -> None:
        """Show what a program changed meanwhile, where nothing was changed here."""
        now = self._now()
        if now.allowed_origins != self._before.allowed_origins and not self._are_origins_changed:
            self._before = replace(self._before, allowed_origins=now.allowed_origins)
            self.origins.show_origins(now.allowed_origins)
        self._before = replace(self._before, cors=now.cors)

    def _show_programs(self) -> None:
        if self._api.is_changing:
            text = words.api_state("changing")
        elif self._api.is_on:
            text = words.connected(self._api.programs())
        else:
            text = words.api_state("off")
        if text != self.programs.text():
            self.programs.setText(text)

    def _paint(self) -> None:
        self._sign.setPixmap(icon("warning", self._theme.tokens, role="amber").pixmap(QSize(ICON_PX, ICON_PX)))

    def event(self, event: QEvent) -> bool:
        if event.type() is QEvent.Type.LayoutRequest:
            self.height_changed.emit()
        return super().event(event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._api.look_at_keyring()
        self._show_programs()
        self._look.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._look.stop()
