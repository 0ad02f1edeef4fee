"""Real proxies for tests (tinyproxy, microsocks), one that answers what it is told to, and a line that can fail.

A target on loopback is never asked for through a proxy, so the servers behind these listen on an address of this
machine that is none: see `own_address`.
"""

import asyncio
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

INSTALL = "is not installed. Run: make test-programs (Debian: apt-get install tinyproxy-bin microsocks)"
START_S = 10.0


def own_address() -> str:
    """Return an address of this machine that is not loopback. Nothing is sent: the system names its way out.

    A machine without any network gets one on its loopback interface, where it may.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("203.0.113.1", 9))
            return str(probe.getsockname()[0])
        except OSError:
            pass
    subprocess.run(["ip", "addr", "add", "198.51.100.7/32", "dev", "lo"], check=False, capture_output=True)
    return "198.51.100.7"


def free_port() -> int:
    """Return a port that nobody has right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Program:
    """A proxy that runs on loopback.

    Attributes:
        url: Its address, without credentials.
        log: What it says about itself, as far as it has said it.
    """

    def __init__(self, url: str, log: Path) -> None:
        self.url = url
        self._log = log

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")


@asynccontextmanager
async def _running(arguments: list[str], port: int, log: Path, scheme: str) -> AsyncIterator[Program]:
    program = shutil.which(arguments[0])
    assert program is not None, f"{arguments[0]} {INSTALL}"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [program, *arguments[1:]], stdout=output, stderr=output, stdin=subprocess.DEVNULL
        )
    try:
        async with asyncio.timeout(START_S):
            while True:
                assert process.poll() is None, log.read_text()
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.01)  # there is nothing that tells when another program listens
                else:
                    writer.close()
                    break
        yield Program(f"{scheme}://127.0.0.1:{port}", log)
    finally:
        process.terminate()
        process.wait()


@asynccontextmanager
async def tinyproxy(
    folder: Path, *, user: str = "", password: str = "", refuses: str = ""
) -> AsyncIterator[Program]:
    """Run tinyproxy; `refuses` is a host that it opens no way to."""
    folder.mkdir(parents=True, exist_ok=True)
    port, log = free_port(), folder / "tinyproxy.log"
    lines = [
        f"Port {port}",
        "Listen 127.0.0.1",
        "Timeout 60",
        f'LogFile "{log}"',
        "LogLevel Info",
        "MaxClients 200",
    ]
    if user:
        lines.append(f"BasicAuth {user} {password}")
    if refuses:
        (folder / "filter").write_text(refuses.replace(".", r"\.") + "\n")
        lines.append(f'Filter "{folder / "filter"}"')
    (folder / "tinyproxy.conf").write_text("\n".join(lines) + "\n")
    log.touch()
    async with _running(["tinyproxy", "-d", "-c", str(folder / "tinyproxy.conf")], port, log, "http") as program:
        yield program


@asynccontextmanager
async def microsocks(folder: Path, *, user: str = "", password: str = "") -> AsyncIterator[Program]:
    """Run microsocks."""
    folder.mkdir(parents=True, exist_ok=True)
    port, log = free_port(), folder / "microsocks.log"
    credentials = ["-u", user, "-P", password] if user else []
    arguments = ["microsocks", "-i", "127.0.0.1", "-p", str(port), *credentials]
    async with _running(arguments, port, log, "socks5") as program:
        yield program


class Teller:
    """A server that reads a head and answers with fixed bytes, whatever was asked.

    Attributes:
        asks: The heads that came.
    """

    def __init__(self, answer: bytes) -> None:
        self.asks: list[bytes] = []
        self.url = ""
        self._answer = answer

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection."""
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            self.asks.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(self._answer)
            await writer.drain()
        writer.close()


@asynccontextmanager
async def teller(answer: bytes) -> AsyncIterator[Teller]:
    """Run a proxy that always answers so."""
    made = Teller(answer)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield made
    finally:
        server.close()


class Line:
    """A line to a server that can be slow, stop without a word, or change a byte.

    Attributes:
        rate: Bytes a second towards the client, of each connection; None for as fast as it goes.
        latency_s: Before each piece.
        piece: The most bytes handed on at once.
        flip: Called with each piece towards the client; returns what is handed on.
        opened: Connections so far.
    """

    def __init__(self, host: str, port: int) -> None:
        self.rate: float | None = None
        self.latency_s = 0.0
        self.piece = 16384
        self.flip: Callable[[bytes], bytes] = lambda piece: piece
        self.opened = 0
        self.url = ""
        self._place = (host, port)
        self._life = 0
        self._workers: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    def freeze(self) -> None:
        """Hand nothing on any more, close nothing: the peer vanished. New connections work."""
        self._life += 1

    def cut(self) -> None:
        """Abort every connection."""
        for writer in self._writers:
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection."""
        worker = asyncio.current_task()
        assert worker is not None
        self._workers.add(worker)
        self._writers.add(writer)
        self.opened += 1
        life = self._life
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._place)
            self._writers.add(far_writer)
            await asyncio.gather(
                self._carry(reader, far_writer, lambda: self._life == life, paced=False),
                self._carry(far_reader, writer, lambda: self._life == life, paced=True),
            )
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._workers.discard(worker)
            writer.transport.abort()

    async def _carry(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        flows: Callable[[], bool],
        *,
        paced: bool,
    ) -> None:
        while piece := await reader.read(self.piece):
            if not flows():
                await asyncio.Event().wait()  # for ever, until the line is closed
            if paced:
                if self.latency_s:
                    await asyncio.sleep(self.latency_s)
                if self.rate is not None:
                    await asyncio.sleep(len(piece) / self.rate)
                piece = self.flip(piece)
            writer.write(piece)
            await writer.drain()
        writer.close()

    async def aclose(self) -> None:
        """End every connection."""
        for worker in self._workers:
            worker.cancel()
        if self._workers:
            await asyncio.wait(list(self._workers))
        for writer in self._writers:
            writer.transport.abort()


@asynccontextmanager
async def line(host: str, port: int, *, at: str = "127.0.0.1") -> AsyncIterator[Line]:
    """Open a line to a server."""
    made = Line(host, port)
    server = await asyncio.start_server(made.serve, at, 0)
    made.url = f"{at}:{server.sockets[0].getsockname()[1]}"
    try:
        yield made
    finally:
        server.close()
        await made.aclose()
