"""The route that tells what a handle would stand for: branches of a cortexso model, GGUF files of a repo."""

from typing import Any

from core.api.models import Models
from core.api.pulls import NOT_UNDERSTOOD
from core.api.replies import BAD_REQUEST, Reply, json_reply, refused
from core.api.shapes import error_json, without_folders
from core.engine import Engine
from core.errors import DownloadError, NotFound, UnsupportedHandle
from core.handles import format_handle, parse_handle
from core.records import Handle
from core.sources.cortexso import CortexSo

DONE = "Get model pull information successfully"


class Info:
    """Answers from the hub and the library."""

    def __init__(self, engine: Engine, models: Models, cortexso: CortexSo, *, endpoint: str = "") -> None:
        self._engine = engine
        self._models = models
        self._cortexso = cortexso
        self._endpoint = endpoint

    async def info(self, body: dict[str, Any]) -> Reply:
        """Return what there is to choose from."""
        if "model" not in body:
            return refused("No model field in request body", 409)
        if not body["model"]:
            return BAD_REQUEST
        try:
            handle = parse_handle(body["model"], endpoint=self._endpoint)
        except UnsupportedHandle:
            return refused(NOT_UNDERSTOOD)
        try:
            return await self._answer(handle, body["model"])
        except DownloadError as error:
            message = without_folders(error.message, self._engine.root)
            if isinstance(error, NotFound):
                message = f"Model {body['model']} not found"
            return refused(message, error=error_json(error.failure, self._engine.root))

    async def _answer(self, handle: Handle, asked: str) -> Reply:
        if handle.hub == "cortexso" and not handle.revision:
            return await self._branches(handle)
        if handle.hub == "huggingface" and not (handle.path or handle.quant):
            return await self._files(handle)
        return _reply(asked, format_handle(handle), url=asked)

    async def _branches(self, handle: Handle) -> Reply:
        branches, default = await self._cortexso.variants(handle.repo)
        here = {
            f"{model.description.repo}:{model.description.revision}"
            for model in await self._models.found()
            if model.description.hub == "cortexso"
        }
        ids = [f"{handle.repo}:{branch}" for branch in branches]
        if not ids:
            return refused("No variant available")
        return _reply(
            handle.repo,
            f"cortexso/{handle.repo}",
            default=f"{handle.repo}:{default}" if default else "",
            here=[name for name in ids if name in here],
            there=[name for name in ids if name not in here],
        )

    async def _files(self, handle: Handle) -> Reply:
        found = await self._engine.prepare(handle, fresh=True)  # the disk tells only what was chosen
        paths = [file.path for file in found.manifest.files if file.path.lower().endswith(".gguf")]
        repo_id = handle.repo.replace("/", ":")
        here = {
            path
            for model in await self._models.found()
            if (model.description.hub, model.description.repo) == ("huggingface", handle.repo)
            and model.description.revision == handle.revision
            for path in model.description.paths
        }
        first = next((file.url for file in found.manifest.files), "")
        base = first.partition("/resolve/")[0]
        branch = handle.revision or "main"
        return _reply(
            repo_id,
            handle.repo,
            default=branch,
            here=[path for path in paths if path in here],
            there=[path for path in paths if path not in here],
            url=f"{base}/resolve/{branch}/",
        )


def _reply(
    model_id: str,
    source: str,
    *,
    default: str = "main",
    here: list[str] | None = None,
    there: list[str] | None = None,
    url: str = "",
) -> Reply:
    return json_reply(
        {
            "id": model_id,
            "modelSource": source,
            "defaultBranch": default,
            "message": DONE,
            "downloadedModels": here or [],
            "availableModels": there or [],
            "downloadUrl": url,
        }
    )
