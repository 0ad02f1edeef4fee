"""From the engine's signals to the events of the API: the only place, by one table.

Each event is built once, however many listen, and not at all while nobody does. `DownloadUpdated` comes at most
once a second a task, and at once on pause, resume and retry. Knows no socket.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from functools import partial

from msgspec import Struct

from core.api.shapes import TaskText
from core.engine import Engine
from core.states import ITEM_SIGNALS, TASK_SIGNALS, ItemState, TaskState
from core.task import Task

UPDATE_EVERY_S = 1.0
PREPARED_AT_ONCE = 300  # items whose texts are built between two turns of the loop: about 2 ms
REMEMBERED_S = 60.0  # a client that connects after its POST still sees the end

STARTED, UPDATED, STOPPED = "DownloadStarted", "DownloadUpdated", "DownloadStopped"
ENDINGS = {TaskState.DONE: "DownloadSuccess", TaskState.FAILED: "DownloadError", TaskState.CANCELLED: STOPPED}
"""What a task that comes to an end is called; every other change of state is an update."""

TYPES = (STARTED, UPDATED, *ENDINGS.values())


class Event(Struct, frozen=True):
    """One event.

    Attributes:
        kind: One of `TYPES`.
        task_id: Id of the task in the engine.
        text: The whole event as JSON in one line.
    """

    kind: str
    task_id: str
    text: str


Sink = Callable[[Event], None]


class _Track(Struct):
    """What is remembered of one task."""

    state: TaskState | None = None
    is_started: bool = False
    sent_at: float = float("-inf")
    ended_at: float = float("-inf")
    asked_at: float = float("-inf")
    pending: asyncio.Handle | None = None
    text: TaskText | None = None

    def forget_pending(self) -> None:
        if self.pending is not None:
            self.pending.cancel()
            self.pending = None


class Events:
    """Make it on the running loop, after the engine has loaded."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._loop = asyncio.get_running_loop()
        self._sinks: list[Sink] = []
        self._tracks: dict[str, _Track] = {task.id: _Track(task.state) for task in engine.tasks}
        self._removed: deque[tuple[float, Event]] = deque()
        self._forgetting: asyncio.TimerHandle | None = None
        self._ended: OrderedDict[str, _Track] = OrderedDict()  # whose texts are kept; the oldest first
        self._connections = [
            (engine.task_added, self._added),
            (engine.task_about_to_be_removed, self._removing),
            (engine.items_added, self._listed),
            (engine.task_relocated, lambda task_id, _: self._listed(task_id)),
            (engine.progress_updated, self._progressed),
            *((getattr(engine, name), partial(self._task_moved, state)) for state, name in TASK_SIGNALS.items()),
            (engine.item_connecting, partial(self._item_moved, ItemState.CONNECTING)),
        ]
        for signal, slot in self._connections:
            signal.connect(slot)
        self._hears_items = False

    # -- listeners ---------------------------------------------------------------------------------------

    def subscribe(self, sink: Sink) -> None:
        """Call `sink` with every event from now on; it must not block and must not raise."""
        self._hear_items()
        self._sinks.append(sink)

    def unsubscribe(self, sink: Sink) -> None:
        """Call it no more."""
        self._sinks = [other for other in self._sinks if other != sink]

    def _hear_items(self) -> None:
        """Listen to what items do, once a text or a listener needs it: a signal that somebody hears is dear."""
        if self._hears_items:
            return
        self._hears_items = True
        for state, name in ITEM_SIGNALS.items():
            if state is not ItemState.CONNECTING:  # heard from the beginning: it tells that a task has started
                self._connections.append((getattr(self._engine, name), partial(self._item_moved, state)))
                self._connections[-1][0].connect(self._connections[-1][1])

    def snapshot(self) -> list[Event]:
        """Return what a new listener has to know: live tasks, and the last event of those that ended lately."""
        self._forget_old()
        lately = self._loop.time() - REMEMBERED_S
        events = [event for at, event in self._removed if at > lately]
        return events + [event for task in self._engine.tasks if (event := self.event_of(task))]

    def event_of(self, task: Task) -> Event | None:
        """Return what a new listener has to know of one task; None where it stands, or ended long ago."""
        track = self._track(task.id)
        if task.state.is_live:
            return self._build(UPDATED, task, track)
        if task.state in ENDINGS and track.ended_at > self._loop.time() - REMEMBERED_S:
            return self._build(ENDINGS[task.state], task, track)
        return None

    def text_of(self, task: Task) -> str:
        """Return the Task object as text, now."""
        return self._text_asked(task).text(self._engine.now())

    def prepare(self, task: Task, count: int) -> bool:
        """Build the next `count` items of what `text_of` will return; return whether there are more."""
        return self._text_asked(task).prepare(count)

    def _text_asked(self, task: Task) -> TaskText:
        """Return the kept text: who asks for a list will ask again, and most tasks of it have ended."""
        track = self._track(task.id)
        track.asked_at = self._loop.time()
        if task.id in self._ended:
            self._ended.move_to_end(task.id)
        if self._forgetting is None and not task.state.is_live:
            self._forgetting = self._loop.call_later(REMEMBERED_S, self._forget_soon)
        return self._text(task, track)

    def _forget_soon(self) -> None:
        self._forgetting = None
        self._forget_old()
        if self._ended:
            self._forgetting = self._loop.call_later(REMEMBERED_S, self._forget_soon)

    def close(self) -> None:
        """Listen no more; nothing is sent any more."""
        self._sinks.clear()
        for signal, slot in self._connections:
            signal.disconnect(slot)
        self._connections.clear()
        if self._forgetting is not None:
            self._forgetting.cancel()
        for track in self._tracks.values():
            track.forget_pending()

    # -- signals -----------------------------------------------------------------------------------------

    def _track(self, task_id: str) -> _Track:
        return self._tracks.setdefault(task_id, _Track())

    def _added(self, task_id: str) -> None:
        self._tracks[task_id] = _Track()

    def _removing(self, task_id: str) -> None:
        """A task that leaves the list before its end has stopped for everybody who waits for it."""
        task, track = self._engine.task(task_id), self._track(task_id)
        lately = self._loop.time() - REMEMBERED_S
        if task.state in ENDINGS and track.ended_at > lately:
            self._removed.append((track.ended_at, self._build(ENDINGS[task.state], task, track)))
        elif task.state.is_live or task.state is TaskState.PAUSED:
            event = self._build(STOPPED, task, track, state=TaskState.CANCELLED)
            self._removed.append((self._loop.time(), event))
            self._send(event, track)
        track.forget_pending()
        del self._tracks[task_id]
        self._ended.pop(task_id, None)
        self._forget_old()

    def _task_moved(self, state: TaskState, task_id: str) -> None:
        track = self._track(task_id)
        before, track.state = track.state, state
        task = self._engine.task(task_id)
        if state in ENDINGS:
            track.ended_at = self._loop.time()
            self._ended.pop(task_id, None)
            if track.text is not None:
                self._ended[task_id] = track
            self._forget_old()
            if self._sinks:
                self._send(self._build(ENDINGS[state], task, track), track)
            else:
                track.forget_pending()
            return
        self._ended.pop(task_id, None)
        if state is TaskState.PAUSED or (before is not None and not before.is_live):
            self._update(task, track, at_once=True)
        else:
            self._touched(task_id)

    def _listed(self, task_id: str) -> None:
        """A task has its files: their texts are built a few at a time, so that no event has to build them all."""
        track = self._track(task_id)
        if track.text is not None:
            track.text.reset()
        if self._sinks:
            self._loop.call_soon(self._prepare, task_id, track)
        self._touched(task_id)

    def _prepare(self, task_id: str, track: _Track) -> None:
        is_due = bool(self._sinks) and self._tracks.get(task_id) is track
        if is_due and self._text(self._engine.task(task_id), track).prepare(PREPARED_AT_ONCE):
            self._loop.call_soon(self._prepare, task_id, track)

    def _text(self, task: Task, track: _Track) -> TaskText:
        if track.text is None:
            self._hear_items()
            track.text = TaskText(task)
            if track.state in ENDINGS:
                self._ended[task.id] = track
        return track.text

    def _item_moved(self, state: ItemState, task_id: str, item_id: str) -> None:
        track = self._track(task_id)
        if track.text is not None:
            track.text.touch(item_id)
        if state is ItemState.CONNECTING and not track.is_started:
            track.is_started = True
            if self._sinks:
                self._send(self._build(STARTED, self._engine.task(task_id), track), track)
            return
        stands = state in (ItemState.PAUSED, ItemState.WAITING) and track.is_started
        self._touched(task_id, at_once=stands)

    def _progressed(self, changed: dict[str, tuple[str, ...]]) -> None:
        for task_id, item_ids in changed.items():
            text = self._track(task_id).text
            if text is not None:
                for item_id in item_ids:
                    text.touch(item_id)
            self._touched(task_id)

    def _touched(self, task_id: str, *, at_once: bool = False) -> None:
        """Numbers changed: nothing to tell before the start, unless what is on the disk is being checked."""
        if not self._sinks:
            return
        task, track = self._engine.task(task_id), self._track(task_id)
        if task.state.is_live and (track.is_started or task.count(ItemState.VERIFYING)):
            self._update(task, track, at_once=at_once)

    # -- sending -----------------------------------------------------------------------------------------

    def _update(self, task: Task, track: _Track, *, at_once: bool = False) -> None:
        """Send an update at the end of this turn of the loop, or when a second has passed since the last event."""
        if not self._sinks:
            return
        if at_once and track.pending is not None:
            track.forget_pending()
        if track.pending is not None:
            return
        wait_s = 0.0 if at_once else max(0.0, track.sent_at + UPDATE_EVERY_S - self._loop.time())
        if wait_s:
            track.pending = self._loop.call_later(wait_s, self._flush, task, track)
        else:
            track.pending = self._loop.call_soon(self._flush, task, track)

    def _flush(self, task: Task, track: _Track) -> None:
        track.pending = None
        is_ended = track.state in ENDINGS
        if self._sinks and not is_ended and self._tracks.get(task.id) is track:
            self._send(self._build(UPDATED, task, track), track)

    def _build(self, kind: str, task: Task, track: _Track, *, state: TaskState | None = None) -> Event:
        text = self._text(task, track).text(self._engine.now(), state=state)
        return Event(kind, task.id, f'{{"type": "{kind}", "task": {text}}}')

    def _send(self, event: Event, track: _Track) -> None:
        track.forget_pending()
        track.sent_at = self._loop.time()
        for sink in list(self._sinks):
            sink(event)

    def _forget_old(self) -> None:
        lately = self._loop.time() - REMEMBERED_S
        while self._removed and self._removed[0][0] <= lately:
            self._removed.popleft()
        while self._ended:
            track = next(iter(self._ended.values()))
            if max(track.ended_at, track.asked_at) > lately:
                return
            track.text = None
            self._ended.popitem(last=False)
