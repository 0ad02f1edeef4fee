"""A line of some length before a server: `python -m tests.bench.relay PORT` prints its own port.

Each connection has a delay and a rate of its own, as a distant host would give it, the same for every client: the
first bytes wait for what the handshake of TCP would have taken, all further ones for half the round trip each way.
Connections beyond a number may be refused by a reset. Slow start and losses are not imitated.
"""

import argparse
import asyncio
import socket
import struct
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from core.spawn import spawn
from tests.bench.processes import server

PIECE_BYTES = 64 * 1024
BUFFER_BYTES = 256 * 1024  # of each socket: small, so that what was sent has nearly arrived
CREDIT_S = 0.05  # what a late timer may catch up

Line = asyncio.Queue[tuple[float, bytes]]  # when a piece is due at the other end, and the piece; empty at the end


class Relay:
    """Passes connections on."""

    def __init__(self, port: int, *, delay_s: float, bytes_per_s: float, most: int) -> None:
        self._port = port
        self._delay_s = delay_s
        self._bytes_per_s = bytes_per_s
        self._most = most
        self._open = 0

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client."""
        if self._most and self._open >= self._most:
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
            return
        self._open += 1
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._port, limit=BUFFER_BYTES)
            for end in (writer, back):
                end.transport.set_write_buffer_limits(high=PIECE_BYTES)
            up = spawn(self._pump(reader, back, first_s=2 * self._delay_s, rate=0.0), name="up")
            down = spawn(self._pump(there, writer, first_s=0.0, rate=self._bytes_per_s), name="down")
            await asyncio.wait((up, down), return_when=asyncio.FIRST_COMPLETED)
            if up.done() and not down.done() and not writer.transport.is_closing():
                await asyncio.wait((down,), timeout=0.5)
            for pump in (up, down):
                pump.cancel()
            await asyncio.wait((up, down))
            for end in (writer, back):
                end.close()
        except OSError:
            writer.close()
        finally:
            self._open -= 1

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, first_s: float, rate: float
    ) -> None:
        """Pass one direction on until its end, or until nobody takes it any more."""
        line: Line = asyncio.Queue(max(8, int(rate * self._delay_s / PIECE_BYTES) + 2))
        coming = spawn(self._enter(reader, line, first_s=first_s), name="enter")
        leaving = spawn(self._leave(writer, line, rate=rate), name="leave")
        try:
            await asyncio.wait((leaving,))
        finally:
            for end in (coming, leaving):
                end.cancel()
            await asyncio.wait((coming, leaving))

    async def _enter(self, reader: asyncio.StreamReader, line: Line, *, first_s: float) -> None:
        not_before = time.monotonic() + first_s + self._delay_s
        with suppress(OSError):
            while piece := await reader.read(PIECE_BYTES):
                await line.put((max(not_before, time.monotonic() + self._delay_s), piece))
        await line.put((time.monotonic() + self._delay_s, b""))

    async def _leave(self, writer: asyncio.StreamWriter, line: Line, *, rate: float) -> None:
        free_at = 0.0
        with suppress(OSError):  # who was to take it has gone
            while True:
                due, piece = await line.get()
                now = time.monotonic()
                if rate and piece:
                    free_at = max(free_at, now - CREDIT_S) + len(piece) / rate
                    due = max(due, free_at)
                if due > now:
                    await asyncio.sleep(due - now)
                if not piece:
                    return
                writer.write(piece)
                await writer.drain()


async def _serve(options: argparse.Namespace) -> None:
    relay = Relay(
        options.port,
        delay_s=options.round_trip_ms / 2000,
        bytes_per_s=options.bytes_per_s,
        most=options.connections,
    )
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
        listener.setsockopt(socket.SOL_SOCKET, option, BUFFER_BYTES)
    made = await asyncio.start_server(relay.accept, sock=listener, limit=BUFFER_BYTES)
    print(listener.getsockname()[1], flush=True)
    async with made:
        await made.serve_forever()


@contextmanager
def relayed(port: int, *, round_trip_ms: float, bytes_per_s: float = 0.0, connections: int = 0) -> Iterator[int]:
    """Put a line before a port of this machine; yield the port to connect to."""
    words = [sys.executable, "-m", "tests.bench.relay", str(port), "--round-trip-ms", str(round_trip_ms)]
    with server([*words, "--bytes-per-s", str(bytes_per_s), "--connections", str(connections)]) as line:
        yield int(line)


def main() -> None:
    """Parse the options and serve."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.relay")
    parser.add_argument("port", type=int)
    parser.add_argument("--round-trip-ms", type=float, default=0.0)
    parser.add_argument("--bytes-per-s", type=float, default=0.0, help="of each connection")
    parser.add_argument("--connections", type=int, default=0, help="at most; 0: any number")
    asyncio.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
