"""A question with two answers; where the yes loses something, Enter means no. Knows widgets only."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QDialog, QDialogButtonBox, QPushButton, QWidget

from gui import wording_dialogs as words
from gui.parts import column, fit, heading, plain_label

WIDTH_PX = 460


class AskDialog(QDialog):
    """A question: heading, sentences, an answer that does it and Cancel.

    Attributes:
        accept_button, cancel_button: The two answers; Cancel is the default where the other loses something.
        check: The check box; None where no `check_text` was given.
    """

    def __init__(
        self, parent: QWidget | None, title: str, *, lines: list[str], accept: str, check_text: str = ""
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        layout = column(self)
        layout.addWidget(heading(title))
        for line in lines:
            layout.addWidget(plain_label(line))
        self.check: QCheckBox | None = None
        if check_text:
            self.check = QCheckBox(check_text)
            layout.addWidget(self.check)
        layout.addStretch(1)
        buttons = QDialogButtonBox()
        self.accept_button: QPushButton = buttons.addButton(accept, QDialogButtonBox.ButtonRole.AcceptRole)
        self.cancel_button: QPushButton = buttons.addButton(
            words.button("cancel"), QDialogButtonBox.ButtonRole.RejectRole
        )
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons)
        fit(self, WIDTH_PX)

    def prefer_cancel(self) -> None:
        """Let Enter mean Cancel: the other answer loses something."""
        self.accept_button.setAutoDefault(False)
        self.cancel_button.setDefault(True)
        self.cancel_button.setFocus()

    def prefer_accept(self) -> None:
        """Let Enter mean the answer that does it."""
        self.accept_button.setProperty("primary", True)
        self.accept_button.setDefault(True)
        self.accept_button.setFocus()

    def ask(self, then: Callable[["AskDialog"], None]) -> None:
        """Open the question; call `then` with it when it is answered with a yes."""
        self.accepted.connect(lambda: then(self))
        self.open()
