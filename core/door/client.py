"""The other side of the door: asks the process that holds the data folder. Knows no engine.

A holder that does not answer is `Unreachable`: it may be starting or ending, so the caller looks again who holds
the folder. `hand_over` blocks; the rest runs on an asyncio loop.
"""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from core.door.wire import ANSWER_BYTES_MAX, BODY_BYTES_S, REQUEST_BYTES_MAX, from_line, request_bytes, to_line
from core.errors import CommandRefused
from core.holder import Holder, read_holder

ANSWER_S = 10.0
HAND_OVER_S = 5.0
AGAIN_S = 0.1  # between two looks at a holder that is starting


class Unreachable(Exception):
    """The holder does not answer."""


class Call:
    """One request under way."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: dict[str, Any]) -> None:
        self.answer = answer
        self._reader = reader
        self._writer = writer

    async def lines(self) -> AsyncIterator[dict[str, Any]]:
        """Yield what follows the answer, to its end.

        Raises:
            Unreachable: The holder has gone before.
        """
        while True:
            value = await _read(self._reader)
            if value.get("end"):
                return
            yield value

    def close(self) -> None:
        """Let go."""
        self._writer.close()


async def call(holder: Holder | None, request: dict[str, Any]) -> Call:
    """Send a request and return it once it is accepted.

    Raises:
        Unreachable: There is no answer.
        CommandRefused: The holder refuses, with its reason; or the request is too large for any door.
    """
    if holder is None or not holder.port:
        raise Unreachable
    try:
        data = request_bytes(request, holder.token)
    except ValueError:
        raise CommandRefused(
            "This is too much to hand over at once", action="Name fewer models at a time."
        ) from None
    writer = None
    try:
        async with asyncio.timeout(ANSWER_S + len(data) / BODY_BYTES_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", holder.port, limit=ANSWER_BYTES_MAX)
            writer.write(data)
            await writer.drain()
            answer = await _read(reader)
        if answer.get("ok") is not True:
            raise CommandRefused(str(answer.get("reason", "It was refused")), action=str(answer.get("action", "")))
        return Call(reader, writer, answer)
    except BaseException as error:
        if writer is not None:
            writer.close()
        if isinstance(error, OSError):  # TimeoutError is one
            raise Unreachable from error
        raise


async def _read(reader: asyncio.StreamReader) -> dict[str, Any]:
    try:
        return from_line(await reader.readline())
    except (OSError, ValueError) as error:
        raise Unreachable from error


def hand_over(data: Path, texts: list[str]) -> bool:
    """Give handles to the window that holds the data folder; return whether it took them. Waits while it starts."""
    deadline = time.monotonic() + HAND_OVER_S
    while (holder := read_holder(data)) is not None and holder.kind == "window":
        if holder.port and _given(holder, texts):
            return True
        if time.monotonic() > deadline:
            break
        time.sleep(AGAIN_S)
    return False


def _given(holder: Holder, texts: list[str]) -> bool:
    line = to_line({"token": holder.token, "do": "open", "handles": texts})
    if len(line) > REQUEST_BYTES_MAX:
        return False
    try:
        with socket.create_connection(("127.0.0.1", holder.port), timeout=HAND_OVER_S) as door:
            door.sendall(line)
            with door.makefile("rb") as answers:
                return from_line(answers.readline(REQUEST_BYTES_MAX)).get("ok") is True
    except (OSError, ValueError):
        return False
