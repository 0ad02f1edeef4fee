"""The pane of choices: rows to tick, what they need, what is chosen, and why it cannot be pulled.

Knows core.choosing, widgets and the wording. Asks nobody: a listing, the machine and the facts of headers come in;
what is chosen is asked for by `selection` or `request`.
"""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QStyleOptionViewItem,
    QToolButton,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from core.choosing import Kind, Listing, Pick, Row
from core.choosing.facts import Facts
from core.choosing.fits import Machine
from core.records import Handle, Selection
from gui import wording, wording_scans
from gui import wording_choosing as words
from gui.choosing.model import ChoiceColumn, ChoicesModel
from gui.parts import RowDelegate, named, plain_label, plain_tip
from gui.style.theme import Theme

NAME_PX, SIZE_PX, FITS_PX = 235, 150, 110
SPACE_PX = 8
EXPAND_FOLDERS_MAX = 20  # of a tree of plain files, at first


class ChoicesDelegate(RowDelegate):
    """Cuts names in the middle, since their end tells the quantisation, and sentences at the end."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        super().initStyleOption(option, index)
        is_name = index.column() == ChoiceColumn.NAME
        option.textElideMode = Qt.TextElideMode.ElideMiddle if is_name else Qt.TextElideMode.ElideRight


class ChoicesView(QTreeView):
    """The list: arrows move, Space ticks, Enter and a double click take one row alone.

    Signals:
        taken(index): Enter, or a double click.
    """

    taken = Signal(QModelIndex)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        index, model = self.currentIndex(), self.model()
        if not index.isValid() or not isinstance(model, ChoicesModel) or event.modifiers() & _COMMANDS:
            super().keyPressEvent(event)
        elif event.key() == Qt.Key.Key_Space:
            model.toggle(index)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.taken.emit(index)
        else:
            super().keyPressEvent(event)


_COMMANDS = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier


class ChoicesPane(QWidget):
    """Shows a listing and keeps what is chosen of it.

    Attributes:
        view: The list; its objectName is `filesView`.
        pick: What is chosen; None before a listing is shown.
        has_facts: The header of the model is known.
        agreed: Paths of files that the hub warns of and a person wants all the same.

    Signals:
        changed: Another choice, listing or way to show it.
        row_looked_at(row): A person moved to a row of weights: its header may be asked for.
        taken: Enter or a double click on the row that alone is chosen: go on with it.
    """

    changed = Signal()
    row_looked_at = Signal(object)
    taken = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("choicesPane")
        self.pick: Pick | None = None
        self.has_facts = False
        self.agreed: set[str] = set()
        self._machine = Machine()
        self._free: int | None = None
        self._theme = theme
        self.model = ChoicesModel(theme, self)
        self.model.changed.connect(self._on_changed)
        self.view = self._make_view()
        self.facts = plain_label(name="factsLabel", muted=True)
        self.facts.setWordWrap(False)
        self.plain = _button("filesPlain", words.plain_files(), words.plain_files_tip())
        self.plain.setCheckable(True)
        self.plain.toggled.connect(lambda _: self._show())
        self.usual = _button("filesUsual", words.usual(), words.usual_tip())
        self.usual.clicked.connect(self._reset)
        self.rule = plain_label(name="fitsRule", muted=True)
        self.fits = plain_label(name="fitsLabel")
        self.sum = plain_label(name="chosenLabel")
        self.problem = plain_label(name="refusalLabel")
        self.view.setToolTip(words.keys_hint())
        top = QHBoxLayout()
        top.addWidget(self.facts, 1)
        top.addWidget(self.usual)
        top.addWidget(self.plain)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_PX)
        column.addLayout(top)
        column.addWidget(self.view, 1)
        for label in (self.rule, self.fits, self.sum, self.problem):
            column.addWidget(label)
        self.setFocusProxy(self.view)
        theme.changed.connect(self._show_sum)
        self._refresh()

    def _make_view(self) -> ChoicesView:
        view = named(ChoicesView(), "filesView")
        view.setAccessibleName(words.view_name())
        view.setModel(self.model)
        view.setUniformRowHeights(True)
        view.setAllColumnsShowFocus(True)
        view.setItemDelegate(ChoicesDelegate(view))
        view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        view.setExpandsOnDoubleClick(False)
        view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        header = view.header()
        header.setStretchLastSection(True)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        for column, width in zip(ChoiceColumn, (NAME_PX, SIZE_PX, FITS_PX), strict=False):
            header.resizeSection(column, width)
        view.taken.connect(self._take)
        view.doubleClicked.connect(self._take)
        view.selectionModel().currentChanged.connect(self._on_current)
        return view

    # -- in and out --------------------------------------------------------------------------------------

    def set_listing(self, listing: Listing | None) -> None:
        """Show another listing with what it wants ticked, or none."""
        self.set_pick(None if listing is None else Pick(listing))

    def set_pick(self, pick: Pick | None) -> None:
        """Show another listing with what is chosen of it, or none."""
        self.pick = pick
        self.has_facts = False
        self.agreed = set()
        self._say_facts("")
        self.model.show_pick(None)
        self.model.set_cache_values(None)
        self._show()

    def set_machine(self, machine: Machine, free: int | None) -> None:
        """Tell what this machine has, and the free bytes of the disk where the download goes."""
        self._machine, self._free = machine, free
        self.model.set_machine(machine, free)
        self._refresh()

    def set_facts(self, facts: Facts) -> None:
        """Tell what the header of a model says."""
        self.has_facts = facts != Facts()
        self._say_facts(words.facts(facts))
        self.model.set_cache_values(facts.cache_values)
        self._refresh()

    def set_facts_problem(self, problem: str) -> None:
        """Say why the header of a model tells nothing."""
        self._say_facts(wording.one_line(problem), wraps=True)

    def _say_facts(self, text: str, *, wraps: bool = False) -> None:
        self.facts.setWordWrap(wraps)
        self.facts.setText(text)
        self.facts.setToolTip(plain_tip(text))

    def selection(self) -> Selection:
        """Return the chosen paths; an empty selection where the default is chosen."""
        return Selection() if self.pick is None else self.pick.selection()

    def request(self) -> tuple[Handle, Selection] | None:
        """Return what to add: the shortest handle for the choice; None before a listing is shown."""
        return None if self.pick is None else self.pick.request()

    def refusal(self) -> str:
        """Return why this cannot be pulled; empty where it can."""
        return self.pick.refusal if self.pick is not None else words.fetching()

    def row_in_question(self) -> Row | None:
        """Return the row that the figures below are about: the current one, else the first that is chosen."""
        if self.pick is None:
            return None
        node = self.model.node(self.view.currentIndex())
        if node.number and node.paths:
            row = node.row or self.pick.row_of(node.paths[0])
            if row.kind in (Kind.MODEL, Kind.WEIGHTS):
                return row
        return next((row for row in self.pick.chosen_rows if row.kind in (Kind.MODEL, Kind.WEIGHTS)), None)

    # -- by hand -----------------------------------------------------------------------------------------

    def _reset(self) -> None:
        if self.pick is not None:
            self.pick.reset()
            self.model.refresh()
            self._on_changed()

    def _take(self, index: QModelIndex) -> None:
        """Take a row alone; where it is alone already, go on."""
        node = self.model.node(index)
        if self.pick is None or not node.number:
            return
        if node.row is None or node.row.kind is not Kind.MODEL:
            if node.row is not None or node.is_file:
                self.model.toggle(index)
            else:
                self.view.setExpanded(index, not self.view.isExpanded(index))
            return
        if self.pick.is_only(node.row):
            self.taken.emit()
            return
        self.pick.only(node.row)
        self.model.refresh()
        self._on_changed()

    def _on_current(self, current: QModelIndex, _previous: QModelIndex) -> None:
        self._refresh()
        node = self.model.node(current)
        if node.row is not None and node.row.kind in (Kind.MODEL, Kind.WEIGHTS):
            self.row_looked_at.emit(node.row)

    def _on_changed(self) -> None:
        self._refresh()
        self.changed.emit()

    # -- showing -----------------------------------------------------------------------------------------

    def _show(self) -> None:
        self.model.show_pick(self.pick, plain=self.plain.isChecked())
        if self.pick is not None:
            if self.plain.isChecked() and self.model.rowCount() <= EXPAND_FOLDERS_MAX:
                self.view.expandToDepth(0)
            self._go_to_chosen(self.pick)
        self._on_changed()

    def _go_to_chosen(self, pick: Pick) -> None:
        """Begin at what is chosen; it is no look that a person took, so no header is asked for."""
        index = self.model.index(0, 0)
        if not self.plain.isChecked() and pick.chosen_rows:
            index = self.model.index_of_row(pick.chosen_rows[0])
        was = self.blockSignals(True)
        self.view.setCurrentIndex(index)
        self.view.scrollTo(index)
        self.blockSignals(was)

    def _refresh(self) -> None:
        pick, row = self.pick, self.row_in_question()
        need = None if row is None else self.model.need(row)
        fit = None if row is None else self.model.fit(row)
        self.rule.setText("" if need is None else words.fits_rule(need))
        self.fits.setText("" if fit is None else words.fits_machine(fit, self._machine, self._free))
        self._show_sum()
        refusal = pick.refusal if pick is not None else ""
        self.problem.setText(refusal)
        self.problem.setVisible(bool(refusal))
        self.usual.setEnabled(pick is not None and pick.chosen != pick.default)
        self.plain.setEnabled(pick is not None)

    def _show_sum(self) -> None:
        """Say how much is chosen, and the worst that the hub says of it."""
        pick = self.pick
        text = "" if pick is None else words.chosen(len(pick.chosen), wording.size(pick.size))
        found = pick.finding(pick.chosen) if pick is not None and pick.chosen else None
        self.sum.setText(text if found is None else wording_scans.joined(text, wording_scans.said(found)))
        role = "" if found is None else wording_scans.colour_of(found)
        self.sum.setStyleSheet(f"color: {getattr(self._theme.tokens, role)};" if role else "")


def _button(name: str, text: str, tip: str) -> QToolButton:
    button = named(QToolButton(), name)
    button.setText(text)
    button.setToolTip(tip)
    button.setAccessibleName(text.replace("&", ""))
    return button
