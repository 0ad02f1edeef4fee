"""Models that wait for access: looks at the hub again and lets them go on when it gives them.

A closed gate opens in a browser or by a token, and nobody tells us. So the hub is asked again: at growing intervals
where a click or an answer of the authors opens the gate, when a person comes back to the window, and at once when
there is another token. A look adds nothing to the list and changes no row; only another answer lets a task try
again.
Knows the engine; must not know tokens, windows or hubs.
"""

import asyncio
import logging
import time
from collections.abc import Sequence

from msgspec import Struct

from core.commands import Command
from core.engine import Engine
from core.errors import ACCESS, DownloadError, Failure
from core.spawn import cancel_and_wait, spawn
from core.states import ItemState, TaskState
from core.task import Task

_log = logging.getLogger(__name__)

LOOKS_S = (10.0, 20.0, 40.0, 80.0, 160.0, 300.0)  # until the next look; a look is at most three requests
BACK_GAP_S = 5.0  # who goes to and fro between windows asks no more often
TIMED = frozenset({"GatedModel", "AccessPending"})  # what opens without anything happening here
GATES = TIMED | {"TokenMissing", "AccessRefused"}
BY_TOKEN = ACCESS | {"NotFound"}  # without the right token a private model looks like none


def access_failure(task: Task, kinds: frozenset[str] = ACCESS) -> Failure | None:
    """Return why a failed task needs access; None where that is not its trouble."""
    if task.state is not TaskState.FAILED:
        return None
    failure = task.failure
    if failure is None and task.count(ItemState.FAILED):
        failed = (item.failure for item in task.items.values() if item.state is ItemState.FAILED)
        failure = next((each for each in failed if each is not None and each.kind in kinds), None)
    return failure if failure is not None and failure.kind in kinds else None


class _Waiting(Struct):
    """A task that waits.

    Attributes:
        looks: How often the hub was asked and said the same.
        at: When it is asked again by itself; None for never.
        last: When it was asked.
    """

    looks: int = 0
    at: float | None = None
    last: float = float("-inf")


class AccessWatch:
    """Looks again for the tasks of one engine, one after the other, from `start` until `aclose`."""

    def __init__(self, engine: Engine, *, looks_s: Sequence[float] = (), gap_s: float | None = None) -> None:
        self._engine = engine
        self._looks_s = looks_s or LOOKS_S
        self._gap_s = BACK_GAP_S if gap_s is None else gap_s
        self._waiting: dict[str, _Waiting] = {}
        self._due: dict[str, None] = {}  # to be looked at now, in this order
        self._wake = asyncio.Event()
        self._worker: asyncio.Task[None] | None = None
        engine.task_failed.connect(self._on_failed)
        engine.task_done.connect(self._forget)
        engine.task_removed.connect(self._forget)

    def start(self) -> None:
        """Begin with what failed in an earlier run."""
        for task in self._engine.tasks:
            self._on_failed(task.id)
        self._worker = spawn(self._run(), name="watch for access")

    def came_back(self) -> None:
        """A person is here again, maybe from the hub's page."""
        for task in self._engine.tasks:
            waiting = self._waiting.get(task.id)
            if waiting is None or access_failure(task, GATES) is None:
                continue
            if time.monotonic() - waiting.last >= self._gap_s:
                self._look_soon(task.id)

    def token_changed(self, hubs: Sequence[str]) -> None:
        """There is another token for the models of these hubs, or none."""
        for task in self._engine.tasks:
            if task.handle.hub in hubs and access_failure(task, BY_TOKEN) is not None:
                self._waiting.setdefault(task.id, _Waiting()).looks = 0
                self._look_soon(task.id)

    async def aclose(self) -> None:
        """Look no more."""
        for signal, slot in (
            (self._engine.task_failed, self._on_failed),
            (self._engine.task_done, self._forget),
            (self._engine.task_removed, self._forget),
        ):
            signal.disconnect(slot)
        await cancel_and_wait(self._worker)

    # -- inside ------------------------------------------------------------------------------------------

    def _on_failed(self, task_id: str) -> None:
        failure = access_failure(self._engine.task(task_id))
        if failure is None:
            self._forget(task_id)
            return
        waiting = self._waiting.setdefault(task_id, _Waiting())  # one that failed before goes on to wait longer
        waiting.at = None
        if failure.kind in TIMED:
            waiting.at = time.monotonic() + self._looks_s[min(waiting.looks, len(self._looks_s) - 1)]
        self._wake.set()

    def _forget(self, task_id: str) -> None:
        self._waiting.pop(task_id, None)
        self._due.pop(task_id, None)

    def _look_soon(self, task_id: str) -> None:
        self._due[task_id] = None
        self._wake.set()

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            now = time.monotonic()
            self._due |= {key: None for key, one in self._waiting.items() if one.at is not None and one.at <= now}
            if self._due:
                task_id = next(iter(self._due))
                del self._due[task_id]
                await self._look(task_id)
                continue
            times = [one.at - now for one in self._waiting.values() if one.at is not None]
            try:
                async with asyncio.timeout(min(times) if times else None):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def _look(self, task_id: str) -> None:
        """Ask the hub; where it says something else than before, let the task hear it."""
        waiting = self._waiting.get(task_id)
        task = next((task for task in self._engine.tasks if task.id == task_id), None)
        before = None if task is None else access_failure(task, BY_TOKEN)
        if waiting is None or task is None or before is None:
            self._forget(task_id)
            return
        waiting.at, waiting.last = None, time.monotonic()
        waiting.looks += 1
        try:
            await self._engine.prepare(task.handle, task.selection, fresh=True)
            said = ""
        except DownloadError as error:
            said = error.kind if error.kind in BY_TOKEN else before.kind  # a hub that is away says nothing
        except Exception:
            _log.exception("Whether %s can be had by now could not be found out", task_id)
            said = before.kind
        if self._waiting.get(task_id) is not waiting or access_failure(task, BY_TOKEN) is not before:
            return  # removed, or tried again by somebody else meanwhile
        if said != before.kind and not self._engine.refusal(Command.RETRY, task_id):
            _log.info("The hub's answer about access to %s changed: it is tried again", task_id)
            self._engine.retry(task_id)
        elif said == before.kind:
            self._on_failed(task_id)

    def __repr__(self) -> str:
        return f"<AccessWatch of {sorted(self._waiting)}>"
