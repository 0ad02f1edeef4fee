"""Fixtures of the tree: a scripted engine, its model, and what the model emits."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QLocale, QModelIndex
from PySide6.QtWidgets import QApplication

from core.states import TaskState
from gui.tree.columns import Column
from gui.tree.model import TaskTreeModel
from tests.fakes.engine import FakeEngine


@pytest.fixture(autouse=True)
def english(qapp: QApplication) -> Iterator[None]:
    QLocale.setDefault(QLocale(QLocale.Language.English, QLocale.Country.UnitedStates))
    yield
    QLocale.setDefault(QLocale.system())


@pytest.fixture
def engine() -> FakeEngine:
    """Three tasks: `a/a` runs with four files, `b/b` runs with two, `c/c` is queued without a list."""
    made = FakeEngine()
    for task_id, count in (("a/a", 4), ("b/b", 2)):
        made.script_add(task_id)
        made.script_items(task_id, {f"part-{n}.gguf": 1000 for n in range(1, count + 1)})
        made.script_state(task_id, TaskState.RUNNING)
    made.script_add("c/c")
    return made


@pytest.fixture
def model(engine: FakeEngine) -> TaskTreeModel:
    return TaskTreeModel(engine)  # type: ignore[arg-type]


class Changes:
    """Every dataChanged as (task id or "", first row, last row, left column, right column)."""

    def __init__(self, model: TaskTreeModel) -> None:
        self.seen: list[tuple[str, int, int, Column, Column]] = []
        self.roles: list[list[int]] = []
        model.dataChanged.connect(self._on_changed)

    def _on_changed(self, first: QModelIndex, last: QModelIndex, roles: list[int]) -> None:
        parent = first.parent().data() if first.parent().isValid() else ""
        self.seen.append((parent, first.row(), last.row(), Column(first.column()), Column(last.column())))
        self.roles.append(list(roles))

    def take(self) -> list[tuple[str, int, int, Column, Column]]:
        seen, self.seen, self.roles = self.seen, [], []
        return seen


@pytest.fixture
def changes(model: TaskTreeModel) -> Changes:
    return Changes(model)
