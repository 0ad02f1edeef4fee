"""The tree model: tasks and their items as the engine tells of them, signal by signal.

The model keeps its own list of rows and changes it only between begin and end; it is never reset. States are told
at once, progress on the engine's tick, and only what looks different, only in columns that are shown and, once
`set_sight` says which these are, only in rows that somebody sees.
"""

from collections.abc import Callable, Iterable, Mapping, Set
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QObject, Qt, QTimer, Signal

from core.states import ITEM_SIGNALS, TASK_SIGNALS
from gui.tree.base import TaskTreeBase
from gui.tree.columns import HIDDEN, Column, Role
from gui.tree.rows import TaskRow, column_runs
from gui.tree.spans import few_spans

if TYPE_CHECKING:
    from core.engine import Engine

Sight = Mapping[str, Set[str | None]]
"""Rows that somebody sees: of each task the ids of its items among them, and None for the task's own row."""

PULSE_MS = 1000  # how often what runs down by itself is looked at: countdowns, and a speed that falls to 0

_LIVE_ROLES: list[int] = [Qt.ItemDataRole.DisplayRole, Role.PROGRESS, Role.TONE, Role.SORT]
_STATE_COLUMNS = frozenset(
    {Column.PROGRESS, Column.STATUS, Column.SPEED, Column.TIME_LEFT, Column.DOWNLOADED, Column.CONNECTIONS}
    | {Column.COMPLETED, Column.SHA256, Column.RETRIES}
)
_CHOICE_COLUMNS = _STATE_COLUMNS | {Column.NAME, Column.SIZE}


class TaskTreeModel(TaskTreeBase):
    """Follows the engine.

    Signals:
        states_changed: A task's state, place or existence changed; sums over tasks may be told anew.
        figures_changed: Figures changed that may be told of no row, since nobody sees it; once a tick.
    """

    states_changed = Signal()
    figures_changed = Signal()

    def __init__(self, engine: "Engine", parent: QObject | None = None) -> None:
        super().__init__(engine, parent)
        self._live = True
        self._missed = False  # something was not told while nobody looked
        self._shown = frozenset(Column) - HIDDEN
        self._look: Callable[[], Sight] | None = None
        self._sighted: frozenset[str] = frozenset()  # the tasks of the last sight
        self._pulse = QTimer(self)
        self._pulse.setInterval(PULSE_MS)
        self._pulse.setTimerType(Qt.TimerType.CoarseTimer)
        self._pulse.timeout.connect(self._on_pulse)
        self._connect(engine)
        self._start_pulse()

    def _connect(self, engine: "Engine") -> None:
        engine.task_added.connect(self._on_task_added)
        engine.task_about_to_be_removed.connect(self._on_task_about_to_be_removed)
        engine.task_moved.connect(self._on_task_moved)
        engine.items_added.connect(self._on_items_added)
        engine.progress_updated.connect(self._on_progress_updated)
        engine.verification_progressed.connect(self._on_verification)
        engine.verification_ended.connect(self._on_verification)
        engine.task_relocated.connect(self._on_task_relocated)
        for name in TASK_SIGNALS.values():
            getattr(engine, name).connect(self._on_task_state)
        for name in ITEM_SIGNALS.values():
            getattr(engine, name).connect(self._on_item_state)

    def set_live(self, live: bool) -> None:
        """Stop telling of progress while nobody looks; looking again refreshes everything that is live."""
        if live == self._live:
            return
        self._live = live
        if live and self._missed:
            self._missed = False
            self._refresh_all()
        self._start_pulse()

    def set_shown(self, columns: Iterable[Column]) -> None:
        """Tell only of these columns from now on; a column that nobody sees is nobody's news."""
        self._shown = frozenset(columns)

    def set_sight(self, look: Callable[[], Sight]) -> None:
        """Tell of progress only in the rows that `look` returns, each time that there is something to tell."""
        self._look = look

    # -- the engine's signals: shape ----------------------------------------------------------------------

    def _on_task_added(self, task_id: str) -> None:
        if task_id in self._by_id:
            return
        row = TaskRow(self._engine.task(task_id))
        place = min(self._engine.index_of(task_id), len(self._rows))
        self.beginInsertRows(QModelIndex(), place, place)
        self._rows.insert(place, row)
        self._by_id[task_id] = row
        self._by_serial[row.task.serial] = row
        self._number_rows(place)
        self.endInsertRows()
        self._order_changed()

    def _on_task_about_to_be_removed(self, task_id: str) -> None:
        row = self._by_id.get(task_id)
        if row is None:
            return
        place = self._place[row.task.serial]
        self.beginRemoveRows(QModelIndex(), place, place)
        del self._rows[place], self._by_id[task_id], self._by_serial[row.task.serial]
        del self._place[row.task.serial]
        self._number_rows(place)
        self.endRemoveRows()
        self._order_changed()

    def _on_task_moved(self, task_id: str) -> None:
        row = self._by_id.get(task_id)
        if row is None:
            return
        old = self._place[row.task.serial]
        new = min(self._engine.index_of(task_id), len(self._rows) - 1)
        if old == new:
            return
        self.beginMoveRows(QModelIndex(), old, old, QModelIndex(), new + 1 if new > old else new)
        self._rows.insert(new, self._rows.pop(old))
        self._number_rows(min(old, new))
        self.endMoveRows()
        self._order_changed()

    def _on_items_added(self, task_id: str) -> None:
        row = self._by_id.get(task_id)
        if row is None:
            return
        parent = self.index_of(task_id)
        if row.items:  # the manifest was fetched anew
            self.beginRemoveRows(parent, 0, len(row.items) - 1)
            row.clear_items()
            self.endRemoveRows()
        if row.task.items:
            self.beginInsertRows(parent, 0, len(row.task.items) - 1)
            row.take_items()
            self.endInsertRows()
        self._emit(QModelIndex(), [parent.row()], frozenset(Column))
        self.states_changed.emit()
        self._start_pulse()

    def _order_changed(self) -> None:
        self._tell_first_queued()
        self.states_changed.emit()
        self._start_pulse()

    def _tell_first_queued(self) -> None:
        old = self._first_queued
        self._find_first_queued()
        if old == self._first_queued:
            return
        for task_id in (old, self._first_queued):
            if task_id in self._by_id:
                place = self._place[self._by_id[task_id].task.serial]
                self._emit(QModelIndex(), [place], {Column.STATUS})

    # -- the engine's signals: contents -------------------------------------------------------------------

    def _on_task_state(self, task_id: str) -> None:
        row = self._by_id.get(task_id)
        if row is None:
            return
        row.forget()
        self._emit(QModelIndex(), [self._place[row.task.serial]], _STATE_COLUMNS)
        self._order_changed()

    def _on_task_relocated(self, task_id: str, _: str) -> None:
        """Tell of the row and of its files: each is saved elsewhere."""
        row = self._by_id.get(task_id)
        if row is None:
            return
        row.forget_all()
        if row.items:
            self._emit(self.index_of(task_id), range(len(row.items)), frozenset(Column))
        self._emit(QModelIndex(), [self._place[row.task.serial]], frozenset(Column))

    def _on_item_state(self, task_id: str, item_id: str) -> None:
        row = self._by_id.get(task_id)
        if row is None or item_id not in row.place:
            return
        row.forget(item_id)
        columns = _CHOICE_COLUMNS if row.choice_changed(item_id) else _STATE_COLUMNS
        self._emit(self.index_of(task_id), [row.place[item_id]], columns)
        self._emit(QModelIndex(), [self._place[row.task.serial]], columns)
        self._start_pulse()

    def _on_progress_updated(self, changed: dict[str, tuple[str, ...]]) -> None:
        if self._live:
            self._tell(changed, self._take_sight())
        else:
            self._missed = True

    def _on_verification(self, task_id: str) -> None:
        """Tell of the model, of the file that is being read, and of the one before it."""
        row = self._by_id.get(task_id)
        if row is None:
            return
        current = "" if row.task.check is None else row.task.check.current[0]
        before, row.reads = row.reads, current
        self._on_progress_updated(
            {task_id: tuple(dict.fromkeys(item_id for item_id in (before, current) if item_id))}
        )

    def _on_pulse(self) -> None:
        active = [row for row in self._rows if row.task.state.is_active]
        if not active:
            self._pulse.stop()
            return
        sight = self._take_sight()
        seen = (row for row in active if sight is None or row.task.id in sight)
        self._tell({row.task.id: row.running_ids() for row in seen}, sight)

    def _start_pulse(self) -> None:
        if not self._live:
            self._missed |= self._pulse.isActive()
            self._pulse.stop()
        elif not self._pulse.isActive() and any(row.task.state.is_active for row in self._rows):
            self._pulse.start()

    def _take_sight(self) -> Sight | None:
        """Return the rows that are seen now, None for all; what was last told of the other ones is forgotten."""
        if self._look is None:
            return None
        sight = self._look()
        for task_id in self._sighted:
            if (row := self._by_id.get(task_id)) is not None:
                row.forget_all(but=sight.get(task_id, frozenset()) | row.unsized)
        self._sighted = frozenset(sight)
        return sight

    def _tell(self, changed: Mapping[str, Iterable[str]], sight: Sight | None) -> None:
        """Tell of rows whose figures really look different: one signal a parent, as narrow as the change."""
        now = self._engine.now()
        tasks: list[int] = []
        task_columns: set[Column] = set()
        for task_id, item_ids in changed.items():
            row = self._by_id.get(task_id)
            if row is None:
                continue
            seen = None if sight is None else sight.get(task_id, frozenset()) | row.unsized
            if seen is not None:
                item_ids = [item_id for item_id in item_ids if item_id in seen] if seen else ()
            places, columns = row.changed_items(item_ids, now)
            if places:
                self._emit(self.index_of(task_id), places, columns, roles=_LIVE_ROLES)
            if seen is not None and None not in seen:
                continue
            if own := row.changed_task(now, first=task_id == self._first_queued):
                tasks.append(self._place[row.task.serial])
                task_columns |= own
        if tasks:
            self._emit(QModelIndex(), tasks, task_columns, roles=_LIVE_ROLES)
        self.figures_changed.emit()

    def _refresh_all(self) -> None:
        live = _STATE_COLUMNS | {Column.SIZE}
        sight = self._take_sight()
        tasks: list[int] = []
        for place, row in enumerate(self._rows):
            row.forget_all()
            seen = row.place.keys() | {None} if sight is None else sight.get(row.task.id, frozenset()) | row.unsized
            if items := [row.place[item_id] for item_id in seen if item_id in row.place]:
                self._emit(self.createIndex(place, 0, 0), items, live, roles=_LIVE_ROLES)
            if None in seen:
                tasks.append(place)
        if tasks:
            self._emit(QModelIndex(), tasks, live, roles=_LIVE_ROLES)
        self.figures_changed.emit()

    def _emit(
        self, parent: QModelIndex, rows: Iterable[int], columns: Iterable[Column], *, roles: Iterable[int] = ()
    ) -> None:
        ranges = few_spans(rows)
        for left, right in column_runs(self._shown.intersection(columns)):
            for first, last in ranges:
                self.dataChanged.emit(self.index(first, left, parent), self.index(last, right, parent), list(roles))
