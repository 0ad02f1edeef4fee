"""Door: listens on loopback for the other commands of the same user, and answers who knows the token.

Knows sockets and lines; what is done is decided by `desk` and `errand`. A stranger, half a request or a slow reader
costs a connection and nothing else.
"""

import asyncio
import contextlib
import hmac
import json
import logging
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.api.shapes import task_text
from core.door.desk import Desk
from core.door.errand import ApiEvents, Errand, Step, pull_steps
from core.door.outbox import Outbox
from core.door.rest import Rest
from core.door.wire import (
    BEAT_EVERY_S,
    BODY_BYTES_MAX,
    REQUEST_BYTES_MAX,
    REQUEST_S,
    from_line,
    texts_of,
    to_line,
)
from core.engine import Engine
from core.errors import CommandRefused, DownloadError
from core.handles import parse_handle
from core.holder import DataLock, Holder
from core.spawn import cancel_and_wait, spawn
from core.views import to_json, view_of

_log = logging.getLogger(__name__)

STRANGERS_MAX = 32  # connections at once that have not shown the token yet
LISTED_AT_ONCE = 64  # views that are made between two turns of the loop
CLOSE_S = 2.0


class Door:
    """Takes requests while it is open.

    `events` are those of the API, for who follows a pull with them; `open_window` raises the window and adds
    handles to it, where there is one; `rest` stands where the engine holds a part of the stored tasks only;
    `changed` is called when an errand begins or ends.
    """

    def __init__(
        self,
        lock: DataLock,
        kind: str,
        engine: Engine,
        events: ApiEvents,
        *,
        open_window: Callable[[list[str]], None] | None = None,
        rest: Rest | None = None,
        changed: Callable[[], None] | None = None,
    ) -> None:
        self._lock = lock
        self._kind = kind
        self._engine = engine
        self._events = events
        self._open_window = open_window
        self._desk = Desk(engine, rest)
        self._changed = changed or (lambda: None)
        self._token = secrets.token_urlsafe(32)
        self._server: asyncio.Server | None = None
        self._strangers = 0
        self._visits: set[asyncio.Task[None]] = set()
        self._errands: set[asyncio.Task[None]] = set()

    @property
    def is_idle(self) -> bool:
        """Nothing that was handed in is under way."""
        return not self._errands

    async def open(self) -> None:
        """Listen on a free loopback port and say so in the holder's file.

        Raises:
            OSError: There is no loopback, or the file cannot be written.
        """
        self._server = await asyncio.start_server(self._arrived, "127.0.0.1", 0, limit=REQUEST_BYTES_MAX)
        port = self._server.sockets[0].getsockname()[1]
        self._lock.tell(Holder(self._kind, os.getpid(), port, self._token))

    async def aclose(self) -> None:
        """Stop listening and let everybody go; the tasks stay as they are."""
        if self._server is not None:
            self._server.close()
        await cancel_and_wait(*self._visits, *self._errands)
        if self._server is not None:
            try:
                async with asyncio.timeout(CLOSE_S):
                    await self._server.wait_closed()
            except TimeoutError:
                _log.info("a connection of the door does not close")

    # -- who comes in ------------------------------------------------------------------------------------

    def _arrived(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visit = spawn(self._visit(reader, writer), name="visit at the door")
        self._visits.add(visit)
        visit.add_done_callback(self._visits.discard)
        visit.add_done_callback(lambda _: writer.close())

    async def _visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._strangers >= STRANGERS_MAX:
            return
        self._strangers += 1
        try:
            async with asyncio.timeout(REQUEST_S):
                request = from_line(await reader.readline())
            if not hmac.compare_digest(str(request["token"]).encode(), self._token.encode()):
                return
        except (TimeoutError, ValueError, KeyError, OSError):
            return  # not one of us: no answer
        finally:
            self._strangers -= 1
        try:
            if "body" in request:
                request = await _body(request["body"], reader)
        except (OSError, EOFError, ValueError, TypeError):
            return  # half of it, or more than any door takes
        try:
            await self._answer(request, reader, writer)
        except OSError:
            pass  # who asked has gone

    async def _answer(
        self, request: dict[str, Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            answer = await self._done(request, reader, writer)
        except DownloadError as error:
            answer = {"ok": False, "reason": error.message, "action": error.action}
        except (ValueError, KeyError, TypeError) as error:
            answer = {"ok": False, "reason": f"The request cannot be read: {error!r}", "action": ""}
        if answer is not None:
            writer.write(to_line(answer))
            await writer.drain()

    async def _done(
        self, request: dict[str, Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> dict[str, Any] | None:
        """Do what is asked and return the answer; None where it was sent already.

        Raises:
            DownloadError: It is refused.
            ValueError, KeyError, TypeError: The request makes no sense.
        """
        match request["do"]:
            case "open":
                if self._open_window is None:
                    raise CommandRefused(f"This {self._kind} of Pulley has no window")
                self._open_window(texts_of(request, "handles"))
                return {"ok": True}
            case "pull":
                await self._follow(self._pull_steps(request), request, reader, writer)
                return None
            case "repair":
                await self._follow(await self._desk.repair_steps(request["models"]), request, reader, writer)
                return None
            case "list":
                await self._list(bool(request.get("json")), writer)
                return None
            case "pause" | "resume" | "cancel" as command:
                text, short = str(request["id"]), str(request.get("short", ""))
                keep = bool(request.get("keep_parts"))
                task = await self._desk.steer(command, text, short=short, keep_parts=keep)
                return {"ok": True, "view": to_json(view_of(task, self._engine.now()))}
            case other:
                raise CommandRefused(
                    f"This {self._kind} of Pulley does not know {other!r}",
                    action="It may be an older version: end it and start it again.",
                )

    # -- what takes its time -----------------------------------------------------------------------------

    def _pull_steps(self, request: dict[str, Any]) -> list[Step]:
        handles = [parse_handle(text) for text in texts_of(request, "handles")]
        wanted = str(request.get("models") or "")
        if wanted and os.path.realpath(wanted) != os.path.realpath(self._engine.root):
            raise CommandRefused(
                f"The {self._kind} of Pulley that holds the data folder (process {os.getpid()}) saves models in"
                f" {self._engine.root}, not in {Path(wanted)}",
                action="Leave --models-dir out, or choose another data folder with --data-dir.",
            )
        globs = tuple(texts_of(request, "globs"))
        return pull_steps(self._engine, handles, globs=globs, rest=self._desk.rest)

    async def _list(self, as_json: bool, writer: asyncio.StreamWriter) -> None:
        tasks = await self._desk.tasks()
        writer.write(to_line({"ok": True}))
        for first in range(0, len(tasks), LISTED_AT_ONCE):
            now = self._engine.now()
            for task in tasks[first : first + LISTED_AT_ONCE]:
                line = (
                    {"task": json.loads(task_text(task, now))} if as_json else {"view": to_json(view_of(task, now))}
                )
                writer.write(to_line(line))
            await writer.drain()
        writer.write(to_line({"end": True}))
        await writer.drain()

    async def _follow(
        self,
        steps: list[Step],
        request: dict[str, Any],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        """Run an errand to its end, telling who asked for as long as they listen."""
        outbox = Outbox(writer.transport.abort)
        events = self._events if request.get("json") else None
        errand = Errand(self._engine, steps, tell=outbox.put, events=events)
        running = spawn(errand.run(), name="errand")
        self._errands.add(running)
        self._changed()

        def ended(_: object) -> None:
            self._errands.discard(running)
            if not running.cancelled():  # the door closes: the end is not ours to tell
                outbox.end()
            self._changed()

        running.add_done_callback(ended)
        writer.write(to_line({"ok": True, "pid": os.getpid(), "kind": self._kind}))
        sending = spawn(self._send(outbox, writer), name="send to a follower")
        leaving = spawn(_gone(reader), name="wait for a follower to leave")
        beating = spawn(_beat(writer), name="beat for a follower")
        try:
            await asyncio.wait([sending, leaving], return_when=asyncio.FIRST_COMPLETED)
        finally:
            outbox.close()
            await cancel_and_wait(sending, leaving, beating)

    @staticmethod
    async def _send(outbox: Outbox, writer: asyncio.StreamWriter) -> None:
        try:
            while lines := await outbox.fetch():
                writer.write(lines)
                await writer.drain()
        except OSError:
            pass  # nobody listens any more; the errand goes on


def unreachable_text(error: OSError) -> str:
    """Return what to say where a door cannot be opened."""
    reason = error.strerror or error
    return f"other commands cannot reach this Pulley ({reason}). To use them, end it and start it again."


async def _body(count: Any, reader: asyncio.StreamReader) -> dict[str, Any]:
    """Read a request that was too long for a line.

    Raises:
        EOFError, ValueError, TypeError, OSError: It is too long, half of it, takes too long, or is no count.
    """
    if not 0 < count <= BODY_BYTES_MAX:
        raise ValueError("too large")
    async with asyncio.timeout(REQUEST_S):
        data = await reader.readexactly(count)
    return await asyncio.to_thread(from_line, data)


async def _beat(writer: asyncio.StreamWriter) -> None:
    """Tell a follower now and then that this process is alive, though nothing happens."""
    while True:
        await asyncio.sleep(BEAT_EVERY_S)
        if not writer.transport.get_write_buffer_size():  # else there is enough to read
            writer.write(to_line({"beat": True}))


async def _gone(reader: asyncio.StreamReader) -> None:
    """Wait until the other side closes; whatever else it says is not read."""
    with contextlib.suppress(OSError, ValueError):
        while await reader.read(1024):
            pass
