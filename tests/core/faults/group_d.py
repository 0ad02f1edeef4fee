"""Group D: faults of processes."""

import json
import sqlite3
from pathlib import Path

from core.states import TaskState
from tests.core.crash import kills, power
from tests.core.faults.c_store import damage_case
from tests.core.faults.c_world import PART, Bench, disk_case, only_held
from tests.core.faults.case import Case, Group, NotRun, Outcome
from tests.core.faults.plan import MB, Plan
from tests.core.faults.world import World


async def _no_locks(folder: Path) -> Outcome:
    return await kills.two_data_folders(folder, "nolock")


def _downgrade(path: Path, early: bytes) -> None:
    """Write the list and every control file as the first version did."""
    db = sqlite3.connect(path)
    db.execute("ALTER TABLE task DROP COLUMN called")
    db.execute("PRAGMA user_version = 1")
    db.commit()
    db.close()
    for control in path.parent.with_name("models").rglob("*.part.ctl"):
        document = json.loads(control.read_bytes())
        del document["owner"], document["task"]["id"], document["task"]["globs"]
        control.write_text(json.dumps(document))


def _no_memory(world: World, bench: Bench) -> None:
    bench.ops.fail(-1, "pwritev", name=PART, skip=2, times=1)


async def _deleted_while_it_is_written(world: World, bench: Bench) -> None:
    """Cancel in the middle: our own files go, and nothing else."""
    task = world.engine.task(world.task_id)
    await world.watch.until(lambda: task.durable >= MB)
    world.engine.cancel(world.task_id)
    await world.watch.until(lambda: task.state is TaskState.CANCELLED)
    world.engine.add(task.handle)
    await world.watch.until_ended(world.task_id)


CASES = (
    Case("D1", "Killed at random moments (SIGKILL)", "the next start goes on", kills.killed_at_random),
    Case("D2", "Killed at each call that writes", "the next start goes on", kills.killed_at_each_call),
    Case("D3", "The power goes; what was not synced is gone in any order", "the right file", power.power_cuts),
    Case(
        "D4",
        "Killed between the final name and the list",
        "the file is found, nothing is fetched",
        kills.killed_before_the_list_knew,
    ),
    Case("D5", "The power goes after the list knows", "the name is on the disk by then", power.name_before_note),
    Case("D6", "SIGTERM, SIGINT", "ends within 5 s, bytes kept", kills.told_to_end),
    Case("D7", "SIGSTOP while the server closes every connection, SIGCONT", "done", kills.stopped_for_a_while),
    disk_case(
        Plan("D8", "No memory for a write"),
        expected="waits and says why, then goes on by itself",
        set_up=_no_memory,
        act=only_held("Hindered"),
    ),
    Case("D10", "Two pulls of one data folder start at once", "one pulls, one follows", kills.two_at_once),
    Case("D11a", "Two data folders, one models folder", "one writer", kills.two_data_folders),
    Case("D11b", "... where locks do nothing", "nothing is corrupted", _no_locks),
    Case("D12", "A lock of a process that was killed, its number given again", "the next start", kills.stale_lock),
    damage_case(
        "D13",
        "An update, with the list and the part of an older version",
        _downgrade,
        told=False,
        expected="goes on (a newer list is refused: C23g)",
    ),
    disk_case(
        Plan("D16", "Cancelled while it is written, then pulled again", loses=True, again=16 * MB),
        set_up=lambda world, bench: bench.ops.fail(0, "pwritev", name=PART, delay_s=0.05) and None,
        act=_deleted_while_it_is_written,
    ),
)


GROUP = Group(
    "D",
    "Processes",
    18,
    CASES,
    (
        NotRun("D9", "An error inside a callback", "no fault from outside; tests/core/test_engine.py holds it"),
        NotRun("D14", "10,000 events at once", "a matter of speed: make bench measures it"),
        NotRun("D15", "Commands hammered in any order", "tests/core/test_engine_storm.py does it"),
        NotRun("D17", "Growth of the log", "tests/core/test_logbook.py holds its bound"),
        NotRun(
            "D18", "Inherited descriptors", "every file is opened close-on-exec; Pulley starts no lasting process"
        ),
    ),
)
