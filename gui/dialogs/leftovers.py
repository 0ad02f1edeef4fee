"""What was set aside or left over: one line a file with its size and why; what is ticked is deleted."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)

from core.leftovers import Leftover
from gui import wording
from gui import wording_dialogs as dialog_words
from gui import wording_support as words
from gui.parts import RowDelegate, column, named, plain_label

SIZE = (680, 420)


class LeftoversDialog(QDialog):
    """Lists them; nothing is ticked at first.

    Signals:
        submitted: The files that are to be deleted, as a list of Leftover.
    """

    submitted = Signal(list)

    def __init__(self, found: Sequence[Leftover], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("leftoversDialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(words.leftovers_title())
        self.resize(*SIZE)
        self._found = list(found)
        layout = column(self)
        layout.addWidget(plain_label(words.leftovers_what(), name="leftoversWhat"))
        self.table = named(QTreeWidget(), "leftoversTable")
        self.table.setAccessibleName(words.leftovers_title())
        self.table.setHeaderLabels(list(words.leftovers_columns()))
        self.table.setRootIsDecorated(False)
        self.table.setUniformRowHeights(True)
        self.table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.table.setItemDelegate(RowDelegate(self.table))
        self.table.header().setStretchLastSection(False)
        self.table.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for leftover in self._found:
            row = QTreeWidgetItem([leftover.name, words.kind(leftover.kind.value), wording.size(leftover.size)])
            row.setToolTip(0, leftover.name)
            row.setTextAlignment(2, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            row.setFlags(row.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            row.setCheckState(0, Qt.CheckState.Unchecked)
            self.table.addTopLevelItem(row)
        self.table.itemChanged.connect(lambda *_: self._show_sum())
        layout.addWidget(self.table, 1)
        self.sum = plain_label(name="leftoversSum", muted=True)
        layout.addWidget(self.sum)
        buttons = QDialogButtonBox()
        self.everything = buttons.addButton(words.choose_all(), QDialogButtonBox.ButtonRole.ActionRole)
        self.everything.setObjectName("leftoversAll")
        self.everything.clicked.connect(self._choose_all)
        self.remove: QPushButton = buttons.addButton(
            words.delete_button(), QDialogButtonBox.ButtonRole.DestructiveRole
        )
        self.remove.setObjectName("leftoversDelete")
        self.remove.clicked.connect(self._submit)
        close = buttons.addButton(dialog_words.button("close"), QDialogButtonBox.ButtonRole.RejectRole)
        close.setDefault(True)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons)
        self._show_sum()
        self.table.setFocus()

    def chosen(self) -> list[Leftover]:
        """Return what is ticked."""
        rows = (self.table.topLevelItem(n) for n in range(self.table.topLevelItemCount()))
        ticked = [row is not None and row.checkState(0) is Qt.CheckState.Checked for row in rows]
        return [leftover for leftover, is_ticked in zip(self._found, ticked, strict=True) if is_ticked]

    def _choose_all(self) -> None:
        for n in range(self.table.topLevelItemCount()):
            row = self.table.topLevelItem(n)
            if row is not None:
                row.setCheckState(0, Qt.CheckState.Checked)

    def _show_sum(self) -> None:
        chosen = self.chosen()
        self.remove.setEnabled(bool(chosen))
        self.sum.setText(words.leftovers_sum(len(chosen), wording.size(sum(one.size for one in chosen))))

    def _submit(self) -> None:
        self.submitted.emit(self.chosen())
        self.accept()
