"""The model mirrors the engine, row by row, and tells no more than what changed."""

from typing import Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt
from pytestqt.qtbot import QtBot

from core.states import ItemState, TaskState
from gui.tree.columns import HIDDEN, Column, Role, Tone
from gui.tree.model import TaskTreeModel
from tests.fakes.engine import FakeEngine

Check = Qt.CheckState
CHECK = Qt.ItemDataRole.CheckStateRole


def cell(model: TaskTreeModel, column: Column, task: str, item: str | None = None, role: int = 0) -> Any:
    return model.index_of(task, item).siblingAtColumn(column).data(role)


def names(model: TaskTreeModel, parent: QModelIndex | None = None) -> list[str]:
    parent = parent or QModelIndex()
    return [model.index(row, 0, parent).data() for row in range(model.rowCount(parent))]


# -- shape -------------------------------------------------------------------------------------------------


def test_tasks_stand_in_queue_order_and_their_files_in_natural_order(
    engine: FakeEngine, model: TaskTreeModel
) -> None:
    engine.script_items("c/c", {f"part-{n}.gguf": 1 for n in (10, 9, 1)} | {"README.md": 1})
    assert names(model) == ["a/a", "b/b", "c/c"]
    assert names(model, model.index_of("c/c")) == ["part-1.gguf", "part-9.gguf", "part-10.gguf", "README.md"]


def test_a_task_is_inserted_at_its_place(engine: FakeEngine, model: TaskTreeModel) -> None:
    engine.script_add("n/n", index=1)
    assert names(model) == ["a/a", "n/n", "b/b", "c/c"]


def test_a_moved_task_keeps_its_index_and_that_of_its_files(engine: FakeEngine, model: TaskTreeModel) -> None:
    task, item = (
        QPersistentModelIndex(model.index_of("a/a")),
        QPersistentModelIndex(model.index_of("a/a", "part-2.gguf")),
    )
    engine.script_move("a/a", 2)
    assert names(model) == ["b/b", "c/c", "a/a"]
    assert task.row() == 2 and task.data(Role.ID) == ("a/a", None)
    assert item.data(Role.ID) == ("a/a", "part-2.gguf") and item.parent().row() == 2
    engine.script_move("a/a", 0)
    assert names(model) == ["a/a", "b/b", "c/c"] and task.row() == 0


def test_a_removed_task_takes_its_rows_with_it(engine: FakeEngine, model: TaskTreeModel) -> None:
    engine.script_remove("a/a")
    assert names(model) == ["b/b", "c/c"]
    assert not model.index_of("a/a").isValid()
    assert names(model, model.index_of("b/b")) == ["part-1.gguf", "part-2.gguf"]


def test_nothing_is_ever_reset(engine: FakeEngine, model: TaskTreeModel, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(model.modelReset):
        engine.script_items("c/c", {"x": 1})
        engine.script_items("c/c", {"y": 1, "z": 1})  # the manifest was fetched anew
        engine.script_remove("b/b")
    assert names(model, model.index_of("c/c")) == ["y", "z"]


def test_a_signal_about_an_unknown_task_is_ignored(engine: FakeEngine, model: TaskTreeModel) -> None:
    for signal in (engine.task_paused, engine.task_moved, engine.items_added, engine.task_about_to_be_removed):
        signal.emit("un/known")
    engine.item_done.emit("un/known", "x")
    engine.item_done.emit("a/a", "unknown")
    engine.progress_updated.emit({"un/known": ("x",), "a/a": ("unknown",)})
    engine.task_added.emit("a/a")
    assert names(model) == ["a/a", "b/b", "c/c"]


# -- contents ----------------------------------------------------------------------------------------------


def test_cells_show_figures_and_sort_by_raw_values(engine: FakeEngine, model: TaskTreeModel) -> None:
    engine.script_progress("a/a", {"part-1.gguf": 500}, rate=400)
    assert cell(model, Column.SIZE, "a/a") == "4.0 kB"
    assert cell(model, Column.SIZE, "a/a", role=Role.SORT) == 4000
    assert cell(model, Column.PROGRESS, "a/a", "part-1.gguf") == "50%"
    assert cell(model, Column.PROGRESS, "a/a", role=Role.PROGRESS) == 125
    assert cell(model, Column.SPEED, "a/a", "part-1.gguf") == "400 B/s"
    assert cell(model, Column.TIME_LEFT, "a/a", "part-1.gguf") == "1 s"
    assert cell(model, Column.SPEED, "c/c") == "" and cell(model, Column.SIZE, "c/c") == "—"
    assert cell(model, Column.SPEED, "c/c", role=Role.SORT) is None
    assert cell(model, Column.SOURCE, "c/c") == "huggingface.co"
    assert cell(model, Column.REVISION, "a/a") == "main @ 5ab33fa"
    assert cell(model, Column.SHA256, "a/a", "part-1.gguf") == "6c" * 32
    assert cell(model, Column.STATUS, "a/a", role=Role.TONE) is Tone.RUNNING
    assert cell(model, Column.NAME, "a/a", "part-1.gguf", Role.STATE) is ItemState.TRANSFERRING


def test_every_cell_answers_every_role_of_ours(engine: FakeEngine, model: TaskTreeModel) -> None:
    for state in TaskState:
        engine.script_state("a/a", state)
        for column in Column:
            for item in (None, "part-1.gguf"):
                assert isinstance(cell(model, column, "a/a", item), str)
                for role in (*Role, Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.TextAlignmentRole):
                    cell(model, column, "a/a", item, role)


def test_progress_is_unknown_while_the_list_is_fetched_or_the_size_is_not_told(
    engine: FakeEngine, model: TaskTreeModel
) -> None:
    engine.script_state("c/c", TaskState.RESOLVING)
    assert cell(model, Column.PROGRESS, "c/c", role=Role.PROGRESS) is None
    engine.script_items("c/c", {"x": None})
    engine.script_state("c/c", TaskState.RUNNING)
    assert cell(model, Column.PROGRESS, "c/c", "x", Role.PROGRESS) is None
    assert cell(model, Column.PROGRESS, "c/c", "x") == ""


def test_only_the_next_in_the_queue_starts_next(engine: FakeEngine, model: TaskTreeModel) -> None:
    engine.script_add("d/d")
    assert cell(model, Column.STATUS, "c/c") == "Queued · starts next"
    assert cell(model, Column.STATUS, "d/d") == "Queued"
    engine.script_move("d/d", 0)
    assert cell(model, Column.STATUS, "c/c") == "Queued"
    assert cell(model, Column.STATUS, "d/d") == "Queued · starts next"


def test_the_tooltip_of_a_failure_is_the_whole_of_it(engine: FakeEngine, model: TaskTreeModel) -> None:
    engine.script_item("a/a", "part-1.gguf", ItemState.FAILED)
    tip = cell(model, Column.STATUS, "a/a", "part-1.gguf", Qt.ItemDataRole.ToolTipRole)
    assert tip.splitlines() == ["connection reset", "The rest is fetched on the next try.", "Try again."]


def test_a_name_that_looks_like_html_is_shown_as_it_is(engine: FakeEngine, model: TaskTreeModel) -> None:
    engine.script_items("c/c", {"<b>bold</b>.gguf": 1})
    assert cell(model, Column.NAME, "c/c", "<b>bold</b>.gguf") == "<b>bold</b>.gguf"
    tip = cell(model, Column.NAME, "c/c", "<b>bold</b>.gguf", Qt.ItemDataRole.ToolTipRole)
    assert "&lt;b&gt;" in tip


# -- choosing ----------------------------------------------------------------------------------------------


def test_the_check_box_waits_for_the_engine(engine: FakeEngine, model: TaskTreeModel) -> None:
    engine.obeys = False
    index = model.index_of("a/a", "part-1.gguf")
    assert model.setData(index, Check.Unchecked, CHECK) is False
    assert engine.calls == [("skip", "a/a", "part-1.gguf")]
    assert index.data(CHECK) == Check.Checked
    engine.script_item("a/a", "part-1.gguf", ItemState.SKIPPED)
    assert index.data(CHECK) == Check.Unchecked
    assert model.index_of("a/a").data(CHECK) == Check.PartiallyChecked


def test_checking_a_partly_chosen_model_takes_all_files_in(engine: FakeEngine, model: TaskTreeModel) -> None:
    for item in ("part-1.gguf", "part-2.gguf"):
        model.setData(model.index_of("a/a", item), Check.Unchecked, CHECK)
    model.setData(model.index_of("a/a"), Check.Checked, CHECK)
    assert model.index_of("a/a").data(CHECK) == Check.Checked
    assert [call[0] for call in engine.calls] == ["skip", "skip", "choose", "choose"]


def test_a_refused_choice_does_nothing_and_says_why(engine: FakeEngine, model: TaskTreeModel, qtbot: QtBot) -> None:
    engine.script_item("b/b", "part-1.gguf", ItemState.SKIPPED)
    with qtbot.waitSignal(model.refused) as told:
        model.setData(model.index_of("b/b", "part-2.gguf"), Check.Unchecked, CHECK)
    assert told.args == ["At least one file has to stay chosen."]
    with qtbot.waitSignal(model.refused):
        model.setData(model.index_of("a/a"), Check.Unchecked, CHECK)
    assert engine.calls == []


def test_finished_files_and_models_of_one_file_have_no_check_box(engine: FakeEngine, model: TaskTreeModel) -> None:
    engine.script_items("c/c", {"only.gguf": 1})
    engine.script_item("a/a", "part-1.gguf", ItemState.DONE)
    for index in (model.index_of("c/c"), model.index_of("a/a", "part-1.gguf")):
        assert index.data(CHECK) is None
        assert not index.flags() & Qt.ItemFlag.ItemIsUserCheckable
    assert model.index_of("a/a").flags() & Qt.ItemFlag.ItemIsUserCheckable


# -- news --------------------------------------------------------------------------------------------------


def test_a_tick_is_one_signal_a_parent_over_the_changed_columns(
    engine: FakeEngine, model: TaskTreeModel, changes: Any
) -> None:
    first = {f"part-{n}.gguf": 100 for n in (1, 2, 3, 4)}
    engine.script_progress("a/a", first, rate=40)
    changes.take()
    engine.script_progress("a/a", dict.fromkeys(first, 200), rate=80, tick=False)
    engine.script_progress("b/b", {"part-2.gguf": 100}, rate=80, tick=False)
    engine.script_tick()
    assert changes.roles[0] == [Qt.ItemDataRole.DisplayRole, Role.PROGRESS, Role.TONE, Role.SORT]
    assert changes.take() == [
        ("a/a", 0, 3, Column.PROGRESS, Column.TIME_LEFT),
        ("b/b", 1, 1, Column.PROGRESS, Column.TIME_LEFT),
        ("", 0, 1, Column.PROGRESS, Column.TIME_LEFT),
    ]


def test_only_columns_that_look_different_are_told(engine: FakeEngine, model: TaskTreeModel, changes: Any) -> None:
    engine.script_progress("a/a", {"part-1.gguf": 100}, rate=0)
    changes.take()
    engine.script_progress("a/a", {"part-1.gguf": 200}, rate=0)
    assert changes.take() == [
        ("a/a", 0, 0, Column.PROGRESS, Column.PROGRESS), ("", 0, 0, Column.PROGRESS, Column.PROGRESS),
    ]  # fmt: skip
    engine.script_progress("a/a", {"part-1.gguf": 200}, rate=0)
    assert changes.take() == []


def test_columns_that_are_shown_later_are_told_apart_from_those_that_stand_still(
    engine: FakeEngine, model: TaskTreeModel, changes: Any
) -> None:
    model.set_shown(Column)
    engine.script_progress("a/a", {"part-1.gguf": 100}, rate=80)
    seen = {(left, right) for parent, _, _, left, right in changes.take() if parent}
    assert seen == {
        (Column.PROGRESS, Column.TIME_LEFT), (Column.DOWNLOADED, Column.CONNECTIONS),
        (Column.RETRIES, Column.RETRIES),
    }  # fmt: skip


def test_nothing_is_told_of_progress_while_nobody_looks_and_all_is_told_after(
    engine: FakeEngine, model: TaskTreeModel, changes: Any
) -> None:
    model.set_live(False)
    engine.script_progress("a/a", {"part-1.gguf": 100}, rate=80)
    assert changes.take() == []
    engine.script_item("a/a", "part-1.gguf", ItemState.DONE)  # states are told at once all the same
    assert {parent for parent, *_ in changes.take()} == {"", "a/a"}
    model.set_live(True)
    assert [(parent, first, last) for parent, first, last, _, _ in changes.take()] == [
        ("a/a", 0, 3), ("b/b", 0, 1), ("", 0, 2),
    ]  # fmt: skip


def test_states_are_told_at_once_without_a_tick(engine: FakeEngine, model: TaskTreeModel, changes: Any) -> None:
    engine.script_item("a/a", "part-3.gguf", ItemState.BACKING_OFF)
    assert changes.take() == [
        ("a/a", 2, 2, Column.PROGRESS, Column.TIME_LEFT), ("", 0, 0, Column.PROGRESS, Column.TIME_LEFT),
    ]  # fmt: skip


def test_a_figure_that_returns_to_what_a_tick_told_before_a_state_is_told_again(
    engine: FakeEngine, model: TaskTreeModel, changes: Any
) -> None:
    engine.script_progress("a/a", {"part-1.gguf": 100}, rate=80)
    engine.script_item("a/a", "part-1.gguf", ItemState.BACKING_OFF)
    engine.script_item("a/a", "part-1.gguf", ItemState.TRANSFERRING)
    changes.take()
    engine.script_progress("a/a", {"part-1.gguf": 100}, rate=80)
    assert ("a/a", 0, 0, Column.PROGRESS, Column.TIME_LEFT) in changes.take()


def test_countdowns_run_down_and_a_speed_falls_to_zero_without_news_from_the_engine(
    engine: FakeEngine, model: TaskTreeModel, changes: Any, qtbot: QtBot
) -> None:
    engine.script_progress("b/b", {"part-1.gguf": 100}, rate=80)
    engine.script_item("b/b", "part-2.gguf", ItemState.BACKING_OFF, retry_in=8)
    assert cell(model, Column.STATUS, "b/b", "part-2.gguf") == "Retrying in 8 s (connection reset)"
    engine.clock += 6
    changes.take()
    qtbot.waitSignal(model.dataChanged, timeout=3000).wait()
    assert {parent for parent, *_ in changes.take()} >= {"b/b", ""}
    assert cell(model, Column.STATUS, "b/b", "part-2.gguf") == "Retrying in 2 s (connection reset)"
    assert cell(model, Column.SPEED, "b/b", "part-1.gguf") == "0 B/s"


def test_hidden_columns_are_the_ones_after_added() -> None:
    assert {*HIDDEN} == {column for column in Column if column > Column.ADDED}
