"""Starting programs, measuring those that end by themselves, and leaving none behind.

Knows processes. Must not know what they do. POSIX only: the peers are Debian's. Loads nothing large, since a child
counts the memory of the process that it was forked from as its own peak.
"""

import ctypes
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
STOP_S = 10.0
RUN_S = 3600  # no run takes nearly as long: what does hangs
PR_SET_PDEATHSIG = 1
MAXRSS_UNITS_PER_MB = 2**20 if sys.platform == "darwin" else 2**10

_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class Failed(Exception):
    """A program of a measurement ended with an error; its figures would mean nothing."""


class TooLong(Failed):
    """A program was stopped because it did not end in time.

    Attributes:
        used: What it had used by then.
    """

    def __init__(self, limit_s: int) -> None:
        super().__init__(f"a run did not end within {limit_s} s")
        self.used = Used()


@dataclass(frozen=True, slots=True)
class Used:
    """What a program and its children used: wall and processor time in seconds, peak memory in MB."""

    wall_s: float = 0.0
    processor_s: float = 0.0
    peak_mb: float = 0.0

    def __add__(self, other: "Used") -> "Used":
        return Used(
            self.wall_s + other.wall_s, self.processor_s + other.processor_s, max(self.peak_mb, other.peak_mb)
        )


def _die_with_parent() -> None:
    """Let the kernel end the child when we are killed and can end nothing any more."""
    if _LIBC is not None:
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def start(words: Sequence[str], *, environ: Mapping[str, str] | None = None, **more: Any) -> subprocess.Popen[str]:
    """Start a program in a process group of its own."""
    return subprocess.Popen(
        list(words), env=_environ(environ), cwd=ROOT, text=True, stdin=subprocess.DEVNULL, process_group=0,
        preexec_fn=_die_with_parent, **more,
    )  # fmt: skip


def stop(process: subprocess.Popen[str]) -> None:
    """End a program and whatever it has started; wait for it."""
    _signal(process.pid, signal.SIGTERM)
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        pass
    _signal(process.pid, signal.SIGKILL)  # what is left of the group
    process.wait()
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()


def _signal(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):  # gone; macOS says EPERM of a group that has ended
        pass


@contextmanager
def server(words: Sequence[str], *, environ: Mapping[str, str] | None = None) -> Iterator[str]:
    """Run a program that prints one line when it is ready; yield that line."""
    process = start(words, environ=environ, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        if not line:
            raise Failed(f"{' '.join(words[:4])} did not start")
        yield line
    finally:
        stop(process)


def measure(words: Sequence[str], *, environ: Mapping[str, str] | None = None, limit_s: int = RUN_S) -> Used:
    """Run a program to its end; return what it and its children used.

    Raises:
        TooLong: It was stopped after `limit_s`.
        Failed: It ended with an error; with what it said.
    """
    used, _ = measured_output(words, environ=environ, limit_s=limit_s)
    return used


def measured_output(
    words: Sequence[str], *, environ: Mapping[str, str] | None = None, limit_s: int = RUN_S
) -> tuple[Used, str]:
    """As `measure`, with what it said on stdout."""
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as complained:
        began = time.monotonic()
        process = start(words, environ=environ, stdout=said, stderr=complained)
        too_long = TooLong(limit_s)
        before = signal.signal(signal.SIGALRM, lambda *_: _raise(too_long))
        signal.alarm(limit_s)
        try:
            used = _wait(process, began)
        except TooLong:
            _signal(process.pid, signal.SIGKILL)
            too_long.used = _wait(process, began)
            raise
        finally:
            signal.alarm(0)
            signal.signal(signal.SIGALRM, before)
            if process.returncode is None:
                stop(process)
        said.seek(0)
        text = said.read().decode(errors="replace")
        if process.returncode != 0:
            complained.seek(0)
            error = complained.read().decode(errors="replace")
            raise Failed(f"{' '.join(words)[:300]}: exit {process.returncode}\n{text[-1000:]}{error[-2000:]}")
    return used, text


def _wait(process: subprocess.Popen[str], began: float) -> Used:
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return Used(time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / MAXRSS_UNITS_PER_MB)


def _raise(error: Exception) -> None:
    raise error


def _environ(more: Mapping[str, str] | None) -> dict[str, str]:
    """Return our environment without proxies, tokens and settings of hubs: everything is on this machine.

    What is installed is compiled; from a checkout it is so from the second start on, if Python may keep it.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.lower().endswith("_proxy") and not name.startswith(("HF_", "PULLEY_", "SSL_CERT_"))
    }
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return kept | {"QT_QPA_PLATFORM": "offscreen", "LC_ALL": "C.UTF-8"} | dict(more or {})


def end_on_sigterm() -> None:
    """Let SIGTERM and SIGHUP unwind the program as Ctrl-C does, so that everything started is stopped."""

    def leave(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)
