"""What do ten clients cost that listen to fifty tasks? The processor time of `pulley serve`, with and without them.

`python -m tests.bench.listen FOLDER CLIENTS` runs once and prints one line of JSON; `... hub` is its hub.
"""

import asyncio
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import httpx
import psutil
from websockets.asyncio.client import connect

from core.demo.knobs import Knobs
from core.demo.repos import GeneratedFile, Repo
from core.demo.server import DemoHub
from core.spawn import spawn
from tests.bench.processes import end_on_sigterm, server, start, stop

TASKS = 50
FILES = 4
FILE_BYTES = 4 * 2**20
RATE_BYTES_S = 40e6


async def hub() -> None:
    """Serve fifty models of four files, slowly enough for some twenty seconds."""
    repos = [
        Repo(f"t/m{n}", [GeneratedFile(f"m{n}-{i}.bin", FILE_BYTES, seed=f"{n}.{i}") for i in range(FILES)])
        for n in range(TASKS)
    ]
    async with DemoHub(repos=repos, knobs=Knobs(bytes_per_s_total=RATE_BYTES_S)) as running:
        await running.warm()
        print(running.endpoint, flush=True)
        await asyncio.Event().wait()


async def listen(url: str, ended: Counter[str], enough: asyncio.Event) -> int:
    """Listen until every task has ended; return the number of events."""
    count = 0
    async with connect(url, max_size=None, proxy=None) as socket:
        async for text in socket:
            count += 1
            if json.loads(text)["type"] == "DownloadSuccess":
                ended[url] += 1
            if enough.is_set():
                break
    return count


async def story(url: str, server: psutil.Process, clients: int) -> dict[str, float]:
    """Pull all and return what the server used."""
    before = sum(server.cpu_times()[:2])
    enough = asyncio.Event()
    ws = f"ws{url.removeprefix('http')}/events"
    async with httpx.AsyncClient(base_url=url, timeout=60) as http:
        listening = [spawn(listen(ws, Counter(), enough), name="listener") for _ in range(clients)]
        for n in range(TASKS):
            (await http.post("/models/pull", json={"model": f"t/m{n}"})).raise_for_status()
        while True:
            await asyncio.sleep(1)
            models = (await http.get("/v1/models")).json()["data"]
            if len(models) == TASKS:
                break
        used = sum(server.cpu_times()[:2]) - before
        enough.set()
        (await http.delete("/v1/models/t/m0")).raise_for_status()
        (await http.post("/models/pull", json={"model": "t/m0"})).raise_for_status()  # one more event for each
        counts = await asyncio.gather(*listening)
    return {"clients": clients, "processor_s": round(used, 2), "events": sum(counts)}


def main() -> None:
    """Run one side of the comparison."""
    if sys.argv[1] == "hub":
        asyncio.run(hub())
        return
    folder, clients = Path(sys.argv[1]), int(sys.argv[2])
    end_on_sigterm()
    with server([sys.executable, "-m", "tests.bench.listen", "hub"]) as endpoint:
        words = [sys.executable, "-m", "gui", "serve", "--port", "0", "--data-dir", str(folder)]
        served = start(words, environ={"HF_ENDPOINT": endpoint}, stdout=subprocess.PIPE)
        try:
            assert served.stdout is not None
            url = served.stdout.readline().split()[-1]
            print(json.dumps(asyncio.run(story(url, psutil.Process(served.pid), clients))))
        finally:
            stop(served)


if __name__ == "__main__":
    main()
