"""Who holds the data folder: a lock, and a file that names the holder.

The lock decides; the file `holder.json` (mode 0600) only tells: kind, pid, and the port and token of the holder's
door (`core.door`). Knows no socket.
"""

import contextlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

from msgspec import Struct
from msgspec.structs import asdict

from core.errors import StoreError

COMMAND = "command"  # a holder that only steers, and is gone in a moment
COMMAND_S = 5.0
AGAIN_S = 0.1


class Holder(Struct, frozen=True):
    """What the holder says of itself; `port` is 0 while its door is not open."""

    kind: str
    pid: int
    port: int = 0
    token: str = ""

    @property
    def text(self) -> str:
        """Who it is, for a person."""
        return f"a {self.kind} of Pulley (process {self.pid})"


class Held(StoreError):
    """Another process holds the data folder."""

    meaning = "Two Pulleys on one data folder would get in each other's way."
    action = "Close the other one, or choose another folder with --data-dir."

    def __init__(self, holder: Holder | None) -> None:
        who = holder.text if holder else "another Pulley"
        super().__init__(f"The data folder is held by {who}")
        self.holder = holder


class DataLock:
    """The lock on a data folder, freed by the system however the process ends.

    Raises:
        Held: Another process has it.
        StoreError: The folder cannot be written.
    """

    def __init__(self, data: Path, kind: str) -> None:
        self._file = data / "holder.json"
        self._kind = kind
        try:
            data.mkdir(parents=True, exist_ok=True)
            self._lock = open(data / "lock", "a+b")  # noqa: SIM115  held as long as the process
        except OSError as error:
            raise StoreError(f"The data folder {data} cannot be written: {error.strerror}") from error
        if not _try_lock(self._lock):
            self._lock.close()
            raise Held(read_holder(data))
        try:
            self.tell(Holder(kind, os.getpid()))
        except OSError as error:
            self._lock.close()
            raise StoreError(f"The data folder {data} cannot be written: {error.strerror}") from error

    def tell(self, holder: Holder) -> None:
        """Write who holds the folder, readable by the user alone."""
        temporary = self._file.with_suffix(".tmp")
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            json.dump(asdict(holder), file)
        _patiently(lambda: os.replace(temporary, self._file))

    def close(self) -> None:
        """Let the folder go."""
        with contextlib.suppress(OSError):
            _patiently(self._file.unlink)
        self._lock.close()


def lock_soon(data: Path, kind: str) -> DataLock:
    """Lock a data folder, waiting for a command that only steers, or for a holder that comes or goes. Blocking.

    Raises:
        Held: Another process has it, and keeps it.
        StoreError: The folder cannot be written.
    """
    deadline = time.monotonic() + COMMAND_S
    while True:
        try:
            return DataLock(data, kind)
        except Held as held:
            is_short = held.holder is None or held.holder.kind == COMMAND
            if not is_short or time.monotonic() > deadline:
                raise
            time.sleep(AGAIN_S)


def _patiently(work: Callable[[], None]) -> None:
    """Replace or delete a file; on Windows whoever reads it just now keeps it from us for a moment."""
    for wait_s in (0.05, 0.1, 0.2, 0.4):
        try:
            return work()
        except PermissionError:
            if os.name != "nt":
                raise
            time.sleep(wait_s)
    return work()


def _try_lock(file: IO[bytes]) -> bool:
    if os.name == "nt":
        import msvcrt

        try:
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # a file system without locks: better to work than to refuse for ever
    return True


def read_holder(data: Path) -> Holder | None:
    """Return what the holder wrote; None where nothing sound is there."""
    try:
        fields = json.loads((data / "holder.json").read_text(encoding="utf-8"))
        return Holder(str(fields["kind"]), int(fields["pid"]), int(fields["port"]), str(fields["token"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
