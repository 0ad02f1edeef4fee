"""Is a connection, or a whole item, too slow to be waited for? Pure: bytes and seconds are given.

A slow line is no fault: a connection is measured against its siblings, and only an item that as a whole brings next
to nothing is taken for one that stands still.
"""

from collections.abc import Iterable, Sequence
from statistics import median
from typing import Protocol, TypeVar

from msgspec import Struct

STALL_AFTER_S = 30.0  # as long as the network room waits for a silent connection
FLOOR_BYTES_S = 256.0  # of an item: less than any line brings, and than a person would wait for
TRIFLE_BYTES = 16 * 1024  # a slow try that brought less than this counts as one without a byte
BEHIND = 16  # so many times slower than the middle one of its siblings
BEHIND_AFTER_S = 8.0
LOOK_MOST_S = 2.0  # a longer time between two looks was a busy loop or a sleep, and says nothing of a server


class Pace(Struct):
    """Bytes over windows of time, one after the other.

    Attributes:
        rate: Bytes a second in the last full window; 0.0 before the first.
        is_known: There was one.
    """

    rate: float = 0.0
    is_known: bool = False
    _seconds: float = 0.0
    _start: int = 0

    def look(self, moved: int, seconds: float, window_s: float) -> bool:
        """Note all bytes so far and the time since the last look; return whether a window is full."""
        self._seconds += min(seconds, LOOK_MOST_S)
        if self._seconds < window_s:
            return False
        self.rate = (moved - self._start) / self._seconds
        self.is_known = True
        self.restart(moved)
        return True

    def restart(self, moved: int) -> None:
        """Begin a window anew: what held the bytes up is not the server's fault."""
        self._seconds, self._start = 0.0, moved


class Lane(Protocol):
    """One connection, as far as its speed goes."""

    moved: int
    is_held: bool
    pace: Pace

    @property
    def left(self) -> int:
        """Bytes still to come."""


L = TypeVar("L", bound=Lane)


class Watchdog:
    """Watches the connections of one item that have an answer; who has none yet is watched by the net."""

    def __init__(self, now: float) -> None:
        self._at = now
        self._whole = Pace()

    def restart(self, now: float) -> None:
        """Nothing was to be expected until now."""
        self._at = now

    def look(self, lanes: Sequence[L], received: int, now: float) -> list[L]:
        """Return the connections to end: all where the item as a whole stands still, else those far behind.

        `received` are the bytes of the item so far.
        """
        seconds, self._at = now - self._at, now
        if not lanes or any(lane.is_held for lane in lanes):
            self._whole.restart(received)  # what waits for our own disk says nothing of the server
        elif self._whole.look(received, seconds, STALL_AFTER_S) and self._whole.rate < FLOOR_BYTES_S:
            return list(lanes)
        return [lane for lane in lanes if self._is_behind(lane, lanes, seconds)]

    @staticmethod
    def _is_behind(lane: L, lanes: Sequence[L], seconds: float) -> bool:
        if lane.is_held:
            lane.pace.restart(lane.moved)
            return False
        if not lane.pace.look(lane.moved, seconds, BEHIND_AFTER_S):
            return False
        return is_behind(
            lane.pace.rate, lane.left, (o.pace.rate for o in lanes if o is not lane and o.pace.is_known)
        )


def is_behind(rate: float, left: int, siblings: Iterable[float]) -> bool:
    """Tell whether a connection is so far behind its siblings that a new one would do better for what is `left`."""
    rates = list(siblings)
    if not rates or left <= 0:
        return False
    usual = median(rates)
    return rate * BEHIND < usual and left > rate * BEHIND_AFTER_S
