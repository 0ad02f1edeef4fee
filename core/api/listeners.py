"""Who listens to /events: one bounded queue each, and a sender. A client that reads too slowly is dropped.

An engine event reaches a listener by being put in a queue, which never waits; so no listener can slow a download.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence

from aiohttp import ClientError, WSCloseCode, web

from core.api.events import Event, Events
from core.spawn import cancel_and_wait, spawn

QUEUE_BYTES_MAX = 16 * 2**20  # an event of a task with ten thousand files has 3 MB
BURST_BYTES_MAX = 4 * QUEUE_BYTES_MAX  # many events may come in one turn of the loop, before anything can be sent
STUCK_S = 5.0  # with a full queue and nothing sent for so long, a client does not read
EVENT_BYTES_LEAST = 512  # what the shortest event takes with what keeps it
INBOUND_BYTES_MAX = 4096  # nothing that a client says is listened to
HEARTBEAT_S = 30.0
CLOSE_S = 0.5


class Listener:
    """One WebSocket."""

    def __init__(self, socket: web.WebSocketResponse, request: web.BaseRequest, events: Events) -> None:
        self._socket = socket
        self._request = request
        self._events = events
        self._queue: deque[str] = deque()
        self._queued_bytes = 0
        self._moved_at = 0.0
        self._has_more = asyncio.Event()
        self._sender: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Send what is, then what comes, until the client goes or is dropped."""
        events = self._events
        first = [event.text for event in events.snapshot()]
        events.subscribe(self._put)
        self._sender = spawn(self._send(first), name="events to a client")
        reading = spawn(self._read(), name="events: wait for the end")
        try:
            await asyncio.wait([self._sender, reading], return_when=asyncio.FIRST_COMPLETED)
        finally:
            events.unsubscribe(self._put)
            await cancel_and_wait(self._sender, reading)

    def _put(self, event: Event) -> None:
        now = asyncio.get_running_loop().time()
        if not self._queue:
            self._moved_at = now
        full = self._queued_bytes + _cost(event.text)
        if full > BURST_BYTES_MAX or (full > QUEUE_BYTES_MAX and now - self._moved_at > STUCK_S):
            self._drop()
            return
        self._queue.append(event.text)
        self._queued_bytes = full
        self._has_more.set()

    def end(self) -> None:
        """End it; the client may come again."""
        self._drop()

    def _drop(self) -> None:
        """End it without waiting for it: its buffers are full."""
        self._events.unsubscribe(self._put)
        if self._sender is not None:
            self._sender.cancel()
        if self._request.transport is not None:
            self._request.transport.abort()

    async def _send(self, first: Sequence[str]) -> None:
        with contextlib.suppress(ConnectionError, ClientError, RuntimeError):
            for text in first:
                await self._socket.send_str(text)
            while True:
                while self._queue:
                    text = self._queue.popleft()
                    self._queued_bytes -= _cost(text)
                    await self._socket.send_str(text)
                    self._moved_at = asyncio.get_running_loop().time()
                self._has_more.clear()
                await self._has_more.wait()

    async def _read(self) -> None:
        """Pass over what a client says; end with it."""
        with contextlib.suppress(ConnectionError, ClientError, RuntimeError):
            async for _ in self._socket:
                pass

    async def aclose(self) -> None:
        """Say goodbye; who does not answer soon is dropped."""
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._socket.close(code=WSCloseCode.GOING_AWAY)
        except (TimeoutError, ConnectionError, ClientError, RuntimeError):
            self._drop()


def _cost(text: str) -> int:
    return max(EVENT_BYTES_LEAST, len(text))


async def open_socket(request: web.BaseRequest, protocol: str) -> web.WebSocketResponse:
    """Answer the upgrade; `protocol` is echoed, as browsers demand.

    Raises:
        web.HTTPException: It is no WebSocket handshake.
    """
    socket = web.WebSocketResponse(
        heartbeat=HEARTBEAT_S,
        protocols=(protocol,) if protocol else (),
        max_msg_size=INBOUND_BYTES_MAX,
        compress=False,
    )
    await socket.prepare(request)
    return socket
