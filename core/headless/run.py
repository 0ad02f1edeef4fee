"""What all commands without a window share: the loop, signals, a clean end, complaints."""

import asyncio
import logging
import os
import sys
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from core.errors import DownloadError
from core.interrupt import stop_on_signals
from core.loop import new_loop
from core.spawn import cancel_and_wait, spawn
from core.terminal import plain

if TYPE_CHECKING:
    from core.compose import Parts

CLOSE_S = 10.0
FAILED = 1
INTERRUPTED = 130

_log = logging.getLogger(__name__)


def run(main: Callable[[asyncio.Event], Coroutine[Any, Any, int]]) -> int:
    """Run a command and return its exit code; SIGINT and SIGTERM set the event that it is given."""

    async def begin() -> int:
        stopped = asyncio.Event()
        stop_on_signals(stopped)
        return await main(stopped)

    try:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            return runner.run(begin())
    except DownloadError as error:
        return complain(error)
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        _log.debug("unforeseen", exc_info=True)
        say(f"an error of Pulley itself: {error!r}. Please report it; what came so far is kept.")
        return FAILED


async def first_of(*waits: Coroutine[Any, Any, Any]) -> None:
    """Wait until one of these has ended; the others are cancelled."""
    running = [spawn(wait, name="one of several") for wait in waits]
    try:
        await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await cancel_and_wait(*running)


async def close_parts(parts: "Parts", *, code: int = INTERRUPTED) -> None:
    """Close an engine; where a disk does not take the last bytes, end the process with `code` all the same."""
    try:
        async with asyncio.timeout(CLOSE_S):
            await parts.aclose()
    except TimeoutError:
        say("the disk did not take the last bytes in time; they are fetched again")
        os._exit(code)  # a thread that waits for the disk would hold the process; locks go with it


def complain(error: DownloadError, *, about: str = "pulley") -> int:
    """Say on stderr what happened and what to do; return the exit code for it."""
    say(f"{error.message.rstrip('.')}. {error.action}", about=about)
    return FAILED


def say(text: str, *, about: str = "pulley") -> None:
    """Write a line on stderr."""
    if sys.stderr is None:  # whoever started us closed it
        return
    try:
        print(f"{plain(about)}: {plain(text)}", file=sys.stderr, flush=True)
    except OSError:
        pass  # nobody reads it
