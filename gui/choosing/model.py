"""The model behind the list of choices: nodes with check boxes, over a Pick that holds what is chosen.

Knows core.choosing and the wording. A tick changes the pick at once and is told by `changed`: nothing is asked of
an engine here.
"""

from enum import IntEnum
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QColor, QFont, QIcon

from core.choosing import Kind, Pick, Row
from core.choosing.fits import Fit, Machine, Need, Verdict, fit_of, need_of
from core.scans import Finding
from gui import wording, wording_scans
from gui import wording_choosing as words
from gui.choosing.nodes import Node, by_folders, by_rows
from gui.parts import plain_tip
from gui.style.icons import icon
from gui.style.theme import Theme

Index = QModelIndex | QPersistentModelIndex
_FLAGS = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
_CHECKABLE = _FLAGS | Qt.ItemFlag.ItemIsUserCheckable
_RUN = (Kind.MODEL, Kind.WEIGHTS)


class ChoiceColumn(IntEnum):
    """Columns of the list."""

    NAME = 0
    SIZE = 1
    FITS = 2
    WHAT = 3


_TITLES = {
    ChoiceColumn.NAME: "name",
    ChoiceColumn.SIZE: "size",
    ChoiceColumn.FITS: "fits",
    ChoiceColumn.WHAT: "what",
}


class ChoicesModel(QAbstractItemModel):
    """Serves rows or plain files.

    Signals:
        changed: Something was ticked or unticked.
    """

    changed = Signal()

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._pick: Pick | None = None
        self._plain = False
        self._nodes: list[Node] = [Node("", (), None)]
        self._machine = Machine()
        self._free: int | None = None
        self._cache_values: int | None = None
        self._bold = QFont()
        self._bold.setWeight(QFont.Weight.DemiBold)

    # -- what is shown -----------------------------------------------------------------------------------

    def show_pick(self, pick: Pick | None, *, plain: bool = False) -> None:
        """Show another listing, or the same in the other way."""
        self.beginResetModel()
        self._pick, self._plain = pick, plain
        if pick is None:
            self._nodes = [Node("", (), None)]
        else:
            self._nodes = by_folders(pick) if plain else by_rows(pick)
        self.endResetModel()

    def set_machine(self, machine: Machine, free: int | None) -> None:
        """Show what fits on this machine."""
        self._machine, self._free = machine, free
        self.refresh()

    def set_cache_values(self, count: int | None) -> None:
        """Count the memory that a token of context takes."""
        self._cache_values = count
        self.refresh()

    def refresh(self) -> None:
        """Say that ticks and figures may be others."""
        for node in self._nodes:
            if node.children:
                last = len(node.children) - 1
                parent = self._index_of(node)
                self.dataChanged.emit(self.index(0, 0, parent), self.index(last, ChoiceColumn.WHAT, parent))

    def need(self, row: Row) -> Need | None:
        """Return what a row needs to run; None for what is not run alone."""
        if self._pick is None or row.kind not in _RUN or row.unsized:
            return None
        if row.kind is Kind.MODEL:
            return need_of(row.total + self._beside(row), self._cache_values)
        rows = [one for one in self._pick.chosen_rows if one.kind is Kind.WEIGHTS]
        rows = rows if row in rows else [row]
        return need_of(sum(one.total for one in rows), self._cache_values)

    def fit(self, row: Row) -> Fit | None:
        """Return whether a row fits; None for what is not run alone."""
        need = self.need(row)
        if need is None:
            return None
        return fit_of(need, self._machine, download=row.total + self._beside(row), free=self._free)

    def _beside(self, row: Row) -> int:
        files = self._pick.files if self._pick is not None else {}
        return sum(files[path].size or 0 for path in row.companions)

    # -- nodes -------------------------------------------------------------------------------------------

    def node(self, index: Index) -> Node:
        """Return the node of an index; the root for none."""
        return self._nodes[index.internalId()] if index.isValid() else self._nodes[0]

    def _index_of(self, node: Node, column: int = 0) -> QModelIndex:
        return self.createIndex(node.place, column, node.number) if node.number else QModelIndex()

    def index_of_row(self, row: Row) -> QModelIndex:
        """Return the index of a row; none while plain files are shown."""
        return next((self._index_of(node) for node in self._nodes[0].children if node.row is row), QModelIndex())

    def index(self, row: int, column: int, parent: Index = QModelIndex()) -> QModelIndex:  # noqa: B008
        children = self.node(parent).children
        inside = 0 <= row < len(children) and 0 <= column < len(ChoiceColumn)
        return self._index_of(children[row], column) if inside and parent.column() <= 0 else QModelIndex()

    def parent(self, index: Index = QModelIndex()) -> QModelIndex:  # type: ignore[override]  # noqa: B008
        node = self.node(index).parent
        return QModelIndex() if node is None else self._index_of(node)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.column() > 0 else len(self.node(parent).children)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return len(ChoiceColumn)

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        return _CHECKABLE if index.column() == ChoiceColumn.NAME else _FLAGS

    # -- data --------------------------------------------------------------------------------------------

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        node, column = self.node(index), ChoiceColumn(index.column())
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._text(node, column)
            case Qt.ItemDataRole.CheckStateRole if column is ChoiceColumn.NAME:
                return self._check_state(node)
            case Qt.ItemDataRole.ToolTipRole:
                return plain_tip(self._tip(node, column))
            case Qt.ItemDataRole.TextAlignmentRole:
                return _alignment(column)
            case Qt.ItemDataRole.ForegroundRole:
                return self._colour(node, column)
            case Qt.ItemDataRole.DecorationRole if column is ChoiceColumn.WHAT:
                found = self._finding(node)
                return None if found is None else self._icon(found)
            case Qt.ItemDataRole.FontRole if node.row is not None and node.row.is_usual and not column:
                return self._bold
            case Qt.ItemDataRole.AccessibleTextRole if column is ChoiceColumn.NAME:
                return ", ".join(text for one in ChoiceColumn if (text := self._text(node, one)))
        return None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Tick a row, a folder or a file, or take the tick away."""
        if role != Qt.ItemDataRole.CheckStateRole or not index.isValid() or self._pick is None:
            return False
        on = Qt.CheckState(value) is not Qt.CheckState.Unchecked
        node = self.node(index)
        if node.row is not None:
            self._pick.set_row(node.row, on)
        else:
            self._pick.set_files(node.paths, on)
        self.refresh()
        self.changed.emit()
        return True

    def toggle(self, index: Index) -> None:
        """Tick what is not ticked wholly, else take the tick away."""
        is_on = self._check_state(self.node(index)) is Qt.CheckState.Checked
        state = Qt.CheckState.Unchecked if is_on else Qt.CheckState.Checked
        self.setData(index.siblingAtColumn(0), state, Qt.ItemDataRole.CheckStateRole)  # type: ignore[union-attr]

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return words.column(_TITLES[ChoiceColumn(section)])
        return _alignment(ChoiceColumn(section)) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def _check_state(self, node: Node) -> Qt.CheckState:
        chosen = self._pick.chosen if self._pick is not None else set()
        if chosen.issuperset(node.paths):
            return Qt.CheckState.Checked
        return Qt.CheckState.Unchecked if chosen.isdisjoint(node.paths) else Qt.CheckState.PartiallyChecked

    def _text(self, node: Node, column: ChoiceColumn) -> str:
        row = node.row
        match column:
            case ChoiceColumn.NAME:
                return wording.one_line(node.name) if row is None else words.row_name(row)
            case ChoiceColumn.SIZE:
                return wording.size(node.size) if row is None else words.row_size(row, self._beside(row))
            case ChoiceColumn.FITS:
                fit = None if row is None else self.fit(row)
                return "" if fit is None else words.fits_short(fit)
            case _:
                if row is None and self._plain and node.is_file and self._pick is not None:
                    row = self._pick.row_of(node.paths[0])
                return self._what(row, self._finding(node))

    @staticmethod
    def _what(row: Row | None, found: Finding | None) -> str:
        """Return what is known of a row or a file; what the hub warns of comes first."""
        what = "" if row is None else words.row_what(row)
        if found is None:
            return what
        said = wording_scans.said(found)
        return wording_scans.joined(said, what) if found.is_issue else wording_scans.joined(what, said)

    def _finding(self, node: Node) -> Finding | None:
        """Return what the hub says of a row or a single file."""
        if self._pick is None or not node.paths:
            return None
        if node.row is not None:
            return self._pick.finding_of(node.row)
        return self._pick.finding(node.paths) if node.is_file else None

    def _icon(self, found: Finding) -> QIcon:
        name, role = wording_scans.icon_of(found)
        return icon(name, self._theme.tokens, role=role)

    def _tip(self, node: Node, column: ChoiceColumn) -> str:
        if column is ChoiceColumn.NAME and node.row is not None:
            return "\n".join(wording.one_line(path) for path in node.paths[:20])
        return self._text(node, column)

    def _colour(self, node: Node, column: ChoiceColumn) -> QColor | None:
        row = node.row
        tokens = self._theme.tokens
        if column is ChoiceColumn.WHAT:
            if self._plain and node.is_file and self._pick is not None:
                row = self._pick.row_of(node.paths[0])
            found = self._finding(node)
            if found is not None and found.is_issue:
                return QColor(getattr(tokens, wording_scans.colour_of(found)))
            is_bad = row is not None and (row.missing or row.carries_code)
            return QColor(tokens.amber if is_bad else tokens.muted)
        if column is ChoiceColumn.FITS and row is not None and (fit := self.fit(row)) is not None:
            if Verdict.FITS in (fit.memory, fit.gpu) and fit.disk is not Verdict.TOO_LARGE:
                return QColor(tokens.green)
            return QColor(tokens.amber)
        return QColor(tokens.muted) if column is ChoiceColumn.SIZE and row is None else None


def _alignment(column: ChoiceColumn) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column is ChoiceColumn.SIZE else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
