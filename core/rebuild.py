"""The list of tasks, made again from the models folder alone: descriptions tell what is complete, control files
what was begun. Blocking; touches nothing. What cannot be understood is left where it is.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from core.description import read_description
from core.errors import DownloadError, UnsupportedHandle
from core.handles import format_handle, parse_handle
from core.itemise import shown_order
from core.library import manifest_of
from core.records import Handle
from core.shelf import Model, Shelf, model_folders
from core.sources.base import folder_of
from core.states import ItemState, TaskState
from core.store.base import StoredItem, StoredTask
from core.transfer import control
from core.verify import handle_of

CONTROL_SUFFIX = ".part.ctl"
ID_CHARS_MAX = 500


def rebuild(root: Path) -> list[StoredTask]:
    """Return a task for each model that was begun, then one for each that is complete."""
    found: dict[str, StoredTask] = {}
    for folder in model_folders(root):
        for path in _controls(folder):
            task = _begun(path, folder, root)
            if task is not None:
                found.setdefault(task.id, task)
    for model in Shelf().models(root):
        task = _complete(model, root)
        if task is not None:
            found.setdefault(task.id, task)
    return list(found.values())


def _controls(folder: Path) -> Iterator[Path]:
    for place, _, names in os.walk(folder):
        yield from (Path(place, name) for name in sorted(names) if name.endswith(CONTROL_SUFFIX))


def _begun(path: Path, folder: Path, root: Path) -> StoredTask | None:
    """Return the task that began a part; it goes on by itself, as it would have with its list."""
    try:
        if path.is_symlink() or not path.with_name(path.name.removesuffix(".ctl")).is_file():
            return None
        known = control.load(path.read_bytes())
        added_at = path.stat().st_mtime
    except OSError:
        return None
    identity = known[0] if known is not None else None
    handle = _handle(identity.handle if identity is not None else "")
    if identity is None or handle is None or not _belongs(handle, folder, root):
        return None
    return StoredTask(
        id=_id(identity.task_id) or format_handle(handle),
        handle=format_handle(handle),
        root=str(root),
        state=TaskState.QUEUED,
        added_at=added_at,
        globs=identity.globs,
    )


def _complete(model: Model, root: Path) -> StoredTask | None:
    described = read_description(model.path)
    if described is None:
        return None
    try:
        handle = handle_of(described)
        added_at = model.path.stat().st_mtime
    except (DownloadError, OSError):
        return None
    files = [
        StoredItem(file.path, file.size, file.hash, "", ItemState.DONE, file.size, local_hash=file.local_hash)
        for file in sorted(described.files, key=lambda file: shown_order(file.path, wanted=True))
    ]
    return StoredTask(
        id=_id(described.model) or format_handle(handle),
        handle=format_handle(handle),
        root=str(root),
        state=TaskState.DONE,
        added_at=added_at,
        completed_at=added_at,
        globs=described.globs,
        manifest=manifest_of(described, model.path.parent.relative_to(root).as_posix()),
        described=True,
        items=tuple(files),
    )


def _handle(text: str) -> Handle | None:
    try:
        return parse_handle(text)
    except UnsupportedHandle:
        return None


def _belongs(handle: Handle, folder: Path, root: Path) -> bool:
    """Tell whether this folder is where such a model goes: of a bare cortexso name the branch is not known."""
    place = folder.relative_to(root).as_posix()
    expected = folder_of(handle)
    return place == expected or (handle.hub == "cortexso" and place.startswith(f"{expected}/"))


def _id(text: str) -> str:
    return text if text.isprintable() and len(text) <= ID_CHARS_MAX else ""
