"""Group C: faults of disks."""

import asyncio
import errno
import os
import shutil
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from unittest.mock import patch

from core.paths import part_path
from tests.core.faults.c_store import STORE_CASES
from tests.core.faults.c_world import (
    PART,
    WAITS,
    Bench,
    disk_case,
    held,
    in_the_middle,
    looks_again,
    only_held,
    slowly,
    until_lifted,
)
from tests.core.faults.case import Case, Group, NotRun
from tests.core.faults.checks import MINE
from tests.core.faults.mounts import can_mount, mounted
from tests.core.faults.parts import nothing_asked_of, with_part
from tests.core.faults.plan import CONFIG, MB, MODEL, Plan, fails
from tests.core.faults.world import World
from tests.fakes.faults.content import Blob
from tests.fakes.faults.hub import HubFile
from tests.fakes.faults.rules import Rule
from tests.fakes.fsops import SYNCS, WRITES

SIZE = MODEL.blob.size
ELSEWHERE = "elsewhere"


def _fails(number: int, *kinds: str, **more: Any):  # type: ignore[no-untyped-def]
    def set_up(world: World, bench: Bench) -> None:
        bench.ops.fail(number, *(kinds or WRITES), **{"name": PART, **more})

    return set_up


def _fetched_again(least: int, most: int):  # type: ignore[no-untyped-def]
    def check(world: World, bench: Bench) -> Iterable[str]:
        again = world.sent_again()
        if not least <= again <= most:
            yield f"KEEP: {again} bytes were fetched again, {least} to {most} were expected"

    return check


# -- space ---------------------------------------------------------------------------------------------------


def _little_space() -> Any:
    """Let little be free until the rules of the case are gone, as `World` takes them away to heal."""
    return patch("core.library.free_bytes", lambda root: 68 * MB if _rules_of(root) else 10**12)


_worlds: dict[Path, World] = {}


def _rules_of(root: Path) -> bool:
    return bool(_worlds[root].server.rules)


def _remember(world: World, bench: Bench) -> None:
    _worlds[world.root] = world


def _full_of(world: World, bench: Bench) -> None:
    """Take writes of the part until so many bytes are there, as a full disk does."""
    bench.ops.fail(errno.ENOSPC, "pwritev", name=PART, skip=3)


async def _both_wait(world: World, bench: Bench) -> None:
    await held(world, bench, "DiskFull")
    other = world.engine.task(world.task_id).items["second.gguf"]
    await world.watch.until(lambda: other.failure is not None or other.state.value in ("waiting", "done"))
    bench.expect(other.state.value in ("waiting", "backing_off"), f"ISOL: the other file is {other.state.value}")
    await looks_again(world)
    bench.ops.writes_again()


async def _fill_a_real_disk(world: World, bench: Bench) -> None:
    ballast = world.root / "ballast"
    await in_the_middle(world)
    free = shutil.disk_usage(world.root).free
    with open(ballast, "wb") as file:
        file.write(b"x" * max(0, free - MB))
    await held(world, bench, "DiskFull")
    await looks_again(world)
    ballast.unlink()


# -- folders -------------------------------------------------------------------------------------------------


def _moved(what: str, kind: str, says: str):  # type: ignore[no-untyped-def]
    """Return an act: a folder is moved away in the middle, and put back after some looks."""

    async def act(world: World, bench: Bench) -> None:
        place = world.root if what == "root" else world.folder
        away = world.data.parent / ELSEWHERE
        await in_the_middle(world)
        bench.is_away = True
        place.rename(away)
        await held(world, bench, kind, says=says)
        await looks_again(world)
        bench.expect(not place.exists(), f"INSIDE: {place.name} was made again")
        away.rename(place)
        _back(world, bench, away)

    return act


def _replaced(what: str, kind: str, by: str):  # type: ignore[no-untyped-def]
    """Return an act: a folder is replaced by another one or by a link to one, and put back after some looks."""

    async def act(world: World, bench: Bench) -> None:
        place = world.root if what == "root" else world.folder
        away, other = world.data.parent / ELSEWHERE, world.data.parent / "other"
        other.mkdir()
        await in_the_middle(world)
        bench.is_away = True
        place.rename(away)
        if by == "link":
            place.symlink_to(other)
        else:
            other.rename(place)
        await held(world, bench, kind)
        await looks_again(world)
        found = [path.name for path in place.rglob("*")]
        bench.expect(not found, f"INSIDE: written to what stands in its place: {found}")
        place.unlink() if by == "link" else place.rmdir()
        away.rename(place)
        _back(world, bench, away, other)

    return act


def _back(world: World, bench: Bench, *own: Path) -> None:
    """All is where it belongs; what the case itself moved is no fault of Pulley."""
    bench.is_away = False
    world.ledger.touched -= {str(path) for path in own}


async def _mount_over(world: World, bench: Bench) -> None:
    await in_the_middle(world)
    bench.is_away = True
    with mounted(world.root, 8 * MB):
        await held(world, bench, "DiskAway", says="Another")
        await looks_again(world)
        found = [path.name for path in world.root.rglob("*")]
        bench.expect(not found, f"INSIDE: written to the other disk: {found}")
    _back(world, bench)


# -- parts ---------------------------------------------------------------------------------------------------


def _part_then(change: Any):  # type: ignore[no-untyped-def]
    def seed(world: World) -> None:
        with_part(MODEL, 5 * MB)(world)
        change(world, part_path(world.folder / "model.gguf"))

    return seed


def _flip(world: World, part: Path) -> None:
    with open(part, "r+b") as file:
        file.seek(MB)
        file.write(b"\0\1\2\3")


def _in_place_of_the_part(make: Any):  # type: ignore[no-untyped-def]
    def seed(world: World) -> None:
        victim = world.folder / "victim.bin"
        victim.write_bytes(b"precious" * 100)
        world.seeded[victim] = victim.read_bytes()
        with_part(MODEL, 2 * MB)(world)
        part = part_path(world.folder / "model.gguf")
        part.unlink()
        make(victim, part)

    return seed


def _no_strangers(world: World, bench: Bench) -> Iterable[str]:
    """What stood in place of the part was set aside under a name; take links and the victim out of the way."""
    aside = world.folder / f"{PART}.old-1"
    if not os.path.lexists(aside):
        yield "MINE: what stood in place of the part is gone"
    if aside.is_symlink():
        aside.unlink()


def _stands_there(data: bytes):  # type: ignore[no-untyped-def]
    def seed(world: World) -> None:
        final = world.folder / "model.gguf"
        final.write_bytes(data)
        world.seeded[final] = data

    return seed


def _all_beside(world: World, bench: Bench) -> Iterable[str]:
    for op in bench.ops.log:
        if op.target and os.path.dirname(op.path) != os.path.dirname(op.target):
            yield f"a file is moved from one folder to another: {op.target}"


def _names_stay_short(world: World, bench: Bench) -> Iterable[str]:
    for op in bench.ops.log:
        if len(os.path.basename(op.target or op.path).encode()) > 255:
            yield f"a name is too long: {op.path}"


# -- slow ----------------------------------------------------------------------------------------------------


def _few_bytes_in_memory(world: World, bench: Bench) -> Iterable[str]:
    if not 0 < bench.most <= 16 * 3 * MB:
        yield f"BOUND: {bench.most} bytes waited for the disk in memory"
    if bench.lag > 0.5:
        yield f"ISOL: the loop stood still for {bench.lag:.2f} s"


async def _watch_memory(world: World, bench: Bench) -> None:
    task = world.engine.task(world.task_id)
    while task.state.is_live:
        before = time.monotonic()
        await asyncio.sleep(0.01)
        bench.lag = max(bench.lag, time.monotonic() - before - 0.01)
        written = sum(len(op.data) for op in list(bench.ops.log) if op.path.endswith(PART))
        sent = world.server.sent("model.gguf")
        bench.most = max(bench.most, sent - written)


LARGE = HubFile("model.gguf", Blob(24 * MB, "large"))
SECOND = HubFile("second.gguf", Blob(40 * MB, "second"))
LONG = HubFile(f"{'n' * 245}.gguf", Blob(2 * MB, "long"))
BIG = 5 * 2**30
ON_FAT = HubFile("big.gguf", Blob(10, "fat"), entry={"size": BIG, "lfs": {"oid": "a" * 64, "size": BIG}})
NO_RESERVE = lambda: patch("core.transfer.ground.RESERVE_BYTES", MB // 2)  # noqa: E731


def _real_disk() -> Case:
    plan = Plan("C2b", "A disk of 24 MB is filled by another program, and emptied", rules=slowly(), again=8 * MB)
    if can_mount():

        def set_up(world: World, bench: Bench) -> None:
            bench.stack.enter_context(mounted(world.root, 24 * MB))
            world.folder.mkdir(parents=True)
            world.mine.write_bytes(MINE)

        return disk_case(
            plan,
            expected=WAITS,
            set_up=set_up,
            act=_fill_a_real_disk,
            patches=[NO_RESERVE, lambda: patch("core.library.RESERVE_BYTES", MB)],
        )
    return disk_case(plan, expected=WAITS, set_up=_full_of, act=until_lifted("DiskFull"))


def _unplugged() -> Case:
    plan = Plan("C16b", "Another disk is mounted over the models folder while it runs", rules=slowly())
    if can_mount():
        return disk_case(plan, expected=WAITS, act=_mount_over)
    return disk_case(plan, expected=WAITS, act=_replaced("root", "DiskAway", "folder"))


CASES = (
    disk_case(
        Plan(
            "C1",
            "Not enough space at the start",
            fails("DiskFull", "needs .* are free"),
            rules=lambda world: [Rule(lambda ask, answer: None, role="nobody")],
            also=lambda world: nothing_asked_of(world, "cdn") if not world.healed else (),
        ),
        set_up=_remember,
        patches=[_little_space],
    ),
    disk_case(
        Plan("C2a", "The disk is full after 3 MB", again=8 * MB),
        expected=WAITS,
        set_up=_full_of,
        act=until_lifted("DiskFull", says="Free some space"),
    ),
    _real_disk(),
    disk_case(
        Plan("C2c", "... with two files on it: both wait", files=(MODEL, SECOND), again=32 * MB, rules=slowly()),
        expected=WAITS,
        set_up=lambda world, bench: bench.ops.fail(errno.ENOSPC, "pwritev", name=".gguf.part", skip=6) and None,
        act=_both_wait,
    ),
    disk_case(
        Plan("C4a", "The user's quota is used up", again=8 * MB),
        expected=WAITS,
        set_up=_fails(errno.EDQUOT, "pwritev", skip=2),
        act=until_lifted("DiskFull"),
    ),
    disk_case(
        Plan("C4b", "The file system cannot hold a file of this size (EFBIG)", fails("TooLarge", "cannot hold")),
        set_up=_fails(errno.EFBIG, "pwritev", skip=2, times=1),
    ),
    disk_case(
        Plan(
            "C4c",
            "5 GB for a FAT32 disk",
            fails("TooLarge", "4 GB at most"),
            files=(ON_FAT,),
            also=lambda world: nothing_asked_of(world, "cdn"),
            heals=False,
        ),
        patches=[lambda: patch("core.library.file_system", lambda root: "vfat")],
    ),
    disk_case(
        Plan("C5a", "The file system becomes read-only", again=8 * MB),
        expected=WAITS,
        set_up=_fails(errno.EROFS, skip=6),
        act=until_lifted("DiskAway", says="writable"),
    ),
    disk_case(
        Plan("C5b", "... before the first byte"),
        expected=WAITS,
        set_up=_fails(errno.EROFS, "open"),
        act=until_lifted("DiskAway"),
    ),
    disk_case(
        Plan("C6a", "No permission to write the part", fails("NotWritable", "model.gguf.part")),
        set_up=_fails(errno.EACCES, "open", times=1),
    ),
    disk_case(
        Plan("C6b", "No permission to give the final name", fails("NotWritable", "model.gguf"), again=0),
        set_up=_fails(errno.EACCES, "link", name="model.gguf", times=1),
    ),
    disk_case(
        Plan("C7a", "An I/O error while writing", again=8 * MB),
        expected=WAITS,
        set_up=_fails(errno.EIO, "pwritev", skip=2),
        act=until_lifted("DiskAway", says="failing"),
    ),
    disk_case(
        Plan(
            "C7b",
            "... while syncing: what was not synced is fetched again, not believed",
            rules=slowly(pause_s=0.08),
        ),
        expected="waits, then fetches those ranges again",
        set_up=_fails(errno.EIO, *SYNCS, skip=2, times=1),
        act=only_held("DiskAway"),
        also=_fetched_again(1, 8 * MB),
    ),
    disk_case(
        Plan("C7c", "... while the hash reads back what was written", again=8 * MB),
        expected=WAITS,
        set_up=_fails(errno.EIO, "preadv", times=1),
        act=only_held("DiskAway"),
    ),
    disk_case(
        Plan("C7d", "... while a restart checks a part: only that block", seed=with_part(MODEL, 5 * MB), again=0),
        expected="done; the block that cannot be read is fetched again",
        set_up=_fails(errno.EIO, "pread", times=1),
    ),
    disk_case(
        Plan("C8", "Every write writes only half", again=0),
        set_up=lambda world, bench: bench.ops.fail(0, "pwritev", "write", halves=True) and None,
    ),
    disk_case(
        Plan("C9", "A write is to be tried again (EAGAIN), three times", again=0),
        set_up=_fails(errno.EAGAIN, "pwritev", times=3),
    ),
    disk_case(
        Plan("C10a", "The folder of the model is taken away while it runs, and put back", rules=slowly()),
        expected=WAITS,
        act=_moved("folder", "FolderGone", "put the folder back"),
    ),
    disk_case(
        Plan("C10b", "... the models folder", rules=slowly()),
        expected=WAITS,
        act=_moved("root", "DiskAway", "no longer there"),
    ),
    disk_case(
        Plan("C11a", "The folder of the model is replaced by a link to elsewhere", rules=slowly()),
        expected=f"{WAITS}; nothing is written elsewhere",
        act=_replaced("folder", "FolderGone", "link"),
    ),
    disk_case(
        Plan("C11b", "... the models folder", rules=slowly()),
        expected=f"{WAITS}; nothing is written elsewhere",
        act=_replaced("root", "DiskAway", "link"),
    ),
    disk_case(
        Plan(
            "C12a",
            "The part was cut short by another program",
            seed=_part_then(lambda world, part: os.truncate(part, MB)),
        ),
    ),
    disk_case(
        Plan(
            "C12b",
            "... made longer than the file",
            seed=_part_then(lambda world, part: os.truncate(part, SIZE + 5 * MB)),
            again=0,
        ),
    ),
    disk_case(
        Plan(
            "C12c", "... deleted, its control file not", seed=_part_then(lambda world, part: part.unlink()), again=0
        ),
    ),
    disk_case(
        Plan("C12d", "... changed in one place: only that block is fetched again", seed=_part_then(_flip)),
        also=_fetched_again(0, 0),
    ),
    disk_case(
        Plan(
            "C13a", "A link stands in place of the part", seed=_in_place_of_the_part(lambda v, p: p.symlink_to(v))
        ),
        also=_no_strangers,
    ),
    disk_case(
        Plan("C13b", "A second name of another file", seed=_in_place_of_the_part(lambda v, p: os.link(v, p))),
        also=_no_strangers,
    ),
    *(
        [
            disk_case(
                Plan("C13c", "A FIFO", seed=_in_place_of_the_part(lambda v, p: os.mkfifo(p))),
                also=_no_strangers,
            )
        ]
        if hasattr(os, "mkfifo")
        else []
    ),
    disk_case(
        Plan("C13d", "A folder", seed=_in_place_of_the_part(lambda v, p: p.mkdir())),
        also=_no_strangers,
    ),
    disk_case(
        Plan(
            "C14a",
            "A file of the user stands under the final name: same size, other bytes",
            fails("NameTaken"),
            seed=_stands_there(Blob(SIZE, "mine").read()),
            also=lambda world: nothing_asked_of(world, "cdn"),
            heals=False,
        ),
    ),
    disk_case(
        Plan(
            "C14b",
            "... the very bytes",
            seed=_stands_there(MODEL.blob.read()),
            also=lambda world: nothing_asked_of(world, "cdn"),
        ),
    ),
    disk_case(
        Plan(
            "C15a",
            "A folder stands under the final name",
            fails("NameTaken"),
            seed=lambda world: (world.folder / "model.gguf" / "x").mkdir(parents=True),
            heals=False,
        ),
    ),
    disk_case(
        Plan(
            "C15b",
            "A file stands where a folder has to be",
            fails("NotWritable", "not a folder"),
            files=(HubFile("sub/model.gguf", Blob(MB, "sub")),),
            seed=lambda world: (world.folder / "sub").write_bytes(b"x") and None,
            heals=False,
        ),
    ),
    disk_case(
        Plan("C16a", "Another folder stands where the models folder was", rules=slowly()),
        expected=WAITS,
        act=_replaced("root", "DiskAway", "folder"),
    ),
    _unplugged(),
    disk_case(
        Plan("C17", "Nothing is ever moved from one file system to another", files=(MODEL, CONFIG)),
        expected="done; parts lie beside their final names",
        also=_all_beside,
    ),
    disk_case(
        Plan("C18", "A name of 250 bytes: its part has a shorter one", files=(LONG,)),
        also=_names_stay_short,
    ),
    disk_case(
        Plan(
            "C21",
            "A disk that takes 50 ms a write",
            files=(LARGE,),
            again=16 * MB,  # what was on its way to a connection whose rest another one took over
            memory=96 * MB,
        ),
        expected="done; the network waits for the disk, memory stays bounded",
        set_up=lambda world, bench: bench.ops.fail(0, "pwritev", name=PART, delay_s=0.05) and None,
        act=_watch_memory,
        also=_few_bytes_in_memory,
    ),
    disk_case(
        Plan("C22", "The disk is full while a part is checked", seed=with_part(MODEL, 5 * MB), again=0),
        expected=WAITS,
        set_up=_fails(errno.ENOSPC, "open", name=f"{PART}.ctl"),
        act=until_lifted("DiskFull"),
    ),
    disk_case(
        Plan("C26", "A sync takes a second", rules=slowly()),
        expected="done; nobody else waits for it",
        set_up=lambda world, bench: bench.ops.fail(0, *SYNCS, name=PART, delay_s=1.0, times=3) and None,
        act=_watch_memory,
        also=_few_bytes_in_memory,
    ),
    *STORE_CASES,
)

GROUP = Group(
    "C",
    "Disks",
    26,
    tuple(sorted(CASES, key=lambda case: (int(case.id[1:].rstrip("abcdefghijkl")), case.id))),
    (
        NotRun(
            "C19",
            "A path longer than the system takes",
            "a hub's path has at most 1,024 characters; only a models folder that is too deep itself could do it",
        ),
        NotRun(
            "C20",
            "Names that are one name to a file system",
            "found in the list of files, before any disk is asked: see F5a",
        ),
        NotRun(
            "C25",
            "The data folder on a network file system",
            "needs a file server; locks that do nothing are D11",
        ),
    ),
)
