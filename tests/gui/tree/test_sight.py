"""A tick costs what is seen: no row out of sight is looked at or told of, and what is on the screen is right."""

import random
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QImage, QPaintEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from core.records import RemoteFile
from core.states import ItemState, TaskState
from core.task import Item, Task
from gui.style.theme import Theme
from gui.tree import cells
from gui.tree.columns import Column, Paint, Role
from gui.tree.look import ROW_PX
from gui.tree.model import TaskTreeModel
from gui.tree.repaints import ROWS_AT_ONCE
from gui.tree.view import TaskTreeView
from tests.fakes.engine import FakeEngine

TASKS = 20
FILES = 50


@pytest.fixture
def busy() -> FakeEngine:
    """Many tasks of many files, everything running."""
    made = FakeEngine()
    for n in range(TASKS):
        made.script_add(f"org/model-{n:02}", added_at=1e9)
        made.script_items(f"org/model-{n:02}", {f"part-{i:02}.gguf": 100_000 for i in range(FILES)})
        made.script_state(f"org/model-{n:02}", TaskState.RUNNING)
    return made


@pytest.fixture
def view(busy: FakeEngine, qtbot: QtBot) -> Iterator[TaskTreeView]:
    made = TaskTreeView(Theme())
    qtbot.addWidget(made)
    made.set_engine(busy)  # type: ignore[arg-type]
    made.resize(1000, 400)
    with qtbot.waitExposed(made):
        made.show()
    made.expandAll()
    settle(made, qtbot)
    yield made


def settle(view: TaskTreeView, qtbot: QtBot) -> None:
    """Let everything be painted that waits for it."""
    qtbot.waitUntil(lambda: not view.repaints.is_due)
    QApplication.processEvents()


def on_screen(view: TaskTreeView) -> QImage:
    return QApplication.primaryScreen().grabWindow(view.winId()).toImage()


def painted_anew(view: TaskTreeView) -> QImage:
    return view.grab().toImage().convertToFormat(on_screen(view).format())


def all_move(engine: FakeEngine, kept: int, *, rate: float = 500.0) -> None:
    """Let every file of every task come forward in one tick."""
    for task in engine.tasks:
        engine.script_progress(task.id, dict.fromkeys(task.items, kept), rate=rate, tick=False)
    engine.script_tick()


def test_a_tick_looks_at_the_rows_in_sight_alone(
    view: TaskTreeView, busy: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[object] = []
    live_values = cells.live_values
    monkeypatch.setattr(cells, "live_values", lambda row, *rest: looked.append(row) or live_values(row, *rest))
    all_move(busy, 40_000)
    rows = view.viewport().height() // ROW_PX + 2
    assert 0 < len(looked) <= rows  # of more than a thousand


def test_a_tick_is_told_and_painted_in_the_rows_in_sight_alone(
    view: TaskTreeView, busy: FakeEngine, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert view.source is not None
    told: list[tuple[int, int]] = []
    view.source.dataChanged.connect(lambda first, last: told.append((first.row(), last.row())))
    painted: list[Column] = []
    paint = TaskTreeModel._paint

    def counted(model: TaskTreeModel, row: Task | Item, column: Column) -> Paint:
        painted.append(column)
        return paint(model, row, column)

    monkeypatch.setattr(TaskTreeModel, "_paint", counted)
    view.viewport().update()
    QApplication.processEvents()
    seen = painted.count(Column.NAME)
    assert seen > 0
    painted.clear()
    all_move(busy, 40_000)
    settle(view, qtbot)
    assert sum(last - first + 1 for first, last in told) <= view.viewport().height() // ROW_PX + 2
    assert {Column.PROGRESS, Column.SPEED} <= set(painted) <= {
        Column.PROGRESS, Column.STATUS, Column.SPEED, Column.TIME_LEFT,
    }  # fmt: skip
    assert len(painted) <= seen * 4


def test_a_few_rows_are_painted_in_one_turn_and_the_rest_soon_after(
    view: TaskTreeView, busy: FakeEngine, qtbot: QtBot
) -> None:
    strips = Strips(view.viewport())
    view.viewport().installEventFilter(strips)
    all_move(busy, 40_000)
    settle(view, qtbot)
    assert len(strips.heights) == -(-view.viewport().height() // (ROWS_AT_ONCE * ROW_PX))
    assert max(strips.heights) == ROWS_AT_ONCE * ROW_PX


class Strips(QObject):
    """Notes how high each painted part is."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.heights: list[int] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QPaintEvent):
            self.heights.append(event.rect().height())
        return False


@pytest.mark.parametrize("seed", range(3))
def test_after_a_random_life_the_screen_shows_what_a_whole_painting_would(
    view: TaskTreeView, busy: FakeEngine, qtbot: QtBot, seed: int
) -> None:
    dice = random.Random(seed)
    bar = view.verticalScrollBar()

    def progress() -> None:
        task = dice.choice(busy.tasks[:4])
        ids = dice.sample(list(task.items), k=dice.randint(1, FILES))
        busy.script_progress(task.id, {i: dice.randint(0, 99_999) for i in ids}, rate=dice.choice([0, 100, 9e6]))

    def state() -> None:
        busy.script_item(
            "org/model-00", f"part-{dice.randint(0, 20):02}.gguf",
            dice.choice([ItemState.TRANSFERRING, ItemState.BACKING_OFF]),
        )  # fmt: skip

    def scroll() -> None:
        bar.setValue(dice.choice([0, 7, 40, 333, bar.value() + 32, bar.value() - 50]))

    def fold() -> None:
        view.setExpanded(view.proxy.index(dice.randint(0, 3), 0), dice.random() < 0.6)

    def turn() -> None:
        QApplication.processEvents()

    def sort() -> None:
        view.sortByColumn(dice.choice([Column.NAME, Column.SPEED]), dice.choice(list(Qt.SortOrder)))

    for step in range(120):
        dice.choice([progress, progress, progress, state, scroll, scroll, fold, turn, turn])()
        if step == 60:
            sort()
        if step % 10 == 9:
            settle(view, qtbot)
            assert on_screen(view) == painted_anew(view), step


def test_rows_that_come_into_sight_show_what_happened_out_of_it(
    view: TaskTreeView, busy: FakeEngine, qtbot: QtBot
) -> None:
    last = view.proxy.index(FILES - 1, 0, view.proxy.index(TASKS - 1, 0))
    view.scrollTo(last)
    all_move(busy, 20_000)
    settle(view, qtbot)
    view.scrollToTop()
    all_move(busy, 80_000)
    all_move(busy, 20_000)
    view.scrollTo(last)
    settle(view, qtbot)
    assert last.siblingAtColumn(Column.PROGRESS).data() == "20%"
    assert on_screen(view) == painted_anew(view)


def test_a_live_column_is_sorted_by_what_changes_out_of_sight(
    view: TaskTreeView, busy: FakeEngine, qtbot: QtBot
) -> None:
    view.collapseAll()
    view.resize(1000, 200)
    view.sortByColumn(Column.PROGRESS, Qt.SortOrder.DescendingOrder)
    busy.script_progress("org/model-19", {"part-00.gguf": 90_000})
    qtbot.waitUntil(lambda: view.proxy.index(0, 0).data(Role.ID)[0] == "org/model-19")


def test_a_size_that_grows_out_of_sight_takes_its_sorted_place(
    view: TaskTreeView, busy: FakeEngine, qtbot: QtBot
) -> None:
    busy.script_add("org/unsized")
    busy.script_items("org/unsized", [RemoteFile("a.bin", None, "", "https://huggingface.co/a.bin")])
    busy.script_state("org/unsized", TaskState.RUNNING)
    view.sortByColumn(Column.SIZE, Qt.SortOrder.DescendingOrder)
    assert view.proxy.index(TASKS, 0).data(Role.ID)[0] == "org/unsized"
    for kept in (1, 50_000_000):
        busy.script_progress("org/unsized", {"a.bin": kept})
    assert view.proxy.index(0, 0).data(Role.ID)[0] == "org/unsized"


def test_files_that_came_to_a_closed_model_do_not_make_ticks_dear(
    view: TaskTreeView, busy: FakeEngine, qtbot: QtBot
) -> None:
    busy.script_add("org/late", index=0)
    settle(view, qtbot)
    busy.script_items("org/late", {f"part-{n}.gguf": 100_000 for n in range(3)})
    settle(view, qtbot)
    strips = Strips(view.viewport())
    view.viewport().installEventFilter(strips)
    all_move(busy, 40_000)
    settle(view, qtbot)
    assert max(strips.heights) == ROWS_AT_ONCE * ROW_PX
