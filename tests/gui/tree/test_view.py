"""The view tells ids, keeps its layout, and looks only while it is looked at."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QByteArray, QModelIndex, QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from core.states import ItemState, TaskState
from gui.style.theme import Theme
from gui.tree.columns import FIRST_SIGHT, HIDDEN, WIDTHS_PX, Column, Role
from gui.tree.delegate import box_rect
from gui.tree.proxy import FILES_AT_ONCE
from gui.tree.view import TaskTreeView
from tests.fakes.engine import FakeEngine


@pytest.fixture
def view(engine: FakeEngine, qtbot: QtBot) -> Iterator[TaskTreeView]:
    made = TaskTreeView(Theme())
    qtbot.addWidget(made)
    made.set_engine(engine)  # type: ignore[arg-type]
    made.resize(944, 400)
    with qtbot.waitExposed(made):
        made.show()
    yield made


def select(view: TaskTreeView, task_id: str, item_id: str | None = None) -> None:
    assert view.source is not None
    index = view.proxy.mapFromSource(view.source.index_of(task_id, item_id))
    model = view.selectionModel()
    model.select(index, model.SelectionFlag.Select | model.SelectionFlag.Rows)


def test_it_has_the_names_that_tests_and_screen_readers_look_for(view: TaskTreeView) -> None:
    assert view.objectName() == "taskTree"
    assert view.accessibleName() == "Downloads"
    assert not view.acceptDrops() and not view.viewport().acceptDrops()


def test_selected_ids_come_from_top_to_bottom(view: TaskTreeView, qtbot: QtBot) -> None:
    view.expandAll()
    with qtbot.waitSignal(view.selection_changed_ids):
        select(view, "b/b", "part-2.gguf")
    select(view, "c/c")
    select(view, "a/a", "part-1.gguf")
    select(view, "a/a")
    assert view.ids_selected() == [("a/a", None), ("a/a", "part-1.gguf"), ("b/b", "part-2.gguf"), ("c/c", None)]


def test_a_task_can_be_selected_and_opened_by_id(view: TaskTreeView) -> None:
    view.expand_task("a/a")
    view.select_task("b/b")
    view.select_task("un/known")
    assert view.ids_selected() == [("b/b", None)]
    assert view.isExpanded(view.proxy.index(0, 0))
    assert not view.isExpanded(view.proxy.index(1, 0))


def test_the_selection_survives_sorting_moving_and_filtering_others(view: TaskTreeView, engine: FakeEngine) -> None:
    view.select_task("b/b")
    view.sortByColumn(Column.NAME, Qt.SortOrder.DescendingOrder)
    engine.script_move("b/b", 0)
    view.proxy.set_text("b/b")
    view.proxy.apply_text()
    assert view.ids_selected() == [("b/b", None)]


def test_double_click_opens_a_task_and_tells_its_row(view: TaskTreeView, qtbot: QtBot) -> None:
    index = view.proxy.index(0, 0)
    place = view.visualRect(index).center()
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    with qtbot.waitSignal(view.activated_row) as told:
        qtbot.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert told.args == ["a/a", None]
    assert view.isExpanded(index)


def test_enter_tells_the_row_of_a_file(view: TaskTreeView, qtbot: QtBot) -> None:
    view.expand_task("a/a")
    view.setCurrentIndex(view.proxy.index(2, 0, view.proxy.index(0, 0)))
    with qtbot.waitSignal(view.activated_row) as told:
        qtbot.keyClick(view, Qt.Key.Key_Return)
    assert told.args == ["a/a", "part-3.gguf"]


def test_the_context_menu_is_asked_for_at_a_global_place(view: TaskTreeView, qtbot: QtBot) -> None:
    place = view.viewport().mapToGlobal(QPoint(50, 10))
    with qtbot.waitSignal(view.context_menu_requested) as told:
        event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, QPoint(50, 10), place)
        QApplication.sendEvent(view.viewport(), event)
    assert told.args == [place]


def test_a_click_into_the_box_leaves_a_file_out_without_selecting(
    view: TaskTreeView, engine: FakeEngine, qtbot: QtBot
) -> None:
    view.expand_task("a/a")
    cell = view.visualRect(view.proxy.index(1, 0, view.proxy.index(0, 0)))
    box = box_rect(cell, is_item=True).center().toPoint()
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=box)
    assert engine.task("a/a").items["part-2.gguf"].state is ItemState.SKIPPED
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=box)
    assert engine.task("a/a").items["part-2.gguf"].state is ItemState.WAITING
    assert view.ids_selected() == []


def test_space_leaves_the_selected_files_out(view: TaskTreeView, engine: FakeEngine, qtbot: QtBot) -> None:
    view.expand_task("a/a")
    parent = view.proxy.index(0, 0)
    view.setCurrentIndex(view.proxy.index(0, 0, parent))
    select(view, "a/a", "part-2.gguf")
    qtbot.keyClick(view, Qt.Key.Key_Space)
    assert [call[:3] for call in engine.calls] == [("skip", "a/a", "part-1.gguf"), ("skip", "a/a", "part-2.gguf")]


def test_a_refused_choice_is_told(view: TaskTreeView, qtbot: QtBot) -> None:
    view.select_task("a/a")
    with qtbot.waitSignal(view.refused):
        qtbot.keyClick(view, Qt.Key.Key_Space)


def test_progress_is_not_followed_while_hidden(view: TaskTreeView, engine: FakeEngine, qtbot: QtBot) -> None:
    assert view.source is not None
    view.hide()
    with qtbot.assertNotEmitted(view.source.dataChanged):
        engine.script_progress("a/a", {"part-1.gguf": 100}, rate=80)
    with qtbot.waitSignal(view.source.dataChanged):
        view.show()


def test_rows_are_of_one_height_and_columns_fit_the_window(view: TaskTreeView) -> None:
    view.expandAll()
    assert view.uniformRowHeights()
    assert view.rowHeight(view.proxy.index(0, 0)) == 32
    widths = [view.columnWidth(column) for column in sorted(FIRST_SIGHT)]
    assert sum(widths) == view.viewport().width()
    assert widths[Column.NAME] >= 260 and widths[Column.STATUS] >= 220
    view.resize(1500, 400)
    assert sum(view.columnWidth(column) for column in Column if column not in HIDDEN) == view.viewport().width()


def test_a_width_set_by_hand_stays_until_columns_are_fitted(view: TaskTreeView, qtbot: QtBot) -> None:
    header = view.header()
    header.resizeSection(Column.NAME, 400)
    view.resize(1200, 400)
    assert view.columnWidth(Column.NAME) == 400
    for action in header.menu().actions():  # type: ignore[attr-defined]
        if action.text() == "Fit columns":
            action.trigger()
    assert view.columnWidth(Column.NAME) < 400


def test_the_header_menu_shows_columns_and_the_model_hears_of_it(
    view: TaskTreeView, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = []
    monkeypatch.setattr(QMenu, "popup", lambda menu, place: places.append(place))
    view.header().customContextMenuRequested.emit(QPoint(5, 5))
    menu = view.header().findChild(QMenu, "headerMenu")
    assert menu is not None and len(places) == 1
    by_text = {action.text(): action for action in menu.actions()}
    assert "Name" not in by_text and by_text["Source"].isChecked() and not by_text["SHA-256"].isChecked()
    by_text["Downloaded"].trigger()
    menu.close()
    assert not view.isColumnHidden(Column.DOWNLOADED)
    told = []
    assert view.source is not None
    view.source.dataChanged.connect(lambda first, last, roles: told.append(last.column()))
    engine.script_progress("a/a", {"part-1.gguf": 100})
    assert Column.DOWNLOADED in told


def test_layout_and_order_are_remembered(view: TaskTreeView, engine: FakeEngine, qtbot: QtBot) -> None:
    view.header().show_column(Column.RETRIES, True)  # type: ignore[attr-defined]
    view.header().resizeSection(Column.SIZE, 123)
    view.sortByColumn(Column.NAME, Qt.SortOrder.DescendingOrder)
    other = TaskTreeView(Theme())
    qtbot.addWidget(other)
    other.set_engine(engine)  # type: ignore[arg-type]
    assert other.restore_state(view.save_state())
    assert not other.isColumnHidden(Column.RETRIES)
    assert other.columnWidth(Column.SIZE) == 123
    assert not other.is_in_queue_order
    assert other.proxy.index(0, 0).data() == "c/c"


def test_a_foreign_layout_is_refused(view: TaskTreeView) -> None:
    for state in (b"", b"nonsense", b"tree1fnonsense"):
        assert not view.restore_state(QByteArray(state))
    assert view.is_in_queue_order


def test_resetting_brings_back_columns_widths_and_queue_order(view: TaskTreeView) -> None:
    header = view.header()
    header.show_column(Column.RETRIES, True)  # type: ignore[attr-defined]
    header.resizeSection(Column.SIZE, 300)
    header.moveSection(3, 1)
    view.sortByColumn(Column.NAME, Qt.SortOrder.DescendingOrder)
    header.reset_columns()  # type: ignore[attr-defined]
    assert {column for column in Column if view.isColumnHidden(column)} == HIDDEN
    assert view.columnWidth(Column.SIZE) == WIDTHS_PX[Column.SIZE]
    assert [header.visualIndex(column) for column in Column] == [*Column]
    assert view.is_in_queue_order


def test_a_third_click_on_a_header_returns_to_the_queue_order(view: TaskTreeView, qtbot: QtBot) -> None:
    header = view.header()
    place = QPoint(header.sectionViewportPosition(Column.NAME) + 40, 10)
    orders = []
    for _ in range(3):
        qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=place)
        orders.append(view.proxy.sortColumn())
    assert orders == [Column.NAME, Column.NAME, -1]


def test_another_engine_can_take_the_place_of_the_first(view: TaskTreeView) -> None:
    other = FakeEngine()
    other.script_add("x/x")
    view.set_engine(other)  # type: ignore[arg-type]
    assert view.proxy.index(0, 0).data() == "x/x" and view.proxy.rowCount() == 1


def test_many_tasks_that_come_at_once_are_laid_out_once(
    view: TaskTreeView, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    QApplication.processEvents()
    asked: list[QModelIndex] = []
    assert view.source is not None
    flags = view.source.flags
    monkeypatch.setattr(view.source, "flags", lambda index: (asked.append(index), flags(index))[1])
    for n in range(100):
        engine.script_add(f"many/{n}")
        engine.script_state(f"many/{n}", TaskState.RESOLVING)
    QApplication.processEvents()
    assert view.proxy.rowCount() == 103
    assert len(asked) < 10 * 103, "not once for each that came"


# -- a model of very many files ----------------------------------------------------------------------------

MANY = 3 * FILES_AT_ONCE + 7


@pytest.fixture
def long(view: TaskTreeView, engine: FakeEngine) -> TaskTreeView:
    """A view with an open model of very many files."""
    engine.script_add("l/l", index=0)
    engine.script_items("l/l", {f"part-{n}.bin": n + 1 for n in range(MANY)})
    QApplication.processEvents()
    return view


def shown(view: TaskTreeView) -> int:
    return view.proxy.rowCount(view.proxy.index(0, 0))


def test_opening_it_asks_the_first_files_alone(
    long: TaskTreeView, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert long.source is not None
    asked: list[int] = []
    flags = long.source.flags
    monkeypatch.setattr(long.source, "flags", lambda index: (asked.append(index.row()), flags(index))[1])
    long.expand_task("l/l")
    QApplication.processEvents()
    assert long.source.rowCount(long.source.index_of("l/l")) == MANY
    assert shown(long) == FILES_AT_ONCE
    assert max(asked) < FILES_AT_ONCE and len(asked) < 8 * FILES_AT_ONCE


def test_who_scrolls_on_comes_to_its_last_file_and_to_the_next_model(long: TaskTreeView, qtbot: QtBot) -> None:
    long.expand_task("l/l")
    bar = long.verticalScrollBar()
    seen: list[int] = []
    while shown(long) < MANY:
        seen.append(shown(long))
        QApplication.processEvents()  # the bar knows of them once they are laid out
        bar.setValue(bar.maximum())
        qtbot.waitUntil(lambda: shown(long) > seen[-1])
    assert seen == [FILES_AT_ONCE, 2 * FILES_AT_ONCE, 3 * FILES_AT_ONCE]
    assert not long.proxy.has_more("l/l")
    assert long.proxy.index(MANY - 1, 0, long.proxy.index(0, 0)).data() == f"part-{MANY - 1}.bin"
    long.select_task("c/c")
    assert long.ids_selected() == [("c/c", None)]


def test_it_is_whole_where_all_is_selected_searched_or_sorted(long: TaskTreeView) -> None:
    long.proxy.set_text(f"part-{MANY - 1}")
    long.proxy.apply_text()
    assert shown(long) == 1
    long.proxy.set_text("")
    long.proxy.apply_text()
    assert shown(long) == FILES_AT_ONCE
    long.sortByColumn(Column.SIZE, Qt.SortOrder.DescendingOrder)
    tasks = [long.proxy.index(row, 0) for row in range(long.proxy.rowCount())]
    (parent,) = (index for index in tasks if index.data(Role.ID)[0] == "l/l")
    assert long.proxy.rowCount(parent) == MANY
    assert long.proxy.index(0, 0, parent).data() == f"part-{MANY - 1}.bin"
    long.sort_by_queue()
    assert shown(long) == FILES_AT_ONCE
    long.expand_task("l/l")
    long.selectAll()
    assert shown(long) == MANY
    assert len([row for row in long.ids_selected() if row[0] == "l/l"]) == MANY + 1
