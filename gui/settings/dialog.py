"""The settings dialog: pages in tabs, OK, Cancel, Apply. What is applied leaves through `applied`."""

from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from core.settings import Settings
from gui import wording_accounts, wording_links, wording_network, wording_settings
from gui import wording_dialogs as words
from gui.settings.accounts import AccountsPage
from gui.settings.general import GeneralPage
from gui.settings.links import LinksPage
from gui.settings.local_api import LocalApiPage
from gui.settings.network import NetworkPage

WIDTH_PX = 640
AIR_PX = 60  # for the frame that the desktop draws around the dialog


class SettingsDialog(QDialog):
    """Lets a person choose.

    Signals:
        applied: dict of the settings that were changed here, on OK and Apply, where there are any. Only those, so
            that nothing is lost that a program changed meanwhile.
    """

    applied = Signal(object)

    def __init__(
        self,
        settings: Settings,
        *,
        default_dir: str,
        folder_now: str = "",
        api: LocalApiPage | None = None,
        network: NetworkPage | None = None,
        accounts: AccountsPage | None = None,
        links: LinksPage | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("settingsDialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(words.settings_title())
        self.setMinimumWidth(WIDTH_PX)
        self.general = GeneralPage(settings, default_dir=default_dir, folder_now=folder_now)
        self.general.changed.connect(self._check)
        self.api = api
        self.network = network
        self.accounts = accounts
        self.links = links
        self._grow = QTimer(self, singleShot=True, interval=0)  # once the page knows its height
        self._grow.timeout.connect(self._fit)
        self.tabs = QTabWidget()
        self.tabs.setObjectName("settingsTabs")
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self.general, words.settings_general())
        if api is not None:
            self.tabs.addTab(self._scrolled(api), wording_settings.api_page())
            api.height_changed.connect(self._grow.start)
            api.changed.connect(self._check)
            api.apply_wanted.connect(self._apply_now)
        if network is not None:
            self.tabs.addTab(self._scrolled(network), wording_network.page())
            network.height_changed.connect(self._grow.start)
            network.changed.connect(self._check)
        if accounts is not None:
            self.tabs.addTab(self._scrolled(accounts), wording_accounts.page())
            accounts.height_changed.connect(self._grow.start)
            accounts.changed.connect(self._check)
        if links is not None:
            self.tabs.addTab(self._scrolled(links), wording_links.page())
            links.changed.connect(self._check)
        buttons = self._buttons()
        row = QHBoxLayout()
        row.setContentsMargins(20, 0, 20, 20)
        row.addWidget(buttons)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.addWidget(self.tabs)
        column.addLayout(row)
        self.ok.setDefault(True)  # in the dialog by now: before, another button would be what Enter presses
        self.tabs.currentChanged.connect(self._grow.start)
        self._check()
        self.general.folder.setFocus()

    def show_accounts(self) -> None:
        """Bring the accounts to the front, ready for a token."""
        if self.accounts is not None:
            self.tabs.setCurrentIndex(self.tabs.count() - (1 if self.links is None else 2))
            self.accounts.focus_token()

    @staticmethod
    def _scrolled(page: QWidget) -> QScrollArea:
        """Let a page scroll where the screen is too low for it."""
        area = QScrollArea()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(page)
        return area

    def _fit(self) -> None:
        """Grow by what the page lacks, as far as the screen goes."""
        area = self.tabs.currentWidget()
        if not isinstance(area, QScrollArea):
            return
        page = area.widget()
        if page is None:
            return
        lacks = page.heightForWidth(area.viewport().width()) - area.viewport().height()
        most = self.screen().availableGeometry().height() - AIR_PX
        if lacks > 0:
            self.resize(self.width(), min(self.height() + lacks, max(most, self.height())))

    def _buttons(self) -> QDialogButtonBox:
        buttons = QDialogButtonBox()
        role = QDialogButtonBox.ButtonRole
        self.ok: QPushButton = buttons.addButton(words.button("ok"), role.AcceptRole)
        self.ok.setProperty("primary", True)
        buttons.addButton(words.button("cancel"), role.RejectRole)
        self.apply: QPushButton = buttons.addButton(words.button("apply"), role.ApplyRole)
        self.apply.clicked.connect(self._apply)
        buttons.accepted.connect(self._accept)
        buttons.rejected.connect(self.reject)
        return buttons

    def _changes(self) -> dict[str, Any]:
        changes = self.general.changes()
        for page in (self.api, self.network, self.accounts):
            if page is not None:
                changes |= page.changes()
        return changes

    def _check(self) -> None:
        pages = [page for page in (self.api, self.network, self.accounts, self.links) if page is not None]
        valid = self.general.is_valid and all(page.is_valid for page in pages)
        more = any(page.has_more_to_apply for page in pages)
        self.ok.setEnabled(valid)
        self.apply.setEnabled(valid and (more or bool(self._changes())))

    def _apply_now(self) -> None:
        if self.ok.isEnabled():
            self._apply()

    def _apply(self) -> None:
        changes = self._changes()
        if self.api is not None:
            self.api.apply_keys()  # before the settings: a server is not opened without the keys it was to have
        if changes:
            self.applied.emit(changes)
        self.general.settle()
        if self.api is not None:
            self.api.settle()
        if self.network is not None:
            self.network.settle()
            self.network.apply_password()  # after the address and the name that it belongs to
        if self.accounts is not None:
            self.accounts.settle()
        if self.links is not None:
            self.links.apply()
        self._check()

    def _accept(self) -> None:
        self._apply()
        self.accept()
