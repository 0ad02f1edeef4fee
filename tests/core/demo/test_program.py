"""The hub as a program, and on other loops than the stock one."""

import asyncio
import os
import signal
import socket
import subprocess
import sys

import httpx
import pytest

from core.demo.__main__ import main
from core.demo.server import DemoHub

WINDOW_LOOP = """
import asyncio, sys
import httpx, qasync
from PySide6.QtCore import QCoreApplication
from core.demo.server import DemoHub

async def pull():
    async with DemoHub() as hub:
        hub.knobs.bytes_per_s_total = 5_000_000
        async with httpx.AsyncClient(base_url=hub.endpoint, follow_redirects=True, trust_env=False) as client:
            reply = await client.get("/demo/direct/resolve/main/weights.bin")
            assert reply.content == hub.content("demo/direct", "weights.bin")
            tree = await client.get("/api/models/demo/direct/tree/main")
            assert len(tree.json()) == 2

app = QCoreApplication(sys.argv)
loop = qasync.QEventLoop(app)
with loop:
    loop.run_until_complete(pull())
print("done")
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_says_where_it_listens_and_ends_cleanly(number: signal.Signals) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "core.demo", "--port", "0", "--cdn-port", "0", "--rate-bytes-s", "1000000", "--latency-ms", "1"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    line = (await asyncio.wait_for(process.stdout.readline(), 30)).decode()
    assert line.startswith("Hub listening on http://localhost:")
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"{line.split()[-1]}/api/models?search=tinyllama")).json()
    process.send_signal(number)
    out, err = await asyncio.wait_for(process.communicate(), 30)
    assert (process.returncode, out, err) == (0, b"", b"")


def test_a_port_that_is_taken_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["--port", str(port)]) == 1
    assert str(port) in capsys.readouterr().err


async def test_two_hubs_stand_side_by_side_and_start_and_end_at_will() -> None:
    async with DemoHub() as first, DemoHub() as second:
        assert len({first.endpoint, second.endpoint, first.cdn, second.cdn}) == 4
    await first.aclose()


async def test_localhost_reaches_the_hub_on_both_protocols(hub: DemoHub) -> None:
    port = hub.endpoint.rpartition(":")[2]
    hosts = ["127.0.0.1"]
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        hosts.append("[::1]")
    except OSError:
        pass  # a machine without IPv6
    async with httpx.AsyncClient(trust_env=False) as client:
        for host in hosts:
            assert (await client.get(f"http://{host}:{port}/")).status_code == 200


def test_it_runs_on_the_loop_of_a_window() -> None:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, "-c", WINDOW_LOOP]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "done"), done.stderr


async def test_large_files_can_come_from_another_file_server() -> None:
    async with (
        DemoHub(cdn_url="https://files.example:8443/") as hub,
        httpx.AsyncClient(base_url=hub.endpoint, trust_env=False) as client,
    ):
        large = await client.get("/demo/direct/resolve/main/weights.bin")
        small = await client.get("/demo/many-files/resolve/main/folder-00/file-000.txt")
    assert large.headers["Location"].startswith("https://files.example:8443/xet-bridge-demo/")
    assert large.headers["Location"].partition("?")[0].endswith(large.headers["X-Linked-ETag"].strip('"'))
    assert small.headers["Location"].startswith("/api/resolve-cache/")
