"""`pulley list`, `pause`, `resume`, `cancel`: one question to who holds the data folder, or to the store."""

import asyncio
import json
import os
import time
from collections.abc import Callable, Coroutine
from typing import Any

from msgspec import Struct

from core.api.shapes import task_text
from core.door.client import Call, Unreachable, call
from core.errors import CommandRefused
from core.headless.run import INTERRUPTED, close_parts, first_of, run, say
from core.headless.stored import FILE, stored_tasks
from core.holder import COMMAND, DataLock, Held, Holder, read_holder
from core.places import Places
from core.terminal import Output, cells, plain, row_of
from core.views import TaskView, from_json, view_of

PATIENCE_S = 20.0  # with a holder that is starting or ending
AGAIN_S = 0.2
NAME_CELLS_MOST = 60

_DONE = {"pause": "paused", "resume": "goes on", "cancel": "cancelled"}


class SteerOptions(Struct, frozen=True):
    """What was asked for.

    Attributes:
        command: `pause`, `resume` or `cancel`.
        task: What was typed for the download.
        short: The short form of the handle that it is; empty where it is none.
    """

    command: str
    task: str
    short: str = ""
    keep_parts: bool = False


def _until_stopped(work: Callable[[], Coroutine[Any, Any, int]]) -> int:
    async def main(stopped: asyncio.Event) -> int:
        codes: list[int] = []
        errors: list[Exception] = []

        async def do() -> None:
            try:
                codes.append(await work())
            except Exception as error:
                errors.append(error)

        await first_of(do(), stopped.wait())
        if errors:
            raise errors[0]
        return codes[0] if codes else INTERRUPTED

    return run(main)


# -- list -------------------------------------------------------------------------------------------------


def show_list(places: Places, *, as_json: bool = False) -> int:
    """Print every download, one a line; return the exit code."""
    return _until_stopped(lambda: _list(places, as_json=as_json))


async def _list(places: Places, *, as_json: bool) -> int:
    try:
        lines = await _listed(read_holder(places.data), as_json=as_json)
    except Unreachable:  # nobody holds the folder, or who does has not begun: the store knows
        tasks, now = await stored_tasks(places.data), time.monotonic()
        lines = [task_text(task, now) if as_json else view_of(task, now) for task in tasks]
    output = Output(encoding="utf-8" if as_json else "")
    views = [line for line in lines if isinstance(line, TaskView)]
    room = min(NAME_CELLS_MOST, max((cells(plain(view.id)) for view in views), default=0))
    for line in lines:
        output.write(f"{row_of(line, room) if isinstance(line, TaskView) else line}\n")
    if not lines:
        say("the list is empty; 'pulley pull HANDLE' adds a model")
    return 0


async def _listed(holder: Holder | None, *, as_json: bool) -> list[str | TaskView]:
    """Ask the holder for its list.

    Raises:
        Unreachable: There is none.
    """
    asked = await call(holder, {"do": "list", "json": as_json})
    try:
        return [json.dumps(line["task"]) if as_json else from_json(line["view"]) async for line in asked.lines()]
    except (KeyError, ValueError) as error:
        raise CommandRefused(
            "The answer cannot be read", action="End the other Pulley, which may be another version."
        ) from error
    finally:
        asked.close()


# -- pause, resume, cancel --------------------------------------------------------------------------------


def steer(options: SteerOptions, places: Places) -> int:
    """Pause, resume or cancel a download; return the exit code."""
    return _until_stopped(lambda: _steer(options, places))


async def _steer(options: SteerOptions, places: Places) -> int:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        if not (places.data / FILE).exists():
            raise CommandRefused(
                f"No download is called {options.task!r}; the list is empty", action="Check --data-dir."
            )
        try:
            lock = DataLock(places.data, COMMAND)
        except Held as held:
            try:
                return await _through_the_door(held.holder, options)
            except Unreachable:
                if time.monotonic() > deadline:
                    raise held from None
                await asyncio.sleep(AGAIN_S)
        else:
            try:
                return await _over_the_store(options, places)
            finally:
                lock.close()


async def _through_the_door(holder: Holder | None, options: SteerOptions) -> int:
    request = {
        "do": options.command,
        "id": options.task,
        "short": options.short,
        "keep_parts": options.keep_parts,
    }
    asked: Call = await call(holder, request)
    asked.close()
    _tell(asked.answer.get("view", {}).get("id", options.task), options.command)
    return 0


async def _over_the_store(options: SteerOptions, places: Places) -> int:
    from core.compose import build  # the engine: not for who asks through a door
    from core.door.desk import Desk
    from core.settings import SettingsStore

    settings = SettingsStore(places.data / "settings.yml").load()
    parts = build(places.data, places.models_or(settings.models_dir), settings, os.environ)
    if parts.notice:
        say(parts.notice)
    try:
        await parts.engine.load(still=True)
        desk = Desk(parts.engine)
        task = await desk.steer(options.command, options.task, short=options.short, keep_parts=options.keep_parts)
        _tell(task.id, options.command, later=options.command == "resume")
    finally:
        await close_parts(parts)
    return 0


def _tell(task_id: str, command: str, *, later: bool = False) -> None:
    Output().write(f"{plain(task_id)}: {_DONE[command]}{' when Pulley runs next' if later else ''}\n")
