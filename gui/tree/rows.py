"""The model's own rows: one TaskRow a task, with its items in order and what was last told of each.

Knows tasks, items and cells; no index and no signal.
"""

from collections.abc import Iterable, Set

from core.states import ItemState
from core.task import Item, Task
from gui.tree import cells
from gui.tree.columns import Column
from gui.tree.spans import spans


class TaskRow:
    """A task with the order of its items and the figures that were last told.

    Attributes:
        items: The items, in the order that the task has them in.
        place: Row of an item by its id.
        reads: Item whose file a verification was last told to read; empty for none.
        unsized: The items whose size grows as they come, and None for the task where there are any: a list may be
            sorted by it, so that they are told even where nobody sees them.
    """

    __slots__ = ("_left_out", "_seen", "_seen_task", "items", "place", "reads", "task", "unsized")

    def __init__(self, task: Task) -> None:
        self.task = task
        self.items: list[Item] = []
        self.place: dict[str, int] = {}
        self.reads = ""
        self.unsized: frozenset[str | None] = frozenset()
        self._seen: dict[str, tuple[object, ...]] = {}
        self._seen_task: tuple[object, ...] = ()
        self._left_out: set[str] = set()
        self.take_items()

    def take_items(self) -> None:
        """Take the items that the task has now."""
        self.items = list(self.task.items.values())
        self.place = {item.id: place for place, item in enumerate(self.items)}
        self._left_out = {item.id for item in self.items if item.state is ItemState.SKIPPED}
        unsized = [item.id for item in self.items if item.file.size is None]
        self.unsized = frozenset([None, *unsized] if unsized else ())

    def clear_items(self) -> None:
        """Have no items."""
        self.items, self.place, self.unsized = [], {}, frozenset()
        self._seen.clear()
        self._left_out.clear()

    def choice_changed(self, item_id: str) -> bool:
        """Tell whether an item was left out or taken in since the last call."""
        left_out = self.items[self.place[item_id]].state is ItemState.SKIPPED
        if left_out == (item_id in self._left_out):
            return False
        (self._left_out.add if left_out else self._left_out.discard)(item_id)
        return True

    def forget(self, item_id: str | None = None) -> None:
        """Drop what was last told of the task and of one item: a state was told past these notes."""
        self._seen_task = ()
        if item_id is not None:
            self._seen.pop(item_id, None)

    def forget_all(self, *, but: Set[str | None] = frozenset()) -> None:
        """Drop every note, save those of these items, and of the task where None is among them.

        What nobody sees is not told: a note of it would say what is not painted once it is seen again.
        """
        if None not in but:
            self._seen_task = ()
        if not but:
            self._seen.clear()
        elif not self._seen.keys() <= but:
            self._seen = {item_id: values for item_id, values in self._seen.items() if item_id in but}

    def running_ids(self) -> tuple[str, ...]:
        """Return the ids of the items that something works on."""
        return tuple(item.id for item in self.items if item.state.is_running)

    def changed_items(self, item_ids: Iterable[str], now: float) -> tuple[list[int], set[Column]]:
        """Return the rows among `item_ids` that look different than last told, and the columns where."""
        places: list[int] = []
        columns: set[Column] = set()
        for item_id in item_ids:
            place = self.place.get(item_id)
            if place is None:
                continue
            values = cells.live_values(self.items[place], now, False)
            if changed := _different(self._seen.get(item_id, ()), values):
                self._seen[item_id] = values
                places.append(place)
                columns |= changed
        return places, columns

    def changed_task(self, now: float, *, first: bool) -> set[Column]:
        """Return the columns where the task's own row looks different than last told."""
        values = cells.live_values(self.task, now, first)
        changed = _different(self._seen_task, values)
        self._seen_task = values
        return changed


def _different(old: tuple[object, ...], new: tuple[object, ...]) -> set[Column]:
    if not old:
        return set(cells.LIVE_ORDER) - {Column.SIZE}
    return {column for column, a, b in zip(cells.LIVE_ORDER, old, new, strict=True) if a != b}


def column_runs(columns: Iterable[Column]) -> list[tuple[Column, Column]]:
    """Return few ranges of columns; gaps are bridged up to TIME_LEFT alone.

    Beyond it a bridge would reach columns that never change and may be sorted by: the proxy would sort for nothing.
    """
    near = [column for column in columns if column <= Column.TIME_LEFT]
    whole = set(columns)
    if near:
        whole |= {column for column in Column if min(near) <= column <= max(near)}
    return [(Column(first), Column(last)) for first, last in spans(whole)]
