"""The listeners: `hub`, `cdn`, `other` and `well`, each on a loopback address of its own; every request is kept."""

import asyncio
import ssl
from collections import Counter
from collections.abc import Sequence
from typing import Self

from tests.fakes.faults.content import Blob
from tests.fakes.faults.hub import Hub, bytes_of
from tests.fakes.faults.rules import Rule
from tests.fakes.faults.wire import Answer, Ask, deliver

ROLES = {"hub": "127.0.0.1", "cdn": "127.0.0.2", "other": "127.0.0.3", "well": "127.0.0.4"}
HEAD_BYTES_MAX = 256 * 1024
WELL = Blob(1_300_000, "well")


class FaultServer:
    """Answers as `hub` would, except where a rule says otherwise.

    `contexts` are the TLS contexts of the roles that speak https.

    Attributes:
        rules: Asked in this order; all that match have their say. May be changed at any time.
        log: Every request.
        most_open: The most connections that were open at once, by role.
    """

    def __init__(self, hub: Hub, *, contexts: dict[str, ssl.SSLContext] | None = None) -> None:
        self.hub = hub
        self.rules: list[Rule] = []
        self.log: list[Ask] = []
        self.most_open: Counter[str] = Counter()
        self._contexts = contexts or {}
        self._open: Counter[str] = Counter()
        self._counts: Counter[tuple[str, str, str]] = Counter()
        self._servers: list[asyncio.Server] = []
        self._handlers: set[asyncio.Task[None]] = set()
        self._is_closing = False

    async def __aenter__(self) -> Self:
        for role, host in ROLES.items():
            self.hub.urls[role] = await self._listen(role, host)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def _listen(self, role: str, host: str) -> str:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._handle(role, reader, writer)

        context = self._contexts.get(role)
        try:
            server = await asyncio.start_server(handle, host, 0, ssl=context, limit=HEAD_BYTES_MAX)
        except OSError:  # macOS knows 127.0.0.1 alone: there the ports tell the hosts apart
            server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context, limit=HEAD_BYTES_MAX)
        self._servers.append(server)
        bound, port = server.sockets[0].getsockname()[:2]
        return f"{'https' if context else 'http'}://{bound}:{port}"

    async def aclose(self) -> None:
        """Cut every connection and stop listening."""
        self._is_closing = True
        for server in self._servers:
            server.close()
        while self._handlers:
            for handler in self._handlers:
                handler.cancel()
            await asyncio.wait(list(self._handlers))

    # -- looking -----------------------------------------------------------------------------------------

    def url(self, role: str, path: str = "") -> str:
        """Return an address of a server."""
        return self.hub.urls[role] + path

    def asks(self, role: str = "", path: str = "", method: str = "") -> list[Ask]:
        """Return the requests to a server whose path holds `path`."""
        return [
            ask for ask in self.log if role in ("", ask.role) and path in ask.path and method in ("", ask.method)
        ]

    def sent(self, path: str) -> int:
        """Return how many bytes of a file were handed to sockets."""
        return sum(ask.sent for ask in self.asks(path=path) if ask.status in (200, 206) and ask.is_for_bytes)

    def sent_in_all(self) -> int:
        """Return how many bytes of files were handed to sockets, those of the well server left out."""
        counted = (ask for ask in self.log if ask.status in (200, 206) and ask.is_for_bytes and ask.role != "well")
        return sum(ask.sent for ask in counted)

    # -- connections -------------------------------------------------------------------------------------

    async def _handle(self, role: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handler = asyncio.current_task()
        assert handler is not None
        self._handlers.add(handler)
        self._open[role] += 1
        self.most_open[role] = max(self.most_open[role], self._open[role])
        try:
            while await self._one(role, reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the client went away, which is its right
        except asyncio.CancelledError:
            pass  # the server closes, and nobody awaits this task
        finally:
            self._open[role] -= 1
            if self._is_closing:
                writer.transport.abort()
            writer.close()
            try:
                await writer.wait_closed()
            except (OSError, asyncio.CancelledError):
                writer.transport.abort()
            self._handlers.discard(handler)

    async def _one(self, role: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        ask = _parse(role, head)
        await reader.readexactly(int(ask.headers.get("content-length", "0")))
        self._counts[role, ask.method, ask.path] += 1
        ask.number = self._counts[role, ask.method, ask.path]
        self.log.append(ask)
        answer = self._answer(ask)
        for rule in self.rules:
            if rule.takes(ask):
                rule.action(ask, answer)
        return await deliver(ask, answer, writer)

    def _answer(self, ask: Ask) -> Answer:
        if ask.role == "well":
            return bytes_of(ask, WELL, [("ETag", '"well"')])
        return self.hub.answer(ask)


def _parse(role: str, head: bytes) -> Ask:
    lines: Sequence[str] = head.decode("latin-1").split("\r\n")
    method, target, _ = lines[0].split(" ", 2)
    pairs = (line.partition(":") for line in lines[1:] if line)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    return Ask(role, method, target, headers, head)
