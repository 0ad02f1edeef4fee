"""The General page: folder, limits, look, questions. Knows Settings and what is valid; applies nothing."""

import os
from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from core.settings import CONNECTIONS, CONNECTIONS_PER_HOST, PARALLEL_TASKS, THEMES, Settings
from gui import wording_dialogs as words
from gui.parts import MARGIN_PX, named, plain_label
from gui.settings.parts import group, narrow, number, row_label

THEME_WIDTH_PX = 180


def folder_problem(text: str) -> str:
    """Return what is wrong with a models folder: `relative`, `file`, `readonly`; empty where nothing is.

    One look at the disk a keystroke, at a folder that a person is naming.
    """
    path = Path(text).expanduser()
    if "\0" in text or not path.is_absolute():
        return "relative"
    try:
        while not path.exists() and path != path.parent:
            path = path.parent
        if not path.is_dir():
            return "file"
        return "" if os.access(path, os.W_OK) else "readonly"
    except (OSError, ValueError):  # a name that no file can have
        return "relative"


class GeneralPage(QWidget):
    """Shows and takes the general settings.

    Signals:
        changed: Something was changed; `is_valid` and `changes` tell what stands there now.
    """

    changed = Signal()

    def __init__(
        self, settings: Settings, *, default_dir: str, folder_now: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._folder_now = folder_now
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN_PX, MARGIN_PX, MARGIN_PX, MARGIN_PX)
        column.setSpacing(8)
        self._build_saving(column, settings, default_dir)
        self._build_limits(column, settings)
        self._build_window(column, settings)
        self._before = self._values()
        column.addStretch(1)
        self._check()

    def _build_saving(self, column: QVBoxLayout, settings: Settings, default_dir: str) -> None:
        form = group(column, words.settings_heading("saving"))
        self.folder = named(QLineEdit(settings.models_dir or ""), "modelsDirEdit")
        self.folder.setPlaceholderText(default_dir)
        self.folder.setClearButtonEnabled(True)
        self.folder.textChanged.connect(self._on_changed)
        self.browse = named(QPushButton(words.button("browse")), "modelsDirBrowse")
        self.browse.clicked.connect(self._browse)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.folder, 1)
        row.addWidget(self.browse)
        form.addRow(row_label(words.settings_label("models_dir"), self.folder), row)
        self.hint = plain_label(name="modelsDirHint", muted=True)
        form.addRow(QLabel(), self.hint)

    def _build_limits(self, column: QVBoxLayout, settings: Settings) -> None:
        form = group(column, words.settings_heading("limits"))
        self.tasks = number("parallelTasksSpin", PARALLEL_TASKS, settings.parallel_tasks)
        self.connections = number("connectionsSpin", CONNECTIONS_PER_HOST, settings.connections_per_host)
        self.all_connections = number("allConnectionsSpin", CONNECTIONS, settings.max_connections)
        for name, spin in (
            ("parallel_tasks", self.tasks),
            ("connections_per_host", self.connections),
            ("max_connections", self.all_connections),
        ):
            spin.valueChanged.connect(self._on_changed)
            form.addRow(row_label(words.settings_label(name), spin), spin)

    def _build_window(self, column: QVBoxLayout, settings: Settings) -> None:
        form = group(column, words.settings_heading("window"))
        self.theme = named(QComboBox(), "themeCombo")
        for name in THEMES:
            self.theme.addItem(words.settings_theme(name), name)
        self.theme.setFixedWidth(THEME_WIDTH_PX)
        self.theme.setCurrentIndex(THEMES.index(settings.theme))
        self.theme.currentIndexChanged.connect(self._on_changed)
        form.addRow(row_label(words.settings_label("theme"), self.theme), self.theme)
        self.ask = named(QCheckBox(words.settings_label("ask_before_quit")), "askBeforeQuit")
        self.ask.setChecked(settings.ask_before_quit)
        self.awake = named(QCheckBox(words.settings_label("keep_awake")), "keepAwake")
        self.awake.setChecked(settings.keep_awake)
        for box in (self.ask, self.awake):
            box.toggled.connect(self._on_changed)
            form.addRow(narrow(box))

    def changes(self) -> dict[str, Any]:
        """Return the settings that were changed here since `settle`; only where `is_valid`."""
        return {name: value for name, value in self._values().items() if value != self._before[name]}

    def settle(self) -> None:
        """What stands there was applied."""
        self._before = self._values()

    def _values(self) -> dict[str, Any]:
        text = self.folder.text().strip()
        return {
            "models_dir": str(Path(text).expanduser()) if text else None,
            "parallel_tasks": self.tasks.value(),
            "connections_per_host": self.connections.value(),
            "max_connections": self.all_connections.value(),
            "theme": self.theme.currentData(),
            "ask_before_quit": self.ask.isChecked(),
            "keep_awake": self.awake.isChecked(),
        }

    @property
    def is_valid(self) -> bool:
        """Everything can be used as it stands."""
        text = self.folder.text().strip()
        return not text or not folder_problem(text)

    def _check(self) -> None:
        text = self.folder.text().strip()
        problem = folder_problem(text) if text else ""
        if problem:
            self.hint.setText(words.settings_folder_problem(problem))
        elif text and not Path(text).expanduser().exists():
            self.hint.setText(words.settings_folder_new())
        else:
            self.hint.setText(words.settings_folder_hint())

    def _on_changed(self) -> None:
        self._check()
        self.changed.emit()

    def _browse(self) -> None:
        dialog = QFileDialog(self, words.settings_label("models_dir").replace("&", ""))
        dialog.setObjectName("modelsDirDialog")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.setDirectory(str(Path(self.folder.text().strip() or self._folder_now).expanduser()))
        dialog.fileSelected.connect(self.folder.setText)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
