"""Cases D3 and D5: the power goes at any moment, and what was not synced is gone in any order."""

import random
from pathlib import Path
from unittest.mock import patch

from core.net.client import Net
from core.net.credentials import Credentials
from core.transfer import fetch, trouble
from core.transfer.control import Identity
from core.transfer.download import Download
from core.transfer.job import Crew, Job
from tests.core.crash.kills import SEED, slow_hub
from tests.core.crash.left import FOLDER, broken_in, final_of
from tests.core.faults.case import Outcome
from tests.core.faults.plan import MODEL
from tests.core.faults.surroundings import short_times
from tests.core.faults.world import FIRST
from tests.core.transfer.conftest import FakeReport
from tests.fakes.crashes import lay_out, state_after
from tests.fakes.faults.hub import REPO
from tests.fakes.faults.server import FaultServer
from tests.fakes.fsops import FileOps, Op

CUTS = 60


class Rig:
    """Downloads the model into one folder after the other."""

    def __init__(self, server: FaultServer) -> None:
        self.net, self.crew = Net(Credentials()), Crew()
        self._url = f"{server.url('hub')}/{REPO}/resolve/{FIRST}/{MODEL.path}"

    async def download(self, models: Path) -> FakeReport:
        """Download into a models folder, on from whatever is there."""
        identity = Identity(MODEL.path, MODEL.blob.size, f"sha256:{MODEL.blob.sha256}", FIRST, self._url, REPO)
        job = Job(identity, final=models / FOLDER / MODEL.path, root=models)
        report = FakeReport()
        download = Download(job, net=self.net, crew=self.crew, report=report)
        download.allot(3)
        await download.run()
        return report

    async def aclose(self) -> None:
        """End."""
        await self.net.aclose()
        self.crew.close()


async def _recorded(rig: Rig, models: Path) -> list[Op]:
    """Return the operations of one whole download."""
    ops = FileOps(models)
    with ops.watched(), patch.multiple(fetch, FLUSH_EVERY_S=0.03):
        await rig.download(models)
    return ops.log


async def power_cuts(folder: Path) -> Outcome:
    """Recover from many states that a power cut may leave."""
    chance = random.Random(SEED)
    wrong: list[str] = []
    kept = 0
    with short_times(), patch.multiple(trouble, LOOK_FIRST_S=0.05, LOOK_MOST_S=0.1):
        async with slow_hub(0.01) as server:
            rig = Rig(server)
            try:
                first = folder / "first"
                log = await _recorded(rig, first)
                server.rules.clear()
                for number in range(CUTS):
                    # Every few operations, and each of the last ones, which give the name.
                    cut = len(log) - number if number < 12 else chance.randint(1, len(log))
                    models = folder / str(number)
                    models.mkdir()
                    lay_out(state_after(log, cut, chance), first, models)
                    told = f"(seed {SEED}, state {number} after {cut} of {len(log)} operations)"
                    wrong += [f"{text} {told}" for text in broken_in(models)]
                    report = await rig.download(models)
                    if final_of(models).read_bytes() != MODEL.blob.read():
                        wrong.append(f"DONE: recovered to wrong bytes {told}")
                    kept += report.received_total < MODEL.blob.size
                    extra = [
                        p.name
                        for p in (models / FOLDER).iterdir()
                        if p.name != MODEL.path and ".part.ctl.tmp" not in p.name
                    ]
                    if extra:
                        wrong.append(f"BOUND: left over: {extra} {told}")
            finally:
                await rig.aclose()
    if kept < CUTS // 4:
        wrong.append(f"KEEP: only {kept} of {CUTS} went on with what was there")
    text = f"{CUTS} states, seed {SEED}: each became the right file, {kept} of them from what was kept."
    return Outcome(text, tuple(dict.fromkeys(wrong)))


async def name_before_note(folder: Path) -> Outcome:
    """D5: the folder is synced after the name is given and before anybody is told that the file is there."""
    wrong: list[str] = []
    with short_times():
        async with slow_hub(0.0) as server:
            rig = Rig(server)
            try:
                log = await _recorded(rig, folder / "models")
            finally:
                await rig.aclose()
    kinds = [(op.kind, Path(op.target or op.path).name) for op in log]
    named = kinds.index(("link", MODEL.path)) if ("link", MODEL.path) in kinds else -1
    synced = [n for n, (kind, _) in enumerate(kinds) if kind == "sync_folder"]
    data = [n for n, (kind, name) in enumerate(kinds) if kind == "sync" and name.endswith(".part")]
    if named < 0 or not any(n > named for n in synced) or not any(n < named for n in data):
        wrong.append(f"DONE: the order is {kinds[-8:]}")
    last = max((n for n, op in enumerate(log) if op.kind == "write" and op.path.endswith(".part")), default=0)
    if not any(last < n < named for n in data):
        wrong.append("DONE: bytes were written after the last sync before the name")
    return Outcome("Bytes synced, then the name, then its folder, and only then the list.", tuple(wrong))
