"""The settings dialog: pages in tabs, OK, Cancel, Apply. What is applied leaves through `applied`."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QHBoxLayout, QPushButton, QTabWidget, QVBoxLayout, QWidget

from core.settings import Settings
from gui import wording_dialogs as words
from gui.settings.general import GeneralPage

WIDTH_PX = 620


class SettingsDialog(QDialog):
    """Lets a person choose.

    Signals:
        applied: Settings, on OK and Apply, where they differ from those before.
    """

    applied = Signal(object)

    def __init__(
        self, settings: Settings, *, default_dir: str, folder_now: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("settingsDialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(words.settings_title())
        self.setMinimumWidth(WIDTH_PX)
        self._applied = settings
        self.general = GeneralPage(settings, default_dir=default_dir, folder_now=folder_now)
        self.general.changed.connect(self._check)
        tabs = QTabWidget()
        tabs.setObjectName("settingsTabs")
        tabs.setDocumentMode(True)
        tabs.addTab(self.general, words.settings_general())
        buttons = QDialogButtonBox()
        role = QDialogButtonBox.ButtonRole
        self.ok: QPushButton = buttons.addButton(words.button("ok"), role.AcceptRole)
        self.ok.setProperty("primary", True)
        self.ok.setDefault(True)
        buttons.addButton(words.button("cancel"), role.RejectRole)
        self.apply: QPushButton = buttons.addButton(words.button("apply"), role.ApplyRole)
        self.apply.clicked.connect(self._apply)
        buttons.accepted.connect(self._accept)
        buttons.rejected.connect(self.reject)
        row = QHBoxLayout()
        row.setContentsMargins(20, 0, 20, 20)
        row.addWidget(buttons)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.addWidget(tabs)
        column.addLayout(row)
        self._check()
        self.general.folder.setFocus()

    def _check(self) -> None:
        valid = self.general.is_valid
        self.ok.setEnabled(valid)
        self.apply.setEnabled(valid and self.general.settings() != self._applied)

    def _apply(self) -> None:
        chosen = self.general.settings()
        if chosen != self._applied:
            self._applied = chosen
            self.applied.emit(chosen)
        self._check()

    def _accept(self) -> None:
        self._apply()
        self.accept()
