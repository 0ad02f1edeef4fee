"""What the overview says about a model or a file: pure functions from a row to texts.

Knows core.task and the wording; no widget. Values hold names from hubs: they are shown as plain text on one line.
"""

from msgspec import Struct

from core.errors import Failure
from core.states import ItemState
from core.task import Item, Task
from gui import wording, wording_access
from gui import wording_details as words
from gui.outside import saved_in
from gui.steering import is_done
from gui.tree import cells

COMMIT_CHARS = 7
OF_THE_FOLDER = frozenset({"DiskFull", "DiskAway", "NotWritable", "TooLarge"})
CORTEX_HUB = "cortex.so"


class Fact(Struct, frozen=True):
    """One labelled value; `key` is one of `wording_details.label`."""

    key: str
    value: str


def facts(task: Task, item: Item | None, now: float, *, average: float | None = None) -> list[Fact]:
    """Return the six facts of a row: downloaded, left or status, saved, source, revision, hash or files.

    `now` is the engine's clock, `average` the mean speed seen lately in bytes a second.
    """
    row = task if item is None else item
    rate = row.rate(now)
    return [
        Fact("downloaded", _downloaded(task, item)),
        _left(task, item, rate, now, average),
        Fact("saved", wording.folder(saved_in(task, item))),
        Fact("source", _source(task, item)),
        Fact("revision", _revision(task)),
        _hash(task) if item is None else _hash_of(item),
    ]


def _downloaded(task: Task, item: Item | None) -> str:
    if item is None:
        return words.of(wording.size(task.durable), wording.size(task.size)) if task.items else "—"
    if item.file.size is None and not is_done(item):
        return words.so_far(wording.size(item.durable))
    return words.of(wording.size(item.durable), wording.size(item.size))


def _left(task: Task, item: Item | None, rate: float, now: float, average: float | None) -> Fact:
    """Return the time to go, or the status where nothing arrives."""
    if not rate:
        return Fact("status", wording.task_status(task, now) if item is None else wording.item_status(item, now))
    row = task if item is None else item
    known = item is None or item.file.size is not None
    seconds = (row.size - row.durable) / rate if known and row.size else None
    mean = wording.speed(average) if average else ""
    return Fact("left", words.time_left(wording.duration(seconds), wording.speed(rate), mean))


def _source(task: Task, item: Item | None) -> str:
    label = task.manifest.hub_label if task.manifest is not None else ""
    items = task.items.values() if item is None else (item,)
    hosts = {one.host for one in items if one.host and one.connections}
    open_now = sum(one.connections for one in items)
    parts = [label or (item.host if item is not None else "") or _hub_name(task)]
    if len(hosts) > 1:
        parts.append(words.hosts(len(hosts)))
    elif hosts and hosts != {parts[0]}:
        parts.append(next(iter(hosts)))
    if open_now:
        parts.append(words.connections(open_now))
    return wording.one_line(" · ".join(part for part in parts if part))


def _hub_name(task: Task) -> str:
    return {**cells.SOURCES, "cortexso": CORTEX_HUB}.get(task.handle.hub, "")


def _revision(task: Task) -> str:
    if task.manifest is None:
        return wording.one_line(task.handle.revision)
    commit = task.manifest.commit.strip('"')[:COMMIT_CHARS]
    return wording.one_line(words.revision(cells.branch(task.manifest), commit))


def _hash(task: Task) -> Fact:
    wanted = task.wanted_count
    if wanted == 1:
        return _hash_of(next(task.wanted_items()))
    if not wanted:
        return Fact("files", "—")
    return Fact("files", words.files_done(task.count(ItemState.DONE), wanted, task.count(ItemState.SKIPPED)))


def _hash_of(item: Item) -> Fact:
    kind, _, digest = item.file.hash.partition(":")
    key = "git_hash" if kind == "git-sha1" else "hash"
    if not digest:
        return Fact(key, words.hash_state("none"))
    state = "verified" if is_done(item) else "arriving" if item.state.is_running else "later"
    return Fact(key, f"{digest}  {words.hash_state(state)}")


def trouble(task: Task, item: Item | None, now: float) -> list[Fact]:
    """Return what went wrong in four parts; empty where nothing did.

    A waiting file counts too: its failure says why it waits, `next` when it is tried again.
    """
    failure, retry_at = _failure(task, item)
    if failure is None:
        return []
    row = task if item is None else item
    found = [Fact("happened", failure.message), Fact("means", failure.meaning), Fact("do", failure.action)]
    if retry_at is not None:
        left = retry_at - now
        text = words.next_try(wording.duration(max(1.0, left))) if left > 0 else words.next_try_now()
        found.append(Fact("next", text))
    elif row.state.is_final:
        found.append(Fact("next", wording_access.goes_on(failure.kind) or words.next_try_asked()))
    return [Fact(fact.key, wording.one_line(fact.value)) for fact in found if fact.value]


def wants_folder(task: Task, item: Item | None) -> bool:
    """Tell whether what stands in the way of a row would not in another folder."""
    failure, _ = _failure(task, item)
    return failure is not None and failure.kind in OF_THE_FOLDER


def _failure(task: Task, item: Item | None) -> tuple[Failure | None, float | None]:
    """Return the failure of a row, and when it is tried again."""
    if item is not None:
        return item.failure, item.retry_at
    if task.failure is not None or task.count(ItemState.FAILED):
        return wording.task_failure(task), None
    if task.hold is not None:
        return task.hold, task.retry_at
    waiting = wording.next_retry(task)
    return (None, None) if waiting is None else (waiting.failure, waiting.retry_at)
