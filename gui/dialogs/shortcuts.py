"""The list of keys, made of the actions themselves, so that it is always right."""

from collections.abc import Iterable

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from gui import wording_dialogs as words
from gui.parts import RowDelegate, column


class ShortcutsDialog(QDialog):
    """Lists every action that has a key."""

    def __init__(self, actions: Iterable[QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("shortcutsDialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(words.shortcuts_title())
        self.resize(440, 560)
        layout = column(self)
        table = QTreeWidget()
        table.setObjectName("shortcutsTable")
        table.setAccessibleName(words.shortcuts_title())
        table.setHeaderLabels(list(words.shortcuts_columns()))
        table.setRootIsDecorated(False)
        table.setUniformRowHeights(True)
        table.setItemDelegate(RowDelegate(table))
        table.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for action in actions:
            keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            if keys:
                table.addTopLevelItem(QTreeWidgetItem([action.iconText(), keys]))
        layout.addWidget(table)
        buttons = QDialogButtonBox()
        buttons.addButton(words.button("close"), QDialogButtonBox.ButtonRole.RejectRole)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons)
