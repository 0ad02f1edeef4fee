"""The memory twin of the store: the same behaviour, nothing survives the process."""

from msgspec.structs import replace

from core.store.base import Batch, StoredItem, StoredTask


class MemoryStore:
    """Keeps tasks in dictionaries."""

    def __init__(self) -> None:
        self._tasks: dict[str, StoredTask] = {}
        self._items: dict[str, dict[str, StoredItem]] = {}
        self._order: list[str] = []

    def load(self) -> list[StoredTask]:
        """Return all tasks in the order of the queue."""
        return [
            replace(self._tasks[task_id], items=tuple(self._items.get(task_id, {}).values()))
            for task_id in self._order
            if task_id in self._tasks
        ]

    def write(self, batch: Batch) -> None:
        """Apply the changes."""
        for task_id in batch.removed:
            self._tasks.pop(task_id, None)
            self._items.pop(task_id, None)
            self._order = [other for other in self._order if other != task_id]
        for task_id, task in batch.tasks.items():
            self._tasks[task_id] = task
            if task_id not in self._order:
                self._order.append(task_id)
        for (task_id, path), item in batch.items.items():
            self._items.setdefault(task_id, {})[path] = item
        if batch.order is not None:
            self._order = list(batch.order)

    def close(self) -> None:
        """Nothing to let go of."""
        self._order = list(self._order)
