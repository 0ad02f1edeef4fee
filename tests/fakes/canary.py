"""The token that the whole suite runs with, and the places where it must never stand.

Every test has it as HF_TOKEN. After each one, `found_in` reads all that the test left on the disk, and
tests/conftest.py the captured log and terminal lines: a token that is found there fails the test.
"""

import mmap
import os
from collections.abc import Iterator
from pathlib import Path

CANARY = "hf_canary7Yd2QpW9sLx4Bz"
_BYTES = CANARY.encode()


def found_in(folder: Path) -> list[str]:
    """Return the files below `folder` whose name or content holds the token, by their paths in it."""
    found = []
    for path in sorted(folder.rglob("*")):
        named = CANARY in path.name
        try:
            held = path.is_file() and not path.is_symlink() and _holds(path)
        except OSError:
            held = False  # deleted meanwhile, or made unreadable by the test
        if named or held:
            found.append(str(path.relative_to(folder)))
    return found


def _holds(path: Path) -> bool:
    with path.open("rb") as file:
        for start, end in _data(file.fileno(), os.fstat(file.fileno()).st_size):
            # A window begins at a page, so that a token over the edge of a hole is not cut.
            begin = start - start % mmap.ALLOCATIONGRANULARITY
            with mmap.mmap(file.fileno(), end - begin, access=mmap.ACCESS_READ, offset=begin) as view:
                if view.find(_BYTES) >= 0:
                    return True
    return False


def _data(fd: int, size: int) -> Iterator[tuple[int, int]]:
    """Yield the ranges of a file that are no holes."""
    if not hasattr(os, "SEEK_DATA"):
        if size:
            yield 0, size
        return
    at = 0
    while at < size:
        try:
            at = os.lseek(fd, at, os.SEEK_DATA)
        except OSError:
            return  # nothing but a hole up to the end
        end = os.lseek(fd, at, os.SEEK_HOLE)
        yield at, end
        at = end
