"""Watches an engine: remembers every signal, checks each state move against the tables, waits for conditions."""

import asyncio
from collections import defaultdict
from collections.abc import Callable

from core.engine import Engine
from core.states import ITEM_MOVES, ITEM_SIGNALS, TASK_MOVES, TASK_SIGNALS, ItemState, TaskState


class Watch:
    """Attach before the first command."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.task_states: dict[str, list[TaskState]] = defaultdict(list)
        self.item_states: dict[tuple[str, str], list[ItemState]] = defaultdict(list)
        self.illegal: list[str] = []
        self.progress: list[dict[str, tuple[str, ...]]] = []
        self._waiters: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []
        for task in engine.tasks:
            self._adopt(task.id)
        for state, name in TASK_SIGNALS.items():
            getattr(engine, name).connect(lambda task_id, state=state: self._task(task_id, state))
        for state, name in ITEM_SIGNALS.items():
            getattr(engine, name).connect(lambda task_id, item_id, state=state: self._item(task_id, item_id, state))
        engine.items_added.connect(self._adopt)
        engine.task_removed.connect(self._removed)
        engine.progress_updated.connect(self._progress)

    def _adopt(self, task_id: str) -> None:
        task = self.engine.task(task_id)
        self.task_states[task_id].append(task.state)
        for item in task.items.values():
            self.item_states[task_id, item.id].append(item.state)
        self._look()

    def _removed(self, task_id: str) -> None:
        self.task_states.pop(task_id, None)
        for key in [key for key in self.item_states if key[0] == task_id]:
            del self.item_states[key]
        self._look()

    def _task(self, task_id: str, state: TaskState) -> None:
        seen = self.task_states[task_id]
        if seen and state is not seen[-1] and state not in TASK_MOVES[seen[-1]]:
            self.illegal.append(f"{task_id}: {seen[-1]} -> {state}")
        if self.engine.task(task_id).state is not state:
            self.illegal.append(f"{task_id}: told {state}, is {self.engine.task(task_id).state}")
        seen.append(state)
        self._look()

    def _item(self, task_id: str, item_id: str, state: ItemState) -> None:
        seen = self.item_states[task_id, item_id]
        if seen and state not in ITEM_MOVES[seen[-1]]:
            self.illegal.append(f"{task_id} {item_id}: {seen[-1]} -> {state}")
        seen.append(state)
        self._look()

    def _progress(self, changed: dict[str, tuple[str, ...]]) -> None:
        self.progress.append(changed)
        self._look()

    def _look(self) -> None:
        for condition, future in self._waiters:
            if not future.done() and condition():
                future.set_result(None)

    async def until(self, condition: Callable[[], bool], *, seconds: float = 30.0) -> None:
        """Wait until a condition holds; it is asked after each signal."""
        if condition():
            return
        waiter = (condition, asyncio.get_running_loop().create_future())
        self._waiters.append(waiter)
        try:
            async with asyncio.timeout(seconds):
                await waiter[1]
        except TimeoutError:
            raise AssertionError(f"did not happen within {seconds} s: {self.engine.tasks}") from None
        finally:
            self._waiters.remove(waiter)

    async def until_ended(self, *task_ids: str, seconds: float = 60.0) -> None:
        """Wait until these tasks, or all, are neither active nor queued."""

        def ended() -> bool:
            tasks = [self.engine.task(task_id) for task_id in task_ids] or self.engine.tasks
            return not any(task.state.is_live for task in tasks)

        await self.until(ended, seconds=seconds)
