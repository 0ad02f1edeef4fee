"""The door over real sockets: who gets an answer, what is asked, and what a stranger cannot do."""

import asyncio
import json
import os
import stat
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from core.api.events import Events
from core.demo.repos import GeneratedFile, Repo
from core.door import server
from core.door.client import Unreachable, call, hand_over
from core.door.errand import Errand, pull_steps
from core.door.server import Door
from core.door.wire import BODY_BYTES_MAX, REQUEST_BYTES_MAX, Heard, Message, Named, Refused, Saw, message_of
from core.engine import Engine
from core.errors import CommandRefused
from core.handles import parse_handle
from core.holder import DataLock, Holder, read_holder
from core.spawn import cancel_and_wait, spawn
from core.states import TaskState
from core.verify import targets_at
from tests.core.conftest import Rig

MB = 2**20


class House:
    """An engine with a door on a data folder."""

    def __init__(self, engine: Engine, data: Path, *, kind: str = "server") -> None:
        self.engine = engine
        self.data = data
        self.lock = DataLock(data, kind)
        self.events = Events(engine)
        self.opened: list[list[str]] = []
        take = self.opened.append if kind == "window" else None
        self.door = Door(self.lock, kind, engine, self.events, open_window=take)

    @property
    def holder(self) -> Holder:
        holder = read_holder(self.data)
        assert holder is not None
        return holder

    async def aclose(self) -> None:
        await self.door.aclose()
        self.events.close()
        self.lock.close()


@pytest.fixture
async def house(rig: Rig, tmp_path: Path) -> AsyncIterator[House]:
    house = House(await rig.engine(), tmp_path / "data")
    await house.door.open()
    yield house
    await house.aclose()


@pytest.fixture
async def window(rig: Rig, tmp_path: Path) -> AsyncIterator[House]:
    house = House(await rig.engine(), tmp_path / "data", kind="window")
    await house.door.open()
    yield house
    await house.aclose()


async def said_to(holder: Holder, data: bytes, *, half: bool = False) -> bytes:
    """Send bytes to the door and return all that comes back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", holder.port)
    try:
        writer.write(data)
        if half:
            writer.write_eof()
        return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def listed(house: House) -> list[str]:
    asked = await call(house.holder, {"do": "list"})
    try:
        return [line["view"]["id"] async for line in asked.lines()]
    finally:
        asked.close()


def request(house: House, **fields: Any) -> bytes:
    return json.dumps({"token": house.holder.token, **fields}).encode() + b"\n"


def test_the_file_that_tells_the_token_is_for_the_user_alone(tmp_path: Path) -> None:
    os.umask(os.umask(0))
    lock = DataLock(tmp_path / "data", "server")
    mode = stat.S_IMODE((tmp_path / "data" / "holder.json").stat().st_mode)
    lock.close()
    assert mode == 0o600
    assert not (tmp_path / "data" / "holder.json").exists()


STRANGE: dict[str, Callable[[House], bytes]] = {
    "no JSON": lambda _: b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "nothing": lambda _: b"\n",
    "a list": lambda _: b"[1, 2]\n",
    "no token": lambda _: b'{"do": "list"}\n',
    "a wrong token": lambda h: request(h, do="list", token="x" * 43),
    "an empty token": lambda h: request(h, do="list", token=""),
    "no text for a token": lambda h: request(h, do="list", token=[h.holder.token]),
    "half a character": lambda h: b'{"token": "\\ud800", "do": "list"}\n',
    "no UTF-8": lambda _: b"\xff\xfe\x00\n",
    "far too deep": lambda h: b'{"token": "' + h.holder.token.encode() + b'", "do": ' + b"[" * 200_000 + b"\n",
    "far too long": lambda h: request(h, do="list", more="x" * (REQUEST_BYTES_MAX + 10)),
    "far too long without an end": lambda _: b"x" * (2 * REQUEST_BYTES_MAX),
    "a number with a million digits": lambda h: b'{"token": ' + b"1" * 10**6 + b"}\n",
}


@pytest.mark.parametrize("name", STRANGE)
async def test_a_stranger_is_let_go_without_an_answer(house: House, name: str) -> None:
    assert await said_to(house.holder, STRANGE[name](house)) == b""
    assert await listed(house) == [], "the holder is unharmed"


def with_body(house: House, value: dict[str, Any], count: int | None = None, token: str = "") -> bytes:
    body = json.dumps(value).encode() + b"\n"
    head = {"token": token or house.holder.token, "body": len(body) if count is None else count}
    return json.dumps(head).encode() + b"\n" + body


async def test_a_request_longer_than_a_line_is_read_from_who_knows_the_token(house: House) -> None:
    long = {"do": "pause", "id": "x" * (3 * REQUEST_BYTES_MAX)}
    with pytest.raises(CommandRefused, match="No download is called 'xxx"):
        await call(house.holder, long)
    assert await said_to(house.holder, with_body(house, {"do": "list"})) != b""
    for count in (-1, 0, 5, BODY_BYTES_MAX + 1):
        assert await said_to(house.holder, with_body(house, {"do": "list"}, count)) == b""
    assert await said_to(house.holder, with_body(house, {"do": "list"}, 10**6), half=True) == b""
    assert await said_to(house.holder, with_body(house, {"do": "list"}, token="x" * 43)) == b""
    assert await listed(house) == [], "the holder is unharmed"


async def test_more_than_any_door_takes_is_not_even_sent(house: House) -> None:
    with pytest.raises(CommandRefused, match="too much to hand over"):
        await call(house.holder, {"do": "pause", "id": "x" * BODY_BYTES_MAX})


async def test_a_follower_hears_that_the_holder_is_alive(
    house: House, rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "BEAT_EVERY_S", 0.01)
    rig.hub.knobs.bytes_per_s_total = 0
    asked = await call(house.holder, {"do": "pull", "handles": ["tinyllama:gguf"]})
    async for line in asked.lines():
        if "beat" in line:
            assert message_of(line) is None, "it is no news"
            break
    asked.close()


async def test_what_runs_already_is_told_once_to_who_asks_for_it_with_many_others(house: House, rig: Rig) -> None:
    rig.hub.knobs.bytes_per_s_total = 0
    names = [f"t/{n}" for n in range(40)]
    for name in names:
        rig.add(house.engine, name)
    rig.add(house.engine, "t/gone")
    house.engine.remove("t/gone")
    rig.add(house.engine, "t/gone")
    told: list[str] = []

    def tell(message: Message) -> None:
        if isinstance(message, Heard):
            told.append(json.loads(message.text)["task"]["id"])

    handles = [parse_handle(name) for name in [*names, "t/gone"]]
    errand = Errand(house.engine, pull_steps(house.engine, handles), tell=tell, events=house.events)
    running = spawn(errand.run(), name="errand")
    async with asyncio.timeout(10):
        while len(told) <= len(names):
            await asyncio.sleep(0)
    await cancel_and_wait(running)
    assert sorted(told) == sorted([*names, "t/gone"])


async def test_a_repair_is_asked_for_by_paths_or_with_what_the_files_should_be(house: House, rig: Rig) -> None:
    asked = await call(house.holder, {"do": "pull", "handles": ["demo/empty-file", "tinyllama:gguf"]})
    assert [line async for line in asked.lines()]
    asked.close()
    (target,) = [t for t in targets_at(rig.root, rig.root) if t.description.handle == "tinyllama:gguf"]
    file = next(file for file in target.description.files if file.path == "model.gguf")
    for asked_for in (file.path, [file.path, file.size, file.hash, ""]):
        (target.folder / file.path).unlink()
        model = {"folder": str(target.folder), "name": target.name, "files": [asked_for]}
        asked = await call(house.holder, {"do": "repair", "models": [model]})
        messages = [message_of(line) async for line in asked.lines()]
        asked.close()
        assert Named(0, "tinyllama:gguf") in messages
        assert rig.is_right(house.engine, "tinyllama:gguf")


async def test_half_a_request_is_no_request(house: House) -> None:
    whole = request(house, do="list")
    assert await said_to(house.holder, whole[:-1], half=True) == b""
    assert await said_to(house.holder, whole[:10], half=True) == b""


async def test_who_says_nothing_is_let_go_after_a_while(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "REQUEST_S", 0.05)
    assert await said_to(house.holder, b'{"token": ') == b""


async def test_strangers_who_wait_do_not_keep_friends_out_for_long(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "STRANGERS_MAX", 3)
    monkeypatch.setattr(server, "REQUEST_S", 0.2)
    silent = [await asyncio.open_connection("127.0.0.1", house.holder.port) for _ in range(6)]
    for reader, writer in silent:
        assert await reader.read() == b""
        writer.close()
    assert await listed(house) == []


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"do": "dance"},
        {"do": "pull", "handles": "org/repo"},
        {"do": "pull", "handles": [1]},
        {"do": "pull", "handles": ["not a handle at all"]},
        {"do": "pull", "handles": ["org/repo"], "globs": {}},
        {"do": "pause"},
        {"do": "pause", "id": ["x"]},
        {"do": "repair"},
        {"do": "repair", "models": [{"folder": 1}]},
        {"do": "repair", "models": [{"folder": "/", "name": "etc", "files": []}]},
        {"do": "open", "handles": ["org/repo"]},
    ],
)
async def test_a_request_that_makes_no_sense_is_refused_with_a_reason(house: House, fields: dict[str, Any]) -> None:
    with pytest.raises(CommandRefused) as refused:
        await call(house.holder, fields)
    assert refused.value.message
    assert house.engine.tasks == []


async def test_a_window_takes_handles_and_others_have_none_to_open(window: House) -> None:
    assert await asyncio.to_thread(hand_over, window.data, ["org/repo", "tinyllama"])
    assert window.opened == [["org/repo", "tinyllama"]]


async def test_nothing_is_handed_over_to_what_is_no_window(house: House, tmp_path: Path) -> None:
    assert not await asyncio.to_thread(hand_over, house.data, ["org/repo"])
    assert not await asyncio.to_thread(hand_over, tmp_path / "nowhere", ["org/repo"])


async def test_a_holder_without_a_door_is_unreachable(house: House) -> None:
    holder = house.holder
    await house.door.aclose()
    for nobody in (holder, Holder("server", 1), None):
        with pytest.raises(Unreachable):
            await call(nobody, {"do": "list"})


async def test_a_pull_is_told_from_its_names_to_its_end(house: House, rig: Rig) -> None:
    asked = await call(house.holder, {"do": "pull", "handles": ["tinyllama", "nobody/missing"], "json": True})
    messages = [message_of(line) async for line in asked.lines()]
    asked.close()
    assert Named(0, "tinyllama:gguf") in messages and Named(1, "nobody/missing") in messages
    views = [message.view for message in messages if isinstance(message, Saw)]
    last = {view.id: view.state for view in views}
    assert last == {"tinyllama:gguf": TaskState.DONE, "nobody/missing": TaskState.FAILED}
    kinds = [json.loads(message.text)["type"] for message in messages if isinstance(message, Heard)]
    assert kinds.count("DownloadSuccess") == kinds.count("DownloadError") == 1
    assert rig.is_right(house.engine, "tinyllama:gguf")
    assert house.door.is_idle


async def test_other_files_of_what_is_under_way_are_refused(house: House, rig: Rig) -> None:
    rig.hub.knobs.bytes_per_s_total = 0
    rig.add(house.engine, "tinyllama:gguf")
    request = {"do": "pull", "handles": ["tinyllama:gguf"], "globs": ["*.yml"], "json": True}
    asked = await call(house.holder, request)
    messages = [message_of(line) async for line in asked.lines()]
    asked.close()
    refused = next(message for message in messages if isinstance(message, Refused))
    assert refused.index == 0 and "other files" in refused.view.message
    event = next(json.loads(message.text) for message in messages if isinstance(message, Heard))
    assert event["type"] == "DownloadError" and event["task"]["items"] == []


async def test_who_leaves_changes_nothing(house: House, rig: Rig) -> None:
    rig.hub.add_repo(Repo("t/big", [GeneratedFile("big.bin", 8 * MB)]))
    rig.hub.knobs.bytes_per_s_total = 4 * MB
    done = asyncio.Event()
    house.engine.task_done.connect(lambda _: done.set())
    asked = await call(house.holder, {"do": "pull", "handles": ["t/big"]})
    assert not house.door.is_idle
    asked.close()
    rig.hub.knobs.bytes_per_s_total = None
    await asyncio.wait_for(done.wait(), 60)
    assert rig.is_right(house.engine, "t/big")


async def test_a_closed_door_tells_no_end(house: House, rig: Rig) -> None:
    rig.hub.knobs.bytes_per_s_total = 0
    asked = await call(house.holder, {"do": "pull", "handles": ["tinyllama:gguf"]})
    closing = spawn(house.door.aclose(), name="close")
    with pytest.raises(Unreachable):
        async for _ in asked.lines():
            pass
    asked.close()
    await closing


async def test_a_removed_task_ends_what_waits_for_it(house: House, rig: Rig) -> None:
    rig.hub.knobs.bytes_per_s_total = 0
    asked = await call(house.holder, {"do": "pull", "handles": ["tinyllama:gguf"]})
    views = []
    async for line in asked.lines():
        message = message_of(line)
        if isinstance(message, Saw):
            views.append(message.view)
            if len(views) == 1:
                house.engine.remove("tinyllama:gguf")
    asked.close()
    assert views[-1].is_removed and views[-1].is_over and not views[-1].is_good


async def test_a_slow_follower_is_given_up_and_the_holder_goes_on(
    house: House, rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.door.outbox.TEXT_BYTES_MAX", 10_000)
    files = [GeneratedFile(f"{n}.bin", 2000, seed=n, lfs=False) for n in range(300)]
    rig.hub.add_repo(Repo("t/many", files))
    done = asyncio.Event()
    house.engine.task_done.connect(lambda _: done.set())
    asked = await call(house.holder, {"do": "pull", "handles": ["t/many"], "json": True})
    await asyncio.wait_for(done.wait(), 60)
    with pytest.raises(Unreachable):
        async for _ in asked.lines():
            pass
    asked.close()
    async with asyncio.timeout(30):
        while not house.door.is_idle:
            await asyncio.sleep(0.01)
    assert rig.is_right(house.engine, "t/many")
