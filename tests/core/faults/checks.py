"""The promises that are checked after every case, whatever it was about."""

import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from core.paths import control_path, part_path
from core.states import ItemState
from core.store.sqlite import SqliteStore
from core.task import Item
from core.transfer import control
from core.views import failure_of
from tests.fakes.canary import CANARY

if TYPE_CHECKING:
    from tests.core.faults.world import World

MINE = b"this file is mine\n"
SKIPPED_LOOKED_AT = 10_000  # of a hundred thousand files that nobody wanted none is looked for


def promises(world: "World") -> Iterator[str]:
    """Yield every promise that does not hold, with how."""
    yield from world.ledger.broken
    yield from world.observer.broken
    yield from world.watch.illegal
    yield from _done_and_keep(world)
    yield from _inside(world)
    yield from _token(world)
    yield from _bound(world)
    yield from _live(world)
    yield from _isol(world)
    yield from _mine(world)


def _done_and_keep(world: "World") -> Iterator[str]:
    """A final name means right bytes on the disk; kept bytes are there, and are those of one version."""
    for task in world.engine.tasks:
        for item in task.items.values():
            if item.state is ItemState.SKIPPED and len(task.items) > SKIPPED_LOOKED_AT:
                continue
            path = item.local_path
            if path is None:
                continue
            wanted = world.bytes_of(task.id, item.id)
            exists = os.path.lexists(path) and not path.is_dir()
            if item.state is ItemState.DONE and not exists:
                yield f"DONE: {item.id} is called done and is not there"
            if exists and path not in world.seeded and wanted is not None and path.read_bytes() != wanted:
                yield f"DONE: {item.id} stands there with other bytes than the hub's"
            if exists and item.state is not ItemState.DONE and path not in world.seeded:
                yield f"DONE: {item.id} has its name and is {item.state.value}"
            if not exists:
                yield from _part(world, task.id, item, wanted)


def _part(world: "World", task_id: str, item: Item, wanted: bytes | None) -> Iterator[str]:
    assert item.local_path is not None
    try:
        known = control.load(control_path(item.local_path).read_bytes())
        part = part_path(item.local_path).read_bytes()
    except OSError:
        known, part = None, b""
    total = 0
    for start, end, crc in known[1] if known else ():
        total += end - start
        if zlib.crc32(part[start:end]) != crc:
            yield f"KEEP: the part of {item.id} does not hold what its control file names ({start} to {end})"
        elif wanted is not None and not world.plan.wrong_bytes and part[start:end] != wanted[start:end]:
            yield f"NOMIX: the part of {item.id} holds foreign bytes ({start} to {end})"
    held = world.observer.held.get((task_id, item.id), 0)
    if total < held and not world.plan.loses:
        yield f"KEEP: {held} bytes of {item.id} were kept, {total} are left"


def _inside(world: "World") -> Iterator[str]:
    """Nothing outside of the two folders was made or changed, and no link made inside."""
    allowed = (str(world.root), str(world.data))
    for path in sorted(world.ledger.touched):
        if not path.startswith(tuple(folder + os.sep for folder in allowed)) and path not in allowed:
            yield f"INSIDE: {path} was touched"
    folders = [world.root / task.manifest.folder for task in world.engine.tasks if task.manifest is not None]
    for path in world.root.rglob("*"):
        if path.is_symlink():
            yield f"INSIDE: {path.name} is a link"
        elif path.is_file() and path != world.mine and not any(path.is_relative_to(f) for f in folders):
            yield f"INSIDE: {path.relative_to(world.root)} lies in no folder of a model"
        elif path.is_file() and os.name == "posix" and path.stat().st_mode & 0o111:
            yield f"INSIDE: {path.name} can be executed"


def _token(world: "World") -> Iterator[str]:
    """The token goes to the hub's exact origin, and stands nowhere."""
    canary = CANARY.encode()
    for ask in world.server.log:
        if canary in ask.head and ask.role != "hub":
            yield f"TOKEN: sent to {ask.role} ({ask.method} {ask.path})"
        if CANARY in ask.target:
            yield "TOKEN: stands in an address"
        if "cookie" in ask.headers:
            yield f"TOKEN: a cookie was sent to {ask.role}"
    of_hub = world.server.asks("hub")
    if of_hub and not any(canary in ask.head for ask in of_hub):
        yield "TOKEN: the hub itself never got it, so this case shows nothing"
    for path in [*world.root.rglob("*"), *world.data.rglob("*")]:
        if path.is_file() and canary in path.read_bytes():
            yield f"TOKEN: stands in {path.name}"
    for text in world.observer.texts:
        if CANARY in text or "Signature=" in text:
            yield f"TOKEN: shown in {text[:80]}"
    for line in world.logged:
        if CANARY in line or "Signature=" in line:
            yield f"TOKEN: logged in {line[:80]}"
    for task in world.engine.tasks:
        if CANARY in repr(task) + repr(task.failure) + repr(task.manifest):
            yield "TOKEN: stands in a task"


def _bound(world: "World") -> Iterator[str]:
    requests = [ask for ask in world.server.log[: world.log_end] if ask.role != "well"]
    if len(requests) > world.plan.requests:
        yield f"BOUND: {len(requests)} requests, at most {world.plan.requests} expected"
    again = world.sent_again()
    if again > world.plan.again:
        yield f"BOUND: {again} bytes were sent beyond the files' sizes"
    if world.memory_grown is not None and world.memory_grown > world.plan.memory:
        yield f"BOUND: the process grew by {world.memory_grown >> 20} MiB"
    size = sum(file.blob.size for file in world.plan.files) + 2 * 2**20
    lies = sum(path.stat().st_blocks * 512 for path in world.root.rglob("*") if path.is_file())
    if lies > size + world.plan.disk:
        yield f"BOUND: {lies} bytes lie in the models folder, {size} were asked for"


def _live(world: "World") -> Iterator[str]:
    """Who does not move says why, what it means and what to do."""
    for task in world.engine.tasks:
        failure = failure_of(task)
        if failure is not None and not (failure.message and failure.meaning and failure.action):
            yield f"LIVE: {failure} does not say what happened, what it means and what to do"
        if failure is not None and "Pulley itself" in failure.message:
            yield f"LIVE: {failure.message}"
    for line in world.logged:
        if line.startswith("ERROR") or "Traceback" in line:
            yield f"LIVE: an error was logged: {line[:300]}"


def _isol(world: "World") -> Iterator[str]:
    task = world.engine.task(world.well_id)
    if not task.state.is_final or task.failure is not None or any(i.failure for i in task.items.values()):
        yield f"ISOL: the healthy task is {task.state.value}"
    if any(task_id == world.well_id for task_id, _ in world.observer.tried):
        yield "ISOL: the healthy task had to wait"


def _mine(world: "World") -> Iterator[str]:
    if world.mine.read_bytes() != MINE:
        yield "MINE: a file of the user was changed"
    for path, data in world.seeded.items():
        if not path.exists() or path.read_bytes() != data:
            yield f"MINE: {path.name}, a file of the user, was changed"


def stored(world: "World", data: Path) -> Iterator[str]:
    """What a next start would show is what was shown last. Call it once the engine is closed."""
    store = SqliteStore(data / "tasks.sqlite")
    try:
        rows = {row.id: row for row in store.load()}
    finally:
        store.close()
    for task in world.engine.tasks:
        row = rows.get(task.id)
        if row is None or (task.state.is_final and row.state is not task.state):
            yield f"NOLIE: after a restart {task.id} would be {row.state.value if row else 'gone'}"
            continue
        for item in row.items:
            shown = task.items[item.path].durable
            if item.durable != shown:
                yield f"NOLIE: after a restart {item.path} would show {item.durable} bytes, not {shown}"
