"""The Network page: the proxy, what goes past it, a company's CA file, where the hub is fetched from, and a test.

Knows Settings and the desk. What is chosen leaves through `changes`, `apply_password` and `settle`, when the dialog
says so; only the test acts at once, and it changes nothing.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from msgspec.structs import replace
from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from core.settings import Settings, problem
from gui import wording_dialogs
from gui import wording_network as words
from gui.hub_desk import HubDesk
from gui.network_desk import NetworkDesk
from gui.parts import MARGIN_PX, named, plain_label
from gui.settings.hub_part import HubPart
from gui.settings.parts import group, row_label
from gui.style.icons import icon
from gui.style.theme import Theme

MODES = ("system", "off", "manual")
MODE_WIDTH_PX = 240
ICON_PX = 16


def mode_of(settings: Settings) -> str:
    """Return how the proxy is chosen: `system`, `off` or `manual`."""
    return "off" if settings.proxy_off else ("manual" if settings.proxy_url else "system")


def read_url(text: str) -> tuple[str, str]:
    """Return the address of a proxy as it is kept, and what is wrong with it: `empty`, `credentials`, `address`."""
    text = text.strip()
    if not text:
        return "", "empty"
    url = text if "://" in text else f"http://{text}"
    url = url.rstrip("/")
    try:
        if "@" in urlsplit(url).netloc:
            return "", "credentials"
    except ValueError:
        return "", "address"
    return (url, "") if not problem("proxy_url", url) else ("", "address")


class NetworkPage(QWidget):
    """Shows and takes the settings of the network.

    Signals:
        changed: Something was changed; `is_valid`, `changes` and `has_more_to_apply` tell what stands there now.
        height_changed: The page needs another height.
    """

    changed = Signal()
    height_changed = Signal()

    def __init__(
        self,
        now: Callable[[], Settings],
        desk: NetworkDesk,
        theme: Theme,
        *,
        hub: HubDesk | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._now = now
        self._desk = desk
        self._theme = theme
        self._forgets = False
        self._before = now()
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN_PX, MARGIN_PX, MARGIN_PX, MARGIN_PX)
        column.setSpacing(8)
        self._build_proxy(column, self._before)
        self._build_certificates(column, self._before)
        self.hub = HubPart(column, now, hub, parent=self) if hub is not None else None
        if self.hub is not None:
            self.hub.changed.connect(self._on_changed)
        self._build_test(column)
        column.addStretch(1)
        desk.changed.connect(self._show)
        theme.changed.connect(self._show)
        self._show()

    # -- building ----------------------------------------------------------------------------------------

    def _build_proxy(self, column: QVBoxLayout, settings: Settings) -> None:
        form = group(column, words.heading("proxy"))
        self.mode = named(QComboBox(), "proxyMode")
        for name in MODES:
            self.mode.addItem(words.mode(name), name)
        self.mode.setFixedWidth(MODE_WIDTH_PX)
        self.mode.setCurrentIndex(MODES.index(mode_of(settings)))
        self.mode.currentIndexChanged.connect(self._on_changed)
        form.addRow(row_label(words.label("mode"), self.mode), self.mode)
        self.mode_hint = plain_label(name="proxyModeHint", muted=True)
        form.addRow(QLabel(), self.mode_hint)
        self.url = self._edit("proxyUrl", settings.proxy_url, "url")
        form.addRow(row_label(words.label("url"), self.url), self.url)
        self.url_problem = plain_label(name="proxyUrlProblem", muted=True)
        form.addRow(QLabel(), self.url_problem)
        self._form = form
        self.user = self._edit("proxyUser", settings.proxy_username, "user")
        form.addRow(row_label(words.label("user"), self.user), self.user)
        self.password = self._edit("proxyPassword", "", "password")
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        self.forget = named(QPushButton(words.forget()), "proxyPasswordForget")
        self.forget.clicked.connect(self._on_forget)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.password, 1)
        row.addWidget(self.forget)
        form.addRow(row_label(words.label("password"), self.password), row)
        self.no_proxy = self._edit("noProxy", settings.no_proxy, "no_proxy")
        form.addRow(row_label(words.label("no_proxy"), self.no_proxy), self.no_proxy)

    def _build_certificates(self, column: QVBoxLayout, settings: Settings) -> None:
        form = group(column, words.heading("certificates"))
        self.ca_file = self._edit("caFile", settings.ca_file, "ca_file")
        self.ca_file.setClearButtonEnabled(True)
        self.browse = named(QPushButton(wording_dialogs.button("browse")), "caFileBrowse")
        self.browse.clicked.connect(self._browse)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.ca_file, 1)
        row.addWidget(self.browse)
        form.addRow(row_label(words.label("ca_file"), self.ca_file), row)
        self.ca_hint = plain_label(name="caFileHint", muted=True)
        form.addRow(QLabel(), self.ca_hint)

    def _build_test(self, column: QVBoxLayout) -> None:
        form = group(column, words.heading("test"))
        self.test = named(QPushButton(words.label("test")), "networkTest")
        self.test.clicked.connect(self._on_test)
        row = QHBoxLayout()
        row.addWidget(self.test)
        row.addStretch(1)
        form.addRow(row)
        self._sign = QLabel()
        self.result = plain_label(name="networkResult")
        told = QHBoxLayout()
        told.setSpacing(8)
        told.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignTop)
        told.addWidget(self.result, 1)
        form.addRow(told)

    def _edit(self, name: str, text: str, kind: str) -> QLineEdit:
        edit = named(QLineEdit(text), name)
        edit.setPlaceholderText(words.placeholder(kind))
        edit.textChanged.connect(self._on_changed)
        return edit

    # -- what stands there -------------------------------------------------------------------------------

    @property
    def _mode(self) -> str:
        return str(self.mode.currentData())

    @property
    def _ca_problem(self) -> str:
        path = self._values()["ca_file"]
        if not path:
            return ""
        return problem("ca_file", path).replace("ca_file ", "it ") or self._desk.ca_problem(path)

    @property
    def _url_problem(self) -> str:
        if self._mode != "manual":
            return ""
        return read_url(self.url.text())[1] or ("user" if problem("proxy_username", self.user.text()) else "")

    @property
    def is_valid(self) -> bool:
        """Everything can be used as it stands; a CA file that was there before may be away for now."""
        values = self._values()
        is_old = values["ca_file"] == self._before.ca_file
        return (
            not self._url_problem
            and (is_old or not self._ca_problem)
            and not problem("no_proxy", values["no_proxy"])
            and (self.hub is None or self.hub.is_valid)
        )

    @property
    def has_more_to_apply(self) -> bool:
        """Another password was typed, or the one that is kept is to be forgotten."""
        return self._password is not None

    @property
    def _password(self) -> str | None:
        """The password to put in force; None for the one that is."""
        if self._mode != "manual":
            return None
        return self.password.text() or ("" if self._forgets else None)

    def _values(self) -> dict[str, Any]:
        mode, before = self._mode, self._before
        path = self.ca_file.text().strip()
        manual = {
            "proxy_url": read_url(self.url.text())[0] or before.proxy_url,
            "proxy_username": self.user.text(),
        }
        kept = {"proxy_url": before.proxy_url, "proxy_username": before.proxy_username}
        if mode == "system":
            kept["proxy_url"] = ""
        return {
            "proxy_off": mode == "off",
            **(manual if mode == "manual" else kept),
            "no_proxy": self.no_proxy.text().strip(),
            "ca_file": str(Path(path).expanduser()) if path else "",
            **(self.hub.values() if self.hub is not None else {}),
        }

    def changes(self) -> dict[str, Any]:
        """Return the settings that were changed here since `settle`; only where `is_valid`."""
        return {name: value for name, value in self._values().items() if value != getattr(self._before, name)}

    def apply_password(self) -> None:
        """Put the password in force that was typed."""
        password = self._password
        if password is not None:
            self._forgets = False
            self.password.clear()
            self._desk.keep_password(password)

    def settle(self) -> None:
        """What stands there was applied."""
        self._before = replace(self._before, **self.changes())
        if self.hub is not None:
            self.hub.settle(self._before)
        self._show()

    # -- changes by a person -----------------------------------------------------------------------------

    def _on_changed(self) -> None:
        self._desk.forget()
        self._show()
        self.changed.emit()

    def _on_forget(self) -> None:
        self._forgets = not self._forgets
        self.password.clear()
        self._on_changed()

    def _on_test(self) -> None:
        self._desk.test(replace(self._before, **self.changes()), self._password)

    def _browse(self) -> None:
        dialog = QFileDialog(self, words.plain(words.label("ca_file")))
        dialog.setObjectName("caFileDialog")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilter(words.ca_filter())
        if path := self.ca_file.text().strip():
            dialog.setDirectory(str(Path(path).expanduser().parent))
        dialog.fileSelected.connect(self.ca_file.setText)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    # -- showing -----------------------------------------------------------------------------------------

    def _show(self) -> None:
        self._follow()
        mode = self._mode
        self.mode_hint.setText(words.mode_hint(mode))
        for part in (self.url, self.user, self.password):
            part.setEnabled(mode == "manual")
        self.no_proxy.setEnabled(mode != "off")
        wrong = self._url_problem
        self.url_problem.setText(words.url_problem(wrong))
        self._form.setRowVisible(self.url_problem, bool(wrong))
        has_password = mode == "manual" and self._desk.has_password and not self._forgets
        self.password.setPlaceholderText(words.placeholder("kept" if has_password else "password"))
        self.forget.setEnabled(mode == "manual" and self._desk.has_password and not self._forgets)
        self.ca_hint.setText(words.ca_hint(self._ca_problem))
        self._show_result()

    def _show_result(self) -> None:
        desk = self._desk
        self.test.setEnabled(self.is_valid and not desk.is_asking)
        sign = ""
        if desk.is_asking:
            text = words.asking(desk.hub)
        elif not desk.has_answer:
            text = words.test_hint()
        elif desk.answer is None:
            text, sign = words.good(desk.hub), "check"
        else:
            text, sign = words.bad(desk.answer), "warning"
        self.result.setText(text)
        self.result.setProperty("muted", not sign)
        self.result.style().polish(self.result)
        self._sign.setVisible(bool(sign))
        if sign:
            role = "green" if sign == "check" else "amber"
            self._sign.setPixmap(icon(sign, self._theme.tokens, role=role).pixmap(QSize(ICON_PX, ICON_PX)))

    def _follow(self) -> None:
        """Show what a program changed meanwhile, where nothing was changed here."""
        now = self._now()
        if now == self._before or self.changes():
            return
        self._before = now
        for edit, text in (
            (self.url, now.proxy_url),
            (self.user, now.proxy_username),
            (self.no_proxy, now.no_proxy),
            (self.ca_file, now.ca_file),
        ):
            edit.blockSignals(True)
            edit.setText(text)
            edit.blockSignals(False)
        self.mode.blockSignals(True)
        self.mode.setCurrentIndex(MODES.index(mode_of(now)))
        self.mode.blockSignals(False)
        if self.hub is not None:
            self.hub.follow(now)

    def event(self, event: QEvent) -> bool:
        if event.type() is QEvent.Type.LayoutRequest:
            self.height_changed.emit()
        return super().event(event)
