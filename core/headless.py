"""`pulley pull`: the composition root of the terminal, on the stock asyncio loop, without a window."""

import asyncio
import contextlib
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from core.compose import Parts, build
from core.engine import Engine
from core.errors import CommandRefused, StoreError
from core.handles import format_handle
from core.holder import DataLock
from core.places import Places
from core.records import Handle, Selection
from core.settings import SettingsStore
from core.spawn import cancel_and_wait, spawn
from core.states import TaskState
from core.terminal import Progress, action_text, failure_text

CLOSE_S = 10.0
INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class PullOptions:
    """What `pulley pull` was asked for."""

    handles: tuple[Handle, ...]
    globs: tuple[str, ...] = ()
    quiet: bool = False


def pull(options: PullOptions, places: Places) -> int:
    """Pull all handles in parallel; return the exit code: 0, 1 or 130."""
    try:
        lock = DataLock(places.data, "pull")
    except StoreError as error:
        return _complain(error)
    try:
        return asyncio.run(_pull(options, places))
    except StoreError as error:
        return _complain(error)
    except KeyboardInterrupt:
        return INTERRUPTED
    finally:
        lock.close()


def _complain(error: StoreError) -> int:
    print(f"pulley: {error.message}. {error.action}", file=sys.stderr)
    return 1


async def _pull(options: PullOptions, places: Places) -> int:
    settings = SettingsStore(places.data / "settings.yml").load()
    models: Path = places.models_or(settings.models_dir)
    parts = build(places.data, models, settings, os.environ)
    ids = [format_handle(handle) for handle in options.handles]
    stopped = asyncio.Event()
    _stop_on_signals(stopped)
    try:
        await parts.engine.load(only=frozenset(ids))
        progress = None if options.quiet else Progress(parts.engine, ids)
        await _until_ended(parts.engine, options, stopped)
        if progress is not None:
            progress.finish()
        failed = [task for task in parts.engine.tasks if task.state is not TaskState.DONE]
        if stopped.is_set() and failed:
            return INTERRUPTED
        for task in failed:
            print(f"{task.id}: {failure_text(task)}. {action_text(task)}", file=sys.stderr)
        return 1 if failed else 0
    finally:
        await _close(parts)


async def _until_ended(engine: Engine, options: PullOptions, stopped: asyncio.Event) -> None:
    """Start every handle and wait until each is complete or has failed, or until stopped."""
    ended = asyncio.Event()

    def look(_: str) -> None:
        if not any(task.state.is_live for task in engine.tasks):
            ended.set()

    for name in ("task_done", "task_failed", "task_paused", "task_cancelled"):
        getattr(engine, name).connect(look)
    selection = Selection(globs=options.globs) if options.globs else None
    for handle in options.handles:
        with contextlib.suppress(CommandRefused):
            engine.add(handle, selection=selection)
    look("")
    waits = [spawn(event.wait(), name="end of pull") for event in (ended, stopped)]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await cancel_and_wait(*waits)


def _stop_on_signals(stopped: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stopped.set)
        except NotImplementedError:  # Windows: the handler runs between byte codes and has to wake the loop
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stopped.set))


async def _close(parts: Parts) -> None:
    try:
        async with asyncio.timeout(CLOSE_S):
            await parts.aclose()
    except TimeoutError:
        print("pulley: the disk did not take the last bytes in time; they are fetched again", file=sys.stderr)
        sys.stderr.flush()
        os._exit(INTERRUPTED)  # a thread that waits for the disk would hold the process; locks go with it
