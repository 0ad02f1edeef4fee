"""What a running download tells, turned into states and numbers of its item.

Late words of older runs are dropped.
"""

from collections.abc import Callable

from core.errors import DownloadError
from core.roster import Roster
from core.states import ITEM_MOVES, ItemState
from core.task import Item, Task
from core.transfer.meter import Meter


class ItemReport:
    """The `core.transfer.job.Report` of one run of one item.

    `now` is the engine's clock; `touched` is called with the task and item whose numbers changed; `changed` when
    the connections should be shared anew.

    Attributes:
        wanted: How many connections would be of use.
        counted: The host that its connections are counted for.
        has_landed: All its bytes came; it needs no connection any more.
        is_held: It waits for this machine and uses none.
        is_stopped: The run was told to end.
    """

    def __init__(
        self,
        roster: Roster,
        task: Task,
        item: Item,
        *,
        now: Callable[[], float],
        touched: Callable[[Task, Item], None],
        changed: Callable[[], None],
    ) -> None:
        self._roster = roster
        self._task = task
        self._item = item
        self._attempt = item.attempt
        self._now = now
        self._touched = touched
        self._changed = changed
        self.wanted = 1
        self.counted = ""
        self.has_landed = False
        self.is_held = False
        self.is_stopped = False

    @property
    def is_current(self) -> bool:
        """This run is the item's latest."""
        return self._item.attempt == self._attempt

    @property
    def is_alive(self) -> bool:
        """The run may still move its item: it is the latest, and nobody stopped it or the item.

        A run that is stopped may take its time to end, while its item already waits for the next one.
        """
        return self.is_current and not self.is_stopped and self._item.state.is_live

    def _move(self, state: ItemState) -> None:
        if self.is_held and state is not ItemState.BACKING_OFF:
            self.is_held = False
            self._changed()
        if self.is_alive and (state in ITEM_MOVES[self._item.state]):
            self._roster.move_item(self._task, self._item, state)

    def connecting(self) -> None:
        if self.has_landed:
            self.has_landed = False
            self._changed()
        self._move(ItemState.CONNECTING)

    def transferring(self, host: str) -> None:
        self._item.host = host
        if host != self.counted:
            self._changed()
        self._move(ItemState.TRANSFERRING)

    def landed(self) -> None:
        self.has_landed = True
        self._changed()

    def backing_off(self, error: DownloadError, seconds: float) -> None:
        if self.is_alive:
            self._item.failure = error.failure
            self._item.retry_at = self._now() + seconds
            self._item.retries += 1
            self._move(ItemState.BACKING_OFF)

    def holding(self, error: DownloadError, seconds: float) -> None:
        if self.is_alive:
            self._item.failure = error.failure
            self._item.retry_at = self._now() + seconds
            self._move(ItemState.BACKING_OFF)
            if not self.is_held:
                self.is_held = True
                self._changed()

    def verifying(self) -> None:
        self._item.checked = 0
        self._move(ItemState.VERIFYING)

    def checked(self, count: int) -> None:
        if self.is_current:
            self._item.checked = count
            self._touched(self._task, self._item)

    def received(self, count: int) -> None:
        if self.is_alive:
            now = self._now()
            if self._item.meter is None:
                self._item.meter = Meter()
            self._item.meter.add(count, now)
            self._task.meter.add(count, now)

    def durable(self, total: int) -> None:
        if self.is_current and self._task.set_durable(self._item, total):
            self._touched(self._task, self._item)

    def connections(self, count: int) -> None:
        if self.is_alive and self._item.connections != count:
            self._item.connections = count
            self._touched(self._task, self._item)

    def wants(self, count: int) -> None:
        if self.wanted != count:
            self.wanted = count
            self._changed()
