"""Cases of disk faults: a plan as for servers, with the file system between Pulley and the disk in our hands.

The layer of `tests.fakes.fsops` works everywhere; where this machine lets us mount a small file system, the cases
that have a real one use it (`tests.core.faults.mounts`).
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from core.states import ItemState, TaskState
from core.task import Item
from core.transfer import fetch, trouble
from tests.core.faults import world as worlds
from tests.core.faults.case import Case, Outcome
from tests.core.faults.observer import Observer
from tests.core.faults.plan import MB, Plan
from tests.core.faults.world import World
from tests.fakes.faults import rules
from tests.fakes.faults.rules import Rule
from tests.fakes.fsops import FileOps

FAST: dict[object, dict[str, float]] = {
    fetch: {"FLUSH_EVERY_S": 0.05},
    trouble: {"LOOK_FIRST_S": 0.1, "LOOK_MOST_S": 0.4},
}
PART = "model.gguf.part"
WAITS = "waits and says why, then goes on by itself"


@dataclass
class Bench:
    """What a case has in its hands.

    Attributes:
        ops: The file system.
        wrong: What was not as it should be.
        stack: What ends with the case.
        is_away: The folders are not where they belong, as the case wants it.
        is_shared: What went wrong is the whole disk, which the healthy task shares.
        most, lag: The most bytes in memory, and the longest time that the loop stood still.
    """

    ops: FileOps
    wrong: list[str] = field(default_factory=list)
    stack: ExitStack = field(default_factory=ExitStack)
    most: int = 0
    lag: float = 0.0
    is_away: bool = False
    is_shared: bool = False

    def expect(self, holds: bool, what: str) -> None:
        """Note what does not hold."""
        if not holds:
            self.wrong.append(what)


Act = Callable[[World, Bench], Awaitable[None]]
Look = Callable[[World, Bench], Iterable[str]]


def _nothing(world: World, bench: Bench) -> Iterable[str]:
    return ()


def disk_case(
    plan: Plan,
    *,
    expected: str = "",
    set_up: Callable[[World, Bench], None] = lambda world, bench: None,
    act: Act | None = None,
    also: Look = _nothing,
    patches: Iterable[Any] = (),
) -> Case:
    """Return the row of the table."""
    patches = tuple(patches)

    async def run(folder: Path) -> Outcome:
        ops = FileOps(folder / "models", folder / "data")
        bench = Bench(ops)
        on_disk = Observer._durable

        def durable(item: Item) -> int:
            assert item.local_path is not None
            # What is on a disk that is away cannot be looked at; it has to be there again at the end.
            return 2**60 if bench.is_away else on_disk(item)

        def seed(world: World) -> None:
            if plan.seed is not None:
                plan.seed(world)
            set_up(world, bench)

        async def acting(world: World) -> None:
            assert act is not None
            try:
                async with asyncio.timeout(plan.seconds - 5):
                    await act(world, bench)
            except (AssertionError, TimeoutError) as error:
                bench.wrong.append(f"LIVE: {error or 'what was waited for did not happen'}")
                ops.writes_again()

        def look(world: World) -> list[str]:
            if bench.is_shared:  # the healthy task is on the same disk: it has to wait too
                world.observer.tried = {key for key in world.observer.tried if key[0] != world.well_id}
            return [*plan.also(world), *also(world, bench), *bench.wrong]

        mine = replace(
            plan,
            seed=seed,
            act=acting if act is not None else None,
            also=look,
        )
        with ExitStack() as stack:
            for module, values in FAST.items():
                stack.enter_context(patch.multiple(module, **values))
            for each in patches:
                stack.enter_context(each())
            stack.enter_context(bench.stack)
            stack.enter_context(patch.object(Observer, "_durable", staticmethod(durable)))
            stack.enter_context(ops.watched())
            return await worlds.run(mine, folder)

    return Case(plan.id, plan.title, expected or plan.expect.text, run)


def slowly(piece: int = 64 * 1024, pause_s: float = 0.03) -> Callable[[World], list[Rule]]:
    """Send so that a download takes a second or two, and something can happen in the middle of it."""
    return lambda world: [Rule(rules.drip(piece, pause_s), role="cdn")]


def item_of(world: World) -> Item:
    """Return the large file."""
    return world.engine.task(world.task_id).items["model.gguf"]


async def in_the_middle(world: World, *, durable: int = MB) -> None:
    """Wait until the healthy task is through and some of the file is kept."""
    task, well = world.engine.task(world.task_id), world.engine.task(world.well_id)
    await world.watch.until(lambda: well.state is TaskState.DONE and bool(task.items))
    await world.watch.until(lambda: item_of(world).durable >= durable or not task.state.is_live)


async def held(world: World, bench: Bench, kind: str, *, says: str = "") -> None:
    """Wait until the file waits with this reason; what is shown has to be whole."""
    task = world.engine.task(world.task_id)
    bench.is_shared = kind in ("DiskFull", "DiskAway")
    await world.watch.until(lambda: bool(task.items))
    item = item_of(world)
    await world.watch.until(
        lambda: (
            not task.state.is_live
            or (item.state is ItemState.BACKING_OFF and item.failure is not None and item.failure.kind == kind)
        )
    )
    failure = item.failure
    bench.expect(task.state.is_live, f"LIVE: the task is {task.state.value}, and should wait: {failure}")
    bench.expect(item.retry_at is not None, "LIVE: the time of the next look is not said")
    bench.expect(item.connections == 0, f"BOUND: {item.connections} connections are held while it waits")
    if failure is not None:
        text = f"{failure.message} {failure.meaning} {failure.action}"
        bench.expect(says in text, f"LIVE: {says!r} is not said: {text}")


async def looks_again(world: World, count: int = 2) -> None:
    """Wait until so many looks found no change."""
    item = item_of(world)
    for _ in range(count):
        before = item.retry_at
        await world.watch.until(lambda before=before: item.retry_at != before)  # type: ignore[misc]


def until_lifted(kind: str, *, says: str = "") -> Act:
    """Return an act: it waits with this reason, through some looks; then the disk is well again."""

    async def act(world: World, bench: Bench) -> None:
        await held(world, bench, kind, says=says)
        await looks_again(world)
        bench.ops.writes_again()

    return act


def only_held(kind: str) -> Act:
    """Return an act: it waits with this reason; the fault itself is over by then."""

    async def act(world: World, bench: Bench) -> None:
        await held(world, bench, kind)

    return act
