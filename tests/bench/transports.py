"""What a GiB over HTTPS costs by each transport on each loop: `python -m tests.bench.transports [RUNS]`.

nginx on loopback, four connections, nothing is written or hashed: the transports alone, below httpx's client.
Prints the table of docs/decisions.md.
"""

import asyncio
import json
import os
import resource
import ssl
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

import httpx

from tests.bench.nginx import nginx
from tests.bench.samples import GIB

CONNECTIONS = 4
NAME = "0" * 64


def _own(context: ssl.SSLContext) -> httpx.AsyncBaseTransport:
    return httpx.AsyncHTTPTransport(verify=context)


def _aiohttp(context: ssl.SSLContext) -> httpx.AsyncBaseTransport:
    from core.net.proxied import ProxiedTransport

    return ProxiedTransport(context, proxy_for=lambda url: None)


def _direct(context: ssl.SSLContext) -> httpx.AsyncBaseTransport:
    from core.net.direct import DirectTransport

    return DirectTransport(context)


TRANSPORTS: dict[str, tuple[str, Callable[[ssl.SSLContext], httpx.AsyncBaseTransport]]] = {
    "httpx": ("httpx's own", _own),
    "aiohttp": ("httpx over aiohttp (`core.net.proxied`)", _aiohttp),
    "direct": ("httpx over a buffered protocol (`core.net.direct`)", _direct),
}


async def read(name: str, url: str, ca: str) -> dict[str, float]:
    """Read the file in as many ranges as there are connections; return what it cost."""
    context = ssl.create_default_context(cafile=ca or None)
    pieces = 0

    async def one(client: httpx.AsyncClient, at: int) -> None:
        nonlocal pieces
        length = GIB // CONNECTIONS
        headers = {"Range": f"bytes={at * length}-{(at + 1) * length - 1}"}
        got = 0
        async with client.stream("GET", url, headers=headers) as response:
            async for piece in response.aiter_raw():
                got += len(piece)
                pieces += 1
        assert got == length

    async with httpx.AsyncClient(transport=TRANSPORTS[name][1](context), timeout=60) as client:
        before, began = resource.getrusage(resource.RUSAGE_SELF), asyncio.get_running_loop().time()
        await asyncio.gather(*(one(client, at) for at in range(CONNECTIONS)))
        after = resource.getrusage(resource.RUSAGE_SELF)
        wall = asyncio.get_running_loop().time() - began
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"processor_s": processor, "wall_s": wall, "pieces": pieces}


def child(name: str, loop: str, url: str, ca: str) -> None:
    """Measure one and print it."""
    if loop == "asyncio":
        figures = asyncio.run(read(name, url, ca))
    else:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
        from PySide6.QtWidgets import QApplication

        from gui.loop import run

        figures = run(QApplication([]), lambda: read(name, url, ca))
    print(json.dumps(figures))


async def measured(*words: str) -> dict[str, float]:
    """Run a child."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.transports", *words, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    figures: dict[str, float] = json.loads(out.splitlines()[-1])
    return figures


def main(runs: int) -> None:
    """Measure all, in turn, and print the table."""
    found: dict[tuple[str, str, bool], list[dict[str, float]]] = {}
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        files = Path(folder) / "files"
        files.mkdir()
        with (files / NAME).open("wb") as file:
            file.write(os.urandom(2**20) * (GIB // 2**20))
        with nginx(Path(folder) / "nginx", files) as server:
            for _ in range(runs):
                for name in TRANSPORTS:
                    for loop in ("asyncio", "qasync"):
                        for tls in (False, True):
                            url = f"{server.url(tls=tls)}/{NAME}"
                            figures = asyncio.run(measured(name, loop, url, str(server.ca) if tls else ""))
                            found.setdefault((name, loop, tls), []).append(figures)
                            print(name, loop, "HTTPS" if tls else "HTTP", figures, file=sys.stderr, flush=True)
    print("| transport | loop | HTTP, processor s | HTTPS, processor s | HTTPS, wall s | pieces |")
    print("|---|---|---|---|---|---|")
    for name, (said, _) in TRANSPORTS.items():
        for loop in ("asyncio", "qasync"):
            plain, secure = found[name, loop, False], found[name, loop, True]
            cells = [
                said,
                loop,
                _middle(plain, "processor_s"),
                _middle(secure, "processor_s"),
                _middle(secure, "wall_s"),
                _middle(secure, "pieces", 0),
            ]
            print(f"| {' | '.join(cells)} |")


def _middle(rows: list[dict[str, float]], key: str, digits: int = 2) -> str:
    return f"{median(row[key] for row in rows):.{digits}f}"


if __name__ == "__main__":
    if len(sys.argv) > 3:
        child(*sys.argv[1:])
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
