"""`pulley` in processes of its own, with pipes or a pseudo-terminal, over one data folder and a demo hub."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.demo.server import DemoHub
from core.holder import read_holder
from tests.fakes.canary import CANARY

ENDS_S = 90.0


@dataclass
class Ended:
    """How a process ended, and what it said."""

    code: int | None
    out: str
    err: str

    @property
    def events(self) -> list[dict[str, Any]]:
        """What was said with --json."""
        return [json.loads(line) for line in self.out.splitlines()]


class Running:
    """A process under way; everything that it says is collected line by line."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self._said = {"out": "", "err": ""}
        self._news = asyncio.Condition()
        loop = asyncio.get_running_loop()
        self._readers = [
            loop.create_task(self._read("out", process.stdout)),
            loop.create_task(self._read("err", process.stderr)),
        ]

    async def _read(self, name: str, stream: asyncio.StreamReader | None) -> None:
        assert stream is not None
        while piece := await stream.read(65536):
            async with self._news:
                self._said[name] += piece.decode()
                self._news.notify_all()
        async with self._news:
            self._news.notify_all()

    async def says(self, text: str, *, stream: str = "out") -> None:
        """Wait until it has said this."""
        async with asyncio.timeout(ENDS_S), self._news:
            reader = self._readers[("out", "err").index(stream)]
            await self._news.wait_for(lambda: text in self._said[stream] or reader.done())
            assert text in self._said[stream], self._said

    async def ended(self) -> Ended:
        """Wait for its end."""
        async with asyncio.timeout(ENDS_S):
            await asyncio.gather(*self._readers)
            await self.process.wait()
        assert "Traceback" not in self._said["err"], self._said["err"]
        assert CANARY not in self._said["out"] + self._said["err"], "the token was written to the terminal"
        return Ended(self.process.returncode, self._said["out"], self._said["err"])

    async def interrupted(self, number: int = signal.SIGINT) -> Ended:
        """Send it a signal and wait for its end."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)
        return await self.ended()


class Terminal:
    """Starts commands over one data folder."""

    def __init__(self, hub: DemoHub, folder: Path) -> None:
        self.folder = folder
        self.models = folder / "models"
        # Workers of a test run say how wide their own terminal is.
        alien = ("COV_", "DISPLAY", "QT_", "COLUMNS", "LINES")
        self.environ = {key: value for key, value in os.environ.items() if not key.startswith(alien)}
        self.environ |= {"HF_ENDPOINT": hub.endpoint, "HF_HOME": str(folder / "hf"), "PYTHONIOENCODING": "utf-8"}
        self._running: list[Running] = []

    async def start(self, *words: str, **environ: str) -> Running:
        """Start any words."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "gui", *words, stdout=PIPE, stderr=PIPE, env=self.environ | environ
        )  # fmt: skip
        running = Running(process)
        self._running.append(running)
        return running

    async def run(self, *words: str, **environ: str) -> Ended:
        """Start any words and wait for the end."""
        return await (await self.start(*words, **environ)).ended()

    async def begin(self, command: str, *words: str, **environ: str) -> Running:
        """Start a command on the data folder."""
        return await self.start(command, "--data-dir", str(self.folder), *words, **environ)

    async def do(self, command: str, *words: str, **environ: str) -> Ended:
        """Run a command on the data folder to its end."""
        return await (await self.begin(command, *words, **environ)).ended()

    async def pull(self, *words: str, **environ: str) -> Ended:
        """Run `pulley pull`."""
        return await self.do("pull", *words, **environ)

    async def serve(self) -> Running:
        """Start `pulley serve` on any port, and wait until it is ready."""
        server = await self.begin("serve", "--port", "0")
        await server.says("Listening on")
        return server

    async def held_by(self, kind: str) -> None:
        """Wait until a process of this kind holds the data folder and its door is open."""
        async with asyncio.timeout(ENDS_S):
            while (holder := read_holder(self.folder)) is None or holder.kind != kind or not holder.port:
                await asyncio.sleep(0.02)

    async def aclose(self) -> None:
        """End whatever still runs."""
        for running in self._running:
            if running.process.returncode is None:
                running.process.kill()
            await asyncio.gather(*running._readers)
            await running.process.wait()


@contextlib.asynccontextmanager
async def terminal_on(hub: DemoHub, folder: Path) -> AsyncIterator[Terminal]:
    """A terminal that leaves no process behind."""
    terminal = Terminal(hub, folder)
    try:
        yield terminal
    finally:
        await terminal.aclose()
