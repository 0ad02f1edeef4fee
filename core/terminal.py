"""Progress for a terminal: one live line a task, or plain lines where stdout is no terminal.

Listens to an engine's signals and writes; decides nothing.
"""

import os
import shutil
import sys
from collections.abc import Iterable
from typing import TextIO

from core.engine import Engine
from core.sizes import size_text
from core.states import ItemState, TaskState
from core.task import Task

BAR_CELLS = 20
PLAIN_EVERY_PERCENT = 25


def percent(task: Task) -> int:
    """Return whole percent that are kept, never 100 before the end."""
    if task.state is TaskState.DONE:
        return 100
    return min(99, int(100 * (task.fraction or 0.0)))


def time_text(seconds: float | None) -> str:
    """Return a time left for a person; empty where nobody can tell."""
    if seconds is None:
        return ""
    whole = round(seconds)
    if whole >= 3600:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 60} min {whole % 60:02d} s" if whole >= 60 else f"{whole} s"


def status_text(task: Task, now: float) -> str:
    """Return what a task does, in a few words."""
    match task.state:
        case TaskState.RESOLVING:
            return "fetching file list"
        case TaskState.DONE:
            hashed = all(item.file.hash for item in task.wanted_items())
            return "complete, verified" if hashed else "complete, size only"
        case TaskState.FAILED:
            return f"failed: {failure_text(task)}"
        case TaskState.RUNNING:
            waiting = _waiting(task, now)
            return waiting or f"{task.count(ItemState.DONE)} of {task.wanted_count} files"
        case _:
            return str(task.state.value)


def _waiting(task: Task, now: float) -> str:
    """Say why nothing comes, where every running file backs off."""
    running = [item for item in task.items.values() if item.state.is_running]
    if not running or any(item.retry_at is None for item in running):
        return ""
    soonest = min(running, key=lambda item: item.retry_at or 0.0)
    reason = soonest.failure.message if soonest.failure else ""
    return f"retrying in {max(0, round((soonest.retry_at or now) - now))} s: {reason}"


def failure_text(task: Task) -> str:
    """Return what happened, for a failed task."""
    if task.failure is not None:
        return task.failure.message
    reasons = [i.failure.message for i in task.items.values() if i.failure and i.state is ItemState.FAILED]
    return "; ".join(reasons[:3]) + (f" (and {len(reasons) - 3} more)" if len(reasons) > 3 else "")


def action_text(task: Task) -> str:
    """Return what a person can do about a failed task."""
    if task.failure is not None:
        return task.failure.action
    return next(
        (i.failure.action for i in task.items.values() if i.failure and i.state is ItemState.FAILED), "Try again."
    )


def line_of(task: Task, now: float, width: int) -> str:
    """Return the live line of a task, at most `width` characters."""
    share = percent(task)
    full = BAR_CELLS * share // 100
    bar = "█" * full + "░" * (BAR_CELLS - full)
    rate = task.rate(now)
    figures = [size_text(task.size) if task.size else "", f"{size_text(round(rate))}/s" if rate else ""]
    figures.append(time_text(task.eta_s(now)) if task.state.is_active else "")
    tail = f" {bar} {share:3d} %  " + "  ".join(text for text in (*figures, status_text(task, now)) if text)
    room = max(12, min(44, width // 3))
    name = task.id if len(task.id) <= room else f"{task.id[: room // 2 - 1]}…{task.id[-(room - room // 2) :]}"
    return f"{name:<{room}}{tail}"[: max(20, width - 1)]


class Progress:
    """Shows the tasks of one `pulley pull`."""

    def __init__(self, engine: Engine, ids: Iterable[str], *, out: TextIO | None = None) -> None:
        self._engine = engine
        self._ids = list(dict.fromkeys(ids))
        self._out = out or sys.stdout
        self._live = self._out.isatty()
        self._drawn = 0
        self._said: dict[str, int] = {}
        if self._live:
            engine.totals_updated.connect(self._draw)
        else:
            engine.progress_updated.connect(self._say_progress)
            engine.items_added.connect(self._say_files)
            for signal in (engine.task_resolving, engine.task_done, engine.task_failed):
                signal.connect(self._say)
            for task in self._tasks():
                if task.state is TaskState.DONE:
                    self._say(task.id)

    def finish(self) -> None:
        """Show the end."""
        if self._live:
            self._draw()

    def _tasks(self) -> list[Task]:
        known = {task.id: task for task in self._engine.tasks}
        return [known[task_id] for task_id in self._ids if task_id in known]

    def _draw(self) -> None:
        width, height = shutil.get_terminal_size((100, 24))
        now = self._engine.now()
        tasks = self._tasks()
        shown = tasks if len(tasks) < height else [t for t in tasks if t.state.is_active][: height - 2]
        lines = [line_of(task, now, width) for task in shown]
        up = f"\x1b[{self._drawn}A" if self._drawn else ""
        self._write(up + "".join(f"\r{line}\x1b[K\n" for line in lines) + "\x1b[J")
        self._drawn = len(lines)

    def _say(self, task_id: str) -> None:
        if task_id in self._ids:
            self._write(f"{task_id}: {status_text(self._engine.task(task_id), self._engine.now())}\n")

    def _say_files(self, task_id: str) -> None:
        task = self._engine.task(task_id)
        if task_id in self._ids and not task.described:
            self._write(f"{task_id}: {task.wanted_count} files, {size_text(task.size)}\n")

    def _say_progress(self, changed: dict[str, tuple[str, ...]]) -> None:
        now = self._engine.now()
        for task in self._tasks():
            step = percent(task) // PLAIN_EVERY_PERCENT
            if task.id in changed and task.state.is_active and step > self._said.get(task.id, 0):
                self._said[task.id] = step
                rate = size_text(round(task.rate(now)))
                self._write(f"{task.id}: {percent(task)} % of {size_text(task.size)} at {rate}/s\n")

    def _write(self, text: str) -> None:
        try:
            self._out.write(text)
            self._out.flush()
        except BrokenPipeError:  # nobody reads any more (`| head`): the download goes on without words
            self._out = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  as long as the process
            if self._out is not sys.stdout:
                os.dup2(self._out.fileno(), 1)
