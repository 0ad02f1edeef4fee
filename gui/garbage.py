"""Python's cyclic garbage, collected on the Qt thread alone.

The collector runs on whatever thread happens to allocate. A writer thread that so deletes a widget or a notifier
takes the whole program down. So while the window runs the collector is off, and a timer of Qt's does its work.
"""

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import Qt, QTimer

LOOK_EVERY_MS = 1000
WHOLE_EVERY_S = 60.0  # a look at everything costs tens of ms over a long list


class Collector:
    """Looks once a second whether a generation is due, by the interpreter's own thresholds."""

    def __init__(self) -> None:
        self._thresholds = gc.get_threshold()
        self._whole_at = time.monotonic() + WHOLE_EVERY_S
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.VeryCoarseTimer)
        self._timer.setInterval(LOOK_EVERY_MS)
        self._timer.timeout.connect(self.look)
        self._timer.start()

    def look(self) -> None:
        """Collect what is due."""
        youngest, middle, _ = gc.get_count()
        if youngest <= self._thresholds[0]:
            return
        if time.monotonic() >= self._whole_at:
            self._whole_at = time.monotonic() + WHOLE_EVERY_S
            gc.collect()
        else:
            gc.collect(1 if middle > self._thresholds[1] else 0)

    def stop(self) -> None:
        """Look no more."""
        self._timer.stop()


@contextmanager
def collected_here() -> Iterator[None]:
    """Keep the collector on this thread, the one of Qt, for as long as the context lasts."""
    was_on = gc.isenabled()
    gc.disable()
    collector = Collector()
    try:
        yield
    finally:
        collector.stop()
        gc.collect()
        if was_on:
            gc.enable()
