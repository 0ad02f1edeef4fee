"""Who holds the data folder: a lock, a file that names the holder, and a loopback door to hand handles to it.

The lock decides; the file `holder.json` (mode 0600) only tells: kind, pid, and the port and token of the door. A
door is TCP on 127.0.0.1, not a Unix socket, whose path length is bounded. One JSON line in, one JSON line out.
"""

import asyncio
import contextlib
import hmac
import json
import os
import secrets
import socket
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from core.errors import StoreError

LINE_BYTES_MAX = 64 * 1024
HAND_OVER_S = 5.0


@dataclass(frozen=True, slots=True)
class Holder:
    """What the holder says of itself; `port` is 0 where it takes no handles."""

    kind: str
    pid: int
    port: int = 0
    token: str = ""


class Held(StoreError):
    """Another process holds the data folder."""

    meaning = "Two Pulleys on one data folder would get in each other's way."
    action = "Close the other one, or choose another folder with --data-dir."

    def __init__(self, holder: Holder | None) -> None:
        who = f"a {holder.kind} of Pulley (process {holder.pid})" if holder else "another Pulley"
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
        os.replace(temporary, self._file)

    def close(self) -> None:
        """Let the folder go."""
        with contextlib.suppress(OSError):
            self._file.unlink()
        self._lock.close()


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


class Door:
    """Takes handles from other processes of the same user while it is open."""

    def __init__(self, lock: DataLock, kind: str, take: Callable[[list[str]], None]) -> None:
        self._lock = lock
        self._kind = kind
        self._take = take
        self._token = secrets.token_urlsafe(32)
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Listen on a free loopback port and say so in the holder's file."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=LINE_BYTES_MAX)
        port = self._server.sockets[0].getsockname()[1]
        self._lock.tell(Holder(self._kind, os.getpid(), port, self._token))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(HAND_OVER_S):
                said = json.loads(await reader.readline())
                right = hmac.compare_digest(str(said["token"]).encode(), self._token.encode())
                handles = [str(text) for text in said["handles"]]
                if right:
                    self._take(handles)
                writer.write(json.dumps({"ok": right}).encode() + b"\n")
                await writer.drain()
        except (TimeoutError, ValueError, KeyError, TypeError, OSError):
            return  # not one of us: no answer
        finally:
            writer.close()

    async def aclose(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()


def hand_over(holder: Holder, handles: list[str]) -> bool:
    """Give handles to the holder; return whether it took them. Blocking, at most `HAND_OVER_S`."""
    if not holder.port:
        return False
    line = json.dumps({"token": holder.token, "handles": handles}).encode() + b"\n"
    if len(line) > LINE_BYTES_MAX:
        return False
    try:
        with socket.create_connection(("127.0.0.1", holder.port), timeout=HAND_OVER_S) as door:
            door.sendall(line)
            reply = door.makefile("rb").readline(1024)
        return bool(json.loads(reply)["ok"])
    except (OSError, ValueError, KeyError, TypeError):
        return False
