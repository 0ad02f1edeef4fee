"""The proxy shows what is asked for, in the order asked for, without sorting live columns all the time."""

import pytest
from PySide6.QtCore import QModelIndex, Qt
from pytestqt.qtbot import QtBot

from core.states import ItemState, TaskState
from gui.filters import StatusGroup
from gui.tree import proxy as proxy_module
from gui.tree.columns import LIVE, Column
from gui.tree.model import TaskTreeModel
from gui.tree.proxy import TaskFilterProxy
from tests.fakes.engine import FakeEngine

UP, DOWN = Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder


@pytest.fixture
def proxy(model: TaskTreeModel) -> TaskFilterProxy:
    made = TaskFilterProxy(model)
    made.setSourceModel(model)
    return made


def shown(proxy: TaskFilterProxy) -> dict[str, list[str]]:
    found = {}
    for row in range(proxy.rowCount(QModelIndex())):
        task = proxy.index(row, 0, QModelIndex())
        found[task.data()] = [proxy.index(n, 0, task).data() for n in range(proxy.rowCount(task))]
    return found


def filtered(proxy: TaskFilterProxy, text: str) -> dict[str, list[str]]:
    proxy.set_text(text)
    proxy.apply_text()
    return shown(proxy)


def test_without_a_filter_everything_stands_in_queue_order(engine: FakeEngine, proxy: TaskFilterProxy) -> None:
    engine.script_add("aa/first", index=0)
    engine.script_move("a/a", 3)
    assert list(shown(proxy)) == ["aa/first", "b/b", "c/c", "a/a"]


def test_a_task_stays_for_a_file_that_matches(proxy: TaskFilterProxy) -> None:
    assert filtered(proxy, "part-3") == {"a/a": ["part-3.gguf"]}


def test_a_task_whose_name_matches_keeps_all_its_files(proxy: TaskFilterProxy) -> None:
    assert filtered(proxy, "B/B") == {"b/b": ["part-1.gguf", "part-2.gguf"]}


def test_every_word_has_to_match_in_name_or_path(proxy: TaskFilterProxy) -> None:
    assert filtered(proxy, "b/b part-2") == {"b/b": ["part-2.gguf"]}
    assert filtered(proxy, "b/b part-3") == {}


def test_a_task_comes_in_when_its_files_become_known(engine: FakeEngine, proxy: TaskFilterProxy) -> None:
    assert "c/c" not in filtered(proxy, "q4")
    engine.script_items("c/c", {"x-Q4_K_M.gguf": 1, "x-Q8_0.gguf": 1})
    assert shown(proxy) == {"c/c": ["x-Q4_K_M.gguf"]}


def test_typing_is_debounced_and_clearing_is_quicker(
    proxy: TaskFilterProxy, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert proxy_module.CLEARED_MS < proxy_module.TYPING_MS
    monkeypatch.setattr(proxy_module, "TYPING_MS", 20)
    proxy.set_text("none such")
    assert len(shown(proxy)) == 3
    qtbot.waitUntil(lambda: shown(proxy) == {})
    proxy.set_text("")
    qtbot.waitUntil(lambda: len(shown(proxy)) == 3)


def test_a_status_shows_its_tasks_and_follows_their_states(
    engine: FakeEngine, proxy: TaskFilterProxy, qtbot: QtBot
) -> None:
    proxy.set_status(StatusGroup.PAUSED)
    assert shown(proxy) == {}
    engine.script_state("b/b", TaskState.PAUSED)
    qtbot.waitUntil(lambda: list(shown(proxy)) == ["b/b"])
    engine.script_state("b/b", TaskState.RUNNING)
    qtbot.waitUntil(lambda: shown(proxy) == {})


def test_a_status_follows_even_while_a_live_column_sorts(
    engine: FakeEngine, proxy: TaskFilterProxy, qtbot: QtBot
) -> None:
    proxy.sort(Column.SPEED, DOWN)
    proxy.set_status(StatusGroup.DOWNLOADING)
    assert set(shown(proxy)) == {"a/a", "b/b"}
    engine.script_state("b/b", TaskState.PAUSED)
    qtbot.waitUntil(lambda: set(shown(proxy)) == {"a/a"})


def test_sorting_uses_raw_values_with_unknown_ones_last_either_way(
    engine: FakeEngine, proxy: TaskFilterProxy
) -> None:
    proxy.sort(Column.SIZE, UP)
    assert list(shown(proxy)) == ["b/b", "a/a", "c/c"]
    proxy.sort(Column.SIZE, DOWN)
    assert list(shown(proxy)) == ["a/a", "b/b", "c/c"]


def test_equal_values_stand_as_in_the_queue_either_way(engine: FakeEngine, proxy: TaskFilterProxy) -> None:
    for order in (UP, DOWN):
        proxy.sort(Column.SOURCE, order)
        assert list(shown(proxy)) == ["a/a", "b/b", "c/c"]


def test_a_new_task_takes_its_sorted_place(engine: FakeEngine, proxy: TaskFilterProxy) -> None:
    proxy.sort(Column.NAME, DOWN)
    engine.script_add("bb/b")
    assert list(shown(proxy)) == ["c/c", "bb/b", "b/b", "a/a"]


def test_live_columns_are_never_sorted_dynamically_but_again_after_a_while(
    engine: FakeEngine, proxy: TaskFilterProxy, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proxy_module, "RESORT_MS", 30)
    for column in Column:
        proxy.sort(column, UP)
        assert proxy.dynamicSortFilter() is (column not in LIVE)
    proxy.sort(Column.PROGRESS, DOWN)
    engine.script_progress("b/b", {"part-1.gguf": 900})
    assert list(shown(proxy)) == ["a/a", "b/b", "c/c"]
    qtbot.waitUntil(lambda: list(shown(proxy)) == ["b/b", "a/a", "c/c"])


def test_back_to_the_queue_order(engine: FakeEngine, proxy: TaskFilterProxy) -> None:
    proxy.sort(Column.NAME, DOWN)
    proxy.sort(-1)
    assert list(shown(proxy)) == ["a/a", "b/b", "c/c"]
    engine.script_item("a/a", "part-1.gguf", ItemState.DONE)
    assert list(shown(proxy)) == ["a/a", "b/b", "c/c"]
