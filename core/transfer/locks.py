"""The lock on an open part: one process writes it. Freed by the system however the process ends.

Where a file system knows no locks every lock succeeds; `core.transfer.disk` sees to it that nothing is corrupted
then.
"""

import errno
import os
import stat
from pathlib import Path

from core.errors import InUse

_LOCKED_BYTE = 2**62  # far behind every file: a lock of Windows forbids reading and writing
_HELD = (errno.EACCES, errno.EDEADLK) if os.name == "nt" else (errno.EWOULDBLOCK, errno.EAGAIN)
_FLAGS = os.O_RDWR | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)


def _try_lock(fd: int) -> None:
    if os.name == "nt":
        import msvcrt

        os.lseek(fd, _LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    else:
        import fcntl

        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)


def lock(fd: int, path: Path) -> None:
    """Lock an open file against every other opening of it, until it is closed.

    Raises:
        InUse: Somebody else has it.
    """
    try:
        _try_lock(fd)
    except OSError as error:
        if error.errno in _HELD:
            raise InUse(f"Another program is writing {path.name}") from error


def check_unused(part: Path) -> None:
    """Look whether nobody has a part open for writing.

    Raises:
        InUse: Somebody has.
    """
    try:
        fd = os.open(part, _FLAGS | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return  # there is none, or a link: nothing that could be written
    try:
        if stat.S_ISREG(os.fstat(fd).st_mode):
            lock(fd, part)
    finally:
        os.close(fd)


def do_nothing(path: Path) -> bool:
    """Tell whether locks do nothing where this file is: it can be locked twice."""
    try:
        first = os.open(path, _FLAGS)
    except OSError:
        return False
    try:
        second = os.open(path, _FLAGS)
        try:
            lock(first, path)
            lock(second, path)
        except InUse:
            return False
        finally:
            os.close(second)
    except OSError:
        return False
    finally:
        os.close(first)
    return True
