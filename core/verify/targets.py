"""From a path or a handle to the described models that it stands for. Reads descriptions, changes nothing."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace

from core.description import Description, find_descriptions, read_description
from core.errors import DownloadError, NameRefused
from core.handles import format_handle
from core.paths import DEPTH_MAX, model_folder
from core.records import Destination, Handle
from core.sources.base import folder_of
from core.verify.hub import handle_of
from core.verify.records import Target

TARGETS_MAX = 100_000  # where more come back, the walk was cut


def targets_at(path: Path, root: Path, *, stop: threading.Event | None = None) -> list[Target]:
    """Return the models at a path: a file of one, a description, a model's folder, or any folder above.

    `Target.only` names the files where the path stands for some of a model's; a file that is gone is found by what
    describes it. Empty where nothing there is described. No link is followed on the way down. After `stop` what was
    found so far comes back.
    """
    path = Path(os.path.abspath(path))
    if path.is_dir() and not path.is_symlink():
        return _below(path, root, stop) or _parts_of(path, root)
    described = read_description(path) if path.suffix == ".yml" else None
    if described is not None:
        return [_target(path.parent, path.name, described, root)]
    return _parts_of(path, root)


def targets_of(handle: Handle, root: Path, *, stop: threading.Event | None = None) -> list[Target]:
    """Return the models that were pulled under a handle, whatever files of it were chosen.

    Where there is none, every described model of its folder: `org/repo` stands for its quants too. Of a handle for
    one file, only that file.
    """
    try:
        folder = model_folder(Destination(root, folder_of(handle)))
    except NameRefused:
        return []
    found = _below(folder, root, stop) if folder.is_dir() else []
    asked = format_handle(handle)
    own = [target for target in found if _is_of(target.description, handle, asked)]
    if handle.path and not own:
        return [replace(t, only=frozenset({handle.path})) for t in found if handle.path in t.description.paths]
    if handle.quant or handle.hub == "direct":
        return own
    return own or found


def _is_of(described: Description, handle: Handle, asked: str) -> bool:
    if described.handle == asked:
        return True
    return described.hub == "cortexso" == handle.hub and asked == f"{described.repo}:{described.revision}"


def _below(folder: Path, root: Path, stop: threading.Event | None) -> list[Target]:
    found: list[Target] = []
    for place in _folders(folder):
        found += [_target(place, name, described, root) for name, described in find_descriptions(place).items()]
        if len(found) > TARGETS_MAX or (stop is not None and stop.is_set()):
            break
    return found


def _folders(top: Path) -> Iterator[Path]:
    for place, names, _ in os.walk(top):
        names.sort()
        yield Path(place)


def _parts_of(path: Path, root: Path) -> list[Target]:
    """Return the models above a path that describe it, or files below it."""
    for folder in list(path.parents)[:DEPTH_MAX]:
        inner = path.relative_to(folder).as_posix()
        found = []
        for name, described in find_descriptions(folder).items():
            only = frozenset(file for file in described.paths if file == inner or file.startswith(f"{inner}/"))
            if only:
                found.append(replace(_target(folder, name, described, root), only=only))
        if found:
            return found
    return []


def _target(folder: Path, name: str, described: Description, root: Path) -> Target:
    root = Path(os.path.abspath(root))
    if folder.is_relative_to(root):
        return Target(root, folder, name, described)
    real, real_root = Path(os.path.realpath(folder)), os.path.realpath(root)
    if real.is_relative_to(real_root):  # another way to the same place: the list knows it by ours
        return Target(root, root / real.relative_to(real_root), name, described)
    return Target(_root_of(folder, described), folder, name, described)


def _root_of(folder: Path, described: Description) -> Path:
    """Return the models folder of a model that does not lie in ours."""
    try:
        inner = folder_of(handle_of(described)).split("/")
    except DownloadError:
        return folder
    is_ours = list(folder.parts[-len(inner) :]) == inner
    return folder.parents[len(inner) - 1] if is_ours else folder
