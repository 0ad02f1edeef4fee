"""A pseudo-terminal with a command in it, and a screen that understands the few sequences that Pulley sends."""

import asyncio
import fcntl
import os
import pty
import re
import struct
import sys
import termios
import time
from collections.abc import Mapping

from tests.fakes.canary import CANARY

WIDTH, HEIGHT = 100, 24
ENDS_S = 90.0
_WITH_KEYBOARD = (
    sys.executable,
    "-c",
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execvp(sys.argv[1], sys.argv[1:])",
)

_PIECE = re.compile(r"\x1b\[(\d*)([A-Za-z])|\r|\n|[^\x1b\r\n]+|.", re.DOTALL)


class Glass:
    """Rows of text with a cursor; anything but up, erase line and erase below is kept as it came, to be noticed."""

    def __init__(self) -> None:
        self.rows: list[str] = [""]
        self._row = self._column = 0

    def take(self, text: str) -> None:
        """Show a text."""
        for match in _PIECE.finditer(text):
            piece = match[0]
            if piece == "\r":
                self._column = 0
            elif piece == "\n":
                self._row += 1
                if self._row == len(self.rows):
                    self.rows.append("")
            elif match[2] == "A":
                self._row = max(0, self._row - int(match[1] or 1))
            elif match[2] == "K":
                self.rows[self._row] = self.rows[self._row][: self._column]
            elif match[2] == "J":
                self.rows[self._row] = self.rows[self._row][: self._column]
                del self.rows[self._row + 1 :]
            else:
                row = self.rows[self._row].ljust(self._column)
                self.rows[self._row] = row[: self._column] + piece + row[self._column + len(piece) :]
                self._column += len(piece)

    @property
    def text(self) -> str:
        """What stands there now."""
        return "\n".join(row.rstrip() for row in self.rows).rstrip("\n")


class OnGlass:
    """A command on a pseudo-terminal.

    Attributes:
        pieces: What came, with the seconds since the start.
        glass: The screen.
    """

    def __init__(self, *, width: int = WIDTH, height: int = HEIGHT) -> None:
        self.pieces: list[tuple[float, str]] = []
        self.glass = Glass()
        self._size = struct.pack("HHHH", height, width, 0, 0)
        self._news = asyncio.Event()
        self._is_closed = asyncio.Event()
        self._rest = b""

    async def start(self, *words: str, environ: Mapping[str, str]) -> None:
        """Start it."""
        self._near, far = pty.openpty()
        fcntl.ioctl(far, termios.TIOCSWINSZ, self._size)
        os.set_blocking(self._near, False)
        self.process = await asyncio.create_subprocess_exec(
            *_WITH_KEYBOARD,
            *words,
            stdin=far,
            stdout=far,
            stderr=far,
            env={**environ, "TERM": "xterm-256color"},
            start_new_session=True,
        )
        os.close(far)
        self._started = time.monotonic()
        asyncio.get_running_loop().add_reader(self._near, self._read)

    def _read(self) -> None:
        try:
            data = os.read(self._near, 65536)
        except BlockingIOError:
            return
        except OSError:  # the other end is closed
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(self._near)
            self._is_closed.set()
        data = self._rest + data
        whole = data.decode("utf-8", "ignore")
        self._rest = data[len(whole.encode()) :]
        if whole:
            self.pieces.append((time.monotonic() - self._started, whole))
            self.glass.take(whole)
        self._news.set()

    async def shows(self, *patterns: str) -> None:
        """Wait until all of these patterns are found there at once."""
        async with asyncio.timeout(ENDS_S):
            while not all(re.search(pattern, self.glass.text, re.MULTILINE) for pattern in patterns):
                assert not self._is_closed.is_set(), self.glass.text
                self._news.clear()
                await self._news.wait()

    def type(self, text: str) -> None:
        """Type on its keyboard."""
        os.write(self._near, text.encode())

    async def ended(self) -> int:
        """Wait for its end and return the exit code."""
        async with asyncio.timeout(ENDS_S):
            await self._is_closed.wait()
            code = await self.process.wait()
        os.close(self._near)
        assert CANARY not in "".join(piece for _, piece in self.pieces), "the token was written to the terminal"
        return code


def pulley(*words: str) -> list[str]:
    """Return the words that start Pulley."""
    return [sys.executable, "-m", "gui", *words]
