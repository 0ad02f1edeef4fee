"""`make soak`: 20 models through a storm of random faults; every file right, memory, descriptors and threads flat.

`python -m tests.soak [MINUTES]` (20 by default; SEED in the environment repeats a run). A real `pulley serve` pulls
from a demo hub that misbehaves; tasks are paused, resumed and cancelled at random, the server is killed at times.
At the end the hub is well again, and every file has to be the hub's, byte for byte; the access token must stand
nowhere. Then real pulls are killed at 200 random moments (PULLEY_KILLS). Prints its figures as lines.
"""

import asyncio
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import mean

import httpx
import psutil

from core.demo.repos import GeneratedFile, Repo
from core.demo.server import DemoHub
from tests.core.crash.kills import killed_at_random
from tests.fakes.canary import CANARY, found_in

TASKS = 20
KILLS = int(os.environ.get("PULLEY_KILLS", "200"))
MB = 2**20
FAULTS = (
    "status:503", "status:429", "status:500", "cut:{}", "reset", "reset:{}", "hang:{}", "html", "ignore_range",
    "corrupt:{}",
)  # fmt: skip
KILL_EVERY_S = 45.0
CALM_S = 600.0  # after the storm everything has to be complete within this
GROWTH_MOST = 1.35  # the last quarter's mean by the second's


class Storm:
    """One run."""

    def __init__(self, hub: DemoHub, folder: Path, chance: random.Random) -> None:
        self.hub = hub
        self.folder = folder
        self.chance = chance
        self.models: dict[str, int] = {}
        self.samples: list[tuple[float, int, int, int]] = []
        self.counts = {"faults": 0, "kills": 0, "pauses": 0, "cancels": 0, "rounds": 0}
        self.server: psutil.Popen | None = None
        self.url = ""
        self.told_token = False

    def add_models(self) -> None:
        """Put models of one to three files on the hub's shelf."""
        for n in range(TASKS):
            files = [
                GeneratedFile(f"m{n}-{i}.bin", self.chance.randint(1000, 24 * MB), seed=f"{n}.{i}", lfs=i != 2)
                for i in range(self.chance.randint(1, 3))
            ]
            self.hub.add_repo(Repo(f"t/m{n}", files))
            self.models[f"t/m{n}"] = len(files)

    def start(self) -> None:
        """Start the server, or start it again."""
        environ = {"HF_ENDPOINT": self.hub.endpoint, "HF_HOME": str(self.folder / "hf"), "HF_TOKEN": CANARY}
        with (self.folder / "stderr.txt").open("a") as stderr:
            self.server = psutil.Popen(
                [sys.executable, "-m", "gui", "serve", "--port", "0", "--data-dir", str(self.folder)],
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                env=os.environ | environ,
            )
        assert self.server.stdout is not None
        self.url = self.server.stdout.readline().split()[-1]

    def sample(self, began: float) -> None:
        """Note what the server takes."""
        assert self.server is not None
        with self.server.oneshot():
            row = self.server.memory_info().rss, self.server.num_fds(), self.server.num_threads()
        self.samples.append((time.monotonic() - began, *row))

    async def trouble(self, http: httpx.AsyncClient) -> None:
        """Do one bad thing."""
        model = self.chance.choice(list(self.models))
        match self.chance.randint(0, 9):
            case 0:
                self.counts["pauses"] += 1
                await http.post("/models/pull/pause", json={"taskId": model})
            case 1:
                self.counts["cancels"] += 1
                keep = self.chance.random() < 0.5
                await http.request("DELETE", "/models/pull", json={"taskId": model, "keepParts": keep})
            case 2:
                self.hub.expire_signed_links()
            case 3:
                self.hub.knobs.bytes_per_s_total = self.chance.choice([2 * MB, 20 * MB, 60 * MB])
            case _:
                self.counts["faults"] += 1
                name = f"{model.partition('/')[2]}-{self.chance.randint(0, 2)}.bin"
                fault = self.chance.choice(FAULTS).format(self.chance.randint(0, 8 * MB))
                self.hub.knobs.fail_next.setdefault(self.chance.choice(["hub:", "cdn:", ""]) + name, []).append(
                    fault
                )

    async def pull_all(self, http: httpx.AsyncClient) -> bool:
        """Ask for every model that is not under way; return whether all are complete."""
        reply = await http.get("/models/pull")
        self.told_token |= CANARY in reply.text
        tasks = {task["id"]: task["state"] for task in reply.json()["data"]}
        complete = 0
        for model in self.models:
            state = tasks.get(model, "")
            if state == "done":
                complete += 1
            elif state not in ("queued", "resolving", "running", "verifying"):
                await http.post("/models/pull", json={"model": model})
        return complete == len(self.models)

    async def again(self, http: httpx.AsyncClient) -> None:
        """Delete all of it and begin a new round."""
        self.counts["rounds"] += 1
        for model in self.models:
            await http.delete(f"/v1/models/{model}")

    async def run(self, seconds: float) -> None:
        """The storm, then the calm."""
        began = time.monotonic()
        killed = began
        self.start()
        while time.monotonic() - began < seconds:
            async with httpx.AsyncClient(base_url=self.url, timeout=120) as http:
                while time.monotonic() - began < seconds:
                    await self.trouble(http)
                    if await self.pull_all(http):
                        await self.again(http)
                    self.sample(began)
                    await asyncio.sleep(self.chance.uniform(0.1, 0.8))
                    if (
                        time.monotonic() - killed > KILL_EVERY_S
                        and seconds - (time.monotonic() - began) > seconds / 2
                    ):
                        break
            if time.monotonic() - began < seconds:
                killed = time.monotonic()
                self.counts["kills"] += 1
                assert self.server is not None
                self.server.kill()
                self.server.wait()
                self.start()
        self.hub.knobs.fail_next.clear()
        self.hub.knobs.bytes_per_s_total = None
        async with asyncio.timeout(CALM_S), httpx.AsyncClient(base_url=self.url, timeout=120) as http:
            while not await self.pull_all(http):
                await asyncio.sleep(0.5)

    def wrong(self) -> list[str]:
        """Return the files that are not the hub's."""
        found = []
        for model in self.models:
            for file in self.hub.repos[model].commit_at("main").files:  # type: ignore[union-attr]
                path = self.folder / "models" / "huggingface.co" / model / file.path
                if not path.is_file() or path.read_bytes() != self.hub.content(model, file.path):
                    found.append(f"{model}/{file.path}")
        return found

    def leaks(self) -> list[str]:
        """Return where the token stands though it must not."""
        found = found_in(self.folder)
        found += ["an answer of the API"] if self.told_token else []
        found += ["a request to the CDN"] if self.hub.requests.with_token("cdn") else []
        found += ["an address"] if any(CANARY in each.path + each.query for each in self.hub.requests) else []
        assert self.hub.requests.with_token("hub"), "nobody sent the token, so this shows nothing"
        return found

    def figures(self) -> dict[str, tuple[float, float, float]]:
        """Return (mean of the third quarter, mean of the last, most) of memory in MB, descriptors and threads.

        Only the second half counts: no kills fall into it, so it is one process.
        """
        half = self.samples[len(self.samples) // 2 :]
        middle = len(half) // 2
        names = ("memory_mb", "descriptors", "threads")
        scale = (1 / MB, 1, 1)
        return {
            name: (
                round(mean(row[n + 1] for row in half[:middle]) * scale[n], 1),
                round(mean(row[n + 1] for row in half[middle:]) * scale[n], 1),
                round(max(row[n + 1] for row in half) * scale[n], 1),
            )
            for n, name in enumerate(names)
        }


async def soak(minutes: float, seed: int) -> int:
    """Run one storm and print how it came out."""
    with tempfile.TemporaryDirectory(prefix="pulley-soak-") as name:
        async with DemoHub(repos=[]) as hub:
            storm = Storm(hub, Path(name), random.Random(seed))
            storm.add_models()
            try:
                await storm.run(minutes * 60)
                wrong, leaks = storm.wrong(), storm.leaks()
            finally:
                if storm.server is not None:
                    storm.server.terminate()
                    storm.server.wait(10)
            figures = storm.figures()
    print(f"{minutes:g} minutes, seed {seed}: {storm.counts}")
    grown = []
    for name, (before, after, most) in figures.items():
        print(f"{name}: {before} in the third quarter, {after} in the last, {most} at most")
        if after > before * GROWTH_MOST + 2:
            grown.append(name)
    print(f"{sum(storm.models.values())} files, wrong: {wrong or 'none'}; grown: {grown or 'nothing'}")
    print(f"the token stands in: {leaks or 'nothing'}", flush=True)
    with tempfile.TemporaryDirectory(prefix="pulley-kills-") as name:
        outcome = await killed_at_random(Path(name), kills_wanted=KILLS)
    print(outcome.happened, *outcome.broken, sep="\n")
    return 1 if wrong or grown or leaks or outcome.broken else 0


def main() -> int:
    """Read the command line and the environment."""
    return asyncio.run(soak(float(sys.argv[1]) if len(sys.argv) > 1 else 20.0, int(os.environ.get("SEED", "1"))))


if __name__ == "__main__":
    sys.exit(main())
