"""Keeps the machine awake while something is coming in: what differs between systems stands here.

Linux: `systemd-inhibit` holds its lock as long as a child reads from us. macOS: `caffeinate` watches our process.
Windows: the execution state of this thread. Where nothing of it is there, nothing happens. If Pulley dies, so does
the lock: the child's input ends, the watched process is gone, the thread is gone.
"""

import os
import sys
from collections.abc import Callable

from PySide6.QtCore import QObject, QProcess, QStandardPaths

STOP_MS = 500

_ES_CONTINUOUS = 0x80000000
_ES_SYSTEM_REQUIRED = 0x00000001


def command() -> list[str]:
    """Return the helper of this system with its arguments; empty where there is none."""
    if sys.platform == "darwin":
        line = ["caffeinate", "-i", "-w", str(os.getpid())]
    elif sys.platform == "win32":
        return []
    else:
        why = ["--what=idle:sleep", "--who=Pulley", "--why=Downloading models", "--mode=block"]
        line = ["systemd-inhibit", *why, "cat"]
    program = QStandardPaths.findExecutable(line[0])
    return [program, *line[1:]] if program else []


class Awake(QObject):
    """Holds the machine awake, or lets it sleep. `find` is asked for the helper when it is first needed."""

    def __init__(self, parent: QObject | None = None, *, find: Callable[[], list[str]] = command) -> None:
        super().__init__(parent)
        self._find = find
        self._process: QProcess | None = None
        self._wanted = False

    @property
    def is_holding(self) -> bool:
        """A helper runs, or the system was told."""
        return self._wanted and (sys.platform == "win32" or self._process is not None)

    def set(self, on: bool) -> None:
        """Keep the machine awake, or no longer; asking twice does nothing twice."""
        if on == self._wanted:
            return
        self._wanted = on
        if sys.platform == "win32":
            _tell_windows(on)
        elif on:
            self._start()
        else:
            self._stop()

    def _start(self) -> None:
        line = self._find()
        if not line:
            return
        self._process = QProcess(self)
        self._process.setStandardOutputFile(QProcess.nullDevice())
        self._process.setStandardErrorFile(QProcess.nullDevice())
        self._process.start(line[0], line[1:])

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.closeWriteChannel()
            process.kill()
            process.waitForFinished(STOP_MS)  # killed: it is gone at once
            process.deleteLater()


def _tell_windows(on: bool) -> None:
    if sys.platform == "win32":
        import ctypes

        ctypes.windll.kernel32.SetThreadExecutionState(_ES_CONTINUOUS | (_ES_SYSTEM_REQUIRED if on else 0))
