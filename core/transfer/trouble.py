"""What an error of this machine means: which ones pass by themselves, how long to wait for that, and which disks
are in trouble now. The judging is pure.

Held are errors that pass without anything being done about the download: it waits, looks again and again, and goes
on. What a person has to change (a permission, a name that is taken) fails the file instead.
"""

import asyncio
import errno
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import (
    DiskAway,
    DiskFull,
    DownloadError,
    FolderGone,
    Hindered,
    InUse,
    LocalError,
    NotWritable,
    TooLarge,
)

HELD = (DiskFull, DiskAway, FolderGone, InUse, Hindered)
OF_THE_DISK = (DiskFull, DiskAway)
"""Every file on that file system would meet these."""

LOOK_FIRST_S = 2.0
LOOK_MOST_S = 60.0

_FULL = {errno.ENOSPC, errno.EDQUOT}
_SHORT = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOLCK, errno.EAGAIN, errno.EINTR, errno.EBUSY}
_GONE = {errno.ENOENT, errno.ENOTDIR}
_AWAY_NAMES = (
    "EROFS", "EIO", "ENODEV", "ENXIO", "ESTALE", "ENOTCONN", "EHOSTDOWN", "ESHUTDOWN", "ETIMEDOUT", "EREMOTEIO",
    "ENOMEDIUM", "ECONNABORTED", "ENETDOWN", "ENETUNREACH", "EHOSTUNREACH", "EUCLEAN",
)  # fmt: skip
_AWAY = {getattr(errno, name) for name in _AWAY_NAMES if hasattr(errno, name)}  # no system has all of them
# Windows tells some of these as "permission denied": write-protected, not ready, network path gone, no medium, I/O.
_AWAY_WINDOWS = {19, 21, 53, 55, 59, 64, 67, 121, 433, 1006, 1112, 1117, 1167}
_BUSY_WINDOWS = {32, 33}  # another program, a virus scanner for one, has it open


def local_error(error: OSError, path: Path) -> LocalError:
    """Return what an error of the system means for the file at `path`."""
    reason = error.strerror or str(error)
    number, windows = error.errno, getattr(error, "winerror", None)
    if number in _FULL:
        return DiskFull(f"No space left for {path.name}: {reason}")
    if number == errno.EFBIG:
        return TooLarge(f"The file system cannot hold {path.name}: {reason}")
    if number in _AWAY or windows in _AWAY_WINDOWS:
        return DiskAway(f"The disk does not take {path}: {reason}")
    if number in _SHORT or windows in _BUSY_WINDOWS:
        return Hindered(f"{path.name} cannot be written for now: {reason}")
    if number in _GONE:
        return FolderGone(f"{path} is no longer there: {reason}")
    return NotWritable(f"{path}: {reason}")


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn OSError into LocalErrors that name the path."""
    try:
        yield
    except OSError as error:
        raise local_error(error, path) from error
    except MemoryError as error:
        raise Hindered(f"{path.name} cannot be written for now: there is no memory left") from error


def look_after_s(looks: int) -> float:
    """Return the seconds until the next look, after so many that found no change."""
    return min(LOOK_MOST_S, LOOK_FIRST_S * 2.0 ** min(looks, 16))


class Disks:
    """Which file systems are in trouble: what one download meets, the others on it need not find out.

    Belongs to one loop.
    """

    def __init__(self) -> None:
        self._halts: dict[int, list[Callable[[DownloadError], None]]] = {}
        self._over: dict[int, asyncio.Event] = {}
        self._roots: Counter[Path] = Counter()

    @contextmanager
    def told(self, device: int, halt: Callable[[DownloadError], None]) -> Iterator[None]:
        """Have `halt` called with what others meet on this file system."""
        halts = self._halts.setdefault(device, [])
        halts.append(halt)
        try:
            yield
        finally:
            halts.remove(halt)

    def met(self, device: int, error: DownloadError) -> None:
        """Tell everybody who writes to this file system."""
        for halt in list(self._halts.get(device, ())):
            halt(error)

    @contextmanager
    def holding(self, root: Path, error: LocalError) -> Iterator[None]:
        """Note that something waits for the disk of this models folder, if that is what it waits for."""
        count = int(isinstance(error, OF_THE_DISK))
        self._roots[root] += count
        try:
            yield
        finally:
            self._roots[root] -= count

    def is_held(self, root: Path) -> bool:
        """Tell whether something waits for the disk of this models folder: nothing new begins there."""
        return self._roots[root] > 0

    async def pause(self, device: int, seconds: float) -> None:
        """Wait so long, or until somebody found that the trouble on this file system is over."""
        over = self._over.setdefault(device, asyncio.Event())
        try:
            async with asyncio.timeout(seconds):
                await over.wait()
        except TimeoutError:
            pass

    def passed(self, device: int) -> None:
        """Tell those who wait for this file system to look now."""
        over = self._over.pop(device, None)
        if over is not None:
            over.set()
