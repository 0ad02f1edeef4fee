"""`pulley serve` as scripts and servers start it: real processes, a readiness line, signals, keys, ports."""

import asyncio
import json
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect

from core.demo.repos import GeneratedFile, Repo
from core.demo.server import DemoHub
from core.transfer import disk
from tests.fakes.terminal import Running, Terminal, terminal_on

MB = 2**20


@pytest.fixture
async def terminal(hub: DemoHub, tmp_path: Path) -> AsyncIterator[Terminal]:
    async with terminal_on(hub, tmp_path / "data") as terminal:
        yield terminal


def url_of(server: Running) -> str:
    found = re.search(r"^Listening on (http://\S+)$", server._said["out"], re.MULTILINE)
    assert found, server._said
    return found[1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_it_says_where_it_listens_and_ends_cleanly_with_every_byte(
    terminal: Terminal, hub: DemoHub, number: signal.Signals
) -> None:
    hub.add_repo(Repo("t/big", [GeneratedFile("big.bin", 48 * MB)]))
    hub.knobs.bytes_per_s_total = 12 * MB
    server = await terminal.serve()
    async with httpx.AsyncClient(base_url=url_of(server)) as http:
        assert (await http.get("/healthz")).text == "cortex-cpp is alive!!!"
        assert (await http.post("/v1/models/pull", json={"model": "t/big"})).status_code == 200
        await hub.requests.until(lambda: hub.bytes_sent("big.bin") > 5 * MB)
        async with asyncio.timeout(5):  # what is promised
            ended = await server.interrupted(number)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("Listening on http://127.0.0.1:") and ended.out.count("\n") == 1
    path = terminal.models / "huggingface.co" / "t" / "big" / "big.bin"
    kept = disk.read_control(path)
    assert kept is not None
    assert hub.bytes_sent("big.bin") - sum(end - start for start, end, _ in kept[1]) < 2 * MB
    assert not (terminal.folder / "holder.json").exists()
    hub.knobs.bytes_per_s_total = None
    again = await terminal.serve()
    async with httpx.AsyncClient(base_url=url_of(again)) as http:
        async with asyncio.timeout(30):
            while (await http.get("/v1/models/pull")).json()["data"][0]["state"] != "done":
                await asyncio.sleep(0.05)
        assert [row["id"] for row in (await http.get("/v1/models")).json()["data"]] == ["t/big"]
    assert path.read_bytes() == hub.content("t/big", "big.bin")
    assert (await again.interrupted()).code == 0


async def test_a_listener_does_not_hold_up_the_end(terminal: Terminal) -> None:
    server = await terminal.serve()
    async with connect(url_of(server).replace("http", "ws") + "/events", proxy=None) as socket_:
        assert await socket_.ping()
        async with asyncio.timeout(5):
            assert (await server.interrupted(signal.SIGTERM)).code == 0


async def test_a_second_one_names_the_first_and_ends_with_1(terminal: Terminal) -> None:
    server = await terminal.serve()
    second = await terminal.do("serve", "--port", "0")
    assert second.code == 1 and second.out == ""
    assert f"process {server.process.pid}" in second.err and "server" in second.err


async def test_a_taken_port_is_said_with_its_owner(terminal: Terminal) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = await terminal.do("serve", "--port", str(port))
    assert ended.code == 1 and ended.out == ""
    assert f"Port {port} is taken" in ended.err and "another port" in ended.err
    if sys.platform == "linux":
        assert "process" in ended.err


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7"])
async def test_an_open_address_without_keys_is_refused(terminal: Terminal, host: str) -> None:
    ended = await terminal.do("serve", "--host", host, "--port", "0")
    assert ended.code == 1 and ended.out == "" and "PULLEY_API_KEYS" in ended.err


async def test_an_open_address_with_keys_is_served(terminal: Terminal) -> None:
    server = await terminal.begin("serve", "--host", "0.0.0.0", "--port", "0", PULLEY_API_KEYS="one two")
    await server.says("Listening on")
    port = url_of(server).rpartition(":")[2]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        assert (await http.get("/v1/models")).status_code == 401
        assert (await http.get("/v1/models", headers={"Authorization": "Bearer two"})).status_code == 200
        assert (await http.get("/healthz")).status_code == 200
    ended = await server.interrupted()
    assert ended.code == 0 and "one" not in ended.err


async def test_an_address_that_is_not_ours_is_said(terminal: Terminal) -> None:
    ended = await terminal.do("serve", "--host", "192.0.2.7", "--port", "0", PULLEY_API_KEYS="k")
    assert ended.code == 1 and "192.0.2.7" in ended.err


async def test_keys_that_were_set_and_are_lost_leave_no_open_door(terminal: Terminal) -> None:
    server = await terminal.serve()
    async with httpx.AsyncClient(base_url=url_of(server)) as http:
        assert (await http.patch("/v1/configs", json={"api_keys": ["long-enough-secret"]})).status_code == 200
        assert (await http.get("/v1/models")).status_code == 401
    assert (await server.interrupted()).code == 0
    written = [path.read_bytes() for path in terminal.folder.rglob("*") if path.is_file()]
    assert not any(b"long-enough-secret" in data for data in written)
    environ = {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
    again = await terminal.do("serve", "--port", "0", **environ)
    assert again.code == 1 and "keys" in again.err
    with_keys = await terminal.begin("serve", "--port", "0", PULLEY_API_KEYS="other", **environ)
    await with_keys.says("Listening on")
    assert (await with_keys.interrupted()).code == 0


async def test_two_posts_are_answered_at_once_and_their_events_interleave(terminal: Terminal, hub: DemoHub) -> None:
    for name in ("a", "b"):
        hub.add_repo(Repo(f"t/{name}", [GeneratedFile(f"{name}.bin", 6 * MB, seed=name)]))
    hub.knobs.bytes_per_s_total = 0  # neither can end before the other is answered
    server = await terminal.serve()
    url = url_of(server)
    order: list[tuple[str, str]] = []
    async with httpx.AsyncClient(base_url=url) as http, connect(f"ws{url[4:]}/events", proxy=None) as events:
        async with asyncio.timeout(20):
            first, second = [await http.post("/models/pull", json={"model": f"t/{n}"}) for n in ("a", "b")]
        hub.knobs.bytes_per_s_total = 3 * MB
        assert (first.status_code, second.status_code) == (200, 200)
        while sum(kind == "DownloadSuccess" for kind, _ in order) < 2:
            event = json.loads(await events.recv())
            order.append((event["type"], event["task"]["id"]))
            assert isinstance(event["task"]["items"], list)
    updates = [task_id for kind, task_id in order if kind == "DownloadUpdated"]
    changes = sum(one != other for one, other in zip(updates, updates[1:], strict=False))
    assert set(updates) == {"t/a", "t/b"} and changes >= 2, updates


async def test_the_log_is_kept_and_the_terminal_is_not_told_of_it(terminal: Terminal, hub: DemoHub) -> None:
    hub.add_repo(Repo("t/bad", [GeneratedFile("bad.bin", MB, seed="bad")]))
    hub.knobs.fail_next["hub:bad.bin"] = ["status:404"]
    server = await terminal.serve()
    async with httpx.AsyncClient(base_url=url_of(server)) as http:
        await http.post("/v1/models/pull", json={"model": "t/bad"})
        async with asyncio.timeout(30):
            while (await http.get("/v1/models/pull")).json()["data"][0]["state"] != "failed":
                await asyncio.sleep(0.05)
    ended = await server.interrupted()
    assert (ended.code, ended.err) == (0, "")
    text = (terminal.folder / "logs" / "pulley.log").read_text("utf-8")
    assert "core.conductor: t/bad bad.bin" in text
