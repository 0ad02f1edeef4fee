"""Speed of something over the last seconds, from counted bytes and a monotonic clock. Knows no clock of its own."""

from collections import deque

WINDOW_S = 4.0  # long enough to be calm, short enough to fall to 0 soon after a stall
BUCKET_S = 0.25  # one bucket a tick: memory stays bounded however many pieces arrive


class Meter:
    """Counts bytes into buckets of `BUCKET_S` and tells the mean speed over `WINDOW_S`.

    Times are seconds of one monotonic clock, given by the caller.
    """

    __slots__ = ("_buckets", "_started", "total")

    def __init__(self) -> None:
        self._buckets: deque[list[float]] = deque()
        self._started: float | None = None
        self.total = 0

    def add(self, count: int, now: float) -> None:
        """Count bytes that arrived at `now`."""
        self.total += count
        if self._started is None:
            self._started = now
        if self._buckets and now - self._buckets[-1][0] < BUCKET_S:
            self._buckets[-1][1] += count
        else:
            self._buckets.append([now, count])
        self._forget(now)

    def rate(self, now: float) -> float:
        """Return bytes a second over the window, 0.0 when nothing arrived in it."""
        self._forget(now)
        if not self._buckets or self._started is None:
            return 0.0
        span = min(WINDOW_S, max(now - self._started, BUCKET_S))
        return sum(bucket[1] for bucket in self._buckets) / span

    def reset(self) -> None:
        """Forget the speed, keep the total: after a pause the old speed says nothing."""
        self._buckets.clear()
        self._started = None

    def _forget(self, now: float) -> None:
        while self._buckets and now - self._buckets[0][0] > WINDOW_S:
            self._buckets.popleft()
        if not self._buckets and self._started is not None and now - self._started > WINDOW_S:
            self._started = now - WINDOW_S
