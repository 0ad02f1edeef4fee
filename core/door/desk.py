"""Does what other commands ask of an engine: what there is, pause, resume, cancel, repair. Knows no socket.

The same desk answers through a door and, over a still engine, where no process holds the data folder.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from core.description import DescribedFile
from core.door.errand import Step
from core.door.rest import Rest
from core.engine import Engine
from core.errors import CommandRefused, UnsupportedHandle
from core.handles import format_handle, parse_handle
from core.task import Task
from core.verify import Target, targets_at

IDS_SHOWN = 8
LIST_THEM = "'pulley list' shows what there is."


class Desk:
    """Answers for one engine; `rest` where it did not load all that is stored."""

    def __init__(self, engine: Engine, rest: Rest | None = None) -> None:
        self.engine = engine
        self.rest = rest

    async def tasks(self) -> list[Task]:
        """Return every task.

        Raises:
            StoreError: They cannot be read.
        """
        others = [] if self.rest is None else await self.rest.tasks()
        return [*self.engine.tasks, *others]

    async def steer(self, command: str, text: str, *, short: str = "", keep_parts: bool = False) -> Task:
        """Pause, resume or cancel the task that `text` names, and return it; `short` is the handle that it may be.

        Raises:
            CommandRefused: There is no such task, or it cannot be done in its state.
            StoreError: The stored tasks cannot be read.
        """
        found = find_task(text, await self.tasks(), short=short)
        came = await self.rest.fetch({found.id: None}) if self.rest is not None else set()
        task = self.engine.task(found.id)
        if command == "pause":
            self.engine.pause(task.id)
        elif command == "cancel":
            self.engine.cancel(task.id, keep_parts=keep_parts)
        elif not (task.id in came and task.state.is_live):  # what was only stored goes on once it is loaded
            self.engine.resume(task.id)
        return task

    def repair_step(self, target: Target, paths: Sequence[str]) -> Step:
        """Return the step that fetches these files of a described model again."""
        described = target.description

        async def start() -> str:
            if self.rest is not None:
                await self.rest.fetch({described.model: None, described.handle: None})
            return self.engine.repair_described(target, paths)

        return Step(described.model, start)

    async def repair_steps(self, models: Sequence[dict[str, Any]]) -> list[Step]:
        """Return the steps of a repair as it comes through the door: folder, name and files.

        A file is its path, with what it should be where the description is not to be believed.

        Raises:
            CommandRefused: A description has gone, or does not name these files.
            ValueError, KeyError, TypeError: The request makes no sense.
        """
        steps = []
        for model in models:
            path = Path(str(model["folder"])) / str(model["name"])
            paths = [file if isinstance(file, str) else str(file[0]) for file in model["files"]]
            right = {file[0]: DescribedFile(*file) for file in model["files"] if not isinstance(file, str)}
            found = await asyncio.to_thread(targets_at, path, self.engine.root)
            target = next((target for target in found if target.name == path.name), None)
            if target is None or not set(paths) <= target.description.paths:
                raise CommandRefused(f"{path} does not describe these files any more", action="Verify it again.")
            files = tuple(right.get(file.path, file) for file in target.description.files)
            target = replace(target, description=replace(target.description, files=files))
            steps.append(self.repair_step(target, paths))
        return steps


def find_task(text: str, tasks: Sequence[Task], *, short: str = "") -> Task:
    """Return the task that a person means: by its id, then whatever the case, then by its handle.

    `short` is the short form of what was typed; empty where that is no handle.

    Raises:
        CommandRefused: None is meant, or more than one.
    """
    for found in (
        [task for task in tasks if task.id == text],
        [task for task in tasks if task.id.casefold() == text.casefold()],
        _by_handle(short, tasks),
    ):
        if len(found) == 1:
            return found[0]
        if found:
            raise CommandRefused(f"{text!r} may be {_ids(found)}", action="Name one of them.")
    there = f"; there is {_ids(tasks)}" if tasks else "; the list is empty"
    raise CommandRefused(f"No download is called {text!r}{there}", action=LIST_THEM)


def _by_handle(short: str, tasks: Sequence[Task]) -> list[Task]:
    try:
        handle = parse_handle(short)
    except UnsupportedHandle:
        return []
    found = [task for task in tasks if task.id == short or format_handle(task.handle) == short]
    if not found and handle.hub == "cortexso" and not handle.revision:
        found = [task for task in tasks if (task.handle.hub, task.handle.repo) == (handle.hub, handle.repo)]
    return found


def _ids(tasks: Sequence[Task]) -> str:
    shown = ", ".join(task.id for task in tasks[:IDS_SHOWN])
    return shown + (f" and {len(tasks) - IDS_SHOWN} more" if len(tasks) > IDS_SHOWN else "")
