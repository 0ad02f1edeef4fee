"""The pane follows its row while somebody looks, and its check boxes ask the engine."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from core.errors import GatedModel
from core.states import ItemState, TaskState
from gui.details.files_model import FileColumn, FilesModel
from gui.details.pane import DetailsPane
from gui.style.theme import Theme
from tests.fakes.engine import FakeEngine

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # offscreen, of windows

ONE = "a.gguf"
TWO = "b.gguf"


@pytest.fixture
def engine(qapp: QApplication) -> FakeEngine:
    made = FakeEngine()
    made.script_add("org/repo")
    made.script_items("org/repo", {ONE: 2000, TWO: 1000, "c/readme.md": 10})
    made.script_state("org/repo", TaskState.RUNNING)
    return made


@pytest.fixture
def pane(qtbot: QtBot, engine: FakeEngine) -> Iterator[DetailsPane]:
    made = DetailsPane(engine, Theme())  # type: ignore[arg-type]
    qtbot.addWidget(made)
    made.resize(900, 260)
    made.show()
    qtbot.waitExposed(made)
    yield made


def value(pane: DetailsPane, place: int) -> str:
    return pane.overview.values[place].text()


def test_without_a_row_it_says_what_to_do(pane: DetailsPane) -> None:
    label = pane.findChild(QLabel, "detailsNothing")
    assert label is not None and label.isVisible()


def test_it_shows_a_row_and_follows_the_ticks(pane: DetailsPane, engine: FakeEngine) -> None:
    pane.show_row(("org/repo", ONE))
    assert value(pane, 0) == "0 B of 2.0 kB"
    engine.script_item("org/repo", ONE, ItemState.TRANSFERRING, connections=2)
    engine.script_progress("org/repo", {ONE: 1500}, rate=100.0)
    assert value(pane, 0) == "1.5 kB of 2.0 kB"
    assert value(pane, 1) == "5 s at 100 B/s"


def test_nothing_is_drawn_while_nobody_looks(pane: DetailsPane, engine: FakeEngine, qtbot: QtBot) -> None:
    pane.show_row(("org/repo", ONE))
    pane.hide()
    engine.script_progress("org/repo", {ONE: 1500}, rate=100.0)
    assert value(pane, 0) == "0 B of 2.0 kB"
    assert pane._history.of(("org/repo", ONE)) == []
    pane.show()
    qtbot.waitUntil(lambda: value(pane, 0) == "1.5 kB of 2.0 kB")


def test_a_minimised_window_is_not_drawn_either(
    pane: DetailsPane, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    pane.show_row(("org/repo", ONE))
    monkeypatch.setattr(DetailsPane, "isMinimized", lambda _: True)
    engine.script_progress("org/repo", {ONE: 1500}, rate=100.0)
    assert value(pane, 0) == "0 B of 2.0 kB"


def test_a_state_change_shows_without_a_tick(pane: DetailsPane, engine: FakeEngine, qtbot: QtBot) -> None:
    pane.show_row(("org/repo", None))
    engine.script_state("org/repo", TaskState.FAILED, failure=GatedModel("The terms are not accepted").failure)
    qtbot.waitUntil(lambda: pane.overview.trouble["happened"].text() == "The terms are not accepted")
    assert pane.overview.trouble["do"].isVisible()
    assert all(label.textFormat() is Qt.TextFormat.PlainText for label in pane.overview.findChildren(QLabel))
    engine.script_state("org/repo", TaskState.QUEUED)
    qtbot.waitUntil(lambda: not pane.overview.trouble["happened"].isVisible())


def test_the_countdown_runs_while_a_retry_is_waited_for(
    pane: DetailsPane, engine: FakeEngine, qtbot: QtBot
) -> None:
    pane.show_row(("org/repo", ONE))
    engine.script_item("org/repo", ONE, ItemState.BACKING_OFF, retry_in=8)
    qtbot.waitUntil(lambda: pane.overview.trouble["next"].text() == "in 8 s")
    assert pane._countdown.isActive()
    engine.script_item("org/repo", ONE, ItemState.TRANSFERRING)
    qtbot.waitUntil(lambda: not pane._countdown.isActive())


def test_a_row_that_goes_leaves_an_empty_pane(pane: DetailsPane, engine: FakeEngine) -> None:
    pane.show_row(("org/repo", None))
    engine.script_remove("org/repo")
    label = pane.findChild(QLabel, "detailsNothing")
    assert label is not None and label.isVisible()


def test_a_long_value_can_be_copied_whole(pane: DetailsPane) -> None:
    pane.show_row(("org/repo", ONE))
    field = pane.overview.values[5]
    pane.resize(500, 260)
    pane.grab()
    assert field.toolTip() == field.text()
    field.setFocus()
    field.selectAll()
    assert field.selectedText().startswith("6c" * 32)


def test_the_curve_is_painted_in_both_looks(pane: DetailsPane, engine: FakeEngine) -> None:
    pane.show_row(("org/repo", ONE))
    engine.script_item("org/repo", ONE, ItemState.TRANSFERRING)
    for step in range(12):
        engine.clock += 0.25
        engine.script_progress("org/repo", {ONE: step * 10}, rate=50.0 + step)
    assert pane.overview._curve.isVisible()
    assert pane.overview._curve.accessibleName() == "Speed over the last minute; the most was 60 B/s"
    assert not pane.grab().isNull()


# -- files -----------------------------------------------------------------------------------------------------


@pytest.fixture
def files(pane: DetailsPane) -> DetailsPane:
    pane.show_row(("org/repo", None))
    pane.tabs.setCurrentWidget(pane.files)
    return pane


def check(pane: DetailsPane, row: int) -> Qt.CheckState:
    index = pane.files.model.index(row, FileColumn.NAME)
    return Qt.CheckState(pane.files.model.data(index, Qt.ItemDataRole.CheckStateRole))


def test_the_files_are_listed_with_size_and_status(files: DetailsPane, qtmodeltester: object) -> None:
    model = files.files.model
    qtmodeltester.check(model)  # type: ignore[attr-defined]
    assert [model.index(0, column).data() for column in FileColumn] == [ONE, "2.0 kB", "Downloading"]
    assert files.files._chosen.text() == "3 of 3 chosen · 3.0 kB"


def test_a_check_box_asks_the_engine_and_waits_for_its_answer(files: DetailsPane, engine: FakeEngine) -> None:
    engine.obeys = False
    index = files.files.model.index(1, FileColumn.NAME)
    files.files.model.setData(index, Qt.CheckState.Unchecked, Qt.ItemDataRole.CheckStateRole)
    assert engine.calls == [("skip", "org/repo", TWO)]
    assert check(files, 1) is Qt.CheckState.Checked
    engine.obeys = True
    files.files.model.setData(index, Qt.CheckState.Unchecked, Qt.ItemDataRole.CheckStateRole)
    assert check(files, 1) is Qt.CheckState.Unchecked
    files.files.model.setData(index, Qt.CheckState.Checked, Qt.ItemDataRole.CheckStateRole)
    assert engine.calls[-1] == ("choose", "org/repo", TWO)


def test_a_finished_file_has_no_box_to_clear(files: DetailsPane, engine: FakeEngine) -> None:
    engine.script_item("org/repo", ONE, ItemState.DONE)
    flags = files.files.model.flags(files.files.model.index(0, FileColumn.NAME))
    assert not flags & Qt.ItemFlag.ItemIsUserCheckable


def test_none_and_all_go_to_the_files_that_are_shown(files: DetailsPane, engine: FakeEngine) -> None:
    files.files.filter.setText("gguf")
    files.files.none_button.click()
    assert engine.calls == [("skip", "org/repo", ONE), ("skip", "org/repo", TWO)]
    files.files.all_button.click()
    assert engine.calls[2:] == [("choose", "org/repo", ONE), ("choose", "org/repo", TWO)]


def test_the_last_file_cannot_be_left_out_and_it_says_so(
    files: DetailsPane, engine: FakeEngine, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(files.refused) as told:
        files.files.none_button.click()
    assert told.args == ["At least one file has to stay chosen."]
    assert len(engine.calls) == 2


def test_a_list_that_comes_later_is_shown_when_it_comes(files: DetailsPane, engine: FakeEngine) -> None:
    engine.script_add("org/late")
    files.show_row(("org/late", None))
    assert files.files.model.rowCount() == 0 and not files.files.all_button.isEnabled()
    engine.script_items("org/late", {"x": 1})
    assert files.files.model.rowCount() == 1


def test_a_long_list_is_made_only_where_it_is_seen_and_sorted_by_one_look_at_each_file(
    files: DetailsPane, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    value = FilesModel._sort_value
    monkeypatch.setattr(
        FilesModel,
        "_sort_value",
        staticmethod(lambda item, column: (asked.append(item.id), value(item, column))[1]),
    )
    files.tabs.setCurrentWidget(files.overview)
    engine.script_add("org/long")
    engine.script_items("org/long", {f"part-{n}.bin": n for n in range(500)})
    files.show_row(("org/long", None))
    assert asked == []
    files.tabs.setCurrentWidget(files.files)
    assert files.files.model.rowCount() == 500 and len(asked) == 500
    files.files.view.sortByColumn(FileColumn.SIZE, Qt.SortOrder.DescendingOrder)
    assert len(asked) <= 3 * 500, "a header that is set sorts twice"
    assert files.files.view.model().index(0, 0).data() == "part-499.bin"


def test_space_toggles_the_file_under_the_cursor(files: DetailsPane, engine: FakeEngine) -> None:
    view = files.files.view
    view.setFocus()
    view.setCurrentIndex(view.model().index(0, 0))
    QTest.keyClick(view, Qt.Key.Key_Space)
    assert engine.calls == [("skip", "org/repo", ONE)]
