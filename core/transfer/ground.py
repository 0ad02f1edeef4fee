"""Where a file goes, recognised again later: a folder that was unplugged, deleted or replaced by a link is noticed
before anything is written to what stands in its place. Blocking.

No marker is written for this. A place is the same while the models folder and the model's folder have the numbers
that they had (device and inode). A disk that comes back may get another device number; then our own part, with a
control file that speaks of the same bytes, is the mark, and no other disk has it.
"""

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

from core.errors import DiskAway, FolderGone
from core.transfer.trouble import translated

RESERVE_BYTES = 64 * 2**20  # left free for everybody else on the file system
FAT_BYTES_MOST = 2**32 - 1
_FAT = frozenset({"vfat", "msdos", "fat", "fat12", "fat16", "fat32", "umsdos", "pcfs"})
_LINK_TAGS = {getattr(stat, "IO_REPARSE_TAG_SYMLINK", -1), getattr(stat, "IO_REPARSE_TAG_MOUNT_POINT", -1)}

Number = tuple[int, int]


class Ground:
    """The models folder and one folder below it, as they were when this was made.

    Raises:
        DiskAway: The models folder is not there.
        FolderGone: The other one is not, or a link stands in between.

    Attributes:
        device: The file system.
    """

    def __init__(self, root: Path, folder: Path) -> None:
        self.root = root
        self.folder = folder
        self._root = _root_number(root)
        self._folder = _folder_number(root, folder)
        self.device = self._folder[0]

    def check(self) -> None:
        """Look whether they are still the same.

        Raises:
            DiskAway: The models folder is not.
            FolderGone: The other one is not.
        """
        if _root_number(self.root) != self._root:
            raise DiskAway(f"Another folder or disk stands at {self.root} now")
        if _folder_number(self.root, self.folder) != self._folder:
            raise FolderGone(f"Another folder stands at {self.folder} now")

    def again(self, is_ours: Callable[[], bool]) -> "Ground":
        """Return the same place, also where its disk got another number: then `is_ours` finds our own part in it.

        Raises:
            DiskAway: The models folder is another one, or not there.
            FolderGone: The other one is.
        """
        try:
            self.check()
        except (DiskAway, FolderGone):
            try:
                now = Ground(self.root, self.folder)
            except (DiskAway, FolderGone):
                now = None
            if now is None or not is_ours():
                raise
            return now
        return self


def _root_number(root: Path) -> Number:
    try:
        found = root.stat()
    except FileNotFoundError as error:
        raise DiskAway(f"The models folder {root} is no longer there") from error
    except OSError as error:
        raise DiskAway(f"The models folder {root} cannot be looked at: {error.strerror}") from error
    return found.st_dev, found.st_ino


def _folder_number(root: Path, folder: Path) -> Number:
    at, found = os.fspath(root), os.stat(root)
    for name in folder.relative_to(root).parts:
        at = os.path.join(at, name)  # texts: paths cost more than the looks, and every file of a model has this one
        try:
            found = os.lstat(at)
        except OSError as error:
            raise FolderGone(f"The folder {at} is no longer there") from error
        if not stat.S_ISDIR(found.st_mode) or getattr(found, "st_reparse_tag", 0) in _LINK_TAGS:
            raise FolderGone(f"Something else was put in place of the folder {at}")
    return found.st_dev, found.st_ino


def free_bytes(folder: Path) -> int:
    """Return what is free where a folder is.

    Raises:
        LocalError: That cannot be told.
    """
    with translated(folder):
        return shutil.disk_usage(folder).free


def largest_file(file_system: str) -> int | None:
    """Return how large a file can be on this kind of file system; None where it is large enough for anything."""
    return FAT_BYTES_MOST if file_system.lower() in _FAT else None


def file_system(folder: Path) -> str:
    """Return the kind of file system that a folder is on, or will be; empty where that cannot be told."""
    import psutil  # a tenth of the start of a command, and most never ask

    try:
        mounts = {os.path.normcase(part.mountpoint): part.fstype for part in psutil.disk_partitions(all=True)}
    except (OSError, psutil.Error):
        return ""
    return file_system_of(os.path.normcase(os.path.realpath(folder)), mounts)


def file_system_of(path: str, mounts: dict[str, str]) -> str:
    """Return the kind of the innermost mount that holds a path; of mounts at one place the last one counts."""
    at = path
    while True:
        for name in (at, at.rstrip(os.sep) + os.sep):
            if name in mounts:
                return mounts[name]
        above = os.path.dirname(at)
        if above == at:
            return ""
        at = above
