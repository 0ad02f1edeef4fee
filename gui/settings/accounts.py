"""The Accounts page: for each hub which token is in force, a field for another one, a test, and a way to forget it.

Knows Settings and the desk. A token acts at once, when a person presses its button: it is tested, then kept. The
field is emptied at that moment, and what was kept never comes back to it. Whether a mirror may have the token is a
setting like any other, and leaves through `changes`.
"""

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from core.accounts import HUGGING_FACE
from core.settings import Settings
from gui import wording_accounts as words
from gui.accounts_desk import AccountsDesk
from gui.outside import open_url
from gui.parts import MARGIN_PX, named, plain_label
from gui.settings.parts import group, narrow, row_label
from gui.style.icons import icon
from gui.style.theme import Theme

ICON_PX = 16


class AccountsPage(QWidget):
    """Shows and takes the tokens of hubs.

    Attributes:
        groups: One for each hub.

    Signals:
        changed: The setting was changed; `changes` tells what stands there now.
        height_changed: The page needs another height.
    """

    changed = Signal()
    height_changed = Signal()
    is_valid = True

    def __init__(
        self,
        now: Callable[[], Settings],
        desks: Sequence[AccountsDesk],
        theme: Theme,
        *,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._now = now
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN_PX, MARGIN_PX, MARGIN_PX, MARGIN_PX)
        column.setSpacing(8)
        self.groups = [AccountGroup(column, now, desk, theme, self) for desk in desks]
        for each in self.groups:
            each.changed.connect(self.changed)
            each.height_changed.connect(self.height_changed)
        column.addStretch(1)

    def focus_token(self) -> None:
        """Let the token of the first hub be typed at once."""
        if self.groups:
            self.groups[0].token.setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def has_more_to_apply(self) -> bool:
        """A token was typed and not used yet."""
        return any(each.token.text().strip() for each in self.groups)

    def changes(self) -> dict[str, Any]:
        """Return the settings that were changed here since they were applied."""
        asked = {host: box.isChecked() for each in self.groups for host, box in each.consents()}
        before = self._now().token_mirrors
        hosts = (*before, *asked)
        wanted = tuple(dict.fromkeys(host for host in hosts if asked.get(host, True)))
        return {} if wanted == before else {"token_mirrors": wanted}

    def settle(self) -> None:
        """What stands there was applied; a token that was typed is used, as its own button would."""
        for each in self.groups:
            each.use_typed()
            each.show()  # the settings may name other mirrors by now


class AccountGroup(QObject):
    """The part of the page about one hub.

    Signals:
        changed, height_changed: As the page's.
    """

    changed = Signal()
    height_changed = Signal()

    def __init__(
        self, column: QVBoxLayout, now: Callable[[], Settings], desk: AccountsDesk, theme: Theme, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._now = now
        self._desk = desk
        self._theme = theme
        self._suffix = "" if desk.hub is HUGGING_FACE else f"_{desk.hub.name}"
        self._build(column)
        desk.changed.connect(self._show)
        theme.changed.connect(self._show)
        self._show()
        desk.look()

    # -- building ----------------------------------------------------------------------------------------

    def _build(self, column: QVBoxLayout) -> None:
        hub = self._desk.hub
        form = group(column, hub.label)
        self.state = plain_label(name="accountState" + self._suffix)
        form.addRow(row_label(words.state_label()), self.state)
        self.token = named(QLineEdit(), "accountToken" + self._suffix)
        self.token.setEchoMode(QLineEdit.EchoMode.Password)
        self.token.textChanged.connect(self._on_typed)
        self.use = self._button("use", "accountUse" + self._suffix, self._on_use)
        form.addRow(row_label(words.token_label(), self.token), self._row(self.token, self.use))
        self.test = self._button("test", "accountTest" + self._suffix, self._desk.test)
        self.remove = self._button("remove", "accountRemove" + self._suffix, self._desk.remove)
        self.make = self._button("make", "accountMake" + self._suffix, self._on_make)
        form.addRow(QLabel(), self._row(self.test, self.remove, self.make))
        self._sign = QLabel()
        self.result = plain_label(name="accountResult" + self._suffix)
        told = QHBoxLayout()
        told.setSpacing(8)
        told.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignTop)
        told.addWidget(self.result, 1)
        self._told = QWidget()
        told.setContentsMargins(0, 0, 0, 0)
        self._told.setLayout(told)
        form.addRow(QLabel(), self._told)
        self.hint = plain_label(words.hint(hub), name="accountHint" + self._suffix, muted=True)
        form.addRow(QLabel(), self.hint)
        self.memory = plain_label(words.in_memory(), name="accountMemory" + self._suffix)
        form.addRow(QLabel(), self.memory)
        account = self._desk.account
        self.consent = named(narrow(QCheckBox(words.consent(account.host, hub))), "accountConsent" + self._suffix)
        self.consent.setChecked(account.host in self._now().token_mirrors)
        self.consent.toggled.connect(lambda _: self.changed.emit())
        self.consent_hint = plain_label(
            words.consent_hint(account.host, hub), name="accountConsentHint" + self._suffix, muted=True
        )
        form.addRow(QLabel(), self.consent)
        form.addRow(QLabel(), self.consent_hint)
        self._form = form
        for part in (self.consent, self.consent_hint):
            form.setRowVisible(part, bool(self.mirror))
        self._boxes: dict[str, tuple[QCheckBox, QLabel]] = {}

    @staticmethod
    def _button(name: str, object_name: str, slot: Callable[[], None]) -> QPushButton:
        button = named(QPushButton(words.button(name)), object_name)
        button.setAutoDefault(False)
        button.clicked.connect(lambda: slot())
        return button

    @staticmethod
    def _row(first: QWidget, *others: QWidget) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(first, 1 if isinstance(first, QLineEdit) else 0)
        for other in others:
            row.addWidget(other)
        if not isinstance(first, QLineEdit):
            row.addStretch(1)
        return row

    # -- what a person does ------------------------------------------------------------------------------

    def _on_typed(self) -> None:
        self.use.setEnabled(bool(self.token.text().strip()) and not self._desk.is_busy)
        self.use.setDefault(self.use.isEnabled())  # Enter uses it, and does not close the dialog on it
        self.changed.emit()

    def use_typed(self) -> None:
        """Use what was typed, where something was."""
        if self.use.isEnabled():
            self._on_use()

    def _on_use(self) -> None:
        text = self.token.text().strip()
        self.token.clear()
        self._desk.enter(text)

    def _on_make(self) -> None:
        open_url(self._desk.account.url + self._desk.hub.token_page)

    # -- what stands there -------------------------------------------------------------------------------

    @property
    def mirror(self) -> str:
        """The host that gets the token by consent only; empty where that is not asked."""
        account = self._desk.account
        return account.host if account.is_mirror and account.place != "variable" else ""

    def consents(self) -> list[tuple[str, QCheckBox]]:
        """Return the boxes that stand there, with the host of each."""
        of_settings = [(host, box) for host, (box, _) in self._boxes.items()]
        return ([(self.mirror, self.consent)] if self.mirror else []) + of_settings

    def show(self) -> None:
        """Show what holds now."""
        self._show()

    def _show_mirrors(self) -> None:
        """Let each mirror that the settings name have a box; what was ticked meanwhile stays."""
        account = self._desk.account
        hosts = account.mirrors if account.place != "variable" else ()
        for host in [host for host in self._boxes if host not in hosts]:
            for part in self._boxes.pop(host):
                self._form.removeRow(part)
        for host in [host for host in hosts if host not in self._boxes]:
            name = f"{self._suffix}_{host}"
            box = named(narrow(QCheckBox(words.consent(host, self._desk.hub))), "accountConsent" + name)
            box.setChecked(host in self._now().token_mirrors)
            box.toggled.connect(lambda _: self.changed.emit())
            text = words.consent_of_settings_hint(host, self._desk.hub)
            hint = plain_label(text, name="accountConsentHint" + name, muted=True)
            self._form.addRow(QLabel(), box)
            self._form.addRow(QLabel(), hint)
            self._boxes[host] = box, hint

    def _show(self) -> None:
        desk = self._desk
        account = desk.account
        self.state.setText(words.state(account, desk.hub))
        self.token.setPlaceholderText(words.placeholder(account))
        self.token.setReadOnly(desk.is_busy)  # it keeps the focus
        self.test.setEnabled(desk.can_test and not desk.is_busy)
        self.remove.setEnabled(account.has_kept and not desk.is_busy)
        self._form.setRowVisible(self.memory, not desk.is_lasting and not self._suffix)  # it is said once
        self._show_mirrors()
        self._on_typed()
        self._show_result()
        self.height_changed.emit()

    def _show_result(self) -> None:
        desk = self._desk
        account, tokens = desk.account, self._theme.tokens
        good = bool(desk.name)
        if desk.is_busy:
            text = words.asking(account.host)
        elif good:
            text = words.signed_in(desk.name, account.host)
        else:
            text = "" if desk.failure is None else words.bad(desk.failure, kept=account.has_kept)
        self.result.setText(text)
        self._form.setRowVisible(self._told, bool(text))
        self._sign.setVisible(not desk.is_busy)
        role = "green" if good else "red"
        sign = icon("check" if good else "warning", tokens, role=role)
        self._sign.setPixmap(sign.pixmap(QSize(ICON_PX, ICON_PX)))
