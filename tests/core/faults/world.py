"""Plays a case: the servers, an engine over a store on the disk, a healthy task beside, and what became of it."""

import asyncio
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from core.engine import Engine
from core.handles import parse_handle
from core.net.client import Net
from core.net.credentials import Credentials
from core.records import Selection
from core.sizes import size_text
from core.sources.direct import Direct
from core.sources.huggingface import HuggingFace
from core.spawn import spawn
from core.states import ItemState, TaskState
from core.store.sqlite import SqliteStore
from core.views import failure_of
from tests.core.faults import checks, ledger
from tests.core.faults.case import Outcome
from tests.core.faults.observer import Observer
from tests.core.faults.plan import Plan
from tests.core.faults.surroundings import (
    MemoryMark,
    kept_logs,
    public_unless_inside,
    server_context,
    short_times,
    space_left,
    transport_of,
)
from tests.fakes.canary import CANARY
from tests.fakes.faults.hub import Hub, commit_of
from tests.fakes.faults.server import WELL, FaultServer
from tests.fakes.watch import Watch

FIRST, SECOND = commit_of("first"), commit_of("second")
LONG_WAIT_S = 2.0  # back-offs are far shorter here, so a wait of this length was asked for


class World:
    """Everything around one case."""

    def __init__(
        self, plan: Plan, folder: Path, server: FaultServer, notes: ledger.Ledger, logged: list[str]
    ) -> None:
        self.plan = plan
        self.server = server
        self.ledger = notes
        self.logged = logged
        self.root, self.data = folder / "models", folder / "data"
        self.mine = self.root / "huggingface.co" / "t" / "model" / "notes.txt"
        self.seeded: dict[Path, bytes] = {}
        self.memory_grown: int | None = None
        self.log_end = 0
        self.task_id = self.well_id = ""
        self.end = self.kind = self.message = ""
        self.kept = 0
        self.healed = False
        self._sent_before_healing = 0

    @property
    def folder(self) -> Path:
        """The folder of the model."""
        return self.mine.parent

    @property
    def commit(self) -> str:
        """The commit that `main` is at first."""
        return FIRST

    # -- building ----------------------------------------------------------------------------------------

    def build(self) -> None:
        """Prepare the disk and make the engine."""
        self.data.mkdir(parents=True)
        self.folder.mkdir(parents=True)
        self.mine.write_bytes(checks.MINE)
        if self.plan.seed is not None:
            self.plan.seed(self)
        self.ledger.touched.clear()
        addresses: dict[str, str] = {}
        for role, name in self.plan.names.items():
            real = self.server.url(role)
            addresses[name] = real.partition("//")[2].partition(":")[0]
            self.server.hub.urls[role] = re.sub(r"//[^:]+", f"//{name}", real)
        self.endpoint = self.server.url("hub")
        credentials = Credentials()
        credentials.put(self.endpoint, CANARY)
        self.net = self.make_net(credentials, addresses)
        if addresses:
            self.net.names.resolve = public_unless_inside
        self.engine = Engine(
            net=self.net,
            store=SqliteStore(self.data / "tasks.sqlite"),
            sources=[HuggingFace(self.net, endpoint=self.endpoint), Direct(self.net)],
            root=self.root,
            hub="hub",
        )
        self.watch = Watch(self.engine)
        self.observer = Observer(self.engine, may_lose=self.plan.loses)
        self.server.rules = list(self.plan.rules(self))

    def make_net(self, credentials: Credentials, addresses: dict[str, str]) -> Net:
        """Return what carries the bytes; groups about networks make another one."""
        return Net(credentials, transport=transport_of(addresses))

    async def aclose(self) -> None:
        """Close the engine."""
        await self.engine.aclose()
        await self.net.aclose()

    # -- playing -----------------------------------------------------------------------------------------

    async def play(self) -> None:
        """Pull, and wait for the end that the plan expects, or any other."""
        await self.engine.load()
        self.well_id = self.engine.add(parse_handle(f"{self.server.url('well')}/well.bin#sha256={WELL.sha256}"))
        text = self.plan.handle if isinstance(self.plan.handle, str) else self.plan.handle(self)
        selection = Selection(globs=self.plan.globs) if self.plan.globs else None
        self.task_id = self.engine.add(parse_handle(text, endpoint=self.endpoint), selection=selection)
        acting = None if self.plan.act is None else spawn(self.plan.act(self), name="act of the case")
        task = self.engine.task(self.task_id)
        await self.watch.until(lambda: not task.state.is_live or self._waits(), seconds=self.plan.seconds)
        if acting is not None:
            await acting
        self._note_end()
        await self.watch.until_ended(self.well_id)
        if self.end == "failed" and self.plan.heals:
            await self._heal()

    async def _heal(self) -> None:
        self._sent_before_healing = self.server.sent_in_all()
        self.server.rules.clear()
        self.engine.retry(self.task_id)
        await self.watch.until_ended(self.task_id)
        self.healed = self.engine.task(self.task_id).state is TaskState.DONE

    def _waits(self) -> bool:
        now = self.engine.now()
        items = list(self.engine.task(self.task_id).items.values())[:100]
        return any(item.retry_at is not None and item.retry_at - now > LONG_WAIT_S for item in items)

    def _note_end(self) -> None:
        task = self.engine.task(self.task_id)
        self.log_end = len(self.server.log)
        self.kept = task.durable
        self.end = {TaskState.DONE: "done", TaskState.FAILED: "failed"}.get(task.state, task.state.value)
        failure = failure_of(task)
        if task.state is TaskState.RUNNING and self._waits():
            self.end = "waits"
            waiting = next(item for item in task.items.values() if item.state is ItemState.BACKING_OFF)
            failure = waiting.failure
            self.wait_s = (waiting.retry_at or 0.0) - self.engine.now()
        if failure is not None:
            self.kind, self.message = failure.kind, failure.message

    # -- looking -----------------------------------------------------------------------------------------

    def bytes_of(self, task_id: str, path: str) -> bytes | None:
        """Return what a file has to hold; None where that is not known."""
        if task_id == self.well_id:
            return WELL.read()
        manifest = self.engine.task(task_id).manifest
        assert manifest is not None
        file = self.server.hub.file(manifest.commit, path) or self.server.hub.file(FIRST, path)
        return file.blob.read() if file is not None else None

    def sent_again(self) -> int:
        """Return how many bytes were sent beyond the sizes of the files, before anything was healed."""
        sent = self._sent_before_healing or self.server.sent_in_all()
        return max(0, sent - sum(file.blob.size for file in self.plan.files))

    def state_of(self, path: str) -> ItemState:
        """Return the state of a file."""
        return self.engine.task(self.task_id).items[path].state

    def verdict(self) -> Iterator[str]:
        """Yield what is not as the plan expects."""
        wrong = self.plan.expect.mismatch(self.end, self.kind, self.message)
        if wrong:
            yield wrong
        if self.end == "waits" and not 0 < self.wait_s <= self.plan.expect.most_wait_s:
            yield f"LIVE: the next try comes in {self.wait_s:.0f} s"
        for path in self.plan.good:
            if self.state_of(path) is not ItemState.DONE:
                yield f"ISOL: {path}, of the same model, is {self.state_of(path).value}"
        if self.end == "failed" and self.plan.heals and not self.healed:
            failure = failure_of(self.engine.task(self.task_id))
            yield f"KEEP: with the fault gone, Try again does not complete it: {failure}"
        yield from self.plan.also(self)

    def happened(self) -> str:
        """Say in one sentence what was recorded."""
        requests = sum(1 for ask in self.server.log[: self.log_end] if ask.role != "well")
        asked = f"{requests} request{'' if requests == 1 else 's'}"
        reasons = ", ".join(f"{kind} ×{count}" for kind, count in sorted(self.observer.reasons.items()))
        after = f" after {reasons}" if reasons else ""
        if self.end == "done":
            return f"Done with the right bytes{after}; {asked}."
        if self.end == "waits":
            return f"Waits {_about(self.wait_s)}: “{self._plain(self.message)}”; {asked}."
        kept = f"{size_text(self.kept)} kept" if self.kept else "nothing written"
        healed = "; right after Try again, once the fault was gone" if self.healed else ""
        return f"Failed{after}: “{self._plain(self.message)}”; {asked}, {kept}{healed}."

    def _plain(self, text: str) -> str:
        for role, url in self.server.hub.urls.items():
            text = text.replace(url.partition("//")[2], role)
        text = text.replace(f"{self.root}{os.sep}", "").replace("|", "\\|")
        return text if len(text) < 200 else f"{text[:199]}…"


def _about(seconds: float) -> str:
    return f"{round(seconds / 60)} min" if seconds > 90 else f"{round(seconds)} s"


async def run(
    plan: Plan,
    folder: Path,
    *,
    serve: Callable[..., FaultServer] = FaultServer,
    make: Callable[..., World] = World,
) -> Outcome:
    """Play a case in an empty folder, and check every promise."""
    broken: list[str] = []
    hub = Hub({FIRST: list(plan.files), SECOND: list(plan.later)}, gated=plan.gated, page_size=plan.page_size)
    with short_times(), space_left(folder, plan.space), kept_logs() as logged, ledger.kept() as notes:
        async with serve(hub, contexts={role: server_context() for role in plan.secure}) as server:
            world = make(plan, folder, server, notes=notes, logged=logged)
            world.build()
            grown = MemoryMark()
            try:
                async with asyncio.timeout(plan.seconds):
                    await world.play()
                world.memory_grown = grown.bytes()
            except (TimeoutError, AssertionError):
                task = world.engine.tasks
                broken.append(f"LIVE: no end in {plan.seconds:.0f} s: {task}")
                world._note_end()
            finally:
                await world.aclose()
    if not broken:
        broken += [*world.verdict(), *checks.promises(world), *checks.stored(world, world.data)]
    return Outcome(world.happened(), tuple(dict.fromkeys(broken)))
