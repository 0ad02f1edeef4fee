"""How late the ticks of a precise timer of the window's loop are."""

import time

from PySide6.QtCore import Qt, QTimer


class Lateness:
    """Notes how late each tick of a precise timer is, in ms."""

    def __init__(self, *, interval_ms: int = 8) -> None:
        self.late_ms: list[float] = []
        self._interval_ms = interval_ms
        self._last = time.perf_counter()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    def start(self) -> None:
        """Begin."""
        self._last = time.perf_counter()
        self._timer.start(self._interval_ms)

    def stop(self) -> None:
        """End."""
        self._timer.stop()

    def _tick(self) -> None:
        now = time.perf_counter()
        self.late_ms.append(max(0.0, (now - self._last) * 1000 - self._interval_ms))
        self._last = now

    def figures(self) -> dict[str, float]:
        """Return the number of ticks, median, 95 %, 99 % and worst lateness in ms."""
        late = sorted(self.late_ms)

        def at(share: float) -> float:
            return round(late[min(len(late) - 1, int(share * len(late)))], 1)

        return {"ticks": len(late), "p50": at(0.5), "p95": at(0.95), "p99": at(0.99), "worst": round(late[-1], 1)}
