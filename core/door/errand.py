"""An errand: models that were asked for together, until each has ended, and what is told meanwhile.

Runs beside an engine, in the process that has it; who asked may sit in the same process or behind a door. A paused
task has not ended; one that was cancelled or taken off the list has.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from msgspec import Struct
from msgspec.structs import replace

from core.door.rest import Rest
from core.door.wire import Heard, Message, Named, Refused, Saw
from core.engine import Engine
from core.errors import CommandRefused, DownloadError
from core.handles import format_handle
from core.records import Handle, Selection
from core.spawn import cancel_and_wait, spawn
from core.states import TASK_SIGNALS
from core.task import Task
from core.views import TaskView, refused_view, view_of

_log = logging.getLogger(__name__)


class ApiEvent(Protocol):
    """An event as `core.api.events` makes it."""

    @property
    def task_id(self) -> str:
        """Id of the task in the engine."""

    @property
    def text(self) -> str:
        """The event as JSON in one line."""


class ApiEvents(Protocol):
    """The events of an engine: `core.api.events.Events`."""

    def subscribe(self, sink: Callable[[Any], None]) -> None:
        """Call `sink` with every event from now on."""

    def unsubscribe(self, sink: Callable[[Any], None]) -> None:
        """Call it no more."""

    def event_of(self, task: Task) -> ApiEvent | None:
        """Return what a new listener has to know of a task."""


class Step(Struct, frozen=True):
    """One thing that was asked for: `name` as it was asked, `start` gives the id of its task or raises."""

    name: str
    start: Callable[[], Awaitable[str]]


def pull_steps(
    engine: Engine, handles: Sequence[Handle], *, globs: tuple[str, ...] = (), rest: Rest | None = None
) -> list[Step]:
    """Return the steps of a pull; `rest` where the engine holds a part of the stored tasks only."""
    selection = Selection(globs=globs)
    named = {format_handle(handle): selection for handle in handles if not _is_bare(handle)}
    fetching = asyncio.Lock()
    is_fetched = rest is None

    async def fetch() -> None:
        """Load the stored tasks of all steps with the first of them."""
        nonlocal is_fetched
        async with fetching:
            if rest is not None and not is_fetched:
                await rest.fetch(named)
            is_fetched = True

    def step(handle: Handle) -> Step:
        async def start() -> str:
            if not is_fetched:
                await fetch()
            return await _pull(engine, handle, selection, rest)

        return Step(format_handle(handle), start)

    return [step(handle) for handle in handles]


def _is_bare(handle: Handle) -> bool:
    """Tell whether the branch is still to be found out, and with it the id."""
    return handle.hub == "cortexso" and not handle.revision


async def _pull(engine: Engine, handle: Handle, selection: Selection, rest: Rest | None) -> str:
    """Add a model, and return the id of its task.

    Raises:
        CommandRefused: It is under way with other files, or the engine is closing.
    """
    manifest = None
    if _is_bare(handle):
        try:
            found = await engine.prepare(handle, selection)
        except DownloadError:
            pass  # its task says why, and can be tried again
        else:
            handle, manifest = found.handle, None if found.is_complete else found.manifest
            if rest is not None:
                await rest.fetch({format_handle(handle): selection})
    for task in engine.tasks_of(handle):
        if task.state.is_live:
            if task.selection != selection:
                raise CommandRefused(
                    "It is being pulled with other files", action="Wait until that has ended, or cancel it first."
                )
            return task.id
    return engine.add(handle, selection=selection, manifest=manifest)


class Errand:
    """Tells `tell` what happens; `events` are told too where they are wanted. Make it on the running loop."""

    def __init__(
        self,
        engine: Engine,
        steps: Sequence[Step],
        *,
        tell: Callable[[Message], None],
        events: ApiEvents | None = None,
    ) -> None:
        self.tell = tell
        self._engine = engine
        self._steps = steps
        self._events = events
        self._ids: dict[int, str] = {}
        self._refused: set[int] = set()
        self._views: dict[str, TaskView] = {}
        self._watched: set[str] = set()
        self._open: set[str] = set()
        self._live: dict[str, int] = {}
        self._moves = 0
        self._ended = asyncio.Event()

    async def run(self) -> None:
        """Start every step, and return when all have ended. Cancelled: what was started goes on untold."""
        links = [
            *((getattr(self._engine, name), self._moved) for name in TASK_SIGNALS.values()),
            (self._engine.items_added, self._look),
            (self._engine.progress_updated, self._look_at_all),
            (self._engine.task_about_to_be_removed, self._removing),
        ]
        if self._events is not None:
            self._events.subscribe(self._heard)  # before our own links: an event comes before the end that it tells
        for signal, slot in links:
            signal.connect(slot)
        self._live = {task.id: 0 for task in self._engine.tasks if task.state.is_live}
        starts = [spawn(self._start(n, step), name=f"start {step.name}") for n, step in enumerate(self._steps)]
        try:
            await self._ended.wait()
        finally:
            await cancel_and_wait(*starts)
            for signal, slot in links:
                signal.disconnect(slot)
            if self._events is not None:
                self._events.unsubscribe(self._heard)

    async def _start(self, index: int, step: Step) -> None:
        began = self._moves
        try:
            task_id = await step.start()
        except DownloadError as error:
            self._refuse(index, step.name, error)
        except Exception as error:
            _log.exception("%s", step.name)
            self._refuse(index, step.name, DownloadError(f"An error of Pulley itself: {error!r}"))
        else:
            self._name(index, task_id, was_live=self._live.get(task_id, began + 1) <= began)

    def _name(self, index: int, task_id: str, *, was_live: bool) -> None:
        self._ids[index] = task_id
        self._watched.add(task_id)
        self.tell(Named(index, task_id))
        if was_live and self._events is not None:
            event = self._events.event_of(self._engine.task(task_id))
            if event is not None:
                self._heard(event)
        self._look(task_id)

    def _refuse(self, index: int, name: str, error: DownloadError) -> None:
        view = refused_view(name, error.failure)
        self._refused.add(index)
        if self._events is not None:
            self.tell(Heard(refused_event(view)))
        self.tell(Refused(index, view))
        self._check()

    # -- signals -----------------------------------------------------------------------------------------

    def _heard(self, event: ApiEvent) -> None:
        if event.task_id in self._watched:
            self.tell(Heard(event.text))

    def _moved(self, task_id: str) -> None:
        """Note since which of all moves a task is live, and look at it."""
        self._moves += 1
        if self._engine.task(task_id).state.is_live:
            self._live.setdefault(task_id, self._moves)
        else:
            self._live.pop(task_id, None)
        self._look(task_id)

    def _look(self, task_id: str) -> None:
        if task_id in self._watched:
            self._saw(view_of(self._engine.task(task_id), self._engine.now()))

    def _saw(self, view: TaskView) -> None:
        self._views[view.id] = view
        (self._open.discard if view.is_over else self._open.add)(view.id)
        self.tell(Saw(view))
        self._check()

    def _look_at_all(self, changed: dict[str, tuple[str, ...]]) -> None:
        for task_id in self._watched & changed.keys():
            self._look(task_id)

    def _removing(self, task_id: str) -> None:
        """What is complete stays so for us, whatever comes of its row; all else ends here."""
        self._live.pop(task_id, None)
        if task_id not in self._watched:
            return
        self._watched.discard(task_id)
        view = self._views[task_id]
        if not view.is_good:
            self._saw(replace(view, is_removed=True))

    def _check(self) -> None:
        if not self._open and len(self._ids) + len(self._refused) >= len(self._steps):
            self._ended.set()


def refused_event(view: TaskView) -> str:
    """Return the event of a model that has no task."""
    error = {"kind": view.kind, "message": view.message, "action": view.action}
    task = {
        "id": view.id,
        "type": "Model",
        "items": [],
        "state": view.state.value,
        "bytesPerSecond": 0,
        "etaSeconds": None,
        "error": error,
    }
    return json.dumps({"type": "DownloadError", "task": task})
