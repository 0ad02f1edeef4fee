"""Writes to a store from a thread of its own, in groups: whatever came while one write ran goes in the next."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from core.errors import StoreError
from core.spawn import spawn
from core.store.base import Batch, Store, StoredItem, StoredTask

_log = logging.getLogger(__name__)

RETRY_S = 2.0


class Keeper:
    """Collects changes and keeps them; `changed` is called when `error` did.

    Attributes:
        error: What the last write said; None while all is well. What could not be written is tried again.
    """

    def __init__(self, store: Store, *, changed: Callable[[], None] = lambda: None) -> None:
        self._store = store
        self._changed = changed
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="pulley-store")
        self._batch = Batch()
        self._running: asyncio.Task[None] | None = None
        self._begun = self._ended = 0  # writes; the batch goes with the one after those that have begun
        self._turn: asyncio.Future[None] | None = None  # done when the write that runs has ended
        self._closed = False
        self.error: StoreError | None = None

    async def load(self) -> list[StoredTask]:
        """Return the stored tasks.

        Raises:
            StoreError: They cannot be read.
        """
        return await asyncio.wrap_future(self._thread.submit(self._store.load))

    def put_task(self, task: StoredTask) -> None:
        """Keep a task's row."""
        self._batch.tasks[task.id] = task
        self._start()

    def put_item(self, task_id: str, item: StoredItem) -> None:
        """Keep an item's row."""
        self._batch.items[task_id, item.path] = item
        self._start()

    def put_items(self, task_id: str, items: Iterable[StoredItem]) -> None:
        """Keep the rows of many items."""
        self._batch.items.update({(task_id, item.path): item for item in items})
        self._start()

    def put_order(self, order: list[str]) -> None:
        """Keep the order of the queue."""
        self._batch.order = order
        self._start()

    def remove(self, task_id: str) -> None:
        """Forget a task."""
        self._batch.absorb(Batch(removed={task_id}))
        self._start()

    async def kept(self) -> None:
        """Wait until everything so far is kept, or could not be (see `error`); not for what comes after it."""
        until = self._begun + bool(self._batch)
        while self._running is not None and self._ended < until:
            if self._turn is None:
                self._turn = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._turn)
            if self.error is not None:
                return

    def _start(self) -> None:
        if self._running is None:
            self._running = spawn(self._write_all(), name="keep tasks")

    async def _write_all(self) -> None:
        try:
            while self._batch:
                batch, self._batch = self._batch, Batch()
                self._begun += 1
                try:
                    await asyncio.shield(asyncio.wrap_future(self._thread.submit(self._store.write, batch)))
                    self._say(None)
                except StoreError as error:
                    _log.warning("%s", error.message)
                    self._say(error)
                    batch.absorb(self._batch)
                    self._batch = batch
                    return
                finally:
                    self._ended = self._begun
                    self._wake()
        finally:
            self._running = None
            if self._batch:
                asyncio.get_running_loop().call_later(RETRY_S, self._retry)

    def _wake(self) -> None:
        turn, self._turn = self._turn, None
        if turn is not None and not turn.done():
            turn.set_result(None)

    def _say(self, error: StoreError | None) -> None:
        before, self.error = self.error, error
        if (before and before.message) != (error and error.message):
            self._changed()

    def _retry(self) -> None:
        if self._batch and not self._closed:
            self._start()

    async def aclose(self) -> None:
        """Write what is left and close the store."""
        if self._batch:
            self._start()
        await self.kept()
        self._closed = True
        await asyncio.wrap_future(self._thread.submit(self._store.close))
        self._thread.shutdown(wait=False)
