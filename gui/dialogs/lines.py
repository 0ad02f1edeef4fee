"""The list of lines that were typed, dropped or pasted: what each was understood as, or why not."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush, QColor
from PySide6.QtWidgets import QAbstractItemView, QTreeWidget, QTreeWidgetItem, QWidget

from core.handles import Parsed, format_handle
from gui import wording_dialogs as words
from gui.parts import RowDelegate, plain_tip
from gui.style.icons import icon
from gui.style.theme import Theme

INDENT_PX = 24  # the second line begins under the text of the first


class LinesView(QTreeWidget):
    """One row a line with a tick or a warning sign; below it what it was understood as, or the reason."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setHeaderHidden(True)
        self.setRootIsDecorated(False)
        self.setItemsExpandable(False)
        self.setIndentation(INDENT_PX)
        self.setUniformRowHeights(True)
        self.setItemDelegate(RowDelegate(self))
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def show_lines(self, parsed: Sequence[Parsed]) -> None:
        """Show these lines in place of those before."""
        tokens = self._theme.tokens
        good, bad = icon("check", tokens, role="green"), icon("warning", tokens, role="red")
        red, muted = QBrush(QColor(tokens.red)), QBrush(QColor(tokens.muted))
        self.clear()
        rows = []
        for line in parsed:
            refused = line.handle is None
            meaning = line.reason if line.handle is None else format_handle(line.handle)
            row = QTreeWidgetItem([line.line])
            row.setIcon(0, bad if refused else good)
            row.setToolTip(0, plain_tip(line.line))
            row.setData(0, Qt.ItemDataRole.AccessibleTextRole, words.refused_line(line.line, meaning))
            if meaning != line.line:
                below = QTreeWidgetItem(row, [meaning])
                below.setForeground(0, red if refused else muted)
                below.setToolTip(0, plain_tip(meaning))
            rows.append(row)
        self.addTopLevelItems(rows)
        self.expandAll()
        self._told: dict[int, QTreeWidgetItem] = {}

    def tell(self, place: int, text: str) -> None:
        """Say more below the line at this place, in place of what was said before."""
        line = self.topLevelItem(place)
        if line is None:
            return
        if place not in self._told:
            self._told[place] = QTreeWidgetItem(line)
            self._told[place].setForeground(0, QBrush(QColor(self._theme.tokens.muted)))
            line.setExpanded(True)
        self._told[place].setText(0, text)
        self._told[place].setToolTip(0, plain_tip(text))
