"""The routes that pull: start, list, steer, and what a handle stands for.

Nothing is added before its files are known: a request that is refused leaves no trace in the list and no event.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from core.api.events import Events
from core.api.models import Models
from core.api.replies import BAD_REQUEST, Reply, json_reply, refused
from core.api.shapes import error_json, without_folders
from core.commands import Command
from core.engine import Engine
from core.errors import CommandRefused, DownloadError, NotFound, UnsupportedHandle
from core.handles import format_handle, parse_handle, with_revision
from core.listings import Prepared
from core.patterns import pattern
from core.records import Handle, Selection
from core.states import TaskState
from core.task import Task

NOT_UNDERSTOOD = "Invalid model handle or not supported!"
STARTED = "Model start downloading!"
COMPLETE = "Please delete the model before downloading again"
NO_TASK = "Task not found"
OTHERS_ID = "This id belongs to another model"
ID_CHARS_MAX = 256
ITEMS_AT_ONCE = 500  # told between two turns of the loop

_ID = pattern(r"[A-Za-z0-9._:/@-]+")


class Pulls:
    """Answers for one engine; `endpoint` is the hub whose links count as Hugging Face's."""

    def __init__(self, engine: Engine, events: Events, models: Models, *, endpoint: str = "") -> None:
        self._engine = engine
        self._events = events
        self._models = models
        self._endpoint = endpoint

    # -- starting ----------------------------------------------------------------------------------------

    async def pull(self, body: dict[str, Any]) -> Reply:
        """Add a model, or set one going again that stands still."""
        if "model" not in body:
            return refused("No model field in request body", 409)
        if not body["model"]:
            return BAD_REQUEST
        task_id = body.get("id", "")
        if "id" in body and not is_task_id(task_id):
            return refused("id may hold letters, digits and ._:/@- only, no '..' part, and not begin with pull/")
        try:
            handle = parse_handle(body["model"], endpoint=self._endpoint)
        except UnsupportedHandle:
            return refused(NOT_UNDERSTOOD)
        if handle.from_link:
            return refused(NOT_UNDERSTOOD)  # a link asks a person first, and there is none here
        try:
            handle = with_revision(handle, body.get("revision", ""))
        except UnsupportedHandle as error:
            return refused(error.message)
        selection = Selection(globs=tuple(body.get("files", ())))
        return await self._pull(handle, selection, task_id, body)

    async def _pull(self, handle: Handle, selection: Selection, task_id: str, body: dict[str, Any]) -> Reply:
        names_files = "files" in body
        standing = self._standing(handle, task_id, names_files, selection)
        if isinstance(standing, Reply):
            return standing
        if task_id and await self._is_taken(task_id, handle):
            return refused(OTHERS_ID, 409)
        try:
            if standing is not None and standing.manifest is not None and standing.state is not TaskState.DONE:
                self._engine.resume(standing.id)
                return self._started(standing)
            if standing is not None and not names_files:
                selection = standing.selection
            found = await self._engine.prepare(handle, selection)
            if found.is_complete:
                return refused(COMPLETE)
            return self._add(found, task_id, body)
        except CommandRefused as error:
            return refused(error.message)
        except DownloadError as error:
            return self._not_had(error, body["model"])

    async def _is_taken(self, task_id: str, handle: Handle) -> bool:
        """Tell whether another model of the library has this id."""
        models = await self._models.found()
        return any(m.id == task_id and m.description.handle != format_handle(handle) for m in models)

    def _standing(
        self, handle: Handle, task_id: str, names_files: bool, selection: Selection
    ) -> Task | Reply | None:
        """Return the listed task that answers for a handle and stands still; the reply where one is under way."""
        of_id = self._find(task_id or format_handle(handle))
        if of_id is not None and of_id.exact_handle != handle and of_id.handle != handle:
            if of_id.state.is_live or of_id.state is TaskState.PAUSED:
                return refused(OTHERS_ID, 409)
            of_id = None
        same = [task for task in self._engine.tasks if handle in (task.handle, task.exact_handle)]
        for task in same:
            if task.state.is_live:
                if names_files and task.selection != selection:
                    return refused("This model is being downloaded with other files", 409)
                return self._started(task)
        fitting = [task for task in same if task.state.is_resumable and task.root == self._engine.root]
        task_found = of_id or (None if task_id else next(iter(fitting), None))
        if task_found is not None and names_files and task_found.selection != selection:
            return None
        return task_found

    def _add(self, found: Prepared, task_id: str, body: dict[str, Any]) -> Reply:
        again = self._standing(found.handle, task_id, "files" in body, found.selection)
        if isinstance(again, Reply):
            return again  # another request was faster
        alike = self._alike(found)
        if alike is not None:
            return self._started(alike)
        task_id = task_id or (again.id if again is not None else format_handle(found.handle))
        listed = self._find(task_id)
        if listed is not None and found.handle not in (listed.handle, listed.exact_handle):
            self._engine.remove(listed.id)  # it ended; the id is given to another model
        added = self._engine.add(
            again.handle if again is not None else found.handle,
            task_id=task_id,
            name=body.get("name", ""),
            selection=found.selection,
            manifest=found.manifest,
        )
        return self._started(self._engine.task(added))

    def _alike(self, found: Prepared) -> Task | None:
        """Return a task under way that brings the very same files, however it was asked for."""
        wanted = {file.path for file in found.manifest.files if file.wanted}
        for task in self._engine.tasks:
            manifest = task.manifest
            if not task.state.is_live or manifest is None or task.root != self._engine.root:
                continue
            same = (manifest.folder, manifest.commit) == (found.manifest.folder, found.manifest.commit)
            if same and {item.id for item in task.wanted_items()} == wanted:
                return task
        return None

    def _started(self, task: Task) -> Reply:
        return self._with_task(STARTED, task)

    def _not_had(self, error: DownloadError, model: str) -> Reply:
        message = without_folders(error.message, self._engine.root)
        if isinstance(error, NotFound):
            message = f"Model {model} not found"
        return refused(message, error=error_json(error.failure, self._engine.root))

    # -- looking -----------------------------------------------------------------------------------------

    async def tasks(self, body: dict[str, Any]) -> Reply:
        """Return every task, live and ended."""
        texts = []
        items = 0
        for task in self._engine.tasks:
            for _ in range(0, len(task.items), ITEMS_AT_ONCE):
                if not self._is_listed(task) or not self._events.prepare(task, ITEMS_AT_ONCE):
                    break
                await asyncio.sleep(0)  # a window may be waiting for its turn
            if not self._is_listed(task):
                continue  # it was removed meanwhile
            texts.append(self._events.text_of(task))
            items += len(task.items)
            if items > ITEMS_AT_ONCE:
                items = 0
                await asyncio.sleep(0)
        return Reply(body=f'{{"data": [{", ".join(texts)}]}}')

    def _is_listed(self, task: Task) -> bool:
        try:
            return self._engine.task(task.id) is task
        except KeyError:
            return False

    def _find(self, task_id: str) -> Task | None:
        tasks = self._engine.tasks
        return next((t for t in tasks if t.id == task_id), next((t for t in tasks if t.public_id == task_id), None))

    def _with_task(self, message: str, task: Task) -> Reply:
        text = self._events.text_of(task)
        return Reply(body=f'{{"message": "{message}", "task": {text}}}')

    # -- steering ----------------------------------------------------------------------------------------

    def _asked(self, body: dict[str, Any]) -> Task | Reply:
        if "taskId" not in body:
            return refused("No taskId field in request body", 409)
        if not body["taskId"]:
            return BAD_REQUEST
        task = self._find(body["taskId"])
        return refused(NO_TASK) if task is None else task

    async def pause(self, body: dict[str, Any]) -> Reply:
        """Pause a task; one that is paused already stays so."""
        task = self._asked(body)
        if isinstance(task, Reply):
            return task
        if task.state is not TaskState.PAUSED:
            if reason := self._engine.refusal(Command.PAUSE, task.id):
                return refused(reason)
            self._engine.pause(task.id)
        return self._with_task("Download paused successfully", task)

    async def resume(self, body: dict[str, Any]) -> Reply:
        """Let a task go on; one that is under way stays so."""
        task = self._asked(body)
        if isinstance(task, Reply):
            return task
        if not task.state.is_live:
            if reason := self._engine.refusal(Command.RESUME, task.id):
                return refused(reason)
            self._engine.resume(task.id)
        return self._with_task("Download resumed successfully", task)

    async def cancel(self, body: dict[str, Any]) -> Reply:
        """Cancel a task; its parts go unless they are to be kept."""
        task = self._asked(body)
        if isinstance(task, Reply):
            return task
        if self._engine.refusal(Command.CANCEL, task.id):
            return refused(NO_TASK)
        self._engine.cancel(task.id, keep_parts=body.get("keepParts", False))
        return json_reply({"message": "Download stopped successfully", "taskId": body["taskId"]})


def is_task_id(text: str) -> bool:
    """Tell whether a program may give a task this id."""
    parts: Sequence[str] = text.split("/")
    sound = bool(_ID.fullmatch(text)) and len(text) <= ID_CHARS_MAX
    return sound and parts[0] != "pull" and not any(part in ("", ".", "..") for part in parts)
