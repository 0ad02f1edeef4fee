"""A thin layer between Pulley and the file system: every call of `os` that changes a file below some folders is
seen, may be made to fail, to be slow or to do half, and is kept in a log, of which `crashes` makes what may be left
by a power cut.

It patches `os` itself, so it works on every system, without rights, and for whatever room makes the call. SQLite's
own calls do not go through Python and are not seen.
"""

import errno
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

WRITES = ("open", "write", "pwritev", "ftruncate", "link", "rename", "replace", "mkdir")
SYNCS = ("fsync", "fdatasync")
READS = ("pread", "preadv")
EVERYTHING = (*WRITES, *SYNCS, *READS, "unlink", "rmdir")

_real = {name: getattr(os, name) for name in (*EVERYTHING, "close") if hasattr(os, name)}


@dataclass(frozen=True, slots=True)
class Op:
    """One call that succeeded.

    Attributes:
        kind: Its name; an `open` that made a file is `create`, an `fsync` of a folder `sync_folder`.
        path, target: Where; `target` is the new name of a link or rename.
        file: Number of the file, whatever its names.
        at, data: What was written where; `at` is the new size of a truncation.
    """

    kind: str
    path: str
    target: str = ""
    file: int = -1
    at: int = 0
    data: bytes = b""


@dataclass
class Fault:
    """What goes wrong with calls of some kinds.

    Attributes:
        number: The errno, 0 for none, or -1 for a lack of memory.
        kinds: Names of calls.
        name: Part of the path.
        skip: So many such calls go well first.
        times: Then so many fail; None for all.
        delay_s: They take so much longer.
        halves: A write writes half of what it was given.
        struck: So many did.
    """

    number: int = 0
    kinds: tuple[str, ...] = WRITES
    name: str = ""
    skip: int = 0
    times: int | None = None
    delay_s: float = 0.0
    halves: bool = False
    seen: int = field(default=0, init=False)
    struck: int = field(default=0, init=False)
    is_lifted: bool = field(default=False, init=False)

    def takes(self, kind: str, path: str) -> bool:
        """Tell whether it strikes now, and count."""
        if self.is_lifted or kind not in self.kinds or self.name not in path:
            return False
        self.seen += 1
        if self.seen <= self.skip or (self.times is not None and self.struck >= self.times):
            return False
        self.struck += 1
        return True

    def lift(self) -> None:
        """It is over."""
        self.is_lifted = True


class FileOps:
    """What happens below some folders.

    Attributes:
        log: Every call that succeeded and changed something, in order.
        faults: What goes wrong.
        before: Called with the name and path of each call that would change something, before it is made.
    """

    def __init__(self, *roots: Path) -> None:
        self.roots = tuple(os.path.abspath(root) for root in roots)
        self.log: list[Op] = []
        self.faults: list[Fault] = []
        self.before: Callable[[str, str], None] = lambda kind, path: None
        self._lock = threading.Lock()
        self._paths: dict[int, str] = {}
        self._files: dict[int, int] = {}
        self._numbers: dict[tuple[int, int], int] = {}
        self._count = 0

    def fail(self, number: int, *kinds: str, **more: Any) -> Fault:
        """Add a fault; return it, to be lifted."""
        fault = Fault(number, kinds or WRITES, **more)
        self.faults.append(fault)
        return fault

    def writes_again(self) -> None:
        """Lift every fault."""
        for fault in self.faults:
            fault.lift()

    # -- what is patched ---------------------------------------------------------------------------------

    @contextmanager
    def watched(self) -> Iterator["FileOps"]:
        """See every call from here on."""
        with patch.multiple(os, **{name: getattr(self, f"_{name}") for name in _real}):
            yield self

    def _is_ours(self, path: object) -> str:
        if not isinstance(path, (str, os.PathLike)):
            return ""
        text = os.path.abspath(os.fspath(path))
        return text if text.startswith(self.roots) else ""

    def _meet(self, kind: str, path: str) -> bool:
        """Let faults strike; return whether only half is to be done."""
        if kind not in READS:
            self.before(kind, path)
        with self._lock:
            struck = [fault for fault in self.faults if fault.takes(kind, path)]
        for fault in struck:
            if fault.delay_s:
                time.sleep(fault.delay_s)
            if fault.number < 0:
                raise MemoryError
            if fault.number:
                raise OSError(fault.number, os.strerror(fault.number), path)
        return any(fault.halves for fault in struck)

    def _note(self, op: Op) -> None:
        with self._lock:
            self.log.append(op)

    def _number(self, fd: int, *, made: bool) -> int:
        found = os.fstat(fd)
        key = (found.st_dev, found.st_ino)
        with self._lock:
            if made or key not in self._numbers:  # the system gives the numbers of deleted files again
                self._count += 1
                self._numbers[key] = self._count
            return self._numbers[key]

    def _open(self, path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        ours = self._is_ours(path)
        if not ours:
            return int(_real["open"](path, flags, mode, dir_fd=dir_fd))
        if flags & (os.O_CREAT | os.O_WRONLY | os.O_RDWR):
            self._meet("open", ours)
        made = bool(flags & os.O_CREAT) and not os.path.lexists(ours)
        fd = int(_real["open"](path, flags, mode, dir_fd=dir_fd))
        self._paths[fd] = ours
        self._files[fd] = self._number(fd, made=made)
        if made:
            self._note(Op("create", ours, file=self._files[fd]))
        elif flags & os.O_TRUNC:
            self._note(Op("ftruncate", ours, file=self._files[fd]))
        return fd

    def _close(self, fd: int) -> None:
        self._paths.pop(fd, None)
        self._files.pop(fd, None)
        _real["close"](fd)

    def _write(self, fd: int, data: Any) -> int:
        if fd not in self._paths:
            return int(_real["write"](fd, data))
        if self._meet("write", self._paths[fd]):
            data = bytes(data)[: max(1, len(data) // 2)]
        at = os.lseek(fd, 0, os.SEEK_CUR)
        count = int(_real["write"](fd, data))
        self._note(Op("write", self._paths[fd], file=self._files[fd], at=at, data=bytes(data)[:count]))
        return count

    def _pwritev(self, fd: int, buffers: Sequence[Any], offset: int, flags: int = 0) -> int:
        if fd not in self._paths:
            return int(_real["pwritev"](fd, buffers, offset, flags))
        if self._meet("pwritev", self._paths[fd]):
            buffers = [bytes(buffers[0])[: max(1, len(buffers[0]) // 2)]]
        count = int(_real["pwritev"](fd, buffers, offset, flags))
        data = b"".join(bytes(buffer) for buffer in buffers)[:count]
        self._note(Op("write", self._paths[fd], file=self._files[fd], at=offset, data=data))
        return count

    def _pread(self, fd: int, count: int, offset: int) -> bytes:
        if fd in self._paths:
            self._meet("pread", self._paths[fd])
        return bytes(_real["pread"](fd, count, offset))

    def _preadv(self, fd: int, buffers: Sequence[Any], offset: int, flags: int = 0) -> int:
        if fd in self._paths:
            self._meet("preadv", self._paths[fd])
        return int(_real["preadv"](fd, buffers, offset, flags))

    def _ftruncate(self, fd: int, size: int) -> None:
        if fd in self._paths:
            self._meet("ftruncate", self._paths[fd])
        _real["ftruncate"](fd, size)
        if fd in self._paths:
            self._note(Op("ftruncate", self._paths[fd], file=self._files[fd], at=size))

    def _fsync(self, fd: int) -> None:
        self._sync("fsync", fd)

    def _fdatasync(self, fd: int) -> None:
        self._sync("fdatasync", fd)

    def _sync(self, kind: str, fd: int) -> None:
        if fd not in self._paths:
            return _real[kind](fd)  # type: ignore[no-any-return]
        with self._lock:  # what is written while it runs is not promised
            length = len(self.log)
        self._meet(kind, self._paths[fd])
        _real[kind](fd)
        is_folder = os.path.isdir(self._paths[fd])
        self._note(Op("sync_folder" if is_folder else "sync", self._paths[fd], file=self._files[fd], at=length))
        return None

    def _link(self, source: Any, target: Any, **more: Any) -> None:
        self._two("link", source, target, more)

    def _rename(self, source: Any, target: Any, **more: Any) -> None:
        self._two("rename", source, target, more)

    def _replace(self, source: Any, target: Any, **more: Any) -> None:
        self._two("replace", source, target, more)

    def _two(self, kind: str, source: Any, target: Any, more: dict[str, Any]) -> None:
        ours = self._is_ours(target)
        if ours:
            self._meet(kind, ours)
        _real[kind](source, target, **more)
        if ours:
            self._note(Op("link" if kind == "link" else "rename", os.path.abspath(os.fspath(source)), ours))

    def _unlink(self, path: Any, **more: Any) -> None:
        self._one("unlink", path, more)

    def _rmdir(self, path: Any, **more: Any) -> None:
        self._one("rmdir", path, more)

    def _mkdir(self, path: Any, mode: int = 0o777, **more: Any) -> None:
        ours = self._is_ours(path)
        if ours:
            self._meet("mkdir", ours)
        _real["mkdir"](path, mode, **more)
        if ours:
            self._note(Op("mkdir", ours))

    def _one(self, kind: str, path: Any, more: dict[str, Any]) -> None:
        ours = self._is_ours(path)
        if ours:
            self._meet(kind, ours)
        _real[kind](path, **more)
        if ours:
            self._note(Op(kind, ours))


NO_SPACE, NO_QUOTA, READ_ONLY, BROKEN = errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO
