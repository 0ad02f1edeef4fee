"""The disk edge: part files, control files, final names. Blocking calls, made from worker threads only.

OSError becomes LocalError here. Durable is: data after `sync`, a name after the sync of its folder. The systems
differ in this file alone.

One process writes a part: its open file is locked. Where locks do nothing, nothing is corrupted all the same: a
part that begins anew is a new file under the old name, never the old one made empty, and a part gets the final name
only while it is the very file that was written.
"""

import contextlib
import errno
import io
import os
import stat
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from core.errors import FolderGone, InUse, LocalError, NameTaken, NotWritable
from core.paths import aside_path, bad_path, control_path, part_path
from core.transfer import control
from core.transfer.blocks import Entry
from core.transfer.locks import check_unused, lock
from core.transfer.trouble import translated

_BASE_FLAGS = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
# A FIFO in place of a part would hang an open for ever.
_NO_HANG = getattr(os, "O_NONBLOCK", 0)
_TRIES_MOST = 50  # of a write that the system does not take just now
_TRY_AFTER_S = 0.01

Stamp = tuple[int, int, int]
"""What a file looks like from outside: time of its last change, size, number."""


class PartFile:
    """The unfinished file, open for reading and writing at offsets; safe from several threads.

    `fresh` begins a new file; otherwise it goes on with the one that stands there.

    Raises:
        InUse: Another process writes it.
        LocalError: It is no plain file of ours, or cannot be opened.

    Attributes:
        number: Device and inode.
    """

    def __init__(self, final: Path, *, fresh: bool) -> None:
        self.final = final
        self.path = part_path(final)
        self._lock = threading.Lock()
        with translated(self.path):
            flags = os.O_RDWR | _BASE_FLAGS | _NO_HANG
            self._fd = _open_new(self.path, flags) if fresh else os.open(self.path, flags)
            found = os.fstat(self._fd)
            self.number = (found.st_dev, found.st_ino)
            try:
                # A second name would be a file of somebody else, which must not change.
                if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
                    raise NotWritable(f"{self.path} is not a plain file of its own")
                lock(self._fd, self.path)
            except LocalError:
                os.close(self._fd)
                raise

    def check_place(self) -> None:
        """Look whether the name still leads to this file.

        Raises:
            FolderGone: It was deleted, or another file stands there.
        """
        with translated(self.path):
            _check_number(self.path, self.number)

    def write(self, offset: int, pieces: Sequence[bytes]) -> None:
        """Write all pieces one after the other at `offset`."""
        with translated(self.path):
            if hasattr(os, "pwritev"):
                self._pwritev(offset, pieces)
            else:
                with self._lock:
                    os.lseek(self._fd, offset, os.SEEK_SET)
                    for piece in pieces:
                        view = memoryview(piece)
                        while view:
                            view = view[os.write(self._fd, view) :]

    def _pwritev(self, offset: int, pieces: Sequence[bytes]) -> None:
        views = [memoryview(piece) for piece in pieces]
        refused = 0
        while views:
            try:
                count = os.pwritev(self._fd, views[:512], offset)  # 512 is below IOV_MAX everywhere
            except BlockingIOError:
                refused += 1
                if refused == _TRIES_MOST:
                    raise
                time.sleep(_TRY_AFTER_S)
                continue
            offset += count
            while views and count >= len(views[0]):
                count -= len(views.pop(0))
            if count:
                views[0] = views[0][count:]

    def read(self, offset: int, count: int) -> bytes:
        """Read up to `count` bytes at `offset`; fewer only at the end of the file."""
        with translated(self.path):
            if hasattr(os, "pread"):
                return os.pread(self._fd, count, offset)
            with self._lock:
                os.lseek(self._fd, offset, os.SEEK_SET)
                return os.read(self._fd, count)

    def read_into(self, offset: int, buffer: memoryview) -> int:
        """Read into `buffer` at `offset`; return the count."""
        with translated(self.path):
            if hasattr(os, "preadv"):
                return os.preadv(self._fd, [buffer], offset)
        data = self.read(offset, len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def sync(self) -> None:
        """Force the written bytes to the disk."""
        with translated(self.path):
            if sys.platform == "darwin":
                import fcntl

                try:
                    fcntl.fcntl(self._fd, fcntl.F_FULLFSYNC)
                except OSError:  # network and FAT volumes have no such call
                    os.fsync(self._fd)
            elif hasattr(os, "fdatasync"):
                os.fdatasync(self._fd)
            else:
                os.fsync(self._fd)

    def truncate(self, size: int) -> None:
        """Cut or grow to `size`."""
        with translated(self.path):
            os.ftruncate(self._fd, size)

    @property
    def size(self) -> int:
        """Bytes of the file, holes included."""
        return os.fstat(self._fd).st_size

    def close(self) -> None:
        """Close; twice is once."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


def _open_new(path: Path, flags: int) -> int:
    flags |= os.O_CREAT | os.O_EXCL
    with contextlib.suppress(FileExistsError):
        return os.open(path, flags, 0o644)
    check_unused(path)
    path.unlink(missing_ok=True)
    return os.open(path, flags, 0o644)


def open_plain(path: Path) -> io.FileIO:
    """Open a plain file for reading, never through a link that stands in its place.

    Raises:
        OSError: It cannot be opened, or is no plain file; as it is, so that the reader may tell them apart.
    """
    fd = os.open(path, os.O_RDONLY | _BASE_FLAGS | _NO_HANG)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise OSError(errno.EINVAL, "it is no plain file")
    return io.FileIO(fd, "rb")


def make_folder(folder: Path, root: Path) -> None:
    """Create `folder` below `root`; the root itself may be a link, nothing below it.

    Raises:
        NotWritable: It cannot be created, or a link or a file stands in the way.
    """
    with translated(folder):
        root.mkdir(parents=True, exist_ok=True)
        at = root
        for name in folder.relative_to(root).parts:
            at = at / name
            try:
                at.mkdir()
            except FileExistsError:
                if at.is_symlink() or not at.is_dir():
                    raise NotWritable(f"{at} is not a folder of the models folder") from None


def sync_folder(folder: Path) -> None:
    """Force names in `folder` to the disk; Windows has no such call."""
    if os.name == "nt":
        return
    with translated(folder):
        fd = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
        try:
            os.fsync(fd)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # file systems that cannot sync a folder
                raise
        finally:
            os.close(fd)


def write_atomically(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Replace `path` whole or not at all, by way of a temporary name beside it."""
    temporary = path.with_name(path.name + ".tmp")
    with translated(path):
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _BASE_FLAGS, 0o644)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(fd, view) :]
            if durable:
                os.fsync(fd)
        except OSError:
            os.unlink(temporary)
            raise
        finally:
            os.close(fd)
        _replace(temporary, path)


def _replace(temporary: Path, path: Path) -> None:
    """Rename over `path`; on Windows a virus scanner may hold it open for a moment."""
    for wait_s in (0.05, 0.1, 0.2, 0.4):
        try:
            return os.replace(temporary, path)
        except PermissionError:
            if os.name != "nt":
                raise
            time.sleep(wait_s)
    return os.replace(temporary, path)


def write_control(final: Path, identity: control.Identity, entries: list[Entry], *, owner: str = "") -> None:
    """Write the control file; call it only after the data it speaks of is synced."""
    write_atomically(control_path(final), control.dump(identity, entries, owner))


def control_stamp(final: Path) -> Stamp | None:
    """Return what the control file looks like from outside; None where there is none."""
    with translated(final):
        try:
            return stamp(os.lstat(control_path(final)))
        except FileNotFoundError:
            return None


def control_owner(final: Path) -> str:
    """Return the run that wrote the control file; empty where that is not said."""
    try:
        with open_plain(control_path(final)) as file:
            return control.owner_of(file.read(control.HEAD_BYTES))
    except OSError:
        return ""


def read_control(final: Path) -> tuple[control.Identity, list[Entry]] | None:
    """Return what the control file says; None where there is none that can be trusted."""
    try:
        with open_plain(control_path(final)) as file:
            return control.load(file.read(control.FILE_BYTES_MAX + 1))
    except OSError:
        return None


def set_aside(final: Path, *, bad: bool) -> Path | None:
    """Rename the part so that it is kept but never mixed in; return its new name, None where there is no part.

    Raises:
        InUse: Another process writes it.
    """
    part = part_path(final)
    name = bad_path if bad else aside_path
    with translated(part):
        if not os.path.lexists(part):
            return None
        check_unused(part)
        number = next(n for n in range(1, 10_000) if not os.path.lexists(name(final, n)))
        os.rename(part, name(final, number))
        control_path(final).unlink(missing_ok=True)
    return name(final, number)


def set_final_aside(final: Path) -> Path:
    """Rename a damaged file, or a link in its place, so that it is kept; make that durable; return its new name.

    Raises:
        NameTaken: A folder stands there, which may hold anything.
        NotWritable: It cannot be renamed.
    """
    with translated(final):
        if final.is_dir() and not final.is_symlink():
            raise NameTaken(f"A folder stands at {final}")
        number = next(n for n in range(1, 10_000) if not os.path.lexists(bad_path(final, n)))
        os.rename(final, bad_path(final, number))
    sync_folder(final.parent)
    return bad_path(final, number)


def stamp(found: os.stat_result) -> Stamp:
    """Return what a file looks like from outside."""
    return found.st_mtime_ns, found.st_size, found.st_ino


def place(part: Path, final: Path, *, number: tuple[int, int]) -> None:
    """Give the part its final name, never over something that stands there.

    Raises:
        NameTaken: Something of that name came into being meanwhile.
        FolderGone: The part is not the file with this `number`.
    """
    with translated(final):
        _check_number(part, number)
        try:
            if os.name == "nt":
                os.rename(part, final)  # fails on Windows where the target exists
            else:
                os.link(part, final, follow_symlinks=False)  # atomic, and fails where the target exists
                try:
                    _check_number(final, number)
                except FolderGone:
                    os.unlink(final)  # only our own new name for it
                    raise
                os.unlink(part)
        except FileExistsError as error:
            raise NameTaken(f"{final} stands there already") from error
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS):
                raise
            if os.path.lexists(final):  # a file system without hard links, FAT for one
                raise NameTaken(f"{final} stands there already") from error
            os.rename(part, final)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{os.fspath(part)}.ctl")


def _check_number(path: Path, number: tuple[int, int]) -> None:
    found = os.lstat(path)
    if (found.st_dev, found.st_ino) != number:
        raise FolderGone(f"Another program put something in place of {path.name}")


def is_placed_part(final: Path) -> bool:
    """Tell whether the final name and the part are one file: `place` was cut short between its two steps."""
    try:
        return not part_path(final).is_symlink() and os.path.samefile(part_path(final), final)
    except OSError:
        return False


def forget_control(final: Path) -> None:
    """Delete a control file that has no part any more."""
    with translated(final), contextlib.suppress(FileNotFoundError):
        os.unlink(control_path(final))


def remove_part(final: Path) -> None:
    """Delete the part and its control file; nothing else, and not while another process writes it."""
    with translated(final):
        try:
            check_unused(part_path(final))
        except InUse:
            return
        for path in (part_path(final), control_path(final)):
            if path.is_file() or path.is_symlink():
                path.unlink(missing_ok=True)


def remove_file(path: Path) -> None:
    """Delete one plain file, if it is there."""
    with translated(path):
        if path.is_file() and not path.is_symlink():
            path.unlink()


def remove_empty_folders(folder: Path, root: Path) -> None:
    """Delete the empty folders in `folder`, then it and its parents below `root` as far as they are empty."""
    for inner in sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True):
        with contextlib.suppress(OSError):
            inner.rmdir()
    while folder != root and folder.is_relative_to(root):
        try:
            folder.rmdir()
        except OSError:
            return  # not empty, or not ours to delete
        folder = folder.parent
