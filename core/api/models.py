"""The routes of the local library: what the descriptions on the disk say, as Cortex answers it."""

import asyncio
import math
from collections.abc import Callable
from typing import Any

from core.api.replies import Reply, json_reply, refused
from core.api.shapes import without_folders
from core.engine import Engine
from core.errors import DownloadError
from core.handles import format_handle
from core.shelf import Model, Shelf, delete_model
from core.task import Task

DELETED = "Deleted successfully!"
NO_MODEL = "Fail to get model information"


class Models:
    """Answers for the models folder of one engine."""

    def __init__(self, engine: Engine, run: Callable[..., "asyncio.Future[Any]"]) -> None:
        self._engine = engine
        self._run = run
        self._shelf = Shelf()
        self._deleting: set[str] = set()

    async def found(self) -> list[Model]:
        """Return the complete models."""
        models: list[Model] = await self._run(self._shelf.models, self._engine.root)
        return models

    async def all(self, body: dict[str, Any]) -> Reply:
        """Return the library."""
        return json_reply({"object": "list", "data": [_row(m) for m in await self.found()], "result": "OK"})

    async def one(self, body: dict[str, Any], model_id: str) -> Reply:
        """Return one model."""
        model = next((m for m in await self.found() if m.id == model_id), None)
        return _unknown(model_id) if model is None else json_reply({**_row(model), "id": model.id})

    async def delete(self, body: dict[str, Any], model_id: str) -> Reply:
        """Delete the files of a model, unless they are being downloaded or are another model's too."""
        model = next((m for m in await self.found() if m.id == model_id), None)
        if model is None or model_id in self._deleting:
            return refused(f"Model {model_id[:200]} not found")
        tasks = self._tasks_of(model)
        if any(task.state.is_live for task in tasks):
            return refused("The model is being downloaded; cancel that first")
        self._deleting.add(model_id)
        try:
            for task in tasks:
                self._engine.remove(task.id)
            root = self._engine.root
            await self._engine.clear(model.paths, lambda wanted: delete_model(model, root, wanted))
        except DownloadError as error:
            return refused(without_folders(error.message, self._engine.root))
        finally:
            self._deleting.discard(model_id)
        return json_reply({"message": DELETED})

    def _tasks_of(self, model: Model) -> list[Task]:
        described = model.description
        return [
            task
            for task in self._engine.tasks
            if task.root == self._engine.root
            and format_handle(task.handle) == described.handle
            and task.selection.globs == described.globs
        ]


def _row(model: Model) -> dict[str, Any]:
    """Return a model's keys as they stand in its description, with what Cortex adds."""
    facts = {key: value for key, value in (model.description.facts or {}).items() if _is_plain(value)}
    defaults = {"name": model.id, "size": model.size, "files": [file.path for file in model.description.files]}
    return {
        **defaults,
        **facts,
        "id": model.id,
        "model": model.id,
        "object": "model",
        "status": "downloaded",
        "modelSource": source_of(model),
    }


def _is_plain(value: Any) -> bool:
    """YAML holds dates and such, which JSON does not."""
    if isinstance(value, list):
        return all(_is_plain(inner) for inner in value)
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_plain(inner) for key, inner in value.items())
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, int):
        return abs(value) < 2**63  # Python refuses to write very long ones as text
    return value is None or isinstance(value, str)


def source_of(model: Model) -> str:
    """Return what a model was pulled from: its repo, or its address."""
    repo = model.description.repo
    return f"cortexso/{repo}" if model.description.hub == "cortexso" else repo


def _unknown(model_id: str) -> Reply:
    return json_reply(
        {
            "id": model_id[:200],
            "object": "model",
            "result": NO_MODEL,
            "message": f"Model {model_id[:200]} not found",
        },
        400,
    )
