"""Cases C3, C23 and C24: the list of tasks and the settings, damaged, locked, full or of another version."""

import asyncio
import errno
import os
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from unittest.mock import patch

from core.engine import Engine
from core.errors import StoreError
from core.handles import parse_handle
from core.net.client import Net
from core.net.credentials import Credentials
from core.rebuild import rebuild
from core.records import Selection
from core.settings import Settings, SettingsStore
from core.sizes import size_text
from core.sources.huggingface import HuggingFace
from core.states import TaskState
from core.store import keeper, sqlite
from core.store.rescue import open_store
from tests.core.faults.c_world import Bench, disk_case
from tests.core.faults.case import Case, Outcome
from tests.core.faults.plan import MB, MODEL, Plan
from tests.core.faults.surroundings import short_times, transport_of
from tests.core.faults.world import FIRST, World
from tests.fakes.faults import rules
from tests.fakes.faults.content import Blob
from tests.fakes.faults.hub import REPO, Hub, HubFile
from tests.fakes.faults.rules import Rule
from tests.fakes.faults.server import FaultServer
from tests.fakes.fsops import FileOps
from tests.fakes.watch import Watch

MANY = tuple(HubFile(f"data/{'n' * 80}-{n:03d}.bin", Blob(64, f"{n}"), lfs=False) for n in range(150))
AGAIN = "set aside; tasks are found again in the models folder and go on"


class Place:
    """One data folder and one models folder, with engines over them one after the other."""

    def __init__(self, server: FaultServer, folder: Path) -> None:
        self.server = server
        self.data, self.models = folder / "data", folder / "models"
        self.file = self.data / "tasks.sqlite"
        self.notice = ""
        self.data.mkdir(parents=True)

    @asynccontextmanager
    async def engine(self) -> AsyncIterator[Engine]:
        """Yield an engine that has loaded its list."""
        store, self.notice = open_store(self.file, lambda: rebuild(self.models))
        net = Net(Credentials(), transport=transport_of({}))
        sources = [HuggingFace(net, endpoint=self.server.url("hub"))]
        engine = Engine(net=net, store=store, sources=sources, root=self.models, hub="hub")
        try:
            await engine.load()
            yield engine
        finally:
            await engine.aclose()
            await net.aclose()


def damage_case(
    id_: str,
    title: str,
    damage: Callable[[Path, bytes], object],
    *,
    aside: bool = False,
    told: bool = True,
    expected: str = AGAIN,
) -> Case:
    """A list is damaged while its model is half there and another one is complete."""

    async def run(folder: Path) -> Outcome:
        wrong: list[str] = []
        hub = Hub({FIRST: [MODEL, HubFile("small.gguf", Blob(4 * MB, "s"))]})
        with short_times():
            async with FaultServer(hub) as server:
                place = Place(server, folder)
                half = ""
                async with asyncio.timeout(40), place.engine() as engine:
                    early = place.file.read_bytes()  # before its journal was ever taken in
                    watch = Watch(engine)
                    whole = engine.add(
                        parse_handle(REPO), selection=Selection(globs=("small.gguf",)), task_id="whole"
                    )
                    await watch.until_ended(whole)
                    server.rules = [Rule(rules.drip(64 * 1024, 0.03), role="cdn")]
                    half = engine.add(
                        parse_handle(REPO), selection=Selection(globs=("model.gguf",)), task_id="half"
                    )
                    await watch.until(lambda: engine.task(half).durable >= 2 * MB)
                server.rules.clear()
                sent = server.sent("model.gguf")
                damage(place.file, early)
                async with asyncio.timeout(40), place.engine() as engine:
                    states = {task.id: task.state for task in engine.tasks}
                    if states.get("whole") is not TaskState.DONE or half not in states:
                        wrong.append(f"KEEP: the list is {states}")
                    else:
                        await Watch(engine).until_ended(half)
                        if engine.task(half).state is not TaskState.DONE:
                            wrong.append(f"KEEP: {engine.task(half)} {engine.task(half).failure}")
                final = place.models / "huggingface.co" / REPO / "model.gguf"
                if not final.exists() or final.read_bytes() != MODEL.blob.read():
                    wrong.append("DONE: the file is not there, or not right")
                again = server.sent("model.gguf") - sent
                if again > MODEL.blob.size - MB:
                    wrong.append(f"KEEP: {again} bytes were fetched after the damage")
                kept = [path.name for path in place.data.glob("tasks.sqlite.bad-*")]
                if bool(kept) != aside:
                    wrong.append(f"KEEP: set aside: {kept}")
                if told != ("found again" in place.notice):
                    wrong.append(f"LIVE: told is {place.notice!r}")
        rest, all_ = size_text(again), size_text(MODEL.blob.size)
        said = f"“{place.notice}”; d" if told else "D"
        return Outcome(f"{said}one, only {rest} of {all_} came anew.", tuple(wrong))

    return Case(id_, title, expected, run)


def _overwrite(at: int):  # type: ignore[no-untyped-def]
    def damage(path: Path, early: bytes) -> None:
        with open(path, "r+b") as file:
            file.seek(at)
            file.write(os.urandom(4096))

    return damage


def _lose_journal(path: Path, early: bytes) -> None:
    path.write_bytes(early)
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _refused_case(letter: str, title: str, spoil: Callable[[Path], sqlite3.Connection], says: str) -> Case:
    """A list that cannot be used now is refused and left exactly as it is."""

    async def run(folder: Path) -> Outcome:
        wrong: list[str] = []
        folder.mkdir(parents=True)
        path = folder / "tasks.sqlite"
        open_store(path, list)[0].close()
        holder = spoil(path)
        before = path.read_bytes()
        said = ""
        try:
            with patch.object(sqlite, "BUSY_MS", 100):
                open_store(path, list)[0].close()
            wrong.append("it was opened")
        except StoreError as error:
            said = error.message
            if says not in said or not error.action or not error.meaning:
                wrong.append(f"LIVE: {error.message} {error.action}")
        finally:
            holder.close()
        if path.read_bytes() != before or list(folder.glob("*.bad-*")):
            wrong.append("KEEP: the list was changed")
        return Outcome(f"Refused, and left as it is: “{said}”.", tuple(wrong))

    return Case(f"C23{letter}", title, "refused kindly; nothing is changed", run)


def _lock(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA locking_mode = EXCLUSIVE")
    db.execute("BEGIN EXCLUSIVE")
    return db


def _newer(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.commit()
    return db


def _full_case(id_: str, title: str, full: str, well: str, files: tuple[HubFile, ...]) -> Case:
    """The list cannot be written for a while: the downloads go on, and all is kept afterwards."""

    async def act(world: World, bench: Bench) -> None:
        kept = world.engine._roster.keeper
        store = kept._store
        assert isinstance(store, sqlite.SqliteStore)
        store._db.execute(full)
        await world.watch.until_ended(world.task_id)
        while kept.error is None and kept._batch:
            await asyncio.sleep(0.02)
        bench.expect(kept.error is not None, "the list could be written all the same")
        bench.expect(world.engine.task(world.task_id).state is TaskState.DONE, "ISOL: the download did not end")
        store._db.execute(well)
        while kept.error is not None:
            await asyncio.sleep(0.02)

    return disk_case(
        Plan(id_, title, files=files, requests=900, again=8 * MB),
        expected="done; the list is kept as soon as it can be",
        act=act,
        patches=[lambda: patch.object(keeper, "RETRY_S", 0.1)],
    )


async def _settings_full(folder: Path) -> Outcome:
    wrong: list[str] = []
    folder.mkdir(parents=True)
    ops = FileOps(folder)
    store = SettingsStore(folder / "settings.yml")
    store.save(Settings(parallel_tasks=3))
    said = ""
    with ops.watched():
        ops.fail(errno.ENOSPC, "fsync", "replace", "rename")
        try:
            store.save(Settings(parallel_tasks=2))
            wrong.append("it was saved all the same")
        except (StoreError, OSError) as error:
            said = str(error)
    if SettingsStore(folder / "settings.yml").load().parallel_tasks != 3:
        wrong.append("KEEP: the settings of before are gone")
    return Outcome(
        f"Not saved, and said so: “{said.replace(str(folder), '…')}”; those of before are whole.", tuple(wrong)
    )


def _settings_case(letter: str, title: str, text: bytes) -> Case:
    async def run(folder: Path) -> Outcome:
        folder.mkdir(parents=True)
        path = folder / "settings.yml"
        path.write_bytes(text)
        store = SettingsStore(path)
        wrong = [] if store.load() == Settings() else ["the defaults are not used"]
        copies = [other for other in folder.iterdir() if other.name != "settings.yml"]
        if not store.warning or [copy.read_bytes() for copy in copies] != [text]:
            wrong.append(f"KEEP: told {store.warning!r}, copies {copies}")
        return Outcome(f"The defaults are used. “{store.warning.replace(str(folder), '…')}”", tuple(wrong))

    return Case(f"C24{letter}", title, "the defaults; what was there is kept, and told", run)


STORE_CASES: tuple[Case, ...] = (
    _full_case(
        "C3a",
        "The disk is full for the list of downloads",
        "PRAGMA max_page_count = 1",
        "PRAGMA max_page_count = 1000000",
        (MODEL, *MANY),
    ),
    Case("C3b", "... for the settings", "not saved, and said so; the old ones stay", _settings_full),
    damage_case("C23a", "The list of downloads begins with rubbish", _overwrite(0), aside=True),
    damage_case("C23b", "... has a page of rubbish in its middle", _overwrite(4096), aside=True),
    damage_case("C23c", "... was cut in half", lambda path, early: os.truncate(path, 4096 + 2048), aside=True),
    damage_case("C23d", "... is empty", lambda path, early: os.truncate(path, 0)),
    damage_case("C23e", "... lost its journal", _lose_journal),
    _refused_case("f", "... is locked by another program", _lock, "in use"),
    _refused_case("g", "... is of a newer version", _newer, "newer"),
    _full_case(
        "C23h",
        "... can only be read",
        "PRAGMA query_only = ON",
        "PRAGMA query_only = OFF",
        (MODEL,),
    ),
    _settings_case("a", "The settings are empty", b""),
    _settings_case("b", "... half written", b"parallel_tasks: [3, {a: "),
    _settings_case("c", "... rubbish", os.urandom(64)),
)
