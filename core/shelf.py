"""The library: every complete model in the models folder, from the descriptions that stand there. Blocking.

No list is kept beside them, so there is nothing that could disagree with the disk; only texts that have not changed
are not parsed again.
"""

import os
import threading
from collections.abc import Collection, Iterator
from pathlib import Path

from msgspec import Struct

from core.description import Description, complete, find_descriptions, read_description
from core.transfer import disk

HUB_DEPTHS = {"huggingface.co": 2, "cortex.so": 2, "modelscope.cn": 2, "ollama.com": 3, "direct": 1}
"""How many folders below that of its hub a model's folder stands."""
MODELS_MAX = 100_000


class Model(Struct, frozen=True):
    """One complete model.

    Attributes:
        path: Its description.
    """

    path: Path
    description: Description

    @property
    def id(self) -> str:
        """What the task that made it was called."""
        return self.description.model

    @property
    def paths(self) -> list[Path]:
        """Where its files stand, and its description."""
        folder = self.path.parent
        return [*(folder.joinpath(*file.path.split("/")) for file in self.description.files), self.path]

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(file.size for file in self.description.files)


class Shelf:
    """Looks through one models folder at a time; safe from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[Path, tuple[tuple[int, int, int], Description | None]] = {}

    def models(self, root: Path) -> list[Model]:
        """Return the complete models, each id once, in the order of their folders."""
        with self._lock:
            seen: dict[Path, tuple[tuple[int, int, int], Description | None]] = {}
            found: dict[str, Model] = {}
            for folder in model_folders(root):
                for path in _texts(folder):
                    description = self._read(path, seen)
                    if description is not None and complete(description, folder):
                        found.setdefault(description.model, Model(path, description))
                if len(seen) > MODELS_MAX:
                    break
            self._known = seen
            return list(found.values())

    def _read(
        self, path: Path, seen: dict[Path, tuple[tuple[int, int, int], Description | None]]
    ) -> Description | None:
        try:
            found = path.lstat()
        except OSError:
            return None
        stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
        known = self._known.get(path)
        description = known[1] if known is not None and known[0] == stamp else read_description(path)
        seen[path] = (stamp, description)
        return description


def model_folders(root: Path) -> Iterator[Path]:
    """Walk the folders that models have, whatever is in them."""
    for hub, depth in HUB_DEPTHS.items():
        level = [root / hub]
        for _ in range(depth):
            level = [folder for parent in level for folder in _entries(parent, folders=True)]
        yield from level


def _texts(folder: Path) -> list[Path]:
    return [path for path in _entries(folder, folders=False) if path.suffix == ".yml"]


def _entries(folder: Path, *, folders: bool) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            names = [
                entry.name
                for entry in entries
                if (entry.is_dir if folders else entry.is_file)(follow_symlinks=False)
            ]
    except OSError:
        return []
    return [folder / name for name in sorted(names)]


def delete_model(model: Model, root: Path, wanted: Collection[Path | None]) -> None:
    """Delete the files of a model and its description; what another description names, or `wanted` holds, stays.

    Raises:
        LocalError: Something cannot be deleted.
    """
    folder = model.path.parent
    others = [found for name, found in find_descriptions(folder).items() if name != model.path.name]
    kept = {path for other in others for path in other.paths}
    for path in model.description.paths - kept:
        target = folder.joinpath(*path.split("/"))
        if target not in wanted and not _leaves(target, folder):
            disk.remove_file(target)
    disk.remove_file(model.path)
    disk.remove_empty_folders(folder, root)


def _leaves(path: Path, folder: Path) -> bool:
    """Tell whether a link on the way leads out of the folder."""
    try:
        return not path.parent.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):
        return True
