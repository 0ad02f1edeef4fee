"""One engine after the other over one fake world: opens, closes, loses, lets it rest, and sees what is wrong."""

import logging
from collections.abc import Callable
from typing import TypeVar

import pytest

from core.engine import Engine
from core.records import Limits
from core.states import ItemState, TaskState
from core.store.base import stored_item_state
from core.task import Task
from tests.fakes.watch import Watch
from tests.fakes.world import FakeHubSource, FakeWorld

R = TypeVar("R")

REST_TURNS_MOST = 3000


class _Errors(logging.Handler):
    """Collects what is logged as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        cause = record.exc_info[1] if record.exc_info else None
        self.seen.append(f"{record.getMessage()}: {cause!r}")


def rows_of(task: Task) -> list[tuple[str, ItemState, int]]:
    """What a store keeps of the items of a task."""
    return [(item.id, stored_item_state(item.state), item.durable) for item in task.items.values()]


class EngineRig:
    """Dispose of it at the end.

    Attributes:
        loaded: The tasks as they stood right after they were loaded: id, state, items.
    """

    def __init__(self) -> None:
        self.world = FakeWorld()
        self.patch = pytest.MonkeyPatch()
        self.world.install(self.patch)
        self.problems: list[str] = []
        self.world.loop.set_exception_handler(
            lambda _, context: self.problems.append(f"{context['message']}: {context.get('exception')!r}")
        )
        self._errors = _Errors()
        logging.getLogger("core").addHandler(self._errors)
        self.is_open = False

    def open(self, *, limits: Limits | None = None) -> Engine:
        """Make an engine over what is stored."""
        world = self.world
        self.engine = Engine(
            net=world,  # type: ignore[arg-type]
            store=world.store,
            sources=[FakeHubSource(world)],
            root=world.root,
            limits=limits or Limits(tasks=2, connections=6, connections_per_host=4),
        )
        world.threads.let_all()

        async def load() -> None:
            await self.engine.load()
            self.loaded = [(task.id, task.state, rows_of(task)) for task in self.engine.tasks]

        world.loop.run_until_complete(load())
        self.watch = Watch(self.engine)
        self.engine.task_done.connect(self._done)
        self.is_open = True
        return self.engine

    def _done(self, task_id: str) -> None:
        """What a description says must be what was chosen, at the moment when the task is called done."""
        task = self.task(task_id)
        found = self.world.find_complete(task.root, task.handle, task.selection)
        asked = (task.root, task.handle)
        alone = sum((other.root, other.handle) == asked for other in self.engine.tasks) == 1
        named = {file.path for file in found.files} if found else None
        lost = {item.local_path for item in task.wanted_items()} & self.world.aside  # an outsider took it
        if alone and not lost and named != {item.id for item in task.wanted_items()}:
            self.problems.append(f"{task} is done, its description names {named}")

    def tasks(self) -> list[Task]:
        return self.engine.tasks if self.is_open else []

    def task(self, task_id: str) -> Task:
        return self.engine.task(task_id)

    def state(self, task_id: str) -> TaskState:
        return self.engine.task(task_id).state

    def do(self, call: Callable[[], R]) -> R:
        """Call something between two turns."""
        with self.world.loop.inside():
            return call()

    def turn(self, count: int = 1) -> None:
        self.world.loop.turn(count)

    def picture(self) -> str:
        """All that a refused command must not change."""
        return repr([
            (task, task.intent, task.admitted, task.forced, task.described, task.failure, list(task.items.values()))
            for task in self.engine.tasks
        ])  # fmt: skip

    def check(self) -> None:
        """Raise AssertionError for anything that must never happen."""
        assert self.watch.illegal == []
        assert self.world.wrong == []
        assert self.problems == []
        assert self._errors.seen == []

    def rest(self) -> None:
        """Let all flow without a fault until nothing moves any more; from then on all flows."""
        world = self.world
        for turn in range(REST_TURNS_MOST):
            self.do(world.flow)
            world.loop.turn()
            conductor = self.engine._conductor
            is_quiet = not (conductor.is_busy or conductor._sweeps or conductor._is_due or world.live)
            if is_quiet and self.engine._pulse.ticker is None and self.engine._roster.keeper._running is None:
                return
            if turn % 8 == 7:
                self._time_goes_on()
        raise AssertionError(f"no rest: {self.engine.tasks} {[list(t.items.values()) for t in self.engine.tasks]}")

    def _time_goes_on(self) -> None:
        """Go on to the time that those who wait name, so that one that does not look then waits for ever."""
        loop = self.world.loop
        loop.now = max(loop.now + 0.3, min(self._named_times(), default=0.0))

    def _named_times(self) -> list[float]:
        tasks = self.engine.tasks
        named = [task.retry_at for task in tasks] + [i.retry_at for task in tasks for i in task.items.values()]
        return [at for at in named if at is not None]

    def settle(self) -> None:
        """Let all flow while what holds lasts, until nothing moves but those who look again and again."""
        world = self.world
        for turn in range(REST_TURNS_MOST):
            self.do(lambda: world.flow(heals=False))
            world.loop.turn()
            conductor = self.engine._conductor
            busy = conductor.listings or conductor._chores or conductor._sweeps or conductor.checks
            transfers = [run.download for run in conductor.running()]
            # What was met may be over by now: whoever still waits for it looks at its time, and goes on.
            moving = [t for t in transfers if not (t.is_holding and world.trouble_of(t.job))]  # type: ignore[attr-defined]
            is_late = any(at <= world.loop.now for at in self._named_times())
            if not (busy or moving or is_late or conductor._is_due):
                return
            if turn % 24 == 23:  # a look takes some turns
                self._time_goes_on()
        raise AssertionError(f"it does not settle: {self.engine.tasks} {world.live}")

    def close(self, *, turns_held: int = 0) -> None:
        """Close the engine; for so many turns the disks may stay slow."""
        world = self.world
        closing = world.loop.create_task(self.engine.aclose())
        world.loop.turn(turns_held)
        self.do(world.threads.let_all)
        for _ in range(400):
            if closing.done():
                break
            world.loop.turn()
        assert closing.done(), "the engine does not close"
        closing.result()
        self.check()
        self.is_open = False

    def crash(self) -> None:
        """Lose the engine without closing it."""
        self.check()
        self.is_open = False
        self.engine._is_closed = self.engine._conductor._is_closed = True  # a lost process starts nothing more
        self.world.crash()
        self.problems.clear()
        self._errors.seen.clear()
        self.world.wrong.clear()

    def dispose(self) -> None:
        """Give everything back."""
        logging.getLogger("core").removeHandler(self._errors)
        try:
            if self.is_open:
                self.engine._is_closed = self.engine._conductor._is_closed = True
            self.world.crash()
        finally:
            self.patch.undo()
            self.world.loop.close()
