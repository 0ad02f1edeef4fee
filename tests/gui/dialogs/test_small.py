"""About names Qt's licence; the list of keys is the actions' own."""

import pytest
from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QLabel, QTreeWidget
from pytestqt.qtbot import QtBot

from core import __version__
from gui.actions import SPECS, Actions
from gui.dialogs.about import AboutDialog
from gui.dialogs.shortcuts import ShortcutsDialog
from gui.style.theme import Theme

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # offscreen, of dialogs


def test_about_names_the_version_and_the_licence_of_qt(qtbot: QtBot) -> None:
    dialog = AboutDialog()
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(dialog)
    said = " ".join(label.text() for label in dialog.findChildren(QLabel))
    assert __version__ in said and "LGPLv3" in said and "Qt 6" in said and "Apache" in said


def test_the_list_of_keys_holds_every_action(qtbot: QtBot, qapp: object) -> None:
    parent = QObject()
    actions = Actions(Theme(), parent)
    dialog = ShortcutsDialog(actions)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(dialog)
    table = dialog.findChild(QTreeWidget, "shortcutsTable")
    assert table is not None and table.topLevelItemCount() == len(SPECS)
    assert table.topLevelItem(0).text(1) == "Ctrl+N"
