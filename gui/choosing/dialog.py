"""The chooser: a pane of choices with the folder it goes to, in a dialog that opens before the list is there.

Knows widgets and the pane. Must not know the engine: it asks for what it needs through signals.
"""

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from core.choosing import Pick
from core.errors import DownloadError
from gui import wording
from gui import wording_choosing as words
from gui.choosing.caution import ask_first
from gui.choosing.pane import ChoicesPane
from gui.parts import column, heading, named, plain_label
from gui.style.theme import Theme

SIZE_PX = (920, 620)
LEAST_PX = (720, 480)


class ChooserDialog(QDialog):
    """Asks what of a repo is wanted.

    Attributes:
        pane: The choices.
        root: The models folder that was asked for; None for the usual one.
        pull_button: Goes on with the choice; enabled where it can be pulled.

    Signals:
        submitted: A person wants what is chosen.
        retry_asked: The list is to be fetched again.
        folder_changed: Another folder was chosen.
    """

    submitted = Signal()
    retry_asked = Signal()
    folder_changed = Signal()

    def __init__(
        self, theme: Theme, name: str, *, folder: Path, listed: bool = False, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("chooserDialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(words.title(name))
        self.setAccessibleName(words.title(name))
        self.setMinimumSize(*LEAST_PX)
        self.resize(*SIZE_PX)
        self._usual_folder = folder
        self.root: Path | None = None
        self.pane = ChoicesPane(theme)
        self.pane.changed.connect(self._refresh)
        self.pane.taken.connect(self._submit)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._waiting_page())
        self._stack.addWidget(self.pane)
        self.pull_button = QPushButton(words.button("apply" if listed else "pull"))
        layout = column(self)
        layout.addWidget(heading(wording.one_line(name)))
        layout.addWidget(self._stack, 1)
        if not listed:  # what is in the list already goes to another folder by its own command
            layout.addLayout(self._folder_row())
        layout.addWidget(self._buttons())
        self.show_fetching()

    def _waiting_page(self) -> QWidget:
        page = QWidget()
        inner = QVBoxLayout(page)
        inner.setContentsMargins(0, 0, 0, 0)
        self.told = plain_label(name="chooserTold")
        self.retry_button = named(QPushButton(words.button("retry")), "chooserRetry")
        self.retry_button.clicked.connect(self.retry_asked)
        inner.addWidget(self.told)
        inner.addWidget(self.retry_button, 0, Qt.AlignmentFlag.AlignLeft)
        inner.addStretch(1)
        return page

    def _folder_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.folder_label = plain_label(name="chooserFolder", muted=True)
        self.folder_button = named(QPushButton(words.other_folder()), "chooserOtherFolder")
        self.folder_button.setAutoDefault(False)
        self.folder_button.clicked.connect(self._ask_folder)
        row.addWidget(self.folder_label, 1)
        row.addWidget(self.folder_button)
        self.folder_label.setText(words.saved_in(wording.folder(self.folder)))
        return row

    def _buttons(self) -> QDialogButtonBox:
        buttons = QDialogButtonBox()
        self.pull_button.setObjectName("pullButton")
        self.pull_button.setProperty("primary", True)
        buttons.addButton(self.pull_button, QDialogButtonBox.ButtonRole.AcceptRole)
        cancel = buttons.addButton(words.button("cancel"), QDialogButtonBox.ButtonRole.RejectRole)
        cancel.setAutoDefault(False)
        self.pull_button.setDefault(True)
        buttons.accepted.connect(self._submit)
        buttons.rejected.connect(self.reject)
        return buttons

    # -- what is shown -----------------------------------------------------------------------------------

    def show_fetching(self) -> None:
        """Say that the list is on its way."""
        self._tell(words.fetching(), again=False)

    def show_failure(self, error: DownloadError) -> None:
        """Say why there is no list."""
        self._tell(words.failed(error.message, error.action), again=True)
        self.retry_button.setFocus()

    def _tell(self, text: str, *, again: bool) -> None:
        self.told.setText(text)
        self.retry_button.setVisible(again)
        self._stack.setCurrentIndex(0)
        self._refresh()

    def show_pick(self, pick: Pick) -> None:
        """Let a person choose."""
        self.pane.set_pick(pick)
        self._stack.setCurrentIndex(1)
        self.pane.view.setFocus()
        self._refresh()

    @property
    def folder(self) -> Path:
        """The models folder that this download goes to."""
        return self.root or self._usual_folder

    # -- by hand -----------------------------------------------------------------------------------------

    def _refresh(self) -> None:
        self.pull_button.setEnabled(self._stack.currentIndex() == 1 and not self.pane.refusal())

    def _ask_folder(self) -> None:
        dialog = QFileDialog(self, words.other_folder_title(), str(self.folder))
        dialog.setObjectName("chooserFolderDialog")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(lambda name: self.set_folder(Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def set_folder(self, folder: Path) -> None:
        """Let this download go to another folder."""
        self.root = folder if folder != self._usual_folder else None
        self.folder_label.setText(words.saved_in(wording.folder(folder)))
        self.folder_changed.emit()

    def _submit(self) -> None:
        if self.pull_button.isEnabled():
            ask_first(self, self.pane, self._go_on)

    def _go_on(self) -> None:
        self.submitted.emit()
        self.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go on with Ctrl+Enter, wherever the focus is."""
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._submit()
        else:
            super().keyPressEvent(event)
