"""Looks at the engine with every signal: does it say more than is on the disk, does it take back what it said, and
which texts does it show?
"""

import json
from collections import Counter
from typing import Any

from core.api.shapes import task_text
from core.engine import Engine
from core.paths import control_path
from core.states import ITEM_SIGNALS, TASK_SIGNALS, ItemState
from core.task import Item
from core.terminal import line_of, news
from core.transfer import control
from core.views import TaskView, view_of

TEXTS_ITEMS_MOST = 300  # the event of a task with 100,000 files is no case of ours


class Observer:
    """Attach before the first command.

    Attributes:
        broken: What should not have been shown.
        texts: What API events and terminal lines said.
        reasons: Why items waited, by error class.
        held: The most kept bytes that each item showed.
        tried: Items that backed off.
    """

    def __init__(self, engine: Engine, *, may_lose: bool) -> None:
        self.engine = engine
        self.broken: list[str] = []
        self.texts: list[str] = []
        self.reasons: Counter[str] = Counter()
        self.held: dict[tuple[str, str], int] = {}
        self.tried: set[tuple[str, str]] = set()
        self._may_lose = may_lose
        self._on_disk: dict[tuple[str, str], int] = {}
        self._views: dict[str, TaskView] = {}
        for state, name in ITEM_SIGNALS.items():
            getattr(engine, name).connect(lambda task_id, item_id, state=state: self._item(task_id, item_id, state))
        for name in TASK_SIGNALS.values():
            getattr(engine, name).connect(self._task)
        engine.progress_updated.connect(self._progress)

    def _task(self, task_id: str) -> None:
        task = self.engine.task(task_id)
        for item in list(task.items.values())[:TEXTS_ITEMS_MOST]:
            self._look(task_id, item)
        self._say(task_id)

    def _item(self, task_id: str, item_id: str, state: ItemState) -> None:
        item = self.engine.task(task_id).items[item_id]
        if state is ItemState.BACKING_OFF and item.failure is not None:
            self.reasons[item.failure.kind] += 1
            self.tried.add((task_id, item_id))
            self._say(task_id)
            if item.retry_at is None or not item.failure.message:
                self.broken.append(f"LIVE: {item_id} waits without a reason or a time")
        self._look(task_id, item)

    def _progress(self, changed: dict[str, tuple[str, ...]]) -> None:
        for task_id, item_ids in changed.items():
            if task_id not in {task.id for task in self.engine.tasks}:
                continue
            task = self.engine.task(task_id)
            for item_id in item_ids[:TEXTS_ITEMS_MOST]:
                self._look(task_id, task.items[item_id])
            self._say(task_id)

    def _look(self, task_id: str, item: Item) -> None:
        key, shown = (task_id, item.id), item.durable
        if item.local_path is None or (not shown and key not in self.held):
            return
        before, now = self._on_disk.get(key, 0), self._durable(item)
        self._on_disk[key] = now
        if shown > max(before, now):
            self.broken.append(f"NOLIE: {item.id} shows {shown} bytes, {now} are on the disk")
        if shown < self.held.get(key, 0) and not self._may_lose:
            self.broken.append(f"KEEP: {item.id} went back from {self.held[key]} to {shown} bytes")
        self.held[key] = max(shown, self.held.get(key, 0))

    @staticmethod
    def _durable(item: Item) -> int:
        """Return the bytes that the disk is known to hold: the file, or what its control file names."""
        assert item.local_path is not None
        try:
            return item.local_path.stat().st_size
        except OSError:
            pass
        try:
            known = control.load(control_path(item.local_path).read_bytes())
        except OSError:
            return item.local_path.stat().st_size if item.local_path.exists() else 0
        return sum(end - start for start, end, _ in known[1]) if known else 0

    def _say(self, task_id: str) -> None:
        task = self.engine.task(task_id)
        if len(task.items) > TEXTS_ITEMS_MOST:
            return
        now = self.engine.now()
        event: dict[str, Any] = json.loads(task_text(task, now))
        view = view_of(task, now)
        self.texts += [json.dumps(event), line_of(view, 200), *news(self._views.get(task_id), view), *view.problem]
        self._views[task_id] = view
