"""The demo hub as a process of its own, so that its work is not counted as ours."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def hub_process(*words: str) -> Iterator[str]:
    """Start a hub with these options and yield its endpoint."""
    process = subprocess.Popen([sys.executable, "-m", "core.demo", *words], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1]
    finally:
        process.terminate()
        process.wait()
