"""Following a holder that says nothing any more: it is named, and waited for."""

import asyncio
import contextlib

import pytest

from core.headless import follow as room
from core.headless.follow import Outcome, follow
from core.holder import Holder


async def test_a_holder_that_is_silent_is_told_of_once_and_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "SILENT_S", 1)
    silences: list[int] = []
    let_go = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b'{"ok": true}\n')
        await let_go.wait()
        with contextlib.suppress(OSError):
            writer.write(b'{"beat": true}\n{"end": true}\n')
        writer.close()

    def silent() -> None:
        silences.append(1)
        let_go.set()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as door:
        holder = Holder("server", 1, door.sockets[0].getsockname()[1], "token")
        heard: list[object] = []
        outcome = await follow(holder, {"do": "pull"}, take=heard.append, silent=silent, stopped=asyncio.Event())
    assert (outcome, silences, heard) == (Outcome.ENDED, [1], [])
