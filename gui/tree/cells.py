"""What each cell shows, sorts by and feels like: pure functions of a task or an item and the time.

Knows columns, core and wording; no index and no paint. A row is a Task or an Item; `now` is the engine's clock.
"""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from core import itemise
from core.records import Manifest
from core.states import ItemState, TaskState
from core.task import Item, Task
from gui import wording
from gui.tree.columns import Column, Tone

SOURCES = {
    "huggingface": "huggingface.co",
    "cortexso": "huggingface.co",
    "modelscope": "modelscope.cn",
    "ollama": "ollama.com",
}
"""Host that is shown before the manifest names one."""

_TASK_TONES = {
    TaskState.QUEUED: Tone.STILL,
    TaskState.RESOLVING: Tone.RUNNING,
    TaskState.RUNNING: Tone.RUNNING,
    TaskState.VERIFYING: Tone.VERIFYING,
    TaskState.PAUSED: Tone.STILL,
    TaskState.DONE: Tone.DONE,
    TaskState.FAILED: Tone.FAILED,
    TaskState.CANCELLED: Tone.STILL,
}
_ITEM_TONES = {
    ItemState.WAITING: Tone.STILL,
    ItemState.CONNECTING: Tone.RUNNING,
    ItemState.TRANSFERRING: Tone.RUNNING,
    ItemState.BACKING_OFF: Tone.WAITING,
    ItemState.VERIFYING: Tone.VERIFYING,
    ItemState.PAUSED: Tone.STILL,
    ItemState.DONE: Tone.DONE,
    ItemState.SKIPPED: Tone.STILL,
    ItemState.FAILED: Tone.FAILED,
    ItemState.CANCELLED: Tone.STILL,
}
_ARRIVES = frozenset({ItemState.TRANSFERRING, ItemState.BACKING_OFF})


natural_key = lru_cache(maxsize=65536)(itemise.natural_key)
"""A key that sorts `shard-2` before `shard-10`, whatever the case."""


def tone(row: Task | Item) -> Tone:
    """Return the tone of a row; a task that only waits to retry says so, one that is verified too."""
    if isinstance(row, Item):
        return _ITEM_TONES[row.state] if row.checked_share is None else Tone.VERIFYING
    if row.check is not None:
        return Tone.VERIFYING
    if row.state is TaskState.RUNNING and wording.next_retry(row) is not None:
        return Tone.WAITING
    return _TASK_TONES[row.state]


def permille(row: Task | Item) -> int | None:
    """Return the kept share, 0..1000, 1000 only when all is there; None while it is unknown.

    While finished files are verified: the share that is read.
    """
    if isinstance(row, Task):
        if row.check is not None:
            return int(row.check.fraction * 1000)
        fraction = row.fraction
        if fraction is None:
            return None if row.state is TaskState.RESOLVING else 0
        return int(fraction * 1000)
    if (share := row.checked_share) is not None:
        return int(share * 1000)
    if row.state is ItemState.DONE:
        return 1000
    if row.file.size is None:
        return None if row.state.is_running else 0
    return min(1000, row.durable * 1000 // row.file.size) if row.file.size else 0


def rate(row: Task | Item, now: float) -> float | None:
    """Return the speed in bytes a second where one is expected; None elsewhere."""
    if isinstance(row, Task):
        return row.rate(now) if row.state is TaskState.RUNNING else None
    return row.rate(now) if row.state in _ARRIVES else None


def eta_s(row: Task | Item, now: float) -> float | None:
    """Return the seconds to go at the present speed; None where nothing moves."""
    if isinstance(row, Task):
        return row.eta_s(now) if row.state is TaskState.RUNNING else None
    speed = rate(row, now)
    return max(0, row.file.size - row.durable) / speed if speed and row.file.size is not None else None


def known_size(row: Task | Item) -> int | None:
    """Return the bytes of a row; None where the hub did not say (yet)."""
    if isinstance(row, Item):
        return row.file.size if row.file.size is not None else (row.durable or None)
    return row.size if row.size or row.items else None


def source(row: Task | Item) -> str:
    """Return the host that a row comes from."""
    if isinstance(row, Item):
        return row.host
    if row.manifest is not None and row.manifest.hub_label:
        return row.manifest.hub_label
    return SOURCES.get(row.handle.hub, row.handle.hub)


def revision(row: Task | Item) -> str:
    """Return revision and commit of a task: `main @ 5ab33fa`."""
    if isinstance(row, Item):
        return ""
    if row.manifest is None:
        return row.handle.revision
    commit = row.manifest.commit.strip('"')[:7]
    name = branch(row.manifest)
    return f"{name} @ {commit}" if name and commit else name or commit


def branch(manifest: Manifest) -> str:
    """Return the revision of a manifest by its name; a direct file has none."""
    return manifest.revision or ("main" if manifest.hub == "huggingface" else "")


def saved_in(row: Task | Item) -> Path | None:
    """Return the folder of a row; None before it is known."""
    if isinstance(row, Item):
        return None if row.local_path is None else row.local_path.parent
    return None if row.manifest is None else row.root / row.manifest.folder


def sha256(row: Task | Item) -> str:
    """Return the SHA-256 of a file in hex; empty where the hub publishes none."""
    if isinstance(row, Task) or not row.file.hash.startswith("sha256:"):
        return ""
    return row.file.hash.removeprefix("sha256:")


def retries(row: Task | Item) -> int:
    """Return the tries that ended with an error."""
    return row.retries if isinstance(row, Item) else sum(item.retries for item in row.items.values())


def name(row: Task | Item) -> str:
    """Return the name of a task, the path of an item."""
    return row.id if isinstance(row, Item) else row.name


def status(row: Task | Item, now: float, first: bool) -> str:
    """Return the status in words."""
    return wording.item_status(row, now) if isinstance(row, Item) else wording.task_status(row, now, first=first)


def live_values(row: Task | Item, now: float, first: bool) -> tuple[object, ...]:
    """Return what `LIVE_ORDER` shows of a row, raw: where two tuples are equal the row looks the same."""
    speed, left, share = rate(row, now), eta_s(row, now), permille(row)
    return (
        known_size(row),
        (share, tone(row)),
        status(row, now, first),
        None if speed is None else round(speed),
        None if left is None else round(left),
        row.durable,
        row.connections,
        retries(row),
    )


LIVE_ORDER = (
    Column.SIZE, Column.PROGRESS, Column.STATUS, Column.SPEED,
    Column.TIME_LEFT, Column.DOWNLOADED, Column.CONNECTIONS, Column.RETRIES,
)  # fmt: skip

_TEXTS: dict[Column, Callable[[Task | Item, float, bool], str]] = {
    Column.NAME: lambda row, now, first: wording.one_line(name(row)),
    Column.SIZE: lambda row, now, first: wording.size(known_size(row)),
    Column.PROGRESS: lambda row, now, first: wording.percent(permille(row)),
    Column.STATUS: status,
    Column.SPEED: lambda row, now, first: "" if (r := rate(row, now)) is None else wording.speed(r),
    Column.TIME_LEFT: lambda row, now, first: wording.duration(eta_s(row, now)),
    Column.SOURCE: lambda row, now, first: wording.one_line(source(row)),
    Column.ADDED: lambda row, now, first: "" if isinstance(row, Item) else wording.date(row.added_at),
    Column.DOWNLOADED: lambda row, now, first: wording.size(row.durable),
    Column.CONNECTIONS: lambda row, now, first: str(row.connections or ""),
    Column.REVISION: lambda row, now, first: wording.one_line(revision(row)),
    Column.SAVED_IN: lambda row, now, first: wording.one_line(wording.folder(saved_in(row))),
    Column.COMPLETED: lambda row, now, first: "" if isinstance(row, Item) else wording.date(row.completed_at),
    Column.SHA256: lambda row, now, first: sha256(row),
    Column.RETRIES: lambda row, now, first: str(retries(row) or ""),
}

STATUS_ORDER = (Tone.RUNNING, Tone.VERIFYING, Tone.WAITING, Tone.STILL, Tone.FAILED, Tone.DONE)
"""How the status column sorts: what moves comes first."""

_SORTS: dict[Column, Callable[[Task | Item, float], Any]] = {
    Column.NAME: lambda row, now: natural_key(name(row)),
    Column.SIZE: lambda row, now: known_size(row),
    Column.PROGRESS: lambda row, now: permille(row),
    Column.STATUS: lambda row, now: STATUS_ORDER.index(tone(row)),
    Column.SPEED: rate,
    Column.TIME_LEFT: eta_s,
    Column.SOURCE: lambda row, now: source(row) or None,
    Column.ADDED: lambda row, now: None if isinstance(row, Item) else row.added_at,
    Column.DOWNLOADED: lambda row, now: row.durable,
    Column.CONNECTIONS: lambda row, now: row.connections,
    Column.REVISION: lambda row, now: revision(row) or None,
    Column.SAVED_IN: lambda row, now: wording.folder(saved_in(row)) or None,
    Column.COMPLETED: lambda row, now: None if isinstance(row, Item) else row.completed_at,
    Column.SHA256: lambda row, now: sha256(row) or None,
    Column.RETRIES: lambda row, now: retries(row),
}


def text(row: Task | Item, column: Column, now: float, *, first: bool = False) -> str:
    """Return the words of a cell; `first`: the task is next in the queue."""
    return _TEXTS[column](row, now, first)


def sort_value(row: Task | Item, column: Column, now: float) -> Any:
    """Return the raw value that a column sorts by; None sorts last."""
    return _SORTS[column](row, now)


def tooltip(row: Task | Item, column: Column, now: float) -> str:
    """Return the whole name, or the whole failure; empty for a plain tooltip-less cell."""
    if column is Column.STATUS:
        failed = row.failure if isinstance(row, Item) else wording.task_failure(row)
        return wording.failure_whole(failed) if failed else text(row, column, now)
    if column in (Column.NAME, Column.SAVED_IN, Column.SHA256, Column.REVISION, Column.SOURCE):
        return text(row, column, now)
    return ""
