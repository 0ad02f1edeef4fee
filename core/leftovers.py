"""What was set aside or left over in the models folder: listed with its size, deleted by name. Blocking.

Only files that carry our side names and stand in the folder of a model are looked at. A part counts as left over
where it has a control file of ours and no task in the list wants it; any other `.part` is none of our business.
"""

import os
import stat
from collections.abc import Collection, Iterator, Sequence
from enum import Enum
from pathlib import Path

from msgspec import Struct

from core.patterns import pattern
from core.shelf import model_folders
from core.transfer import disk

DEPTH_MAX = 16  # of folders inside a model's folder
LISTED_MAX = 10_000

_OLD = pattern(r".+\.part\.old-\d+")
_BAD = pattern(r".+\.bad-\d+")


class Kind(Enum):
    """Why a file was left over."""

    OLD_PART = "old part"  # the file changed at the hub while it came in
    BAD_COPY = "bad copy"  # its hash was wrong
    PART = "part"  # its download is no longer in the list


class Leftover(Struct, frozen=True):
    """One file, or a part with its control file.

    Attributes:
        name: Path below the models folder, for people.
        size: Bytes that it takes on the disk.
    """

    path: Path
    name: str
    kind: Kind
    size: int

    @property
    def final(self) -> Path:
        """The name that a part would have got; the file itself where it is none."""
        return self.path.with_suffix("") if self.kind is Kind.PART else self.path


def find(root: Path, wanted: Collection[Path]) -> list[Leftover]:
    """Return what is left over below `root`; `wanted` are the names that tasks in the list will still fill."""
    found = []
    for path in _files(root):
        kind = _kind(path, wanted)
        if kind is not None:
            found.append(Leftover(path, path.relative_to(root).as_posix(), kind, _taken(path)))
        if len(found) >= LISTED_MAX:
            break
    return found


def _kind(path: Path, wanted: Collection[Path]) -> Kind | None:
    if _OLD.fullmatch(path.name):
        return Kind.OLD_PART
    if _BAD.fullmatch(path.name):
        return Kind.BAD_COPY
    if path.suffix != ".part":
        return None
    final = path.with_suffix("")
    # A long name has a shortened part, which cannot be traced back: it is left alone.
    return Kind.PART if final not in wanted and disk.read_control(final) is not None else None


def _files(root: Path) -> Iterator[Path]:
    """Walk the plain files of all models' folders; links are not followed."""
    for folder in model_folders(root):
        level = [folder]
        for _ in range(DEPTH_MAX):
            inner: list[Path] = []
            for parent in level:
                try:
                    with os.scandir(parent) as entries:
                        listed = sorted(entries, key=lambda entry: entry.name)
                except OSError:
                    continue
                for entry in listed:
                    if entry.is_dir(follow_symlinks=False):
                        inner.append(Path(entry.path))
                    elif entry.is_file(follow_symlinks=False):
                        yield Path(entry.path)
            level = inner
            if not level:
                break


def _taken(path: Path) -> int:
    """Return the bytes on the disk: a part has holes."""
    try:
        found = path.lstat()
    except OSError:
        return 0
    return min(found.st_size, found.st_blocks * 512) if hasattr(found, "st_blocks") else found.st_size


def delete(root: Path, leftovers: Sequence[Leftover], wanted: Collection[Path]) -> int:
    """Delete these files as far as they are still left over; return the bytes that were freed.

    Raises:
        LocalError: One cannot be deleted; those before it are gone.
    """
    freed = 0
    for leftover in leftovers:
        if _kind(leftover.path, wanted) is not leftover.kind or not leftover.path.is_relative_to(root):
            continue
        if not stat.S_ISREG(leftover.path.lstat().st_mode):
            continue
        size = _taken(leftover.path)
        if leftover.kind is Kind.PART:
            disk.remove_part(leftover.final)
        else:
            disk.remove_file(leftover.path)
        freed += size
    return freed
