"""The loop of the commands without a window: asyncio's, looking at its sockets at most a thousand times a second.

While bytes come fast each look finds a few of them, and costs more than they do. What comes within a millisecond is
taken together; whoever has something to run does not wait, nor does the first byte after a silence.
"""

import asyncio
import selectors
import sys
import time
from collections.abc import Callable

GATHER_S = 0.001
WORTH_S = 0.0001  # a shorter sleep takes longer than it is


class GatheringSelector(selectors.DefaultSelector):
    """Rests before a look that follows too soon on the one before; `sleep` takes seconds."""

    def __init__(
        self, *, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], object] = time.sleep
    ) -> None:
        super().__init__()
        self._clock = clock
        self._sleep = sleep
        self._looked_at = clock() - GATHER_S

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready, as any selector; `timeout` is in seconds."""
        if timeout is None or timeout > 0:  # with 0, callbacks wait to be run
            rest = self._looked_at + GATHER_S - self._clock()
            if timeout is not None:
                rest = min(rest, timeout)
            if rest >= WORTH_S:
                self._sleep(rest)
                timeout = None if timeout is None else timeout - rest
        found = super().select(timeout)
        self._looked_at = self._clock()
        return found


def new_loop() -> asyncio.AbstractEventLoop:
    """Return a loop for a command; on Windows asyncio's own as it is."""
    if sys.platform == "win32":
        return asyncio.new_event_loop()
    return asyncio.SelectorEventLoop(GatheringSelector())
