"""What really happens on the disk while a case runs: who writes which part, what was synced before a name was
given, and every path that is opened for writing, made, renamed or linked by this process.
"""

import os
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from core.transfer import disk, download, small

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_PAIRS = {"os.rename", "os.link", "os.symlink"}
_MAKING = {"os.mkdir", "os.remove", "os.rmdir", "os.truncate", "sqlite3.connect", *_PAIRS}
_FOREIGN = ("__pycache__", os.devnull, ".coverage", "/proc/self/")


class Ledger:
    """Notes of one case.

    Attributes:
        broken: What should not have happened.
        touched: Every path that was written to, made or renamed.
    """

    def __init__(self) -> None:
        self.broken: list[str] = []
        self.touched: set[str] = set()
        self._writes: defaultdict[str, int] = defaultdict(int)
        self._synced: defaultdict[str, int] = defaultdict(int)
        self._open: Counter[str] = Counter()

    def opened(self, part: disk.PartFile) -> None:
        """A part was opened."""
        self._open[str(part.path)] += 1
        if self._open[str(part.path)] > 1:
            self.broken.append(f"ONEW: {part.path.name} has two writers")

    def closed(self, part: disk.PartFile) -> None:
        """A part was closed."""
        self._open[str(part.path)] -= 1

    def wrote(self, part: disk.PartFile) -> None:
        """Bytes of a part were written."""
        self._writes[str(part.path)] += 1

    def writes(self, part: disk.PartFile) -> int:
        """How often was written so far."""
        return self._writes[str(part.path)]

    def synced(self, part: disk.PartFile, writes: int) -> None:
        """Everything up to `writes` is on the disk."""
        self._synced[str(part.path)] = max(self._synced[str(part.path)], writes)

    def placed(self, part: Path) -> None:
        """A part gets its final name."""
        if self._synced[str(part)] < self._writes[str(part)]:
            self.broken.append(f"DONE: {part.name} got its name before its bytes were on the disk")


_ledgers: list[Ledger] = []
_is_hooked = False


def _hook(event: str, args: tuple[Any, ...]) -> None:
    if not _ledgers:
        return
    if event == "open":
        path, mode, flags = args
        writes = (
            bool(flags & _WRITING) if isinstance(flags, int) else any(letter in (mode or "") for letter in "wax+")
        )
        paths = [path] if writes else []
    elif event in _MAKING:
        paths = list(args[:2]) if event in _PAIRS else [args[0]]
    else:
        return
    for path in paths:
        if isinstance(path, (str, bytes, os.PathLike)):
            text = os.path.abspath(os.fsdecode(path))
            if not any(part in text for part in _FOREIGN):
                for ledger in _ledgers:
                    ledger.touched.add(text)


@contextmanager
def kept() -> Iterator[Ledger]:
    """Keep a ledger while a case runs."""
    global _is_hooked
    if not _is_hooked:
        sys.addaudithook(_hook)
        _is_hooked = True
    ledger = Ledger()
    part_file, place = disk.PartFile, disk.place
    real_init, real_write, real_sync, real_close = (
        part_file.__init__, part_file.write, part_file.sync, part_file.close,
    )  # fmt: skip

    def init(self: disk.PartFile, final: Path, *, fresh: bool) -> None:
        real_init(self, final, fresh=fresh)
        ledger.opened(self)

    def write(self: disk.PartFile, offset: int, pieces: Any) -> None:
        real_write(self, offset, pieces)
        ledger.wrote(self)

    def sync(self: disk.PartFile) -> None:
        writes = ledger.writes(self)
        real_sync(self)
        ledger.synced(self, writes)

    def close(self: disk.PartFile) -> None:
        if self._fd >= 0:
            ledger.closed(self)
        real_close(self)

    def placed(part: Path, final: Path, **more: Any) -> None:
        ledger.placed(part)
        place(part, final, **more)

    with (
        patch.multiple(part_file, __init__=init, write=write, sync=sync, close=close),
        patch.object(download, "place", placed),
        patch.object(small, "place", placed),
    ):
        _ledgers.append(ledger)
        try:
            yield ledger
        finally:
            _ledgers.remove(ledger)
