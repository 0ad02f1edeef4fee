"""The review of what was dropped, pasted or asked for by a link: nothing starts before a yes.

Knows parsed lines. Not modal: the window behind stays usable. What is taken leaves through `submitted`.
"""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QPushButton, QWidget

from core.handles import Parsed
from gui import wording_dialogs as words
from gui.dialogs.lines import LinesView
from gui.parts import column, heading, plain_label
from gui.style.theme import Theme


class ReviewDialog(QDialog):
    """Shows what was understood and what was not, and asks; where `careful`, Enter means no.

    Signals:
        submitted: list[Handle] when a person says Add.
    """

    submitted = Signal(list)

    def __init__(
        self,
        parsed: Sequence[Parsed],
        theme: Theme,
        *,
        folder: str,
        careful: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("reviewDialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(words.review_title())
        self.resize(760 if careful else 600, 340)  # a link says more of itself
        self._handles = [line.handle for line in parsed if line.handle is not None]
        good, bad = len(self._handles), len(parsed) - len(self._handles)
        layout = column(self)
        layout.addWidget(heading(words.review_title() if good else words.review_nothing()))
        if any(handle.from_link for handle in self._handles):
            layout.addWidget(plain_label(words.review_from_link(), name="reviewFromLink"))
        layout.addWidget(plain_label(words.understood(good, bad), name="reviewCount", muted=True))
        lines = self._lines = LinesView(theme)
        lines.setObjectName("reviewLines")
        lines.setAccessibleName(words.review_title())
        lines.show_lines(parsed)
        layout.addWidget(lines, 1)
        if good:
            layout.addWidget(plain_label(words.saved_under(folder), muted=True))
        buttons = QDialogButtonBox()
        if good:
            self.add_button: QPushButton = buttons.addButton(
                words.add_button(good), QDialogButtonBox.ButtonRole.AcceptRole
            )
            self.add_button.setObjectName("reviewAdd")
            self.add_button.setProperty("primary", True)
        no = buttons.addButton(words.button("cancel" if good else "close"), QDialogButtonBox.ButtonRole.RejectRole)
        buttons.accepted.connect(self._submit)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons)
        # Enter must not say yes to something that a page asked for while a person was typing.
        first = no if careful or not good else self.add_button
        first.setDefault(True)
        first.setFocus()

    def tell(self, place: int, text: str) -> None:
        """Say more about the line at this place."""
        self._lines.tell(place, text)

    def _submit(self) -> None:
        self.submitted.emit(self._handles)
        self.accept()
