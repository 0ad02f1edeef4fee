"""What starts, what waits, and who gets how many connections. Pure and synchronous: the engine does the work.

Two questions, asked again after every change:

1. `admit`: which tasks hold one of the parallel places. Forced tasks ("start now") do not count.
2. `share`: how the connections are divided. Tasks take turns, one connection at a time, and within a task its items
   take turns, so that a new model gets its share at once however busy the others are, and a small file never waits
   behind a large one.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec import Struct

from core.records import Limits

LARGE_BYTES = 32 * 2**20
LARGE_ITEMS_A_TASK = 4  # further large files wait: a shard that is complete is worth more than ten halves


class Place(Struct, frozen=True):
    """A task that wants to run: `holds` a place already, or is `ready` to take one."""

    task_id: str
    holds: bool
    ready: bool
    forced: bool = False


class Demand(Struct, frozen=True):
    """An item that could use `wants` connections to `host`, in the order of the queue.

    `holds` tells that it has one connection, and keeps it to its end whatever it is given.
    """

    task_id: str
    item_id: str
    host: str
    wants: int = 1
    size: int = 0
    running: bool = False
    holds: bool = False


def admit(places: Sequence[Place], limits: Limits) -> list[str]:
    """Return the ids of the tasks that take a place now, in the order of the queue."""
    free = limits.tasks - sum(1 for place in places if place.holds and not place.forced)
    starting = []
    for place in places:
        if place.holds or not place.ready:
            continue
        if place.forced:
            starting.append(place.task_id)
        elif free > 0:
            free -= 1
            starting.append(place.task_id)
    return starting


def share(demands: Iterable[Demand], limits: Limits) -> dict[tuple[str, str], int]:
    """Return the connections of each item that gets any, as {(task id, item id): count}.

    Never more than `connections_per_host` to a host nor `connections` in all. An item that runs is served before
    one that would have to start, so that nothing is stopped only to start something of the same task. What is held
    counts before anything is dealt out.
    """
    demands = list(demands)
    held = [demand for demand in demands if demand.holds]
    queues = _by_task(demand for demand in demands if not demand.holds)
    given: dict[tuple[str, str], int] = {(demand.task_id, demand.item_id): 1 for demand in held}
    hosts = Counter(demand.host for demand in held)
    left = limits.connections - len(held)
    while left > 0 and queues:
        served = False
        for task_id in list(queues):
            if left <= 0:
                break
            demand = _next(queues[task_id], given, hosts, limits)
            if demand is None:
                del queues[task_id]
                continue
            key = (demand.task_id, demand.item_id)
            given[key] = given.get(key, 0) + 1
            hosts[demand.host] += 1
            left -= 1
            served = True
        if not served:
            break
    return given


def _by_task(demands: Iterable[Demand]) -> dict[str, list[Demand]]:
    """Group by task; within one, what runs first, then small before a limited number of large items."""
    queues: dict[str, list[Demand]] = {}
    for demand in demands:
        queues.setdefault(demand.task_id, []).append(demand)
    for task_id, queue in queues.items():
        running = [d for d in queue if d.running]
        room = LARGE_ITEMS_A_TASK - sum(1 for d in running if d.size >= LARGE_BYTES)
        starting = []
        for demand in queue:
            if demand.running:
                continue
            if demand.size >= LARGE_BYTES:
                if room <= 0:
                    continue
                room -= 1
            starting.append(demand)
        queues[task_id] = running + starting
    return queues


def _next(
    queue: list[Demand], given: dict[tuple[str, str], int], hosts: Counter[str], limits: Limits
) -> Demand | None:
    """Return the item of the task that is next in turn: the one with the fewest connections so far."""
    best: Demand | None = None
    fewest = 0
    for demand in queue:
        have = given.get((demand.task_id, demand.item_id), 0)
        if have >= demand.wants or hosts[demand.host] >= limits.connections_per_host:
            continue
        if best is None or have < fewest:
            best, fewest = demand, have
        if have == 0:
            break
    return best
