"""Which files could use connections now: those that run, and the first of those that wait.

Knows tasks, runs and hosts; who gets how many is decided by `core.scheduler`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path

from core.net.origin import host_label
from core.records import Limits
from core.runs import Run
from core.scheduler import LARGE_BYTES, Demand
from core.task import Item, Task
from core.transfer.job import Crew

WAITING_LOOKED_AT = 64  # of each task: more could not be started at once anyway
LANDED_MOST = 16  # files whose bytes have all come and that are being written: their connections go to others


class Demands:
    """Asked after every change; `runs` and `targets` (paths that something writes) are the conductor's own."""

    def __init__(self, runs: Mapping[tuple[str, str], Run], targets: Counter[Path | None], *, crew: Crew) -> None:
        self._runs = runs
        self._targets = targets
        self._crew = crew
        # A hub redirects to a file server: an item that has not asked yet is counted where the last one was led.
        self._leads_to: dict[str, str] = {}

    def of(self, begun: Sequence[Task], limits: Limits) -> Iterable[Demand]:
        """Yield the demands of tasks that may fetch, those that run before those that wait."""
        running = self._running()
        held = Counter(demand.host for task in begun for demand in running.get(task, ()) if demand.holds)
        for task in begun:
            yield from running.get(task, ())
            if not self._crew.disks.is_held(task.root):  # else the others would meet the same
                yield from self._waiting(task, held, limits)

    def _running(self) -> dict[Task, list[Demand]]:
        demands: dict[Task, list[Demand]] = {}
        landed = 0
        for run in self._runs.values():
            report, item = run.report, run.item
            landed += report.has_landed
            if not report.is_alive or report.is_held or (report.has_landed and landed <= LANDED_MOST):
                continue
            report.counted = item.host or self.host_of(item)
            if item.host:
                self._leads_to[item.hub] = item.host
            wants, size = max(report.wanted, 1), item.file.size or 0
            holds, name = run.download.is_in_one_go, (run.task.id, item.id, report.counted)
            demands.setdefault(run.task, []).append(Demand(*name, wants, size, running=True, holds=holds))
        return demands

    def _waiting(self, task: Task, held: Counter[str], limits: Limits) -> Iterable[Demand]:
        """Yield what could start now; who could get nothing beside what is held is not looked at closely."""
        room: dict[str, int] = {}
        for item in islice(task.waiting_items(), WAITING_LOOKED_AT):
            host = self.host_of(item)
            left = room.setdefault(host, limits.connections_per_host - held[host])
            if left > 0 and (task.id, item.id) not in self._runs and not self._targets[item.local_path]:
                size = item.file.size or 0
                room[host] -= size < LARGE_BYTES  # of the large ones not all start that could
                yield Demand(task.id, item.id, host, 1, size)

    def host_of(self, item: Item) -> str:
        """Return the host that the connections of an item are counted for, before it tells its own."""
        item.hub = item.hub or host_label(item.file.url)
        return self._leads_to.get(item.hub, item.hub)
