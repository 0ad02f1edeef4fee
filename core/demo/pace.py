"""How fast bytes leave: the rate knobs, shared fairly among the bodies under way.

Knows: time and the knobs, which it reads anew before every slice. Must not know: what the bytes are.
"""

import asyncio
import time

from core.demo.knobs import Knobs

SLICE_BYTES = 256 * 1024
TICK_S = 0.02  # a slice lasts about this long: smooth for a graph, few enough wake-ups for a window's loop
CREDIT_S = 0.05  # what a late timer may catch up


class Pipe:
    """A pipe of limited width: says when the next bytes are through."""

    def __init__(self) -> None:
        self._free_at = 0.0

    def reserve(self, count: int, rate: float | None, *, now: float) -> float:
        """Book `count` bytes and return the seconds until they are through."""
        if rate is None:
            self._free_at = now
            return 0.0
        self._free_at = max(self._free_at, now - CREDIT_S) + count / rate
        return self._free_at - now


class Pace:
    """The pipe that all bodies share."""

    def __init__(self, knobs: Knobs) -> None:
        self.knobs = knobs
        self.bodies = 0
        self._total = Pipe()

    @property
    def is_limited(self) -> bool:
        """Whether any rate knob is set now."""
        return self.knobs.bytes_per_s_total is not None or self.knobs.bytes_per_s_connection is not None

    def slice_bytes(self) -> int:
        """How much one body may send next; 0 while nothing may move."""
        total, single = self.knobs.bytes_per_s_total, self.knobs.bytes_per_s_connection
        rates = [total / max(1, self.bodies)] if total is not None else []
        rates += [single] if single is not None else []
        if not rates:
            return SLICE_BYTES
        if min(rates) <= 0:
            return 0
        return max(1, min(SLICE_BYTES, int(min(rates) * TICK_S)))

    async def turn(self, own: Pipe, *, most: int) -> int:
        """Wait for this body's turn; return how many bytes, at most `most`, it may send now."""
        while (count := min(most, self.slice_bytes())) == 0 < most:  # noqa: ASYNC110 - knobs are plain numbers
            await asyncio.sleep(TICK_S)
        now = time.monotonic()
        wait = max(
            self._total.reserve(count, self.knobs.bytes_per_s_total, now=now),
            own.reserve(count, self.knobs.bytes_per_s_connection, now=now),
        )
        if wait > 0:
            await asyncio.sleep(wait)
        return count
