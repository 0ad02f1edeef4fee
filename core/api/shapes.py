"""The Task object of replies and events, from a task. Pure.

Built as text, since a task may have ten thousand items: a `TaskText` keeps what did not change. `task_json` is the
same as a value.
"""

import json
import os
from itertools import islice
from json.encoder import encode_basestring_ascii as quoted
from pathlib import Path
from typing import Any
from urllib.parse import quote

from core.errors import Failure
from core.paths import model_folder
from core.records import Destination
from core.states import ItemState, TaskState
from core.task import Item, Task

NO_CHECKSUM = "N/A"
TYPE = "Model"


class TaskText:
    """The Task object of one task, built again only where something changed.

    Whoever keeps one tells it through `touch` which items changed; ten thousand items then cost as much as a few.
    """

    def __init__(self, task: Task) -> None:
        self._task = task
        self._frame: _Frame | None = None
        self._texts: dict[str, str] = {}
        self._dirty: set[str] = set()

    def touch(self, item_id: str) -> None:
        """An item changed."""
        self._dirty.add(item_id)

    def reset(self) -> None:
        """The task has other items now."""
        self._frame = None
        self._texts.clear()
        self._dirty.clear()

    def prepare(self, count: int) -> bool:
        """Build the next `count` items that were never built; return whether there are more."""
        frame = self._framed()
        missing = islice((item for item in self._task.items.values() if item.id not in self._texts), count)
        for item in list(missing):
            self._texts[item.id] = frame.item(item)
        return len(self._texts) < len(self._task.items)

    def text(self, now: float, *, state: TaskState | None = None) -> str:
        """Return the Task object as JSON in one line, ASCII only; `state` overrules the task's own."""
        frame, items = self._framed(), self._task.items
        while self.prepare(len(items)):
            pass
        for item_id in self._dirty:
            if item_id in items:
                self._texts[item_id] = frame.item(items[item_id])
        self._dirty.clear()
        return frame.task(", ".join(filter(None, self._texts.values())), now, state)

    def _framed(self) -> "_Frame":
        if self._frame is None:
            self._frame = _Frame(self._task)
        return self._frame


def task_text(task: Task, now: float) -> str:
    """Return the Task object as JSON in one line, ASCII only."""
    return TaskText(task).text(now)


def task_json(task: Task, now: float) -> dict[str, Any]:
    """Return the Task object as a value."""
    value: dict[str, Any] = json.loads(task_text(task, now))
    return value


class _Frame:
    """What all items of a task share: the folder, and the commit in their addresses."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._folder = _folder(task)
        self._pinned, self._asked = _addresses(task)

    def item(self, item: Item) -> str:
        """Return the object of an item; empty for one that is left out."""
        if not item.state.is_wanted:
            return ""
        size = item.size if item.state is ItemState.DONE else item.file.size or 0
        path = "" if item.place is None else self._folder + item.id.replace("/", os.sep)
        url = item.file.url
        if self._pinned:
            url = url.replace(self._pinned, self._asked, 1)
        return (
            f'{{"id": {quoted(item.id)}, "bytes": {size}, "downloadedBytes": {item.durable}, '
            f'"checksum": {quoted(item.file.hash or NO_CHECKSUM)}, "downloadUrl": {quoted(url)}, '
            f'"localPath": {quoted(path)}, "state": "{item.state.value}", '
            f'"error": {_error_text(item.failure, self._task)}}}'
        )

    def task(self, items: str, now: float, state: TaskState | None) -> str:
        """Return the object of the task around those of its items."""
        task = self._task
        eta = task.eta_s(now)
        return (
            f'{{"id": {quoted(task.public_id)}, "type": "{TYPE}", "items": [{items}], '
            f'"state": "{(state or task.state).value}", "bytesPerSecond": {round(task.rate(now))}, '
            f'"etaSeconds": {"null" if eta is None else round(eta)}, '
            f'"error": {_error_text(_failure_of(task), task)}}}'
        )


def _folder(task: Task) -> str:
    """Return the folder of the model with a final separator; its names were checked when the items were made."""
    if task.manifest is None:
        return ""
    return os.path.join(model_folder(Destination(task.root, task.manifest.folder)), "")


def _addresses(task: Task) -> tuple[str, str]:
    """Return what stands for the pinned commit in addresses, and what was asked for; empty where neither does."""
    manifest = task.manifest
    if manifest is None or not manifest.commit or manifest.hub == "direct":
        return "", ""
    revision = quote(manifest.revision or "main", safe="")
    return f"/resolve/{quote(manifest.commit, safe='')}/", f"/resolve/{revision}/"


def _failure_of(task: Task) -> Failure | None:
    """Return why a task cannot go on: its own reason, else that of its first failed file."""
    if task.failure is not None or task.hold is not None:
        return task.failure or task.hold
    if task.state is not TaskState.FAILED:
        return None
    return next((i.failure for i in task.items.values() if i.state is ItemState.FAILED and i.failure), None)


def _error_text(failure: Failure | None, task: Task) -> str:
    return "null" if failure is None else json.dumps(error_json(failure, task.root))


def error_json(failure: Failure, root: Path) -> dict[str, str]:
    """Return `{kind, message, action}`, with no folder of this machine in it."""
    return {
        "kind": failure.kind,
        "message": without_folders(failure.message, root),
        "action": without_folders(failure.action, root),
    }


def without_folders(text: str, root: Path) -> str:
    """Return a message without the models folder and the home folder: a client learns nothing of the machine."""
    for folder, instead in ((f"{root}{os.sep}", ""), (str(root), "the models folder"), (str(Path.home()), "~")):
        if len(folder) > 1:
            text = text.replace(folder, instead)
    return text
