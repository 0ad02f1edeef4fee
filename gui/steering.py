"""From selected rows to engine commands: which rows a command fits, and sending it to exactly those.

Knows the engine's commands and refusals. Must not know widgets. A mixed selection is no error: a command goes to
the rows that accept it; what is refused in between (a state changed under the mouse) is returned as a sentence.
"""

from collections.abc import Callable, Iterable, Sequence

from core.commands import Command
from core.engine import Engine
from core.errors import CommandRefused
from core.task import Item, Task

Row = tuple[str, str | None]
"""A selected row: task id, and item id where the row is a file."""


def outermost(rows: Sequence[Row]) -> list[Row]:
    """Return the rows without files whose model is selected too, each once."""
    models = {task_id for task_id, item_id in rows if item_id is None}
    return list(dict.fromkeys(row for row in rows if row[1] is None or row[0] not in models))


def known(engine: Engine, rows: Iterable[Row]) -> list[Row]:
    """Return the rows that still exist: a task may go while its row is selected."""
    tasks = {task.id: task for task in engine.tasks}
    return [(t, i) for t, i in rows if t in tasks and (i is None or i in tasks[t].items)]


def accepted(engine: Engine, command: Command, rows: Iterable[Row]) -> list[Row]:
    """Return the rows for which the engine would accept the command."""
    return [row for row in known(engine, rows) if not engine.refusal(command, *row)]


def send(engine: Engine, command: Command, rows: Sequence[Row]) -> str:
    """Send a command to the rows that accept it; return why it was refused, empty where it was not."""
    calls: dict[Command, Callable[[str, str | None], None]] = {
        Command.PAUSE: engine.pause,
        Command.RESUME: engine.resume,
        Command.START_NOW: engine.start_now,
        Command.RETRY: engine.retry,
        Command.VERIFY: engine.verify,
        Command.REPAIR: engine.repair,
    }
    refused = ""
    for row in accepted(engine, command, outermost(rows)):
        try:
            calls[command](*row)
        except CommandRefused as error:
            refused = error.message
    return refused


def verified_now(engine: Engine, rows: Iterable[Row]) -> list[str]:
    """Return the ids of the tasks whose verification reads one of these rows, or waits to."""
    tasks = {task.id: task for task in engine.tasks}
    found = [
        task_id
        for task_id, item_id in known(engine, rows)
        if (check := tasks[task_id].check) is not None and (item_id is None or item_id in check.item_ids)
    ]
    return list(dict.fromkeys(found))


def pause_all(engine: Engine) -> str:
    """Pause every task that runs or waits."""
    return send(engine, Command.PAUSE, [(task.id, None) for task in engine.tasks])


def resumable_tasks(engine: Engine) -> list[Row]:
    """Return the tasks that stand still because they were paused; failed and cancelled ones are left alone."""
    return [(task.id, None) for task in engine.tasks if task.state.is_resumable and not task.state.is_final]


def resume_all(engine: Engine) -> str:
    """Resume every paused task."""
    return send(engine, Command.RESUME, resumable_tasks(engine))


def pausable(engine: Engine) -> bool:
    """Tell whether Pause all would do something."""
    return any(task.state.is_live for task in engine.tasks)


def is_complete(task: Task) -> bool:
    """Tell whether a task ended well: the engine neither has nor expects anything more for it."""
    return task.state.is_final and not task.state.is_resumable


def is_done(item: Item) -> bool:
    """Tell whether a file stands complete under its name."""
    return item.state.is_final and item.state.is_wanted and not item.state.is_resumable


def completed_tasks(engine: Engine) -> list[str]:
    """Return the ids of the completed tasks."""
    return [task.id for task in engine.tasks if is_complete(task)]


def move(engine: Engine, rows: Sequence[Row], step: int) -> None:
    """Move the selected tasks by one place, up (-1) or down (1); together they stop at the end of the queue."""
    ids = {row[0] for row in accepted(engine, Command.MOVE, rows)}
    order = [task.id for task in engine.tasks]
    places = sorted((order.index(task_id) for task_id in ids), reverse=step > 0)
    stop = len(order) - 1 if step > 0 else 0
    for place in places:
        task_id = order[place]
        if place == stop:  # it stands at the end, or behind one that does
            stop -= step
            continue
        engine.move(task_id, place + step)
        order.insert(place + step, order.pop(place))


def remove(engine: Engine, task_ids: Iterable[str], *, delete_files: bool = False) -> str:
    """Remove the tasks that still exist; return why one was refused."""
    refused = ""
    for task_id, _ in known(engine, [(task_id, None) for task_id in task_ids]):
        try:
            engine.remove(task_id, delete_files=delete_files)
        except CommandRefused as error:
            refused = error.message
    return refused


class Losses:
    """What the disk holds of some tasks, in numbers.

    Attributes:
        complete, unfinished: Numbers of files.
        complete_bytes, unfinished_bytes: What they hold.
        live: Tasks that are still under way.
    """

    def __init__(self, tasks: Iterable[Task]) -> None:
        self.complete = self.unfinished = 0
        self.complete_bytes = self.unfinished_bytes = 0
        self.live = 0
        for task in tasks:
            self.live += task.state.is_live
            for item in task.items.values():
                if is_done(item):
                    self.complete += 1
                    self.complete_bytes += item.size
                elif item.durable:
                    self.unfinished += 1
                    self.unfinished_bytes += item.durable
