"""A request as it came, an answer as it should be, and the ways in which an answer goes over the wire."""

import asyncio
import re
import socket
import struct
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Literal
from urllib.parse import unquote

from tests.fakes.faults.content import Blob

End = Literal["keep", "close", "reset", "hang"]
Framing = Literal["length", "chunked", "none"]

_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


@dataclass(slots=True, eq=False)
class Ask:
    """One request, and what became of it.

    Attributes:
        role: Which server was asked: `hub`, `cdn`, `other`, `well`.
        head: The bytes of the request as they came.
        number: How often this server was asked for this path with this method, this time included; from 1.
        at: When it came, on the monotonic clock.
        status, sent: Status of the answer and bytes of its body that were handed to the socket.
    """

    role: str
    method: str
    target: str
    headers: dict[str, str]
    head: bytes = field(default=b"", repr=False)
    number: int = 1
    status: int = 0
    sent: int = 0
    at: float = field(default_factory=time.monotonic)

    @property
    def path(self) -> str:
        """The path, decoded."""
        return unquote(self.target.partition("?")[0])

    @property
    def query(self) -> str:
        """The query, as it came."""
        return self.target.partition("?")[2]

    @property
    def range(self) -> tuple[int, int | None] | None:
        """First and exclusive last byte asked for."""
        match = _RANGE.fullmatch(self.headers.get("range", ""))
        if match is None:
            return None
        return int(match[1]), int(match[2]) + 1 if match[2] else None

    @property
    def start(self) -> int:
        """First byte asked for."""
        return self.range[0] if self.range else 0

    @property
    def is_for_bytes(self) -> bool:
        """It asks a file server for a file."""
        return self.role != "hub" or "/resolve-cache/" in self.path


@dataclass(slots=True)
class Answer:
    """What is sent.

    Attributes:
        blob: The whole of which the body is [start, stop); None where `body` is all there is.
        raw_head: Sent in place of status line and headers.
        before: Sent before the head: bytes, or seconds to wait; endless where it is a function.
        framing: How the end of the body is told.
        change: Applied to each piece of the body, with its place in the file.
        cut: Bytes of the body after which `end` comes early.
        tail: Bytes sent after the body, beyond what was announced.
        pause_s, piece: Seconds between the pieces of the body, and their size.
        silent: Nothing is ever sent.
        quiet: It does not say that the connection will be closed.
    """

    status: int = 200
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    blob: Blob | None = None
    start: int = 0
    stop: int = 0
    raw_head: bytes | None = None
    before: Sequence[bytes | float] | Callable[[], bytes] = ()
    framing: Framing = "length"
    change: Callable[[int, bytes], bytes] | None = None
    cut: int | None = None
    end: End = "keep"
    tail: int = 0
    pause_s: float = 0.0
    piece: int = 256 * 1024
    silent: bool = False
    quiet: bool = False
    chunk_fault: Literal["", "size", "last"] = ""

    @property
    def length(self) -> int:
        """Bytes of the body."""
        return len(self.body) if self.blob is None else self.stop - self.start

    def put(self, name: str, value: str) -> None:
        """Set a header in place of those of its name."""
        self.drop(name)
        self.headers.append((name, value))

    def drop(self, name: str) -> None:
        """Take a header out."""
        self.headers = [pair for pair in self.headers if pair[0].lower() != name.lower()]

    def become(self, status: int, body: bytes, kind: str) -> None:
        """Be another answer altogether."""
        self.status, self.body, self.blob, self.headers = status, body, None, [("Content-Type", kind)]

    def read(self, start: int, stop: int) -> bytes:
        """Return bytes of the body, counted from its start, with its changes."""
        if self.blob is None:
            return self.body[start:stop]
        piece = self.blob.read(self.start + start, self.start + stop)
        return self.change(self.start + start, piece) if self.change else piece

    def head(self) -> bytes:
        """Return status line and headers."""
        if self.raw_head is not None:
            return self.raw_head
        names = {name.lower() for name, _ in self.headers}
        lines = [f"HTTP/1.1 {self.status} {_phrase(self.status)}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if self.framing == "length" and "content-length" not in names:
            lines.append(f"Content-Length: {self.length}")
        if self.framing == "chunked":
            lines.append("Transfer-Encoding: chunked")
        if (self.framing == "none" or self.end != "keep") and not self.quiet:
            lines.append("Connection: close")
        return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape")


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Strange"


async def deliver(ask: Ask, answer: Answer, writer: asyncio.StreamWriter) -> bool:
    """Send an answer as it wants to be sent; return whether the connection lives on."""
    if answer.silent:
        await asyncio.Event().wait()
    if callable(answer.before):
        while True:
            writer.write(answer.before())
            await writer.drain()
            await asyncio.sleep(0.001)
    for item in answer.before:
        if isinstance(item, float):
            await asyncio.sleep(item)
        else:
            writer.write(item)
            await writer.drain()
    writer.write(answer.head())
    ask.status = answer.status
    if ask.method != "HEAD" and answer.status not in (204, 304):
        await _body(ask, answer, writer)
    await writer.drain()
    if answer.end == "hang":
        await asyncio.Event().wait()
    if answer.end == "reset":
        _reset(writer)
    return answer.end == "keep" and answer.framing != "none"


async def _body(ask: Ask, answer: Answer, writer: asyncio.StreamWriter) -> None:
    stop = answer.length if answer.cut is None else min(answer.cut, answer.length)
    at = 0
    while at < stop:
        piece = answer.read(at, min(stop, at + answer.piece))
        writer.write(b"%x\r\n%b\r\n" % (len(piece), piece) if answer.framing == "chunked" else piece)
        at += len(piece)
        ask.sent += len(piece)
        await writer.drain()
        if answer.pause_s:
            await asyncio.sleep(answer.pause_s)
        if answer.chunk_fault == "size" and at >= stop // 2:
            writer.write(b"not hexadecimal\r\n")
            return
    left = answer.tail
    while left > 0:
        count = min(left, answer.piece)
        writer.write(b"\xee" * count)
        left -= count
        ask.sent += count
        await writer.drain()
    if answer.framing == "chunked" and answer.chunk_fault != "last" and stop == answer.length:
        writer.write(b"0\r\n\r\n")


def _reset(writer: asyncio.StreamWriter) -> None:
    """End the connection with RST in place of FIN."""
    sock: socket.socket | None = writer.get_extra_info("socket")
    if sock is not None:
        layout = "hh" if sys.platform == "win32" else "ii"
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(layout, 1, 0))
    writer.transport.abort()
