"""SIGINT and SIGTERM as an event of the loop, on every system; and until there is a loop, as a note.

An exception out of a signal in the middle of a library's start ends the process in a crash, so nothing is raised
while libraries load.
"""

import asyncio
import contextlib
import signal
from collections.abc import Iterator

_NUMBERS = (signal.SIGINT, signal.SIGTERM)
_early: list[int] = []


@contextlib.contextmanager
def noted() -> Iterator[None]:
    """Only note the signals, until somebody takes them over; `came_early` and `stop_on_signals` know of them."""
    _early.clear()
    before = [(number, signal.signal(number, lambda number, _: _early.append(number))) for number in _NUMBERS]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


def came_early() -> bool:
    """Tell whether the process was asked to end before it could listen."""
    return bool(_early)


def stop_on_signals(stopped: asyncio.Event) -> None:
    """Set `stopped` when the process is asked to end, or was before."""
    loop = asyncio.get_running_loop()
    for number in _NUMBERS:
        try:
            loop.add_signal_handler(number, stopped.set)
        except NotImplementedError:  # Windows: the handler runs between byte codes and has to wake the loop
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stopped.set))
    if came_early():
        stopped.set()
