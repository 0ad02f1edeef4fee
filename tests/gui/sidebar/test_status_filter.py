"""The status filter tells the group that a person looks at, and counts."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from core.states import TaskState
from gui.filters import StatusGroup, count_groups, group_of
from gui.sidebar.side_list import COUNT_ROLE
from gui.sidebar.status_filter import StatusFilter
from gui.style.theme import Theme
from tests.fakes.engine import FakeEngine


@pytest.fixture
def status_filter(qtbot: QtBot) -> StatusFilter:
    made = StatusFilter(Theme())
    qtbot.addWidget(made)
    return made


def counts_of(shown: StatusFilter) -> list[str]:
    return [shown.item(row).data(COUNT_ROLE) for row in range(shown.count())]


@pytest.mark.parametrize("state", TaskState)
def test_every_state_belongs_to_one_group_that_is_not_all(state: TaskState) -> None:
    assert group_of(state) in set(StatusGroup) - {StatusGroup.ALL}


def test_what_is_active_is_downloading_and_what_was_cancelled_is_paused() -> None:
    assert {group_of(state) for state in TaskState if state.is_active} == {StatusGroup.DOWNLOADING}
    assert group_of(TaskState.CANCELLED) is StatusGroup.PAUSED


def test_counts_add_up_to_all() -> None:
    engine = FakeEngine()
    for number, state in enumerate((TaskState.QUEUED, TaskState.PAUSED, TaskState.CANCELLED, TaskState.FAILED)):
        engine.script_add(f"a/{number}")
        engine.script_state(f"a/{number}", state)
    counts = count_groups(engine.tasks)
    assert counts[StatusGroup.ALL] == sum(counts.values()) - counts[StatusGroup.ALL] == 4
    assert counts[StatusGroup.PAUSED] == 2 and counts[StatusGroup.COMPLETED] == 0


def test_all_is_selected_first_and_every_group_has_a_line(status_filter: StatusFilter) -> None:
    assert status_filter.objectName() == "statusFilter"
    assert status_filter.status is StatusGroup.ALL
    assert [status_filter.item(row).text() for row in range(status_filter.count())] == [
        "All", "Downloading", "Queued", "Paused", "Completed", "Failed",
    ]  # fmt: skip


def test_selecting_a_line_tells_its_group(status_filter: StatusFilter, qtbot: QtBot) -> None:
    with qtbot.waitSignal(status_filter.status_changed) as told:
        qtbot.mouseClick(
            status_filter.viewport(),
            Qt.MouseButton.LeftButton,
            pos=status_filter.visualItemRect(status_filter.item(3)).center(),
        )
    assert told.args == [StatusGroup.PAUSED]


def test_counts_are_shown_and_spoken(status_filter: StatusFilter) -> None:
    status_filter.set_counts({StatusGroup.ALL: 7, StatusGroup.FAILED: 1})
    assert counts_of(status_filter) == ["7", "0", "0", "0", "0", "1"]
    spoken = status_filter.item(5).data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "Failed, 1 model"


def test_the_selected_line_stands_on_the_selection_colour(status_filter: StatusFilter, qtbot: QtBot) -> None:
    status_filter.resize(176, 240)
    image = status_filter.grab().toImage()
    assert image.pixelColor(100, 6) == QColor(Theme().tokens.selection)
