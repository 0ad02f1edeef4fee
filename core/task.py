"""Task and Item: state, derived task state, counters, and what changed. No I/O, no clock, no Qt.

The engine alone calls the methods that change something; views read attributes.
"""

import threading
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import accumulate, count
from pathlib import Path

from msgspec.structs import replace

from core.errors import Failure
from core.paths import local_path
from core.records import Destination, Handle, Manifest, RemoteFile, Selection
from core.states import ITEM_MOVES, Intent, ItemState, TaskState, derive_task_state
from core.transfer.meter import Meter

_serials = count(1)


class Check:
    """A verification of finished files while it waits for its turn or runs; the files are read one after the other.

    Attributes:
        item_ids: The items whose files are read, in the order of reading.
        total: Bytes to read.
        checked: Bytes read so far; counted by the thread that reads.
        has_begun: It has its turn.
    """

    __slots__ = ("_ends", "checked", "has_begun", "item_ids", "total")

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self.item_ids = tuple(sizes)
        self._ends = list(accumulate(sizes.values()))
        self.total = self._ends[-1] if sizes else 0
        self.checked = 0
        self.has_begun = False

    @property
    def fraction(self) -> float:
        """Share of the bytes that is read, 0.0 to 1.0."""
        return min(1.0, self.checked / self.total) if self.total else 0.0

    @property
    def current(self) -> tuple[str, float]:
        """The item whose file is being read, and the share of it that is read; an empty id before and after."""
        checked = self.checked
        place = bisect_right(self._ends, checked)
        if not self.has_begun or place >= len(self.item_ids):
            return "", 0.0
        start = self._ends[place - 1] if place else 0
        return self.item_ids[place], (checked - start) / (self._ends[place] - start)

    def __repr__(self) -> str:
        return f"<Check {self.checked}/{self.total} of {len(self.item_ids)} files>"


class Move:
    """A move to another models folder while it runs.

    Attributes:
        root: The other folder.
        total: Bytes to copy; 0 before they are counted.
        moved: Bytes copied so far; counted by the thread that copies.
        stopped: Set to give it up.
    """

    __slots__ = ("moved", "root", "stopped", "total")

    def __init__(self, root: Path) -> None:
        self.root = root
        self.total = 0
        self.moved = 0
        self.stopped = threading.Event()

    def __repr__(self) -> str:
        return f"<Move {self.moved}/{self.total} to {self.root}>"


class Item:
    """One file of a task.

    Attributes:
        id: Path in the repo; unique in its task.
        serial: Unique in this process; stable, for models.
        file: What the hub says about it.
        state: Where it stands.
        durable: Bytes that are kept on the disk; never more than was flushed.
        checked: Bytes verified so far while VERIFYING.
        failure: Why it failed, or why it waits while BACKING_OFF; None otherwise.
        damage: What a verification found wrong with the finished file, until the right one stands there again: what
            is found under the final name may then be set aside.
        damage_stamp: What the damaged file looked like from outside, so that it need not be read again; None where
            that is not known.
        check: The verification of its task, where that reads its file; None otherwise.
        retry_at: Time of the next try on the monotonic clock while BACKING_OFF; None otherwise.
        retries: Tries so far that ended with an error, in this process.
        connections: Open connections now.
        host: Host that the bytes come from; empty before the first reply.
        hub: Host that is asked first; empty before somebody wanted to know.
        place: Where its model goes; None when its name is refused.
        attempt: Number of the current run; late results of older runs are dropped.
        local_hash: Hash of the file on the disk where it differs from the hub's (a rewritten model.yml).
    """

    __slots__ = (
        "_path", "attempt", "check", "checked", "connections", "damage", "damage_stamp", "durable", "failure",
        "file", "host", "hub", "id", "local_hash", "meter", "place", "retries", "retry_at", "serial", "state",
    )  # fmt: skip

    def __init__(self, file: RemoteFile, place: Destination | None, *, state: ItemState) -> None:
        self.id = file.path
        self.serial = next(_serials)
        self.file = file
        self.state = state
        self.place = place
        self._path: Path | None = None
        self.durable = 0
        self.checked = 0
        self.failure: Failure | None = None
        self.damage: Failure | None = None
        self.damage_stamp: tuple[int, int, int] | None = None
        self.check: Check | None = None
        self.retry_at: float | None = None
        self.retries = 0
        self.connections = 0
        self.host = ""
        self.hub = ""
        self.attempt = 0
        self.local_hash = ""
        self.meter: Meter | None = None

    @property
    def local_path(self) -> Path | None:
        """Where the file goes; None when its name is refused. Made when first asked for: a list may be long."""
        if self._path is None and self.place is not None:
            self._path = local_path(self.place, self.id)
        return self._path

    def set_place(self, place: Destination) -> None:
        """Let it go elsewhere."""
        self.place, self._path = place, None

    @property
    def size(self) -> int:
        """Bytes as the hub says; what is kept so far where it does not say."""
        return self.durable if self.file.size is None else self.file.size

    @property
    def checked_share(self) -> float | None:
        """Share of its finished file that a verification has read; None while it reads none or another."""
        if self.check is None:
            return None
        current, share = self.check.current
        return share if current == self.id else None

    @property
    def is_damaged(self) -> bool:
        """A verification found its finished file damaged or missing, and nothing was done about it yet."""
        return self.state is ItemState.FAILED and self.damage is not None

    @property
    def is_checkable(self) -> bool:
        """Its file can be verified: it is finished, or was until a verification said otherwise."""
        return self.state is ItemState.DONE or (self.is_damaged and self.file.size is not None)

    def rate(self, now: float) -> float:
        """Bytes a second; 0.0 when it does not run."""
        return self.meter.rate(now) if self.meter is not None and self.state.is_running else 0.0

    def __repr__(self) -> str:
        return f"<Item {self.id} {self.state.value} {self.durable}/{self.file.size} #{self.attempt}>"


class Contents:
    """Items that are to be those of a task, with what is counted of them.

    A list may be long: it is made on any thread, before a task has it.
    """

    __slots__ = ("counts", "durable", "items", "size", "waiting")

    def __init__(self, items: Iterable[Item]) -> None:
        self.items = {item.id: item for item in items}
        self.waiting = {i.id: i for i in self.items.values() if i.state is ItemState.WAITING}
        self.counts: dict[ItemState, int] = Counter(item.state for item in self.items.values())
        wanted = [item for item in self.items.values() if item.state.is_wanted]
        self.size = sum(item.size for item in wanted)
        self.durable = sum(item.durable for item in wanted)


@lru_cache(4096)  # there are few, and it is asked at every change of every file
def _state_of(
    intent: Intent,
    items: frozenset[ItemState] | None,
    admitted: bool,
    resolving: bool,
    failed: bool,
    described: bool,
) -> TaskState:
    how = {"admitted": admitted, "resolving": resolving, "failed": failed, "described": described}
    return derive_task_state(intent, items, **how)


class Task:
    """One model: the user's row.

    Attributes:
        id: The handle in its shortest form, or the id that the API was given.
        serial: Unique in this process; stable, for models.
        handle: What was asked for.
        selection: Which files were asked for beyond the default.
        called: The name that its description gives the model; empty for the model's own.
        intent: What the user last asked of it.
        manifest: The pinned list of files; None before it is resolved.
        items: Its files by id, in the order in which they are shown (`core.itemise.shown_order`).
        failure: Why the task as a whole cannot go on (no listing, no space); None otherwise.
        hold: Why its listing waits while RESOLVING (no network, a hub that asked for a pause), or its description
            for the disk; None otherwise.
        retry_at: Time of the next look on the monotonic clock while `hold` stands; None otherwise.
        admitted: Holds one of the parallel places.
        resolving: Its listing is being fetched.
        forced: "Start now": does not wait for a place.
        described: Its description stands beside the finished model.
        check: The verification of its finished files, while it waits or runs; None otherwise.
        moving: Its move to another models folder, while it runs; None otherwise.
        root: The models folder that it goes to.
        added_at, completed_at: Seconds since the epoch; completed_at is None before.
        state: Derived; changed only through `refresh`.
    """

    def __init__(
        self,
        task_id: str,
        handle: Handle,
        *,
        root: Path,
        added_at: float,
        selection: Selection | None = None,
        called: str = "",
    ) -> None:
        self.id = task_id
        self.serial = next(_serials)
        self.handle = handle
        self.selection = selection or Selection()
        self.called = called
        self.root = root
        self.added_at = added_at
        self.completed_at: float | None = None
        self.intent = Intent.RUN
        self.manifest: Manifest | None = None
        self.items: dict[str, Item] = {}
        self.failure: Failure | None = None
        self.hold: Failure | None = None
        self.retry_at: float | None = None
        self.admitted = False
        self.resolving = False
        self.forced = False
        self.described = False
        self.check: Check | None = None
        self.moving: Move | None = None
        self.meter = Meter()
        self.state = TaskState.QUEUED
        self.size = 0
        self.durable = 0
        self._waiting: dict[str, Item] = {}
        self._counts: dict[ItemState, int] = {}

    @property
    def public_id(self) -> str:
        """What programs call it: `name:branch` for a cortexso model, whose bare name tells no branch."""
        if self.handle.hub == "cortexso" and self.id == self.handle.repo and self.manifest is not None:
            return f"{self.id}:{self.manifest.revision}"
        return self.id

    @property
    def exact_handle(self) -> Handle:
        """What it stands for, with the branch that a bare cortexso name turned out to mean."""
        if self.handle.hub == "cortexso" and not self.handle.revision and self.manifest is not None:
            return replace(self.handle, revision=self.manifest.revision)
        return self.handle

    @property
    def name(self) -> str:
        """What the row shows."""
        return self.id

    def count(self, *states: ItemState) -> int:
        """How many items are in one of these states."""
        return sum(self._counts.get(state, 0) for state in states)

    @property
    def wanted_count(self) -> int:
        """How many items are chosen."""
        return len(self.items) - self.count(ItemState.SKIPPED)

    def wanted_items(self) -> Iterator[Item]:
        """The chosen items."""
        return (item for item in self.items.values() if item.state.is_wanted)

    def waiting_items(self) -> Iterable[Item]:
        """Items that wait for a connection, oldest first."""
        return self._waiting.values()

    @property
    def connections(self) -> int:
        """Open connections now."""
        return sum(item.connections for item in self.items.values())

    @property
    def fraction(self) -> float | None:
        """Share of the chosen bytes that is kept, 0.0 to 1.0; None while sizes are unknown."""
        if self.state is TaskState.DONE:
            return 1.0
        return min(1.0, self.durable / self.size) if self.size else None

    def rate(self, now: float) -> float:
        """Bytes a second; 0.0 when it does not run."""
        return self.meter.rate(now) if self.state.is_active else 0.0

    def eta_s(self, now: float) -> float | None:
        """Seconds to go at the present speed; None when nothing moves or sizes are unknown."""
        rate = self.rate(now)
        return (self.size - self.durable) / rate if rate > 0 and self.size else None

    # -- changes: for the engine alone -------------------------------------------------------------------

    def set_check(self, check: Check | None) -> None:
        """Note that a verification begins on the items that it names, or that none runs any more."""
        named = check if check is not None else self.check
        for item_id in named.item_ids if named is not None else ():
            if item_id in self.items:
                self.items[item_id].check = check
        self.check = check

    def set_root(self, root: Path) -> None:
        """Let it go to another models folder."""
        self.root = root
        for item in self.items.values():
            if item.place is not None:
                item.set_place(replace(item.place, root=root))

    def set_items(self, items: Iterable[Item] | Contents) -> None:
        """Take the items of the manifest; counters follow."""
        found = items if isinstance(items, Contents) else Contents(items)
        self.items, self._waiting, self._counts = found.items, found.waiting, found.counts
        self.size, self.durable = found.size, found.durable

    def move_item(self, item: Item, state: ItemState) -> bool:
        """Move an item to `state`; return whether it changed.

        Raises:
            ValueError: The move is not in the table.
        """
        old = item.state
        if state is old:
            return False
        if state not in ITEM_MOVES[old]:
            raise ValueError(f"illegal move of {item!r} to {state.value}")
        item.state = state
        self._counts[old] -= 1
        self._counts[state] = self._counts.get(state, 0) + 1
        if old is ItemState.WAITING:
            self._waiting.pop(item.id, None)
        elif state is ItemState.WAITING:
            self._waiting[item.id] = item
        if old.is_wanted != state.is_wanted:
            sign = 1 if state.is_wanted else -1
            self.size += sign * item.size
            self.durable += sign * item.durable
        return True

    def set_durable(self, item: Item, durable: int) -> bool:
        """Set the kept bytes of an item; return whether they changed."""
        delta = durable - item.durable
        if not delta:
            return False
        item.durable = durable
        if item.state.is_wanted:
            self.durable += delta
            if item.file.size is None:
                self.size += delta
        return True

    def refresh(self) -> bool:
        """Derive the state again; return whether it changed."""
        items = None if self.manifest is None else frozenset(s for s, n in self._counts.items() if n)
        is_failed = self.failure is not None
        before = self.state
        self.state = _state_of(self.intent, items, self.admitted, self.resolving, is_failed, self.described)
        return self.state is not before

    def __repr__(self) -> str:
        counts = " ".join(f"{s.value}:{n}" for s, n in self._counts.items() if n)
        return f"<Task {self.id} {self.state.value} {self.durable}/{self.size} [{counts}]>"
