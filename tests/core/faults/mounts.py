"""Small file systems of our own, where this machine lets us make them."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path


@contextmanager
def mounted(folder: Path, size: int) -> Iterator[None]:
    """Have a file system of `size` bytes at an existing folder."""
    _run("mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "pulley-test", str(folder))
    try:
        yield
    finally:
        _run("umount", "-l", str(folder))


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=20)


@cache
def can_mount() -> bool:
    """Tell whether this process may mount."""
    if sys.platform != "linux":
        return False
    with tempfile.TemporaryDirectory() as folder:
        try:
            with mounted(Path(folder), 2**20):
                return True
        except (OSError, subprocess.SubprocessError):
            return False
