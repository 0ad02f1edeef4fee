"""Every text of the tree and the left bar, and every size, number, duration and date that a person reads.

Texts go through Qt's translation (context `Tree`), figures through QLocale in decimal units. Reads tasks, items and
failures; paints nothing and changes nothing.
"""

import re
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QDateTime, QLocale

from core.errors import ACCESS, Failure
from core.patterns import pattern
from core.states import ItemState, TaskState
from core.task import Item, Move, Task
from gui import wording_access
from gui.filters import StatusGroup
from gui.tree.columns import Column

translate = QCoreApplication.translate

# Control signs, and signs that turn the direction of writing: a file name must not repaint its row.
_UNSEEN = pattern("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def fill(text: str, *values: str) -> str:
    """Put values in place of %1, %2, ... in one pass, so that a `%` inside a value does no harm."""
    return re.sub(r"%(\d)", lambda m: values[int(m[1]) - 1] if int(m[1]) <= len(values) else m[0], text)


def plural(text: str, count: int) -> str:
    """Finish a translated plural: the English source says `file(s)`, and no translation file belongs to English."""
    return text.replace("(s)", "" if count == 1 else "s")


def one_line(text: str) -> str:
    """Return a hub's text fit for one line: no line breaks, control signs or direction marks."""
    return _UNSEEN.sub(" ", text)


# -- figures -----------------------------------------------------------------------------------------------


def size(count: int | None) -> str:
    """Return bytes with three figures in decimal units: `2.02 GB`, `669 MB`, `1.1 kB`; a dash where unknown."""
    if count is None:
        return "—"
    if count < 1000:
        return fill(translate("Tree", "%1 B"), QLocale().toString(count))
    power, value = 0, float(count)
    while value >= 1000:
        value /= 1000
        power += 1
    digits = _digits(value, power)
    if round(value, digits) >= 1000:  # 999.7 kB reads 1.0 MB, not 1,000 kB
        count, digits = 1000 ** (power + 1), 1
    return QLocale().formattedDataSize(count, digits, QLocale.DataSizeFormat.DataSizeSIFormat)


def _digits(value: float, power: int) -> int:
    if value >= 100:
        return 0
    return 1 if value >= 10 or power == 1 else 2


def speed(rate: float) -> str:
    """Return bytes a second as `48.2 MB/s`."""
    return fill(translate("Tree", "%1/s"), size(round(rate)))


def percent(permille: int | None) -> str:
    """Return `71%`, rounded down so that 100% means all; empty where unknown."""
    if permille is None:
        return ""
    return fill(translate("Tree", "%1%"), QLocale().toString(permille // 10))


def duration(seconds: float | None) -> str:
    """Return a time to go in at most two units: `12 s`, `8 min`, `1 h 5 min`, `2 d 3 h`; empty where unknown."""
    if seconds is None:
        return ""
    left = max(0, round(seconds))
    number = QLocale().toString
    if left < 60:
        return fill(translate("Tree", "%1 s"), number(left))
    if left < 3600:
        return fill(translate("Tree", "%1 min"), number(left // 60))
    if left < 86400:
        return fill(translate("Tree", "%1 h %2 min"), number(left // 3600), number(left % 3600 // 60))
    if left < 100 * 86400:
        return fill(translate("Tree", "%1 d %2 h"), number(left // 86400), number(left % 86400 // 3600))
    return translate("Tree", "> 100 d")


def date(epoch_s: float | None) -> str:
    """Return a short date and time of the locale; empty for None."""
    if epoch_s is None:
        return ""
    moment = QDateTime.fromSecsSinceEpoch(int(epoch_s))
    return QLocale().toString(moment, QLocale.FormatType.ShortFormat)


def folder(path: Path | None) -> str:
    """Return a folder, the home folder as `~`."""
    if path is None:
        return ""
    try:
        return f"~/{path.relative_to(Path.home()).as_posix()}"
    except (ValueError, RuntimeError):  # outside the home folder; no home folder
        return str(path)


def connections(count: int) -> str:
    """Return `8 connections`."""
    return plural(translate("Tree", "%n connection(s)", "", count), count)


# -- statuses ----------------------------------------------------------------------------------------------


def task_status(task: Task, now: float, *, first: bool = False) -> str:
    """Return what a model's row says about itself; `first`: next in the queue. `now` is the engine's clock."""
    if task.moving is not None:
        return _moving(task.moving)
    if task.check is not None:
        return _verifying(task.check.checked, task.check.total) if task.check.has_begun else _waits_to_verify()
    if task.hold is not None and task.state.is_live:
        return _retrying(task.hold, task.retry_at, now)
    match task.state:
        case TaskState.QUEUED:
            return translate("Tree", "Queued · starts next") if first else translate("Tree", "Queued")
        case TaskState.RESOLVING:
            return translate("Tree", "Fetching file list")
        case TaskState.RUNNING:
            return _running(task, now)
        case TaskState.VERIFYING:
            return _verifying(*verified(task))
        case TaskState.PAUSED:
            return _with_failed(translate("Tree", "Paused"), task)
        case TaskState.DONE:
            hashed = all(item.file.hash for item in task.wanted_items())
            return translate("Tree", "Completed · verified") if hashed else _size_only()
        case TaskState.FAILED:
            return _damaged(task) or failure(task_failure(task))
        case _:
            return translate("Tree", "Cancelled")


def item_status(item: Item, now: float) -> str:
    """Return what a file's row says about itself."""
    if (share := item.checked_share) is not None:
        return _verifying(int(share * 1000), 1000)
    match item.state:
        case ItemState.WAITING:
            return translate("Tree", "Queued")
        case ItemState.CONNECTING:
            return translate("Tree", "Connecting")
        case ItemState.TRANSFERRING:
            return _downloading(item, now)
        case ItemState.BACKING_OFF:
            return _retrying(item.failure, item.retry_at, now)
        case ItemState.VERIFYING:
            return _verifying(item.checked, item.size)
        case ItemState.PAUSED:
            return translate("Tree", "Paused")
        case ItemState.DONE:
            return translate("Tree", "Verified") if item.file.hash else _size_only()
        case ItemState.SKIPPED:
            return translate("Tree", "Not chosen")
        case ItemState.FAILED:
            return failure(item.failure)
        case _:
            return translate("Tree", "Cancelled")


def _running(task: Task, now: float) -> str:
    """Sum up a running task; where nothing can arrive, say why and what happens next."""
    if task.wanted_count == 1:
        return item_status(next(task.wanted_items()), now)
    done, count = task.count(ItemState.DONE), task.wanted_count
    text = translate("Tree", "%1 of %n file(s)", "", count)
    text = _with_failed(fill(plural(text, count), QLocale().toString(done)), task)
    if (waiting := next_retry(task)) is not None:
        return fill(translate("Tree", "%1 · %2"), text, _retrying(waiting.failure, waiting.retry_at, now))
    return text


def _with_failed(text: str, task: Task) -> str:
    if not (failed := task.count(ItemState.FAILED)):
        return text
    return fill(translate("Tree", "%1 · %2 failed"), text, QLocale().toString(failed))


def _downloading(item: Item, now: float) -> str:
    if item.meter is not None and item.meter.total and not item.rate(now):
        return translate("Tree", "Downloading · waiting for data")
    if not item.connections:
        return translate("Tree", "Downloading")
    return fill(translate("Tree", "Downloading · %1"), connections(item.connections))


def _retrying(why: Failure | None, retry_at: float | None, now: float) -> str:
    reason = one_line(why.message) if why else translate("Tree", "no connection")
    left = 0.0 if retry_at is None else retry_at - now
    if left <= 0:
        return fill(translate("Tree", "Retrying now (%1)"), reason)
    return fill(translate("Tree", "Retrying in %1 (%2)"), duration(max(1.0, left)), reason)


def _verifying(checked: int, whole: int) -> str:
    share = min(100, checked * 100 // whole) if whole else 0
    return fill(translate("Tree", "Verifying %1 %"), QLocale().toString(share))


def _moving(move: Move) -> str:
    share = min(100, move.moved * 100 // move.total) if move.total else 0
    return fill(translate("Tree", "Moving to another folder · %1 %"), QLocale().toString(share))


def _waits_to_verify() -> str:
    return translate("Tree", "Waiting to be verified")


def _damaged(task: Task) -> str:
    """Sum up a complete model in which several files were found damaged; empty where that is not why it failed."""
    count = sum(item.is_damaged for item in task.items.values())
    if count < 2 or task.failure is not None:
        return ""
    return plural(translate("Tree", "Failed: %n file(s) damaged or missing", "", count), count)


def _size_only() -> str:
    return translate("Tree", "Completed · size only")


def verified(task: Task) -> tuple[int, int]:
    """Return (bytes checked, bytes to check) over the files that are being verified."""
    checked = whole = 0
    for item in task.items.values():
        if item.state is ItemState.VERIFYING:
            checked, whole = checked + item.checked, whole + item.size
    return checked, whole


def next_retry(task: Task) -> Item | None:
    """Return the file that is tried next where a running task only waits to retry; None where anything works."""
    waiting = task.count(ItemState.BACKING_OFF)
    if not waiting or task.count(ItemState.CONNECTING, ItemState.TRANSFERRING, ItemState.VERIFYING):
        return None
    items = (item for item in task.items.values() if item.state is ItemState.BACKING_OFF)
    return min(items, key=lambda item: item.retry_at or 0.0)


def task_failure(task: Task) -> Failure | None:
    """Return why a task failed: its own failure, or that of its first failed file."""
    if task.failure is not None:
        return task.failure
    failed = (item for item in task.items.values() if item.state is ItemState.FAILED)
    return next((item.failure for item in failed), None)


def failure(reason: Failure | None) -> str:
    """Return a failure in one line."""
    if reason is None:
        return translate("Tree", "Failed")
    if needed := wording_access.needs(reason.kind):
        return needed
    if reason.kind == "Damaged":
        return translate("Tree", "Failed: the file is damaged")
    if reason.kind == "Missing":
        return translate("Tree", "Failed: the file is missing")
    needs = reason.kind in ACCESS
    text = translate("Tree", "Needs access: %1") if needs else translate("Tree", "Failed: %1")
    return fill(text, one_line(reason.message))


def failure_whole(reason: Failure) -> str:
    """Return a failure as a paragraph: what happened, what it means, what to do."""
    return "\n".join(one_line(part) for part in (reason.message, reason.meaning, reason.action) if part)


# -- titles ------------------------------------------------------------------------------------------------


def column_title(column: Column) -> str:
    """Return the title of a column."""
    match column:
        case Column.NAME:
            return translate("Tree", "Name")
        case Column.SIZE:
            return translate("Tree", "Size")
        case Column.PROGRESS:
            return translate("Tree", "Progress")
        case Column.STATUS:
            return translate("Tree", "Status")
        case Column.SPEED:
            return translate("Tree", "Speed")
        case Column.TIME_LEFT:
            return translate("Tree", "Time left")
        case Column.SOURCE:
            return translate("Tree", "Source")
        case Column.ADDED:
            return translate("Tree", "Added")
        case Column.DOWNLOADED:
            return translate("Tree", "Downloaded")
        case Column.CONNECTIONS:
            return translate("Tree", "Connections")
        case Column.REVISION:
            return translate("Tree", "Revision")
        case Column.SAVED_IN:
            return translate("Tree", "Saved in")
        case Column.COMPLETED:
            return translate("Tree", "Completed")
        case Column.SHA256:
            return translate("Tree", "SHA-256")
        case Column.RETRIES:
            return translate("Tree", "Retries")


def group_title(group: StatusGroup) -> str:
    """Return the title of a line of the status filter."""
    match group:
        case StatusGroup.ALL:
            return translate("Tree", "All")
        case StatusGroup.DOWNLOADING:
            return translate("Tree", "Downloading")
        case StatusGroup.QUEUED:
            return translate("Tree", "Queued")
        case StatusGroup.PAUSED:
            return translate("Tree", "Paused")
        case StatusGroup.COMPLETED:
            return translate("Tree", "Completed")
        case StatusGroup.FAILED:
            return translate("Tree", "Failed")


def group_spoken(group: StatusGroup, count: int) -> str:
    """Return a line of the status filter for a screen reader: `Downloading, 2 models`."""
    models = plural(translate("Tree", "%n model(s)", "", count), count)
    return fill(translate("Tree", "%1, %2"), group_title(group), models)


def tree_name() -> str:
    """Return the accessible name of the tree."""
    return translate("Tree", "Downloads")


def status_filter_name() -> str:
    """Return the accessible name of the status filter."""
    return translate("Tree", "Show downloads by status")


def fit_columns() -> str:
    """Return the header menu's entry that fits the columns into the window."""
    return translate("Tree", "Fit columns")


def reset_columns() -> str:
    """Return the header menu's entry that brings back the first layout."""
    return translate("Tree", "Reset columns")


def queue_order() -> str:
    """Return the header menu's entry that ends sorting."""
    return translate("Tree", "Sort by queue order")


def cannot_leave_out_all() -> str:
    """Return why a whole model cannot be unchecked."""
    return translate("Tree", "At least one file has to stay chosen. To stop the model, pause or remove it.")
