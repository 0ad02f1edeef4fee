"""Whatever the engine does, model and proxy keep every rule of Qt's own tester."""

import random

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from core.states import ItemState, TaskState
from gui.filters import StatusGroup
from gui.tree.columns import Column, Role
from gui.tree.model import TaskTreeModel
from gui.tree.proxy import TaskFilterProxy
from tests.fakes.engine import FakeEngine

STEPS = 500
MOST_TASKS = 10  # Qt's tester looks at every row on every signal
FATAL = QAbstractItemModelTester.FailureReportingMode.Fatal


class Script:
    """Random steps over an engine and a proxy."""

    def __init__(self, engine: FakeEngine, proxy: TaskFilterProxy, seed: int) -> None:
        self.engine, self.proxy = engine, proxy
        self.dice = random.Random(seed)
        self.count = 0

    def step(self) -> None:
        moves = [self.add, self.items, self.state, self.item, self.progress, self.progress]
        moves += [self.remove, self.move, self.sort, self.filter, self.status, self.look_away]
        self.dice.choice(moves)()

    def any_task(self) -> str:
        if not self.engine.tasks:
            self.add()
        return self.dice.choice(self.engine.tasks).id

    def add(self) -> None:
        if len(self.engine.tasks) >= MOST_TASKS:
            self.remove()
        self.count += 1
        self.engine.script_add(f"org{self.count % 7}/model-{self.count}", index=self.dice.randint(0, self.count))

    def items(self) -> None:
        task_id = self.any_task()
        if self.engine.task(task_id).manifest is None:
            sizes = {f"f-{n}.gguf": self.dice.choice([None, 0, 10, 10**9]) for n in range(self.dice.randint(1, 6))}
            self.engine.script_items(task_id, sizes)

    def state(self) -> None:
        self.engine.script_state(self.any_task(), self.dice.choice(list(TaskState)))

    def item(self) -> None:
        task = self.engine.task(self.any_task())
        if task.items:
            state = self.dice.choice(list(ItemState))
            self.engine.script_item(task.id, self.dice.choice(list(task.items)), state)

    def progress(self) -> None:
        self.engine.clock += 0.25
        task = self.engine.task(self.any_task())
        chosen = self.dice.sample(list(task.items), k=self.dice.randint(0, len(task.items)))
        self.engine.script_progress(task.id, {item: self.dice.randint(0, 10) for item in chosen}, rate=4000)

    def remove(self) -> None:
        if len(self.engine.tasks) > 4:
            self.engine.script_remove(self.any_task())

    def move(self) -> None:
        self.engine.script_move(self.any_task(), self.dice.randint(0, len(self.engine.tasks)))

    def sort(self) -> None:
        column = self.dice.choice([-1, *Column])
        self.proxy.sort(column, self.dice.choice(list(Qt.SortOrder)))

    def filter(self) -> None:
        self.proxy.set_text(self.dice.choice(["", "", "org1", "f-1", "model-2 f-3", "none such"]))
        self.proxy.apply_text()

    def status(self) -> None:
        self.proxy.set_status(self.dice.choice([StatusGroup.ALL, StatusGroup.ALL, *StatusGroup]))

    def look_away(self) -> None:
        model = self.proxy.sourceModel()
        assert isinstance(model, TaskTreeModel)
        model.set_live(self.dice.random() < 0.8)


@pytest.mark.parametrize("seed", range(3))
def test_random_lives_keep_the_rules_of_the_model(qtbot: QtBot, seed: int) -> None:
    engine = FakeEngine()
    model = TaskTreeModel(engine)  # type: ignore[arg-type]
    proxy = TaskFilterProxy()
    proxy.setSourceModel(model)
    testers = [QAbstractItemModelTester(model, FATAL), QAbstractItemModelTester(proxy, FATAL)]
    script = Script(engine, proxy, seed)
    for number in range(STEPS):
        script.step()
        if number % 20 == 0:
            assert mirrored(model) == [(task.id, len(task.items)) for task in engine.tasks]
            qtbot.wait(0)
    proxy.set_text("")
    proxy.apply_text()
    proxy.set_status(StatusGroup.ALL)
    proxy.sort(-1)
    assert mirrored(proxy) == mirrored(model)
    assert testers


def mirrored(model: TaskTreeModel | TaskFilterProxy) -> list[tuple[str, int]]:
    rows = (model.index(row, 0, QModelIndex()) for row in range(model.rowCount(QModelIndex())))
    return [(row.data(Role.ID)[0], model.rowCount(row)) for row in rows]
