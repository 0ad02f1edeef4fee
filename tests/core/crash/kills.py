"""Cases D1, D2, D4, D6, D7 and D10 to D12: a process that is killed, stopped, told to end, or not alone."""

import asyncio
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

from core.errors import StoreError
from core.holder import DataLock, read_holder
from core.sizes import size_text
from core.spawn import spawn
from core.transfer.segment import FLUSH_MOST_BYTES
from tests.core.crash.left import broken_in, durable_in, final_of, stored_state, strangers_in
from tests.core.faults.case import Outcome
from tests.core.faults.plan import MB, MODEL
from tests.core.faults.world import FIRST
from tests.fakes.faults import rules
from tests.fakes.faults.hub import REPO, Hub
from tests.fakes.faults.rules import Rule
from tests.fakes.faults.server import FaultServer

KILLS = int(os.environ.get("PULLEY_KILLS", "30"))
SEED = int(os.environ.get("SEED", "4"))
CONNECTIONS = 2
RUN_S = 60.0
EACH_KIND = ("open", "pwritev", "fdatasync", "fsync", "replace", "link", "unlink", "ftruncate", "mkdir", "write")
TRACED = ("pwrite64", "fdatasync", "pwritev")


@asynccontextmanager
async def slow_hub(pause_s: float = 0.02) -> AsyncIterator[FaultServer]:
    """Yield a hub that takes about a second for the model."""
    async with FaultServer(Hub({FIRST: [MODEL]})) as server:
        server.rules = [Rule(rules.drip(64 * 1024, pause_s), role="cdn")]
        yield server


class Place:
    """A data folder and a models folder, and processes over them."""

    def __init__(self, folder: Path, server: FaultServer) -> None:
        self.folder = folder
        self.server = server
        self.data, self.models = folder / "data", folder / "models"
        self.data.mkdir(parents=True)
        self.environ = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("HF_", "PULLEY_"))},
            "HF_ENDPOINT": server.url("hub"),
            "HF_HOME": str(folder / "hf"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    async def start(self, *words: str) -> asyncio.subprocess.Process:
        """Start a process of this interpreter."""
        return await self.spawn(sys.executable, *words)

    async def spawn(self, *words: str) -> asyncio.subprocess.Process:
        """Start a process."""
        return await asyncio.create_subprocess_exec(
            *words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environ, start_new_session=True
        )

    async def pull(self, *words: str) -> asyncio.subprocess.Process:
        """Start a real `pulley pull`."""
        folders = ("--data-dir", str(self.data), "--models-dir", str(self.models))
        return await self.start("-m", "gui", "pull", REPO, *folders, *words)

    async def child(self, *words: str, prefix: tuple[str, ...] = ()) -> tuple[int, str]:
        """Run a child to its end; return its code and what it wrote."""
        words = (sys.executable, "-m", "tests.core.crash.child", str(self.folder), self.server.url("hub"), *words)
        return await end_of(await self.spawn(*prefix, *words))


async def end_of(process: asyncio.subprocess.Process) -> tuple[int, str]:
    """Wait for a process; return its code and all that it wrote. One that does not end is killed with its own."""
    try:
        async with asyncio.timeout(RUN_S):
            out, err = await process.communicate()
    except TimeoutError:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = await process.communicate()
        return -1, f"it did not end: {(out + err).decode(errors='replace')[-600:]}"
    assert process.returncode is not None
    return process.returncode, (out + err).decode(errors="replace")


def _finished(place: Place, code: int, said: str) -> Iterable[str]:
    """Yield what is wrong where a process should have completed the model."""
    if code != 0:
        yield f"LIVE: it ended with {code}: {said[-400:]}"
    if not final_of(place.models).exists():
        yield "DONE: the file is not there"
    else:
        yield from broken_in(place.models)
        if strangers := strangers_in(place.models):
            yield f"BOUND: left over: {strangers}"


# -- kills at a random moment ----------------------------------------------------------------------------


async def killed_at_random(folder: Path, *, kills_wanted: int = KILLS) -> Outcome:
    """Kill real pulls again and again, at random moments; at the end the file is right."""
    chance = random.Random(SEED)
    wrong: list[str] = []
    kills = number = 0
    twice = 0
    async with slow_hub() as server:
        while kills < kills_wanted:
            number += 1
            place = Place(folder / str(number), server)
            (place.data / "settings.yml").write_text(f"connections_per_host: {CONNECTIONS}\n")
            for _ in range(12):
                before, sent = durable_in(place.models), server.sent(MODEL.path)
                process = await place.pull("--quiet")
                ended = spawn(process.wait(), name="a pull")
                # Mostly in the middle of the bytes and at their end, now and then while the interpreter starts.
                if chance.random() < 0.8:
                    while server.sent(MODEL.path) == sent and not ended.done():
                        await asyncio.sleep(0.02)
                await asyncio.wait([ended], timeout=chance.uniform(0.0, 1.0))
                if not ended.done():
                    kills += 1
                    os.killpg(process.pid, signal.SIGKILL)
                code, said = await end_of(process)
                await ended
                if code not in (0, -signal.SIGKILL):
                    wrong.append(f"LIVE: a pull ended with {code}: {said[-300:]}")
                wrong += [f"{text} (seed {SEED}, kill {kills})" for text in broken_in(place.models)]
                # What the sockets held when the process died was sent, and never came.
                cost = server.sent(MODEL.path) - sent - max(0, durable_in(place.models) - before)
                twice = max(twice, cost)
                if code == 0 or kills >= kills_wanted:
                    break
            code, said = await end_of(await place.pull("--quiet"))
            wrong += _finished(place, code, said)
            if wrong:
                break
            shutil.rmtree(place.folder)
    if twice > CONNECTIONS * FLUSH_MOST_BYTES:
        wrong.append(f"KEEP: one kill cost {twice} bytes")
    cost = f"at most {size_text(twice)} came twice"
    text = f"{kills} kills over {number} downloads, seed {SEED}: every file right; {cost}."
    return Outcome(text, tuple(dict.fromkeys(wrong)))


# -- kills at each call ----------------------------------------------------------------------------------


@cache
def can_trace() -> bool:
    """Tell whether a process may be traced and stopped at its system calls."""
    if sys.platform != "linux" or shutil.which("strace") is None:
        return False
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = subprocess.run(
                ["strace", "-f", "--seccomp-bpf", "-qq", "-o", f"{folder}/log", "-e", "trace=fsync", "true"],
                capture_output=True,
                timeout=20,
                check=False,
            )
        except (OSError, subprocess.SubprocessError):
            return False
        return done.returncode == 0


def _trace(kind: str, number: int, log: Path) -> tuple[str, ...]:
    inject = f"inject={kind}:signal=SIGKILL:when={number}"
    return ("strace", "-f", "--seccomp-bpf", "-qq", "-o", str(log), "-e", f"trace={kind}", "-e", inject)


async def killed_at_each_call(folder: Path) -> Outcome:
    """Kill a child at the first, second, ... call of each kind, and let the next one complete the model."""
    wrong: list[str] = []
    most = int(os.environ.get("PULLEY_CALLS", "1"))
    jobs: list[tuple[str, int, bool]] = []
    async with slow_hub(0.005) as server:
        counting = Place(folder / "count", server)
        code, said = await counting.child("count")
        wrong += _finished(counting, code, said)
        counts = {kind: int(count) for kind, _, count in (word.partition("=") for word in said.split())}
        for kind in EACH_KIND:
            # The first ones, and the last ones, which are about the final name.
            numbers = {*range(1, most + 1), *range(counts.get(kind, 0) - most + 1, counts.get(kind, 0) + 1)}
            jobs += [(kind, number, False) for number in sorted(numbers) if 0 < number <= counts.get(kind, 0)]
        if can_trace():
            jobs += [(kind, number, True) for kind in TRACED for number in range(1, most + 2)]
        limit = asyncio.Semaphore(2)

        async def one(number: int, kind: str, nth: int, traced: bool) -> bool:
            async with limit:
                place = Place(folder / str(number), server)
                if traced:
                    code, said = await place.child(prefix=_trace(kind, nth, folder / f"{number}.log"))
                else:
                    code, said = await place.child(kind, str(nth))
                name = f"{'the system call ' if traced else ''}{kind} {nth}"
                wrong.extend(f"{text} ({name})" for text in broken_in(place.models))
                died = code != 0
                if died and code not in (-signal.SIGKILL, 128 + signal.SIGKILL):
                    wrong.append(f"LIVE: {name}: ended with {code}: {said[-300:]}")
                was_done = stored_state(place.data) == "done"
                if was_done and not final_of(place.models).exists():
                    wrong.append(f"DONE: {name}: the list calls complete what is not there")
                code, said = await place.child()
                wrong.extend(f"{text} ({name})" for text in _finished(place, code, said))
                shutil.rmtree(place.folder)
                return died

        died = sum(await asyncio.gather(*(one(n, *job) for n, job in enumerate(jobs))))
    layers = "calls of Python and system calls (strace)" if can_trace() else "calls of Python"
    text = f"{died} kills at {layers}: the next start completed each, with nothing left over."
    if died < len(jobs) // 2:
        wrong.append(f"only {died} of {len(jobs)} kills struck")
    return Outcome(text, tuple(dict.fromkeys(wrong)))


async def killed_before_the_list_knew(folder: Path) -> Outcome:
    """D4: the file has its name, and the process dies before the list is told."""
    wrong: list[str] = []
    async with slow_hub(0.0) as server:
        place = Place(folder, server)
        code, said = await place.child("after-link", "1")  # after the link, before the old name goes
        if code != -signal.SIGKILL or not final_of(place.models).exists():
            wrong.append(f"the kill did not strike where it should: {code} {said[-300:]}")
        if stored_state(place.data) == "done":
            wrong.append("the list knew already")
        sent = server.sent(MODEL.path)
        code, said = await place.child()
        wrong += _finished(place, code, said)
        if server.sent(MODEL.path) != sent:
            wrong.append("KEEP: the file was fetched again")
        if stored_state(place.data) != "done":
            wrong.append(f"DONE: the list says {stored_state(place.data)!r}")
    return Outcome(
        "The next start found the file, believed its bytes and noted it; nothing was fetched.", tuple(wrong)
    )


# -- told to end, stopped --------------------------------------------------------------------------------


async def _until_bytes(server: FaultServer, count: int) -> None:
    while server.sent(MODEL.path) < count:
        await asyncio.sleep(0.02)


async def told_to_end(folder: Path) -> Outcome:
    """D6: SIGTERM and SIGINT end it soon, and what came is kept."""
    wrong: list[str] = []
    took = 0.0
    async with slow_hub() as server:
        for number in (signal.SIGTERM, signal.SIGINT):
            place = Place(folder / number.name, server)
            sent = server.sent(MODEL.path)
            process = await place.pull("--quiet")
            await _until_bytes(server, sent + 3 * MB)
            began = asyncio.get_running_loop().time()
            process.send_signal(number)
            code, said = await end_of(process)
            took = max(took, asyncio.get_running_loop().time() - began)
            if code != 130 or "Traceback" in said:
                wrong.append(f"LIVE: {number.name} ended it with {code}: {said[-300:]}")
            if durable_in(place.models) < 2 * MB:
                wrong.append(f"KEEP: only {durable_in(place.models)} bytes are kept")
            wrong += broken_in(place.models)
            wrong += _finished(place, *await end_of(await place.pull("--quiet")))
    if took > 5:
        wrong.append(f"LIVE: it took {took:.1f} s to end")
    return Outcome("Ended at once with 130, kept what came, and went on at the next start.", tuple(wrong))


async def stopped_for_a_while(folder: Path) -> Outcome:
    """D7: SIGSTOP, while the server closes every connection, then SIGCONT."""
    wrong: list[str] = []
    async with slow_hub() as server:
        place = Place(folder, server)
        process = await place.pull("--quiet")
        await _until_bytes(server, 2 * MB)
        process.send_signal(signal.SIGSTOP)
        for handler in list(server._handlers):
            handler.cancel()
        await asyncio.sleep(3)
        process.send_signal(signal.SIGCONT)
        wrong += _finished(place, *await end_of(process))
    return Outcome("New connections went on where the old ones stood; done.", tuple(wrong))


# -- not alone -------------------------------------------------------------------------------------------


async def two_at_once(folder: Path) -> Outcome:
    """D10: two pulls of one data folder start at once, again and again: one holds it, the other follows."""
    wrong: list[str] = []
    rounds = int(os.environ.get("PULLEY_RACES", "6"))
    async with slow_hub(0.0) as server:
        for number in range(rounds):
            place = Place(folder / str(number), server)
            both = [await place.pull("--quiet") for _ in range(2)]
            for code, said in await asyncio.gather(*(end_of(process) for process in both)):
                wrong += [f"{text} (round {number})" for text in _finished(place, code, said)]
            if wrong:
                break
            shutil.rmtree(place.folder)
        sent = server.sent(MODEL.path)
    if sent > rounds * (MODEL.blob.size + MB):
        wrong.append(f"ONEW: {sent} bytes were sent for {rounds} files of {MODEL.blob.size}")
    return Outcome(f"{rounds} times both ended well, and the bytes came once.", tuple(wrong))


async def two_data_folders(folder: Path, *words: str) -> Outcome:
    """D11: two processes with lists of their own pull one model into one folder."""
    wrong: list[str] = []
    async with slow_hub() as server:
        for number in range(3):
            first, second = (Place(folder / f"{number}{name}", server) for name in "ab")
            shared = folder / f"{number}models"
            shared.mkdir()
            for place in (first, second):
                place.models.symlink_to(shared)
            results = await asyncio.gather(first.child(*words), second.child(*words))
            for place, (code, said) in zip((first, second), results, strict=True):
                wrong += [f"{text} (round {number})" for text in _finished(place, code, said)]
        sent = server.sent(MODEL.path)
    if not words and sent > 3 * (MODEL.blob.size + MB):
        wrong.append(f"ONEW: {sent} bytes were sent for 3 files of {MODEL.blob.size}")
    how = "though locks did nothing" if words else "one wrote, the other waited and found the file"
    return Outcome(f"Both ended well, {how}; {size_text(sent)} were sent for 3 files.", tuple(wrong))


async def stale_lock(folder: Path) -> Outcome:
    """D12: the holder is killed; its lock is gone with it, whoever has its number now."""
    wrong: list[str] = []
    async with slow_hub() as server:
        place = Place(folder, server)
        process = await place.pull("--quiet")
        await _until_bytes(server, MB)
        os.killpg(process.pid, signal.SIGKILL)
        await end_of(process)
        held = read_holder(place.data)
        if held is None:
            wrong.append("the holder left no note, so this case shows nothing")
        note = place.data / "holder.json"
        note.write_text(note.read_text().replace(str(process.pid), str(os.getpid())))  # the number is given again
        try:
            DataLock(place.data, "pull").close()
        except StoreError as error:
            wrong.append(f"LIVE: {error.message}")
        wrong += _finished(place, *await end_of(await place.pull("--quiet")))
    return Outcome("The next start took the folder at once and went on.", tuple(wrong))
